// Package fakepay is a small WeChat Pay for tests that need to hold every moment of a call in their hand: it verifies what is signed, signs what it answers, keeps a ledger
// of money, and loses answers when it is told to. Built from reference/wechat-pay.md alone; it shares no code with wxpay.
package fakepay

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Modes of a call, chosen by Pay.SetFault.
const (
	OK               = ""
	AcceptThen500    = "accept_then_500"
	AcceptThenHangUp = "accept_then_hang_up"
	AcceptThen429    = "accept_then_429"
	AcceptThenBadReq = "invalid_request_after_accept"
	BadSignature     = "bad_signature"
	NoSignature      = "no_signature"
	HangUp           = "hang_up" // before anything happened
	// Anything of the form "403 NOT_ENOUGH" answers that status and code, and does nothing else.
)

// Merchant is an account at this WeChat Pay.
type Merchant struct {
	MchID, APIv3Key, Serial   string
	KeyPEM, CertPEM           string
	PublicKeyID, PublicKeyPEM string
	PlatformSerial            string
	// PublicKeyOnly merchants have no platform certificate.
	PublicKeyOnly bool
	// PlatformCertPEM is what PlatformSerial names.
	PlatformCertPEM string
	key             *rsa.PrivateKey
}

// Order is a paid order.
type Order struct {
	TransactionID, MchID, SpMchID, AppID, OpenID, OutTradeNo, TradeState string
	Total                                                                int64
	PaidAt                                                               time.Time
}

// Refund is money that moved, or does.
type Refund struct {
	RefundID, OutRefundNo, MchID, TransactionID, Status, NotifyURL string
	Amount, Total                                                  int64
	Calls                                                          int
}

// Pay is the service. Its field is set before it is used.
type Pay struct {
	Now func() time.Time

	mu        sync.Mutex
	fault     func(api, outRefundNo string) string
	outcome   string
	platform  *rsa.PrivateKey // signs as certificate and as public key
	merchants map[string]*Merchant
	orders    map[string]*Order
	refunds   map[string]*Refund // by mchid/out_refund_no
	seq       int
}

var keys = sync.OnceValue(func() []*rsa.PrivateKey {
	out := make([]*rsa.PrivateKey, 3)
	for i := range out {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out[i] = k
	}
	return out
})

// Keys returns RSA keys that are made once per process, since that takes long. There are three; the first is the platform's.
func Keys() []*rsa.PrivateKey { return keys() }

// New returns an empty service.
func New(now func() time.Time) *Pay {
	return &Pay{Now: now, platform: keys()[0], merchants: map[string]*Merchant{}, orders: map[string]*Order{}, refunds: map[string]*Refund{}}
}

// Certificate makes a certificate for a key.
func Certificate(key *rsa.PrivateKey, cn string, serial int64, from, to time.Time) string {
	tpl := &x509.Certificate{
		SerialNumber: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x5A), 150), big.NewInt(serial)), Subject: pkix.Name{CommonName: cn}, NotBefore: from, NotAfter: to,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// SerialOf returns the serial of a certificate as WeChat Pay writes it.
func SerialOf(certPEM string) string {
	b, _ := pem.Decode([]byte(certPEM))
	c, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%040X", c.SerialNumber)
}

// AddMerchant opens an account.
func (p *Pay) AddMerchant(mchid string) *Merchant {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keys()[1]
	n := int64(len(p.merchants) + 1)
	now := p.Now()
	cert := Certificate(key, mchid, n, now.Add(-time.Hour), now.AddDate(5, 0, 0))
	plat := Certificate(p.platform, "Tenpay.com sign", 1000+n, now.Add(-time.Hour), now.AddDate(5, 0, 0))
	kb, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	pb, err := x509.MarshalPKIXPublicKey(&p.platform.PublicKey)
	if err != nil {
		panic(err)
	}
	m := &Merchant{
		MchID: mchid, APIv3Key: fmt.Sprintf("%032d", 77000+n), Serial: SerialOf(cert), CertPEM: cert, key: key, PlatformSerial: SerialOf(plat), PlatformCertPEM: plat,
		KeyPEM:       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kb})),
		PublicKeyPEM: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pb})), PublicKeyID: fmt.Sprintf("PUB_KEY_ID_01%020d", n),
	}
	p.merchants[mchid] = m
	return m
}

