package program_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func (w *world) platformError() string {
	w.t.Helper()
	st, err := w.Platform(w.ctx)
	w.ok(err)
	return st.TokenError
}

func TestWithoutATicketNothingIsAskedOfWeChatButTickets(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.KeepTokens(w.ctx)) // no platform: nothing to keep, no failure
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		w.ok(w.KeepTokens(w.ctx)) // the first ticket is still to come: no failure either
		if _, err := w.OpenEntry(w.ctx, w.link("")); !errors.Is(err, program.ErrNoTicket) {
			t.Errorf("open entry: %v, want ErrNoTicket", err)
		}
		if got := w.platformError(); got != "还没有收到微信票据" {
			t.Errorf("the platform page says %q", got)
		}
		if n, asked := w.count(apiComponent), w.count(apiTicket); n != 0 || asked != 1 {
			t.Errorf("%d token calls and %d calls for tickets, want 0 and 1", n, asked)
		}
		w.ticket()
		w.drain()
		if got := w.platformError(); got != "" || w.answered(apiComponent) != 1 {
			t.Errorf("with a ticket: %q, %d component tokens", got, w.answered(apiComponent))
		}
	})
}

func TestAStaleTicketIsToldInWordsAndEndsWithTheNextOne(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.clock.Advance(12 * time.Hour)
		err := w.KeepTokens(w.ctx)
		if !errors.Is(err, program.ErrNoTicket) {
			t.Errorf("keep tokens: %v, want ErrNoTicket", err)
		}
		if got := w.platformError(); got != "微信票据已失效，正在等待新的票据（一般每 10 分钟推送一次）" {
			t.Errorf("the platform page says %q", got)
		}
		w.ticket()
		w.drain()
		st, err := w.Platform(w.ctx)
		w.ok(err)
		if st.TokenError != "" || st.TokenExpires != db.At(w.clock.Now().Add(2*time.Hour)) {
			t.Errorf("with a new ticket: %+v", st)
		}
	})
}

func TestTicketPushesAreAskedForAgainAfterHalfAnHourAndAtMostOnceInTenMinutes(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		twin := w.instance(nil)
		w.settings(func(s *wechatsim.Settings) { s.TicketsStopped = true })
		for _, c := range []struct {
			name    string
			advance time.Duration
			want    int
		}{
			{"after half an hour", 30 * time.Minute, 0},
			{"a second later", time.Second, 1},
			{"at once again", 0, 1},
			{"almost ten minutes later", 10*time.Minute - time.Second, 1},
			{"ten minutes later", time.Second, 2},
		} {
			w.clock.Advance(c.advance)
			for _, s := range []*program.Service{w.Service, twin} {
				w.ok(s.KeepTokens(w.ctx))
			}
			if n := w.count(apiTicket); n != c.want {
				t.Errorf("%s: asked %d times, want %d", c.name, n, c.want)
			}
		}
		if w.sim.Settings().TicketsStopped {
			t.Error("WeChat still does not push tickets")
		}
		w.ticket()
		w.clock.Advance(11 * time.Minute)
		w.ok(w.KeepTokens(w.ctx))
		if n := w.count(apiTicket); n != 2 {
			t.Errorf("asked %d times although a ticket came, want 2", n)
		}
	})
}

func TestTwoInstancesAskForTicketsOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		errs := w.together(10, w.instances(2), func(s *program.Service) error { return s.KeepTokens(w.ctx) })
		for _, err := range errs {
			w.ok(err)
		}
		if n := w.count(apiTicket); n != 1 {
			t.Errorf("asked %d times, want 1", n)
		}
	})
}

func TestATicketThatWeChatRefusesIsReplacedAtOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.SetPlatform(w.ctx, platformConfig()))
		w.ok(w.SaveTicket(w.ctx, component, secret.New("ticket@@@of-another-platform"), 0))
		w.forget()
		if err := w.KeepTokens(w.ctx); !errors.Is(err, program.ErrNoTicket) {
			t.Errorf("keep tokens: %v, want ErrNoTicket", err)
		}
		if n := w.count(apiTicket); n != 1 {
			t.Errorf("asked for tickets %d times, want 1", n)
		}
	})
}

func TestAFailedRequestForTicketsIsNotRepeatedSooner(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.fault(wechatsim.Fault{Target: apiTicket, HTTPStatus: 500, Times: 5})
		w.clock.Advance(31 * time.Minute)
		for range 3 {
			w.ok(w.KeepTokens(w.ctx)) // tokens are fine, so the job did its work
		}
		if n := w.count(apiTicket); n != 1 {
			t.Errorf("asked %d times, want 1", n)
		}
	})
}
