package identity

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

// commit stores a session the way scs does.
func (w *world) commit(token, userID string, expiry time.Time) {
	w.t.Helper()
	values := map[string]any{"n": 1}
	if userID != "" {
		values[SessionUserKey] = userID
	}
	b, err := scs.GobCodec{}.Encode(expiry, values)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.SessionStore().CommitCtx(w.t.Context(), token, b, expiry); err != nil {
		w.t.Fatalf("commit: %v", err)
	}
}

func (w *world) has(token string) bool {
	w.t.Helper()
	_, found, err := w.SessionStore().FindCtx(w.t.Context(), token)
	if err != nil {
		w.t.Fatalf("find: %v", err)
	}
	return found
}

func TestSessionIsKeptUntilItExpires(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		store, expiry := w.SessionStore(), testkit.Start.Add(time.Hour)
		b, err := scs.GobCodec{}.Encode(expiry, map[string]any{SessionUserKey: "u1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Commit("token-in-clear", b, expiry); err != nil {
			t.Fatal(err)
		}
		got, found, err := store.Find("token-in-clear")
		if err != nil || !found || string(got) != string(b) {
			t.Errorf("find: %t, %v", found, err)
		}
		for _, other := range []string{"", "other", digest("token-in-clear"), "\x00"} {
			if w.has(other) {
				t.Errorf("%q opens a session", other)
			}
		}
		if dump := w.dump(); strings.Contains(dump, "token-in-clear") || !strings.Contains(dump, "sessions.user_id=u1") {
			t.Errorf("token in clear, or user unknown:\n%s", dump)
		}
		w.clock.Advance(time.Hour)
		if w.has("token-in-clear") {
			t.Error("an expired session is found")
		}
		w.commit("later", "u1", testkit.Start.Add(2*time.Hour))
		if err := w.DeleteExpired(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(w.dump(), "sessions.token_hash="); n != 1 || !w.has("later") {
			t.Errorf("%d sessions left, the live one among them: %t", n, w.has("later"))
		}
	})
}

func TestEndedSessionStaysEnded(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		expiry := testkit.Start.Add(time.Hour)
		w.commit("t1", "u1", expiry)
		w.commit("t1", "u1", expiry.Add(time.Hour))
		if !w.has("t1") {
			t.Fatal("a session stored twice is gone")
		}
		if err := w.SessionStore().Delete("t1"); err != nil {
			t.Fatal(err)
		}
		w.commit("t1", "u1", expiry) // a request that was under way
		if w.has("t1") {
			t.Error("a session that was ended came back")
		}
		if !strings.Contains(w.dump(), "sessions.data=\n") {
			t.Error("the data of an ended session is kept, or stored again")
		}
		if err := w.SessionStore().Delete("never was"); err != nil {
			t.Errorf("end an unknown session: %v", err)
		}
	})
}

func TestAnIdleSessionIsProlongedAtMostOnceAMinute(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		deadline := testkit.Start.Add(time.Hour)
		// As scs does with an idle timeout: the same data, a later expiry at each request.
		commit := func(userID string, expiry time.Time) {
			t.Helper()
			b, err := scs.GobCodec{}.Encode(deadline, map[string]any{SessionUserKey: userID})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.SessionStore().CommitCtx(t.Context(), "t", b, expiry); err != nil {
				t.Fatal(err)
			}
		}
		stored := func() (time.Duration, string) {
			t.Helper()
			var row sessionRow
			if err := w.db.Read.NewSelect().Model(&row).Scan(t.Context()); err != nil {
				t.Fatal(err)
			}
			return row.ExpiresAt.Time().Sub(testkit.Start), row.UserID
		}
		for _, step := range []struct {
			user       string
			asks, want time.Duration
			why        string
		}{
			{"u1", 10 * time.Minute, 10 * time.Minute, "the first time"},
			{"u1", 11*time.Minute - time.Millisecond, 10 * time.Minute, "less than a minute later"},
			{"u1", 11 * time.Minute, 11 * time.Minute, "a minute later"},
			{"u2", 11*time.Minute + 1, 11 * time.Minute, "other data"},
			{"u2", 5 * time.Minute, 5 * time.Minute, "an earlier expiry is never put off"},
		} {
			commit(step.user, testkit.Start.Add(step.asks))
			if got, user := stored(); got != step.want || user != step.user {
				t.Errorf("%s: expires after %s for %s, want %s for %s", step.why, got, user, step.want, step.user)
			}
		}
	})
}

