package automate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/db"
)

// Record notes in the audit trail what was done to a rule, in the transaction that did it.
type Record func(ctx context.Context, tx db.Tx, r *Rule) error

// Create stores a new rule as a draft, after all others unless it has a position. It gives *FieldError.
func (s *Service) Create(ctx context.Context, r *Rule, by string, record Record) error {
	r.normalize()
	if err := r.check(); err != nil {
		return err
	}
	t, err := s.setText(ctx, r)
	if err == nil {
		err = r.checkTemplate(t)
	}
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil { // one order of rules at a time
			return err
		}
		at := r.Position
		r.ID, r.State, r.Version, r.ReplayedVersion = db.NewID(), Draft, 1, 0
		r.Position, r.CreatedBy, r.UpdatedBy, r.CreatedAt, r.UpdatedAt = 1<<40, by, by, s.now(), s.now()
		if _, err := tx.NewInsert().Model(r).Exec(ctx); err != nil {
			return fmt.Errorf("store rule: %w", err)
		}
		if at < 1 {
			at = 1 << 40
		}
		if err := s.place(ctx, tx, r, at); err != nil {
			return err
		}
		return record(ctx, tx, r)
	})
}

// Change is an edit of a rule; nil fields stay.
type Change struct {
	// Edit changes what the rule is called and what it does; it may refuse.
	Edit func(r *Rule) error
	// State enables (Active) or pauses (Paused) it.
	State    *RuleState
	Position *int64
}

// Update changes a rule. An edit of what it does makes it a draft that has to be replayed again. It gives ErrNotFound, *FieldError, ErrReplayFirst, *NotReadyError.
func (s *Service) Update(ctx context.Context, id string, c Change, by string, record Record) (*Rule, error) {
	for range 3 {
		r, err := s.update(ctx, id, c, by, record)
		if !errors.Is(err, ErrChanged) {
			if err == nil {
				s.cancelUnsent(ctx, r.ID)
			}
			return r, err
		}
	}
	return nil, ErrChanged
}

func (s *Service) update(ctx context.Context, id string, c Change, by string, record Record) (*Rule, error) {
	was, err := s.Rule(ctx, id)
	if err != nil {
		return nil, err
	}
	r := was.clone()
	if c.Edit != nil {
		if err := c.Edit(r); err != nil {
			return nil, err
		}
	}
	r.normalize()
	if err := r.check(); err != nil {
		return nil, err
	}
	var t *action.Template
	if c.State == nil || *c.State != Paused { // a brake works whatever became of the template
		if t, err = s.setText(ctx, r); err != nil {
			return nil, err
		}
	}
	if r.deeds() != was.deeds() {
		if err := r.checkTemplate(t); err != nil {
			return nil, err
		}
		r.Version, r.State, r.Failures = was.Version+1, Draft, 0
		r.PausedReason, r.PausedBy, r.PausedAt = "", "", 0
	}
	if c.State != nil {
		if err := s.turn(ctx, r, t, *c.State, by); err != nil {
			return nil, err
		}
	}
	r.UpdatedBy, r.UpdatedAt = by, max(s.now(), was.UpdatedAt+1)
	return r, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.storeUpdate(ctx, tx, was, r, c.Position, record) })
}

func (s *Service) storeUpdate(ctx context.Context, tx db.Tx, was, r *Rule, position *int64, record Record) error {
	if _, err := s.lockSwitch(ctx, tx); err != nil {
		return err
	}
	ok, err := db.Changed(tx.NewUpdate().Model(r).ExcludeColumn("position", "replayed_version", "replayed_at").WherePK().Where("updated_at = ?", was.UpdatedAt).Exec(ctx))
	if err != nil {
		return fmt.Errorf("store rule: %w", err)
	}
	if !ok {
		return ErrChanged
	}
	if position != nil {
		if err := s.place(ctx, tx, r, *position); err != nil {
			return err
		}
	}
	if was.State == Active && (r.State != Active || r.Version != was.Version) {
		code, reason := codeRuleChanged, "规则刚刚被修改"
		if r.State == Paused {
			code, reason = codeRulePaused, "规则刚刚被停用"
		}
		if err := s.handOverWaiting(ctx, tx, code, reason, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("rule_id = ?", r.ID) }); err != nil {
			return err
		}
	}
	return record(ctx, tx, r)
}

