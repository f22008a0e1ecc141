package complaint

import "strconv"

// Problem is WeChat's problem type of a complaint (问题类型). Source: reference/wechat-complaint-api.md §5.
type Problem int64

var problems = map[Problem]string{
	611:    "发货-未按约定时间发货",
	612:    "发货-商家拒绝发货",
	613:    "发货-少发/错发",
	614:    "发货-物流长时间不更新",
	621:    "客服-不回复",
	622:    "客服-辱骂/骚扰/恐吓",
	631:    "承诺未履行-赠品",
	632:    "承诺未履行-物流",
	633:    "承诺未履行-其他",
	641:    "商品-描述不符",
	642:    "商品-破损",
	643:    "商品-其他",
	650:    "车辆没电或故障",
	651:    "关锁成功仍计费",
	652:    "扣费金额不对",
	653:    "规范停车仍扣调度费",
	654:    "收费异常-其他（骑行）",
	655:    "已购骑行卡仍扣费",
	656:    "骑行卡退款",
	657:    "押金退还",
	658:    "余额退还",
	659:    "客服不回复（骑行）",
	660:    "充电宝未弹出已扣费",
	661:    "充电宝无法正常使用",
	662:    "已归还仍计费",
	663:    "不认可计费时长",
	664:    "收费异常-其他（充电宝）",
	665:    "押金退还异常",
	666:    "其他-客服不回复",
	667:    "其他-归还点少无法归还",
	668:    "其他-误操作购买",
	670:    "欺诈-虚假广告",
	671:    "欺诈-剧集数量与承诺不符",
	672:    "欺诈-付款金额与页面不符",
	673:    "欺诈-剧集内容与宣传不符",
	674:    "欺诈-营销活动",
	675:    "扣费-重复扣费",
	676:    "扣费-无理由扣费",
	677:    "扣费-标准不一致",
	678:    "扣费-未成年误付款",
	679:    "其他问题",
	610001: "可观看数量/时长与承诺不符",
	610002: "剧集内容与宣传不符",
	610003: "内容无法播放",
	610004: "未成年人误付款",
	610005: "其他",
}

// Text is WeChat's name of the problem type; an undocumented one says so.
func (p Problem) Text() string {
	if t, ok := problems[p]; ok {
		return t
	}
	if p == 0 {
		return "未说明"
	}
	return "未公开的类型 " + strconv.FormatInt(int64(p), 10)
}

// Known reports whether the problem type is documented.
func (p Problem) Known() bool {
	_, ok := problems[p]
	return ok
}
