package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) inboxRoutes() {
	handle(a, identity.RightCasesAct, op(http.MethodPatch, "/complaints/{id}", "update-complaint", "complaints", "Make somebody responsible for a complaint, or nobody"), a.updateComplaint)
	handle(a, identity.RightCasesRead, op(http.MethodGet, "/assignees", "get-assignees", "complaints", "Members who can be responsible for complaints"), a.listAssignees)
}

// person is a member as others see him.
type person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// people are the names of all members by id.
func (a *API) people(ctx context.Context) (map[string]string, error) {
	us, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[string]string, len(us))
	for _, u := range us {
		out[u.ID] = u.Name
	}
	return out, nil
}

func assigneeOf(id string, names map[string]string) nullable[person] {
	if id == "" {
		return nullable[person]{}
	}
	return someOf(person{id, names[id]})
}

type updateComplaintInput struct {
	ByID
	Body struct {
		AssigneeID *string `json:"assignee_id" doc:"A member who may act on the case; null = nobody"`
	}
}

func (a *API) updateComplaint(ctx context.Context, in *updateComplaintInput) (*body[complaintView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	id := ""
	if in.Body.AssigneeID != nil {
		id = *in.Body.AssigneeID
	}
	u, err := a.assignee(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := a.assign(ctx, c, u); err != nil {
		return nil, err
	}
	if c, err = a.Complaints.ByID(ctx, c.ID); err != nil {
		return nil, err
	}
	return a.complaintView(ctx, c)
}

// assignee returns an active member; the zero member for an empty id.
func (a *API) assignee(ctx context.Context, id string) (identity.User, error) {
	if id == "" {
		return identity.User{}, nil
	}
	u, err := a.Identity.User(ctx, id)
	if errors.Is(err, identity.ErrNotFound) || err == nil && !u.DisabledAt.IsZero() {
		return u, invalid("assignee_id", "没有这位成员，或者已经停用")
	}
	return u, err
}

// assign makes a member responsible, who must be able to see the case and to act on it.
func (a *API) assign(ctx context.Context, c *complaint.Complaint, u identity.User) error {
	if u.ID != "" && !canTake(u, c.ProgramID) {
		return invalid("assignee_id", "这位成员不能处理这个小程序的投诉")
	}
	changed := false
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		changed, err = a.Complaints.Assign(ctx, tx, c.ID, u.ID, u.Name, who(ctx).Name)
		if err != nil || !changed {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{
			Verb: "assign", Object: "complaint", ObjectID: c.ID, ProgramID: c.ProgramID,
			Detail: map[string]any{"complaint_order_id": c.ComplaintOrderID, "assignee_id": u.ID, "assignee": u.Name},
		})
	})
	if err == nil && changed {
		a.personActs(ctx, c.ID, "改了负责人")
	}
	return err
}

func canTake(u identity.User, programID string) bool {
	p := identity.Principal{Role: u.Role, ProgramIDs: u.ProgramIDs}
	return u.DisabledAt.IsZero() && p.Can(identity.RightCasesAct) && (programID == "" && p.Role.Valid() || p.Sees(programID))
}

type assigneesInput struct {
	ProgramID string `query:"program_id" doc:"Only members who see this program"`
}

func (a *API) listAssignees(ctx context.Context, in *assigneesInput) (*body[page[person]], error) {
	us, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	out := []person{}
	for _, u := range us {
		shares := who(ctx).AllPrograms() || len(u.ProgramIDs) == 0 || slices.ContainsFunc(u.ProgramIDs, who(ctx).Sees)
		if shares && canTake(u, in.ProgramID) {
			out = append(out, person{u.ID, u.Name})
		}
	}
	return pageOf(out, ""), nil
}
