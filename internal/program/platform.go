package program

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// PlatformConfig is what WeChat's console and we must agree on. Empty secrets mean "keep".
type PlatformConfig struct {
	ComponentAppID string
	Secret         secret.Text
	Token          secret.Text
	EncodingAESKey secret.Text
}

// PlatformStatus is the platform as staff see it: no secrets.
type PlatformStatus struct {
	ComponentAppID string
	HasSecret      bool
	HasToken       bool
	HasAESKey      bool
	TicketReceived db.Time
	TokenExpires   db.Time
	TokenError     string
}

// PushSecrets verify and open pushes: the current Token and Key and the previous ones, which stay valid while WeChat's console catches up
// (reference/wechat-open-platform.md §3.4).
type PushSecrets struct {
	AppID  string
	Tokens []secret.Text
	Keys   []secret.Text
}

var (
	appIDPattern = regexp.MustCompile(`^wx[0-9a-zA-Z]{8,30}$`)
	tokenPattern = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	keyPattern   = regexp.MustCompile(`^[0-9A-Za-z]{43}$`)
)

// FieldError says which value of a form is wrong and why, in words for the person who typed it.
type FieldError struct{ Field, Text string }

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Text }

// trimmed drops the blanks that come along when values are copied from a web page.
func (c PlatformConfig) trimmed() PlatformConfig {
	c.ComponentAppID = strings.TrimSpace(c.ComponentAppID)
	for _, v := range []*secret.Text{&c.Secret, &c.Token, &c.EncodingAESKey} {
		*v = secret.New(strings.TrimSpace(v.Reveal()))
	}
	return c
}

func (c PlatformConfig) check() error {
	if !appIDPattern.MatchString(c.ComponentAppID) {
		return &FieldError{"component_appid", "AppID 以 wx 开头，请从微信开放平台的第三方平台详情页复制"}
	}
	if !c.Token.IsEmpty() && !tokenPattern.MatchString(c.Token.Reveal()) {
		return &FieldError{"token", "消息校验 Token 应为 3 到 32 位字母或数字"}
	}
	if !c.EncodingAESKey.IsEmpty() && !keyPattern.MatchString(c.EncodingAESKey.Reveal()) {
		return &FieldError{"encoding_aes_key", "消息加解密 Key 应为 43 位字母或数字"}
	}
	return nil
}

// SeedPlatform stores first-start values; a platform that exists is left alone.
func (s *Service) SeedPlatform(ctx context.Context, c PlatformConfig) error {
	if c.ComponentAppID == "" {
		return nil
	}
	if _, err := s.loadPlatform(ctx); err == nil || !db.IsNotFound(err) {
		return err
	}
	return s.SetPlatform(ctx, c)
}

// SetPlatform stores the platform's values. A changed Token or Key keeps the old one valid for pushes. Another AppID starts afresh: tickets
// and tokens of the old one are dropped.
func (s *Service) SetPlatform(ctx context.Context, c PlatformConfig) error {
	c = c.trimmed()
	if err := c.check(); err != nil {
		return err
	}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		row := platformRow{ID: platformID}
		err := tx.NewSelect().Model(&row).WherePK().Scan(ctx)
		if err != nil && !db.IsNotFound(err) {
			return fmt.Errorf("read platform: %w", err)
		}
		fresh := row.ComponentAppID != c.ComponentAppID
		if fresh && row.ComponentAppID != "" {
			row = platformRow{ID: platformID}
			if _, err := tx.NewDelete().Model((*credential)(nil)).Where("kind = ?", componentKind).Exec(ctx); err != nil {
				return fmt.Errorf("drop old platform token: %w", err)
			}
		}
		row.ComponentAppID = c.ComponentAppID
		if err := s.sealInto(&row, c); err != nil {
			return err
		}
		row.UpdatedAt = s.now()
		q := tx.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE")
		if !fresh {
			// A ticket may arrive between the read and this write.
			for _, c := range []string{"component_appid", "secret_sealed", "token_sealed", "aes_key_sealed", "prev_token_sealed", "prev_aes_key_sealed", "updated_at"} {
				q = q.Set("? = EXCLUDED.?", bun.Ident(c), bun.Ident(c))
			}
		}
		if _, err := q.Exec(ctx); err != nil {
			return fmt.Errorf("store platform: %w", err)
		}
		return tx.Enqueue(ctx, KeepTokensArgs{}, keepTokensNow())
	})
	if err != nil {
		return err
	}
	s.pushCache.drop()
	return nil
}

