package wxpay_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"
	sdk "github.com/wechatpay-apiv3/wechatpay-go/utils"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const mchid = "1900000109"

type bed struct {
	pay     *paysim.Host
	m       paysim.Credentials
	url     string
	client  *wxpay.Client
	account *wxpay.Account
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{pay: paykit.New(t, time.Now)} // the SDK knows no other clock
	gap := int64(0)
	must(t, b.pay.Set(paysim.Settings{GapMS: &gap}))
	must(t, b.pay.PutOrder(paysim.Order{TransactionID: "4200001", AppID: "wx1", OpenID: "o1", Total: 100}))
	mux := http.NewServeMux()
	b.pay.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	b.url = srv.URL
	b.client = wxpay.New(srv.URL, &http.Client{Timeout: 5 * time.Second}, clock.System{})
	b.m, b.account = b.open(t, mchid, "both")
	return b
}

// open makes a merchant, with the account that is used for it here.
func (b *bed) open(t *testing.T, mchid, verify string) (paysim.Credentials, *wxpay.Account) {
	t.Helper()
	m, err := b.pay.AddMerchant(paysim.Merchant{MchID: mchid, Verify: verify})
	must(t, err)
	key, err := wxpay.ParsePrivateKey(m.PrivateKeyPEM)
	must(t, err)
	pub, err := wxpay.ParsePublicKey(m.PublicKeyPEM)
	must(t, err)
	a := &wxpay.Account{MchID: mchid, Serial: m.CertSerial, Key: key, APIv3Keys: []secret.Text{secret.New(m.APIv3Key)}}
	a.Keys.Add(m.PublicKeyID, pub, true)
	return m, a
}

// sign makes the headers of a notification with the public key.
func (b *bed) sign(t *testing.T, body []byte) http.Header {
	t.Helper()
	h, err := b.pay.Sign(mchid, b.m.PublicKeyID, body)
	must(t, err)
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// toSim sends the SDK's requests, whose host is fixed, to the test server.
type toSim struct{ host string }

func (x toSim) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", x.host
	return http.DefaultTransport.RoundTrip(r)
}

// The official SDK and this client, side by side against one server that verifies and signs: both are accepted, both accept, and both see the same refund.
func TestTheOfficialSDKSeesTheSameRefund(t *testing.T) {
	b := newBed(t)
	u, err := url.Parse(b.url)
	must(t, err)
	pub, err := wxpay.ParsePublicKey(b.m.PublicKeyPEM)
	must(t, err)
	client, err := core.NewClient(context.Background(),
		option.WithWechatPayPublicKeyAuthCipher(mchid, b.m.CertSerial, b.account.Key, b.m.PublicKeyID, pub), option.WithHTTPClient(&http.Client{Transport: toSim{u.Host}}))
	must(t, err)
	ours, err := b.client.CreateRefund(t.Context(), b.account, wxpay.Order{OutRefundNo: "zs-1", TransactionID: "4200001", Amount: 40, Total: 100, Reason: "质量问题"})
	must(t, err)
	api := refunddomestic.RefundsApiService{Client: client}
	theirs, _, err := api.QueryByOutRefundNo(t.Context(), refunddomestic.QueryByOutRefundNoRequest{OutRefundNo: core.String("zs-1")})
	must(t, err)
	if *theirs.RefundId != ours.RefundID || *theirs.Amount.Refund != ours.Amount || string(*theirs.Status) != string(ours.Status) {
		t.Errorf("the SDK sees %v, we see %+v", theirs, ours)
	}
	_, _, err = api.Create(t.Context(), refunddomestic.CreateRequest{
		TransactionId: core.String("4200001"), OutRefundNo: core.String("sdk-1"), Amount: &refunddomestic.AmountReq{Refund: core.Int64(10), Total: core.Int64(100), Currency: core.String("CNY")},
	})
	must(t, err)
	got, err := b.client.QueryRefund(t.Context(), b.account, "sdk-1")
	must(t, err)
	if got.Amount != 10 || got.Status != wxpay.Success {
		t.Errorf("of the SDK's refund we see %+v", got)
	}
}

