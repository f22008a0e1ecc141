package offiaccount_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/offiaccount"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

const (
	appID     = "wx1234567890abcdef"
	appSecret = "0123456789abcdef0123456789abcdef"
	openID    = "oABCDEFGHIJKLMNOPQRSTUVWXYZ12"
	template  = "TPL_complaint-0001"
)

// host is api.weixin.qq.com for one account: it checks everything it gets by reference/notification-channels.md §2, and answers by script.
type host struct {
	t  *testing.T
	mu sync.Mutex
	// answers are given to calls other than stable_token, one by one; after the last everything is accepted.
	answers []string
	tokens  []string // given out
	calls   []string
	sent    []map[string]any
	deny    string // answer of stable_token
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		h.t.Error(err)
	}
	var v map[string]any
	if len(body) > 0 {
		if err := json.Unmarshal(body, &v); err != nil {
			h.t.Errorf("%s: %v", r.URL.Path, err)
		}
	}
	path := r.Method + " " + r.URL.Path
	h.calls = append(h.calls, path)
	if path == "POST /cgi-bin/stable_token" {
		h.token(w, v)
		return
	}
	if len(h.tokens) == 0 || r.URL.Query().Get("access_token") != h.tokens[len(h.tokens)-1] {
		_, _ = io.WriteString(w, `{"errcode":40001,"errmsg":"invalid credential, access_token is invalid or not latest"}`)
		return
	}
	if len(h.answers) > 0 {
		a := h.answers[0]
		h.answers = h.answers[1:]
		if a == "hang up" {
			panic(http.ErrAbortHandler)
		}
		if strings.HasPrefix(a, "<") {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, a)
		return
	}
	switch path {
	case "POST /cgi-bin/message/template/send":
		h.send(w, v)
	case "GET /cgi-bin/template/get_all_private_template":
		_, _ = io.WriteString(w, `{"template_list":[{"template_id":"`+template+`","title":"工单催办提醒","primary_industry":"信息查询","deputy_industry":"","content":"工单类型:{{thing1.DATA}}\n工单号:{{character_string2.DATA}}","example":"工单类型:投诉"}]}`)
	case "POST /cgi-bin/qrcode/create":
		h.code(w, v)
	default:
		h.t.Errorf("nobody plays %s", path)
	}
}

func (h *host) token(w http.ResponseWriter, v map[string]any) {
	if v["grant_type"] != "client_credential" || v["appid"] != appID || v["secret"] != appSecret || v["force_refresh"] == true {
		h.t.Errorf("stable_token got %v", v)
	}
	if h.deny != "" {
		_, _ = io.WriteString(w, h.deny)
		return
	}
	h.tokens = append(h.tokens, fmt.Sprintf("T%d", len(h.tokens)+1))
	_, _ = fmt.Fprintf(w, `{"access_token":"%s","expires_in":7200}`, h.tokens[len(h.tokens)-1])
}

func (h *host) send(w http.ResponseWriter, v map[string]any) {
	h.sent = append(h.sent, v)
	data, _ := v["data"].(map[string]any)
	for k, o := range data {
		o, _ := o.(map[string]any)
		text, ok := o["value"].(string)
		if !ok || len(o) != 1 || len([]rune(text)) > 32 {
			h.t.Errorf("data.%s = %v", k, o)
		}
	}
	id, _ := v["client_msg_id"].(string)
	if v["touser"] != openID || v["template_id"] != template || len(data) == 0 || id == "" || len(id) > 32 || v["miniprogram"] != nil {
		h.t.Errorf("template send got %v", v)
	}
	_, _ = io.WriteString(w, `{"errcode":0,"errmsg":"ok","msgid":2400000000000000001}`)
}

func (h *host) code(w http.ResponseWriter, v map[string]any) {
	info, _ := v["action_info"].(map[string]any)
	scene, _ := info["scene"].(map[string]any)
	if v["action_name"] != "QR_STR_SCENE" || v["expire_seconds"] != float64(600) || scene["scene_str"] != "bind_1" {
		h.t.Errorf("qrcode/create got %v", v)
	}
	_, _ = io.WriteString(w, `{"ticket":"gQH47joAAAA","expire_seconds":600,"url":"http://weixin.qq.com/q/kZgfwMTm72WWPkovabbI"}`)
}

