package refund

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// MaxReason is the longest reason in bytes of UTF-8, not characters (reference §1.2).
const MaxReason = 80

// sameAgain is for how long the same refund without a key is taken for a second click.
const sameAgain = 10 * time.Second

// orderFresh is how old what we know of an order may be when somebody asks for a refund. Before money moves it is always asked again.
const orderFresh = 2 * time.Minute

// Actor is who asks.
type Actor struct {
	ID, Name string
	// Any amount; else the agent limit counts.
	Any bool
	// Source is FromStaff or FromRule.
	Source complaint.Source
}

// Intent is a refund that somebody asks for.
type Intent struct {
	ComplaintID string
	Amount      int64 // fen
	Reason      string
	// Elsewhere in fen: what somebody looked up to be refunded outside; needs the right to refund any amount.
	Elsewhere *int64
	Actor     Actor
	// RequestKey is the same for repeats of the same request. Without one (Keyless) the same refund within ten seconds is refused.
	RequestKey string
	Keyless    bool
}

func (in *Intent) check() error {
	in.Reason = strings.TrimSpace(in.Reason)
	switch {
	case in.Amount < 1:
		return &FieldError{"amount", "退款金额至少 0.01 元"}
	case len(in.Reason) > MaxReason:
		return &FieldError{"reason", fmt.Sprintf("退款原因最多 %d 字节（约 26 个汉字），现在是 %d 字节", MaxReason, len(in.Reason))}
	case in.Elsewhere != nil && *in.Elsewhere < 0:
		return &FieldError{"elsewhere", "已退金额不能是负数"}
	case in.Elsewhere != nil && !in.Actor.Any:
		return refused(BlockNoRight)
	}
	return nil
}

// case_ is a complaint with the program and the merchant that its order belongs to.
type case_ struct {
	complaint *complaint.Complaint
	program   Program
	merchant  *Merchant
}

// find reads a case; merchant is nil when the program has none.
func (s *Service) find(ctx context.Context, complaintID string) (*case_, error) {
	c, err := s.cases.ByID(ctx, complaintID)
	if err != nil {
		return nil, err
	}
	p, err := s.programs.Program(ctx, c.ProgramID)
	if err != nil {
		return nil, err
	}
	x := &case_{complaint: c, program: p}
	if p.MerchantID == "" {
		return x, nil
	}
	if x.merchant, err = s.Merchant(ctx, p.MerchantID); errors.Is(err, ErrNoSuch) {
		return x, nil
	}
	return x, err
}

// Submit stores a refund with its job, or for approval. A repeat of the same request returns the refund it made. It fails with *Refused, *FieldError, ErrTwice or
// complaint.ErrNotFound; then nothing was stored. Money moves only in the job.
func (s *Service) Submit(ctx context.Context, in Intent) (*Refund, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	if prev, err := s.repeated(ctx, s.db.Read, in); err != nil || prev != nil {
		return prev, err
	}
	x, err := s.find(ctx, in.ComplaintID)
	if err != nil {
		return nil, err
	}
	if x.merchant == nil {
		return nil, refused(BlockNoMerchant)
	}
	if err := s.knowOrder(ctx, x); err != nil {
		return nil, err
	}
	var r *Refund
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		r, err = s.store(ctx, tx, x, in)
		return err
	})
	if db.IsUnique(err) || errors.Is(err, errTaken) {
		// Two repeats at once: the other one may have made the refund that stands in the way.
		if prev, rerr := s.repeated(ctx, s.db.Read, in); rerr != nil || prev != nil {
			return prev, rerr
		}
		return nil, refused(BlockInFlight)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

var errTaken = errors.New("another refund of this order was stored first")

// knowOrder reads the order at WeChat Pay unless it was read a moment ago. That it can't be read now keeps nobody from asking: the job reads it before money moves.
func (s *Service) knowOrder(ctx context.Context, x *case_) error {
	if x.complaint.TransactionID == "" {
		return refused(BlockNoTransaction)
	}
	o, err := s.order(ctx, s.db.Read, x.complaint.TransactionID)
	if err != nil || o != nil && o.CheckedAt > s.in(-orderFresh) && o.MerchantID == x.merchant.ID {
		return err
	}
	if !x.merchant.PausedUntil.IsZero() {
		return nil
	}
	_, err = s.askOrder(ctx, x.merchant, x.program, x.complaint)
	if no, ok := errors.AsType[*Refused](err); ok {
		return no
	}
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "order not read before a refund was stored", "complaint", x.complaint.ID, "err", err)
	}
	return nil
}

