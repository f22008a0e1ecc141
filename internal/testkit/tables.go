package testkit

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
)

// Tables names every table of a test's database, those of the job queue included, without the migrations' own.
func Tables(t testing.TB, d *db.DB) []string {
	t.Helper()
	query := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`
	if d.Engine == db.Postgres {
		query = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name`
	}
	var all, out []string
	if err := d.Read.NewRaw(query).Scan(t.Context(), &all); err != nil {
		t.Fatalf("list tables: %v", err)
	}
	for _, name := range all {
		if !strings.HasPrefix(name, "goose_") && name != "river_migration" {
			out = append(out, name)
		}
	}
	return out
}

// Counts returns the number of rows of every table, to show that something left none.
func Counts(t testing.TB, d *db.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	for _, name := range Tables(t, d) {
		var n int
		if err := d.Read.NewRaw("SELECT count(*) FROM "+name).Scan(t.Context(), &n); err != nil {
			t.Fatalf("count %s: %v", name, err)
		}
		out[name] = n
	}
	return out
}

// Dump returns every value of every table as text, to search it for what must not be stored in clear.
func Dump(t testing.TB, d *db.DB) string {
	t.Helper()
	var b strings.Builder
	for _, name := range Tables(t, d) {
		dumpTable(t, d, name, &b)
	}
	return b.String()
}

func dumpTable(t testing.TB, d *db.DB, name string, b *strings.Builder) {
	t.Helper()
	rows, err := d.Read.DB.QueryContext(t.Context(), "SELECT * FROM "+name)
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	for rows.Next() {
		vals, ptrs := make([]any, len(cols)), make([]any, len(cols))
		for i := range vals {
			ptrs[i] = &vals[i]
		}
		if err := rows.Scan(ptrs...); err != nil {
			t.Fatalf("read %s: %v", name, err)
		}
		for i, v := range vals {
			if raw, ok := v.([]byte); ok {
				v = string(raw)
			}
			fmt.Fprintf(b, "%s.%s = %v\n", name, cols[i], v)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
}

// Jobs returns the arguments, as JSON, of all jobs of a kind that were ever enqueued, oldest first.
func Jobs(t testing.TB, d *db.DB, kind string) []string {
	t.Helper()
	query := `SELECT json(args) FROM river_job WHERE kind = ? ORDER BY id`
	if d.Engine == db.Postgres {
		query = `SELECT args::text FROM river_job WHERE kind = ? ORDER BY id`
	}
	out := []string{}
	if err := d.Read.NewRaw(query, kind).Scan(t.Context(), &out); err != nil {
		t.Fatalf("list %s jobs: %v", kind, err)
	}
	return out
}
