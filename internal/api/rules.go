package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
)

// CodeReplayFirst says that a rule has to be replayed before it is enabled.
const CodeReplayFirst = "replay_first"

func (a *API) ruleRoutes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		patch = http.MethodPatch
		del   = http.MethodDelete
	)
	right := identity.RightRules
	handle(a, identity.RightCasesRead, op(get, "/rules", "list-rules", "rules", "自动化: rules in the order in which they are tried, the stop switch, and what was done today"), a.listRules)
	handle(a, right, created(op(post, "/rules", "create-rule", "rules", "Add a rule, as a draft")), a.createRule)
	handle(a, identity.RightCasesRead, op(get, "/rules/{id}", "get-rule", "rules", "One rule"), a.getRule)
	handle(a, right, op(patch, "/rules/{id}", "update-rule", "rules", "Change, enable (state: active) or pause (state: paused) a rule; an edit of what it does makes it a draft"), a.updateRule)
	handleAs(a, right, op(del, "/rules/{id}", "delete-rule", "rules", "Remove a rule; what it did stays with its cases"), a.deleteRule)
	handle(a, right, op(post, "/rules/stop", "stop-rules", "rules", "Stop everything automatic at once; what is not sent yet is not sent"), a.stopRules)
	handle(a, right, op(post, "/rules/resume", "resume-rules", "rules", "Let rules act again, on what arrives from now on"), a.resumeRules)
	a.ruleCaseRoutes()
}

type ruleUsage struct {
	Cases  int64 `json:"cases"`
	Amount int64 `json:"amount" doc:"Fen"`
}

type ruleView struct {
	ID               string    `json:"id"`
	Name             string    `json:"name"`
	Position         int64     `json:"position" doc:"From 1; the first rule that fits a case is used"`
	State            string    `json:"state" enum:"draft,active,paused"`
	PausedReason     *string   `json:"paused_reason"`
	PausedBy         *string   `json:"paused_by" doc:"null = the rule paused itself"`
	PausedAt         *int64    `json:"paused_at" doc:"Unix ms"`
	ProgramIDs       []string  `json:"program_ids" doc:"Empty means all"`
	Types            []int64   `json:"types" doc:"WeChat's codes of the problem"`
	AmountMax        int64     `json:"amount_max" doc:"Fen, included"`
	FirstInDays      *int64    `json:"first_in_days" doc:"Only the user's first complaint in so many days; null = any"`
	WaitMinutes      int64     `json:"wait_minutes" doc:"Acts only if nobody did anything in the case for so long"`
	ValidFrom        *int64    `json:"valid_from" doc:"Unix ms"`
	ValidTo          *int64    `json:"valid_to" doc:"Unix ms, excluded"`
	Decision         string    `json:"decision" enum:"agree,refuse"`
	TemplateID       *string   `json:"template_id" doc:"The text to answer with; either this or content"`
	Content          *string   `json:"content"`
	Text             string    `json:"text" doc:"What this version answers, before variables are filled in: content, or the template's body as it was when the version was made"`
	Refund           string    `json:"refund" enum:"none,full,fixed"`
	RefundAmount     *int64    `json:"refund_amount" doc:"Fen, with fixed"`
	MaxAmountPerCase *int64    `json:"max_amount_per_case" doc:"Fen; null without a refund"`
	MaxCasesPerDay   int64     `json:"max_cases_per_day" doc:"Beijing days"`
	MaxAmountPerDay  *int64    `json:"max_amount_per_day" doc:"Fen; null without a refund"`
	Version          int64     `json:"version" doc:"Grows with every edit of what the rule does"`
	ReplayedVersion  *int64    `json:"replayed_version" doc:"Enabling needs a replay of this very version"`
	ReplayedAt       *int64    `json:"replayed_at" doc:"Unix ms"`
	EnabledAt        *int64    `json:"enabled_at" doc:"Unix ms; it acts on complaints that came later"`
	Today            ruleUsage `json:"today" doc:"Used of today's limits, what is on its way included"`
	Editable         bool      `json:"editable" doc:"Whether you may change it"`
	CreatedBy        string    `json:"created_by"`
	CreatedAt        db.Time   `json:"created_at" doc:"Unix ms"`
	UpdatedBy        string    `json:"updated_by"`
	UpdatedAt        db.Time   `json:"updated_at" doc:"Unix ms"`
}