func settings(over map[string]any) channel.Settings {
	m := map[string]any{"appid": appID, "template_id": template, "fields": map[string]string{"thing1": "problem", "character_string2": "order_no", "amount3": "amount", "time4": "due", "const5": "=待处理"}}
	secrets := map[string]secret.Text{"secret": secret.New(appSecret)}
	for k, v := range over {
		if text, ok := v.(string); ok && slices.Contains([]string{"secret", "token", "encoding_aes_key"}, k) {
			secrets[k] = secret.New(text)
			continue
		}
		m[k] = v
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return channel.Settings{Public: b, Secrets: secrets}
}

var message = channel.Message{
	ID: "0123456789abcdef0123456789abcdef", To: openID, Link: "https://zhisu.example/c/1",
	Vars: map[string]string{"problem": "商品-破损", "order_no": "11897051", "amount": "168.00元", "due": "2026年11月24日 15:48"},
}

func provider(t *testing.T, h *host) (*offiaccount.Provider, *clock.Fake) {
	t.Helper()
	h.t = t
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	srv.Config.ErrorLog = nil
	c := clock.NewFake(now)
	return offiaccount.New(offiaccount.Options{
		WeChat: wechat.New(srv.URL, &http.Client{Timeout: 5 * time.Second}), Clock: c, Vars: []string{"problem", "order_no", "amount", "due", "created", "left"},
	}), c
}

func open(t *testing.T, p *offiaccount.Provider, s channel.Settings) channel.Sender {
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

func TestTemplateMessageIsAccepted(t *testing.T) {
	h := &host{}
	p, c := provider(t, h)
	if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Sent || r.Receipt || r.MessageID == "" {
		t.Errorf("without a callback a receipt is promised: %+v", r)
	}
	h.sent = nil
	sd := open(t, p, settings(map[string]any{"token": "abc123", "push_mode": "plain"}))
	for range 2 {
		if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent || !r.Receipt || r.MessageID != "2400000000000000001" {
			t.Fatalf("result %+v", r)
		}
	}
	data := h.sent[0]["data"].(map[string]any)
	for k, want := range map[string]string{"thing1": "商品-破损", "character_string2": "11897051", "amount3": "168.00元", "time4": "2026年11月24日 15:48", "const5": "待处理"} {
		if got := data[k].(map[string]any)["value"]; got != want {
			t.Errorf("%s = %v", k, got)
		}
	}
	if len(data) != 5 || h.sent[0]["url"] != message.Link || h.sent[0]["client_msg_id"] != message.ID {
		t.Errorf("sent %v", h.sent[0])
	}
	if len(h.tokens) != 1 {
		t.Errorf("%d tokens for two messages", len(h.tokens))
	}
	c.Advance(2 * time.Hour)
	if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent || len(h.tokens) != 2 {
		t.Errorf("after the token's end: %+v, %d tokens", r, len(h.tokens))
	}
}

func TestRefusedTokenIsFetchedAnewOnce(t *testing.T) {
	for _, code := range []int{40001, 40014, 42001} {
		h := &host{answers: []string{fmt.Sprintf(`{"errcode":%d,"errmsg":"token"}`, code)}}
		p, _ := provider(t, h)
		if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Sent || len(h.tokens) != 2 || len(h.sent) != 1 {
			t.Errorf("%d: %+v, %d tokens, %d sent", code, r, len(h.tokens), len(h.sent))
		}
		refusal := fmt.Sprintf(`{"errcode":%d,"errmsg":"token"}`, code)
		h = &host{answers: []string{refusal, refusal, refusal}}
		p, _ = provider(t, h)
		if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Retry || len(h.tokens) != 2 || len(h.answers) != 1 {
			t.Errorf("%d twice: %+v, %d tokens", code, r, len(h.tokens))
		}
	}
}

func TestEveryCodeIsJudged(t *testing.T) {
	for _, c := range []struct {
		answer  string
		outcome channel.Outcome
		want    channel.Result // flags and After only
		text    string         // part of it
	}{
		{`{"errcode":-1,"errmsg":"system error"}`, channel.Retry, channel.Result{WholeChannel: true}, "繁忙"},
		{`{"errcode":40003,"errmsg":"invalid openid"}`, channel.Permanent, channel.Result{BadAddress: true}, "扫码"},
		{`{"errcode":40013,"errmsg":"invalid appid"}`, channel.Config, channel.Result{WholeChannel: true}, "AppID"},
		{`{"errcode":40125,"errmsg":"invalid appsecret"}`, channel.Config, channel.Result{WholeChannel: true}, "AppSecret"},
		{`{"errcode":40164,"errmsg":"invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist"}`, channel.Config, channel.Result{WholeChannel: true}, "203.0.113.9"},
		{`{"errcode":40249,"errmsg":"blocked"}`, channel.Permanent, channel.Result{Elsewhere: true}, "内容"},
		{`{"errcode":40252,"errmsg":"review"}`, channel.Pending, channel.Result{}, "审核"},
		{`{"errcode":43004,"errmsg":"require subscribe"}`, channel.Permanent, channel.Result{BadAddress: true}, "关注"},
		{`{"errcode":43101,"errmsg":"user refuse"}`, channel.Permanent, channel.Result{BadAddress: true}, "拒收"},
		{`{"errcode":45009,"errmsg":"quota"}`, channel.Retry, channel.Result{WholeChannel: true, Elsewhere: true, After: 10*time.Hour + 2*time.Minute + 52*time.Second}, "额度"},
		{`{"errcode":45109,"errmsg":"gone"}`, channel.Config, channel.Result{WholeChannel: true}, "下线"},
		{`{"errcode":47003,"errmsg":"argument invalid! data.thing1.value invalid"}`, channel.Permanent, channel.Result{WholeChannel: true, Elsewhere: true}, "thing1"},
		{`{"errcode":48001,"errmsg":"api unauthorized"}`, channel.Config, channel.Result{WholeChannel: true}, "认证"},
		{`{"errcode":50002,"errmsg":"limited"}`, channel.Config, channel.Result{WholeChannel: true}, "限制"},
		{`{"errcode":99999,"errmsg":"?"}`, channel.Retry, channel.Result{After: time.Minute}, "没有收下"},
		{`<html>`, channel.Retry, channel.Result{WholeChannel: true}, "出错"},
		{"hang up", channel.Unknown, channel.Result{After: time.Minute}, "可能已经送达"},
	} {
		h := &host{answers: []string{c.answer}}
		p, _ := provider(t, h)
		r := open(t, p, settings(nil)).Send(t.Context(), message)
		if r.Outcome != c.outcome || r.WholeChannel != c.want.WholeChannel || r.BadAddress != c.want.BadAddress || r.Elsewhere != c.want.Elsewhere || r.After != c.want.After ||
			!strings.Contains(r.Text, c.text) || r.ProviderCode == "" {
			t.Errorf("%s: %+v", c.answer, r)
		}
		if strings.Contains(r.ProviderText, openID) || strings.Contains(r.ProviderText, "T1") {
			t.Errorf("%s: told %q", c.answer, r.ProviderText)
		}
	}
}

func TestUnknownTemplateIsTriedOnceMore(t *testing.T) {
	for _, code := range []string{"40036", "40037"} {
		refusal := `{"errcode":` + code + `,"errmsg":"invalid template_id"}`
		h := &host{answers: []string{refusal}}
		p, _ := provider(t, h)
		if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Sent || len(h.sent) != 1 {
			t.Errorf("%s once: %+v", code, r)
		}
		h = &host{answers: []string{refusal, refusal, refusal}}
		p, _ = provider(t, h)
		if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Config || len(h.answers) != 1 || !strings.Contains(r.Text, "模板") {
			t.Errorf("%s twice: %+v", code, r)
		}
	}
}

func TestWrongSecretIsNotAnExpiredToken(t *testing.T) {
	for _, c := range []struct {
		deny, text string
		outcome    channel.Outcome
	}{
		{`{"errcode":40001,"errmsg":"invalid credential"}`, "AppSecret", channel.Config},
		{`{"errcode":40125,"errmsg":"invalid appsecret"}`, "AppSecret", channel.Config},
		{`{"errcode":40164,"errmsg":"invalid ip 203.0.113.9, not in whitelist"}`, "白名单", channel.Config},
		{`{"errcode":-1,"errmsg":"system error"}`, "繁忙", channel.Retry},
		{`<html>`, "连不上", channel.Retry},
	} {
		h := &host{deny: c.deny}
		p, _ := provider(t, h)
		r := open(t, p, settings(nil)).Send(t.Context(), message)
		if r.Outcome != c.outcome || !r.WholeChannel || !strings.Contains(r.Text, c.text) || strings.Contains(fmt.Sprint(r), appSecret) || len(h.sent) != 0 {
			t.Errorf("%s: %+v", c.deny, r)
		}
	}
}

func TestNobodyAnswersBeforeSendingIsRetried(t *testing.T) {
	p := offiaccount.New(offiaccount.Options{WeChat: wechat.New("http://127.0.0.1:1", nil), Clock: clock.NewFake(now), Vars: []string{"problem", "order_no", "amount", "due"}})
	if r := open(t, p, settings(nil)).Send(t.Context(), message); r.Outcome != channel.Retry || !r.WholeChannel {
		t.Errorf("%+v", r)
	}
}

func TestCodeAndTemplatesAreAskedFor(t *testing.T) {
	h := &host{}
	p, _ := provider(t, h)
	code, failed := open(t, p, settings(nil)).(channel.Binder).SceneCode(t.Context(), "bind_1", 10*time.Minute)
	if failed != nil || code != "http://weixin.qq.com/q/kZgfwMTm72WWPkovabbI" {
		t.Errorf("%q, %+v", code, failed)
	}
	list, failed := p.Templates(t.Context(), settings(map[string]any{"template_id": "", "fields": nil}))
	if failed != nil || len(list) != 1 || list[0].ID != template || len(list[0].Keys) != 2 || list[0].Keys[0].Label != "工单类型" {
		t.Errorf("%+v, %+v", list, failed)
	}
	if _, failed = p.Templates(t.Context(), settings(map[string]any{"appid": ""})); failed == nil || failed.Text == "" {
		t.Errorf("without an account: %+v", failed)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	const key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	p, _ := provider(t, &host{})
	for _, c := range []struct {
		name, field string
		over        map[string]any
	}{
		{"complete", "", nil},
		{"with a callback", "", map[string]any{"token": "abc123", "encoding_aes_key": key}},
		{"a plain callback needs no key", "", map[string]any{"token": "abc123", "push_mode": "plain"}},
		{"a safe callback needs one", "encoding_aes_key", map[string]any{"token": "abc123"}},
		{"a bad key", "encoding_aes_key", map[string]any{"token": "abc123", "encoding_aes_key": "short"}},
		{"a bad token", "token", map[string]any{"token": "a b"}},
		{"an unknown mode", "push_mode", map[string]any{"push_mode": "none"}},
		{"no appid", "appid", map[string]any{"appid": "gh_1"}},
		{"no secret", "secret", map[string]any{"secret": ""}},
		{"no template", "template_id", map[string]any{"template_id": ""}},
		{"no fields", "fields", map[string]any{"fields": map[string]string{}}},
		{"a bad key name", "fields", map[string]any{"fields": map[string]string{"Thing 1": "problem"}}},
		{"an unknown fact", "fields.thing1", map[string]any{"fields": map[string]string{"thing1": "nonsense"}}},
		{"a time from something else", "fields.time1", map[string]any{"fields": map[string]string{"time1": "left"}}},
		{"a fixed word from a fact", "fields.const1", map[string]any{"fields": map[string]string{"const1": "problem"}}},
		{"an empty fixed word", "", map[string]any{"fields": map[string]string{"const1": "="}}},
	} {
		_, err := p.Check(settings(c.over))
		var bad *channel.Invalid
		if e, ok := err.(*channel.Invalid); ok { //nolint:errorlint // what is promised
			bad = e
		}
		if (c.field == "") != (err == nil) || bad != nil && (bad.Field != c.field || bad.Text == "") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestPreviewShowsWhatIsCut(t *testing.T) {
	p, _ := provider(t, &host{})
	s := settings(map[string]any{"fields": map[string]string{"thing1": "problem", "character_string2": "order_no", "const3": "=待处理"}})
	got, err := p.Preview(s.Public, map[string]string{"problem": "一二三四五六七八九十一二三四五六七八九十多"})
	if err != nil || len(got) != 3 || got[0].Value != "-" || got[0].Note == "" || got[1].Value != "待处理" || got[1].Note != "" || got[2].Value != "一二三四五六七八九十一二三四五六七八九…" || !strings.Contains(got[2].Note, "20") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAddressIsMasked(t *testing.T) {
	p, _ := provider(t, &host{})
	if n, m, err := p.Address(" " + openID + " "); err != nil || n != openID || m != "oABC****YZ12" {
		t.Errorf("%q %q %v", n, m, err)
	}
	for _, bad := range []string{"", "张三", "short", "a b c d e f g h i j k l"} {
		if _, _, err := p.Address(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
