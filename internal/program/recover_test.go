package program_test

import (
	"context"
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

func TestALostOrRefusedRefreshTokenIsTakenFromWeChatsList(t *testing.T) {
	for _, c := range []struct {
		name   string
		lose   func(w *world)
		tokens int // calls for a token: one more when the old one is tried first
	}{
		{"61023, WeChat replaced it without a word", func(w *world) { w.ok(w.sim.InvalidateTokens("refresh", shop)) }, 2},
		{"it is not stored", func(w *world) { w.exec("UPDATE credentials SET refresh_sealed = '' WHERE kind = 'authorizer'") }, 1},
		{"42007 from WeChat", func(w *world) { w.refuse(apiToken, 42007, 1) }, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				w.authorized(shop)
				c.lose(w)
				w.clock.Advance(3 * time.Hour)
				made := w.since(apiToken, apiList)
				w.mustRead()
				if diff := cmp.Diff(map[string]int{apiToken: c.tokens, apiList: 1}, made()); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
				w.clock.Advance(3 * time.Hour)
				made = w.since(apiToken, apiList)
				w.mustRead() // what was found is kept
				if diff := cmp.Diff(map[string]int{apiToken: 1, apiList: 0}, made()); diff != "" {
					t.Errorf("the next time (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTheListIsReadToItsLastPage(t *testing.T) {
	var many []wechatsim.Program
	for i := range 1000 {
		many = append(many, wechatsim.Program{AppID: fmt.Sprintf("wx%016d", i), UserName: fmt.Sprintf("gh_%012d", i)})
	}
	last := wechatsim.Program{AppID: "wxffffffffffffffff", UserName: "gh_ffffffffffff", FuncIDs: allSets}
	w := connected(t, testkit.SQLite(t), append(many, last)...)
	for _, p := range many {
		w.agree(p.AppID)
	}
	p := w.authorized(last.AppID)
	w.exec("UPDATE credentials SET refresh_sealed = '' WHERE appid = ?", last.AppID)
	w.ok(w.sim.InvalidateTokens("access", last.AppID))
	made := w.since(apiList)
	used := 0
	w.ok(w.Call(w.ctx, p, nil, func(ctx context.Context, token string) error {
		used++
		_, _, err := w.client.ComplaintDetail(ctx, token, w.caseID)
		if wechat.CodeOf(err) == -1 {
			return nil // another program's case: the token works
		}
		return err
	}))
	if n := made()[apiList]; n != 3 || used != 2 {
		t.Errorf("%d pages read and the call made %d times, want 3 and 2", n, used)
	}
}

func TestAListThatCannotBeReadIsNoProofOfALostAuthorisation(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.ok(w.sim.InvalidateTokens("refresh", shop))
		w.clock.Advance(3 * time.Hour)
		empty := `{"total_count":2}`
		for name, f := range map[string]wechatsim.Fault{
			"system busy": {Target: apiList, HTTPStatus: 503}, "a page without its list": {Target: apiList, Body: &empty},
		} {
			w.fault(f)
			if err := w.read(w.ctx, w.Service); err == nil || errors.Is(err, program.ErrNeedsReauth) {
				t.Errorf("%s: %v", name, err)
			}
			if c := w.credential("authorizer", shop); c.State != "ok" || c.refresh == "" {
				t.Errorf("%s: state %s", name, c.State)
			}
		}
		w.mustRead()
	})
}

func TestWithoutARefreshTokenAnywhereTheProgramNeedsANewAuthorisation(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.settings(func(s *wechatsim.Settings) { s.EmptyRefreshInList = true })
		w.ok(w.sim.InvalidateTokens("refresh", shop))
		w.clock.Advance(3 * time.Hour)
		if err := w.read(w.ctx, w.Service); !errors.Is(err, program.ErrNeedsReauth) {
			t.Fatalf("err %v, want ErrNeedsReauth", err)
		}
		made := w.since(apiToken, apiList)
		if err := w.read(w.ctx, w.Service); !errors.Is(err, program.ErrNeedsReauth) {
			t.Errorf("again: %v, want ErrNeedsReauth", err)
		}
		w.ok(w.KeepTokens(w.ctx))
		if diff := cmp.Diff(map[string]int{apiToken: 0, apiList: 0}, made()); diff != "" {
			t.Errorf("WeChat is asked again and again (-want +got):\n%s", diff)
		}
		// Its info is read once more, but an official answer may leave the refresh token out there as well.
		silent := `{"authorizer_info":{"nick_name":"满山茶铺"},"authorization_info":{"func_info":[{"funcscope_category":{"id":76}}]}}`
		w.fault(wechatsim.Fault{Target: apiInfo, Body: &silent})
		w.drain()
		p := w.program(shop)
		if p.State != program.Active || p.LastError != "授权已失效，请管理员重新授权" {
			t.Errorf("the program is %s and says %q", p.State, p.LastError)
		}

		w.event("updateauthorized", shop, w.agree(shop, 76, 151))
		w.drain()
		w.mustRead()
		if p := w.program(shop); p.LastError != "" {
			t.Errorf("after a new authorisation it still says %q", p.LastError)
		}
	})
}

func TestTheInfoHealsALostRefreshToken(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.settings(func(s *wechatsim.Settings) { s.EmptyRefreshInList = true })
		w.ok(w.sim.InvalidateTokens("refresh", shop))
		w.clock.Advance(3 * time.Hour)
		if err := w.read(w.ctx, w.Service); !errors.Is(err, program.ErrNeedsReauth) {
			t.Fatalf("err %v, want ErrNeedsReauth", err)
		}
		w.drain()
		w.mustRead()
		if p := w.program(shop); p.LastError != "" || p.State != program.Active {
			t.Errorf("the program is %s and says %q", p.State, p.LastError)
		}
	})
}

