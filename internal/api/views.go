package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) viewRoutes() {
	handle(a, identity.RightCasesRead, op(http.MethodGet, "/views", "get-views", "complaints", "Saved filters of the inbox: one's own and shared ones"), a.getViews)
	handle(a, identity.RightCasesRead, created(op(http.MethodPost, "/views", "create-view", "complaints", "Save a filter")), a.createView)
	handle(a, identity.RightCasesRead, op(http.MethodPatch, "/views/{id}", "update-view", "complaints", "Change a saved filter"), a.updateView)
	handleAs(a, identity.RightCasesRead, op(http.MethodDelete, "/views/{id}", "delete-view", "complaints", "Remove a saved filter"), a.deleteView)
}

type savedView struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Query     string `json:"query" doc:"The filter as it stands in the address of the inbox"`
	Shared    bool   `json:"shared"`
	Position  int64  `json:"position"`
	OwnerName string `json:"owner_name"`
	CanChange bool   `json:"can_change"`
	Count     *int   `json:"count" doc:"How many there are; null where counting is dear (searches)"`
	CountMore bool   `json:"count_more" doc:"There are more than count"`
}

// mostCounted is how far the cases of a saved view are counted.
const mostCounted = 999

func (a *API) getViews(ctx context.Context, _ *empty) (*body[page[savedView]], error) {
	vs, err := a.Complaints.Views(ctx, who(ctx).UserID)
	if err != nil {
		return nil, err
	}
	out := make([]savedView, len(vs))
	for i := range vs {
		if out[i], err = a.savedViewOf(ctx, &vs[i]); err != nil {
			return nil, err
		}
	}
	return pageOf(out, ""), nil
}

func (a *API) savedViewOf(ctx context.Context, v *complaint.SavedView) (savedView, error) {
	out := savedView{ID: v.ID, Name: v.Name, Query: v.Query, Shared: v.Shared, Position: v.Position, OwnerName: v.OwnerName, CanChange: mayChange(ctx, v)}
	f, ok := a.addressFilter(ctx, v.Query)
	if !ok || f.Query != "" {
		return out, nil
	}
	n, err := a.Complaints.CountUpTo(ctx, f, mostCounted+1)
	if n > mostCounted {
		n, out.CountMore = mostCounted, true
	}
	out.Count = &n
	return out, err
}

// addressFilter reads the filter that the inbox keeps in its address; false when the asker may not see what it names.
func (a *API) addressFilter(ctx context.Context, query string) (complaint.Filter, bool) {
	v, err := url.ParseQuery(query)
	if err != nil {
		return complaint.Filter{}, false
	}
	number := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	day := func(s string, plus int) int64 {
		t, err := time.ParseInLocation(time.DateOnly, s, complaint.Beijing)
		if err != nil {
			return 0
		}
		return t.AddDate(0, 0, plus).UnixMilli()
	}
	in := ComplaintFilter{
		ProgramID: v.Get("program"), Status: number(v.Get("status")), Type: number(v.Get("type")), Query: v.Get("q"), View: v.Get("view"), Assignee: v.Get("assignee"),
		CreatedFrom: day(v.Get("from"), 0), CreatedTo: day(v.Get("to"), 1), Sort: v.Get("sort"),
	}
	if in.View == "" {
		in.View = string(complaint.ViewMine)
	}
	if s := v.Get("stage"); s != "" {
		in.Stage = []string{s}
	}
	f, err := a.filter(ctx, in)
	return f, err == nil
}

// mayChange lets the owner change a view, and managers those that are shared.
func mayChange(ctx context.Context, v *complaint.SavedView) bool {
	p := who(ctx)
	return v.OwnerID == p.UserID || v.Shared && slices.Contains([]identity.Role{identity.Owner, identity.Manager}, p.Role)
}

type viewBody struct {
	Name     *string `json:"name,omitempty"`
	Query    *string `json:"query,omitempty"`
	Shared   *bool   `json:"shared,omitempty" doc:"Everybody sees it, each within his programs"`
	Position *int64  `json:"position,omitempty"`
}

func (b viewBody) apply(v *complaint.SavedView) {
	if b.Name != nil {
		v.Name = *b.Name
	}
	if b.Query != nil {
		v.Query = *b.Query
	}
	if b.Shared != nil {
		v.Shared = *b.Shared
	}
	if b.Position != nil {
		v.Position = *b.Position
	}
}

type newViewInput struct{ Body viewBody }

func (a *API) createView(ctx context.Context, in *newViewInput) (*body[savedView], error) {
	v := &complaint.SavedView{OwnerID: who(ctx).UserID, OwnerName: who(ctx).Name}
	in.Body.apply(v)
	return a.saveView(ctx, "create", v)
}

type updateViewInput struct {
	ByID
	Body viewBody
}

func (a *API) updateView(ctx context.Context, in *updateViewInput) (*body[savedView], error) {
	v, err := a.changeable(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	in.Body.apply(v)
	return a.saveView(ctx, "update", v)
}

func (a *API) changeable(ctx context.Context, id string) (*complaint.SavedView, error) {
	v, err := a.Complaints.SavedView(ctx, id, who(ctx).UserID)
	if err != nil {
		return nil, err
	}
	if !mayChange(ctx, v) {
		return nil, problemOf(http.StatusForbidden, CodeForbidden, "这是"+v.OwnerName+"共享的视图，请他或管理员修改")
	}
	return v, nil
}

// saveView records in the audit trail what concerns others.
func (a *API) saveView(ctx context.Context, verb string, v *complaint.SavedView) (*body[savedView], error) {
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Complaints.SaveView(ctx, tx, v); err != nil || !v.Shared {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: verb, Object: "view", ObjectID: v.ID, Detail: map[string]any{"name": v.Name, "query": v.Query}})
	})
	if err != nil {
		return nil, err
	}
	out, err := a.savedViewOf(ctx, v)
	return &body[savedView]{out}, err
}

func (a *API) deleteView(ctx context.Context, in *ByID) (*empty, error) {
	v, err := a.changeable(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &empty{}, a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Complaints.DeleteView(ctx, tx, v.ID); err != nil || !v.Shared {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "delete", Object: "view", ObjectID: v.ID, Detail: map[string]any{"name": v.Name}})
	})
}

func inboxProblem(err error) *Problem {
	switch {
	case is(err, complaint.ErrViewName):
		return invalid("name", "名称需要 1 到 20 个字")
	case is(err, complaint.ErrViewQuery):
		return invalid("query", "筛选条件太长")
	case is(err, complaint.ErrViews):
		return problemOf(http.StatusConflict, CodeConflict, "每人最多保存 50 个视图，请先删掉不用的")
	}
	return nil
}
