package wechatsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// handHMAC is HMAC-SHA256 in base64 by the test's own hand.
func handHMAC(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// send posts JSON to a robot and returns status and body.
func (w *world) send(path, body string, header ...string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.srv.URL+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(w.t, err)
	return res.StatusCode, string(b)
}

// bot posts to a robot and returns its code.
func (w *world) bot(path, body string) int {
	w.t.Helper()
	status, raw := w.send(path, body)
	equal(w.t, "HTTP status", status, http.StatusOK)
	a := decode(w.t, raw)
	if n, ok := a["code"].(float64); ok {
		return int(n)
	}
	return a.errcode()
}

func (w *world) lastRobot() RobotMessage {
	w.t.Helper()
	all := w.sim.Outbox().Robots
	if len(all) == 0 {
		w.t.Fatal("no robot message")
	}
	return all[len(all)-1]
}

const weComPath = "/cgi-bin/webhook/send?key="

func TestAWeComRobotTakesWhatItsPageAllows(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		key, body string
		code      int
	}{
		{WeComKey, `{"msgtype":"text","text":{"content":"新投诉 http://a.example/c/1","mentioned_list":["zhou"]}}`, 0},
		{WeComKey, `{"msgtype":"markdown","markdown":{"content":"**新投诉**"}}`, 0},
		{"nobody", `{"msgtype":"text","text":{"content":"x"}}`, 93000},
		{WeComKey, `{"msgtype":"sms","sms":{"content":"x"}}`, 40008},
		{WeComKey, `{"msgtype":"text","text":{"content":" "}}`, 40008},
		{WeComKey, `{"msgtype":"text","text":{"content":"x"},"extra":1}`, 40008},
		{WeComKey, `{"msgtype":"text","text":{"content":"` + strings.Repeat("字", 683) + `"}}`, 40008},
		{WeComKey, `{"msgtype":"text","text":{"content":"` + strings.Repeat("字", 682) + `"}}`, 0},
	} {
		if got := w.bot(weComPath+c.key, c.body); got != c.code {
			t.Errorf("%.60s is answered %d, want %d", c.body, got, c.code)
		}
	}
	first := w.sim.Outbox().Robots[0]
	equal(t, "text", first.Text, "新投诉 http://a.example/c/1")
	equal(t, "link", first.Links[0], "http://a.example/c/1")
	equal(t, "mention", first.Mentions[0], "zhou")
}

func TestTheTwentyFirstWeComMessageOfAMinuteIsRefused(t *testing.T) {
	w := newWorld(t)
	body := `{"msgtype":"text","text":{"content":"x"}}`
	for range 20 {
		equal(t, "code", w.bot(weComPath+WeComKey, body), 0)
	}
	equal(t, "code", w.bot(weComPath+WeComKey, body), 45009)
	must(t, w.sim.AdvanceClock(time.Minute))
	equal(t, "code", w.bot(weComPath+WeComKey, body), 0)
}

func dingPath(at time.Time, secret string) string {
	ms := strconv.FormatInt(at.UnixMilli(), 10)
	q := url.Values{"access_token": {DingToken}, "timestamp": {ms}, "sign": {handHMAC(secret, ms+"\n"+secret)}}
	return "/robot/send?" + q.Encode()
}

func TestADingTalkRobotChecksSignatureTimeAndKeywords(t *testing.T) {
	w := newWorld(t)
	body := `{"msgtype":"text","text":{"content":"新投诉"},"at":{"atMobiles":["13800000000"],"isAtAll":true}}`
	equal(t, "good", w.bot(dingPath(testStart, DingSecret), body), 0)
	equal(t, "mentions", strings.Join(w.lastRobot().Mentions, " "), "13800000000 @all")
	equal(t, "wrong secret", w.bot(dingPath(testStart, "SECother"), body), 310000)
	equal(t, "too old", w.bot(dingPath(testStart.Add(-61*time.Minute), DingSecret), body), 310000)
	equal(t, "unsigned", w.bot("/robot/send?access_token="+DingToken, body), 310000)
	equal(t, "unknown robot", w.bot("/robot/send?access_token=nobody", body), 400000)
	equal(t, "markdown without title", w.bot(dingPath(testStart, DingSecret), `{"msgtype":"markdown","markdown":{"text":"x"}}`), 400000)
	_, err := w.sim.SetRobot(Robot{Kind: "dingtalk", Key: DingToken, Secret: DingSecret, Keywords: []string{"知诉"}})
	must(t, err)
	equal(t, "no keyword", w.bot(dingPath(testStart, DingSecret), body), 310000)
}

func TestADingTalkRobotThatIsTooFastIsMutedForTenMinutes(t *testing.T) {
	w := newWorld(t)
	body := `{"msgtype":"text","text":{"content":"x"}}`
	for range 20 {
		equal(t, "code", w.bot(dingPath(testStart, DingSecret), body), 0)
	}
	equal(t, "21st", w.bot(dingPath(testStart, DingSecret), body), 130101)
	must(t, w.sim.AdvanceClock(2*time.Minute))
	equal(t, "still muted", w.bot(dingPath(testStart, DingSecret), body), 130101)
	must(t, w.sim.AdvanceClock(8*time.Minute))
	equal(t, "after ten minutes", w.bot(dingPath(testStart, DingSecret), body), 0)
}

