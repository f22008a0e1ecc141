package complaint

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestReadingsGetMoreFrequentTowardsADeadlineAndRarerWhileNothingHappens(t *testing.T) {
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	merchant := func(left time.Duration) Complaint {
		return Complaint{Stage: ToRespond, Status: 201, DueAt: db.At(now.Add(left))}
	}
	for _, c := range []struct {
		name     string
		c        Complaint
		min, max time.Duration // 0: never
	}{
		{"two days left", merchant(48 * time.Hour), 4 * time.Hour, 6 * time.Hour},
		{"just more than a day left: up to the next step", merchant(25 * time.Hour), 40 * time.Minute, time.Hour},
		{"a day left", merchant(24 * time.Hour), 45 * time.Minute, time.Hour},
		{"five hours left", merchant(5 * time.Hour), 15 * time.Minute, 20 * time.Minute},
		{"half an hour left", merchant(30 * time.Minute), 4 * time.Minute, 5 * time.Minute},
		{"overdue", merchant(-time.Minute), 4 * time.Minute, 5 * time.Minute},
		{"overdue, nothing happens", Complaint{Stage: ToRespond, DueAt: db.At(now.Add(-48 * time.Hour)), Unchanged: 20}, 4 * time.Hour, 6 * time.Hour},
		{"no deadline", Complaint{Stage: ToProve}, 16 * time.Minute, 20 * time.Minute},
		{"at the platform, just moved", Complaint{Stage: AtPlatform}, 24 * time.Minute, 30 * time.Minute},
		{"at the platform, nothing happens", Complaint{Stage: AtPlatform, Unchanged: 9}, 4 * time.Hour, 6 * time.Hour},
		{"the user's own deadline is near", Complaint{Stage: WaitingUser, Unchanged: 9, DueAt: db.At(now.Add(time.Hour))}, time.Hour, 62 * time.Minute},
		{"an unknown status", Complaint{Stage: StageUnknown}, 24 * time.Minute, 30 * time.Minute},
		{"closed", Complaint{Stage: Closed}, 0, 0},
		{"closed, the appeal is judged", Complaint{Stage: Closed, AppealState: AppealRunning}, 96 * time.Minute, 2 * time.Hour},
	} {
		at := map[time.Time]bool{}
		for i := range 50 {
			c.c.ID = fmt.Sprintf("case-%d", i)
			next := nextCheck(&c.c, now)
			at[next] = true
			if c.max == 0 {
				if !next.IsZero() {
					t.Errorf("%s: read at %s", c.name, next)
				}
				continue
			}
			if d := next.Sub(now); d < c.min || d > c.max {
				t.Errorf("%s: after %s, want %s to %s", c.name, d, c.min, c.max)
			}
		}
		if c.max > 0 && len(at) < 10 && !strings.Contains(c.name, "own deadline") {
			t.Errorf("%s: 50 cases are read at %d moments", c.name, len(at))
		}
	}
}

func TestOneProgramsCasesDoNotCrowdOutAnothersAndTheMostPressingComeFirst(t *testing.T) {
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	rows := []dueCheck{}
	for i := range 45 {
		rows = append(rows, dueCheck{ID: fmt.Sprintf("a%02d", i), ProgramID: "a", DueSort: int64(100 - i)})
	}
	rows = append(rows, dueCheck{ID: "b", ProgramID: "b", DueSort: 1000}, dueCheck{ID: "c", ProgramID: "c", DueSort: 1})
	read, later := planChecks(rows, map[string]db.Time{"c": db.At(now.Add(time.Hour))}, now)
	if len(read) != checksPerProgram+1 || read[0] != "a44" || read[len(read)-1] != "b" {
		t.Errorf("read %v", read)
	}
	if got := later[db.At(now.Add(time.Minute))]; len(got) != 20 || got[0] != "a24" {
		t.Errorf("a minute later: %v", got)
	}
	if got := later[db.At(now.Add(2*time.Minute))]; len(got) != 5 {
		t.Errorf("two minutes later: %v", got)
	}
	if got := later[db.At(now.Add(time.Hour))]; len(got) != 1 || got[0] != "c" {
		t.Errorf("the program without calls left: %v", got)
	}
}

func TestAWithdrawalWithoutAPushIsFoundAndTheCaseIsNotReadAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{})
		w.sync(c)
		w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
		w.exec(`DELETE FROM river_job`)
		w.clock.Advance(6 * time.Hour)
		round := func() int {
			t.Helper()
			if err := w.cases.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			return len(testkit.Jobs(t, d, SyncArgs{}.Kind()))
		}
		if n := round(); n != 1 {
			t.Fatalf("%d jobs after six hours", n)
		}
		// The job is lost with its process: the row brings it back.
		w.exec(`DELETE FROM river_job`)
		if n := round(); n != 0 {
			t.Errorf("%d jobs at once", n)
		}
		w.clock.Advance(checkLease + time.Second)
		if n := round(); n != 1 {
			t.Errorf("%d jobs after the job was lost", n)
		}
		w.sync(c)
		w.exec(`DELETE FROM river_job`)
		w.clock.Advance(1000 * time.Hour)
		if n := round(); n != 0 {
			t.Errorf("a closed case is read again")
		}
	})
}
