package wechatsim

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The hosts of the group robots and a receiver of Standard Webhooks, reference/notification-channels.md §4.1, §4.3 to §4.5.

const (
	robotSkew   = time.Hour // DingTalk, Feishu
	webhookSkew = 5 * time.Minute

	weComPerMinute  = 20
	dingPerMinute   = 20
	dingMute        = 10 * time.Minute
	feishuPerMinute = 100
	feishuPerSecond = 5
	feishuMaxBody   = 20 << 10

	// The codes of reference §4; dingBad stands for DingTalk's 400xxx, whose exact numbers the reference does not know.
	weComBadType, weComBusy, weComNoRobot = 40008, 45009, 93000
	dingRefused, dingTooFast, dingBad     = 310000, 130101, 400000
	feishuBad, feishuSign, feishuKeyword  = 9499, 19021, 19024
	feishuTooFast, feishuTooLarge         = 11232, 19036
)

// robotCall is one request at a robot's host.
type robotCall struct {
	kind string
	req  *http.Request
	body []byte
	now  time.Time
	bot  *robotState
}

// robotAnswer is a code of the host's own (0 = accepted) with its text; status is for the webhook, which answers in HTTP alone.
type robotAnswer struct {
	code   int
	text   string
	status int
}

func (s *Sim) robotRoutes(mux *http.ServeMux) {
	mux.HandleFunc("/cgi-bin/webhook/send", s.robotHost(robotWeCom, func(r *http.Request) string { return r.URL.Query().Get("key") }, (*Sim).weComSend))
	mux.HandleFunc("/robot/send", s.robotHost(robotDing, func(r *http.Request) string { return r.URL.Query().Get("access_token") }, (*Sim).dingSend))
	mux.HandleFunc("/open-apis/bot/v2/hook/{key}", s.robotHost(robotFeishu, pathKey, (*Sim).feishuSend))
	mux.HandleFunc("/webhook/{key}", s.robotHost(robotWebhook, pathKey, (*Sim).webhookTake))
	mux.HandleFunc("GET /control/robots", s.controlRobots)
	mux.HandleFunc("POST /control/robots", s.controlSetRobot)
}

func pathKey(r *http.Request) string { return r.PathValue("key") }

// robotHost answers one host: faults first, then the call itself.
func (s *Sim) robotHost(kind string, key func(*http.Request) string, run func(*Sim, *robotCall) robotAnswer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(r, maxJSONBody)
		if err != nil {
			http.Error(w, "413 Request Entity Too Large", http.StatusRequestEntityTooLarge)
			return
		}
		s.learnBase(r)
		f := s.takeFault(robotTarget+kind, r.URL.Path)
		if f != nil && !pause(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
			return
		}
		if f == nil || f.playsEffect() {
			s.mu.Lock()
			c := &robotCall{kind: kind, req: r, body: body, now: s.now(), bot: s.robots.find(kind, key(r))}
			a := run(s, c)
			s.mu.Unlock()
			if f == nil || f.onlyDelays() {
				a.write(w, kind)
				return
			}
		}
		s.answerRobotFault(w, kind, f)
	}
}

func (a robotAnswer) write(w http.ResponseWriter, kind string) {
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	switch kind {
	case robotWebhook:
		http.Error(w, a.text, status)
	case robotFeishu:
		out := fields{"code": a.code, "msg": a.text, "data": fields{}}
		if a.code == 0 {
			out["msg"] = "success"
		}
		writeJSON(w, status, out)
	default:
		if a.code == 0 {
			a.text = "ok"
		}
		writeJSON(w, status, fields{"errcode": a.code, "errmsg": a.text})
	}
}

func (s *Sim) answerRobotFault(w http.ResponseWriter, kind string, f *Fault) {
	switch {
	case f.Hangup || f.Drop:
		if err := hangUp(w); err != nil {
			s.cfg.Logger.Warn("drop a connection", "error", err)
		}
	case f.Body != nil:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(max(f.HTTPStatus, http.StatusOK))
		_, _ = w.Write([]byte(*f.Body)) // the caller has gone; nobody is left to tell
	case f.Errcode != nil:
		robotAnswer{code: *f.Errcode, text: orText(f.Errmsg, "error"), status: f.HTTPStatus}.write(w, kind)
	default:
		http.Error(w, http.StatusText(f.HTTPStatus), f.HTTPStatus)
	}
}

