package retain

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

// start begins a run as the owner does.
func (w *world) start() (begun bool, err error) {
	err = w.db.InTx(w.t.Context(), func(ctx context.Context, tx db.Tx) error {
		r, err := w.keep.Start(ctx, tx)
		begun = r != nil
		return err
	})
	return begun, err
}

func (w *world) runs() (all, going int) {
	w.t.Helper()
	if err := w.db.Read.NewRaw("SELECT count(*), count(*) - count(finished_at) FROM retention_runs").Scan(w.t.Context(), &all, &going); err != nil {
		w.t.Fatal(err)
	}
	return all, going
}

func TestTheOwnerNeedNotWaitForTheDailyRun(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.story("old", "calm", 100*day, "copied", "original")
		if begun, err := w.start(); !errors.Is(err, ErrKeepsAll) || begun {
			t.Fatalf("with nothing to forget: %v, %v", begun, err)
		}
		w.store(Settings{Snapshots: 365})
		w.run() // today's, which finds nothing
		w.clock.Advance(time.Hour)
		w.store(Settings{Snapshots: 90})
		if w.run(); w.left()["snapshots"] != 3 {
			t.Fatal("the schedule ran twice on a day")
		}
		if begun, err := w.start(); err != nil || !begun {
			t.Fatalf("begun %v, %v", begun, err)
		}
		if n := w.left()["snapshots"]; n != 3 {
			t.Errorf("beginning alone left %d", n)
		}
		w.run()
		r, err := w.keep.LastRun(t.Context())
		if err != nil || r.FinishedAt.IsZero() || r.Counts() != (Counts{Snapshots: 3}) || w.left()["snapshots"] != 0 {
			t.Errorf("run %+v, %v, left %v", r, err, w.left())
		}
		// The schedule counts it as that day's.
		w.clock.Advance(19 * time.Hour)
		w.run()
		if all, going := w.runs(); all != 2 || going != 0 {
			t.Errorf("%d runs, %d going", all, going)
		}
	})
}

func TestTwoRunsAtOnceAreOne(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, id := range []string{"a", "b", "c", "d"} {
			w.story(id, "calm", 100*day, "copied of "+id, "original of "+id)
		}
		w.store(Settings{Deliveries: 30, Snapshots: 30, Images: 30, Originals: 30, Personal: 30})
		want, err := w.keep.Preview(t.Context(), Settings{Deliveries: 30, Snapshots: 30, Images: 30, Originals: 30, Personal: 30})
		if err != nil || !want.Any() {
			t.Fatalf("preview %+v, %v", want, err)
		}
		w.keep.batch = 1
		var begun sync.Map
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				switch ok, err := w.start(); {
				case err != nil:
					t.Error(err)
				case ok:
					begun.Store(i, true)
				}
			})
			wg.Go(func() {
				if err := w.keep.Run(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.run()
		// Begun again after its end it finds nothing; at any moment there was one, and no row was counted twice.
		var got Counts
		var rs []Run
		if err := d.Read.NewSelect().Model(&rs).Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, r := range rs {
			if r.FinishedAt.IsZero() {
				t.Errorf("run %+v never ended", r)
			}
			got.Deliveries += r.Deliveries
			got.Snapshots += r.Snapshots
			got.Images += r.Images
			got.Originals += r.Originals
			got.Personal += r.Personal
		}
		if got != want || len(w.recorded) == 0 {
			t.Errorf("deleted %+v, want %+v; recorded %v", got, want, w.recorded)
		}
		n := 0
		begun.Range(func(any, any) bool { n++; return true })
		if all := len(rs); n > all {
			t.Errorf("%d of %d runs begun by hand", n, all)
		}
	})
}

func TestARunUnderWayIsNotBegunAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.story("old", "calm", 100*day, "copied", "original")
		w.store(Settings{Snapshots: 30})
		for i := range 3 {
			if begun, err := w.start(); err != nil || begun != (i == 0) {
				t.Fatalf("start %d: %v, %v", i+1, begun, err)
			}
		}
		if all, going := w.runs(); all != 1 || going != 1 {
			t.Errorf("%d runs, %d going", all, going)
		}
		// One that was ended by another job is let be.
		r, err := w.keep.LastRun(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.run()
		if _, err := w.keep.step(t.Context(), r.ID, w.keep.kinds(Settings{Snapshots: 30})[1]); !errors.Is(err, errEnded) {
			t.Errorf("a step of a run that has ended: %v", err)
		}
	})
}
