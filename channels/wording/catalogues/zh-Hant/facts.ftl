# 日期、登記內容、拒絕和說明。

date-day = { $year }年{ $month }月{ $day }日
date-minute = { $day }{ $time }
seen = { $minute }
seen-in = { $minute }在{ $city }

fact-product = 登記產品：{ $name }
fact-product-spec = 登記產品：{ $name }（{ $spec }）
fact-maker = { -maker }：{ $name }
fact-licence = 許可證號或批准文號：{ $licence }
fact-lot = 批號：{ $lot }
fact-made = 生產日期：{ $day }
fact-expiry = 有效期至：{ $day }
fact-checked = 此前已被查詢{ $times }次，首次是{ $seen }。
fact-checked-times = 此前已被查詢{ $times }次。
fact-first-checked = 首次查詢是{ $seen }。

refusal-overloaded = 現在查詢的人太多，這次沒有處理。請稍後再試。
refusal-unavailable = 系統暫時不能處理查詢，這不說明{ -goods }的情況。請稍後再試。
refusal-unauthorised = 沒有使用這項功能的權限。
refusal-bad-request = 無法識別這個請求，請檢查後再發一次。
refusal-conflict = 這個請求標識已用於另一項內容，請換一個新的。
refusal-internal = 系統出錯，這次沒有結果。這不說明{ -goods }的情況，請稍後再試。

help = 請輸入或發送包裝上每件都不同的編號，空格可以省略。我們會告訴您這個編號是否登記、此前是否被查詢過，以及該怎麼辦。編號只是一個方面，請同時核對包裝。

colour-grey = 灰色
colour-green = 綠色
colour-amber = 黃色
colour-red = 紅色
sign-grey = 沒有結論
sign-green = 有效
sign-amber = 請留意
sign-red = 請警惕

receipt-at = 答覆時間：{ $minute }
receipt-verdict = { $word }（{ $colour }：{ $sign }）
receipt-verdict-of = 第{ $position }個編號：{ $word }（{ $colour }：{ $sign }）
