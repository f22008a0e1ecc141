package sms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/sms"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	secretID  = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
	secretKey = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
	phone     = "+8613800138000"
)

var now = time.Date(2026, 11, 24, 6, 7, 8, 0, time.UTC)

// host is sms.tencentcloudapi.com: it checks the signature by reference/notification-channels.md §3.3 and the request by §3.1.
type host struct {
	t       *testing.T
	mu      sync.Mutex
	answers []string // one by one; then Ok
	sent    []map[string]any
}

func (h *host) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.sent)
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	h.signed(r, body)
	if r.Method != http.MethodPost || r.Header.Get("X-TC-Action") != "SendSms" || r.Header.Get("X-TC-Version") != "2021-01-11" || r.Header.Get("X-TC-Region") != "ap-guangzhou" {
		h.t.Errorf("%s with %v", r.Method, r.Header)
	}
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		h.t.Error(err)
	}
	h.sent = append(h.sent, v)
	h.request(v)
	answer := `{"Response":{"SendStatusSet":[{"SerialNo":"5000:1045710669157053657849499619","PhoneNumber":"` + phone + `","Fee":1,"SessionContext":"x","Code":"Ok","Message":"send success","IsoCode":"CN"}],"RequestId":"a0aabda6-cf91-4f3e-a81f-9198114a2279"}}`
	if len(h.answers) > 0 {
		answer, h.answers = h.answers[0], h.answers[1:]
	}
	switch {
	case answer == "hang up":
		panic(http.ErrAbortHandler)
	case strings.HasPrefix(answer, "<"):
		w.WriteHeader(http.StatusBadGateway)
	}
	_, _ = io.WriteString(w, answer)
}

