package notify_test

import (
	"os"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestAnUpgradeWakesNobodyElse(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		steps := func() int {
			t.Helper()
			r, err := w.LoadReminders(t.Context())
			if err != nil || len(r.HoursLeft) != 5 {
				t.Fatalf("%+v, %v", r, err)
			}
			return len(r.Ladder)
		}
		step, err := os.ReadFile("../db/migrations/00025_ladder.sql")
		if err != nil {
			t.Fatal(err)
		}
		up, _, _ := strings.Cut(string(step), "-- +goose Down")
		again := func() {
			t.Helper()
			if _, err := d.Write().NewRaw(up).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if again(); steps() != 3 {
			t.Errorf("a new installation begins with %d steps", steps())
		}
		w.channel("邮箱")
		if again(); steps() != 0 {
			t.Errorf("one that tells people already begins with %d steps", steps())
		}
		w.ladder(after(30, "owner"))
		if again(); steps() != 1 {
			t.Errorf("what was set became %d steps", steps())
		}
	})
}
