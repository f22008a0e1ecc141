package retain

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/setting"
)

// RunArgs is the job that forgets what is old enough, once a day and in small steps.
type RunArgs struct{}

// Kind implements river.JobArgs.
func (RunArgs) Kind() string { return "retain.run" }

// every is how long after a run the next one begins. The job comes more often, so that a restart does not keep it from ever coming.
const every = 20 * time.Hour

// Run is one time that data was forgotten.
type Run struct {
	bun.BaseModel `bun:"table:retention_runs"`

	ID         string `bun:",pk"`
	Settings   db.JSON[Settings]
	Deliveries int
	Snapshots  int
	Images     int
	Originals  int
	Personal   int
	StartedAt  db.Time
	FinishedAt db.Time
}

// Counts are what it deleted.
func (r *Run) Counts() Counts {
	return Counts{r.Deliveries, r.Snapshots, r.Images, r.Originals, r.Personal}
}

// LastRun returns the run that began last, nil if there was none.
func (s *Service) LastRun(ctx context.Context) (*Run, error) {
	r := new(Run)
	err := s.DB.Read.NewSelect().Model(r).Order("started_at DESC", "id DESC").Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil //nolint:nilnil // there was none
	}
	if err != nil {
		return nil, fmt.Errorf("read last run: %w", err)
	}
	return r, nil
}

// ErrKeepsAll says that nothing is to be forgotten by the settings.
var ErrKeepsAll = errors.New("everything is kept")

// errEnded says that another job ended the run that this one works on.
var errEnded = errors.New("run has ended")

// Start begins a run now instead of at its time, and the job that works it; the caller's transaction says who wanted it. nil when one is under way: there is
// never more than one. That one is gone on with, should its job have been lost.
func (s *Service) Start(ctx context.Context, tx db.Tx) (*Run, error) {
	var v Settings
	if err := setting.Load(ctx, tx, settingName, &v); err != nil {
		return nil, err //nolint:wrapcheck // setting says what it was doing
	}
	if v == (Settings{}) {
		return nil, ErrKeepsAll
	}
	r, err := s.begin(ctx, tx, v)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, tx.Enqueue(ctx, RunArgs{}, db.Once(db.QueueDefault))
	}
	return r, tx.Enqueue(ctx, RunArgs{}, nil)
}

// begin makes a run; nil when one is under way, which an index holds.
func (s *Service) begin(ctx context.Context, q bun.IDB, v Settings) (*Run, error) {
	r := &Run{ID: db.NewID(), Settings: db.AsJSON(v), StartedAt: s.now()}
	begun, err := db.Changed(q.NewInsert().Model(r).On("CONFLICT DO NOTHING").Exec(ctx))
	if err != nil || !begun {
		return nil, wrap("begin run", err)
	}
	return r, nil
}

// Run does RunArgs: it begins a run if one is due, or goes on with one that was not finished, at most so many steps. With more left to do it has itself called again.
func (s *Service) Run(ctx context.Context) error {
	v, err := s.Load(ctx)
	if err != nil {
		return err
	}
	r, err := s.LastRun(ctx)
	if err != nil {
		return err
	}
	if r == nil || !r.FinishedAt.IsZero() {
		if v == (Settings{}) || r != nil && s.Clock.Now().Sub(r.StartedAt.Time()) < every {
			return nil
		}
		if r, err = s.begin(ctx, s.DB.Write(), v); err != nil || r == nil {
			return err // somebody has begun one meanwhile, and that has a job of its own
		}
	}
	// By what is set now: somebody may have changed his mind since it began.
	full := 0
	for _, k := range s.kinds(v) {
		for k.days > 0 {
			n, err := s.step(ctx, r.ID, k)
			if errors.Is(err, errEnded) {
				return nil
			}
			if err != nil {
				return err
			}
			if n < s.batch {
				break
			}
			if full++; full >= s.batches {
				return s.DB.Enqueue(ctx, RunArgs{}, nil)
			}
		}
	}
	return s.finish(ctx, r.ID, v)
}

// step deletes one batch and counts it in the same transaction, which holds the run's row from its beginning: two jobs never see the same batch.
func (s *Service) step(ctx context.Context, runID string, k kind) (n int, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		going, err := db.Changed(tx.NewUpdate().Model((*Run)(nil)).Set("started_at = started_at").Where("id = ? AND finished_at IS NULL", runID).Exec(ctx))
		if err != nil {
			return err //nolint:wrapcheck // wrapped below
		}
		if !going {
			return errEnded
		}
		if n, err = k.drop(ctx, tx, s.before(k.days), s.batch); err != nil || n == 0 {
			return err
		}
		_, err = tx.NewUpdate().Model((*Run)(nil)).Set("? = ? + ?", bun.Ident(k.column), bun.Ident(k.column), n).Where("id = ?", runID).Exec(ctx)
		return err //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return 0, fmt.Errorf("forget %s: %w", k.column, err)
	}
	return n, nil
}

// finish ends a run and records what it deleted, once.
func (s *Service) finish(ctx context.Context, runID string, v Settings) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ended, err := db.Changed(tx.NewUpdate().Model((*Run)(nil)).Set("finished_at = ?", s.now()).Where("id = ? AND finished_at IS NULL", runID).Exec(ctx))
		if err != nil || !ended {
			return wrap("finish run", err)
		}
		r := &Run{ID: runID}
		if err := tx.NewSelect().Model(r).WherePK().Scan(ctx); err != nil {
			return fmt.Errorf("read run: %w", err)
		}
		if !r.Counts().Any() {
			return nil
		}
		return s.Record(ctx, tx, runID, map[string]any{
			"deliveries": r.Deliveries, "snapshots": r.Snapshots, "images": r.Images, "originals": r.Originals, "personal": r.Personal,
			"deliveries_days": v.Deliveries, "snapshots_days": v.Snapshots, "images_days": v.Images, "originals_days": v.Originals, "personal_days": v.Personal,
		})
	})
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
