package complaint

// Action is a call to WeChat that a merchant can decide on.
type Action string

// The actions, as the contract names them.
const (
	Respond     Action = "respond"
	Supplement  Action = "supplement"
	RefundProof Action = "refund_proof"
	Appeal      Action = "appeal"
)

// Legality is the answer to "may this be done now?".
type Legality struct {
	OK bool
	// Reason says why not, and When under which circumstances it becomes possible, both for the merchant.
	Reason string
	When   string
}

// LegalActions lists what may be done now, most pressing first. An unknown status allows nothing. Which call fits which status is inferred
// (reference/wechat-complaint-api.md §3, §12.1), so WeChat's own answer has the last word.
func LegalActions(s Status, appealState int64) []Action {
	out := []Action{}
	for _, a := range []Action{Respond} {
		if Legal(a, s, appealState).OK {
			out = append(out, a)
		}
	}
	return out
}

// Legal tells whether an action may be done in a status.
func Legal(a Action, s Status, appealState int64) Legality {
	stage := StageOf(s, appealState)
	if a != Respond {
		return Legality{Reason: "这项操作现在不能做"}
	}
	switch stage {
	case ToRespond:
		return Legality{OK: true}
	case WaitingUser:
		return Legality{Reason: "已过商家回应环节，正在等用户确认", When: "用户不认可并申请平台介入后，平台可能要求补充凭证"}
	case AtPlatform:
		return Legality{Reason: "平台客服正在处理，现在不能回应", When: "平台要求补充凭证时会通知您"}
	case ToSupplement:
		return Legality{Reason: "已进入平台处理环节，不能再回应和解", When: "现在要做的是补充凭证"}
	case ToProve:
		return Legality{Reason: "平台已判定为商责，不能再回应和解", When: "现在要做的是上传处理凭证"}
	case Closed, ToAppeal:
		return Legality{Reason: "投诉已完结，不需要回应"}
	}
	return Legality{Reason: "微信返回了未公开的状态，知诉不会替您猜测", When: "请在微信公众平台 功能 → 交易保障 → 交易投诉 查看"}
}
