package identity

import (
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// firstLink is the id of the only row of setup_links.
const firstLink = "first"

type setupRow struct {
	bun.BaseModel `bun:"table:setup_links"`

	ID        string  `bun:"id,pk"`
	TokenHash string  `bun:"token_hash"`
	UsedAt    db.Time `bun:"used_at"`
	CreatedAt db.Time `bun:"created_at"`
}

// NeedsSetup reports whether there is no active owner yet. Once there is one, there always is.
func (s *Service) NeedsSetup(ctx context.Context) (bool, error) { return noOwner(ctx, s.db.Read) }

func noOwner(ctx context.Context, q bun.IDB) (bool, error) {
	found, err := q.NewSelect().Model((*userRow)(nil)).Where("role = ?", Owner).Where("disabled_at IS NULL").Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for an owner: %w", err)
	}
	return !found, nil
}

// NewSetupLink returns the token of a link with which the first owner is made, once. Links made before stop working. It returns
// ErrSetupDone when there is an owner. Only a digest is stored.
func (s *Service) NewSetupLink(ctx context.Context) (token string, err error) {
	token = randomToken()
	row := &setupRow{ID: firstLink, TokenHash: digest(token), CreatedAt: s.now()}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if needed, err := noOwner(ctx, tx); err != nil || !needed {
			return orSetupDone(err)
		}
		_, err := tx.NewInsert().Model(row).On("CONFLICT (id) DO UPDATE").
			Set("token_hash = EXCLUDED.token_hash, used_at = NULL, created_at = EXCLUDED.created_at").Exec(ctx)
		if err != nil {
			return fmt.Errorf("store set-up link: %w", err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

func orSetupDone(err error) error {
	if err != nil {
		return err
	}
	return ErrSetupDone
}

// Setup makes the first owner with the token of the newest set-up link, exactly once. It returns ErrSetupLink for a wrong or replaced
// token, ErrSetupDone once there is an owner, and the errors of CreateUser; after those the link still works.
func (s *Service) Setup(ctx context.Context, token, email, name, password string) (User, error) {
	// Before the costly hash, so that strangers cannot make us work.
	if err := s.checkSetupLink(ctx, token); err != nil {
		return User{}, err
	}
	row, err := s.newRow(ctx, NewUser{Email: email, Name: name, Role: Owner, Password: secret.New(password)})
	if err != nil {
		return User{}, err
	}
	if err := s.useSetupLink(ctx, token, row); err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// useSetupLink uses the link up and adds the owner, both or neither.
func (s *Service) useSetupLink(ctx context.Context, token string, row *userRow) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		used, err := db.Changed(tx.NewUpdate().Model((*setupRow)(nil)).Set("used_at = ?", s.now()).Where("id = ?", firstLink).
			Where("token_hash = ?", digest(token)).Where("used_at IS NULL").Exec(ctx))
		if err != nil {
			return fmt.Errorf("use set-up link: %w", err)
		}
		// The update waited for a click before this one, so now its owner is visible.
		if needed, err := noOwner(ctx, tx); err != nil || !needed {
			return orSetupDone(err)
		}
		if !used {
			return ErrSetupLink
		}
		if err := insertUser(ctx, tx, row); err != nil {
			return err
		}
		ctx = WithPrincipal(ctx, row.principal(ViaSession))
		return s.Record(ctx, tx, Entry{Verb: "setup", Object: ObjectUser, ObjectID: row.ID, Detail: map[string]any{"email": row.Email, "role": row.Role}})
	})
}

func (s *Service) checkSetupLink(ctx context.Context, token string) error {
	if needed, err := s.NeedsSetup(ctx); err != nil || !needed {
		return orSetupDone(err)
	}
	var row setupRow
	err := s.db.Read.NewSelect().Model(&row).Where("id = ?", firstLink).Scan(ctx)
	if db.IsNotFound(err) {
		return ErrSetupLink
	}
	if err != nil {
		return fmt.Errorf("read set-up link: %w", err)
	}
	if subtle.ConstantTimeCompare([]byte(row.TokenHash), []byte(digest(token))) != 1 {
		return ErrSetupLink
	}
	if !row.UsedAt.IsZero() {
		return ErrSetupDone // by the same click, a moment ago
	}
	return nil
}
