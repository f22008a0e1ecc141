package refund

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
)

// decide changes a refund by a person's word, in one transaction with its audit entry. do says what changes, or ErrMoved.
func (s *Service) decide(ctx context.Context, id string, do func(r *Refund) error, record func(context.Context, db.Tx, *Refund) error) (*Refund, error) {
	var r *Refund
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		was, err := s.one(ctx, tx, "id = ?", id)
		if err != nil {
			return err
		}
		next := *was
		if err := do(&next); err != nil {
			return err
		}
		ok, err := s.settle(ctx, tx, was, &next)
		if err != nil {
			return err
		}
		if !ok {
			return ErrMoved
		}
		r = &next
		return record(ctx, tx, r)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Approve lets a refund go that waits for a second person. It fails with ErrSamePerson or ErrMoved.
func (s *Service) Approve(ctx context.Context, id string, by Actor, record func(context.Context, db.Tx, *Refund) error) (*Refund, error) {
	return s.decide(ctx, id, func(r *Refund) error {
		switch {
		case r.State != WaitingApproval:
			return ErrMoved
		case !by.Any:
			return refused(BlockNoRight)
		case r.ActorID == by.ID:
			return ErrSamePerson
		}
		r.State, r.NextAt, r.ApproverID, r.ApproverName = Queued, s.now(), by.ID, by.Name
		return nil
	}, record)
}

// Reject ends a refund that waits for a second person; who asked may take it back by Cancel instead.
func (s *Service) Reject(ctx context.Context, id, reason string, by Actor, record func(context.Context, db.Tx, *Refund) error) (*Refund, error) {
	return s.decide(ctx, id, func(r *Refund) error {
		switch {
		case r.State != WaitingApproval:
			return ErrMoved
		case !by.Any:
			return refused(BlockNoRight)
		case r.ActorID == by.ID:
			return ErrSamePerson
		}
		r.State, r.ApproverID, r.ApproverName, r.RejectReason = Rejected, by.ID, by.Name, reason
		return nil
	}, record)
}

// CanCancel reports whether nothing was sent yet.
func (r *Refund) CanCancel() bool {
	return r.State == WaitingApproval || r.State == Queued && r.Tries == 0
}

// Cancel takes a refund back before its first call.
func (s *Service) Cancel(ctx context.Context, id string, by Actor, record func(context.Context, db.Tx, *Refund) error) (*Refund, error) {
	return s.decide(ctx, id, func(r *Refund) error {
		switch {
		case !r.CanCancel():
			return ErrMoved
		case !by.Any && r.ActorID != by.ID:
			return refused(BlockNoRight)
		}
		r.State, r.ErrorCode = Cancelled, ""
		return nil
	}, record)
}

// CanRetry reports whether trying now may help.
func (r *Refund) CanRetry() bool {
	switch r.State {
	case Parked, Abnormal, Unknown, Processing:
		return true
	case Queued:
		return r.ErrorCode != "" && r.ErrorCode != CodeGap
	}
	return false
}

// Retry has a refund worked on now: what is parked is sent again with the same number, what WeChat Pay has is asked about. There is never a second refund.
func (s *Service) Retry(ctx context.Context, id string, by Actor, record func(context.Context, db.Tx, *Refund) error) (*Refund, error) {
	return s.decide(ctx, id, func(r *Refund) error {
		switch {
		case !r.CanRetry():
			return ErrMoved
		case !by.Any && r.ActorID != by.ID:
			return refused(BlockNoRight)
		}
		if r.State == Parked {
			r.State = Queued
		}
		r.NextAt = s.now()
		return nil
	}, record)
}
