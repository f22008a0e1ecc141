package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Resend sends a message again, to the same receiver on the same channel, as a notice of its own: the old one stays as the record of what happened. It returns
// ErrNotFound, or ErrNotResendable while the old one is under way.
func (s *Service) Resend(ctx context.Context, id string) (Notice, error) {
	old := &noticeRow{ID: id}
	if err := s.db.Read.NewSelect().Model(old).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return Notice{}, ErrNotFound
		}
		return Notice{}, fmt.Errorf("read notice: %w", err)
	}
	if old.State == Queued || old.State == sending {
		return Notice{}, ErrNotResendable
	}
	to, err := s.sealer.Open(addressPlace(old.ID), old.AddressSealed)
	if err != nil {
		return Notice{}, fmt.Errorf("open address of notice: %w", err)
	}
	n := s.again(old, Resent, "resend")
	n.ResendOf = old.ID
	n.ChannelID, n.AddressMasked, n.ReceiverKey, n.UserID = old.ChannelID, old.AddressMasked, old.ReceiverKey, old.UserID
	if n.AddressSealed, err = s.sealer.Seal(addressPlace(n.ID), secret.New(to.Reveal())); err != nil {
		return Notice{}, fmt.Errorf("seal receiver: %w", err)
	}
	sum := sha256.Sum256([]byte(old.DedupeKey + "/again/" + n.ID))
	n.DedupeKey = hex.EncodeToString(sum[:])
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(&n).Exec(ctx); err != nil {
			return fmt.Errorf("store notice: %w", err)
		}
		return tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, nil)
	})
	if err != nil {
		return Notice{}, err
	}
	return s.Notice(ctx, n.ID)
}

// again is a new notice that tells the same as an old one; a list goes on telling the old one's members.
func (s *Service) again(old *noticeRow, why Reason, key string) noticeRow {
	now := s.now()
	n := noticeRow{
		ID: db.NewID(), ComplaintID: old.ComplaintID, ProgramID: old.ProgramID, Event: old.Event, EventKey: old.EventKey, SubscriptionID: old.SubscriptionID,
		State: Queued, CreatedAt: now, UpdatedAt: now, Reason: why, DueAt: old.DueAt, Urgent: old.Urgent,
	}
	if old.IsList {
		n.ListID, n.IsList = old.ListID, true
		n.EventKey = key
	}
	n.FallbackIDs.V = []string{}
	return n
}
