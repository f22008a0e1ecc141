package refund

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
)

// Whatever happens in whatever order — clicks with and without the same key, in two cases of one order and on two instances, processes that die between attempt and outcome, answers that
// are lost, notifications that come early, late and twice — WeChat Pay's ledger never holds more than people asked for, and every refund ends in a known state.
func TestMoneyMovesOnceWhateverHappens(t *testing.T) {
	onEngines(t, func(w *world) {
		other := w.service()
		w.addProgram("p2", "wx-second", w.merchant.ID)
		modes := []string{
			"", "", "accept_then_500", "accept_then_hang_up", "accept_then_429", "invalid_request_after_accept", "bad_signature", "no_signature",
			"accept_then_202", "garbled", "drop", "500 SYSTEM_ERROR", "429 FREQUENCY_LIMITED", "403 NOT_ENOUGH", "403 USER_ACCOUNT_ABNORMAL", "400 INVALID_REQUEST", "404 RESOURCE_NOT_EXISTS", "401 SIGN_ERROR",
		}
		rapid.Check(t, func(rt *rapid.T) { w.play(rt, []*Service{w.refunds, other}, modes) })
	})
}

func (w *world) play(rt *rapid.T, instances []*Service, modes []string) {
	ctx := w.t.Context()
	w.calm()
	w.clock.Advance(3 * time.Hour)
	c := w.file()
	cases := []*complaint.Complaint{c, w.complain("p1", c.TransactionID)}
	statuses := []string{"SUCCESS", "SUCCESS", "PROCESSING", "CLOSED", "ABNORMAL"}
	asked := map[string]*Refund{}
	mine := func() []Refund {
		l, err := w.refunds.ledger(ctx, w.db.Read, c.TransactionID)
		w.must(err)
		return l.refunds
	}
	var now []Refund // as the last look left it, which is after every step
	rt.Repeat(map[string]func(*rapid.T){
		"click": func(rt *rapid.T) {
			in := intent(rapid.SampledFrom(cases).Draw(rt, "case"), rapid.SampledFrom([]int64{1, 5000, 9000, total}).Draw(rt, "amount"))
			in.RequestKey = "u1/" + c.ID + rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "key")
			r, err := rapid.SampledFrom(instances).Draw(rt, "instance").Submit(ctx, in)
			if err == nil {
				asked[r.ID] = r
				return
			}
			var no *Refused
			var field *FieldError
			if !errors.As(err, &no) && !errors.As(err, &field) {
				rt.Fatalf("submit: %v", err)
			}
		},
		"work": func(rt *rapid.T) {
			mode := rapid.SampledFrom(modes).Draw(rt, "mode")
			api := rapid.SampledFrom([]string{"pay.refund.create", "pay.refund.create", "pay.refund.query", "pay.order"}).Draw(rt, "api")
			w.fail(api, mode)
			w.outcome(rapid.SampledFrom(statuses).Draw(rt, "outcome"))
			w.work(rt, rapid.SampledFrom(instances).Draw(rt, "instance"), now)
			w.calm()
		},
		"crash": func(rt *rapid.T) { w.crash(rt, rapid.SampledFrom(instances).Draw(rt, "instance"), now) },
		"wait": func(rt *rapid.T) {
			w.clock.Advance(time.Duration(rapid.IntRange(1, 600).Draw(rt, "seconds")) * time.Second)
		},
		"notice": func(rt *rapid.T) {
			for _, r := range w.pay.Ledger().Refunds {
				if r.TransactionID == c.TransactionID {
					h, raw, err := w.pay.Notice(r.OutRefundNo, "", nil)
					w.must(err)
					if err := w.refunds.Hear(ctx, w.merchant.ID, h, raw); err != nil && !errors.Is(err, ErrKey) {
						rt.Fatalf("hear: %v", err)
					}
				}
			}
			for _, r := range now {
				if r.State != Running {
					if err := w.refunds.Look(ctx, LookArgs{RefundID: r.ID}); err != nil {
						rt.Fatalf("look: %v", err)
					}
				}
			}
		},
		"retry": func(rt *rapid.T) {
			for _, r := range now {
				if _, err := w.refunds.Retry(ctx, r.ID, staff, noAudit); err != nil && !errors.Is(err, ErrMoved) {
					rt.Fatalf("retry: %v", err)
				}
			}
		},
		"": func(rt *rapid.T) {
			now = mine()
			w.sound(rt, c.TransactionID, now)
		},
	})
	w.end(rt, c.TransactionID, mine)
}

