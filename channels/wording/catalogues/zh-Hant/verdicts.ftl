# 每個結論：正文先說結論和事實；.word 是標題；.advice 是怎麼辦；.note 是作為附帶提示時的說法。
# 各地用語不同的詞寫成詞條，由 zh-HK 等替換。

-authority = 主管機關
-beware = 謹防假冒
-goods = 商品
-maker = 生產廠商
-proof = 購物憑證
-shop = 商家

verdict-unavailable = 現在查不到結果。這是系統的原因，不說明{ -goods }的情況。
    .word = 暫時無法查詢
    .advice = 請過幾分鐘再查一次。

verdict-degraded = 編號的格式正確，但現在看不到它的登記和查詢紀錄，還不能下結論。
    .word = 暫無結論
    .advice = 請稍後再查一次，再作決定。

verdict-rate-limited = 查詢次數過多，暫停查詢。這不說明{ -goods }的情況。
    .word = 請稍後再查
    .advice = 請在{ $minutes }分鐘後再查。

verdict-malformed =
    { $read ->
        [0] 沒有讀到編號。
       *[other] 讀到了{ $read }位，不是本網的編號。本網的編號是{ $expected }位數字。
    }
    .word = 編號不完整或有誤
    .advice = 請看著包裝，把整個編號再輸入一次。

verdict-typo = 編號裏有數字不符，多半是輸入錯了一位。這不表示{ -goods }有問題。
    .word = 可能輸入錯了
    .advice = 請看著包裝，一組一組地重新輸入。如果確實與包裝一致，請先不要使用，並向{ -maker }查詢。

verdict-not-unit-code =
    { $item ->
        [licence] 這是許可證號或批准文號，同類{ -goods }都相同，查不出這一件。
       *[gtin] 這是{ -goods }條碼，同一種{ -goods }都相同，查不出這一件。
    }
    .word = 不是單件編號
    .advice = 請在包裝上找到每件都不同的編號，再查一次。

verdict-not-covered = 編號的格式正確，但這家{ -maker }沒有加入本網，我們無法判斷。
    .word = 不在本網範圍
    .advice = 請按包裝上的說明，向{ -maker }查詢。

verdict-unknown = 本網沒有這個編號，{ -beware }。
    .word = 查無此號
    .advice = 請先看著包裝再核對一遍編號。如果輸入無誤，請暫不使用，保留{ -goods }和{ -proof }，並向{ -authority }舉報。
    .note = 本網沒有這個編號。

verdict-compromised = 已知這個編號被人複製或公開過，憑它不能確認您手上的這一件。
    .word = { -beware }
    .advice = 請暫不使用，保留{ -goods }和{ -proof }，並向{ -authority }舉報。
    .note = 已知這個編號被人複製或公開過。

verdict-stolen = 這個編號的{ -goods }已報失竊。
    .word = 已報失竊
    .advice = 請不要購買或使用，並向警方或{ -authority }舉報。
    .note = 這個編號的{ -goods }已報失竊。

verdict-recalled = 這個編號的{ -goods }正在回收。
    .word = 正在回收
    .reason = 回收原因：{ $reason }。
    .advice = 請停止使用，保留{ -goods }，聯絡{ -shop }或{ -maker }退換。
    .note = 這個編號的{ -goods }正在回收。

verdict-withdrawn = 這個編號的{ -goods }不准銷售。
    .word = 不准銷售
    .advice = 請不要購買或使用。如已購買，請憑{ -proof }聯絡{ -shop }退貨，並向{ -authority }舉報。
    .note = 這個編號的{ -goods }不准銷售。

verdict-expired = 這個編號的{ -goods }有效期至{ $on }為止，現在已經過期。過期與假冒是兩回事。
    .word = 已過期
    .advice = 請不要使用。可以憑{ -proof }向{ -shop }要求退換。
    .note = { -goods }有效期至{ $on }為止，現在已經過期。

