package db_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

// nudgeArgs is a job that nobody works.
type nudgeArgs struct {
	Name string `json:"name"`
}

func (nudgeArgs) Kind() string { return "db.nudge" }

func jobs(t *testing.T, d *db.DB) int {
	t.Helper()
	return count(t, d, `SELECT count(*) FROM river_job WHERE kind = 'db.nudge'`)
}

func TestRollbackLeavesNeitherRowNorJob(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		broken := errors.New("broken")
		write := func(fail error) error {
			return d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				if _, err := tx.NewInsert().Model(&sample{ID: "a"}).Exec(ctx); err != nil {
					return err
				}
				if err := tx.Enqueue(ctx, nudgeArgs{"one"}, nil); err != nil {
					return err
				}
				if err := tx.EnqueueMany(ctx, []river.InsertManyParams{{Args: nudgeArgs{"two"}}, {Args: nudgeArgs{"three"}}}); err != nil {
					return err
				}
				return fail
			})
		}

		if err := write(broken); !errors.Is(err, broken) {
			t.Fatalf("error %v", err)
		}
		if rows, n := count(t, d, `SELECT count(*) FROM samples`), jobs(t, d); rows != 0 || n != 0 {
			t.Errorf("after the rollback there are %d rows and %d jobs", rows, n)
		}
		if err := write(nil); err != nil {
			t.Fatal(err)
		}
		if rows, n := count(t, d, `SELECT count(*) FROM samples`), jobs(t, d); rows != 1 || n != 3 {
			t.Errorf("after the commit there are %d rows and %d jobs", rows, n)
		}
	})
}

func TestOnceIsOncePerLiveJob(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		enqueue := func(name string) {
			t.Helper()
			if err := d.Enqueue(t.Context(), nudgeArgs{name}, db.Once(db.QueueDefault)); err != nil {
				t.Fatal(err)
			}
		}
		enqueue("a")
		enqueue("a")
		enqueue("b")
		if n := jobs(t, d); n != 2 {
			t.Fatalf("%d jobs for two names", n)
		}
		finished := db.At(testkit.Start).Time().UTC()
		if _, err := d.SQL().ExecContext(t.Context(), `UPDATE river_job SET state = 'completed', finalized_at = $1`, finished); err != nil {
			t.Fatal(err)
		}
		enqueue("a")
		if n := jobs(t, d); n != 3 {
			t.Errorf("%d jobs, although the first of its kind has ended", n)
		}
	})
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{
		-3: time.Second, 0: time.Second, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 9: 256 * time.Second, 10: 512 * time.Second,
		11: 10 * time.Minute, 64: 10 * time.Minute, 1 << 40: 10 * time.Minute,
	} {
		if got := db.Backoff(n); got != want {
			t.Errorf("after failure %d: %s, want %s", n, got, want)
		}
	}
}

// chainArgs is a job whose work is to enqueue the next one.
type chainArgs struct {
	Left int `json:"left"`
}

func (chainArgs) Kind() string { return "db.chain" }

func TestAChainOfJobsDoesNotWaitForThePoll(t *testing.T) {
	const links = 20
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		worked := make(chan time.Time, links+1)
		workers := river.NewWorkers()
		river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, job *river.Job[chainArgs]) error {
			worked <- time.Now()
			if job.Args.Left == 0 {
				return nil
			}
			return d.Enqueue(ctx, chainArgs{job.Args.Left - 1}, nil)
		}))
		w, err := d.NewWorker(db.WorkerConfig{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := w.Stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		}()
		if err := d.Enqueue(t.Context(), chainArgs{links}, nil); err != nil {
			t.Fatal(err)
		}
		// The poll comes once a second. When a notification is left out, every other job waits for it.
		polled := 0
		before := <-worked
		for range links {
			at := <-worked
			if at.Sub(before) > 900*time.Millisecond {
				polled++
			}
			before = at
		}
		if polled > links/4 {
			t.Errorf("%d of %d jobs waited for the poll", polled, links)
		}
	})
}
