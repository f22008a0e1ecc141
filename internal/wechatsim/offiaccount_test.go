package wechatsim

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// offi is a world whose official account pushes to the product with the platform's keys, which the harness can open.
func offi(t *testing.T) (w *world, token string) {
	t.Helper()
	w = newWorld(t).run()
	if err := w.sim.SetOffi(OffiSetup{URL: w.product.srv.URL + "/account", Token: testToken, AESKey: testAESKey, Mode: "safe"}); err != nil {
		t.Fatal(err)
	}
	a := w.post("/cgi-bin/stable_token", "", answer{"grant_type": "client_credential", "appid": OffiAppID, "secret": OffiSecret})
	return w, a.text("access_token")
}

func offiMessage(over answer) answer {
	m := answer{"touser": offiFollower, "template_id": OffiTemplate, "url": "https://zhisu.example/c/1", "client_msg_id": "0123456789abcdef0123456789abcdef", "data": answer{
		"thing1": answer{"value": "商品-破损"}, "character_string2": answer{"value": "11897051"}, "time3": answer{"value": "2026年11月24日 15:48"},
		"amount4": answer{"value": "168.00元"}, "const5": answer{"value": "待处理"},
	}}
	maps.Copy(m, over)
	return m
}

func TestTemplateMessageIsCheckedStrictly(t *testing.T) {
	w, token := offi(t)
	send := func(over answer) answer { return w.post("/cgi-bin/message/template/send", token, offiMessage(over)) }
	data := func(key string, v any) answer {
		d := maps.Clone(offiMessage(nil)["data"].(answer))
		if v == nil {
			delete(d, key)
		} else {
			d[key] = answer{"value": v}
		}
		return answer{"data": d}
	}
	for name, c := range map[string]struct {
		over answer
		code int
	}{
		"an unknown user":             {answer{"touser": "oNobody"}, 40003},
		"an unknown template":         {answer{"template_id": "x"}, 40037},
		"an id that is too long":      {answer{"client_msg_id": strings.Repeat("a", 33)}, 45067},
		"a missing place":             {data("thing1", nil), 47003},
		"a place too many":            {data("thing9", "x"), 47003},
		"a thing too long":            {data("thing1", strings.Repeat("长", 21)), 47003},
		"a line break":                {data("thing1", "a\nb"), 47003},
		"Chinese in a number":         {data("character_string2", "单号1"), 47003},
		"no time":                     {data("time3", "无"), 47003},
		"an amount in words":          {data("amount4", "一百元"), 47003},
		"a word not approved":         {data("const5", "随便"), 47003},
		"an unknown field":            {answer{"nonsense": 1}, 47001},
		"an unknown field of a place": {answer{"data": answer{"thing1": answer{"value": "x", "size": "9"}}}, 47001},
		"a place that is no object":   {answer{"data": answer{"thing1": "x"}}, 47001},
		"a link to no page":           {answer{"url": "javascript:alert(1)"}, 47001},
		"a program not linked":        {answer{"miniprogram": answer{"appid": "wx0a9d3be1724f6c58", "pagepath": "index"}}, 40013},
		"an empty program":            {answer{"miniprogram": answer{}}, 40013},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, send(c.over), c.code) })
	}
	if n := len(w.sim.Outbox().Templates); n != 0 {
		t.Fatalf("%d refused messages arrived", n)
	}
	for _, c := range []struct {
		wait time.Duration
		sent int
	}{{0, 1}, {0, 1}, {11 * time.Minute, 2}} { // the same client_msg_id counts once in ten minutes
		must(t, w.sim.AdvanceClock(c.wait))
		wantCode(t, send(nil), 0)
		if n := len(w.sim.Outbox().Templates); n != c.sent {
			t.Errorf("%d messages arrived, want %d", n, c.sent)
		}
	}
}

func TestAccountPushesScansAndReceipts(t *testing.T) {
	w, token := offi(t)
	made := w.post("/cgi-bin/qrcode/create", token, answer{
		"expire_seconds": 600, "action_name": "QR_STR_SCENE", "action_info": answer{"scene": answer{"scene_str": "bind_1"}},
	})
	url := made.text("url")
	fresh, err := w.sim.ScanCode(url, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.ScanCode(url, fresh); err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.post("/cgi-bin/message/template/send", token, offiMessage(answer{"touser": fresh})), 0)
	w.sim.Unfollow(fresh)
	wantCode(t, w.post("/cgi-bin/message/template/send", token, offiMessage(answer{"touser": fresh})), 43004)
	w.idle()
	all := ""
	for _, in := range w.product.received("") {
		if in.path != "/account" {
			continue
		}
		if in.err != nil || in.appid != OffiAppID || in.outer != OffiUserName {
			t.Errorf("push %+v", in)
		}
		all += in.plain
	}
	for _, want := range []string{"<![CDATA[qrscene_bind_1]]>", "<![CDATA[SCAN]]>", "<EventKey><![CDATA[bind_1]]>", eventFinish, "<![CDATA[success]]>", "<![CDATA[unsubscribe]]>"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s among the pushes", want)
		}
	}
	if err := w.sim.AdvanceClock(11 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.ScanCode(url, fresh); err == nil {
		t.Error("an old code can be scanned")
	}
}

