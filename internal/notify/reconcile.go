package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

const (
	// reconcileBatch bounds how many notices one transaction enqueues: on SQLite it holds the one write connection.
	reconcileBatch = 50
	// reconcileMost bounds one run.
	reconcileMost = 5000
	// reconcileGrace leaves alone what was just touched: its job is under way.
	reconcileGrace = time.Minute
	// reconcileAged is how often a notice of a paused channel is looked at, to notice that it is too old.
	reconcileAged = time.Hour
)

// Reconcile enqueues every notice that is due and has no live job: after a fault of the queue, a cut-off try, or a channel that came back.
// Run it every minute; a second job is never made.
func (s *Service) Reconcile(ctx context.Context) error {
	now := s.now()
	due := func(q *bun.SelectQuery) *bun.SelectQuery {
		// The first condition lets the index on state leave out everything that was sent.
		return q.Join("LEFT JOIN channels AS c ON c.id = n.channel_id").Where("n.state IN ('queued', 'sending') AND (n.list_id = '' OR n.is_list)").WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.
				// Waiting for nothing but a job.
				WhereOr("n.state = ? AND (n.next_try_at IS NULL OR n.next_try_at <= ?) AND n.updated_at <= ? AND c.paused_until IS NULL AND (c.hold_until IS NULL OR c.hold_until <= ?)",
					Queued, now, now-ms(reconcileGrace), now).
				// Cut off.
				WhereOr("n.state = ? AND n.lease_until <= ?", sending, now).
				// Waiting for a paused channel for so long that it may be over.
				WhereOr("n.state = ? AND c.paused_until IS NOT NULL AND n.created_at <= ? AND n.updated_at <= ?", Queued, now-ms(giveUpAfter), now-ms(reconcileAged))
		})
	}
	last := ""
	for done := 0; done < reconcileMost; {
		ids, err := s.enqueueSome(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return due(q).Where("n.id > ?", last) })
		if err != nil {
			return err
		}
		done += len(ids)
		if len(ids) < reconcileBatch {
			break
		}
		last = ids[len(ids)-1]
	}
	return errors.Join(s.probe(ctx, now), s.silent(ctx, now))
}

// probe enqueues the oldest notice of every paused channel that may be tried again.
func (s *Service) probe(ctx context.Context, now db.Time) error {
	var chans []channelRow
	err := s.db.Read.NewSelect().Model(&chans).Column("id").Where("enabled = ? AND paused_until <= ?", true, now).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list paused channels: %w", err)
	}
	for _, ch := range chans {
		_, err := s.enqueueSome(ctx, func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("n.state = ? AND n.channel_id = ? AND (n.list_id = '' OR n.is_list)", Queued, ch.ID).Limit(1)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// enqueueSome enqueues a batch of notices, oldest first. River refuses a second live job for the same one.
func (s *Service) enqueueSome(ctx context.Context, which func(*bun.SelectQuery) *bun.SelectQuery) ([]string, error) {
	var ids []string
	q := s.db.Read.NewSelect().TableExpr("notices AS n").ColumnExpr("n.id").OrderExpr("n.id").Limit(reconcileBatch)
	if err := which(q).Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("list notices without a job: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, id := range ids {
			if err := tx.Enqueue(ctx, DeliverArgs{NoticeID: id}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	return ids, err
}
