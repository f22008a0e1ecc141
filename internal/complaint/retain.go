package complaint

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/db"
)

// What may be forgotten belongs to a case that was closed before a moment. It is looked up and deleted in one transaction, so that a case which goes on meanwhile keeps it.
const closedBefore = "EXISTS (SELECT 1 FROM complaints AS c WHERE c.id = x.complaint_id AND c.closed_at < ?)"

func oldSnapshots(q *bun.SelectQuery, before db.Time) *bun.SelectQuery {
	return q.TableExpr("snapshots AS x").Where("x.taken_at < ?", before).Where(closedBefore, before)
}

func oldImages(q *bun.SelectQuery, before db.Time) *bun.SelectQuery {
	return q.TableExpr("images AS x").Where("x.state = ? AND x.archived_at < ?", imageArchived, before).Where(closedBefore, before)
}

func oldPersonal(q *bun.SelectQuery, before db.Time) *bun.SelectQuery {
	return q.TableExpr("complaints AS x").Where("x.closed_at < ? AND x.erased_at IS NULL", before)
}

func count(ctx context.Context, q *bun.SelectQuery) (int, error) {
	n, err := q.Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count what is old: %w", err)
	}
	return int(n), nil
}

// CountSnapshots returns how many snapshots DropSnapshots would drop.
func (s *Service) CountSnapshots(ctx context.Context, before db.Time) (int, error) {
	return count(ctx, oldSnapshots(s.db.Read.NewSelect(), before))
}

// CountImages returns how many copies DropImages would drop.
func (s *Service) CountImages(ctx context.Context, before db.Time) (int, error) {
	return count(ctx, oldImages(s.db.Read.NewSelect(), before))
}

// CountPersonal returns of how many cases Erase would delete the personal data.
func (s *Service) CountPersonal(ctx context.Context, before db.Time) (int, error) {
	return count(ctx, oldPersonal(s.db.Read.NewSelect(), before))
}

// DropSnapshots deletes WeChat's raw answers about cases closed before a moment, at most limit of them, and returns how many.
func (s *Service) DropSnapshots(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error) {
	var ids []string
	if err := oldSnapshots(tx.NewSelect(), before).Column("x.id").OrderExpr("x.taken_at").Limit(int64(limit)).Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return 0, wrapNotNil("list old snapshots", err)
	}
	_, err := tx.NewDelete().Model((*snapshot)(nil)).Where("id IN (?)", bun.List(ids)).Exec(ctx)
	return len(ids), wrapNotNil("delete snapshots", err)
}

// DropImages forgets our copies of the pictures of cases closed before a moment, at most limit of them. That there was a picture,
// and its hash, stays.
func (s *Service) DropImages(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error) {
	var rows []struct {
		ID     string
		SHA256 string `bun:"sha256"`
	}
	if err := oldImages(tx.NewSelect(), before).Column("x.id", "x.sha256").OrderExpr("x.archived_at").Limit(int64(limit)).Scan(ctx, &rows); err != nil {
		return 0, fmt.Errorf("list old copies: %w", err)
	}
	for _, r := range rows {
		if _, err := tx.NewUpdate().Model((*Image)(nil)).Set("state = ?", imageExpired).Where("id = ?", r.ID).Exec(ctx); err != nil {
			return 0, fmt.Errorf("forget copy: %w", err)
		}
		if err := blob.Release(ctx, tx, s.now(), r.SHA256); err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// Erase deletes the unmasked personal data of cases closed before a moment, at most limit of them. The masked forms stay. A reading that is under way finds the case
// changed and starts again, so that it does not write them back.
func (s *Service) Erase(ctx context.Context, tx db.Tx, before db.Time, limit int) (int, error) {
	var ids []string
	if err := oldPersonal(tx.NewSelect(), before).Column("x.id").OrderExpr("x.closed_at, x.id").Limit(int64(limit)).Scan(ctx, &ids); err != nil || len(ids) == 0 {
		return 0, wrapNotNil("list cases to erase", err)
	}
	_, err := tx.NewUpdate().Model((*Complaint)(nil)).Set("phone_sealed = '', openid_sealed = '', content_sealed = '', erased_at = ?, version = version + 1", s.now()).
		Where("id IN (?) AND closed_at < ?", bun.List(ids), before).Exec(ctx)
	return len(ids), wrapNotNil("erase personal data", err)
}

func wrapNotNil(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