func TestDisablingAndANewPasswordEndAllSessionsOfTheUser(t *testing.T) {
	for name, tc := range map[string]struct {
		p     Patch
		stays bool
	}{
		"disabled":     {p: Patch{Disabled: ptr(true)}},
		"new password": {p: Patch{Password: ptr(secret.New("another good password"))}},
		"new role":     {p: Patch{Role: ptr(Viewer)}, stays: true}, // read anew for each request
		"new name":     {p: Patch{Name: ptr("new")}, stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, w *world) {
				u, other := w.user("a", Agent), w.user("b", Agent)
				expiry := testkit.Start.Add(time.Hour)
				for token, id := range map[string]string{"desk": u.ID, "phone": u.ID, "other": other.ID, "nobody": ""} {
					w.commit(token, id, expiry)
				}
				if _, err := w.UpdateUser(t.Context(), u.ID, tc.p); err != nil {
					t.Fatal(err)
				}
				for token, want := range map[string]bool{"desk": tc.stays, "phone": tc.stays, "other": true, "nobody": true} {
					if got := w.has(token); got != want {
						t.Errorf("session %s: %t, want %t", token, got, want)
					}
				}
			})
		})
	}
}

func TestARefusedChangeEndsNoSession(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		u := w.user("a", Owner)
		w.commit("desk", u.ID, testkit.Start.Add(time.Hour))
		if _, err := w.UpdateUser(t.Context(), u.ID, Patch{Disabled: ptr(true), Password: ptr(secret.New("another good password"))}); err == nil {
			t.Fatal("the last owner was disabled")
		}
		if !w.has("desk") {
			t.Error("the session is gone")
		}
		if err := w.try(u.Email, goodPassword, home); err != nil {
			t.Errorf("the password was changed: %v", err)
		}
	})
}

func TestSessionDataMustBeReadable(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		if err := w.SessionStore().Commit("t", []byte("not gob"), testkit.Start.Add(time.Hour)); err == nil {
			t.Error("data of another codec is stored: nobody could end such a session")
		}
	})
}

// TestSessionManagerWorksOnTheStore walks log-in, use, token renewal and log-out through scs itself, over HTTP.
func TestSessionManagerWorksOnTheStore(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		w.clock.Advance(time.Since(w.clock.Now())) // scs reckons with the machine's clock
		m := scs.New()
		m.Store = w.SessionStore()
		m.ErrorFunc = func(_ http.ResponseWriter, _ *http.Request, err error) { t.Errorf("scs: %v", err) }
		mux := http.NewServeMux()
		mux.HandleFunc("/in", func(_ http.ResponseWriter, r *http.Request) {
			if err := m.RenewToken(r.Context()); err != nil {
				t.Errorf("renew: %v", err)
			}
			m.Put(r.Context(), SessionUserKey, "u1")
		})
		mux.HandleFunc("/who", func(rw http.ResponseWriter, r *http.Request) {
			_, _ = rw.Write([]byte(m.GetString(r.Context(), SessionUserKey)))
		})
		mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) {
			if err := m.Destroy(r.Context()); err != nil {
				t.Errorf("destroy: %v", err)
			}
		})
		handler := m.LoadAndSave(mux)
		get := func(path string, c *http.Cookie) (string, *http.Cookie) {
			r, rec := httptest.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, path, nil), httptest.NewRecorder()
			if c != nil {
				r.AddCookie(c)
			}
			handler.ServeHTTP(rec, r)
			if set := rec.Result().Cookies(); len(set) > 0 {
				c = set[0]
			}
			return rec.Body.String(), c
		}
		_, first := get("/in", nil)
		if who, _ := get("/who", first); who != "u1" {
			t.Errorf("after log-in: %q", who)
		}
		_, second := get("/in", first)
		if who, _ := get("/who", first); second.Value == first.Value || who != "" {
			t.Errorf("the token before log-in still works: %q", who)
		}
		if who, _ := get("/who", second); who != "u1" {
			t.Errorf("after the second log-in: %q", who)
		}
		get("/out", second)
		if who, _ := get("/who", second); who != "" {
			t.Errorf("after log-out: %q", who)
		}
	})
}
