# 短信里的说法：一条短信只有70个字，回执号占14个，所以越短越好，但意思不能变。
# 正文先说结论和事实；.advice 是怎么办；.note 是作为附带提示时的说法。

-hotline = 12315

sms-unavailable = 现在查不到结果，原因在系统，不说明商品的情况。
    .advice = 请过几分钟再查。
sms-degraded = 编号格式正确，但现在看不到它的记录，还不能下结论。
    .advice = 请稍后再查，再作决定。
sms-rate-limited = 查询次数过多，暂停查询。这不说明商品的情况。
    .advice = 请在{ $minutes }分钟后再查。
sms-malformed =
    { $read ->
        [0] 没有读到编号。
       *[other] 读到{ $read }位，不是本网的编号（{ $expected }位数字）。
    }
    .advice = 请看着包装，把整个编号再发一次。
sms-typo = 编号里有数字对不上，多半是输错了，不表示商品有问题。
    .advice = 请对照包装重发；如果没输错，先不要使用，询问厂家。
sms-not-unit-code =
    { $item ->
        [licence] 这是许可证号或批准文号，同类商品都相同，查不出这一件。
       *[gtin] 这是商品条码，同一种商品都相同，查不出这一件。
    }
    .advice = 请发送每件都不同的那个编号。
sms-not-covered = 编号格式正确，但厂家没有加入本网，我们无法判断。
    .advice = 请按包装上的说明向厂家查询。
sms-unknown = 本网没有这个编号，谨防假冒。
    .advice = 请先核对编号；如果没输错，先不要使用，保留商品和凭证，向{ -hotline }举报。
    .note = 本网没有这个编号。
sms-compromised = 已知此编号被人复制或公开过，谨防假冒。
    .advice = 先不要使用，保留商品和凭证，向{ -hotline }举报。
    .note = 已知此编号被人复制过。
sms-stolen = 此编号的商品已报失窃。
    .advice = 请不要购买或使用，并向公安机关或{ -hotline }举报。
    .note = 此商品已报失窃。
sms-recalled = 此编号的商品正在召回。
    .reason = 原因：{ $reason }。
    .advice = 请停止使用，保留商品，联系商家或厂家退换。
    .note = 此商品正在召回。
sms-withdrawn = 此编号的商品不允许销售。
    .advice = 请不要购买或使用；已买的凭凭证退货，并向{ -hotline }举报。
    .note = 此商品不允许销售。
sms-expired = 商品有效期到{ $on }，已过期；过期与假冒是两回事。
    .advice = 请不要使用，可凭凭证退换。
    .note = 商品已过期。
sms-not-activated =
    { $fresh ->
        [yes] 编号刚刚发出，还没有登记放行销售，也可能只是登记晚了。
       *[no] 编号已发出，但商品没有放行销售，谨防假冒。
    }
    .advice =
        { $fresh ->
            [yes] 请过两天再查，先留好凭证。
           *[no] 先不要购买或使用，保留凭证，向{ -hotline }举报。
        }
    .note = 还没有登记放行销售。
sms-not-yet-on-sale =
    { $from ->
        [none] 此编号的商品还没有上市销售的记录。
       *[other] 此编号的商品{ $from }起才开始销售。
    }
    .advice = 请向商家索要发票或进货凭证，过几天再查。
    .note = 还没有上市销售的记录。
sms-impossible-travel = 此编号{ $seen }也被查询过，相隔太远，不会是同一件，谨防假冒。
    .advice = 请保留商品和凭证，向{ -hotline }举报。
    .note = 查询地点相隔太远。
sms-sold-before = 记录显示，此商品已于{ $seen }售出。
    .advice = 若不是您或家人购买，谨防假冒，向{ -hotline }举报。
    .note = 此商品已有售出记录。
sms-overchecked = 此编号已被他人查询{ $times }次，首次{ $seen }，谨防假冒。
    .advice = 请仔细核对包装，可向{ -hotline }举报。
    .note = 此编号已被他人查询{ $times }次。
sms-data-mismatch =
    您提供的{ $differs ->
        [lot] 批号
        [expiry] 有效期
        [product] 商品条码
       *[both] 批号和有效期
    }与登记不一致。
    .advice = 请再核对包装；如果确实不一致，谨防假冒，询问厂家。
    .note =
        您提供的{ $differs ->
            [lot] 批号
            [expiry] 有效期
            [product] 商品条码
           *[both] 批号和有效期
        }与登记不一致。
sms-carton-code =
    { $holds ->
        [0] 这是外包装箱的编号，不是单件编号。
       *[other] 这是装有{ $holds }件商品的外包装箱的编号，不是单件编号。
    }
    .advice = 请发送单件商品上的编号。
    .note = 这是外包装箱的编号。
sms-genuine-seen = 编号有效，曾被查询{ $times }次，首次{ $seen }。
    .advice = 若不是您或商家查的，请核对包装。
    .note = 此前被查询过{ $times }次。
sms-genuine-again = 编号有效。您首次查询是{ $seen }，没有他人查询的记录。
    .advice = 请核对包装是否一致。
sms-genuine-first = 编号有效，这是首次查询。
    .advice = 请核对包装上的信息与登记是否一致。

sms-day = { $year }年{ $month }月{ $day }日
sms-day-this-year = { $month }月{ $day }日
sms-seen-on = { $day }
sms-seen-at = { $day }{ $time }
sms-seen-in = { $when }在{ $city }
sms-product = 产品：{ $name }。
sms-receipt = 回执{ $receipt }

sms-line = 尾号{ $tail }：{ $word }
sms-rest = 另有{ $count }个编号没有查，请另发。
sms-several = 想看详情，请一次发一个编号。

sms-help = 发送包装上每件都不同的编号即可查询，不必加字，空格可省略。举报发“举报”加内容。不想再收到回复，发TD。
sms-no-number = 没有读到编号。请发送包装上每件都不同的编号，不必加字，空格可省略。
sms-cut = 您的短信没有收全，读不到完整的编号，请再发一次。
sms-stopped = 已退订，本号码不再回复您的短信。要恢复，请发“开始”。
sms-started = 已恢复。发送包装上的编号即可查询。
sms-tip = 举报已收到，谢谢。请保留商品和凭证，需要时也可拨打{ -hotline }。
