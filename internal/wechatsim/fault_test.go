package wechatsim

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func ptr[T any](v T) *T { return &v }

// tryRespond sends a good answer for id and reports what came back; err when the connection was dropped.
func (w *world) tryRespond(token, id string) (status int, body string, err error) {
	w.t.Helper()
	payload := asJSON(w.t, answer{"complaintOrderId": id, "bussiHandle": 1, "content": "好的"})
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.srv.URL+withToken(pathRespond, token), strings.NewReader(payload))
	must(w.t, err)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }()
	var buf bytes.Buffer
	_, err = buf.ReadFrom(res.Body)
	return res.StatusCode, buf.String(), err
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   Fault
		status  int    // 0 = no answer
		body    string // part of the answer
		happens bool   // the call had its effect
	}{
		{"an errcode", Fault{Errcode: ptr(-1)}, 200, `"errmsg":"system error rid: `, false},
		{"an errcode nobody knows", Fault{Errcode: ptr(88888)}, 200, `"errcode":88888`, false},
		{"an errcode with a text", Fault{Errcode: ptr(45009), Errmsg: "quota"}, 200, `"quota rid: `, false},
		{"a gateway's page", Fault{HTTPStatus: 502}, 502, "<html>", false},
		{"an errcode with a status", Fault{HTTPStatus: 500, Errcode: ptr(-1)}, 500, `"errcode":-1`, false},
		{"an empty object", Fault{Body: ptr("{}")}, 200, "{}", false},
		{"no JSON", Fault{Body: ptr("<html>")}, 200, "<html>", false},
		{"the effect, then an error", Fault{Errcode: ptr(-1), After: true}, 200, `"errcode":-1`, true},
		{"the effect, then a page", Fault{HTTPStatus: 504, After: true}, 504, "<html>", true},
		{"the effect, then nothing", Fault{Hangup: true}, 0, "", true},
		{"nothing at all", Fault{Drop: true}, 0, "", false},
		{"a delay", Fault{DelayMS: 30}, 200, `"errcode":0`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.authorizer(shopID)
			id := w.file()
			c.fault.Target = "bussiRespondComplaint"
			must(t, w.sim.AddFault(c.fault))
			start := time.Now()
			status, body, err := w.tryRespond(token, id)
			equal(t, "dropped", err != nil, c.status == 0)
			equal(t, "status", status, c.status)
			contains(t, body, c.body)
			if c.fault.DelayMS > 0 && time.Since(start) < 30*time.Millisecond {
				t.Error("it did not wait")
			}
			equal(t, "effect", w.view(id).Status == 203, c.happens)
			calls := w.view(id).Calls
			equal(t, "calls", len(calls), 1)
			equal(t, "answered", calls[0].Answered, c.status != 0)

			equal(t, "faults left", len(w.sim.Faults()), 0)
			_, body, err = w.tryRespond(token, id)
			must(t, err)
			contains(t, body, map[bool]string{true: `"errcode":309`, false: `"errcode":0`}[c.happens])
		})
	}
}

func TestFaultTargetsAndTimes(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	must(t, w.sim.AddFault(Fault{Target: pathRespond, Errcode: ptr(-1), Times: 2}))
	must(t, w.sim.AddFault(Fault{Target: "*", Errcode: ptr(45009)}))
	id := w.file()
	wantCode(t, w.act(token, id, "agree"), -1)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, token), 45009)
	wantCode(t, w.act(token, id, "agree"), -1)
	equal(t, "left", len(w.sim.Faults()), 0)
	wantCode(t, w.act(token, id, "agree"), 0)
	must(t, w.sim.AddFault(Fault{Target: "*", Errcode: ptr(-1), Times: 5}))
	w.sim.ClearFaults()
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, token), 0)
}

