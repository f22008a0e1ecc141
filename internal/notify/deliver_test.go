package notify_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestAttemptIsWrittenBeforeTheCall(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		inside := 0
		w.provider.hook = func(channel.Message) {
			inside++
			n := w.notices()[0]
			if len(n.Attempts) != 1 || n.Attempts[0].Outcome != "unknown" || !n.Attempts[0].FinishedAt.IsZero() || n.State != notify.Queued {
				t.Errorf("during the call: %+v", n)
			}
		}
		if wait, cancelled := w.deliver(id); wait != 0 || cancelled {
			t.Errorf("wait %v, cancelled %v", wait, cancelled)
		}
		n := w.notices()[0]
		if inside != 1 || n.State != notify.Sent || n.SentAt != db.At(testkit.Start) || n.Attempts[0].Outcome != "sent" || n.Attempts[0].ProviderCode != "250" || n.Error != "" {
			t.Errorf("after the call: %+v", n)
		}
		m := w.provider.messages()[0]
		if m.To != "zhang@163.com" || len(m.ID) != 32 || m.Link != "https://zhisu.example/complaints/c1" {
			t.Errorf("message = %+v", m)
		}
		if c := w.get(ch); c.LastSuccessAt != db.At(testkit.Start) || c.LastError != "" {
			t.Errorf("channel = %+v", c)
		}
		if w.deliver(id); len(w.provider.messages()) != 1 {
			t.Error("a sent notice was sent again")
		}
	})
}

func TestOutcomeDecidesWhatComesNext(t *testing.T) {
	for _, c := range []struct {
		name      string
		result    channel.Result
		state     notify.State
		wait      time.Duration
		cancelled bool
		paused    time.Duration
		held      time.Duration
	}{
		{"a temporary failure waits 5 s", channel.Result{Outcome: channel.Retry}, notify.Queued, 5 * time.Second, false, 0, 0},
		{"the provider's wait is kept", channel.Result{Outcome: channel.Retry, After: 15 * time.Minute}, notify.Queued, 15 * time.Minute, false, 0, 0},
		{"a dead server holds the channel", channel.Result{Outcome: channel.Retry, WholeChannel: true}, notify.Queued, 5 * time.Second, false, 0, 5 * time.Second},
		{"a limit holds the channel as long as it says", channel.Result{Outcome: channel.Retry, WholeChannel: true, After: time.Hour}, notify.Queued, time.Hour, false, 0, time.Hour},
		{"a bad receiver fails for good", channel.Result{Outcome: channel.Permanent}, notify.Failed, 0, true, 0, 0},
		{"a bad login pauses the channel", channel.Result{Outcome: channel.Config, WholeChannel: true}, notify.Queued, 0, false, 30 * time.Minute, 0},
		{"no answer is tried again after a minute", channel.Result{Outcome: channel.Unknown}, notify.Queued, time.Minute, false, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				ch, id := w.one()
				c.result.Text, c.result.ProviderCode, c.result.ProviderText = "出了问题。", "999", "the provider's words"
				w.provider.script(c.result)
				wait, cancelled := w.deliver(id)
				if wait != c.wait || cancelled != c.cancelled {
					t.Errorf("wait %v, cancelled %v", wait, cancelled)
				}
				n := w.notices()[0]
				if n.State != c.state || !strings.HasPrefix(n.Error, "出了问题。") || strings.Contains(n.Error, "自动再发") != (c.wait > 0) {
					t.Errorf("notice = %+v", n)
				}
				a := n.Attempts[0]
				if a.Outcome != string(c.result.Outcome) || a.Text != "出了问题。" || a.ProviderCode != "999" || a.ProviderText != "the provider's words" || a.FinishedAt.IsZero() {
					t.Errorf("attempt = %+v", a)
				}
				got := w.get(ch)
				if until(got.PausedUntil) != c.paused || until(got.HoldUntil) != c.held {
					t.Errorf("channel paused for %v, held for %v", until(got.PausedUntil), until(got.HoldUntil))
				}
				receiverOnly := c.result.Outcome == channel.Permanent
				if failed := got.LastError == "出了问题。（999）"; failed == receiverOnly {
					t.Errorf("last error of channel = %q", got.LastError)
				}
			})
		})
	}
}

// until is how long after Start a moment lies; 0 for none.
func until(m db.Time) time.Duration {
	if m.IsZero() {
		return 0
	}
	return m.Time().Sub(testkit.Start)
}

