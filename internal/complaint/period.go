package complaint

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Filed is a complaint as the page of deductions shows it.
type Filed struct {
	ID, ProgramID string
	Type          Problem
	Status        Status
	Amount        *int64 // fen
	CreatedAt     db.Time
	ClosedAt      db.Time // 0 = still open
	// AnsweredAt is when WeChat noted the merchant's answer, LapsedAt that the merchant did not answer in time, RuledAt that the platform
	// found him liable; 0 = it did not (reference/wechat-complaint-api.md §3.1: nodes 109, 101, 31 and 32).
	AnsweredAt, LapsedAt, RuledAt db.Time
}

// Told is a complaint with its words, masked.
type Told struct {
	Filed
	ContentMasked string
}

// noted is when WeChat first noted one of some kinds of progress.
func (s *Service) noted(kinds ...string) *bun.SelectQuery {
	return s.db.Read.NewSelect().TableExpr("timeline AS t").ColumnExpr("min(t.at)").Where("t.complaint_id = c.id AND t.kind IN (?)", bun.List(kinds))
}

// filed selects what reports count a complaint by.
func (s *Service) filed() *bun.SelectQuery {
	return s.db.Read.NewSelect().TableExpr("inbox AS i").Join("JOIN complaints AS c ON c.id = i.complaint_id").
		ColumnExpr("i.no, c.id, c.program_id, c.type, c.status, c.amount, i.created AS created_at, c.closed_at").
		ColumnExpr("(?) AS answered_at", s.noted("node_109")).ColumnExpr("(?) AS lapsed_at", s.noted("node_101")).ColumnExpr("(?) AS ruled_at", s.noted("node_31", "node_32"))
}

// Told returns some complaints by id, at most a few hundred, in no order; those that don't exist are left out.
func (s *Service) Told(ctx context.Context, ids []string) ([]Told, error) {
	out := []Told{}
	if len(ids) == 0 {
		return out, nil
	}
	numbers := make([]int64, len(ids))
	for i, id := range ids {
		numbers[i] = numberOf(id)
	}
	var rows []struct {
		Told
		No int64
	}
	if err := s.filed().ColumnExpr("c.content_masked").Where("i.no IN (?)", bun.List(numbers)).Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read complaints: %w", err)
	}
	for _, r := range rows {
		out = append(out, r.Told)
	}
	return out, nil
}