// A signature made here is verified by the SDK's own means.
func TestTheSDKVerifiesOurSignature(t *testing.T) {
	b := newBed(t)
	var header string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Get("Authorization") + "\x00" + r.URL.RequestURI()
		w.WriteHeader(http.StatusNotFound)
	}))
	defer srv.Close()
	_, err := wxpay.New(srv.URL, srv.Client(), clock.System{}).QueryRefund(t.Context(), b.account, "a|b*c@d")
	if err == nil {
		t.Fatal("a 404 is no refund")
	}
	auth, uri, _ := strings.Cut(header, "\x00")
	field := func(name string) string {
		_, v, _ := strings.Cut(auth, name+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	cert, err := sdk.LoadCertificate(b.m.CertPEM)
	must(t, err)
	v := verifiers.NewSHA256WithRSAVerifier(core.NewCertificateMapWithList([]*x509.Certificate{cert}))
	text := "GET\n" + uri + "\n" + field("timestamp") + "\n" + field("nonce_str") + "\n\n"
	if err := v.Verify(t.Context(), sdk.GetCertificateSerialNumber(*cert), text, field("signature")); err != nil {
		t.Errorf("the SDK refuses our signature: %v", err)
	}
}

// A notification is opened to the same refund by both; what the SDK refuses is refused here.
func TestNoticesAreOpenedAsTheSDKDoes(t *testing.T) {
	b := newBed(t)
	_, err := b.client.CreateRefund(t.Context(), b.account, wxpay.Order{OutRefundNo: "zs-1", TransactionID: "4200001", Amount: 40, Total: 100})
	must(t, err)
	h, raw, err := b.pay.Notice("zs-1", b.m.PublicKeyID, nil)
	must(t, err)
	pub, err := wxpay.ParsePublicKey(b.m.PublicKeyPEM)
	must(t, err)
	handler, err := notify.NewRSANotifyHandler(b.m.APIv3Key, verifiers.NewSHA256WithRSAPubkeyVerifier(b.m.PublicKeyID, *pub))
	must(t, err)
	parse := func(h http.Header, raw []byte) (map[string]any, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", bytes.NewReader(raw))
		r.Header = h
		out := map[string]any{}
		_, err := handler.ParseNotifyRequest(t.Context(), r, &out)
		return out, err
	}
	theirs, err := parse(h, raw)
	must(t, err)
	ours, err := wxpay.OpenNotice(b.account, h, raw, time.Now())
	must(t, err)
	if ours.Refund == nil || theirs["out_refund_no"] != ours.Refund.OutRefundNo || theirs["refund_id"] != ours.Refund.RefundID || theirs["mchid"] != ours.Refund.MchID {
		t.Errorf("the SDK opens %v, we open %+v", theirs, ours.Refund)
	}
	for name, change := range map[string]func(h http.Header) []byte{
		"another body":   func(http.Header) []byte { return append(bytes.Clone(raw), ' ') },
		"no signature":   func(h http.Header) []byte { h.Del("Wechatpay-Signature"); return raw },
		"another serial": func(h http.Header) []byte { h.Set("Wechatpay-Serial", "PUB_KEY_ID_other"); return raw },
		"another time":   func(h http.Header) []byte { h.Set("Wechatpay-Timestamp", "1"); return raw },
	} {
		bad := h.Clone()
		body := change(bad)
		if _, err := parse(bad.Clone(), body); err == nil {
			t.Errorf("%s: the SDK takes it", name)
		}
		if _, err := wxpay.OpenNotice(b.account, bad, body, time.Now()); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// What must not panic does not: wrong key lengths, wrong nonces, no resource (reference §3.1).
func TestNoticesThatMustNotPanic(t *testing.T) {
	b := newBed(t)
	_, err := b.client.CreateRefund(t.Context(), b.account, wxpay.Order{OutRefundNo: "zs-1", TransactionID: "4200001", Amount: 40, Total: 100})
	must(t, err)
	_, raw, err := b.pay.Notice("zs-1", "", nil)
	must(t, err)
	var good struct {
		Resource struct {
			Nonce      string `json:"nonce"`
			Ciphertext string `json:"ciphertext"`
		} `json:"resource"`
	}
	must(t, json.Unmarshal(raw, &good))
	sealed := good.Resource
	for name, body := range map[string]string{
		"no resource":   `{"id":"1","event_type":"REFUND.SUCCESS"}`,
		"null resource": `{"id":"1","event_type":"REFUND.SUCCESS","resource":null}`,
		"short nonce":   `{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"1","ciphertext":"` + sealed.Ciphertext + `"}}`,
		"long nonce":    `{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"1234567890123","ciphertext":"` + sealed.Ciphertext + `"}}`,
		"no ciphertext": `{"id":"1","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"123456789012","ciphertext":""}}`,
		"other cipher":  `{"id":"1","resource":{"algorithm":"ROT13","nonce":"123456789012","ciphertext":"AAAA"}}`,
		"not JSON":      `<xml/>`,
	} {
		if _, err := wxpay.OpenNotice(b.account, b.sign(t, []byte(body)), []byte(body), time.Now()); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	for _, n := range []int{0, 16, 24, 31, 33} {
		a := *b.account
		a.APIv3Keys = []secret.Text{secret.New(strings.Repeat("k", n))}
		body := []byte(`{"id":"1","event_type":"REFUND.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"` + sealed.Nonce + `","associated_data":"refund","ciphertext":"` + sealed.Ciphertext + `"}}`)
		if _, err := wxpay.OpenNotice(&a, b.sign(t, body), body, time.Now()); !errors.Is(err, wxpay.ErrCipher) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
	}
	probe := http.Header{"Wechatpay-Signature": {"WECHATPAY/SIGNTEST/abc"}}
	if _, err := wxpay.OpenNotice(b.account, probe, []byte("{}"), time.Now()); !errors.Is(err, wxpay.ErrProbe) {
		t.Errorf("a probe gives %v", err)
	}
}

// A 2xx that cannot be believed leaves the refund in doubt, and nothing of the account in the error.
func TestAnAnswerThatCannotBeBelievedIsDoubt(t *testing.T) {
	b := newBed(t)
	for _, mode := range []string{"bad_signature", "no_signature", "accept_then_hang_up", "accept_then_500", "accept_then_429", "accept_then_202", "garbled", "drop", "202 X", "400 INVALID_REQUEST"} {
		paykit.Fail(t, b.pay, "pay.refund.create", mode)
		_, err := b.client.CreateRefund(t.Context(), b.account, wxpay.Order{OutRefundNo: "zs-1", TransactionID: "4200001", Amount: 40, Total: 100})
		e, ok := errors.AsType[*wxpay.Error](err)
		if !ok || e.Class != wxpay.Query {
			t.Errorf("%s: %v", mode, err)
			continue
		}
		block, _ := pem.Decode([]byte(b.m.PrivateKeyPEM))
		if strings.Contains(err.Error(), b.m.APIv3Key) || strings.Contains(err.Error(), string(block.Bytes)) || strings.Contains(err.Error(), "http://") {
			t.Errorf("%s: the error says too much: %v", mode, err)
		}
	}
}

func TestCertificatesAreOpenedAndTrusted(t *testing.T) {
	b := newBed(t)
	certs, err := b.client.Certificates(t.Context(), b.account)
	must(t, err)
	if len(certs) != 1 || certs[0].Serial != b.m.PlatformSerial {
		t.Fatalf("got %v", certs)
	}
	bad := *b.account
	bad.APIv3Keys = []secret.Text{secret.New(strings.Repeat("x", 32))}
	_, err = b.client.Certificates(t.Context(), &bad)
	if e, _ := errors.AsType[*wxpay.Error](err); e == nil || e.Class != wxpay.Config || !errors.Is(err, wxpay.ErrCipher) {
		t.Errorf("a wrong APIv3 key gives %v", err)
	}
	_, alone := b.open(t, "1900000202", "public_key")
	_, err = b.client.Certificates(t.Context(), alone)
	if e, _ := errors.AsType[*wxpay.Error](err); e == nil || e.Class != wxpay.Absent {
		t.Errorf("a merchant with a public key alone gives %v", err)
	}
}
