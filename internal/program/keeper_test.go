package program_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// instances are n services on the one database, the world's own among them.
func (w *world) instances(n int) []*program.Service {
	out := []*program.Service{w.Service}
	for len(out) < n {
		out = append(out, w.instance(nil))
	}
	return out
}

// together runs do n times on each instance, all at the same moment.
func (w *world) together(n int, on []*program.Service, do func(*program.Service) error) []error {
	start := make(chan struct{})
	errs := make([]error, n*len(on))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			<-start
			errs[i] = do(on[i%len(on)])
		})
	}
	close(start)
	all.Wait()
	return errs
}

func calls(component, authorizer int) map[string]int {
	return map[string]int{apiComponent: component, apiToken: authorizer}
}

func TestAmongManyCallersAndTwoInstancesOneRefreshes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(3 * time.Hour) // both tokens have ended
		made := w.since(apiComponent, apiToken)
		for _, err := range w.together(20, w.instances(2), func(s *program.Service) error { return w.read(w.ctx, s) }) {
			if err != nil {
				t.Errorf("a caller failed: %v", err)
			}
		}
		if diff := cmp.Diff(calls(1, 1), made()); diff != "" {
			t.Errorf("refreshes (-want +got):\n%s", diff)
		}
		stored := w.credential("authorizer", shop)
		for _, e := range w.gate.exchanges(apiDetail) {
			if e.token != stored.access {
				t.Error("a caller used another token than the stored one")
			}
		}
		if stored.LeaseOwner != "" || !stored.LeaseUntil.IsZero() {
			t.Errorf("the lease was not given back: %+v", stored.LeaseUntil)
		}
	})
}

func TestKeepersOfTwoInstancesRefreshOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.authorized(other)
		w.clock.Advance(115 * time.Minute)
		made := w.since(apiComponent, apiToken)
		for _, err := range w.together(4, w.instances(2), func(s *program.Service) error { return s.KeepTokens(w.ctx) }) {
			if err != nil {
				t.Errorf("keep tokens: %v", err)
			}
		}
		if diff := cmp.Diff(calls(1, 2), made()); diff != "" {
			t.Errorf("refreshes (-want +got):\n%s", diff)
		}
	})
}

func TestTokensAreRefreshedTenMinutesBeforeTheyEndAndNotSooner(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		for _, c := range []struct {
			name    string
			advance time.Duration
			want    map[string]int
		}{
			{"at once", 0, calls(0, 0)},
			{"a second before", 110*time.Minute - time.Second, calls(0, 0)},
			{"in time", time.Second, calls(1, 1)},
			{"again at once", 0, calls(0, 0)},
			{"before the next end", 110 * time.Minute, calls(1, 1)},
		} {
			w.clock.Advance(c.advance)
			made := w.since(apiComponent, apiToken)
			w.ok(w.KeepTokens(w.ctx))
			if diff := cmp.Diff(c.want, made()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
		}
		made := w.since(apiToken)
		w.mustRead()
		if n := made()[apiToken]; n != 0 {
			t.Errorf("a call refreshed %d times although the keeper had", n)
		}
	})
}

func TestTheOldTokenIsUsedUntilTheNewOneIsStored(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(111 * time.Minute)
		before := w.credential("authorizer", shop).access
		arrived, release := w.gate.hold(apiToken)
		kept := make(chan error, 1)
		go func() { kept <- w.KeepTokens(w.ctx) }()
		<-arrived
		w.mustRead() // answered while the refresh hangs
		if w.gate.lastToken(apiDetail) != before {
			t.Error("the call did not use the old token")
		}
		release()
		w.ok(<-kept)
		w.mustRead()
		if after := w.credential("authorizer", shop).access; after == before || w.gate.lastToken(apiDetail) != after {
			t.Error("the call did not use the new token")
		}
	})
}

// refreshTroubles are answers that must never touch a stored token. Those that hang up or time out have rotated the refresh token at WeChat.
func refreshTroubles(api string) map[string]wechatsim.Fault {
	code, zero := -1, 0
	text := func(s string) *string { return &s }
	return map[string]wechatsim.Fault{
		"errcode -1":             {Target: api, Errcode: &code},
		"errcode 0 and no token": {Target: api, Errcode: &zero},
		"HTTP 500":               {Target: api, HTTPStatus: 500},
		"HTTP 502 of a gateway":  {Target: api, HTTPStatus: 502},
		"an empty object":        {Target: api, Body: text("{}")},
		"nothing":                {Target: api, Body: text("")},
		"null":                   {Target: api, Body: text("null")},
		"a page":                 {Target: api, Body: text("<html></html>")},
		"empty tokens":           {Target: api, Body: text(`{"component_access_token":"","authorizer_access_token":"","authorizer_refresh_token":"","expires_in":7200}`)},
		"a token without a life": {
			Target: api, Body: text(`{"component_access_token":"98_x","authorizer_access_token":"98_x","authorizer_refresh_token":"refreshtoken@@@x"}`),
		},
		"a hang-up after the call":  {Target: api, Hangup: true},
		"a hang-up before the call": {Target: api, Drop: true},
	}
}

func TestAFailedRefreshNeverTouchesWhatIsStored(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
		w.authorized(shop)
		for _, c := range []struct{ kind, appid, api string }{
			{"component", component, apiComponent}, {"authorizer", shop, apiToken},
		} {
			for name, f := range refreshTroubles(c.api) {
				w.troubledRefresh(c.kind+": "+name, c.kind, c.appid, func() { w.fault(f) }, w.Service)
			}
			w.troubledRefresh(c.kind+": no answer in time", c.kind, c.appid, func() { w.gate.hold(c.api) },
				w.instance(&http.Client{Timeout: 300 * time.Millisecond}))
		}
	})
}

