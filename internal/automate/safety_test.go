package automate

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// template stores a template, or changes one, as the API does.
func (w *world) template(t *action.Template) *action.Template {
	w.t.Helper()
	t.Name, t.Decision = "少发补差", action.Agree
	t.Kinds.V, t.Types.V = []string{}, []int64{}
	w.must(w.actions.SaveTemplate(w.t.Context(), t, func(ctx context.Context, tx db.Tx, t *action.Template) error {
		return w.rules.TemplateChanged(ctx, tx, t.ID, t, "林晓")
	}))
	return t
}

// asked is a case whose refund, or answer, is asked for and not sent.
func (w *world) asked(f wechatsim.Filing) *complaint.Complaint {
	w.t.Helper()
	c := w.arrive(f)
	id := w.decision(c, Waiting).ID
	w.must(w.rules.Step(w.t.Context(), id))
	w.must(w.rules.Step(w.t.Context(), id))
	return c
}

func TestOnlyTheTextThatAReplayShowedIsSent(t *testing.T) {
	onEngines(t, func(w *world) {
		ctx := t.Context()
		text := w.template(&action.Template{Body: "已安排补发。"})
		r := agreeRule()
		r.TemplateID, r.Content = text.ID, ""
		r = w.enable(r)
		c := w.arrive(wechatsim.Filing{})
		w.run()
		if d := w.decision(c, Done); d.Content != "已安排补发。" {
			t.Errorf("it answered %q", d.Content)
		}
		// Its name is not part of it.
		text.Position = 7
		w.template(text)
		if got := w.rule(r.ID); got.State != Active || got.Version != 1 {
			t.Errorf("another position made it %s, version %d", got.State, got.Version)
		}
		queued := w.asked(wechatsim.Filing{})
		waiting := w.arrive(wechatsim.Filing{})
		text.Body = "给您赔一辆车。"
		w.template(text)
		got := w.rule(r.ID)
		if got.State != Paused || got.Version != 2 || got.Text != text.Body || !strings.Contains(got.PausedReason, "少发补差") {
			t.Errorf("after another text the rule is %s, version %d, %q", got.State, got.Version, got.PausedReason)
		}
		w.decision(waiting, HandedOver)
		w.run()
		w.decision(queued, HandedOver)
		w.effects(queued, 0, 0)
		if _, err := w.rules.Update(ctx, r.ID, Change{State: ptr(Active)}, "林晓", unrecorded); err == nil {
			t.Error("a text that was not replayed was enabled")
		}
		w.turnOn(r.ID)
		c = w.arrive(wechatsim.Filing{})
		w.run()
		if d := w.decision(c, Done); d.Content != text.Body {
			t.Errorf("it answered %q", d.Content)
		}
		// A change of which rules were not told is not sent either, and asks for a replay at the next edit.
		_, err := w.db.Write().NewRaw("UPDATE templates SET body = 'x' WHERE id = ?", text.ID).Exec(ctx)
		w.must(err)
		c = w.arrive(wechatsim.Filing{})
		w.run()
		if d := w.decision(c, Done); d.Content != "给您赔一辆车。" {
			t.Errorf("it answered %q", d.Content)
		}
		if got, err := w.rules.Update(ctx, r.ID, Change{Position: ptr(int64(1))}, "林晓", unrecorded); err != nil || got.State != Draft || got.Version != 3 {
			t.Errorf("after a look at it: %+v, %v", got, err)
		}
		w.turnOn(r.ID)
		w.must(w.actions.DeleteTemplate(ctx, text.ID, func(ctx context.Context, tx db.Tx, x *action.Template) error {
			return w.rules.TemplateChanged(ctx, tx, x.ID, nil, "林晓")
		}))
		if got := w.rule(r.ID); got.State != Paused {
			t.Errorf("without its template the rule is %s", got.State)
		}
	})
}

