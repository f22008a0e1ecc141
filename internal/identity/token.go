package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// tokenPrefix lets secret scanners, and people, tell our tokens.
const tokenPrefix = "zs_"

// lastUsedEvery is how often last_used_at is written, so that reading the API does not write each time.
const lastUsedEvery = time.Minute

// AllUsers asks ListTokens for everybody's tokens.
const AllUsers = ""

// Token is an API token. It has the rights of its user.
type Token struct {
	ID     string
	UserID string
	Name   string
	// Hint is the last four characters.
	Hint       string
	LastUsedAt db.Time // to the minute
	CreatedAt  db.Time
}

type tokenRow struct {
	bun.BaseModel `bun:"table:api_tokens"`

	ID         string  `bun:"id,pk"`
	UserID     string  `bun:"user_id"`
	Name       string  `bun:"name"`
	TokenHash  string  `bun:"token_hash"`
	Hint       string  `bun:"hint"`
	LastUsedAt db.Time `bun:"last_used_at"`
	RevokedAt  db.Time `bun:"revoked_at"`
	CreatedAt  db.Time `bun:"created_at"`
}

func (r *tokenRow) token() Token {
	return Token{ID: r.ID, UserID: r.UserID, Name: r.Name, Hint: r.Hint, LastUsedAt: r.LastUsedAt, CreatedAt: r.CreatedAt}
}

// CreateToken makes an API token for a user and returns it in clear, for the only time. It returns ErrName, or ErrNotFound for an unknown
// or disabled user.
func (s *Service) CreateToken(ctx context.Context, userID, name string) (Token, secret.Text, error) {
	name, err := parseName(name)
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	if !storable(userID) {
		return Token{}, secret.Text{}, ErrNotFound
	}
	plain := tokenPrefix + randomToken()
	row := &tokenRow{ID: db.NewID(), UserID: userID, Name: name, TokenHash: digest(plain), Hint: plain[len(plain)-4:], CreatedAt: s.now()}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		// Locked, so that a user who is being disabled gets no token.
		active := s.forUpdate(tx.NewSelect().Model((*userRow)(nil)).Column("id").Where("id = ?", userID).Where("disabled_at IS NULL"))
		var id string
		if err := active.Scan(ctx, &id); err != nil {
			return orNotFound(err, "read user")
		}
		if _, err := tx.NewInsert().Model(row).Exec(ctx); err != nil {
			return fmt.Errorf("insert token: %w", err)
		}
		return s.Record(ctx, tx, Entry{
			Verb: "create", Object: ObjectToken, ObjectID: row.ID, Detail: map[string]any{"name": row.Name, "hint": row.Hint, "user_id": userID},
		})
	})
	if err != nil {
		return Token{}, secret.Text{}, err
	}
	return row.token(), secret.New(plain), nil
}

// ListTokens returns the tokens of one user, or of AllUsers, that were not revoked; newest first.
func (s *Service) ListTokens(ctx context.Context, userID string) ([]Token, error) {
	var rows []tokenRow
	q := s.db.Read.NewSelect().Model(&rows).Where("revoked_at IS NULL").Order("created_at DESC", "id DESC")
	if !storable(userID) {
		return []Token{}, nil
	}
	if userID != AllUsers {
		q = q.Where("user_id = ?", userID)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	out := make([]Token, len(rows))
	for i := range rows {
		out[i] = rows[i].token()
	}
	return out, nil
}

// Token returns one token that was not revoked, or ErrNotFound: to see whose it is before revoking it.
func (s *Service) Token(ctx context.Context, id string) (Token, error) {
	if !storable(id) {
		return Token{}, ErrNotFound
	}
	var row tokenRow
	if err := s.db.Read.NewSelect().Model(&row).Where("id = ?", id).Where("revoked_at IS NULL").Scan(ctx); err != nil {
		return Token{}, orNotFound(err, "read token")
	}
	return row.token(), nil
}

// RevokeToken ends a token for ever. It returns ErrNotFound if it is unknown or was revoked before.
func (s *Service) RevokeToken(ctx context.Context, id string) error {
	if !storable(id) {
		return ErrNotFound
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model((*tokenRow)(nil)).Set("revoked_at = ?", s.now()).Where("id = ?", id).Where("revoked_at IS NULL").Exec(ctx))
		if err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return s.Record(ctx, tx, Entry{Verb: "revoke", Object: ObjectToken, ObjectID: id})
	})
}

// AuthenticateToken returns whose token this is. bearer is the token alone, without "Bearer ". It returns ErrBadToken.
func (s *Service) AuthenticateToken(ctx context.Context, bearer string) (Principal, error) {
	if !strings.HasPrefix(bearer, tokenPrefix) {
		return Principal{}, ErrBadToken
	}
	var token tokenRow
	err := s.db.Read.NewSelect().Model(&token).Where("token_hash = ?", digest(bearer)).Where("revoked_at IS NULL").Scan(ctx)
	if db.IsNotFound(err) {
		return Principal{}, ErrBadToken
	}
	if err != nil {
		return Principal{}, fmt.Errorf("read token: %w", err)
	}
	user, err := s.userWhere(ctx, "id = ?", token.UserID)
	if errors.Is(err, ErrNotFound) || err == nil && !user.active() {
		return Principal{}, ErrBadToken
	}
	if err != nil {
		return Principal{}, err
	}
	if err := s.touch(ctx, &token); err != nil {
		return Principal{}, err
	}
	return user.principal(ViaToken), nil
}

// touch notes that a token is in use.
func (s *Service) touch(ctx context.Context, t *tokenRow) error {
	now := s.now()
	stale := now - db.Time(lastUsedEvery.Milliseconds())
	if t.LastUsedAt > stale {
		return nil
	}
	_, err := s.db.Write().NewUpdate().Model(t).Set("last_used_at = ?", now).WherePK().
		Where("last_used_at IS NULL OR last_used_at <= ?", stale).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note use of token: %w", err)
	}
	return nil
}
