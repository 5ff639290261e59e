# 終端機螢幕上的說法：一次兩行，每行20欄（一個漢字佔兩欄）。正文是第一行，.fact 是第二行，都不超過20欄；
# .advice 是怎麼辦，可以分幾頁顯示。

kiosk-unavailable = 現在查不到結果
    .fact = 不說明{ -goods }的情況
    .advice = 原因在系統，請過幾分鐘再查。
kiosk-degraded = 暫時沒有結論
    .fact = 現在看不到紀錄
    .advice = 編號格式正確，請稍後再查，再作決定。
kiosk-rate-limited = 請稍後再查
    .fact = 查詢次數過多
    .advice = 這不說明{ -goods }的情況，請在{ $minutes }分鐘後再查。
kiosk-malformed = 編號不完整或有誤
    .fact =
        { $read ->
            [0] 沒有讀到編號
           *[other] 讀到{ $read }位，應{ $expected }位
        }
    .advice = 請看著包裝，把整個編號再掃描或輸入一次。
kiosk-typo = 編號可能輸入錯了
    .fact = 不表示{ -goods }有問題
    .advice = 有數字不符，請對照包裝再試；如果沒有輸入錯，先不要使用，向{ -maker }查詢。
kiosk-not-unit-code =
    { $item ->
        [licence] 這是許可證號
       *[gtin] 這是{ -goods }條碼
    }
    .fact = 同類{ -goods }都相同
    .advice = 查不出這一件，請掃描每件都不同的那個編號。
kiosk-not-covered = 廠家沒有加入本網
    .fact = 我們無法判斷
    .advice = 編號格式正確，請按包裝上的說明向{ -maker }查詢。
kiosk-unknown = 本網沒有這個編號
    .fact = { -beware }
    .advice = 請先核對編號；如果沒有輸入錯，先不要使用，保留{ -goods }和{ -proof }，向{ -authority }舉報。
kiosk-compromised = 此編號被人複製過
    .fact = { -beware }
    .advice = 先不要使用，保留{ -goods }和{ -proof }，向{ -authority }舉報。
kiosk-stolen = 此{ -goods }已報失竊
    .fact = 請勿購買或使用
    .advice = 請向警方或{ -authority }舉報。
kiosk-recalled = 此{ -goods }正在回收
    .fact = 請停止使用
    .advice = 請保留{ -goods }，聯絡{ -shop }或{ -maker }退換。
kiosk-withdrawn = 此{ -goods }不准銷售
    .fact = 請勿購買或使用
    .advice = 已買的憑{ -proof }退貨，並向{ -authority }舉報。
kiosk-expired = 此{ -goods }已過期
    .fact = 有效期{ $on }
    .advice = 過期與假冒是兩回事。請不要使用，可憑{ -proof }退換。
kiosk-not-activated =
    { $fresh ->
        [yes] 還沒有登記放行
       *[no] { -goods }沒有放行銷售
    }
    .fact =
        { $fresh ->
            [yes] 可能只是登記遲了
           *[no] { -beware }
        }
    .advice =
        { $fresh ->
            [yes] 編號剛剛發出，請過兩天再查，先留好{ -proof }。
           *[no] 先不要購買或使用，保留{ -proof }，向{ -authority }舉報。
        }
kiosk-not-yet-on-sale = { -goods }還沒有上市
    .fact =
        { $from ->
            [none] 沒有上市的紀錄
           *[other] { $from }起
        }
    .advice = 請向{ -shop }索取發票或來貨單據，過幾天再查。
kiosk-impossible-travel = 別處也查過此編號
    .fact = { -beware }
    .advice = { $seen }查過，相隔太遠，不會是同一件。請保留{ -goods }和{ -proof }，向{ -authority }舉報。
kiosk-sold-before = 此{ -goods }有售出紀錄
    .fact = { $seen }售出
    .advice = 若不是您或家人購買，{ -beware }，向{ -authority }舉報。
kiosk-overchecked = 被他人查過{ $times }次
    .fact = { -beware }
    .advice = 首次{ $seen }。請仔細核對包裝，可向{ -authority }舉報。
kiosk-data-mismatch =
    { $differs ->
        [lot] 批號與登記不一致
        [expiry] 有效期與登記不符
        [product] 條碼與登記不一致
       *[both] 批號有效期都不符
    }
    .fact = 請再核對包裝
    .advice = 如果確實不一致，{ -beware }，向{ -maker }查詢。
kiosk-carton-code = 這是包裝箱的編號
    .fact =
        { $holds ->
            [0] 不是單件編號
           *[other] 箱內有{ $holds }件
        }
    .advice = 請掃描單件{ -goods }上的編號。
kiosk-genuine-seen = 有效，曾被查詢
    .fact = 此前被查過{ $times }次
    .advice = 首次{ $seen }。若不是您或{ -shop }查的，請仔細核對包裝。
kiosk-genuine-again = 編號有效
    .fact = 只有您查過
    .advice = 您首次查詢是{ $seen }。請核對包裝是否一致。
kiosk-genuine-first = 編號有效
    .fact = 這是首次查詢
    .advice = 請核對包裝上的資料與登記是否一致。

kiosk-seen-at = { $day }{ $time }

kiosk-idle = 請掃描包裝上的編號
kiosk-wait = 正在查詢，請稍候
kiosk-again = 請再掃描一次
kiosk-unregistered = 此終端機沒有登記
kiosk-not-read = 沒有讀到編號
kiosk-one-by-one = 請每次掃描一件
kiosk-language = 繁體中文
kiosk-receipt = 回執號碼
kiosk-title = { -goods }編號查詢結果
kiosk-tail = 尾號{ $tail }
