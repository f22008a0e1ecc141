package automate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const (
	component       = "wxa4e07c5d28f391d2"
	componentSecret = "component-secret"
	shop            = "wx0a9d3be1724f6c58"
	respondAPI      = "bussiRespondComplaint"
)

// world is the product down from this package, against a simulated WeChat and WeChat Pay over HTTP. Its clock stands still unless advanced, and its jobs are done by hand.
type world struct {
	t          *testing.T
	db         *db.DB
	clock      *clock.Fake
	sim        *wechatsim.Sim
	pay        *paysim.Host
	url        string
	sealer     *secret.Sealer
	programs   *program.Service
	complaints *complaint.Service
	actions    *action.Service
	refunds    *refund.Service
	rules      *Service
	program    *program.Program
	seq        int
}

func onEngines(t *testing.T, fn func(w *world)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, d *db.DB) { fn(newWorld(t, d)) })
}

func onOneEngine(t *testing.T, fn func(w *world)) {
	t.Helper()
	fn(newWorld(t, testkit.SQLite(t)))
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: testkit.Clock(), sealer: testkit.Sealer(t)}
	token, key, err := program.GeneratePushSecrets()
	w.must(err)
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: componentSecret, Token: token.Reveal(), AESKey: key.Reveal(), AuthDomain: "zhisu.example",
		Programs: []wechatsim.Program{{AppID: shop, UserName: "gh_4b8f0c2d19e7", NickName: "满山茶铺", FuncIDs: []int{76, 151, 19, 30}}},
		Now:      w.clock.Now,
	})
	w.must(err)
	w.pay = paykit.New(t, w.clock.Now)
	mux := http.NewServeMux()
	w.pay.Register(mux)
	mux.Handle("/", w.sim.Handler())
	srv := httptest.NewServer(mux)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.build()
	w.must(w.programs.SetPlatform(t.Context(), program.PlatformConfig{ComponentAppID: component, Secret: secret.New(componentSecret), Token: token, EncodingAESKey: key}))
	w.must(w.programs.SaveTicket(t.Context(), component, secret.New(w.sim.PushTicket()), 0))
	w.authorize()
	w.merchant()
	return w
}

func (w *world) build() {
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	hc := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	wc, log := wechat.New(w.url, hc), slog.New(slog.DiscardHandler)
	w.programs = program.New(program.Options{
		DB: w.db, Sealer: w.sealer, Clock: w.clock, WeChat: wc, Logger: log, URLs: program.URLs{Public: "https://zhisu.example", MP: w.url, Open: w.url},
	})
	w.complaints = complaint.New(complaint.Options{DB: w.db, Sealer: w.sealer, Clock: w.clock, Programs: w.programs, WeChat: wc, Logger: log})
	w.actions = action.New(action.Options{
		DB: w.db, Clock: w.clock, Complaints: w.complaints, Programs: w.programs, WeChat: wc, Logger: log,
		Allow: func(ctx context.Context, tx db.Tx, a *action.Action) (string, error) {
			return w.rules.AllowAction(ctx, tx, a)
		},
	})
	w.refunds = refund.New(refund.Options{
		DB: w.db, Sealer: w.sealer, Clock: w.clock, Programs: w, Cases: w.complaints, Pay: wxpay.New(w.url, hc, w.clock), PublicURL: "https://zhisu.example", Logger: log,
		Allow: func(ctx context.Context, tx db.Tx, r *refund.Refund) (string, error) {
			return w.rules.AllowRefund(ctx, tx, r)
		},
	})
	w.rules = New(Options{DB: w.db, Clock: w.clock, Complaints: w.complaints, Actions: w.actions, Refunds: w.refunds, Programs: ruled{w}, Logger: log})
}

// Program implements refund.Programs.
func (w *world) Program(ctx context.Context, id string) (refund.Program, error) {
	p, err := w.programs.ByID(ctx, id)
	if err != nil {
		return refund.Program{}, err
	}
	return refund.Program{ID: p.ID, Name: p.Name, AppID: p.AppID, MerchantID: p.MerchantID}, nil
}

