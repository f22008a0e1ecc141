package hook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/dingtalk"
	"github.com/zhisu/zhisu/internal/notify/channel/feishu"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/notify/channel/webhook"
	"github.com/zhisu/zhisu/internal/notify/channel/wecom"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/secret"
)

const signKey = "SECa1b2c3d4e5f6"

var now = time.Date(2026, 11, 24, 6, 7, 8, 0, time.UTC)

var message = channel.Message{
	ID: "0123456789abcdef0123456789abcdef", Subject: "【满山茶铺】商品-破损 ¥168.00，剩 1 小时 41 分回应",
	Text: "收到一件新投诉。\n用户说：\n<@all> 茶叶洒了\n去回应：\nhttps://zhisu.example/complaints/1\n", Link: "https://zhisu.example/complaints/1",
	Event: "complaint.new", Vars: map[string]string{"program": "满山茶铺"},
}

// provider is a server that checks what it gets, beside the settings that lead to it.
type provider struct {
	kind  string
	new   func(hook.Options) channel.Provider
	check func(t *testing.T, r *http.Request, body []byte)
	ok    string
}

func object(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Errorf("body: %v", err)
	}
	return v
}

func content(t *testing.T, v map[string]any, object, field string) {
	t.Helper()
	o, _ := v[object].(map[string]any)
	text, _ := o[field].(string)
	if !strings.HasPrefix(text, message.Subject) || !strings.Contains(text, message.Link) {
		t.Errorf("text %q", text)
	}
	if strings.Contains(text, "<@all>") {
		t.Error("somebody else's words can mention everybody")
	}
}

func mac(key, text string) string {
	m := hmac.New(sha256.New, []byte(key))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// The formulas of reference/notification-channels.md §4, worked out again.
var providers = []provider{
	{"wecom", wecom.New, func(t *testing.T, r *http.Request, body []byte) {
		v := object(t, body)
		if v["msgtype"] != "text" || r.URL.Query().Get("key") != "k-1" {
			t.Errorf("got %v at %s", v["msgtype"], r.URL)
		}
		content(t, v, "text", "content")
	}, `{"errcode":0,"errmsg":"ok"}`},
	{"dingtalk", dingtalk.New, func(t *testing.T, r *http.Request, body []byte) {
		q := r.URL.Query()
		if q.Get("key") != "k-1" || q.Get("timestamp") != "1795500428000" || q.Get("sign") != mac(signKey, "1795500428000\n"+signKey) {
			t.Errorf("signed as %s", r.URL)
		}
		v := object(t, body)
		if v["msgtype"] != "text" {
			t.Errorf("msgtype %v", v["msgtype"])
		}
		content(t, v, "text", "content")
	}, `{"errcode":0,"errmsg":"ok"}`},
	{"feishu", feishu.New, func(t *testing.T, _ *http.Request, body []byte) {
		v := object(t, body)
		if v["msg_type"] != "text" || v["timestamp"] != "1795500428" || v["sign"] != mac("1795500428\n"+signKey, "") {
			t.Errorf("signed as %v", v)
		}
		content(t, v, "content", "text")
	}, `{"code":0,"msg":"success"}`},
	{"webhook", func(o hook.Options) channel.Provider { return webhook.New(o) }, func(t *testing.T, r *http.Request, body []byte) {
		want := "v1," + mac(signKey, message.ID+".1795500428."+string(body))
		if r.Header.Get("Webhook-Id") != message.ID || r.Header.Get("Webhook-Timestamp") != "1795500428" || r.Header.Get("Webhook-Signature") != want {
			t.Errorf("headers %v", r.Header)
		}
		v := object(t, body)
		if v["event"] != "complaint.new" || v["subject"] != message.Subject || v["link"] != message.Link || v["id"] != message.ID {
			t.Errorf("body %s", body)
		}
	}, `anything`},
}

func settings(address string) channel.Settings {
	public, err := json.Marshal(map[string]string{"url": address})
	if err != nil {
		panic(err)
	}
	return channel.Settings{Public: public, Secrets: map[string]secret.Text{"url": secret.New(address), "secret": secret.New(signKey)}}
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

func send(t *testing.T, p provider, o hook.Options, address string) channel.Result {
	t.Helper()
	s := settings(address)
	pr := p.new(o)
	if _, err := pr.Check(s); err != nil {
		t.Fatal(err)
	}
	sd, err := pr.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	defer sd.Close()
	return sd.Send(t.Context(), message)
}

func TestEveryProviderSignsAndIsUnderstood(t *testing.T) {
	for _, p := range providers {
		t.Run(p.kind, func(t *testing.T) {
			var calls atomic.Int32
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				b, err := io.ReadAll(r.Body)
				if err != nil || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
					t.Errorf("%s %s: %v", r.Method, r.Header.Get("Content-Type"), err)
				}
				p.check(t, r, b)
				_, _ = io.WriteString(w, p.ok)
			})
			if r := send(t, p, options(), address); r.Outcome != channel.Sent || calls.Load() != 1 {
				t.Errorf("%d calls, result %+v", calls.Load(), r)
			}
		})
	}
}

