package app

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/api"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/retain"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/standing"
	"github.com/zhisu/zhisu/internal/wechat"
)

// App is the product, built but not started.
type App struct {
	Config     config.Config
	Logger     *slog.Logger
	DB         *db.DB
	Sealer     *secret.Sealer
	Identity   *identity.Service
	Programs   *program.Service
	Complaints *complaint.Service
	Actions    *action.Service
	Evidence   *evidence.Service
	Inbound    *inbound.Service
	Notify     *notify.Service
	Links      *link.Service
	Refunds    *refund.Service
	Standing   *standing.Service
	Gaps       *gap.Service
	Retain     *retain.Service
	Rules      *automate.Service
	API        *api.API
	Metrics    *prometheus.Registry

	clock  clock.Clock
	files  blob.Store
	worker *river.Client[*sql.Tx]
	// decisions counts what rules came to.
	decisions *prometheus.CounterVec
	// working is true while jobs are being worked; see ready.
	working atomic.Bool
	unlock  func() error
}

// Options say how to build an App.
type Options struct {
	Config  config.Config
	Logger  *slog.Logger
	Clock   clock.Clock
	Version string
	// Work makes the jobs run; commands that only touch rows leave it out.
	Work bool
}

// New opens the data dir and the database, brings the schema up to date, and builds every part. On SQLite it takes the exclusive lock of the data dir and
// returns db.ErrBusy when another process has it.
func New(ctx context.Context, o Options) (_ *App, err error) {
	a := &App{Config: o.Config, Logger: o.Logger, clock: o.Clock, Metrics: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if err := a.Config.MakeDataDir(); err != nil {
		return nil, err
	}
	if a.Config.DatabaseURL == "" {
		if a.unlock, err = db.Lock(a.Config.DataDir); err != nil {
			return nil, err
		}
	}
	if a.DB, err = db.Open(ctx, db.Options{URL: a.Config.DatabaseURL, DataDir: a.Config.DataDir, Logger: o.Logger}); err != nil {
		return nil, err
	}
	if err := a.DB.Migrate(ctx); err != nil {
		return nil, err
	}
	mk, err := a.Config.LoadMasterKey(true)
	if err != nil {
		return nil, err
	}
	if a.Sealer, err = openSealer(ctx, a.DB, mk); err != nil {
		return nil, err
	}
	if err := a.build(o); err != nil {
		return nil, err
	}
	if err := a.seedPlatform(ctx); err != nil {
		return nil, err
	}
	if n, err := a.Complaints.FillInbox(ctx); err != nil {
		return nil, err
	} else if n > 0 {
		a.Logger.InfoContext(ctx, "cases of an older version were added to the inbox", "cases", n)
	}
	if o.Work {
		a.Metrics.MustRegister(newState(a))
		err = a.buildWorker()
	}
	return a, err
}

func (a *App) build(o Options) error {
	a.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	roots, err := outbound.Roots(a.Config.ExtraCAFile)
	if err != nil {
		return fmt.Errorf("read ZHISU_EXTRA_CA_FILE: %w", err)
	}
	wc := wechat.New(a.Config.WechatAPIURL, wechatHTTP(roots))
	a.Identity = identity.New(a.DB, a.Sealer, o.Clock)
	a.Programs = program.New(program.Options{
		DB: a.DB, Sealer: a.Sealer, Clock: o.Clock, WeChat: wc, Logger: a.Logger,
		URLs: program.URLs{Public: a.Config.PublicURL, MP: a.Config.WechatMPURL, Open: a.Config.WechatOpenURL},
	})
	if a.files, err = openFiles(a.Config); err != nil {
		return err
	}
	a.Complaints = complaint.New(complaint.Options{
		DB: a.DB, Sealer: a.Sealer, Clock: o.Clock, Programs: a.Programs, WeChat: wc, Logger: a.Logger, Files: a.files, AnyImageHost: a.Config.AllowPrivateURLs,
		Pictures: outbound.Client(outbound.Options{Roots: roots, AllowPrivate: a.Config.AllowPrivateURLs, Timeout: 10 * time.Second}),
	})
	a.Evidence = evidence.New(evidence.Options{DB: a.DB, Files: a.files, Clock: o.Clock, Used: func(ctx context.Context, q bun.IDB, id string) (bool, error) {
		return a.Actions.UsesEvidence(ctx, q, id)
	}})
	a.Actions = action.New(action.Options{
		DB: a.DB, Clock: o.Clock, Complaints: a.Complaints, Programs: a.Programs, WeChat: wc, Evidence: a.Evidence, Logger: a.Logger,
		Allow: func(ctx context.Context, tx db.Tx, x *action.Action) (string, error) {
			return a.Rules.AllowAction(ctx, tx, x)
		},
	})
	a.Inbound = inbound.New(inbound.Options{
		DB: a.DB, Sealer: a.Sealer, Clock: o.Clock, Programs: a.Programs, Channels: callbacks{a}, Logger: a.Logger, Metrics: a.Metrics,
	})
	a.Links = link.New(link.Options{DB: a.DB, Sealer: a.Sealer, Clock: o.Clock})
	a.Refunds = a.buildRefunds(o.Clock, roots)
	a.Rules = a.buildRules(o.Clock)
	a.Notify = a.buildNotify(o.Clock, roots, wc)
	a.Standing = a.buildStanding(o.Clock, wc)
	a.Gaps = a.buildGaps(o.Clock)
	a.Retain = a.buildRetain(o.Clock)
	a.API = api.New(api.Deps{
		DB: a.DB, Clock: o.Clock, Logger: a.Logger, PublicURL: a.Config.PublicURL, Version: o.Version, Identity: a.Identity, Programs: a.Programs,
		Complaints: a.Complaints, Actions: a.Actions, Evidence: a.Evidence, Inbound: a.Inbound, Notify: a.Notify, Links: a.Links, Refunds: a.Refunds, Ready: a.ready,
		Gaps: a.Gaps, Retain: a.Retain, Rules: a.Rules, Reports: a.buildReports(), Standing: a.Standing,
		TrustedProxies: a.Config.Proxies(),
	})
	return nil
}

// wechatHTTP is the client for WeChat's API: its host is set by whoever runs the process, so private addresses are allowed.
func wechatHTTP(roots *x509.CertPool) *http.Client {
	t := outbound.Transport(outbound.Options{Roots: roots, AllowPrivate: true})
	t.MaxIdleConnsPerHost = 16
	return &http.Client{Transport: t, Timeout: 15 * time.Second}
}

func (a *App) seedPlatform(ctx context.Context) error {
	c := a.Config
	err := a.Programs.SeedPlatform(ctx, program.PlatformConfig{
		ComponentAppID: c.ComponentAppID, Secret: secret.New(c.ComponentSecret), Token: secret.New(c.ComponentToken), EncodingAESKey: secret.New(c.ComponentAESKey),
	})
	if err != nil {
		return fmt.Errorf("store the platform from ZHISU_COMPONENT_…: %w", err)
	}
	return nil
}

// ready answers /readyz: the database answers and jobs are being worked.
func (a *App) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if !a.working.Load() {
		return errors.New("jobs are not being worked: starting or stopping")
	}
	if err := a.DB.SQL().PingContext(ctx); err != nil {
		return fmt.Errorf("reach database: %w", err)
	}
	return nil
}

