package automate

import (
	"context"
	"errors"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// reasonOfRefund stands with the order of a rule's refund at WeChat Pay, where the payer sees it.
const reasonOfRefund = "交易投诉退款"

// seeRefund asks for a decision's refund, or looks what became of it. The answer comes only when the money has certainly gone back.
func (s *Service) seeRefund(ctx context.Context, d *Decision) error {
	r, err := s.refunds.ByRequest(ctx, d.ComplaintID, d.key())
	if errors.Is(err, refund.ErrNotFound) {
		if r, err = s.askRefund(ctx, d); err != nil || r == nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	d.RefundID = r.ID
	text, way := refund.Words(r.ErrorCode)
	switch r.State {
	case refund.Done:
		return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			if _, err := s.lockSwitch(ctx, tx); err != nil {
				return err
			}
			d.State, d.Refunded, d.Reserved, d.Reason = Answering, r.Amount, r.Amount, ""
			return s.goOn(ctx, tx, d)
		})
	case refund.Failed, refund.Closed:
		d.Reserved = 0
		if handedOver(r.ErrorCode) {
			return s.handOver(ctx, d, Reason{codeEarlier, "退款没有发出，没有退钱：" + text})
		}
		return s.finish(ctx, d, Stopped, Reason{codeRefund, "退款 " + yuan(r.Amount) + " 没有成功，没有退钱：" + text + "。" + way})
	case refund.Rejected:
		d.Reserved = 0
		return s.handOver(ctx, d, Reason{codePerson, r.ApproverName + "没有同意退款，没有退钱：" + r.RejectReason})
	case refund.Cancelled:
		d.Reserved = 0
		return s.handOver(ctx, d, Reason{codeTaken, "退款在发出前取消了，没有退钱" + colon(r.RejectReason)})
	case refund.Abnormal:
		return s.finish(ctx, d, Stopped, Reason{codeAbnormal, "退款 " + yuan(r.Amount) + " 异常：" + text + "。" + way})
	case refund.Parked:
		return s.finish(ctx, d, Stopped, Reason{codeRefund, "退款 " + yuan(r.Amount) + " 停住了：" + text + "。" + way})
	}
	return s.awaitRefund(ctx, d, r)
}

func colon(s string) string {
	if s == "" {
		return ""
	}
	return "：" + s
}

// askRefund asks for the refund under the decision's key: a repeat gets the same one.
func (s *Service) askRefund(ctx context.Context, d *Decision) (*refund.Refund, error) {
	why, err := s.standing(ctx, s.db.Read, d)
	if err == nil && !why.stands() {
		why, err = s.person(ctx, s.db.Read, d.ComplaintID)
	}
	if err != nil || why.stands() {
		d.Reserved = 0
		return nil, errors.Join(err, s.handOver(ctx, d, why))
	}
	r, err := s.refunds.Submit(ctx, refund.Intent{ComplaintID: d.ComplaintID, Amount: d.RefundAmount, Reason: reasonOfRefund, Actor: s.actor(d), RequestKey: d.key()})
	no, refused := errors.AsType[*refund.Refused](err)
	field, wrong := errors.AsType[*refund.FieldError](err)
	switch {
	case refused && handedOver(no.Code):
		d.Reserved = 0
		return nil, s.handOver(ctx, d, Reason{codeEarlier, "没有退款：" + no.Reason})
	case refused:
		d.Reserved = 0
		return nil, s.finish(ctx, d, Stopped, Reason{codeRefund, "没有退款：" + no.Reason + "。" + no.WayOut})
	case wrong:
		d.Reserved = 0
		return nil, s.finish(ctx, d, Stopped, Reason{codeRefund, "没有退款：" + field.Text})
	}
	return r, err
}

// awaitRefund waits for a refund that is on its way, but not until it is too late for people to answer.
func (s *Service) awaitRefund(ctx context.Context, d *Decision, r *refund.Refund) error {
	c, err := s.complaints.ByID(ctx, d.ComplaintID)
	if err != nil {
		return err
	}
	if r.CanCancel() && r.ApproverID == "" {
		if why, err := s.obsolete(ctx, d, c); err != nil || why.stands() {
			return errors.Join(err, s.takeBack(ctx, d, r, why))
		}
	}
	if !c.DueAt.IsZero() && s.now() >= c.DueAt-ms(refundRoom) {
		return s.tooSlow(ctx, d, r)
	}
	was := d.Reason
	if d.Reason = ""; r.State == refund.WaitingApproval {
		d.Reason = "退款 " + yuan(r.Amount) + " 等待复核，同意并到账后自动" + word(d.Decision)
	}
	stored, err := decisionIn(ctx, s.db.Read, "id = ?", d.ID)
	if err != nil || stored == nil || stored.RefundID == d.RefundID && was == d.Reason && d.NextAt > s.now() {
		return err
	}
	return s.lookLater(ctx, d)
}

