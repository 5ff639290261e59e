# Dates, what is on record, refusals and help.

date-day =
    { $day } { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
date-minute = { $day } at { $time }
seen = { $minute }
seen-in = { $minute } in { $city }

fact-product = Product on record: { $name }
fact-product-spec = Product on record: { $name } ({ $spec })
fact-maker = Maker: { $name }
fact-licence = Licence number: { $licence }
fact-lot = Lot: { $lot }
fact-made = Made on: { $day }
fact-expiry = Good until: { $day }
fact-checked =
    { $times ->
        [one] Checked once before, on { $seen }.
       *[other] Checked { $times } times before, first on { $seen }.
    }
fact-checked-times =
    { $times ->
        [one] Checked once before.
       *[other] Checked { $times } times before.
    }
fact-first-checked = First checked on { $seen }.

refusal-overloaded = Too many people are asking now, so this was not handled. Please try again later.
refusal-unavailable = The system cannot take checks now. This says nothing about the goods. Please try again later.
refusal-unauthorised = You do not have permission to use this.
refusal-bad-request = This request could not be read. Please correct it and send it again.
refusal-conflict = The id of this request was used before with other content. Please use a new one.
refusal-internal = Something went wrong on our side and there is no result. This says nothing about the goods. Please try again later.

help = Enter or send the number that is different on every pack; spaces may be left out. We tell you whether it is on record, whether it was checked before, and what to do. A number is only one sign, so please compare the pack as well.

colour-grey = grey
colour-green = green
colour-amber = amber
colour-red = red
sign-grey = no result
sign-green = valid
sign-amber = look closer
sign-red = caution

receipt-at = Answered on { $minute }
receipt-verdict = { $word } ({ $colour }: { $sign })
receipt-verdict-of = Number { $position }: { $word } ({ $colour }: { $sign })
