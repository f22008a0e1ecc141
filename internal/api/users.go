package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
)

// userRoutes are the members page: users, their second factor, API tokens, the audit trail, and what everybody changes of their own account.
func (a *API) userRoutes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		patch = http.MethodPatch
		del   = http.MethodDelete
	)

	handle(a, identity.RightUsers, op(get, "/users", "list-users", "users", "All users, disabled ones included"), a.listUsers)
	handle(a, identity.RightUsers, created(op(post, "/users", "create-user", "users", "Add a user")), a.createUser)
	handle(a, identity.RightUsers, op(get, "/users/{id}", "get-user", "users", "One user"), a.getUser)
	handle(a, identity.RightUsers, op(patch, "/users/{id}", "update-user", "users", "Change role, programs, name or password; disable or enable"), a.updateUser)
	handleAs(a, identity.RightUsers, op(del, "/users/{id}", "disable-user", "users", "Disable a user; the record stays"), a.disableUser)
	handleAs(a, identity.RightUsers, op(del, "/users/{id}/totp", "disable-user-totp", "users", "Turn a user's second factor off"), a.disableTOTP)

	handle(a, anyone, op(get, "/tokens", "list-tokens", "tokens", "API tokens: one's own; everybody's with the right to manage users"), a.listTokens)
	handle(a, anyone, created(op(post, "/tokens", "create-token", "tokens", "Make an API token for oneself; shown once")), a.createToken)
	handleAs(a, anyone, op(del, "/tokens/{id}", "revoke-token", "tokens", "Revoke an API token"), a.revokeToken)

	a.accountRoutes()

	handle(a, identity.RightAudit, op(get, "/audit", "list-audit", "audit", "Who did what, newest first"), a.listAudit)
}

type userView struct {
	ID          string   `json:"id"`
	Email       string   `json:"email"`
	Name        string   `json:"name"`
	Role        string   `json:"role" enum:"owner,manager,agent,finance,viewer"`
	ProgramIDs  []string `json:"program_ids" doc:"Empty means all"`
	TOTP        bool     `json:"totp" doc:"Whether a one-time code is asked for at login"`
	Disabled    bool     `json:"disabled"`
	DisabledAt  *int64   `json:"disabled_at" doc:"Unix ms"`
	LastLoginAt *int64   `json:"last_login_at" doc:"Unix ms"`
	CreatedAt   db.Time  `json:"created_at" doc:"Unix ms"`
	UpdatedAt   db.Time  `json:"updated_at" doc:"Unix ms"`
}

func userViewOf(u identity.User) userView {
	return userView{
		ID: u.ID, Email: u.Email, Name: u.Name, Role: string(u.Role), ProgramIDs: orEmpty(u.ProgramIDs), TOTP: u.TOTP, Disabled: !u.DisabledAt.IsZero(),
		DisabledAt: u.DisabledAt.Ptr(), LastLoginAt: u.LastLoginAt.Ptr(), CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

func (a *API) listUsers(ctx context.Context, _ *empty) (*body[page[userView]], error) {
	users, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]userView, len(users))
	for i, u := range users {
		views[i] = userViewOf(u)
	}
	return pageOf(views, ""), nil
}

func (a *API) getUser(ctx context.Context, in *ByID) (*body[userView], error) {
	u, err := a.Identity.User(ctx, in.ID)
	return &body[userView]{userViewOf(u)}, err
}

type newUserInput struct {
	Body struct {
		Email      string      `json:"email"`
		Name       string      `json:"name,omitempty" doc:"Default: the part of the e-mail before the @"`
		Role       string      `json:"role" doc:"owner, manager, agent, finance or viewer"`
		ProgramIDs []string    `json:"program_ids,omitempty" doc:"Empty means all"`
		Password   secret.Text `json:"password" doc:"At least 10 characters"`
	}
}

func (a *API) createUser(ctx context.Context, in *newUserInput) (*body[userView], error) {
	b := in.Body
	if err := a.knownPrograms(ctx, b.ProgramIDs); err != nil {
		return nil, err
	}
	u, err := a.Identity.CreateUser(ctx, identity.NewUser{
		Email: b.Email, Name: b.Name, Role: identity.Role(b.Role), ProgramIDs: b.ProgramIDs, Password: b.Password,
	})
	return &body[userView]{userViewOf(u)}, err
}

type userPatchInput struct {
	ID   string `path:"id"`
	Body struct {
		Name       *string      `json:"name,omitempty"`
		Role       *string      `json:"role,omitempty" doc:"owner, manager, agent, finance or viewer"`
		ProgramIDs *[]string    `json:"program_ids,omitempty" doc:"Empty means all"`
		Password   *secret.Text `json:"password,omitempty" doc:"Ends all the user's other sessions"`
		Disabled   *bool        `json:"disabled,omitempty" doc:"Ends all the user's sessions"`
	}
}

func (a *API) updateUser(ctx context.Context, in *userPatchInput) (*body[userView], error) {
	b := in.Body
	if b.ProgramIDs != nil {
		if err := a.knownPrograms(ctx, *b.ProgramIDs); err != nil {
			return nil, err
		}
	}
	u, err := a.Identity.UpdateUser(ctx, in.ID, identity.Patch{
		Name: b.Name, Role: (*identity.Role)(b.Role), ProgramIDs: b.ProgramIDs, Password: b.Password, Disabled: b.Disabled,
	})
	if err != nil {
		return nil, err
	}
	if err := a.revokeMember(ctx, u); err != nil {
		return nil, err
	}
	if p := who(ctx); b.Password != nil && p.UserID == u.ID && p.Via == identity.ViaSession && u.DisabledAt.IsZero() {
		// All sessions ended with the old password; whoever changed their own stays logged in, under a new token.
		if err := a.sessions.RenewToken(ctx); err != nil {
			return nil, err
		}
	}
	return &body[userView]{userViewOf(u)}, nil
}

// knownPrograms refuses ids that no program has: a user confined to a misspelt program would see nothing, without a word.
func (a *API) knownPrograms(ctx context.Context, ids []string) error {
	if len(ids) == 0 || slices.Contains(ids, "") {
		return nil // identity refuses the blank one
	}
	names, err := a.Programs.Names(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := names[id]; !ok {
			return invalid("program_ids", "没有这个小程序，请刷新后重新选择")
		}
	}
	return nil
}

func (a *API) disableUser(ctx context.Context, in *ByID) (*empty, error) {
	yes := true
	u, err := a.Identity.UpdateUser(ctx, in.ID, identity.Patch{Disabled: &yes})
	if err != nil {
		return nil, err
	}
	return &empty{}, a.revokeMember(ctx, u)
}

func (a *API) disableTOTP(ctx context.Context, in *ByID) (*empty, error) {
	return &empty{}, a.Identity.DisableTOTP(ctx, in.ID)
}
