package refund

import "errors"

// Errors that callers tell apart.
var (
	ErrNotFound   = errors.New("refund not found")
	ErrNoSuch     = errors.New("merchant not found")
	ErrTwice      = errors.New("the same refund was asked for a moment ago")
	ErrMoved      = errors.New("the refund is in another state by now")
	ErrSamePerson = errors.New("the second person is the first")
	ErrBadCursor  = errors.New("the cursor is not one of ours")
	ErrInUse      = errors.New("the merchant is in use")
	ErrChanged    = errors.New("the merchant was changed meanwhile")
)

// FieldError is a field that is wrong; Text is for the merchant.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field }

// Refused says why a refund may not be. Its words are for the merchant.
type Refused struct{ Code, Reason, WayOut string }

// Error implements error.
func (e *Refused) Error() string { return "refused: " + e.Code }

// Codes of refusals.
const (
	BlockNoMerchant    = "no_merchant"
	BlockNoTransaction = "no_transaction"
	BlockNotOurOrder   = "not_our_order"
	BlockTooOld        = "too_old"
	BlockNothingLeft   = "nothing_left"
	BlockTooMany       = "too_many"
	BlockPlatform      = "platform_refunds"
	BlockInFlight      = "in_flight"
	BlockElsewhere     = "refunded_elsewhere"
	BlockNotPaid       = "not_paid"
	BlockNoRight       = "no_right"
	BlockPersonNeeded  = "person_needed"
)

var refusals = map[string]*Refused{
	BlockNoMerchant:    {BlockNoMerchant, "这个小程序还没有关联商户号，不能退款", "在 设置 → 商户号 添加商户号，再到小程序里选择它"},
	BlockNoTransaction: {BlockNoTransaction, "还没有从微信读到这张投诉单的支付单号", "点“同步”重新读取；一直没有的话，请在商户平台按订单退款"},
	BlockNotOurOrder:   {BlockNotOurOrder, "这笔订单不是关联的商户号收的款", "请确认小程序关联的商户号是不是收款的商户号；合单支付的订单请在商户平台退款"},
	BlockTooOld:        {BlockTooOld, "支付已经超过 365 天，微信支付不再受理退款", "请和用户商量线下退款，并保留转账凭证"},
	BlockNothingLeft:   {BlockNothingLeft, "这笔订单已经全部退款", "不需要再退，可以把退款结果告诉用户"},
	BlockTooMany:       {BlockTooMany, "这笔订单已经退款 50 次，达到微信支付的上限", "请和用户商量线下退款，并保留转账凭证"},
	BlockPlatform:      {BlockPlatform, "平台已判定商家责任，正在给用户退款，再退会多退", "等平台退款完成，不需要操作"},
	BlockInFlight:      {BlockInFlight, "这笔订单有一笔退款还没有结果", "等它有结果后再发起"},
	BlockElsewhere:     {BlockElsewhere, "微信支付显示这笔订单退过款，但不是从知诉退的", "请在商户平台 交易中心 → 退款查询 查清已退金额，由有退款权限的人填写后再退"},
	BlockNotPaid:       {BlockNotPaid, "这笔订单没有支付成功，没有款可退", "请在商户平台核对订单"},
	BlockNoRight:       {BlockNoRight, "您的角色不能退款，或者超过了客服可退金额", "请有退款权限的同事处理"},
	BlockPersonNeeded:  {BlockPersonNeeded, "这笔订单的上一笔退款被微信支付关闭，自动规则不再退款", "请人工确认原因后再发起"},
}

func refused(code string) *Refused { return refusals[code] }

