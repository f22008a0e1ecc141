package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

type tokenView struct {
	ID         string  `json:"id"`
	UserID     string  `json:"user_id"`
	Name       string  `json:"name"`
	Hint       string  `json:"hint" doc:"The last four characters"`
	LastUsedAt *int64  `json:"last_used_at" doc:"Unix ms, to the minute"`
	CreatedAt  db.Time `json:"created_at" doc:"Unix ms"`
}

func tokenViewOf(t identity.Token) tokenView {
	return tokenView{ID: t.ID, UserID: t.UserID, Name: t.Name, Hint: t.Hint, LastUsedAt: t.LastUsedAt.Ptr(), CreatedAt: t.CreatedAt}
}

type tokensInput struct {
	UserID string `query:"user_id" doc:"Only this user's; somebody else's needs the right to manage users"`
}

func (a *API) listTokens(ctx context.Context, in *tokensInput) (*body[page[tokenView]], error) {
	whose := in.UserID
	if p := who(ctx); !p.Can(identity.RightUsers) {
		if whose != "" && whose != p.UserID {
			return nil, permit(ctx, identity.RightUsers)
		}
		whose = p.UserID
	}
	tokens, err := a.Identity.ListTokens(ctx, whose)
	if err != nil {
		return nil, err
	}
	views := make([]tokenView, len(tokens))
	for i, t := range tokens {
		views[i] = tokenViewOf(t)
	}
	return pageOf(views, ""), nil
}

type newTokenInput struct {
	Body struct {
		Name string `json:"name" doc:"What it is for"`
	}
}

type newTokenView struct {
	ID        string  `json:"id"`
	UserID    string  `json:"user_id"`
	Name      string  `json:"name"`
	Hint      string  `json:"hint"`
	CreatedAt db.Time `json:"created_at" doc:"Unix ms"`
	Token     string  `json:"token" doc:"The token; shown this once"`
}

func (a *API) createToken(ctx context.Context, in *newTokenInput) (*body[newTokenView], error) {
	t, plain, err := a.Identity.CreateToken(ctx, who(ctx).UserID, in.Body.Name)
	return &body[newTokenView]{newTokenView{t.ID, t.UserID, t.Name, t.Hint, t.CreatedAt, plain.Reveal()}}, err
}

func (a *API) revokeToken(ctx context.Context, in *ByID) (*empty, error) {
	t, err := a.Identity.Token(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if p := who(ctx); t.UserID != p.UserID && !p.Can(identity.RightUsers) {
		return nil, errNotFound // whether it exists is nobody else's business
	}
	return &empty{}, a.Identity.RevokeToken(ctx, t.ID)
}
