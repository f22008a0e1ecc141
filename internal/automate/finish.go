package automate

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// breakAfter is how many decisions in a row may end by a failure before a rule pauses itself.
const breakAfter = 3

// EndedArgs tells whoever reacts to it that a decision has come to an end.
type EndedArgs struct {
	DecisionID  string `json:"decision_id"`
	ComplaintID string `json:"complaint_id"`
	State       State  `json:"state"`
	// Tell says that people should hear of it.
	Tell bool `json:"tell"`
	// Key tells two things to tell about one decision apart.
	Key string `json:"key,omitempty"`
}

// Kind implements river.JobArgs.
func (EndedArgs) Kind() string { return "automate.ended" }

// StepArgs is the job that takes a decision one step further.
type StepArgs struct {
	DecisionID string `json:"decision_id"`
}

// Kind implements river.JobArgs.
func (StepArgs) Kind() string { return "automate.step" }

func isMoved(err error) bool { return errors.Is(err, refund.ErrMoved) }

// change is a compare-and-set: d as it is now replaces the row that has its turn. false means that somebody else was faster; then nothing was done.
func (s *Service) change(ctx context.Context, tx db.Tx, d *Decision) (bool, error) {
	was := d.Turn
	d.Turn, d.UpdatedAt = was+1, s.now()
	ok, err := db.Changed(tx.NewUpdate().Model(d).WherePK().Where("turn = ?", was).Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("store decision: %w", err)
	}
	return ok, nil
}

// end ends a decision, in a transaction that holds the switch. What it means for the rule (a failure in a row, a breaker) is part of it.
func (s *Service) end(ctx context.Context, tx db.Tx, was *Decision, to State, why Reason) (bool, error) {
	if was.State.Over() {
		return false, nil
	}
	d := *was
	d.State, d.ReasonCode, d.Reason, d.NextAt, d.FinishedAt = to, why.Code, why.Text, 0, s.now()
	if to == HandedOver {
		d.Reason += d.moneyNote()
	}
	paused, err := s.count(ctx, tx, &d)
	if err != nil {
		return false, err
	}
	if paused != "" {
		d.Reason += "。" + paused
	}
	ok, err := s.change(ctx, tx, &d)
	if err != nil || !ok {
		return false, errors.Join(err, errLost(ok, err))
	}
	if err := s.say(ctx, tx, &d); err != nil {
		return false, err
	}
	*was = d
	return true, tx.Enqueue(ctx, EndedArgs{DecisionID: d.ID, ComplaintID: d.ComplaintID, State: to, Tell: tell(&d)}, nil)
}

func errLost(ok bool, err error) error {
	if err == nil && !ok {
		return errOvertaken
	}
	return nil
}

// moneyNote says to whoever takes a case over where its money is.
func (d *Decision) moneyNote() string {
	switch {
	case d.Refunded > 0 && !strings.Contains(d.Reason, "已退款"):
		return "（已退款 " + yuan(d.Refunded) + "）"
	case d.Refunded == 0 && d.RefundID != "" && d.Reserved > 0:
		return "（退款 " + yuan(d.Reserved) + " 可能已经发出，请在退款里核对）"
	}
	return ""
}

// tell: what was done, what failed, what ran into a limit, and everything that ended after money moved or may have. That a person was there first is no news.
func tell(d *Decision) bool {
	return d.State == Done || d.State == Stopped || d.ReasonCode == codeLimit || d.Refunded > 0 || d.RefundID != "" && d.Reserved > 0
}

// say is the timeline's line about a decision. What was answered and refunded has lines of its own.
func (s *Service) say(ctx context.Context, tx db.Tx, d *Decision) error {
	e := complaint.Entry{ComplaintID: d.ComplaintID, DedupeKey: fmt.Sprintf("rule:%s:%s", d.ID, d.State), Source: complaint.FromRule, Kind: "rule_" + string(d.State), Actor: d.RuleName}
	e.Images.V = []string{}
	switch d.State {
	case Waiting:
		e.Text = "自动处理：" + d.plan()
	case HandedOver:
		e.Text = "转人工：" + d.Reason
	case Stopped:
		e.Text = "自动处理停住了：" + d.Reason
	default:
		return nil
	}
	return s.complaints.AddEntry(ctx, tx, e)
}

// count adds a decision's end to its rule: three failures in a row pause it.
func (s *Service) count(ctx context.Context, tx db.Tx, d *Decision) (paused string, err error) {
	if d.State == HandedOver {
		return "", nil
	}
	r, err := ruleIn(ctx, tx, d.RuleID)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if d.State == Done {
		if r.Failures == 0 {
			return "", nil
		}
		return "", s.setFailures(ctx, tx, r, 0)
	}
	if err := s.setFailures(ctx, tx, r, r.Failures+1); err != nil {
		return "", err
	}
	switch {
	case d.ReasonCode == codeAbnormal:
		return s.trip(ctx, tx, r, "有一笔退款异常，规则已经停用")
	case r.Failures >= breakAfter:
		return s.trip(ctx, tx, r, fmt.Sprintf("连续 %d 单没有处理成功，规则已经停用", r.Failures))
	}
	return "", nil
}

func (s *Service) setFailures(ctx context.Context, tx db.Tx, r *Rule, n int64) error {
	r.Failures, r.UpdatedAt = n, max(s.now(), r.UpdatedAt+1)
	if _, err := tx.NewUpdate().Model(r).Column("failures", "updated_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("count failures of a rule: %w", err)
	}
	return nil
}

// trip pauses a rule for its failures, once.
func (s *Service) trip(ctx context.Context, tx db.Tx, r *Rule, reason string) (string, error) {
	if r.State != Active {
		return "", nil
	}
	r.State, r.PausedReason, r.PausedBy, r.PausedAt, r.UpdatedAt = Paused, reason, "", s.now(), max(s.now(), r.UpdatedAt+1)
	if _, err := tx.NewUpdate().Model(r).Column("state", "paused_reason", "paused_by", "paused_at", "updated_at").WherePK().Exec(ctx); err != nil {
		return "", fmt.Errorf("pause rule: %w", err)
	}
	s.log.WarnContext(ctx, "a rule paused itself", "rule", r.ID, "failures", r.Failures)
	return reason, s.handOverWaiting(ctx, tx, codeRulePaused, reason, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("rule_id = ?", r.ID) })
}
