package wechatsim

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	pathComponentToken = "/cgi-bin/component/api_component_token"
	pathPreAuth        = "/cgi-bin/component/api_create_preauthcode"
	pathQueryAuth      = "/cgi-bin/component/api_query_auth"
	pathAuthorizer     = "/cgi-bin/component/api_authorizer_token"
	pathInfo           = "/cgi-bin/component/api_get_authorizer_info"
	pathList           = "/cgi-bin/component/api_get_authorizer_list"
	pathStart          = "/cgi-bin/component/api_start_push_ticket"
	pathDetail         = complaintPrefix + "complaintOrderDetail"
	pathRespond        = complaintPrefix + "bussiRespondComplaint"
)

func TestComponentTokenWantsTheRightCredentials(t *testing.T) {
	w := newWorld(t)
	body := func(change answer) answer {
		b := answer{"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": w.ticket()}
		for k, v := range change {
			b[k] = v
			if v == nil {
				delete(b, k)
			}
		}
		return b
	}
	for _, c := range []struct {
		name string
		body any
		code int
	}{
		{"an empty body", "", 44002},
		{"a form instead of JSON", "component_appid=" + testComponent, 47001},
		{"an array instead of an object", "[]", 47001},
		{"two objects", "{}{}", 47001},
		{"no component_appid", body(answer{"component_appid": nil}), 41018},
		{"another component_appid", body(answer{"component_appid": "wxnobody"}), 40013},
		{"no secret", body(answer{"component_appsecret": nil}), 41004},
		{"a wrong secret", body(answer{"component_appsecret": "guess"}), 40125},
		{"the secret under another name", body(answer{"component_appsecret": nil, "component_secret": testSecret}), 41004},
		{"no ticket", body(answer{"component_verify_ticket": nil}), 47001},
		{"a made-up ticket", body(answer{"component_verify_ticket": "ticket@@@no"}), 61006},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.post(pathComponentToken, "", c.body)
			wantCode(t, a, c.code)
			if a.text("component_access_token") != "" {
				t.Error("a token came with the refusal")
			}
		})
	}
	a := w.post(pathComponentToken, "", body(nil))
	if _, has := a["errcode"]; has {
		t.Errorf("success carries errcode: %v", a)
	}
	equal(t, "length of the token", len(a.text("component_access_token")), 157)
	equal(t, "expires_in", a["expires_in"].(float64), 7200)
}

func TestTicketLivesTwelveHours(t *testing.T) {
	w := newWorld(t)
	ticket := w.ticket()
	body := answer{"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": ticket}
	must(t, w.sim.AdvanceClock(12*time.Hour-time.Second))
	wantCode(t, w.post(pathComponentToken, "", body), 0)
	must(t, w.sim.AdvanceClock(time.Second))
	wantCode(t, w.post(pathComponentToken, "", body), 61005)
}

func TestWrongMethodIsRefused(t *testing.T) {
	w := newWorld(t)
	for _, ep := range endpoints() {
		method, code := "GET", 43002
		if ep.method == "GET" {
			method, code = "POST", 43001
		}
		t.Run(ep.name, func(t *testing.T) { wantCode(t, w.call(method, ep.path, "{}"), code) })
	}
}

func TestEveryTokenIsCheckedForItsKind(t *testing.T) {
	w := newWorld(t)
	component := w.component()
	access, _ := w.authorizer(shopID)
	for _, ep := range endpoints() {
		if ep.token == noToken {
			continue
		}
		t.Run(ep.name, func(t *testing.T) {
			wantCode(t, w.call(ep.method, ep.path, ""), 41001)
			wantCode(t, w.call(ep.method, withToken(ep.path, "98_none"), ""), 40001)
			switch ep.token {
			case componentToken:
				wantCode(t, w.call(ep.method, withToken(ep.path, access), "{}"), 61014)
			case accountToken:
				wantCode(t, w.call(ep.method, withToken(ep.path, component), "{}"), 61015)
				wantCode(t, w.call(ep.method, ep.path+"?component_access_token="+access, "{}"), 41001)
			}
		})
	}
	must(t, w.sim.AdvanceClock(7200*time.Second))
	wantCode(t, w.post(pathPreAuth, component, "{}"), 42001)
	wantCode(t, w.get(pathDetail, access), 42001)
}

