package automate

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// Switch says whether everything automatic is stopped.
type Switch struct {
	// StoppedAt is zero while rules may act.
	StoppedAt db.Time
	StoppedBy string
}

// Switch returns the stop switch.
func (s *Service) Switch(ctx context.Context) (Switch, error) {
	a, err := switchIn(ctx, s.db.Read)
	if err != nil {
		return Switch{}, err
	}
	return Switch{a.StoppedAt, a.StoppedBy}, nil
}

func switchIn(ctx context.Context, q bun.IDB) (*automation, error) {
	a := &automation{ID: theSwitch}
	if err := q.NewSelect().Model(a).WherePK().Scan(ctx); err != nil {
		return nil, fmt.Errorf("read stop switch: %w", err)
	}
	return a, nil
}

// lockSwitch takes the switch until the transaction ends. Everything that decides about rules does so first, so that one comes after the other on both engines, and a stop is
// either before what is sent or after it.
func (s *Service) lockSwitch(ctx context.Context, tx db.Tx) (*automation, error) {
	if _, err := tx.NewUpdate().Model((*automation)(nil)).Set("locked_at = ?", s.now()).Where("id = ?", theSwitch).Exec(ctx); err != nil {
		return nil, fmt.Errorf("lock stop switch: %w", err)
	}
	return switchIn(ctx, tx)
}

// Stop stops everything automatic: what waits is handed to people at once, and what is not sent yet is not sent. What is on its way at WeChat Pay cannot be called back; nothing
// follows it. changed is false when it was stopped already.
func (s *Service) Stop(ctx context.Context, by string, record func(ctx context.Context, tx db.Tx) error) (changed bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.lockSwitch(ctx, tx)
		if err != nil || !a.StoppedAt.IsZero() {
			return err
		}
		changed = true
		if _, err := tx.NewUpdate().Model((*automation)(nil)).Set("stopped_at = ?, stopped_by = ?, last_stop = ?", s.now(), by, s.now()).
			Where("id = ?", theSwitch).Exec(ctx); err != nil {
			return fmt.Errorf("stop automation: %w", err)
		}
		if err := s.handOverWaiting(ctx, tx, codeSwitch, by+"停止了全部自动处理", func(q *bun.SelectQuery) *bun.SelectQuery { return q }); err != nil {
			return err
		}
		return record(ctx, tx)
	})
	if err == nil {
		s.cancelUnsent(ctx, "")
	}
	return changed, err
}

// Resume lets rules act again, on what arrives from now on. changed is false when they might already.
func (s *Service) Resume(ctx context.Context, record func(ctx context.Context, tx db.Tx) error) (changed bool, err error) {
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.lockSwitch(ctx, tx)
		if err != nil || a.StoppedAt.IsZero() {
			return err
		}
		changed = true
		// Until this very moment nothing was to act: what is older does not go on.
		if _, err := tx.NewUpdate().Model((*automation)(nil)).Set("stopped_at = NULL, stopped_by = '', last_stop = ?", s.now()).Where("id = ?", theSwitch).Exec(ctx); err != nil {
			return fmt.Errorf("resume automation: %w", err)
		}
		return record(ctx, tx)
	})
	return changed, err
}

// handOverWaiting gives waiting decisions to people.
func (s *Service) handOverWaiting(ctx context.Context, tx db.Tx, code, reason string, which func(*bun.SelectQuery) *bun.SelectQuery) error {
	var ds []Decision
	if err := which(tx.NewSelect().Model(&ds).Where("state = ?", Waiting)).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("list waiting decisions: %w", err)
	}
	for i := range ds {
		if _, err := s.end(ctx, tx, &ds[i], HandedOver, Reason{code, reason}); err != nil {
			return err
		}
	}
	return nil
}

// lookAgain has decisions looked at whose refund or answer is on its way: what was not sent yet is taken back.
func (s *Service) lookAgain(ctx context.Context, tx db.Tx, which func(*bun.SelectQuery) *bun.SelectQuery) error {
	var ds []Decision
	if err := which(tx.NewSelect().Model(&ds).Column("id").Where("next_at IS NOT NULL")).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("list decisions under way: %w", err)
	}
	for i := range ds {
		if err := tx.Enqueue(ctx, StepArgs{DecisionID: ds[i].ID}, db.Once(db.QueueAct)); err != nil {
			return err
		}
	}
	return nil
}

// cancelUnsent takes back the refunds of a rule, or of all, that were not sent yet. It only hastens what is certain anyhow: their first call asks Stands.
func (s *Service) cancelUnsent(ctx context.Context, ruleID string) {
	var ds []Decision
	q := s.db.Read.NewSelect().Model(&ds).Where("state = ? AND refund_id <> '' AND next_at IS NOT NULL", Refunding)
	if ruleID != "" {
		q = q.Where("rule_id = ?", ruleID)
	}
	if err := q.Scan(ctx); err != nil {
		s.log.WarnContext(ctx, "refunds of rules not looked through", "err", err)
		return
	}
	for i := range ds {
		why, err := s.standing(ctx, s.db.Read, &ds[i])
		if err == nil && why.Code != "" {
			err = s.cancel(ctx, &ds[i])
		}
		if err != nil {
			s.log.WarnContext(ctx, "refund of a rule not cancelled", "decision", ds[i].ID, "err", err)
		}
	}
}

// cancel takes a decision's refund back if nothing was sent.
func (s *Service) cancel(ctx context.Context, d *Decision) error {
	r, err := s.refunds.ByID(ctx, d.RefundID)
	if err != nil || !r.CanCancel() {
		return err
	}
	_, err = s.refunds.Cancel(ctx, r.ID, refund.Actor{ID: d.RuleID, Name: d.RuleName, Any: true, Source: complaint.FromRule}, func(context.Context, db.Tx, *refund.Refund) error { return nil })
	if isMoved(err) {
		return nil
	}
	return err
}
