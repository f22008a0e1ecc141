package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Queues by what they may hold up: a slow mail server must not delay hearing a complaint, and reading must not delay acting.
const (
	QueueDefault = river.QueueDefault // syncing, planning, token work
	QueueAct     = "act"              // calls to WeChat that change something
	QueueNotify  = "notify"           // handing messages to providers
)

// neverDiscard keeps a failing job trying, every ten minutes at last: a fault may delay, never lose.
const neverDiscard = 30_000

// JobTimeout bounds every job; a job that needs longer is cut into several.
const JobTimeout = 60 * time.Second

func (d *DB) driver() riverdriver.Driver[*sql.Tx] {
	if d.Engine == SQLite {
		return riversqlite.New(d.write.DB)
	}
	return riverdatabasesql.NewWithPgxListener(d.write.DB, d.listen)
}

// openInserter builds the client behind Tx.Enqueue: it only inserts, so it needs no workers.
func (d *DB) openInserter() error {
	// River notifies workers of at most one insert per queue and FetchCooldown, and a job whose notification was left out waits for the poll, a second. A job that
	// enqueues the next one does so within milliseconds, so nothing may be left out; the workers' own cooldown keeps the fetches few.
	c, err := river.NewClient(d.driver(), &river.Config{Logger: d.quiet(), MaxAttempts: neverDiscard, FetchCooldown: river.FetchCooldownMin})
	if err != nil {
		return fmt.Errorf("build job inserter: %w", err)
	}
	d.inserter = c
	return nil
}

// quiet keeps River's info lines out of the product's log.
func (d *DB) quiet() *slog.Logger {
	return slog.New(levelHandler{Handler: d.logger.Handler(), min: slog.LevelWarn})
}

type levelHandler struct {
	slog.Handler
	min slog.Level
}

// Enabled implements slog.Handler.
func (h levelHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= h.min && h.Handler.Enabled(ctx, l)
}

// WorkerConfig is what the composition root decides about working jobs.
type WorkerConfig struct {
	Workers  *river.Workers
	Periodic []*river.PeriodicJob
	// ErrorHandler sees every failed or panicked job.
	ErrorHandler river.ErrorHandler
	// Around runs every job; nil runs it as it is.
	Around river.WorkerMiddlewareFunc
}

// NewWorker builds the client that works jobs. Start and Stop it from the composition root.
func (d *DB) NewWorker(wc WorkerConfig) (*river.Client[*sql.Tx], error) {
	cfg := &river.Config{
		ID:                   d.instance,
		Logger:               d.quiet(),
		Workers:              wc.Workers,
		PeriodicJobs:         wc.Periodic,
		ErrorHandler:         wc.ErrorHandler,
		JobTimeout:           JobTimeout,
		RescueStuckJobsAfter: 2 * time.Minute,
		MaxAttempts:          neverDiscard,
		Queues: map[string]river.QueueConfig{
			QueueDefault: {MaxWorkers: 20},
			QueueAct:     {MaxWorkers: 10},
			QueueNotify:  {MaxWorkers: 20},
		},
		CompletedJobRetentionPeriod: time.Hour,
		RetryPolicy:                 retryPolicy{},
	}
	if wc.Around != nil {
		cfg.Middleware = []rivertype.Middleware{wc.Around}
	}
	// Both engines are woken by notifications (River emulates them on SQLite with a table it looks at every 50 ms, far cheaper than fetching that often), so
	// the poll is only a fallback.
	cfg.FetchCooldown = 20 * time.Millisecond
	c, err := river.NewClient(d.driver(), cfg)
	if err != nil {
		return nil, fmt.Errorf("build job worker: %w", err)
	}
	return c, nil
}

// retryPolicy starts fast, since most faults are a busy WeChat or a dropped connection, and settles at ten minutes, so that no wait
// is long against a 48-hour deadline.
type retryPolicy struct{}

// NextRetry implements river.ClientRetryPolicy.
func (retryPolicy) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(Backoff(job.Attempt)) //nolint:forbidigo // River's own clock, which its schedule is compared with
}

// Backoff is the wait after failed attempt n (1-based): 1 s, 2 s, 4 s … at most 10 minutes.
func Backoff(n int) time.Duration {
	if n < 1 {
		n = 1
	}
	if n > 10 {
		return 10 * time.Minute
	}
	return min(time.Second<<(n-1), 10*time.Minute)
}

func (d *DB) migrateRiver(ctx context.Context) error {
	m, err := rivermigrate.New(d.driver(), &rivermigrate.Config{Logger: d.quiet()})
	if err != nil {
		return fmt.Errorf("prepare job schema: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate job schema: %w", err)
	}
	return nil
}

// RescueOrphans makes jobs that a dead process left running available again, and ends its term as River's leader, without which nothing that is scheduled is
// begun for up to 20 seconds. Only for SQLite, where the lock on the data dir proves that no other process works them; for PostgreSQL see presence.
func (d *DB) RescueOrphans(ctx context.Context) (int64, error) {
	if d.Engine != SQLite {
		return 0, nil
	}
	res, err := d.write.ExecContext(ctx, `UPDATE river_job SET state = 'available', attempt = max(attempt - 1, 0) WHERE state = 'running'`)
	if err != nil {
		return 0, fmt.Errorf("rescue orphaned jobs: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("rescue orphaned jobs: %w", err)
	}
	if _, err := d.write.ExecContext(ctx, `DELETE FROM river_leader`); err != nil {
		return n, fmt.Errorf("end the term of a dead leader: %w", err)
	}
	return n, nil
}

// ErrBusy says that another process holds the data dir.
var ErrBusy = errors.New("another zhisu process is using this data directory")

// LiveStates are the states in which a job still has work to do: with them, a unique job is not repeated while one of its kind and arguments
// is live, and can be enqueued again once it has ended.
func LiveStates() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
		rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}
}

// Once are the options of a job that is not repeated while one of its kind and arguments is live.
func Once(queue string) *river.InsertOpts {
	return &river.InsertOpts{Queue: queue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: LiveStates()}}
}
