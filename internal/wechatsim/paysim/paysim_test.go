package paysim

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// till is a merchant's own little program: it signs and verifies by itself.
type till struct {
	t   *testing.T
	h   *Host
	url string
	c   Credentials
	now *clock
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

const paidOrder = "4200000000000000000000000001"

func newTill(t *testing.T, m Merchant) *till {
	t.Helper()
	now := &clock{at: time.Date(2026, 3, 12, 6, 0, 0, 0, time.UTC)}
	h := New(Options{Now: now.Now, Wall: now.Now, Client: http.DefaultClient})
	c, err := h.AddMerchant(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.PutOrder(Order{TransactionID: paidOrder, OutTradeNo: "ORDER001", AppID: "wx1", OpenID: "o1", Total: 16800, AgeSeconds: 3600}); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	h.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &till{t: t, h: h, url: srv.URL, c: c, now: now}
}

// waitUntil returns when cond, asked with the host's lock held, is true.
func (l *till) waitUntil(cond func() bool) {
	l.t.Helper()
	for {
		changed := l.h.Changed()
		l.h.mu.Lock()
		ok := cond()
		l.h.mu.Unlock()
		if ok {
			return
		}
		<-changed
	}
}

func key(t *testing.T, text string) *rsa.PrivateKey {
	t.Helper()
	b, _ := pem.Decode([]byte(text))
	k, err := x509.ParsePKCS8PrivateKey(b.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return k.(*rsa.PrivateKey)
}

// call signs and sends; tamper may spoil the request. It fails the test when an answer of 200 is not signed rightly.
func (l *till) call(method, path, body string, tamper ...func(*http.Request)) (int, map[string]any) {
	l.t.Helper()
	ts, nonce := strconv.FormatInt(l.now.Now().Unix(), 10), "0123456789abcdef"
	sum := sha256.Sum256([]byte(method + "\n" + path + "\n" + ts + "\n" + nonce + "\n" + body + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key(l.t, l.c.PrivateKeyPEM), crypto.SHA256, sum[:])
	if err != nil {
		l.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(l.t.Context(), method, l.url+path, strings.NewReader(body))
	if err != nil {
		l.t.Fatal(err)
	}
	req.Header.Set("Authorization", fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",serial_no="%s",nonce_str="%s",timestamp="%s",signature="%s"`,
		l.c.MchID, l.c.CertSerial, nonce, ts, base64.StdEncoding.EncodeToString(sig)))
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "test")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, spoil := range tamper {
		spoil(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	if resp.StatusCode == http.StatusOK && !l.signed(resp.Header, raw) {
		return -1, nil
	}
	out := map[string]any{}
	_ = json.Unmarshal(raw, &out)
	return resp.StatusCode, out
}

// signed verifies with what the merchant copied from the console.
func (l *till) signed(header http.Header, raw []byte) bool {
	l.t.Helper()
	var pub any
	var err error
	switch header.Get("Wechatpay-Serial") {
	case l.c.PublicKeyID:
		b, _ := pem.Decode([]byte(l.c.PublicKeyPEM))
		pub, err = x509.ParsePKIXPublicKey(b.Bytes)
	case l.c.PlatformSerial:
		b, _ := pem.Decode([]byte(l.c.PlatformPEM))
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(b.Bytes); err == nil {
			pub = c.PublicKey
		}
	default:
		return false
	}
	if err != nil {
		l.t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(header.Get("Wechatpay-Signature"))
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(header.Get("Wechatpay-Timestamp") + "\n" + header.Get("Wechatpay-Nonce") + "\n" + string(raw) + "\n"))
	return rsa.VerifyPKCS1v15(pub.(*rsa.PublicKey), crypto.SHA256, sum[:], sig) == nil
}

func (l *till) refund(number string, amount int64, more string) (int, map[string]any) {
	return l.call("POST", "/v3/refund/domestic/refunds",
		fmt.Sprintf(`{"transaction_id":"%s","out_refund_no":"%s"%s,"amount":{"refund":%d,"total":16800,"currency":"CNY"}}`, paidOrder, number, more, amount))
}

func (l *till) moved() int64 { return l.h.Ledger().Totals[paidOrder] }

func want(t *testing.T, what string, status int, out map[string]any, wantStatus int, code string) {
	t.Helper()
	if status != wantStatus || code != "" && out["code"] != code {
		t.Errorf("%s: %d %v, want %d %s", what, status, out, wantStatus, code)
	}
}

func TestARefundIsMadeOnceUnderItsNumber(t *testing.T) {
	l := newTill(t, Merchant{})
	status, out := l.refund("R1", 6800, "")
	if status != 200 || out["status"] != processing {
		t.Fatalf("first: %d %v", status, out)
	}
	id := out["refund_id"]
	status, out = l.refund("R1", 6800, "")
	if status != 200 || out["refund_id"] != id || l.moved() != 6800 {
		t.Errorf("the same again: %d %v, moved %d; want the same refund and no more money", status, out, l.moved())
	}
	status, out = l.refund("R1", 6900, "")
	want(t, "another amount under the number", status, out, 400, "INVALID_REQUEST")
	l.now.add(2 * time.Second)
	if _, out = l.call("GET", "/v3/refund/domestic/refunds/R1", ""); out["status"] != success || out["success_time"] == nil {
		t.Errorf("a moment later: %v, want SUCCESS", out)
	}
	status, out = l.call("GET", "/v3/refund/domestic/refunds/R2", "")
	want(t, "a number never used", status, out, 404, "RESOURCE_NOT_EXISTS")
	if l.moved() != 6800 {
		t.Errorf("moved %d, want 6800", l.moved())
	}
}

func TestAnOrderGivesBackNoMoreThanWasPaid(t *testing.T) {
	l := newTill(t, Merchant{})
	l.refund("R1", 10000, "")
	status, out := l.refund("R2", 100, "")
	want(t, "a second one within a minute", status, out, 429, "FREQUENCY_LIMITED")
	l.now.add(time.Minute)
	status, out = l.refund("R2", 6801, "")
	want(t, "more than is left", status, out, 400, "INVALID_REQUEST")
	status, out = l.refund("R2", 6800, "")
	want(t, "the rest", status, out, 200, "")
	l.now.add(time.Minute)
	status, out = l.refund("R3", 1, "")
	want(t, "after all is back", status, out, 400, "INVALID_REQUEST")
	if _, out := l.call("GET", "/v3/pay/transactions/id/"+paidOrder+"?mchid="+l.c.MchID, ""); out["trade_state"] != "REFUND" {
		t.Errorf("the order is %v, want REFUND", out["trade_state"])
	}
	if l.moved() != 16800 {
		t.Errorf("moved %d, want 16800", l.moved())
	}
}

func TestWhatIsWrongIsRefusedAndMovesNothing(t *testing.T) {
	l := newTill(t, Merchant{})
	long := strings.Repeat("退", 27) // 81 bytes
	for name, c := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"a field that does not exist": {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":1,"total":16800,"currency":"CNY"},"x":1}`, 400, "PARAM_ERROR"},
		"an amount as text":           {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":"1","total":16800,"currency":"CNY"}}`, 400, "PARAM_ERROR"},
		"both order numbers":          {`{"transaction_id":"` + paidOrder + `","out_trade_no":"ORDER001","out_refund_no":"R","amount":{"refund":1,"total":16800,"currency":"CNY"}}`, 400, "PARAM_ERROR"},
		"no currency":                 {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":1,"total":16800}}`, 400, "PARAM_ERROR"},
		"a reason of 81 bytes":        {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","reason":"` + long + `","amount":{"refund":1,"total":16800,"currency":"CNY"}}`, 400, "PARAM_ERROR"},
		"a notify_url with a query":   {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","notify_url":"https://x.example/n?a=1","amount":{"refund":1,"total":16800,"currency":"CNY"}}`, 400, "PARAM_ERROR"},
		"another total":               {`{"transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":1,"total":16801,"currency":"CNY"}}`, 400, "INVALID_REQUEST"},
		"an order that is not there":  {`{"transaction_id":"42","out_refund_no":"R","amount":{"refund":1,"total":16800,"currency":"CNY"}}`, 404, "RESOURCE_NOT_EXISTS"},
		"sub_mchid without partners":  {`{"sub_mchid":"1","transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":1,"total":16800,"currency":"CNY"}}`, 400, "PARAM_ERROR"},
	} {
		status, out := l.call("POST", "/v3/refund/domestic/refunds", c.body)
		want(t, name, status, out, c.status, c.code)
	}
	good := `{"transaction_id":"` + paidOrder + `","out_refund_no":"R","amount":{"refund":1,"total":16800,"currency":"CNY"}}`
	for name, spoil := range map[string]func(*http.Request){
		"another body": func(r *http.Request) {
			r.Body = io.NopCloser(bytes.NewReader([]byte(strings.Replace(good, ":1,", ":2,", 1))))
		},
		"another path": func(r *http.Request) { r.URL.RawQuery = "a=1" },
		"no signature": func(r *http.Request) { r.Header.Del("Authorization") },
		"another serial": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), l.c.CertSerial, "00", 1))
		},
		"an old timestamp": func(*http.Request) { l.now.add(6 * time.Minute) },
		"a nonce too long": func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "0123456789abcdef", strings.Repeat("a", 33), 1))
		},
		"an unknown scheme": func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
	} {
		status, out := l.call("POST", "/v3/refund/domestic/refunds", good, spoil)
		want(t, name, status, out, 401, "SIGN_ERROR")
	}
	if l.moved() != 0 {
		t.Errorf("moved %d, want nothing", l.moved())
	}
}

func TestAnAcceptedRefundCanBeAnsweredAsIfItWasNot(t *testing.T) {
	for mode, status := range map[string]int{
		"accept_then_500": 500, "accept_then_hang_up": 0, "accept_then_429": 429, "accept_then_202": 202, "invalid_request_after_accept": 400, "bad_signature": -1, "no_signature": -1,
	} {
		t.Run(mode, func(t *testing.T) {
			l := newTill(t, Merchant{})
			if err := l.h.AddFault(Fault{Target: "pay.refund.create", Mode: mode}); err != nil {
				t.Fatal(err)
			}
			if got, out := l.refund("R1", 6800, ""); got != status {
				t.Errorf("answer %d %v, want %d", got, out, status)
			}
			if l.moved() != 6800 {
				t.Errorf("moved %d, want 6800 although the answer says otherwise", l.moved())
			}
			if got, _ := l.refund("R1", 6800, ""); got != 200 || l.moved() != 6800 {
				t.Errorf("the same again: %d, moved %d; want 200 and no more money", got, l.moved())
			}
		})
	}
	l := newTill(t, Merchant{})
	for _, f := range []Fault{{Target: "pay.refund.create", Mode: "not_enough"}, {Target: "pay.refund.create", Mode: "drop"}, {Target: "pay.refund.create", HTTPStatus: 429, Code: "FREQUENCY_LIMITED"}} {
		if err := l.h.AddFault(f); err != nil {
			t.Fatal(err)
		}
		if status, _ := l.refund("R1", 6800, ""); status == 200 || l.moved() != 0 {
			t.Errorf("%+v: answer %d, moved %d; want a refusal and no money", f, status, l.moved())
		}
	}
	if err := l.h.AddFault(Fault{Target: "pay.refund.create", Mode: "no such mode"}); err == nil {
		t.Error("a mode that does not exist was armed")
	}
}

func TestBothWaysToVerifyAreServed(t *testing.T) {
	l := newTill(t, Merchant{Verify: byPublicKey})
	status, out := l.call("GET", "/v3/certificates", "")
	want(t, "certificates of a merchant with a public key", status, out, 404, "RESOURCE_NOT_EXISTS")
	status, out = l.refund("R1", 1, "")
	want(t, "a refund, signed with the public key", status, out, 200, "")

	l = newTill(t, Merchant{})
	status, out = l.call("GET", "/v3/certificates", "")
	want(t, "certificates", status, out, 200, "")
	got := out["data"].([]any)[0].(map[string]any)
	text := got["encrypt_certificate"].(map[string]any)
	if plain := unseal(t, l.c.APIv3Key, text); string(plain) != l.c.PlatformPEM || got["serial_no"] != l.c.PlatformSerial {
		t.Error("the certificate inside is not the platform's")
	}
}

func unseal(t *testing.T, apiKey string, v map[string]any) []byte {
	t.Helper()
	block, err := aes.NewCipher([]byte(apiKey))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(v["ciphertext"].(string))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gcm.Open(nil, []byte(v["nonce"].(string)), raw, []byte(v["associated_data"].(string)))
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestTheMerchantIsToldUntilItAnswers(t *testing.T) {
	l := newTill(t, Merchant{})
	type heard struct {
		right  bool
		status string
	}
	told := make(chan heard, 10)
	answers := make(chan int, 10)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		v := map[string]any{}
		_ = json.Unmarshal(raw, &v)
		h := heard{right: l.signed(r.Header, raw)}
		inside := map[string]any{}
		_ = json.Unmarshal(unseal(t, l.c.APIv3Key, v["resource"].(map[string]any)), &inside)
		h.status, _ = inside["refund_status"].(string)
		w.WriteHeader(<-answers)
		told <- h
	}))
	defer shop.Close()
	if err := l.h.AddFault(Fault{Target: NoticeTarget, Mode: "bad_signature"}); err != nil {
		t.Fatal(err)
	}
	answers <- 401
	answers <- 500
	answers <- 204
	go l.h.Run(t.Context())
	if status, out := l.refund("R1", 100, `,"notify_url":"`+shop.URL+`/n"`); status != 200 {
		t.Fatal(status, out)
	}
	l.now.add(2 * time.Second)
	if h := <-told; h.right {
		t.Error("the probe was signed rightly")
	}
	if h := <-told; !h.right || h.status != success {
		t.Errorf("after the probe: %+v", h)
	}
	l.waitUntil(func() bool { return len(l.h.notices) == 1 }) // put back, to be tried later
	l.now.add(15 * time.Second)
	if h := <-told; !h.right || h.status != success {
		t.Errorf("again after 15 s: %+v", h)
	}
}

func TestAPartnerNamesTheSubMerchant(t *testing.T) {
	l := newTill(t, Merchant{SubMchIDs: []string{"1900000001"}})
	if err := l.h.PutOrder(Order{TransactionID: paidOrder, OutTradeNo: "ORDER001", MchID: "1900000001", Total: 16800}); err != nil {
		t.Fatal(err)
	}
	status, out := l.refund("R1", 1, "")
	want(t, "without sub_mchid", status, out, 400, "PARAM_ERROR")
	status, out = l.refund("R1", 1, `,"sub_mchid":"1900000002"`)
	want(t, "somebody else's", status, out, 403, "NO_AUTH")
	status, out = l.refund("R1", 1, `,"sub_mchid":"1900000001"`)
	want(t, "its own", status, out, 200, "")
	status, out = l.call("GET", "/v3/refund/domestic/refunds/R1?sub_mchid=1900000001", "")
	want(t, "asked about", status, out, 200, "")
	status, out = l.call("GET", "/v3/pay/partner/transactions/id/"+paidOrder+"?sp_mchid="+l.c.MchID+"&sub_mchid=1900000001", "")
	want(t, "its order", status, out, 200, "")
}
