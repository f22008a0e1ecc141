package notify_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/testkit"
)

// Members implements notify.MembersReader.
func (w *world) Members(context.Context) ([]notify.Member, error) {
	return []notify.Member{
		{ID: "agent", Name: "小李", Email: "li@163.com", Role: "agent"},
		{ID: "other", Name: "别的店", Email: "other@163.com", Role: "manager", ProgramIDs: []string{"p2"}},
		{ID: "boss", Name: "周经理", Email: "zhou@163.com", Role: "manager"},
		{ID: "owner", Name: "老板", Email: "laoban@163.com", Role: "owner"},
	}, nil
}

func (w *world) change(id string, change func(*notify.Facts)) {
	w.t.Helper()
	w.mu.Lock()
	f := w.cases[id]
	change(&f)
	w.cases[id] = f
	w.mu.Unlock()
	if err := w.Watch(w.t.Context(), id); err != nil {
		w.t.Fatal(err)
	}
}

// told advances the clock and returns who was told since, "left or reason to address".
func (w *world) told(step time.Duration, services ...*notify.Service) []string {
	w.t.Helper()
	before := len(w.notices())
	w.clock.Advance(step)
	if len(services) == 0 {
		services = []*notify.Service{w.Service}
	}
	var wg sync.WaitGroup
	for _, s := range services {
		wg.Go(func() {
			if err := s.Remind(w.t.Context()); err != nil {
				w.t.Errorf("remind: %v", err)
			}
		})
	}
	wg.Wait()
	out := []string{}
	for _, n := range w.notices()[before:] {
		out = append(out, fmt.Sprintf("%s %s", n.Reason, n.AddressMasked))
	}
	slices.Sort(out)
	return out
}

func (w *world) expect(when string, got []string, want ...string) {
	w.t.Helper()
	if !slices.Equal(got, want) && (len(got) > 0 || len(want) > 0) {
		w.t.Errorf("%s: told %v, want %v", when, got, want)
	}
}

// ladder sets the settings of the tests: 24, 12, 6, 2 and 1 hours left; the assignee after half an hour, managers 10 hours, owners 3 hours before the end.
func (w *world) ladder(rungs ...notify.Rung) {
	w.t.Helper()
	r := notify.DefaultReminders()
	r.Ladder = rungs
	if _, err := w.StoreReminders(w.t.Context(), r); err != nil {
		w.t.Fatal(err)
	}
}

func after(minutes int64, to string) notify.Rung { return notify.Rung{AfterMinutes: &minutes, To: to} }
func before(hours int64, to string) notify.Rung  { return notify.Rung{HoursLeft: &hours, To: to} }

const near = "subscription b***@163.com"

// watched is a case with 48 hours left, a receiver of reminders, and the given ladder.
func watched(t *testing.T, d *db.DB, rungs ...notify.Rung) *world {
	w := newWorld(t, d)
	w.subscribe(w.channel("邮箱"), []string{notify.EventDeadlineNear}, nil, "bell@163.com")
	w.ladder(rungs...)
	w.change("c1", func(f *notify.Facts) { f.DueAt, f.AssigneeID = db.At(testkit.Start.Add(48*time.Hour)), "agent" })
	return w
}

func TestRemindersComeAtTheHoursLeftEachOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := watched(t, d)
		other := w.process()
		both := []*notify.Service{w.Service, other}
		w.expect("at once", w.told(0, both...))
		w.expect("25 h left", w.told(23*time.Hour, both...))
		w.expect("24 h left", w.told(time.Hour, both...), near)
		w.expect("a minute later", w.told(time.Minute, both...))
		w.expect("12 h left", w.told(12*time.Hour, both...), near)
		// A restart changes nothing.
		both = []*notify.Service{w.process(), w.process()}
		w.expect("after a restart", w.told(0, both...))
		w.expect("6 h left", w.told(6*time.Hour, both...), near)
		w.expect("2 h left", w.told(4*time.Hour, both...), near)
		w.expect("1 h left", w.told(time.Hour, both...), near)
		w.expect("over", w.told(2*time.Hour, both...))
		if n := len(w.notices()); n != 5 {
			t.Errorf("%d notices", n)
		}
	})
}

func TestMissedRemindersAreToldOnceTheMostUrgentOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := watched(t, d, after(30, notify.ToAssignee), before(10, notify.ToManager), before(3, notify.ToOwner))
		w.expect("after 40 h down", w.told(40*time.Hour), "escalation z***@163.com", near)
		w.expect("then nothing", w.told(time.Minute))
		w.expect("the next as usual", w.told(3*time.Hour), near)
		w.expect("and the next step", w.told(2*time.Hour), "escalation l***@163.com")
	})
}

