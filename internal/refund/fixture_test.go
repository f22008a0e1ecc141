package refund

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const (
	appID  = "wx0a9d3be1724f6c58"
	openID = "oWx-9f2c41"
	total  = int64(16800)
)

// world is refunds on top of the simulator's WeChat Pay, whose every call can be made to fail. The clock stands still unless advanced.
type world struct {
	t        *testing.T
	db       *db.DB
	clock    *clock.Fake
	pay      *paysim.Host
	account  paysim.Credentials
	url      string
	sealer   *secret.Sealer
	refunds  *Service
	programs map[string]Program
	merchant *Merchant
	seq      int
}

func onEngines(t *testing.T, fn func(w *world)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, d *db.DB) { fn(newWorld(t, d)) })
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, clock: testkit.Clock(), programs: map[string]Program{}, sealer: testkit.Sealer(t)}
	w.pay = paykit.New(t, w.clock.Now)
	mux := http.NewServeMux()
	w.pay.Register(mux)
	srv := httptest.NewServer(mux)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.refunds = w.service()
	w.account = w.open("1900000109", "both")
	w.merchant = w.addMerchant(w.account)
	w.addProgram("p1", appID, w.merchant.ID)
	return w
}

// open makes an account at WeChat Pay.
func (w *world) open(mchid, verify string) paysim.Credentials {
	w.t.Helper()
	c, err := w.pay.AddMerchant(paysim.Merchant{MchID: mchid, Verify: verify})
	w.must(err)
	return c
}

// service builds another instance on the same database.
func (w *world) service() *Service {
	transport := &http.Transport{}
	w.t.Cleanup(transport.CloseIdleConnections)
	log := slog.New(slog.DiscardHandler)
	cases := complaint.New(complaint.Options{DB: w.db, Sealer: w.sealer, Clock: w.clock, Logger: log})
	return New(Options{
		DB: w.db, Sealer: w.sealer, Clock: w.clock, Programs: w, Cases: cases, Pay: wxpay.New(w.url, &http.Client{Transport: transport, Timeout: 10 * time.Second}, w.clock),
		PublicURL: "https://zhisu.example", Logger: log,
	})
}

// Program implements Programs.
func (w *world) Program(_ context.Context, id string) (Program, error) { return w.programs[id], nil }

// OfMerchants implements Programs.
func (w *world) OfMerchants(context.Context) (map[string][]string, error) {
	out := map[string][]string{}
	for id, p := range w.programs {
		out[p.MerchantID] = append(out[p.MerchantID], id)
	}
	return out, nil
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }

func inputOf(a paysim.Credentials) MerchantInput {
	return MerchantInput{
		MchID: &a.MchID, APIv3Key: ptr(secret.New(a.APIv3Key)), PrivateKeyPEM: ptr(secret.New(a.PrivateKeyPEM)), CertPEM: &a.CertPEM, Name: ptr("满山茶铺"),
	}
}

func unrecorded(context.Context, db.Tx, *Merchant) error { return nil }

func noAudit(context.Context, db.Tx, *Refund) error { return nil }

func (w *world) addMerchant(a paysim.Credentials) *Merchant {
	w.t.Helper()
	m, err := w.refunds.CreateMerchant(w.t.Context(), inputOf(a), unrecorded)
	w.must(err)
	return m
}

func (w *world) addProgram(id, app, merchantID string) {
	w.t.Helper()
	w.programs[id] = Program{ID: id, Name: "满山茶铺", AppID: app, MerchantID: merchantID}
	_, err := w.db.Write().NewRaw(`INSERT INTO programs (id, appid, mode, state, created_at, updated_at) VALUES (?, ?, 'platform', 'active', 1, 1)`, id, app).Exec(w.t.Context())
	w.must(err)
}

// paidOrder is an order of p1 that was paid yesterday.
func paidOrder(transactionID string) paysim.Order {
	return paysim.Order{TransactionID: transactionID, AppID: appID, OpenID: openID, Total: total, AgeSeconds: 24 * 3600}
}

// file makes a case of program p1 about a new paid order.
func (w *world) file() *complaint.Complaint {
	w.t.Helper()
	w.seq++
	tx := fmt.Sprintf("42000012345678%06d", w.seq)
	w.must(w.pay.PutOrder(paidOrder(tx)))
	return w.complain("p1", tx)
}

