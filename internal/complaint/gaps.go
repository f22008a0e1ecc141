package complaint

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Rhythm is how often a program's cases come.
type Rhythm struct {
	Cases       int64
	First, Last db.Time
	// Longest is the longest time between two of them.
	Longest time.Duration
}

// Rhythms returns the rhythm of every program since a moment, by its id. It walks along one index.
func (s *Service) Rhythms(ctx context.Context, since db.Time) (map[string]Rhythm, error) {
	var rows []struct {
		ProgramID   string
		Cases       int64
		First, Last db.Time
		Longest     *int64
	}
	err := s.db.Read.NewRaw(`SELECT program_id, count(*) AS cases, min(first_seen_at) AS first, max(first_seen_at) AS last, max(distance) AS longest FROM (
		SELECT program_id, first_seen_at, first_seen_at - lag(first_seen_at) OVER (PARTITION BY program_id ORDER BY first_seen_at) AS distance
		FROM complaints WHERE first_seen_at >= ?) AS c GROUP BY program_id`, since).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("measure rhythms: %w", err)
	}
	out := make(map[string]Rhythm, len(rows))
	for _, r := range rows {
		x := Rhythm{Cases: r.Cases, First: r.First, Last: r.Last}
		if r.Longest != nil {
			x.Longest = time.Duration(*r.Longest) * time.Millisecond
		}
		out[r.ProgramID] = x
	}
	return out, nil
}

// Unread returns open cases whose last reading failed or whose time to be read is before late, those with the least time left first, and how many open cases
// there are. programIDs nil means all.
func (s *Service) Unread(ctx context.Context, programIDs []string, late db.Time, limit int) (cs []Complaint, open int, err error) {
	cs = []Complaint{}
	if programIDs != nil && len(programIDs) == 0 {
		return cs, 0, nil
	}
	scoped := func(q *bun.SelectQuery) *bun.SelectQuery {
		// What is read again is what the index of next readings holds: closed cases cost nothing.
		if q = q.Where("next_check_at IS NOT NULL"); programIDs != nil {
			q = q.Where("program_id IN (?)", bun.List(programIDs))
		}
		return q
	}
	err = scoped(s.db.Read.NewSelect().Model(&cs)).Where("(sync_error <> '' OR next_check_at < ?)", late).OrderExpr("due_sort, id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("list unread cases: %w", err)
	}
	n, err := scoped(s.db.Read.NewSelect().Model((*Complaint)(nil))).Count(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("count open cases: %w", err)
	}
	return cs, int(n), nil
}

// Known tells which numbers are cases of a program.
func (s *Service) Known(ctx context.Context, programID string, numbers []string) (map[string]bool, error) {
	out := map[string]bool{}
	for len(numbers) > 0 {
		n := min(len(numbers), 500)
		var found []string
		err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Column("complaint_order_id").
			Where("program_id = ? AND complaint_order_id IN (?)", programID, bun.List(numbers[:n])).Scan(ctx, &found)
		if err != nil {
			return nil, fmt.Errorf("look for complaints: %w", err)
		}
		for _, f := range found {
			out[f] = true
		}
		numbers = numbers[n:]
	}
	return out, nil
}
