package wechatsim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// controlled calls the control API and insists on a status.
func (w *world) controlled(method, path, body string, want int) answer {
	w.t.Helper()
	status, a := w.do(method, "/control/"+path, body)
	if status != want {
		w.t.Fatalf("%s %s answered %d %v, want %d", method, path, status, a, want)
	}
	if want >= 400 && a.text("error") == "" {
		w.t.Errorf("%s %s: no error text in %v", method, path, a)
	}
	return a
}

func TestControlWalksACase(t *testing.T) {
	w := newWorld(t).run()
	w.waitPushes(infoTicket, 1)
	res := w.controlled("POST", "authorize", `{"appid":"`+shopID+`"}`, 200)
	equal(t, "event", res.text("event"), infoAuthorized)
	body := answer{"component_appid": testComponent, "authorization_code": res.text("auth_code")}
	info := w.post(pathQueryAuth, w.component(), body).obj("authorization_info")
	token := info.text("authorizer_access_token")

	a := w.controlled("POST", "complaints", `{"appid":"`+shopID+`","type":642,"amount":16800,"content":"裂了","images":2}`, 200)
	id := a.text("complaint_order_id")
	v := w.controlled("GET", "complaints/"+id, "", 200)
	equal(t, "status", v["status"], any(float64(201)))
	equal(t, "appeal_state", v["appeal_state"], any(float64(0)))
	equal(t, "calls", len(v.list("calls")), 0)

	w.act(token, id, "refuse")
	v = w.controlled("GET", "complaints/"+id, "", 200)
	calls := v.list("calls")
	equal(t, "calls", len(calls), 1)
	call := answer(calls[0].(map[string]any))
	equal(t, "path", call.text("path"), pathRespond)
	equal(t, "errcode", call["errcode"], any(float64(0)))
	equal(t, "decision", call.obj("body")["bussiHandle"], any(float64(2)))
	equal(t, "at", call["at"], any(float64(testStart.UnixMilli())))

	v = w.controlled("POST", "complaints/"+id+"/advance", `{"event":"user_asks_platform"}`, 200)
	equal(t, "status", v["status"], any(float64(101)))
	v = w.controlled("POST", "complaints/"+id+"/advance", `{"event":"platform_rules_merchant","with_return":true}`, 200)
	equal(t, "status", v["status"], any(float64(308)))
	equal(t, "appeal_state", v["appeal_state"], any(float64(401)))
	w.idle()
	list := w.controlled("GET", "pushes?event=complaint_callback", "", 200).list("pushes")
	equal(t, "pushes", len(list), 4)
	equal(t, "limited", len(w.controlled("GET", "pushes?limit=1", "", 200).list("pushes")), 1)
	tries := answer(list[0].(map[string]any)).list("tries")
	equal(t, "status of the try", answer(tries[0].(map[string]any))["status"], any(float64(200)))
	equal(t, "all complaints", len(w.controlled("GET", "complaints", "", 200).list("complaints")), 1)
	equal(t, "calls of the API", len(w.controlled("GET", "calls?api=bussiRespondComplaint&appid="+shopID, "", 200).list("calls")), 1)
	equal(t, "calls of another", len(w.controlled("GET", "calls?appid="+otherID, "", 200).list("calls")), 0)
	w.controlled("POST", "unauthorize", `{"appid":"`+shopID+`"}`, 200)
	w.idle()
	equal(t, "unauthorized", len(w.product.received("[unauthorized]")), 1)
}

func TestControlFilingTakesTypeAndImagesInBothForms(t *testing.T) {
	w := newWorld(t)
	for body, images := range map[string]int{
		`{"appid":"%s"}`: 0,
		`{"appid":"%s","type":"611","images":null}`:           0,
		`{"appid":"%s","type":null,"images":3}`:               3,
		`{"appid":"%s","images":["http://a/1","http://a/2"]}`: 2,
	} {
		a := w.controlled("POST", "complaints", fmt.Sprintf(body, shopID), 200)
		v := w.view(a.text("complaint_order_id"))
		equal(t, body, len(v.Items[0].Images), images)
		if strings.Contains(body, "611") {
			equal(t, "type", v.Type, 611)
		}
		if strings.Contains(body, "http") {
			equal(t, "link", v.Items[0].Images[0], "http://a/1")
		}
	}
}

