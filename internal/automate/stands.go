package automate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// keyPrefix is what the request keys of rules begin with; the decision's id follows.
const keyPrefix = "rule:"

func (d *Decision) key() string { return keyPrefix + d.ID }

// standing says why a decision does not go on: the switch, or its rule is not the one any more that decided. What was decided before a stop stays stopped after a resume.
func (s *Service) standing(ctx context.Context, q bun.IDB, d *Decision) (Reason, error) {
	a, err := switchIn(ctx, q)
	if err != nil {
		return Reason{}, err
	}
	if !a.StoppedAt.IsZero() || a.LastStop >= d.CreatedAt {
		return Reason{codeSwitch, "全部自动处理已被停止"}, nil
	}
	r, err := ruleIn(ctx, q, d.RuleID)
	switch {
	case errors.Is(err, ErrNotFound):
		return Reason{codeRuleChanged, "规则已经删除"}, nil
	case err != nil:
		return Reason{}, err
	case r.Version != d.RuleVersion:
		return Reason{codeRuleChanged, "规则刚刚被修改"}, nil
	case r.State != Active || r.EnabledAt > d.CreatedAt:
		return Reason{codeRulePaused, "规则刚刚被停用"}, nil
	}
	return Reason{}, nil
}

// AllowRefund is asked in the transaction before a rule's refund is sent for the first time; why is empty when it may go.
func (s *Service) AllowRefund(ctx context.Context, tx db.Tx, r *refund.Refund) (why string, err error) {
	if r.Source != complaint.FromRule {
		return "", nil
	}
	if r.ApproverID != "" {
		return "", nil // a person has decided
	}
	return s.allow(ctx, tx, r.RequestKey, Refunding)
}

// AllowAction is asked in the transaction before a rule's answer is sent; why is empty when it may go.
func (s *Service) AllowAction(ctx context.Context, tx db.Tx, a *action.Action) (why string, err error) {
	if a.Source != complaint.FromRule {
		return "", nil
	}
	return s.allow(ctx, tx, a.RequestKey, Answering)
}

func (s *Service) allow(ctx context.Context, tx db.Tx, key string, state State) (string, error) {
	id, ours := strings.CutPrefix(key, keyPrefix)
	if !ours {
		return "", fmt.Errorf("the request %q is no rule's", key)
	}
	if _, err := s.lockSwitch(ctx, tx); err != nil {
		return "", err
	}
	d, err := decisionIn(ctx, tx, "id = ?", id)
	switch {
	case err != nil:
		return "", err
	case d == nil || d.State != state:
		return "自动处理已经结束", nil
	}
	why, err := s.standing(ctx, tx, d)
	if err == nil && !why.stands() {
		why, err = s.person(ctx, tx, d.ComplaintID)
	}
	if err == nil && !why.stands() {
		why, err = s.moved(ctx, tx, d)
	}
	return why.Text, err
}

// moved says why a case is not one any more that a rule acts on, by what was read of it last: its user may have withdrawn it while the refund waited for its turn.
func (s *Service) moved(ctx context.Context, tx db.Tx, d *Decision) (Reason, error) {
	c, err := s.complaints.InTx(ctx, tx, d.ComplaintID)
	if err != nil {
		return Reason{}, err
	}
	return judgeCase(c, Program{Active: true, Permitted: true}), nil // the call itself finds out about the program
}
