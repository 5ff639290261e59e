# What a short message says: 160 characters, of which the receipt takes 21. The text says the verdict and its fact;
# .advice is what to do; .note is how it is said beside another verdict. Plain ASCII only: anything else makes the
# message wide and leaves 70.

sms-unavailable = We cannot look this up now. The reason lies with us and says nothing about the goods.
    .advice = Please ask again in a few minutes.
sms-degraded = The number's form is right, but its records cannot be seen now.
    .advice = Please ask again later before you decide.
sms-rate-limited = Too many checks, so checking is paused. This says nothing about the goods.
    .advice =
        { $minutes ->
            [one] Please ask again in { $minutes } minute.
           *[other] Please ask again in { $minutes } minutes.
        }
sms-malformed =
    { $read ->
        [0] No number was read.
        [one] We read { $read } character; our numbers have { $expected } digits.
       *[other] We read { $read } characters; our numbers have { $expected } digits.
    }
    .advice = Please look at the pack and send the whole number again.
sms-typo = The digits do not add up: probably mistyped. That says nothing bad about the goods.
    .advice = Send it again; if it is as printed, ask the maker.
sms-not-unit-code =
    { $item ->
        [licence] This is a licence number, shared by all goods of the kind.
       *[gtin] This is the product's barcode, shared by all goods of the kind.
    }
    .advice = Please send the number that is different on every pack.
sms-not-covered = The number's form is right, but its maker is not in this network: we cannot judge.
    .advice = Please ask the maker.
sms-unknown = No such number in this network. Beware of counterfeits.
    .advice = Check the digits; if they are right, do not use it and tell { -authority }.
    .note = No such number.
sms-compromised = This number is known to have been copied. Beware of counterfeits.
    .advice = Do not use it, keep it and tell { -authority }.
    .note = This number was copied.
sms-stolen = The goods with this number were reported stolen.
    .advice = Do not buy or use them; tell the police or { -authority }.
    .note = Reported stolen.
sms-recalled = The goods with this number are being recalled.
    .reason = Reason: { $reason }.
    .advice = Stop using them, keep them, ask the shop or maker.
    .note = Being recalled.
sms-withdrawn = The goods with this number may not be sold.
    .advice = Do not use them; return them to the shop and tell { -authority }.
    .note = May not be sold.
sms-expired = These goods were good until { $on } and are past their date. No sign of counterfeiting.
    .advice = Do not use them; ask the shop.
    .note = Past their date.
sms-not-activated =
    { $fresh ->
        [yes] This number is new and its goods are not recorded as released yet. The record may only be late.
       *[no] The goods with this number were not released for sale. Beware of counterfeits.
    }
    .advice =
        { $fresh ->
            [yes] Ask again in two days.
           *[no] Do not use them; tell { -authority }.
        }
    .note = Not recorded as released.
sms-not-yet-on-sale =
    { $from ->
        [none] The goods with this number are not recorded as on sale yet.
       *[other] The goods with this number go on sale on { $from }.
    }
    .advice = Ask the shop for an invoice, and ask again in a few days.
    .note = Not on sale yet.
sms-impossible-travel = Also checked { $seen }, too far away for one article. Beware of counterfeits.
    .advice = Keep the goods, tell { -authority }.
    .note = Checked too far apart.
sms-sold-before = The goods with this number were sold { $seen }.
    .advice = If not to you, beware of counterfeits; tell { -authority }.
    .note = Recorded as sold.
sms-overchecked =
    { $times ->
        [one] Checked once by others, { $seen }. Beware of counterfeits.
       *[other] Checked { $times } times by others, first { $seen }. Beware of counterfeits.
    }
    .advice = Compare the pack closely.
    .note =
        { $times ->
            [one] Checked once by others.
           *[other] Checked { $times } times by others.
        }
sms-data-mismatch =
    { $differs ->
        [lot] The lot you gave is not the one on record.
        [expiry] The expiry date you gave is not the one on record.
        [product] The barcode you gave is not that of the product on record.
       *[both] Lot and expiry date are not those on record.
    }
    .advice = Look again; if they differ, beware of counterfeits.
    .note =
        { $differs ->
            [lot] The lot differs.
            [expiry] The expiry date differs.
            [product] The product's barcode differs.
           *[both] Lot and expiry date differ.
        }
sms-carton-code =
    { $holds ->
        [0] This is the number of a box, not of one article.
        [one] This is the number of a box of { $holds } article, not of the article.
       *[other] This is the number of a box of { $holds } articles, not of one article.
    }
    .advice = Please send the number on the article itself.
    .note = A box's number.
sms-genuine-seen =
    { $times ->
        [one] Valid number, checked once before, { $seen }.
       *[other] Valid number, checked { $times } times before, first { $seen }.
    }
    .advice = If not by you, compare the pack closely.
    .note =
        { $times ->
            [one] Checked once before.
           *[other] Checked { $times } times before.
        }
sms-genuine-again = Valid number. You first checked it { $seen }; nobody else has.
    .advice = Compare the pack.
sms-genuine-first = Valid number, first check.
    .advice = Compare the pack with the record.

sms-day =
    { $day } { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    } { $year }
sms-day-this-year =
    { $day } { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
sms-seen-on = on { $day }
sms-seen-at = on { $day } at { $time }
sms-seen-in = { $when } in { $city }
sms-product = Product: { $name }.
sms-receipt = Receipt { $receipt }

sms-line = No. ending { $tail }: { $word }
sms-rest =
    { $count ->
        [one] { $count } more number was not checked: please send it by itself.
       *[other] { $count } more numbers were not checked: please send them by themselves.
    }
sms-several = For details send one number at a time.

sms-help = Text us the number that is different on every pack; no other words needed. To report goods, text REPORT and what you saw. To get no more replies, text STOP.
sms-no-number = We read no number. Please text the number that is different on every pack; no other words needed, spaces may be left out.
sms-cut = Your text did not arrive whole and no complete number could be read. Please send it again.
sms-stopped = You will get no more replies from this number. To undo this, text START.
sms-started = You will get replies again. Text the number on the pack to check it.
sms-tip = Thank you, your report was received. Please keep the goods and the proof of purchase.