// OfMerchants implements refund.Programs.
func (w *world) OfMerchants(context.Context) (map[string][]string, error) { return nil, nil }

// ruled shows the programs to rules.
type ruled struct{ w *world }

func (x ruled) Program(ctx context.Context, id string) (Program, error) {
	p, err := x.w.programs.ByID(ctx, id)
	if err != nil {
		return Program{}, err
	}
	return Program{ID: p.ID, Name: p.Name, Active: p.State == program.Active, Permitted: len(p.Missing()) == 0, MerchantID: p.MerchantID}, nil
}

func (x ruled) Listed(ctx context.Context) ([]Program, error) {
	p, err := x.Program(ctx, x.w.program.ID)
	return []Program{p}, err
}

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

func ptr[T any](v T) *T { return &v }

func (w *world) merchant() {
	w.t.Helper()
	a, err := w.pay.AddMerchant(paysim.Merchant{MchID: "1900000109", Verify: "both"})
	w.must(err)
	m, err := w.refunds.CreateMerchant(w.t.Context(), refund.MerchantInput{
		MchID: &a.MchID, APIv3Key: ptr(secret.New(a.APIv3Key)), PrivateKeyPEM: ptr(secret.New(a.PrivateKeyPEM)), CertPEM: &a.CertPEM, Name: ptr("满山茶铺"),
	}, func(context.Context, db.Tx, *refund.Merchant) error { return nil })
	w.must(err)
	w.must(w.db.InTx(w.t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := w.programs.Update(ctx, tx, w.program.ID, program.Patch{MerchantID: &m.ID})
		return err
	}))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func unrecorded(context.Context, db.Tx, *Rule) error { return nil }

func quietly(context.Context, db.Tx) error { return nil }

// agreeRule answers without a refund; refundRule gives everything back first.
func agreeRule() *Rule {
	r := &Rule{Name: "少发补差", AmountMax: 5000, Decision: action.Agree, Content: "已安排补发，请留意。", Refund: NoRefund, MaxCasesPerDay: 10}
	r.Types.V = []int64{613}
	return r
}

func refundRule() *Rule {
	r := agreeRule()
	r.Content, r.Refund, r.MaxAmountPerCase, r.MaxAmountPerDay = "已全额退款，单号 {退款单号}。", FullRefund, ptr(int64(5000)), ptr(int64(20000))
	return r
}

// enable stores a rule, replays it and lets it act from a second later on.
func (w *world) enable(r *Rule) *Rule {
	w.t.Helper()
	w.must(w.rules.Create(w.t.Context(), r, "周敏", unrecorded))
	return w.turnOn(r.ID)
}

func (w *world) turnOn(id string) *Rule {
	w.t.Helper()
	_, err := w.rules.Replay(w.t.Context(), id, unrecorded)
	w.must(err)
	got, err := w.rules.Update(w.t.Context(), id, Change{State: ptr(Active)}, "周敏", unrecorded)
	w.must(err)
	w.clock.Advance(2 * time.Second)
	return got
}

// file lets a user complain about an order of his that was paid, and has the case read.
func (w *world) file(f wechatsim.Filing) *complaint.Complaint {
	w.t.Helper()
	w.seq++
	w.must(w.programs.SaveTicket(w.t.Context(), component, secret.New(w.sim.PushTicket()), 0)) // they get old
	f.AppID = shop
	if f.Type == 0 {
		f.Type = 613
	}
	if f.Amount == 0 {
		f.Amount = 3000
	}
	if f.OpenID == "" {
		f.OpenID = fmt.Sprintf("oUser%023d", w.seq)
	}
	if f.TransactionID == "" {
		f.TransactionID = fmt.Sprintf("42000012345678%06d", w.seq)
		f.OutTradeNo = "T" + f.TransactionID
	}
	w.must(w.pay.PutOrder(paysim.Order{TransactionID: f.TransactionID, OutTradeNo: f.OutTradeNo, AppID: shop, OpenID: f.OpenID, Total: f.Amount, AgeSeconds: 24 * 3600, Keep: true}))
	order, err := w.sim.FileComplaint(f)
	w.must(err)
	c, err := w.complaints.Import(w.t.Context(), w.program, order)
	w.must(err)
	c, err = w.complaints.SyncNow(w.t.Context(), c.ID)
	w.must(err)
	return c
}