// obsolete says why a refund that was not sent yet is not wanted any more.
func (s *Service) obsolete(ctx context.Context, d *Decision, c *complaint.Complaint) (Reason, error) {
	why, err := s.standing(ctx, s.db.Read, d)
	if err == nil && !why.stands() {
		why, err = s.person(ctx, s.db.Read, d.ComplaintID)
	}
	if err != nil || why.stands() {
		return why, err
	}
	return judgeCase(c, Program{Active: true, Permitted: true}), nil
}

// takeBack cancels a refund that was not sent, and hands its case over.
func (s *Service) takeBack(ctx context.Context, d *Decision, r *refund.Refund, why Reason) error {
	if !why.stands() {
		return nil
	}
	if err := s.cancel(ctx, d); err != nil {
		return err
	}
	fresh, err := s.refunds.ByID(ctx, r.ID)
	if err != nil || fresh.State != refund.Cancelled {
		return err // it was just sent, or approved: what becomes of it is seen later
	}
	d.Reserved = 0
	why.Text += "，退款已取消，没有退钱"
	return s.handOver(ctx, d, why)
}

// tooSlow leaves the answer to people. A refund that was not sent is taken back; one that is on its way is seen through by its own rules.
func (s *Service) tooSlow(ctx context.Context, d *Decision, r *refund.Refund) error {
	if r.State == refund.Queued && r.CanCancel() {
		if err := s.cancel(ctx, d); err != nil {
			return err
		}
		fresh, err := s.refunds.ByID(ctx, r.ID)
		if err != nil {
			return err
		}
		if fresh.State == refund.Cancelled {
			d.Reserved = 0
			return s.finish(ctx, d, Stopped, Reason{codeSlow, "离截止不到 6 小时，退款还没有发出，已取消，没有退钱"})
		}
	}
	what := "还没有结果，可能已经退给用户，请先在退款里核对"
	if r.State == refund.WaitingApproval {
		what = "还在等待复核，没有退钱"
	}
	return s.finish(ctx, d, Stopped, Reason{codeSlow, "离截止不到 6 小时，退款 " + yuan(r.Amount) + " " + what})
}

// RefundSettled reacts to what became of a refund; refunds of people are none of its business.
func (s *Service) RefundSettled(ctx context.Context, refundID string) error {
	r, err := s.refunds.ByID(ctx, refundID)
	if err != nil {
		return err
	}
	id, ours := decisionOfKey(r.Source, r.RequestKey)
	if !ours {
		return nil
	}
	d, err := decisionIn(ctx, s.db.Read, "id = ?", id)
	if err != nil || d == nil {
		return err
	}
	if !d.State.Over() {
		if err := s.Step(ctx, d.ID); err != nil {
			return err
		}
		if d, err = decisionIn(ctx, s.db.Read, "id = ?", id); err != nil || d == nil || !d.State.Over() {
			return err
		} // over now: by this, or because somebody has just taken the case
	}
	return s.settledLater(ctx, d.ID, r)
}

// settledLater keeps the books of a decision that is over: what its refund came to counts, and an abnormal one pauses the rule.
func (s *Service) settledLater(ctx context.Context, id string, r *refund.Refund) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		d, err := decisionIn(ctx, tx, "id = ?", id)
		if err != nil || d == nil || !d.State.Over() {
			return err
		}
		switch {
		case r.State == refund.Done && d.Refunded == 0:
			d.Refunded, d.Reserved = r.Amount, r.Amount
		case !r.State.Open() && r.State != refund.Done && (d.Reserved != 0 || d.RefundID != r.ID):
			d.Reserved = 0
		case r.State == refund.Abnormal:
			rule, err := ruleIn(ctx, tx, d.RuleID)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			reason, err := s.trip(ctx, tx, rule, "有一笔退款异常，规则已经停用")
			if err != nil || reason == "" {
				return err
			}
			d.Reason += "。" + reason
			if err := tx.Enqueue(ctx, EndedArgs{DecisionID: d.ID, ComplaintID: d.ComplaintID, State: d.State, Tell: true, Key: "abnormal"}, nil); err != nil {
				return err
			}
		default:
			return nil
		}
		d.RefundID = r.ID
		_, err = s.change(ctx, tx, d)
		return err
	})
}

func decisionOfKey(source complaint.Source, key string) (string, bool) {
	if source != complaint.FromRule || len(key) <= len(keyPrefix) || key[:len(keyPrefix)] != keyPrefix {
		return "", false
	}
	return key[len(keyPrefix):], true
}
