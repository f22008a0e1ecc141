package api

import (
	"context"
	"strings"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

// ComplaintFilter narrows a list of complaints.
type ComplaintFilter struct {
	ProgramID   string   `query:"program_id"`
	Status      int64    `query:"status"`
	Stage       []string `query:"stage,explode" enum:"to_respond,to_supplement,to_prove,to_appeal,waiting_user,platform,closed,unknown" doc:"One or several"`
	Type        int64    `query:"type"`
	Query       string   `query:"q" maxLength:"100" doc:"Parts of the complaint's number, an order number, the product or the text, with blanks between; all must be there"`
	View        string   `query:"view" enum:"mine,due_soon,to_supplement,to_prove,to_appeal,platform,waiting_user,closed,unknown,all"`
	Assignee    string   `query:"assignee" doc:"A member's id, me, or none"`
	DueBefore   int64    `query:"due_before" doc:"Unix ms"`
	CreatedFrom int64    `query:"created_from" doc:"Unix ms"`
	CreatedTo   int64    `query:"created_to" doc:"Unix ms"`
	Sort        string   `query:"sort" enum:"due,newest" default:"due"`
}

// filter turns what was asked for into a filter of what the asker may see.
func (a *API) filter(ctx context.Context, in ComplaintFilter) (complaint.Filter, error) {
	f := complaint.Filter{
		ProgramIDs: scope(ctx), Status: complaint.Status(in.Status), Type: complaint.Problem(in.Type), Query: strings.TrimSpace(in.Query), Assignee: in.Assignee,
		CreatedFrom: db.Time(in.CreatedFrom), CreatedTo: db.Time(in.CreatedTo), Sort: complaint.Sort(in.Sort),
	}
	if in.Assignee == "me" {
		f.Assignee = who(ctx).UserID
	}
	if in.View != "" {
		f = complaint.View(in.View).Apply(f, a.Clock.Now())
	}
	if len(in.Stage) > 0 {
		f.Stages = nil
		for _, s := range in.Stage {
			f.Stages = append(f.Stages, complaint.Stage(s))
		}
	}
	if in.DueBefore != 0 {
		f.DueBefore = db.Time(in.DueBefore)
	}
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return f, errNotFound
		}
		f.ProgramIDs = []string{in.ProgramID}
	}
	return f, nil
}

type listComplaintsInput struct {
	Paging
	ComplaintFilter
}

func (a *API) listComplaints(ctx context.Context, in *listComplaintsInput) (*body[page[ComplaintSummary]], error) {
	f, err := a.filter(ctx, in.ComplaintFilter)
	if err != nil {
		return nil, err
	}
	f.Cursor, f.Limit = in.Cursor, in.Limit
	cs, next, err := a.Complaints.List(ctx, f)
	if err != nil {
		return nil, err
	}
	items, err := a.summaries(ctx, cs)
	return pageOf(items, next), err
}

func (a *API) summaries(ctx context.Context, cs []complaint.Complaint) ([]ComplaintSummary, error) {
	ids := make([]string, len(cs))
	for i := range cs {
		ids[i] = cs[i].ID
	}
	last, err := a.Actions.LastStates(ctx, ids)
	if err != nil {
		return nil, err
	}
	names, err := a.Programs.Names(ctx)
	if err != nil {
		return nil, err
	}
	people, err := a.people(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]ComplaintSummary, len(cs))
	for i := range cs {
		out[i] = summaryOf(&cs[i], names[cs[i].ProgramID], string(last[cs[i].ID]), people)
	}
	return out, a.addMoney(ctx, cs, ids, out)
}

type complaintCounts struct {
	Mine         int64 `json:"mine"`
	DueSoon      int64 `json:"due_soon"`
	ToSupplement int64 `json:"to_supplement"`
	ToProve      int64 `json:"to_prove"`
	ToAppeal     int64 `json:"to_appeal"`
	Platform     int64 `json:"platform"`
	WaitingUser  int64 `json:"waiting_user"`
	Closed       int64 `json:"closed"`
	Unknown      int64 `json:"unknown"`
	All          int64 `json:"all"`
}

func countsOf(n map[complaint.View]int64) complaintCounts {
	return complaintCounts{
		Mine: n[complaint.ViewMine], DueSoon: n[complaint.ViewDueSoon], ToSupplement: n[complaint.ViewSupplement], ToProve: n[complaint.ViewProve],
		ToAppeal: n[complaint.ViewAppeal], Platform: n[complaint.ViewPlatform], WaitingUser: n[complaint.ViewWaitingUser],
		Closed: n[complaint.ViewClosed], Unknown: n[complaint.ViewUnknown], All: n[complaint.ViewAll],
	}
}

func (a *API) countComplaints(ctx context.Context, _ *empty) (*body[complaintCounts], error) {
	n, err := a.Complaints.Counts(ctx, scope(ctx))
	return &body[complaintCounts]{countsOf(n)}, err
}

// complaint returns a case in scope; outside it is as if it did not exist.
func (a *API) complaint(ctx context.Context, id string) (*complaint.Complaint, error) {
	c, err := a.Complaints.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if !seesCase(ctx, c.ID, c.ProgramID) {
		return nil, errNotFound
	}
	return c, nil
}

func (a *API) getComplaint(ctx context.Context, in *ByID) (*body[complaintView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	// WeChat's image links expire, and a push may have been lost: whoever opens a case that was not read lately sees it fresh a moment later.
	if err := a.Complaints.Freshen(ctx, c); err != nil {
		a.Logger.WarnContext(ctx, "case not freshened", "complaint", c.ID, "err", err)
	}
	return a.complaintView(ctx, c)
}

func (a *API) syncComplaint(ctx context.Context, in *ByID) (*body[complaintView], error) {
	if _, err := a.complaint(ctx, in.ID); err != nil {
		return nil, err
	}
	c, err := a.Complaints.SyncNow(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.complaintView(ctx, c)
}

type importInput struct {
	Body struct {
		ProgramID        string `json:"program_id"`
		ComplaintOrderID string `json:"complaint_order_id"`
	}
}

type importResult struct {
	ComplaintID string `json:"complaint_id"`
}

func (a *API) importComplaint(ctx context.Context, in *importInput) (*body[importResult], error) {
	p, err := a.program(ctx, in.Body.ProgramID)
	if err != nil {
		return nil, err
	}
	number := strings.TrimSpace(in.Body.ComplaintOrderID)
	if text := complaint.NumberProblem(number); text != "" {
		return nil, invalid("complaint_order_id", text)
	}
	c, err := a.Complaints.Import(ctx, p, number)
	if err != nil {
		return nil, err
	}
	return &body[importResult]{importResult{c.ID}}, nil
}

type revealed struct {
	Phone   *string `json:"phone"`
	OpenID  *string `json:"openid"`
	Content *string `json:"content"`
}

func (a *API) reveal(ctx context.Context, in *ByID) (*body[revealed], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.Complaints.Reveal(c)
	if err != nil {
		return nil, err
	}
	// Recorded before it is shown.
	if err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{
		Verb: "reveal", Object: "complaint", ObjectID: c.ID, ProgramID: c.ProgramID, Detail: map[string]any{"complaint_order_id": c.ComplaintOrderID},
	}); err != nil {
		return nil, err
	}
	return &body[revealed]{revealed{orNil(p.Phone.Reveal()), orNil(p.OpenID.Reveal()), orNil(p.Content.Reveal())}}, nil
}