func TestOldAndNewNameOfTheTokenParameterWork(t *testing.T) {
	w := newWorld(t)
	token := w.component()
	for _, name := range []string{"access_token", "component_access_token"} {
		a := w.call("POST", pathPreAuth+"?"+name+"="+token, asJSON(t, answer{"component_appid": testComponent}))
		if !strings.HasPrefix(a.text("pre_auth_code"), "preauthcode@@@") {
			t.Errorf("%s: %v", name, a)
		}
	}
}

func TestComponentTokensOverlapUnlessToldOtherwise(t *testing.T) {
	w := newWorld(t)
	first := w.component()
	second := w.component()
	body := answer{"component_appid": testComponent}
	wantCode(t, w.post(pathPreAuth, first, body), 0)
	s := w.sim.Settings()
	s.ComponentTokenReplacesOld = true
	must(t, w.sim.SetSettings(s))
	third := w.component()
	wantCode(t, w.post(pathPreAuth, first, body), 40001)
	wantCode(t, w.post(pathPreAuth, second, body), 40001)
	wantCode(t, w.post(pathPreAuth, third, body), 0)
	must(t, w.sim.InvalidateTokens("component", ""))
	wantCode(t, w.post(pathPreAuth, third, body), 40001)
}

func TestStartPushTicketTellsTheState(t *testing.T) {
	w := newWorld(t)
	body := answer{"component_appid": testComponent, "component_secret": testSecret}
	equal(t, "errmsg", w.post(pathStart, "", body).text("errmsg"), "in a normal state")
	s := w.sim.Settings()
	s.TicketsStopped = true
	must(t, w.sim.SetSettings(s))
	wantCode(t, w.post(pathStart, "", answer{"component_appid": testComponent, "component_appsecret": testSecret}), 41004)
	equal(t, "still stopped", w.sim.Settings().TicketsStopped, true)
	equal(t, "errmsg", w.post(pathStart, "", body).text("errmsg"), "ok")
	equal(t, "stopped", w.sim.Settings().TicketsStopped, false)
	wantCode(t, w.post(pathStart, "", answer{"component_appid": shopID, "component_secret": testSecret}), 40013)
}

func TestQueryAuthTakesACodeOnce(t *testing.T) {
	w := newWorld(t)
	token := w.component()
	res, err := w.sim.Authorize(AuthorizeRequest{AppID: shopID, Event: "none"})
	must(t, err)
	body := answer{"component_appid": testComponent, "authorization_code": res.AuthCode}
	info := w.post(pathQueryAuth, token, body).obj("authorization_info")
	equal(t, "authorizer_appid", info.text("authorizer_appid"), shopID)
	if !strings.HasPrefix(info.text("authorizer_refresh_token"), "refreshtoken@@@") {
		t.Errorf("refresh token: %v", info)
	}
	equal(t, "sets", len(info.list("func_info")), 4)
	wantCode(t, w.post(pathQueryAuth, token, body), 61009)
	wantCode(t, w.post(pathQueryAuth, token, answer{"component_appid": testComponent, "authorization_code": "queryauthcode@@@no"}), 61009)
	wantCode(t, w.post(pathQueryAuth, token, answer{"component_appid": testComponent}), 47001)

	s := w.sim.Settings()
	s.AuthCodeReusable = true
	must(t, w.sim.SetSettings(s))
	wantCode(t, w.post(pathQueryAuth, token, body), 0)
}

func TestAuthCodeExpiresAndDiesWithTheAuthorisation(t *testing.T) {
	w := newWorld(t)
	res, err := w.sim.Authorize(AuthorizeRequest{AppID: shopID, Event: "none"})
	must(t, err)
	must(t, w.sim.AdvanceClock(time.Hour))
	body := answer{"component_appid": testComponent, "authorization_code": res.AuthCode}
	wantCode(t, w.post(pathQueryAuth, w.component(), body), 61010)
	res, err = w.sim.Authorize(AuthorizeRequest{AppID: shopID, Event: "none"})
	must(t, err)
	must(t, w.sim.Unauthorize(shopID))
	body["authorization_code"] = res.AuthCode
	wantCode(t, w.post(pathQueryAuth, w.component(), body), 61009)
}