// troubledRefresh lets one refresh fail while the old token still works, and one after it ended.
func (w *world) troubledRefresh(name, kind, appid string, trouble func(), s *program.Service) {
	w.t.Helper()
	w.clock.Advance(3 * time.Hour)
	w.ticket()
	w.forget()
	w.ok(w.KeepTokens(w.ctx)) // all tokens are new
	w.clock.Advance(112 * time.Minute)
	before := w.credential(kind, appid)
	unchanged := func(when string) {
		w.t.Helper()
		now := w.credential(kind, appid)
		if now.access != before.access || now.refresh != before.refresh || now.ExpiresAt != before.ExpiresAt || now.State != "ok" {
			w.t.Errorf("%s, %s: the stored tokens changed", name, when)
		}
		if now.Error == "" || now.LeaseOwner != "" {
			w.t.Errorf("%s, %s: error %q, lease %q", name, when, now.Error, now.LeaseOwner)
		}
	}
	trouble()
	err := s.KeepTokens(w.ctx)
	if err == nil {
		w.t.Errorf("%s: the keeper reported no failure", name)
	} else {
		w.log.note(err)
	}
	unchanged("before its end")
	w.mustRead() // the old one still works

	w.clock.Advance(9 * time.Minute)
	before = w.credential(kind, appid)
	trouble()
	if err := w.askFor(kind, s); err == nil {
		w.t.Errorf("%s: a call without a token succeeded", name)
	} else {
		w.log.note(err)
	}
	unchanged("after its end")
	w.gate.open()
	w.sim.ClearFaults()
	w.ok(w.KeepTokens(w.ctx))
	now := w.credential(kind, appid)
	if now.access == before.access || now.Error != "" {
		w.t.Errorf("%s: afterwards the error is %q, the token is new: %v", name, now.Error, now.access != before.access)
	}
	w.mustRead()
}

// askFor makes a call that needs a token of the kind.
func (w *world) askFor(kind string, s *program.Service) error {
	if kind == "authorizer" {
		return w.read(w.ctx, s)
	}
	_, err := s.OpenEntry(w.ctx, w.link(""))
	return err
}

func TestARotatedRefreshTokenIsStoredAtOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
		w.authorized(shop)
		made := w.since(apiToken, apiList)
		seen := map[string]bool{w.credential("authorizer", shop).refresh: true}
		for range 5 {
			w.clock.Advance(115 * time.Minute) // longer than the old one's five minutes
			w.ticket()
			w.drain()
			refresh := w.credential("authorizer", shop).refresh
			if refresh == "" || seen[refresh] {
				t.Fatalf("the new refresh token was not stored")
			}
			seen[refresh] = true
		}
		if diff := cmp.Diff(map[string]int{apiToken: 5, apiList: 0}, made()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
		var history []string
		w.ok(json.Unmarshal([]byte(w.credential("authorizer", shop).RefreshHistory), &history))
		if len(history) != 3 {
			t.Errorf("%d former refresh tokens are kept, want 3", len(history))
		}
	})
}

func TestAShortLivedTokenIsUsedInsteadOfRefreshedForEver(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(3 * time.Hour)
		short := `{"authorizer_access_token":"98_short_lived_token","expires_in":10,"authorizer_refresh_token":"` + w.credential("authorizer", shop).refresh + `"}`
		w.fault(wechatsim.Fault{Target: apiToken, Body: &short, Times: 100})
		made := w.since(apiToken)
		ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
		defer cancel()
		used := ""
		w.ok(w.Call(ctx, w.program(shop), nil, func(_ context.Context, token string) error { used = token; return nil }))
		if n := made()[apiToken]; n != 1 || used != "98_short_lived_token" {
			t.Errorf("%d refreshes, want 1; the fresh token was used: %v", n, used == "98_short_lived_token")
		}
	})
}

func TestTheLeaseOfADeadProcessExpires(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(3 * time.Hour)
		w.exec("UPDATE credentials SET lease_owner = 'dead', lease_until = ? WHERE kind = 'authorizer'", db.At(w.clock.Now().Add(30*time.Second)))
		made := w.since(apiToken)
		ctx, cancel := context.WithTimeout(w.ctx, 300*time.Millisecond)
		defer cancel()
		if err := w.read(ctx, w.Service); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("while the lease lives: %v, want a wait", err)
		}
		if n := made()[apiToken]; n != 0 {
			t.Fatalf("%d refreshes while another process may be at it", n)
		}
		waiting := make(chan error, 1)
		go func() { waiting <- w.read(w.ctx, w.Service) }()
		w.clock.Advance(31 * time.Second)
		w.ok(<-waiting)
		if n := made()[apiToken]; n != 1 {
			t.Errorf("%d refreshes after the lease, want 1", n)
		}
	})
}

func TestACallerThatGoesAwayDoesNotCutARefreshShort(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
		w.authorized(shop)
		w.clock.Advance(115 * time.Minute)
		before := w.credential("authorizer", shop)
		w.ok(w.sim.InvalidateTokens("access", shop))
		arrived, release := w.gate.hold(apiToken)
		ctx, goAway := context.WithCancel(w.ctx)
		ended := make(chan error, 1)
		go func() { ended <- w.read(ctx, w.Service) }()
		<-arrived
		goAway()
		release()
		if err := <-ended; err == nil {
			t.Error("the caller that went away was served")
		}
		now := w.credential("authorizer", shop)
		if now.refresh == before.refresh || now.access == before.access || now.LeaseOwner != "" {
			t.Error("the refresh was not finished")
		}
	})
}
