package action

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// An answer that never came must lead to exactly one effect at WeChat, whether or not the call had one.
func TestUnknownOutcomeIsReadBackAndTheAnswerTakenOnce(t *testing.T) {
	onEngines(t, func(w *world) {
		empty := "not json"
		for name, tc := range map[string]struct {
			fault wechatsim.Fault
			calls int
		}{
			"-1 without effect":                {faultOf(respondAPI, -1), 2},
			"-1 after the effect":              {wechatsim.Fault{Target: respondAPI, Errcode: code(-1), After: true}, 1},
			"HTTP 500 without effect":          {wechatsim.Fault{Target: respondAPI, HTTPStatus: 500}, 2},
			"HTTP 500 after the effect":        {wechatsim.Fault{Target: respondAPI, HTTPStatus: 500, After: true}, 1},
			"a hang-up without effect":         {wechatsim.Fault{Target: respondAPI, Drop: true}, 2},
			"a hang-up after the effect":       {wechatsim.Fault{Target: respondAPI, Hangup: true}, 1},
			"nonsense without effect":          {wechatsim.Fault{Target: respondAPI, Body: &empty}, 2},
			"nonsense after the effect":        {wechatsim.Fault{Target: respondAPI, Body: &empty, After: true}, 1},
			"an unknown code without effect":   {faultOf(respondAPI, 987654), 2},
			"an unknown code after the effect": {wechatsim.Fault{Target: respondAPI, Errcode: code(987654), After: true}, 1},
		} {
			w.row(name, func() {
				c := w.file()
				a := w.submit(c)
				w.fault(tc.fault)
				if wait := w.once(a); wait != readBackAfter {
					w.t.Errorf("the first look comes after %v", wait)
				}
				if st := w.reload(a).State; st != Unknown {
					w.t.Errorf("after the lost answer the action is %s", st)
				}
				w.called(respondAPI, 1)
				w.clock.Advance(readBackAfter)
				w.drive(a)
				w.ended(a, Done, "")
				w.called(respondAPI, tc.calls)
				w.effects(c, 1)
				rows := w.attemptRows(a)
				if len(rows) != tc.calls || rows[len(rows)-1].Outcome != attemptDone {
					w.t.Errorf("the attempts are %+v", rows)
				}
				if told := w.told(c); len(told) != 1 || told[0].Kind != "respond" {
					w.t.Errorf("the timeline says %+v", told)
				}
			})
		}
	})
}

// impatient makes every action wait only briefly for WeChat's answer.
func (w *world) impatient() {
	w.actions = New(Options{
		DB: w.db, Clock: w.clock, Complaints: w.complaints, Programs: w.programs, WeChat: w.wechat(300 * time.Millisecond), Logger: w.actions.log,
	})
}

// keep reads a request to its end and returns one that outlives it.
func (w *world) keep(r *http.Request) *http.Request {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Errorf("read the call: %v", err)
	}
	keep := r.Clone(context.WithoutCancel(r.Context()))
	keep.Body = io.NopCloser(bytes.NewReader(body))
	return keep
}

func TestTimedOutCallIsReadBack(t *testing.T) {
	onEngines(t, func(w *world) {
		for name, effect := range map[string]bool{"without effect": false, "with effect": true} {
			w.row(name, func() {
				w.impatient()
				c := w.file()
				a := w.submit(c)
				w.whileResponding(func(_ http.ResponseWriter, r *http.Request, sim http.Handler) {
					w.whileResponding(nil)
					again := w.keep(r)
					if effect {
						sim.ServeHTTP(httptest.NewRecorder(), again)
					}
					<-r.Context().Done()
				})
				w.once(a)
				if st := w.reload(a).State; st != Unknown {
					w.t.Errorf("after the time-out the action is %s", st)
				}
				w.drive(a)
				w.ended(a, Done, "")
				w.called(respondAPI, 1)
				w.effects(c, 1)
			})
		}
	})
}

func TestEffectThatComesAfterTheFirstLookIsSeenAndNotRepeated(t *testing.T) {
	onEngines(t, func(w *world) {
		w.impatient()
		c := w.file()
		a := w.submit(c)
		late := make(chan func(), 1)
		w.whileResponding(func(_ http.ResponseWriter, r *http.Request, sim http.Handler) {
			keep := w.keep(r)
			late <- func() { sim.ServeHTTP(httptest.NewRecorder(), keep) }
			<-r.Context().Done()
		})
		w.once(a)
		w.whileResponding(nil)
		w.clock.Advance(readBackAfter)
		w.once(a)
		w.called(respondAPI, 0)
		(<-late)()
		w.drive(a)
		w.ended(a, Done, "")
		w.called(respondAPI, 1)
		w.effects(c, 1)
	})
}

