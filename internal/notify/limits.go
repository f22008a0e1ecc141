package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// fullError says that a provider's limit is used up.
type fullError struct {
	wait db.Time
	text string
}

// Error implements error.
func (*fullError) Error() string { return "the provider's limit is used up" }

// dayMargin is how long after midnight a daily limit counts as new: the provider's clock is not ours.
const dayMargin = 10 * time.Minute

func limitsOf(s channel.Sender) []channel.Limit {
	if l, ok := s.(channel.Limited); ok {
		return l.Limits()
	}
	return nil
}

// room reports, as *fullError, that no limit may be used once more now. The tries of all instances are what is counted; a window is a little longer than the
// provider's, since a message arrives there a moment later than it was written down here.
func (s *Service) room(ctx context.Context, tx db.Tx, n *noticeRow, limits []channel.Limit) error {
	now := s.now()
	for _, l := range limits {
		column, value := "channel_id", n.ChannelID
		if l.PerAddress {
			column, value = "receiver_key", n.ReceiverKey
		}
		window := ms(l.Per + min(l.Per/10, time.Second))
		since := now - window
		if l.Day {
			since = midnight(now) - 1
		}
		var at []db.Time
		q := tx.NewSelect().Model((*attemptRow)(nil)).Column("started_at").Where("? = ? AND started_at > ?", bun.Ident(column), value, since)
		if l.Taken { // an unfinished try is written down as unknown
			q = q.Where("outcome IN (?)", bun.List([]channel.Outcome{channel.Sent, channel.Pending, channel.Unknown}))
		}
		if err := q.OrderExpr("started_at DESC").Offset(int64(l.N)-1).Limit(1).Scan(ctx, &at); err != nil {
			return fmt.Errorf("count tries: %w", err)
		}
		if len(at) == 0 {
			continue
		}
		if l.Day {
			return &fullError{midnight(now) + ms(24*time.Hour+dayMargin) - now, l.Text}
		}
		// Who comes later waits for a later window, so that a long queue isn't asked again and again.
		ahead, err := tx.NewSelect().Model((*noticeRow)(nil)).
			Where("state = ? AND ? = ? AND (list_id = '' OR is_list) AND created_at < ?", Queued, bun.Ident(column), value, n.CreatedAt).Count(ctx)
		if err != nil {
			return fmt.Errorf("count notices ahead: %w", err)
		}
		return &fullError{at[0] + window - now + window*db.Time(min(ahead, 1000)/int64(l.N)), l.Text}
	}
	return nil
}

// midnight is when the day of a moment began in Beijing.
func midnight(now db.Time) db.Time {
	t := now.Time().In(beijing)
	return db.At(time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, beijing))
}

// full lets a notice wait for a limit. What would wait long says why in the log of messages, and is told on another channel at once.
func (s *Service) full(ctx context.Context, n *noticeRow, f *fullError) error {
	if f.wait <= ms(confirmIn) || n.State != Queued {
		return snooze(f.wait)
	}
	now := s.now()
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model((*noticeRow)(nil)).Set("error = ?, next_try_at = ?, updated_at = ?", f.text, now+f.wait, now).
			Where("id = ? AND state = ? AND attempt_id = ?", n.ID, Queued, n.AttemptID)
		elsewhere := !n.FallbackAt.IsZero()
		if elsewhere {
			q = q.Set("fallback_at = ?", now)
		}
		mine, err := db.Changed(q.Exec(ctx))
		if err != nil {
			return fmt.Errorf("hold notice back: %w", err)
		}
		if !mine || !elsewhere {
			return nil
		}
		return tx.Enqueue(ctx, FallbackArgs{NoticeID: n.ID}, nil)
	})
	if err != nil {
		return err
	}
	return snooze(f.wait)
}
