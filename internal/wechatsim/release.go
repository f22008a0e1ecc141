package wechatsim

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// releaseUser is the tester who writes to the platform during the release check.
const releaseUser = "oReleaseCheckTester0000000001"

const (
	releaseWait     = 10 * time.Second // how long step d waits for the message by API
	releaseText     = "TESTCOMPONENT_MSG_TYPE_TEXT"
	releaseQuery    = "QUERY_AUTH_CODE:"
	releaseLocation = "LOCATION"
)

// ReleaseStep is one step of the check, for one test account. Step is a to e as in reference/wechat-open-platform.md §5.
type ReleaseStep struct {
	Group     int    `json:"group"`
	AppID     string `json:"appid"`
	Step      string `json:"step"`
	Name      string `json:"name"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail,omitempty"` // what was wrong
	ElapsedMS int64  `json:"elapsed_ms"`
}

// ReleaseReport is the result of the check; OK when every step is.
type ReleaseReport struct {
	OK    bool          `json:"ok"`
	Steps []ReleaseStep `json:"steps"`
}

// ReleaseCheck plays 全网发布接入检测 against the product with one group of test accounts (1 to 5) or with all (0): the ticket,
// then for the official account and the mini program: authorised, text, text by API, event, unauthorised.
func (s *Sim) ReleaseCheck(ctx context.Context, group int) (ReleaseReport, error) {
	if group < 0 || group > len(testAccounts) {
		return ReleaseReport{}, fmt.Errorf("check for release: %w: group is 1 to %d, or 0 for all", ErrInvalid, len(testAccounts))
	}
	rep := ReleaseReport{OK: true, Steps: []ReleaseStep{}}
	for i, g := range testAccounts {
		if group != 0 && group != i+1 {
			continue
		}
		c := releaseCheck{sim: s, group: i + 1}
		c.step(ctx, "a", "推送 ticket", "", c.ticket)
		for _, appid := range []string{g.official, g.mini} {
			c.account(ctx, appid)
		}
		rep.Steps = append(rep.Steps, c.steps...)
	}
	for _, st := range rep.Steps {
		rep.OK = rep.OK && st.OK
	}
	return rep, ctx.Err()
}

type releaseCheck struct {
	sim   *Sim
	group int
	steps []ReleaseStep
}

func (c *releaseCheck) account(ctx context.Context, appid string) {
	c.step(ctx, "b", "推送授权成功", appid, c.authorized)
	c.step(ctx, "c", "返回普通文本消息", appid, c.text)
	c.step(ctx, "d", "返回 API 文本消息", appid, c.textByAPI)
	c.step(ctx, "e", "返回事件消息", appid, c.event)
	c.step(ctx, "b", "推送取消授权", appid, c.unauthorized)
}

func (c *releaseCheck) step(ctx context.Context, step, name, appid string, run func(context.Context, string) error) {
	start := time.Now()
	err := run(ctx, appid)
	r := ReleaseStep{Group: c.group, AppID: appid, Step: step, Name: name, OK: err == nil, ElapsedMS: time.Since(start).Milliseconds()}
	if err != nil {
		r.Detail = err.Error()
	}
	c.steps = append(c.steps, r)
}

// send pushes p once, outside the queue, and returns the answer of a 200.
func (c *releaseCheck) send(ctx context.Context, p *push) (string, error) {
	s := c.sim
	s.mu.Lock()
	if s.doorOf(p).url == "" {
		s.mu.Unlock()
		return "", errors.New("the product's address is not set")
	}
	wire, err := s.seal(p)
	s.mu.Unlock()
	if err != nil {
		return "", err
	}
	t, answer := s.post(ctx, wire)
	if t.Error != "" {
		return "", errors.New(t.Error)
	}
	if t.Status != http.StatusOK {
		return "", fmt.Errorf("HTTP %d", t.Status)
	}
	return answer, nil
}

func (c *releaseCheck) sendEvent(ctx context.Context, plain []byte) error {
	answer, err := c.send(ctx, &push{target: targetEvents, plain: plain})
	if err == nil && answer != ackWord {
		err = fmt.Errorf("the body is %q, must be exactly success", cut(answer, 60))
	}
	return err
}

func (c *releaseCheck) ticket(ctx context.Context, _ string) error {
	c.sim.mu.Lock()
	_, plain := c.sim.newTicket()
	c.sim.mu.Unlock()
	return c.sendEvent(ctx, plain)
}

func (c *releaseCheck) authorized(ctx context.Context, appid string) error {
	s := c.sim
	s.mu.Lock()
	a := s.accounts[appid]
	code, _ := s.grant(a, a.FuncIDs)
	var b xmlBuilder
	b.text("AppId", s.cfg.ComponentAppID)
	b.number("CreateTime", s.now().Unix())
	b.text("InfoType", infoAuthorized)
	b.text("AuthorizerAppid", appid)
	b.text("AuthorizationCode", code)
	b.number("AuthorizationCodeExpiredTime", s.authCodes[code].expires.Unix())
	b.text("PreAuthCode", s.newPreAuthCode())
	s.mu.Unlock()
	return c.sendEvent(ctx, b.document())
}

