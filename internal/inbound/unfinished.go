package inbound

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Unfinished returns deliveries that failed since a moment, and those stored before another that nobody has finished yet, oldest first. programIDs nil means everything,
// also what belongs to no program.
func (s *Service) Unfinished(ctx context.Context, programIDs []string, failedSince, storedBefore db.Time, limit int) ([]Delivery, error) {
	out := []Delivery{}
	if programIDs != nil && len(programIDs) == 0 {
		return out, nil
	}
	for _, c := range []struct {
		state, where string
		at           db.Time
	}{{Stored, "received_at < ?", storedBefore}, {Failed, "received_at >= ?", failedSince}} {
		var rows []Delivery
		q := s.db.Read.NewSelect().Model(&rows).ExcludeColumn("body_sealed").Where("state = ?", c.state).Where(c.where, c.at).Order("received_at", "id").Limit(int64(limit))
		if programIDs != nil {
			q = q.Where("program_id IN (?)", bun.List(programIDs))
		}
		if err := q.Scan(ctx); err != nil {
			return nil, fmt.Errorf("list unfinished deliveries: %w", err)
		}
		out = append(out, rows...)
	}
	return out, nil
}
