package refund

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

func TestRefusalsInWords(t *testing.T) {
	onEngines(t, func(w *world) {
		ask := func(mutate func(in *Intent)) error {
			in := intent(w.file(), 100)
			mutate(&in)
			_, err := w.refunds.Submit(t.Context(), in)
			return err
		}
		order := func(o paysim.Order) string {
			w.must(w.pay.PutOrder(o))
			return w.complain("p1", o.TransactionID).ID
		}
		base := paidOrder("")
		foreign, old, unpaid, elsewhere, payer, app := base, base, base, base, base, base
		foreign.TransactionID, foreign.MchID = "42-foreign", "1911111111"
		old.TransactionID, old.AgeSeconds = "42-old", 366*24*3600
		unpaid.TransactionID, unpaid.TradeState = "42-unpaid", "NOTPAY"
		elsewhere.TransactionID, elsewhere.TradeState = "42-elsewhere", "REFUND"
		payer.TransactionID, payer.OpenID = "42-payer", "somebody-else"
		app.TransactionID, app.AppID = "42-app", "wx-another"
		w.addProgram("p3", "wx-none", "")
		for code, id := range map[string]string{
			BlockNoMerchant: w.complain("p3", "42-x").ID, BlockNoTransaction: w.complain("p1", "").ID, BlockTooOld: order(old), BlockNotPaid: order(unpaid), BlockElsewhere: order(elsewhere),
		} {
			w.refusedAs(ask(func(in *Intent) { in.ComplaintID = id }), code)
		}
		for _, o := range []paysim.Order{foreign, payer, app} {
			w.refusedAs(ask(func(in *Intent) { in.ComplaintID = order(o) }), BlockNotOurOrder)
		}
		c := w.file()
		w.set(c, "status", 312)
		w.refusedAs(ask(func(in *Intent) { in.ComplaintID = c.ID }), BlockPlatform)
		var field *FieldError
		for name, mutate := range map[string]func(in *Intent){
			"amount": func(in *Intent) { in.Amount = total + 1 },
			"reason": func(in *Intent) { in.Reason = strings.Repeat("退", 27) },
		} {
			if err := ask(mutate); !errors.As(err, &field) || field.Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := ask(func(in *Intent) { in.Reason = strings.Repeat("退", 26) }); err != nil {
			t.Errorf("26 characters are 78 bytes: %v", err)
		}
		if n := len(w.pay.Ledger().Refunds); n != 0 {
			t.Errorf("%d refunds moved", n)
		}
	})
}

func TestWhatWasRefundedOutsideIsAskedOfAPerson(t *testing.T) {
	onEngines(t, func(w *world) {
		w.must(w.pay.PutOrder(paidOrder("42-out")))
		w.must(w.pay.RefundByHand("42-out", 6800))
		c := w.complain("p1", "42-out")
		w.money(c, "nothing was read", ptr(int64(0)), nil)
		w.set(c, "amount", total)
		c.Amount = ptr(total)
		w.money(c, "the complaint's amount stands for the order's", ptr(int64(0)), ptr(total))
		in := intent(c, total)
		if o, err := w.refunds.OptionsFor(t.Context(), c.ID, staff); err != nil || o.Blocked == nil || o.Blocked.Code != BlockElsewhere || o.Remaining != nil {
			t.Errorf("the form offers %+v %v", o, err)
		}
		w.money(c, "WeChat Pay knows of a refund, nobody said how much it was", nil, nil)
		orderTotal := func(v any) {
			_, err := w.db.Write().NewRaw("UPDATE refund_orders SET total = ? WHERE transaction_id = ?", v, c.TransactionID).Exec(t.Context())
			w.must(err)
		}
		orderTotal(nil)
		w.money(c, "nor did WeChat Pay say the order's total", nil, nil)
		orderTotal(total)
		in.Elsewhere = ptr(int64(6800))
		var field *FieldError
		if _, err := w.refunds.Submit(t.Context(), in); !errors.As(err, &field) || field.Field != "amount" {
			t.Fatalf("more than is left: %v", err)
		}
		in.Amount = 10000
		r, err := w.refunds.Submit(t.Context(), in)
		w.must(err)
		w.money(c, "on its way", in.Elsewhere, ptr(int64(0)))
		w.drive(r, 3)
		w.state(r, Done, "")
		w.money(c, "everything went back", in.Elsewhere, ptr(int64(0)))
		o, err := w.refunds.OptionsFor(t.Context(), c.ID, staff)
		w.must(err)
		if m, err := w.refunds.MoneyOf(t.Context(), c); err != nil || *m.Remaining != *o.Remaining || *m.Elsewhere != *o.Elsewhere || m.Refunded != o.Refunded {
			t.Errorf("the case says %+v, the form %+v (%v)", m, o.Money, err)
		}
		again := intent(c, 1)
		_, err = w.refunds.Submit(t.Context(), again)
		w.refusedAs(err, BlockNothingLeft)
	})
}

// money asserts what a case says of its order without asking WeChat Pay.
func (w *world) money(c *complaint.Complaint, when string, elsewhere, left *int64) {
	w.t.Helper()
	m, err := w.refunds.MoneyOf(w.t.Context(), c)
	w.must(err)
	if !slices.Equal(fens(m.Elsewhere, m.Remaining), fens(elsewhere, left)) {
		w.t.Errorf("%s: elsewhere and left are %v, want %v (-1 = not known)", when, fens(m.Elsewhere, m.Remaining), fens(elsewhere, left))
	}
}

func fens(ps ...*int64) []int64 {
	out := make([]int64, len(ps))
	for i, p := range ps {
		if out[i] = -1; p != nil {
			out[i] = *p
		}
	}
	return out
}

func TestTheSameRequestMakesOneRefund(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		in := intent(c, 100)
		other := w.service()
		ids := make([]string, 8)
		var all sync.WaitGroup
		for i := range ids {
			all.Go(func() {
				s := w.refunds
				if i%2 == 1 {
					s = other
				}
				r, err := s.Submit(t.Context(), in)
				if err != nil {
					t.Errorf("click %d: %v", i, err)
					return
				}
				ids[i] = r.ID
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("two refunds: %v", ids)
			}
		}
		_, err := w.refunds.Submit(t.Context(), intent(w.complain("p1", c.TransactionID), 100))
		w.refusedAs(err, BlockInFlight)
		d := w.file()
		keyless := intent(d, 100)
		keyless.Keyless = true
		r, err := w.refunds.Submit(t.Context(), keyless)
		w.must(err)
		if _, err = w.refunds.Cancel(t.Context(), r.ID, staff, noAudit); err != nil {
			t.Fatal(err)
		}
		keyless.RequestKey = "u1/" + db.NewID()
		if _, err := w.refunds.Submit(t.Context(), keyless); !errors.Is(err, ErrTwice) {
			t.Errorf("within ten seconds: %v", err)
		}
		w.clock.Advance(11 * time.Second)
		if _, err := w.refunds.Submit(t.Context(), keyless); err != nil {
			t.Errorf("after ten seconds: %v", err)
		}
	})
}

