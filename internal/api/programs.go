package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
)

type programView struct {
	ID                    string       `json:"id"`
	AppID                 string       `json:"appid"`
	Name                  string       `json:"name"`
	AvatarURL             *string      `json:"avatar_url"`
	PrincipalName         *string      `json:"principal_name"`
	UserName              *string      `json:"user_name" doc:"WeChat's original id, gh_…"`
	Mode                  string       `json:"mode" enum:"platform,direct"`
	State                 string       `json:"state" enum:"active,disabled,revoked"`
	GrantedPermissionSets []int        `json:"granted_permission_sets"`
	MissingPermissionSets []int        `json:"missing_permission_sets"`
	Missing               []missingSet `json:"missing" doc:"The missing sets in words"`
	MerchantID            *string      `json:"merchant_id"`
	OwnerID               *string      `json:"owner_id"`
	Tags                  []string     `json:"tags"`
	LastPushAt            *int64       `json:"last_push_at" doc:"Unix ms"`
	AuthorizedAt          *int64       `json:"authorized_at" doc:"Unix ms"`
	InfoSyncedAt          *int64       `json:"info_synced_at" doc:"Unix ms"`
	Score                 *int64       `json:"score"`
	ScoreChange           *int64       `json:"score_change" doc:"Over the last 30 days, or since the score was read first; null = nothing to compare with"`
	OpenComplaints        int64        `json:"open_complaints"`
	LastError             *string      `json:"last_error"`

	Direct nullable[directView] `json:"direct" doc:"The program's own credentials, without secrets; null when it has none"`
}

type missingSet struct {
	ID        int    `json:"id"`
	Name      string `json:"name"`
	Required  bool   `json:"required"`
	Exclusive bool   `json:"exclusive" doc:"Only one third-party platform may hold it"`
	Text      string `json:"text" doc:"What does not work without it"`
}

func programViewOf(p *program.Program, more programMore) programView {
	v := programView{
		ID: p.ID, AppID: p.AppID, Name: p.Name, AvatarURL: orNil(p.AvatarURL), PrincipalName: orNil(p.PrincipalName), UserName: orNil(p.UserName),
		Mode: string(p.Mode), State: string(p.State), GrantedPermissionSets: orEmpty(p.GrantedSets.V), MissingPermissionSets: p.Missing(),
		Missing: []missingSet{}, MerchantID: orNil(p.MerchantID), OwnerID: orNil(p.OwnerID), Tags: orEmpty(p.Tags.V),
		LastPushAt: p.LastPushAt.Ptr(), AuthorizedAt: p.AuthorizedAt.Ptr(), InfoSyncedAt: p.InfoSyncedAt.Ptr(), Score: p.Score,
		OpenComplaints: more.open[p.ID], LastError: orNil(p.LastError),
	}
	if move, ok := more.moves[p.ID]; ok {
		v.ScoreChange = &move
	}
	if v.Name == "" {
		v.Name = p.AppID
	}
	for _, id := range v.MissingPermissionSets {
		s := program.SetByID(id)
		v.Missing = append(v.Missing, missingSet{ID: s.ID, Name: s.Name, Required: s.Required, Exclusive: s.Exclusive, Text: s.Without})
	}
	return v
}

type listProgramsInput struct {
	Paging
	State string `query:"state" enum:"active,disabled,revoked"`
}

