package program_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// info answers the next question for an account's info with exactly this.
func (w *world) info(body string) {
	w.t.Helper()
	w.fault(wechatsim.Fault{Target: apiInfo, Body: &body})
}

func TestReconcileAdoptsWhatWeChatListsAndWeDoNotKnow(t *testing.T) {
	for name, empty := range map[string]bool{"with the refresh token of the list": false, "with that of the info": true} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				w.settings(func(s *wechatsim.Settings) { s.TestAccountsInList, s.EmptyRefreshInList = true, empty })
				w.agree(shop) // event and redirect are lost
				w.ok(w.Reconcile(w.ctx))
				w.drain()
				all, err := w.List(w.ctx, program.Filter{})
				w.ok(err)
				if len(all) != 1 || all[0].AppID != shop || all[0].Name != "满山茶铺" || all[0].State != program.Active || len(all[0].Missing()) != 0 {
					t.Fatalf("programs %+v, failed %v", all, w.failed)
				}
				w.mustRead()
				before := w.credential("authorizer", shop)
				w.ok(w.Reconcile(w.ctx)) // now everybody agrees
				if n := len(w.queued()); n != 0 || w.credential("authorizer", shop).Version != before.Version {
					t.Errorf("a second round left %d jobs", n)
				}
			})
		})
	}
}

func TestReconcileRevokesWhatWeChatNoLongerLists(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		gone, stays := w.authorized(shop), w.authorized(other)
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(shop)) // the event is lost
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if s := w.program(shop).State; s != program.Revoked {
			t.Errorf("the program that left is %s", s)
		}
		if s := w.program(other).State; s != program.Active {
			t.Errorf("the other is %s", s)
		}
		want := []program.PermissionLostArgs{{ProgramID: gone.ID, At: w.clock.Now().UnixMilli()}}
		if diff := cmp.Diff(want, w.lost); diff != "" || stays.ID == gone.ID {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}

func TestReconcileReactivatesARevokedProgramThatIsListedAgain(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		w.agree(shop)
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if now := w.program(shop); now.ID != p.ID || now.State != program.Active {
			t.Errorf("the program is %s", now.State)
		}
		w.mustRead()
	})
}

func TestAnEmptyOrBrokenListRevokesNobody(t *testing.T) {
	nothing, broken := `{"total_count":0,"list":[]}`, `{"total_count":2,"list":[{"auth_time":1}]}`
	for name, f := range map[string]wechatsim.Fault{
		"an empty list": {Body: &nothing}, "a broken list": {Body: &broken}, "no list": {HTTPStatus: 500},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				w.authorized(shop)
				w.clock.Advance(time.Hour)
				fault := f
				fault.Target = apiList
				w.fault(fault)
				if err := w.Reconcile(w.ctx); (err == nil) != (name == "an empty list") {
					t.Errorf("reconcile: %v", err)
				}
				w.drain()
				if s := w.program(shop).State; s != program.Active || len(w.lost) != 0 {
					t.Errorf("the program is %s", s)
				}
				w.mustRead()
			})
		})
	}
}

func TestARefusedAccountThatIsStillListedIsNotRevoked(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.clock.Advance(time.Hour)
		w.refuse(apiInfo, 61003, 1)
		if err := w.Refresh(w.ctx, p.ID); !errors.Is(err, program.ErrNeedsReauth) {
			t.Errorf("err %v, want ErrNeedsReauth", err)
		}
		w.drain()
		if s := w.program(shop).State; s != program.Active || len(w.lost) != 0 {
			t.Errorf("the program is %s, told %v", s, w.lost)
		}
		w.mustRead()
	})
}

func TestReconcileWaitsForAFreshAuthorisationToBeListed(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		nothing := `{"total_count":0,"list":[]}`
		w.fault(wechatsim.Fault{Target: apiList, Body: &nothing})
		w.ok(w.Reconcile(w.ctx))
		if jobs := w.queued(); len(jobs) != 0 {
			t.Errorf("jobs %v", jobs)
		}
	})
}

func TestReconcileLeavesDirectProgramsAlone(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.authorized(other)
		w.exec("UPDATE programs SET mode = 'direct'")
		w.exec("UPDATE programs SET state = 'disabled' WHERE appid = ?", other)
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(other))
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if now := w.program(shop); now.Mode != program.Direct || now.AuthorizedAt != p.AuthorizedAt {
			t.Errorf("a listed direct program became %s", now.Mode)
		}
		if now := w.program(other); now.Mode != program.Direct || now.State != program.Disabled {
			t.Errorf("an unlisted direct program became %s %s", now.Mode, now.State)
		}
	})
}

func TestWithoutAPlatformThereIsNothingToReconcile(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.ok(w.Reconcile(w.ctx))
		w.ok(w.RequeueCodes(w.ctx))
		if jobs := w.queued(); len(jobs) != 0 || w.count(apiList) != 0 {
			t.Errorf("jobs %v", jobs)
		}
	})
}
