package action

import "github.com/zhisu/zhisu/internal/complaint"

// Checklist names what usually helps a merchant in a kind of case. It is advice of this product, not a rule of WeChat's.
func Checklist(kind complaint.Action, problem complaint.Problem) []string {
	switch kind {
	case complaint.RefundProof:
		return []string{"退款成功的截图，能看到退款单号、金额和时间", "有退货的：签收或验货记录"}
	case complaint.Appeal:
		return []string{"与判定理由直接相关的凭证，标出关键处", "完整的沟通记录，不要只截一句", "订单、发货、签收等时间线"}
	}
	switch p := int64(problem); {
	case p >= 611 && p <= 614 || p == 632:
		return []string{"发货凭证：快递单号、揽收时间", "物流轨迹截图，看得到每一步时间", "与用户约定发货时间的记录"}
	case p >= 641 && p <= 643:
		return []string{"商品详情页截图，标出与投诉相关的描述", "发货前的商品照片或出库记录", "与用户沟通换货、退款的记录"}
	case p == 621 || p == 622 || p == 659 || p == 666:
		return []string{"完整的客服聊天记录，看得到时间", "电话或短信的回访记录", "现在的处理方案"}
	case p == 631 || p == 633:
		return []string{"活动规则或承诺的页面截图", "订单是否满足活动条件的说明", "赠品或服务的履约记录"}
	case p >= 650 && p <= 668:
		return []string{"订单的开始、结束时间和位置记录", "计费规则的页面截图", "设备状态或故障记录"}
	case p >= 670 && p <= 679 || p >= 610001 && p <= 610005:
		return []string{"购买页截图，看得到价格和内容说明", "扣费记录与用户确认的记录", "内容的播放或使用记录"}
	}
	return []string{"订单与付款信息的截图", "与用户的完整沟通记录", "能证明已经履约的单据"}
}
