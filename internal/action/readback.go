package action

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// readBack finds out what became of a call whose answer never arrived (time-out, -1, crash): it reads the case again.
//
//   - the case shows our response → done
//   - it moved on without it → failed, in words
//   - it stands where it stood, twice, some seconds apart → WeChat did not take it; it goes back to the queue
func (s *Service) readBack(ctx context.Context, a *Action) error {
	c, err := s.complaints.SyncNow(ctx, a.ComplaintID)
	if err != nil {
		// The outcome stays unknown; nothing may be sent before it is known.
		if nerr := s.note(ctx, a, nil, Unknown, "", failure{errcode: a.Errcode, rid: a.RID}, nil); nerr != nil {
			return nerr
		}
		return river.JobSnooze(readBackAgain)
	}
	last, err := s.lastAttempt(ctx, a.ID)
	if err != nil {
		return err
	}
	switch {
	case answered(c.Status):
		return s.finish(ctx, a, last, failure{})
	case c.Status != a.StatusBefore:
		return s.finish(ctx, a, last, failure{code: CodeMovedOn, errcode: a.Errcode, rid: a.RID})
	case s.clock.Now().Sub(last.StartedAt.Time()) < readBackAgain:
		if err := s.note(ctx, a, nil, Unknown, "", failure{errcode: a.Errcode, rid: a.RID}, nil); err != nil {
			return err
		}
		return river.JobSnooze(readBackAgain)
	}
	f := failure{code: CodeNotTaken, errcode: a.Errcode, rid: a.RID}
	n, err := s.attempts(ctx, a.ID)
	if err != nil {
		return err
	}
	if n >= maxAttempts {
		return s.finish(ctx, a, last, f)
	}
	if err := s.note(ctx, a, last, Queued, attemptRetry, f, nil); err != nil {
		return err
	}
	return river.JobSnooze(db.Backoff(n))
}

// answered reports whether a status follows the merchant's answer (203, 204; reference/wechat-complaint-api.md §3) or the user's acceptance of it.
func answered(st complaint.Status) bool { return st == 203 || st == 204 || st == 205 }

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
		Where("state IN ('queued', 'running', 'unknown') AND updated_at < ?", s.now()-db.Time(reconcileAfter.Milliseconds())).Limit(500).Scan(ctx)
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