func TestAnswersAreJudged(t *testing.T) {
	for _, c := range []struct {
		kind    string
		status  int
		body    string
		outcome channel.Outcome
		code    string
		whole   bool
	}{
		{"wecom", 200, `{"errcode":93000,"errmsg":"invalid webhook url"}`, channel.Config, "93000", true},
		{"wecom", 200, `{"errcode":45009,"errmsg":"api freq out of limit"}`, channel.Retry, "45009", true},
		{"wecom", 200, `{"errcode":40008,"errmsg":"invalid message type"}`, channel.Permanent, "40008", false},
		{"wecom", 200, `{"errcode":-1,"errmsg":"system busy"}`, channel.Retry, "-1", true},
		{"wecom", 200, `{"errcode":99999,"errmsg":"?"}`, channel.Retry, "99999", false},
		{"wecom", 200, `<html>`, channel.Config, "not_json", true},
		{"dingtalk", 200, `{"errcode":310000,"errmsg":"sign not match"}`, channel.Config, "310000", true},
		{"dingtalk", 200, `{"errcode":130101,"errmsg":"send too fast"}`, channel.Retry, "130101", true},
		{"dingtalk", 200, `{"errcode":400013,"errmsg":"token"}`, channel.Config, "400013", true},
		{"feishu", 200, `{"code":19021,"msg":"sign match fail"}`, channel.Config, "19021", true},
		{"feishu", 200, `{"code":11232,"msg":"too many request"}`, channel.Retry, "11232", true},
		{"feishu", 200, `{"StatusCode":0,"StatusMessage":"success"}`, channel.Sent, "0", false},
		{"webhook", 204, ``, channel.Sent, "204", false},
		{"webhook", 429, ``, channel.Retry, "429", true},
		{"webhook", 503, ``, channel.Retry, "503", true},
		{"webhook", 410, ``, channel.Config, "410", true},
		{"webhook", 302, ``, channel.Config, "302", true},
	} {
		t.Run(c.kind+" "+c.code, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://127.0.0.1:1/")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			for _, p := range providers {
				if p.kind != c.kind {
					continue
				}
				r := send(t, p, options(), address)
				if r.Outcome != c.outcome || r.ProviderCode != c.code || r.WholeChannel != c.whole {
					t.Errorf("result %+v", r)
				}
				if (r.Text == "") != (c.outcome == channel.Sent) {
					t.Errorf("words %q", r.Text)
				}
			}
		})
	}
}

