package refund

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Look does LookArgs. While the call is under way it waits for its end.
func (s *Service) Look(ctx context.Context, j LookArgs) error {
	r, err := s.ByID(ctx, j.RefundID)
	if err != nil {
		return err
	}
	switch r.State {
	case Unknown, Processing, Abnormal:
		return s.look(ctx, r)
	case Running:
		return river.JobSnooze(5 * time.Second)
	default:
		return nil
	}
}

// look asks WeChat Pay what became of a refund.
func (s *Service) look(ctx context.Context, r *Refund) error {
	m, err := s.Merchant(ctx, r.MerchantID)
	if err != nil {
		return err
	}
	ok, until, err := s.pass(ctx, m)
	if err != nil {
		return err
	}
	if !ok {
		next := *r // why it is looked for stays
		next.NextAt = until + spread(r.ID)
		return s.move(ctx, r, &next, nil)
	}
	a, err := s.ready(ctx, m)
	if err != nil {
		return s.notReady(ctx, r, m, err)
	}
	at := &Attempt{ID: db.NewID(), RefundID: r.ID, Kind: AttemptQuery, StartedAt: s.now(), Outcome: attemptUnknown}
	if _, err := s.db.Write().NewInsert().Model(at).Exec(ctx); err != nil {
		return fmt.Errorf("store attempt: %w", err)
	}
	cctx, cancel := context.WithTimeout(ctx, readTimeout)
	got, err := s.pay.QueryRefund(cctx, a, r.OutRefundNo)
	cancel()
	ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err == nil {
		if err := s.works(ctx, m); err != nil {
			return err
		}
		return s.told(ctx, r, got, at)
	}
	e := wxErr(err)
	if e == nil {
		return err
	}
	if e.Class == wxpay.Absent {
		if err := s.works(ctx, m); err != nil {
			return err
		}
		return s.absent(ctx, r, at, e)
	}
	return s.unseen(ctx, r, m, at, e)
}

// unseen: WeChat Pay could not be asked. The state stays.
func (s *Service) unseen(ctx context.Context, r *Refund, m *Merchant, at *Attempt, e *wxpay.Error) error {
	next := *r
	next.Queries++
	at.Outcome, at.WechatCode, at.RID, at.Error = attemptRetry, e.Code, e.RequestID, e.Error()
	wait := unknownWait(next.Queries)
	if r.State != Unknown {
		wait = processingWait(next.Queries)
	}
	next.NextAt = s.in(max(wait, e.After))
	switch {
	case e.Class == wxpay.Config:
		until, err := s.pause(ctx, m, e)
		if err != nil {
			return err
		}
		next.NextAt = until + spread(r.ID)
	case errors.Is(e, wxpay.ErrUnknownSerial):
		if err := s.fetchCerts(ctx, m); err != nil {
			s.log.WarnContext(ctx, "platform certificates not fetched", "merchant", m.ID, "err", err)
		}
	}
	return s.move(ctx, r, &next, at)
}

// absent: WeChat Pay has no refund under this number. What follows depends on why it was asked.
func (s *Service) absent(ctx context.Context, r *Refund, at *Attempt, e *wxpay.Error) error {
	next := *r
	at.Outcome, at.WechatCode, at.RID = attemptDone, e.Code, e.RequestID
	next.Queries++
	if r.State != Unknown || r.ErrorCode == CodeMismatch {
		// It was there before: an answer that contradicts WeChat Pay's own changes nothing.
		next.NextAt = s.in(processingWait(next.Queries))
		return s.move(ctx, r, &next, at)
	}
	settled := s.now() >= r.UnclearAt+db.Time(settleAfter.Milliseconds())
	switch r.ErrorCode {
	case CodeChecking:
		next.State, next.ErrorCode = Queued, CodeRetrying
		next.NextAt = s.in(resendWait(r.Tries))
		if r.WechatCode == wxpay.CodeFrequency || r.WechatCode == "RATELIMIT_EXCEEDED" {
			next.NextAt = max(next.NextAt, r.UnclearAt+db.Time(gap.Milliseconds()))
		}
		if r.Tries >= maxTries && settled {
			next.State, next.ErrorCode, next.NextAt = Parked, CodeGaveUp, 0
		}
		if settled {
			next.UnclearAt = 0
		}
	default:
		switch {
		case !settled:
			next.NextAt = r.UnclearAt + db.Time(settleAfter.Milliseconds())
		case r.ErrorCode == CodeUnlisted:
			next.State, next.NextAt, next.UnclearAt = Parked, 0, 0
		default:
			next.State, next.UnclearAt = Failed, 0
		}
	}
	return s.move(ctx, r, &next, at)
}

// resendWait: two or three quick tries with the same number, then slow ones.
func resendWait(tries int64) time.Duration {
	if tries <= 3 {
		return time.Second << (tries - 1)
	}
	return min(db.Backoff(int(tries)*2-3), 10*time.Minute)
}

// reconcileAfter is how long a refund may be overdue before it gets a new job.
const reconcileAfter = 2 * time.Minute

// Reconcile enqueues every refund that wants to be worked on and has no live job.
func (s *Service) Reconcile(ctx context.Context) error {
	var late []Refund
	err := s.db.Read.NewSelect().Model(&late).Column("id", "turn", "next_at").
		Where("state IN ('queued', 'running', 'unknown', 'processing', 'abnormal', 'parked') AND next_at IS NOT NULL AND next_at < ? AND updated_at < ?",
			s.in(-reconcileAfter), s.in(-reconcileAfter)).
		Order("next_at").Limit(500).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list open refunds: %w", err)
	}
	for i := range late {
		if err := s.db.Enqueue(ctx, AdvanceArgs{RefundID: late[i].ID, Turn: late[i].Turn}, db.Once(db.QueueAct)); err != nil {
			return err
		}
	}
	return nil
}
