package api

import (
	"context"
	"net"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
)

type body[T any] struct{ Body T }

type empty struct{}

type setupState struct {
	Needed bool `json:"needed"`
}

func (a *API) getSetup(ctx context.Context, _ *empty) (*body[setupState], error) {
	needed, err := a.Identity.NeedsSetup(ctx)
	return &body[setupState]{setupState{needed}}, err
}

type setupInput struct {
	Body struct {
		Token    string      `json:"token" doc:"From the first-run link"`
		Email    string      `json:"email"`
		Name     string      `json:"name,omitempty"`
		Password secret.Text `json:"password"`
	}
}

func (a *API) doSetup(ctx context.Context, in *setupInput) (*body[me], error) {
	u, err := a.Identity.Setup(ctx, in.Body.Token, in.Body.Email, in.Body.Name, in.Body.Password.Reveal())
	if err != nil {
		return nil, err
	}
	return a.startSession(ctx, u.ID)
}

type loginInput struct {
	remote
	Body struct {
		Email    string      `json:"email"`
		Password secret.Text `json:"password"`
		OTP      string      `json:"otp,omitempty"`
	}
}

// remote resolves the caller's address; a reverse proxy's own address is used when there is one in front.
type remote struct{ addr string }

// Resolve implements huma.Resolver.
func (r *remote) Resolve(ctx huma.Context) []error {
	host, _, err := net.SplitHostPort(ctx.RemoteAddr())
	if err != nil {
		host = ctx.RemoteAddr()
	}
	r.addr = host
	return nil
}

func (a *API) login(ctx context.Context, in *loginInput) (*body[me], error) {
	u, err := a.Identity.Login(ctx, in.Body.Email, in.Body.Password.Reveal(), in.Body.OTP, in.addr)
	if err != nil {
		return nil, err
	}
	return a.startSession(ctx, u.ID)
}

func (a *API) startSession(ctx context.Context, userID string) (*body[me], error) {
	if err := a.sessions.RenewToken(ctx); err != nil {
		return nil, err
	}
	a.sessions.Put(ctx, sessionKey, userID)
	p, err := a.Identity.UserPrincipal(ctx, userID)
	if err != nil {
		return nil, err
	}
	return &body[me]{a.meOf(p)}, nil
}

func (a *API) logout(ctx context.Context, _ *empty) (*empty, error) {
	return &empty{}, a.sessions.Destroy(ctx)
}

type me struct {
	ID          string   `json:"id"`
	Email       string   `json:"email"`
	Name        string   `json:"name"`
	Role        string   `json:"role" enum:"owner,manager,agent,finance,viewer"`
	ProgramIDs  []string `json:"program_ids" doc:"Empty means all"`
	Permissions []string `json:"permissions"`
	TOTP        bool     `json:"totp" doc:"Whether a one-time code is asked for at login"`
	Version     string   `json:"version"`
	PublicURL   string   `json:"public_url"`
}

func (a *API) meOf(p identity.Principal) me {
	m := me{
		ID: p.UserID, Email: p.Email, Name: p.Name, Role: string(p.Role), ProgramIDs: orEmpty(p.ProgramIDs),
		Permissions: []string{}, TOTP: p.TOTP, Version: a.Version, PublicURL: a.PublicURL,
	}
	for _, r := range p.Role.Rights() {
		m.Permissions = append(m.Permissions, string(r))
	}
	return m
}

func (a *API) getMe(ctx context.Context, _ *empty) (*body[me], error) {
	return &body[me]{a.meOf(who(ctx))}, nil
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// page is the answer of every list.
type page[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor" doc:"Cursor of the next page; null on the last"`
}

func pageOf[T any](items []T, next string) *body[page[T]] {
	p := page[T]{Items: orEmpty(items)}
	if next != "" {
		p.NextCursor = &next
	}
	return &body[page[T]]{p}
}

// Paging is the query of every list.
type Paging struct {
	Cursor string `query:"cursor"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// ByID is the path of one thing.
type ByID struct {
	ID string `path:"id"`
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
