# 日期、登记内容、拒绝和帮助。

date-day = { $year }年{ $month }月{ $day }日
date-minute = { $day }{ $time }
seen = { $minute }
seen-in = { $minute }在{ $city }

fact-product = 登记产品：{ $name }
fact-product-spec = 登记产品：{ $name }（{ $spec }）
fact-maker = 生产企业：{ $name }
fact-licence = 许可证号或批准文号：{ $licence }
fact-lot = 批号：{ $lot }
fact-made = 生产日期：{ $day }
fact-expiry = 有效期至：{ $day }
fact-checked = 此前已被查询{ $times }次，首次是{ $seen }。
fact-checked-times = 此前已被查询{ $times }次。
fact-first-checked = 首次查询是{ $seen }。

refusal-overloaded = 现在查询的人太多，这次没有处理。请稍后再试。
refusal-unavailable = 系统暂时不能处理查询，这不说明商品的情况。请稍后再试。
refusal-unauthorised = 没有使用这项功能的权限。
refusal-bad-request = 无法识别这个请求，请检查后再发一次。
refusal-conflict = 这个请求标识已用于另一项内容，请换一个新的。
refusal-internal = 系统出错，这次没有结果。这不说明商品的情况，请稍后再试。

help = 请输入或发送包装上每件都不同的编号，空格可以省略。我们会告诉您这个编号是否登记、此前是否被查询过，以及该怎么办。编号只是一个方面，请同时核对包装。

colour-grey = 灰色
colour-green = 绿色
colour-amber = 黄色
colour-red = 红色
sign-grey = 没有结论
sign-green = 有效
sign-amber = 请留意
sign-red = 请警惕

receipt-at = 答复时间：{ $minute }
receipt-verdict = { $word }（{ $colour }：{ $sign }）
receipt-verdict-of = 第{ $position }个编号：{ $word }（{ $colour }：{ $sign }）
