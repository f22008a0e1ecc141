// Package testkit gives tests a fresh database on both engines, a clock that stands still, and a sealer. Serving code never imports it.
package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes test databases

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// PostgresEnv names the variable that points to a PostgreSQL server on which tests may create databases; `make test` sets it.
const PostgresEnv = "ZHISU_TEST_POSTGRES_URL"

// Start is where every Clock begins: a Thursday afternoon in Beijing.
var Start = time.Date(2026, 3, 12, 14, 18, 0, 0, time.FixedZone("CST", 8*3600))

// Engines runs fn once on each engine with an empty, migrated database.
func Engines(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, Postgres(t)) })
}

// SQLite opens an empty, migrated SQLite database that ends with the test.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	dir := t.TempDir()
	Migrated(t, dir)
	d := open(t, db.Options{DataDir: dir})
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return d
}

// Migrated puts an empty, migrated SQLite database into a data dir, making the dir if need be: opening it is much faster than the migrations.
func Migrated(t testing.TB, dir string) {
	t.Helper()
	b, err := sqliteTemplate()
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "zhisu.db"), b, 0o600)
	}
	if err != nil {
		t.Fatalf("copy template database: %v", err)
	}
}

// sqliteTemplate is a migrated database file, made once per test process: a copy is much faster than the migrations.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "zhisu-template-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	d, err := db.Open(ctx, db.Options{DataDir: dir})
	if err != nil {
		return nil, err
	}
	err = d.Migrate(ctx)
	if err == nil {
		_, err = d.SQL().ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	d.Close()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "zhisu.db"))
})

// Postgres opens an empty, migrated PostgreSQL database that ends with the test.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	d := open(t, db.Options{URL: PostgresURL(t)})
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return d
}

// PostgresURL makes an empty database (already migrated, from a template) and returns its URL; it is dropped after the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base := os.Getenv(PostgresEnv)
	if base == "" {
		t.Fatalf("%s is not set: run `make test`, or `scripts/with-postgres go test ./...`", PostgresEnv)
	}
	tpl, err := template(base)
	if err != nil {
		t.Fatalf("make template database: %v", err)
	}
	name := fmt.Sprintf("zhisu_test_%d_%s", os.Getpid(), randomName())
	admin, err := sql.Open("pgx", base)
	if err != nil {
		t.Fatalf("open postgres: %v", err)
	}
	defer admin.Close()
	templateMu.Lock() // a template must not be in use while it is copied
	_, err = admin.ExecContext(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+tpl)
	templateMu.Unlock()
	if err != nil {
		t.Fatalf("create database: %v", err)
	}
	t.Cleanup(func() {
		admin, err := sql.Open("pgx", base)
		if err != nil {
			t.Errorf("open postgres: %v", err)
			return
		}
		defer admin.Close()
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return withDatabase(base, name)
}

var (
	templateMu   sync.Mutex
	templateOnce sync.Once
	templateName string
	errTemplate  error
)

// template makes, once per test process, a migrated database to copy from: a copy is much faster than the migrations.
func template(base string) (string, error) {
	templateOnce.Do(func() {
		ctx := context.Background()
		templateName = fmt.Sprintf("zhisu_tpl_%d_%s", os.Getpid(), randomName())
		admin, err := sql.Open("pgx", base)
		if err != nil {
			errTemplate = err
			return
		}
		defer admin.Close()
		if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+templateName); err != nil {
			errTemplate = err
			return
		}
		d, err := db.Open(ctx, db.Options{URL: withDatabase(base, templateName)})
		if err != nil {
			errTemplate = err
			return
		}
		defer d.Close()
		errTemplate = d.Migrate(ctx)
	})
	return templateName, errTemplate
}

func withDatabase(base, name string) string {
	u, err := url.Parse(base)
	if err != nil {
		return base
	}
	u.Path = "/" + name
	return u.String()
}

func randomName() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x", b)
}

func open(t testing.TB, o db.Options) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(d.Close)
	return d
}

// Clock returns a clock that stands at Start.
func Clock() *clock.Fake { return clock.NewFake(Start) }

// Sealer returns a sealer with fresh keys.
func Sealer(t testing.TB) *secret.Sealer {
	t.Helper()
	raw := make([]byte, 32)
	_, _ = rand.Read(raw)
	mk, err := secret.ParseMasterKey(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatalf("make master key: %v", err)
	}
	wrapped, err := secret.NewKeyset(mk)
	if err != nil {
		t.Fatalf("make keyset: %v", err)
	}
	s, err := secret.OpenSealer(t.Context(), mk, func(context.Context) (string, error) { return wrapped, nil })
	if err != nil {
		t.Fatalf("open sealer: %v", err)
	}
	return s
}
