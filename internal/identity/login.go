package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
)

// Login checks who is at the door. remoteAddr is the client's address, with or without port; behind a proxy it must be the client's, not
// the proxy's. otp may be empty for a user without second factor.
//
// It returns ErrBadLogin (also for unknown and disabled users, in the same time), ErrOTPRequired when only the code is missing,
// ErrBadOTP (an ErrBadLogin) for a wrong or used code, and *Throttled. Failures count for the account and the address, except
// ErrOTPRequired; a success clears the account's. The caller stores the user's id in a fresh session under SessionUserKey.
func (s *Service) Login(ctx context.Context, email, password, otp, remoteAddr string) (User, error) {
	of := newSubjects(email, remoteAddr)
	if err := s.refuseBlocked(ctx, of); err != nil {
		return User{}, err
	}
	leave, err := s.hasher.enter(ctx)
	if err != nil {
		return User{}, err
	}
	defer leave()
	// Again: others of the same burst have failed while this one waited for its turn.
	if err := s.refuseBlocked(ctx, of); err != nil {
		return User{}, err
	}
	row, step, err := s.checkLogin(ctx, email, password, otp)
	if err == nil {
		err = s.loggedIn(ctx, row, step, of, remoteAddr)
	}
	if errors.Is(err, ErrBadLogin) {
		// Counted even if the client is gone by now.
		if cerr := s.loginFailed(context.WithoutCancel(ctx), row, of, remoteAddr); cerr != nil {
			return User{}, cerr
		}
	}
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// checkLogin returns the user, if there is one, and the time step of the one-time code, 0 without second factor.
func (s *Service) checkLogin(ctx context.Context, email, password, otp string) (*userRow, int64, error) {
	row, err := s.userWhere(ctx, "email = ?", normalizeEmail(email))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, 0, err
	}
	hash := s.hasher.nobody
	if row != nil {
		hash = row.PasswordHash
	}
	ok, err := s.hasher.verify(hash, password)
	if err != nil {
		return row, 0, err
	}
	if !ok || row == nil || !row.active() {
		return row, 0, ErrBadLogin
	}
	if !row.totp() {
		return row, 0, nil
	}
	if otp == "" {
		return row, 0, ErrOTPRequired
	}
	step, err := s.checkCode(row, otp)
	return row, step, err
}

// loggedIn uses the one-time code up and clears the account's failures. The user must still be as it was when it was checked.
func (s *Service) loggedIn(ctx context.Context, row *userRow, step int64, of subjects, remoteAddr string) error {
	now := s.now()
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model(row).Set("last_login_at = ?", now).WherePK().Where("password_hash = ?", row.PasswordHash).Where("disabled_at IS NULL")
		if step > 0 {
			q = q.Set("totp_step = ?", step).Where("totp_step < ?", step)
		} else {
			q = q.Where("totp_confirmed_at IS NULL")
		}
		ok, err := db.Changed(q.Exec(ctx))
		if err != nil {
			return fmt.Errorf("store login: %w", err)
		}
		if !ok {
			return ErrBadLogin
		}
		if err := clearFailures(ctx, tx, of); err != nil {
			return err
		}
		ctx = WithPrincipal(ctx, row.principal(ViaSession))
		return s.Record(ctx, tx, Entry{Verb: "login", Object: ObjectUser, ObjectID: row.ID, Detail: map[string]any{"address": network(remoteAddr)}})
	})
	if err == nil {
		row.LastLoginAt = now
	}
	return err
}

// loginFailed counts, and records the moment an existing account gets blocked; single failures and made-up accounts would only fill the
// audit trail.
func (s *Service) loginFailed(ctx context.Context, row *userRow, of subjects, remoteAddr string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		failures, err := s.countFailure(ctx, tx, of)
		if err != nil || row == nil || failures != freeFailures {
			return err
		}
		return s.Record(WithPrincipal(ctx, System), tx, Entry{
			Verb: "login_blocked", Object: ObjectUser, ObjectID: row.ID, Detail: map[string]any{"address": network(remoteAddr), "failures": failures},
		})
	})
}