func TestRetriesBackOffAndGiveUp(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		f := w.cases["c1"]
		f.DueAt = 0
		w.cases["c1"] = f
		_, id := w.one()
		var waits []time.Duration
		for range 100 {
			w.provider.script(channel.Result{Outcome: channel.Retry, Text: "忙。"})
			wait, cancelled := w.deliver(id)
			if cancelled {
				break
			}
			waits = append(waits, wait)
			w.clock.Advance(wait)
		}
		for i, want := range []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, 30 * time.Minute} {
			if waits[i] != want {
				t.Errorf("wait %d = %v, want %v", i+1, waits[i], want)
			}
		}
		n := w.notices()[0]
		if tried := w.clock.Now().Sub(testkit.Start); n.State != notify.Failed || tried < 23*time.Hour || tried > 24*time.Hour {
			t.Errorf("state %s after %v", n.State, tried)
		}
		if !strings.Contains(n.Error, "忙。") {
			t.Errorf("error = %q", n.Error)
		}
	})
}

func TestDeadlineKeepsANoticeAlive(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one() // due in 47 h 58 min
		w.clock.Advance(48 * time.Hour)
		w.provider.script(channel.Result{Outcome: channel.Retry})
		if wait, _ := w.deliver(id); wait == 0 {
			t.Error("given up before an hour after the deadline")
		}
		w.clock.Advance(time.Hour)
		if w.deliver(id); w.notices()[0].State != notify.Failed || len(w.provider.messages()) != 1 {
			t.Errorf("notice = %+v after %d sends", w.notices()[0], len(w.provider.messages()))
		}
	})
}

func TestNoAnswerIsRepeatedOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		w.provider.script(channel.Result{Outcome: channel.Unknown, After: time.Minute}, channel.Result{Outcome: channel.Unknown, After: time.Minute})
		wait, _ := w.deliver(id)
		if early, _ := w.deliver(id); early == 0 || len(w.provider.messages()) != 1 {
			t.Error("repeated too early")
		}
		w.clock.Advance(wait)
		if _, cancelled := w.deliver(id); !cancelled {
			t.Error("tried a third time")
		}
		m := w.provider.messages()
		if n := w.notices()[0]; n.State != notify.Failed || len(m) != 2 || m[0].ID != m[1].ID {
			t.Errorf("notice %+v after %d sends", n, len(m))
		}
	})
}

func TestProcessThatDiedInTheMiddleIsTakenOver(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		w.provider.script(channel.Result{Outcome: channel.Permanent, Text: "zu spät"}) // what the first one would write if it were let
		entered, resume, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
		var once sync.Once
		w.provider.hook = func(channel.Message) {
			first := false
			once.Do(func() { first = true })
			if first {
				close(entered)
				<-resume
			}
		}
		go func() {
			defer close(returned)
			_ = w.Deliver(t.Context(), id) // from here on this process hangs, as good as dead
		}()
		<-entered
		other := w.process()
		if d.Engine == db.Postgres {
			// The first may still live: its lease is waited for.
			if wait, _ := w.outcome(other.Deliver(t.Context(), id)); wait < time.Minute || len(w.provider.messages()) != 1 {
				t.Errorf("taken over before the lease ended; wait %v", wait)
			}
			w.clock.Advance(2 * time.Minute)
		}
		w.outcome(other.Deliver(t.Context(), id))
		m := w.provider.messages()
		if len(m) != 2 || m[0].ID != m[1].ID {
			t.Fatalf("%d sends", len(m))
		}
		n := w.notices()[0]
		if n.State != notify.Sent || len(n.Attempts) != 2 || !n.Attempts[0].FinishedAt.IsZero() || n.Attempts[0].Outcome != "unknown" || n.Attempts[1].Outcome != "sent" {
			t.Errorf("notice = %+v", n)
		}
		close(resume)
		<-returned
		if n := w.notices()[0]; n.State != notify.Sent || n.Error != "" {
			t.Errorf("the late one changed the state: %+v", n)
		}
	})
}

func TestConcurrentDeliveriesSendOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		services := []*notify.Service{w.Service}
		if d.Engine == db.Postgres {
			services = append(services, w.process())
		}
		gate := make(chan struct{})
		var wg sync.WaitGroup
		for i := range 8 {
			s := services[i%len(services)]
			wg.Go(func() {
				<-gate
				w.outcome(s.Deliver(t.Context(), id))
			})
		}
		close(gate)
		wg.Wait()
		if n := w.notices()[0]; len(w.provider.messages()) != 1 || n.State != notify.Sent || len(n.Attempts) != 1 {
			t.Errorf("%d sends, notice %+v", len(w.provider.messages()), n)
		}
	})
}