// Close ends what New opened.
func (a *App) Close() error {
	if a.Notify != nil {
		a.Notify.Close()
	}
	var err error
	if a.files != nil {
		err = a.files.Close()
	}
	if a.DB != nil {
		a.DB.Close()
	}
	if a.unlock != nil {
		err = errors.Join(err, a.unlock())
	}
	return err
}

// openSealer opens the keyset, making it at the first start. Two instances that start at once end with the same one.
func openSealer(ctx context.Context, d *db.DB, mk *secret.MasterKey) (*secret.Sealer, error) {
	load := func(ctx context.Context) (string, error) { return readKeyset(ctx, d) }
	if _, err := load(ctx); errors.Is(err, sql.ErrNoRows) {
		wrapped, err := secret.NewKeyset(mk)
		if err != nil {
			return nil, err
		}
		if _, err := d.Write().NewRaw(`INSERT INTO keyset (id, wrapped, created_at) VALUES ('default', ?, ?) ON CONFLICT DO NOTHING`,
			wrapped, time.Now().UnixMilli()).Exec(ctx); err != nil {
			return nil, fmt.Errorf("store keyset: %w", err)
		}
	}
	return secret.OpenSealer(ctx, mk, load)
}

func readKeyset(ctx context.Context, d *db.DB) (string, error) {
	var w string
	err := d.Read.NewRaw(`SELECT wrapped FROM keyset WHERE id = 'default'`).Scan(ctx, &w)
	return w, err
}

// FirstRunLink returns the one-time link that creates the owner, empty when there is one already.
func (a *App) FirstRunLink(ctx context.Context) (string, error) {
	needed, err := a.Identity.NeedsSetup(ctx)
	if err != nil || !needed {
		return "", err
	}
	token, err := a.Identity.NewSetupLink(ctx)
	if err != nil {
		return "", err
	}
	// In the fragment: it reaches no server log and no Referer.
	return a.Config.PublicURL + "/setup#token=" + token, nil
}

// OpenAPI returns the document that describes the API; it needs nothing to be built.
func OpenAPI(version string) any { return api.OpenAPI(version) }
