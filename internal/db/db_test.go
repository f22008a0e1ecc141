package db_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

func count(t *testing.T, d *db.DB, query string, args ...any) int {
	t.Helper()
	var n int
	if err := d.Read.NewRaw(query, args...).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
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
