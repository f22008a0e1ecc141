package wechatsim

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testComponent = "wxcomponent0000001"
	testSecret    = "component-secret"
	testToken     = "push-token"
	testAESKey    = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	shopID        = "wxshop000000000001"
	shopUser      = "gh_shop00000001"
	shopSecret    = "shop-secret"
	otherID       = "wxother00000000001"
)

var testStart = time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)

// received is one push as a product sees it, opened by the test's own hand.
type received struct {
	path  string
	query url.Values
	outer string // AppId or ToUserName
	plain string
	appid string // behind the message
	err   error
}

// fakeProduct is the other side: it opens every push and answers what it is told.
type fakeProduct struct {
	srv *httptest.Server

	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, r *http.Request, in received, nth int)
}

func newProduct(t *testing.T) *fakeProduct {
	t.Helper()
	p := &fakeProduct{}
	p.srv = httptest.NewServer(p)
	t.Cleanup(p.srv.Close)
	return p
}

func (p *fakeProduct) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	in := received{path: r.URL.Path, query: r.URL.Query(), err: err}
	if err == nil {
		in.open(body)
	}
	p.mu.Lock()
	p.got = append(p.got, in)
	n, answer := len(p.got), p.answer
	p.mu.Unlock()
	if answer != nil {
		answer(w, r, in, n)
		return
	}
	_, _ = io.WriteString(w, "success")
}

// open verifies msg_signature and decrypts with nothing but the standard library, as a second opinion on crypto.go.
func (in *received) open(body []byte) {
	var outer struct {
		AppID      string `xml:"AppId"`
		ToUserName string
		Encrypt    string
	}
	if in.err = xml.Unmarshal(body, &outer); in.err != nil {
		return
	}
	in.outer = outer.AppID + outer.ToUserName
	parts := []string{testToken, in.query.Get("timestamp"), in.query.Get("nonce"), outer.Encrypt}
	sort.Strings(parts)
	sum := sha1.Sum([]byte(strings.Join(parts, "")))
	if hex.EncodeToString(sum[:]) != in.query.Get("msg_signature") {
		in.err = fmt.Errorf("bad msg_signature")
		return
	}
	in.plain, in.appid, in.err = openByHand(outer.Encrypt)
}

func openByHand(encrypted string) (plain, appid string, err error) {
	key, err := base64.StdEncoding.DecodeString(testAESKey + "=")
	if err != nil {
		return "", "", err
	}
	raw, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		return "", "", err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return "", "", err
	}
	if len(raw) == 0 || len(raw)%32 != 0 {
		return "", "", fmt.Errorf("%d bytes", len(raw))
	}
	cipher.NewCBCDecrypter(block, key[:16]).CryptBlocks(raw, raw)
	raw = raw[16 : len(raw)-int(raw[len(raw)-1])]
	n := binary.BigEndian.Uint32(raw)
	return string(raw[4 : 4+n]), string(raw[4+n:]), nil
}

func (p *fakeProduct) answerWith(f func(w http.ResponseWriter, r *http.Request, in received, nth int)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

func (p *fakeProduct) answerText(status int, text string) {
	p.answerWith(func(w http.ResponseWriter, _ *http.Request, _ received, _ int) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	})
}

func (p *fakeProduct) received(contains string) []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []received
	for _, r := range p.got {
		if strings.Contains(r.plain, contains) {
			out = append(out, r)
		}
	}
	return out
}

func (p *fakeProduct) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.got = nil
}

// world is a simulator that serves, runs and pushes to a fake product. Its clock stands still unless advanced.
type world struct {
	t       *testing.T
	sim     *Sim
	srv     *httptest.Server
	product *fakeProduct
	domain  string
}

func newWorld(t *testing.T, change ...func(*Config)) *world {
	t.Helper()
	p := newProduct(t)
	u, err := url.Parse(p.srv.URL)
	must(t, err)
	cfg := Config{
		ComponentAppID: testComponent, ComponentSecret: testSecret, Token: testToken, AESKey: testAESKey,
		EventsURL: p.srv.URL + "/events", MessagesURL: p.srv.URL + "/messages/$APPID$", AuthDomain: u.Host,
		Programs: []Program{
			{AppID: shopID, UserName: shopUser, NickName: "满山茶铺", PrincipalName: "满山茶业有限公司", FuncIDs: []int{76, 151, 19, 30}, Secret: shopSecret},
			{AppID: otherID, UserName: "gh_other0000001", NickName: "鹿野露营", FuncIDs: []int{76, 151, 19, 30}},
		},
		PushTimeout: 300 * time.Millisecond, RetryDelays: []time.Duration{0}, ProductURL: p.srv.URL,
		Now: func() time.Time { return testStart },
	}
	for _, c := range change {
		c(&cfg)
	}
	sim, err := New(cfg)
	must(t, err)
	w := &world{t: t, sim: sim, product: p, domain: u.Host}
	w.srv = httptest.NewServer(sim.Handler())
	t.Cleanup(w.srv.Close)
	return w
}

