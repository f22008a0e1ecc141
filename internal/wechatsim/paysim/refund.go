package paysim

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The states of a refund (reference §1.6).
const (
	processing = "PROCESSING"
	success    = "SUCCESS"
	closed     = "CLOSED"
	abnormal   = "ABNORMAL"
)

var statuses = []string{processing, success, closed, abnormal}

// refund is money on its way back, or there.
type refund struct {
	order             *order
	mchid, sub        string // sub: the sub-merchant whose money it is
	number, id        string
	reason, notifyURL string
	amount            int64
	status            string
	outcome           string // what it becomes at settleAt
	channel           string
	createdAt         time.Time
	settleAt          time.Time
	successAt         time.Time
	calls             int
}

type createBody struct {
	SubMchID      *string `json:"sub_mchid"`
	TransactionID string  `json:"transaction_id"`
	OutTradeNo    string  `json:"out_trade_no"`
	OutRefundNo   string  `json:"out_refund_no"`
	Reason        *string `json:"reason"`
	NotifyURL     *string `json:"notify_url"`
	FundsAccount  *string `json:"funds_account"`
	Amount        *struct {
		Refund   *int64 `json:"refund"`
		Total    *int64 `json:"total"`
		Currency string `json:"currency"`
		From     []struct {
			Account string `json:"account"`
			Amount  int64  `json:"amount"`
		} `json:"from"`
	} `json:"amount"`
	GoodsDetail []struct {
		MerchantGoodsID  string `json:"merchant_goods_id"`
		WechatpayGoodsID string `json:"wechatpay_goods_id"`
		GoodsName        string `json:"goods_name"`
		UnitPrice        int64  `json:"unit_price"`
		RefundAmount     int64  `json:"refund_amount"`
		RefundQuantity   int64  `json:"refund_quantity"`
	} `json:"goods_detail"`
}

var numberForm = regexp.MustCompile(`^[0-9A-Za-z_\-|*@]{1,64}$`)