func TestCrashBetweenAttemptAndOutcome(t *testing.T) {
	onEngines(t, func(w *world) {
		for name, effect := range map[string]bool{"without effect": false, "with effect": true} {
			w.row(name, func() {
				c := w.file()
				a := w.submit(c)
				if at, err := w.actions.begin(w.t.Context(), a, c); err != nil || at == nil {
					w.t.Fatalf("begin: %v, %v", at, err)
				}
				if effect {
					p, err := w.programs.ByID(w.t.Context(), c.ProgramID)
					w.must(err)
					if called, err := w.actions.call(w.t.Context(), a, p, c, nil); err != nil || !called {
						w.t.Fatalf("call: %v", err)
					}
				}
				waits := w.drive(a)
				w.ended(a, Done, "")
				w.called(respondAPI, 1)
				w.effects(c, 1)
				if effect && len(waits) != 0 {
					w.t.Errorf("an effect that WeChat shows was waited on: %v", waits)
				}
				if !effect && (len(waits) == 0 || waits[0] < callTimeout) {
					w.t.Errorf("the call could still be under way, but the waits were %v", waits)
				}
				rows := w.attemptRows(a)
				if want := map[bool]int{true: 1, false: 2}[effect]; len(rows) != want || rows[want-1].Outcome != attemptDone {
					w.t.Errorf("the attempts are %+v", rows)
				}
			})
		}
	})
}

func TestUnknownOutcomeWaitsForWeChatToBeReadable(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.fault(wechatsim.Fault{Target: respondAPI, Errcode: code(-1), Errmsg: "system error", After: true})
		w.once(a)
		first := w.reload(a)
		w.fault(wechatsim.Fault{Target: detailAPI, HTTPStatus: 500, Times: 30})
		var last time.Duration
		for range 30 {
			wait := w.once(a)
			if wait < last && last < maxLookWait {
				w.t.Errorf("the waits shrink from %v to %v", last, wait)
			}
			last = wait
			w.clock.Advance(wait)
			if got := w.reload(a); got.State != Unknown || got.RID != first.RID || *got.Errcode != -1 {
				w.t.Fatalf("meanwhile the action is %+v", got)
			}
		}
		if last != maxLookWait {
			w.t.Errorf("the wait between looks grew to %v, want %v", last, maxLookWait)
		}
		w.called(respondAPI, 1)
		w.drive(a)
		w.ended(a, Done, "")
		w.called(respondAPI, 1)
		w.effects(c, 1)
	})
}

func TestUnknownOutcomeOfACaseThatWentFurther(t *testing.T) {
	onEngines(t, func(w *world) {
		for name, tc := range map[string]struct {
			effect bool
			then   []wechatsim.Event
			state  State
			code   string
		}{
			"the user accepted the answer":         {true, []wechatsim.Event{wechatsim.UserAccepts}, Done, ""},
			"the user asked the platform after it": {true, []wechatsim.Event{wechatsim.UserAsksPlatform}, Done, ""},
			"the platform even ruled after it":     {true, []wechatsim.Event{wechatsim.UserAsksPlatform, wechatsim.PlatformRulesUser}, Done, ""},
			"the user withdrew after it":           {true, []wechatsim.Event{wechatsim.Withdraw}, Done, ""},
			"the user withdrew and it never came":  {false, []wechatsim.Event{wechatsim.Withdraw}, Failed, CodeMovedOn},
			"the time ran out and it never came":   {false, []wechatsim.Event{wechatsim.TimeOut}, Failed, CodeMovedOn},
		} {
			w.row(name, func() {
				c := w.file()
				a := w.submit(c)
				w.fault(wechatsim.Fault{Target: respondAPI, Errcode: code(-1), After: tc.effect})
				w.once(a)
				for _, ev := range tc.then {
					w.must(w.sim.Advance(c.ComplaintOrderID, ev, wechatsim.AdvanceOptions{}))
				}
				w.drive(a)
				w.ended(a, tc.state, tc.code)
				w.called(respondAPI, 1)
				w.effects(c, map[bool]int{true: 1, false: 0}[tc.effect])
			})
		}
	})
}

func TestGivesUpInWordsWhenWeChatNeverTakesTheAnswer(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		f := faultOf(respondAPI, -1)
		f.Times = 100
		w.fault(f)
		w.drive(a)
		got := w.ended(a, Failed, CodeNotTaken)
		if got.Errcode == nil || *got.Errcode != -1 || got.RID == "" {
			w.t.Errorf("errcode %v and rid %q are not kept", got.Errcode, got.RID)
		}
		w.called(respondAPI, maxAttempts)
		w.effects(c, 0)
		if now, err := w.complaints.ByID(w.t.Context(), c.ID); err != nil || now.Status != 201 || !complaint.Legal(complaint.Respond, now.Situation()).OK {
			w.t.Errorf("the case is %d, %v; it should be answerable again", now.Status, err)
		}
		b := w.submit(c)
		w.sim.ClearFaults()
		w.drive(b)
		w.ended(b, Done, "")
		w.effects(c, 1)
	})
}

// A worker that was thought dead and comes back with an old reading must not send the answer a second time.
func TestStaleWorkerDoesNotRequeue(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.fault(faultOf(respondAPI, -1))
		w.once(a)
		stale := w.reload(a)
		w.clock.Advance(readBackAfter)
		w.drive(a)
		w.ended(a, Done, "")
		last, err := w.actions.lastAttempt(w.t.Context(), a.ID)
		w.must(err)
		if err := w.actions.requeue(w.t.Context(), stale, last, failure{code: CodeNotTaken}, time.Second); err != nil && !isSnooze(err) {
			w.t.Fatal(err)
		}
		w.ended(a, Done, "")
		if rows := w.attemptRows(a); rows[len(rows)-1].Outcome != attemptDone {
			w.t.Errorf("the stale worker changed the attempts to %+v", rows)
		}
	})
}
