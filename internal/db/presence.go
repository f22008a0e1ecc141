package db

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Presence answers one question on PostgreSQL: is the instance that took a job still alive? Every instance holds a session lock, named by its id, on a
// connection of its own. The server drops the lock the moment that connection ends, however the process ended, so the others take over its jobs within
// seconds instead of River's two minutes. River's rescuer stays behind it, for jobs that hang and for machines that vanish without closing a connection.
//
// An instance that loses this connection but lives on takes a new one within presenceEvery, and is given up only when two looks in a row miss it. Should
// its jobs be worked twice all the same, nothing breaks: every package compares and sets.
const (
	presenceEvery   = 5 * time.Second
	presenceTimeout = 4 * time.Second
	presenceClass   = 0x7a687072 // the first half of the advisory lock's name; the second is a hash of the instance
)

// presence is the running half of Appear.
type presence struct {
	db   *DB
	conn *pgx.Conn
	// missed are the owners of running jobs that the last look did not find.
	missed map[string]struct{}
}

// Instance names this process among those that share the database. River writes it on every job that it takes.
func (d *DB) Instance() string { return d.instance }

// Appear takes over the jobs of processes that died, and on PostgreSQL goes on doing so and shows the others that this one is alive. Call it before
// jobs are worked, and leave after the last one has ended.
func (d *DB) Appear(ctx context.Context) (leave func(), err error) {
	if d.Engine == SQLite {
		n, err := d.RescueOrphans(ctx)
		if n > 0 {
			d.logger.InfoContext(ctx, "took over jobs of a process that died", "jobs", n)
		}
		return func() {}, err
	}
	p := &presence{db: d, missed: map[string]struct{}{}}
	if err := p.look(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { p.run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}, nil
}

func (p *presence) run(ctx context.Context) {
	t := time.NewTicker(presenceEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			p.close(context.WithoutCancel(ctx))
			return
		case <-t.C:
		}
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			p.db.logger.WarnContext(ctx, "could not look after the jobs of other instances", "err", err)
		}
	}
}

func (p *presence) close(ctx context.Context) {
	if p.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, presenceTimeout)
	defer cancel()
	_ = p.conn.Close(ctx) // the server notices either way
	p.conn = nil
}

// look keeps our own lock and takes over what owners left who are missing for the second time.
func (p *presence) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, presenceTimeout)
	defer cancel()
	if err := p.hold(ctx); err != nil {
		return fmt.Errorf("show presence: %w", redact(err))
	}
	missing, err := p.missing(ctx)
	if err != nil {
		return fmt.Errorf("look for missing instances: %w", redact(err))
	}
	before := p.missed
	p.missed = missing
	for owner := range missing {
		if _, twice := before[owner]; !twice {
			continue
		}
		tag, err := p.conn.Exec(ctx, `UPDATE river_job SET state = 'available', attempt = greatest(attempt - 1, 0)
			WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`, owner)
		if err != nil {
			return fmt.Errorf("take over jobs: %w", redact(err))
		}
		delete(p.missed, owner)
		p.db.logger.InfoContext(ctx, "took over jobs of an instance that died", "instance", owner, "jobs", tag.RowsAffected())
	}
	return nil
}

// hold makes sure that the connection lives and has the lock.
func (p *presence) hold(ctx context.Context) error {
	if p.conn != nil {
		err := p.conn.Ping(ctx)
		if err == nil {
			return nil
		}
		p.close(ctx)
	}
	conn, err := pgx.ConnectConfig(ctx, p.db.pg.Copy())
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock_shared($1, $2)`, presenceClass, presenceKey(p.db.instance)); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	p.conn = conn
	return nil
}

// missing returns the owners of running jobs whose lock nobody holds. Owners are read first: who takes jobs has had the lock before.
func (p *presence) missing(ctx context.Context) (map[string]struct{}, error) {
	rows, err := p.conn.Query(ctx, `SELECT DISTINCT attempted_by[array_upper(attempted_by, 1)] FROM river_job
		WHERE state = 'running' AND array_upper(attempted_by, 1) IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	owners, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(owners) == 0 {
		return nil, err
	}
	if rows, err = p.conn.Query(ctx, `SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = $1 AND objsubid = 2
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, int64(presenceClass)); err != nil {
		return nil, err
	}
	held, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, err
	}
	present := make(map[int64]struct{}, len(held))
	for _, k := range held {
		present[k] = struct{}{}
	}
	missing := map[string]struct{}{}
	for _, o := range owners {
		if _, ok := present[int64(uint32(presenceKey(o)))]; !ok {
			missing[o] = struct{}{}
		}
	}
	return missing, nil
}

// Gone reports whether another instance has ended, as far as one look tells: for what may be done twice. Before Appear, and while it connects again, an
// instance counts as gone to others.
func (d *DB) Gone(ctx context.Context, instance string) (bool, error) {
	if instance == d.instance {
		return false, nil
	}
	if d.Engine == SQLite {
		return true, nil // one process has the data dir
	}
	var present bool
	err := d.Read.DB.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid::bigint = $1
		AND objid::bigint = $2 AND objsubid = 2 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
		int64(presenceClass), int64(uint32(presenceKey(instance)))).Scan(&present)
	if err != nil {
		return false, fmt.Errorf("look for instance: %w", redact(err))
	}
	return !present, nil
}

// presenceKey names an instance's lock. Two instances with one key share it, and then River's rescuer has to do.
func presenceKey(instance string) int32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(instance)) // never fails
	return int32(h.Sum32())
}
