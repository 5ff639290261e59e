# What the web page says.

page-title = Product number check
page-heading = Check the article in your hand
page-prompt = Number on the pack
page-placeholder = e.g. 12345 67890 12345 67890
page-hint = Enter the number that is different on every pack; spaces may be left out.
page-button = Check
page-more = Compare lot and expiry date (optional)
page-lot = Lot
page-expiry = Expiry date
page-another = Check another number
page-languages = Choose a language
page-result = Result
page-colour = Colour of the sign: { $colour }, { $sign }
page-facts = On record
page-advice = What to do
page-advisories = Please also note
page-number = Number { $position }
page-answered-at = Answered on { $minute }
page-replayed = This check was answered before; here is that answer.
page-only-first =
    { $limit ->
        [one] Only { $limit } number is checked at a time; the rest were not checked.
       *[other] At most { $limit } numbers are checked at a time; the rest were not checked.
    }
page-receipt = Receipt number
page-receipt-purpose = Please keep this number. In a complaint or report it proves that this answer came from us.
page-receipt-none = This answer was not recorded, so it has no receipt number.
page-receipt-title = Check a receipt
page-receipt-prompt = Receipt number (12 digits)
page-receipt-button = Check receipt
page-receipt-found = This receipt was issued by us.
page-receipt-not-found = We issued no such receipt. Please read the 12 digits again and enter them once more.
page-receipt-malformed = A receipt number has 12 digits. Please read it again and enter it once more.
page-receipt-limits = A receipt shows the result and the time, never the number or who asked.
page-report = Report this article
page-report-title = Report goods or a seller
page-report-prompt = What happened, and where did you buy it? (optional, at most { $limit } characters)
page-report-purpose = The report is kept together with the receipt number of the answer. It does not replace a complaint to { -authority }. Please leave out names and telephone numbers.
page-report-button = Send the report
page-reported-title = Report recorded
page-reported = Your report is on record. Please keep its receipt number, so that you can refer to it later.
page-report-limited = You have sent many reports, so this one was not recorded. Please try again later.
page-scan = Use the camera
page-scan-photo = Use a photo
page-scan-stop = Close the camera
page-scan-loading = Getting the reader ready…
page-scan-aim = Hold the code in the middle of the picture. It is checked as soon as it is read.
page-scan-read = The code was read. Checking…
page-scan-refused = The camera cannot be used here. Choose a photo of the code or enter the number. Inside another app, its menu can open this page in the browser.
page-scan-nothing = No code was found in this photo. Take it closer and sharper, or enter the number.
page-scan-other = The code that was read holds no number of an article. Try the other code on the pack, or enter the number.
page-scan-failed = The reader could not be loaded. Please enter the number.
page-landing-title = Check this article
page-landing-prompt = The number was read from the barcode. The check is recorded only when you press “Check”.
page-landing-gtin = Barcode number (GTIN)
page-landing-serial = Number of the article
page-landing-no-serial = This barcode names a kind of goods, not one article. Please enter the number that is different on every pack.
page-landing-broken = This link does not carry the number of an article. Please open it once more, or enter the number on the pack.
page-empty = Please enter a number first.
page-too-long =
    { $limit ->
        [one] That is too long: at most { $limit } character.
       *[other] That is too long: at most { $limit } characters.
    }
page-bad-expiry = Please write the expiry date as year-month-day, for example 2026-11-23.
page-form-expired = This page was open for too long. Please press “Check” once more.
page-not-found = There is no such page.
page-busy = Too many people are asking now, so this was not handled. Please try again later.
page-error = Something went wrong and there is no result. Please try again later.
page-error-title = That did not work
page-home = Back to checking
page-footer = A result speaks only of the records kept for the number. It says nothing about the quality of the goods.
