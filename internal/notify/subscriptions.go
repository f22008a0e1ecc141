package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// Subscription says who hears of what.
type Subscription struct {
	ID   string
	Name string
	// ProgramIDs narrow it; empty means all programs.
	ProgramIDs []string
	// Events are kinds of events.
	Events     []string
	ChannelIDs []string
	Receivers  []Receiver
	Enabled    bool
	Filter
	// Quiet are hours in which what can wait is held back; nil for none.
	Quiet *Quiet
	// FallbackChannelIDs are tried in this order when a message fails or is not confirmed in time.
	FallbackChannelIDs []string
	// Group makes one message of many that come at once.
	Group bool

	CreatedAt, UpdatedAt db.Time
}

// Filter narrows a subscription by what a case is; empty and nil fields don't. What is about a program is narrowed by tags alone.
type Filter struct {
	// Tags of the program, one of which it must have.
	Tags []string
	// Types are WeChat's codes of the problem.
	Types []int64
	// MinAmount and MaxAmount bound the order's amount, in fen, both included. A case of unknown amount is never left out.
	MinAmount, MaxAmount *int64
}

// Receiver is one address on one channel, or a member (UserID without an address), who is told at his own address there. Address is personal data: for people who manage subscriptions; others see AddressMasked.
type Receiver struct {
	ChannelID string
	// Address comes in clear. On a change, the masked form of a stored address keeps it.
	Address       string
	AddressMasked string
	UserID        string
}

// SubscriptionInput describes a subscription. A receiver without a channel is reached on every one of ChannelIDs.
type SubscriptionInput struct {
	Name       string
	ProgramIDs []string
	Events     []string
	ChannelIDs []string
	Receivers  []Receiver
	Enabled    bool
	Filter
	Quiet              *Quiet
	FallbackChannelIDs []string
	Group              bool
}

// SubscriptionPatch changes a subscription; nil fields stay.
type SubscriptionPatch struct {
	Name       *string
	ProgramIDs *[]string
	Events     *[]string
	ChannelIDs *[]string
	Receivers  *[]Receiver
	Enabled    *bool

	Tags                 *[]string
	Types                *[]int64
	MinAmount, MaxAmount **int64
	Quiet                **Quiet
	FallbackChannelIDs   *[]string
	Group                *bool
}

// maxReceivers keeps one event from becoming a mailing.
const maxReceivers = 100

// ListSubscriptions returns all subscriptions, oldest first.
func (s *Service) ListSubscriptions(ctx context.Context) ([]Subscription, error) {
	var rows []subscriptionRow
	if err := s.db.Read.NewSelect().Model(&rows).Where("id <> ?", digestID).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list subscriptions: %w", err)
	}
	out := make([]Subscription, len(rows))
	for i := range rows {
		var err error
		if out[i], err = s.subscriptionOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Subscription returns one subscription, or ErrNotFound.
func (s *Service) Subscription(ctx context.Context, id string) (Subscription, error) {
	row := &subscriptionRow{ID: id}
	if err := s.db.Read.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return Subscription{}, ErrNotFound
		}
		return Subscription{}, fmt.Errorf("read subscription: %w", err)
	}
	return s.subscriptionOf(row)
}

func (s *Service) subscriptionOf(row *subscriptionRow) (Subscription, error) {
	out := Subscription{
		ID: row.ID, Name: row.Name, ProgramIDs: orEmpty(row.ProgramIDs.V), Events: orEmpty(row.Events.V), ChannelIDs: orEmpty(row.ChannelIDs.V),
		Receivers: []Receiver{}, Enabled: row.Enabled, Quiet: row.Quiet.V, FallbackChannelIDs: orEmpty(row.FallbackChannelIDs.V), Group: row.Grouped,
		Filter:    Filter{Tags: orEmpty(row.Tags.V), Types: row.Types.V, MinAmount: row.MinAmount, MaxAmount: row.MaxAmount},
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if out.Types == nil {
		out.Types = []int64{}
	}
	stored, err := s.receivers(row)
	if err != nil {
		return Subscription{}, err
	}
	for _, r := range stored {
		out.Receivers = append(out.Receivers, Receiver{ChannelID: r.ChannelID, Address: r.Address, AddressMasked: r.Masked, UserID: r.UserID})
	}
	return out, nil
}

// receivers opens a subscription's receivers.
func (s *Service) receivers(row *subscriptionRow) ([]receiver, error) {
	plain, err := s.sealer.Open(receiversPlace(row.ID), row.ReceiversSealed)
	if err != nil {
		return nil, fmt.Errorf("open receivers: %w", err)
	}
	var out []receiver
	if plain.IsEmpty() {
		return out, nil
	}
	if err := json.Unmarshal([]byte(plain.Reveal()), &out); err != nil {
		return nil, errors.New("open receivers: not in the expected form") // the cause could quote an address
	}
	return out, nil
}

func (s *Service) sealReceivers(row *subscriptionRow, rs []receiver) error {
	b, err := json.Marshal(rs)
	if err != nil {
		return errors.New("encode receivers")
	}
	if row.ReceiversSealed, err = s.sealer.Seal(receiversPlace(row.ID), secret.New(string(b))); err != nil {
		return fmt.Errorf("seal receivers: %w", err)
	}
	return nil
}

func orEmpty(v []string) []string {
	if v == nil {
		return []string{}
	}
	return v
}

// CreateSubscription stores a subscription. It returns *FieldError for what is wrong with it.
func (s *Service) CreateSubscription(ctx context.Context, in SubscriptionInput) (Subscription, error) {
	now := s.now()
	row := &subscriptionRow{ID: db.NewID(), CreatedAt: now, UpdatedAt: now}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.fill(ctx, tx, row, in, nil); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return fmt.Errorf("store subscription: %w", err)
		}
		return nil
	})
	if err != nil {
		return Subscription{}, err
	}
	return s.subscriptionOf(row)
}

// UpdateSubscription changes a subscription, or returns ErrNotFound.
func (s *Service) UpdateSubscription(ctx context.Context, id string, p SubscriptionPatch) (Subscription, error) {
	row := &subscriptionRow{ID: id}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewSelect().Model(row).WherePK()
		if s.db.Engine == db.Postgres {
			q = q.For("UPDATE")
		}
		if err := q.Scan(ctx); err != nil {
			if db.IsNotFound(err) {
				return ErrNotFound
			}
			return fmt.Errorf("read subscription: %w", err)
		}
		old, err := s.subscriptionOf(row)
		if err != nil {
			return err
		}
		if err := s.fill(ctx, tx, row, p.over(old), old.Receivers); err != nil {
			return err
		}
		row.UpdatedAt = s.now()
		if _, err := tx.NewUpdate().Model(row).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("store subscription: %w", err)
		}
		return nil
	})
	if err != nil {
		return Subscription{}, err
	}
	return s.subscriptionOf(row)
}

// DeleteSubscription removes a subscription, or returns ErrNotFound. Notices that exist are still delivered.
func (s *Service) DeleteSubscription(ctx context.Context, id string) error {
	ok, err := db.Changed(s.db.Write().NewDelete().Model((*subscriptionRow)(nil)).Where("id = ?", id).Exec(ctx))
	if err != nil {
		return fmt.Errorf("delete subscription: %w", err)
	}
	if !ok {
		return ErrNotFound
	}
	return nil
}
