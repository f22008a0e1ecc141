package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

type auditView struct {
	ID        string         `json:"id"`
	At        db.Time        `json:"at" doc:"Unix ms"`
	ActorID   string         `json:"actor_id" doc:"A user, or system"`
	ActorName string         `json:"actor_name" doc:"As it was at that moment"`
	Verb      string         `json:"verb"`
	Object    string         `json:"object" doc:"The kind of thing it was done to"`
	ObjectID  *string        `json:"object_id"`
	ProgramID *string        `json:"program_id"`
	Detail    map[string]any `json:"detail"`
}

type auditInput struct {
	// Spelled out, because huma does not look into embedded types that are not exported.
	Cursor   string `query:"cursor"`
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Object   string `query:"object" doc:"user, token, program, complaint …"`
	ObjectID string `query:"object_id"`
	ActorID  string `query:"actor_id"`
}

func (a *API) listAudit(ctx context.Context, in *auditInput) (*body[page[auditView]], error) {
	items, next, err := a.Identity.ListAudit(ctx, identity.AuditFilter{
		Cursor: in.Cursor, Limit: in.Limit, Object: in.Object, ObjectID: in.ObjectID, ActorID: in.ActorID, ProgramIDs: scope(ctx),
	})
	if err != nil {
		return nil, err
	}
	views := make([]auditView, len(items))
	for i, it := range items {
		views[i] = auditView{
			ID: it.ID, At: it.At, ActorID: it.ActorID, ActorName: it.ActorName, Verb: it.Verb, Object: it.Object, ObjectID: orNil(it.ObjectID),
			ProgramID: orNil(it.ProgramID), Detail: it.Detail,
		}
	}
	return pageOf(views, next), nil
}
