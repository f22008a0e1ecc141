package refund

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Limits of WeChat Pay (reference §1.4).
const (
	refundWindow = 365 * 24 * time.Hour
	maxRefunds   = 50
	gap          = time.Minute + time.Second // between two refunds of one order
)

// askOrder reads an order at WeChat Pay, checks that it is the complaint's, and stores what it says. It returns a *Refused when the order is somebody else's.
func (s *Service) askOrder(ctx context.Context, m *Merchant, p Program, c *complaint.Complaint) (*order, error) {
	a, err := s.ready(ctx, m)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	paid, err := s.pay.QueryPayment(ctx, a, c.TransactionID)
	if e := wxErr(err); e != nil && e.Class == wxpay.Absent {
		return nil, refused(BlockNotOurOrder)
	}
	if err != nil {
		return nil, err
	}
	if err := s.belongs(paid, m, p, c); err != nil {
		return nil, err
	}
	o := &order{
		TransactionID: c.TransactionID, MerchantID: m.ID, OutTradeNo: paid.OutTradeNo, Total: &paid.Total, PayerTotal: &paid.PayerTotal, TradeState: paid.TradeState,
		PaidAt: db.At(paid.PaidAt), CheckedAt: s.now(), UpdatedAt: s.now(),
	}
	if len(paid.AppIDs) > 0 {
		o.AppID = paid.AppIDs[0]
	}
	_, err = s.db.Write().NewInsert().Model(o).ExcludeColumn("last_call_at").On("CONFLICT (transaction_id) DO UPDATE").
		Set("merchant_id = EXCLUDED.merchant_id, out_trade_no = EXCLUDED.out_trade_no, total = EXCLUDED.total, payer_total = EXCLUDED.payer_total").
		Set("trade_state = EXCLUDED.trade_state, paid_at = EXCLUDED.paid_at, appid = EXCLUDED.appid, checked_at = EXCLUDED.checked_at, updated_at = EXCLUDED.updated_at").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("store order: %w", err)
	}
	return s.order(ctx, s.db.Read, c.TransactionID)
}

// belongs compares the order with the merchant, the program and the case: money must not go to the payer of another order.
func (s *Service) belongs(paid wxpay.Payment, m *Merchant, p Program, c *complaint.Complaint) error {
	if paid.MchID != m.MchID || paid.Total <= 0 {
		return refused(BlockNotOurOrder)
	}
	if c.OutTradeNo != "" && paid.OutTradeNo != "" && c.OutTradeNo != paid.OutTradeNo {
		return refused(BlockNotOurOrder)
	}
	if len(paid.AppIDs) > 0 && !slices.Contains(paid.AppIDs, p.AppID) {
		return refused(BlockNotOurOrder)
	}
	who, err := s.cases.Reveal(c)
	if err != nil {
		return err
	}
	if !who.OpenID.IsEmpty() && len(paid.Payers) > 0 && len(paid.AppIDs) > 0 && !slices.Contains(paid.Payers, who.OpenID.Reveal()) {
		return refused(BlockNotOurOrder)
	}
	return nil
}

// order returns what is known of an order; nil when nothing is.
func (s *Service) order(ctx context.Context, q bun.IDB, transactionID string) (*order, error) {
	o := &order{TransactionID: transactionID}
	err := q.NewSelect().Model(o).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read order: %w", err)
	}
	return o, nil
}

// lock takes an order's row until the transaction ends: whoever decides about the same order waits.
func (s *Service) lock(ctx context.Context, tx db.Tx, transactionID string) (*order, error) {
	o := &order{TransactionID: transactionID, UpdatedAt: s.now()}
	if _, err := tx.NewInsert().Model(o).On("CONFLICT (transaction_id) DO UPDATE").Set("updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return nil, fmt.Errorf("lock order: %w", err)
	}
	return s.order(ctx, tx, transactionID)
}

// ledger is what our rows say of an order.
type ledger struct {
	refunds         []Refund // newest first
	done, open      int64    // fen
	count           int64    // refunds that WeChat Pay counts, or may
	elsewhere       int64    // fen, refunded outside as far as anybody said
	elsewhereSaid   bool
	reached, closed bool // some refund reached WeChat Pay; the newest was closed
	inFlight        *Refund
}

func (s *Service) ledger(ctx context.Context, q bun.IDB, transactionID string) (*ledger, error) {
	l := &ledger{}
	if err := q.NewSelect().Model(&l.refunds).Where("transaction_id = ?", transactionID).Order("created_at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	for i := range l.refunds {
		r := &l.refunds[i]
		switch {
		case r.State == Done:
			l.done += r.Amount
			l.count++
		case r.State.Open():
			l.open += r.Amount
			l.count++
			l.inFlight = r
		case r.State == Closed:
			l.count++
			l.closed = l.closed || i == 0
		}
		if r.Elsewhere != nil && r.State != Rejected && r.State != Cancelled {
			l.elsewhere, l.elsewhereSaid = max(l.elsewhere, *r.Elsewhere), true
		}
		if !r.SubmittedAt.IsZero() && r.State != Failed {
			l.reached = true
		}
	}
	return l, nil
}

// blocked says why an order can't be refunded now, apart from amounts and people. o may be nil: nothing is known of the order yet. own is the refund that asks, if it is in
// the ledger already.
func (s *Service) blocked(c *complaint.Complaint, o *order, l *ledger, own *Refund) *Refused {
	switch {
	case c.TransactionID == "":
		return refused(BlockNoTransaction)
	case c.Status == 312:
		return refused(BlockPlatform)
	case l.inFlight != nil && (own == nil || l.inFlight.ID != own.ID):
		return refused(BlockInFlight)
	}
	count := l.count
	if own != nil {
		count--
	}
	if count >= maxRefunds {
		return refused(BlockTooMany)
	}
	if o == nil || o.Total == nil {
		return nil
	}
	switch {
	case o.TradeState != wxpay.TradeSuccess && o.TradeState != wxpay.TradeRefund:
		return refused(BlockNotPaid)
	case !o.PaidAt.IsZero() && s.clock.Now().Sub(o.PaidAt.Time()) > refundWindow:
		return refused(BlockTooOld)
	case own == nil && l.left(*o.Total) == 0:
		return refused(BlockNothingLeft)
	case l.unsaid(o):
		return refused(BlockElsewhere)
	}
	return nil
}
