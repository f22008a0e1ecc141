package identity

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

const goodPassword = "correct horse 电池"

// world is a Service on an empty database, with a clock to turn and cheap hashing.
type world struct {
	*Service
	clock *clock.Fake
	t     *testing.T
}

// onBoth runs fn on each engine.
func onBoth(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		c := testkit.Clock()
		s := New(d, testkit.Sealer(t), c)
		s.hasher = newHasher(params{memory: 64, time: 1, threads: 1})
		fn(t, &world{Service: s, clock: c, t: t})
	})
}

// user makes a user whose e-mail is name@example.com.
func (w *world) user(name string, r Role, programs ...string) User {
	w.t.Helper()
	u, err := w.CreateUser(w.t.Context(), NewUser{Email: name + "@example.com", Name: name, Role: r, ProgramIDs: programs, Password: secret.New(goodPassword)})
	if err != nil {
		w.t.Fatalf("create user %s: %v", name, err)
	}
	return u
}

// trail lists "verb object" of the whole audit trail, newest first.
func (w *world) trail() []string {
	w.t.Helper()
	items, _, err := w.ListAudit(w.t.Context(), AuditFilter{Limit: 200})
	if err != nil {
		w.t.Fatalf("list audit: %v", err)
	}
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.Verb + " " + it.Object
	}
	return out
}

// atOnce runs fn n times at the same moment and returns the errors.
func atOnce(n int, fn func(i int) error) []error {
	errs, start := make([]error, n), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// dump returns every value of the package's tables as text.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, table := range []string{"users", "sessions", "api_tokens", "setup_links", "login_failures", "audit"} {
		var rows []map[string]any
		if err := w.db.Read.NewSelect().Table(table).Scan(w.t.Context(), &rows); err != nil {
			w.t.Fatalf("dump %s: %v", table, err)
		}
		for _, r := range rows {
			for column, v := range r {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&b, "%s.%s=%v\n", table, column, v)
			}
		}
	}
	return b.String()
}

func ptr[T any](v T) *T { return &v }

func as(ctx context.Context, u User) context.Context {
	return WithPrincipal(ctx, Principal{UserID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, ProgramIDs: u.ProgramIDs, Via: ViaSession})
}
