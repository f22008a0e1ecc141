package automate

import (
	"errors"
	"flag"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// Whatever happens in whatever order — jobs that come twice, late or never, calls whose answers are lost, processes that die between two steps, people, stops, edits — no case is refunded
// twice, no limit is passed, nothing is answered before the money, and nothing that was decided before a stop is sent after it.
func TestRulesKeepTheirLimitsWhateverHappens(t *testing.T) {
	if err := flag.Set("rapid.checks", "25"); err != nil { // each is a day of a shop
		t.Fatal(err)
	}
	onOneEngine(t, func(w *world) {
		rapid.Check(t, func(rt *rapid.T) { w.play(rt) })
	})
}

func (w *world) play(rt *rapid.T) {
	ctx := w.t.Context()
	w.pay.ClearFaults()
	w.sim.ClearFaults()
	paykit.Outcome(w.t, w.pay, "SUCCESS")
	_, err := w.rules.Resume(ctx, quietly)
	w.must(err)
	_, err = w.db.Write().NewRaw("UPDATE rules SET state = 'draft'").Exec(ctx)
	w.must(err)
	w.clock.Advance(25 * time.Hour) // a day of its own
	r := refundRule()
	r.MaxCasesPerDay, r.MaxAmountPerDay, r.WaitMinutes = 3, ptr(int64(7000)), 0
	r = w.enable(r)
	var cases []*complaint.Complaint
	sent := map[string]bool{} // cases of which something was sent before the last stop
	any1 := func(rt *rapid.T) *complaint.Complaint {
		if len(cases) == 0 {
			cases = append(cases, w.arrive(wechatsim.Filing{}))
		}
		return rapid.SampledFrom(cases).Draw(rt, "case")
	}
	stopped := map[string]int64{} // what had moved or been answered when a stop came
	rt.Repeat(map[string]func(*rapid.T){
		"arrive": func(rt *rapid.T) {
			if len(cases) < 6 {
				cases = append(cases, w.arrive(wechatsim.Filing{}))
			}
		},
		"step": func(rt *rapid.T) {
			c := any1(rt)
			if d, err := w.rules.DecisionOf(ctx, c.ID); err == nil && d != nil {
				for range rapid.IntRange(1, 3).Draw(rt, "times") {
					w.must(snoozed(w.rules.Step(ctx, d.ID)))
				}
			}
		},
		"money": func(rt *rapid.T) {
			paykit.Outcome(w.t, w.pay, rapid.SampledFrom([]string{"SUCCESS", "SUCCESS", "PROCESSING", "CLOSED"}).Draw(rt, "outcome"))
			paykit.Fail(w.t, w.pay, "pay.refund.create", rapid.SampledFrom([]string{"", "", "accept_then_500", "accept_then_hang_up", "drop", "500 SYSTEM_ERROR", "403 NOT_ENOUGH"}).Draw(rt, "mode"))
			rs, err := w.refunds.OfComplaint(ctx, any1(rt).ID)
			w.must(err)
			for _, x := range rs {
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					w.must(w.refunds.Advance(ctx, refund.AdvanceArgs{RefundID: x.ID, Turn: x.Turn}))
				}
				if rapid.Bool().Draw(rt, "told") {
					w.must(snoozed(w.rules.RefundSettled(ctx, x.ID)))
				}
			}
			w.pay.ClearFaults()
		},
		"answer": func(rt *rapid.T) {
			if rapid.Bool().Draw(rt, "busy") {
				w.must(w.sim.AddFault(wechatsim.Fault{Target: respondAPI, Errcode: ptr(-1), After: rapid.Bool().Draw(rt, "after"), Times: 1}))
			}
			for _, a := range w.actionsOf(any1(rt)) {
				for range rapid.IntRange(1, 2).Draw(rt, "times") {
					w.must(snoozed(w.actions.Perform(ctx, a.ID)))
				}
				if rapid.Bool().Draw(rt, "told") {
					w.must(snoozed(w.rules.ActionFinished(ctx, a.ID)))
				}
			}
			w.sim.ClearFaults()
		},
		"work": func(*rapid.T) { w.work() },
		"wait": func(rt *rapid.T) {
			w.clock.Advance(time.Duration(rapid.IntRange(1, 90).Draw(rt, "seconds")) * time.Second)
		},
		"person": func(rt *rapid.T) {
			c := any1(rt)
			switch rapid.IntRange(0, 2).Draw(rt, "what") {
			case 0:
				_, err := w.complaints.AddNote(ctx, c.ID, "u1", "周敏", "我来")
				w.must(err)
			case 1:
				_, err := w.refunds.Submit(ctx, refund.Intent{ComplaintID: c.ID, Amount: 3000, Actor: refund.Actor{ID: "u1", Name: "周敏", Any: true, Source: complaint.FromStaff}, RequestKey: "u1/" + db.NewID()})
				var no *refund.Refused
				var field *refund.FieldError
				if err != nil && !errors.As(err, &no) && !errors.As(err, &field) {
					rt.Fatal(err)
				}
			case 2:
				if err := w.rules.TakeOver(ctx, c.ID, "周敏改为人工处理", quietly); err != nil && !errors.Is(err, ErrOver) {
					rt.Fatal(err)
				}
			}
		},
		"stop": func(rt *rapid.T) {
			_, err := w.rules.Stop(ctx, "林晓", quietly)
			w.must(err)
			clear(stopped)
			clear(sent)
			for _, c := range cases {
				d, err := w.rules.DecisionOf(ctx, c.ID)
				w.must(err)
				if d == nil {
					continue
				}
				stopped[c.ID] = w.sent(c)
				rs, err := w.refunds.OfComplaint(ctx, c.ID)
				w.must(err)
				for i := range rs {
					sent[c.ID] = sent[c.ID] || !rs[i].SubmittedAt.IsZero() || rs[i].Source == complaint.FromStaff
				}
			}
			_, err = w.rules.Resume(ctx, quietly)
			w.must(err)
			w.clock.Advance(time.Second)
		},
		"edit": func(rt *rapid.T) {
			_, err := w.rules.Update(ctx, r.ID, Change{Edit: func(r *Rule) error { r.WaitMinutes = 1 - r.WaitMinutes; return nil }}, "林晓", unrecorded)
			w.must(err)
			w.turnOn(r.ID)
		},
		"": func(rt *rapid.T) {
			var total int64
			for _, c := range cases {
				w.sound(rt, c)
				fen, n := w.byRule(c)
				total += fen
				if n > 1 {
					rt.Fatalf("%d refunds of the rule in one case", n)
				}
				if before, ok := stopped[c.ID]; ok && !sent[c.ID] && w.sent(c) > before && w.byRuleAny(c) {
					rt.Fatalf("something was sent after a stop")
				}
			}
			if total > 7000 {
				rt.Fatalf("%d fen in a day, more than the limit", total)
			}
		},
	})
}