func TestFaultsAreChecked(t *testing.T) {
	w := newWorld(t)
	for _, f := range []Fault{
		{Errcode: ptr(-1)}, {Target: "*"}, {Target: "*", Errcode: ptr(-1), Times: -1}, {Target: "*", DelayMS: -1}, {Target: "*", HTTPStatus: 99},
	} {
		if err := w.sim.AddFault(f); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if err := w.sim.AddFault(Fault{Target: "complaintorderdetail", Errcode: ptr(-1)}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a misspelt API: %v", err)
	}
	equal(t, "armed", len(w.sim.Faults()), 0)
}

func TestDelayEndsWithTheCaller(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	id := w.file()
	must(t, w.sim.AddFault(Fault{Target: "bussiRespondComplaint", DelayMS: 60_000}))
	client := &http.Client{Timeout: 50 * time.Millisecond}
	payload := asJSON(t, answer{"complaintOrderId": id, "bussiHandle": 1, "content": "好的"})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.srv.URL+withToken(pathRespond, token), strings.NewReader(payload))
	must(t, err)
	res, err := client.Do(req)
	if err == nil {
		_ = res.Body.Close()
		t.Fatal("it answered")
	}
	equal(t, "status", w.view(id).Status, 201)
}

func TestDailyAndMinuteLimits(t *testing.T) {
	w := newWorld(t)
	token := w.component()
	s := w.sim.Settings()
	s.DailyLimits = map[string]int{"api_create_preauthcode": 4}
	s.MinuteLimits = map[string]int{pathPreAuth: 2}
	must(t, w.sim.SetSettings(s))
	body := answer{"component_appid": testComponent}
	try := func() int { return w.post(pathPreAuth, token, body).errcode() }
	equal(t, "1st", try(), 0)
	equal(t, "2nd", try(), 0)
	equal(t, "3rd in a minute", try(), 45011)
	must(t, w.sim.AdvanceClock(time.Minute))
	equal(t, "3rd", try(), 0)
	equal(t, "4th", try(), 0)
	must(t, w.sim.AdvanceClock(time.Minute))
	equal(t, "5th in a day", try(), 45009)

	quota := func() answer {
		return w.post("/cgi-bin/openapi/quota/get", token, answer{"cgi_path": pathPreAuth})
	}
	q := quota().obj("quota")
	equal(t, "quota", []any{q["daily_limit"], q["used"], q["remain"]}[1], any(float64(4)))
	equal(t, "remain", q["remain"], any(float64(0)))
	equal(t, "rate limit", quota().obj("rate_limit")["call_count"], any(float64(2)))
	clear := answer{"component_appid": testComponent, "appsecret": testSecret}
	wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", clear), 0)
	equal(t, "after clearing", try(), 0)
	for range 9 {
		wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", clear), 0)
	}
	wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", clear), 48006)
	must(t, w.sim.AdvanceClock(24*time.Hour))
	token = w.component()
	equal(t, "the next day", try(), 0)
}

func TestClearQuotaOfAProgram(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	s := w.sim.Settings()
	s.DailyLimits = map[string]int{"complaintOrderDetail": 1}
	must(t, w.sim.SetSettings(s))
	id := w.file()
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, token), 0)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, token), 45009)
	body := answer{"component_appid": testComponent, "appsecret": testSecret, "appid": otherID}
	wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", body), 43007)
	body["appid"] = shopID
	wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", body), 0)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, token), 0)
	body["appsecret"] = "guess"
	wantCode(t, w.post("/cgi-bin/component/clear_quota/v2", "", body), 40125)
}

func TestQuotaOfUnknownPaths(t *testing.T) {
	w := newWorld(t)
	token := w.component()
	for _, path := range []string{"api_component_token", "/nowhere"} {
		wantCode(t, w.post("/cgi-bin/openapi/quota/get", token, answer{"cgi_path": path}), 76003)
	}
	wantCode(t, w.post("/cgi-bin/openapi/quota/get", token, answer{}), 47001)
	a := w.post("/cgi-bin/openapi/quota/get", token, answer{"cgi_path": pathComponentToken})
	equal(t, "calls so far", a.obj("quota")["used"], any(float64(1)))
	ips := w.get("/cgi-bin/getcallbackip", token).list("ip_list")
	equal(t, "ip_list", len(ips), 1)
}

