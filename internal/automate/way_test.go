package automate

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestARuleAnswersOnceNobodyCame(t *testing.T) {
	onEngines(t, func(w *world) {
		r := agreeRule()
		r.WaitMinutes = 10
		w.enable(r)
		c := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(c, Waiting)
		w.effects(c, 0, 0)
		w.clock.Advance(10 * time.Minute)
		w.run()
		d := w.decision(c, Done)
		w.effects(c, 1, 0)
		if a, err := w.actions.ByID(t.Context(), d.ActionID); err != nil || a.Source != complaint.FromRule || a.ActorName != "少发补差" || a.Decision != action.Agree {
			t.Errorf("the answer: %+v, %v", a, err)
		}
		w.run()
		w.must(w.rules.Consider(t.Context(), ConsiderArgs{ComplaintID: c.ID}))
		w.run()
		w.effects(c, 1, 0) // one decision for each case, ever
	})
}

func TestTheAnswerComesAfterTheMoney(t *testing.T) {
	onEngines(t, func(w *world) {
		w.enable(refundRule())
		paykit.Outcome(t, w.pay, "PROCESSING")
		c := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(c, Refunding)
		if w.effects(c, 0, 3000); w.told("action.perform") != 0 {
			t.Error("an answer before the money")
		}
		// The next one settles at once.
		paykit.Outcome(t, w.pay, "SUCCESS")
		c = w.arrive(wechatsim.Filing{})
		w.run()
		d := w.decision(c, Done)
		w.effects(c, 1, 3000)
		back, err := w.refunds.ByID(t.Context(), d.RefundID)
		w.must(err)
		if d.Refunded != 3000 || !strings.Contains(d.Content, back.RefundID) || back.Source != complaint.FromRule {
			t.Errorf("the answer %q names no refund %s", d.Content, back.RefundID)
		}
		used, err := w.rules.Used(t.Context())
		w.must(err)
		if u := used[d.RuleID]; u.Cases != 2 || u.Amount != 6000 {
			t.Errorf("used %+v", u)
		}
		if day, err := w.rules.Today(t.Context(), nil); err != nil || day != (Day{Cases: 1, Amount: 3000}) {
			t.Errorf("today %+v, %v", day, err)
		}
	})
}

func TestWhatAPersonDoesStopsTheRule(t *testing.T) {
	onOneEngine(t, func(w *world) {
		r := refundRule()
		r.WaitMinutes = 10
		w.enable(r)
		ctx := t.Context()
		for name, act := range map[string]func(c *complaint.Complaint) error{
			"a note": func(c *complaint.Complaint) error {
				_, err := w.complaints.AddNote(ctx, c.ID, "u1", "周敏", "先别退")
				return err
			},
			"an acknowledgement": func(c *complaint.Complaint) error { return w.complaints.Acknowledge(ctx, c.ID, "u1", "周敏", true) },
			"beginning an answer": func(c *complaint.Complaint) error {
				_, err := w.complaints.Edit(ctx, c.ID, "u1", "周敏", false)
				return err
			},
			"an answer": func(c *complaint.Complaint) error {
				_, err := w.actions.Submit(ctx, action.Intent{ComplaintID: c.ID, Kind: complaint.Respond, Decision: action.Refuse, Content: "不", ActorID: "u1", ActorName: "周敏", Source: complaint.FromStaff, RequestKey: "u1/" + c.ID})
				return err
			},
			"a refund": func(c *complaint.Complaint) error {
				_, err := w.refunds.Submit(ctx, refund.Intent{ComplaintID: c.ID, Amount: 1, Actor: refund.Actor{ID: "u1", Name: "周敏", Any: true, Source: complaint.FromStaff}, RequestKey: "u1/" + c.ID})
				return err
			},
			"taking it over": func(c *complaint.Complaint) error {
				return w.rules.TakeOver(ctx, c.ID, "周敏改为人工处理", quietly)
			},
		} {
			c := w.arrive(wechatsim.Filing{})
			w.decision(c, Waiting)
			w.must(act(c))
			w.clock.Advance(10 * time.Minute)
			w.run()
			if d := w.decision(c, HandedOver); d.Reserved != 0 || d.Day != "" {
				t.Errorf("%s: it used the limits: %+v", name, d)
			}
			for _, x := range w.actionsOf(c) {
				if x.Source == complaint.FromRule {
					t.Errorf("%s: the rule answered", name)
				}
			}
		}
		if err := w.rules.TakeOver(ctx, "nothing", "", quietly); !errors.Is(err, ErrOver) {
			t.Errorf("taking over what no rule has: %v", err)
		}
	})
}

func (w *world) actionsOf(c *complaint.Complaint) []action.Action {
	w.t.Helper()
	as, err := w.actions.OfComplaint(w.t.Context(), c.ID)
	w.must(err)
	return as
}

