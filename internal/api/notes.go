package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) noteRoutes() {
	handle(a, identity.RightCasesAct, created(op(http.MethodPost, "/complaints/{id}/notes", "add-note", "complaints", "Write a note to colleagues; never sent out")), a.addNote)
	handle(a, identity.RightCasesAct, op(http.MethodGet, "/colleagues", "get-colleagues", "complaints", "Members whom a note can name"), a.listColleagues)
}

type noteView struct {
	ID         string   `json:"id"`
	At         db.Time  `json:"at" doc:"Unix ms"`
	AuthorID   string   `json:"author_id"`
	AuthorName string   `json:"author_name"`
	Text       string   `json:"text"`
	Mentions   []person `json:"mentions" doc:"Colleagues whom it names"`
}

func noteViewOf(n *complaint.Note) noteView {
	v := noteView{n.ID, n.CreatedAt, n.AuthorID, n.AuthorName, n.Text, []person{}}
	for _, m := range n.Mentions.V {
		v.Mentions = append(v.Mentions, person(m))
	}
	return v
}

type noteInput struct {
	ByID
	Body struct {
		Text     string   `json:"text"`
		Mentions []string `json:"mentions,omitempty" maxItems:"20" doc:"Ids of members whom it names; they are told"`
	}
}

func (a *API) addNote(ctx context.Context, in *noteInput) (*body[noteView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	named, err := a.mentioned(ctx, c.ProgramID, in.Body.Mentions)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	n, err := a.Complaints.AddNote(ctx, c.ID, p.UserID, p.Name, in.Body.Text, named...)
	if err != nil {
		return nil, err
	}
	a.personActs(ctx, c.ID, "写了备注")
	return &body[noteView]{noteViewOf(n)}, nil
}

// mentioned finds the members whom a note about a program's case names, each once. Who doesn't see the case cannot be named.
func (a *API) mentioned(ctx context.Context, programID string, ids []string) ([]complaint.Mention, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	us, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	var out []complaint.Mention
	for _, id := range ids {
		i := slices.IndexFunc(us, func(u identity.User) bool { return u.ID == id })
		if i < 0 || !readsCases(us[i], programID) {
			return nil, invalid("mentions", "提到的成员看不到这张投诉单，不会收到提醒，请去掉后再保存")
		}
		if m := (complaint.Mention{ID: id, Name: us[i].Name}); !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out, nil
}

type colleaguesInput struct {
	ProgramID string `query:"program_id" required:"true" doc:"Whose cases they must see"`
}

func (a *API) listColleagues(ctx context.Context, in *colleaguesInput) (*body[page[person]], error) {
	if !who(ctx).Sees(in.ProgramID) {
		return nil, errNotFound
	}
	us, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	out := []person{}
	for _, u := range us {
		if u.ID != who(ctx).UserID && readsCases(u, in.ProgramID) {
			out = append(out, person{u.ID, u.Name})
		}
	}
	return pageOf(out, ""), nil
}

// readsCases reports whether a member has an account and sees a program's cases.
func readsCases(u identity.User, programID string) bool {
	p := identity.Principal{Role: u.Role, ProgramIDs: u.ProgramIDs}
	return u.DisabledAt.IsZero() && p.Can(identity.RightCasesRead) && p.Sees(programID)
}
