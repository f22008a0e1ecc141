package automate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
)

// Bounds of a rule.
const (
	MaxName     = 40
	MaxDays     = 365
	MaxWait     = 24 * 60     // minutes
	MaxAmount   = 100_000_00  // fen, of one case
	MaxPerDay   = 10_000      // cases
	maxDayTotal = 100_000_000 // fen
	maxPrograms = 1000
)

// normalize brings a rule into the one form in which it is stored and compared.
func (r *Rule) normalize() {
	r.Name, r.Content = strings.TrimSpace(r.Name), strings.TrimSpace(r.Content)
	slices.Sort(r.ProgramIDs.V)
	r.ProgramIDs.V = append([]string{}, slices.Compact(r.ProgramIDs.V)...)
	slices.Sort(r.Types.V)
	r.Types.V = append([]int64{}, slices.Compact(r.Types.V)...)
	if r.Refund == "" {
		r.Refund = NoRefund
	}
	if r.Refund != FixedRefund {
		r.RefundAmount = nil
	}
	if r.Refund == NoRefund {
		r.MaxAmountPerCase, r.MaxAmountPerDay = nil, nil
	}
}

// check refuses what makes no sense.
func (r *Rule) check() error {
	for _, part := range []func() error{r.checkConditions, r.checkDeeds, r.checkRefund, r.checkLimits} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) checkConditions() error {
	switch n := utf8.RuneCountInString(r.Name); {
	case n == 0 || n > MaxName:
		return &FieldError{"name", fmt.Sprintf("名称需要 1 到 %d 个字", MaxName)}
	case len(r.ProgramIDs.V) > maxPrograms:
		return &FieldError{"program_ids", fmt.Sprintf("最多选 %d 个小程序，全部小程序请不选", maxPrograms)}
	case len(r.Types.V) == 0:
		return &FieldError{"types", "至少选一种投诉问题"}
	case r.AmountMax < 1 || r.AmountMax > MaxAmount:
		return &FieldError{"amount_max", "请填写金额上限，0.01 到 100,000 元"}
	case r.FirstInDays != nil && (*r.FirstInDays < 1 || *r.FirstInDays > MaxDays):
		return &FieldError{"first_in_days", fmt.Sprintf("天数需要 1 到 %d", MaxDays)}
	case r.WaitMinutes < 0 || r.WaitMinutes > MaxWait:
		return &FieldError{"wait_minutes", fmt.Sprintf("等待需要 0 到 %d 分钟", MaxWait)}
	case !r.ValidFrom.IsZero() && !r.ValidTo.IsZero() && r.ValidFrom >= r.ValidTo:
		return &FieldError{"valid_to", "结束时间要晚于开始时间"}
	}
	for _, t := range r.Types.V {
		if !complaint.Problem(t).Known() {
			return &FieldError{"types", fmt.Sprintf("微信没有公开问题类型 %d，不能用在规则里", t)}
		}
	}
	return nil
}

func (r *Rule) checkDeeds() error {
	switch {
	case r.Decision != action.Agree && r.Decision != action.Refuse:
		return &FieldError{"decision", "请选择同意和解或拒绝和解"}
	case r.TemplateID == "" && r.Content == "":
		return &FieldError{"content", "请选择话术，或填写回应内容"}
	case r.TemplateID != "" && r.Content != "":
		return &FieldError{"content", "话术和回应内容只能用一样"}
	case r.Content != "":
		return r.checkText("content", r.Content)
	}
	return nil
}

// checkText refuses a text that a rule could never fill in.
func (r *Rule) checkText(field, text string) error {
	if utf8.RuneCountInString(text) > action.MaxContent {
		return &FieldError{field, fmt.Sprintf("文字最多 %d 字", action.MaxContent)}
	}
	if odd := action.UnknownVariables(text); len(odd) > 0 {
		return &FieldError{field, "没有变量 " + strings.Join(odd, " ")}
	}
	used := action.Unfilled(text)
	switch {
	case slices.Contains(used, "{快递单号}"):
		return &FieldError{field, "待回应的投诉没有快递单号，自动规则不能用 {快递单号}"}
	case r.Refund == NoRefund && slices.Contains(used, "{退款单号}"):
		return &FieldError{field, "这条规则不退款，不能用 {退款单号}"}
	}
	return nil
}

