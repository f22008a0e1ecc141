package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
)

// confirmIn is how long a message may stay unconfirmed before it is told on another channel (reference/notification-channels.md §5.2).
const confirmIn = 2 * time.Minute

// FallbackArgs is the job that tells on another channel what failed or stayed silent on one.
type FallbackArgs struct {
	NoticeID string `json:"notice_id"`
}

// Kind implements river.JobArgs.
func (FallbackArgs) Kind() string { return "notice.fallback" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (FallbackArgs) InsertOpts() river.InsertOpts { return *db.Once(db.QueueDefault) }

// Fallback tells a notice on the next channel of its subscription, if it has failed or its time to be confirmed is over. Of two workers one does.
func (s *Service) Fallback(ctx context.Context, noticeID string) error {
	n := &noticeRow{ID: noticeID}
	if err := s.db.Read.NewSelect().Model(n).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("read notice: %w", err)
	}
	if n.FallbackAt.IsZero() || n.FallbackAt > s.now() || len(n.FallbackIDs.V) == 0 {
		return nil
	}
	ps, err := s.onNext(ctx, n)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		mine, err := db.Changed(tx.NewUpdate().Model((*noticeRow)(nil)).Set("fallback_at = NULL, updated_at = ?", s.now()).
			Where("id = ? AND fallback_at = ?", n.ID, n.FallbackAt).Exec(ctx))
		if err != nil {
			return fmt.Errorf("take fallback: %w", err)
		}
		if !mine {
			return nil
		}
		return s.store(ctx, tx, ps)
	})
}

// onNext are the notices on the first fallback channel where somebody can be reached.
func (s *Service) onNext(ctx context.Context, n *noticeRow) ([]planned, error) {
	sub := &subscriptionRow{ID: n.SubscriptionID}
	err := s.db.Read.NewSelect().Model(sub).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil // nobody wants it any more
	}
	if err != nil {
		return nil, fmt.Errorf("read subscription: %w", err)
	}
	a, err := s.addressBook(ctx)
	if err != nil {
		return nil, err
	}
	for i, id := range n.FallbackIDs.V {
		rs, err := s.insteadOf(ctx, a, sub, n, id)
		if err != nil {
			return nil, err
		}
		if len(rs) == 0 {
			continue
		}
		ps := make([]planned, len(rs))
		for j, r := range rs {
			if ps[j], err = s.instead(n, r, n.FallbackIDs.V[i+1:]); err != nil {
				return nil, err
			}
		}
		return ps, nil
	}
	return nil, nil
}

// insteadOf returns who hears on another channel what a receiver did not: he himself if he has an address there, or whom the subscription names there.
func (s *Service) insteadOf(ctx context.Context, a *addressBook, sub *subscriptionRow, n *noticeRow, channelID string) ([]receiver, error) {
	kind, usable := a.kinds[channelID]
	if !usable {
		return nil, nil
	}
	if p, ok := s.providers[kind]; ok && selfReceiving(p) {
		return []receiver{{ChannelID: channelID}}, nil
	}
	if n.UserID != "" {
		r, ok, err := a.of(ctx, n.UserID, channelID)
		if err != nil || ok {
			return []receiver{r}, err
		}
	}
	return s.reach(ctx, a, sub, []string{channelID}, n.ProgramID)
}

// instead is the notice on another channel.
func (s *Service) instead(n *noticeRow, r receiver, left []string) (planned, error) {
	ev := Event{Kind: n.Event, ComplaintID: n.ComplaintID, ProgramID: n.ProgramID, Key: n.EventKey}
	if n.IsList {
		ev.Key = "list/" + n.ListID
	}
	out, err := s.notice(ev, r)
	if err != nil {
		return planned{}, err
	}
	out.Reason, out.ReasonText, out.FallbackOf = FellBack, "另一个渠道没有送达", n.ID
	out.SubscriptionID, out.DueAt, out.Urgent = n.SubscriptionID, n.DueAt, n.Urgent
	if n.IsList {
		out.ListID, out.IsList = n.ListID, true
	}
	if len(left) > 0 {
		out.FallbackIDs.V, out.FallbackAt = left, out.CreatedAt+ms(confirmIn)
	}
	return planned{noticeRow: out, to: r}, nil
}

// silent enqueues a fallback for every notice whose time to be confirmed is over.
func (s *Service) silent(ctx context.Context, now db.Time) error {
	var ids []string
	err := s.db.Read.NewSelect().Model((*noticeRow)(nil)).Column("id").Where("fallback_at <= ?", now).Order("fallback_at").Limit(reconcileBatch*10).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("list silent notices: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, id := range ids {
			if err := tx.Enqueue(ctx, FallbackArgs{NoticeID: id}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}