// sealInto replaces the secrets that were given, moving the current Token and Key to previous when they change.
func (s *Service) sealInto(row *platformRow, c PlatformConfig) error {
	if err := s.replace(platformPlace("secret_sealed"), c.Secret, &row.SecretSealed, nil); err != nil {
		return err
	}
	if err := s.replace(platformPlace("token_sealed"), c.Token, &row.TokenSealed, &row.PrevTokenSealed); err != nil {
		return err
	}
	return s.replace(platformPlace("aes_key_sealed"), c.EncodingAESKey, &row.AESKeySealed, &row.PrevAESKeySealed)
}

// replace seals v into cur, unless it is empty or already there. What was there moves to prev, the column of the same name with prev_ before it.
func (s *Service) replace(at secret.Place, v secret.Text, cur, prev *string) error {
	if v.IsEmpty() {
		return nil
	}
	old, err := s.sealer.Open(at, *cur)
	if err == nil && old.Reveal() == v.Reveal() {
		return nil
	}
	if prev != nil && *cur != "" && err == nil {
		before := at
		before.Column = "prev_" + at.Column
		if *prev, err = s.sealer.Seal(before, old); err != nil {
			return err
		}
	}
	*cur, err = s.sealer.Seal(at, v)
	return err
}

func platformPlace(column string) secret.Place {
	return secret.Place{Table: "platform", Column: column, ID: platformID}
}

func (s *Service) loadPlatform(ctx context.Context) (platformRow, error) {
	row := platformRow{ID: platformID}
	err := s.db.Read.NewSelect().Model(&row).WherePK().Scan(ctx)
	if err != nil && !db.IsNotFound(err) {
		return row, fmt.Errorf("read platform: %w", err)
	}
	return row, err
}

// platformSecret returns the component AppID and AppSecret.
func (s *Service) platformSecret(ctx context.Context) (string, secret.Text, error) {
	row, err := s.loadPlatform(ctx)
	if db.IsNotFound(err) || (err == nil && row.SecretSealed == "") {
		return "", secret.Text{}, ErrNoPlatform
	}
	if err != nil {
		return "", secret.Text{}, err
	}
	sec, err := s.sealer.Open(platformPlace("secret_sealed"), row.SecretSealed)
	return row.ComponentAppID, sec, err
}

// Platform shows the platform without secrets; ErrNoPlatform when nothing is set yet.
func (s *Service) Platform(ctx context.Context) (PlatformStatus, error) {
	row, err := s.loadPlatform(ctx)
	if db.IsNotFound(err) {
		return PlatformStatus{}, ErrNoPlatform
	}
	if err != nil {
		return PlatformStatus{}, err
	}
	st := PlatformStatus{
		ComponentAppID: row.ComponentAppID,
		HasSecret:      row.SecretSealed != "", HasToken: row.TokenSealed != "", HasAESKey: row.AESKeySealed != "",
		TicketReceived: row.TicketReceivedAt,
	}
	cred, err := s.keeper.load(ctx, s.db.Read, componentKind, row.ComponentAppID)
	if err != nil && !db.IsNotFound(err) {
		return st, err
	}
	st.TokenExpires, st.TokenError = cred.ExpiresAt, cred.Error
	return st, nil
}