// run starts the simulator and stops it with the test.
func (w *world) run() *world {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	return w
}

func (w *world) idle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	must(w.t, w.sim.WaitIdle(ctx))
}

// answer is a decoded JSON object.
type answer map[string]any

func (a answer) errcode() int {
	n, _ := a["errcode"].(float64)
	return int(n)
}

func (a answer) text(name string) string {
	s, _ := a[name].(string)
	return s
}

func (a answer) obj(name string) answer {
	m, _ := a[name].(map[string]any)
	return m
}

func (a answer) list(name string) []any {
	l, _ := a[name].([]any)
	return l
}

func (w *world) do(method, path, body string) (int, answer) {
	w.t.Helper()
	status, raw := w.raw(method, path, body)
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		w.t.Fatalf("%s %s answered %d %q: %v", method, path, status, raw, err)
	}
	return status, a
}

func (w *world) raw(method, path, body string) (int, []byte) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.srv.URL+path, strings.NewReader(body))
	must(w.t, err)
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(w.t, err)
	return res.StatusCode, b
}

// post calls a WeChat API and insists on HTTP 200.
func (w *world) post(path, token string, body any) answer {
	w.t.Helper()
	return w.call(http.MethodPost, withToken(path, token), asJSON(w.t, body))
}

func (w *world) get(path, token string) answer {
	w.t.Helper()
	return w.call(http.MethodGet, withToken(path, token), "")
}

func (w *world) call(method, path, body string) answer {
	w.t.Helper()
	status, a := w.do(method, path, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s answered HTTP %d", method, path, status)
	}
	return a
}

func withToken(path, token string) string {
	if token == "" {
		return path
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "access_token=" + url.QueryEscape(token)
}

func asJSON(t *testing.T, body any) string {
	t.Helper()
	if s, ok := body.(string); ok {
		return s
	}
	b, err := json.Marshal(body)
	must(t, err)
	return string(b)
}

// ticket makes a ticket without pushing it.
func (w *world) ticket() string {
	w.sim.mu.Lock()
	defer w.sim.mu.Unlock()
	ticket, _ := w.sim.newTicket()
	return ticket
}

// component gets a component_access_token the way a product does.
func (w *world) component() string {
	w.t.Helper()
	a := w.post("/cgi-bin/component/api_component_token", "", answer{
		"component_appid": testComponent, "component_appsecret": testSecret, "component_verify_ticket": w.ticket(),
	})
	token := a.text("component_access_token")
	if token == "" {
		w.t.Fatalf("no component token: %v", a)
	}
	return token
}

// authorizer lets a program's admin agree and exchanges the code.
func (w *world) authorizer(appid string, sets ...int) (access, refresh string) {
	w.t.Helper()
	req := AuthorizeRequest{AppID: appid, Event: "none"}
	if len(sets) > 0 {
		req.FuncIDs = sets
	}
	res, err := w.sim.Authorize(req)
	must(w.t, err)
	a := w.post("/cgi-bin/component/api_query_auth", w.component(), answer{
		"component_appid": testComponent, "authorization_code": res.AuthCode,
	}).obj("authorization_info")
	if a.text("authorizer_access_token") == "" {
		w.t.Fatalf("no authorizer token: %v", a)
	}
	return a.text("authorizer_access_token"), a.text("authorizer_refresh_token")
}

// file files a complaint about the shop.
func (w *world) file() string {
	w.t.Helper()
	id, err := w.sim.FileComplaint(Filing{AppID: shopID, Type: 642, Amount: 16800, Content: "杯子裂了", ImageCount: 2})
	must(w.t, err)
	return id
}

func (w *world) view(id string) ComplaintView {
	w.t.Helper()
	v, err := w.sim.Complaint(id)
	must(w.t, err)
	return v
}

func (w *world) advance(id string, events ...Event) {
	w.t.Helper()
	for _, ev := range events {
		must(w.t, w.sim.Advance(id, ev, AdvanceOptions{}))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, a answer, code int) {
	t.Helper()
	if a.errcode() != code {
		t.Fatalf("errcode %d, want %d: %v", a.errcode(), code, a)
	}
	if code == 0 {
		return
	}
	if !ridPattern.MatchString(a.text("errmsg")+a.text("rid")) || a.text("errmsg")+a.text("rid") == "" {
		t.Errorf("no rid in %v", a)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q does not contain %q", text, part)
	}
}

func lacks(t *testing.T, text, part string) {
	t.Helper()
	if strings.Contains(text, part) {
		t.Errorf("%q contains %q", text, part)
	}
}

func pad32(b []byte) []byte {
	n := 32 - len(b)%32
	return append(bytes.Clone(b), bytes.Repeat([]byte{byte(n)}, n)...)
}

func decode(t *testing.T, text string) answer {
	t.Helper()
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return a
}