func ruleViewOf(ctx context.Context, r *automate.Rule, used automate.Usage) ruleView {
	v := ruleView{
		ID: r.ID, Name: r.Name, Position: r.Position, State: string(r.State), PausedReason: orNil(r.PausedReason), PausedBy: orNil(r.PausedBy), PausedAt: r.PausedAt.Ptr(),
		ProgramIDs: []string{}, Types: orEmpty(r.Types.V), AmountMax: r.AmountMax, FirstInDays: r.FirstInDays, WaitMinutes: r.WaitMinutes,
		ValidFrom: r.ValidFrom.Ptr(), ValidTo: r.ValidTo.Ptr(), Decision: string(r.Decision), TemplateID: orNil(r.TemplateID), Content: orNil(r.Content), Text: r.Text,
		Refund: string(r.Refund), RefundAmount: r.RefundAmount, MaxAmountPerCase: r.MaxAmountPerCase, MaxCasesPerDay: r.MaxCasesPerDay, MaxAmountPerDay: r.MaxAmountPerDay,
		Version: r.Version, ReplayedVersion: nonZero(r.ReplayedVersion), ReplayedAt: r.ReplayedAt.Ptr(), EnabledAt: r.EnabledAt.Ptr(), Today: ruleUsage(used),
		Editable: mayEditRule(ctx, r), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, UpdatedBy: r.UpdatedBy, UpdatedAt: r.UpdatedAt,
	}
	for _, id := range r.ProgramIDs.V {
		if who(ctx).Sees(id) {
			v.ProgramIDs = append(v.ProgramIDs, id)
		}
	}
	return v
}

// seesRule: a rule for all programs concerns everybody, others those who see one of its programs.
func seesRule(ctx context.Context, r *automate.Rule) bool {
	return len(r.ProgramIDs.V) == 0 || who(ctx).AllPrograms() || slices.ContainsFunc(r.ProgramIDs.V, who(ctx).Sees)
}

// mayEditRule: only who sees every program that a rule is for.
func mayEditRule(ctx context.Context, r *automate.Rule) bool {
	p := who(ctx)
	if !p.Can(identity.RightRules) {
		return false
	}
	return p.AllPrograms() || len(r.ProgramIDs.V) > 0 && !slices.ContainsFunc(r.ProgramIDs.V, func(id string) bool { return !p.Sees(id) })
}

type ruleStop struct {
	At db.Time `json:"at" doc:"Unix ms"`
	By string  `json:"by"`
}

type ruleDay struct {
	Cases  int64 `json:"cases" doc:"Answered by rules"`
	Amount int64 `json:"amount" doc:"Fen that went back"`
	Failed int64 `json:"failed" doc:"Cases in which a rule stopped by a failure"`
}

type ruleList struct {
	Items      []ruleView         `json:"items"`
	NextCursor *string            `json:"next_cursor" doc:"Always null: all rules are on one page"`
	Stopped    nullable[ruleStop] `json:"stopped" doc:"Everything automatic is stopped; null = rules may act"`
	Today      ruleDay            `json:"today" doc:"Beijing day"`
}

func (a *API) listRules(ctx context.Context, _ *empty) (*body[ruleList], error) {
	rs, err := a.Rules.Rules(ctx)
	if err != nil {
		return nil, err
	}
	used, err := a.Rules.Used(ctx)
	if err != nil {
		return nil, err
	}
	day, err := a.Rules.Today(ctx, scope(ctx))
	if err != nil {
		return nil, err
	}
	sw, err := a.Rules.Switch(ctx)
	if err != nil {
		return nil, err
	}
	out := ruleList{Items: []ruleView{}, Today: ruleDay(day)}
	if !sw.StoppedAt.IsZero() {
		out.Stopped = someOf(ruleStop{sw.StoppedAt, sw.StoppedBy})
	}
	for i := range rs {
		if seesRule(ctx, &rs[i]) {
			out.Items = append(out.Items, ruleViewOf(ctx, &rs[i], used[rs[i].ID]))
		}
	}
	return &body[ruleList]{out}, nil
}

// rule returns a rule that the caller sees; edit asks for one that he may change.
func (a *API) rule(ctx context.Context, id string, edit bool) (*automate.Rule, error) {
	r, err := a.Rules.Rule(ctx, id)
	if err != nil {
		return nil, err
	}
	if !seesRule(ctx, r) {
		return nil, errNotFound
	}
	if edit && !mayEditRule(ctx, r) {
		return nil, problemOf(http.StatusForbidden, CodeForbidden, "这条规则也用于您管理范围以外的小程序，您不能更改")
	}
	return r, nil
}

func (a *API) ruleAnswer(ctx context.Context, r *automate.Rule) (*body[ruleView], error) {
	used, err := a.Rules.Used(ctx)
	return &body[ruleView]{ruleViewOf(ctx, r, used[r.ID])}, err
}

func (a *API) getRule(ctx context.Context, in *ByID) (*body[ruleView], error) {
	r, err := a.rule(ctx, in.ID, false)
	if err != nil {
		return nil, err
	}
	return a.ruleAnswer(ctx, r)
}

