package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

const (
	home   = "192.0.2.1:40000"
	abroad = "198.51.100.7:40000"
)

// try logs in and returns the error alone.
func (w *world) try(email, password, addr string) error {
	_, err := w.Login(w.t.Context(), email, password, "", addr)
	return err
}

// blocked returns how long err says to wait, 0 if it is no block.
func blocked(err error) time.Duration {
	var th *Throttled
	if errors.As(err, &th) {
		return th.RetryAfter
	}
	return 0
}

func TestLogin(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("lilei", Agent, "p1")
		w.clock.Advance(time.Hour)
		got, err := w.Login(t.Context(), " LiLei@Example.com ", goodPassword, "", home)
		if err != nil {
			t.Fatal(err)
		}
		want := u
		want.LastLoginAt = db.At(testkit.Start.Add(time.Hour))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if read, err := w.User(t.Context(), u.ID); err != nil || !cmp.Equal(read, want) {
			t.Errorf("stored: %+v, %v", read, err)
		}
		items, _, err := w.ListAudit(t.Context(), AuditFilter{ActorID: u.ID})
		if err != nil || len(items) != 1 || items[0].Verb != "login" || items[0].Detail["address"] != "192.0.2.1" {
			t.Errorf("audit: %+v, %v", items, err)
		}
	})
}

func TestBadLoginTellsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("known", Agent)
		off := w.user("disabled", Agent)
		if _, err := w.UpdateUser(t.Context(), off.ID, Patch{Disabled: ptr(true)}); err != nil {
			t.Fatal(err)
		}
		for i, tc := range []struct{ email, password string }{
			{"known@example.com", "wrong password"},
			{"known@example.com", ""},
			{"unknown@example.com", goodPassword},
			{"disabled@example.com", goodPassword},
			{"disabled@example.com", "wrong password"},
			{"", goodPassword},
			{"known@example.com\x00", goodPassword},
			{"\xff", goodPassword},
		} {
			// Each from its own address, so that only the answer counts.
			err := w.try(tc.email, tc.password, fmt.Sprintf("192.0.2.%d", i))
			if err != ErrBadLogin { //nolint:errorlint // exactly the same answer, nothing wrapped
				t.Errorf("%q: %v", tc.email, err)
			}
		}
		if strings.Contains(w.dump(), "unknown@example.com") {
			t.Error("what was typed into the e-mail field is stored in clear")
		}
	})
}

func TestBlocksGrow(t *testing.T) {
	want := []time.Duration{
		0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900,
	}
	for i, w := range want {
		if got := block(int64(i + 1)); got != w*time.Second {
			t.Errorf("failure %d blocks %s, want %s", i+1, got, w*time.Second)
		}
	}
	if got := block(1 << 40); got != maxBlock {
		t.Errorf("very many failures block %s", got)
	}
}

func TestFailuresBlockTheAccountFromEverywhere(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		w.user("b", Agent)
		for i := range 5 {
			if err := w.try("a@example.com", "wrong password", fmt.Sprintf("198.51.100.%d", i)); !errors.Is(err, ErrBadLogin) {
				t.Fatalf("failure %d: %v", i+1, err)
			}
		}
		if got := blocked(w.try("A@example.com", goodPassword, home)); got != time.Second {
			t.Errorf("after 5 failures even the right password waits: %s", got)
		}
		if err := w.try("b@example.com", goodPassword, home); err != nil {
			t.Errorf("another account, another address: %v", err)
		}
		w.clock.Advance(time.Second)
		if err := w.try("a@example.com", "wrong password", home); !errors.Is(err, ErrBadLogin) {
			t.Errorf("after the wait it is tried: %v", err)
		}
		if got := blocked(w.try("a@example.com", goodPassword, abroad)); got != 2*time.Second {
			t.Errorf("the next failure blocks for longer: %s", got)
		}
		w.clock.Advance(2 * time.Second)
		if err := w.try("a@example.com", goodPassword, abroad); err != nil {
			t.Errorf("the right password after the wait: %v", err)
		}
		for i := range 4 {
			if err := w.try("a@example.com", "wrong password", fmt.Sprintf("203.0.113.%d", i)); !errors.Is(err, ErrBadLogin) {
				t.Errorf("a success clears the account, but failure %d: %v", i+1, err)
			}
		}
		blocks := 0
		for _, line := range w.trail() {
			if line == "login_blocked user" {
				blocks++
			}
		}
		if blocks != 1 {
			t.Errorf("the start of the block is recorded once, not %d times", blocks)
		}
	})
}

func TestFailuresBlockTheAddressForAllAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		w.user("mallory", Agent)
		for i := range 4 {
			if err := w.try(fmt.Sprintf("guess%d@example.com", i), "wrong password", abroad); !errors.Is(err, ErrBadLogin) {
				t.Fatalf("failure %d: %v", i+1, err)
			}
		}
		if err := w.try("mallory@example.com", goodPassword, abroad); err != nil {
			t.Fatal(err)
		}
		if err := w.try("guess9@example.com", "wrong password", "198.51.100.7:50000"); !errors.Is(err, ErrBadLogin) {
			t.Fatal(err)
		}
		if got := blocked(w.try("a@example.com", goodPassword, "198.51.100.7")); got != time.Second {
			t.Errorf("the attacker's own success, or another port, cleared the address: %s", got)
		}
		if err := w.try("a@example.com", goodPassword, home); err != nil {
			t.Errorf("from another address: %v", err)
		}
		for _, line := range w.trail() {
			if line == "login_blocked user" {
				t.Error("accounts that nobody has are in the trail")
			}
		}
	})
}

