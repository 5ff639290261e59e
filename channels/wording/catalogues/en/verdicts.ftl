# Each verdict: the text says the verdict and its fact; .word is the heading; .advice is what to do; .note is how it is
# said beside another verdict. Say what is known and no more; where caution is due say "beware of counterfeits".

-authority = the market regulator

verdict-unavailable = We cannot look this number up now. The reason lies with us and says nothing about the goods.
    .word = Not available now
    .advice = Please ask again in a few minutes.

verdict-degraded = The form of the number is right, but its records cannot be seen now, so we cannot judge.
    .word = No result yet
    .advice = Please ask again later before you decide.

verdict-rate-limited = Too many checks were made, so checking is paused. This says nothing about the goods.
    .word = Please wait
    .advice =
        { $minutes ->
            [one] Please ask again in { $minutes } minute.
           *[other] Please ask again in { $minutes } minutes.
        }

verdict-malformed =
    { $read ->
        [0] No number was read.
        [one] We read { $read } character, which is not a number of this network. Our numbers have { $expected } digits.
       *[other] We read { $read } characters, which is not a number of this network. Our numbers have { $expected } digits.
    }
    .word = Incomplete or wrong number
    .advice = Please look at the pack and enter the whole number again.

verdict-typo = The digits do not add up, so one was probably mistyped. This does not mean that anything is wrong with the goods.
    .word = Probably mistyped
    .advice = Please look at the pack and enter the number again, group by group. If it really is what the pack says, do not use the goods for now and ask the maker.

verdict-not-unit-code =
    { $item ->
        [licence] This is a licence number. All goods of the kind share it, so it does not tell one article from another.
       *[gtin] This is the barcode of the product. All articles of the kind share it, so it does not tell one from another.
    }
    .word = Not one article's number
    .advice = Please find the number that is different on every pack and check that one.

verdict-not-covered = The form of the number is right, but its maker is not in this network, so we cannot judge.
    .word = Not in this network
    .advice = Please ask the maker, as the pack says.

verdict-unknown = There is no such number in this network. Beware of counterfeits.
    .word = No such number
    .advice = Please read the number on the pack once more. If it was entered correctly, do not use the goods for now, keep them with the proof of purchase, and report them to { -authority }.
    .note = There is no such number in this network.

verdict-compromised = This number is known to have been copied or published, so it cannot vouch for the article in your hand.
    .word = Beware
    .advice = Beware of counterfeits. Do not use the goods for now, keep them with the proof of purchase, and report them to { -authority }.
    .note = This number is known to have been copied or published.

verdict-stolen = The goods with this number were reported stolen.
    .word = Reported stolen
    .advice = Please do not buy or use them, and tell the police or { -authority }.
    .note = The goods with this number were reported stolen.

verdict-recalled = The goods with this number are being recalled.
    .word = Recalled
    .reason = Reason: { $reason }.
    .advice = Please stop using them, keep them, and contact the shop or the maker to return them.
    .note = The goods with this number are being recalled.

verdict-withdrawn = The goods with this number may not be sold.
    .word = Not for sale
    .advice = Please do not buy or use them. If you have bought them, return them to the shop with the proof of purchase and report it to { -authority }.
    .note = The goods with this number may not be sold.

verdict-expired = The goods with this number were good until { $on } and are now past their date. That is not a sign of counterfeiting.
    .word = Past its date
    .advice = Please do not use them. You can ask the shop for an exchange with the proof of purchase.
    .note = The goods were good until { $on } and are now past their date.

verdict-not-activated =
    { $fresh ->
        [yes] This number was issued only lately and its goods are not recorded as released for sale yet. The record may only be late.
       *[no] This number was issued, but its goods were not released for sale. Beware of counterfeits.
    }
    .word = Not released
    .advice =
        { $fresh ->
            [yes] Please ask again in two days and keep the proof of purchase.
           *[no] Please do not buy or use the goods for now, keep them with the proof of purchase, and report them to { -authority }.
        }
    .note = The goods are not recorded as released for sale.

verdict-not-yet-on-sale =
    { $from ->
        [none] The goods with this number are not recorded as on sale yet.
       *[other] The goods with this number go on sale on { $from }.
    }
    .word = Not on sale yet
    .advice = Please ask the shop for an invoice or delivery note, and ask again in a few days.
    .note =
        { $from ->
            [none] The goods are not recorded as on sale yet.
           *[other] The goods go on sale on { $from }.
        }

verdict-impossible-travel = This number was checked on { $seen }, too far away for one and the same article. One of the two numbers may be a copy: beware of counterfeits.
    .word = Beware
    .advice = Please keep the goods and the proof of purchase, and report them to { -authority }.
    .note = This number was checked on { $seen }, too far away for one and the same article.

verdict-sold-before = The goods with this number are recorded as sold on { $seen }.
    .word = Sold before
    .advice = If that was not you or your family, beware of counterfeits: keep the goods and the proof of purchase, and report them to { -authority }.
    .note = The goods with this number are recorded as sold on { $seen }.

verdict-overchecked =
    { $times ->
        [one] This number was checked once by others, on { $seen }. That is more than one article meets, so it may have been copied: beware of counterfeits.
       *[other] This number was checked { $times } times by others, first on { $seen }. That is more than one article meets, so it may have been copied: beware of counterfeits.
    }
    .word = Beware
    .advice = Please compare the pack carefully, keep the goods and the proof of purchase, and report them to { -authority }.
    .note =
        { $times ->
            [one] This number was checked once by others, on { $seen }.
           *[other] This number was checked { $times } times by others, first on { $seen }.
        }

verdict-data-mismatch =
    { $differs ->
        [lot] The lot you gave is not what is recorded for this number.
        [expiry] The expiry date you gave is not what is recorded for this number.
        [product] The barcode beside this number is not that of the product it is recorded for.
       *[both] The lot and the expiry date you gave are not what is recorded for this number.
    }
    .word = Does not match
    .advice = Please look at the pack once more. If it really differs, beware of counterfeits and ask the maker.
    .note =
        { $differs ->
            [lot] The lot you gave is not what is recorded.
            [expiry] The expiry date you gave is not what is recorded.
            [product] The barcode beside the number is not that of the recorded product.
           *[both] The lot and the expiry date you gave are not what is recorded.
        }

verdict-carton-code =
    { $holds ->
        [0] This is the number of a box, not of one article.
        [one] This is the number of a box that holds { $holds } article, not of the article itself.
       *[other] This is the number of a box that holds { $holds } articles, not of one article.
    }
    .word = Number of a box
    .advice = Please check the number on the article itself.
    .note = This is the number of a box, not of one article.

verdict-genuine-seen =
    { $times ->
        [one] The number is valid. It was checked once before, on { $seen }.
       *[other] The number is valid. It was checked { $times } times before, first on { $seen }.
    }
    .word = Valid, checked before
    .advice = If that was not you or the shop, be careful and compare the pack closely.
    .note =
        { $times ->
            [one] It was checked once before, on { $seen }.
           *[other] It was checked { $times } times before, first on { $seen }.
        }

verdict-genuine-again = The number is valid. You first checked it on { $seen }, and nobody else is recorded as having checked it.
    .word = Valid number
    .advice = Please compare the pack with the record.

verdict-genuine-first = The number is valid, and this is its first check.
    .word = Valid number
    .advice = Please compare the pack with the record.
