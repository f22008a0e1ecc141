package automate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// lookEvery is how often a decision is looked at without being asked, in case a word about its refund or answer was lost.
const lookEvery = 5 * time.Minute

// errOvertaken undoes a transaction whose decision somebody else has changed.
var errOvertaken = errors.New("the decision was changed meanwhile")

// Step does StepArgs. It may run at any time, twice, and on two instances: what counts is the row.
func (s *Service) Step(ctx context.Context, id string) error {
	d, err := decisionIn(ctx, s.db.Read, "id = ?", id)
	if err != nil || d == nil {
		return err
	}
	switch {
	case d.State == Waiting && s.now() >= d.ActsAt:
		err = s.act(ctx, d)
	case d.State == Refunding:
		err = s.seeRefund(ctx, d)
	case d.State == Answering:
		err = s.seeAnswer(ctx, d)
	}
	if errors.Is(err, errOvertaken) {
		return nil // whoever was faster goes on
	}
	return err
}

// act judges a case once more, on what WeChat says this moment, and begins.
func (s *Service) act(ctx context.Context, d *Decision) error {
	if why, err := s.standing(ctx, s.db.Read, d); err != nil || why.stands() {
		return errors.Join(err, s.handOver(ctx, d, why))
	}
	c, err := s.complaints.SyncNow(ctx, d.ComplaintID)
	if err != nil {
		return s.unread(ctx, d, d.ActsAt, Reason{codeNotRead, "一直没有从微信读到投诉详情"}, err)
	}
	r, why, err := s.judgeAgain(ctx, d, c)
	if err != nil {
		return err
	}
	if why.stands() {
		return s.handOver(ctx, d, why)
	}
	if r.Refund != NoRefund {
		why, err := s.refundable(ctx, r, c)
		if err != nil {
			return s.unread(ctx, d, d.ActsAt, Reason{codeRefund, "一直没有从微信支付读到这笔订单"}, err)
		}
		if why.stands() {
			return s.handOver(ctx, d, why)
		}
	}
	return s.reserve(ctx, d, c)
}

// judgeAgain says why a rule does not act on a case now.
func (s *Service) judgeAgain(ctx context.Context, d *Decision, c *complaint.Complaint) (*Rule, Reason, error) {
	r, err := s.Rule(ctx, d.RuleID)
	if errors.Is(err, ErrNotFound) {
		return nil, Reason{codeRuleChanged, "规则已经删除"}, nil
	}
	if err != nil {
		return nil, Reason{}, err
	}
	p, err := s.programs.Program(ctx, c.ProgramID)
	if err != nil {
		return nil, Reason{}, err
	}
	first, err := s.first(ctx, s.db.Read, r, c, s.now())
	if err != nil {
		return nil, Reason{}, err
	}
	if why, err := s.person(ctx, s.db.Read, c.ID); err != nil || why.stands() {
		return r, why, err
	}
	if why := judge(r, c, p, first, s.now()); why.stands() {
		return r, why, nil
	}
	if why, err := s.touchedOrder(ctx, s.db.Read, c); err != nil || why.stands() {
		return r, why, err
	}
	number := ""
	if r.Refund != NoRefund {
		number = anyNumber // filled in once there is one: everything else must be known before money moves
	}
	_, why := s.fill(r, c, p.Name, number)
	return r, why, nil
}

// person says what somebody did in a case.
func (s *Service) person(ctx context.Context, q bun.IDB, complaintID string) (Reason, error) {
	what, err := s.complaints.Touched(ctx, q, complaintID)
	if err == nil && what == "" {
		var name string
		if name, err = s.actions.ByStaff(ctx, q, complaintID); name != "" { // it stands in the timeline only once it is finished
			what = name + "已经在处理"
		}
	}
	if err != nil || what == "" {
		return Reason{}, err
	}
	return Reason{codePerson, what}, nil
}

// touchedOrder: something was decided before in this case, or in another one about the same order.
func (s *Service) touchedOrder(ctx context.Context, q bun.IDB, c *complaint.Complaint) (Reason, error) {
	others, err := s.complaints.OfOrder(ctx, q, c)
	if err != nil {
		return Reason{}, err
	}
	acted, err := s.actions.Any(ctx, q, append(others, c.ID))
	if err != nil {
		return Reason{}, err
	}
	refunded, err := s.refunds.Any(ctx, q, c)
	if err != nil || !acted && !refunded {
		return Reason{}, err
	}
	return Reason{codeEarlier, "这张投诉单或同一笔订单已经处理过，或退过款"}, nil
}

// anyNumber stands for WeChat Pay's number of a refund that is not there yet. How long those get is not told; its other numbers are at most that long.
const anyNumber = "00000000000000000000000000000000"

// rival: a rule is just acting in another case about the same order. What it will do stands in no other table yet.
func (s *Service) rival(ctx context.Context, tx db.Tx, d *Decision, c *complaint.Complaint) (Reason, error) {
	others, err := s.complaints.OfOrder(ctx, tx, c)
	if err != nil || len(others) == 0 {
		return Reason{}, err
	}
	acts, err := tx.NewSelect().Model((*Decision)(nil)).Where("complaint_id IN (?) AND day <> '' AND id <> ?", bun.List(others), d.ID).Exists(ctx)
	if err != nil {
		return Reason{}, fmt.Errorf("look for a decision about the same order: %w", err)
	}
	if acts {
		return Reason{codeEarlier, "规则正在处理同一笔订单的另一张投诉单"}, nil
	}
	return s.touchedOrder(ctx, tx, c)
}