func TestLimitsAndTheSecondPerson(t *testing.T) {
	onEngines(t, func(w *world) {
		set := func(v Settings) {
			w.must(w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return w.refunds.SetSettings(ctx, tx, v) }))
		}
		agent := Actor{ID: "a1", Name: "小李", Source: "staff"}
		boss := Actor{ID: "b1", Name: "老板", Any: true, Source: "staff"}
		c := w.file()
		in := intent(c, 100)
		in.Actor = agent
		_, err := w.refunds.Submit(t.Context(), in)
		w.refusedAs(err, BlockNoRight)
		set(Settings{AgentLimit: 300, ApprovalAbove: ptr(int64(250))})
		r, err := w.refunds.Submit(t.Context(), in)
		w.must(err)
		w.drive(r, 3)
		in = intent(c, 200)
		in.Actor = agent
		r, err = w.refunds.Submit(t.Context(), in) // 300 together: within the agent's limit, above the approval's
		w.must(err)
		w.state(r, WaitingApproval, "")
		if _, err := w.refunds.Approve(t.Context(), r.ID, agent, noAudit); err == nil {
			t.Error("an agent approved")
		}
		if _, err := w.refunds.Approve(t.Context(), r.ID, boss, noAudit); err != nil {
			t.Fatal(err)
		}
		if _, err := w.refunds.Approve(t.Context(), r.ID, boss, noAudit); !errors.Is(err, ErrMoved) {
			t.Errorf("approved twice: %v", err)
		}
		w.drive(r, 4)
		w.state(r, Done, "")
		w.moved(c, 300, 2)
		own := w.submit(w.file(), 1000)
		if _, err := w.refunds.Approve(t.Context(), own.ID, staff, noAudit); !errors.Is(err, ErrSamePerson) {
			t.Errorf("the first person approved: %v", err)
		}
		if _, err := w.refunds.Reject(t.Context(), own.ID, "金额不对", boss, noAudit); err != nil {
			t.Fatal(err)
		}
		w.state(own, Rejected, "")
	})
}

