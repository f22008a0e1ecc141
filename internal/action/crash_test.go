package action

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// died is what unwinds a job at the moment its process dies.
type died struct{ step string }

// fuse lets the process die after so many steps. A step is anything that outlives it: an answer of WeChat's, a commit, a write of its own. Between two of
// them dying makes no difference.
type fuse struct {
	left  int
	armed bool
	inTx  bool
}

func (f *fuse) passed(step string) {
	if !f.armed {
		return
	}
	if f.left--; f.left < 0 {
		f.armed = false
		panic(died{step})
	}
}

// BeforeQuery implements bun.QueryHook.
func (f *fuse) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if e.Operation() == "BEGIN" {
		f.inTx = true
	}
	return ctx
}

// AfterQuery implements bun.QueryHook.
func (f *fuse) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	switch op := e.Operation(); op {
	case "COMMIT", "ROLLBACK":
		f.inTx = false
		if op == "COMMIT" {
			f.passed("commit")
		}
	case "INSERT", "UPDATE", "DELETE":
		if !f.inTx {
			f.passed("write of its own")
		}
	}
}

// dies performs an action until the fuse blows. It returns where that was, or "" when the job was through before.
func (w *world) dies(f *fuse, after int, a *Action) (step string) {
	w.t.Helper()
	defer func() {
		f.armed, f.inTx = false, false
		if r := recover(); r != nil {
			d, ok := r.(died)
			if !ok {
				panic(r)
			}
			step = d.step
		}
	}()
	f.left, f.armed = after, true
	if err := w.actions.Perform(w.t.Context(), a.ID); err != nil {
		w.t.Fatalf("perform: %v", err)
	}
	return ""
}

// The process dies after each step of each action, and its job with it. Whoever comes next brings the action to an end, and WeChat takes it once at most: exactly
// once, unless nobody can tell, and then a person is asked.
func TestCrashAfterEachStepOfAnAction(t *testing.T) {
	status := map[complaint.Action]int{complaint.Respond: 201, complaint.Supplement: 106, complaint.RefundProof: 309, complaint.Appeal: 112}
	onEngines(t, func(w *world) {
		f := &fuse{}
		w.passed = f.passed
		db, ok := w.db.Write().(*bun.DB)
		if !ok {
			w.t.Fatalf("the writing pool is a %T", w.db.Write())
		}
		db.AddQueryHook(f) //nolint:staticcheck // the other way makes another pool, and the world has this one
		for _, kind := range complaint.Actions() {
			steps := []string{}
			for after := 0; ; after++ {
				step := ""
				w.row(string(kind)+" after step "+strconv.Itoa(after), func() { step = w.crashOnce(f, kind, status[kind], after) })
				if step == "" || w.t.Failed() {
					break
				}
				steps = append(steps, step)
			}
			// The look and its merge, the picture and its row, the attempt, the call, the outcome: fewer would mean that the fuse does not see them.
			if len(steps) < 7 {
				w.t.Errorf("%s has only the steps %q", kind, steps)
			}
		}
	})
}

func (w *world) crashOnce(f *fuse, kind complaint.Action, status, after int) string {
	w.t.Helper()
	c := w.force(w.file(), status, complaint.AppealNone)
	if kind == complaint.Appeal {
		c = w.force(c, status, complaint.AppealOpen)
	}
	in := of(c, kind)
	in.EvidenceIDs = []string{c.ID} // a picture that WeChat has not seen
	a, err := w.actions.Submit(w.t.Context(), in)
	w.must(err)
	w.loseJobs()
	step := w.dies(f, after, a)

	w.clock.Advance(reconcileAfter + time.Second)
	open := w.reload(a).FinishedAt.IsZero()
	w.loseJobs()
	w.must(w.actions.Reconcile(w.t.Context()))
	if n := w.jobs("action.perform"); (n == 1) != open {
		w.t.Errorf("died at the %s: %d new jobs for an action that is open: %v", step, n, open)
	}
	w.drive(a)
	taken := 0
	for _, call := range w.received(c, kind) {
		if call.Errcode == 0 {
			taken++
		}
	}
	switch got := w.reload(a); {
	case got.State == Done && taken == 1:
	case got.State == Failed && got.ErrorCode == CodeUnclear && taken == 0 && kind != complaint.Respond:
	default:
		w.t.Errorf("died at the %s: the action is %s %q and WeChat took it %d times", step, got.State, got.ErrorCode, taken)
	}
	if told := w.told(c); len(told) != 1 {
		w.t.Errorf("died at the %s: the timeline tells it %d times", step, len(told))
	}
	return step
}

// force puts a case into a state at WeChat, whatever the rules say, and reads it.
func (w *world) force(c *complaint.Complaint, status, appeal int) *complaint.Complaint {
	w.t.Helper()
	ch := wechatsim.ComplaintChange{Status: &status, AppealState: &appeal, Silent: true, Return: &wechatsim.ReturnChange{None: status != 309}}
	w.must(w.sim.SetComplaint(c.ComplaintOrderID, ch))
	w.clock.Advance(time.Second) // so that it is later than what was done before
	return w.fresh(c)
}
