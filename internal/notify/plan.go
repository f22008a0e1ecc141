package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// The states of a program that matter here. Nobody is told of the cases of a disabled or revoked one; that it was revoked is told.
const (
	activeProgram   = "active"
	disabledProgram = "disabled"
)

// Plan decides who hears of an event, and stores one notice per receiver and channel with its job, in one transaction. Planning the same
// event again adds only what is missing.
func (s *Service) Plan(ctx context.Context, ev Event) error {
	if !knownKind(ev.Kind) || ofProgram(ev.Kind) != (ev.ComplaintID == "") {
		return fmt.Errorf("plan notices: event %q with complaint %q makes no sense", ev.Kind, ev.ComplaintID)
	}
	f, err := s.read(ctx, ev.ComplaintID, ev.ProgramID)
	if err != nil {
		return fmt.Errorf("plan notices: %w", err)
	}
	if f.ProgramState == disabledProgram || (f.ProgramState != activeProgram && !ofProgram(ev.Kind)) {
		return nil
	}
	ev.ProgramID = f.ProgramID
	planned, err := s.match(ctx, ev)
	if err != nil || len(planned) == 0 {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for i := range planned {
			n := &planned[i]
			fresh, err := db.Changed(tx.NewInsert().Model(n).On("CONFLICT (dedupe_key) DO NOTHING").Exec(ctx))
			if err != nil {
				return fmt.Errorf("store notice: %w", err)
			}
			if !fresh {
				continue
			}
			if err := tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// match returns the notices an event calls for, each once.
func (s *Service) match(ctx context.Context, ev Event) ([]noticeRow, error) {
	var subs []subscriptionRow
	if err := s.db.Read.NewSelect().Model(&subs).Where("enabled = ?", true).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	var chans []channelRow
	if err := s.db.Read.NewSelect().Model(&chans).Column("id").Where("enabled = ?", true).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	usable := map[string]bool{}
	for _, c := range chans {
		usable[c.ID] = true
	}
	seen := map[string]bool{}
	var out []noticeRow
	for _, sub := range subs {
		if !sub.matches(ev) {
			continue
		}
		receivers, err := s.receivers(&sub)
		if err != nil {
			return nil, err
		}
		for _, r := range receivers {
			if !usable[r.ChannelID] {
				continue
			}
			n, err := s.notice(ev, r)
			if err != nil {
				return nil, err
			}
			if !seen[n.DedupeKey] {
				seen[n.DedupeKey] = true
				out = append(out, n)
			}
		}
	}
	return out, nil
}

func (sub *subscriptionRow) matches(ev Event) bool {
	programs := sub.ProgramIDs.V
	return slices.Contains(sub.Events.V, ev.Kind) && (len(programs) == 0 || slices.Contains(programs, ev.ProgramID))
}

func (s *Service) notice(ev Event, r receiver) (n noticeRow, err error) {
	now := s.now()
	n = noticeRow{
		ID: db.NewID(), ComplaintID: ev.ComplaintID, ProgramID: ev.ProgramID, Event: ev.Kind, ChannelID: r.ChannelID,
		DedupeKey:     dedupeKey(ev, r.ChannelID, r.Address),
		AddressMasked: r.Masked, State: Queued, CreatedAt: now, UpdatedAt: now,
	}
	if n.AddressSealed, err = s.sealer.Seal(addressPlace(n.ID), secret.New(r.Address)); err != nil {
		return noticeRow{}, fmt.Errorf("seal receiver: %w", err)
	}
	return n, nil
}

// dedupeKey is a hash, because an address is personal data. Letter case in an address makes no second receiver.
func dedupeKey(ev Event, channelID, address string) string {
	h := sha256.New()
	for _, part := range []string{ev.ComplaintID, ev.ProgramID, ev.Kind, ev.Key, channelID, strings.ToLower(address)} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// messageID is the same for every try of a notice, until a receipt says that the provider lost the message.
func (n *noticeRow) messageID() string {
	if n.Renewals == 0 {
		return n.DedupeKey[:32]
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", n.DedupeKey, n.Renewals))
	return hex.EncodeToString(sum[:16])
}
