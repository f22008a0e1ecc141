package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) bulkRoutes() {
	handle(a, identity.RightCasesAct, op(http.MethodPost, "/complaints/bulk/preview", "preview-bulk", "actions", "What would become of many complaints at once; changes nothing"), a.previewBulk)
	handle(a, identity.RightCasesAct, op(http.MethodPost, "/complaints/bulk", "bulk-complaints", "actions", "Do one thing to many complaints, each on its own"), a.bulk)
}

// BulkBody says what is done to which complaints.
type BulkBody struct {
	IDs        []string `json:"ids" minItems:"1" maxItems:"200"`
	Kind       string   `json:"kind" enum:"respond,assign,note,acknowledge"`
	Decision   string   `json:"decision,omitempty" enum:"agree,refuse" doc:"For respond"`
	Content    string   `json:"content,omitempty" doc:"For respond and note; variables as in templates are filled in for each complaint"`
	AssigneeID *string  `json:"assignee_id,omitempty" nullable:"true" doc:"For assign; null = nobody"`
}

type bulkPreviewInput struct{ Body BulkBody }

type bulkInput struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"200" doc:"The same key and body give the same answer for 24 h, and each complaint its own key from it"`
	Body           struct {
		BulkBody
		Contents map[string]string `json:"contents,omitempty" doc:"By complaint, the text as it was previewed, instead of filling in content anew"`
	}
}

type bulkProblem struct {
	Code string `json:"code"`
	Text string `json:"text"`
	When string `json:"when,omitempty" doc:"When it becomes possible"`
}

type bulkPreview struct {
	ComplaintID      string                `json:"complaint_id"`
	ComplaintOrderID string                `json:"complaint_order_id"`
	ProgramName      string                `json:"program_name"`
	TypeText         string                `json:"type_text"`
	DueAt            *int64                `json:"due_at" doc:"Unix ms"`
	OK               bool                  `json:"ok"`
	Problem          nullable[bulkProblem] `json:"problem"`
	Text             string                `json:"text" doc:"What will be sent for this complaint"`
	Warnings         []warning             `json:"warnings"`
}

type bulkPreviews struct {
	Items []bulkPreview `json:"items"`
}

type bulkResult struct {
	ComplaintID string                `json:"complaint_id"`
	OK          bool                  `json:"ok"`
	ActionID    *string               `json:"action_id"`
	Problem     nullable[bulkProblem] `json:"problem"`
}

type bulkResults struct {
	Results []bulkResult `json:"results"`
}

// bulkProblemOf says in words why one complaint is left out; anything unexpected is the whole request's failure.
func (a *API) bulkProblemOf(ctx context.Context, err error) (nullable[bulkProblem], error) {
	var p *Problem
	if errors.As(a.problem(ctx, err), &p) && p.Code != CodeInternal {
		return someOf(bulkProblem{p.Code, p.Detail, p.When}), nil
	}
	return nullable[bulkProblem]{}, err
}

func (b BulkBody) check() error {
	switch text := strings.TrimSpace(b.Content); {
	case b.Kind == "respond" && b.Decision == "":
		return invalid("decision", "请选择同意和解或拒绝和解")
	case b.Kind == "respond" && text == "":
		return invalid("content", "请填写要发送的文字")
	case b.Kind == "note" && text == "":
		return invalid("content", "请填写备注")
	}
	return nil
}

// bulkText is what is said for one complaint.
func (a *API) bulkText(ctx context.Context, b BulkBody, c *complaint.Complaint, programName string) (string, error) {
	if b.Kind != "respond" {
		return strings.TrimSpace(b.Content), nil
	}
	values, err := a.templateValues(ctx, c, programName)
	if err != nil {
		return "", err
	}
	return action.Render(&action.Template{Body: strings.TrimSpace(b.Content)}, values).Text, nil
}

// mayBulk checks what can be known before it is done.
func (a *API) mayBulk(ctx context.Context, b BulkBody, c *complaint.Complaint, u identity.User, text string) error {
	switch b.Kind {
	case "assign":
		if u.ID != "" && !canTake(u, c.ProgramID) {
			return invalid("assignee_id", "这位成员不能处理这个小程序的投诉")
		}
	case "respond":
		if l := complaint.Legal(complaint.Respond, c.Situation()); !l.OK {
			return &action.NotLegalError{Legality: l, Legal: complaint.LegalActions(c.Situation())}
		}
		if left := action.Unfilled(text); len(left) > 0 {
			return invalid("content", "这张投诉单没有 "+strings.Join(left, " ")+"，请单独处理")
		}
		return a.Complaints.Held(ctx, c.ID, who(ctx).UserID)
	}
	return nil
}

func (a *API) previewBulk(ctx context.Context, in *bulkPreviewInput) (*body[bulkPreviews], error) {
	b := in.Body
	if err := b.check(); err != nil {
		return nil, err
	}
	u, names, err := a.bulkContext(ctx, b)
	if err != nil {
		return nil, err
	}
	refunded, err := a.Refunds.Refunded(ctx, b.IDs)
	if err != nil {
		return nil, err
	}
	out := bulkPreviews{Items: []bulkPreview{}}
	for _, id := range unique(b.IDs) {
		v := bulkPreview{ComplaintID: id, Warnings: []warning{}}
		c, err := a.complaint(ctx, id)
		if err == nil {
			v.ComplaintOrderID, v.ProgramName, v.TypeText, v.DueAt = c.ComplaintOrderID, names[c.ProgramID], c.Type.Text(), c.DueAt.Ptr()
			v.Text, err = a.bulkText(ctx, b, c, names[c.ProgramID])
		}
		if err == nil {
			err = a.mayBulk(ctx, b, c, u, v.Text)
		}
		if err != nil {
			if v.Problem, err = a.bulkProblemOf(ctx, err); err != nil {
				return nil, err
			}
		} else if v.OK = true; b.Kind == "respond" {
			for _, w := range action.Warnings(action.Intent{Kind: complaint.Respond, Decision: action.Decision(b.Decision), Content: v.Text}, refunded[id] > 0) {
				v.Warnings = append(v.Warnings, warning{w.Code, w.Text})
			}
		}
		out.Items = append(out.Items, v)
	}
	return &body[bulkPreviews]{out}, nil
}

// bulkContext reads what all complaints of a request have in common.
func (a *API) bulkContext(ctx context.Context, b BulkBody) (u identity.User, programs map[string]string, err error) {
	if b.Kind == "assign" && b.AssigneeID != nil {
		if u, err = a.assignee(ctx, *b.AssigneeID); err != nil {
			return u, nil, err
		}
	}
	programs, err = a.Programs.Names(ctx)
	return u, programs, err
}

// unique keeps the first of equal ids.
func unique(ids []string) []string {
	out := make([]string, 0, len(ids))
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// bulk does one thing to each complaint by the way it is done to a single one, with a key of its own: what failed for one keeps none of the others from it.
func (a *API) bulk(ctx context.Context, in *bulkInput) (*body[bulkResults], error) {
	b := in.Body.BulkBody
	if err := b.check(); err != nil {
		return nil, err
	}
	u, names, err := a.bulkContext(ctx, b)
	if err != nil {
		return nil, err
	}
	key := in.IdempotencyKey
	if key == "" {
		key = db.NewID()
	}
	out := bulkResults{Results: []bulkResult{}}
	for _, id := range unique(b.IDs) {
		r := bulkResult{ComplaintID: id}
		actionID, err := a.bulkOne(ctx, in, id, key, u, names)
		if err != nil {
			if r.Problem, err = a.bulkProblemOf(ctx, err); err != nil {
				a.Logger.ErrorContext(ctx, "one of many failed", "complaint", id, "err", err)
				r.Problem = someOf(bulkProblem{Code: CodeInternal, Text: "服务出错了，请稍后再试"})
			}
		}
		r.OK, r.ActionID = r.Problem.v == nil, orNil(actionID)
		out.Results = append(out.Results, r)
	}
	return &body[bulkResults]{out}, nil
}

func (a *API) bulkOne(ctx context.Context, in *bulkInput, id, key string, u identity.User, names map[string]string) (actionID string, err error) {
	b := in.Body.BulkBody
	c, err := a.complaint(ctx, id)
	if err != nil {
		return "", err
	}
	text := in.Body.Contents[id]
	if text == "" {
		if text, err = a.bulkText(ctx, b, c, names[c.ProgramID]); err != nil {
			return "", err
		}
	}
	switch b.Kind {
	case "assign":
		return "", a.assign(ctx, c, u)
	case "note":
		if _, err := a.Complaints.AddNote(ctx, c.ID, who(ctx).UserID, who(ctx).Name, text); err != nil {
			return "", err
		}
		a.personActs(ctx, c.ID, "写了备注")
		return "", nil
	case "acknowledge":
		if err := a.Complaints.Acknowledge(ctx, c.ID, who(ctx).UserID, who(ctx).Name, true); err != nil {
			return "", err
		}
		a.personActs(ctx, c.ID, "点了“我已看到”")
		return "", nil
	}
	if left := action.Unfilled(text); len(left) > 0 {
		return "", a.mayBulk(ctx, b, c, u, text)
	}
	done, err := a.submit(ctx, ActInput{ByID: ByID{ID: c.ID}, IdempotencyKey: "bulk/" + key}, ActBody{Content: text},
		action.Intent{Kind: complaint.Respond, Decision: action.Decision(b.Decision)})
	if err != nil {
		return "", err
	}
	return done.Body.ActionID, nil
}
