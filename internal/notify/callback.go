package notify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// Kinds with a callback address of ours.
const (
	kindOffiAccount = "offiaccount"
	kindSMS         = "sms"
)

func callbackPlace(channelID string) secret.Place {
	return secret.Place{Table: "channels", Column: "callback_sealed", ID: channelID}
}

// Account is what verifies the pushes of an official account.
type Account struct {
	ChannelID, AppID string
	// Token is empty when the channel has no callback.
	Token, Key secret.Text
	// Mode is plain, compat or safe.
	Mode string
}

// Account returns the official account behind a channel, or ErrNotFound.
func (s *Service) Account(ctx context.Context, channelID string) (Account, error) {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return Account{}, err
	}
	if ch.Kind != kindOffiAccount {
		return Account{}, ErrNotFound
	}
	var set struct {
		AppID string `json:"appid"`
		Mode  string `json:"push_mode"`
	}
	if err := json.Unmarshal(ch.Settings.V, &set); err != nil {
		return Account{}, fmt.Errorf("read settings of channel: %w", err)
	}
	secrets, err := s.openSecrets(ch)
	if err != nil {
		return Account{}, err
	}
	return Account{ChannelID: ch.ID, AppID: set.AppID, Token: secrets["token"], Key: secrets["encoding_aes_key"], Mode: set.Mode}, nil
}

// ReportKey returns the secret part of the address for delivery reports of an SMS channel, or ErrNotFound; empty if nobody has asked for the address yet.
func (s *Service) ReportKey(ctx context.Context, channelID string) (secret.Text, error) {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return secret.Text{}, err
	}
	if ch.Kind != kindSMS {
		return secret.Text{}, ErrNotFound
	}
	return s.sealer.Open(callbackPlace(ch.ID), ch.CallbackSealed)
}

// CallbackURL returns the address to enter in the provider's console, or ErrNotFound for a kind without one. That of an SMS channel is as secret as a password.
func (s *Service) CallbackURL(ctx context.Context, channelID string) (string, error) {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return "", err
	}
	switch ch.Kind {
	case kindOffiAccount:
		return s.publicURL + "/wechat/offiaccount/" + ch.ID, nil
	case kindSMS:
		key, err := s.ensureCallback(ctx, ch)
		return s.publicURL + "/sms/reports/" + ch.ID + "/" + key.Reveal(), err
	}
	return "", ErrNotFound
}

// ensureCallback makes the secret part once; of two who ask at the same time both get the same. From then on receipts may come: the new version opens the
// channel anew.
func (s *Service) ensureCallback(ctx context.Context, ch *channelRow) (secret.Text, error) {
	if ch.CallbackSealed == "" {
		raw := make([]byte, 24)
		if _, err := rand.Read(raw); err != nil {
			return secret.Text{}, fmt.Errorf("make callback key: %w", err)
		}
		sealed, err := s.sealer.Seal(callbackPlace(ch.ID), secret.New(hex.EncodeToString(raw)))
		if err != nil {
			return secret.Text{}, fmt.Errorf("seal callback key: %w", err)
		}
		_, err = s.db.Write().NewUpdate().Model((*channelRow)(nil)).Set("callback_sealed = ?, version = version + 1", sealed).
			Where("id = ? AND callback_sealed = ''", ch.ID).Exec(ctx)
		if err != nil {
			return secret.Text{}, fmt.Errorf("store callback key: %w", err)
		}
		row := &channelRow{ID: ch.ID}
		if err := s.db.Write().NewSelect().Model(row).WherePK().Scan(ctx); err != nil {
			return secret.Text{}, fmt.Errorf("read channel: %w", err)
		}
		ch = row
	}
	return s.sealer.Open(callbackPlace(ch.ID), ch.CallbackSealed)
}

// Templates asks the provider for the templates of an account. Settings may be those of a form that is not saved; with channelID, secrets that are left out
// are the stored ones. failed is the provider's refusal in words.
func (s *Service) Templates(ctx context.Context, kind, channelID string, settings json.RawMessage) (list []channel.Template, failed *TestResult, err error) {
	p, ok := s.providers[kind].(channel.Templater)
	if !ok {
		return nil, nil, &FieldError{Field: "kind", Text: "这种渠道没有模板列表。"}
	}
	public, given, err := split(p, settings)
	if err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(public)
	if err != nil {
		return nil, nil, fmt.Errorf("encode settings: %w", err)
	}
	if channelID != "" {
		ch, err := s.channelRow(ctx, channelID)
		if err != nil {
			return nil, nil, err
		}
		stored, err := s.openSecrets(ch)
		if err == nil && ch.Kind == kind && p.SameAccount(ch.Settings.V, raw) {
			for f, v := range stored {
				if _, ok := given[f]; !ok {
					given[f] = v
				}
			}
		}
	}
	ctx, cancel := context.WithTimeout(ctx, db.JobTimeout)
	defer cancel()
	list, res := p.Templates(ctx, channel.Settings{Public: raw, Secrets: given})
	if res != nil {
		return nil, &TestResult{ProviderCode: res.ProviderCode, ProviderText: res.ProviderText, Text: res.Text}, nil
	}
	return list, nil, nil
}

// Preview shows what a message with invented facts would look like. Settings may be incomplete.
func (s *Service) Preview(kind string, settings json.RawMessage) ([]channel.Filled, error) {
	p, ok := s.providers[kind].(channel.Previewer)
	if !ok {
		return nil, &FieldError{Field: "kind", Text: "这种渠道没有模板。"}
	}
	vars := ExampleVars(s.publicURL)
	vars["event"] = Vars()[0].Example
	return p.Preview(settings, vars)
}
