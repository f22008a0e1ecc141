package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

func TestSetupMakesTheFirstOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if needs, err := w.NeedsSetup(t.Context()); err != nil || !needs {
			t.Fatalf("an empty installation needs set-up: %t, %v", needs, err)
		}
		token, err := w.NewSetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(token) < 43 || strings.Contains(w.dump(), token) {
			t.Errorf("token of %d characters, or stored in clear", len(token))
		}
		u, err := w.Setup(t.Context(), token, " Boss@Example.com", "老板", goodPassword)
		if err != nil || u.Role != Owner || u.Email != "boss@example.com" || u.Name != "老板" {
			t.Fatalf("%+v, %v", u, err)
		}
		if needs, err := w.NeedsSetup(t.Context()); err != nil || needs {
			t.Errorf("after set-up: %t, %v", needs, err)
		}
		if _, err := w.Login(t.Context(), "boss@example.com", goodPassword, "", "192.0.2.1:1"); err != nil {
			t.Errorf("the owner logs in: %v", err)
		}
		for _, again := range []string{token, "", "wrong"} {
			if _, err := w.Setup(t.Context(), again, "mallory@example.com", "m", goodPassword); !errors.Is(err, ErrSetupDone) {
				t.Errorf("set-up again: %v", err)
			}
		}
		if _, err := w.NewSetupLink(t.Context()); !errors.Is(err, ErrSetupDone) {
			t.Errorf("a new link after set-up: %v", err)
		}
		if want := []string{"login user", "setup user"}; !cmp.Equal(w.trail(), want) {
			t.Errorf("trail: %v", w.trail())
		}
	})
}

func TestOnlyTheNewestSetupLinkWorks(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if _, err := w.Setup(t.Context(), "", "a@example.com", "a", goodPassword); !errors.Is(err, ErrSetupLink) {
			t.Errorf("no link was made: %v", err)
		}
		old, err := w.NewSetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		token, err := w.NewSetupLink(t.Context())
		if err != nil || token == old {
			t.Fatal(err)
		}
		for _, bad := range []string{old, "", "wrong", digest(token), strings.ToUpper(token)} {
			if _, err := w.Setup(t.Context(), bad, "a@example.com", "a", goodPassword); !errors.Is(err, ErrSetupLink) {
				t.Errorf("with %q: %v", bad, err)
			}
		}
		if _, err := w.Setup(t.Context(), token, "a@example.com", "a", "short"); !errors.Is(err, ErrWeakPassword) {
			t.Errorf("weak password: %v", err)
		}
		if _, err := w.Setup(t.Context(), token, "a", "a", goodPassword); !errors.Is(err, ErrEmail) {
			t.Errorf("bad e-mail: %v", err)
		}
		if users, err := w.ListUsers(t.Context()); err != nil || len(users) != 0 {
			t.Errorf("refusals made %d users, %v", len(users), err)
		}
		if _, err := w.Setup(t.Context(), token, "a@example.com", "a", goodPassword); err != nil {
			t.Errorf("a mistake used the link up: %v", err)
		}
	})
}

func TestSetupClickedManyTimesAtOnceMakesOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, err := w.NewSetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		errs := atOnce(8, func(i int) error {
			// Half of them the same person twice, half somebody else with the same link.
			_, err := w.Setup(t.Context(), token, string(rune('a'+i/2))+"@example.com", "a", goodPassword)
			return err
		})
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else if !errors.Is(err, ErrSetupDone) {
				t.Errorf("a late click: %v", err)
			}
		}
		users, err := w.ListUsers(t.Context())
		if made != 1 || err != nil || len(users) != 1 {
			t.Errorf("%d succeeded, %d users, %v", made, len(users), err)
		}
	})
}

func TestLinksMadeAtOnceLeaveOneThatWorks(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		tokens := make([]string, 4)
		for _, err := range atOnce(4, func(i int) (err error) {
			tokens[i], err = w.NewSetupLink(t.Context())
			return err
		}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		live := 0
		for _, token := range tokens {
			if err := w.checkSetupLink(t.Context(), token); err == nil {
				live++
			}
		}
		if live != 1 {
			t.Errorf("%d links work", live)
		}
	})
}

func TestSetupIsNeededUntilThereIsAnOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		token, err := w.NewSetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.user("viewer", Viewer)
		if needs, err := w.NeedsSetup(t.Context()); err != nil || !needs {
			t.Errorf("with a viewer only: %t, %v", needs, err)
		}
		if _, err := w.Setup(t.Context(), token, "viewer@example.com", "v", goodPassword); !errors.Is(err, ErrEmailTaken) {
			t.Errorf("e-mail in use: %v", err)
		}
		row, err := w.newRow(t.Context(), NewUser{Email: "b@example.com", Role: Owner, Password: secret.New(goodPassword)})
		if err != nil {
			t.Fatal(err)
		}
		w.user("owner", Owner) // from the command line, meanwhile
		if err := w.useSetupLink(t.Context(), token, row); !errors.Is(err, ErrSetupDone) {
			t.Errorf("an owner came between checking and using the link: %v", err)
		}
		if _, err := w.Setup(t.Context(), token, "b@example.com", "b", goodPassword); !errors.Is(err, ErrSetupDone) {
			t.Errorf("the link outlived the need: %v", err)
		}
		users, err := w.ListUsers(t.Context())
		if err != nil || slices.ContainsFunc(users, func(u User) bool { return u.Email == "b@example.com" }) {
			t.Errorf("%+v, %v", users, err)
		}
		var link setupRow
		if err := w.db.Read.NewSelect().Model(&link).Scan(t.Context()); err != nil || link.UsedAt != db.Time(0) {
			t.Errorf("a refused set-up is rolled back: %+v, %v", link, err)
		}
	})
}