// fill makes the answer's text of what the rule's version says; a variable that is not known, or a text that gets too long, keeps it from being sent.
func (s *Service) fill(r *Rule, c *complaint.Complaint, programName, refundNumber string) (string, Reason) {
	out := action.Render(&action.Template{Body: r.Text}, action.Values(c, programName, refundNumber, s.now()))
	switch {
	case r.Text == "":
		return "", Reason{codeText, "规则没有回应内容"}
	case len(out.Unfilled) > 0:
		return "", Reason{codeText, "话术里的 " + strings.Join(out.Unfilled, " ") + " 填不上"}
	case utf8.RuneCountInString(out.Text) > action.MaxContent:
		return "", Reason{codeText, fmt.Sprintf("填好变量后的回应超过 %d 字", action.MaxContent)}
	}
	return out.Text, Reason{}
}

var errUnread = errors.New("the order can't be read now")

// refundable asks WeChat Pay about the order. Nothing is known for certain without its answer.
func (s *Service) refundable(ctx context.Context, r *Rule, c *complaint.Complaint) (Reason, error) {
	o, err := s.refunds.OptionsFor(ctx, c.ID, s.actor(&Decision{RuleID: r.ID, RuleName: r.Name}))
	if err != nil {
		return Reason{}, err
	}
	amount := r.refundOf(c)
	switch {
	case o.Blocked != nil:
		return Reason{codeRefund, o.Blocked.Reason}, nil
	case o.OrderError != "" || o.OrderTotal == nil:
		return Reason{}, errUnread
	case o.Refunded > 0 || o.Refunding > 0 || o.Elsewhere == nil || *o.Elsewhere > 0:
		return Reason{codeEarlier, "这笔订单已经退过款"}, nil
	case c.Amount == nil || *o.OrderTotal != *c.Amount: // also for a fixed refund: the rule's condition is about the complaint's amount
		return Reason{codeAmount, "订单支付了 " + yuan(*o.OrderTotal) + "，和投诉的金额不一样"}, nil
	case o.Remaining == nil || *o.Remaining < amount:
		return Reason{codeAmount, "这笔订单能退的金额不够"}, nil
	}
	return Reason{}, nil
}

func (s *Service) actor(d *Decision) refund.Actor {
	return refund.Actor{ID: d.RuleID, Name: d.RuleName, Any: true, Source: complaint.FromRule}
}

// unread waits while something can't be read, and leaves the case to people when that takes too long.
func (s *Service) unread(ctx context.Context, d *Decision, since db.Time, why Reason, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	if s.now() > since+ms(readFor) {
		return s.handOver(ctx, d, why)
	}
	return river.JobSnooze(readAgain)
}

// reserve takes room inside the limits of the day, in one transaction with everything that may stand in the way, and begins.
func (s *Service) reserve(ctx context.Context, d *Decision, c *complaint.Complaint) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		why, err := s.standing(ctx, tx, d)
		if err == nil && !why.stands() {
			why, err = s.person(ctx, tx, d.ComplaintID)
		}
		if err == nil && !why.stands() {
			why, err = s.rival(ctx, tx, d, c)
		}
		if err != nil {
			return err
		}
		if !why.stands() {
			r, err := ruleIn(ctx, tx, d.RuleID)
			if err != nil {
				return err
			}
			d.Day, d.RefundAmount = dayOf(s.now()), r.refundOf(c)
			used, err := usedIn(ctx, tx, r.ID, d.Day)
			if err != nil {
				return err
			}
			why = r.exceeds(used, d.RefundAmount)
		}
		if why.stands() {
			d.Day = ""
			_, err := s.end(ctx, tx, d, HandedOver, why)
			return err
		}
		d.State, d.Reserved, d.Reason = Answering, d.RefundAmount, ""
		if d.RefundAmount > 0 {
			d.State = Refunding
		}
		return s.goOn(ctx, tx, d)
	})
}

// goOn stores a decision's next state with the job of its next step.
func (s *Service) goOn(ctx context.Context, tx db.Tx, d *Decision) error {
	d.NextAt = s.now() + ms(lookEvery)
	ok, err := s.change(ctx, tx, d)
	if err != nil {
		return err
	}
	if !ok {
		return errOvertaken
	}
	return tx.Enqueue(ctx, StepArgs{DecisionID: d.ID}, &river.InsertOpts{Queue: db.QueueAct})
}

// lookLater keeps what is known of a decision whose refund or answer is still on its way.
func (s *Service) lookLater(ctx context.Context, d *Decision) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		d.NextAt = s.now() + ms(lookEvery)
		ok, err := s.change(ctx, tx, d)
		if err == nil && !ok {
			err = errOvertaken
		}
		return err
	})
}

// handOver ends a decision in favour of people, for a reason that is no failure.
func (s *Service) handOver(ctx context.Context, d *Decision, why Reason) error {
	return s.finish(ctx, d, HandedOver, why)
}

// finish ends a decision in a transaction of its own.
func (s *Service) finish(ctx context.Context, d *Decision, to State, why Reason) error {
	if to != Done && !why.stands() {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := s.lockSwitch(ctx, tx); err != nil {
			return err
		}
		_, err := s.end(ctx, tx, d, to, why)
		return err
	})
}

// handsOver are refusals by which somebody was there first: no failure of the rule.
var handsOver = []string{refund.BlockInFlight, refund.BlockNothingLeft, refund.BlockElsewhere, refund.BlockPersonNeeded, refund.BlockPlatform}

func handedOver(code string) bool { return slices.Contains(handsOver, code) }
