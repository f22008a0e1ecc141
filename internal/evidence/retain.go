package evidence

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/db"
)

// droppable are pictures whose original may be forgotten: of cases that were closed before a moment, uploaded before it too.
func droppable(q *bun.SelectQuery, before db.Time) *bun.SelectQuery {
	return q.Where("e.original_blob <> '' AND e.created_at < ?", before).
		Where("EXISTS (SELECT 1 FROM complaints AS c WHERE c.id = e.complaint_id AND c.closed_at < ?)", before)
}

// CountOriginals returns how many originals DropOriginals would drop.
func (s *Service) CountOriginals(ctx context.Context, before db.Time) (int, error) {
	n, err := droppable(s.DB.Read.NewSelect().TableExpr("evidence AS e"), before).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count originals: %w", err)
	}
	return int(n), nil
}

// DropOriginals forgets what was uploaded, as it was before it was made fit for WeChat, of at most limit pictures of cases closed before a moment. What was sent stays.
func (s *Service) DropOriginals(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error) {
	var rows []Evidence
	err := droppable(tx.NewSelect().TableExpr("evidence AS e").Column("e.id", "e.blob", "e.original_blob"), before).OrderExpr("e.created_at, e.id").Limit(int64(limit)).Scan(ctx, &rows)
	if err != nil {
		return 0, fmt.Errorf("list originals: %w", err)
	}
	for _, e := range rows {
		if _, err := tx.NewUpdate().Model((*Evidence)(nil)).Set("original_blob = ''").Where("id = ?", e.ID).Exec(ctx); err != nil {
			return 0, fmt.Errorf("drop original: %w", err)
		}
		if err := blob.Release(ctx, tx, db.At(s.Clock.Now()), e.OriginalBlob); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}
