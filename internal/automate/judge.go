package automate

import (
	"fmt"
	"slices"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Reason says why something is not done; zero means nothing stands in the way. Text is for the merchant.
type Reason struct{ Code, Text string }

// Codes of reasons.
const (
	codeNotRead     = "not_read"
	codeStatus      = "status"
	codeType        = "type"
	codeAmount      = "amount"
	codeDeadline    = "deadline"
	codeProgram     = "program"
	codeOrder       = "order"
	codeEarlier     = "earlier"
	codePerson      = "person"
	codeRepeat      = "repeat_user"
	codeUserUnknown = "user_unknown"
	codeValidity    = "validity"
	codeNotNew      = "not_new"
	codeNoFit       = "no_fit"
	codeRuleChanged = "rule_changed"
	codeRulePaused  = "rule_paused"
	codeSwitch      = "stopped"
	codeLimit       = "limit"
	codeText        = "text"
	codeTaken       = "taken_over"
	codeRefund      = "refund"
	codeAbnormal    = "refund_abnormal"
	codeSlow        = "refund_slow"
	codeAction      = "action"
)

// Room before WeChat's deadline: nothing automatic begins nearer to it, and a refund that is not settled by then leaves the answer to people.
const (
	leastRoom  = 30 * time.Minute
	refundRoom = 6 * time.Hour
)

// roomFor is how far away the deadline has to be when a rule begins to act.
func roomFor(r *Rule) time.Duration {
	if r.Refund == NoRefund {
		return leastRoom
	}
	return refundRoom + leastRoom
}

func (w Reason) stands() bool { return w.Code != "" }

// judgeCase says why nothing automatic may be done with a case, whatever the rule. What is not known, or contradicts itself, stands in the way.
func judgeCase(c *complaint.Complaint, p Program) Reason {
	switch {
	case c.SyncedAt.IsZero() || c.Status == 0:
		return Reason{codeNotRead, "还没有从微信读到投诉详情"}
	case c.Status != 201 || !complaint.Legal(complaint.Respond, c.Situation()).OK || c.AppealState != complaint.AppealNone || c.ReturnBill != "":
		return Reason{codeStatus, "投诉已经不在待回应"}
	case !c.Type.Known():
		return Reason{codeType, "微信没有公开这种投诉问题"}
	case c.Amount == nil || *c.Amount < 0:
		return Reason{codeAmount, "不知道投诉的金额"}
	case c.CreatedAt.IsZero():
		return Reason{codeNotNew, "不知道投诉是什么时候提交的"}
	case c.TransactionID == "":
		return Reason{codeOrder, "不知道投诉的是哪一笔订单"}
	case !p.Active:
		return Reason{codeProgram, "小程序已停用或取消授权"}
	case !p.Permitted:
		return Reason{codeProgram, "小程序缺少处理投诉的权限"}
	}
	return Reason{}
}

// suits says why a rule is not for a case, by what WeChat says of the case alone.
func (r *Rule) suits(c *complaint.Complaint) Reason {
	switch {
	case len(r.ProgramIDs.V) > 0 && !slices.Contains(r.ProgramIDs.V, c.ProgramID), !slices.Contains(r.Types.V, int64(c.Type)):
		return Reason{codeNoFit, "规则不适用于这张投诉单"}
	case c.Amount == nil || *c.Amount > r.AmountMax:
		return Reason{codeAmount, "金额超过规则的上限"}
	case r.Refund != NoRefund && r.refundOf(c) < 1, r.Refund == FixedRefund && *r.RefundAmount > *c.Amount:
		return Reason{codeAmount, "要退的金额大于投诉的金额"}
	}
	return Reason{}
}

// refundOf is what a rule gives back in a case whose amount is known.
func (r *Rule) refundOf(c *complaint.Complaint) int64 {
	switch r.Refund {
	case FullRefund:
		return *c.Amount
	case FixedRefund:
		return *r.RefundAmount
	}
	return 0
}

// valid reports whether a rule holds at a moment.
func (r *Rule) valid(at db.Time) bool {
	return (r.ValidFrom.IsZero() || at >= r.ValidFrom) && (r.ValidTo.IsZero() || at < r.ValidTo)
}

// First is whether a complaint is its user's first one in the time a rule looks back.
type First int

// What is known of it. The zero value is: nothing.
const (
	NotKnown First = iota
	IsFirst
	IsRepeat
)

// judge says why a rule does not act on a case at a moment: conditions of the case, then of the rule.
func judge(r *Rule, c *complaint.Complaint, p Program, first First, now db.Time) Reason {
	if why := judgeCase(c, p); why.stands() {
		return why
	}
	if why := r.suits(c); why.stands() {
		return why
	}
	switch {
	case r.EnabledAt.IsZero() || c.FirstSeenAt < r.EnabledAt || c.CreatedAt < r.EnabledAt-r.EnabledAt%1000: // WeChat's times are whole seconds
		return Reason{codeNotNew, "投诉在规则启用之前就有了"}
	case !r.valid(c.FirstSeenAt) || !r.valid(now):
		return Reason{codeValidity, "不在规则的有效期内"}
	case r.Refund != NoRefund && p.MerchantID == "":
		return Reason{codeProgram, "小程序还没有关联商户号，不能自动退款"}
	case r.FirstInDays != nil && first == IsRepeat:
		return Reason{codeRepeat, fmt.Sprintf("用户 %d 天内投诉过", *r.FirstInDays)}
	case r.FirstInDays != nil && first != IsFirst:
		return Reason{codeUserUnknown, fmt.Sprintf("不能确定用户 %d 天内有没有投诉过", *r.FirstInDays)}
	case c.DueAt.IsZero() || c.DueAt < now+ms(roomFor(r)):
		return Reason{codeDeadline, "离截止时间太近，或者不知道截止时间"}
	}
	return Reason{}
}

func ms(d time.Duration) db.Time { return db.Time(d.Milliseconds()) }

// Usage is what a rule has used of a day's limits.
type Usage struct{ Cases, Amount int64 }

// exceeds says which limit stands in the way of one more case.
func (r *Rule) exceeds(used Usage, amount int64) Reason {
	switch {
	case used.Cases+1 > r.MaxCasesPerDay:
		return Reason{codeLimit, fmt.Sprintf("规则今天已经处理 %d 单，到了每天的上限", used.Cases)}
	case r.Refund == NoRefund:
	case r.MaxAmountPerCase == nil || amount > *r.MaxAmountPerCase:
		return Reason{codeLimit, "退款 " + yuan(amount) + " 超过每单最多退的金额"}
	case r.MaxAmountPerDay == nil || used.Amount+amount > *r.MaxAmountPerDay:
		return Reason{codeLimit, "规则今天已经退 " + yuan(used.Amount) + "，再退 " + yuan(amount) + " 就超过每天最多退的金额"}
	}
	return Reason{}
}

func yuan(fen int64) string { return fmt.Sprintf("¥%d.%02d", fen/100, fen%100) }

// deed says in words what a decision is going to do.
func (d *Decision) deed() string {
	if d.RefundAmount > 0 {
		return "退款 " + yuan(d.RefundAmount) + " 并" + word(d.Decision)
	}
	return word(d.Decision)
}

// plan says in words what happens when.
func (d *Decision) plan() string {
	return "到 " + d.ActsAt.Time().In(complaint.Beijing).Format("15:04") + " 仍无人处理，就按规则「" + d.RuleName + "」" + d.deed()
}
