package automate

import (
	"context"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// seeAnswer asks for a decision's answer, or looks what became of it.
func (s *Service) seeAnswer(ctx context.Context, d *Decision) error {
	a, err := s.actions.ByRequest(ctx, d.ComplaintID, d.key())
	if errors.Is(err, action.ErrNotFound) {
		if a, err = s.askAnswer(ctx, d); err != nil || a == nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	d.ActionID, d.Content = a.ID, a.Content
	switch a.State {
	case action.Done:
		return s.finish(ctx, d, Done, Reason{})
	case action.Failed:
		why := Reason{codeAction, d.money() + word(d.Decision) + "没有发出：" + a.Problem()}
		if a.ErrorCode == action.CodeHandedOver || a.ErrorCode == action.CodeMovedOn {
			return s.handOver(ctx, d, why)
		}
		return s.finish(ctx, d, Stopped, why)
	}
	return s.lookLater(ctx, d)
}

// askAnswer asks for the answer under the decision's key: a repeat gets the same one. After a refund the text may name it.
func (s *Service) askAnswer(ctx context.Context, d *Decision) (*action.Action, error) {
	c, err := s.complaints.SyncNow(ctx, d.ComplaintID)
	if err != nil {
		return nil, s.unread(ctx, d, d.UpdatedAt, Reason{codeNotRead, d.money() + "之后一直没有从微信读到投诉详情，还没有回应"}, err)
	}
	text, why, err := s.answer(ctx, d, c)
	if err != nil {
		return nil, err
	}
	if why.stands() {
		if d.Refunded > 0 {
			why.Text = d.money() + "还没有回应：" + why.Text
		}
		return nil, s.handOver(ctx, d, why)
	}
	a, err := s.actions.Submit(ctx, action.Intent{
		ComplaintID: d.ComplaintID, Kind: complaint.Respond, Decision: d.Decision, Content: text, ActorID: d.RuleID, ActorName: d.RuleName, Source: complaint.FromRule, RequestKey: d.key(),
	})
	illegal, moved := errors.AsType[*action.NotLegalError](err)
	field, wrong := errors.AsType[*action.FieldError](err)
	switch {
	case moved:
		return nil, s.handOver(ctx, d, Reason{codeStatus, d.money() + "还没有回应：" + illegal.Legality.Reason})
	case wrong:
		return nil, s.finish(ctx, d, Stopped, Reason{codeAction, d.money() + "还没有回应：" + field.Text})
	case errors.Is(err, action.ErrInFlight):
		return nil, s.handOver(ctx, d, Reason{codePerson, d.money() + "有人已经在回应"})
	}
	return a, err
}

// answer says what to answer, or why a person should.
func (s *Service) answer(ctx context.Context, d *Decision, c *complaint.Complaint) (string, Reason, error) {
	why, err := s.standing(ctx, s.db.Read, d)
	if err == nil && !why.stands() {
		why, err = s.person(ctx, s.db.Read, c.ID)
	}
	if err != nil || why.stands() {
		return "", why, err
	}
	p, err := s.programs.Program(ctx, c.ProgramID)
	if err != nil {
		return "", Reason{}, err
	}
	if why := judgeCase(c, p); why.stands() {
		return "", why, nil
	}
	if c.DueAt.IsZero() || c.DueAt <= s.now() {
		return "", Reason{codeDeadline, "已经过了截止时间"}, nil
	}
	if acted, err := s.actions.Any(ctx, s.db.Read, []string{c.ID}); err != nil || acted {
		return "", Reason{codePerson, "有人已经回应过"}, err
	}
	r, err := s.Rule(ctx, d.RuleID)
	if err != nil {
		return "", Reason{}, err
	}
	number := ""
	if d.RefundID != "" {
		back, err := s.refunds.ByID(ctx, d.RefundID)
		if err != nil {
			return "", Reason{}, err
		}
		if back.State != refund.Done {
			return "", Reason{codeRefund, "退款还没有到账"}, nil
		}
		number = back.RefundID
	}
	text, why := s.fill(r, c, p.Name, number)
	return text, why, nil
}

// ActionFinished reacts to the end of an action; actions of people are none of its business.
func (s *Service) ActionFinished(ctx context.Context, actionID string) error {
	a, err := s.actions.ByID(ctx, actionID)
	if err != nil {
		return err
	}
	if id, ours := decisionOfKey(a.Source, a.RequestKey); ours {
		return s.Step(ctx, id)
	}
	return nil
}

// Reconcile finds decisions whose time has come and that have no live job.
func (s *Service) Reconcile(ctx context.Context) error {
	var ds []Decision
	err := s.db.Read.NewSelect().Model(&ds).Column("id").Where("next_at <= ?", s.now()).Order("next_at").Limit(200).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list decisions to look at: %w", err)
	}
	for i := range ds {
		if err := s.db.Enqueue(ctx, StepArgs{DecisionID: ds[i].ID}, db.Once(db.QueueAct)); err != nil {
			return err
		}
	}
	return nil
}
