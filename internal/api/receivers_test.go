package api

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/offiaccount"
	"github.com/zhisu/zhisu/internal/notify/channel/sms"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
)

// newReceivers is the API with the two kinds that have receivers of their own; answers are WeChat's by path.
func newReceivers(t *testing.T, answers map[string]string) (*members, *notify.Service) {
	t.Helper()
	weixin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, answers[r.URL.Path]) }))
	t.Cleanup(weixin.Close)
	d, sealer, log := testkit.SQLite(t), testkit.Sealer(t), slog.New(slog.DiscardHandler)
	var vars []string
	for _, v := range notify.Vars() {
		vars = append(vars, v.Name)
	}
	n := notify.New(notify.Options{DB: d, Sealer: sealer, Clock: clock.System{}, PublicURL: "https://zhisu.example", Providers: map[string]channel.Provider{
		"offiaccount": offiaccount.New(offiaccount.Options{WeChat: wechat.New(weixin.URL, nil), Clock: clock.System{}, Vars: vars}),
		"sms":         sms.New(sms.Options{BaseURL: "http://127.0.0.1:1", Transport: http.DefaultTransport, Clock: clock.System{}, Vars: vars}),
	}})
	t.Cleanup(n.Close)
	id := identity.New(d, sealer, clock.System{})
	a := New(Deps{
		DB: d, Clock: clock.System{}, Logger: log, PublicURL: "https://zhisu.example", Version: "test", Identity: id, Notify: n,
		Programs: program.New(program.Options{DB: d, Sealer: sealer, Clock: clock.System{}, Logger: log}),
		Links:    link.New(link.Options{DB: d, Sealer: sealer, Clock: clock.System{}}),
	})
	mux := http.NewServeMux()
	a.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &members{t: t, url: srv.URL + "/api/v1", identity: id, db: d}, n
}

var weixin = map[string]string{
	"/cgi-bin/stable_token":                      `{"access_token":"T","expires_in":7200}`,
	"/cgi-bin/qrcode/create":                     `{"ticket":"x","expire_seconds":600,"url":"http://weixin.qq.com/q/kZgfwMTm72WWPkovabbI"}`,
	"/cgi-bin/template/get_all_private_template": `{"template_list":[{"template_id":"TPL_1","title":"工单催办提醒","content":"工单类型:{{thing1.DATA}}","example":""}]}`,
}

var accountSettings = map[string]any{"appid": "wx1234567890abcdef", "secret": "GEHEIM0123456789", "template_id": "TPL_1", "fields": map[string]any{"thing1": "problem"}}

func TestReceiverBindsByScanningOverTheAPI(t *testing.T) {
	m, n := newReceivers(t, weixin)
	owner := m.with(m.user("owner", identity.Owner))
	c := owner.want(201, "POST", "/channels", map[string]any{"kind": "offiaccount", "name": "服务号", "settings": accountSettings})
	id := c["id"].(string)
	if s := asText(t, c); strings.Contains(s, "GEHEIM") {
		t.Errorf("channel %s", s)
	}
	if u := owner.want(200, "GET", "/channels/"+id+"/callback", nil)["url"]; u != "https://zhisu.example/wechat/offiaccount/"+id {
		t.Errorf("callback %v", u)
	}
	b := owner.want(201, "POST", "/channels/"+id+"/bindings", map[string]any{"name": "老张"})
	path := "/channels/" + id + "/bindings/" + b["id"].(string)
	if b["url"] != "http://weixin.qq.com/q/kZgfwMTm72WWPkovabbI" || b["state"] != "waiting" {
		t.Errorf("binding %v", b)
	}
	if got := owner.want(200, "GET", path, nil); got["state"] != "waiting" || got["url"] != nil {
		t.Errorf("polled %v", got)
	}
	if items := owner.want(200, "GET", "/channels/"+id+"/bindings", nil)["items"].([]any); len(items) != 0 {
		t.Errorf("a code counts as a receiver: %v", items)
	}
	_ = n
	owner.want(204, "DELETE", path, nil)
	owner.want(404, "GET", path, nil)
	owner.want(404, "GET", "/channels/nonsense/callback", nil)
	viewer := m.with(m.user("viewer", identity.Viewer))
	viewer.want(403, "GET", "/channels/"+id+"/bindings", nil)
}

