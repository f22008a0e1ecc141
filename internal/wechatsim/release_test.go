package wechatsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// releaseProduct answers the release check as the reference asks, except where told to fail.
type releaseProduct struct {
	w      *world
	fail   string
	passed chan error // one per QUERY_AUTH_CODE
}

func (p *releaseProduct) answer(rw http.ResponseWriter, _ *http.Request, in received, _ int) {
	var x struct {
		ToUserName, FromUserName, Content, Event string
	}
	content := between(in.plain, "<Content><![CDATA[", "]]>")
	x.ToUserName, x.FromUserName = between(in.plain, "<ToUserName><![CDATA[", "]]>"), between(in.plain, "<FromUserName><![CDATA[", "]]>")
	event := between(in.plain, "<Event><![CDATA[", "]]>")
	switch {
	case in.path == "/events" || (content == "" && event == ""):
		if p.fail == "event ack" {
			_, _ = io.WriteString(rw, "ok")
			return
		}
		_, _ = io.WriteString(rw, "success")
	case content == releaseText:
		p.reply(rw, x.ToUserName, x.FromUserName, content+"_callback")
	case strings.HasPrefix(content, releaseQuery):
		if p.fail == "query body" {
			_, _ = io.WriteString(rw, "hello")
			return
		}
		appid := strings.TrimPrefix(in.path, "/messages/")
		go func() { p.passed <- p.byAPI(appid, strings.TrimPrefix(content, releaseQuery), x.FromUserName) }()
	default:
		p.reply(rw, x.ToUserName, x.FromUserName, event+"from_callback")
	}
}

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	val, _, _ := strings.Cut(rest, to)
	return val
}

// byAPI exchanges the code and sends it back as a customer message. It runs beside the test, so it reports by error.
func (p *releaseProduct) byAPI(appid, code, user string) error {
	s := p.w.sim
	s.mu.Lock()
	ticket, _ := s.newTicket()
	s.mu.Unlock()
	do := func(path, token, body string) (answer, error) {
		rec := &responseRecorder{header: http.Header{}}
		req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, withToken(path, token), strings.NewReader(body))
		if err != nil {
			return nil, err
		}
		s.Handler().ServeHTTP(rec, req)
		return decode(p.w.t, rec.body.String()), nil
	}
	a, err := do(pathComponentToken, "", fmt.Sprintf(`{"component_appid":%q,"component_appsecret":%q,"component_verify_ticket":%q}`, testComponent, testSecret, ticket))
	if err != nil {
		return err
	}
	a, err = do(pathQueryAuth, a.text("component_access_token"), fmt.Sprintf(`{"component_appid":%q,"authorization_code":%q}`, testComponent, code))
	if err != nil {
		return err
	}
	info := a.obj("authorization_info")
	if info.text("authorizer_appid") != appid {
		return fmt.Errorf("the code is %v's, want %s", a, appid)
	}
	a, err = do("/cgi-bin/message/custom/send", info.text("authorizer_access_token"),
		fmt.Sprintf(`{"touser":%q,"msgtype":"text","text":{"content":%q}}`, user, code+"_from_api"))
	if err != nil {
		return err
	}
	if a.errcode() != 0 {
		return fmt.Errorf("custom send: %v", a)
	}
	return nil
}

func (p *releaseProduct) reply(rw http.ResponseWriter, from, to, content string) {
	keys, appid := testCodec(p.w.t), testComponent
	msgType := "text"
	switch p.fail {
	case "plain reply":
		_, _ = io.WriteString(rw, "success")
		return
	case "wrong content":
		content = "hello"
	case "not swapped":
		from, to = to, from
	case "wrong type":
		msgType = "image"
	case "sealed for the program":
		appid = shopID
	case "status":
		rw.WriteHeader(http.StatusInternalServerError)
		return
	}
	var b xmlBuilder
	b.text("ToUserName", to)
	b.text("FromUserName", from)
	if p.fail != "no time" {
		b.number("CreateTime", 1700000000)
	}
	b.text("MsgType", msgType)
	b.text("Content", content)
	text, err := keys.encrypt(make([]byte, 16), b.document(), appid)
	if err != nil {
		p.w.t.Error(err)
	}
	sum := keys.sign("1700000000", "42", text)
	if p.fail == "bad signature" {
		sum = flipHex(sum)
	}
	if p.fail == "bad cipher" {
		text = "AAAA"
		sum = keys.sign("1700000000", "42", text)
	}
	var out xmlBuilder
	out.text("Encrypt", text)
	out.text("MsgSignature", sum)
	out.number("TimeStamp", 1700000000)
	out.text("Nonce", "42")
	_, _ = rw.Write(out.document())
}

