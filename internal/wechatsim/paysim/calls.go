package paysim

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// endpoint is one call of api.mch.weixin.qq.com; name is what faults aim at.
type endpoint struct {
	name, pattern string
	do            func(h *Host, c *caller, mode string) (any, *refusal)
}

func endpoints() []endpoint {
	return []endpoint{
		{"pay.refund.create", "POST /v3/refund/domestic/refunds", (*Host).createRefund},
		{"pay.refund.query", "GET /v3/refund/domestic/refunds/{number}", (*Host).queryRefund},
		{"pay.refund.abnormal", "POST /v3/refund/domestic/refunds/{id}/apply-abnormal-refund", (*Host).applyAbnormal},
		{"pay.order", "GET /v3/pay/transactions/id/{id}", (*Host).order},
		{"pay.order", "GET /v3/pay/transactions/out-trade-no/{number}", (*Host).order},
		{"pay.order", "GET /v3/pay/partner/transactions/id/{id}", (*Host).partnerOrder},
		{"pay.order", "GET /v3/pay/partner/transactions/out-trade-no/{number}", (*Host).partnerOrder},
		{"pay.certificates", "GET /v3/certificates", (*Host).certificates},
		{"pay.complaints", "GET /v3/merchant-service/complaints-v2", (*Host).consumerComplaints},
		{"pay.echo", "POST /v3/security/echo", (*Host).echo},
	}
}

// Register puts WeChat Pay's paths on a mux.
func (h *Host) Register(mux *http.ServeMux) {
	for _, e := range endpoints() {
		mux.HandleFunc(e.pattern, func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, &e) })
	}
	mux.HandleFunc("/v3/", func(w http.ResponseWriter, r *http.Request) {
		h.refuseWith(w, r, nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "接口不存在"))
	})
	h.registerControl(mux)
}

// serve checks the signature, plays the fault that is armed, and answers.
func (h *Host) serve(w http.ResponseWriter, r *http.Request, e *endpoint) {
	defer h.noteCall()
	c, f := h.authenticate(r)
	if f != nil {
		h.refuseWith(w, r, nil, f)
		return
	}
	fault := h.takeFault(e.name)
	if fault == nil {
		fault = &Fault{}
	}
	if fault.DelayMS > 0 {
		late := time.NewTimer(time.Duration(fault.DelayMS) * time.Millisecond)
		defer late.Stop()
		select {
		case <-late.C:
		case <-r.Context().Done():
			return
		}
	}
	if h.before(w, c, fault) {
		return
	}
	out, f := e.do(h, c, fault.Mode)
	h.after(w, c, fault, out, f)
}

func (h *Host) noteCall() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
	h.bump()
}

// Calls is how often WeChat Pay was called.
func (h *Host) Calls() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.calls
}

func (h *Host) order(c *caller, _ string) (any, *refusal) {
	if f := onlyQuery(c.r, "mchid"); f != nil {
		return nil, f
	}
	if m := queryText(c.r, "mchid"); m == nil || *m != c.m.MchID {
		return nil, parameter("mchid 与请求的商户号不一致")
	}
	return h.orderOf(c, c.m.MchID, "")
}

func (h *Host) partnerOrder(c *caller, _ string) (any, *refusal) {
	if f := onlyQuery(c.r, "sp_mchid", "sub_mchid"); f != nil {
		return nil, f
	}
	if m := queryText(c.r, "sp_mchid"); m == nil || *m != c.m.MchID {
		return nil, parameter("sp_mchid 与请求的商户号不一致")
	}
	sub, f := c.m.scope(queryText(c.r, "sub_mchid"))
	if f != nil {
		return nil, f
	}
	return h.orderOf(c, sub, c.m.MchID)
}

// orderOf answers an order query (reference §1.9). An order of somebody else is answered like one that does not exist.
func (h *Host) orderOf(c *caller, owner, provider string) (any, *refusal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.orderBy(c.r.PathValue("id"), c.r.PathValue("number"))
	if o == nil || h.payee(o) != owner {
		return nil, refuse(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
	}
	v := map[string]any{
		"out_trade_no": o.outTradeNo, "transaction_id": o.transactionID, "trade_type": "JSAPI", "trade_state": o.state, "trade_state_desc": o.state, "bank_type": "OTHERS",
		"attach": "", "success_time": o.paidAt.Format(time.RFC3339),
		"amount": map[string]any{"total": o.total, "payer_total": o.payerTotal, "currency": "CNY", "payer_currency": "CNY"},
	}
	if provider == "" {
		v["appid"], v["mchid"], v["payer"] = o.appID, owner, map[string]any{"openid": o.openID}
	} else {
		v["sp_appid"], v["sp_mchid"], v["sub_appid"], v["sub_mchid"] = "", provider, o.appID, owner
		v["payer"] = map[string]any{"sp_openid": "", "sub_openid": o.openID}
	}
	return v, nil
}

// certificates hands out the platform certificate, sealed with the APIv3 key (reference §2.3).
func (h *Host) certificates(c *caller, _ string) (any, *refusal) {
	if f := onlyQuery(c.r, "algorithm_type"); f != nil {
		return nil, f
	}
	if c.m.Verify == byPublicKey {
		return nil, refuse(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
	}
	text, err := c.m.seal([]byte(c.m.PlatformPEM), "certificate")
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, "SYSTEM_ERROR", "系统错误")
	}
	now := h.wall()
	return map[string]any{"data": []any{map[string]any{
		"serial_no": c.m.PlatformSerial, "effective_time": now.Add(-time.Hour).Format(time.RFC3339), "expire_time": now.AddDate(5, 0, 0).Format(time.RFC3339),
		"encrypt_certificate": text,
	}}}, nil
}

// consumerComplaints is the list of 消费者投诉 2.0, which is empty here (reference §4.2).
func (h *Host) consumerComplaints(c *caller, _ string) (any, *refusal) {
	if f := onlyQuery(c.r, "limit", "offset", "begin_date", "end_date", "complainted_mchid"); f != nil {
		return nil, f
	}
	q := c.r.URL.Query()
	from, err1 := time.Parse(time.DateOnly, q.Get("begin_date"))
	to, err2 := time.Parse(time.DateOnly, q.Get("end_date"))
	if err1 != nil || err2 != nil || to.Before(from) || to.Sub(from) > 30*24*time.Hour {
		return nil, parameter("begin_date 和 end_date 相差最多 30 天")
	}
	limit := 10
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 50 {
			return nil, parameter("limit 为 1 到 50")
		}
		limit = n
	}
	return map[string]any{"data": []any{}, "limit": limit, "offset": 0, "total_count": 0}, nil
}

// echo is documented for partners only (reference §2.5).
func (h *Host) echo(c *caller, _ string) (any, *refusal) {
	var b struct {
		Message   string `json:"echo_message"`
		Encrypted string `json:"encrypted_echo_message"`
		NotifyURL string `json:"notify_url"`
	}
	if f := c.decode(&b); f != nil {
		return nil, f
	}
	if len(c.m.subs) == 0 {
		return nil, refuse(http.StatusForbidden, "NO_AUTH", "商户没有权限")
	}
	return map[string]any{"echo_message": b.Message}, nil
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return []byte("{}")
	}
	return b
}
