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

// Actions are all of them, most pressing first.
func Actions() []Action { return []Action{Respond, Supplement, RefundProof, Appeal} }

// Situation is what decides about actions.
type Situation struct {
	Status      Status
	AppealState int64
	// Return says that WeChat told of a parcel with an id (returnBill).
	Return bool
}

// Situation returns what decides about actions in this case.
func (c *Complaint) Situation() Situation {
	b, err := c.Return()
	return Situation{Status: c.Status, AppealState: c.AppealState, Return: err == nil && b.ReturnID != ""}
}

// Legality is the answer to "may this be done now?".
type Legality struct {
	OK bool
	// Reason says why not, and When under which circumstances it becomes possible, both for the merchant.
	Reason string
	When   string
	// ByHand says that it is not known whether WeChat takes it: a manager may try, nothing automatic ever does.
	ByHand bool
}

// LegalActions lists what may be done now, most pressing first. An unknown status allows nothing. Which call fits which status is inferred
// (reference/wechat-complaint-api.md §3, §12.1), so WeChat's own answer has the last word.
func LegalActions(x Situation) []Action {
	out := []Action{}
	for _, a := range Actions() {
		if Legal(a, x).OK {
			out = append(out, a)
		}
	}
	return out
}

// Legal tells whether an action may be done in a situation.
func Legal(a Action, x Situation) Legality {
	if a == Appeal {
		return legalAppeal(x)
	}
	stage := StageOf(x.Status, AppealNone) // an appeal runs beside the status
	if x.Status == 0 {
		return Legality{Reason: "还没有从微信读到这张投诉单的状态", When: "读到状态后就能处理，一般只要几秒"}
	}
	if stage == StageUnknown {
		return Legality{Reason: "微信返回了未公开的状态，知诉不会替您猜测", When: "请在微信公众平台 功能 → 交易保障 → 交易投诉 查看", ByHand: true}
	}
	switch a {
	case Respond:
		return legalRespond(stage)
	case Supplement:
		return legalSupplement(stage)
	case RefundProof:
		return legalProof(x, stage)
	}
	return Legality{Reason: "没有这项操作"}
}

const ended = "投诉已完结"

func legalRespond(stage Stage) Legality {
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
	}
	return Legality{Reason: ended + "，不需要回应"}
}

func legalSupplement(stage Stage) Legality {
	switch stage {
	case ToSupplement:
		return Legality{OK: true}
	case ToRespond:
		return Legality{Reason: "平台还没有要求补充凭证", When: "现在要做的是回应；用户申请平台介入后，平台可能要求补充凭证"}
	case WaitingUser:
		return Legality{Reason: "平台还没有要求补充凭证", When: "用户申请平台介入后，平台可能要求补充凭证"}
	case AtPlatform:
		return Legality{Reason: "平台现在没有在等商家的凭证", When: "平台要求补充凭证时会通知您"}
	case ToProve:
		return Legality{Reason: "平台已判定责任，不再收补充凭证", When: "现在要做的是上传处理凭证"}
	}
	return Legality{Reason: ended + "，不再收凭证"}
}

// legalProof: 206 is the documented status; 309 asks for the parcel's id as well; whether 208 and 311 take a proof is not known.
func legalProof(x Situation, stage Stage) Legality {
	switch {
	case stage == ToProve, x.Status == 309 && x.Return:
		return Legality{OK: true}
	case x.Status == 308:
		return Legality{Reason: "正在等用户寄回商品", When: "用户寄出商品后，收到货时可以上传处理凭证"}
	case x.Status == 309:
		return Legality{Reason: "还没有从微信读到退货单", When: "读到退货单后可以上传处理凭证"}
	case x.Status == 208:
		return Legality{Reason: "已过上传处理凭证的时间", When: "微信没有说明超时后是否还收凭证，管理员可以尝试提交", ByHand: true}
	case x.Status == 311:
		return Legality{Reason: "退货签收异常，平台正在处理", When: "微信没有说明这时是否收处理凭证，管理员可以尝试提交", ByHand: true}
	case x.Status == 312:
		return Legality{Reason: "平台正在退款，不需要再上传处理凭证"}
	case stage == Closed:
		return Legality{Reason: ended + "，不需要处理凭证"}
	}
	return Legality{Reason: "平台还没有判定商家责任，不需要处理凭证", When: "平台判定商家责任后，在 48 小时内上传"}
}

func legalAppeal(x Situation) Legality {
	switch x.AppealState {
	case AppealOpen:
		return Legality{OK: true}
	case AppealExpired:
		return Legality{Reason: "已经超过申诉时间"}
	case AppealRunning:
		return Legality{Reason: "申诉已经提交，平台正在审核"}
	case AppealAccepted, AppealRejected:
		return Legality{Reason: "申诉已经有结果，不能再次申诉"}
	case AppealNone:
		return Legality{Reason: "现在没有可以申诉的判定", When: "平台判定商家责任后，可以在微信规定的时间内申诉"}
	}
	return Legality{Reason: "微信返回了未公开的申诉状态，知诉不会替您猜测", When: "请在微信公众平台 功能 → 交易保障 → 交易投诉 查看", ByHand: true}
}