func TestHeldChannelIsTriedByOneNoticeForAll(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com", "c@163.com")
		w.plan(notify.EventComplaintNew, "c1", "new")
		ns := w.notices()
		down := channel.Result{Outcome: channel.Retry, WholeChannel: true, Text: "连不上。", ProviderCode: "timeout"}
		w.provider.script(down, down, down)
		for _, want := range []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute} {
			for i, n := range ns {
				wait, _ := w.deliver(n.ID)
				if wait != want {
					t.Errorf("notice %d waits %v, want %v", i, wait, want)
				}
			}
			w.clock.Advance(want)
		}
		if got := len(w.provider.messages()); got != 3 {
			t.Errorf("%d tries on a dead channel, want one per wait", got)
		}
		for _, n := range ns {
			w.deliver(n.ID)
		}
		if c := w.get(ch); !c.HoldUntil.IsZero() || c.LastError != "" {
			t.Errorf("channel after it came back: %+v", c)
		}
		for _, n := range w.notices() {
			if n.State != notify.Sent {
				t.Errorf("notice = %+v", n)
			}
		}
	})
}

func TestNoticeThatWaitedItsTurnSeesThatTheChannelFailed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com")
		w.plan(notify.EventComplaintNew, "c1", "new")
		ns := w.notices()
		w.provider.script(channel.Result{Outcome: channel.Retry, WholeChannel: true, ProviderCode: "timeout"})
		entered, ready, firstDone := make(chan struct{}), make(chan struct{}), make(chan struct{})
		w.provider.hook = func(channel.Message) {
			close(entered)
			<-ready
		}
		go func() {
			defer close(firstDone)
			w.outcome(w.Deliver(t.Context(), ns[0].ID))
		}()
		<-entered
		w.asked = func() { // the second has read the channel as working; only now the first fails
			close(ready)
			<-firstDone
		}
		wait, _ := w.deliver(ns[1].ID)
		if wait == 0 || len(w.provider.messages()) != 1 {
			t.Errorf("wait %v after %d sends on a failing channel", wait, len(w.provider.messages()))
		}
		if n := w.notices()[1]; len(n.Attempts) != 0 || n.State != notify.Queued {
			t.Errorf("notice = %+v", n)
		}
	})
}

func TestRefusedLoginPausesTheChannelUntilItIsMended(t *testing.T) {
	refused := channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "535", Text: "授权码不对。"}
	for name, mend := range map[string]func(t *testing.T, w *world, ch string){
		"by new settings": func(t *testing.T, w *world, ch string) {
			c, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: []byte(`{"password":"NEUERCODE"}`)})
			if err != nil || !c.PausedUntil.IsZero() {
				t.Fatalf("%+v, %v", c, err)
			}
		},
		"by a test that works": func(t *testing.T, w *world, ch string) {
			r, err := w.Test(t.Context(), ch, "")
			if err != nil || !r.OK || !strings.Contains(r.Text, "s***@163.com") {
				t.Fatalf("%+v, %v", r, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				ch := w.channel("邮箱")
				w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com")
				w.plan(notify.EventComplaintNew, "c1", "new")
				w.provider.script(refused)
				for range 5 {
					for _, n := range w.notices() {
						if wait, cancelled := w.deliver(n.ID); wait != 0 || cancelled {
							t.Errorf("wait %v, cancelled %v", wait, cancelled)
						}
					}
					w.clock.Advance(time.Minute)
				}
				if n := len(w.provider.messages()); n != 1 {
					t.Fatalf("a refused password was tried %d times", n)
				}
				w.dropJobs() // they are done: waiting needs none
				if err := w.Reconcile(t.Context()); err != nil || w.jobs() != 0 {
					t.Errorf("%d jobs for a paused channel, %v", w.jobs(), err)
				}
				before := len(w.provider.messages())
				mend(t, w, ch)
				tested := len(w.provider.messages()) - before
				if w.jobs() != 2 {
					t.Errorf("%d jobs after mending, want 2", w.jobs())
				}
				for _, n := range w.notices() {
					w.deliver(n.ID)
				}
				if n := len(w.provider.messages()); n != 3+tested {
					t.Errorf("%d sends", n)
				}
				for _, n := range w.notices() {
					if n.State != notify.Sent {
						t.Errorf("notice = %+v", n)
					}
				}
			})
		})
	}
}

