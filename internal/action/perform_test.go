package action

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func faultOf(api string, errcode int) wechatsim.Fault {
	return wechatsim.Fault{Target: api, Errcode: code(errcode)}
}

func TestAnswerReachesWeChatOnceAndTheTimelineTellsWhoAnswered(t *testing.T) {
	onEngines(t, func(w *world) {
		for _, tc := range []struct {
			decision Decision
			status   complaint.Status
			word     string
		}{{Agree, 203, "同意和解"}, {Refuse, 204, "拒绝和解"}} {
			w.row(string(tc.decision), func() {
				c := w.file()
				in := intent(c)
				in.Decision = tc.decision
				a, err := w.actions.Submit(w.t.Context(), in)
				w.must(err)
				w.loseJobs()
				if waits := w.drive(a); len(waits) != 0 {
					w.t.Errorf("an answer without trouble waited %v", waits)
				}
				w.ended(a, Done, "")
				w.effects(c, 1)
				w.called(respondAPI, 1)

				told := w.told(c)
				if len(told) != 1 {
					w.t.Fatalf("the timeline has %d entries of ours, want 1", len(told))
				}
				if e := told[0]; e.Actor != "周敏" || e.Source != complaint.FromStaff || e.Kind != "respond" || e.Text != tc.word+"："+in.Content {
					w.t.Errorf("the timeline says %+v", e)
				}
				if w.jobs("complaint.sync") != 1 || w.jobs("action.finished") != 1 {
					w.t.Errorf("the case is read again by %d jobs and told by %d, want 1 and 1", w.jobs("complaint.sync"), w.jobs("action.finished"))
				}
				w.must(w.complaints.Sync(w.t.Context(), c.ID))
				if now, err := w.complaints.ByID(w.t.Context(), c.ID); err != nil || now.Status != tc.status {
					w.t.Errorf("after the next sync the case is in %d (%v), want %d", now.Status, err, tc.status)
				}
				rows := w.attemptRows(a)
				if len(rows) != 1 || rows[0].Outcome != attemptDone || rows[0].FinishedAt.IsZero() {
					w.t.Errorf("the attempts are %+v", rows)
				}
				// The job may run again after everything was done.
				w.drive(a)
				w.called(respondAPI, 1)
			})
		}
	})
}

func TestAttemptIsWrittenBeforeTheCall(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		var seen []attempt
		var state State
		w.whileResponding(func(rw http.ResponseWriter, r *http.Request, sim http.Handler) {
			seen, state = w.attemptRows(a), w.reload(a).State
			sim.ServeHTTP(rw, r)
		})
		w.drive(a)
		if len(seen) != 1 || seen[0].Outcome != attemptUnknown || !seen[0].FinishedAt.IsZero() {
			w.t.Errorf("while WeChat was being called the attempts were %+v", seen)
		}
		if state != Running {
			w.t.Errorf("while WeChat was being called the action was %s", state)
		}
	})
}

func TestTwoWorkersAtOnceMakeOneCall(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		inside, leave := make(chan struct{}, 2), make(chan struct{})
		w.whileResponding(func(rw http.ResponseWriter, r *http.Request, sim http.Handler) {
			inside <- struct{}{}
			<-leave
			sim.ServeHTTP(rw, r)
		})
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				if err := w.actions.Perform(w.t.Context(), a.ID); err != nil && !isSnooze(err) {
					w.t.Errorf("perform: %v", err)
				}
			})
		}
		<-inside
		// A third that comes while the call is under way looks, and does not call, however often.
		for range 3 {
			w.once(a)
		}
		if st := w.reload(a).State; st != Running {
			w.t.Errorf("a look from outside made the running action %s", st)
		}
		close(leave)
		wg.Wait()
		w.ended(a, Done, "")
		w.called(respondAPI, 1)
		w.effects(c, 1)
	})
}

