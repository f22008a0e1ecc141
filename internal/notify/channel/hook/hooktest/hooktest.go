// Package hooktest is what every channel that posts JSON to one address has to keep, as a test: signed as documented, every documented answer understood, no
// answer told from a refusal, settings checked, limits named, no secret shown. The tests of wecom, dingtalk, feishu and webhook bring what differs.
package hooktest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/secret"
)

// What every test uses.
const (
	// Key signs, where the provider signs.
	Key = "SECa1b2c3d4e5f6"
	// Unix is the moment of the tests in seconds.
	Unix = "1795500428"
	// Millis is the moment of the tests in milliseconds.
	Millis = "1795500428000"
)

var now = time.Date(2026, 11, 24, 6, 7, 8, 0, time.UTC)

// Message is what is sent. Somebody else's words in it try to mention everybody.
var Message = channel.Message{
	ID: "0123456789abcdef0123456789abcdef", Subject: "【满山茶铺】商品-破损 ¥168.00，剩 1 小时 41 分回应",
	Text: "收到一件新投诉。\n用户说：\n<@all> 茶叶洒了\n去回应：\nhttps://zhisu.example/complaints/1\n", Link: "https://zhisu.example/complaints/1",
	Event: "complaint.new", Vars: map[string]string{"program": "满山茶铺"},
}

// Answer is one answer of the provider and what has to be made of it.
type Answer struct {
	Status  int
	Body    string
	Outcome channel.Outcome
	Code    string
	// Whole: any other message would fail the same way now.
	Whole bool
}

// Says is an answer and what has to be made of it.
func Says(status int, body string, o channel.Outcome, code string, whole bool) Answer {
	return Answer{Status: status, Body: body, Outcome: o, Code: code, Whole: whole}
}

// Provider is one kind of channel and its server.
type Provider struct {
	New func(hook.Options) channel.Provider
	// Check looks at the request as strictly as the provider does.
	Check func(t *testing.T, r *http.Request, body []byte)
	// OK is the answer to a message that was taken.
	OK      string
	Answers []Answer
	// ShownURL: the address is no secret. NeedsSecret: without one nothing is stored.
	ShownURL, NeedsSecret bool
	// Limits are what the provider takes. Burst is how many of them go at once.
	Limits []channel.Limit
	Burst  int
}

// Object reads a JSON object.
func Object(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("body: %v", err)
	}
	return v
}

// Content checks the text of a message to a group.
func Content(t *testing.T, v map[string]any, object, field string) {
	t.Helper()
	o, _ := v[object].(map[string]any)
	text, _ := o[field].(string)
	if !strings.HasPrefix(text, Message.Subject) || !strings.Contains(text, Message.Link) {
		t.Errorf("text %q", text)
	}
	if strings.Contains(text, "<@all>") {
		t.Error("somebody else's words can mention everybody")
	}
}

// MAC is base64 of HMAC-SHA256.
func MAC(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Run is the whole contract.
func Run(t *testing.T, p Provider) {
	t.Helper()
	t.Run("signs and is understood", p.signs)
	for _, a := range p.Answers {
		t.Run("answer "+a.Code, func(t *testing.T) { p.judges(t, a) })
	}
	t.Run("no answer", p.noAnswer)
	t.Run("settings", p.settings)
	t.Run("limits", p.limits)
}

func settings(address string) channel.Settings {
	public, err := json.Marshal(map[string]string{"url": address})
	if err != nil {
		panic(err)
	}
	return channel.Settings{Public: public, Secrets: map[string]secret.Text{"url": secret.New(address), "secret": secret.New(Key)}}
}

func options() hook.Options {
	return hook.Options{HTTP: outbound.Client(outbound.Options{AllowPrivate: true, Timeout: 2 * time.Second}), AllowPlain: true, Clock: clock.NewFake(now)}
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL + "/send?key=k-1"
}

func (p Provider) open(t *testing.T, o hook.Options, address string) channel.Sender {
	t.Helper()
	s := settings(address)
	pr := p.New(o)
	if _, err := pr.Check(s); err != nil {
		t.Fatal(err)
	}
	sd, err := pr.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sd.Close)
	return sd
}