func (c *releaseCheck) unauthorized(ctx context.Context, appid string) error {
	c.sim.mu.Lock()
	a := c.sim.accounts[appid]
	plain := c.sim.revokedXML(a)
	c.sim.revoke(a)
	c.sim.mu.Unlock()
	return c.sendEvent(ctx, plain)
}

// message makes a text or an event of the tester to the account.
func (c *releaseCheck) message(appid, msgType, content string) *push {
	s := c.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	var b xmlBuilder
	b.text("ToUserName", s.accounts[appid].UserName)
	b.text("FromUserName", releaseUser)
	b.number("CreateTime", s.now().Unix())
	b.text("MsgType", msgType)
	if msgType == "text" {
		b.text("Content", content)
		b.text("MsgId", s.random.digits(18))
		s.accounts[appid].talked[releaseUser] = s.now()
	} else {
		b.text("Event", content)
		b.text("Latitude", "23.137466")
		b.text("Longitude", "113.352425")
		b.text("Precision", "119.385040")
	}
	return &push{target: targetMessages, appid: appid, openid: releaseUser, plain: b.document()}
}

func (c *releaseCheck) text(ctx context.Context, appid string) error {
	return c.passive(ctx, appid, c.message(appid, "text", releaseText), releaseText+"_callback")
}

func (c *releaseCheck) event(ctx context.Context, appid string) error {
	return c.passive(ctx, appid, c.message(appid, "event", releaseLocation), releaseLocation+"from_callback")
}

// passive sends p and checks the encrypted text that must come back at once.
func (c *releaseCheck) passive(ctx context.Context, appid string, p *push, want string) error {
	answer, err := c.send(ctx, p)
	if err != nil {
		return err
	}
	r, err := c.sim.openReply(answer)
	if err != nil {
		return err
	}
	switch {
	case r.MsgType != "text":
		return fmt.Errorf("the reply's MsgType is %q", r.MsgType)
	case r.Content != want:
		return fmt.Errorf("the reply says %q, must say %q", r.Content, want)
	case r.ToUserName != releaseUser || r.FromUserName != c.sim.userNameOf(appid):
		return errors.New("ToUserName and FromUserName are not swapped")
	case r.CreateTime <= 0:
		return errors.New("the reply has no CreateTime")
	}
	return nil
}

func (s *Sim) userNameOf(appid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.userName(appid)
}

// passiveReply is the decrypted answer to a message.
type passiveReply struct {
	ToUserName   string
	FromUserName string
	CreateTime   int64
	MsgType      string
	Content      string
}

// openReply verifies and decrypts a passive reply: Encrypt, MsgSignature, TimeStamp, Nonce (§3.1, reply XML).
func (s *Sim) openReply(answer string) (passiveReply, error) {
	var outer struct {
		XMLName      xml.Name `xml:"xml"`
		Encrypt      string
		MsgSignature string
		TimeStamp    string
		Nonce        string
	}
	var r passiveReply
	if err := xml.Unmarshal([]byte(answer), &outer); err != nil || outer.Encrypt == "" {
		return r, fmt.Errorf("the answer is %q, must be encrypted XML", cut(answer, 60))
	}
	s.mu.Lock()
	keys, component := s.cur, s.cfg.ComponentAppID
	s.mu.Unlock()
	if keys.sign(outer.TimeStamp, outer.Nonce, outer.Encrypt) != outer.MsgSignature {
		return r, errors.New("the reply's MsgSignature is wrong")
	}
	plain, appid, err := keys.decrypt(outer.Encrypt)
	if err != nil {
		return r, fmt.Errorf("decrypt the reply: %w", err)
	}
	if appid != component {
		return r, fmt.Errorf("the reply is sealed for %q, must be the platform", appid)
	}
	if err := xml.Unmarshal(plain, &r); err != nil {
		return r, fmt.Errorf("parse the reply: %w", err)
	}
	return r, nil
}

// textByAPI wants an empty answer at once and then the code back as a customer message.
func (c *releaseCheck) textByAPI(ctx context.Context, appid string) error {
	s := c.sim
	s.mu.Lock()
	code := s.newAuthCode(appid)
	s.mu.Unlock()
	answer, err := c.send(ctx, c.message(appid, "text", releaseQuery+code))
	if err != nil {
		return err
	}
	if answer != "" && answer != ackWord {
		return fmt.Errorf("the body is %q, must be empty", cut(answer, 60))
	}
	ctx, cancel := context.WithTimeout(ctx, releaseWait)
	defer cancel()
	if s.WaitUntil(ctx, func() bool { return s.customSent(appid, releaseUser, code+"_from_api") }) != nil {
		return errors.New("no customer message <code>_from_api arrived")
	}
	return nil
}

func (s *Sim) controlReleaseCheck(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in struct {
		Group int `json:"group"`
	}
	if !readControl(w, r, &in) {
		return
	}
	rep, err := s.ReleaseCheck(r.Context(), in.Group)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, rep)
}

func (s *Sim) controlPush(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in RawPush
	if !readControl(w, r, &in) {
		return
	}
	res, err := s.SendRaw(r.Context(), in)
	if err != nil {
		controlError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}