// turn enables or pauses a rule.
func (s *Service) turn(ctx context.Context, r *Rule, t *action.Template, to RuleState, by string) error {
	switch {
	case to == r.State:
		return nil
	case to == Paused && r.State == Active:
		r.State, r.PausedReason, r.PausedBy, r.PausedAt = Paused, "人工停用", by, s.now()
		return nil
	case to == Paused:
		return &FieldError{"state", "规则没有启用，不需要停用"}
	case to != Active:
		return &FieldError{"state", "只能改为启用或停用"}
	case r.ReplayedVersion != r.Version:
		return ErrReplayFirst
	}
	if err := s.ready(ctx, r, t); err != nil {
		return err
	}
	r.State, r.EnabledAt, r.Failures = Active, s.now(), 0
	r.PausedReason, r.PausedBy, r.PausedAt = "", "", 0
	return nil
}

// ready says why a rule can't be enabled.
func (s *Service) ready(ctx context.Context, r *Rule, t *action.Template) error {
	if !r.ValidTo.IsZero() && r.ValidTo <= s.now() {
		return &NotReadyError{"规则的有效期已经结束，请先修改有效期"}
	}
	err := r.checkTemplate(t)
	if field, ok := errors.AsType[*FieldError](err); ok {
		return &NotReadyError{field.Text}
	}
	if err != nil || r.Refund == NoRefund {
		return err
	}
	ps, err := s.programs.Listed(ctx)
	if err != nil {
		return err
	}
	for _, p := range ps {
		if p.MerchantID == "" && (len(r.ProgramIDs.V) == 0 || slices.Contains(r.ProgramIDs.V, p.ID)) {
			return &NotReadyError{"小程序「" + p.Name + "」还没有关联商户号，不能自动退款。请先在小程序里选择商户号，或者不要选这个小程序"}
		}
	}
	return nil
}

// place puts a rule at a position, counted from 1; the others keep their order.
func (s *Service) place(ctx context.Context, tx db.Tx, r *Rule, at int64) error {
	all, err := rulesIn(ctx, tx)
	if err != nil {
		return err
	}
	ids := []string{}
	for i := range all {
		if all[i].ID != r.ID {
			ids = append(ids, all[i].ID)
		}
	}
	ids = slices.Insert(ids, int(min(max(at-1, 0), int64(len(ids)))), r.ID)
	for i, id := range ids {
		if id == r.ID {
			r.Position = int64(i) + 1
		}
		if _, err := tx.NewUpdate().Model((*Rule)(nil)).Set("position = ?", i+1).Where("id = ? AND position <> ?", id, i+1).Exec(ctx); err != nil {
			return fmt.Errorf("order rules: %w", err)
		}
	}
	return nil
}

// Delete removes a rule; what it decided stays with its cases. It gives ErrNotFound.
func (s *Service) Delete(ctx context.Context, id string, record Record) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		r, err := ruleIn(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.NewDelete().Model(r).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("delete rule: %w", err)
		}
		err = s.handOverWaiting(ctx, tx, codeRuleChanged, "规则已经删除", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("rule_id = ?", id) })
		if err != nil {
			return err
		}
		return record(ctx, tx, r)
	})
	if err == nil {
		s.cancelUnsent(ctx, id)
	}
	return err
}

// clone returns a copy that shares nothing that is edited.
func (r *Rule) clone() *Rule {
	c := *r
	c.ProgramIDs.V, c.Types.V = slices.Clone(r.ProgramIDs.V), slices.Clone(r.Types.V)
	return &c
}
