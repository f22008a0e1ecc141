package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// Channel is a way of telling people, without its secrets.
type Channel struct {
	ID, Kind, Name string
	// Settings is a JSON object without the secret fields; SecretsSet names those that have a value.
	Settings   json.RawMessage
	SecretsSet []string
	Enabled    bool
	// PausedUntil is not zero while the provider refuses the settings: nothing is sent before they are changed or a test succeeds, except
	// one notice at that time. HoldUntil is when a provider that can't be reached, or asked us to wait, is tried again.
	PausedUntil, HoldUntil       db.Time
	LastSuccessAt, LastFailureAt db.Time
	// LastError is the last failure in words; empty after a success.
	LastError            string
	CreatedAt, UpdatedAt db.Time
}

// ChannelInput describes a new channel.
type ChannelInput struct {
	Kind string
	Name string
	// Settings is a JSON object of all settings, secrets included.
	Settings json.RawMessage
}

// ChannelPatch changes a channel; nil fields stay. Settings are merged field by field, and an absent, empty or masked secret keeps its value.
type ChannelPatch struct {
	Name     *string
	Settings json.RawMessage
	Enabled  *bool
}

// ListChannels returns all channels, oldest first.
func (s *Service) ListChannels(ctx context.Context) ([]Channel, error) {
	var rows []channelRow
	if err := s.db.Read.NewSelect().Model(&rows).Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	out := make([]Channel, len(rows))
	for i := range rows {
		var err error
		if out[i], err = s.channelOf(&rows[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Channel returns one channel, or ErrNotFound.
func (s *Service) Channel(ctx context.Context, id string) (Channel, error) {
	row, err := s.channelRow(ctx, id)
	if err != nil {
		return Channel{}, err
	}
	return s.channelOf(row)
}

func (s *Service) channelRow(ctx context.Context, id string) (*channelRow, error) {
	row := &channelRow{ID: id}
	if err := s.db.Read.NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return nil, ErrNotFound
		}
		return nil, fmt.Errorf("read channel: %w", err)
	}
	return row, nil
}

func (s *Service) channelOf(row *channelRow) (Channel, error) {
	c := Channel{
		ID: row.ID, Kind: row.Kind, Name: row.Name, Settings: row.Settings.V, SecretsSet: []string{}, Enabled: row.Enabled, PausedUntil: row.PausedUntil,
		HoldUntil: row.HoldUntil, LastSuccessAt: row.LastSuccessAt, LastFailureAt: row.LastFailureAt, LastError: row.LastError,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if c.HoldUntil <= s.now() {
		c.HoldUntil = 0
	}
	secrets, err := s.openSecrets(row)
	if err != nil {
		// The list must stay usable, so that the secret can be typed in again.
		c.LastError = "渠道的设置无法读取，请重新填写并保存。"
		return c, nil
	}
	c.SecretsSet = slices.Sorted(maps.Keys(secrets))
	return c, nil
}

// CreateChannel stores a channel. It returns *FieldError for wrong settings.
func (s *Service) CreateChannel(ctx context.Context, in ChannelInput) (Channel, error) {
	p, ok := s.providers[in.Kind]
	if !ok {
		return Channel{}, &FieldError{Field: "kind", Text: "暂不支持这种通知渠道。"}
	}
	now := s.now()
	row := &channelRow{ID: db.NewID(), Kind: in.Kind, Version: 1, Enabled: true, CreatedAt: now, UpdatedAt: now}
	if err := row.rename(in.Name); err != nil {
		return Channel{}, err
	}
	public, secrets, err := split(p, in.Settings)
	if err != nil {
		return Channel{}, err
	}
	if err := s.apply(row, p, public, secrets); err != nil {
		return Channel{}, err
	}
	if _, err := s.db.Write().NewInsert().Model(row).Exec(ctx); err != nil {
		return Channel{}, fmt.Errorf("store channel: %w", err)
	}
	return s.channelOf(row)
}

// UpdateChannel changes a channel. New settings end a pause, and what waited for it is enqueued.
func (s *Service) UpdateChannel(ctx context.Context, id string, in ChannelPatch) (Channel, error) {
	row, err := s.channelRow(ctx, id)
	if err != nil {
		return Channel{}, err
	}
	before := row.Version
	if in.Name != nil {
		if err := row.rename(*in.Name); err != nil {
			return Channel{}, err
		}
	}
	if in.Enabled != nil {
		row.Enabled = *in.Enabled
	}
	if len(in.Settings) > 0 {
		if err := s.change(row, in.Settings); err != nil {
			return Channel{}, err
		}
		row.PausedUntil, row.Pauses, row.HoldUntil, row.Failures, row.FailingSince = 0, 0, 0, 0, 0
	}
	row.Version, row.UpdatedAt = before+1, s.now()
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		cols := []string{"name", "settings", "secrets_sealed", "enabled", "version", "updated_at"}
		if len(in.Settings) > 0 {
			cols = append(cols, "paused_until", "pauses", "hold_until", "failures", "failing_since")
		}
		ok, err := db.Changed(tx.NewUpdate().Model(row).Column(cols...).Where("id = ? AND version = ?", id, before).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store channel: %w", err)
		}
		if !ok {
			return ErrChanged
		}
		if !row.Enabled {
			return nil
		}
		return s.resume(ctx, tx, id)
	})
	if err != nil {
		return Channel{}, err
	}
	return s.Channel(ctx, id)
}

// DeleteChannel removes a channel that no subscription uses; ErrChannelInUse otherwise. Its notices stay as a record.
func (s *Service) DeleteChannel(ctx context.Context, id string) error {
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var subs []subscriptionRow
		if err := tx.NewSelect().Model(&subs).Column("channel_ids").Scan(ctx); err != nil {
			return fmt.Errorf("list subscriptions: %w", err)
		}
		for _, sub := range subs {
			if slices.Contains(sub.ChannelIDs.V, id) {
				return ErrChannelInUse
			}
		}
		ok, err := db.Changed(tx.NewDelete().Model((*channelRow)(nil)).Where("id = ?", id).Exec(ctx))
		if err != nil {
			return fmt.Errorf("delete channel: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return nil
	})
	if err == nil {
		s.forget(id)
	}
	return err
}

func (row *channelRow) rename(name string) error {
	row.Name = strings.TrimSpace(name)
	if n := len([]rune(row.Name)); n == 0 || n > 60 {
		return &FieldError{Field: "name", Text: "名称需要 1 到 60 个字。"}
	}
	return nil
}

// change merges settings into a stored channel.
func (s *Service) change(row *channelRow, settings json.RawMessage) error {
	p, ok := s.providers[row.Kind]
	if !ok {
		return &FieldError{Field: "kind", Text: "暂不支持这种通知渠道。"}
	}
	public, given, err := split(p, settings)
	if err != nil {
		return err
	}
	var old map[string]json.RawMessage
	if err := json.Unmarshal(row.Settings.V, &old); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	merged := maps.Clone(old)
	maps.Copy(merged, public)
	secrets, err := s.openSecrets(row)
	if err != nil {
		secrets = map[string]secret.Text{} // unreadable ones can only be replaced
	}
	kept := false
	for _, f := range p.SecretFields() {
		if v, ok := given[f]; ok {
			secrets[f] = v
		} else if _, ok := secrets[f]; ok {
			kept = true
		}
	}
	before := row.Settings.V
	if err := s.apply(row, p, merged, secrets); err != nil {
		return err
	}
	if kept && !p.SameAccount(before, row.Settings.V) {
		return &FieldError{Field: p.SecretFields()[0], Text: "更换服务器或账号后，请重新填写授权码或密钥。"}
	}
	return nil
}

// apply checks settings and puts them into the row, sealed.
func (s *Service) apply(row *channelRow, p channel.Provider, public map[string]json.RawMessage, secrets map[string]secret.Text) error {
	raw, err := json.Marshal(public)
	if err != nil {
		return fmt.Errorf("encode settings: %w", err)
	}
	if row.Settings.V, err = p.Check(channel.Settings{Public: raw, Secrets: secrets}); err != nil {
		return err
	}
	plain := map[string]string{}
	for k, v := range secrets {
		if !v.IsEmpty() {
			plain[k] = v.Reveal()
		}
	}
	row.SecretsSealed = ""
	if len(plain) == 0 {
		return nil
	}
	b, err := json.Marshal(plain)
	if err != nil {
		return errors.New("encode secrets") // the cause could quote them
	}
	row.SecretsSealed, err = s.sealer.Seal(secretsPlace(row.ID), secret.New(string(b)))
	return err
}

func (s *Service) openSecrets(row *channelRow) (map[string]secret.Text, error) {
	out := map[string]secret.Text{}
	sealed, err := s.sealer.Open(secretsPlace(row.ID), row.SecretsSealed)
	if err != nil {
		return nil, fmt.Errorf("open secrets of channel: %w", err)
	}
	if sealed.IsEmpty() {
		return out, nil
	}
	if err := json.Unmarshal([]byte(sealed.Reveal()), &out); err != nil {
		return nil, errors.New("open secrets of channel: not in the expected form")
	}
	return out, nil
}

// split takes the secrets out of settings. An empty or masked secret counts as not given, null as removed.
func split(p channel.Provider, settings json.RawMessage) (public map[string]json.RawMessage, secrets map[string]secret.Text, err error) {
	if err := json.Unmarshal(settings, &public); err != nil || public == nil {
		return nil, nil, &FieldError{Field: "settings", Text: "请填写渠道设置。"}
	}
	secrets = map[string]secret.Text{}
	for _, f := range p.SecretFields() {
		raw, ok := public[f]
		if !ok {
			continue
		}
		delete(public, f)
		var v *string
		if err := json.Unmarshal(raw, &v); err != nil {
			return nil, nil, &FieldError{Field: f, Text: "应为文字。"}
		}
		switch {
		case v == nil:
			secrets[f] = secret.Text{}
		case *v != "" && strings.Trim(*v, "*") != "":
			secrets[f] = secret.New(*v)
		}
	}
	return public, secrets, nil
}