func TestPlainToken(t *testing.T) {
	w := newWorld(t)
	ask := func(q string) answer { return w.get("/cgi-bin/token?"+q, "") }
	good := "grant_type=client_credential&appid=" + shopID + "&secret=" + shopSecret
	wantCode(t, ask("grant_type=password&appid="+shopID+"&secret="+shopSecret), 40002)
	wantCode(t, ask("grant_type=client_credential&secret=x"), 41002)
	wantCode(t, ask("grant_type=client_credential&appid="+shopID), 41004)
	wantCode(t, ask("grant_type=client_credential&appid=wxnobody&secret=x"), 40013)
	wantCode(t, ask("grant_type=client_credential&appid="+shopID+"&secret=guess"), 40125)
	wantCode(t, ask("grant_type=client_credential&appid="+otherID+"&secret=x"), 40125) // it has no secret here
	first, second := ask(good).text("access_token"), ask(good).text("access_token")
	if first == second || first == "" {
		t.Fatalf("%q %q", first, second)
	}
	id := w.file()
	must(t, w.sim.AdvanceClock(5*time.Minute))
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, first), 42001)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, second), 0)
	for range tokenCallsPerDay {
		w.sim.mu.Lock()
		w.sim.accounts[shopID].own.plainCalls++
		w.sim.mu.Unlock()
	}
	wantCode(t, ask(good), 45009)
}

func TestStableToken(t *testing.T) {
	w := newWorld(t)
	ask := func(change answer) answer {
		b := answer{"grant_type": "client_credential", "appid": shopID, "secret": shopSecret}
		for k, v := range change {
			b[k] = v
		}
		return w.post("/cgi-bin/stable_token", "", b)
	}
	wantCode(t, ask(answer{"secret": "guess"}), 40125)
	wantCode(t, ask(answer{"grant_type": ""}), 40002)
	wantCode(t, ask(answer{"force_refresh": "yes"}), 47001)
	wantCode(t, w.post("/cgi-bin/stable_token", "", ""), 44002)
	first := ask(nil).text("access_token")
	must(t, w.sim.AdvanceClock(115*time.Minute))
	a := ask(nil)
	equal(t, "the same with five minutes left", a.text("access_token"), first)
	equal(t, "expires_in", a["expires_in"].(float64), 300)
	must(t, w.sim.AdvanceClock(time.Second))
	second := ask(nil).text("access_token")
	if second == first {
		t.Fatal("not renewed")
	}
	id := w.file()
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, first), 0)
	forced := ask(answer{"force_refresh": true}).text("access_token")
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, second), 40001)
	wantCode(t, w.get(pathDetail+"?complaintOrderId="+id, forced), 0)
	wantCode(t, ask(answer{"force_refresh": true}), 45011)
	for range forceCallsPerDay - 1 {
		must(t, w.sim.AdvanceClock(30*time.Second))
		wantCode(t, ask(answer{"force_refresh": true}), 0)
	}
	must(t, w.sim.AdvanceClock(30*time.Second))
	wantCode(t, ask(answer{"force_refresh": true}), 45009)
}

func TestCustomMessageNeedsAUserWhoWroteFirst(t *testing.T) {
	w := newWorld(t)
	token, _ := w.authorizer(shopID)
	const path = "/cgi-bin/message/custom/send"
	msg := answer{"touser": "oUser", "msgtype": "text", "text": answer{"content": "你好"}}
	wantCode(t, w.post(path, token, msg), 45015)
	w.sim.mu.Lock()
	w.sim.accounts[shopID].talked["oUser"] = w.sim.now()
	w.sim.mu.Unlock()
	wantCode(t, w.post(path, token, msg), 0)
	wantCode(t, w.post(path, token, answer{"touser": "oUser", "msgtype": "text"}), 47001)
	wantCode(t, w.post(path, token, answer{"msgtype": "text", "text": answer{"content": "x"}}), 40003)
	wantCode(t, w.post(path, token, answer{"touser": "oUser"}), 47001)
	must(t, w.sim.AdvanceClock(48*time.Hour+time.Second))
	wantCode(t, w.post(path, w.own(), msg), 45015)
}