// PushSecrets returns what verifies pushes, from a short-lived cache so that a flood of pushes costs no queries.
func (s *Service) PushSecrets(ctx context.Context) (PushSecrets, error) {
	if ps, ok := s.pushCache.get(s.clock.Now()); ok {
		return ps, nil
	}
	row, err := s.loadPlatform(ctx)
	if db.IsNotFound(err) {
		return PushSecrets{}, ErrNoPlatform
	}
	if err != nil {
		return PushSecrets{}, err
	}
	ps := PushSecrets{AppID: row.ComponentAppID}
	for _, f := range []struct {
		column, sealed string
		to             *[]secret.Text
	}{
		{"token_sealed", row.TokenSealed, &ps.Tokens},
		{"prev_token_sealed", row.PrevTokenSealed, &ps.Tokens},
		{"aes_key_sealed", row.AESKeySealed, &ps.Keys},
		{"prev_aes_key_sealed", row.PrevAESKeySealed, &ps.Keys},
	} {
		if f.sealed == "" {
			continue
		}
		v, err := s.sealer.Open(platformPlace(f.column), f.sealed)
		if err != nil {
			return PushSecrets{}, err
		}
		*f.to = append(*f.to, v)
	}
	s.pushCache.put(ps, s.clock.Now().Add(pushCacheFor))
	return ps, nil
}

// pushCacheFor and one pushCacheGrace bound how long another instance's change of Token or Key goes unnoticed.
const (
	pushCacheFor   = 5 * time.Second
	pushCacheGrace = time.Second
)

// SaveTicket stores a component_verify_ticket in place of the one before and wakes the token keeper. It returns after the commit, so that the
// caller may answer success; ErrNoPlatform when the ticket is not for the configured platform.
//
// createdAt is WeChat's clock in Unix seconds, 0 if unknown: a ticket that was retried and arrives after a newer one is acknowledged and dropped. Much older
// ones are taken: then the clock was set back.
func (s *Service) SaveTicket(ctx context.Context, appID string, ticket secret.Text, createdAt int64) error {
	sealed, err := s.sealer.Seal(platformPlace("ticket_sealed"), ticket)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model((*platformRow)(nil)).
			Set("ticket_sealed = ?, ticket_received_at = ?, ticket_created_at = ?", sealed, s.now(), db.FromUnix(createdAt)).
			Where("id = ? AND component_appid = ?", platformID, appID).
			Where("ticket_created_at IS NULL OR ? = 0 OR ticket_created_at <= ? OR ticket_created_at > ?",
				createdAt, int64(db.FromUnix(createdAt)), int64(db.FromUnix(createdAt+int64(retriedWithin.Seconds())))).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store ticket: %w", err)
		}
		if !ok {
			return s.droppedTicket(ctx, tx, appID)
		}
		return tx.Enqueue(ctx, KeepTokensArgs{}, keepTokensNow())
	})
}

// retriedWithin is how much older than the newest ticket a retried one can be.
const retriedWithin = time.Hour

// droppedTicket tells a late ticket, which is fine, from one of another platform.
func (s *Service) droppedTicket(ctx context.Context, tx db.Tx, appID string) error {
	ours, err := tx.NewSelect().Model((*platformRow)(nil)).Where("id = ? AND component_appid = ?", platformID, appID).Exists(ctx)
	if err != nil {
		return fmt.Errorf("read platform: %w", err)
	}
	if !ours {
		return ErrNoPlatform
	}
	return nil
}

// GeneratePushSecrets makes a Token and a Key to paste into WeChat's console.
func GeneratePushSecrets() (token, key secret.Text, err error) {
	t, err := randomString(24)
	if err != nil {
		return token, key, err
	}
	k, err := randomString(43)
	return secret.New(t), secret.New(k), err
}

func randomString(n int) (string, error) {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		v, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil {
			return "", fmt.Errorf("read random: %w", err)
		}
		b[i] = letters[v.Int64()]
	}
	return string(b), nil
}
