package inbound

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// around is how much longer than a case its pushes are kept: the first one is a little older than the case that it made.
const around = 24 * 60 * 60 * 1000 // ms

// old are finished deliveries from before a moment. What is stored and not worked on stays, and so does everything of a program since its oldest open case: the
// pushes of that case are among it. WeChat repeats a push within seconds, so an old one is not needed to recognise a repeat.
func old(q *bun.SelectQuery, before db.Time) *bun.SelectQuery {
	return q.TableExpr("deliveries AS d").Where("d.state IN (?) AND d.received_at < ?", bun.List([]string{Done, Ignored, Failed}), before).
		Where("NOT EXISTS (SELECT 1 FROM complaints AS c WHERE c.program_id = d.program_id AND c.closed_at IS NULL AND c.first_seen_at <= d.received_at + ?)", around)
}

// CountOld returns how many deliveries DropOld would delete.
func (s *Service) CountOld(ctx context.Context, before db.Time) (int, error) {
	n, err := old(s.db.Read.NewSelect(), before).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count old deliveries: %w", err)
	}
	return int(n), nil
}

// DropOld deletes at most limit finished deliveries from before a moment, and returns how many.
func (s *Service) DropOld(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error) {
	var ids []string
	if err := old(tx.NewSelect(), before).Column("d.id").OrderExpr("d.received_at, d.id").Limit(int64(limit)).Scan(ctx, &ids); err != nil {
		return 0, fmt.Errorf("list old deliveries: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	if _, err := tx.NewDelete().Model((*Delivery)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx); err != nil {
		return 0, fmt.Errorf("delete old deliveries: %w", err)
	}
	return len(ids), nil
}