// arrive files a case and lets rules look at it.
func (w *world) arrive(f wechatsim.Filing) *complaint.Complaint {
	w.t.Helper()
	c := w.file(f)
	w.must(snoozed(w.rules.Consider(w.t.Context(), ConsiderArgs{ComplaintID: c.ID})))
	return c
}

func snoozed(err error) error {
	if _, ok := errors.AsType[*river.JobSnoozeError](err); ok {
		return nil
	}
	return err
}

// work does every job there is once: steps of decisions, refunds and actions, in this order.
func (w *world) work() {
	w.t.Helper()
	ctx := w.t.Context()
	var ds []Decision
	w.must(w.db.Read.NewSelect().Model(&ds).Where("finished_at IS NULL").Order("id").Scan(ctx))
	for i := range ds {
		w.must(snoozed(w.rules.Step(ctx, ds[i].ID)))
	}
	var rs []refund.Refund
	w.must(w.db.Read.NewSelect().Model(&rs).Scan(ctx))
	for i := range rs {
		if r := &rs[i]; r.State.Open() && !r.NextAt.IsZero() && r.NextAt <= db.At(w.clock.Now()) {
			w.must(w.refunds.Advance(ctx, refund.AdvanceArgs{RefundID: r.ID, Turn: r.Turn}))
		}
		w.must(snoozed(w.rules.RefundSettled(ctx, rs[i].ID)))
	}
	var as []action.Action
	w.must(w.db.Read.NewSelect().Model(&as).Scan(ctx))
	for i := range as {
		w.must(snoozed(w.actions.Perform(ctx, as[i].ID)))
		w.must(snoozed(w.rules.ActionFinished(ctx, as[i].ID)))
	}
}

// run works until everything rests, turning the clock a little each time.
func (w *world) run() {
	w.t.Helper()
	for range 12 {
		w.work()
		w.clock.Advance(3 * time.Second)
	}
}

// decision asserts what became of a case.
func (w *world) decision(c *complaint.Complaint, state State) *Decision {
	w.t.Helper()
	d, err := w.rules.DecisionOf(w.t.Context(), c.ID)
	w.must(err)
	if d == nil {
		w.t.Fatalf("no rule decided, want %s", state)
	}
	if d.State != state {
		w.t.Fatalf("the decision is %s (%s %s), want %s", d.State, d.ReasonCode, d.Reason, state)
	}
	if d.Text() == "" {
		w.t.Error("a decision without words")
	}
	return d
}

func (w *world) undecided(c *complaint.Complaint) {
	w.t.Helper()
	if d, err := w.rules.DecisionOf(w.t.Context(), c.ID); err != nil || d != nil {
		w.t.Errorf("a rule decided: %+v, %v", d, err)
	}
}

// effects asserts how often WeChat was asked to answer, and what WeChat Pay gave back.
func (w *world) effects(c *complaint.Complaint, answers int, fen int64) {
	w.t.Helper()
	v, err := w.sim.Complaint(c.ComplaintOrderID)
	w.must(err)
	n := 0
	for _, it := range v.Items {
		if it.ItemType == 109 { // 商家已回应 (reference/wechat-complaint-api.md §3.1)
			n++
		}
	}
	moved, refunds := paykit.Moved(w.pay, c.TransactionID)
	wantRefunds := 0
	if fen > 0 {
		wantRefunds = 1
	}
	if n != answers || moved != fen || refunds != wantRefunds {
		w.t.Errorf("%d answers, %d fen in %d refunds; want %d answers, %d fen", n, moved, refunds, answers, fen)
	}
}

func (w *world) rule(id string) *Rule {
	w.t.Helper()
	r, err := w.rules.Rule(w.t.Context(), id)
	w.must(err)
	return r
}

func (w *world) told(kind string) int { return len(testkit.Jobs(w.t, w.db, kind)) }
