// Package demo runs the real product beside a simulated WeChat, with two authorised programs and a handful of cases, so that the first screen a newcomer
// sees is alive. Nothing in the product knows that it is a demo.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

// Options say what to run.
type Options struct {
	App             app.Options
	SimulatorListen string
	Out             io.Writer // the one line of JSON
	Err             io.Writer // what a person at the terminal reads
}

// Ready is the line that is printed when everything is there.
type Ready struct {
	URL          string `json:"url"`
	SimulatorURL string `json:"simulator_url"`
	Email        string `json:"email"`
	Password     string `json:"password"`
	APIToken     string `json:"api_token"`
	// FinanceEmail is a second person, who asks for and decides refunds; the password is the same.
	FinanceEmail string `json:"finance_email"`
}

const ownerEmail = "owner@example.com"

// Run serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	cleanup, err := prepareData(&o.App.Config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cleanup()) }()
	l, err := openListeners(ctx, &o)
	if err != nil {
		return err
	}
	w, err := newWorld(&o.App.Config, l)
	if err != nil {
		return err
	}
	o.App.Clock = w
	a, err := app.New(ctx, o.App)
	if err != nil {
		return err
	}
	if err := w.connect(ctx, a); err != nil {
		return errors.Join(err, a.Close())
	}
	ready, err := createOwner(ctx, a)
	if err != nil {
		return errors.Join(err, a.Close())
	}
	ready.SimulatorURL = w.url
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.Serve(gctx, l.product) })
	g.Go(func() error { return w.serve(gctx, l) })
	g.Go(func() error {
		if err := w.seed(gctx, a); err != nil {
			if gctx.Err() != nil {
				return nil //nolint:nilerr // told to stop while seeding
			}
			return fmt.Errorf("seed demo data: %w", err)
		}
		return announce(o, ready)
	})
	return errors.Join(g.Wait(), a.Close())
}

func announce(o Options, r Ready) error {
	fmt.Fprintf(o.Err, "\n  知诉演示已就绪 / the demo is ready\n\n    打开 open      %s\n    邮箱 e-mail    %s\n    密码 password  %s\n    财务 finance   %s\n    模拟微信 simulated WeChat  %s\n\n", r.URL, r.Email, r.Password, r.FinanceEmail, r.SimulatorURL)
	if err := json.NewEncoder(o.Out).Encode(r); err != nil {
		return fmt.Errorf("print ready line: %w", err)
	}
	return nil
}

// marker tells a demo's data dir from a real one.
const marker = "this-is-a-demo"

// prepareData gives every run an empty data dir, because the simulated WeChat starts empty too: a temporary one by default; a chosen one is emptied of an earlier
// demo, and never of anything else.
func prepareData(c *config.Config) (cleanup func() error, err error) {
	keep := func() error { return nil }
	if c.DataDir == "./data" {
		dir, err := os.MkdirTemp("", "zhisu-demo-")
		if err != nil {
			return nil, fmt.Errorf("make data directory: %w", err)
		}
		c.DataDir = dir
		return func() error { return os.RemoveAll(dir) }, nil
	}
	if err := c.MakeDataDir(); err != nil {
		return nil, err
	}
	mark := filepath.Join(c.DataDir, marker)
	database := filepath.Join(c.DataDir, "zhisu.db")
	unlock, err := db.Lock(c.DataDir) // a running demo keeps its data
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if _, err := os.Stat(database); err == nil {
		if _, err := os.Stat(mark); err != nil {
			return nil, fmt.Errorf("%s holds a real installation; give the demo another ZHISU_DATA_DIR", c.DataDir)
		}
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(database + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, fmt.Errorf("empty data directory: %w", err)
			}
		}
	}
	if err := os.WriteFile(mark, nil, 0o600); err != nil {
		return nil, fmt.Errorf("mark data directory: %w", err)
	}
	return keep, nil
}

// listeners are the product's, the simulator's and the mail sink's.
type listeners struct {
	product app.Listeners
	sim     net.Listener
	smtp    net.Listener
}

// openListeners opens every address before anything refers to it. A default address that is taken is replaced by a free one; one that was asked for is an error.
func openListeners(ctx context.Context, o *Options) (l listeners, err error) {
	c := &o.App.Config
	var lc net.ListenConfig
	open := func(addr *string, standard string) (net.Listener, error) {
		got, err := lc.Listen(ctx, "tcp", *addr)
		if err != nil && *addr == standard {
			got, err = lc.Listen(ctx, "tcp", "127.0.0.1:0")
		}
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", *addr, err)
		}
		*addr = got.Addr().String()
		return got, nil
	}
	derived := c.PublicURL == "http://"+c.Listen
	if l.product.Main, err = open(&c.Listen, "127.0.0.1:8080"); err != nil {
		return l, err
	}
	if derived {
		c.PublicURL = "http://" + c.Listen
	}
	if c.AdminListen != "" {
		if l.product.Admin, err = open(&c.AdminListen, "127.0.0.1:9090"); err != nil {
			return l, err
		}
	}
	if l.sim, err = open(&o.SimulatorListen, "127.0.0.1:8081"); err != nil {
		return l, err
	}
	smtp := "127.0.0.1:0"
	l.smtp, err = open(&smtp, "")
	return l, err
}

func createOwner(ctx context.Context, a *app.App) (Ready, error) {
	ctx = identity.WithPrincipal(ctx, identity.System)
	raw := make([]byte, 12)
	if _, err := rand.Read(raw); err != nil {
		return Ready{}, fmt.Errorf("read random: %w", err)
	}
	r := Ready{URL: a.Config.PublicURL, Email: ownerEmail, FinanceEmail: financeEmail, Password: base64.RawURLEncoding.EncodeToString(raw)}
	u, err := ensureUser(ctx, a, ownerEmail, "周敏", identity.Owner, r.Password)
	if err != nil {
		return Ready{}, err
	}
	if _, err := ensureUser(ctx, a, financeEmail, "林晗", identity.Finance, r.Password); err != nil {
		return Ready{}, err
	}
	_, token, err := a.Identity.CreateToken(ctx, u.ID, "demo")
	if err != nil {
		return Ready{}, fmt.Errorf("create demo token: %w", err)
	}
	r.APIToken = token.Reveal()
	return r, nil
}

func (w *world) serve(ctx context.Context, l listeners) error {
	srv := &http.Server{Handler: w.sim.Handler(), ReadHeaderTimeout: 10 * time.Second}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ignoreEnd(ctx, w.sim.Run(ctx)) })
	g.Go(func() error { return ignoreEnd(ctx, w.sim.ServeSMTP(ctx, l.smtp)) })
	g.Go(func() error {
		if err := srv.Serve(l.sim); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve simulator: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return srv.Close()
	})
	return g.Wait()
}

// ignoreEnd drops the error of something that ended because it was told to.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