// Refusals are final: WeChat said no and did nothing.
func TestRefusalsEndTheActionInWords(t *testing.T) {
	onEngines(t, func(w *world) {
		for name, tc := range map[string]struct {
			errcode int
			code    string
		}{
			"1 no such complaint":                {1, CodeNoSuchCase},
			"10001 bad content":                  {10001, CodeBadContent},
			"309 wrong status":                   {309, CodeMovedOn},
			"61007 permission not granted":       {61007, CodeNoPermission},
			"48001 permission not granted":       {48001, CodeNoPermission},
			"61003 authorisation gone":           {61003, CodeRevoked},
			"47001 a refusal nobody foresaw":     {47001, CodeRefused},
			"43007 authorisation relation wrong": {43007, CodeRevoked},
		} {
			w.row(name, func() {
				c := w.file()
				a := w.submit(c)
				w.loseJobs()
				w.fault(faultOf(respondAPI, tc.errcode))
				if waits := w.drive(a); len(waits) != 0 {
					w.t.Errorf("a refusal was waited on: %v", waits)
				}
				got := w.ended(a, Failed, tc.code)
				if got.Errcode == nil || *got.Errcode != int64(tc.errcode) || got.RID == "" {
					w.t.Errorf("errcode %v and rid %q are not kept", got.Errcode, got.RID)
				}
				w.called(respondAPI, 1)
				w.effects(c, 0)
				rows := w.attemptRows(a)
				if len(rows) != 1 || rows[0].Outcome != attemptWrong || rows[0].RID != got.RID || *rows[0].Errcode != int64(tc.errcode) {
					w.t.Errorf("the attempts are %+v", rows)
				}
				told := w.told(c)
				if len(told) != 1 || told[0].Kind != "respond_failed" || told[0].Actor != "周敏" || !strings.Contains(told[0].Text, Text(tc.code)) {
					w.t.Errorf("the timeline says %+v", told)
				}
				if w.jobs("complaint.sync") != 1 {
					w.t.Error("the case is not read again")
				}
				// Nothing stands in the way of the next one.
				b := w.submit(c)
				w.drive(b)
				w.ended(b, Done, "")
				w.effects(c, 1)
			})
		}
	})
}

func TestCaseThatMovesBetweenLookAndCallIsRefreshed(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.loseJobs()
		w.whileResponding(func(rw http.ResponseWriter, r *http.Request, sim http.Handler) {
			if err := w.sim.Advance(c.ComplaintOrderID, wechatsim.Withdraw, wechatsim.AdvanceOptions{}); err != nil {
				w.t.Errorf("withdraw: %v", err)
			}
			sim.ServeHTTP(rw, r)
		})
		w.drive(a)
		if got := w.ended(a, Failed, CodeMovedOn); got.Errcode == nil || *got.Errcode != 309 {
			w.t.Errorf("WeChat's code is %v, want 309", got.Errcode)
		}
		if w.jobs("complaint.sync") != 1 {
			w.t.Fatal("the case is not read again")
		}
		w.must(w.complaints.Sync(w.t.Context(), c.ID))
		if now, err := w.complaints.ByID(w.t.Context(), c.ID); err != nil || now.Status != 102 || now.Stage != complaint.Closed {
			w.t.Errorf("the refreshed case is %d %s, %v", now.Status, now.Stage, err)
		}
		w.effects(c, 0)
	})
}

func TestFreshLookBeforeTheCallStopsWhatIsTooLate(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.must(w.sim.Advance(c.ComplaintOrderID, wechatsim.TimeOut, wechatsim.AdvanceOptions{}))
		w.drive(a)
		got := w.ended(a, Failed, CodeMovedOn)
		if got.Errcode != nil {
			w.t.Errorf("errcode is %d although WeChat was not asked", *got.Errcode)
		}
		w.called(respondAPI, 0)
		if now, err := w.complaints.ByID(w.t.Context(), c.ID); err != nil || now.Status != 101 {
			w.t.Errorf("the case is %d, %v; the look should have refreshed it to 101", now.Status, err)
		}
		if rows := w.attemptRows(a); len(rows) != 0 {
			w.t.Errorf("there are %d attempts of a call that was not made", len(rows))
		}
	})
}

func TestTakenBackAuthorisationEndsTheAction(t *testing.T) {
	for name, revoke := range map[string]func(w *world){
		"WeChat says so": func(w *world) { w.must(w.sim.Unauthorize(shop)) },
		"we know it": func(w *world) {
			_, err := w.db.SQL().ExecContext(w.t.Context(), "UPDATE programs SET state = 'revoked'")
			w.must(err)
		},
		"the tokens are gone": func(w *world) {
			w.must(w.sim.Unauthorize(shop))
			w.must(w.sim.InvalidateTokens("access", shop))
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, func(w *world) {
				c := w.file()
				a := w.submit(c)
				revoke(w)
				w.drive(a)
				w.ended(a, Failed, CodeRevoked)
				w.called(respondAPI, 0)
				w.effects(c, 0)
			})
		})
	}
}

func TestMissingPermissionEndsTheAction(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		_, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop, FuncIDs: []int{151}})
		w.must(err)
		w.drive(a)
		w.ended(a, Failed, CodeNoPermission)
		w.called(respondAPI, 0)
		p, err := w.programs.ByID(w.t.Context(), w.program.ID)
		w.must(err)
		if len(p.DeniedSets.V) != 1 || p.DeniedSets.V[0] != 76 {
			w.t.Errorf("denied sets are %v, want 76", p.DeniedSets.V)
		}
	})
}

