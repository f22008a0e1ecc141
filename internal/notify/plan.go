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

// planned is a notice with how it may be told.
type planned struct {
	noticeRow
	// to is the address in clear.
	to    receiver
	group bool
	quiet *Quiet
}

// Plan decides who hears of an event, and stores one notice per receiver and channel with its job, in one transaction. Planning the same
// event again adds only what is missing.
func (s *Service) Plan(ctx context.Context, ev Event) error {
	if !knownKind(ev.Kind) || ofProgram(ev.Kind) != (ev.ComplaintID == "") {
		return fmt.Errorf("plan notices: event %q with complaint %q makes no sense", ev.Kind, ev.ComplaintID)
	}
	f, err := s.read(ctx, ev)
	if err != nil {
		return fmt.Errorf("plan notices: %w", err)
	}
	if silenced(ev.Kind, f) {
		return nil
	}
	ev.ProgramID = f.ProgramID
	ps, err := s.match(ctx, ev, f)
	if err != nil || len(ps) == 0 {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store(ctx, tx, ps) })
}

// silenced reports whether a program's state keeps an event from being told.
func silenced(kind string, f Facts) bool {
	return f.ProgramState == disabledProgram || (f.ProgramState != activeProgram && !ofProgram(kind))
}

// match returns the notices an event calls for, each once.
func (s *Service) match(ctx context.Context, ev Event, f Facts) ([]planned, error) {
	var subs []subscriptionRow
	if err := s.db.Read.NewSelect().Model(&subs).Where("enabled = ? AND id <> ?", true, digestID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	a, err := s.addressBook(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []planned
	for i := range subs {
		sub := &subs[i]
		if !sub.matches(ev, f) {
			continue
		}
		rs, err := s.reach(ctx, a, sub, sub.ChannelIDs.V, f.ProgramID)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			p, err := s.planned(ev, f, sub, r)
			if err != nil {
				return nil, err
			}
			p.group = p.group && a.groups(r.ChannelID)
			if !seen[p.DedupeKey] {
				seen[p.DedupeKey] = true
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func (sub *subscriptionRow) matches(ev Event, f Facts) bool {
	programs := sub.ProgramIDs.V
	if !slices.Contains(sub.Events.V, ev.Kind) || (len(programs) > 0 && !slices.Contains(programs, ev.ProgramID)) {
		return false
	}
	if len(sub.Tags.V) > 0 && !slices.ContainsFunc(sub.Tags.V, func(t string) bool { return slices.Contains(f.Tags, t) }) {
		return false
	}
	if ofProgram(ev.Kind) {
		return true
	}
	// What is not known is never left out: better heard by one too many.
	return (len(sub.Types.V) == 0 || f.Type == 0 || slices.Contains(sub.Types.V, f.Type)) &&
		(f.Amount == nil || (sub.MinAmount == nil || *f.Amount >= *sub.MinAmount) && (sub.MaxAmount == nil || *f.Amount <= *sub.MaxAmount))
}

// planned is the notice of an event to one receiver of a subscription.
func (s *Service) planned(ev Event, f Facts, sub *subscriptionRow, r receiver) (planned, error) {
	n, err := s.notice(ev, r)
	if err != nil {
		return planned{}, err
	}
	n.SubscriptionID, n.DueAt, n.Urgent = sub.ID, f.DueAt, urgent(ev.Kind, f, n.CreatedAt)
	if sub.Name != "" {
		n.ReasonText = "订阅「" + sub.Name + "」"
	}
	if len(sub.FallbackChannelIDs.V) > 0 {
		n.FallbackIDs.V, n.FallbackAt = sub.FallbackChannelIDs.V, n.CreatedAt+ms(confirmIn)
	}
	return planned{noticeRow: n, to: r, group: sub.Grouped, quiet: sub.Quiet.V}, nil
}

func (s *Service) notice(ev Event, r receiver) (n noticeRow, err error) {
	now := s.now()
	n = noticeRow{
		ID: db.NewID(), ComplaintID: ev.ComplaintID, ProgramID: ev.ProgramID, Event: ev.Kind, EventKey: ev.Key, ChannelID: r.ChannelID, UserID: r.UserID,
		DedupeKey: dedupeKey(ev, r.ChannelID, r.Address), ReceiverKey: receiverKey(r.ChannelID, r.Address), Reason: Subscribed,
		AddressMasked: r.Masked, State: Queued, CreatedAt: now, UpdatedAt: now,
	}
	n.FallbackIDs.V = []string{}
	if n.AddressSealed, err = s.sealer.Seal(addressPlace(n.ID), secret.New(r.Address)); err != nil {
		return noticeRow{}, fmt.Errorf("seal receiver: %w", err)
	}
	return n, nil
}

// receiverKey tells receivers apart without naming them.
func receiverKey(channelID, address string) string {
	return hashOf(channelID, strings.ToLower(address))[:32]
}

// dedupeKey is a hash, because an address is personal data. Letter case in an address makes no second receiver.
func dedupeKey(ev Event, channelID, address string) string {
	if ev.Kind == EventMerchantExpiring {
		ev.ProgramID = "" // one certificate, however many programs pay with it
	}
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
