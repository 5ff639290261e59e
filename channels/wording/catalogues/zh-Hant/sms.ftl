# 短訊裏的說法：一則短訊只有70個字，回執號佔14個，所以越短越好，但意思不能變。
# 正文先說結論和事實；.advice 是怎麼辦；.note 是作為附帶提示時的說法。

-sms = 簡訊

sms-unavailable = 現在查不到結果，原因在系統，不說明{ -goods }的情況。
    .advice = 請過幾分鐘再查。
sms-degraded = 編號格式正確，但現在看不到它的紀錄，還不能下結論。
    .advice = 請稍後再查，再作決定。
sms-rate-limited = 查詢次數過多，暫停查詢。這不說明{ -goods }的情況。
    .advice = 請在{ $minutes }分鐘後再查。
sms-malformed =
    { $read ->
        [0] 沒有讀到編號。
       *[other] 讀到{ $read }位，不是本網的編號（{ $expected }位數字）。
    }
    .advice = 請看著包裝，把整個編號再發一次。
sms-typo = 編號裏有數字不符，多半是輸入錯了，不表示{ -goods }有問題。
    .advice = 請對照包裝重發；如果沒有輸入錯，先不要使用，向{ -maker }查詢。
sms-not-unit-code =
    { $item ->
        [licence] 這是許可證號或批准文號，同類{ -goods }都相同，查不出這一件。
       *[gtin] 這是{ -goods }條碼，同一種{ -goods }都相同，查不出這一件。
    }
    .advice = 請發送每件都不同的那個編號。
sms-not-covered = 編號格式正確，但{ -maker }沒有加入本網，我們無法判斷。
    .advice = 請按包裝上的說明向{ -maker }查詢。
sms-unknown = 本網沒有這個編號，{ -beware }。
    .advice = 請先核對編號；如果沒有輸入錯，先不要使用，保留{ -goods }和{ -proof }，向{ -authority }舉報。
    .note = 本網沒有這個編號。
sms-compromised = 已知此編號被人複製或公開過，{ -beware }。
    .advice = 先不要使用，保留{ -goods }和{ -proof }，向{ -authority }舉報。
    .note = 已知此編號被人複製過。
sms-stolen = 此編號的{ -goods }已報失竊。
    .advice = 請不要購買或使用，並向警方或{ -authority }舉報。
    .note = 此{ -goods }已報失竊。
sms-recalled = 此編號的{ -goods }正在回收。
    .reason = 原因：{ $reason }。
    .advice = 請停止使用，保留{ -goods }，聯絡{ -shop }或{ -maker }退換。
    .note = 此{ -goods }正在回收。
sms-withdrawn = 此編號的{ -goods }不准銷售。
    .advice = 請不要購買或使用；已買的憑{ -proof }退貨，並向{ -authority }舉報。
    .note = 此{ -goods }不准銷售。
sms-expired = { -goods }有效期至{ $on }，已過期；過期與假冒是兩回事。
    .advice = 請不要使用，可憑{ -proof }退換。
    .note = { -goods }已過期。
sms-not-activated =
    { $fresh ->
        [yes] 編號剛剛發出，還沒有登記放行銷售，也可能只是登記遲了。
       *[no] 編號已發出，但{ -goods }沒有放行銷售，{ -beware }。
    }
    .advice =
        { $fresh ->
            [yes] 請過兩天再查，先留好{ -proof }。
           *[no] 先不要購買或使用，保留{ -proof }，向{ -authority }舉報。
        }
    .note = 還沒有登記放行銷售。
sms-not-yet-on-sale =
    { $from ->
        [none] 此編號的{ -goods }還沒有上市銷售的紀錄。
       *[other] 此編號的{ -goods }{ $from }起才開始銷售。
    }
    .advice = 請向{ -shop }索取發票或來貨單據，過幾天再查。
    .note = 還沒有上市銷售的紀錄。
sms-impossible-travel = 此編號{ $seen }也被查詢過，相隔太遠，不會是同一件，{ -beware }。
    .advice = 請保留{ -goods }和{ -proof }，向{ -authority }舉報。
    .note = 查詢地點相隔太遠。
sms-sold-before = 紀錄顯示，此{ -goods }已於{ $seen }售出。
    .advice = 若不是您或家人購買，{ -beware }，向{ -authority }舉報。
    .note = 此{ -goods }已有售出紀錄。
sms-overchecked = 此編號已被他人查詢{ $times }次，首次{ $seen }，{ -beware }。
    .advice = 請仔細核對包裝，可向{ -authority }舉報。
    .note = 此編號已被他人查詢{ $times }次。
sms-data-mismatch =
    您提供的{ $differs ->
        [lot] 批號
        [expiry] 有效期
        [product] { -goods }條碼
       *[both] 批號和有效期
    }與登記不一致。
    .advice = 請再核對包裝；如果確實不一致，{ -beware }，向{ -maker }查詢。
    .note =
        您提供的{ $differs ->
            [lot] 批號
            [expiry] 有效期
            [product] { -goods }條碼
           *[both] 批號和有效期
        }與登記不一致。
sms-carton-code =
    { $holds ->
        [0] 這是外包裝箱的編號，不是單件編號。
       *[other] 這是裝有{ $holds }件{ -goods }的外包裝箱的編號，不是單件編號。
    }
    .advice = 請發送單件{ -goods }上的編號。
    .note = 這是外包裝箱的編號。
sms-genuine-seen = 編號有效，曾被查詢{ $times }次，首次{ $seen }。
    .advice = 若不是您或{ -shop }查的，請核對包裝。
    .note = 此前被查詢過{ $times }次。
sms-genuine-again = 編號有效。您首次查詢是{ $seen }，沒有他人查詢的紀錄。
    .advice = 請核對包裝是否一致。
sms-genuine-first = 編號有效，這是首次查詢。
    .advice = 請核對包裝上的資料與登記是否一致。

sms-day = { $year }年{ $month }月{ $day }日
sms-day-this-year = { $month }月{ $day }日
sms-seen-on = { $day }
sms-seen-at = { $day }{ $time }
sms-seen-in = { $when }在{ $city }
sms-product = 產品：{ $name }。
sms-receipt = 回執{ $receipt }

sms-line = 尾號{ $tail }：{ $word }
sms-rest = 另有{ $count }個編號沒有查，請另發。
sms-several = 想看詳情，請每次發一個編號。

sms-help = 發送包裝上每件都不同的編號即可查詢，不必加字，空格可省略。舉報發「舉報」加內容。不想再收到回覆，發「停止」。
sms-no-number = 沒有讀到編號。請發送包裝上每件都不同的編號，不必加字，空格可省略。
sms-cut = 您的{ -sms }沒有收全，讀不到完整的編號，請再發一次。
sms-stopped = 已取消，本號碼不再回覆您的{ -sms }。如要恢復，請發「開始」。
sms-started = 已恢復。發送包裝上的編號即可查詢。
sms-tip = 舉報已收到，謝謝。請保留{ -goods }和{ -proof }。
