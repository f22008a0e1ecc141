package wechatsim

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"testing"
)

// ownHit is one request at a program's own server.
type ownHit struct {
	method, contentType, body string
	query                     url.Values
}

// ownServer is a program's own server, whose echostr check works unless echo is set.
type ownServer struct {
	*httptest.Server
	mu   sync.Mutex
	hits []ownHit
	echo string
}

const ownToken = "own-token"

func newOwnServer(t *testing.T) *ownServer {
	t.Helper()
	o := &ownServer{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		defer o.mu.Unlock()
		o.hits = append(o.hits, ownHit{r.Method, r.Header.Get("Content-Type"), string(body), r.URL.Query()})
		if r.Method == http.MethodGet && o.echo == "" {
			_, _ = io.WriteString(w, r.URL.Query().Get("echostr"))
			return
		}
		_, _ = io.WriteString(w, o.echo)
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *ownServer) last(t *testing.T) ownHit {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.hits) == 0 {
		t.Fatal("nothing arrived at the program's own server")
	}
	return o.hits[len(o.hits)-1]
}

func (o *ownServer) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.hits)
}

func (o *ownServer) answer(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.echo = text
}

// sha1Of is the signature by the test's own hand.
func sha1Of(parts ...string) string {
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func (h ownHit) checkSignature(t *testing.T, name string, more ...string) {
	t.Helper()
	equal(t, name, h.query.Get(name), sha1Of(append([]string{ownToken, h.query.Get("timestamp"), h.query.Get("nonce")}, more...)...))
}

func (w *world) ownPush(o *ownServer, mode, format string) {
	w.t.Helper()
	status, a := w.do(http.MethodPost, "/control/programs/"+shopID+"/push", asJSON(w.t, PushSetup{
		URL: o.URL + "/own?x=1", Token: ownToken, AESKey: testAESKey, Mode: mode, Format: format,
	}))
	if status != http.StatusOK {
		w.t.Fatalf("set push: %d %v", status, a)
	}
}

func TestAServersAddressIsSavedOnlyWhenItReturnsTheEchostr(t *testing.T) {
	w, o := newWorld(t), newOwnServer(t)
	w.ownPush(o, "safe", "json")
	h := o.last(t)
	equal(t, "method", h.method, http.MethodGet)
	h.checkSignature(t, "signature")
	equal(t, "own query", h.query.Get("x"), "1")
	equal(t, "saved", w.sim.Programs()[0].PushURL, o.URL+"/own?x=1")

	o.answer("success")
	status, _ := w.do(http.MethodPost, "/control/programs/"+shopID+"/push", `{"url":"`+o.URL+`/new","token":"t","mode":"plain"}`)
	equal(t, "status", status, http.StatusConflict)
	equal(t, "still saved", w.sim.Programs()[0].PushURL, o.URL+"/own?x=1")
	for _, bad := range []string{`{"url":"x","token":"t"}`, `{"url":"http://a/","token":""}`, `{"url":"http://a/","token":"t","mode":"none"}`, `{"url":"http://a/","token":"t"}`} {
		if status, _ := w.do(http.MethodPost, "/control/programs/"+shopID+"/push", bad); status != http.StatusBadRequest {
			t.Errorf("%s is answered %d", bad, status)
		}
	}
}

func TestAnOwnServerHearsInTheModeAndFormatItChose(t *testing.T) {
	for _, mode := range []string{"plain", "compat", "safe"} {
		for _, format := range []string{"json", "xml"} {
			t.Run(mode+" "+format, func(t *testing.T) {
				w, o := newWorld(t).run(), newOwnServer(t)
				w.ownPush(o, mode, format)
				id := w.file()
				w.idle()
				h := o.last(t)
				h.checkSignature(t, "signature")
				equal(t, "json type", strings.Contains(h.contentType, "json"), format == "json")
				plain := h.body
				if mode != "plain" {
					encrypted := encryptedOf(t, h.body, format)
					h.checkSignature(t, "msg_signature", encrypted)
					var appid string
					var err error
					plain, appid, err = openByHand(encrypted)
					must(t, err)
					equal(t, "appid behind the message", appid, shopID)
				}
				equal(t, "encrypt_type", h.query.Get("encrypt_type"), map[bool]string{true: "", false: "aes"}[mode == "plain"])
				equal(t, "the text is readable", strings.Contains(h.body, id), mode != "safe")
				contains(t, plain, id)
				contains(t, plain, shopUser)
				equal(t, "wrapped", strings.Contains(plain, "BussiCallBackInfo"), format == "xml")
			})
		}
	}
}

func encryptedOf(t *testing.T, body, format string) string {
	t.Helper()
	var outer struct{ ToUserName, Encrypt string }
	var err error
	if format == "json" {
		err = json.Unmarshal([]byte(body), &outer)
	} else {
		err = xml.Unmarshal([]byte(body), &outer)
	}
	must(t, err)
	equal(t, "ToUserName", outer.ToUserName, shopUser)
	return outer.Encrypt
}

func TestJSONPushesAreFlatAndTheirHistoryIsAnObjectUntilThereAreTwo(t *testing.T) {
	w, o := newWorld(t).run(), newOwnServer(t)
	w.ownPush(o, "plain", "json")
	id := w.file()
	w.idle()
	a := decode(t, o.last(t).body)
	equal(t, "status", a.text("status"), "201")
	equal(t, "complaint", a.text("complaint_order_id"), id)
	equal(t, "history", a.obj("history").text("content"), "杯子裂了")
	if _, ok := a["CreateTime"].(float64); !ok {
		t.Errorf("CreateTime is %T", a["CreateTime"])
	}
	must(t, w.sim.Advance(id, TimeOut, AdvanceOptions{}))
	w.idle()
	if n := len(decode(t, o.last(t).body).list("history")); n < 2 {
		t.Errorf("history has %d entries", n)
	}
	must(t, w.sim.SetVariants("", id, Variants{WrapJSON: true}))
	must(t, w.sim.Advance(id, PlatformTakes, AdvanceOptions{}))
	w.idle()
	equal(t, "wrapped status", decode(t, o.last(t).body).obj("BussiCallBackInfo").text("status"), "103")
}

func TestBothServersHearUnlessTheSettingSaysOtherwise(t *testing.T) {
	w, o := newWorld(t).run(), newOwnServer(t)
	w.ownPush(o, "safe", "json")
	w.authorizer(shopID)
	w.file()
	w.idle()
	equal(t, "platform", len(w.product.received("complaint_callback")), 1)
	equal(t, "own", o.count(), 2)

	set := w.sim.Settings()
	set.OwnPushAlone = true
	must(t, w.sim.SetSettings(set))
	w.file()
	w.idle()
	equal(t, "platform", len(w.product.received("complaint_callback")), 2)
	equal(t, "own", o.count(), 2)
}

func TestARawPushReachesTheOwnServerSpoiledAsAsked(t *testing.T) {
	w, o := newWorld(t), newOwnServer(t)
	w.ownPush(o, "safe", "json")
	id := w.file()
	_, err := w.sim.SendRaw(t.Context(), RawPush{Target: "own", AppID: shopID, ComplaintOrderID: id, Fault: "wrong_token"})
	must(t, err)
	h := o.last(t)
	if enc := encryptedOf(t, h.body, "json"); h.query.Get("msg_signature") == sha1Of(ownToken, h.query.Get("timestamp"), h.query.Get("nonce"), enc) {
		t.Error("the signature is good")
	}
	w.ownPush(o, "plain", "json")
	_, err = w.sim.SendRaw(t.Context(), RawPush{Target: "own", AppID: shopID, Fault: "tampered_signature"})
	must(t, err)
	h = o.last(t)
	if h.query.Get("signature") == sha1Of(ownToken, h.query.Get("timestamp"), h.query.Get("nonce")) {
		t.Error("the signature is good")
	}
	contains(t, h.body, "sim_unknown_event")
}

func TestAResetFrozenOrBarredSecretIsRefusedWithItsCode(t *testing.T) {
	w := newWorld(t)
	token := func(secret string) answer {
		return w.post("/cgi-bin/stable_token", "", answer{"grant_type": "client_credential", "appid": shopID, "secret": secret})
	}
	change := func(body string) {
		status, _ := w.do(http.MethodPost, "/control/programs/"+shopID+"/secret", body)
		equal(t, "status", status, http.StatusOK)
	}
	change(`{"secret":"new"}`)
	wantCode(t, token(shopSecret), 40125)
	if token("new").text("access_token") == "" {
		t.Error("the new secret gives no token")
	}
	change(`{"frozen":true}`)
	wantCode(t, token("new"), 40243)
	change(`{"frozen":false,"barred":true}`)
	wantCode(t, token("new"), 40164)
}