// check looks at the form alone (reference §1.2).
func (b *createBody) check() *refusal {
	switch {
	case !numberForm.MatchString(b.OutRefundNo):
		return parameter("商户退款单号 out_refund_no 不符合要求")
	case (b.TransactionID == "") == (b.OutTradeNo == ""):
		return parameter("transaction_id 和 out_trade_no 必须且只能填一个")
	case len(b.TransactionID) > 32 || len(b.OutTradeNo) > 32:
		return parameter("订单号过长")
	case b.Amount == nil || b.Amount.Refund == nil || b.Amount.Total == nil:
		return parameter("缺少 amount.refund 或 amount.total")
	case *b.Amount.Refund < 1 || *b.Amount.Total < 1:
		return parameter("金额必须为正整数，单位为分")
	case *b.Amount.Refund > *b.Amount.Total:
		return parameter("退款金额大于订单金额")
	case b.Amount.Currency != "CNY":
		return parameter("currency 只支持 CNY")
	case b.Reason != nil && (*b.Reason == "" || len(*b.Reason) > 80):
		return parameter("reason 长度为 1 到 80 字节")
	case b.FundsAccount != nil && *b.FundsAccount != "AVAILABLE" && *b.FundsAccount != "UNSETTLED":
		return parameter("funds_account 的值不支持")
	}
	if b.NotifyURL != nil {
		u, err := url.Parse(*b.NotifyURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || len(*b.NotifyURL) < 8 || len(*b.NotifyURL) > 256 {
			return parameter("notify_url 必须是不带参数的完整地址")
		}
	}
	return nil
}

// scope returns whose money a call is about: the caller's, or that of a sub-merchant it names.
func (m *merchant) scope(sub *string) (mchid string, f *refusal) {
	switch {
	case len(m.subs) == 0 && sub != nil:
		return "", parameter("直连商户不应填写 sub_mchid")
	case len(m.subs) == 0:
		return m.MchID, nil
	case sub == nil || *sub == "":
		return "", parameter("服务商必须填写 sub_mchid")
	case !slices.Contains(m.subs, *sub):
		f := refuse(http.StatusForbidden, "NO_AUTH", "没有和该特约商户的受理关系")
		f.detail = "268443701"
		return "", f
	}
	return *sub, nil
}

func (h *Host) createRefund(c *caller, mode string) (any, *refusal) {
	var b createBody
	if f := c.decode(&b); f != nil {
		return nil, f
	}
	if f := b.check(); f != nil {
		return nil, f
	}
	owner, f := c.m.scope(b.SubMchID)
	if f != nil {
		return nil, f
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settleDue()
	o := h.orderBy(b.TransactionID, b.OutTradeNo)
	if o == nil || o.state != "SUCCESS" && o.state != "REFUND" {
		f := refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
		f.detail = "268512771"
		return nil, f
	}
	if h.payee(o) != owner {
		f := refuse(http.StatusForbidden, "NO_AUTH", "商户号与订单不一致，没有退款权限")
		f.detail = "268447843"
		return nil, f
	}
	if r := h.byNumber(c.m.MchID, b.OutRefundNo); r != nil {
		r.calls++
		switch {
		case r.order != o || r.amount != *b.Amount.Refund || o.total != *b.Amount.Total:
			return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试")
		case r.reason != text(b.Reason) || r.notifyURL != text(b.NotifyURL):
			return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "请求内容和上次请求不一致")
		}
		return h.view(r), nil
	}
	if f := h.mayRefund(o, *b.Amount.Refund, *b.Amount.Total); f != nil {
		return nil, f
	}
	if purse := h.merchants[owner]; purse != nil && purse.balance != nil {
		if *purse.balance < *b.Amount.Refund {
			return nil, refuse(http.StatusForbidden, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")
		}
		*purse.balance -= *b.Amount.Refund
	}
	r := &refund{
		order: o, mchid: c.m.MchID, number: b.OutRefundNo, amount: *b.Amount.Refund, createdAt: h.now(), settleAt: h.now().Add(h.settle), outcome: h.outcome, calls: 1,
		reason: text(b.Reason), notifyURL: text(b.NotifyURL),
	}
	if owner != c.m.MchID {
		r.sub = owner
	}
	switch mode {
	case "closed":
		r.outcome = closed
	case "abnormal":
		r.outcome = abnormal
	case "slow_processing":
		r.settleAt = h.now().Add(10 * time.Minute)
	}
	h.add(r)
	h.settleDue()
	return h.view(r), nil
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// add puts a refund into the ledger. Called with the lock held.
func (h *Host) add(r *refund) {
	r.id = fmt.Sprintf("503%017d%08d", r.createdAt.Unix(), h.nextID)
	r.status, r.channel = processing, "ORIGINAL"
	h.nextID++
	r.order.state, r.order.lastRefund = "REFUND", r.createdAt
	h.refunds = append(h.refunds, r)
	h.bump()
}

// mayRefund holds the limits of an order (reference §1.4).
func (h *Host) mayRefund(o *order, amount, total int64) *refusal {
	list, sum := h.refundsOf(o)
	switch {
	case total != o.total:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单金额不一致，请核实后再试")
	case h.now().Sub(o.paidAt) > 365*24*time.Hour:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单已经超过可退款的最大期限")
	case sum == o.total:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "订单已全额退款")
	case sum+amount > o.total:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "申请退款金额大于订单剩余可退金额")
	case len(list) >= 50:
		return refuse(http.StatusBadRequest, "INVALID_REQUEST", "一笔订单最多退款 50 次")
	case h.gap > 0 && !o.lastRefund.IsZero() && h.now().Sub(o.lastRefund) < h.gap:
		f := refuse(http.StatusTooManyRequests, "FREQUENCY_LIMITED", "同一笔订单退款过于频繁，请 1 分钟后再试")
		f.detail = "268447840"
		return f
	}
	return nil
}

func (h *Host) byNumber(mchid, number string) *refund {
	for _, r := range h.refunds {
		if r.mchid == mchid && r.number == number {
			return r
		}
	}
	return nil
}

func (h *Host) queryRefund(c *caller, _ string) (any, *refusal) {
	owner, f := c.m.scope(queryText(c.r, "sub_mchid"))
	if f != nil {
		return nil, f
	}
	if f := onlyQuery(c.r, "sub_mchid"); f != nil {
		return nil, f
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settleDue()
	r := h.byNumber(c.m.MchID, c.r.PathValue("number"))
	if r == nil || r.sub != "" && r.sub != owner {
		f := refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
		f.detail = "268512771"
		return nil, f
	}
	return h.view(r), nil
}

func (h *Host) applyAbnormal(c *caller, _ string) (any, *refusal) {
	var b struct {
		SubMchID    *string `json:"sub_mchid"`
		OutRefundNo string  `json:"out_refund_no"`
		Type        string  `json:"type"`
		BankType    string  `json:"bank_type"`
		BankAccount string  `json:"bank_account"`
		RealName    string  `json:"real_name"`
	}
	if f := c.decode(&b); f != nil {
		return nil, f
	}
	if b.Type != "USER_BANK_CARD" && b.Type != "MERCHANT_BANK_CARD" {
		return nil, parameter("type 的值不支持")
	}
	if _, f := c.m.scope(b.SubMchID); f != nil {
		return nil, f
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.byNumber(c.m.MchID, b.OutRefundNo)
	switch {
	case r == nil || r.id != c.r.PathValue("id"):
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
	case r.status != abnormal:
		return nil, refuse(http.StatusBadRequest, "INVALID_REQUEST", "退款单不是异常状态")
	}
	r.status, r.outcome, r.channel, r.settleAt = processing, success, "OTHER_BANKCARD", h.now().Add(h.settle)
	return h.view(r), nil
}

// view is a refund as create and query answer it (reference §1.3).
func (h *Host) view(r *refund) map[string]any {
	payer := (r.amount*r.order.payerTotal + r.order.total/2) / r.order.total
	v := map[string]any{
		"refund_id": r.id, "out_refund_no": r.number, "transaction_id": r.order.transactionID, "out_trade_no": r.order.outTradeNo, "channel": r.channel,
		"user_received_account": "支付用户零钱", "create_time": r.createdAt.Format(time.RFC3339), "status": r.status, "funds_account": "AVAILABLE",
		"amount": map[string]any{
			"total": r.order.total, "refund": r.amount, "from": []any{}, "payer_total": r.order.payerTotal, "payer_refund": payer, "settlement_refund": payer,
			"settlement_total": r.order.payerTotal, "discount_refund": r.amount - payer, "currency": "CNY",
		},
		"promotion_detail": []any{},
	}
	if !r.successAt.IsZero() {
		v["success_time"] = r.successAt.Format(time.RFC3339)
	}
	return v
}

func queryText(r *http.Request, name string) *string {
	if !r.URL.Query().Has(name) {
		return nil
	}
	v := r.URL.Query().Get(name)
	return &v
}

// onlyQuery refuses parameters that the call does not have.
func onlyQuery(r *http.Request, names ...string) *refusal {
	for name, values := range r.URL.Query() {
		if !slices.Contains(names, name) || len(values) != 1 {
			return parameter("不支持的参数 " + strings.TrimSpace(name))
		}
	}
	return nil
}