func TestControlAnswersErrorsAsJSON(t *testing.T) {
	w := newWorld(t)
	id := w.file()
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "nothing", "", 404},
		{"GET", "complaints/1", "", 404},
		{"POST", "complaints", `{"appid":"wxnobody"}`, 404},
		{"POST", "complaints", `{`, 400},
		{"POST", "complaints", `{}{}`, 400},
		{"POST", "complaints", `{"appid":"` + shopID + `","colour":1}`, 400},
		{"POST", "complaints", `{"appid":"` + shopID + `","type":"shoes"}`, 400},
		{"POST", "complaints", `{"appid":"` + shopID + `","images":"many"}`, 400},
		{"POST", "complaints", `{"appid":"` + shopID + `","amount":-5}`, 400},
		{"POST", "complaints/1/advance", `{"event":"withdraw"}`, 404},
		{"POST", "complaints/" + id + "/advance", `{"event":"proof_ok"}`, 409},
		{"POST", "complaints/" + id + "/advance", `{"event":"dance"}`, 400},
		{"POST", "complaints/" + id + "/advance", ``, 400},
		{"POST", "complaints/" + id + "/advance", `[]`, 400},
		{"POST", "faults", `{"target":"*"}`, 400},
		{"POST", "faults", `{"target":"nothing","errcode":-1}`, 404},
		{"POST", "clock", `{"advance_seconds":-1}`, 400},
		{"POST", "clock", `{"advance_seconds":"much"}`, 400},
		{"POST", "programs", `{"appid":"x"}`, 400},
		{"POST", "programs", `{"appid":"` + shopID + `","user_name":"gh_x"}`, 400},
		{"POST", "authorize", `{"appid":"wxnobody"}`, 404},
		{"POST", "authorize", `{"appid":"` + shopID + `","pre_auth_code":"no"}`, 400},
		{"POST", "authorize", `x`, 400},
		{"POST", "unauthorize", `{"appid":"` + shopID + `"}`, 409},
		{"POST", "standing", `{"appid":"wxnobody"}`, 404},
		{"POST", "settings", `{"authorize_event":"sometimes"}`, 400},
		{"POST", "settings", `{"no_such_switch":true}`, 400},
		{"POST", "settings", `{"auth_code_seconds":0}`, 400},
		{"POST", "variants", `{"history":"x"}`, 400},
		{"POST", "endpoints", `{"x":1}`, 400},
		{"POST", "keys", `{"token":"a","aes_key":"b"}`, 400},
		{"POST", "tokens/invalidate", `{"kind":"access","appid":"wxnobody"}`, 404},
		{"POST", "push", `{"fault":"x"}`, 400},
		{"POST", "push", `x`, 400},
		{"POST", "release-check", `{"group":9}`, 400},
		{"POST", "release-check", `x`, 400},
	} {
		w.controlled(c.method, c.path, c.body, c.status)
	}
}

func TestControlSwitches(t *testing.T) {
	w := newWorld(t)
	a := w.controlled("POST", "settings", `{"rotate_refresh_tokens":true,"daily_limits":{"token":3}}`, 200)
	equal(t, "changed", a["rotate_refresh_tokens"], any(true))
	equal(t, "kept", a["referer_check"], any(true))
	equal(t, "limit", w.sim.Settings().DailyLimits["token"], 3)
	equal(t, "read", w.controlled("GET", "settings", "", 200)["timeout_201"], any("platform"))

	w.controlled("POST", "faults", `{"target":"complaintOrderDetail","errcode":-1,"times":2}`, 200)
	f := answer(w.controlled("GET", "faults", "", 200).list("faults")[0].(map[string]any))
	equal(t, "times", f["times"], any(float64(2)))
	w.controlled("DELETE", "faults", "", 200)
	equal(t, "faults", len(w.controlled("GET", "faults", "", 200).list("faults")), 0)

	now := w.controlled("POST", "clock", `{"advance_seconds":3600}`, 200)["now"]
	equal(t, "now", now, any(float64(testStart.UnixMilli()+3600_000)))
	equal(t, "read", w.controlled("GET", "clock", "", 200)["now"], now)

	w.controlled("POST", "programs", `{"appid":"wxnew","user_name":"gh_new","func_ids":[76]}`, 200)
	equal(t, "programs", len(w.controlled("GET", "programs", "", 200).list("programs")), 3)
	w.controlled("POST", "standing", `{"appid":"wxnew","score":40}`, 200)
	w.controlled("POST", "variants", `{"appid":"wxnew","flat":true}`, 200)
	w.controlled("POST", "endpoints", `{"auth_domain":"zhisu.test"}`, 200)
	equal(t, "auth domain", w.sim.cfg.AuthDomain, "zhisu.test")
	w.controlled("POST", "tokens/invalidate", `{"kind":"component"}`, 200)
	w.controlled("POST", "pushes/hold", "", 200)
	w.controlled("POST", "pushes/release", `{"reverse":true}`, 200)
	w.controlled("POST", "ticket", "", 200)
	equal(t, "tickets", len(w.sim.Pushes(infoTicket)), 1)
	w.controlled("POST", "keys", `{"token":"t2","aes_key":"`+strings.Repeat("z", 43)+`"}`, 200)
	equal(t, "token", w.sim.cur.token, "t2")
	w.sim.keepEmail(Email{Subject: "a"})
	w.sim.keepEmail(Email{Subject: "b"})
	equal(t, "limited outbox", len(w.controlled("GET", "outbox?limit=1", "", 200).list("emails")), 1)
	w.controlled("DELETE", "outbox", "", 200)
	box := w.controlled("GET", "outbox", "", 200)
	for _, kind := range []string{"emails", "sms", "templates", "robots"} {
		if list, ok := box[kind].([]any); !ok || len(list) != 0 {
			t.Errorf("%s is %v, want an empty list", kind, box[kind])
		}
	}
	equal(t, "refunds", len(w.controlled("GET", "refunds", "", 200).list("refunds")), 0)
}

