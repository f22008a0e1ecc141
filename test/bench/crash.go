package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
	seal "github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const (
	crashAmount  = 100
	crashTotal   = 16800
	crashBatch   = 200
	crashWorkers = 4
)

// crashes refunds many orders in this process, two instances working on one database, while processes die before and after calls, answers get lost, WeChat Pay fails in
// every documented way, people click twice and notices come late, twice or never. The clock is moved to whatever comes next. What counts is the simulator's ledger.
func crashes(ctx context.Context, o options, postgres bool) (_ []figure, err error) {
	t := &till{clock: clock.NewFake(time.Now().Truncate(time.Second)), programs: map[string]refund.Program{}}
	defer func() { err = errors.Join(err, t.close()) }()
	if err := t.open(ctx, o, postgres); err != nil {
		return nil, err
	}
	began := time.Now()
	for from := 0; from < o.refunds; from += crashBatch {
		if err := t.batch(ctx, from, min(crashBatch, o.refunds-from)); err != nil {
			return nil, err
		}
	}
	return t.judge(ctx, o, time.Since(began))
}

// till is a shop with a WeChat Pay that cannot be trusted to answer.
type till struct {
	world
	clock     *clock.Fake
	db        *db.DB
	sealer    *seal.Sealer
	pay       *paysim.Host
	instances []*refund.Service
	merchant  *refund.Merchant
	programs  map[string]refund.Program
	died      atomic.Int64 // processes
	lost      atomic.Int64 // answers and calls
	unsigned  atomic.Int64 // calls whose signature WeChat Pay refused
	clicked   atomic.Int64
}

// Program implements refund.Programs.
func (t *till) Program(_ context.Context, id string) (refund.Program, error) {
	return t.programs[id], nil
}

// OfMerchants implements refund.Programs.
func (t *till) OfMerchants(context.Context) (map[string][]string, error) { return nil, nil }

func (t *till) open(ctx context.Context, o options, postgres bool) error {
	dir, err := os.MkdirTemp("", "zhisu-bench-")
	if err != nil {
		return fmt.Errorf("make a data directory: %w", err)
	}
	t.later(func() error { return os.RemoveAll(dir) })
	dsn := ""
	if postgres {
		if dsn, err = t.makeDatabase(ctx, o.postgres); err != nil {
			return err
		}
	}
	if t.db, err = db.Open(ctx, db.Options{URL: dsn, DataDir: dir}); err != nil {
		return err
	}
	t.later(func() error { t.db.Close(); return nil })
	if err := t.db.Migrate(ctx); err != nil {
		return err
	}
	if err := t.seal(ctx); err != nil {
		return err
	}
	return t.connectPay(ctx)
}

func (t *till) seal(ctx context.Context) error {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // documented never to fail
	mk, err := seal.ParseMasterKey(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		return err
	}
	wrapped, err := seal.NewKeyset(mk)
	if err != nil {
		return err
	}
	t.sealer, err = seal.OpenSealer(ctx, mk, func(context.Context) (string, error) { return wrapped, nil })
	return err
}

