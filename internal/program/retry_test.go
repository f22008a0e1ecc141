package program_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func (w *world) refuse(api string, code, times int) {
	w.t.Helper()
	w.fault(wechatsim.Fault{Target: api, Errcode: &code, Times: times})
}

func TestARefusedTokenIsRefreshedOnceAndTheCallRepeatedOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		for _, code := range []int{40001, 40014, 42001, 42006} {
			w.clock.Advance(time.Minute)
			made := w.since(apiDetail, apiToken)
			w.refuse(apiDetail, code, 1)
			if err := w.read(w.ctx, w.Service); err != nil {
				t.Errorf("%d: %v", code, err)
			}
			if diff := cmp.Diff(map[string]int{apiDetail: 2, apiToken: 1}, made()); diff != "" {
				t.Errorf("%d (-want +got):\n%s", code, diff)
			}
			if w.gate.lastToken(apiDetail) != w.credential("authorizer", shop).access {
				t.Errorf("%d: the repeated call did not use the fresh token", code)
			}
		}
	})
}

func TestATokenRefusedAgainIsNotRefreshedAgainBeforeHalfAMinute(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.refuse(apiDetail, 40001, 5)
		for _, c := range []struct {
			name           string
			advance        time.Duration
			detail, tokens int
			tooSoon        bool
		}{
			{"the first call", 0, 2, 1, false},
			{"the next at once", 0, 1, 0, true},
			{"half a minute later, almost", 30*time.Second - time.Millisecond, 1, 0, true},
			{"half a minute later", time.Millisecond, 2, 1, false}, // the fifth refusal is the last
		} {
			w.clock.Advance(c.advance)
			made := w.since(apiDetail, apiToken)
			err := w.read(w.ctx, w.Service)
			if diff := cmp.Diff(map[string]int{apiDetail: c.detail, apiToken: c.tokens}, made()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.name, diff)
			}
			if c.name == "half a minute later" {
				w.ok(err)
				continue
			}
			if wechat.CodeOf(err) != 40001 || errors.Is(err, program.ErrTooSoon) != c.tooSoon {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestManyCallersWithOneDeadTokenCauseOneRefresh(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.ok(w.sim.InvalidateTokens("access", shop))
		made := w.since(apiToken, apiComponent)
		for _, err := range w.together(20, w.instances(2), func(s *program.Service) error { return w.read(w.ctx, s) }) {
			if err != nil {
				t.Errorf("a caller failed: %v", err)
			}
		}
		if diff := cmp.Diff(calls(0, 1), made()); diff != "" {
			t.Errorf("refreshes (-want +got):\n%s", diff)
		}
	})
}

func TestOtherErrorsCauseNoRefreshAndNoRepetition(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		for _, code := range []int{-1, 45009, 45011, 48001, 61003, 61007, 61014, 61015, 40013} {
			made := w.since(apiDetail, apiToken, apiComponent)
			w.refuse(apiDetail, code, 1)
			if err := w.read(w.ctx, w.Service); wechat.CodeOf(err) != code {
				t.Errorf("%d: %v", code, err)
			}
			if diff := cmp.Diff(map[string]int{apiDetail: 1, apiToken: 0, apiComponent: 0}, made()); diff != "" {
				t.Errorf("%d (-want +got):\n%s", code, diff)
			}
		}
	})
}

func TestARefusedComponentTokenIsRefreshedOnceAndTheCallRepeatedOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		for _, code := range []int{42001, 42006, 40001} {
			w.clock.Advance(time.Minute)
			made := w.since(apiPreAuth, apiComponent)
			w.refuse(apiPreAuth, code, 1)
			if err := w.askFor("component", w.Service); err != nil {
				t.Errorf("%d: %v", code, err)
			}
			if diff := cmp.Diff(map[string]int{apiPreAuth: 2, apiComponent: 1}, made()); diff != "" {
				t.Errorf("%d (-want +got):\n%s", code, diff)
			}
		}
		w.clock.Advance(time.Minute)
		made := w.since(apiPreAuth, apiComponent)
		w.refuse(apiPreAuth, 42006, 100)
		for i := range 3 {
			if err := w.askFor("component", w.Service); wechat.CodeOf(err) != 42006 || errors.Is(err, program.ErrTooSoon) != (i > 0) {
				t.Errorf("call %d: %v", i, err)
			}
		}
		if diff := cmp.Diff(map[string]int{apiPreAuth: 4, apiComponent: 1}, made()); diff != "" {
			t.Errorf("refused for good (-want +got):\n%s", diff)
		}
	})
}

func TestADeadComponentTokenIsRenewedOnTheWayToAnAuthorizerToken(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		for _, kind := range []string{"access", "component"} {
			w.ok(w.sim.InvalidateTokens(kind, shop))
		}
		made := w.since(apiDetail, apiToken, apiComponent, apiList)
		w.mustRead()
		if diff := cmp.Diff(map[string]int{apiDetail: 2, apiToken: 2, apiComponent: 1, apiList: 0}, made()); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

func TestARefreshThatFailsLeavesTheCallsErrorAndItsOwn(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		before := w.credential("authorizer", shop)
		w.ok(w.sim.InvalidateTokens("access", shop))
		w.refuse(apiToken, -1, 1)
		made := w.since(apiDetail)
		err := w.read(w.ctx, w.Service)
		if wechat.CodeOf(err) != 40001 {
			t.Errorf("err %v, want the refused call's first", err)
		}
		if n := made()[apiDetail]; n != 1 {
			t.Errorf("the call was made %d times without a fresh token", n)
		}
		if now := w.credential("authorizer", shop); now.refresh != before.refresh || now.access != before.access || now.State != "ok" {
			t.Error("the stored tokens changed")
		}
		w.mustRead() // the next call tries again at once: nothing was obtained, so there is no floor
	})
}

// A refresh token that WeChat tells again must not hide from a caller that the access token in its hand is the stored one.
func TestReadingTheInfoDoesNotPassAnOldTokenOffAsNew(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		before := w.credential("authorizer", shop)
		w.ok(w.Refresh(w.ctx, p.ID))
		if now := w.credential("authorizer", shop); now.Version != before.Version || now.refresh != before.refresh {
			t.Errorf("version %d became %d", before.Version, now.Version)
		}
		w.ok(w.sim.InvalidateTokens("access", shop))
		arrived, release := w.gate.hold(apiDetail)
		answered := make(chan error, 1)
		go func() { answered <- w.read(w.ctx, w.Service) }()
		<-arrived
		w.ok(w.Refresh(w.ctx, p.ID)) // its own call for the score renews the token
		release()
		w.ok(<-answered)
	})
}

func TestCallsAreRefusedHereBeforeTheyReachWeChat(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		made := w.since(apiDetail, apiToken)
		for want, change := range map[error]func(*program.Program){
			program.ErrRevoked:  func(p *program.Program) { p.State = program.Revoked },
			program.ErrNoSecret: func(p *program.Program) { p.Mode = program.Direct },
		} {
			changed := *p
			change(&changed)
			err := w.Call(w.ctx, &changed, nil, nil) // a call that is made would panic
			if !errors.Is(err, want) {
				t.Errorf("err %v, want %v", err, want)
			}
		}
		if got := fmt.Sprint(made()); got != fmt.Sprint(map[string]int{apiDetail: 0, apiToken: 0}) {
			t.Errorf("calls %s", got)
		}
	})
}