func (p Provider) signs(t *testing.T) {
	var calls atomic.Int32
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s %s: %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		p.Check(t, r, b)
		_, _ = io.WriteString(w, p.OK)
	})
	if r := p.open(t, options(), address).Send(t.Context(), Message); r.Outcome != channel.Sent || calls.Load() != 1 {
		t.Errorf("%d calls, result %+v", calls.Load(), r)
	}
}

func (p Provider) judges(t *testing.T, a Answer) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(a.Status)
		_, _ = io.WriteString(w, a.Body)
	})
	r := p.open(t, options(), address).Send(t.Context(), Message)
	if r.Outcome != a.Outcome || r.ProviderCode != a.Code || r.WholeChannel != a.Whole {
		t.Errorf("result %+v", r)
	}
	if (r.Text == "") != (a.Outcome == channel.Sent) {
		t.Errorf("words %q", r.Text)
	}
}

func (p Provider) noAnswer(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	r := p.open(t, options(), closed.URL+"/send?key=k-1").Send(t.Context(), Message)
	if r.Outcome != channel.Retry || !r.WholeChannel {
		t.Errorf("nobody listens: %+v", r)
	}
	var calls atomic.Int32
	hangs := serve(t, func(http.ResponseWriter, *http.Request) {
		calls.Add(1)
		panic(http.ErrAbortHandler)
	})
	if r = p.open(t, options(), hangs).Send(t.Context(), Message); r.Outcome != channel.Unknown || calls.Load() != 1 {
		t.Errorf("hung up after reading, %d calls: %+v", calls.Load(), r)
	}
	guarded := options()
	guarded.HTTP = outbound.Client(outbound.Options{})
	inside := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was called") })
	if r = p.open(t, guarded, inside).Send(t.Context(), Message); r.Outcome != channel.Config || r.ProviderCode != "private_address" {
		t.Errorf("private address: %+v", r)
	}
	for _, text := range []string{r.Text, r.ProviderText} {
		if strings.Contains(text, "k-1") || strings.Contains(text, Key) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

func (p Provider) settings(t *testing.T) {
	strict := options()
	strict.AllowPlain = false
	var wrong *channel.Invalid
	for _, address := range []string{"", "qyapi.weixin.qq.com", "ftp://a.cn/x", "http://a.cn/x", "https://u:p@a.cn/", "https://"} {
		if _, err := p.New(strict).Check(settings(address)); !errors.As(err, &wrong) || wrong.Field != "url" || wrong.Text == "" {
			t.Errorf("%q gave %v", address, err)
		}
	}
	public, err := p.New(strict).Check(settings("https://a.cn/send?key=k-1"))
	if err != nil {
		t.Error(err)
	}
	if !p.ShownURL && strings.Contains(string(public), "key=") || strings.Contains(string(public), Key) {
		t.Errorf("a secret is shown: %s", public)
	}
	s := settings("https://a.cn/x")
	s.Secrets["secret"] = secret.Text{}
	if _, err := p.New(strict).Check(s); p.NeedsSecret != errors.As(err, new(*channel.Invalid)) {
		t.Errorf("without a secret: %v", err)
	}
}

func (p Provider) limits(t *testing.T) {
	var calls atomic.Int32
	clk := clock.NewFake(now)
	o := options()
	o.Clock = clk
	sd := p.open(t, o, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = io.WriteString(w, p.OK)
	}))
	limited, ok := sd.(channel.Limited)
	if !ok || !slices.Equal(limited.Limits(), p.Limits) {
		t.Fatalf("limits over all instances: %v", ok)
	}
	if p.Burst == 0 {
		return
	}
	for range p.Burst {
		if r := sd.Send(context.Background(), Message); r.Outcome != channel.Sent {
			t.Fatalf("%+v", r)
		}
	}
	r := sd.Send(context.Background(), Message)
	if r.Outcome != channel.Retry || r.After <= 0 || r.After > 4*time.Second || calls.Load() != int32(p.Burst) {
		t.Errorf("over its limit: %d calls, %+v", calls.Load(), r)
	}
	clk.Advance(r.After)
	if r := sd.Send(context.Background(), Message); r.Outcome != channel.Sent {
		t.Errorf("after the wait: %+v", r)
	}
}
