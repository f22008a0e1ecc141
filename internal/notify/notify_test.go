package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

const password = "GEHEIMNISCODE123"

// provider checks settings like e-mail and sends by script.
type provider struct {
	*email.Provider
	mu sync.Mutex
	// results are given one by one; after the last everything is sent.
	results []channel.Result
	sent    []channel.Message
	opened  []string // passwords
	// limits are the provider's.
	limits []channel.Limit
	// hook runs inside every Send.
	hook func(m channel.Message)
}

func (p *provider) Open(s channel.Settings) (channel.Sender, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.opened = append(p.opened, s.Secrets["password"].Reveal())
	return fakeSender{p}, nil
}

type fakeSender struct{ p *provider }

func (fakeSender) Parallel() int { return 1 }
func (fakeSender) Close()        {}

// Limits implements channel.Limited.
func (f fakeSender) Limits() []channel.Limit { return f.p.limits }

func (f fakeSender) Send(_ context.Context, m channel.Message) channel.Result {
	f.p.mu.Lock()
	f.p.sent = append(f.p.sent, m)
	r := channel.Result{Outcome: channel.Sent, ProviderCode: "250", ProviderText: "ok"}
	if len(f.p.results) > 0 {
		r, f.p.results = f.p.results[0], f.p.results[1:]
	}
	hook := f.p.hook
	f.p.mu.Unlock()
	if hook != nil {
		hook(m)
	}
	return r
}

func (p *provider) script(rs ...channel.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.results = rs
}

func (p *provider) messages() []channel.Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sent)
}