func TestRefusedTokenIsRefreshedOnceAndTheCallRepeatedOnce(t *testing.T) {
	onEngines(t, func(w *world) {
		for _, errcode := range []int{40001, 40014, 42001} {
			w.clock.Advance(time.Hour)
			w.row(strconv.Itoa(errcode), func() {
				c := w.file()
				a := w.submit(c)
				before := w.calls(refreshAPI)
				w.fault(faultOf(respondAPI, errcode))
				if waits := w.drive(a); len(waits) != 0 {
					w.t.Errorf("a refused token made the action wait %v", waits)
				}
				w.ended(a, Done, "")
				w.called(refreshAPI, before+1)
				w.called(respondAPI, 2)
				w.effects(c, 1)
				if rows := w.attemptRows(a); len(rows) != 1 {
					w.t.Errorf("%d attempts, want 1", len(rows))
				}
			})
		}
	})
}

func TestTokenThatStaysRefusedIsNotRefreshedInALoop(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		before := w.calls(refreshAPI)
		f := faultOf(respondAPI, 40001)
		f.Times = 4
		w.fault(f)
		w.drive(a)
		w.ended(a, Done, "")
		w.effects(c, 1)
		if n := w.calls(refreshAPI) - before; n > 2 {
			w.t.Errorf("the token was refreshed %d times within seconds", n)
		}
	})
}

func TestBusyWeChatIsTriedAgainAfterTheTimeItAsksFor(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.fault(faultOf(respondAPI, 45011))
		waits := w.drive(a)
		w.ended(a, Done, "")
		w.effects(c, 1)
		if len(waits) != 1 || waits[0] < time.Minute {
			w.t.Errorf("a limit per minute was waited on for %v", waits)
		}
		rows := w.attemptRows(a)
		if len(rows) != 2 || rows[0].Outcome != attemptRetry || *rows[0].Errcode != 45011 || rows[1].Outcome != attemptDone {
			w.t.Errorf("the attempts are %+v", rows)
		}
		if got := w.reload(a); got.Errcode != nil || got.RID != "" {
			w.t.Errorf("a done action still shows errcode %v", got.Errcode)
		}
	})
}

func TestGivesUpInWordsWhenWeChatKeepsPuttingItOff(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		f := faultOf(respondAPI, 45011)
		f.Times = 100
		w.fault(f)
		waits := w.drive(a)
		w.ended(a, Failed, CodeGaveUp)
		w.called(respondAPI, maxAttempts)
		w.effects(c, 0)
		if len(waits) != maxAttempts-1 {
			w.t.Errorf("it waited %v", waits)
		}
	})
}

func TestUnreachableDetailIsTriedWithGrowingWaitsAndThenGivenUp(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		before := w.calls(detailAPI)
		w.fault(wechatsim.Fault{Target: detailAPI, HTTPStatus: 502, Times: 100000})
		waits := w.drive(a)
		w.ended(a, Failed, CodeGaveUp)
		w.called(respondAPI, 0)
		if n := w.calls(detailAPI) - before; n > 100 {
			w.t.Errorf("WeChat was asked %d times within an hour", n)
		}
		var sum time.Duration
		for _, d := range waits {
			sum += d
		}
		if sum < giveUpAfter {
			w.t.Errorf("it gave up after %v", sum)
		}
		if rows := w.attemptRows(a); len(rows) != 0 {
			w.t.Errorf("there are %d attempts of calls that were not made", len(rows))
		}
	})
}

func TestDetailThatComesBackLetsTheAnswerOut(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		a := w.submit(c)
		w.fault(wechatsim.Fault{Target: detailAPI, HTTPStatus: 500, Times: 3})
		w.drive(a)
		w.ended(a, Done, "")
		w.effects(c, 1)
	})
}

func TestReconcilerEnqueuesWhatHasNoJobOnce(t *testing.T) {
	onEngines(t, func(w *world) {
		stuck, cut, done, fresh := w.file(), w.file(), w.file(), w.file()
		w.submit(stuck)
		b := w.submit(cut)
		_, err := w.actions.begin(w.t.Context(), b, cut)
		w.must(err)
		w.drive(w.submit(done))
		w.loseJobs()
		w.clock.Advance(reconcileAfter + time.Second)
		w.submit(fresh) // has its job, and is too young to be looked at
		w.loseJobs()
		for range 2 {
			w.must(w.actions.Reconcile(w.t.Context()))
			if n := w.jobs("action.perform"); n != 2 {
				w.t.Fatalf("there are %d jobs, want one for each of the two that stand still", n)
			}
		}
	})
}

func isSnooze(err error) bool {
	var snooze *river.JobSnoozeError
	return errors.As(err, &snooze)
}
