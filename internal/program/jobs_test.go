package program_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
)

func (w *world) text(rows *sql.Rows) string {
	w.t.Helper()
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	w.ok(err)
	var b strings.Builder
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		w.ok(rows.Scan(values...))
		for _, v := range values {
			fmt.Fprintf(&b, "%s|", *v.(*any))
		}
		b.WriteByte('\n')
	}
	w.ok(rows.Err())
	return b.String()
}

type job struct {
	id         int64
	kind, args string
}

// queued lists the jobs that wait, oldest first.
func (w *world) queued() []job {
	w.t.Helper()
	args := "json(args)"
	if w.db.Engine == db.Postgres {
		args = "CAST(args AS text)"
	}
	rows, err := w.db.Read.QueryContext(w.ctx, "SELECT id, kind, "+args+" FROM river_job WHERE state = 'available' ORDER BY id")
	w.ok(err)
	defer func() { _ = rows.Close() }()
	var out []job
	for rows.Next() {
		var j job
		w.ok(rows.Scan(&j.id, &j.kind, &j.args))
		out = append(out, j)
	}
	w.ok(rows.Err())
	return out
}

func (w *world) queuedOf(kind string) int {
	n := 0
	for _, j := range w.queued() {
		if j.kind == kind {
			n++
		}
	}
	return n
}

// drain works on every waiting job, one after the other, until none is left. A failed job is not repeated.
func (w *world) drain() {
	w.t.Helper()
	for {
		jobs := w.queued()
		if len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			w.exec("DELETE FROM river_job WHERE id = ?", j.id)
			if err := w.perform(j); err != nil {
				w.log.note(err)
				w.failed = append(w.failed, fmt.Errorf("%s: %w", j.kind, err))
			}
		}
	}
}

// forget drops the waiting jobs, as if their turn never came.
func (w *world) forget() { w.exec("DELETE FROM river_job") }

func (w *world) perform(j job) error {
	w.t.Helper()
	do, known := kinds(w.Service, func(a program.PermissionLostArgs) { w.lost = append(w.lost, a) }).byKind[j.kind]
	if !known {
		w.t.Fatalf("job %s has no worker", j.kind)
	}
	return do(w.ctx, []byte(j.args))
}

// roster says who works on what, for drain and for a real worker.
type roster struct {
	byKind  map[string]func(ctx context.Context, args []byte) error
	workers *river.Workers
}

// kinds is every job of the package, as in app/jobs.go.
func kinds(s *program.Service, lost func(program.PermissionLostArgs)) roster {
	r := roster{map[string]func(context.Context, []byte) error{}, river.NewWorkers()}
	handle(r, func(ctx context.Context, _ program.KeepTokensArgs) error { return s.KeepTokens(ctx) })
	handle(r, func(ctx context.Context, a program.ExchangeArgs) error { return s.Exchange(ctx, a.CodeHash) })
	handle(r, func(ctx context.Context, a program.RefreshArgs) error { return s.Refresh(ctx, a.ProgramID) })
	handle(r, func(context.Context, program.RefreshedArgs) error { return nil }) // who reads the cases then is not of this package
	handle(r, s.Unauthorize)
	handle(r, func(ctx context.Context, _ program.ReconcileArgs) error { return s.Reconcile(ctx) })
	handle(r, s.ReleaseReply)
	handle(r, func(_ context.Context, a program.PermissionLostArgs) error { lost(a); return nil })
	return r
}

func handle[T river.JobArgs](r roster, do func(context.Context, T) error) {
	var zero T
	river.AddWorker(r.workers, river.WorkFunc(func(ctx context.Context, j *river.Job[T]) error { return do(ctx, j.Args) }))
	r.byKind[zero.Kind()] = func(ctx context.Context, raw []byte) error {
		var args T
		if err := json.Unmarshal(raw, &args); err != nil {
			return fmt.Errorf("read job: %w", err)
		}
		return do(ctx, args)
	}
}