func TestARefusedRefreshTokenFromTheInfoIsNotTriedForEver(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.refuse(apiToken, 61023, 1000)
		w.clock.Advance(3 * time.Hour)
		made := w.since(apiToken)
		for range 10 {
			if err := w.KeepTokens(w.ctx); err != nil && !errors.Is(err, program.ErrNeedsReauth) {
				t.Fatal(err)
			}
			w.drain()
			w.clock.Advance(time.Minute)
		}
		if n := made()[apiToken]; n == 0 || n > 4 {
			t.Errorf("a dead refresh token was tried %d times in ten minutes", n)
		}
		if p := w.program(shop); p.LastError != "授权已失效，请管理员重新授权" {
			t.Errorf("the program says %q", p.LastError)
		}
	})
}

func TestANewAuthorisationDuringARefreshIsNotOverwritten(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
		w.authorized(shop)
		w.clock.Advance(115 * time.Minute)
		w.ok(w.askFor("component", w.Service)) // so that the keeper's next call is for the program
		arrived, release := w.gate.hold(apiToken)
		kept := make(chan error, 1)
		go func() { kept <- w.KeepTokens(w.ctx) }()
		<-arrived // WeChat has answered with a token of the old authorisation

		w.event("updateauthorized", shop, w.agree(shop, 76, 151))
		w.drain()
		fresh := w.credential("authorizer", shop)
		release()
		w.ok(<-kept)
		if now := w.credential("authorizer", shop); now.refresh != fresh.refresh || now.access != fresh.access || now.LeaseOwner != "" {
			t.Error("the older refresh overwrote the new authorisation")
		}
		w.clock.Advance(115 * time.Minute)
		made := w.since(apiToken, apiList)
		w.ok(w.KeepTokens(w.ctx))
		w.mustRead()
		if diff := cmp.Diff(map[string]int{apiToken: 1, apiList: 0}, made()); diff != "" {
			t.Errorf("the new refresh token does not work (-want +got):\n%s", diff)
		}
	})
}

