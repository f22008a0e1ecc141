package wechatsim

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// browser opens pages the way a merchant's does, without following redirects.
type browser struct {
	w       *world
	referer string
}

func (b browser) open(path string, form url.Values) (status int, location, body string) {
	b.w.t.Helper()
	method, payload := http.MethodGet, ""
	if form != nil {
		method, payload = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.srv.URL+path, strings.NewReader(payload))
	must(b.w.t, err)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if b.referer != "" {
		req.Header.Set("Referer", b.referer)
	}
	rec := &responseRecorder{header: http.Header{}}
	b.w.sim.Handler().ServeHTTP(rec, req)
	return rec.status, rec.header.Get("Location"), html.UnescapeString(rec.body.String())
}

type responseRecorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *responseRecorder) Header() http.Header         { return r.header }
func (r *responseRecorder) WriteHeader(status int)      { r.status = status }
func (r *responseRecorder) Write(b []byte) (int, error) { return r.body.Write(b) }

func (w *world) preAuthCode() string {
	w.t.Helper()
	return w.post(pathPreAuth, w.component(), answer{"component_appid": testComponent}).text("pre_auth_code")
}

func (w *world) link(change map[string]string) string {
	v := url.Values{
		"component_appid": {testComponent}, "redirect_uri": {"http://" + w.domain + "/authorize/abc/done?keep=1"}, "auth_type": {"2"},
	}
	if _, ok := change["pre_auth_code"]; !ok {
		v.Set("pre_auth_code", w.preAuthCode())
	}
	for k, val := range change {
		v.Set(k, val)
	}
	return v.Encode()
}

const (
	pcPage    = "/cgi-bin/componentloginpage?"
	phonePage = "/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&"
)

func TestAuthorisationPageChecksItsLink(t *testing.T) {
	w := newWorld(t)
	b := browser{w, "http://" + w.domain + "/"}
	for _, c := range []struct {
		name   string
		change map[string]string
		says   string
	}{
		{"another platform", map[string]string{"component_appid": "wxnobody"}, "component_appid"},
		{"no code", map[string]string{"pre_auth_code": ""}, "pre_auth_code"},
		{"a made-up code", map[string]string{"pre_auth_code": "preauthcode@@@no"}, "pre_auth_code 无效"},
		{"no redirect_uri", map[string]string{"redirect_uri": ""}, "redirect_uri"},
		{"a redirect_uri without scheme", map[string]string{"redirect_uri": w.domain + "/done"}, "redirect_uri"},
		{"a redirect_uri on another host", map[string]string{"redirect_uri": "http://evil.example/done"}, "授权发起页域名"},
		{"a redirect_uri on a subdomain", map[string]string{"redirect_uri": "http://a." + w.domain + "/done"}, "授权发起页域名"},
		{"an unknown auth_type", map[string]string{"auth_type": "7"}, "auth_type"},
		{"no auth_type", map[string]string{"auth_type": ""}, "auth_type"},
		{"an unknown biz_appid", map[string]string{"biz_appid": "wxnobody"}, "biz_appid"},
		{"junk in category_id_list", map[string]string{"category_id_list": "76|x"}, "category_id_list"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, page := range []string{pcPage, phonePage} {
				status, _, body := b.open(page+w.link(c.change), nil)
				equal(t, "status", status, 400)
				contains(t, body, c.says)
				lacks(t, body, "满山茶铺")
			}
		})
	}
	status, _, body := b.open("/wxaopen/safe/bindcomponent?"+w.link(nil), nil)
	equal(t, "phone page without action", status, 400)
	contains(t, body, "action=bindcomponent")
	status, _, _ = (browser{w: w}).open(pcPage+w.link(nil), url.Values{})
	equal(t, "a bare POST", status, 400)
}

