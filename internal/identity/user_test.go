package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestCreateUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.user("boss", Owner)
		got, err := w.CreateUser(as(t.Context(), boss), NewUser{
			Email: "  Li.Lei@Example.COM ", Name: " 李雷 ", Role: Agent, ProgramIDs: []string{"p2", "p1", "p2"}, Password: secret.New(goodPassword),
		})
		if err != nil {
			t.Fatal(err)
		}
		now := db.At(testkit.Start)
		want := User{ID: got.ID, Email: "li.lei@example.com", Name: "李雷", Role: Agent, ProgramIDs: []string{"p1", "p2"}, CreatedAt: now, UpdatedAt: now}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		read, err := w.UserByEmail(t.Context(), "LI.LEI@example.com")
		if err != nil || !cmp.Equal(read, want) {
			t.Errorf("read by e-mail: %+v, %v", read, err)
		}
		if read, err = w.User(t.Context(), got.ID); err != nil || !cmp.Equal(read, want) {
			t.Errorf("read by id: %+v, %v", read, err)
		}
		p, err := w.UserPrincipal(t.Context(), got.ID)
		wantP := Principal{UserID: got.ID, Email: want.Email, Name: "李雷", Role: Agent, ProgramIDs: []string{"p1", "p2"}, Via: ViaSession}
		if err != nil || !cmp.Equal(p, wantP) {
			t.Errorf("principal: %+v, %v", p, err)
		}
		items, _, err := w.ListAudit(t.Context(), AuditFilter{ObjectID: got.ID})
		if err != nil || len(items) != 1 || items[0].ActorID != boss.ID || items[0].ActorName != "boss" || items[0].Verb != "create" {
			t.Errorf("audit: %+v, %v", items, err)
		}
		users, err := w.ListUsers(t.Context())
		if err != nil || len(users) != 2 {
			t.Errorf("list: %+v, %v", users, err)
		}
	})
}

func TestCreateUserRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.user("taken", Viewer)
		before := w.trail()
		for name, tc := range map[string]struct {
			change func(n *NewUser)
			want   error
		}{
			"an e-mail in use, in any spelling": {func(n *NewUser) { n.Email = " TAKEN@example.com" }, ErrEmailTaken},
			"no e-mail":                         {func(n *NewUser) { n.Email = "" }, ErrEmail},
			"a word for an e-mail":              {func(n *NewUser) { n.Email = "lilei" }, ErrEmail},
			"an e-mail with a name":             {func(n *NewUser) { n.Email = "Li <a@example.com>" }, ErrEmail},
			"two e-mails":                       {func(n *NewUser) { n.Email = "a@example.com, b@example.com" }, ErrEmail},
			"an e-mail with a NUL":              {func(n *NewUser) { n.Email = "a\x00@example.com" }, ErrEmail},
			"a long name":                       {func(n *NewUser) { n.Name = strings.Repeat("长", 65) }, ErrName},
			"a name of two lines":               {func(n *NewUser) { n.Name = "a\nb" }, ErrName},
			"an unknown role":                   {func(n *NewUser) { n.Role = "admin" }, ErrRole},
			"no role":                           {func(n *NewUser) { n.Role = "" }, ErrRole},
			"a blank program id":                {func(n *NewUser) { n.ProgramIDs = []string{" "} }, ErrScope},
			"a short password":                  {func(n *NewUser) { n.Password = secret.New("123456789") }, ErrWeakPassword},
		} {
			n := NewUser{Email: "new@example.com", Name: "new", Role: Agent, Password: secret.New(goodPassword)}
			tc.change(&n)
			if _, err := w.CreateUser(t.Context(), n); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		if users, err := w.ListUsers(t.Context()); err != nil || len(users) != 1 {
			t.Errorf("%d users, %v", len(users), err)
		}
		if after := w.trail(); !cmp.Equal(before, after) {
			t.Errorf("refusals left a trail: %v", after)
		}
	})
}

func TestSameEmailAtOnceMakesOneUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		errs := atOnce(4, func(int) error {
			_, err := w.CreateUser(t.Context(), NewUser{Email: "a@example.com", Role: Agent, Password: secret.New(goodPassword)})
			return err
		})
		made := 0
		for _, err := range errs {
			switch {
			case err == nil:
				made++
			case !errors.Is(err, ErrEmailTaken):
				t.Errorf("unexpected: %v", err)
			}
		}
		if made != 1 {
			t.Errorf("%d users made", made)
		}
		if u, err := w.UserByEmail(t.Context(), "a@example.com"); err != nil || u.Name != "a" {
			t.Errorf("without a name it is the e-mail's first part: %q, %v", u.Name, err)
		}
	})
}

func TestUpdateUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent, "p1")
		w.clock.Advance(time.Minute)
		got, err := w.UpdateUser(t.Context(), u.ID, Patch{Name: ptr(" 韩梅梅 "), Role: ptr(Finance), ProgramIDs: ptr([]string{"p3", "p2"})})
		if err != nil {
			t.Fatal(err)
		}
		want := u
		want.Name, want.Role, want.ProgramIDs, want.UpdatedAt = "韩梅梅", Finance, []string{"p2", "p3"}, u.UpdatedAt+60_000
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if read, err := w.User(t.Context(), u.ID); err != nil || !cmp.Equal(read, want) {
			t.Errorf("stored: %+v, %v", read, err)
		}
		trail := w.trail()
		if again, err := w.UpdateUser(t.Context(), u.ID, Patch{Role: ptr(Finance), Disabled: ptr(false)}); err != nil || !cmp.Equal(again, want) {
			t.Errorf("a patch that changes nothing: %+v, %v", again, err)
		}
		if !cmp.Equal(trail, w.trail()) {
			t.Error("a patch that changes nothing left a trail")
		}
		if got, err = w.UpdateUser(t.Context(), u.ID, Patch{ProgramIDs: ptr([]string{})}); err != nil || len(got.ProgramIDs) != 0 {
			t.Errorf("an empty list means all programs: %+v, %v", got, err)
		}
		if got, err = w.UpdateUser(t.Context(), u.ID, Patch{Role: ptr(Owner), ProgramIDs: ptr([]string{"p1"})}); err != nil || len(got.ProgramIDs) != 0 {
			t.Errorf("an owner is not confined: %+v, %v", got, err)
		}
	})
}

func TestUpdateUserRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent, "p1")
		for name, tc := range map[string]struct {
			id   string
			p    Patch
			want error
		}{
			"an unknown user":    {db.NewID(), Patch{Name: ptr("x")}, ErrNotFound},
			"an id with a NUL":   {"\x00", Patch{Name: ptr("x")}, ErrNotFound},
			"an empty name":      {u.ID, Patch{Name: ptr(" ")}, ErrName},
			"an unknown role":    {u.ID, Patch{Role: ptr(Role("boss"))}, ErrRole},
			"a blank program id": {u.ID, Patch{ProgramIDs: ptr([]string{"p1", ""})}, ErrScope},
			"a short password":   {u.ID, Patch{Name: ptr("x"), Password: ptr(secret.New("short"))}, ErrWeakPassword},
		} {
			if _, err := w.UpdateUser(t.Context(), tc.id, tc.p); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		if read, err := w.User(t.Context(), u.ID); err != nil || !cmp.Equal(read, u) {
			t.Errorf("changed by a refusal: %+v, %v", read, err)
		}
	})
}

func TestTheLastActiveOwnerStays(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		one, two := w.user("one", Owner), w.user("two", Owner)
		if _, err := w.UpdateUser(t.Context(), two.ID, Patch{Disabled: ptr(true)}); err != nil {
			t.Fatalf("disable one of two owners: %v", err)
		}
		for name, p := range map[string]Patch{
			"demoted":              {Role: ptr(Manager)},
			"disabled":             {Disabled: ptr(true)},
			"demoted and disabled": {Role: ptr(Viewer), Disabled: ptr(true)},
		} {
			if _, err := w.UpdateUser(t.Context(), one.ID, p); !errors.Is(err, ErrLastOwner) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.UpdateUser(t.Context(), one.ID, Patch{Name: ptr("still"), Role: ptr(Owner), Disabled: ptr(false)}); err != nil {
			t.Errorf("what leaves the owner an owner is allowed: %v", err)
		}
		if _, err := w.UpdateUser(t.Context(), two.ID, Patch{Role: ptr(Viewer)}); err != nil {
			t.Errorf("a disabled owner may be demoted: %v", err)
		}
		if p, err := w.UserPrincipal(t.Context(), one.ID); err != nil || p.Role != Owner {
			t.Errorf("the owner: %+v, %v", p, err)
		}
	})
}

