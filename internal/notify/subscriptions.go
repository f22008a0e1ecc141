package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
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

	CreatedAt, UpdatedAt db.Time
}

// Receiver is one address on one channel. Address is personal data: for people who manage subscriptions; others see AddressMasked.
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
}

// SubscriptionPatch changes a subscription; nil fields stay.
type SubscriptionPatch struct {
	Name       *string
	ProgramIDs *[]string
	Events     *[]string
	ChannelIDs *[]string
	Receivers  *[]Receiver
	Enabled    *bool
}

// maxReceivers keeps one event from becoming a mailing.
const maxReceivers = 100

// ListSubscriptions returns all subscriptions, oldest first.
func (s *Service) ListSubscriptions(ctx context.Context) ([]Subscription, error) {
	var rows []subscriptionRow
	if err := s.db.Read.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
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
		Receivers: []Receiver{}, Enabled: row.Enabled, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
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

// over returns the whole subscription with the patch laid over it.
func (p SubscriptionPatch) over(old Subscription) SubscriptionInput {
	in := SubscriptionInput{
		Name: old.Name, ProgramIDs: old.ProgramIDs, Events: old.Events, ChannelIDs: old.ChannelIDs, Receivers: old.Receivers, Enabled: old.Enabled,
	}
	set(&in.Name, p.Name)
	set(&in.ProgramIDs, p.ProgramIDs)
	set(&in.Events, p.Events)
	set(&in.Enabled, p.Enabled)
	set(&in.ChannelIDs, p.ChannelIDs)
	set(&in.Receivers, p.Receivers)
	if p.ChannelIDs != nil && p.Receivers == nil {
		// Receivers on channels that were taken away go with them.
		in.Receivers = slices.DeleteFunc(slices.Clone(in.Receivers), func(r Receiver) bool { return !slices.Contains(in.ChannelIDs, r.ChannelID) })
	}
	if p.Receivers != nil && p.ChannelIDs == nil {
		in.ChannelIDs = nil // they follow from the receivers
		for _, r := range in.Receivers {
			if r.ChannelID == "" {
				in.ChannelIDs = old.ChannelIDs
			}
		}
	}
	return in
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
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

// fill checks in and puts it into the row, addresses sealed. known are the receivers whose masked form may stand for them.
func (s *Service) fill(ctx context.Context, tx db.Tx, row *subscriptionRow, in SubscriptionInput, known []Receiver) error {
	row.Name = strings.TrimSpace(in.Name)
	if len([]rune(row.Name)) > 60 {
		return &FieldError{Field: "name", Text: "名称应在 60 个字以内。"}
	}
	row.Enabled = in.Enabled
	row.ProgramIDs.V = unique(in.ProgramIDs)
	row.Events.V = unique(in.Events)
	if slices.Contains(row.ProgramIDs.V, "") {
		return &FieldError{Field: "program_ids", Text: "小程序编号不能为空。"}
	}
	if len(row.Events.V) == 0 {
		return &FieldError{Field: "events", Text: "请至少选择一种事件。"}
	}
	for _, e := range row.Events.V {
		if !knownKind(e) {
			return &FieldError{Field: "events", Text: "没有这种事件：" + clip(e, 40)}
		}
	}
	kindOf, err := channelKinds(ctx, tx)
	if err != nil {
		return err
	}
	return s.fillReceivers(row, in, known, kindOf)
}

func (s *Service) fillReceivers(row *subscriptionRow, in SubscriptionInput, known []Receiver, kindOf map[string]string) error {
	row.ChannelIDs.V = unique(in.ChannelIDs)
	known = slices.Clone(known)
	var out []receiver
	for _, r := range spread(in.Receivers, row.ChannelIDs.V) {
		p, ok := s.providers[kindOf[r.ChannelID]]
		if !ok {
			return &FieldError{Field: "receivers", Text: "接收人的通知渠道不存在，请重新选择。"}
		}
		checked, err := checkReceiver(r, &known, p)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(out, func(o receiver) bool {
			return o.ChannelID == r.ChannelID && strings.EqualFold(o.Address, checked.Address)
		}) {
			out = append(out, checked)
		}
		if !slices.Contains(row.ChannelIDs.V, r.ChannelID) {
			row.ChannelIDs.V = append(row.ChannelIDs.V, r.ChannelID)
		}
	}
	if n := len(out); n == 0 || n > maxReceivers {
		return &FieldError{Field: "receivers", Text: fmt.Sprintf("接收人需要 1 到 %d 个。", maxReceivers)}
	}
	for _, id := range row.ChannelIDs.V {
		if _, ok := kindOf[id]; !ok {
			return &FieldError{Field: "channel_ids", Text: "通知渠道不存在，请重新选择。"}
		}
		if !slices.ContainsFunc(out, func(r receiver) bool { return r.ChannelID == id }) {
			return &FieldError{Field: "receivers", Text: "有的通知渠道还没有接收人。"}
		}
	}
	return s.sealReceivers(row, out)
}

// checkReceiver brings an address into its normal form. The masked form of a known one stands for it, once.
func checkReceiver(r Receiver, known *[]Receiver, p channel.Provider) (receiver, error) {
	i := slices.IndexFunc(*known, func(k Receiver) bool {
		return k.ChannelID == r.ChannelID && k.AddressMasked != "" && (r.Address == k.AddressMasked || r.Address == "" && r.AddressMasked == k.AddressMasked)
	})
	if i >= 0 {
		r.Address = (*known)[i].Address
		*known = slices.Delete(*known, i, i+1)
	}
	address, masked, err := p.Address(r.Address)
	var wrong *FieldError
	switch {
	case errors.As(err, &wrong):
		return receiver{}, &FieldError{Field: "receivers", Text: "接收地址" + wrong.Text}
	case err != nil:
		return receiver{}, fmt.Errorf("check receiver: %w", err)
	}
	return receiver{ChannelID: r.ChannelID, Address: address, Masked: masked, UserID: r.UserID}, nil
}

// spread gives receivers without a channel one entry per channel.
func spread(rs []Receiver, channelIDs []string) []Receiver {
	var out []Receiver
	for _, r := range rs {
		if r.ChannelID != "" {
			out = append(out, r)
			continue
		}
		for _, id := range channelIDs {
			r.ChannelID = id
			out = append(out, r)
		}
	}
	return out
}

func channelKinds(ctx context.Context, tx db.Tx) (map[string]string, error) {
	var rows []channelRow
	if err := tx.NewSelect().Model(&rows).Column("id", "kind").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.ID] = r.Kind
	}
	return out, nil
}

func unique(in []string) []string {
	out := []string{}
	for _, v := range in {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