func (w *world) calm() { w.pay.ClearFaults() }

// work lets an instance do the job of every refund, whether or not its time has come: jobs may be late, doubled, and stale.
func (w *world) work(rt *rapid.T, s *Service, rs []Refund) {
	for _, r := range rs {
		turn := r.Turn - int64(rapid.IntRange(0, 1).Draw(rt, "stale"))
		if err := s.Advance(w.t.Context(), AdvanceArgs{RefundID: r.ID, Turn: turn}); err != nil {
			rt.Fatalf("advance: %v", err)
		}
	}
}

// crash begins a call and dies: before WeChat Pay heard of it, or after.
func (w *world) crash(rt *rapid.T, s *Service, rs []Refund) {
	ctx := w.t.Context()
	for i := range rs {
		r := &rs[i]
		if r.State != Queued && r.State != Parked || r.OrderTotal == nil {
			continue
		}
		run, at, err := s.begin(ctx, r)
		if err != nil {
			rt.Fatalf("begin: %v", err)
		}
		if at == nil || rapid.Bool().Draw(rt, "before the call") {
			continue
		}
		m, err := s.Merchant(ctx, r.MerchantID)
		w.must(err)
		a, err := s.ready(ctx, m)
		if err != nil {
			continue
		}
		_, _ = s.pay.CreateRefund(ctx, a, orderOf(run)) // the answer dies with the process
	}
}

// sound asserts what must hold at every moment.
func (w *world) sound(rt *rapid.T, transactionID string, rs []Refund) {
	byNumber, open, promised := map[string]Refund{}, 0, int64(0)
	for _, r := range rs {
		byNumber[r.OutRefundNo] = r
		if r.State.Open() {
			open++
		}
		if r.State.Open() || r.State == Done {
			promised += r.Amount
		}
	}
	if open > 1 {
		rt.Fatalf("%d refunds of one order are on their way", open)
	}
	moved := int64(0)
	for _, r := range w.pay.Ledger().Refunds {
		if r.TransactionID != transactionID {
			continue
		}
		ours, ok := byNumber[r.OutRefundNo]
		if !ok || ours.Amount != r.Amount {
			rt.Fatalf("WeChat Pay has a refund that nobody asked for: %+v", r)
		}
		if r.Status == "CLOSED" {
			continue
		}
		moved += r.Amount
		if !ours.State.Open() && ours.State != Done {
			rt.Fatalf("money moved for a refund that is %s", ours.State)
		}
	}
	if moved > promised || moved > total {
		rt.Fatalf("%d fen moved, %d were asked for", moved, promised)
	}
}

// end lets everything come to its end without further trouble.
func (w *world) end(rt *rapid.T, transactionID string, mine func() []Refund) {
	ctx := w.t.Context()
	w.calm()
	w.outcome("SUCCESS")
	for _, r := range w.pay.Ledger().Refunds {
		if r.TransactionID == transactionID && r.Status != "SUCCESS" && r.Status != "CLOSED" {
			w.must(w.pay.SetStatus(r.OutRefundNo, "SUCCESS"))
		}
	}
	for range 60 {
		open := false
		for _, r := range mine() {
			if !r.State.Open() {
				continue
			}
			open = true
			if _, err := w.refunds.Retry(ctx, r.ID, staff, noAudit); err != nil && !errors.Is(err, ErrMoved) {
				rt.Fatalf("retry: %v", err)
			}
			w.step(&r)
		}
		if !open {
			break
		}
		w.clock.Advance(15 * time.Second)
	}
	rs := mine()
	w.sound(rt, transactionID, rs)
	done := int64(0)
	for _, r := range rs {
		if r.State.Open() {
			rt.Fatalf("a refund never ends: %s", fmt.Sprint(r.State, r.ErrorCode, r.Tries))
		}
		if r.State == Done {
			done += r.Amount
		}
	}
	if moved, _ := paykit.Moved(w.pay, transactionID); moved != done {
		rt.Fatalf("WeChat Pay moved %d fen, our ledger says %d", moved, done)
	}
}
