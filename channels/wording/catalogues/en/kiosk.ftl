# What a terminal shows: two lines of 20 characters at a time. The text is the heading and .fact stands below it, each
# at most 20 characters; .advice is what to do and may go on over several pages.

kiosk-unavailable = Not available now
    .fact = Not about the goods
    .advice = The reason lies with us. Please try again in a few minutes.
kiosk-degraded = No judgement yet
    .fact = Records not in reach
    .advice = The number's form is right. Please ask again later before you decide.
kiosk-rate-limited = Please wait
    .fact = Checking is paused
    .advice =
        { $minutes ->
            [one] Too many checks were made. This says nothing about the goods. Ask again in { $minutes } minute.
           *[other] Too many checks were made. This says nothing about the goods. Ask again in { $minutes } minutes.
        }
kiosk-malformed = Not a whole number
    .fact =
        { $read ->
            [0] No number was read
           *[other] Read { $read } of { $expected }
        }
    .advice = Please look at the pack and scan or key the whole number again.
kiosk-typo = Probably mistyped
    .fact = Digits do not add up
    .advice = This says nothing bad about the goods. Please try again; if it is as printed, ask the maker.
kiosk-not-unit-code =
    { $item ->
        [licence] A licence number
       *[gtin] A product's barcode
    }
    .fact = Same on all of them
    .advice = Please scan the number that is different on every pack.
kiosk-not-covered = Not in this network
    .fact = We cannot judge
    .advice = The number's form is right. Please ask the maker.
kiosk-unknown = No such number
    .fact = Beware counterfeits
    .advice = Check the digits. If they are right, do not use the goods and tell { -authority }.
kiosk-compromised = Number was copied
    .fact = Beware counterfeits
    .advice = Do not use the goods, keep them and tell { -authority }.
kiosk-stolen = Reported stolen
    .fact = Do not buy or use
    .advice = Please tell the police or { -authority }.
kiosk-recalled = Being recalled
    .fact = Stop using the goods
    .advice = Keep them and ask the shop or the maker to take them back.
kiosk-withdrawn = May not be sold
    .fact = Do not use the goods
    .advice = Return them to the shop and tell { -authority }.
kiosk-expired = Past its date
    .fact = Good to { $on }
    .advice = That is no sign of counterfeiting. Do not use the goods; ask the shop.
kiosk-not-activated =
    { $fresh ->
        [yes] Not released yet
       *[no] Not released
    }
    .fact =
        { $fresh ->
            [yes] Record may be late
           *[no] Beware counterfeits
        }
    .advice =
        { $fresh ->
            [yes] The number is new. Please ask again in two days and keep the proof of purchase.
           *[no] The goods were not released for sale. Do not use them; tell { -authority }.
        }
kiosk-not-yet-on-sale = Not on sale yet
    .fact =
        { $from ->
            [none] Not recorded on sale
           *[other] From { $from }
        }
    .advice = Ask the shop for an invoice, and ask again in a few days.
kiosk-impossible-travel = Also checked far off
    .fact = Beware counterfeits
    .advice = Checked { $seen }, too far away for one article. Keep the goods and tell { -authority }.
kiosk-sold-before = Recorded as sold
    .fact = Sold { $seen }
    .advice = If not to you, beware of counterfeits and tell { -authority }.
kiosk-overchecked =
    { $times ->
        [one] Checked once
       *[other] Checked { $times } times
    }
    .fact = Beware counterfeits
    .advice = By others, first { $seen }. Compare the pack closely.
kiosk-data-mismatch =
    { $differs ->
        [lot] Lot differs
        [expiry] Expiry date differs
        [product] Barcode differs
       *[both] Lot and date differ
    }
    .fact = Please look again
    .advice = If it really is not as on record, beware of counterfeits and ask the maker.
kiosk-carton-code = Number of a box
    .fact =
        { $holds ->
            [0] Not of one article
           *[other] It holds { $holds }
        }
    .advice = Please scan the number on the article itself.
kiosk-genuine-seen = Valid, seen before
    .fact =
        { $times ->
            [one] Checked once before
           *[other] { $times } checks before
        }
    .advice = First { $seen }. If that was not you or the shop, compare the pack closely.
kiosk-genuine-again = Valid number
    .fact = Only you checked it
    .advice = You first checked it { $seen }. Please compare the pack.
kiosk-genuine-first = Valid number
    .fact = First check
    .advice = Please compare the pack with the record.

kiosk-seen-at = { $day } { $time }

kiosk-idle = Please scan the pack
kiosk-wait = One moment, please
kiosk-again = Please scan again
kiosk-unregistered = Terminal not known
kiosk-not-read = No number was read
kiosk-one-by-one = One pack at a time
kiosk-language = English
kiosk-receipt = Receipt number
kiosk-title = Result of your check
kiosk-tail = Number ending { $tail }
