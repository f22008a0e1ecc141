package identity

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// ChangePassword sets a user's own password, for who knows the present one, and ends all the user's sessions: the caller renews the one it came with. remoteAddr is
// as for Login. It returns ErrWrongPassword, ErrWeakPassword, ErrNotFound for an unknown or disabled user, and *Throttled.
func (s *Service) ChangePassword(ctx context.Context, userID string, present, next secret.Text, remoteAddr string) error {
	if err := checkPassword(next.Reveal()); err != nil {
		return err
	}
	row, err := s.confirm(ctx, userID, present, remoteAddr)
	if err != nil {
		return err
	}
	_, err = s.UpdateUser(ctx, userID, Patch{Password: &next, from: row.PasswordHash})
	return err
}

// DisableOwnTOTP turns a user's own second factor off, for who knows the password: an unlocked desk alone must not do. It returns ErrWrongPassword, ErrNotFound and
// *Throttled.
func (s *Service) DisableOwnTOTP(ctx context.Context, userID string, password secret.Text, remoteAddr string) error {
	if _, err := s.confirm(ctx, userID, password, remoteAddr); err != nil {
		return err
	}
	return s.DisableTOTP(ctx, userID)
}

// confirm checks the password of somebody who is logged in. Failures count like those at the door, or this would be the way around it.
func (s *Service) confirm(ctx context.Context, userID string, password secret.Text, remoteAddr string) (*userRow, error) {
	row, err := s.userWhere(ctx, "id = ?", userID)
	if err != nil {
		return nil, err
	}
	if !row.active() {
		return nil, ErrNotFound
	}
	of := newSubjects(row.Email, remoteAddr)
	right, err := s.checkPresent(ctx, row, password, of)
	if err != nil {
		return nil, err
	}
	if !right {
		// Counted even if the client is gone by now.
		if err := s.loginFailed(context.WithoutCancel(ctx), row, of, remoteAddr); err != nil {
			return nil, err
		}
		return nil, ErrWrongPassword
	}
	return row, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return clearFailures(ctx, tx, of) })
}

func (s *Service) checkPresent(ctx context.Context, row *userRow, password secret.Text, of subjects) (bool, error) {
	if err := s.refuseBlocked(ctx, of); err != nil {
		return false, err
	}
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	// Again: others of the same burst have failed while this one waited for its turn.
	if err := s.refuseBlocked(ctx, of); err != nil {
		return false, err
	}
	return s.hasher.verify(row.PasswordHash, password.Reveal())
}