// complain makes a case about an order.
func (w *world) complain(programID, transactionID string) *complaint.Complaint {
	w.t.Helper()
	w.seq++
	c := &complaint.Complaint{
		ID: db.NewID(), ProgramID: programID, ComplaintOrderID: fmt.Sprint(11897000 + w.seq), Status: 201, Stage: complaint.ToRespond, TransactionID: transactionID,
		OutTradeNo: "T" + transactionID, FirstSeenAt: db.At(w.clock.Now()), DueSort: 1,
	}
	c.Images.V = []string{}
	var err error
	c.OpenIDSealed, err = w.sealer.Seal(secret.Place{Table: "complaints", Column: "openid_sealed", ID: c.ID}, secret.New(openID))
	w.must(err)
	_, err = w.db.Write().NewInsert().Model(c).Exec(w.t.Context())
	w.must(err)
	return c
}

var staff = Actor{ID: "u1", Name: "周敏", Any: true, Source: complaint.FromStaff}

func intent(c *complaint.Complaint, amount int64) Intent {
	return Intent{ComplaintID: c.ID, Amount: amount, Reason: "质量问题", Actor: staff, RequestKey: "u1/" + db.NewID()}
}

func (w *world) submit(c *complaint.Complaint, amount int64) *Refund {
	w.t.Helper()
	r, err := w.refunds.Submit(w.t.Context(), intent(c, amount))
	w.must(err)
	return r
}

func (w *world) reload(r *Refund) *Refund {
	w.t.Helper()
	got, err := w.refunds.ByID(w.t.Context(), r.ID)
	w.must(err)
	return got
}

// step works on a refund once, as its job would, turning the clock to when it wants to be worked on.
func (w *world) step(r *Refund) *Refund {
	w.t.Helper()
	now := w.reload(r)
	if wait := now.NextAt.Time().Sub(w.clock.Now()); !now.NextAt.IsZero() && wait > 0 {
		w.clock.Advance(wait)
	}
	w.must(w.refunds.Advance(w.t.Context(), AdvanceArgs{RefundID: now.ID, Turn: now.Turn}))
	return w.reload(r)
}

// drive works on a refund until it waits for people or is over, at most n times.
func (w *world) drive(r *Refund, n int) *Refund {
	w.t.Helper()
	got := w.reload(r)
	for range n {
		if !got.State.Open() || got.NextAt.IsZero() {
			return got
		}
		got = w.step(got)
	}
	return got
}

// fail lets the next calls under a name go wrong, one mode after the other.
func (w *world) fail(target string, modes ...string) { paykit.Fail(w.t, w.pay, target, modes...) }

// outcome chooses what becomes of new refunds.
func (w *world) outcome(status string) { paykit.Outcome(w.t, w.pay, status) }

func (w *world) moved(c *complaint.Complaint, fen int64, refunds int) {
	w.t.Helper()
	if got, n := paykit.Moved(w.pay, c.TransactionID); got != fen || n != refunds {
		w.t.Errorf("WeChat Pay moved %d fen in %d refunds, want %d in %d", got, n, fen, refunds)
	}
}

func (w *world) state(r *Refund, want State, code string) *Refund {
	w.t.Helper()
	got := w.reload(r)
	if got.State != want || got.ErrorCode != code {
		w.t.Fatalf("the refund is %s %q, want %s %q", got.State, got.ErrorCode, want, code)
	}
	if code != "" {
		if text, _ := Words(code); text == "" {
			w.t.Errorf("code %q has no words", code)
		}
	}
	return got
}

// refusedAs asserts a refusal and that nothing was stored.
func (w *world) refusedAs(err error, code string) {
	w.t.Helper()
	var no *Refused
	if !errors.As(err, &no) || no.Code != code || no.Reason == "" {
		w.t.Errorf("got %v, want a refusal %s", err, code)
	}
}

// jobs counts jobs of a kind that were ever enqueued.
func (w *world) jobs(kind string) int { return len(testkit.Jobs(w.t, w.db, kind)) }

func (w *world) set(c *complaint.Complaint, column string, v any) {
	w.t.Helper()
	_, err := w.db.Write().NewRaw("UPDATE complaints SET "+column+" = ? WHERE id = ?", v, c.ID).Exec(w.t.Context())
	w.must(err)
}

var _ river.JobArgs = AdvanceArgs{}
