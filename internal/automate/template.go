package automate

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/db"
)

// UsersOf names the rules that use each template, in the order in which they are tried.
func (s *Service) UsersOf(ctx context.Context) (map[string][]Rule, error) {
	var rs []Rule
	if err := s.db.Read.NewSelect().Model(&rs).Where("template_id <> ''").Order("position", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list rules with a template: %w", err)
	}
	out := map[string][]Rule{}
	for i := range rs {
		out[rs[i].TemplateID] = append(out[rs[i].TemplateID], rs[i])
	}
	return out, nil
}

// TemplateChanged makes another version of each rule whose template says something else now, or is gone (t nil), in the transaction that changed it: what was not shown by a
// replay is not sent, and what is not sent yet stays unsent. Rules that were enabled are paused.
func (s *Service) TemplateChanged(ctx context.Context, tx db.Tx, id string, t *action.Template, by string) error {
	if _, err := s.lockSwitch(ctx, tx); err != nil {
		return err
	}
	var rs []Rule
	if err := tx.NewSelect().Model(&rs).Where("template_id = ?", id).Order("id").Scan(ctx); err != nil {
		return fmt.Errorf("list rules of a template: %w", err)
	}
	for i := range rs {
		r := &rs[i]
		what := "规则用的话术已经删除"
		if t != nil {
			if t.Body == r.Text && fits(t, r.Decision) {
				continue
			}
			what, r.Text = "规则用的话术「"+t.Name+"」改过，请重新回放后再启用", t.Body
		}
		if err := s.renew(ctx, tx, r, what, by); err != nil {
			return err
		}
	}
	return nil
}

// renew stores a rule's next version, which was not replayed, and hands over what the one before has not sent.
func (s *Service) renew(ctx context.Context, tx db.Tx, r *Rule, why, by string) error {
	r.Version, r.Failures, r.UpdatedBy, r.UpdatedAt = r.Version+1, 0, by, max(s.now(), r.UpdatedAt+1)
	if r.State == Active {
		r.State, r.PausedReason, r.PausedBy, r.PausedAt = Paused, why, by, s.now()
	}
	_, err := tx.NewUpdate().Model(r).Column("text", "version", "failures", "updated_by", "updated_at", "state", "paused_reason", "paused_by", "paused_at").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("store rule: %w", err)
	}
	of := func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("rule_id = ?", r.ID) }
	if err := s.handOverWaiting(ctx, tx, codeRuleChanged, why, of); err != nil {
		return err
	}
	return s.lookAgain(ctx, tx, of)
}