func (t *till) connectPay(ctx context.Context) error {
	t.pay = paysim.New(paysim.Options{Now: t.clock.Now, Wall: t.clock.Now, Client: &http.Client{Timeout: 5 * time.Second}})
	mux := http.NewServeMux()
	t.pay.Register(mux)
	mux.HandleFunc("POST /wechatpay/notify/{merchant}", t.hear)
	srv := httptest.NewUnstartedServer(mux)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	t.later(func() error { srv.Close(); return nil })
	cases := complaint.New(complaint.Options{DB: t.db, Sealer: t.sealer, Clock: t.clock, Logger: slog.New(slog.DiscardHandler)})
	for range 2 {
		hc := &http.Client{Transport: &saboteur{till: t, next: &http.Transport{MaxIdleConnsPerHost: 2 * crashWorkers}}, Timeout: 10 * time.Second}
		t.instances = append(t.instances, refund.New(refund.Options{
			DB: t.db, Sealer: t.sealer, Clock: t.clock, Programs: t, Cases: cases, Pay: wxpay.New(srv.URL, hc, t.clock), PublicURL: srv.URL, Logger: slog.New(slog.DiscardHandler),
		}))
	}
	c, err := t.pay.AddMerchant(paysim.Merchant{MchID: "1900000109", AppIDs: []string{shop}})
	if err != nil {
		return err
	}
	key, private := seal.New(c.APIv3Key), seal.New(c.PrivateKeyPEM)
	t.merchant, err = t.instances[0].CreateMerchant(ctx, refund.MerchantInput{MchID: &c.MchID, APIv3Key: &key, PrivateKeyPEM: &private, CertPEM: &c.CertPEM},
		func(context.Context, db.Tx, *refund.Merchant) error { return nil })
	if err != nil {
		return err
	}
	t.programs["p1"] = refund.Program{ID: "p1", Name: "满山茶铺", AppID: shop, MerchantID: t.merchant.ID}
	if _, err := t.db.Write().NewRaw(`INSERT INTO programs (id, appid, mode, state, created_at, updated_at) VALUES ('p1', ?, 'platform', 'active', 1, 1)`, shop).Exec(ctx); err != nil {
		return fmt.Errorf("store the program: %w", err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() { t.pay.Run(run); close(ended) }()
	t.later(func() error { stop(); <-ended; return nil })
	return nil
}

// hear is the product's notification endpoint, on any instance.
func (t *till) hear(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err == nil {
		err = t.instances[mrand.IntN(2)].Hear(r.Context(), r.PathValue("merchant"), r.Header, raw)
	}
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// errDied stands for the end of the process.
var errDied = errors.New("the process died")

// saboteur lets the process die around a call, or loses the call or its answer.
type saboteur struct {
	till *till
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (s *saboteur) RoundTrip(r *http.Request) (*http.Response, error) {
	dice := mrand.IntN(100)
	if !strings.HasPrefix(r.URL.Path, "/v3/refund/") {
		dice *= 3 // what moves nothing is disturbed less
	}
	switch {
	case dice < 8:
		panic(errDied)
	case dice < 12:
		s.till.lost.Add(1)
		return nil, errors.New("the call was lost")
	}
	resp, err := s.next.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		s.till.unsigned.Add(1)
	}
	if err != nil || dice >= 30 {
		return resp, err
	}
	_, _ = io.Copy(io.Discard, resp.Body) // the answer is lost anyway
	_ = resp.Body.Close()
	if dice < 24 {
		panic(errDied)
	}
	s.till.lost.Add(1)
	return nil, errors.New("the answer was lost")
}

// survive does what a process would do; true = it died on the way. What it left behind is in the database.
func (t *till) survive(fn func() error) (died bool, err error) {
	defer func() {
		if e := recover(); e != nil {
			if e != errDied { //nolint:errorlint // a panic's value
				panic(e)
			}
			t.died.Add(1)
			died, err = true, nil
		}
	}()
	return false, fn()
}

// faults are what WeChat Pay does by itself. closed ends a refund without money, abnormal lets it wait for a person; the others must not keep the money from moving once.
// A 401 pauses the merchant, with everything that waits for it.
var faults = []paysim.Fault{
	{Mode: "accept_then_500"},
	{Mode: "accept_then_hang_up"},
	{Mode: "accept_then_429"},
	{Mode: "accept_then_202"},
	{Mode: "invalid_request_after_accept"},
	{Mode: "bad_signature"},
	{Mode: "no_signature"},
	{Mode: "garbled"},
	{Mode: "drop"},
	{Mode: "not_enough"},
	{Mode: "closed"},
	{Mode: "abnormal"},
	{Mode: "slow_processing"},
	{HTTPStatus: 500},
	{HTTPStatus: 429, Code: "FREQUENCY_LIMITED"},
	{HTTPStatus: 401, Code: "SIGN_ERROR"},
}

// onlyCreate are the faults that make no sense when a refund is asked about.
var onlyCreate = []string{"not_enough", "closed", "abnormal", "slow_processing"}

func (t *till) arm() error {
	for range crashBatch / 8 {
		f := faults[mrand.IntN(len(faults))]
		f.Target = "pay.refund.create"
		if mrand.IntN(4) == 0 && !slices.Contains(onlyCreate, f.Mode) {
			f.Target = "pay.refund.query"
		}
		if err := t.pay.AddFault(f); err != nil {
			return err
		}
	}
	for _, mode := range []string{"drop", "duplicate", "bad_signature", "wrong_key"} {
		if err := t.pay.AddFault(paysim.Fault{Target: paysim.NoticeTarget, Mode: mode, Times: crashBatch / 20}); err != nil {
			return err
		}
	}
	return nil
}