func TestMovedDeadlineBeginsRemindersAnew(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := watched(t, d)
		w.expect("24 h left", w.told(24*time.Hour), near)
		w.change("c1", func(f *notify.Facts) { f.DueAt += db.Time((24 * time.Hour).Milliseconds()) })
		w.expect("moved back", w.told(time.Minute))
		w.expect("24 h left again", w.told(24*time.Hour), near)
		w.change("c1", func(f *notify.Facts) { f.DueAt = db.At(w.clock.Now().Add(5 * time.Hour)) })
		w.expect("moved forward is told at once", w.told(0), near)
		w.change("c1", func(f *notify.Facts) { f.Stage = "waiting_user" })
		w.expect("answered", w.told(4*time.Hour))
	})
}

func TestLadderClimbsUntilSomebodyHasSeen(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		rungs := []notify.Rung{after(30, notify.ToAssignee), before(40, notify.ToManager), before(30, notify.ToOwner)}
		w := watched(t, d, rungs...)
		both := []*notify.Service{w.Service, w.process()}
		w.expect("too early", w.told(29*time.Minute, both...))
		w.expect("the assignee", w.told(time.Minute, both...), "escalation l***@163.com")
		w.expect("the manager in whose scope it is", w.told(8*time.Hour, both...), "escalation z***@163.com")
		w.change("c1", func(f *notify.Facts) { f.InHand = true })
		w.expect("seen", w.told(11*time.Hour, both...))
		w.expect("but the deadline is still told", w.told(5*time.Hour, both...), near)
		// It asks for something else: a new duty, a new ladder.
		w.change("c1", func(f *notify.Facts) {
			f.Stage, f.InHand, f.AssigneeID, f.DueAt = "to_supplement", false, "", db.At(w.clock.Now().Add(72*time.Hour))
		})
		w.expect("nobody's case goes to the manager", w.told(30*time.Minute, both...), "escalation z***@163.com")
	})
}

func TestNewCaseIsNotRemindedOfWhatItsNoticeSays(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe(w.channel("邮箱"), []string{notify.EventDeadlineNear}, nil, "bell@163.com")
		w.ladder(before(12, notify.ToOwner))
		w.change("c1", func(f *notify.Facts) { f.DueAt = db.At(testkit.Start.Add(5 * time.Hour)) })
		w.expect("5 h left from the beginning", w.told(time.Minute))
		w.expect("2 h left", w.told(3*time.Hour), near)
	})
}

func TestReminderOfAHandledCaseIsDropped(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := watched(t, d)
		w.told(24 * time.Hour)
		w.change("c1", func(f *notify.Facts) { f.Stage = "waiting_user" })
		n := w.notices()[0]
		w.deliver(n.ID)
		if n = w.notices()[0]; n.State != notify.Dropped || len(w.provider.messages()) != 0 {
			t.Errorf("%+v", n)
		}
	})
}

func TestWhatTheQueueLostIsWatched(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe(w.channel("邮箱"), []string{notify.EventDeadlineNear}, nil, "bell@163.com")
		w.ladder()
		c := w.cases["c1"]
		for range 2 {
			if err := w.WatchMany(t.Context(), []notify.Duty{{ComplaintID: "c1", Stage: c.Stage, DueAt: c.DueAt}}); err != nil {
				t.Fatal(err)
			}
		}
		w.expect("24 h left", w.told(24*time.Hour), near)
	})
}

func TestDigestComesOnceADay(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d) // 14:18
		r := notify.DefaultReminders()
		r.Digest = notify.Digest{Enabled: true, At: "09:00", ChannelID: w.channel("邮箱"), Receivers: []notify.Receiver{{Address: "bell@163.com"}, {UserID: "boss"}}}
		if _, err := w.StoreReminders(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		got, err := w.LoadReminders(t.Context())
		if err != nil || len(got.Digest.Receivers) != 2 {
			t.Fatalf("%+v, %v", got, err)
		}
		both := []*notify.Service{w.Service, w.process()}
		w.expect("switched on after nine", w.told(0, both...))
		w.expect("08:58", w.told(18*time.Hour+40*time.Minute, both...))
		w.expect("09:00", w.told(2*time.Minute, both...), "digest b***@163.com", "digest z***@163.com")
		w.expect("later that day", w.told(3*time.Hour, both...))
		w.expect("a day late is not made up for, today's is", w.told(45*time.Hour+30*time.Minute, both...), "digest b***@163.com", "digest z***@163.com")
		id := w.notices()[3].ID
		if w.deliver(id); len(w.provider.messages()) != 1 || w.provider.messages()[0].Subject == "" {
			t.Errorf("sent %+v", w.provider.messages())
		}
	})
}
