package db_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

// nudgeArgs is a job that nobody works.
type nudgeArgs struct {
	Name string `json:"name"`
}

func (nudgeArgs) Kind() string { return "db.nudge" }

// sample is a row of a table that only these tests know.
type sample struct {
	bun.BaseModel `bun:"table:samples"`

	ID    string `bun:",pk"`
	At    db.Time
	Words db.JSON[[]string]
}

func withSamples(t *testing.T, d *db.DB) {
	t.Helper()
	_, err := d.Write().NewRaw(`CREATE TABLE samples (id text PRIMARY KEY, at bigint, words text UNIQUE)`).Exec(t.Context())
	if err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := d.Read.NewRaw(query, args...).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func jobs(t *testing.T, d *db.DB) int {
	t.Helper()
	return count(t, d, `SELECT count(*) FROM river_job WHERE kind = 'db.nudge'`)
}

func TestColumnTypes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		at := db.At(testkit.Start)
		for _, row := range []sample{{ID: "full", At: at, Words: db.AsJSON([]string{"投诉", `"quoted"`, "<b>"})}, {ID: "blank"}} {
			if _, err := d.Write().NewInsert().Model(&row).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}

		got := sample{ID: "full"}
		if err := d.Read.NewSelect().Model(&got).WherePK().Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got.At != at || !got.At.Time().Equal(testkit.Start) || !slices.Equal(got.Words.V, []string{"投诉", `"quoted"`, "<b>"}) {
			t.Errorf("read back %d %q", got.At, got.Words.V)
		}

		if n := count(t, d, `SELECT count(*) FROM samples WHERE id = 'blank' AND at IS NULL`); n != 1 {
			t.Error("the unknown moment is not stored as NULL")
		}
		got = sample{ID: "blank", At: 7, Words: db.AsJSON([]string{"old"})}
		if err := d.Read.NewSelect().Model(&got).WherePK().Scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !got.At.IsZero() || got.At.Ptr() != nil {
			t.Errorf("NULL was read as %d", got.At)
		}
	})
}

func TestTime(t *testing.T) {
	if got := db.At(time.Time{}); got != 0 {
		t.Errorf("the zero time became %d", got)
	}
	if got := db.Time(0).Time(); !got.IsZero() {
		t.Errorf("the unknown moment became %s", got)
	}
	if got, want := db.FromUnix(testkit.Start.Unix()), db.At(testkit.Start); got != want {
		t.Errorf("seconds became %d, want %d", got, want)
	}
	if got := db.FromUnix(0); !got.IsZero() {
		t.Errorf("0 seconds became %d", got)
	}
	if p := db.Time(5).Ptr(); p == nil || *p != 5 {
		t.Errorf("Ptr gave %v", p)
	}
	var at db.Time
	if err := at.Scan("1"); err == nil {
		t.Error("text was taken for a time")
	}
}

func TestJSONScan(t *testing.T) {
	for name, c := range map[string]struct {
		src  any
		want int
		bad  bool
	}{
		"NULL leaves the value":  {src: nil, want: 9},
		"empty leaves the value": {src: "", want: 9},
		"text":                   {src: "3", want: 3},
		"bytes":                  {src: []byte("4"), want: 4},
		"broken JSON":            {src: "{", bad: true},
		"another type":           {src: 1.5, bad: true},
	} {
		t.Run(name, func(t *testing.T) {
			j := db.AsJSON(9)
			err := j.Scan(c.src)
			if (err != nil) != c.bad {
				t.Fatalf("error %v", err)
			}
			if !c.bad && j.V != c.want {
				t.Errorf("got %d, want %d", j.V, c.want)
			}
		})
	}
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

func TestIsUnique(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		insert := func(id string, words ...string) error {
			_, err := d.Write().NewInsert().Model(&sample{ID: id, Words: db.AsJSON(words)}).Exec(t.Context())
			return err
		}
		if err := insert("a", "x"); err != nil {
			t.Fatal(err)
		}
		if err := insert("a", "y"); !db.IsUnique(err) {
			t.Errorf("the same primary key gave %v", err)
		}
		if err := insert("b", "x"); !db.IsUnique(err) {
			t.Errorf("the same unique value gave %v", err)
		}
		_, err := d.Write().NewRaw(`INSERT INTO samples (id, nothing) VALUES ('c', 1)`).Exec(t.Context())
		if err == nil || db.IsUnique(err) {
			t.Errorf("a missing column counts as unique violation: %v", err)
		}
		err = d.Read.NewSelect().Model(&sample{ID: "zz"}).WherePK().Scan(t.Context())
		if !db.IsNotFound(err) || db.IsUnique(err) {
			t.Errorf("a missing row gave %v", err)
		}
	})
}

func TestChanged(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		withSamples(t, d)
		if _, err := d.Write().NewInsert().Model(&sample{ID: "a", At: 1}).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		set := func(from db.Time) (bool, error) {
			return db.Changed(d.Write().NewUpdate().Model((*sample)(nil)).Set("at = ?", 2).Where("id = 'a' AND at = ?", from).Exec(t.Context()))
		}
		if ok, err := set(1); err != nil || !ok {
			t.Errorf("the first change gave %v, %v", ok, err)
		}
		if ok, err := set(1); err != nil || ok {
			t.Errorf("a change from a state that is gone gave %v, %v", ok, err)
		}
		if _, err := db.Changed(nil, sql.ErrTxDone); !errors.Is(err, sql.ErrTxDone) {
			t.Errorf("the statement's error became %v", err)
		}
	})
}