// text sends one SMS, signed by hand.
func (w *world) sms(key string, over answer) answer {
	w.t.Helper()
	m := answer{
		"PhoneNumberSet": []string{"+8613800138000"}, "SmsSdkAppId": SMSAppID, "TemplateId": SMSTemplate, "SignName": SMSSign,
		"TemplateParamSet": []string{"897051", "47"}, "SessionContext": "x",
	}
	maps.Copy(m, over)
	body, err := json.Marshal(m)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.srv.URL+"/", strings.NewReader(string(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now()
	stamp, day := now.Unix(), now.UTC().Format(time.DateOnly)
	head := "POST\n/\n\ncontent-type:application/json\nhost:" + req.Host + "\n\ncontent-type;host\n" + hexSum(body)
	sign := "TC3-HMAC-SHA256\n" + strconv.FormatInt(stamp, 10) + "\n" + day + "/sms/tc3_request\n" + hexSum([]byte(head))
	mac := hmacOf(hmacOf(hmacOf([]byte("TC3"+key), day), "sms"), "tc3_request")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-TC-Action", "SendSms")
	req.Header.Set("X-TC-Version", "2021-01-11")
	req.Header.Set("X-TC-Region", "ap-guangzhou")
	req.Header.Set("X-TC-Timestamp", strconv.FormatInt(stamp, 10))
	req.Header.Set("Authorization", "TC3-HMAC-SHA256 Credential="+SMSSecretID+"/"+day+"/sms/tc3_request, SignedHeaders=content-type;host, Signature="+hex.EncodeToString(hmacOf(mac, sign)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var v struct{ Response answer }
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
		w.t.Fatal(err)
	}
	return v.Response
}

func codeOfSMS(a answer) string {
	if e, ok := a["Error"].(map[string]any); ok {
		s, _ := e["Code"].(string)
		return s
	}
	list, _ := a["SendStatusSet"].([]any)
	one, _ := list[0].(map[string]any)
	s, _ := one["Code"].(string)
	return s
}

func TestTextMessageIsCheckedStrictly(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, key string
		over      answer
		code      string
	}{
		{"a wrong key", "other", nil, "AuthFailure.SignatureFailure"},
		{"a bad number", SMSSecretKey, answer{"PhoneNumberSet": []string{"12"}}, "InvalidParameterValue.IncorrectPhoneNumber"},
		{"another application", SMSSecretKey, answer{"SmsSdkAppId": "1"}, "UnauthorizedOperation.SmsSdkAppIdVerifyFail"},
		{"another signature", SMSSecretKey, answer{"SignName": "x"}, "FailedOperation.SignatureIncorrectOrUnapproved"},
		{"another template", SMSSecretKey, answer{"TemplateId": "1"}, "FailedOperation.TemplateIncorrectOrUnapproved"},
		{"too few values", SMSSecretKey, answer{"TemplateParamSet": []string{"1"}}, "FailedOperation.TemplateParamSetNotMatchApprovedTemplate"},
		{"a value too long", SMSSecretKey, answer{"TemplateParamSet": []string{strings.Repeat("1", 13), "1"}}, "InvalidParameterValue.TemplateParameterLengthLimit"},
		{"a link", SMSSecretKey, answer{"TemplateParamSet": []string{"a.cn", "1"}}, "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter"},
		{"a sign that is refused", SMSSecretKey, answer{"TemplateParamSet": []string{"【1】", "1"}}, "InvalidParameterValue.TemplateParameterFormatError"},
		{"an unknown field", SMSSecretKey, answer{"Nonsense": 1}, "UnknownParameter"},
		{"the first", SMSSecretKey, nil, "Ok"},
		{"the same at once", SMSSecretKey, nil, "LimitExceeded.PhoneNumberThirtySecondLimit"},
		{"the second of the day", SMSSecretKey, answer{"TemplateParamSet": []string{"2", "1"}}, "Ok"},
		{"the third", SMSSecretKey, answer{"TemplateParamSet": []string{"3", "1"}}, "LimitExceeded.PhoneNumberDailyLimit"},
	} {
		if got := codeOfSMS(w.sms(c.key, c.over)); got != c.code {
			t.Errorf("%s: %s, want %s", c.name, got, c.code)
		}
	}
	if box := w.sim.Outbox().SMS; len(box) != 2 || box[0].Text != "【满山茶铺】您有新的小程序投诉（尾号897051），请在47小时内处理。" {
		t.Errorf("outbox %+v", box)
	}
}