func TestNotificationsAreHeardOnceAndBelievedNever(t *testing.T) {
	onEngines(t, func(w *world) {
		w.outcome("PROCESSING")
		c := w.file()
		r := w.drive(w.submit(c, 5000), 1)
		if r.State != Processing {
			t.Fatalf("it is %s", r.State)
		}
		notice := func(serial, number string) (http.Header, []byte) {
			h, raw, err := w.pay.Notice(r.OutRefundNo, serial, func(plain map[string]any) { plain["refund_status"], plain["out_refund_no"] = "SUCCESS", number })
			w.must(err)
			return h, raw
		}
		h, raw := notice("", r.OutRefundNo) // a lie
		for range 3 {
			w.must(w.refunds.Hear(t.Context(), w.merchant.ID, h, raw))
		}
		w.must(w.refunds.Look(t.Context(), LookArgs{RefundID: r.ID}))
		w.state(r, Processing, "") // WeChat Pay itself says that it is not through
		n, err := w.db.Read.NewSelect().Model((*event)(nil)).Count(t.Context())
		if err != nil || n != 1 {
			t.Errorf("%d events, %v", n, err)
		}
		h, raw = notice("", "by-hand-1")
		jobs := w.jobs("refund.look")
		w.must(w.refunds.Hear(t.Context(), w.merchant.ID, h, raw))
		if w.jobs("refund.look") != jobs {
			t.Error("a notification without a row had an effect")
		}
		for name, mutate := range map[string]func(){
			"another body": func() { raw = append(raw, ' ') },
			"old":          func() { w.clock.Advance(6 * time.Minute) },
		} {
			h, raw = notice("", r.OutRefundNo)
			mutate()
			if err := w.refunds.Hear(t.Context(), w.merchant.ID, h, raw); !errors.Is(err, ErrForged) {
				t.Errorf("%s: %v", name, err)
			}
		}
		h, raw = notice("ABCDEF", r.OutRefundNo)
		if err := w.refunds.Hear(t.Context(), w.merchant.ID, h, raw); !errors.Is(err, ErrKey) {
			t.Errorf("an unknown key: %v", err)
		}
		if err := w.refunds.Hear(t.Context(), "nobody", h, raw); !errors.Is(err, ErrNoSuch) {
			t.Errorf("an unknown merchant: %v", err)
		}
	})
}

func TestReconciliationReportsWhatDiffers(t *testing.T) {
	onEngines(t, func(w *world) {
		good := w.drive(w.submit(w.file(), 100), 3)
		bad := w.drive(w.submit(w.file(), 200), 3)
		w.must(w.pay.SetStatus(bad.OutRefundNo, "CLOSED"))
		rec, err := w.refunds.StartReconciliation(t.Context(), "周敏")
		w.must(err)
		w.must(w.refunds.Compare(t.Context(), CompareArgs{ReconciliationID: rec.ID}))
		rec, err = w.refunds.LastReconciliation(t.Context())
		w.must(err)
		if rec.State != ended || rec.Checked != 2 || len(rec.Differences.V) != 1 || rec.Differences.V[0].RefundID != bad.ID {
			t.Errorf("the report is %+v (good %s)", rec, good.ID)
		}
	})
}