// A refund may wait for hours, for a merchant whose credentials have to be mended or for a second person.
func TestARefundThatWaitedIsNotSentForACaseThatMovedOn(t *testing.T) {
	onEngines(t, func(w *world) {
		w.enable(refundRule())
		silently := func(c *complaint.Complaint) {
			w.must(w.sim.SetComplaint(c.ComplaintOrderID, wechatsim.ComplaintChange{Status: ptr(102), Silent: true}))
		}
		advance := func(c *complaint.Complaint) {
			rs, err := w.refunds.OfComplaint(t.Context(), c.ID)
			w.must(err)
			w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
		}
		// WeChat told nobody that it was withdrawn.
		c := w.asked(wechatsim.Filing{})
		silently(c)
		w.clock.Advance(10 * time.Minute)
		advance(c)
		w.run()
		w.decision(c, HandedOver)
		w.effects(c, 0, 0)
		// While the case can't be read, nothing is sent.
		c = w.asked(wechatsim.Filing{})
		w.must(w.sim.AddFault(wechatsim.Fault{Target: "complaintOrderDetail", HTTPStatus: 502, Times: 1}))
		w.clock.Advance(10 * time.Minute)
		advance(c)
		w.effects(c, 0, 0)
		w.clock.Advance(time.Minute)
		w.run()
		w.decision(c, Done)
		w.effects(c, 1, 3000)
		// One that waits for a second person is taken back as soon as the case has moved on.
		w.must(w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			return w.refunds.SetSettings(ctx, tx, refund.Settings{ApprovalAbove: ptr(int64(0))})
		}))
		c = w.asked(wechatsim.Filing{})
		silently(c)
		_, err := w.complaints.SyncNow(t.Context(), c.ID)
		w.must(err)
		w.run()
		if d := w.decision(c, HandedOver); d.Reserved != 0 || !strings.Contains(d.Reason, "没有退钱") {
			t.Errorf("%+v", d)
		}
		if n, err := w.db.Read.NewSelect().TableExpr("refunds").Where("state = 'waiting_approval'").Count(t.Context()); err != nil || n != 0 {
			t.Errorf("%d refunds wait for a second person, %v", n, err)
		}
	})
}

func TestTwoCasesAboutOneOrderAreOneForRules(t *testing.T) {
	onEngines(t, func(w *world) {
		r := refundRule()
		r.Refund, r.RefundAmount = FixedRefund, ptr(int64(500)) // there would be room for both
		w.enable(r)
		const user = "oTheSamePerson000000000000001"
		a := w.arrive(wechatsim.Filing{OpenID: user})
		b := w.arrive(wechatsim.Filing{OpenID: user, TransactionID: a.TransactionID, OutTradeNo: a.OutTradeNo})
		var wg sync.WaitGroup
		errs := make(chan error, 2)
		for _, c := range []*complaint.Complaint{a, b} {
			id := w.decision(c, Waiting).ID
			wg.Go(func() { errs <- snoozed(w.rules.Step(context.WithoutCancel(t.Context()), id)) })
		}
		wg.Wait()
		w.must(<-errs)
		w.must(<-errs)
		// One comes to its end before the other has asked for its refund.
		var first *complaint.Complaint
		for _, c := range []*complaint.Complaint{a, b} {
			if d, err := w.rules.DecisionOf(t.Context(), c.ID); err == nil && d.State == Refunding && first == nil {
				first = c
				for range 2 {
					w.must(w.rules.Step(t.Context(), d.ID))
					rs, err := w.refunds.OfComplaint(t.Context(), c.ID)
					w.must(err)
					w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
				}
			}
		}
		for range 3 {
			w.run()
			w.clock.Advance(2 * time.Minute)
		}
		if fen, n := paykit.Moved(w.pay, a.TransactionID); fen != 500 || n != 1 {
			t.Errorf("%d fen went back in %d refunds", fen, n)
		}
		if len(w.actionsOf(a))+len(w.actionsOf(b)) != 1 {
			t.Error("both were answered")
		}
	})
}

func TestWhatAPersonHasAskedForStopsARefundBeforeItIsDone(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.enable(refundRule())
		c := w.asked(wechatsim.Filing{})
		_, err := w.actions.Submit(t.Context(), action.Intent{ComplaintID: c.ID, Kind: complaint.Respond, Decision: action.Refuse, Content: "不", ActorID: "u1", ActorName: "周敏", Source: complaint.FromStaff, RequestKey: "u1/" + c.ID})
		w.must(err)
		rs, err := w.refunds.OfComplaint(t.Context(), c.ID)
		w.must(err)
		w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
		w.effects(c, 0, 0) // the answer is not sent yet
		w.run()
		w.decision(c, HandedOver)
		w.effects(c, 1, 0)
	})
}

