package notify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Many at once (reference/notification-channels.md §5.2, storm digest): the first of a burst go at once, what follows is collected.
const (
	// burstMost are told one by one within burstTime; from the next on they become one list.
	burstMost = 5
	burstTime = time.Minute
	// collectTime is how long a list collects, listEvery the least time between two lists to one receiver.
	collectTime = 20 * time.Second
	listEvery   = time.Minute
	// soon is how much time must be left when quiet hours are over; a case with less is told at once. pressing is told at any hour.
	soon     = 12 * time.Hour
	pressing = 6*time.Hour + 5*time.Minute
)

// eventList is the event of a message that tells several notices.
const eventList = "notices.list"

// burstRow is a receiver's lock, and the lists that are being collected for him.
type burstRow struct {
	bun.BaseModel `bun:"table:bursts"`

	ReceiverKey string `bun:",pk"`
	ListID      string
	ListAt      db.Time
	HeldID      string
	UpdatedAt   db.Time
}

// urgent reports whether something is told at any hour.
func urgent(kind string, f Facts, now db.Time) bool {
	switch kind {
	case EventPermissionLost, EventChannelFailing, eventDigest:
		return true
	}
	_, waits := duties[f.Stage]
	return waits && !f.DueAt.IsZero() && f.DueAt-now <= ms(pressing)
}

// store keeps notices that are new, and enqueues what has to be done for them. Receivers are locked in one order, so that two events never wait for each other.
func (s *Service) store(ctx context.Context, tx db.Tx, ps []planned) error {
	slices.SortStableFunc(ps, func(a, b planned) int { return cmp.Compare(a.ReceiverKey, b.ReceiverKey) })
	for i := range ps {
		p := &ps[i]
		fresh, err := db.Changed(tx.NewInsert().Model(&p.noticeRow).On("CONFLICT (dedupe_key) DO NOTHING").Exec(ctx))
		if err != nil {
			return fmt.Errorf("store notice: %w", err)
		}
		if !fresh {
			continue
		}
		if err := s.place(ctx, tx, p); err != nil {
			return err
		}
	}
	return nil
}

// place decides when a new notice goes out, and whether alone.
func (s *Service) place(ctx context.Context, tx db.Tx, p *planned) error {
	now := s.now()
	held := db.Time(0)
	if !p.Urgent {
		held = p.quiet.until(now)
	}
	if held > 0 && !p.DueAt.IsZero() && p.DueAt-held < ms(soon) {
		held = 0
	}
	if !p.group {
		return s.schedule(ctx, tx, &p.noticeRow, held)
	}
	b := &burstRow{ReceiverKey: p.ReceiverKey, UpdatedAt: now}
	if err := tx.NewInsert().Model(b).On("CONFLICT (receiver_key) DO UPDATE").Set("updated_at = EXCLUDED.updated_at").Returning("*").Scan(ctx); err != nil {
		return fmt.Errorf("lock receiver: %w", err)
	}
	if held > 0 {
		return s.join(ctx, tx, p, b, true, held)
	}
	var before []string
	err := tx.NewSelect().Model((*noticeRow)(nil)).Column("id").Where("receiver_key = ? AND created_at > ? AND NOT is_list AND id <> ?", p.ReceiverKey, now-ms(burstTime), p.ID).
		Limit(burstMost).Scan(ctx, &before)
	if err != nil {
		return fmt.Errorf("count notices of receiver: %w", err)
	}
	if len(before) < burstMost {
		return s.schedule(ctx, tx, &p.noticeRow, 0)
	}
	return s.join(ctx, tx, p, b, false, max(now+ms(collectTime), b.ListAt+ms(listEvery)))
}

// schedule enqueues a notice, for later if at is not zero.
func (s *Service) schedule(ctx context.Context, tx db.Tx, n *noticeRow, at db.Time) error {
	if at == 0 {
		return tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, nil)
	}
	_, err := tx.NewUpdate().Model((*noticeRow)(nil)).Set("next_try_at = ?", at).
		Set("fallback_at = CASE WHEN fallback_at IS NULL THEN NULL ELSE CAST(? AS bigint) END", at+ms(confirmIn)).Where("id = ?", n.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("hold notice back: %w", err)
	}
	return tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, &river.InsertOpts{ScheduledAt: at.Time()})
}

