package refund

import (
	"context"
	"errors"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// optionsFresh is how old what we know of an order may be when somebody opens the form.
const optionsFresh = 30 * time.Second

// Situation is what may be refunded of a case's order. Amounts in fen.
type Situation struct {
	Merchant               *Merchant
	OrderTotal, PayerTotal *int64
	Money
	Count     int64
	CheckedAt db.Time
	// OrderError says in words why the order could not be read now.
	OrderError string
	Blocked    *Refused
	// NotBefore is when a refund asked for now would be sent; zero = at once.
	NotBefore db.Time
	Settings  Settings
	// Limit is what the actor may still refund of this order; nil = no limit of his.
	Limit   *int64
	Refunds []Refund
}

// OptionsFor reads the order at WeChat Pay and our ledger.
func (s *Service) OptionsFor(ctx context.Context, complaintID string, by Actor) (*Situation, error) {
	x, err := s.find(ctx, complaintID)
	if err != nil {
		return nil, err
	}
	out := &Situation{Merchant: x.merchant}
	if out.Settings, err = s.Settings(ctx); err != nil {
		return nil, err
	}
	l := &ledger{}
	if id := x.complaint.TransactionID; id != "" {
		if l, err = s.ledger(ctx, s.db.Read, id); err != nil {
			return nil, err
		}
	}
	out.Refunds, out.Count = l.refunds, l.count
	var o *order
	var no *Refused
	if x.merchant != nil && x.complaint.TransactionID != "" {
		if o, no, err = s.freshOrder(ctx, x, out); err != nil {
			return nil, err
		}
	}
	s.fillOptions(out, x, o, l, by)
	if out.Blocked == nil {
		out.Blocked = no
	}
	return out, nil
}

// freshOrder asks WeChat Pay unless that was done a moment ago; what fails is told in words.
func (s *Service) freshOrder(ctx context.Context, x *case_, out *Situation) (*order, *Refused, error) {
	o, err := s.order(ctx, s.db.Read, x.complaint.TransactionID)
	if err != nil || o != nil && o.CheckedAt > s.in(-optionsFresh) && o.MerchantID == x.merchant.ID {
		return o, nil, err
	}
	if x.merchant.PausedUntil > s.now() {
		out.OrderError = x.merchant.PauseReason
		return o, nil, nil
	}
	fresh, err := s.askOrder(ctx, x.merchant, x.program, x.complaint)
	if no, ok := errors.AsType[*Refused](err); ok {
		return nil, no, nil
	}
	if err != nil {
		out.OrderError = s.readProblem(err)
		return o, nil, nil
	}
	return fresh, nil, nil
}

func (s *Service) readProblem(err error) string {
	e := wxErr(err)
	switch {
	case e == nil:
		return "还没有取到微信支付的平台证书，请稍后再试"
	case e.Class == "config":
		return s.configProblem(e).Text
	}
	return reachProblem(e).Text
}

func (s *Service) fillOptions(out *Situation, x *case_, o *order, l *ledger, by Actor) {
	switch {
	case x.merchant == nil:
		out.Blocked = refused(BlockNoMerchant)
	default:
		out.Blocked = s.blocked(x.complaint, o, l, nil)
	}
	if o != nil && o.Total != nil {
		out.OrderTotal, out.PayerTotal, out.CheckedAt = o.Total, o.PayerTotal, o.CheckedAt
	}
	out.Money = l.money(o, nil)
	if o != nil && !o.LastCallAt.IsZero() && o.LastCallAt.Time().Add(gap).After(s.clock.Now()) {
		out.NotBefore = db.At(o.LastCallAt.Time().Add(gap))
	}
	if !by.Any {
		left := max(out.Settings.AgentLimit-l.done-l.open, 0)
		out.Limit = &left
		if left == 0 && out.Blocked == nil {
			out.Blocked = refused(BlockNoRight)
		}
	}
}

// OfComplaint returns a case's refunds, newest first.
func (s *Service) OfComplaint(ctx context.Context, complaintID string) ([]Refund, error) {
	out := []Refund{}
	if err := s.db.Read.NewSelect().Model(&out).Where("complaint_id = ?", complaintID).Order("created_at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, errors.Join(errors.New("list refunds of a case"), err)
	}
	return out, nil
}

// FollowUp is what to tell WeChat now that money went back, filled in for a person to send. Kind is empty when there is nothing.
func FollowUp(c *complaint.Complaint, refunds []Refund) (kind complaint.Action, content string) {
	var total int64
	var last *Refund
	for i := range refunds {
		if r := &refunds[i]; r.State == Done {
			total += r.Amount
			if last == nil {
				last = r
			}
		}
	}
	if last == nil {
		return "", ""
	}
	at := last.SucceededAt
	if at.IsZero() {
		at = last.FinishedAt
	}
	when := at.Time().In(complaint.Beijing).Format("2006年1月2日 15:04")
	switch {
	case complaint.Legal(complaint.RefundProof, c.Situation()).OK:
		return complaint.RefundProof, "已通过微信支付原路退款 " + Yuan(total) + "，退款时间 " + when + "，微信支付退款单号 " + last.RefundID + "，商户退款单号 " + last.OutRefundNo + "。"
	case complaint.Legal(complaint.Respond, c.Situation()).OK:
		return complaint.Respond, "您好，已为您原路退款 " + Yuan(total) + "，退款时间 " + when + "，微信支付退款单号 " + last.RefundID + "，请留意到账。给您带来不便，非常抱歉。"
	}
	return "", ""
}