func refreshBody(refresh string) answer {
	return answer{"component_appid": testComponent, "authorizer_appid": shopID, "authorizer_refresh_token": refresh}
}

func TestRefreshKeepsTheRefreshTokenAndGracesTheOldAccessToken(t *testing.T) {
	w := newWorld(t)
	access, refresh := w.authorizer(shopID)
	a := w.post(pathAuthorizer, w.component(), refreshBody(refresh))
	equal(t, "refresh token", a.text("authorizer_refresh_token"), refresh)
	fresh := a.text("authorizer_access_token")
	if fresh == "" || fresh == access {
		t.Fatalf("no new access token: %v", a)
	}
	id := w.file()
	must(t, w.sim.AdvanceClock(5*time.Minute-time.Second))
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, access), 0)
	must(t, w.sim.AdvanceClock(time.Second))
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, access), 42001)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, fresh), 0)
}

func TestRefreshRefusals(t *testing.T) {
	w := newWorld(t)
	_, refresh := w.authorizer(shopID)
	token := w.component()
	wantCode(t, w.post(pathAuthorizer, token, refreshBody("refreshtoken@@@no")), 61023)
	wantCode(t, w.post(pathAuthorizer, token, refreshBody("")), 61023)
	wantCode(t, w.post(pathAuthorizer, token, answer{"component_appid": testComponent, "authorizer_appid": shopID}), 61023)
	wantCode(t, w.post(pathAuthorizer, token, answer{"component_appid": testComponent}), 47001)
	wantCode(t, w.post(pathAuthorizer, token, answer{"component_appid": testComponent, "authorizer_appid": "wxnobody"}), 40013)
	wantCode(t, w.post(pathAuthorizer, token, answer{"component_appid": testComponent, "authorizer_appid": otherID}), 61003)

	_, again := w.authorizer(shopID)
	if again == refresh {
		t.Error("authorising again kept the refresh token")
	}
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(refresh)), 61023)
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(again)), 0)
	must(t, w.sim.Unauthorize(shopID))
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(again)), 61003)
}

func TestRotatedRefreshTokenHasFiveMinutesOfGrace(t *testing.T) {
	w := newWorld(t)
	s := w.sim.Settings()
	s.RotateRefreshTokens = true
	must(t, w.sim.SetSettings(s))
	_, first := w.authorizer(shopID)
	token := w.component()
	second := w.post(pathAuthorizer, token, refreshBody(first)).text("authorizer_refresh_token")
	if second == first {
		t.Fatal("it did not rotate")
	}
	equal(t, "in grace", w.post(pathAuthorizer, token, refreshBody(first)).text("authorizer_refresh_token"), second)
	must(t, w.sim.AdvanceClock(5*time.Minute))
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(first)), 61023)
}

func TestLostRefreshTokenIsInTheList(t *testing.T) {
	w := newWorld(t)
	access, refresh := w.authorizer(shopID)
	token := w.component()
	must(t, w.sim.InvalidateTokens("refresh", shopID))
	must(t, w.sim.InvalidateTokens("access", shopID))
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(refresh)), 61023)
	wantCode(t, w.get(pathDetail, access), 40001)
	list := w.post(pathList, token, answer{"component_appid": testComponent, "offset": 0, "count": 500})
	equal(t, "total_count", list["total_count"].(float64), 1)
	entry := answer(list.list("list")[0].(map[string]any))
	wantCode(t, w.post(pathAuthorizer, token, refreshBody(entry.text("refresh_token"))), 0)
	equal(t, "auth_time", int64(entry["auth_time"].(float64)), testStart.Unix())

	for _, c := range []struct{ kind, appid string }{{"refresh", otherID}, {"refresh", "wxnobody"}, {"tea", shopID}} {
		if err := w.sim.InvalidateTokens(c.kind, c.appid); err == nil {
			t.Errorf("%v was invalidated", c)
		}
	}
}

