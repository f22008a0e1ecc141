package app

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/retain"
)

func (a *App) buildRetain(clk clock.Clock) *retain.Service {
	return retain.New(retain.Options{
		DB: a.DB, Clock: clk, Complaints: a.Complaints, Evidence: a.Evidence, Inbound: a.Inbound,
		Record: func(ctx context.Context, tx bun.IDB, run string, detail map[string]any) error {
			return a.Identity.Record(ctx, tx, identity.Entry{Verb: "forget", Object: "retention", ObjectID: run, Detail: detail})
		},
	})
}

// sweepFiles deletes files that nothing has any more. Who keeps files is named here, and nowhere else is one deleted.
func (a *App) sweepFiles(ctx context.Context) error {
	s := &blob.Sweeper{DB: a.DB, Files: a.files, Clock: a.clock, Owners: []blob.Owner{a.Evidence.Owns, a.Complaints.Owns}}
	_, err := s.Sweep(ctx)
	return err
}