var authorization = regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d)/sms/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$`)

func (h *host) signed(r *http.Request, body []byte) {
	m := authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	stamp := r.Header.Get("X-TC-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if m == nil || err != nil || m[1] != secretID || m[2] != time.Unix(seconds, 0).UTC().Format(time.DateOnly) {
		h.t.Errorf("Authorization %q at %s", r.Header.Get("Authorization"), stamp)
		return
	}
	canonical := "POST\n/\n\ncontent-type:" + r.Header.Get("Content-Type") + "\nhost:" + r.Host + "\n\ncontent-type;host\n" + sum(body)
	text := "TC3-HMAC-SHA256\n" + stamp + "\n" + m[2] + "/sms/tc3_request\n" + sum([]byte(canonical))
	want := hex.EncodeToString(mac(mac(mac(mac([]byte("TC3"+secretKey), m[2]), "sms"), "tc3_request"), text))
	if m[3] != want {
		h.t.Error("the signature is wrong")
	}
}

func (h *host) request(v map[string]any) {
	params, _ := v["TemplateParamSet"].([]any)
	for _, p := range params {
		if s, ok := p.(string); !ok || s == "" || strings.ContainsAny(s, "【】¥★/") || len([]rune(s)) > 12 {
			h.t.Errorf("parameter %v", p)
		}
	}
	if fmt.Sprint(v["PhoneNumberSet"]) != "["+phone+"]" || v["SmsSdkAppId"] != "1400006666" || v["TemplateId"] != "1110" || v["SignName"] != "满山茶铺" || v["SessionContext"] != message.ID || len(params) != 2 {
		h.t.Errorf("SendSms got %v", v)
	}
}

var message = channel.Message{ID: "0123456789abcdef0123456789abcdef", To: phone, Vars: map[string]string{"order_tail": "897051", "left_hours": "47", "program": "满山茶铺", "amount": "168.00元"}}

func settings(over map[string]any) channel.Settings {
	m := map[string]any{
		"secret_id": secretID, "sdk_app_id": "1400006666", "sign_name": "【满山茶铺】", "template_id": "1110", "params": []string{"order_tail", "left_hours"},
	}
	for k, v := range over {
		m[k] = v
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return channel.Settings{Public: b, Secrets: map[string]secret.Text{"secret_key": secret.New(secretKey)}, Receipts: true}
}

func provider(t *testing.T, h *host) (*sms.Provider, *clock.Fake) {
	t.Helper()
	h.t = t
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return at(srv.URL)
}

func at(base string) (*sms.Provider, *clock.Fake) {
	c := clock.NewFake(now)
	return sms.New(sms.Options{
		BaseURL: base, Transport: outbound.Transport(outbound.Options{AllowPrivate: true}), Clock: c,
		Vars: []string{"order_tail", "left_hours", "program", "amount", "link"},
	}), c
}

func open(t *testing.T, p *sms.Provider, s channel.Settings) channel.Sender {
	t.Helper()
	public, err := p.Check(s)
	if err != nil {
		t.Fatal(err)
	}
	s.Public = public
	sd, err := p.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sd.Close)
	return sd
}

func TestMessageIsSignedAndAccepted(t *testing.T) {
	h := &host{}
	p, _ := provider(t, h)
	r := open(t, p, settings(nil)).Send(t.Context(), message)
	if r.Outcome != channel.Sent || !r.Receipt || r.MessageID != "5000:1045710669157053657849499619" || r.ProviderCode != "Ok" {
		t.Fatalf("%+v", r)
	}
	if got := fmt.Sprint(h.sent[0]["TemplateParamSet"]); got != "[897051 47]" {
		t.Errorf("parameters %s", got)
	}
}

func TestWithoutACallbackNoReceiptIsPromised(t *testing.T) {
	p, _ := provider(t, &host{})
	s := settings(nil)
	s.Receipts = false
	if r := open(t, p, s).Send(t.Context(), message); r.Outcome != channel.Sent || r.Receipt || r.MessageID == "" {
		t.Errorf("%+v", r)
	}
}

func one(code string) string {
	return `{"Response":{"SendStatusSet":[{"SerialNo":"","PhoneNumber":"` + phone + `","Fee":0,"Code":"` + code + `","Message":"13800138000 said no"}],"RequestId":"r-1"}}`
}

func whole(code string) string {
	return `{"Response":{"Error":{"Code":"` + code + `","Message":"refused for ` + phone + `"},"RequestId":"r-1"}}`
}

func TestEveryCodeIsJudged(t *testing.T) {
	const day = 10*time.Hour + 2*time.Minute + 52*time.Second
	for code, want := range map[string]channel.Result{
		"InternalError.Timeout":                                     {Outcome: channel.Unknown},
		"InternalError.SendAndRecvFail":                             {Outcome: channel.Unknown},
		"InternalError.ParseBackendResponseFail":                    {Outcome: channel.Unknown},
		"InternalError.OtherError":                                  {Outcome: channel.Retry, WholeChannel: true},
		"InternalError.RequestTimeException":                        {Outcome: channel.Config, WholeChannel: true},
		"RequestLimitExceeded.IPLimitExceeded":                      {Outcome: channel.Retry, WholeChannel: true, After: 2 * time.Second},
		"LimitExceeded.PhoneNumberThirtySecondLimit":                {Outcome: channel.Retry, Elsewhere: true, After: 31 * time.Second},
		"LimitExceeded.PhoneNumberOneHourLimit":                     {Outcome: channel.Retry, Elsewhere: true, After: time.Hour},
		"LimitExceeded.PhoneNumberDailyLimit":                       {Outcome: channel.Retry, Elsewhere: true, After: day},
		"LimitExceeded.PhoneNumberSameContentDailyLimit":            {Outcome: channel.Retry, Elsewhere: true, After: day},
		"LimitExceeded.AppDailyLimit":                               {Outcome: channel.Retry, Elsewhere: true, WholeChannel: true, After: day},
		"FailedOperation.PhoneNumberInBlacklist":                    {Outcome: channel.Permanent, BadAddress: true},
		"InvalidParameterValue.IncorrectPhoneNumber":                {Outcome: channel.Permanent, BadAddress: true},
		"FailedOperation.ContainSensitiveWord":                      {Outcome: channel.Permanent, Elsewhere: true},
		"InvalidParameterValue.TemplateParameterLengthLimit":        {Outcome: channel.Permanent, WholeChannel: true, Elsewhere: true},
		"UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone": {Outcome: channel.Permanent, Elsewhere: true},
		"FailedOperation.SignatureIncorrectOrUnapproved":            {Outcome: channel.Config, WholeChannel: true},
		"FailedOperation.InsufficientBalanceInSmsPackage":           {Outcome: channel.Config, WholeChannel: true},
		"UnauthorizedOperation.SerivceSuspendDueToArrears":          {Outcome: channel.Config, WholeChannel: true},
		"AuthFailure.SecretIdNotFound":                              {Outcome: channel.Config, WholeChannel: true},
		"AuthFailure.SignatureExpire":                               {Outcome: channel.Config, WholeChannel: true},
		"SomethingNew":                                              {Outcome: channel.Retry, After: time.Minute},
	} {
		for form, answer := range map[string]string{"for the number": one(code), "for the call": whole(code)} {
			h := &host{answers: []string{answer}}
			p, _ := provider(t, h)
			r := open(t, p, settings(nil)).Send(t.Context(), message)
			if strings.Contains(r.ProviderText, "13800138000") || r.ProviderCode != code || r.Text == "" || h.count() != 1 {
				t.Errorf("%s %s: %+v, %d sent", code, form, r, h.count())
			}
			r.Text, r.ProviderCode, r.ProviderText = "", "", ""
			if r != want {
				t.Errorf("%s %s: %+v, want %+v", code, form, r, want)
			}
		}
	}
}

func TestNoAnswerIsNeverRepeated(t *testing.T) {
	var p channel.Provider
	p, _ = at("http://127.0.0.1:1")
	if _, ok := p.(channel.OneShot); !ok {
		t.Error("the engine may repeat a text message")
	}
	for _, answer := range []string{"hang up", "<html>", `{"Response":{}}`, `{"Response":{"SendStatusSet":[]}}`} {
		h := &host{answers: []string{answer}}
		p, _ := provider(t, h)
		if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Unknown || h.count() != 1 {
			t.Errorf("%s: %+v, sent %d times", answer, r, h.count())
		}
	}
	down, _ := at("http://127.0.0.1:1")
	if r := open(t, down, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Retry || !r.WholeChannel {
		t.Errorf("nobody listens: %+v", r)
	}
}

func TestLimitsOfANumberAreNamed(t *testing.T) {
	p, _ := at("http://x")
	limited, ok := open(t, p, settings(map[string]any{"daily_limit": 5})).(channel.Limited)
	if !ok {
		t.Fatal("a number may be sent to without end")
	}
	ls := limited.Limits()
	if len(ls) != 2 || ls[0].N != 5 || !ls[0].Day || ls[1].N != 1 || ls[1].Per != 31*time.Second || !ls[0].PerAddress || !ls[1].PerAddress || !ls[0].Taken {
		t.Errorf("%+v", ls)
	}
}

func TestNumbersAreBroughtToOneForm(t *testing.T) {
	p, _ := at("http://x")
	for in, want := range map[string]string{
		"13800138000": phone, "138 0013 8000": phone, "+86 138-0013-8000": phone, "8613800138000": phone, "008613800138000": phone, "+8613800138000": phone,
		"+1 (415) 555-2671": "+14155552671", "0044 7911 123456": "+447911123456",
		"": "", "12345": "", "+8601012345678": "", "张三": "", "138001380001": "", "13800138000a": "", "+86138001380": "",
	} {
		got, masked, err := p.Address(in)
		if got != want || (err == nil) != (want != "") || want != "" && (strings.Contains(masked, want[6:len(want)-4]) || !strings.Contains(masked, "****")) {
			t.Errorf("%q: %q, %q, %v", in, got, masked, err)
		}
	}
	if _, masked, _ := p.Address("13800138000"); masked != "+86 138****8000" {
		t.Errorf("masked %q", masked)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	p, _ := at("http://x")
	for _, c := range []struct {
		name, field string
		over        map[string]any
	}{
		{"complete", "", nil},
		{"with its text", "", map[string]any{"template_text": "您有新投诉（尾号{1}），剩{2}小时。"}},
		{"no variables", "", map[string]any{"params": []string{}, "template_text": "您有新投诉，请到 t.example.cn 处理。"}},
		{"no id", "secret_id", map[string]any{"secret_id": ""}},
		{"no application", "sdk_app_id", map[string]any{"sdk_app_id": "abc"}},
		{"no signature", "sign_name", map[string]any{"sign_name": "【】"}},
		{"no template", "template_id", map[string]any{"template_id": ""}},
		{"a bad region", "region", map[string]any{"region": "广州"}},
		{"a link", "params", map[string]any{"params": []string{"link"}}},
		{"an unknown fact", "params", map[string]any{"params": []string{"x"}}},
		{"too few", "params", map[string]any{"template_text": "尾号{1}，剩{2}小时{3}。"}},
		{"side by side", "template_text", map[string]any{"template_text": "{1}{2}"}},
		{"too long", "template_text", map[string]any{"template_text": strings.Repeat("投", 501)}},
		{"a senseless length", "max_length", map[string]any{"max_length": -1}},
		{"a senseless limit", "daily_limit", map[string]any{"daily_limit": 1000}},
	} {
		_, err := p.Check(settings(c.over))
		bad, _ := err.(*channel.Invalid) //nolint:errorlint // what is promised
		if (c.field == "") != (err == nil) || err != nil && (bad == nil || bad.Field != c.field || bad.Text == "") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	s := settings(nil)
	s.Secrets = nil
	if _, err := p.Check(s); err == nil {
		t.Error("no key is taken")
	}
	out, err := p.Check(settings(nil))
	if err != nil || !slices.Contains([]string{string(out)}, `{"secret_id":"`+secretID+`","region":"ap-guangzhou","sdk_app_id":"1400006666","sign_name":"满山茶铺","template_id":"1110","params":["order_tail","left_hours"],"max_length":12,"daily_limit":2}`) {
		t.Errorf("normal form %s, %v", out, err)
	}
}

func TestPreviewShowsTheWholeText(t *testing.T) {
	p, _ := at("http://x")
	got, err := p.Preview(settings(map[string]any{"template_text": "投诉尾号{1}，剩{2}小时。"}).Public, message.Vars)
	if err != nil || len(got) != 3 || got[2].Value != "【满山茶铺】投诉尾号897051，剩47小时。" || got[0].Note != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFitMakesValuesAcceptable(t *testing.T) {
	for in, want := range map[string]string{
		"": "无", "168.00元": "168.00元", "¥168.00": "168.00", "【满山】茶铺★": "满山茶铺", "http://a.cn/x": "http:acnx", "ex.com": "excom",
		"一二三四五六七八九十一二三": "一二三四五六七八九十一二", "😡\n": "无", "1.2.3.4": "1234",
	} {
		if got := sms.Fit(in, 12); got != want {
			t.Errorf("Fit(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFit(f *testing.F) {
	for _, s := range []string{"", "a.b", "168.00元", "http://x.cn", "【】¥", "1.2"} {
		f.Add(s)
	}
	link := regexp.MustCompile(`[A-Za-z0-9-]\.[A-Za-z]|://`)
	f.Fuzz(func(t *testing.T, s string) {
		got := sms.Fit(s, 12)
		if got == "" || len([]rune(got)) > 12 || link.MatchString(got) || strings.ContainsAny(got, "【】¥★※✓^/\n") {
			t.Errorf("Fit(%q) = %q", s, got)
		}
	})
}