func TestListPages(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		id := fmt.Sprintf("wxmany%012d", i)
		must(t, w.sim.AddProgram(Program{AppID: id, UserName: "gh_" + id, FuncIDs: []int{76}}))
		_, err := w.sim.Authorize(AuthorizeRequest{AppID: id, Event: "none"})
		must(t, err)
	}
	token := w.component()
	page := func(offset, count int) answer {
		return w.post(pathList, token, answer{"component_appid": testComponent, "offset": offset, "count": count})
	}
	equal(t, "first page", len(page(0, 5).list("list")), 5)
	equal(t, "second page", len(page(5, 5).list("list")), 2)
	equal(t, "behind the end", len(page(50, 5).list("list")), 0)
	wantCode(t, page(0, 501), 40170)
	wantCode(t, page(-1, 5), 47001)
	wantCode(t, page(0, 0), 47001)
	wantCode(t, w.post(pathList, token, answer{"component_appid": testComponent}), 47001)

	s := w.sim.Settings()
	s.EmptyRefreshInList, s.TestAccountsInList = true, true
	must(t, w.sim.SetSettings(s))
	all := page(0, 500)
	equal(t, "with the test accounts", all["total_count"].(float64), 17)
	for _, e := range all.list("list") {
		equal(t, "refresh_token", answer(e.(map[string]any)).text("refresh_token"), "")
	}
}

func TestAuthorizerInfoTellsWhoAndWhat(t *testing.T) {
	w := newWorld(t)
	w.authorizer(shopID, 76, 30)
	token := w.component()
	a := w.post(pathInfo, token, answer{"component_appid": testComponent, "authorizer_appid": shopID})
	info := a.obj("authorizer_info")
	equal(t, "nick_name", info.text("nick_name"), "满山茶铺")
	equal(t, "user_name", info.text("user_name"), shopUser)
	equal(t, "principal_name", info.text("principal_name"), "满山茶业有限公司")
	if info.obj("MiniProgramInfo") == nil {
		t.Error("MiniProgramInfo is missing, so it is no mini program")
	}
	var sets []float64
	for _, f := range a.obj("authorization_info").list("func_info") {
		sets = append(sets, answer(f.(map[string]any)).obj("funcscope_category")["id"].(float64))
	}
	equal(t, "func_info", fmt.Sprint(sets), "[30 76]")
	wantCode(t, w.post(pathInfo, token, answer{"component_appid": testComponent, "authorizer_appid": otherID}), 61003)
}

func TestRevokedProgramAnswers61003UntilItIsAuthorisedAgain(t *testing.T) {
	w := newWorld(t)
	access, _ := w.authorizer(shopID)
	must(t, w.sim.Unauthorize(shopID))
	wantCode(t, w.get(pathDetail, access), 61003)
	again, _ := w.authorizer(shopID)
	wantCode(t, w.get(pathDetail, access), 40001)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+w.file(), again), 0)
	if err := w.sim.Unauthorize("wxnobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown program: %v", err)
	}
	must(t, w.sim.Unauthorize(shopID))
	if err := w.sim.Unauthorize(shopID); !errors.Is(err, ErrNotNow) {
		t.Errorf("twice: %v", err)
	}
}

func TestRidStartsWithTheSecondOfTheCall(t *testing.T) {
	w := newWorld(t)
	must(t, w.sim.AdvanceClock(90*time.Second))
	msg := w.post(pathComponentToken, "", "{}").text("errmsg")
	contains(t, msg, fmt.Sprintf("rid: %08x-", testStart.Add(90*time.Second).Unix()))
}

func TestEnvelopeVariants(t *testing.T) {
	w := newWorld(t)
	s := w.sim.Settings()
	s.StringErrcode, s.UnknownFields = true, true
	must(t, w.sim.SetSettings(s))
	a := w.post(pathComponentToken, "", "{}")
	equal(t, "errcode as text", a.text("errcode"), "41018")
	if a.obj("sim_unknown_field") == nil {
		t.Error("the unknown field is missing")
	}
}
