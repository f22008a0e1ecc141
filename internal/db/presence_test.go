package db_test

import (
	"context"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

// instances opens one PostgreSQL database as several processes would.
func instances(t *testing.T, n int) []*db.DB {
	t.Helper()
	url := testkit.PostgresURL(t)
	out := make([]*db.DB, n)
	for i := range out {
		d, err := db.Open(t.Context(), db.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		out[i] = d
	}
	return out
}

// take lets an instance be the last of those that took a job.
func take(t *testing.T, d *db.DB, name string) {
	t.Helper()
	if err := d.Enqueue(t.Context(), nudgeArgs{Name: name}, nil); err != nil {
		t.Fatal(err)
	}
	_, err := d.SQL().ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = ARRAY['earlier', $1]
		WHERE args->>'name' = $2`, d.Instance(), name)
	if err != nil {
		t.Fatal(err)
	}
}

func stateOf(t *testing.T, d *db.DB, name string) (state string) {
	t.Helper()
	if err := d.SQL().QueryRowContext(t.Context(), `SELECT state FROM river_job WHERE args->>'name' = $1`, name).Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

// awaitPresent waits until the server shows n living instances: it notices the end of a connection a moment later.
func awaitPresent(t *testing.T, d *db.DB, n int) {
	t.Helper()
	for {
		got := count(t, d, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
		if got == n {
			return
		}
		if t.Context().Err() != nil {
			t.Fatalf("%d instances are present, want %d", got, n)
		}
	}
}

func look(t *testing.T, w *db.Watch) {
	t.Helper()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestJobsOfADeadInstanceAreTakenOverAfterTwoLooks(t *testing.T) {
	ds := instances(t, 3)
	living, dying := db.NewWatch(ds[0]), db.NewWatch(ds[1])
	defer living.Die(context.WithoutCancel(t.Context()))
	other := db.NewWatch(ds[2])
	defer other.Die(context.WithoutCancel(t.Context()))
	for _, w := range []*db.Watch{living, dying, other} {
		look(t, w)
	}
	take(t, ds[0], "own")
	take(t, ds[1], "orphan")
	take(t, ds[2], "of a living one")

	look(t, living)
	look(t, living)
	if s := stateOf(t, ds[0], "orphan"); s != "running" {
		t.Fatalf("the job of a living instance is %s", s)
	}
	dying.Die(t.Context())
	awaitPresent(t, ds[0], 2)
	look(t, living)
	if s := stateOf(t, ds[0], "orphan"); s != "running" {
		t.Errorf("after one look the job of a missing instance is %s", s)
	}
	look(t, living)
	if s := stateOf(t, ds[0], "orphan"); s != "available" {
		t.Errorf("after two looks the job of a missing instance is %s", s)
	}
	for _, name := range []string{"own", "of a living one"} {
		if s := stateOf(t, ds[0], name); s != "running" {
			t.Errorf("the job %q is %s", name, s)
		}
	}
}

func TestInstanceThatComesBackInTimeKeepsItsJobs(t *testing.T) {
	ds := instances(t, 2)
	watcher, flaky := db.NewWatch(ds[0]), db.NewWatch(ds[1])
	defer watcher.Die(context.WithoutCancel(t.Context()))
	defer flaky.Die(context.WithoutCancel(t.Context()))
	look(t, watcher)
	look(t, flaky)
	take(t, ds[1], "kept")
	for range 3 {
		flaky.Die(t.Context())
		awaitPresent(t, ds[0], 1)
		look(t, watcher)
		look(t, flaky) // connects again
		look(t, watcher)
		if s := stateOf(t, ds[0], "kept"); s != "running" {
			t.Fatalf("the job of an instance that came back is %s", s)
		}
	}
}

func TestAppearOnSQLiteTakesOverAtOnce(t *testing.T) {
	d := testkit.SQLite(t)
	if err := d.Enqueue(t.Context(), nudgeArgs{Name: "left"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.SQL().ExecContext(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1`); err != nil {
		t.Fatal(err)
	}
	leave, err := d.Appear(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	if n := count(t, d, `SELECT count(*) FROM river_job WHERE state = 'available' AND attempt = 0`); n != 1 {
		t.Errorf("%d jobs are available again, want 1", n)
	}
}

func TestAppearOnPostgresEndsWhenLeft(t *testing.T) {
	d := instances(t, 1)[0]
	leave, err := d.Appear(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	awaitPresent(t, d, 1)
	leave()
	awaitPresent(t, d, 0)
}

func TestGoneTellsTheDeadFromTheLiving(t *testing.T) {
	ds := instances(t, 2)
	w := db.NewWatch(ds[1])
	gone := func(d *db.DB, instance string) bool {
		g, err := d.Gone(t.Context(), instance)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	look(t, w)
	if gone(ds[0], ds[1].Instance()) || gone(ds[0], ds[0].Instance()) {
		t.Error("a living instance counts as gone")
	}
	w.Die(t.Context())
	awaitPresent(t, ds[0], 0)
	if !gone(ds[0], ds[1].Instance()) || !gone(ds[0], "nobody") {
		t.Error("a dead instance counts as living")
	}
	if d := testkit.SQLite(t); gone(d, d.Instance()) || !gone(d, ds[0].Instance()) {
		t.Error("on SQLite only this process lives")
	}
}
