package identity

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestRecordKeepsWhoWhatAndWhen(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		ctx := WithPrincipal(t.Context(), Principal{UserID: "u1", Name: "李雷", Role: Agent})
		e := Entry{Verb: "reveal", Object: "complaint", ObjectID: "c1", ProgramID: "p1", Detail: map[string]any{"fields": []any{"phone"}, "n": 1.5}}
		if err := w.Record(ctx, w.db.Write(), e); err != nil {
			t.Fatal(err)
		}
		if err := w.Record(t.Context(), w.db.Write(), Entry{Verb: "rotate", Object: "keyset"}); err != nil {
			t.Fatal(err)
		}
		got, next, err := w.ListAudit(t.Context(), AuditFilter{})
		if err != nil || next != "" || len(got) != 2 {
			t.Fatalf("%+v, %q, %v", got, next, err)
		}
		now := db.At(testkit.Start)
		want := []AuditItem{
			{ID: got[0].ID, At: now, ActorID: "system", ActorName: "system", Entry: Entry{Verb: "rotate", Object: "keyset", Detail: map[string]any{}}},
			{ID: got[1].ID, At: now, ActorID: "u1", ActorName: "李雷", Entry: e},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRecordGoesWithItsTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		stop := errors.New("stop")
		for _, end := range []error{stop, nil} {
			err := w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				if err := w.Record(ctx, tx, Entry{Verb: "update", Object: "program"}); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Fatal(err)
			}
		}
		if got := w.trail(); !cmp.Equal(got, []string{"update program"}) {
			t.Errorf("trail: %v", got)
		}
	})
}

func TestAuditPagesShowEachRowOnceNewestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		var want []string
		for i := range 23 {
			if i%4 == 0 {
				w.clock.Advance(time.Millisecond) // so some rows share a moment
			}
			if err := w.Record(t.Context(), w.db.Write(), Entry{Verb: fmt.Sprintf("v%d", i), Object: "program"}); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("v%d", i))
		}
		slices.Reverse(want)
		for _, limit := range []int{1, 5, 22, 23, 24, 200} {
			var got []string
			cursor, pages := "", 0
			for {
				items, next, err := w.ListAudit(t.Context(), AuditFilter{Cursor: cursor, Limit: limit})
				if err != nil {
					t.Fatal(err)
				}
				if len(items) > limit {
					t.Fatalf("a page of %d with limit %d", len(items), limit)
				}
				for _, it := range items {
					got = append(got, it.Verb)
				}
				if pages++; next == "" {
					break
				}
				cursor = next
				if pages > len(want)+1 {
					t.Fatalf("limit %d: the pages never end", limit)
				}
				if pages == 1 { // what comes in meanwhile is newer, and must not shift the pages
					if err := w.Record(t.Context(), w.db.Write(), Entry{Verb: "late", Object: "program"}); err != nil {
						t.Fatal(err)
					}
				}
			}
			if seen := slices.DeleteFunc(got, func(v string) bool { return v == "late" }); !cmp.Equal(seen, want) {
				t.Errorf("limit %d: %v", limit, seen)
			}
		}
	})
}

func TestAuditPageLength(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		err := w.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			for range 205 {
				if err := w.Record(ctx, tx, Entry{Verb: "v", Object: "program"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for limit, want := range map[int]int{-1: 50, 0: 50, 1: 1, 200: 200, 201: 200, 1 << 40: 200} {
			if items, next, err := w.ListAudit(t.Context(), AuditFilter{Limit: limit}); err != nil || len(items) != want || next == "" {
				t.Errorf("limit %d: %d rows, next %q, %v", limit, len(items), next, err)
			}
		}
	})
}

func TestAuditFilters(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, e := range []struct {
			actor string
			Entry
		}{
			{"u1", Entry{Verb: "1", Object: "program", ObjectID: "p1", ProgramID: "p1"}},
			{"u2", Entry{Verb: "2", Object: "program", ObjectID: "p2", ProgramID: "p2"}},
			{"u1", Entry{Verb: "3", Object: "complaint", ObjectID: "c1", ProgramID: "p1"}},
			{"u2", Entry{Verb: "4", Object: "user", ObjectID: "u1"}},
		} {
			ctx := WithPrincipal(t.Context(), Principal{UserID: e.actor})
			if err := w.Record(ctx, w.db.Write(), e.Entry); err != nil {
				t.Fatal(err)
			}
		}
		for name, tc := range map[string]struct {
			f    AuditFilter
			want string
		}{
			"all":            {AuditFilter{}, "4321"},
			"one kind":       {AuditFilter{Object: "program"}, "21"},
			"one thing":      {AuditFilter{Object: "program", ObjectID: "p2"}, "2"},
			"one actor":      {AuditFilter{ActorID: "u1"}, "31"},
			"kind and actor": {AuditFilter{Object: "user", ActorID: "u1"}, ""},
			"a scope hides what is not of its programs": {AuditFilter{ProgramIDs: []string{"p1", "p9"}}, "31"},
			"two programs":          {AuditFilter{ProgramIDs: []string{"p1", "p2"}}, "321"},
			"what nothing has":      {AuditFilter{Object: "x' OR '1'='1"}, ""},
			"what nothing can have": {AuditFilter{Object: "\x00"}, ""},
		} {
			items, _, err := w.ListAudit(t.Context(), tc.f)
			var got strings.Builder
			for _, it := range items {
				got.WriteString(it.Verb)
			}
			if err != nil || items == nil || got.String() != tc.want {
				t.Errorf("%s: %q, %v; want %q", name, got.String(), err, tc.want)
			}
		}
	})
}

func TestBadCursor(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		for _, c := range []string{"x", "%%%", "MQ", "MSA", "YSBi", formatCursor(1, "\x00"), formatCursor(1, "")} {
			if _, _, err := w.ListAudit(t.Context(), AuditFilter{Cursor: c}); !errors.Is(err, ErrBadCursor) {
				t.Errorf("%q: %v", c, err)
			}
		}
	})
}

// TestNothingSecretIsStoredOrRecorded does everything once and looks at every column.
func TestNothingSecretIsStoredOrRecorded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		link, err := w.NewSetupLink(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		u, err := w.Setup(t.Context(), link, "boss@example.com", "老板", goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		_, token, err := w.CreateToken(t.Context(), u.ID, "script")
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.EnrolTOTP(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		code := w.code(e, 0)
		if err := w.ConfirmTOTP(t.Context(), u.ID, code); err != nil {
			t.Fatal(err)
		}
		const next = "my very next password"
		if _, err := w.UpdateUser(t.Context(), u.ID, Patch{Password: ptr(secret.New(next))}); err != nil {
			t.Fatal(err)
		}
		w.commit("session-token", u.ID, testkit.Start.Add(time.Hour))
		_ = w.try(next, "typed into the wrong field", home)
		dump := w.dump()
		for name, s := range map[string]string{
			"set-up token": link, "password": goodPassword, "new password": next, "API token": token.Reveal(), "second factor": e.Secret.Reveal(),
			"session token": "session-token", "one-time code": code + "\"", "what was typed": "typed into the wrong field",
		} {
			if strings.Contains(dump, s) {
				t.Errorf("%s is stored in clear", name)
			}
		}
		if want := []string{"update user", "totp_on user", "create token", "setup user"}; !cmp.Equal(w.trail(), want) {
			t.Errorf("trail: %v", w.trail())
		}
	})
}