func orText(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// isPost: a robot takes POST with JSON only.
func (c *robotCall) isPost() bool {
	return c.req.Method == http.MethodPost && strings.HasPrefix(c.req.Header.Get("Content-Type"), "application/json")
}

// fresh says whether a signed time is near enough. A sender may live by the real clock or, in a test, by ours.
func (c *robotCall) fresh(at time.Time, skew time.Duration) bool {
	near := func(now time.Time) bool { return now.Sub(at) <= skew && at.Sub(now) <= skew }
	return near(c.now) || near(time.Now())
}

// weComSend is 企业微信's 群机器人. Its address is its secret.
func (s *Sim) weComSend(c *robotCall) robotAnswer {
	if c.bot == nil || c.bot.Removed {
		return robotAnswer{code: weComNoRobot, text: "invalid webhook url"}
	}
	if !c.isPost() {
		return robotAnswer{code: 43002, text: "require POST method with JSON"}
	}
	m, why := weComMessage(c.body)
	if why != "" {
		return robotAnswer{code: weComBadType, text: why}
	}
	if c.bot.sentWithin(c.now, time.Minute) >= weComPerMinute {
		return robotAnswer{code: weComBusy, text: "api freq out of limit"}
	}
	c.bot.sent = append(c.bot.sent, c.now)
	s.keepRobot(c.bot, m)
	return robotAnswer{}
}

// dingSend is 钉钉's 自定义机器人. Whoever is too fast is muted for ten minutes.
func (s *Sim) dingSend(c *robotCall) robotAnswer {
	if c.bot == nil || c.bot.Removed {
		return robotAnswer{code: dingBad, text: "token is not exist"}
	}
	if !c.isPost() {
		return robotAnswer{code: dingBad, text: "only POST with JSON"}
	}
	if c.bot.Secret != "" {
		stamp := c.req.URL.Query().Get("timestamp")
		ms, err := strconv.ParseInt(stamp, 10, 64)
		want := base64.StdEncoding.EncodeToString(hmacOf([]byte(c.bot.Secret), stamp+"\n"+c.bot.Secret))
		switch {
		case err != nil || !c.fresh(time.UnixMilli(ms), robotSkew):
			return robotAnswer{code: dingRefused, text: "invalid timestamp"}
		case !hmac.Equal([]byte(want), []byte(c.req.URL.Query().Get("sign"))):
			return robotAnswer{code: dingRefused, text: "sign not match"}
		}
	}
	m, why := dingMessage(c.body)
	switch {
	case why != "":
		return robotAnswer{code: dingBad, text: why}
	case !c.bot.saysKeyword(m.Title + m.Text):
		return robotAnswer{code: dingRefused, text: "keywords not in content"}
	case c.now.Before(c.bot.mutedUntil):
		return robotAnswer{code: dingTooFast, text: "send too fast"}
	case c.bot.sentWithin(c.now, time.Minute) >= dingPerMinute:
		c.bot.mutedUntil = c.now.Add(dingMute)
		return robotAnswer{code: dingTooFast, text: "send too fast"}
	}
	c.bot.sent = append(c.bot.sent, c.now)
	s.keepRobot(c.bot, m)
	return robotAnswer{}
}

// feishuSend is 飞书's 自定义机器人; its signature stands in the body and is over nothing, keyed by time and secret.
func (s *Sim) feishuSend(c *robotCall) robotAnswer {
	if c.bot == nil || c.bot.Removed || !c.isPost() {
		return robotAnswer{code: feishuBad, text: "Bad Request"}
	}
	if len(c.body) > feishuMaxBody {
		return robotAnswer{code: feishuTooLarge, text: "message too large"}
	}
	var in struct {
		Timestamp *string `json:"timestamp"`
		Sign      string  `json:"sign"`
	}
	m, why := feishuMessage(c.body)
	if why != "" || json.Unmarshal(c.body, &in) != nil {
		return robotAnswer{code: feishuBad, text: orText(why, "timestamp must be a text")}
	}
	if c.bot.Secret != "" {
		stamp := ""
		if in.Timestamp != nil {
			stamp = *in.Timestamp
		}
		sec, err := strconv.ParseInt(stamp, 10, 64)
		want := base64.StdEncoding.EncodeToString(hmacOf([]byte(stamp+"\n"+c.bot.Secret), ""))
		if err != nil || !c.fresh(time.Unix(sec, 0), robotSkew) || !hmac.Equal([]byte(want), []byte(in.Sign)) {
			return robotAnswer{code: feishuSign, text: "sign match fail or timestamp is not within one hour from current time"}
		}
	}
	switch {
	case !c.bot.saysKeyword(m.Title + m.Text):
		return robotAnswer{code: feishuKeyword, text: "Key Words Not Found"}
	case c.bot.sentWithin(c.now, time.Minute) >= feishuPerMinute, c.bot.sentWithin(c.now, time.Second) >= feishuPerSecond:
		return robotAnswer{code: feishuTooFast, text: "frequency limited"}
	}
	c.bot.sent = append(c.bot.sent, c.now)
	s.keepRobot(c.bot, m)
	return robotAnswer{}
}

// webhookTake is a server that keeps what it gets; with a secret it checks the signature of Standard Webhooks first.
func (s *Sim) webhookTake(c *robotCall) robotAnswer {
	if c.bot == nil || c.bot.Removed {
		return robotAnswer{status: http.StatusGone, text: "gone"}
	}
	if !c.isPost() || !json.Valid(c.body) {
		return robotAnswer{status: http.StatusBadRequest, text: "POST one JSON value"}
	}
	id, stamp := c.req.Header.Get("webhook-id"), c.req.Header.Get("webhook-timestamp")
	if c.bot.Secret != "" {
		sec, err := strconv.ParseInt(stamp, 10, 64)
		if id == "" || err != nil || !c.fresh(time.Unix(sec, 0), webhookSkew) || !c.webhookSigned(id, stamp) {
			return robotAnswer{status: http.StatusUnauthorized, text: "bad signature"}
		}
	}
	s.keepRobot(c.bot, RobotMessage{
		Type: "json", Text: indented(c.body), Body: bytes.Clone(c.body), WebhookID: id, Verified: c.bot.Secret != "",
	})
	return robotAnswer{status: http.StatusOK, text: "ok"}
}

// webhookSigned: one good signature among several is enough, for the days in which a key changes.
func (c *robotCall) webhookSigned(id, stamp string) bool {
	key, err := webhookKey(c.bot.Secret)
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + stamp + "." + string(c.body))) // a hash never fails to write
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Fields(c.req.Header.Get("webhook-signature")), func(sig string) bool {
		return hmac.Equal([]byte(sig), []byte(want))
	})
}

func indented(raw []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return string(raw)
	}
	return out.String()
}
