package automate

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestNoRefundIsSentOnAContradiction(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.enable(refundRule())
		ctx := t.Context()
		for name, x := range map[string]struct {
			before func(c *complaint.Complaint)
			reason string
		}{
			"the case moved on": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Status: ptr(203), Silent: true}))
			}, codeStatus},
			"the status is not known": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Status: ptr(299), Silent: true}))
			}, codeStatus},
			"the deadline is near": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{ExpiresIn: ptr(int64(6 * 3600)), Silent: true}))
			}, codeDeadline},
			"there is no deadline": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{ExpiresIn: ptr(int64(0)), Silent: true}))
			}, codeDeadline},
			"the amount grew": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Amount: ptr(int64(5001)), Silent: true}))
			}, codeAmount},
			"the order cost something else": {func(c *complaint.Complaint) {
				w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Amount: ptr(int64(2999)), Silent: true}))
			}, codeAmount},
			"it was refunded by hand": {func(c *complaint.Complaint) { w.must(w.pay.RefundByHand(c.TransactionID, 1)) }, codeRefund},
		} {
			c := w.arrive(wechatsim.Filing{})
			w.decision(c, Waiting)
			x.before(c)
			w.run()
			if d := w.decision(c, HandedOver); d.ReasonCode != x.reason || d.Reason == "" {
				t.Errorf("%s: %s %s", name, d.ReasonCode, d.Reason)
			}
			if rs, err := w.refunds.OfComplaint(ctx, c.ID); err != nil || len(rs) != 0 {
				t.Errorf("%s: %d refunds, %v", name, len(rs), err)
			}
			if len(w.actionsOf(c)) != 0 {
				t.Errorf("%s: it was answered", name)
			}
		}
		// A second complaint about an order that was refunded.
		c := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(c, Done)
		again := w.arrive(wechatsim.Filing{TransactionID: c.TransactionID, OutTradeNo: c.OutTradeNo})
		w.undecided(again)
		// What no rule is for.
		for name, f := range map[string]wechatsim.Filing{
			"another problem": {Type: 641}, "a problem that is not known": {Type: 999}, "too much": {Amount: 5001},
		} {
			if c := w.arrive(f); true {
				if d, err := w.rules.DecisionOf(ctx, c.ID); err != nil || d != nil {
					t.Errorf("%s: %+v, %v", name, d, err)
				}
			}
		}
		// The limit of the amount is included.
		c = w.arrive(wechatsim.Filing{Amount: 5000})
		w.run()
		w.decision(c, Done)
		w.effects(c, 1, 5000)
	})
}

func TestAnEditOrAPauseStopsWhatIsNotSent(t *testing.T) {
	onOneEngine(t, func(w *world) {
		r := w.enable(refundRule())
		change := func(c Change) *Rule {
			t.Helper()
			got, err := w.rules.Update(t.Context(), r.ID, c, "林晓", unrecorded)
			w.must(err)
			return got
		}
		half := func() *complaint.Complaint { // the refund is asked for, and not sent
			c := w.arrive(wechatsim.Filing{})
			w.must(w.rules.Step(t.Context(), w.decision(c, Waiting).ID))
			w.must(w.rules.Step(t.Context(), w.decision(c, Refunding).ID))
			return c
		}
		waiting, queued := w.arrive(wechatsim.Filing{}), half()
		if got := change(Change{Edit: func(r *Rule) error { r.AmountMax = 4000; return nil }}); got.State != Draft || got.Version != 2 {
			t.Errorf("after an edit: %s, version %d", got.State, got.Version)
		}
		w.run()
		w.decision(waiting, HandedOver)
		w.decision(queued, HandedOver)
		w.effects(queued, 0, 0)
		if _, err := w.rules.Update(t.Context(), r.ID, Change{State: ptr(Active)}, "林晓", unrecorded); err == nil {
			t.Error("an edit that was not replayed was enabled")
		}
		w.turnOn(r.ID)
		waiting, queued = w.arrive(wechatsim.Filing{}), half()
		change(Change{State: ptr(Paused)})
		w.decision(waiting, HandedOver)
		w.turnOn(r.ID)
		w.run()
		w.decision(queued, HandedOver) // it was decided before the pause
		w.effects(queued, 0, 0)
		waiting, queued = w.arrive(wechatsim.Filing{}), half()
		w.must(w.rules.Delete(t.Context(), r.ID, unrecorded))
		w.run()
		w.decision(waiting, HandedOver)
		w.decision(queued, HandedOver)
		w.effects(queued, 0, 0)
	})
}

func TestTwoAtOnceShareWhatIsLeftOfALimit(t *testing.T) {
	onEngines(t, func(w *world) {
		r := refundRule()
		r.MaxAmountPerDay = ptr(int64(5000)) // one of 30 yuan and not two
		w.enable(r)
		a, b := w.arrive(wechatsim.Filing{}), w.arrive(wechatsim.Filing{})
		var wg sync.WaitGroup
		errs := make(chan error, 2)
		for _, c := range []*complaint.Complaint{a, b} {
			id := w.decision(c, Waiting).ID
			wg.Go(func() { errs <- snoozed(w.rules.Step(context.WithoutCancel(t.Context()), id)) })
		}
		wg.Wait()
		w.must(<-errs)
		w.must(<-errs)
		w.run()
		ended := map[State]int{}
		var sum int64
		for _, c := range []*complaint.Complaint{a, b} {
			d, err := w.rules.DecisionOf(t.Context(), c.ID)
			w.must(err)
			ended[d.State]++
			fen, _ := paykit.Moved(w.pay, c.TransactionID)
			sum += fen
			if d.State == HandedOver && d.ReasonCode != codeLimit {
				t.Errorf("%s %s", d.ReasonCode, d.Reason)
			}
		}
		if ended[Done] != 1 || ended[HandedOver] != 1 || sum != 3000 {
			t.Errorf("they ended %v, %d fen moved", ended, sum)
		}
		// At midnight in Beijing there is room again: 14:18 it was.
		w.clock.Advance(9*time.Hour + 35*time.Minute)
		late := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(late, HandedOver)
		w.clock.Advance(10 * time.Minute)
		tomorrow := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(tomorrow, Done)
	})
}