// AddOrder records a payment.
func (p *Pay) AddOrder(o Order) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o.TradeState == "" {
		o.TradeState = "SUCCESS"
	}
	if o.PaidAt.IsZero() {
		o.PaidAt = p.Now().Add(-24 * time.Hour)
	}
	p.orders[o.TransactionID] = &o
}

// Refunds returns the ledger.
func (p *Pay) Refunds() []Refund {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Refund, 0, len(p.refunds))
	for _, r := range p.refunds {
		out = append(out, *r)
	}
	return out
}

// Moved is the money given back for an order, everything that is not closed.
func (p *Pay) Moved(transactionID string) (fen int64, refunds int) {
	for _, r := range p.Refunds() {
		if r.TransactionID == transactionID && r.Status != "CLOSED" {
			fen, refunds = fen+r.Amount, refunds+1
		}
	}
	return fen, refunds
}

// SetStatus changes a refund, as banks do.
func (p *Pay) SetStatus(mchid, outRefundNo, status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refunds[mchid+"/"+outRefundNo].Status = status
}

var authField = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)

// authorization reads the header; the order of its fields is free.
func authorization(h string) (mchid, nonce, signature, timestamp, serial string, ok bool) {
	rest, ok := strings.CutPrefix(h, "WECHATPAY2-SHA256-RSA2048 ")
	f := map[string]string{}
	for _, m := range authField.FindAllStringSubmatch(rest, -1) {
		f[m[1]] = m[2]
	}
	return f["mchid"], f["nonce_str"], f["signature"], f["timestamp"], f["serial_no"], ok && len(f) == 5
}

