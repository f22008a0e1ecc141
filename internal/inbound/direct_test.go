package inbound

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
)

const (
	ownToken = "ownToken1"
	own      = "/wechat/direct/" + shop
)

// direct sets shop up with its own AppSecret.
func direct(t *testing.T, d *db.DB, mode program.PushMode, format program.PushFormat) *ear {
	t.Helper()
	e := newEar(t, d)
	key := pushKey
	if mode == program.PushPlain {
		key = ""
	}
	e.setDirect(program.DirectConfig{AppID: shop, AppSecret: secret.New("own-secret"), Token: secret.New(ownToken), EncodingAESKey: secret.New(key), PushMode: mode, Format: format})
	return e
}

func (e *ear) setDirect(c program.DirectConfig) {
	e.t.Helper()
	err := e.db.InTx(e.t.Context(), func(ctx context.Context, tx db.Tx) error {
		if p, err := e.ps.ByAppID(ctx, c.AppID); err == nil {
			_, err := e.ps.UpdateDirect(ctx, tx, p.ID, c, false)
			return err
		}
		_, err := e.ps.CreateDirect(ctx, tx, c, false)
		return err
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// ownLetter is a push to a program's own URL. Zero values are right ones.
type ownLetter struct {
	clear, cipher bool // which halves the body has
	json          bool
	number        string
	token, key    string
	inner         string // appid in the cipher text
	appID         string // appid in the message
	query         func(q url.Values)
	body          func(b string) string
}

func (l ownLetter) message() string {
	appID, number := l.appID, l.number
	if appID == "" {
		appID = shop
	}
	if number == "" {
		number = "11897048"
	}
	if !l.json {
		return complaintXML(appID, "gh_shop1", number)
	}
	return `{"ToUserName":"gh_shop1","FromUserName":"oSystem","CreateTime":1773296280,"MsgType":"event","Event":"complaint_callback","appid":"` + appID +
		`","option_type":"1","complaint_order_id":"` + number + `","status":"201","history":{"time":"1773296270","content":"坏了","media_id_list":[]}}`
}

// postOwn seals and sends a letter.
func (e *ear) postOwn(l ownLetter) (int, string) {
	e.t.Helper()
	or := func(v, other string) string {
		if v == "" {
			return other
		}
		return v
	}
	key, err := msgcrypt.ParseKey(or(l.key, pushKey))
	if err != nil {
		e.t.Fatal(err)
	}
	msg := l.message()
	enc, err := msgcrypt.Encrypt(strings.NewReader("0123456789abcdef"), key, []byte(msg), or(l.inner, shop))
	if err != nil {
		e.t.Fatal(err)
	}
	stamp, nonce, tok := strconv.FormatInt(e.clock.Now().Unix(), 10), "nonce1", or(l.token, ownToken)
	q := url.Values{"timestamp": {stamp}, "nonce": {nonce}, "signature": {msgcrypt.Sign(tok, stamp, nonce)}, "openid": {"oSystem"}}
	if l.cipher {
		q.Set("encrypt_type", "aes")
		q.Set("msg_signature", msgcrypt.Sign(tok, stamp, nonce, enc))
	}
	body := msg
	switch {
	case l.json && l.clear && l.cipher:
		body = msg[:len(msg)-1] + `,"Encrypt":"` + enc + `"}`
	case l.json && l.cipher:
		body = `{"ToUserName":"gh_shop1","Encrypt":"` + enc + `"}`
	case l.clear && l.cipher:
		body = strings.TrimSuffix(msg, "</xml>") + "<Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>"
	case l.cipher:
		body = "<xml><ToUserName>gh_shop1</ToUserName><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>"
	}
	if l.query != nil {
		l.query(q)
	}
	if l.body != nil {
		body = l.body(body)
	}
	return e.raw(http.MethodPost, own+"?"+q.Encode(), strings.NewReader(body))
}

// Every way a push can be written, against every mode it can be expected in.
func TestTheConfiguredModeDecidesHowAPushIsChecked(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		sent := map[string]ownLetter{"plain": {clear: true}, "compat": {clear: true, cipher: true}, "safe": {cipher: true}}
		want := map[program.PushMode]map[string]int{
			program.PushPlain:  {"plain": 200, "compat": 200, "safe": 400}, // without a Key the cipher text says nothing
			program.PushCompat: {"plain": 403, "compat": 200, "safe": 200},
			program.PushSafe:   {"plain": 403, "compat": 403, "safe": 200},
		}
		number := 100
		e := direct(t, d, program.PushPlain, program.FormatAuto)
		for _, mode := range []program.PushMode{program.PushPlain, program.PushCompat, program.PushSafe} {
			c := program.DirectConfig{AppID: shop, PushMode: mode}
			if mode != program.PushPlain {
				c.EncodingAESKey = secret.New(pushKey)
			}
			e.setDirect(c)
			for _, isJSON := range []bool{false, true} {
				for name, l := range sent {
					number++
					l.json, l.number = isJSON, strconv.Itoa(number)
					before := len(e.deliveries())
					status, body := e.postOwn(l)
					stored := len(e.deliveries()) - before
					if status != want[mode][name] || (status == 200) != (stored == 1) || (status == 200) != (body == "success") {
						t.Errorf("%s sent to %s (json %v): %d %q, %d stored", name, mode, isJSON, status, body, stored)
					}
				}
			}
		}
		for _, got := range e.deliveries() {
			if got.Source != FromDirect || got.State != Stored || got.ProgramID == "" || got.AppID != shop || got.Event != "complaint_callback" {
				t.Errorf("stored as %+v", got)
			}
		}
		if n := e.receivedJobs(); n != len(e.deliveries()) {
			t.Errorf("%d jobs for %d deliveries", n, len(e.deliveries()))
		}
	})
}

func TestTamperedPushesToOwnURLsAreRefused(t *testing.T) {
	swap := func(old, fresh string) func(string) string {
		return func(b string) string { return strings.Replace(b, old, fresh, 1) }
	}
	set := func(k, v string) func(url.Values) { return func(q url.Values) { q.Set(k, v) } }
	flip := func(b string) string {
		i := strings.Index(b, "Encrypt") + 40
		c := byte('A')
		if b[i] == c {
			c = 'B'
		}
		return b[:i] + string(c) + b[i+1:]
	}
	for _, c := range []struct {
		name   string
		mode   program.PushMode
		format program.PushFormat
		letter ownLetter
		status int
	}{
		{"plain: no signature", program.PushPlain, program.FormatAuto, ownLetter{clear: true, query: set("signature", "")}, 401},
		{"plain: another Token", program.PushPlain, program.FormatAuto, ownLetter{clear: true, token: "another"}, 401},
		{"plain: another time", program.PushPlain, program.FormatAuto, ownLetter{clear: true, query: set("timestamp", "1")}, 401},
		{"plain: msg_signature in place of signature", program.PushPlain, program.FormatAuto, ownLetter{clear: true, query: func(q url.Values) {
			q.Set("msg_signature", q.Get("signature"))
			q.Del("signature")
		}}, 401},
		{"plain: says it is encrypted", program.PushPlain, program.FormatAuto, ownLetter{clear: true, token: "another", query: set("encrypt_type", "aes")}, 401},
		{"plain: another program's complaint", program.PushPlain, program.FormatAuto, ownLetter{clear: true, appID: otherShop}, 403},
		{"plain: not a message", program.PushPlain, program.FormatAuto, ownLetter{clear: true, body: func(string) string { return "hello" }}, 400},
		{"plain: a DOCTYPE", program.PushPlain, program.FormatXML, ownLetter{clear: true, body: func(b string) string { return `<!DOCTYPE x [<!ENTITY a "b">]>` + b }}, 400},
		{"plain: JSON where XML is configured", program.PushPlain, program.FormatXML, ownLetter{clear: true, json: true}, 400},
		{"plain: XML where JSON is configured", program.PushPlain, program.FormatJSON, ownLetter{clear: true}, 400},
		{"compat: the cipher text is broken, the clear half is whole", program.PushCompat, program.FormatAuto, ownLetter{clear: true, cipher: true, body: flip}, 401},
		{"compat: JSON, the cipher text is broken", program.PushCompat, program.FormatAuto, ownLetter{clear: true, cipher: true, json: true, body: flip}, 401},
		{"compat: sealed with another Key", program.PushCompat, program.FormatAuto, ownLetter{clear: true, cipher: true, key: otherKey}, 401},
		{"compat: only signature is right", program.PushCompat, program.FormatAuto, ownLetter{clear: true, cipher: true, query: set("msg_signature", "")}, 401},
		{"compat: says it is plain", program.PushCompat, program.FormatAuto, ownLetter{clear: true, query: set("encrypt_type", "raw")}, 403},
		{"compat: two cipher texts", program.PushCompat, program.FormatXML, ownLetter{clear: true, cipher: true, body: swap("</xml>", "<Encrypt>x</Encrypt></xml>")}, 400},
		{"safe: a bit of the cipher text", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, body: flip}, 401},
		{"safe: another Token", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, token: "another"}, 401},
		{"safe: another time", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, query: set("timestamp", "1")}, 401},
		{"safe: sealed for another appid", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, inner: otherShop}, 403},
		{"safe: sealed for the platform", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, inner: component}, 403},
		{"safe: another program's complaint inside", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, appID: otherShop}, 403},
		{"safe: sealed with another Key", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, key: otherKey}, 401},
		{"safe: says it is plain", program.PushSafe, program.FormatAuto, ownLetter{clear: true, query: set("encrypt_type", "")}, 403},
		{"safe: an empty body", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, body: func(string) string { return "" }}, 400},
		{"safe: JSON where XML is configured", program.PushSafe, program.FormatXML, ownLetter{cipher: true, json: true}, 400},
		{"safe: too large", program.PushSafe, program.FormatAuto, ownLetter{cipher: true, body: func(b string) string { return b + strings.Repeat(" ", MaxBody) }}, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := direct(t, testkit.SQLite(t), c.mode, c.format)
			if status, body := e.postOwn(c.letter); status != c.status {
				t.Errorf("%d %q, want %d", status, body, c.status)
			}
			if n := len(e.deliveries()) + e.receivedJobs(); n != 0 {
				t.Errorf("a refused push left %d rows", n)
			}
		})
	}
}

