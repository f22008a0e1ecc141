package refund

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Money is where the money of one order is, in fen.
type Money struct {
	// Refunded and Refunding are by our refunds, from whichever case.
	Refunded, Refunding int64
	// Elsewhere is what was refunded outside, as somebody said; nil = WeChat Pay knows of a refund of which nobody said how much it was.
	Elsewhere *int64
	// Remaining is what may still go back; nil = not known.
	Remaining *int64
}

// MoneyOf says where the money of a case's order is, from what WeChat Pay said of the order last and our refunds of it; nothing is asked. Until the order was read, what the
// complaint says stands for its total.
func (s *Service) MoneyOf(ctx context.Context, c *complaint.Complaint) (Money, error) {
	l, o := &ledger{}, (*order)(nil)
	if c.TransactionID != "" {
		var err error
		if l, err = s.ledger(ctx, s.db.Read, c.TransactionID); err != nil {
			return Money{}, err
		}
		if o, err = s.order(ctx, s.db.Read, c.TransactionID); err != nil {
			return Money{}, err
		}
	}
	return l.money(o, c.Amount), nil
}

// money takes total for an order whose own is not known; nil = nothing stands for it.
func (l *ledger) money(o *order, total *int64) Money {
	m := Money{Refunded: l.done, Refunding: l.open}
	if l.unsaid(o) {
		return m
	}
	m.Elsewhere = &l.elsewhere
	if o != nil && o.Total != nil {
		total = o.Total
	}
	if total != nil {
		left := l.left(*total)
		m.Remaining = &left
	}
	return m
}

// left is what may still go back of a total.
func (l *ledger) left(total int64) int64 { return max(total-l.taken(), 0) }

// taken is what is given back or may still be.
func (l *ledger) taken() int64 { return l.done + l.open + l.elsewhere }

// unsaid: WeChat Pay knows of a refund that is not ours, and nobody said how much it was.
func (l *ledger) unsaid(o *order) bool {
	return o != nil && o.TradeState == wxpay.TradeRefund && !l.reached && !l.elsewhereSaid
}

// Any reports whether a refund was ever asked for in a case or of its order, by whomever and with whatever outcome.
func (s *Service) Any(ctx context.Context, q bun.IDB, c *complaint.Complaint) (bool, error) {
	for _, x := range [][2]string{{"complaint_id", c.ID}, {"transaction_id", c.TransactionID}} {
		if x[1] == "" {
			continue
		}
		ok, err := q.NewSelect().Model((*Refund)(nil)).Where("? = ?", bun.Ident(x[0]), x[1]).Exists(ctx)
		if err != nil || ok {
			return ok, wrap("look for refunds", err)
		}
	}
	return false, nil
}

// ByRequest returns the refund that a request made, or ErrNotFound.
func (s *Service) ByRequest(ctx context.Context, complaintID, key string) (*Refund, error) {
	return s.one(ctx, s.db.Read, "complaint_id = ? AND request_key = ?", complaintID, key)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