// RuleBody is what a rule consists of. On a change, what is left out stays, and null removes.
type RuleBody struct {
	Name             *string          `json:"name,omitempty"`
	Position         *int64           `json:"position,omitempty" doc:"From 1; the others move"`
	ProgramIDs       *[]string        `json:"program_ids,omitempty" doc:"Empty means all"`
	Types            *[]int64         `json:"types,omitempty"`
	AmountMax        *int64           `json:"amount_max,omitempty" doc:"Fen"`
	FirstInDays      optional[int64]  `json:"first_in_days,omitempty"`
	WaitMinutes      *int64           `json:"wait_minutes,omitempty"`
	ValidFrom        optional[int64]  `json:"valid_from,omitempty" doc:"Unix ms"`
	ValidTo          optional[int64]  `json:"valid_to,omitempty" doc:"Unix ms"`
	Decision         *string          `json:"decision,omitempty" enum:"agree,refuse"`
	TemplateID       optional[string] `json:"template_id,omitempty"`
	Content          optional[string] `json:"content,omitempty"`
	Refund           *string          `json:"refund,omitempty" enum:"none,full,fixed"`
	RefundAmount     optional[int64]  `json:"refund_amount,omitempty" doc:"Fen"`
	MaxAmountPerCase optional[int64]  `json:"max_amount_per_case,omitempty" doc:"Fen"`
	MaxCasesPerDay   *int64           `json:"max_cases_per_day,omitempty"`
	MaxAmountPerDay  optional[int64]  `json:"max_amount_per_day,omitempty" doc:"Fen"`
}

func set[T any](to, v *T) {
	if v != nil {
		*to = *v
	}
}

// setOptional: null removes.
func setOptional[T any](to *T, o optional[T]) {
	if !o.set {
		return
	}
	var none T
	if *to = none; o.v != nil {
		*to = *o.v
	}
}

func setPointer[T any](to **T, o optional[T]) {
	if o.set {
		*to = o.v
	}
}

func (b *RuleBody) apply(r *automate.Rule) {
	set(&r.Name, b.Name)
	set(&r.ProgramIDs.V, b.ProgramIDs)
	set(&r.Types.V, b.Types)
	set(&r.AmountMax, b.AmountMax)
	set(&r.WaitMinutes, b.WaitMinutes)
	set((*string)(&r.Decision), b.Decision)
	set((*string)(&r.Refund), b.Refund)
	set(&r.MaxCasesPerDay, b.MaxCasesPerDay)
	setPointer(&r.FirstInDays, b.FirstInDays)
	setPointer(&r.RefundAmount, b.RefundAmount)
	setPointer(&r.MaxAmountPerCase, b.MaxAmountPerCase)
	setPointer(&r.MaxAmountPerDay, b.MaxAmountPerDay)
	setOptional((*int64)(&r.ValidFrom), b.ValidFrom)
	setOptional((*int64)(&r.ValidTo), b.ValidTo)
	setOptional(&r.TemplateID, b.TemplateID)
	setOptional(&r.Content, b.Content)
}

// checkRuleScope refuses programs that are not there or that the caller does not see.
func (a *API) checkRuleScope(ctx context.Context, r *automate.Rule) error {
	if len(r.ProgramIDs.V) == 0 && !who(ctx).AllPrograms() {
		return invalid("program_ids", "您只管理部分小程序，请选择规则用于哪些小程序")
	}
	for _, id := range r.ProgramIDs.V {
		if _, err := a.Programs.ByID(ctx, id); !who(ctx).Sees(id) || errors.Is(err, program.ErrNotFound) {
			return invalid("program_ids", "没有这个小程序，或者不在您的管理范围内")
		} else if err != nil {
			return err
		}
	}
	return nil
}

type newRuleInput struct{ Body RuleBody }

func (a *API) createRule(ctx context.Context, in *newRuleInput) (*body[ruleView], error) {
	r := &automate.Rule{Refund: automate.NoRefund}
	in.Body.apply(r)
	set(&r.Position, in.Body.Position)
	if err := a.checkRuleScope(ctx, r); err != nil {
		return nil, err
	}
	if err := a.Rules.Create(ctx, r, who(ctx).Name, a.recordRule("create", nil)); err != nil {
		return nil, err
	}
	return a.ruleAnswer(ctx, r)
}

type updateRuleInput struct {
	ByID
	Body struct {
		RuleBody
		State *string `json:"state,omitempty" enum:"active,paused" doc:"active enables a rule that was replayed, paused pauses it"`
	}
}

