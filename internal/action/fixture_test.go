package action

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/png"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	component       = "wxa4e07c5d28f391d2"
	componentSecret = "component-secret"

	shop       = "wx0a9d3be1724f6c58"
	respondAPI = "bussiRespondComplaint"
	detailAPI  = "complaintOrderDetail"
	refreshAPI = "api_authorizer_token"
)

// world is the product down from this package, against a simulated WeChat over HTTP. Its clock stands still unless advanced.
type world struct {
	t          *testing.T
	db         *db.DB
	clock      *clock.Fake
	sim        *wechatsim.Sim
	url        string
	programs   *program.Service
	complaints *complaint.Service
	actions    *Service
	program    *program.Program
	before     map[string]int // calls by API when the row began

	mu     sync.Mutex
	during func(w http.ResponseWriter, r *http.Request, sim http.Handler)
	// duringAPI is the call that during is about.
	duringAPI string
	// passed hears of every answer of WeChat's, before anybody reads it; nil outside crash tests.
	passed func(step string)
}

// onEngines runs fn once on each engine with a program that is authorised.
func onEngines(t *testing.T, fn func(w *world)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, d *db.DB) { fn(newWorld(t, d)) })
}

// onOneEngine is for long tables about what WeChat says: no query in them is not met in another test as well.
func onOneEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	fn(newWorld(t, testkit.SQLite(t)))
}

// row runs one row of a table; the rows share the world, since making one takes a second.
func (w *world) row(name string, fn func()) {
	w.t.Helper()
	table := w.t
	defer func() { w.t = table }()
	table.Run(name, func(t *testing.T) {
		w.t = t
		w.loseJobs()
		w.sim.ClearFaults()
		w.before = map[string]int{}
		for _, c := range w.sim.APICalls("") {
			w.before[c.API]++
		}
		fn()
	})
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: testkit.Clock()}
	token, key, err := program.GeneratePushSecrets()
	w.must(err)
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: componentSecret, Token: token.Reveal(), AESKey: key.Reveal(), AuthDomain: "zhisu.example",
		Programs: []wechatsim.Program{{AppID: shop, UserName: "gh_4b8f0c2d19e7", NickName: "满山茶铺", FuncIDs: []int{76, 151, 19, 30}}},
		Now:      w.clock.Now,
	})
	w.must(err)
	handler := w.sim.Handler()
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		during, api := w.during, w.duringAPI
		w.mu.Unlock()
		if during != nil && strings.HasSuffix(r.URL.Path, "/"+api) {
			during(rw, r, handler)
			return
		}
		handler.ServeHTTP(rw, r)
	}))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.build()
	w.must(w.programs.SetPlatform(t.Context(), program.PlatformConfig{
		ComponentAppID: component, Secret: secret.New(componentSecret), Token: token, EncodingAESKey: key,
	}))
	w.must(w.programs.SaveTicket(t.Context(), component, secret.New(w.sim.PushTicket()), 0))
	w.authorize()
	return w
}

func (w *world) build() {
	wc, log, sealer := w.wechat(15*time.Second), slog.New(slog.DiscardHandler), testkit.Sealer(w.t)
	w.programs = program.New(program.Options{
		DB: w.db, Sealer: sealer, Clock: w.clock, WeChat: wc, Logger: log, URLs: program.URLs{Public: "https://zhisu.example", MP: w.url, Open: w.url},
	})
	w.complaints = complaint.New(complaint.Options{DB: w.db, Sealer: sealer, Clock: w.clock, Programs: w.programs, WeChat: wc, Logger: log})
	w.actions = New(Options{DB: w.db, Clock: w.clock, Complaints: w.complaints, Programs: w.programs, WeChat: wc, Evidence: pictures{}, Logger: log})
}

// pictures are the evidence of these tests: the id is the content.
type pictures struct{}

// Open implements Evidence.
func (pictures) Open(_ context.Context, id string) ([]byte, string, string, error) {
	if id == "gone" {
		return nil, "", "", errors.New("no such file")
	}
	var b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 8+len(id), 8))
	if err := png.Encode(&b, m); err != nil {
		return nil, "", "", err
	}
	return b.Bytes(), "image/png", id + ".png", nil
}

// wechat is a client that waits at most limit for an answer.
func (w *world) wechat(limit time.Duration) *wechat.Client {
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	return wechat.New(w.url, &http.Client{Transport: wire{transport, w}, Timeout: limit})
}

// wire tells the world that an answer of WeChat's has arrived.
type wire struct {
	http.RoundTripper
	w *world
}

// RoundTrip implements http.RoundTripper.
func (x wire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := x.RoundTripper.RoundTrip(r)
	if x.w.passed != nil && err == nil {
		x.w.passed("answer of " + path.Base(r.URL.Path))
	}
	return resp, err
}

// authorize walks the redirect of the one-click authorisation.
func (w *world) authorize() {
	w.t.Helper()
	got, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop})
	w.must(err)
	entry, err := w.programs.StartAuthorization(w.t.Context(), "owner", "")
	w.must(err)
	w.must(w.programs.Returned(w.t.Context(), entry[strings.LastIndexByte(entry, '/')+1:], secret.New(got.AuthCode)))
	sum := sha256.Sum256([]byte(got.AuthCode))
	w.must(w.programs.Exchange(w.t.Context(), hex.EncodeToString(sum[:])))
	w.program, err = w.programs.ByAppID(w.t.Context(), shop)
	w.must(err)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// file lets a user complain and makes the case known.