// Codes of refunds that did not go as asked, beside those above.
const (
	CodeChecking     = "checking"
	CodeInvalid      = "invalid_request"
	CodeUnlisted     = "unlisted"
	CodeFunds        = "not_enough"
	CodeAccount      = "account_abnormal"
	CodeNoAuth       = "no_auth"
	CodeBadRequest   = "bad_request"
	CodeOrderMissing = "order_missing"
	CodeReached      = "already_refunded"
	CodeReused       = "number_reused"
	CodeExpired      = "expired"
	CodeAbnormal     = "abnormal"
	CodeClosed       = "closed"
	CodePaused       = "paused"
	CodeGap          = "gap"
	CodeHold         = "hold"
	CodeUpstream     = "upstream"
	CodeCaseUnread   = "case_unread"
	CodeGaveUp       = "gave_up"
	CodeMismatch     = "mismatch"
	CodeRetrying     = "retrying"
	CodeNoCerts      = "no_certs"
)

type words struct{ text, wayOut string }

var texts = map[string]words{
	CodeChecking:     {"没有收到微信支付的明确结果，正在用同一个退款单号核实", "不用操作，也不要在别处再退一次"},
	CodeInvalid:      {"微信支付认为这笔退款不符合规则", "请在商户平台查看这笔订单的状态后再决定"},
	CodeUnlisted:     {"微信支付返回了没有公开说明的结果，没有受理这笔退款", "请在商户平台查看原因，处理后点“重试”，会用同一个退款单号继续"},
	CodeFunds:        {"商户号余额不足，微信支付没有受理这笔退款", "给商户号充值后点“重试”，会用同一个退款单号继续；也可能有资金在分账中被冻结"},
	CodeAccount:      {"用户的微信支付账户已注销或异常，款项退不回去", "请和用户商量线下退款，并保留转账凭证"},
	CodeNoAuth:       {"这个商户号没有权限退这笔订单", "请在商户平台确认商户号和产品权限；服务商模式请确认已开通退款权限"},
	CodeBadRequest:   {"微信支付认为请求的参数不对", "这是知诉的问题，请把退款单号和请求编号发给管理员"},
	CodeOrderMissing: {"微信支付找不到这笔订单", "请确认小程序关联的商户号是不是收款的商户号"},
	CodeReached:      {"微信支付说这笔订单已经全额退款，但不是这一笔", "请在商户平台核对这笔订单的退款记录"},
	CodeReused:       {"这个退款单号在微信支付已经用于另一笔退款", "请把退款单号发给管理员；不要继续退款，先在商户平台核对"},
	CodeExpired:      {"这笔订单已经超过可以退款的时间", "请和用户商量线下退款，并保留转账凭证"},
	CodeAbnormal:     {"用户的银行卡已注销或冻结，款项没有退回去", "请在商户平台 交易中心 → 退款查询 处理这笔异常退款，不要再发起一笔"},
	CodeClosed:       {"微信支付关闭了这笔退款，用户没有收到钱", "确认原因后可以重新发起一笔退款"},
	CodePaused:       {"商户号的设置不对，微信支付拒绝请求，退款先停住", "请在 设置 → 商户号 检查并修正，修正后会自动继续"},
	CodeGap:          {"同一笔订单两次退款要间隔 1 分钟，到时间会自动提交", ""},
	CodeHold:         {"这个商户号刚有请求被拒绝，稍等几秒再提交", ""},
	CodeUpstream:     {"暂时连不上微信支付，会自动重试", ""},
	CodeCaseUnread:   {"暂时读不到投诉单，读到它还在待回应才会退款", ""},
	CodeRetrying:     {"微信支付没有受理，会用同一个退款单号重试", ""},
	CodeGaveUp:       {"试了很多次，微信支付都没有受理", "请点“重试”用同一个退款单号再试，或在商户平台查看"},
	CodeMismatch:     {"微信支付里这个退款单号的金额或订单和知诉的不一致", "请在商户平台核对，不要再发起退款"},
	CodeNoCerts:      {"还没有取到微信支付的平台证书，不能核对它的回答", "请在 设置 → 商户号 检查"},
}

// Words returns what a code means and what to do, for the merchant.
func Words(code string) (text, wayOut string) {
	if w, ok := texts[code]; ok {
		return w.text, w.wayOut
	}
	if r, ok := refusals[code]; ok {
		return r.Reason, r.WayOut
	}
	return "", ""
}
