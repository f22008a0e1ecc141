package identity

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestTokenHasTheRightsOfItsUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent, "p1")
		tok, plain, err := w.CreateToken(as(t.Context(), u), u.ID, " 对账脚本 ")
		if err != nil {
			t.Fatal(err)
		}
		clear := plain.Reveal()
		if !regexp.MustCompile(`^zs_[0-9a-f]{64}$`).MatchString(clear) {
			t.Errorf("token looks like %d characters of something else", len(clear))
		}
		want := Token{ID: tok.ID, UserID: u.ID, Name: "对账脚本", Hint: clear[len(clear)-4:], CreatedAt: db.At(testkit.Start)}
		if diff := cmp.Diff(want, tok); diff != "" {
			t.Error(diff)
		}
		p, err := w.AuthenticateToken(t.Context(), clear)
		wantP := Principal{UserID: u.ID, Email: u.Email, Name: "a", Role: Agent, ProgramIDs: []string{"p1"}, Via: ViaToken}
		if err != nil || !cmp.Equal(p, wantP) {
			t.Errorf("%+v, %v", p, err)
		}
		if _, err := w.UpdateUser(t.Context(), u.ID, Patch{Role: ptr(Viewer), ProgramIDs: ptr([]string{"p2"})}); err != nil {
			t.Fatal(err)
		}
		if p, err = w.AuthenticateToken(t.Context(), clear); err != nil || p.Role != Viewer || p.Sees("p1") || !p.Sees("p2") {
			t.Errorf("after the user's role changed: %+v, %v", p, err)
		}
		if strings.Contains(w.dump(), clear) {
			t.Error("the token is stored in clear")
		}
	})
}

func TestBadTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Owner)
		_, plain, err := w.CreateToken(t.Context(), u.ID, "script")
		if err != nil {
			t.Fatal(err)
		}
		clear := plain.Reveal()
		for _, bad := range []string{"", "zs_", "Bearer " + clear, clear + "0", clear[:len(clear)-1], strings.ToUpper(clear), strings.TrimPrefix(clear, "zs_"), digest(clear), "zs_\x00"} {
			if p, err := w.AuthenticateToken(t.Context(), bad); !errors.Is(err, ErrBadToken) || p.Role != "" {
				t.Errorf("%d characters: %+v, %v", len(bad), p, err)
			}
		}
		for name, tc := range map[string]struct {
			userID, name string
			want         error
		}{
			"unknown user": {db.NewID(), "x", ErrNotFound},
			"NUL":          {"\x00", "x", ErrNotFound},
			"no name":      {u.ID, "", ErrName},
			"long name":    {u.ID, strings.Repeat("x", 65), ErrName},
		} {
			if _, _, err := w.CreateToken(t.Context(), tc.userID, tc.name); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
	})
}

func TestRevokedTokenIsGone(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		a, b := w.user("a", Agent), w.user("b", Agent)
		one, plain, err := w.CreateToken(t.Context(), a.ID, "one")
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		two, _, err := w.CreateToken(t.Context(), a.ID, "two")
		if err != nil {
			t.Fatal(err)
		}
		three, other, err := w.CreateToken(t.Context(), b.ID, "three")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.ListTokens(t.Context(), a.ID); err != nil || !cmp.Equal(got, []Token{two, one}) {
			t.Errorf("a's tokens, newest first: %+v, %v", got, err)
		}
		if got, err := w.ListTokens(t.Context(), AllUsers); err != nil || len(got) != 3 {
			t.Errorf("all tokens: %+v, %v", got, err)
		}
		if err := w.RevokeToken(t.Context(), one.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.AuthenticateToken(t.Context(), plain.Reveal()); !errors.Is(err, ErrBadToken) {
			t.Errorf("revoked: %v", err)
		}
		if _, err := w.AuthenticateToken(t.Context(), other.Reveal()); err != nil {
			t.Errorf("somebody else's: %v", err)
		}
		if got, err := w.ListTokens(t.Context(), a.ID); err != nil || !cmp.Equal(got, []Token{two}) {
			t.Errorf("after revoking: %+v, %v", got, err)
		}
		if _, err := w.Token(t.Context(), one.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("read a revoked one: %v", err)
		}
		if got, err := w.Token(t.Context(), three.ID); err != nil || got.UserID != b.ID {
			t.Errorf("read: %+v, %v", got, err)
		}
		for _, id := range []string{one.ID, "", "nothing", "\x00"} {
			if err := w.RevokeToken(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("revoke %q: %v", id, err)
			}
		}
		if got, err := w.ListTokens(t.Context(), "nobody"); err != nil || got == nil || len(got) != 0 {
			t.Errorf("nobody's tokens: %#v, %v", got, err)
		}
	})
}

func TestUseOfATokenIsWrittenAtMostOnceAMinute(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		tok, plain, err := w.CreateToken(t.Context(), u.ID, "script")
		if err != nil {
			t.Fatal(err)
		}
		used := func() time.Duration {
			t.Helper()
			if _, err := w.AuthenticateToken(t.Context(), plain.Reveal()); err != nil {
				t.Fatal(err)
			}
			got, err := w.Token(t.Context(), tok.ID)
			if err != nil {
				t.Fatal(err)
			}
			return got.LastUsedAt.Time().Sub(testkit.Start)
		}
		if got := used(); got != 0 {
			t.Errorf("first use at %s", got)
		}
		w.clock.Advance(59 * time.Second)
		if got := used(); got != 0 {
			t.Errorf("written again after 59 s")
		}
		w.clock.Advance(time.Second)
		if got := used(); got != time.Minute {
			t.Errorf("after a minute: %s", got)
		}
	})
}
