package action

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// readBack finds out what became of a call whose answer never arrived (time-out, -1, crash): it reads the case again.
//
//   - the case shows what we did → done
//   - it moved on without it → failed, in words
//   - it stands where it stood, some seconds after the attempt ended → WeChat did not take it. A response goes back to the queue: its trace is the status, which
//     cannot be missed. Anything else ends, and a person decides: a missing trace is no proof there.
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
	done, err := s.taken(ctx, a, c)
	switch {
	case err != nil:
		return err
	case done:
		return s.finish(ctx, a, last, failure{})
	case c.Status != a.StatusBefore && a.Kind != complaint.Appeal:
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
	if a.Kind != complaint.Respond {
		f.code = CodeUnclear
		return s.finish(ctx, a, last, f)
	}
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

// marks are the nodes by which WeChat shows what the merchant did. Source: reference/wechat-complaint-api.md §3.1.
var marks = map[complaint.Action]string{
	complaint.Respond:     "node_109", // 商家已回应
	complaint.Supplement:  "node_8",   // 商家补充凭证
	complaint.RefundProof: "node_110", // 商家提交处理凭证
}

// nodes counts the marks of a kind of action in the case.
func (s *Service) nodes(ctx context.Context, kind complaint.Action, complaintID string) (int64, error) {
	entries, err := s.complaints.Timeline(ctx, complaintID)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, e := range entries {
		if e.Source == complaint.FromWeChat && e.Kind == marks[kind] {
			n++
		}
	}
	return n, nil
}

// taken reports whether WeChat has what the merchant did: by the status or appeal state that follows it, or by its mark when the case has gone further
// already. Source: reference/wechat-complaint-api.md §3, §3.1, §4.3.
func (s *Service) taken(ctx context.Context, a *Action, c *complaint.Complaint) (bool, error) {
	switch {
	case a.Kind == complaint.Appeal:
		return c.AppealState == complaint.AppealRunning || c.AppealState == complaint.AppealAccepted || c.AppealState == complaint.AppealRejected, nil
	case a.Kind == complaint.Respond && (c.Status == 203 || c.Status == 204 || c.Status == 205),
		a.Kind == complaint.Supplement && c.Status == 107 && a.StatusBefore != 107,
		a.Kind == complaint.RefundProof && c.Status == 207 && a.StatusBefore != 207:
		return true, nil
	}
	n, err := s.nodes(ctx, a.Kind, c.ID)
	if a.Kind == complaint.Respond {
		return n > 0, err // a case is answered once
	}
	return n > a.NodesBefore, err
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
