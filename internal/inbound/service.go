package inbound

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound/letter"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
)

// MaxBody bounds a push; real ones are a few KiB (reference/wechat-open-platform.md §3.5).
const MaxBody = 256 << 10

// Service hears pushes.
type Service struct {
	db       *db.DB
	sealer   *secret.Sealer
	clock    clock.Clock
	programs *program.Service
	channels Accounts
	log      *slog.Logger
	rand     io.Reader

	pushes   *prometheus.CounterVec
	seconds  prometheus.Histogram
	refusals sync.Map // reason → *rate.Limiter
	accounts accounts
	commits  committer
}

// Options are what New needs.
type Options struct {
	DB       *db.DB
	Sealer   *secret.Sealer
	Clock    clock.Clock
	Programs *program.Service
	// Channels knows the callbacks of notice channels; nil hears none.
	Channels Accounts
	Logger   *slog.Logger
	Metrics  prometheus.Registerer
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, sealer: o.Sealer, clock: o.Clock, programs: o.Programs, channels: o.Channels, log: o.Logger, rand: rand.Reader,
		pushes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "zhisu_pushes_total", Help: "Pushes by URL and result.",
		}, []string{"source", "result"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "zhisu_push_answer_seconds", Help: "Time from a push's first byte to our answer.",
			Buckets: []float64{.002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5},
		}),
	}
	o.Metrics.MustRegister(s.pushes, s.seconds)
	return s
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// Register adds the push endpoints (design §6.3).
func (s *Service) Register(mux *http.ServeMux) {
	mux.HandleFunc("POST /wechat/platform/events", s.handle(FromEvents, s.events))
	mux.HandleFunc("POST /wechat/platform/messages/{appid}", s.handle(FromMessages, s.messages))
	s.registerChannels(mux)
	mux.HandleFunc("GET /wechat/direct/{appid}", s.handle(FromDirect, s.echo))
	mux.HandleFunc("POST /wechat/direct/{appid}", s.handle(FromDirect, s.direct))
}

// Why pushes are refused beside the reasons of letter.
var (
	errTooLarge     = &letter.Refusal{Status: http.StatusRequestEntityTooLarge, Reason: "too_large"}
	errUnconfigured = &letter.Refusal{Status: http.StatusServiceUnavailable, Reason: "platform_not_configured"}
)

// answer is what WeChat gets with 200.
type answer struct {
	contentType string
	body        []byte
}

var success = answer{"text/plain; charset=utf-8", []byte("success")}

func (s *Service) handle(src Source, hear func(ctx context.Context, r *http.Request, body []byte) (answer, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := time.Now() //nolint:forbidigo // a duration for a metric, not domain time
		defer func() { s.seconds.Observe(time.Since(start).Seconds()) }()
		a, err := s.read(w, r, hear)
		if err != nil {
			s.refuse(w, r, src, err)
			return
		}
		s.pushes.WithLabelValues(string(src), "ok").Inc()
		w.Header().Set("Content-Type", a.contentType)
		if _, err := w.Write(a.body); err != nil {
			s.log.DebugContext(r.Context(), "push sender hung up before the answer", "err", err)
		}
	}
}

func (s *Service) read(w http.ResponseWriter, r *http.Request, hear func(context.Context, *http.Request, []byte) (answer, error)) (answer, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return answer{}, errTooLarge
	case err != nil:
		return answer{}, letter.ErrMalformed
	}
	return hear(r.Context(), r, body)
}

func (s *Service) refuse(w http.ResponseWriter, r *http.Request, src Source, err error) {
	var ref *letter.Refusal
	if !errors.As(err, &ref) {
		ref = &letter.Refusal{Status: http.StatusServiceUnavailable, Reason: "internal"}
	}
	s.pushes.WithLabelValues(string(src), ref.Reason).Inc()
	// One line per reason and ten seconds: a flood of forged pushes must not fill the disk.
	lim, _ := s.refusals.LoadOrStore(ref.Reason, rate.NewLimiter(rate.Every(10*time.Second), 1))
	if l, ok := lim.(*rate.Limiter); ok && l.AllowN(s.clock.Now(), 1) {
		attrs := []any{"source", src, "reason", ref.Reason, "remote", r.RemoteAddr}
		if ref.Reason == "internal" {
			attrs = append(attrs, "err", err)
		}
		s.log.WarnContext(r.Context(), "push refused", attrs...)
	}
	http.Error(w, ref.Reason, ref.Status)
}

// prepare fills what a new delivery needs before it is stored.
func (s *Service) prepare(d *Delivery, plain []byte) error {
	d.ID, d.ReceivedAt = db.NewID(), s.now()
	sum := sha256.Sum256(plain)
	d.BodySHA256 = hex.EncodeToString(sum[:])
	if d.DedupeKey == "" {
		d.DedupeKey = hashed(string(d.Source), d.AppID, d.BodySHA256)
	}
	var err error
	d.BodySealed, err = s.sealer.Seal(bodyPlace(d.ID), secret.New(string(plain)))
	return err
}

// hashed is the hash over parts that have no bar in them, or of which only the last has.
func hashed(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "|")))
	return hex.EncodeToString(sum[:])
}

// record stores a delivery and runs follow in the same transaction, exactly once per dedupe key. It returns after the commit.
func (s *Service) record(ctx context.Context, d *Delivery, plain []byte, follow func(ctx context.Context, tx db.Tx) error) error {
	if err := s.prepare(d, plain); err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		fresh, err := db.Changed(tx.NewInsert().Model(d).On("CONFLICT (dedupe_key) DO NOTHING").Exec(ctx))
		if err != nil {
			return fmt.Errorf("store delivery: %w", err)
		}
		if !fresh {
			return repeated(ctx, tx, d)
		}
		return follow(ctx, tx)
	})
}
