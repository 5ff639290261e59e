# 终端屏幕上的说法：一次两行，每行20列（一个汉字占两列）。正文是第一行，.fact 是第二行，都不超过20列；
# .advice 是怎么办，可以分几屏显示。

kiosk-unavailable = 现在查不到结果
    .fact = 不说明商品的情况
    .advice = 原因在系统，请过几分钟再查。
kiosk-degraded = 暂时没有结论
    .fact = 现在看不到记录
    .advice = 编号格式正确，请稍后再查，再作决定。
kiosk-rate-limited = 请稍后再查
    .fact = 查询次数过多
    .advice = 这不说明商品的情况，请在{ $minutes }分钟后再查。
kiosk-malformed = 编号不完整或有误
    .fact =
        { $read ->
            [0] 没有读到编号
           *[other] 读到{ $read }位，应{ $expected }位
        }
    .advice = 请看着包装，把整个编号再扫一次或输一次。
kiosk-typo = 编号可能输错了
    .fact = 不表示商品有问题
    .advice = 有数字对不上，请对照包装再试；如果没输错，先不要使用，询问厂家。
kiosk-not-unit-code =
    { $item ->
        [licence] 这是许可证号
       *[gtin] 这是商品条码
    }
    .fact = 同类商品都相同
    .advice = 查不出这一件，请扫描每件都不同的那个编号。
kiosk-not-covered = 厂家没有加入本网
    .fact = 我们无法判断
    .advice = 编号格式正确，请按包装上的说明向厂家查询。
kiosk-unknown = 本网没有这个编号
    .fact = 谨防假冒
    .advice = 请先核对编号；如果没输错，先不要使用，保留商品和凭证，向{ -hotline }举报。
kiosk-compromised = 此编号被人复制过
    .fact = 谨防假冒
    .advice = 先不要使用，保留商品和凭证，向{ -hotline }举报。
kiosk-stolen = 此商品已报失窃
    .fact = 请勿购买或使用
    .advice = 请向公安机关或{ -hotline }举报。
kiosk-recalled = 此商品正在召回
    .fact = 请停止使用
    .advice = 请保留商品，联系商家或厂家退换。
kiosk-withdrawn = 此商品不允许销售
    .fact = 请勿购买或使用
    .advice = 已买的凭凭证退货，并向{ -hotline }举报。
kiosk-expired = 此商品已过期
    .fact = 有效期{ $on }
    .advice = 过期与假冒是两回事。请不要使用，可凭凭证退换。
kiosk-not-activated =
    { $fresh ->
        [yes] 还没有登记放行
       *[no] 商品没有放行销售
    }
    .fact =
        { $fresh ->
            [yes] 可能只是登记晚了
           *[no] 谨防假冒
        }
    .advice =
        { $fresh ->
            [yes] 编号刚刚发出，请过两天再查，先留好凭证。
           *[no] 先不要购买或使用，保留凭证，向{ -hotline }举报。
        }
kiosk-not-yet-on-sale = 商品还没有上市
    .fact =
        { $from ->
            [none] 没有上市的记录
           *[other] { $from }起
        }
    .advice = 请向商家索要发票或进货凭证，过几天再查。
kiosk-impossible-travel = 别处也查过此编号
    .fact = 谨防假冒
    .advice = { $seen }查过，相隔太远，不会是同一件。请保留商品和凭证，向{ -hotline }举报。
kiosk-sold-before = 此商品有售出记录
    .fact = { $seen }售出
    .advice = 若不是您或家人购买，谨防假冒，向{ -hotline }举报。
kiosk-overchecked = 被他人查过{ $times }次
    .fact = 谨防假冒
    .advice = 首次{ $seen }。请仔细核对包装，可向{ -hotline }举报。
kiosk-data-mismatch =
    { $differs ->
        [lot] 批号与登记不一致
        [expiry] 有效期与登记不符
        [product] 条码与登记不一致
       *[both] 批号有效期都不符
    }
    .fact = 请再核对包装
    .advice = 如果确实不一致，谨防假冒，询问厂家。
kiosk-carton-code = 这是包装箱的编号
    .fact =
        { $holds ->
            [0] 不是单件编号
           *[other] 箱内有{ $holds }件
        }
    .advice = 请扫描单件商品上的编号。
kiosk-genuine-seen = 有效，曾被查询
    .fact = 此前被查过{ $times }次
    .advice = 首次{ $seen }。若不是您或商家查的，请仔细核对包装。
kiosk-genuine-again = 编号有效
    .fact = 只有您查过
    .advice = 您首次查询是{ $seen }。请核对包装是否一致。
kiosk-genuine-first = 编号有效
    .fact = 这是首次查询
    .advice = 请核对包装上的信息与登记是否一致。

kiosk-seen-at = { $day }{ $time }

kiosk-idle = 请扫描包装上的编号
kiosk-wait = 正在查询，请稍候
kiosk-again = 请再扫描一次
kiosk-unregistered = 此终端没有登记
kiosk-not-read = 没有读到编号
kiosk-one-by-one = 请一次扫描一件
kiosk-language = 简体中文
kiosk-receipt = 回执号
kiosk-title = 商品编号查询结果
kiosk-tail = 尾号{ $tail }