// ServeHTTP implements http.Handler.
func (p *Pay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	a := &answer{pay: p, w: w, r: r}
	p.mu.Lock()
	m, problem := p.verify(r, body)
	p.mu.Unlock()
	a.m = m
	if problem != "" {
		a.problem(http.StatusUnauthorized, "SIGN_ERROR", problem)
		return
	}
	api, number := "order", ""
	var in createBody
	switch {
	case r.URL.Path == "/v3/certificates":
		api = "certificates"
	case r.Method == http.MethodPost && r.URL.Path == "/v3/refund/domestic/refunds":
		api = "refund"
		if json.Unmarshal(body, &in) != nil {
			a.problem(http.StatusBadRequest, "PARAM_ERROR", "body")
			return
		}
		number = in.OutRefundNo
	case strings.HasPrefix(r.URL.Path, "/v3/refund/domestic/refunds/"):
		api, number = "query", strings.TrimPrefix(r.URL.Path, "/v3/refund/domestic/refunds/")
	}
	p.mu.Lock()
	if p.fault != nil {
		a.mode = p.fault(api, number)
	}
	p.mu.Unlock()
	if status, code, ok := strings.Cut(a.mode, " "); ok {
		n, _ := strconv.Atoi(status) // "0" in a broken test
		a.problem(n, code, "simulated")
		return
	}
	if a.mode == HangUp {
		panic(http.ErrAbortHandler)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch api {
	case "refund":
		p.create(a, in)
	case "query":
		p.query(a, number)
	case "certificates":
		p.certificates(a)
	default:
		p.order(a)
	}
}

// SetFault chooses what goes wrong with a call; api is refund, query, order or certificates. nil = nothing. It is called for one call at a time.
func (p *Pay) SetFault(choose func(api, outRefundNo string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = choose
}

// SetOutcome chooses the status of new refunds; "" = SUCCESS.
func (p *Pay) SetOutcome(status string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.outcome = status
}

func (p *Pay) verify(r *http.Request, body []byte) (*Merchant, string) {
	mchid, nonce, signature, timestamp, serial, ok := authorization(r.Header.Get("Authorization"))
	if !ok {
		return nil, "Authorization"
	}
	m := p.merchants[mchid]
	if m == nil || serial != m.Serial {
		return m, "商户证书序列号有误"
	}
	ts, err := strconv.ParseInt(timestamp, 10, 64)
	if d := p.Now().Sub(time.Unix(ts, 0)); err != nil || d.Abs() > 5*time.Minute {
		return m, "请求时间戳已过期"
	}
	sum := sha256.Sum256([]byte(r.Method + "\n" + r.URL.RequestURI() + "\n" + timestamp + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || rsa.VerifyPKCS1v15(&m.key.PublicKey, crypto.SHA256, sum[:], sig) != nil {
		return m, "签名错误"
	}
	return m, ""
}

type createBody struct {
	SubMchID      string `json:"sub_mchid"`
	TransactionID string `json:"transaction_id"`
	OutRefundNo   string `json:"out_refund_no"`
	NotifyURL     string `json:"notify_url"`
	Amount        struct {
		Refund   int64  `json:"refund"`
		Total    int64  `json:"total"`
		Currency string `json:"currency"`
	} `json:"amount"`
}

func (p *Pay) create(a *answer, in createBody) {
	owner := a.m.MchID
	if in.SubMchID != "" {
		owner = in.SubMchID
	}
	key := owner + "/" + in.OutRefundNo
	if have := p.refunds[key]; have != nil {
		have.Calls++
		if have.Amount != in.Amount.Refund || have.Total != in.Amount.Total || have.TransactionID != in.TransactionID || have.NotifyURL != in.NotifyURL {
			a.problem(http.StatusBadRequest, "INVALID_REQUEST", "请求内容和上次请求不一致")
			return
		}
		a.accepted(have.view())
		return
	}
	o := p.orders[in.TransactionID]
	if o == nil || o.MchID != owner {
		a.problem(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "订单不存在")
		return
	}
	var moved int64
	for _, r := range p.refunds {
		if r.TransactionID == in.TransactionID && r.Status != "CLOSED" {
			moved += r.Amount
		}
	}
	if in.Amount.Total != o.Total || in.Amount.Refund < 1 || moved+in.Amount.Refund > o.Total {
		a.problem(http.StatusBadRequest, "INVALID_REQUEST", "订单金额或退款金额有误，或订单已全额退款")
		return
	}
	p.seq++
	r := &Refund{
		RefundID: fmt.Sprintf("5030%024d", p.seq), OutRefundNo: in.OutRefundNo, MchID: owner, TransactionID: in.TransactionID, Amount: in.Amount.Refund, Total: in.Amount.Total,
		NotifyURL: in.NotifyURL, Status: "SUCCESS", Calls: 1,
	}
	if p.outcome != "" {
		r.Status = p.outcome
	}
	p.refunds[key] = r
	o.TradeState = "REFUND"
	a.accepted(r.view())
}

func (r *Refund) view() map[string]any {
	v := map[string]any{
		"refund_id": r.RefundID, "out_refund_no": r.OutRefundNo, "transaction_id": r.TransactionID, "out_trade_no": "T" + r.TransactionID, "channel": "ORIGINAL",
		"user_received_account": "支付用户零钱", "create_time": "2026-03-12T14:18:00+08:00", "status": r.Status,
		"amount": map[string]any{"total": r.Total, "refund": r.Amount, "payer_total": r.Total, "payer_refund": r.Amount, "currency": "CNY"},
	}
	if r.Status == "SUCCESS" {
		v["success_time"] = "2026-03-12T14:18:05+08:00"
	}
	return v
}

func (p *Pay) query(a *answer, number string) {
	owner := a.m.MchID
	if sub := a.r.URL.Query().Get("sub_mchid"); sub != "" {
		owner = sub
	}
	r := p.refunds[owner+"/"+number]
	if r == nil {
		a.problem(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在")
		return
	}
	a.accepted(r.view())
}

func (p *Pay) order(a *answer) {
	o := p.orders[a.r.URL.Path[strings.LastIndexByte(a.r.URL.Path, '/')+1:]]
	q := a.r.URL.Query()
	mchid := q.Get("mchid") + q.Get("sub_mchid")
	if o == nil || o.MchID != mchid {
		a.problem(http.StatusNotFound, "ORDER_NOT_EXIST", "订单不存在")
		return
	}
	v := map[string]any{
		"appid": o.AppID, "mchid": o.MchID, "transaction_id": o.TransactionID, "out_trade_no": o.OutTradeNo, "trade_state": o.TradeState,
		"success_time": o.PaidAt.Format(time.RFC3339), "payer": map[string]any{"openid": o.OpenID}, "amount": map[string]any{"total": o.Total, "payer_total": o.Total, "currency": "CNY"},
	}
	if sp := q.Get("sp_mchid"); sp != "" {
		delete(v, "appid")
		delete(v, "mchid")
		v["sp_mchid"], v["sub_mchid"], v["sub_appid"], v["payer"] = sp, o.MchID, o.AppID, map[string]any{"sub_openid": o.OpenID}
	}
	a.accepted(v)
}

func (p *Pay) certificates(a *answer) {
	if a.m.PublicKeyOnly {
		a.problem(http.StatusNotFound, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥")
		return
	}
	a.accepted(map[string]any{"data": []any{map[string]any{
		"serial_no": a.m.PlatformSerial, "effective_time": "2026-03-12T00:00:00+08:00", "expire_time": "2031-03-12T00:00:00+08:00",
		"encrypt_certificate": Seal(a.m.APIv3Key, "certificate", "", []byte(a.m.PlatformCertPEM)),
	}}})
}

// Seal encrypts as WeChat Pay does.
func Seal(key, associated, original string, plain []byte) map[string]any {
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := fmt.Sprintf("%012d", time.Now().UnixNano()%1e12)
	out := map[string]any{
		"algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": associated, "ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte(nonce), plain, []byte(associated))),
	}
	if original != "" {
		out["original_type"] = original
	}
	return out
}

// answer is one response.
type answer struct {
	pay  *Pay
	m    *Merchant
	w    http.ResponseWriter
	r    *http.Request
	mode string
}

func (a *answer) accepted(v any) {
	switch a.mode {
	case AcceptThen500:
		a.problem(http.StatusInternalServerError, "SYSTEM_ERROR", "系统繁忙")
	case AcceptThen429:
		a.problem(http.StatusTooManyRequests, "FREQUENCY_LIMITED", "频率限制")
	case AcceptThenBadReq:
		a.problem(http.StatusBadRequest, "INVALID_REQUEST", "您的请求参数与订单信息不一致")
	case AcceptThenHangUp:
		panic(http.ErrAbortHandler)
	default:
		a.write(http.StatusOK, v)
	}
}

func (a *answer) problem(status int, code, message string) {
	a.w.Header().Set("Request-ID", "08F6-268443699")
	a.write(status, map[string]any{"code": code, "message": message})
}

func (a *answer) write(status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	h := a.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Date", a.pay.Now().UTC().Format(http.TimeFormat))
	serial := ""
	if a.m != nil {
		serial = a.m.PlatformSerial
		if strings.HasPrefix(a.r.Header.Get("Wechatpay-Serial"), "PUB_KEY_ID_") || a.m.PublicKeyOnly {
			serial = a.m.PublicKeyID
		}
	}
	if a.mode != NoSignature {
		for k, x := range a.pay.Sign(serial, raw, a.pay.Now()) {
			h[k] = x
		}
	}
	if a.mode == BadSignature {
		h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(make([]byte, 256)))
	}
	a.w.WriteHeader(status)
	_, _ = a.w.Write(raw) // the caller may be gone
}

// Sign returns the headers of an answer or a notification.
func (p *Pay) Sign(serial string, raw []byte, at time.Time) http.Header {
	ts, nonce := strconv.FormatInt(at.Unix(), 10), "n0nce"
	sum := sha256.Sum256([]byte(ts + "\n" + nonce + "\n" + string(raw) + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, p.platform, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	h.Set("Wechatpay-Serial", serial)
	h.Set("Wechatpay-Timestamp", ts)
	h.Set("Wechatpay-Nonce", nonce)
	h.Set("Wechatpay-Signature", base64.StdEncoding.EncodeToString(sig))
	h.Set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048")
	return h
}

// Notice is the notification of a refund as it stands. serial "" = the merchant's platform certificate.
func (p *Pay) Notice(r Refund, serial string) (http.Header, []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.merchants[r.MchID]
	plain, err := json.Marshal(map[string]any{
		"mchid": r.MchID, "transaction_id": r.TransactionID, "out_trade_no": "T" + r.TransactionID, "refund_id": r.RefundID, "out_refund_no": r.OutRefundNo, "refund_status": r.Status,
		"success_time": "2026-03-12T14:18:05+08:00", "user_received_account": "支付用户零钱", "amount": map[string]any{"total": r.Total, "refund": r.Amount, "payer_total": r.Total, "payer_refund": r.Amount},
	})
	if err != nil {
		panic(err)
	}
	p.seq++
	raw, err := json.Marshal(map[string]any{
		"id": fmt.Sprintf("EV-%d", p.seq), "create_time": "2026-03-12T14:18:05+08:00", "event_type": "REFUND." + r.Status, "resource_type": "encrypt-resource", "summary": "退款",
		"resource": Seal(m.APIv3Key, "refund", "refund", plain),
	})
	if err != nil {
		panic(err)
	}
	if serial == "" {
		serial = m.PlatformSerial
	}
	return p.Sign(serial, raw, p.Now()), raw
}