func TestRefusedCodeIsSaidInWords(t *testing.T) {
	m, _ := newReceivers(t, map[string]string{"/cgi-bin/stable_token": weixin["/cgi-bin/stable_token"], "/cgi-bin/qrcode/create": `{"errcode":48001,"errmsg":"api unauthorized"}`})
	owner := m.with(m.user("owner", identity.Owner))
	id := owner.want(201, "POST", "/channels", map[string]any{"kind": "offiaccount", "name": "服务号", "settings": accountSettings})["id"].(string)
	p := owner.want(502, "POST", "/channels/"+id+"/bindings", map[string]any{})
	if p["code"] != "upstream" || !strings.Contains(p["detail"].(string), "认证") {
		t.Errorf("problem %v", p)
	}
}

func TestTemplatesAndPreviewBeforeTheChannelIsSaved(t *testing.T) {
	m, _ := newReceivers(t, weixin)
	owner := m.with(m.user("owner", identity.Owner))
	got := owner.want(200, "POST", "/channels/templates", map[string]any{"kind": "offiaccount", "settings": map[string]any{"appid": "wx1234567890abcdef", "secret": "GEHEIM0123456789"}})
	if s := asText(t, got); got["ok"] != true || !strings.Contains(s, `"key":"thing1"`) || !strings.Contains(s, `"limit":20`) {
		t.Errorf("templates %s", s)
	}
	got = owner.want(200, "POST", "/channels/templates", map[string]any{"kind": "offiaccount", "settings": map[string]any{"appid": "wx1234567890abcdef"}})
	if got["ok"] != false || !strings.Contains(got["text"].(string), "AppSecret") {
		t.Errorf("without a secret %v", got)
	}
	id := owner.want(201, "POST", "/channels", map[string]any{"kind": "offiaccount", "name": "服务号", "settings": accountSettings})["id"]
	for appid, ok := range map[string]bool{"wx1234567890abcdef": true, "wx9999999999999999": false} {
		got = owner.want(200, "POST", "/channels/templates", map[string]any{"kind": "offiaccount", "channel_id": id, "settings": map[string]any{"appid": appid}})
		if got["ok"] != ok {
			t.Errorf("stored secret for %s: %v", appid, got)
		}
	}
	vars := owner.want(200, "GET", "/channels/variables", nil)["items"].([]any)
	if len(vars) != len(notify.Vars()) {
		t.Errorf("%d variables", len(vars))
	}
	items := owner.want(200, "POST", "/channels/preview", map[string]any{"kind": "sms", "settings": map[string]any{
		"sign_name": "满山茶铺", "params": []string{"order_tail", "left_hours"}, "template_text": "投诉尾号{1}，剩{2}小时。",
	}})["items"].([]any)
	if s := asText(t, items); !strings.Contains(s, "【满山茶铺】投诉尾号897051，剩1小时。") {
		t.Errorf("preview %s", s)
	}
}

func TestReportAddressOfAnSMSChannelIsMadeOnce(t *testing.T) {
	m, n := newReceivers(t, weixin)
	owner := m.with(m.user("owner", identity.Owner))
	id := owner.want(201, "POST", "/channels", map[string]any{"kind": "sms", "name": "短信", "settings": map[string]any{
		"secret_id": "AKIDz8krbsJ5yKBZQpn74WFk", "secret_key": "GEHEIM", "sdk_app_id": "1400006666", "sign_name": "满山茶铺", "template_id": "1110", "params": []string{"order_tail"},
	}})["id"].(string)
	first := owner.want(200, "GET", "/channels/"+id+"/callback", nil)["url"].(string)
	key, err := n.ReportKey(t.Context(), id)
	if err != nil || len(key.Reveal()) != 48 || first != "https://zhisu.example/sms/reports/"+id+"/"+key.Reveal() {
		t.Errorf("%q, %v", first, err)
	}
	if again := owner.want(200, "GET", "/channels/"+id+"/callback", nil)["url"]; again != first {
		t.Errorf("%v after %v", again, first)
	}
	if strings.Contains(testkit.Dump(t, m.db), key.Reveal()) {
		t.Error("the key is stored in clear")
	}
}