// join adds a notice to the list that is being collected for its receiver, or begins one that goes out at a time.
func (s *Service) join(ctx context.Context, tx db.Tx, p *planned, b *burstRow, held bool, at db.Time) error {
	id, column := b.ListID, "list_id"
	if held {
		id, column = b.HeldID, "held_id"
	}
	if id == "" {
		list, err := s.list(p, at)
		if err != nil {
			return err
		}
		id = list.ID
		if _, err := tx.NewInsert().Model(&list).Exec(ctx); err != nil {
			return fmt.Errorf("store list: %w", err)
		}
		if _, err := tx.NewUpdate().Model((*burstRow)(nil)).Set("? = ?", bun.Ident(column), id).Where("receiver_key = ?", b.ReceiverKey).Exec(ctx); err != nil {
			return fmt.Errorf("begin list: %w", err)
		}
		if err := tx.Enqueue(ctx, DeliverArgs{NoticeID: id}, &river.InsertOpts{ScheduledAt: at.Time()}); err != nil {
			return err
		}
	}
	// From now on the list speaks for it.
	if _, err := tx.NewUpdate().Model((*noticeRow)(nil)).Set("list_id = ?, fallback_at = NULL", id).Where("id = ?", p.ID).Exec(ctx); err != nil {
		return fmt.Errorf("join list: %w", err)
	}
	return nil
}

// list is a message that tells several notices of one receiver.
func (s *Service) list(p *planned, at db.Time) (noticeRow, error) {
	n := noticeRow{
		ID: db.NewID(), Event: eventList, ChannelID: p.ChannelID, UserID: p.UserID, ReceiverKey: p.ReceiverKey, AddressMasked: p.AddressMasked, State: Queued,
		Reason: p.Reason, SubscriptionID: p.SubscriptionID, IsList: true, NextTryAt: at, CreatedAt: s.now(), UpdatedAt: s.now(), FallbackIDs: p.FallbackIDs,
	}
	n.ListID, n.DedupeKey = n.ID, hashOf("list", n.ID, p.ReceiverKey)
	if !p.FallbackAt.IsZero() {
		n.FallbackAt = at + ms(confirmIn)
	}
	var err error
	if n.AddressSealed, err = s.sealer.Seal(addressPlace(n.ID), secret.New(p.to.Address)); err != nil {
		return noticeRow{}, fmt.Errorf("seal receiver: %w", err)
	}
	return n, nil
}

// closeList ends the collecting: what comes later begins another list.
func (s *Service) closeList(ctx context.Context, n *noticeRow) error {
	_, err := s.db.Write().NewUpdate().Model((*burstRow)(nil)).
		Set("list_at = CASE WHEN list_id = ? THEN ? ELSE list_at END, list_id = CASE WHEN list_id = ? THEN '' ELSE list_id END", n.ID, s.now(), n.ID).
		Set("held_id = CASE WHEN held_id = ? THEN '' ELSE held_id END", n.ID).
		Where("receiver_key = ? AND (list_id = ? OR held_id = ?)", n.ReceiverKey, n.ID, n.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("close list: %w", err)
	}
	return nil
}

// settleMembers gives what a list told the list's own outcome.
func (s *Service) settleMembers(ctx context.Context, tx bun.IDB, n *noticeRow, state State, text string) error {
	if !n.IsList || state == Queued {
		return nil
	}
	q := tx.NewUpdate().Model((*noticeRow)(nil)).Set("state = ?, error = ?, updated_at = ?", state, text, s.now()).
		Where("list_id = ? AND NOT is_list AND state <> ?", n.ListID, Dropped)
	if state == Sent {
		q = q.Set("sent_at = ?", s.now())
	} else {
		q = q.Where("state <> ?", Sent)
	}
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("settle notices of list: %w", err)
	}
	return nil
}
