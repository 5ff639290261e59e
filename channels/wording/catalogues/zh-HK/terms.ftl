# 只放香港用語；其餘文字見 zh-Hant。

-authority = 有關當局
-beware = 慎防假冒
-goods = 貨品
-maker = 生產商
-proof = 單據
-shop = 商戶
-sms = 短訊

fact-made = 製造日期：{ $day }
page-title = 貨品編號查詢
page-heading = 查核手上的貨品
page-button = 查核
page-receipt-button = 查核
page-landing-prompt = 已從條碼讀到編號。按「查核」後，這次查詢才會記錄。
page-form-expired = 頁面開啟太久，請再按一次「查核」。
refusal-overloaded = 現時查詢人數太多，今次未能處理。請稍後再試。
page-busy = 現時查詢人數太多，今次未能處理。請稍後再試。
