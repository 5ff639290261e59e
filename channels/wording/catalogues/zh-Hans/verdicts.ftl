# 每个结论：正文先说结论和事实；.word 是标题；.advice 是怎么办；.note 是作为附带提示时的说法。
# 措辞原则：只说已知的事，不断言真伪；提醒时用“谨防假冒”。

-authority = 市场监管部门（12315）

verdict-unavailable = 现在查不到结果。这是系统的原因，不说明商品的情况。
    .word = 暂时无法查询
    .advice = 请过几分钟再查一次。

verdict-degraded = 编号的格式正确，但现在看不到它的登记和查询记录，还不能下结论。
    .word = 暂无结论
    .advice = 请稍后再查一次，再作决定。

verdict-rate-limited = 查询次数过多，暂停查询。这不说明商品的情况。
    .word = 请稍后再查
    .advice = 请在{ $minutes }分钟后再查。

verdict-malformed =
    { $read ->
        [0] 没有读到编号。
       *[other] 读到了{ $read }位，不是本网的编号。本网的编号是{ $expected }位数字。
    }
    .word = 编号不完整或有误
    .advice = 请看着包装，把整个编号再输入一次。

verdict-typo = 编号里有数字对不上，多半是输错了一位。这不表示商品有问题。
    .word = 可能输错了
    .advice = 请看着包装，一组一组地重新输入。如果确实与包装一致，请先不要使用，并向生产企业询问。

verdict-not-unit-code =
    { $item ->
        [licence] 这是许可证号或批准文号，同类商品都相同，查不出这一件。
       *[gtin] 这是商品条码，同一种商品都相同，查不出这一件。
    }
    .word = 不是单件编号
    .advice = 请在包装上找到每件都不同的编号，再查一次。

verdict-not-covered = 编号的格式正确，但这家生产企业没有加入本网，我们无法判断。
    .word = 不在本网范围
    .advice = 请按包装上的说明，向生产企业查询。

verdict-unknown = 本网没有这个编号，谨防假冒。
    .word = 查无此号
    .advice = 请先看着包装再核对一遍编号。如果没有输错，请暂不使用，保留商品和购物凭证，并向{ -authority }举报。
    .note = 本网没有这个编号。

verdict-compromised = 已知这个编号被人复制或公开过，凭它不能确认您手上的这一件。
    .word = 谨防假冒
    .advice = 请暂不使用，保留商品和购物凭证，并向{ -authority }举报。
    .note = 已知这个编号被人复制或公开过。

verdict-stolen = 这个编号的商品已报失窃。
    .word = 已报失窃
    .advice = 请不要购买或使用，并向公安机关或{ -authority }举报。
    .note = 这个编号的商品已报失窃。

verdict-recalled = 这个编号的商品正在召回。
    .word = 正在召回
    .reason = 召回原因：{ $reason }。
    .advice = 请停止使用，保留商品，联系商家或生产企业退换。
    .note = 这个编号的商品正在召回。

verdict-withdrawn = 这个编号的商品不允许销售。
    .word = 不允许销售
    .advice = 请不要购买或使用。如已购买，请凭购物凭证联系商家退货，并向{ -authority }举报。
    .note = 这个编号的商品不允许销售。

verdict-expired = 这个编号的商品有效期到{ $on }为止，现在已经过期。过期与假冒是两回事。
    .word = 已过期
    .advice = 请不要使用。可以凭购物凭证向商家要求退换。
    .note = 商品有效期到{ $on }为止，现在已经过期。

verdict-not-activated =
    { $fresh ->
        [yes] 这个编号刚刚发出，还没有登记放行销售，也可能只是登记晚了。
       *[no] 这个编号已经发出，但商品没有放行销售，谨防假冒。
    }
    .word = 尚未放行
    .advice =
        { $fresh ->
            [yes] 请过两天再查一次，并先保留购物凭证。
           *[no] 请先不要购买或使用，保留商品和购物凭证，并向{ -authority }举报。
        }
    .note = 还没有登记放行销售。

verdict-not-yet-on-sale =
    { $from ->
        [none] 这个编号的商品还没有上市销售的记录。
       *[other] 这个编号的商品从{ $from }起才开始销售。
    }
    .word = 尚未上市
    .advice = 请向商家索要发票或进货凭证，过几天再查一次。
    .note =
        { $from ->
            [none] 还没有上市销售的记录。
           *[other] 从{ $from }起才开始销售。
        }

verdict-impossible-travel = 这个编号曾于{ $seen }被查询，与这次相隔太远，不会是同一件商品。其中一件的编号可能是复制的，谨防假冒。
    .word = 谨防假冒
    .advice = 请保留商品和购物凭证，并向{ -authority }举报。
    .note = 这个编号曾于{ $seen }被查询，与这次相隔太远，不会是同一件商品。

verdict-sold-before = 记录显示，这个编号的商品已于{ $seen }售出。
    .word = 已有售出记录
    .advice = 如果那次不是您或家人购买的，谨防假冒：请保留商品和购物凭证，并向{ -authority }举报。
    .note = 记录显示，这个编号的商品已于{ $seen }售出。

verdict-overchecked = 这个编号已被其他人查询{ $times }次，首次是{ $seen }，比一件商品通常的次数多，编号可能被人复制过，谨防假冒。
    .word = 谨防假冒
    .advice = 请仔细核对包装，保留商品和购物凭证，并向{ -authority }举报。
    .note = 这个编号已被其他人查询{ $times }次，首次是{ $seen }。

verdict-data-mismatch =
    您提供的{ $differs ->
        [lot] 批号
        [expiry] 有效期
        [product] 商品条码
       *[both] 批号和有效期
    }与这个编号的登记不一致。
    .word = 与登记不符
    .advice = 请看着包装再核对一遍。如果确实不一致，谨防假冒，请向生产企业询问。
    .note =
        您提供的{ $differs ->
            [lot] 批号
            [expiry] 有效期
            [product] 商品条码
           *[both] 批号和有效期
        }与登记不一致。

verdict-carton-code =
    { $holds ->
        [0] 这是外包装箱的编号，不是单件商品的编号。
       *[other] 这是装有{ $holds }件商品的外包装箱的编号，不是单件商品的编号。
    }
    .word = 包装箱编号
    .advice = 请查询单件商品上的编号。
    .note = 这是外包装箱的编号，不是单件商品的编号。

verdict-genuine-seen = 编号有效，此前已被查询{ $times }次，首次是{ $seen }。
    .word = 有效，曾被查询
    .advice = 如果那不是您或商家查询的，请小心，并仔细核对包装。
    .note = 此前已被查询{ $times }次，首次是{ $seen }。

verdict-genuine-again = 编号有效。您首次查询是{ $seen }，没有其他人的查询记录。
    .word = 编号有效
    .advice = 请核对包装上的信息与登记是否一致。

verdict-genuine-first = 编号有效，这是首次查询。
    .word = 编号有效
    .advice = 请核对包装上的信息与登记是否一致。