verdict-not-activated =
    { $fresh ->
        [yes] 這個編號剛剛發出，還沒有登記放行銷售，也可能只是登記遲了。
       *[no] 這個編號已經發出，但{ -goods }沒有放行銷售，{ -beware }。
    }
    .word = 尚未放行
    .advice =
        { $fresh ->
            [yes] 請過兩天再查一次，並先保留{ -proof }。
           *[no] 請先不要購買或使用，保留{ -goods }和{ -proof }，並向{ -authority }舉報。
        }
    .note = 還沒有登記放行銷售。

verdict-not-yet-on-sale =
    { $from ->
        [none] 這個編號的{ -goods }還沒有上市銷售的紀錄。
       *[other] 這個編號的{ -goods }從{ $from }起才開始銷售。
    }
    .word = 尚未上市
    .advice = 請向{ -shop }索取發票或來貨單據，過幾天再查一次。
    .note =
        { $from ->
            [none] 還沒有上市銷售的紀錄。
           *[other] 從{ $from }起才開始銷售。
        }

verdict-impossible-travel = 這個編號曾於{ $seen }被查詢，與這次相隔太遠，不會是同一件{ -goods }。其中一件的編號可能是複製的，{ -beware }。
    .word = { -beware }
    .advice = 請保留{ -goods }和{ -proof }，並向{ -authority }舉報。
    .note = 這個編號曾於{ $seen }被查詢，與這次相隔太遠，不會是同一件{ -goods }。

verdict-sold-before = 紀錄顯示，這個編號的{ -goods }已於{ $seen }售出。
    .word = 已有售出紀錄
    .advice = 如果那次不是您或家人購買的，{ -beware }：請保留{ -goods }和{ -proof }，並向{ -authority }舉報。
    .note = 紀錄顯示，這個編號的{ -goods }已於{ $seen }售出。

verdict-overchecked = 這個編號已被其他人查詢{ $times }次，首次是{ $seen }，比一件{ -goods }通常的次數多，編號可能被人複製過，{ -beware }。
    .word = { -beware }
    .advice = 請仔細核對包裝，保留{ -goods }和{ -proof }，並向{ -authority }舉報。
    .note = 這個編號已被其他人查詢{ $times }次，首次是{ $seen }。

verdict-data-mismatch =
    您提供的{ $differs ->
        [lot] 批號
        [expiry] 有效期
        [product] { -goods }條碼
       *[both] 批號和有效期
    }與這個編號的登記不一致。
    .word = 與登記不符
    .advice = 請看著包裝再核對一遍。如果確實不一致，{ -beware }，請向{ -maker }查詢。
    .note =
        您提供的{ $differs ->
            [lot] 批號
            [expiry] 有效期
            [product] { -goods }條碼
           *[both] 批號和有效期
        }與登記不一致。

verdict-carton-code =
    { $holds ->
        [0] 這是外包裝箱的編號，不是單件{ -goods }的編號。
       *[other] 這是裝有{ $holds }件{ -goods }的外包裝箱的編號，不是單件{ -goods }的編號。
    }
    .word = 包裝箱編號
    .advice = 請查詢單件{ -goods }上的編號。
    .note = 這是外包裝箱的編號，不是單件{ -goods }的編號。

verdict-genuine-seen = 編號有效，此前已被查詢{ $times }次，首次是{ $seen }。
    .word = 有效，曾被查詢
    .advice = 如果那不是您或{ -shop }查詢的，請小心，並仔細核對包裝。
    .note = 此前已被查詢{ $times }次，首次是{ $seen }。

verdict-genuine-again = 編號有效。您首次查詢是{ $seen }，沒有其他人的查詢紀錄。
    .word = 編號有效
    .advice = 請核對包裝上的資料與登記是否一致。

verdict-genuine-first = 編號有效，這是首次查詢。
    .word = 編號有效
    .advice = 請核對包裝上的資料與登記是否一致。