func TestFailuresWithoutAnAnswer(t *testing.T) {
	closed := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return "http://" + l.Addr().String() + "/send?key=k-1"
	}
	for _, p := range providers {
		t.Run(p.kind, func(t *testing.T) {
			r := send(t, p, options(), closed())
			if r.Outcome != channel.Retry || !r.WholeChannel {
				t.Errorf("nobody listens: %+v", r)
			}
			var calls atomic.Int32
			r = send(t, p, options(), serve(t, func(http.ResponseWriter, *http.Request) {
				calls.Add(1)
				panic(http.ErrAbortHandler)
			}))
			if r.Outcome != channel.Unknown || calls.Load() != 1 {
				t.Errorf("hung up after reading, %d calls: %+v", calls.Load(), r)
			}
			guarded := options()
			guarded.HTTP = outbound.Client(outbound.Options{})
			r = send(t, p, guarded, serve(t, func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
			if r.Outcome != channel.Config || r.ProviderCode != "private_address" {
				t.Errorf("private address: %+v", r)
			}
			for _, text := range []string{r.Text, r.ProviderText} {
				if strings.Contains(text, "k-1") || strings.Contains(text, signKey) {
					t.Errorf("a secret is in %q", text)
				}
			}
		})
	}
}

func TestSettingsAreChecked(t *testing.T) {
	strict := options()
	strict.AllowPlain = false
	for _, p := range providers {
		for _, address := range []string{"", "qyapi.weixin.qq.com", "ftp://a.cn/x", "http://a.cn/x", "https://u:p@a.cn/", "https://"} {
			var wrong *channel.Invalid
			if _, err := p.new(strict).Check(settings(address)); !errors.As(err, &wrong) || wrong.Field != "url" || wrong.Text == "" {
				t.Errorf("%s: %q gave %v", p.kind, address, err)
			}
		}
		public, err := p.new(strict).Check(settings("https://a.cn/send?key=k-1"))
		if err != nil {
			t.Errorf("%s: %v", p.kind, err)
		}
		if p.kind != "webhook" && strings.Contains(string(public), "key=") {
			t.Errorf("%s shows its key: %s", p.kind, public)
		}
		if strings.Contains(string(public), signKey) {
			t.Errorf("%s shows its secret", p.kind)
		}
		s := settings("https://a.cn/x")
		s.Secrets["secret"] = secret.Text{}
		var wrong *channel.Invalid
		if _, err := p.new(strict).Check(s); (p.kind == "dingtalk" || p.kind == "webhook") != errors.As(err, &wrong) {
			t.Errorf("%s without a secret: %v", p.kind, err)
		}
	}
}

func TestLimitsAreKeptWithoutCalling(t *testing.T) {
	for kind, limit := range map[string]int{"wecom": 20, "dingtalk": 18, "feishu": 5} {
		for _, p := range providers {
			if p.kind != kind {
				continue
			}
			var calls atomic.Int32
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				_, _ = io.WriteString(w, p.ok)
			})
			clk := clock.NewFake(now)
			o := options()
			o.Clock = clk
			sd, err := p.new(o).Open(settings(address))
			if err != nil {
				t.Fatal(err)
			}
			for range limit {
				if r := sd.Send(context.Background(), message); r.Outcome != channel.Sent {
					t.Fatalf("%s: %+v", kind, r)
				}
			}
			r := sd.Send(context.Background(), message)
			if r.Outcome != channel.Retry || r.After <= 0 || r.After > 4*time.Second || calls.Load() != int32(limit) {
				t.Errorf("%s over its limit: %d calls, %+v", kind, calls.Load(), r)
			}
			clk.Advance(r.After)
			if r := sd.Send(context.Background(), message); r.Outcome != channel.Sent {
				t.Errorf("%s after the wait: %+v", kind, r)
			}
		}
	}
}

func TestTextsAreCutAtACharacterAndKeepTheLink(t *testing.T) {
	m := message
	m.Text = strings.Repeat("茶", 2000)
	got := hook.Plain(m, 2048)
	if len(got) > 2048 || !strings.HasSuffix(got, "…\n"+m.Link) || strings.Contains(got, "\ufffd") {
		t.Errorf("%d bytes, ends %q", len(got), got[len(got)-60:])
	}
}