func TestABlockedAttemptDoesNotCount(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		for range 5 {
			_ = w.try("a@example.com", "wrong password", home)
		}
		for range 20 {
			if got := blocked(w.try("a@example.com", "wrong password", home)); got != time.Second {
				t.Fatalf("blocked for %s", got)
			}
		}
		w.clock.Advance(time.Second)
		if err := w.try("a@example.com", goodPassword, home); err != nil {
			t.Errorf("after a second: %v", err)
		}
	})
}

func TestFailuresAreForgottenAfterAnHour(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		for range 4 {
			_ = w.try("a@example.com", "wrong password", home)
		}
		w.clock.Advance(time.Hour + time.Millisecond)
		if err := w.DeleteExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.dump(), "login_failures.") {
			t.Error("old failures are kept")
		}
		for i := range 4 {
			if err := w.try("a@example.com", "wrong password", home); !errors.Is(err, ErrBadLogin) {
				t.Errorf("failure %d: %v", i+1, err)
			}
		}
		w.clock.Advance(time.Hour + time.Millisecond) // without cleaning up
		for i := range 4 {
			if err := w.try("a@example.com", "wrong password", home); !errors.Is(err, ErrBadLogin) {
				t.Errorf("failure %d: %v", i+1, err)
			}
		}
		w.clock.Advance(time.Hour - time.Minute)
		if err := w.DeleteExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = w.try("a@example.com", "wrong password", home)
		if got := blocked(w.try("a@example.com", goodPassword, home)); got != time.Second {
			t.Errorf("within the hour they count: %s", got)
		}
	})
}

func TestABurstOfGuessesGainsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		tried := 0
		for _, err := range atOnce(40, func(i int) error {
			return w.try("a@example.com", fmt.Sprintf("guess number %d", i), fmt.Sprintf("198.51.100.%d", i))
		}) {
			switch {
			case errors.Is(err, ErrBadLogin):
				tried++
			case blocked(err) == 0:
				t.Errorf("unexpected: %v", err)
			}
		}
		if most := freeFailures - 1 + maxHashing; tried < freeFailures || tried > most {
			t.Errorf("%d guesses were tried, want %d to %d", tried, freeFailures, most)
		}
	})
}

func TestInstancesCountTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("a", Agent)
		other := New(w.db, w.sealer, w.clock)
		other.hasher = w.hasher
		for i, s := range []*Service{w.Service, other, w.Service, other, w.Service} {
			if _, err := s.Login(t.Context(), "a@example.com", "wrong password", "", home); !errors.Is(err, ErrBadLogin) {
				t.Fatalf("failure %d: %v", i+1, err)
			}
		}
		if _, err := other.Login(t.Context(), "a@example.com", goodPassword, "", home); blocked(err) != time.Second {
			t.Errorf("the other instance: %v", err)
		}
	})
}

func TestAGuessCountsEvenIfTheClientHangsUp(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		row, err := w.userWhere(t.Context(), "id = ?", u.ID)
		if err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.loginFailed(context.WithoutCancel(gone), row, newSubjects(u.Email, home), home); err != nil {
			t.Errorf("not counted: %v", err)
		}
		if _, err := w.Login(gone, u.Email, goodPassword, "", home); !errors.Is(err, context.Canceled) {
			t.Errorf("a client that is gone is logged in: %v", err)
		}
	})
}

func TestALoginThatRacesWithANewPasswordLoses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		row, step, err := w.checkLogin(t.Context(), u.Email, goodPassword, "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.UpdateUser(t.Context(), u.ID, Patch{Password: ptr(secret.New("another good password"))}); err != nil {
			t.Fatal(err)
		}
		if err := w.loggedIn(t.Context(), row, step, newSubjects(u.Email, home), home); !errors.Is(err, ErrBadLogin) {
			t.Errorf("the old password logs in: %v", err)
		}
		if err := w.try(u.Email, goodPassword, home); !errors.Is(err, ErrBadLogin) {
			t.Errorf("the old password: %v", err)
		}
		if err := w.try(u.Email, "another good password", home); err != nil {
			t.Errorf("the new password: %v", err)
		}
	})
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":               "192.0.2.1",
		"192.0.2.1:8080":          "192.0.2.1",
		"[::ffff:192.0.2.1]:8080": "192.0.2.1",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:443":   "2001:db8:1:2::/64",
		"fe80::1%eth0":            "fe80::/64",
		"":                        "",
		"@":                       "@",
	} {
		if got := network(in); got != want {
			t.Errorf("network(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestThrottledSaysHowLong(t *testing.T) {
	if got := (&Throttled{RetryAfter: 4 * time.Second}).Error(); !strings.Contains(got, "4s") {
		t.Error(got)
	}
}