func (r *Rule) checkRefund() error {
	switch {
	case r.Refund != NoRefund && r.Refund != FullRefund && r.Refund != FixedRefund:
		return &FieldError{"refund", "请选择不退款、全额退款或退固定金额"}
	case r.Refund != NoRefund && r.Decision != action.Agree:
		return &FieldError{"refund", "拒绝和解的规则不能退款"}
	case r.Refund == FixedRefund && (r.RefundAmount == nil || *r.RefundAmount < 1):
		return &FieldError{"refund_amount", "请填写退款金额，至少 0.01 元"}
	case r.Refund == FixedRefund && *r.RefundAmount > r.AmountMax:
		return &FieldError{"refund_amount", "退款金额不能大于投诉金额上限"}
	}
	return nil
}

func (r *Rule) checkLimits() error {
	if r.MaxCasesPerDay < 1 || r.MaxCasesPerDay > MaxPerDay {
		return &FieldError{"max_cases_per_day", fmt.Sprintf("请填写每天最多处理多少单，1 到 %d", MaxPerDay)}
	}
	if r.Refund == NoRefund {
		return nil
	}
	switch {
	case r.MaxAmountPerCase == nil || *r.MaxAmountPerCase < 1 || *r.MaxAmountPerCase > MaxAmount:
		return &FieldError{"max_amount_per_case", "请填写每单最多退多少，0.01 到 100,000 元"}
	case r.MaxAmountPerDay == nil || *r.MaxAmountPerDay < 1 || *r.MaxAmountPerDay > maxDayTotal:
		return &FieldError{"max_amount_per_day", "请填写每天最多退多少，0.01 到 1,000,000 元"}
	case *r.MaxAmountPerDay < *r.MaxAmountPerCase:
		return &FieldError{"max_amount_per_day", "每天最多退的金额不能小于每单最多退的金额"}
	case r.Refund == FixedRefund && *r.RefundAmount > *r.MaxAmountPerCase:
		return &FieldError{"max_amount_per_case", "每单最多退的金额小于要退的金额，这条规则永远不会执行"}
	}
	return nil
}

// deeds is everything that a replay shows: when it changes, the rule is another one.
func (r *Rule) deeds() string {
	b, err := json.Marshal([]any{
		r.ProgramIDs, r.Types, r.AmountMax, r.FirstInDays, r.WaitMinutes, r.ValidFrom, r.ValidTo, r.Decision, r.TemplateID, r.Text, r.Refund, r.RefundAmount,
		r.MaxAmountPerCase, r.MaxCasesPerDay, r.MaxAmountPerDay,
	})
	if err != nil {
		return err.Error() // plain values always encode
	}
	return string(b)
}

// setText makes a rule's text what it or its template says now. A template that is gone leaves the text as it was: checkTemplate tells.
func (s *Service) setText(ctx context.Context, r *Rule) (*action.Template, error) {
	if r.TemplateID == "" {
		r.Text = r.Content
		return nil, nil
	}
	t, err := s.actions.Template(ctx, r.TemplateID)
	if errors.Is(err, action.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r.Text = t.Body
	return t, nil
}

// checkTemplate refuses a template that is gone (nil) or is for something else.
func (r *Rule) checkTemplate(t *action.Template) error {
	if r.TemplateID == "" {
		return nil
	}
	if t == nil {
		return &FieldError{"template_id", "话术已经删除，请另选一条"}
	}
	if !fits(t, r.Decision) {
		return &FieldError{"template_id", "这条话术不是用于" + word(r.Decision) + "的，请另选一条"}
	}
	return r.checkText("template_id", t.Body)
}

// fits reports whether a template may be used for a decision.
func fits(t *action.Template, d action.Decision) bool {
	return (t.Decision == "" || t.Decision == d) && (len(t.Kinds.V) == 0 || slices.Contains(t.Kinds.V, string(complaint.Respond)))
}

// word names a decision.
func word(d action.Decision) string {
	if d == action.Agree {
		return "同意和解"
	}
	return "拒绝和解"
}