func TestAnInfoReadBeforeARefreshDoesNotBringTheOldRefreshTokenBack(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.RotateRefreshTokens = true })
		p := w.authorized(shop)
		w.clock.Advance(115 * time.Minute)
		arrived, release := w.gate.hold(apiInfo)
		read := make(chan error, 1)
		go func() { read <- w.Refresh(w.ctx, p.ID) }()
		<-arrived // with the refresh token of before
		w.ok(w.KeepTokens(w.ctx))
		rotated := w.credential("authorizer", shop)
		release()
		w.ok(<-read)
		if now := w.credential("authorizer", shop); now.refresh != rotated.refresh {
			t.Error("the refresh token of before came back")
		}
	})
}

func TestAnInfoReadBeforeARevocationChangesNothingAfterIt(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.clock.Advance(time.Hour)
		arrived, release := w.gate.hold(apiInfo)
		read := make(chan error, 1)
		go func() { read <- w.Refresh(w.ctx, p.ID) }()
		<-arrived
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		revoked := w.program(shop)
		release()
		w.ok(<-read)
		if diff := cmp.Diff(revoked, w.program(shop)); diff != "" {
			t.Errorf("the program changed (-revoked +now):\n%s", diff)
		}
		if n := w.rows("credentials", "appid = ?", shop); n != 0 {
			t.Error("a token row came back")
		}
	})
}

func TestAListThatSaysNothingNewDoesNotDisturbARefresh(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(115 * time.Minute)
		before := w.credential("authorizer", shop)
		w.ok(w.askFor("component", w.Service))
		arrived, release := w.gate.hold(apiToken)
		kept := make(chan error, 1)
		go func() { kept <- w.KeepTokens(w.ctx) }()
		<-arrived
		w.event("authorized", shop, "queryauthcode@@@used-long-ago") // refused, so the list is read
		w.drain()
		release()
		w.ok(<-kept)
		if now := w.credential("authorizer", shop); now.access == before.access || now.Refreshes != before.Refreshes+1 {
			t.Errorf("the refresh was lost: %d refreshes, before %d", now.Refreshes, before.Refreshes)
		}
	})
}

func TestARevocationDuringARefreshLeavesNoTokens(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.clock.Advance(3 * time.Hour)
		arrived, release := w.gate.hold(apiToken)
		answered := make(chan error, 1)
		go func() { answered <- w.read(w.ctx, w.Service) }()
		<-arrived
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		release()
		if err := <-answered; !errors.Is(err, program.ErrNeedsReauth) {
			t.Errorf("err %v, want ErrNeedsReauth", err)
		}
		w.drain()
		if n := w.rows("credentials", "appid = ? AND (access_sealed <> '' OR refresh_sealed <> '')", shop); n != 0 {
			t.Error("tokens of a revoked program are kept")
		}
		if p := w.program(shop); p.State != program.Revoked {
			t.Errorf("the program is %s", p.State)
		}
	})
}

func TestAnAuthorisationThatWentWithoutAWordIsNoticedByTheNextCall(t *testing.T) {
	for name, passed := range map[string]time.Duration{"while the token lives": 0, "when the token has ended": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				w.authorized(shop)
				w.ok(w.sim.Unauthorize(shop)) // its event is lost
				w.clock.Advance(passed)
				if err := w.read(w.ctx, w.Service); err == nil {
					t.Fatal("the call succeeded")
				}
				w.drain()
				p := w.program(shop)
				if p.State != program.Revoked || p.RevokedAt != db.At(w.clock.Now()) {
					t.Errorf("the program is %s", p.State)
				}
				want := []program.PermissionLostArgs{{ProgramID: p.ID, At: w.clock.Now().UnixMilli()}}
				if diff := cmp.Diff(want, w.lost); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if n := w.rows("credentials", "kind = 'authorizer'"); n != 0 {
					t.Errorf("%d token rows are kept", n)
				}
			})
		})
	}
}