func TestPausedChannelIsProbedRarelyAndHealsByItself(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		w.subscribe(ch, []string{notify.EventComplaintNew}, nil, "a@163.com", "b@163.com", "c@163.com")
		w.plan(notify.EventComplaintNew, "c1", "new")
		refused := channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "535", Text: "授权码不对。"}
		w.provider.script(refused, refused)
		round := func() {
			t.Helper()
			w.dropJobs()
			if err := w.Reconcile(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, n := range w.notices() {
				if n.State == notify.Queued {
					w.deliver(n.ID)
				}
			}
		}
		round()
		w.clock.Advance(29 * time.Minute)
		if round(); len(w.provider.messages()) != 1 {
			t.Fatalf("probed too early: %d sends", len(w.provider.messages()))
		}
		w.clock.Advance(time.Minute)
		if round(); len(w.provider.messages()) != 2 {
			t.Fatalf("%d sends, want one probe", len(w.provider.messages()))
		}
		if until(w.get(ch).PausedUntil) != 30*time.Minute+2*time.Hour {
			t.Errorf("next probe after %v", until(w.get(ch).PausedUntil))
		}
		w.clock.Advance(2 * time.Hour)
		if round(); !w.get(ch).PausedUntil.IsZero() {
			t.Error("still paused after a probe that worked")
		}
		if w.jobs() == 0 {
			t.Error("nothing was enqueued after the channel healed")
		}
		round()
		for _, n := range w.notices() {
			if n.State != notify.Sent {
				t.Errorf("notice = %+v", n)
			}
		}
	})
}

func TestSettingsChangedDuringATryAreTriedAtOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		w.provider.script(channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "535"})
		w.provider.hook = func(channel.Message) {
			w.provider.hook = nil
			if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Settings: []byte(`{"password":"NEUERCODE"}`)}); err != nil {
				t.Error(err)
			}
		}
		wait, _ := w.deliver(id)
		if c := w.get(ch); !c.PausedUntil.IsZero() || wait == 0 || wait > time.Second {
			t.Errorf("the old settings' failure paused the new ones: %+v, wait %v", c, wait)
		}
		w.clock.Advance(time.Second)
		if w.deliver(id); w.notices()[0].State != notify.Sent {
			t.Errorf("notice = %+v", w.notices()[0])
		}
	})
}

func TestNoticeOfAMissingChannelIsDropped(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		off := false
		if _, err := w.UpdateChannel(t.Context(), ch, notify.ChannelPatch{Enabled: &off}); err != nil {
			t.Fatal(err)
		}
		if w.deliver(id); w.notices()[0].State != notify.Dropped || w.notices()[0].Error == "" || len(w.provider.messages()) != 0 {
			t.Errorf("notice = %+v", w.notices()[0])
		}
		if _, cancelled := w.deliver("nothing"); !cancelled {
			t.Error("a job without a notice goes on")
		}
	})
}

func TestReconcileFindsWhatTheQueueLost(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		check := func(when string, want int) {
			t.Helper()
			for range 2 { // a second run adds nothing
				if err := w.Reconcile(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := w.jobs(); got != want {
					t.Errorf("%s: %d jobs, want %d", when, got, want)
				}
			}
		}
		w.clock.Advance(2 * time.Minute)
		check("with a live job", 1)
		w.dropJobs()
		check("with a lost job", 1)
		w.provider.script(channel.Result{Outcome: channel.Retry, After: time.Hour})
		w.deliver(id)
		w.dropJobs()
		w.clock.Advance(30 * time.Minute)
		check("before the next try is due", 0)
		w.clock.Advance(31 * time.Minute)
		check("after it was due", 1)
		w.dropJobs()
		if w.deliver(id); w.notices()[0].State != notify.Sent {
			t.Errorf("notice = %+v", w.notices()[0])
		}
		check("after it was sent", 0)
	})
}

func TestReconcileFindsTriesThatWereCutOff(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		w.dropJobs()
		if _, err := d.Write().NewRaw(`UPDATE notices SET state = 'sending', owner = 'dead', attempt_id = 'a', lease_until = ? WHERE id = ?`,
			db.At(testkit.Start.Add(90*time.Second)), id).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.Reconcile(t.Context()); err != nil || w.jobs() != 0 {
			t.Errorf("%d jobs during the lease, %v", w.jobs(), err)
		}
		w.clock.Advance(2 * time.Minute)
		if err := w.Reconcile(t.Context()); err != nil || w.jobs() != 1 {
			t.Errorf("%d jobs after the lease, %v", w.jobs(), err)
		}
		if w.deliver(id); w.notices()[0].State != notify.Sent {
			t.Errorf("notice = %+v", w.notices()[0])
		}
	})
}

func TestNoticeCutOffAgainAndAgainEnds(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		for range 30 {
			if w.notices()[0].State == notify.Failed {
				break
			}
			// Each process dies inside the call.
			func() {
				defer func() { _ = recover() }()
				w.provider.hook = func(channel.Message) { panic("killed") }
				_ = w.process().Deliver(t.Context(), id)
			}()
			w.clock.Advance(2 * time.Minute)
		}
		if n := w.notices()[0]; n.State != notify.Failed || len(n.Attempts) != 10 || n.Error == "" {
			t.Errorf("state %s after %d tries: %s", n.State, len(n.Attempts), n.Error)
		}
	})
}