func TestAuthorisationPageWantsARefererOfTheAuthDomain(t *testing.T) {
	w := newWorld(t)
	for referer, ok := range map[string]bool{
		"": false, "http://evil.example/": false, "http://" + w.domain: true, "http://" + w.domain + "/authorize/x": true,
	} {
		status, _, body := browser{w, referer}.open(pcPage+w.link(nil), nil)
		if ok != (status == 200) {
			t.Errorf("referer %q: %d", referer, status)
		}
		if !ok {
			contains(t, body, "请确认授权入口页所在域名")
		}
	}
	_, _, body := (browser{w: w}).open(pcPage+w.link(nil), nil)
	contains(t, body, "授权入口页所在域名：空")
	s := w.sim.Settings()
	s.RefererCheck = false
	must(t, w.sim.SetSettings(s))
	status, _, _ := (browser{w: w}).open(pcPage+w.link(nil), nil)
	equal(t, "status with the check off", status, 200)
}

func TestAuthorisationPageOffersProgramsAndSets(t *testing.T) {
	w := newWorld(t)
	b := browser{w, "http://" + w.domain + "/"}
	_, _, body := b.open(phonePage+w.link(nil), nil)
	for _, part := range []string{"满山茶铺", "鹿野露营", "小程序违规与交易投诉管理", "管理员扫码并同意授权"} {
		contains(t, body, part)
	}
	lacks(t, body, "全网发布测试")
	_, _, body = b.open(pcPage+w.link(map[string]string{"biz_appid": otherID, "category_id_list": "76|30"}), nil)
	lacks(t, body, "满山茶铺")
	lacks(t, body, "小程序交易保障")
	contains(t, body, "小程序基本信息管理")
	_, _, body = b.open(pcPage+w.link(map[string]string{"auth_type": "1"}), nil)
	contains(t, body, "没有可授权的账号")
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z_]+)" value="([^"]*)">`)

// agreeOnPage fills the page's form as a browser would.
func (b browser) agreeOnPage(page string, sets ...string) (status int, location, body string) {
	b.w.t.Helper()
	_, _, html := b.open(page, nil)
	form := url.Values{"appid": {shopID}, "sets." + shopID: sets}
	for _, m := range hidden.FindAllStringSubmatch(html, -1) {
		form.Set(m[1], m[2])
	}
	return b.open("/cgi-bin/componentloginpage", form)
}

func TestAgreeingRedirectsWithACodeAndPushesTheEvent(t *testing.T) {
	w := newWorld(t).run()
	b := browser{w, "http://" + w.domain + "/"}
	status, location, _ := b.agreeOnPage(pcPage+w.link(nil), "76", "151")
	equal(t, "status", status, 302)
	u, err := url.Parse(location)
	must(t, err)
	equal(t, "host", u.Host, w.domain)
	equal(t, "expires_in", u.Query().Get("expires_in"), "3600")
	equal(t, "what redirect_uri had", u.Query().Get("keep"), "1")
	w.idle()
	events := w.product.received("<InfoType><![CDATA[authorized]]>")
	equal(t, "events", len(events), 1)
	contains(t, events[0].plain, u.Query().Get("auth_code"))
	contains(t, events[0].plain, "<AuthorizerAppid><![CDATA["+shopID)
	contains(t, events[0].plain, "<PreAuthCode><![CDATA[preauthcode@@@")
	equal(t, "envelope", events[0].outer, testComponent)
	if got := w.sim.Programs()[0].GrantedSets; !slices.Equal(got, []int{76, 151}) {
		t.Errorf("granted %v, want only the ticked sets", got)
	}
	token := w.component()
	wantCode(t, w.post(pathQueryAuth, token, answer{"component_appid": testComponent, "authorization_code": u.Query().Get("auth_code")}), 0)
}

func TestPreAuthCodeWorksOnceAndExpires(t *testing.T) {
	w := newWorld(t)
	b := browser{w, "http://" + w.domain + "/"}
	link := pcPage + w.link(nil)
	status, _, _ := b.agreeOnPage(link, "76")
	equal(t, "first", status, 302)
	status, _, body := b.open(link, nil)
	equal(t, "second", status, 400)
	contains(t, body, "无效或已使用")
	link = pcPage + w.link(nil)
	must(t, w.sim.AdvanceClock(1800*time.Second))
	status, _, body = b.open(link, nil)
	equal(t, "expired", status, 400)
	contains(t, body, "已过期")
}

func TestAgreeingCannotGrantWhatWasNotOffered(t *testing.T) {
	w := newWorld(t)
	b := browser{w, "http://" + w.domain + "/"}
	status, _, _ := b.agreeOnPage(pcPage+w.link(map[string]string{"category_id_list": "76"}), "76", "151", "9999")
	equal(t, "status", status, 302)
	if got := w.sim.Programs()[0].GrantedSets; !slices.Equal(got, []int{76}) {
		t.Errorf("granted %v", got)
	}
	status, _, _ = b.agreeOnPage(pcPage+w.link(map[string]string{"biz_appid": otherID}), "76")
	equal(t, "another than the pinned program", status, 400)
	status, _, _ = b.agreeOnPage(pcPage+w.link(nil), "abc")
	equal(t, "junk sets", status, 400)
}

func TestOrderOfEventAndRedirect(t *testing.T) {
	for _, c := range []struct {
		order  string
		before int // events that arrived when the redirect is answered; -1 = whatever
		after  int
	}{{"before", 1, 1}, {"after", 0, 1}, {"none", 0, 0}, {"parallel", -1, 1}} {
		t.Run(c.order, func(t *testing.T) {
			w := newWorld(t).run()
			s := w.sim.Settings()
			s.AuthorizeEvent = c.order
			must(t, w.sim.SetSettings(s))
			status, location, _ := browser{w, "http://" + w.domain + "/"}.agreeOnPage(phonePage+w.link(nil), "76")
			equal(t, "status", status, 302)
			contains(t, location, "auth_code=")
			if got := len(w.product.received("[authorized]")); c.before >= 0 && got != c.before {
				t.Errorf("%d events with the redirect, want %d", got, c.before)
			}
			w.idle()
			equal(t, "events in the end", len(w.product.received("[authorized]")), c.after)
		})
	}
}

func TestWithoutRedirectTheAdminStaysOnThePage(t *testing.T) {
	w := newWorld(t).run()
	s := w.sim.Settings()
	s.AuthorizeRedirect = false
	must(t, w.sim.SetSettings(s))
	status, location, body := browser{w, "http://" + w.domain + "/"}.agreeOnPage(phonePage+w.link(nil), "76")
	equal(t, "status", status, 200)
	equal(t, "location", location, "")
	contains(t, body, "授权成功")
	w.idle()
	equal(t, "events", len(w.product.received("[authorized]")), 1)
}

func TestUpdateIsPushedOnlyWhenTheSetsChanged(t *testing.T) {
	w := newWorld(t).run()
	grant := func(sets ...int) AuthorizeResult {
		res, err := w.sim.Authorize(AuthorizeRequest{AppID: shopID, FuncIDs: sets})
		must(t, err)
		w.idle()
		return res
	}
	equal(t, "first", grant(76, 30).Event, infoAuthorized)
	equal(t, "same sets in another order", grant(30, 76, 76).Event, "")
	equal(t, "another set", grant(30, 76, 151).Event, infoUpdated)
	equal(t, "authorized events", len(w.product.received("[authorized]")), 1)
	equal(t, "updateauthorized events", len(w.product.received("[updateauthorized]")), 1)
	must(t, w.sim.Unauthorize(shopID))
	w.idle()
	gone := w.product.received("[unauthorized]")
	equal(t, "unauthorized events", len(gone), 1)
	contains(t, gone[0].plain, shopID)
	lacks(t, gone[0].plain, "AuthorizationCode")
	equal(t, "after revoking", grant(76).Event, infoAuthorized)
}

func TestAuthoriseWithoutThePage(t *testing.T) {
	w := newWorld(t)
	code := w.preAuthCode()
	res, err := w.sim.Authorize(AuthorizeRequest{AppID: shopID, PreAuthCode: code})
	must(t, err)
	equal(t, "expires_in", res.ExpiresIn, 3600)
	if _, err := w.sim.Authorize(AuthorizeRequest{AppID: shopID, PreAuthCode: code}); !errors.Is(err, ErrInvalid) {
		t.Errorf("the code twice: %v", err)
	}
	if _, err := w.sim.Authorize(AuthorizeRequest{AppID: "wxnobody"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown program: %v", err)
	}
}

func TestRunEndsWithItsContextAndNotTwice(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	w.sim.PushTicket()
	w.idle()
	if err := w.sim.Run(ctx); !errors.Is(err, ErrNotNow) {
		t.Errorf("a second Run: %v", err)
	}
	cancel()
	must(t, <-ended)
}