func (w *world) file() *complaint.Complaint {
	w.t.Helper()
	order, err := w.sim.FileComplaint(wechatsim.Filing{AppID: shop})
	w.must(err)
	c, err := w.complaints.Import(w.t.Context(), w.program, order)
	w.must(err)
	c, err = w.complaints.SyncNow(w.t.Context(), c.ID)
	w.must(err)
	if c.Status != 201 {
		w.t.Fatalf("a fresh complaint has status %d", c.Status)
	}
	return c
}

func intent(c *complaint.Complaint) Intent {
	return Intent{
		ComplaintID: c.ID, Kind: complaint.Respond, Decision: Agree, Content: "已为您全额退款，感谢您的耐心。",
		ActorID: "u1", ActorName: "周敏", Source: complaint.FromStaff, RequestKey: "u1/" + db.NewID(),
	}
}

func (w *world) submit(c *complaint.Complaint) *Action {
	w.t.Helper()
	a, err := w.actions.Submit(w.t.Context(), intent(c))
	w.must(err)
	return a
}

// drive performs an action as its job would, snoozing on the clock, until the job ends. It returns the waits.
func (w *world) drive(a *Action) (waits []time.Duration) {
	w.t.Helper()
	for range 200 {
		err := w.actions.Perform(w.t.Context(), a.ID)
		var snooze *river.JobSnoozeError
		switch {
		case err == nil:
			return waits
		case !errors.As(err, &snooze):
			w.t.Fatalf("perform: %v", err)
		}
		waits = append(waits, snooze.Duration)
		w.clock.Advance(snooze.Duration)
	}
	w.t.Fatalf("the job never ends; waits %v", waits)
	return nil
}

// once performs an action one time and wants it to snooze.
func (w *world) once(a *Action) time.Duration {
	w.t.Helper()
	var snooze *river.JobSnoozeError
	if err := w.actions.Perform(w.t.Context(), a.ID); !errors.As(err, &snooze) {
		w.t.Fatalf("perform returned %v, want a snooze", err)
	}
	return snooze.Duration
}

func (w *world) reload(a *Action) *Action {
	w.t.Helper()
	got, err := w.actions.ByID(w.t.Context(), a.ID)
	w.must(err)
	return got
}

// ended asserts how an action ended.
func (w *world) ended(a *Action, state State, code string) *Action {
	w.t.Helper()
	got := w.reload(a)
	if got.State != state || got.ErrorCode != code {
		w.t.Fatalf("the action ended %s %q, want %s %q", got.State, got.ErrorCode, state, code)
	}
	if got.FinishedAt.IsZero() {
		w.t.Error("an ended action has no end")
	}
	if code != "" && Text(code) == "" {
		w.t.Errorf("code %q has no words", code)
	}
	return got
}

// effects is how often WeChat took an answer of the merchant (node 109; reference/wechat-complaint-api.md §3.1).
func (w *world) effects(c *complaint.Complaint, want int) {
	w.t.Helper()
	v, err := w.sim.Complaint(c.ComplaintOrderID)
	w.must(err)
	n := 0
	for _, it := range v.Items {
		if it.ItemType == 109 {
			n++
		}
	}
	if n != want {
		w.t.Errorf("WeChat took %d answers, want %d", n, want)
	}
}

// calls counts the calls of an API since the row began.
func (w *world) calls(api string) int { return len(w.sim.APICalls(api)) - w.before[api] }

func (w *world) called(api string, want int) {
	w.t.Helper()
	if n := w.calls(api); n != want {
		w.t.Errorf("%s was called %d times, want %d", api, n, want)
	}
}

func (w *world) fault(f wechatsim.Fault) {
	w.t.Helper()
	w.must(w.sim.AddFault(f))
}

func code(n int) *int { return &n }

// whileResponding hooks into the next calls of respond; sim plays WeChat.
func (w *world) whileResponding(fn func(rw http.ResponseWriter, r *http.Request, sim http.Handler)) {
	w.onCall(respondAPI, fn)
}

// onCall lets fn play a call of WeChat's API; nil puts the simulator back.
func (w *world) onCall(api string, fn func(rw http.ResponseWriter, r *http.Request, sim http.Handler)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.during, w.duringAPI = fn, api
}

// jobs counts live jobs of a kind.
func (w *world) jobs(kind string) int {
	w.t.Helper()
	var n int
	w.must(w.db.SQL().QueryRowContext(w.t.Context(),
		"SELECT count(*) FROM river_job WHERE state IN ('available', 'pending', 'running', 'retryable', 'scheduled') AND kind = '"+kind+"'").Scan(&n))
	return n
}

// loseJobs is a fault of the queue.
func (w *world) loseJobs() {
	w.t.Helper()
	_, err := w.db.SQL().ExecContext(w.t.Context(), "DELETE FROM river_job")
	w.must(err)
}

func (w *world) attemptRows(a *Action) []attempt {
	w.t.Helper()
	var out []attempt
	w.must(w.db.Read.NewSelect().Model(&out).Where("action_id = ?", a.ID).Order("id").Scan(w.t.Context()))
	return out
}

// told returns the timeline's entries about what staff did.
func (w *world) told(c *complaint.Complaint) []complaint.Entry {
	w.t.Helper()
	all, err := w.complaints.Timeline(w.t.Context(), c.ID)
	w.must(err)
	out := []complaint.Entry{}
	for _, e := range all {
		if e.Source != complaint.FromWeChat {
			out = append(out, e)
		}
	}
	return out
}