// store decides in one transaction with the order's row locked.
func (s *Service) store(ctx context.Context, tx db.Tx, x *case_, in Intent) (*Refund, error) {
	o, err := s.lock(ctx, tx, x.complaint.TransactionID)
	if err != nil {
		return nil, err
	}
	if prev, err := s.repeated(ctx, tx, in); err != nil || prev != nil {
		return prev, err
	}
	c, err := s.cases.InTx(ctx, tx, in.ComplaintID)
	if err != nil {
		return nil, err
	}
	l, err := s.ledger(ctx, tx, x.complaint.TransactionID)
	if err != nil {
		return nil, err
	}
	if in.Keyless && s.again(l, in) {
		return nil, ErrTwice
	}
	limits, err := settingsIn(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := s.allowed(c, o, l, in, limits); err != nil {
		return nil, err
	}
	return s.insert(ctx, tx, x, o, in, needsApproval(limits, l, in))
}

func needsApproval(limits Settings, l *ledger, in Intent) bool {
	return limits.ApprovalAbove != nil && l.done+l.open+in.Amount > *limits.ApprovalAbove
}

// allowed checks what may be refunded and by whom.
func (s *Service) allowed(c *complaint.Complaint, o *order, l *ledger, in Intent, limits Settings) error {
	if in.Elsewhere != nil {
		l.elsewhere, l.elsewhereSaid = max(l.elsewhere, *in.Elsewhere), true
	}
	if no := s.blocked(c, o, l, nil); no != nil {
		return no
	}
	if l.closed && in.Actor.Source == complaint.FromRule {
		return refused(BlockPersonNeeded)
	}
	if o.Total != nil && in.Amount > l.left(*o.Total) {
		return &FieldError{"amount", "超过可退金额，这笔订单还能退 " + Yuan(l.left(*o.Total))}
	}
	if !in.Actor.Any && in.Amount > limits.AgentLimit-l.done-l.open {
		return &Refused{BlockNoRight, fmt.Sprintf("超过客服可退金额：每笔订单 %s，已退 %s", Yuan(limits.AgentLimit), Yuan(l.done+l.open)), "请有退款权限的同事处理"}
	}
	return nil
}

func (s *Service) again(l *ledger, in Intent) bool {
	for i := range l.refunds {
		r := &l.refunds[i]
		if r.ComplaintID == in.ComplaintID && r.ActorID == in.Actor.ID && r.Amount == in.Amount && r.Reason == in.Reason && r.CreatedAt > s.in(-sameAgain) {
			return true
		}
	}
	return false
}

func (s *Service) insert(ctx context.Context, tx db.Tx, x *case_, o *order, in Intent, approval bool) (*Refund, error) {
	prefix, err := s.prefix(ctx, tx)
	if err != nil {
		return nil, err
	}
	c, id := x.complaint, db.NewID()
	r := &Refund{
		ID: id, ComplaintID: c.ID, ComplaintOrderID: c.ComplaintOrderID, ProgramID: c.ProgramID, MerchantID: x.merchant.ID, TransactionID: c.TransactionID,
		OutTradeNo: o.OutTradeNo, OutRefundNo: number(prefix, id), Amount: in.Amount, OrderTotal: o.Total, Elsewhere: in.Elsewhere, Reason: in.Reason, State: Queued, NextAt: s.now(),
		Source: in.Actor.Source, ActorID: in.Actor.ID, ActorName: in.Actor.Name, RequestKey: in.RequestKey, CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	if approval {
		r.State, r.NextAt = WaitingApproval, 0
	}
	if !approval && !o.LastCallAt.IsZero() && o.LastCallAt.Time().Add(gap).After(s.clock.Now()) {
		r.NextAt, r.ErrorCode = db.At(o.LastCallAt.Time().Add(gap)), CodeGap
	}
	res, err := tx.NewInsert().Model(r).On("CONFLICT DO NOTHING").Exec(ctx)
	fresh, err := db.Changed(res, err)
	switch {
	case err != nil:
		return nil, fmt.Errorf("store refund: %w", err)
	case !fresh:
		return nil, errTaken
	}
	e := complaint.Entry{ComplaintID: c.ID, DedupeKey: "refund:" + id, Source: r.Source, Actor: r.ActorName, Kind: "refund_requested", Text: "发起退款 " + Yuan(r.Amount)}
	if e.Images.V = []string{}; r.Reason != "" {
		e.Text += "：" + r.Reason
	}
	if approval {
		e.Text += "，等待复核"
	}
	if err := s.cases.AddEntry(ctx, tx, e); err != nil || approval {
		return r, err
	}
	return r, s.schedule(ctx, tx, r)
}

// repeated returns the refund that an earlier arrival of the same request made, nil if there is none.
func (s *Service) repeated(ctx context.Context, q bun.IDB, in Intent) (*Refund, error) {
	r, err := s.one(ctx, q, "complaint_id = ? AND request_key = ?", in.ComplaintID, in.RequestKey)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return r, err
}