func TestReadPoolCannotWrite(t *testing.T) {
	d := testkit.SQLite(t)
	withSamples(t, d)
	if _, err := d.Read.NewInsert().Model(&sample{ID: "a"}).Exec(t.Context()); err == nil {
		t.Error("the query-only pool wrote")
	}
}

// advisoryLocks counts the locks in this database; others share the server.
const advisoryLocks = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

func TestCopyTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b?c#d%20")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	withSamples(t, d)
	path := filepath.Join(t.TempDir(), "zhisu.db")
	err = d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&sample{ID: "not committed"}).Exec(ctx); err != nil {
			return err
		}
		return d.CopyTo(ctx, path) // while somebody writes
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.CopyTo(t.Context(), path); err == nil {
		t.Error("a file was overwritten")
	}
	copied, err := db.Open(t.Context(), db.Options{DataDir: filepath.Dir(path)})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if n := count(t, copied, `SELECT count(*) FROM samples`); n != 0 {
		t.Errorf("the copy has %d rows of a transaction that was not committed", n)
	}
	if err := testkit.Postgres(t).CopyTo(t.Context(), path+"2"); err == nil {
		t.Error("PostgreSQL was copied")
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	release, err := db.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Lock(dir); !errors.Is(err, db.ErrBusy) {
		t.Errorf("the second lock gave %v", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	again, err := db.Lock(dir)
	if err != nil {
		t.Fatalf("the lock was not given back: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
	if _, err := db.Lock(filepath.Join(dir, "missing")); err == nil || errors.Is(err, db.ErrBusy) {
		t.Errorf("a missing directory gave %v", err)
	}
}

func TestMigrateAgainChangesNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		if err := d.Enqueue(t.Context(), nudgeArgs{"kept"}, nil); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ms, err := d.Migrations(t.Context())
		if err != nil || len(ms) == 0 {
			t.Fatalf("%d migrations, %v", len(ms), err)
		}
		for _, m := range ms {
			if !m.Applied {
				t.Errorf("%s is not applied", m.Name)
			}
		}
		if jobs(t, d) != 1 {
			t.Error("a job was lost")
		}
	})
}

func TestInstancesMayMigrateAtOnce(t *testing.T) {
	url := testkit.PostgresURL(t)
	empty, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	// The template is migrated already; here everybody starts from nothing.
	if _, err := empty.SQL().ExecContext(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`); err != nil {
		t.Fatal(err)
	}
	start := make(chan struct{})
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			d, err := db.Open(t.Context(), db.Options{URL: url})
			if err != nil {
				errs[i] = err
				return
			}
			defer d.Close()
			<-start
			if errs[i] = d.Migrate(t.Context()); errs[i] == nil {
				errs[i] = d.Enqueue(t.Context(), nudgeArgs{"from each"}, nil)
			}
		})
	}
	close(start)
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("instance %d: %v", i, err)
		}
	}
	if n := jobs(t, empty); n != len(errs) {
		t.Errorf("%d jobs of %d instances", n, len(errs))
	}
	if n := count(t, empty, advisoryLocks); n != 0 {
		t.Errorf("%d advisory locks were not given back", n)
	}
}

func TestMigrationsShowWhatIsMissing(t *testing.T) {
	d, err := db.Open(t.Context(), db.Options{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ms, err := d.Migrations(t.Context())
	if err != nil || len(ms) == 0 {
		t.Fatalf("%d migrations, %v", len(ms), err)
	}
	for _, m := range ms {
		if m.Applied {
			t.Errorf("%s counts as applied to an empty database", m.Name)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]db.Options{
		"a URL that is none":     {URL: "postgres://user:s3cret@[broken/db"},
		"a server that is not":   {URL: "postgres://user:s3cret@127.0.0.1:1/db?connect_timeout=2"},
		"a directory that isn't": {DataDir: filepath.Join(t.TempDir(), "none")},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := db.Open(t.Context(), o)
			if err == nil {
				d.Close()
				t.Fatal("it opened")
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the password is in %q", err)
			}
		})
	}
}

func TestSQLiteFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "数据 100% ?a=b#c")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := db.Open(t.Context(), db.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	withSamples(t, d)
	for _, name := range []string{"zhisu.db", "zhisu.db-wal", "zhisu.db-shm"} {
		st, err := os.Stat(filepath.Join(dir, name))
		switch {
		case err != nil:
			t.Errorf("not in its directory: %v", err)
		case st.Mode().Perm() != 0o600:
			t.Errorf("%s has mode %o", name, st.Mode().Perm())
		}
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := d.SQL().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %s", pragma, got, err, want)
		}
	}
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

func TestIDsSortByTheirAge(t *testing.T) {
	var ids []string
	for range 100 {
		ids = append(ids, db.NewID())
	}
	if !slices.IsSorted(ids) {
		t.Error("a later id sorts before an earlier one")
	}
	if len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("an id came twice")
	}
}