func TestNothingIsSentAfterAStop(t *testing.T) {
	onEngines(t, func(w *world) {
		w.enable(refundRule())
		stop := func() {
			t.Helper()
			_, err := w.rules.Stop(t.Context(), "林晓", quietly)
			w.must(err)
		}
		resume := func() {
			t.Helper()
			_, err := w.rules.Resume(t.Context(), quietly)
			w.must(err)
			w.clock.Advance(2 * time.Second)
		}
		waiting := w.arrive(wechatsim.Filing{})
		queued := w.arrive(wechatsim.Filing{})
		d := w.decision(queued, Waiting)
		w.must(w.rules.Step(t.Context(), d.ID))
		w.must(w.rules.Step(t.Context(), d.ID)) // the refund is asked for and not sent yet
		w.decision(queued, Refunding)
		stop()
		w.decision(waiting, HandedOver)
		while := w.arrive(wechatsim.Filing{})
		w.undecided(while)
		w.run()
		w.decision(queued, HandedOver)
		resume()
		w.must(w.rules.Consider(t.Context(), ConsiderArgs{ComplaintID: while.ID}))
		w.run()
		w.undecided(while) // it came before the resume
		for _, c := range []*complaint.Complaint{waiting, queued, while} {
			w.effects(c, 0, 0)
		}
		// The process died after the refund was asked for, before that was noted.
		lost := w.arrive(wechatsim.Filing{})
		id := w.decision(lost, Waiting).ID
		w.must(w.rules.Step(t.Context(), id))
		d = w.decision(lost, Refunding)
		_, err := w.refunds.Submit(t.Context(), refund.Intent{ComplaintID: lost.ID, Amount: 3000, Actor: w.rules.actor(d), RequestKey: d.key()})
		w.must(err)
		stop()
		resume()
		rs, err := w.refunds.OfComplaint(t.Context(), lost.ID)
		w.must(err)
		w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
		w.run()
		w.decision(lost, HandedOver)
		w.effects(lost, 0, 0)
		// Money that has moved is not answered for after a stop; a person is told.
		paid := w.arrive(wechatsim.Filing{})
		for range 2 {
			w.must(w.rules.Step(t.Context(), w.decision(paid, paidState(w, paid)).ID))
		}
		rs, err = w.refunds.OfComplaint(t.Context(), paid.ID)
		w.must(err)
		w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
		stop()
		resume()
		w.run()
		if d := w.decision(paid, HandedOver); d.Refunded != 3000 || !strings.Contains(d.Reason, "已退款 ¥30.00") {
			t.Errorf("it says %q", d.Reason)
		}
		w.effects(paid, 0, 3000)
		// An answer that waits in the queue is not sent either.
		r2 := agreeRule()
		r2.Types.V = []int64{641}
		w.enable(r2)
		c := w.arrive(wechatsim.Filing{Type: 641})
		id = w.decision(c, Waiting).ID
		w.must(w.rules.Step(t.Context(), id))
		w.must(w.rules.Step(t.Context(), id))
		if len(w.actionsOf(c)) != 1 {
			t.Fatal("no answer is queued")
		}
		stop()
		w.run()
		w.decision(c, HandedOver)
		w.effects(c, 0, 0)
	})
}

func paidState(w *world, c *complaint.Complaint) State {
	d, err := w.rules.DecisionOf(w.t.Context(), c.ID)
	w.must(err)
	return d.State
}

func TestAPersonIsFasterThanWhatIsQueued(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.enable(refundRule())
		r := agreeRule()
		r.Types.V = []int64{641}
		w.enable(r)
		for _, problem := range []int{613, 641} {
			c := w.arrive(wechatsim.Filing{Type: problem})
			id := w.decision(c, Waiting).ID
			w.must(w.rules.Step(t.Context(), id))
			w.must(w.rules.Step(t.Context(), id)) // the refund, or the answer, is asked for and not sent
			_, err := w.complaints.AddNote(t.Context(), c.ID, "u1", "周敏", "先等等")
			w.must(err)
			w.run()
			w.decision(c, HandedOver)
			w.effects(c, 0, 0)
		}
	})
}

func TestALostAnswerOfWeChatPayMovesMoneyOnce(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.enable(refundRule())
		for _, mode := range []string{"accept_then_500", "accept_then_hang_up", "drop"} {
			paykit.Fail(t, w.pay, "pay.refund.create", mode)
			w.must(w.sim.AddFault(wechatsim.Fault{Target: respondAPI, Errcode: ptr(-1), After: true, Times: 1}))
			c := w.arrive(wechatsim.Filing{})
			for range 60 {
				w.work()
				w.clock.Advance(5 * time.Second)
			}
			w.decision(c, Done)
			w.effects(c, 1, 3000)
			w.pay.ClearFaults()
			w.sim.ClearFaults()
		}
	})
}