func TestWeChatsCheckOfAnOwnURLGetsItsEchoBack(t *testing.T) {
	e := direct(t, testkit.SQLite(t), program.PushSafe, program.FormatAuto)
	ask := func(tok, echo string) (int, string) {
		q := url.Values{"timestamp": {"1773296280"}, "nonce": {"n"}, "signature": {msgcrypt.Sign(tok, "1773296280", "n")}, "echostr": {echo}}
		return e.raw(http.MethodGet, own+"?"+q.Encode(), nil)
	}
	if status, body := ask("another", "123"); status != 401 || strings.Contains(body, "123") {
		t.Errorf("another Token: %d %q", status, body)
	}
	if status, _ := ask(ownToken, strings.Repeat("1", maxEcho+1)); status != 400 {
		t.Errorf("a long echo: %d", status)
	}
	if p, _ := e.ps.ByAppID(t.Context(), shop); !p.PushURLCheckedAt.IsZero() {
		t.Error("a refused check counts")
	}
	if status, body := ask(ownToken, "4820371946<b>"); status != 200 || body != "4820371946<b>" {
		t.Errorf("%d %q", status, body)
	}
	if p, _ := e.ps.ByAppID(t.Context(), shop); p.PushURLCheckedAt.IsZero() {
		t.Error("the check was not noted")
	}
	if status, _ := e.raw(http.MethodGet, "/wechat/direct/"+otherShop+"?signature=x&echostr=1", nil); status != 403 {
		t.Errorf("a program that is not ours: %d", status)
	}
}