// sent counts what WeChat and WeChat Pay were moved to do.
func (w *world) sent(c *complaint.Complaint) int64 {
	v, err := w.sim.Complaint(c.ComplaintOrderID)
	w.must(err)
	fen, _ := paykit.Moved(w.pay, c.TransactionID)
	for _, it := range v.Items {
		if it.ItemType == 109 {
			fen++
		}
	}
	return fen
}

// byRule is what the rule's own refunds came to at WeChat Pay, or may.
func (w *world) byRule(c *complaint.Complaint) (fen int64, n int) {
	rs, err := w.refunds.OfComplaint(w.t.Context(), c.ID)
	w.must(err)
	for _, x := range w.pay.Ledger().Refunds {
		for i := range rs {
			if rs[i].OutRefundNo == x.OutRefundNo && rs[i].Source == complaint.FromRule && x.Status != "CLOSED" {
				fen += rs[i].Amount
				n++
			}
		}
	}
	return fen, n
}

func (w *world) byRuleAny(c *complaint.Complaint) bool {
	rs, err := w.refunds.OfComplaint(w.t.Context(), c.ID)
	w.must(err)
	for i := range rs {
		if rs[i].Source == complaint.FromStaff {
			return false
		}
	}
	return true
}

// sound: never more than the order, one answer, and no answer of the rule before its money.
func (w *world) sound(rt *rapid.T, c *complaint.Complaint) {
	fen, _ := paykit.Moved(w.pay, c.TransactionID)
	if fen > 3000 {
		rt.Fatalf("%d fen went back for an order of 3000", fen)
	}
	v, err := w.sim.Complaint(c.ComplaintOrderID)
	w.must(err)
	answers := 0
	for _, it := range v.Items {
		if it.ItemType == 109 {
			answers++
		}
	}
	own := 0
	for _, a := range w.actionsOf(c) {
		if a.Source == complaint.FromRule {
			own++
			if money, _ := w.byRule(c); money != 3000 || a.Decision != action.Agree {
				rt.Fatalf("an answer of the rule, and %d fen went back", money)
			}
		}
	}
	if answers > 1 || own > 1 {
		rt.Fatalf("%d answers, %d of the rule", answers, own)
	}
}
