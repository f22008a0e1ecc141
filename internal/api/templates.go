package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/refund"
)

func (a *API) templateRoutes() {
	handle(a, identity.RightCasesRead, op(http.MethodGet, "/templates", "list-templates", "templates", "话术: texts to choose from"), a.listTemplates)
	handle(a, identity.RightTemplates, created(op(http.MethodPost, "/templates", "create-template", "templates", "Add a text")), a.createTemplate)
	handle(a, identity.RightTemplates, op(http.MethodPatch, "/templates/{id}", "update-template", "templates", "Change a text"), a.updateTemplate)
	handleAs(a, identity.RightTemplates, op(http.MethodDelete, "/templates/{id}", "delete-template", "templates", "Remove a text"), a.deleteTemplate)
}

type templateView struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Kinds     []string `json:"kinds" doc:"Actions it is for; empty = all"`
	Decision  *string  `json:"decision" doc:"agree or refuse; null = both"`
	Types     []int64  `json:"types" doc:"Problems it is for; empty = all"`
	Body      string   `json:"body" doc:"Variables: {商品} {金额} {订单号} {退款单号} {快递单号} {小程序} {剩余时间}"`
	Position  int64    `json:"position"`
	UpdatedAt *int64   `json:"updated_at" doc:"Unix ms"`
	Rules     []string `json:"rules" doc:"Enabled rules that answer with it, by name: another body pauses them until they are replayed"`
}

func templateViewOf(ctx context.Context, t *action.Template, used []automate.Rule) templateView {
	v := templateView{
		ID: t.ID, Name: t.Name, Kinds: orEmpty(t.Kinds.V), Decision: orNil(string(t.Decision)), Types: orEmpty(t.Types.V), Body: t.Body, Position: t.Position,
		UpdatedAt: t.UpdatedAt.Ptr(), Rules: []string{},
	}
	for i := range used {
		if used[i].State == automate.Active && seesRule(ctx, &used[i]) {
			v.Rules = append(v.Rules, used[i].Name)
		}
	}
	return v
}

func (a *API) listTemplates(ctx context.Context, _ *empty) (*body[page[templateView]], error) {
	ts, err := a.Actions.Templates(ctx)
	if err != nil {
		return nil, err
	}
	used, err := a.Rules.UsersOf(ctx)
	views := make([]templateView, len(ts))
	for i := range ts {
		views[i] = templateViewOf(ctx, &ts[i], used[ts[i].ID])
	}
	return pageOf(views, ""), err
}

type templateBody struct {
	Name     *string   `json:"name,omitempty"`
	Kinds    *[]string `json:"kinds,omitempty"`
	Decision *string   `json:"decision,omitempty" doc:"agree, refuse, or empty for both"`
	Types    *[]int64  `json:"types,omitempty"`
	Body     *string   `json:"body,omitempty"`
	Position *int64    `json:"position,omitempty"`
}

func (b templateBody) apply(t *action.Template) {
	if b.Name != nil {
		t.Name = *b.Name
	}
	if b.Kinds != nil {
		t.Kinds.V = *b.Kinds
	}
	if b.Decision != nil {
		t.Decision = action.Decision(*b.Decision)
	}
	if b.Types != nil {
		t.Types.V = *b.Types
	}
	if b.Body != nil {
		t.Body = *b.Body
	}
	if b.Position != nil {
		t.Position = *b.Position
	}
}

type newTemplateInput struct{ Body templateBody }

func (a *API) createTemplate(ctx context.Context, in *newTemplateInput) (*body[templateView], error) {
	t := new(action.Template)
	t.Kinds.V, t.Types.V = []string{}, []int64{}
	in.Body.apply(t)
	return a.saveTemplate(ctx, "create", t)
}

type updateTemplateInput struct {
	ByID
	Body templateBody
}

func (a *API) updateTemplate(ctx context.Context, in *updateTemplateInput) (*body[templateView], error) {
	t, err := a.Actions.Template(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	in.Body.apply(t)
	return a.saveTemplate(ctx, "update", t)
}

func (a *API) saveTemplate(ctx context.Context, verb string, t *action.Template) (*body[templateView], error) {
	err := a.Actions.SaveTemplate(ctx, t, func(ctx context.Context, tx db.Tx, t *action.Template) error {
		if err := a.Rules.TemplateChanged(ctx, tx, t.ID, t, who(ctx).Name); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: verb, Object: "template", ObjectID: t.ID, Detail: map[string]any{"name": t.Name}})
	})
	if err != nil {
		return nil, err
	}
	used, err := a.Rules.UsersOf(ctx)
	return &body[templateView]{templateViewOf(ctx, t, used[t.ID])}, err
}

func (a *API) deleteTemplate(ctx context.Context, in *ByID) (*empty, error) {
	return &empty{}, a.Actions.DeleteTemplate(ctx, in.ID, func(ctx context.Context, tx db.Tx, t *action.Template) error {
		if err := a.Rules.TemplateChanged(ctx, tx, t.ID, nil, who(ctx).Name); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "delete", Object: "template", ObjectID: t.ID})
	})
}

// templateValues are the variables of a case by name; what is unknown is empty.
func (a *API) templateValues(ctx context.Context, c *complaint.Complaint, programName string) (map[string]string, error) {
	refunds, err := a.Refunds.OfComplaint(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	number := ""
	if i := slices.IndexFunc(refunds, func(r refund.Refund) bool { return r.State == refund.Done }); i >= 0 {
		number = refunds[i].RefundID
	}
	return action.Values(c, programName, number, db.At(a.Clock.Now())), nil
}
