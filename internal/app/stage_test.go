package app

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	component = "wxa4e07c5d28f391d2"
	tea       = "wx0a9d3be1724f6c58"
	park      = "wx71e4c05fa2b83d96"

	componentSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	pushToken       = "pushTokenOfTheTests"
	pushKey         = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	password        = "correct horse battery"
	userPhone       = "13812346021"
	userOpenID      = "oHSiY5RkWq3zL0Xv7pT9bN2mC4dE"
	receiver        = "zhoumin@example.com"
)

// stage is the whole product beside a simulated WeChat and a mail server.
type stage struct {
	t      *testing.T
	app    *App
	opts   Options
	sim    *wechatsim.Sim
	smtp   net.Listener
	logs   *journal
	jobs   <-chan *river.Event
	stop   context.CancelFunc
	served chan error
	// between stands between the product and WeChat's API.
	between func(w http.ResponseWriter, r *http.Request, sim http.Handler)
	mu      sync.Mutex
}

// journal is the product's log. It is written from many goroutines.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

func engines(t *testing.T, fn func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, "") })
	t.Run("postgres", func(t *testing.T) { fn(t, testkit.PostgresURL(t)) })
}

// settings are those of an installation on loopback.
func settings(t *testing.T, dataDir, databaseURL string) config.Config {
	t.Helper()
	cfg := config.Config{
		Listen: "127.0.0.1:0", DataDir: dataDir, DatabaseURL: databaseURL, WechatAPIURL: "http://127.0.0.1:1", WechatMPURL: "http://127.0.0.1:1",
		WechatOpenURL: "http://127.0.0.1:1", WechatPayURL: "http://127.0.0.1:1", TencentSMSURL: "http://127.0.0.1:1", AllowPrivateURLs: true, LogFormat: "json",
	}
	if err := cfg.Normalize(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// build makes a stage whose product does not serve yet.
func build(t *testing.T, dataDir, databaseURL string) (*stage, net.Listener) {
	t.Helper()
	if databaseURL == "" {
		testkit.Migrated(t, dataDir)
	}
	s := &stage{t: t, logs: &journal{}, served: make(chan error, 1)}
	var lc net.ListenConfig
	listen := func() net.Listener {
		l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := listen()
	public := "http://" + l.Addr().String()
	var err error
	s.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: componentSecret, Token: pushToken, AESKey: pushKey,
		EventsURL: public + "/wechat/platform/events", MessagesURL: public + "/wechat/platform/messages/$APPID$", AuthDomain: l.Addr().String(),
		RetryDelays: []time.Duration{100 * time.Millisecond},
		Programs: []wechatsim.Program{
			{AppID: tea, UserName: "gh_4b8f0c2d19e7", NickName: "满山茶铺", PrincipalName: "杭州满山茶业有限公司", FuncIDs: []int{76, 151, 19, 30}},
			{AppID: park, UserName: "gh_a17c93f0b5d2", NickName: "小禾亲子乐园", FuncIDs: []int{76, 151, 19, 30}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := s.sim.Handler()
	wechat := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		between := s.between
		s.mu.Unlock()
		if between != nil {
			between(w, r, handler)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(wechat.Close)
	s.smtp = listen()

	cfg := settings(t, dataDir, databaseURL)
	cfg.Listen, cfg.PublicURL = l.Addr().String(), public
	cfg.WechatAPIURL, cfg.WechatMPURL, cfg.WechatOpenURL = wechat.URL, wechat.URL, wechat.URL
	cfg.WechatPayURL, cfg.TencentSMSURL = wechat.URL, wechat.URL
	cfg.ComponentAppID, cfg.ComponentSecret, cfg.ComponentToken, cfg.ComponentAESKey = component, componentSecret, pushToken, pushKey
	log := slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.opts = Options{Config: cfg, Logger: log, Clock: clock.System{}, Version: "test", Work: true}
	return s, l
}

// start serves, and lets WeChat and the mail server run. Everything ends with the test.
func start(t *testing.T, dataDir, databaseURL string) *stage {
	t.Helper()
	s, l := build(t, dataDir, databaseURL)
	var err error
	if s.app, err = New(t.Context(), s.opts); err != nil {
		t.Fatal(err)
	}
	var unsubscribe func()
	s.jobs, unsubscribe = s.app.worker.Subscribe(river.EventKindJobCompleted, river.EventKindJobSnoozed, river.EventKindJobFailed)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	s.stop = stop
	var world sync.WaitGroup
	go func() { s.served <- s.app.Serve(ctx, Listeners{Main: l}) }()
	worldCtx, endWorld := context.WithCancel(context.WithoutCancel(t.Context()))
	world.Go(func() { _ = s.sim.Run(worldCtx) })
	world.Go(func() { _ = s.sim.ServeSMTP(worldCtx, s.smtp) })
	t.Cleanup(func() {
		s.end()
		unsubscribe()
		endWorld()
		world.Wait()
		if err := s.app.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	s.until("the platform's token", func() bool {
		st, err := s.app.Programs.Platform(t.Context())
		return err == nil && !st.TokenExpires.IsZero()
	})
	return s
}

// end stops serving, once.
func (s *stage) end() {
	s.t.Helper()
	if s.stop == nil {
		return
	}
	s.stop()
	s.stop = nil
	if err := <-s.served; err != nil {
		s.t.Errorf("the product did not stop cleanly: %v", err)
	}
}

const patience = 60 * time.Second

// until waits for the product's jobs to bring something about.
func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !done() {
		select {
		case <-s.jobs:
		case <-deadline.C:
			s.t.Fatalf("%s: it did not come in %s\n%s", what, patience, s.logs)
		}
	}
}

// mails waits until n mails have arrived and returns them all.
func (s *stage) mails(n int) []wechatsim.Email {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.sim.WaitUntil(ctx, func() bool { return len(s.sim.Outbox().Emails) >= n }); err != nil {
		s.t.Fatalf("%d mails, want %d: %v\n%s", len(s.sim.Outbox().Emails), n, err, s.logs)
	}
	return s.sim.Outbox().Emails
}

// idle waits until all pushes are answered and all jobs that are due have been worked.
func (s *stage) idle() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	if err := s.sim.WaitIdle(ctx); err != nil {
		s.t.Fatal(err)
	}
	s.until("the jobs' end", func() bool {
		var n int
		err := s.app.DB.Read.NewRaw(`SELECT count(*) FROM river_job WHERE state IN ('available', 'running')`).Scan(s.t.Context(), &n)
		return err == nil && n == 0
	})
}

// authorise lets a program's admin agree, and waits until the product knows the program's name.
func (s *stage) authorise(appID string) *program.Program {
	s.t.Helper()
	if _, err := s.sim.Authorize(wechatsim.AuthorizeRequest{AppID: appID}); err != nil {
		s.t.Fatal(err)
	}
	var p *program.Program
	s.until("the program "+appID, func() bool {
		var err error
		p, err = s.app.Programs.ByAppID(s.t.Context(), appID)
		return err == nil && p.Name != ""
	})
	return p
}

// subscribe sets up a mail channel and who hears of new complaints.
func (s *stage) subscribe() {
	s.t.Helper()
	host, port, err := net.SplitHostPort(s.smtp.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	ch, err := s.app.Notify.CreateChannel(s.t.Context(), notify.ChannelInput{
		Kind: "email", Name: "邮箱", Settings: json.RawMessage(`{"host":"` + host + `","port":` + port + `,"security":"none","username":"notice@example.com"}`),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.app.Notify.CreateSubscription(s.t.Context(), notify.SubscriptionInput{
		Name: "所有投诉", ChannelIDs: []string{ch.ID}, Enabled: true, Events: []string{notify.EventComplaintNew},
		Receivers: []notify.Receiver{{ChannelID: ch.ID, Address: receiver}},
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) file(f wechatsim.Filing) string {
	s.t.Helper()
	if f.AppID == "" {
		f.AppID = tea
	}
	if f.PhoneNumber == "" {
		f.PhoneNumber, f.OpenID = userPhone, userOpenID
	}
	id, err := s.sim.FileComplaint(f)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

type obj = map[string]any

// caseID returns our id of a complaint, once it has been read at WeChat.
func (s *stage) caseID(number string) string {
	s.t.Helper()
	var id string
	s.until("complaint "+number, func() bool {
		err := s.app.DB.Read.NewRaw(`SELECT id FROM complaints WHERE complaint_order_id = ? AND synced_at IS NOT NULL`, number).Scan(s.t.Context(), &id)
		return err == nil
	})
	return id
}

// longDir is a data directory whose socket's path is longer than the kernel takes.
func longDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), strings.Repeat("d", 120))
}