func TestARuleThatFailsPausesItself(t *testing.T) {
	onEngines(t, func(w *world) {
		r := w.enable(refundRule())
		w.pay.ClearFaults()
		for i := range 3 {
			paykit.Fail(t, w.pay, "pay.refund.create", "403 USER_ACCOUNT_ABNORMAL")
			c := w.arrive(wechatsim.Filing{})
			w.run()
			d := w.decision(c, Stopped)
			if w.effects(c, 0, 0); d.Reserved != 0 || !strings.Contains(d.Reason, "没有退钱") {
				t.Errorf("%d: %+v", i, d)
			}
			if got := w.rule(r.ID); (got.State == Paused) != (i == 2) || got.State == Paused && (got.PausedReason == "" || got.PausedBy != "") {
				t.Errorf("after %d failures the rule is %s", i+1, got.State)
			}
		}
		w.pay.ClearFaults()
		w.undecided(w.arrive(wechatsim.Filing{}))
		w.turnOn(r.ID)
		ok := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(ok, Done)
		// One abnormal refund is enough.
		paykit.Outcome(t, w.pay, "ABNORMAL")
		c, behind := w.arrive(wechatsim.Filing{}), w.arrive(wechatsim.Filing{})
		id := w.decision(c, Waiting).ID
		for range 4 {
			w.must(w.rules.Step(t.Context(), id))
			rs, err := w.refunds.OfComplaint(t.Context(), c.ID)
			w.must(err)
			for i := range rs {
				w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[i].ID, Turn: rs[i].Turn}))
			}
		}
		w.decision(behind, HandedOver) // at once
		w.effects(behind, 0, 0)
		w.run()
		if d := w.decision(c, Stopped); d.ReasonCode != codeAbnormal {
			t.Errorf("%s", d.ReasonCode)
		}
		if got := w.rule(r.ID); got.State != Paused {
			t.Errorf("after an abnormal refund the rule is %s", got.State)
		}
		if len(w.actionsOf(c)) != 0 {
			t.Error("it was answered")
		}
	})
}

func TestASecondPersonIsWaitedForUntilItIsTooLate(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.must(w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			return w.refunds.SetSettings(ctx, tx, refund.Settings{ApprovalAbove: ptr(int64(0))})
		}))
		w.enable(refundRule())
		a, b, late := w.arrive(wechatsim.Filing{}), w.arrive(wechatsim.Filing{}), w.arrive(wechatsim.Filing{})
		w.run()
		person := refund.Actor{ID: "u2", Name: "林晓", Any: true, Source: complaint.FromStaff}
		noAudit := func(context.Context, db.Tx, *refund.Refund) error { return nil }
		if d := w.decision(a, Refunding); !strings.Contains(d.Text(), "等待复核") {
			t.Errorf("it says %q", d.Text())
		}
		_, err := w.refunds.Approve(t.Context(), w.decision(a, Refunding).RefundID, person, noAudit)
		w.must(err)
		_, err = w.refunds.Reject(t.Context(), w.decision(b, Refunding).RefundID, "不用退", person, noAudit)
		w.must(err)
		w.run()
		w.decision(a, Done)
		w.effects(a, 1, 3000)
		w.decision(b, HandedOver)
		w.effects(b, 0, 0)
		w.clock.Advance(42 * time.Hour)
		w.run()
		if d := w.decision(late, Stopped); d.ReasonCode != codeSlow || !strings.Contains(d.Reason, "没有退钱") {
			t.Errorf("%s %s", d.ReasonCode, d.Reason)
		}
		w.effects(late, 0, 0)
	})
}

func TestAUsersSecondComplaintIsLeftToPeople(t *testing.T) {
	onEngines(t, func(w *world) {
		r := agreeRule()
		r.FirstInDays = ptr(int64(30))
		w.enable(r)
		first := w.arrive(wechatsim.Filing{OpenID: "oTheSamePerson000000000000001"})
		w.run()
		w.decision(first, Done)
		w.undecided(w.arrive(wechatsim.Filing{OpenID: "oTheSamePerson000000000000001"}))
		w.clock.Advance(31 * 24 * time.Hour)
		later := w.arrive(wechatsim.Filing{OpenID: "oTheSamePerson000000000000001"})
		w.run()
		w.decision(later, Done)
		// While an older case of these days may be anybody's, nothing is known.
		_, err := w.db.Write().NewRaw("UPDATE complaints SET user_hash = NULL WHERE id = ?", later.ID).Exec(t.Context())
		w.must(err)
		w.undecided(w.arrive(wechatsim.Filing{}))
		w.must(w.complaints.FillUsers(t.Context(), func() bool { return false }))
		c := w.arrive(wechatsim.Filing{})
		w.run()
		w.decision(c, Done)
		w.undecided(w.arrive(wechatsim.Filing{OpenID: "oTheSamePerson000000000000001"})) // the hash is the same as before
	})
}