func (a *API) updateRule(ctx context.Context, in *updateRuleInput) (*body[ruleView], error) {
	was, err := a.rule(ctx, in.ID, true)
	if err != nil {
		return nil, err
	}
	verb := "update"
	c := automate.Change{Position: in.Body.Position, Edit: func(r *automate.Rule) error {
		in.Body.apply(r)
		if slices.Equal(r.ProgramIDs.V, was.ProgramIDs.V) {
			return nil
		}
		return a.checkRuleScope(ctx, r)
	}}
	if in.Body.State != nil {
		to := automate.RuleState(*in.Body.State)
		c.State = &to
		verb = map[automate.RuleState]string{automate.Active: "enable", automate.Paused: "pause"}[to]
	}
	r, err := a.Rules.Update(ctx, in.ID, c, who(ctx).Name, a.recordRule(verb, was))
	if err != nil {
		return nil, err
	}
	return a.ruleAnswer(ctx, r)
}

func (a *API) deleteRule(ctx context.Context, in *ByID) (*empty, error) {
	if _, err := a.rule(ctx, in.ID, true); err != nil {
		return nil, err
	}
	return &empty{}, a.Rules.Delete(ctx, in.ID, a.recordRule("delete", nil))
}

// recordRule writes what a rule does into the audit trail: who let money go under which limits.
func (a *API) recordRule(verb string, was *automate.Rule) automate.Record {
	return func(ctx context.Context, tx db.Tx, r *automate.Rule) error {
		d := map[string]any{
			"name": r.Name, "state": string(r.State), "version": r.Version, "position": r.Position, "program_ids": r.ProgramIDs.V, "types": r.Types.V, "amount_max": r.AmountMax,
			"wait_minutes": r.WaitMinutes, "decision": string(r.Decision), "refund": string(r.Refund), "max_cases_per_day": r.MaxCasesPerDay,
		}
		for k, v := range map[string]*int64{
			"first_in_days": r.FirstInDays, "refund_amount": r.RefundAmount, "max_amount_per_case": r.MaxAmountPerCase, "max_amount_per_day": r.MaxAmountPerDay,
			"valid_from": r.ValidFrom.Ptr(), "valid_to": r.ValidTo.Ptr(),
		} {
			if v != nil {
				d[k] = *v
			}
		}
		if r.TemplateID != "" {
			d["template_id"] = r.TemplateID
		}
		if was != nil {
			d["was_state"], d["was_version"] = string(was.State), was.Version
		}
		e := identity.Entry{Verb: verb, Object: "rule", ObjectID: r.ID, Detail: d}
		if len(r.ProgramIDs.V) == 1 {
			e.ProgramID = r.ProgramIDs.V[0]
		}
		return a.Identity.Record(ctx, tx, e)
	}
}

type ruleSwitch struct {
	Stopped nullable[ruleStop] `json:"stopped"`
}

func (a *API) ruleSwitch(ctx context.Context) (*body[ruleSwitch], error) {
	sw, err := a.Rules.Switch(ctx)
	v := ruleSwitch{}
	if !sw.StoppedAt.IsZero() {
		v.Stopped = someOf(ruleStop{sw.StoppedAt, sw.StoppedBy})
	}
	return &body[ruleSwitch]{v}, err
}

func (a *API) recordSwitch(verb string) func(context.Context, db.Tx) error {
	return func(ctx context.Context, tx db.Tx) error {
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: verb, Object: "automation", ObjectID: "all"})
	}
}

// stopRules is open to whoever may change rules, also with few programs: a brake is for everybody.
func (a *API) stopRules(ctx context.Context, _ *empty) (*body[ruleSwitch], error) {
	if _, err := a.Rules.Stop(ctx, who(ctx).Name, a.recordSwitch("stop")); err != nil {
		return nil, err
	}
	return a.ruleSwitch(ctx)
}

func (a *API) resumeRules(ctx context.Context, _ *empty) (*body[ruleSwitch], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	if _, err := a.Rules.Resume(ctx, a.recordSwitch("resume")); err != nil {
		return nil, err
	}
	return a.ruleSwitch(ctx)
}

func ruleProblem(err error) *Problem {
	var field *automate.FieldError
	var unready *automate.NotReadyError
	switch {
	case errors.As(err, &field):
		return invalid(field.Field, field.Text)
	case errors.As(err, &unready):
		return problemOf(http.StatusConflict, CodeConflict, unready.Text)
	case errors.Is(err, automate.ErrNotFound):
		return errNotFound
	case errors.Is(err, automate.ErrReplayFirst):
		return problemOf(http.StatusConflict, CodeReplayFirst, "规则修改后还没有回放过。请先点“回放最近 90 天”，看过结果再启用")
	case errors.Is(err, automate.ErrOver):
		return problemOf(http.StatusConflict, CodeConflict, "这张投诉单现在没有自动处理")
	case errors.Is(err, automate.ErrChanged):
		return problemOf(http.StatusConflict, CodeConflict, "这条规则刚刚被别人修改，请刷新后再试")
	}
	return nil
}
