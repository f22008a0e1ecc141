package db

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrateLock is the advisory lock number that schema changes hold on PostgreSQL.
const migrateLock = 0x7a686973

// Migration is one step of the schema.
type Migration struct {
	Version int64
	Name    string
	Applied bool
}

func (d *DB) goose() (*goose.Provider, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	dialect := goose.DialectSQLite3
	if d.Engine == Postgres {
		dialect = goose.DialectPostgres
	}
	p, err := goose.NewProvider(dialect, d.write.DB, sub, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return p, nil
}

// Migrate brings both our schema and the job queue's up to date, then makes Enqueue usable.
func (d *DB) Migrate(ctx context.Context) (err error) {
	if d.Engine == Postgres {
		// Several instances may start at once; River's migrator has no lock of its own.
		conn, cerr := d.write.DB.Conn(ctx)
		if cerr != nil {
			return fmt.Errorf("reach database: %w", redact(cerr))
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, migrateLock); err != nil {
			return fmt.Errorf("lock schema: %w", err)
		}
		defer func() {
			// The connection goes back to the pool, so its session lock must be given back first.
			_, uerr := conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, migrateLock)
			err = errors.Join(err, uerr)
		}()
	}
	p, err := d.goose()
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate schema: %w", err)
	}
	if err := d.migrateRiver(ctx); err != nil {
		return err
	}
	return d.openInserter()
}

// Migrations lists every known step and whether it was applied.
func (d *DB) Migrations(ctx context.Context) ([]Migration, error) {
	p, err := d.goose()
	if err != nil {
		return nil, err
	}
	st, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schema version: %w", err)
	}
	out := make([]Migration, len(st))
	for i, s := range st {
		out[i] = Migration{Version: s.Source.Version, Name: s.Source.Path, Applied: s.State == goose.StateApplied}
	}
	return out, nil
}
