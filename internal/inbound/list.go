package inbound

import (
	"context"
	"errors"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// ErrNotFound says that there is no such delivery.
var ErrNotFound = errors.New("delivery not found")

// ErrNotReplayable says that working on a delivery again makes no sense: authorization codes work once, and other events are only kept.
var ErrNotReplayable = errors.New("delivery cannot be replayed")

// Filter narrows List. ProgramIDs nil means everything, also what belongs to no program; empty means nothing.
type Filter struct {
	ProgramIDs []string
	State      string
	Cursor     string // id of the last delivery of the page before
	Limit      int
}

// List returns a page of deliveries, newest first, and the cursor of the next page, empty at the end. Ids sort by time.
func (s *Service) List(ctx context.Context, f Filter) ([]Delivery, string, error) {
	out := []Delivery{}
	q := s.db.Read.NewSelect().Model(&out).ExcludeColumn("body_sealed").Order("id DESC").Limit(int64(f.Limit) + 1)
	if f.ProgramIDs != nil {
		if len(f.ProgramIDs) == 0 {
			return out, "", nil
		}
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Cursor != "" {
		q = q.Where("id < ?", f.Cursor)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list deliveries: %w", err)
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	return out[:f.Limit], out[f.Limit-1].ID, nil
}

// Replay works on a complaint push again, or returns ErrNotReplayable.
func (s *Service) Replay(ctx context.Context, d *Delivery) error {
	if d.Source == FromEvents || d.State == Ignored {
		return ErrNotReplayable
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		d.State, d.Error = Stored, ""
		if _, err := tx.NewUpdate().Model(d).Column("state", "error").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("replay delivery: %w", err)
		}
		return tx.Enqueue(ctx, ReceivedArgs{DeliveryID: d.ID}, db.Once(db.QueueDefault))
	})
}
