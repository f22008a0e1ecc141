package identity

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// code is what the user's app shows at the clock's time plus off.
func (w *world) code(e Enrolment, off time.Duration) string {
	w.t.Helper()
	c, err := totp.GenerateCode(e.Secret.Reveal(), w.clock.Now().Add(off))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// withTOTP makes a user whose second factor is on, and whose clock stands a minute later.
func (w *world) withTOTP(name string) (User, Enrolment) {
	w.t.Helper()
	u := w.user(name, Agent)
	e, err := w.EnrolTOTP(w.t.Context(), u.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.ConfirmTOTP(w.t.Context(), u.ID, w.code(e, 0)); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	return u, e
}

func (w *world) tryOTP(u User, code string) error {
	_, err := w.Login(w.t.Context(), u.Email, goodPassword, code, home)
	return err
}

func TestEnrolmentIsWhatAppsRead(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		e, err := w.EnrolTOTP(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		key, err := otp.NewKeyFromURL(e.URL.Reveal())
		if err != nil || key.Issuer() != "Zhisu" || key.AccountName() != u.Email || key.Secret() != e.Secret.Reveal() || key.Period() != 30 || key.Type() != "totp" {
			t.Errorf("%v, %v", key, err)
		}
		if dump := w.dump(); strings.Contains(dump, e.Secret.Reveal()) || !strings.Contains(dump, "users.totp_sealed=s1.") {
			t.Error("the secret is not sealed")
		}
	})
}

func TestSecondFactorIsAskedForOnceConfirmed(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		if err := w.ConfirmTOTP(t.Context(), u.ID, "123456"); !errors.Is(err, ErrOTPNotEnrolled) {
			t.Errorf("confirm what was not proposed: %v", err)
		}
		first, err := w.EnrolTOTP(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.tryOTP(u, ""); err != nil {
			t.Errorf("a proposed second factor is not asked for: %v", err)
		}
		e, err := w.EnrolTOTP(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.ConfirmTOTP(t.Context(), u.ID, w.code(first, 0)); !errors.Is(err, ErrBadOTP) {
			t.Errorf("the proposal that was replaced: %v", err)
		}
		if err := w.ConfirmTOTP(t.Context(), u.ID, w.code(e, 0)); err != nil {
			t.Fatal(err)
		}
		if err := w.tryOTP(u, ""); !errors.Is(err, ErrOTPRequired) {
			t.Errorf("without a code: %v", err)
		}
		if err := w.tryOTP(u, w.code(e, 0)); !errors.Is(err, ErrBadOTP) {
			t.Errorf("the code that confirmed is used up: %v", err)
		}
		w.clock.Advance(30 * time.Second)
		if err := w.tryOTP(u, w.code(e, 0)); err != nil {
			t.Errorf("the next code: %v", err)
		}
		if read, err := w.User(t.Context(), u.ID); err != nil || !read.TOTP {
			t.Errorf("shown as on: %+v, %v", read, err)
		}
		if _, err := w.EnrolTOTP(t.Context(), u.ID); !errors.Is(err, ErrOTPActive) {
			t.Errorf("a session alone cannot replace an active second factor: %v", err)
		}
		if err := w.ConfirmTOTP(t.Context(), u.ID, w.code(e, 30*time.Second)); !errors.Is(err, ErrOTPActive) {
			t.Errorf("confirm again: %v", err)
		}
	})
}

func TestWhichCodesAreTaken(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u, e := w.withTOTP("a")
		for name, code := range map[string]string{
			"two steps old":     w.code(e, -time.Minute),
			"two steps ahead":   w.code(e, time.Minute),
			"too short":         "12345",
			"too long":          "1234567",
			"not a number":      "abcdef",
			"six Chinese words": "一二三四五六",
		} {
			w.clock.Advance(time.Hour / 2) // so that failures do not add up to a block
			if name == "two steps old" || name == "two steps ahead" {
				w.clock.Advance(-time.Hour / 2)
			}
			if err := w.tryOTP(u, code); !errors.Is(err, ErrBadOTP) || !errors.Is(err, ErrBadLogin) {
				t.Errorf("%s: %v", name, err)
			}
			if err := w.clearAll(); err != nil {
				t.Fatal(err)
			}
		}
		w.clock.Advance(time.Minute)
		old, now, next := w.code(e, -30*time.Second), w.code(e, 0), w.code(e, 30*time.Second)
		if err := w.tryOTP(u, old[:3]+" "+old[3:]); err != nil {
			t.Errorf("one step old, typed as the app shows it: %v", err)
		}
		if err := w.tryOTP(u, old); !errors.Is(err, ErrBadOTP) {
			t.Errorf("the same code again: %v", err)
		}
		if err := w.tryOTP(u, next); err != nil {
			t.Errorf("one step ahead: %v", err)
		}
		if err := w.tryOTP(u, now); !errors.Is(err, ErrBadOTP) {
			t.Errorf("a code of an earlier step than the last one used: %v", err)
		}
	})
}