// Facts implements notify.FactsReader.
func (w *world) Facts(_ context.Context, id string) (notify.Facts, error) {
	if w.asked != nil {
		w.asked()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.cases[id]
	if !ok {
		return notify.Facts{}, fmt.Errorf("no case %s", id)
	}
	return f, nil
}

// ProgramFacts implements notify.FactsReader.
func (w *world) ProgramFacts(ctx context.Context, id string, _ notify.Event) (notify.Facts, error) {
	return w.Facts(ctx, id)
}

// world is the service with everything around it.
type world struct {
	*notify.Service
	t        *testing.T
	db       *db.DB
	clock    *clock.Fake
	provider *provider
	mu       sync.Mutex
	cases    map[string]notify.Facts
	// links makes the addresses in messages of processes started later; nil means the case's own page.
	links notify.Links
	// asked runs whenever facts are read.
	asked func()
	// scopes are those of which the overview was asked for.
	scopes [][]string
	sealer *secret.Sealer
	log    *bytes.Buffer
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	due := db.At(testkit.Start.Add(47*time.Hour + 58*time.Minute + 30*time.Second))
	amount := int64(16800)
	w := &world{
		t: t, db: d, clock: testkit.Clock(), sealer: testkit.Sealer(t), log: new(bytes.Buffer),
		provider: &provider{Provider: email.New(email.Options{})},
		cases: map[string]notify.Facts{
			"c1": {
				ComplaintID: "c1", ProgramID: "p1", ProgramName: "满山茶铺", ProgramState: "active", OrderNo: "11897048", TypeText: "商品-破损",
				Stage: "to_respond", StageText: "待商家处理", Amount: &amount, ProductName: "明前龙井 250g", ContentExcerpt: "收到时罐子已经碎了", DueAt: due,
				CreatedAt: db.At(testkit.Start.Add(-2 * time.Minute)),
			},
			"c2": {ComplaintID: "c2", ProgramID: "p2", ProgramName: "二号店", ProgramState: "active", Stage: "platform", StageText: "平台客服处理中"},
			"c3": {ComplaintID: "c3", ProgramID: "p3", ProgramName: "停用店", ProgramState: "disabled", Stage: "to_respond"},
			"c4": {ComplaintID: "c4", ProgramID: "p4", ProgramName: "已取消", ProgramState: "revoked", Stage: "to_respond"},
			"p1": {ProgramID: "p1", ProgramName: "满山茶铺", ProgramState: "active", Note: "缺少「交易投诉」权限"},
			"p3": {ProgramID: "p3", ProgramName: "停用店", ProgramState: "disabled"},
			"p4": {ProgramID: "p4", ProgramName: "已取消", ProgramState: "revoked"},
		},
	}
	w.Service = w.process()
	return w
}

// process is another process on the same database.
func (w *world) process() *notify.Service {
	s := notify.New(notify.Options{
		DB: w.db, Sealer: w.sealer, Clock: w.clock, PublicURL: "https://zhisu.example/", Facts: w, Members: w, Overview: w.overview, Links: w.links,
		Providers: map[string]channel.Provider{"email": w.provider},
		Logger:    slog.New(slog.NewTextHandler(&locked{w: w.log}, nil)),
	})
	w.t.Cleanup(s.Close)
	return s
}

type locked struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func (w *world) channel(name string) string {
	w.t.Helper()
	c, err := w.CreateChannel(w.t.Context(), notify.ChannelInput{Kind: "email", Name: name, Settings: settings(map[string]any{})})
	if err != nil {
		w.t.Fatal(err)
	}
	return c.ID
}

func settings(over map[string]any) json.RawMessage {
	m := map[string]any{"host": "smtp.163.com", "username": "shop@163.com", "password": password, "from_name": "知诉"}
	for k, v := range over {
		if v == "absent" {
			delete(m, k)
			continue
		}
		m[k] = v
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

func (w *world) subscribe(channelID string, events []string, programs []string, addresses ...string) notify.Subscription {
	w.t.Helper()
	in := notify.SubscriptionInput{Events: events, ProgramIDs: programs, Enabled: true}
	for _, a := range addresses {
		in.Receivers = append(in.Receivers, notify.Receiver{ChannelID: channelID, Address: a})
	}
	s, err := w.CreateSubscription(w.t.Context(), in)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) plan(kind, complaint, key string) {
	w.t.Helper()
	if err := w.Plan(w.t.Context(), notify.Event{Kind: kind, ComplaintID: complaint, Key: key}); err != nil {
		w.t.Fatal(err)
	}
}

// notices returns everything, oldest first.
func (w *world) notices() []notify.Notice {
	w.t.Helper()
	ns, _, err := w.ListNotices(w.t.Context(), notify.NoticeFilter{Limit: 200})
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Reverse(ns)
	return ns
}

// one sets up one channel, one receiver and one planned notice.
func (w *world) one() (channelID, noticeID string) {
	w.t.Helper()
	channelID = w.channel("邮箱")
	w.subscribe(channelID, []string{notify.EventComplaintNew}, nil, "zhang@163.com")
	w.plan(notify.EventComplaintNew, "c1", "new")
	return channelID, w.notices()[0].ID
}

func (w *world) get(channelID string) notify.Channel {
	w.t.Helper()
	c, err := w.Channel(w.t.Context(), channelID)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// jobs counts live delivery jobs.
func (w *world) jobs() int {
	w.t.Helper()
	var n int
	err := w.db.Read.NewRaw(`SELECT count(*) FROM river_job WHERE kind = 'notice.deliver' AND state IN ('available','pending','running','retryable','scheduled')`).
		Scan(w.t.Context(), &n)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// dropJobs loses all jobs, as a fault of the queue would.
func (w *world) dropJobs() {
	w.t.Helper()
	if _, err := w.db.Write().NewRaw(`DELETE FROM river_job`).Exec(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// deliver runs one job and returns how long it wants to wait (0 = it is over) and whether it was cancelled.
func (w *world) deliver(id string) (wait time.Duration, cancelled bool) {
	w.t.Helper()
	return w.outcome(w.Deliver(w.t.Context(), id))
}

func (w *world) outcome(err error) (wait time.Duration, cancelled bool) {
	w.t.Helper()
	var snooze *river.JobSnoozeError
	var cancel *river.JobCancelError
	switch {
	case err == nil:
		return 0, false
	case errors.As(err, &snooze):
		return snooze.Duration, false
	case errors.As(err, &cancel):
		return 0, true
	}
	w.t.Fatalf("deliver: %v", err)
	return 0, false
}

func TestPlanTellsWhomTheSubscriptionsName(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		a, b, off := w.channel("甲"), w.channel("乙"), w.channel("停用")
		disabled := false
		if _, err := w.UpdateChannel(t.Context(), off, notify.ChannelPatch{Enabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		everything := []string{notify.EventComplaintNew, notify.EventComplaintProgress}
		w.subscribe(a, everything, nil, "all@163.com", "second@163.com")
		w.subscribe(a, []string{notify.EventComplaintNew}, []string{"p1"}, "ALL@163.com", "p1@163.com")
		w.subscribe(b, []string{notify.EventComplaintNew}, []string{"p2"}, "p2@163.com")
		w.subscribe(b, []string{notify.EventRuledAgainst}, nil, "ruled@163.com")
		w.subscribe(off, everything, nil, "off@163.com")
		paused := w.subscribe(b, everything, nil, "disabled@163.com")
		if _, err := w.UpdateSubscription(t.Context(), paused.ID, notify.SubscriptionPatch{Enabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		w.subscribe(b, []string{notify.EventPermissionLost}, nil, "ops@163.com")

		for _, c := range []struct {
			name, kind, complaint, program, key string
			want                                []string
		}{
			{"all programs and this one, each receiver once", notify.EventComplaintNew, "c1", "", "new", []string{"a***@163.com", "p***@163.com", "s***@163.com"}},
			{"a repeat plans nothing", notify.EventComplaintNew, "c1", "", "new", nil},
			{"another kind is another notice", notify.EventComplaintProgress, "c1", "", "102", []string{"a***@163.com", "s***@163.com"}},
			{"another key is another notice", notify.EventComplaintProgress, "c1", "", "106", []string{"a***@163.com", "s***@163.com"}},
			{"another program's receivers", notify.EventComplaintNew, "c2", "", "new", []string{"a***@163.com", "p***@163.com", "s***@163.com"}},
			{"a disabled program tells nobody", notify.EventComplaintNew, "c3", "", "new", nil},
			{"a revoked program tells nobody of its cases", notify.EventComplaintNew, "c4", "", "new", nil},
			{"nobody asked for it", notify.EventWithdrawn, "c1", "", "", nil},
			{"an event of a program", notify.EventPermissionLost, "", "p1", "76", []string{"o***@163.com"}},
			{"that a program was revoked is told", notify.EventPermissionLost, "", "p4", "", []string{"o***@163.com"}},
			{"a disabled program is not told of", notify.EventPermissionLost, "", "p3", "", nil},
		} {
			before := len(w.notices())
			if err := w.Plan(t.Context(), notify.Event{Kind: c.kind, ComplaintID: c.complaint, ProgramID: c.program, Key: c.key}); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			var got []string
			for _, n := range w.notices()[before:] {
				got = append(got, n.AddressMasked)
				if n.State != notify.Queued || n.Event != c.kind || n.ComplaintID != c.complaint || len(n.Attempts) != 0 {
					t.Errorf("%s: notice %+v", c.name, n)
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: told %v, want %v", c.name, got, c.want)
			}
		}
		if jobs, notices := w.jobs(), len(w.notices()); jobs != notices {
			t.Errorf("%d jobs for %d notices", jobs, notices)
		}
		for _, ev := range []notify.Event{{Kind: "nonsense", ComplaintID: "c1"}, {Kind: notify.EventComplaintNew}, {Kind: notify.EventPermissionLost, ComplaintID: "c1"}} {
			if err := w.Plan(t.Context(), ev); err == nil {
				t.Errorf("%+v was planned", ev)
			}
		}
	})
}

func TestPlanningAtOnceTellsOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe(w.channel("邮箱"), []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com")
		other := w.process()
		var wg sync.WaitGroup
		for i := range 8 {
			s := []*notify.Service{w.Service, other}[i%2]
			wg.Go(func() {
				if err := s.Plan(t.Context(), notify.Event{Kind: notify.EventComplaintNew, ComplaintID: "c1", Key: "new"}); err != nil {
					t.Errorf("plan: %v", err)
				}
			})
		}
		wg.Wait()
		if n, j := len(w.notices()), w.jobs(); n != 2 || j != 2 {
			t.Errorf("%d notices, %d jobs, want 2 and 2", n, j)
		}
	})
}
