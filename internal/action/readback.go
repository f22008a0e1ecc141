package action

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// readBack finds out what became of a call whose answer never arrived (time-out, -1, crash): it reads the case again.
//
//   - the case shows our response → done
//   - it moved on without it → failed, in words
//   - it stands where it stood, some seconds after the attempt ended → WeChat did not take it; it goes back to the queue
func (s *Service) readBack(ctx context.Context, a *Action) error {
	last, err := s.lastAttempt(ctx, a.ID)
	if err != nil {
		return err
	}
	f := failure{errcode: a.Errcode, rid: a.RID}
	c, err := s.complaints.SyncNow(ctx, a.ComplaintID)
	if err != nil {
		// The outcome stays unknown; nothing may be sent before it is known.
		if nerr := s.note(ctx, a, nil, Unknown, "", f, nil); nerr != nil {
			return nerr
		}
		return river.JobSnooze(patience(s.clock.Now().Sub(last.StartedAt.Time()), settleAfter, maxLookWait))
	}
	done, err := s.answered(ctx, c)
	switch {
	case err != nil:
		return err
	case done:
		return s.finish(ctx, a, last, failure{})
	case c.Status != a.StatusBefore:
		f.code = CodeMovedOn
		return s.finish(ctx, a, last, f)
	}
	if wait := last.settled().Sub(s.clock.Now()); wait > 0 {
		return river.JobSnooze(wait)
	}
	n, err := s.attempts(ctx, a.ID)
	if err != nil {
		return err
	}
	f.code = CodeNotTaken
	if n >= maxAttempts {
		return s.finish(ctx, a, last, f)
	}
	return s.requeue(ctx, a, last, f, db.Backoff(n))
}

// settled is when an attempt can no longer have an effect that is not seen. One without an end belongs to a process that died, or to one that is still
// calling.
func (at *attempt) settled() time.Time {
	if at.FinishedAt.IsZero() {
		return at.StartedAt.Time().Add(callTimeout + settleAfter)
	}
	return at.FinishedAt.Time().Add(settleAfter)
}

// answered reports whether WeChat has the merchant's answer: by the status that follows it, or by its node (商家已回应) when the case has gone further
// already. A case is answered once. Source: reference/wechat-complaint-api.md §3, §3.1.
func (s *Service) answered(ctx context.Context, c *complaint.Complaint) (bool, error) {
	switch c.Status {
	case 203, 204, 205:
		return true, nil
	}
	entries, err := s.complaints.Timeline(ctx, c.ID)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(entries, func(e complaint.Entry) bool { return e.Source == complaint.FromWeChat && e.Kind == "node_109" }), nil
}

// requeue lets an action be sent again, unless somebody else has moved it since it was read.
func (s *Service) requeue(ctx context.Context, a *Action, last *attempt, f failure, wait time.Duration) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		won, err := db.Changed(tx.NewUpdate().Model((*Action)(nil)).Set("state = ?, updated_at = ?", Queued, s.now()).
			Where("id = ? AND state = ? AND updated_at = ?", a.ID, a.State, a.UpdatedAt).Exec(ctx))
		if err != nil {
			return fmt.Errorf("requeue action: %w", err)
		}
		if !won {
			return nil
		}
		return s.endAttempt(ctx, tx, last, attemptRetry, f, nil)
	})
	if err != nil {
		return err
	}
	return river.JobSnooze(wait)
}

func (s *Service) lastAttempt(ctx context.Context, id string) (*attempt, error) {
	at := new(attempt)
	if err := s.db.Read.NewSelect().Model(at).Where("action_id = ?", id).Order("started_at DESC", "id DESC").Limit(1).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read last attempt: %w", err)
	}
	return at, nil
}

// Reconcile enqueues every action that is not finished and has no live job.
func (s *Service) Reconcile(ctx context.Context) error {
	var open []Action
	err := s.db.Read.NewSelect().Model(&open).Column("id").
		Where("state IN ('queued', 'running', 'unknown') AND updated_at < ?", s.now()-db.Time(reconcileAfter.Milliseconds())).
		Order("updated_at").Limit(500).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list open actions: %w", err)
	}
	for _, a := range open {
		if err := s.db.Enqueue(ctx, PerformArgs{ActionID: a.ID}, db.Once(db.QueueAct)); err != nil {
			return err
		}
	}
	return nil
}