func feishuBody(at time.Time, secret, rest string) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return `{"timestamp":"` + stamp + `","sign":"` + handHMAC(stamp+"\n"+secret, "") + `",` + rest + "}"
}

func TestAFeishuRobotChecksTheSignatureInTheBody(t *testing.T) {
	w := newWorld(t)
	path, text := "/open-apis/bot/v2/hook/"+FeishuHook, `"msg_type":"text","content":{"text":"新投诉"}`
	equal(t, "good", w.bot(path, feishuBody(testStart, FeishuSecret, text)), 0)
	equal(t, "text", w.lastRobot().Text, "新投诉")
	equal(t, "unsigned", w.bot(path, "{"+text+"}"), 19021)
	equal(t, "wrong secret", w.bot(path, feishuBody(testStart, "other", text)), 19021)
	equal(t, "too old", w.bot(path, feishuBody(testStart.Add(-2*time.Hour), FeishuSecret, text)), 19021)
	equal(t, "bad type", w.bot(path, feishuBody(testStart, FeishuSecret, `"msg_type":"none","content":{"text":"x"}`)), 9499)
	big := `"msg_type":"text","content":{"text":"` + strings.Repeat("x", 20<<10) + `"}`
	equal(t, "too large", w.bot(path, feishuBody(testStart, FeishuSecret, big)), 19036)
	equal(t, "unknown robot", w.bot("/open-apis/bot/v2/hook/nobody", "{"+text+"}"), 9499)
	for range 4 {
		equal(t, "code", w.bot(path, feishuBody(testStart, FeishuSecret, text)), 0)
	}
	equal(t, "sixth of a second", w.bot(path, feishuBody(testStart, FeishuSecret, text)), 11232)
}

func TestAWebhookIsKeptOnlyWithAGoodSignature(t *testing.T) {
	w := newWorld(t)
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(WebhookSecret, "whsec_"))
	must(t, err)
	body, stamp := `{"event":"complaint.new"}`, strconv.FormatInt(testStart.Unix(), 10)
	sign := "v1,AAAA v1," + handHMAC(string(key), "msg_1."+stamp+"."+body)
	status, _ := w.send("/webhook/"+WebhookName, body, "webhook-id", "msg_1", "webhook-timestamp", stamp, "webhook-signature", sign)
	equal(t, "good", status, http.StatusOK)
	got := w.lastRobot()
	equal(t, "id", got.WebhookID, "msg_1")
	equal(t, "verified", got.Verified, true)
	status, _ = w.send("/webhook/"+WebhookName, body+" ", "webhook-id", "msg_1", "webhook-timestamp", stamp, "webhook-signature", sign)
	equal(t, "other body", status, http.StatusUnauthorized)
	status, _ = w.send("/webhook/nobody", body)
	equal(t, "unknown", status, http.StatusGone)
}

func TestRobotsFailAsTold(t *testing.T) {
	w := newWorld(t)
	code := 45033
	body := `{"msgtype":"text","text":{"content":"x"}}`
	must(t, w.sim.AddFault(Fault{Target: "robot.wecom", Errcode: &code}))
	equal(t, "code", w.bot(weComPath+WeComKey, body), 45033)
	must(t, w.sim.AddFault(Fault{Target: "robot.wecom", HTTPStatus: 502}))
	status, _ := w.send(weComPath+WeComKey, body)
	equal(t, "status", status, http.StatusBadGateway)
	equal(t, "nothing arrived", len(w.sim.Outbox().Robots), 0)
	must(t, w.sim.AddFault(Fault{Target: "robot.wecom", Errcode: &code, After: true}))
	equal(t, "code", w.bot(weComPath+WeComKey, body), 45033)
	equal(t, "arrived all the same", len(w.sim.Outbox().Robots), 1)
	if w.sim.AddFault(Fault{Target: "robot.pigeon", Errcode: &code}) == nil {
		t.Error("an unknown robot can fail")
	}
}

func TestRobotsAreMadeAndListedByControl(t *testing.T) {
	w := newWorld(t)
	_, a := w.do(http.MethodPost, "/control/robots", `{"kind":"wecom"}`)
	path := strings.TrimPrefix(a.text("url"), w.srv.URL)
	equal(t, "code", w.bot(path, `{"msgtype":"text","text":{"content":"x"}}`), 0)
	_, a = w.do(http.MethodGet, "/control/robots", "")
	equal(t, "robots", len(a.list("robots")), 5)
	_, _ = w.do(http.MethodPost, "/control/robots", `{"kind":"wecom","key":"`+WeComKey+`","removed":true}`)
	equal(t, "removed", w.bot(weComPath+WeComKey, `{"msgtype":"text","text":{"content":"x"}}`), 93000)
}
