package complaint

// Status is WeChat's status code of a complaint (投诉单状态). Codes that are not in the table below survive and have StageUnknown.
// Source: reference/wechat-complaint-api.md §3.
type Status int64

// Stage is what a status means to the people who work on the case.
type Stage string

// The stages.
const (
	ToRespond    Stage = "to_respond"    // 201: the merchant answers
	ToSupplement Stage = "to_supplement" // 106, 108: the platform wants evidence
	ToProve      Stage = "to_prove"      // 206: merchant liable, proof of handling wanted
	ToAppeal     Stage = "to_appeal"     // closed, but an appeal is possible
	WaitingUser  Stage = "waiting_user"
	AtPlatform   Stage = "platform"
	Closed       Stage = "closed"
	StageUnknown Stage = "unknown"
)

// Stages that wait for the merchant.
var merchantStages = []Stage{ToRespond, ToSupplement, ToProve, ToAppeal}

// WaitsForMerchant reports whether the merchant has to do something.
func (s Stage) WaitsForMerchant() bool {
	for _, m := range merchantStages {
		if s == m {
			return true
		}
	}
	return false
}

// Open reports whether WeChat may still change the case. A case in an unknown status counts as open.
func (s Stage) Open() bool { return s != Closed }

// statuses is the table of reference/wechat-complaint-api.md §3 with WeChat's own names.
var statuses = map[Status]struct {
	text  string
	stage Stage
}{
	101: {"平台客服处理中", AtPlatform},
	102: {"用户取消申请", Closed},
	103: {"平台客服处理中", AtPlatform},
	104: {"平台客服处理中", AtPlatform},
	105: {"平台客服处理中", AtPlatform},
	106: {"待商家补充凭证", ToSupplement},
	107: {"平台客服处理中", AtPlatform},
	108: {"待双方补充凭证", ToSupplement},
	109: {"平台客服处理中", AtPlatform},
	112: {"投诉已完结", Closed},
	115: {"投诉已完结", Closed},
	116: {"投诉已完结", Closed},
	201: {"待处理", ToRespond},
	202: {"商家超时未回应，待用户确认", WaitingUser},
	203: {"已回应，待用户确认", WaitingUser},
	204: {"已回应，待用户确认", WaitingUser},
	205: {"投诉已完结", Closed},
	206: {"平台已判定为商责，待上传处理凭证", ToProve},
	207: {"平台客服核实凭证中", AtPlatform},
	208: {"超时未上传凭证", AtPlatform},
	209: {"投诉已关闭", Closed},
	305: {"平台客服处理中", AtPlatform},
	307: {"平台客服处理中", AtPlatform},
	308: {"平台已判定为商责，待用户退货中", WaitingUser},
	309: {"平台已判定为商责，待用户退货中", WaitingUser},
	310: {"平台客服处理中", AtPlatform},
	311: {"签收异常", AtPlatform},
	312: {"平台判定商家责任，平台退款中", AtPlatform},
}

// Known reports whether the status is documented.
func (s Status) Known() bool {
	_, ok := statuses[s]
	return ok
}

// Text is WeChat's name of the status.
func (s Status) Text() string {
	if v, ok := statuses[s]; ok {
		return v.text
	}
	if s == 0 {
		return "正在向微信读取详情"
	}
	return "微信返回了未公开的状态"
}

// Appeal states (appealState). Source: reference/wechat-complaint-api.md §4.3.
const (
	AppealNone     = 0
	AppealOpen     = 401
	AppealExpired  = 402
	AppealRunning  = 403
	AppealAccepted = 117
	AppealRejected = 118
)

// StageOf returns the stage of a case. An appeal that is possible turns a closed case back into work.
func StageOf(s Status, appealState int64) Stage {
	v, ok := statuses[s]
	switch {
	case !ok:
		return StageUnknown
	case v.stage == Closed && appealState == AppealOpen:
		return ToAppeal
	}
	return v.stage
}

// nodes names WeChat's progress entries (itemType). Source: reference/wechat-complaint-api.md §3.1.
var nodes = map[int64]string{
	1: "用户发起投诉", 2: "用户补充留言", 3: "商家补充留言", 7: "用户补充凭证", 8: "商家补充凭证",
	11: "用户申请平台客服协助", 12: "用户撤销投诉", 13: "平台客服处理中",
	14: "待用户补充凭证", 16: "待商家补充凭证", 18: "待双方补充凭证",
	26: "处理凭证核实异常，投诉关闭", 37: "处理凭证核实异常，投诉关闭",
	30: "平台判定非商家责任，投诉完结", 33: "平台判定非商家责任，投诉完结",
	31: "平台判定商家责任", 32: "平台判定商家责任", 36: "处理凭证已核实，投诉完结",
	101: "商家超时未回应", 104: "用户认可处理结果，投诉完结", 107: "商家超时未提交处理凭证，平台处理中",
	108: "用户超时未确认，投诉完结", 109: "商家已回应", 110: "商家提交处理凭证",
	111: "用户补充凭证超时", 112: "商家补充凭证超时", 113: "双方补充凭证超时", 118: "商责自动赔付",
}

// What a ruling asks for, at the end of its sentence.
const (
	proofWanted = "，待上传处理凭证"
	goodsReturn = "，待用户退货"
)

// NodeText names a progress entry; blame is blameResult of nodes 31 and 32 (0 proof of handling wanted, 1 goods to be returned first).
func NodeText(itemType int64, blame *int64) string {
	t, ok := nodes[itemType]
	if !ok {
		return "投诉进度更新"
	}
	if (itemType == 31 || itemType == 32) && blame != nil {
		switch *blame {
		case 0:
			return t + proofWanted
		case 1:
			return t + goodsReturn
		}
	}
	return t
}