func TestControlRawPushAndReleaseCheck(t *testing.T) {
	w, _ := releaseWorld(t, "")
	res := w.controlled("POST", "push", `{"fault":"tampered_signature"}`, 200)
	if _, has := res["acknowledged"].(bool); !has {
		t.Errorf("%v", res)
	}
	rep := w.controlled("POST", "release-check", `{"group":2}`, 200)
	equal(t, "ok", rep["ok"], any(true))
	equal(t, "steps", len(rep.list("steps")), 11)
}

func TestPhonePageIsSelfContained(t *testing.T) {
	w := newWorld(t)
	status, body := w.raw("GET", "/", "")
	equal(t, "status", status, 200)
	page := string(body)
	for _, part := range []string{"用户发起投诉", "/control/outbox", w.product.srv.URL, "商品-破损", `name="viewport"`} {
		contains(t, page, part)
	}
	for _, part := range []string{"<link", "src=", "@import", "https://"} {
		lacks(t, page, part)
	}
	for _, ev := range eventOrder {
		contains(t, page, string(ev)+": '")
	}
	status, _ = w.raw("GET", "/nothing", "")
	equal(t, "elsewhere", status, 404)
}

func TestConfigIsChecked(t *testing.T) {
	good := Config{ComponentAppID: "a", ComponentSecret: "b", Token: "c", AESKey: testAESKey}
	for name, spoil := range map[string]func(*Config){
		"no appid": func(c *Config) { c.ComponentAppID = "" }, "no secret": func(c *Config) { c.ComponentSecret = "" },
		"no token": func(c *Config) { c.Token = "" }, "a short key": func(c *Config) { c.AESKey = "x" },
		"a program without id": func(c *Config) { c.Programs = []Program{{}} },
		"two of the same":      func(c *Config) { c.Programs = []Program{{AppID: "x", UserName: "y"}, {AppID: "x", UserName: "y"}} },
	} {
		c := good
		spoil(&c)
		if _, err := New(c); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	s, err := New(good)
	must(t, err)
	equal(t, "interval", s.cfg.TicketInterval, defaultTicketInterval)
	equal(t, "timeout", s.cfg.PushTimeout, defaultPushTimeout)
	if s.Now().IsZero() {
		t.Error("no clock")
	}
}

func TestRandomSourceFallsBackWhenTheReaderRunsDry(t *testing.T) {
	s, err := New(Config{ComponentAppID: "a", ComponentSecret: "b", Token: "c", AESKey: testAESKey, Rand: strings.NewReader("xy")})
	must(t, err)
	equal(t, "text", len(s.random.text(40)), 40)
	equal(t, "digits", len(s.random.digits(10)), 10)
	equal(t, "hex", len(s.random.hex(8)), 8)
}

func TestViewIsStableJSON(t *testing.T) {
	w := newWorld(t)
	b, err := json.Marshal(w.view(w.file()))
	must(t, err)
	for _, name := range []string{`"complaint_order_id"`, `"status"`, `"appeal_state"`, `"calls":[]`, `"legal_events"`, `"expires_at"`, `"appeal_expires_at":null`} {
		contains(t, string(b), name)
	}
}
