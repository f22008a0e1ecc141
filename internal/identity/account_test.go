package identity

import (
	"errors"
	"testing"

	"github.com/zhisu/zhisu/internal/secret"
)

const newPassword = "another good password"

func TestChangePassword(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("lilei", Agent)
		ctx := as(t.Context(), u)
		change := func(present, next string) error {
			return w.ChangePassword(ctx, u.ID, secret.New(present), secret.New(next), home)
		}
		if err := change("wrong password", newPassword); !errors.Is(err, ErrWrongPassword) || errors.Is(err, ErrBadLogin) {
			t.Errorf("wrong present password: %v", err)
		}
		if err := change(goodPassword, "short"); !errors.Is(err, ErrWeakPassword) {
			t.Errorf("weak new password: %v", err)
		}
		if err := w.try("lilei@example.com", goodPassword, home); err != nil {
			t.Errorf("after refusals the old one stays: %v", err)
		}
		if err := change(goodPassword, newPassword); err != nil {
			t.Fatal(err)
		}
		if err := w.try("lilei@example.com", goodPassword, home); !errors.Is(err, ErrBadLogin) {
			t.Errorf("old password: %v", err)
		}
		if err := w.try("lilei@example.com", newPassword, home); err != nil {
			t.Errorf("new password: %v", err)
		}
		if err := w.ChangePassword(ctx, "nobody", secret.New(goodPassword), secret.New(newPassword), home); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown user: %v", err)
		}
	})
}

func TestOfTwoNewPasswordsAtOnceOneWins(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("lilei", Agent)
		errs := atOnce(2, func(i int) error {
			return w.ChangePassword(as(t.Context(), u), u.ID, secret.New(goodPassword), secret.New(newPassword+string(rune('a'+i))), home)
		})
		won := 0
		for i, err := range errs {
			if err != nil && !errors.Is(err, ErrWrongPassword) {
				t.Error(err)
			}
			if login := w.try("lilei@example.com", newPassword+string(rune('a'+i)), abroad); (login == nil) != (err == nil) {
				t.Errorf("change answered %v, logging in with it %v", err, login)
			}
			if err == nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d changes won", won)
		}
	})
}

func TestAConfirmationCountsLikeALogin(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("lilei", Agent)
		for range freeFailures {
			if err := w.DisableOwnTOTP(t.Context(), u.ID, secret.New("wrong password"), home); !errors.Is(err, ErrWrongPassword) {
				t.Fatal(err)
			}
		}
		if err := w.DisableOwnTOTP(t.Context(), u.ID, secret.New(goodPassword), home); blocked(err) == 0 {
			t.Errorf("after too many failures: %v", err)
		}
		if err := w.try("lilei@example.com", goodPassword, abroad); blocked(err) == 0 {
			t.Errorf("the door is open meanwhile: %v", err)
		}
	})
}