func TestATextThatGetsTooLongIsSeenBeforeMoneyMoves(t *testing.T) {
	onOneEngine(t, func(w *world) {
		r := refundRule()
		r.Content = strings.Repeat("退", action.MaxContent-6) + "{退款单号}"
		w.enable(r)
		c := w.arrive(wechatsim.Filing{})
		w.run()
		if d := w.decision(c, HandedOver); d.ReasonCode != codeText {
			t.Errorf("%s %s", d.ReasonCode, d.Reason)
		}
		w.effects(c, 0, 0)
	})
}

func TestMoneyThatMovedWhileACaseWasTakenOverIsInTheBooks(t *testing.T) {
	onOneEngine(t, func(w *world) {
		w.enable(refundRule())
		c := w.asked(wechatsim.Filing{})
		rs, err := w.refunds.OfComplaint(t.Context(), c.ID)
		w.must(err)
		w.must(w.refunds.Advance(t.Context(), refund.AdvanceArgs{RefundID: rs[0].ID, Turn: rs[0].Turn}))
		w.must(w.rules.TakeOver(t.Context(), c.ID, "周敏改为人工处理", quietly))
		w.run()
		if d := w.decision(c, HandedOver); d.Refunded != 3000 || d.Reserved != 3000 {
			t.Errorf("%+v", d)
		}
		w.effects(c, 0, 3000)
	})
}

func TestAReplayCountsWhatARuleWouldDo(t *testing.T) {
	onOneEngine(t, func(w *world) {
		a := w.file(wechatsim.Filing{})
		w.file(wechatsim.Filing{TransactionID: a.TransactionID, OutTradeNo: a.OutTradeNo}) // a rule acts once for an order
		noOrder := w.file(wechatsim.Filing{})
		_, err := w.db.Write().NewRaw("UPDATE complaints SET transaction_id = '' WHERE id = ?", noOrder.ID).Exec(t.Context())
		w.must(err)
		w.clock.Advance(time.Second)
		r := refundRule()
		r.ValidFrom = db.At(w.clock.Now()) + ms(24*time.Hour) // for the next holidays
		w.must(w.rules.Create(t.Context(), r, "周敏", unrecorded))
		got, err := w.rules.Replay(t.Context(), r.ID, unrecorded)
		w.must(err)
		if got.Hits != 1 || got.Amount != 3000 || len(got.Cases) != 1 || got.Cases[0].ComplaintID != a.ID {
			t.Errorf("%d hits, %d fen, %+v", got.Hits, got.Amount, got.Cases)
		}
	})
}

// A replay looks users up many at a time; what it says of each is what is said when a case arrives.
func TestAReplayTellsUsersApartAsARuleDoes(t *testing.T) {
	onEngines(t, func(w *world) {
		ctx := t.Context()
		const user = "oTheSamePerson000000000000001"
		var cs []*complaint.Complaint
		file := func(openID string) {
			w.clock.Advance(24 * time.Hour)
			cs = append(cs, w.file(wechatsim.Filing{OpenID: openID}))
		}
		file(user)
		file("")
		w.clock.Advance(35 * 24 * time.Hour)
		file(user) // the first again
		file("")   // becomes anybody's
		file(user)
		file("")
		w.clock.Advance(31 * 24 * time.Hour)
		file("")
		lost := cs[3]
		_, err := w.db.Write().NewRaw("UPDATE complaints SET user_hash = NULL WHERE id = ?", lost.ID).Exec(ctx)
		w.must(err)
		w.clock.Advance(time.Second)
		r := agreeRule()
		r.FirstInDays = ptr(int64(30))
		w.must(w.rules.Create(ctx, r, "周敏", unrecorded))
		got, err := w.rules.Replay(ctx, r.ID, unrecorded)
		w.must(err)
		hit := map[string]bool{}
		for _, c := range got.Cases {
			hit[c.ComplaintID] = true
		}
		for i, c := range cs {
			fresh, err := w.complaints.ByID(ctx, c.ID)
			w.must(err)
			first, err := w.rules.first(ctx, w.db.Read, r, fresh, filed(fresh))
			w.must(err)
			if hit[c.ID] != (first == IsFirst) {
				t.Errorf("case %d: hit is %v, but a rule would say %d", i, hit[c.ID], first)
			}
		}
		if want := []int{0, 1, 2, 6}; len(hit) != len(want) {
			t.Errorf("%d hits, want %v", len(hit), want)
		}
	})
}
