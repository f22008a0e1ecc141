package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// fullError says that a provider's limit is used up.
type fullError struct{ wait db.Time }

// Error implements error.
func (*fullError) Error() string { return "the provider's limit is used up" }

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
		var at []db.Time
		err := tx.NewSelect().Model((*attemptRow)(nil)).Column("started_at").Where(column+" = ? AND started_at > ?", value, now-window).
			OrderExpr("started_at DESC").Offset(int64(l.N)-1).Limit(1).Scan(ctx, &at)
		if err != nil {
			return fmt.Errorf("count tries: %w", err)
		}
		if len(at) == 0 {
			continue
		}
		// Who comes later waits for a later window, so that a long queue isn't asked again and again.
		ahead, err := tx.NewSelect().Model((*noticeRow)(nil)).
			Where("state = ? AND channel_id = ? AND (list_id = '' OR is_list) AND created_at < ?", Queued, n.ChannelID, n.CreatedAt).Count(ctx)
		if err != nil {
			return fmt.Errorf("count notices ahead: %w", err)
		}
		return &fullError{at[0] + window - now + window*db.Time(min(ahead, 1000)/int64(l.N))}
	}
	return nil
}