func releaseWorld(t *testing.T, fail string) (*world, *releaseProduct) {
	t.Helper()
	w := newWorld(t)
	p := &releaseProduct{w: w, fail: fail, passed: make(chan error, 20)}
	w.product.answerWith(p.answer)
	return w, p
}

func TestReleaseCheckPassesWithAllTenAccounts(t *testing.T) {
	w, p := releaseWorld(t, "")
	rep, err := w.sim.ReleaseCheck(context.Background(), 0)
	must(t, err)
	for _, st := range rep.Steps {
		if !st.OK {
			t.Errorf("%+v", st)
		}
	}
	equal(t, "ok", rep.OK, true)
	equal(t, "steps", len(rep.Steps), 5*(1+2*5))
	for range 10 {
		must(t, <-p.passed)
	}
	seen := map[string]bool{}
	for _, r := range w.product.received(releaseText) {
		must(t, r.err)
		seen[strings.TrimPrefix(r.path, "/messages/")] = true
		equal(t, "openid", r.query.Get("openid"), releaseUser)
	}
	equal(t, "accounts", len(seen), 10)
	equal(t, "authorised", len(w.product.received("[authorized]")), 10)
	equal(t, "unauthorised", len(w.product.received("[unauthorized]")), 10)
	equal(t, "among the programs", len(w.sim.Programs()), 2)
}

func TestReleaseCheckFindsWhatIsWrong(t *testing.T) {
	for fail, want := range map[string]struct{ steps, detail string }{
		"event ack":              {"abb", "exactly success"},
		"plain reply":            {"ce", "encrypted XML"},
		"wrong content":          {"ce", "must say"},
		"not swapped":            {"ce", "not swapped"},
		"wrong type":             {"ce", "MsgType"},
		"no time":                {"ce", "CreateTime"},
		"sealed for the program": {"ce", "must be the platform"},
		"bad signature":          {"ce", "MsgSignature"},
		"bad cipher":             {"ce", "decrypt"},
		"status":                 {"ce", "HTTP 500"},
		"query body":             {"d", "must be empty"},
	} {
		t.Run(fail, func(t *testing.T) {
			w, _ := releaseWorld(t, fail)
			rep, err := w.sim.ReleaseCheck(context.Background(), 3)
			must(t, err)
			equal(t, "ok", rep.OK, false)
			failed := ""
			for _, st := range rep.Steps {
				equal(t, "group", st.Group, 3)
				if !st.OK && (st.AppID == "" || st.AppID == testAccounts[2].mini) {
					failed += st.Step
					contains(t, st.Detail, want.detail)
				}
			}
			equal(t, "failed steps", failed, want.steps)
		})
	}
}

func TestReleaseCheckNeedsAnAnswerByAPI(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(context.Background())
	w.product.answerWith(func(rw http.ResponseWriter, _ *http.Request, in received, _ int) {
		if strings.Contains(in.plain, releaseQuery) {
			cancel() // nobody will answer by API; do not wait for it
			return
		}
		_, _ = io.WriteString(rw, "success")
	})
	rep, err := w.sim.ReleaseCheck(ctx, 1)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("err is %v", err)
	}
	equal(t, "ok", rep.OK, false)
}

func TestReleaseCheckIsChecked(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.EventsURL, c.MessagesURL = "", "" })
	for _, group := range []int{-1, 6} {
		if _, err := w.sim.ReleaseCheck(context.Background(), group); !errors.Is(err, ErrInvalid) {
			t.Errorf("group %d: %v", group, err)
		}
	}
	rep, err := w.sim.ReleaseCheck(context.Background(), 1)
	must(t, err)
	for _, st := range rep.Steps {
		equal(t, "step without an address", st.OK, false)
	}
}