func (a *API) listPrograms(ctx context.Context, in *listProgramsInput) (*body[page[programView]], error) {
	ps, err := a.Programs.List(ctx, program.Filter{IDs: scope(ctx), Listed: true, State: program.State(in.State), After: in.Cursor, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	next := ""
	if len(ps) > in.Limit {
		ps = ps[:in.Limit]
		next = ps[in.Limit-1].ID
	}
	more, err := a.programMore(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]programView, len(ps))
	for i := range ps {
		views[i] = a.programView(&ps[i], more)
	}
	return pageOf(views, next), nil
}

// programMore is what other packages know of programs, by program.
type programMore struct {
	open  map[string]int64
	moves map[string]int64
}

func (a *API) programMore(ctx context.Context) (programMore, error) {
	open, err := a.Complaints.OpenByProgram(ctx)
	if err != nil {
		return programMore{}, err
	}
	moves, err := a.Standing.Moves(ctx, db.At(a.Clock.Now().Add(-recentDays)))
	return programMore{open, moves}, err
}

// program returns a program in scope; outside it is as if it did not exist.
func (a *API) program(ctx context.Context, id string) (*program.Program, error) {
	if !who(ctx).Sees(id) {
		return nil, errNotFound
	}
	p, err := a.Programs.ByID(ctx, id)
	if err == nil && !p.ArchivedAt.IsZero() {
		return nil, errNotFound
	}
	return p, err
}

func (a *API) getProgram(ctx context.Context, in *ByID) (*body[programView], error) {
	p, err := a.program(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	more, err := a.programMore(ctx)
	if err != nil {
		return nil, err
	}
	v := a.programView(p, more)
	if v.Direct.v != nil {
		until, err := a.Programs.TokenExpires(ctx, p)
		if err != nil {
			return nil, err
		}
		v.Direct.v.TokenExpiresAt = until.Ptr()
	}
	return &body[programView]{v}, nil
}

type updateProgramInput struct {
	ByID
	Body struct {
		State      *string   `json:"state,omitempty" enum:"active,disabled"`
		Tags       *[]string `json:"tags,omitempty"`
		OwnerID    *string   `json:"owner_id,omitempty"`
		MerchantID *string   `json:"merchant_id,omitempty"`
		Mode       *string   `json:"mode,omitempty" enum:"platform,direct" doc:"Move the program; its id and cases stay. To platform: WeChat must list the authorisation already"`
		DirectFields
	}
}

func (a *API) updateProgram(ctx context.Context, in *updateProgramInput) (*body[programView], error) {
	if _, err := a.program(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := in.allowed(ctx); err != nil {
		return nil, err
	}
	if err := a.checkOwner(ctx, in.ID, in.Body.OwnerID); err != nil {
		return nil, err
	}
	if m := in.Body.MerchantID; m != nil && *m != "" {
		if _, err := a.Refunds.Merchant(ctx, *m); errors.Is(err, refund.ErrNoSuch) {
			return nil, invalid("merchant_id", "没有这个商户号")
		} else if err != nil {
			return nil, err
		}
	}
	patch := program.Patch{Tags: in.Body.Tags, OwnerID: in.Body.OwnerID, MerchantID: in.Body.MerchantID}
	detail := map[string]any{}
	if m := in.Body.MerchantID; m != nil {
		detail["merchant_id"] = *m
	}
	if in.Body.State != nil {
		st := program.State(*in.Body.State)
		patch.State, detail["state"] = &st, st
	}
	if m := in.Body.Mode; m != nil {
		detail["mode"] = *m
		if err := a.moveToPlatform(ctx, in); err != nil {
			return nil, err
		}
	}
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := a.Programs.Update(ctx, tx, in.ID, patch); err != nil {
			return err
		}
		if err := a.updateDirect(ctx, tx, in); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "update", Object: "program", ObjectID: in.ID, ProgramID: in.ID, Detail: detail})
	})
	if err != nil {
		return nil, err
	}
	if in.Body.touchesSecret() || in.Body.Mode != nil && *in.Body.Mode == string(program.Direct) {
		a.tryDirect(ctx, in.ID)
	}
	return a.getProgram(ctx, &in.ByID)
}

// allowed: who manages merchants says which program is paid from which, and nothing else about programs.
func (in *updateProgramInput) allowed(ctx context.Context) error {
	b := &in.Body
	if who(ctx).Can(identity.RightPrograms) || b.State == nil && b.Tags == nil && b.OwnerID == nil && b.Mode == nil && !b.any() {
		return nil
	}
	return problemOf(http.StatusForbidden, CodeForbidden, "您的角色只能设置小程序的商户号")
}

// checkOwner wants an active member as the responsible person; empty means nobody.
func (a *API) checkOwner(ctx context.Context, programID string, id *string) error {
	if id == nil || *id == "" {
		return nil
	}
	u, err := a.Identity.User(ctx, *id)
	if errors.Is(err, identity.ErrNotFound) || err == nil && !u.DisabledAt.IsZero() {
		return invalid("owner_id", "没有这位成员，或者已经停用")
	}
	if err == nil && !canTake(u, programID) {
		return invalid("owner_id", "这位成员不能处理这个小程序的投诉")
	}
	return err
}

// deleteProgram takes a program off the list. What is still open would be forgotten with it, so that comes first.
func (a *API) deleteProgram(ctx context.Context, in *ByID) (*empty, error) {
	p, err := a.program(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	n, err := a.Complaints.Unfinished(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, problemOf(http.StatusConflict, CodeConflict, fmt.Sprintf("还有 %d 张投诉单没有完结，处理完才能移除；暂时不想接收通知可以先停用", n))
	}
	return &empty{}, a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Programs.Archive(ctx, tx, p.ID); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "delete", Object: "program", ObjectID: p.ID, ProgramID: p.ID, Detail: map[string]any{"appid": p.AppID}})
	})
}

func (a *API) refreshProgram(ctx context.Context, in *ByID) (*body[programView], error) {
	if _, err := a.program(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.Programs.Refresh(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.Standing.Read(ctx, in.ID); err != nil {
		return nil, err
	}
	return a.getProgram(ctx, in)
}

type startAuthorizationInput struct {
	Body *struct {
		ProgramID string `json:"program_id,omitempty" doc:"Renew this program's authorisation"`
	} `required:"false"`
}

type authorizationLink struct {
	URL string `json:"url"`
}

func (a *API) startAuthorization(ctx context.Context, in *startAuthorizationInput) (*body[authorizationLink], error) {
	id := ""
	if in.Body != nil {
		id = in.Body.ProgramID
	}
	if id != "" {
		if _, err := a.program(ctx, id); err != nil {
			return nil, err
		}
	} else if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	url, err := a.Programs.StartAuthorization(ctx, who(ctx).UserID, id)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "authorize", Object: "program", ObjectID: id, ProgramID: id})
	return &body[authorizationLink]{authorizationLink{url}}, err
}
