package program_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// living is a world in which WeChat pushes, inbound hears and a worker works.
type living struct {
	*world
	jobs <-chan *river.Event
}

// live builds one; first is done before the worker starts.
func live(t *testing.T, d *db.DB, first ...func(*world)) *living {
	t.Helper()
	w := newWorld(t, d)
	for _, do := range first {
		do(w)
	}
	mux := http.NewServeMux()
	inbound.New(inbound.Options{
		DB: d, Sealer: w.sealer, Clock: w.clock, Programs: w.Service, Logger: w.logger(), Metrics: prometheus.NewRegistry(),
	}).Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	w.sim.SetEndpoints(wechatsim.Endpoints{EventsURL: srv.URL + "/wechat/platform/events", MessagesURL: srv.URL + "/wechat/platform/messages/$APPID$"})

	worker, err := d.NewWorker(db.WorkerConfig{Workers: kinds(w.Service, func(program.PermissionLostArgs) {}).workers})
	w.ok(err)
	jobs, cancel := worker.Subscribe(river.EventKindJobCompleted, river.EventKindJobFailed)
	w.ok(worker.Start(context.WithoutCancel(w.ctx)))
	t.Cleanup(func() {
		w.stop(worker)
		cancel()
	})
	return &living{w, jobs}
}

func (w *world) stop(worker *river.Client[*sql.Tx]) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), 20*time.Second)
	defer cancel()
	if err := worker.Stop(ctx); err != nil {
		w.t.Errorf("stop the worker: %v", err)
	}
}

// push lets WeChat run; its first ticket comes at once.
func (l *living) push() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(l.ctx))
	ended := make(chan error, 1)
	go func() { ended <- l.sim.Run(ctx) }()
	l.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			l.t.Errorf("run the simulator: %v", err)
		}
	})
}

// until waits for a fact that jobs bring about.
func (l *living) until(what string, fact func() bool) {
	l.t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !fact() {
		select {
		case <-l.jobs:
		case <-limit.C:
			l.t.Fatalf("%s: not within half a minute", what)
		}
	}
}

func (l *living) hasToken() bool {
	st, err := l.Platform(l.ctx)
	return err == nil && !st.TokenExpires.IsZero() && st.TokenError == ""
}

func TestAComponentTokenIsObtainedAsSoonAsATicketIsPushed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		l := live(t, d)
		l.ok(l.SetPlatform(l.ctx, platformConfig()))
		l.push()
		l.until("the component token", l.hasToken)
	})
}

// Asked to resume, WeChat may push the ticket before it has answered the job that asked: that job has no ticket and must not stand in the way.
func TestATicketThatArrivesWhileTheKeeperRunsIsNotWastedOnIt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		var arrived <-chan struct{}
		var release func()
		l := live(t, d, func(w *world) {
			w.settings(func(s *wechatsim.Settings) { s.TicketsStopped = true })
			arrived, release = w.gate.hold(apiTicket)
			w.ok(w.SetPlatform(w.ctx, platformConfig()))
			w.forget()
			scheduled := db.Once(db.QueueDefault)
			scheduled.MaxAttempts = 1
			w.ok(d.Enqueue(w.ctx, program.KeepTokensArgs{}, scheduled))
		})
		l.push()
		<-arrived
		ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
		defer cancel()
		l.ok(l.sim.WaitUntil(ctx, func() bool {
			return slices.ContainsFunc(l.sim.Pushes("component_verify_ticket"), func(p wechatsim.PushView) bool { return p.State == "delivered" })
		}))
		release()
		l.until("the component token", l.hasToken)
	})
}

func TestAMerchantsAgreementOnWeChatsPageBecomesAProgram(t *testing.T) {
	for _, order := range []string{"parallel", "none"} {
		t.Run("event "+order, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				l := live(t, d)
				l.settings(func(s *wechatsim.Settings) { s.AuthorizeEvent = order })
				l.ok(l.SetPlatform(l.ctx, platformConfig()))
				l.push()
				l.until("the component token", l.hasToken)
				ticket := l.link("")
				e, err := l.OpenEntry(l.ctx, ticket)
				l.ok(err)
				code := l.agreeOnPage(e.PCURL, ticket, 151, 30)
				l.ok(l.Returned(l.ctx, ticket, secret.New(code)))
				l.until("the program", func() bool {
					p, err := l.Outcome(l.ctx, ticket)
					return err == nil && p != nil && p.Name == "满山茶铺"
				})
				ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
				defer cancel()
				l.ok(l.sim.WaitIdle(ctx))
				p := l.program(shop)
				if missing := p.Missing(); !slices.Equal(missing, []int{76}) {
					t.Errorf("missing %v, want the unticked 76", missing)
				}
				if n := l.answered(apiQueryAuth); n != 1 {
					t.Errorf("%d exchanges, want 1", n)
				}
			})
		})
	}
}

// agreeOnPage presses the confirm button of WeChat's page and returns the code of the redirect.
func (w *world) agreeOnPage(link, ticket string, sets ...int) string {
	w.t.Helper()
	u := w.address(link)
	form := u.Query()
	form.Set("appid", shop)
	for _, id := range sets {
		form.Add("sets."+shop, map[int]string{76: "76", 151: "151", 19: "19", 30: "30"}[id])
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.api.URL+u.Path, strings.NewReader(form.Encode()))
	w.ok(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stay.Do(req)
	w.ok(err)
	w.ok(res.Body.Close())
	to, err := url.Parse(res.Header.Get("Location"))
	w.ok(err)
	if to.Scheme+"://"+to.Host+to.Path != publicURL+"/authorize/"+ticket+"/done" || to.Query().Get("auth_code") == "" {
		w.t.Fatalf("HTTP %d leads to %s%s", res.StatusCode, to.Host, to.Path)
	}
	return to.Query().Get("auth_code")
}

func TestARevocationThatIsPushedRevokes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		l := live(t, d)
		l.ok(l.SetPlatform(l.ctx, platformConfig()))
		l.push()
		l.until("the component token", l.hasToken)
		_, err := l.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop})
		l.ok(err)
		state := func(want program.State) func() bool {
			return func() bool {
				p, err := l.ByAppID(l.ctx, shop)
				return err == nil && p.State == want && p.Name != "" || errors.Is(err, program.ErrNotFound) && want == ""
			}
		}
		l.until("the program", state(program.Active))
		l.ok(l.sim.Unauthorize(shop))
		l.until("the revocation", state(program.Revoked))
		_, err = l.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop})
		l.ok(err)
		l.until("the new authorisation", state(program.Active))
	})
}

func TestTheReleaseCheckPasses(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		l := live(t, d)
		l.gate.test = true // its codes and users are WeChat's own, and travel in the job
		l.ok(l.SetPlatform(l.ctx, platformConfig()))
		l.push()
		l.until("the component token", l.hasToken)
		rep, err := l.sim.ReleaseCheck(l.ctx, 0)
		l.ok(err)
		for _, s := range rep.Steps {
			if !s.OK {
				t.Errorf("group %d, %s, step %s %s: %s", s.Group, s.AppID, s.Step, s.Name, s.Detail)
			}
		}
		all, err := l.List(l.ctx, program.Filter{})
		l.ok(err)
		if len(all) != 0 || len(rep.Steps) == 0 {
			t.Errorf("%d steps made programs %v", len(rep.Steps), all)
		}
	})
}
