package standing

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// ErrBadCursor is for a cursor that is not one of ours.
var ErrBadCursor = errors.New("bad cursor")

// Filter picks deductions.
type Filter struct {
	ProgramIDs []string // nil = all
	Status     Status   // 0 = any
	Cursor     string
	Limit      int
}

// Penalties lists deductions, newest first.
func (s *Service) Penalties(ctx context.Context, f Filter) (out []Penalty, next string, err error) {
	out = []Penalty{}
	if f.ProgramIDs != nil && len(f.ProgramIDs) == 0 {
		return out, "", nil
	}
	q := s.DB.Read.NewSelect().Model(&out).OrderExpr("COALESCE(illegal_at, 0) DESC, id DESC").Limit(int64(f.Limit + 1))
	if f.ProgramIDs != nil {
		q = q.Where("program_id IN (?)", bun.List(f.ProgramIDs))
	}
	if f.Status != 0 {
		q = q.Where("status = ?", f.Status)
	}
	if f.Cursor != "" {
		at, id, err := position(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		q = q.Where("(COALESCE(illegal_at, 0), id) < (?, ?)", at, id)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list penalties: %w", err)
	}
	if len(out) > f.Limit {
		out = out[:f.Limit]
		last := out[f.Limit-1]
		next = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", int64(last.IllegalAt), last.ID))
	}
	return out, next, nil
}

func position(cursor string) (int64, string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, "", ErrBadCursor
	}
	n, id, ok := strings.Cut(string(raw), " ")
	at, err := strconv.ParseInt(n, 10, 64)
	if !ok || err != nil {
		return 0, "", ErrBadCursor
	}
	return at, id, nil
}

// OfComplaint returns the deductions that name a case.
func (s *Service) OfComplaint(ctx context.Context, complaintID string) ([]Penalty, error) {
	out := []Penalty{}
	err := s.DB.Read.NewSelect().Model(&out).Where("complaint_id = ? AND complaint_id <> ''", complaintID).Order("illegal_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list penalties of a case: %w", err)
	}
	return out, nil
}

// Missing lists deductions whose complaints are not known here although WeChat was asked. programIDs nil means all.
func (s *Service) Missing(ctx context.Context, programIDs []string) ([]Penalty, error) {
	out := []Penalty{}
	if programIDs != nil && len(programIDs) == 0 {
		return out, nil
	}
	q := s.DB.Read.NewSelect().Model(&out).Where("complaint_id = '' AND complaint_order_id <> '' AND lookups > 0").Order("illegal_at DESC", "id").Limit(1000)
	if programIDs != nil {
		q = q.Where("program_id IN (?)", bun.List(programIDs))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list penalties without a case: %w", err)
	}
	return out, nil
}

// Of returns what is known of a program, its changes of the score since a moment and the last one before, oldest first, and its violations since then, newest first.
func (s *Service) Of(ctx context.Context, programID string, since db.Time) (*Standing, []Change, []Violation, error) {
	st := &Standing{ProgramID: programID}
	if err := s.DB.Read.NewSelect().Model(st).WherePK().Scan(ctx); err != nil && !db.IsNotFound(err) {
		return nil, nil, nil, fmt.Errorf("read standing: %w", err)
	}
	before, changes, violations := []Change{}, []Change{}, []Violation{}
	err := s.DB.Read.NewSelect().Model(&before).Where("program_id = ? AND at < ?", programID, since).Order("at DESC", "id DESC").Limit(1).Scan(ctx)
	if err == nil {
		err = s.DB.Read.NewSelect().Model(&changes).Where("program_id = ? AND at >= ?", programID, since).Order("at", "id").Scan(ctx)
	}
	if err == nil {
		err = s.DB.Read.NewSelect().Model(&violations).Where("program_id = ? AND (at >= ? OR at IS NULL)", programID, since).OrderExpr("COALESCE(at, first_seen_at) DESC, id DESC").Limit(100).Scan(ctx)
	}
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read history of standing: %w", err)
	}
	return st, append(before, changes...), violations, nil
}

// Moves says by how much the scores of programs changed since a moment, or since they were read first when that was later. A program that is missing has no score to
// compare with.
func (s *Service) Moves(ctx context.Context, since db.Time) (map[string]int64, error) {
	rows, old := []Change{}, []string{}
	err := s.DB.Read.NewSelect().Model(&rows).Where("at >= ?", since).Order("program_id", "at", "id").Scan(ctx)
	if err == nil {
		err = s.DB.Read.NewSelect().Model((*Change)(nil)).Distinct().Column("program_id").Where("at < ?", since).Scan(ctx, &old)
	}
	if err != nil {
		return nil, fmt.Errorf("compare scores: %w", err)
	}
	moves := make(map[string]int64, len(old))
	for _, id := range old {
		moves[id] = 0
	}
	for _, c := range rows {
		if c.Was != nil {
			moves[c.ProgramID] += c.Score - *c.Was
		}
	}
	return moves, nil
}

// Sum is what was deducted from a program's score and stands.
type Sum struct {
	Points, Count               int64 // since the moment, without those that were restored
	AppealedPoints, AppealCount int64 // under appeal now
}

// Sums adds up a program's deductions since a moment.
func (s *Service) Sums(ctx context.Context, programID string, since db.Time) (Sum, error) {
	var out Sum
	err := s.DB.Read.NewSelect().Model((*Penalty)(nil)).
		ColumnExpr("CAST(COALESCE(sum(CASE WHEN illegal_at >= ? AND status <> ? THEN minus_score ELSE 0 END), 0) AS bigint) AS points", since, Restored).
		ColumnExpr("CAST(COALESCE(sum(CASE WHEN illegal_at >= ? AND status <> ? THEN 1 ELSE 0 END), 0) AS bigint) AS count", since, Restored).
		ColumnExpr("CAST(COALESCE(sum(CASE WHEN status = ? THEN minus_score ELSE 0 END), 0) AS bigint) AS appealed_points", Appealed).
		ColumnExpr("CAST(COALESCE(sum(CASE WHEN status = ? THEN 1 ELSE 0 END), 0) AS bigint) AS appeal_count", Appealed).
		Where("program_id = ?", programID).Scan(ctx, &out)
	if err != nil {
		return Sum{}, fmt.Errorf("add up penalties: %w", err)
	}
	return out, nil
}