func TestARepeatedPushToAnOwnURLIsStoredOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := direct(t, d, program.PushSafe, program.FormatAuto)
		for range 3 {
			if status, body := e.postOwn(ownLetter{cipher: true}); status != 200 || body != "success" {
				t.Fatalf("%d %q", status, body)
			}
		}
		ds := e.deliveries()
		if len(ds) != 1 || ds[0].Repeats != 2 || e.receivedJobs() != 1 {
			t.Errorf("%d deliveries, %d jobs", len(ds), e.receivedJobs())
		}
		if p, _ := e.ps.ByAppID(t.Context(), shop); p.LastPushAt.IsZero() || p.DirectPushAt.IsZero() {
			t.Error("the push was not noted on the program")
		}
	})
}

func TestTheTokenAndKeyBeforeTheChangeStayValidForPushes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		e := direct(t, d, program.PushSafe, program.FormatAuto)
		old := ownLetter{cipher: true}
		fresh := ownLetter{cipher: true, token: "freshToken", key: otherKey}
		for i, c := range []struct {
			letter ownLetter
			status int
		}{{old, 200}, {fresh, 401}} {
			c.letter.number = strconv.Itoa(i)
			if status, _ := e.postOwn(c.letter); status != c.status {
				t.Errorf("before the change %d: %d", i, status)
			}
		}
		e.setDirect(program.DirectConfig{AppID: shop, Token: secret.New("freshToken"), EncodingAESKey: secret.New(otherKey)})
		for i, l := range []ownLetter{old, fresh, {cipher: true, token: "freshToken"}} {
			l.number = strconv.Itoa(10 + i)
			if status, _ := e.postOwn(l); status != 200 {
				t.Errorf("after the change %d: %d", i, status)
			}
		}
	})
}

func TestARefusedPushSaysWhyOnlyIfItsSenderKnowsTheToken(t *testing.T) {
	e := direct(t, testkit.SQLite(t), program.PushSafe, program.FormatXML)
	refusal := func() string {
		p, err := e.ps.ByAppID(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		return p.PushRefusal
	}
	e.postOwn(ownLetter{clear: true, token: "another"})
	if got := refusal(); got != "" {
		t.Errorf("a stranger made the page say %q", got)
	}
	e.postOwn(ownLetter{clear: true})
	if got := refusal(); !strings.Contains(got, "加密方式比这里设置的弱") {
		t.Errorf("refusal %q", got)
	}
	e.setDirect(program.DirectConfig{AppID: shop, Format: program.FormatAuto})
	if got := refusal(); got != "" {
		t.Errorf("after a change it still says %q", got)
	}
}