// clearAll forgets all login failures.
func (w *world) clearAll() error {
	_, err := w.db.Write().NewDelete().Model((*failureRow)(nil)).Where("1 = 1").Exec(w.t.Context())
	return err
}

func TestOneCodeAtOnceLogsInOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u, e := w.withTOTP("a")
		code := w.code(e, 0)
		in := 0
		for _, err := range atOnce(4, func(int) error { return w.tryOTP(u, code) }) {
			if err == nil {
				in++
			} else if !errors.Is(err, ErrBadLogin) {
				t.Errorf("unexpected: %v", err)
			}
		}
		if in != 1 {
			t.Errorf("one code logged in %d times", in)
		}
	})
}

func TestWrongCodesAreThrottledAndMissingOnesNot(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u, e := w.withTOTP("a")
		for range 10 {
			if err := w.tryOTP(u, ""); !errors.Is(err, ErrOTPRequired) {
				t.Fatalf("without a code: %v", err)
			}
		}
		for range 5 {
			if err := w.tryOTP(u, "12345"); !errors.Is(err, ErrBadOTP) {
				t.Fatalf("wrong code: %v", err)
			}
			if err := w.tryOTP(u, ""); !errors.Is(err, ErrOTPRequired) && blocked(err) == 0 {
				t.Fatalf("the password alone must not clear the failures: %v", err)
			}
		}
		if got := blocked(w.tryOTP(u, w.code(e, 0))); got != time.Second {
			t.Errorf("after 5 wrong codes: blocked %s", got)
		}
		w.clock.Advance(time.Second)
		if err := w.try(u.Email, "wrong password", home); !errors.Is(err, ErrBadLogin) || errors.Is(err, ErrBadOTP) || errors.Is(err, ErrOTPRequired) {
			t.Errorf("a wrong password does not tell about the second factor: %v", err)
		}
	})
}

func TestDisableTOTP(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u, _ := w.withTOTP("a")
		if err := w.DisableTOTP(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.tryOTP(u, ""); err != nil {
			t.Errorf("login without code: %v", err)
		}
		if strings.Contains(w.dump(), "totp_sealed=s1.") {
			t.Error("the secret is kept")
		}
		trail := w.trail()
		if err := w.DisableTOTP(t.Context(), u.ID); err != nil || len(w.trail()) != len(trail) {
			t.Errorf("off again: %v, %v", err, w.trail())
		}
		if err := w.DisableTOTP(t.Context(), "nobody"); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown user: %v", err)
		}
		if _, err := w.EnrolTOTP(t.Context(), u.ID); err != nil {
			t.Errorf("enrol again: %v", err)
		}
	})
}

func TestASecondFactorCopiedToAnotherUserDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, e := w.withTOTP("a")
		b, _ := w.withTOTP("b")
		_, err := w.db.Write().ExecContext(t.Context(), "UPDATE users SET totp_sealed = (SELECT totp_sealed FROM users AS x WHERE x.id = ?) WHERE id = ?", a.ID, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		err = w.tryOTP(b, w.code(e, 0))
		if err == nil || errors.Is(err, ErrBadLogin) {
			t.Errorf("a copied secret: %v", err)
		}
	})
}
