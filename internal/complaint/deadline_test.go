package complaint

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// told is what an entry says of a deadline, in hours since Start; none is no deadline.
type told struct {
	At, From, To int
	Text         string
}

const none = -1

func (w *world) deadlines(id string) []told {
	w.t.Helper()
	hours := func(t db.Time) int {
		if t.IsZero() {
			return none
		}
		return int(t.Time().Sub(testkit.Start).Hours())
	}
	out := []told{}
	for _, e := range w.timeline(id) {
		if e.Kind == KindDeadline {
			out = append([]told{{hours(e.At), hours(e.DueFrom), hours(e.DueTo), e.Text}}, out...)
		}
	}
	return out
}

func (w *world) set(number string, ch wechatsim.ComplaintChange) {
	w.t.Helper()
	if err := w.sim.SetComplaint(number, ch); err != nil {
		w.t.Fatal(err)
	}
}

func TestTheTimelineTellsWhatBecameOfADeadline(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.heard(wechatsim.Filing{})
		if got := w.deadlines(c.ID); len(got) != 0 {
			t.Fatalf("before WeChat's detail was read: %v", got)
		}
		var want []told
		step := func(what string, entry *told) {
			t.Helper()
			if entry != nil {
				want = append(want, *entry)
			}
			c = w.sync(c)
			c = w.sync(c) // a repeat tells nothing twice
			if diff := cmp.Diff(want, w.deadlines(c.ID)); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", what, diff)
			}
		}
		in := func(h int64) wechatsim.ComplaintChange { return wechatsim.ComplaintChange{ExpiresIn: ptr(h * 3600)} }
		step("set", &told{0, none, 48, "截止时间定为 2026-03-14 14:18"})
		w.clock.Advance(time.Hour)
		w.set(c.ComplaintOrderID, in(71))
		step("later", &told{1, 48, 72, "微信把截止时间改为 2026-03-15 14:18（原为 2026-03-14 14:18）"})
		w.set(c.ComplaintOrderID, in(23))
		step("earlier", &told{1, 72, 24, "微信把截止时间改为 2026-03-13 14:18（原为 2026-03-15 14:18）"})
		w.set(c.ComplaintOrderID, in(71))
		step("back to where it was", &told{1, 24, 72, "微信把截止时间改为 2026-03-15 14:18（原为 2026-03-13 14:18）"})
		w.set(c.ComplaintOrderID, in(0))
		step("taken away", &told{1, 72, none, "微信取消了截止时间（原为 2026-03-15 14:18）"})
		w.set(c.ComplaintOrderID, in(9))
		step("set again", &told{1, none, 10, "截止时间定为 2026-03-13 00:18"})
		// The next steps: one without a deadline, then one with, noticed an hour late.
		w.advance(c.ComplaintOrderID, wechatsim.TimeOut)
		step("a step without", nil)
		w.clock.Advance(time.Hour)
		w.advance(c.ComplaintOrderID, wechatsim.PlatformAsksEvidence)
		w.clock.Advance(time.Hour)
		step("a step of its own", &told{2, none, 50, "截止时间定为 2026-03-14 16:18"})
		w.advance(c.ComplaintOrderID, wechatsim.Withdraw)
		step("the end", nil)
	})
}

func TestACaseFromBeforeTellsOnlyWhatChangesFromNowOn(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		c := w.sync(w.heard(wechatsim.Filing{}))
		w.exec(`DELETE FROM timeline WHERE kind = 'deadline'`)
		w.clock.Advance(time.Hour)
		w.set(c.ComplaintOrderID, wechatsim.ComplaintChange{ItemType: 2, Content: "还没有收到回复"})
		if c = w.sync(c); len(w.deadlines(c.ID)) != 0 {
			t.Errorf("the same deadline was told: %v", w.deadlines(c.ID))
		}
		w.set(c.ComplaintOrderID, wechatsim.ComplaintChange{ExpiresIn: ptr(int64(3600))})
		if c = w.sync(c); len(w.deadlines(c.ID)) != 1 || w.deadlines(c.ID)[0].From != 48 {
			t.Errorf("moved: %v", w.deadlines(c.ID))
		}
	})
}
