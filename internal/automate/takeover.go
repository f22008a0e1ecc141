package automate

import (
	"context"
	"errors"

	"github.com/zhisu/zhisu/internal/db"
)

// TakeOver gives a case to people: what is not sent yet is not sent. It gives ErrOver when nothing automatic is going on.
func (s *Service) TakeOver(ctx context.Context, complaintID, reason string, record func(ctx context.Context, tx db.Tx) error) error {
	var d *Decision
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		var err error
		if d, err = decisionIn(ctx, tx, "complaint_id = ?", complaintID); err != nil {
			return err
		}
		if d == nil || d.State.Over() {
			return ErrOver
		}
		if _, err := s.end(ctx, tx, d, HandedOver, Reason{codeTaken, reason}); err != nil {
			return err
		}
		return record(ctx, tx)
	})
	if err == nil && d.RefundID != "" {
		if err := s.cancel(ctx, d); err != nil {
			s.log.WarnContext(ctx, "refund of a rule not cancelled", "decision", d.ID, "err", err)
		}
	}
	return err
}

// PersonActs gives a case to people because somebody did something in it. Nothing going on is fine. What is missed here is seen before anything is sent.
func (s *Service) PersonActs(ctx context.Context, complaintID, reason string) {
	d, err := s.DecisionOf(ctx, complaintID)
	if err == nil && d != nil && !d.State.Over() {
		err = s.TakeOver(ctx, complaintID, reason, func(context.Context, db.Tx) error { return nil })
	}
	if err != nil && !errors.Is(err, ErrOver) && ctx.Err() == nil {
		s.log.WarnContext(ctx, "a case was not taken from its rule at once", "complaint", complaintID, "err", err)
	}
}

// Text says in a whole sentence what a decision does, did, or why not.
func (d *Decision) Text() string {
	switch d.State {
	case Waiting:
		return d.plan()
	case Refunding:
		if d.Reason != "" {
			return d.Reason
		}
		return "正在按规则「" + d.RuleName + "」退款 " + yuan(d.RefundAmount) + "，到账后自动" + word(d.Decision)
	case Answering:
		return d.money() + "正在按规则「" + d.RuleName + "」" + word(d.Decision)
	case Done:
		return "已按规则「" + d.RuleName + "」自动处理：" + d.money() + word(d.Decision)
	case HandedOver:
		return "规则「" + d.RuleName + "」已转人工：" + d.Reason
	}
	return "规则「" + d.RuleName + "」停住了，需要人工处理：" + d.Reason
}

// money says what has gone back, as the beginning of a sentence.
func (d *Decision) money() string {
	if d.Refunded == 0 {
		return ""
	}
	return "已退款 " + yuan(d.Refunded) + "，"
}
