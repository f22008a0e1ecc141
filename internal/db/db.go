// Package db opens the database (SQLite or PostgreSQL, one code), brings its schema up to date, and hands out transactions that can
// also enqueue jobs. It knows no domain: every other package owns its rows and its SQL.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Engine is the kind of database in use.
type Engine string

// The two engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Options say what to open.
type Options struct {
	// URL is a postgres:// URL; empty means SQLite in DataDir.
	URL string
	// DataDir holds zhisu.db; it must exist.
	DataDir string
	Logger  *slog.Logger
}

// DB is an open database. On SQLite there is one write connection and a query-only pool for reading; on PostgreSQL both are the same pool.
type DB struct {
	Engine Engine
	// Read serves queries outside a transaction.
	Read *bun.DB

	write    *bun.DB
	urgent   *bun.DB // on PostgreSQL, connections for which nobody else queues; see Urgent
	listen   *pgxpool.Pool
	pg       *pgx.ConnConfig // nil on SQLite
	instance string
	inserter *river.Client[*sql.Tx]
	logger   *slog.Logger
}

// Open connects, without touching the schema; see Migrate.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &DB{logger: o.Logger, instance: NewID()}
	var err error
	if o.URL == "" {
		err = d.openSQLite(filepath.Join(o.DataDir, "zhisu.db"))
	} else {
		err = d.openPostgres(ctx, o.URL)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	if err := d.write.PingContext(ctx); err != nil {
		d.Close()
		return nil, fmt.Errorf("reach database: %w", redact(err))
	}
	return d, nil
}

// uriPath escapes what ends the path of a SQLite URI, or escapes in it.
var uriPath = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")

func (d *DB) openSQLite(path string) error {
	d.Engine = SQLite
	// Made here so that its mode is ours: SQLite's own files inherit it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("create database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("create database file: %w", err)
	}
	dsn := func(pragmas ...string) string {
		q := url.Values{}
		for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"}, pragmas...) {
			q.Add("_pragma", p)
		}
		q.Set("_txlock", "immediate")
		return "file:" + uriPath.Replace(path) + "?" + q.Encode()
	}
	// 8 MB for each reader: what lies above the leaves of the inbox's indexes stays in memory also with a million cases.
	r, err := sql.Open("sqlite", dsn("query_only(1)", "cache_size(-8000)"))
	if err != nil {
		return fmt.Errorf("open sqlite for reading: %w", err)
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(4)
	d.Read = bun.NewDB(r, sqlitedialect.New())
	w := sql.OpenDB(&writer{open: func() (driver.Conn, error) { return r.Driver().Open(dsn()) }})
	w.SetMaxIdleConns(seats)
	d.write = bun.NewDB(w, sqlitedialect.New())
	return nil
}

func (d *DB) openPostgres(ctx context.Context, dsn string) error {
	d.Engine = Postgres
	cfg, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("read ZHISU_DATABASE_URL: it is not a valid postgres:// URL")
	}
	d.pg = cfg
	// As many idle as open: a new connection costs the server a process and a password check, far more than the statement it is for.
	pool := func(conns int) *bun.DB {
		p := stdlib.OpenDB(*cfg)
		p.SetMaxOpenConns(conns)
		p.SetMaxIdleConns(conns)
		p.SetConnMaxIdleTime(5 * time.Minute)
		return bun.NewDB(p, pgdialect.New())
	}
	d.write, d.urgent = pool(20), pool(2)
	d.Read = d.write
	lc, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return errors.New("read ZHISU_DATABASE_URL: it is not a valid postgres:// URL")
	}
	lc.MinConns, lc.MaxConns = 0, 1
	if d.listen, err = pgxpool.NewWithConfig(ctx, lc); err != nil {
		return fmt.Errorf("open listener pool: %w", redact(err))
	}
	return nil
}

// Close ends all connections. It may be called more than once.
func (d *DB) Close() {
	for _, b := range []*bun.DB{d.Read, d.write, d.urgent} {
		if b != nil {
			if err := b.Close(); err != nil {
				d.logger.Warn("close database", "err", err)
			}
		}
	}
	if d.listen != nil {
		d.listen.Close()
	}
}

// SQL returns the writing pool, for libraries that bring their own queries (River, goose, the session store).
func (d *DB) SQL() *sql.DB { return d.write.DB }

// Write serves single-statement writes outside a transaction.
func (d *DB) Write() bun.IDB { return d.write }

// Tx is a transaction that can also enqueue jobs: they exist if and only if it commits. Inside a transaction use only the
// transaction (on SQLite it holds the one write connection), and never the network.
type Tx struct {
	bun.Tx
	db *DB
}

// Enqueue inserts a job that becomes visible when the transaction commits.
func (t Tx) Enqueue(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := t.db.inserter.InsertTx(ctx, t.Tx.Tx, args, opts); err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	return nil
}

// EnqueueMany inserts many jobs at once.
func (t Tx) EnqueueMany(ctx context.Context, jobs []river.InsertManyParams) error {
	if len(jobs) == 0 {
		return nil
	}
	if _, err := t.db.inserter.InsertManyFastTx(ctx, t.Tx.Tx, jobs); err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(jobs), err)
	}
	return nil
}

// InTx runs fn in one transaction: commit on nil, rollback on error.
func (d *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx Tx) error) error {
	pool := d.write
	if d.urgent != nil && isUrgent(ctx) {
		pool = d.urgent
	}
	return pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return fn(ctx, Tx{Tx: tx, db: d})
	})
}

// Enqueue inserts a job on its own.
func (d *DB) Enqueue(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	return d.InTx(ctx, func(ctx context.Context, tx Tx) error { return tx.Enqueue(ctx, args, opts) })
}

// IsUnique reports whether err is a violated unique constraint.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		return lite.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || lite.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsNotFound reports whether err says that no row matched.
func IsNotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }

// Changed reports whether a compare-and-set statement changed exactly one row.
func Changed(res sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("count changed rows: %w", err)
	}
	return n == 1, nil
}

// redact keeps a connection URL (with its password) out of an error.
func redact(err error) error {
	if strings.Contains(err.Error(), "://") {
		return errors.New("the database could not be reached with ZHISU_DATABASE_URL")
	}
	return err
}
