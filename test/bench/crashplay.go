package main

import (
	"context"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"sync"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// batch refunds n orders, from the click to the end.
func (t *till) batch(ctx context.Context, from, n int) error {
	if err := t.arm(); err != nil {
		return err
	}
	ids := make([]string, n)
	if err := parallel(n, func(i int) (err error) {
		ids[i], err = t.click(ctx, from+i)
		return err
	}); err != nil {
		return err
	}
	for range 400 {
		open, err := t.round(ctx, ids)
		if err != nil || open == 0 {
			return err
		}
	}
	return nil // judge counts what is stuck
}

// file makes a paid order and a complaint about it.
func (t *till) file(ctx context.Context, i int) (*complaint.Complaint, error) {
	number := fmt.Sprintf("42000012345678%08d", i)
	if err := t.pay.PutOrder(paysim.Order{TransactionID: number, AppID: shop, Total: crashTotal}); err != nil {
		return nil, err
	}
	c := &complaint.Complaint{
		ID: db.NewID(), ProgramID: "p1", ComplaintOrderID: fmt.Sprint(11_000_000 + i), Status: 201, Stage: complaint.ToRespond, TransactionID: number, OutTradeNo: "T" + number,
		FirstSeenAt: db.At(t.clock.Now()), DueSort: 1,
	}
	c.Images.V = []string{}
	if _, err := t.db.Write().NewInsert().Model(c).Exec(ctx); err != nil {
		return nil, fmt.Errorf("store a complaint: %w", err)
	}
	return c, nil
}

// click asks for a refund until it is stored, as a person with a patient browser does: the same key each time, and one in five clicks twice, which the two instances get at
// the same time.
func (t *till) click(ctx context.Context, i int) (string, error) {
	c, err := t.file(ctx, i)
	if err != nil {
		return "", err
	}
	in := refund.Intent{
		ComplaintID: c.ID, Amount: crashAmount, Reason: "质量问题", Actor: refund.Actor{ID: "u1", Name: "周敏", Any: true, Source: complaint.FromStaff}, RequestKey: "u1/" + c.ID,
	}
	for range 50 {
		times := 1
		if mrand.IntN(5) == 0 {
			times = 2
		}
		t.clicked.Add(int64(times))
		var got [2]*refund.Refund
		if err := together(times, func(k int) error {
			_, err := t.survive(func() (err error) {
				got[k], err = t.instances[(k+i)%2].Submit(ctx, in)
				return err
			})
			return err
		}); err != nil {
			return "", err
		}
		switch {
		case got[0] != nil && got[1] != nil && got[0].ID != got[1].ID:
			return "", errors.New("a double click made two refunds")
		case got[0] != nil:
			return got[0].ID, nil
		case got[1] != nil:
			return got[1].ID, nil
		}
	}
	return "", errors.New("a click was never taken")
}

// isOver: nothing more happens to it by itself. What the payer's account did not take waits for a person at WeChat Pay, and is never refunded again.
func isOver(r *refund.Refund) bool { return !r.State.Open() || r.State == refund.Abnormal }

// statuses are what WeChat Pay must say of a refund that we say has ended so; a failed one it has never heard of.
var statuses = map[refund.State]string{refund.Done: "SUCCESS", refund.Closed: "CLOSED", refund.Abnormal: "ABNORMAL", refund.Failed: ""}

// round works on every refund whose time has come, as its job would; some are worked on twice at once. When there is none, the clock moves on. It returns how many are open.
func (t *till) round(ctx context.Context, ids []string) (open int, err error) {
	var due []*refund.Refund
	var next db.Time
	now := db.At(t.clock.Now())
	for _, id := range ids {
		r, err := t.instances[0].ByID(ctx, id)
		if err != nil {
			return 0, err
		}
		if isOver(r) {
			continue
		}
		open++
		if r.NextAt.IsZero() {
			continue
		}
		if r.NextAt <= now {
			due = append(due, r)
		} else if next == 0 || r.NextAt < next {
			next = r.NextAt
		}
	}
	if len(due) == 0 {
		if next != 0 {
			// A little more than needed: whatever waits for about the same moment comes together.
			t.clock.Advance(next.Time().Sub(t.clock.Now()) + 3*time.Second)
		}
		return open, nil
	}
	return open, parallel(len(due), func(i int) error {
		r, times := due[i], 1
		if mrand.IntN(10) == 0 {
			times = 2
		}
		return together(times, func(k int) error {
			_, err := t.survive(func() error {
				return t.instances[(k+i)%2].Advance(ctx, refund.AdvanceArgs{RefundID: r.ID, Turn: r.Turn})
			})
			return err
		})
	})
}

// judge compares our rows with WeChat Pay's ledger.
func (t *till) judge(ctx context.Context, o options, took time.Duration) ([]figure, error) {
	ledger := t.pay.Ledger()
	moved, said := ledger.Totals, map[string]string{}
	for i := range ledger.Refunds {
		said[ledger.Refunds[i].OutRefundNo] = ledger.Refunds[i].Status
	}
	states := map[refund.State]int{}
	n, doubled, stuck, wrong := 0, 0, 0, 0
	for cursor := ""; ; {
		rs, next, err := t.instances[0].List(ctx, refund.Filter{Limit: 500, Cursor: cursor})
		if err != nil {
			return nil, err
		}
		for i := range rs {
			r := &rs[i]
			n++
			states[r.State]++
			switch status, known := statuses[r.State]; {
			case moved[r.TransactionID] > crashAmount:
				doubled++
			case !isOver(r):
				stuck++
			case !known || status != said[r.OutRefundNo]:
				wrong++
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	value := fmt.Sprintf("doubled %d  stuck %d  differing %d", doubled, stuck, wrong)
	what := fmt.Sprintf("n = %d of %d clicks: %d done, %d closed by WeChat Pay, %d abnormal, %d others; %d signatures refused, %d processes died, %d calls or answers lost; %s", n,
		t.clicked.Load(), states[refund.Done], states[refund.Closed], states[refund.Abnormal], n-states[refund.Done]-states[refund.Closed]-states[refund.Abnormal], t.unsigned.Load(), t.died.Load(), t.lost.Load(), took.Round(time.Second))
	if n != o.refunds || doubled+stuck+wrong > 0 {
		return nil, fmt.Errorf("money: %s (%s)", value, what)
	}
	return []figure{{fmt.Sprintf("refund: crash-injected, %s", t.db.Engine), value, what}}, nil
}

// parallel does n things, some at a time; it stops at the first error.
func parallel(n int, do func(i int) error) error {
	todo := make(chan int, n)
	for i := range n {
		todo <- i
	}
	close(todo)
	return together(crashWorkers, func(int) error {
		for i := range todo {
			if err := do(i); err != nil {
				return err
			}
		}
		return nil
	})
}

// together does n things at the same time.
func together(n int, do func(k int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { errs[k] = do(k) })
	}
	wg.Wait()
	return errors.Join(errs...)
}