func TestOwnersWhoRemoveEachOtherAtOnceLeaveOne(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		owners := []User{w.user("a", Owner), w.user("b", Owner), w.user("c", Owner)}
		patches := []Patch{{Role: ptr(Agent)}, {Disabled: ptr(true)}, {Role: ptr(Viewer)}}
		errs := atOnce(3, func(i int) error {
			_, err := w.UpdateUser(t.Context(), owners[i].ID, patches[i])
			return err
		})
		refused := 0
		for _, err := range errs {
			if errors.Is(err, ErrLastOwner) {
				refused++
			} else if err != nil {
				t.Errorf("unexpected: %v", err)
			}
		}
		needs, err := w.NeedsSetup(t.Context())
		if refused != 1 || err != nil || needs {
			t.Errorf("%d refused, needs set-up: %t, %v", refused, needs, err)
		}
	})
}

// TestAnOwnerWaitsForAnotherOnesDemotion holds the other's transaction open, so that both are under way for certain.
func TestAnOwnerWaitsForAnotherOnesDemotion(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		one, two := w.user("one", Owner), w.user("two", Owner)
		result := make(chan error, 1)
		err := w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if _, err := tx.NewUpdate().Model((*userRow)(nil)).Set("role = ?", Viewer).Where("id = ?", one.ID).Exec(ctx); err != nil {
				return err
			}
			go func() {
				_, err := w.UpdateUser(t.Context(), two.ID, Patch{Role: ptr(Viewer)})
				result <- err
			}()
			if w.db.Engine == db.SQLite {
				return nil // there is but one write connection, and this transaction has it
			}
			for waiting := false; !waiting && len(result) == 0; {
				const q = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
				if err := w.db.Read.NewRaw(q).Scan(ctx, &waiting); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-result; !errors.Is(err, ErrLastOwner) {
			t.Errorf("the second of two owners: %v", err)
		}
	})
}

func TestDisabledUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Agent)
		_, token, err := w.CreateToken(t.Context(), u.ID, "script")
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.UpdateUser(t.Context(), u.ID, Patch{Disabled: ptr(true)})
		if err != nil || got.DisabledAt != db.At(testkit.Start) {
			t.Fatalf("disable: %+v, %v", got, err)
		}
		if _, err := w.UserPrincipal(t.Context(), u.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a session of a disabled user: %v", err)
		}
		if _, err := w.AuthenticateToken(t.Context(), token.Reveal()); !errors.Is(err, ErrBadToken) {
			t.Errorf("a token of a disabled user: %v", err)
		}
		if _, err := w.Login(t.Context(), u.Email, goodPassword, "", "192.0.2.1"); !errors.Is(err, ErrBadLogin) {
			t.Errorf("login of a disabled user: %v", err)
		}
		if _, _, err := w.CreateToken(t.Context(), u.ID, "another"); !errors.Is(err, ErrNotFound) {
			t.Errorf("a new token for a disabled user: %v", err)
		}
		if _, err := w.EnrolTOTP(t.Context(), u.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a second factor for a disabled user: %v", err)
		}
		users, err := w.ListUsers(t.Context())
		if err != nil || !slices.ContainsFunc(users, func(x User) bool { return x.ID == u.ID && x.DisabledAt != 0 }) {
			t.Errorf("the list hides a disabled user: %+v, %v", users, err)
		}
		if _, err := w.UpdateUser(t.Context(), u.ID, Patch{Disabled: ptr(false)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.AuthenticateToken(t.Context(), token.Reveal()); err != nil {
			t.Errorf("a token of a user who is back: %v", err)
		}
		if _, err := w.Login(t.Context(), u.Email, goodPassword, "", "192.0.2.1"); err != nil {
			t.Errorf("login of a user who is back: %v", err)
		}
	})
}

func TestUnknownUser(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, id := range []string{"", "nobody", "\x00", "\xff", "' OR 1=1 --"} {
			if _, err := w.User(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("User(%q): %v", id, err)
			}
			if _, err := w.UserByEmail(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("UserByEmail(%q): %v", id, err)
			}
			if _, err := w.UserPrincipal(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("UserPrincipal(%q): %v", id, err)
			}
		}
	})
}
