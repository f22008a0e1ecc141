package program_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestUpdateauthorizedChangesTheSetsAndTellsOfALostOne(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		for _, c := range []struct {
			name          string
			sets, missing []int
			lost          []int
		}{
			{"fewer", []int{151, 30}, []int{76}, []int{76}},
			{"the same fewer", []int{30, 151}, []int{76}, nil},
			{"other ones", []int{76, 30}, []int{151}, []int{151}},
			{"all", allSets, []int{}, nil},
		} {
			w.clock.Advance(time.Hour)
			w.lost = nil
			before := w.credential("authorizer", shop)
			w.event("updateauthorized", shop, w.agree(shop, c.sets...))
			w.drain()
			now := w.program(shop)
			want := slices.Sorted(slices.Values(c.sets))
			if got := slices.Sorted(slices.Values(now.GrantedSets.V)); !slices.Equal(got, want) || !slices.Equal(now.Missing(), c.missing) {
				t.Errorf("%s: granted %v, missing %v, want %v", c.name, got, now.Missing(), c.missing)
			}
			var lost []int
			for _, l := range w.lost {
				lost = append(lost, l.Set)
				if l.ProgramID != p.ID || l.At != w.clock.Now().UnixMilli() {
					t.Errorf("%s: told %+v", c.name, l)
				}
			}
			if !slices.Equal(lost, c.lost) {
				t.Errorf("%s: told of the loss of %v, want %v", c.name, lost, c.lost)
			}
			if now.ID != p.ID || w.credential("authorizer", shop).refresh == before.refresh {
				t.Errorf("%s: program %s, the new refresh token was not stored", c.name, now.ID)
			}
		}
	})
}

func TestUnauthorizedRevokesDropsTheTokensAndKeepsTheRest(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		bystander := w.authorized(other)
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(shop))
		for range 3 { // WeChat repeats itself
			w.event("unauthorized", shop, "")
			w.drain()
		}
		now := w.program(shop)
		if now.State != program.Revoked || now.RevokedAt != db.At(w.clock.Now()) || len(now.Missing()) != 0 {
			t.Errorf("state %s, missing %v", now.State, now.Missing())
		}
		if now.ID != p.ID || now.Name != "满山茶铺" || now.UserName != shopUser || now.AuthorizedAt != p.AuthorizedAt {
			t.Errorf("what we knew is gone: %+v", now)
		}
		if w.rows("credentials", "appid = ?", shop) != 0 || w.rows("credentials", "appid = ?", other) != 1 {
			t.Error("tokens: want those of the revoked program gone, the other's kept")
		}
		want := []program.PermissionLostArgs{{ProgramID: p.ID, At: w.clock.Now().UnixMilli()}}
		if diff := cmp.Diff(want, w.lost); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if err := w.read(w.ctx, w.Service); !errors.Is(err, program.ErrRevoked) {
			t.Errorf("a call: %v, want ErrRevoked", err)
		}
		if w.program(other).State != program.Active || bystander.State != program.Active || len(w.failed) != 0 {
			t.Errorf("the other program is %s, failed %v", w.program(other).State, w.failed)
		}
	})
}

func TestUnauthorizedOfAnUnknownAccountDoesNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.event("unauthorized", "wx0000000000000009", "")
		w.event("notify_third_fasteregister", shop, "")
		w.event("", "", "")
		w.drain()
		all, err := w.List(w.ctx, program.Filter{})
		w.ok(err)
		if len(all) != 0 || len(w.lost) != 0 || len(w.failed) != 0 {
			t.Errorf("programs %v, told %v, failed %v", all, w.lost, w.failed)
		}
	})
}

func TestUnauthorizedThatComesLateOrTwiceDoesNotRevokeANewAuthorisation(t *testing.T) {
	for name, between := range map[string]time.Duration{
		"long before the new authorisation": time.Hour, "in the minute before": 30 * time.Second, "in the same second": 0,
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := connected(t, d)
				w.authorized(shop)
				w.clock.Advance(3 * time.Hour)
				w.ok(w.sim.Unauthorize(shop))
				revoked := w.clock.Now()
				w.clock.Advance(between)
				w.event("authorized", shop, w.agree(shop))
				w.drain()
				for range 2 {
					w.eventAt(w.Service, "unauthorized", shop, "", revoked)
					w.drain()
				}
				if p := w.program(shop); p.State != program.Active || len(w.lost) != 0 {
					t.Errorf("the program is %s, told %v", p.State, w.lost)
				}
				w.mustRead()
			})
		})
	}
}

func TestUnauthorizedWithinMinutesOfTheAuthorisationIsBelievedWhenTheListSaysSoToo(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.ok(w.sim.Unauthorize(shop))
		w.eventAt(w.Service, "unauthorized", shop, "", w.clock.Now().Add(-time.Minute)) // WeChat's clock is behind
		w.refuse(apiList, -1, 1)
		w.drain()
		if p := w.program(shop); p.State != program.Active || len(w.failed) != 1 {
			t.Errorf("without the list the program is %s, failed %v", p.State, w.failed)
		}
		w.eventAt(w.Service, "unauthorized", shop, "", w.clock.Now().Add(-time.Minute))
		w.drain()
		if p := w.program(shop); p.State != program.Revoked {
			t.Errorf("the program is %s", p.State)
		}
	})
}

func TestANewAuthorisationWhileARevocationIsCheckedWins(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.ok(w.sim.Unauthorize(shop))
		said := program.UnauthorizeArgs{AppID: shop, At: w.clock.Now().Unix()}
		arrived, release := w.gate.hold(apiList)
		checked := make(chan error, 1)
		go func() { checked <- w.Unauthorize(w.ctx, said) }()
		<-arrived // the list of this moment lacks the account
		w.clock.Advance(time.Minute)
		w.authorized(shop)
		release()
		if err := <-checked; err == nil {
			t.Error("the job ended although it has to look again")
		}
		w.ok(w.Unauthorize(w.ctx, said))
		if p := w.program(shop); p.State != program.Active || len(w.lost) != 0 {
			t.Errorf("the program is %s, told %v", p.State, w.lost)
		}
		w.mustRead()
	})
}

func TestAuthorizedThatComesAfterUnauthorizedDoesNotResurrect(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		first := w.agree(shop)
		w.event("authorized", shop, first)
		w.drain()
		w.clock.Advance(time.Hour)
		never := w.agree(shop, 76) // an update whose event is late
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		for _, code := range []string{first, never} {
			w.event("authorized", shop, code)
			w.event("updateauthorized", shop, code)
			w.drain()
			w.ok(w.RequeueCodes(w.ctx))
			w.drain()
		}
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if p := w.program(shop); p.State != program.Revoked || w.rows("credentials", "appid = ?", shop) != 0 {
			t.Errorf("the program is %s", p.State)
		}

		unseen := w.agree(other)
		w.ok(w.sim.Unauthorize(other))
		w.event("unauthorized", other, "") // before we ever heard of it
		w.event("authorized", other, unseen)
		w.drain()
		if _, err := w.ByAppID(w.ctx, other); !errors.Is(err, program.ErrNotFound) {
			t.Errorf("an account that took its authorisation back became a program: %v", err)
		}
	})
}

func TestANewAuthorisationReactivatesTheSameProgram(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.patch(p.ID, program.Patch{Tags: &[]string{"茶"}})
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		w.clock.Advance(time.Hour)
		w.lost = nil
		now := w.authorized(shop, 76, 151)
		if now.ID != p.ID || now.State != program.Active || !now.RevokedAt.IsZero() || now.AuthorizedAt != db.At(w.clock.Now()) {
			t.Errorf("program %+v", now)
		}
		if !slices.Equal(now.Tags.V, []string{"茶"}) || !slices.Equal(now.Missing(), []int{19}) {
			t.Errorf("tags %v, missing %v", now.Tags.V, now.Missing())
		}
		w.mustRead()
	})
}

func (w *world) patch(id string, p program.Patch) {
	w.t.Helper()
	w.ok(w.db.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := w.Update(ctx, tx, id, p)
		return err
	}))
}

func TestADisabledProgramStaysDisabled(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		off := program.Disabled
		w.patch(p.ID, program.Patch{State: &off})
		w.clock.Advance(time.Hour)
		w.event("updateauthorized", shop, w.agree(shop, 76, 151))
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		if now := w.program(shop); now.State != program.Disabled || !slices.Equal(now.Missing(), []int{19}) {
			t.Errorf("the program is %s and misses %v", now.State, now.Missing())
		}
		w.mustRead() // its cases are still recorded
		w.clock.Advance(2 * time.Hour)
		made := w.since(apiToken)
		w.ok(w.KeepTokens(w.ctx))
		if made()[apiToken] != 1 {
			t.Error("its token is not kept")
		}
	})
}

func TestStaffCannotUndoARevocation(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.clock.Advance(time.Hour)
		w.ok(w.sim.Unauthorize(shop))
		w.event("unauthorized", shop, "")
		w.drain()
		on, bad, owner := program.Active, program.Revoked, "u1"
		for name, patch := range map[string]program.Patch{"activate": {State: &on}, "anything else": {State: func() *program.State { s := program.State("x"); return &s }()}} {
			err := w.db.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
				_, err := w.Update(ctx, tx, p.ID, patch)
				return err
			})
			var field *program.FieldError
			if !errors.As(err, &field) || field.Field != "state" {
				t.Errorf("%s: %v", name, err)
			}
		}
		w.patch(p.ID, program.Patch{State: &bad, OwnerID: &owner}) // no change of state
		if now := w.program(shop); now.State != program.Revoked || now.OwnerID != "u1" {
			t.Errorf("the program is %s, owner %q", now.State, now.OwnerID)
		}
	})
}

// A change by staff that was read before a revocation and stored after it must not bring the program back. Only PostgreSQL has two writers at once.
func TestATagDoesNotUndoARevocationOfTheSameMoment(t *testing.T) {
	d := testkit.Postgres(t)
	w := connected(t, d)
	p := w.authorized(shop)
	patched := make(chan error, 1)
	w.ok(d.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewRaw("UPDATE programs SET state = 'revoked' WHERE id = ?", p.ID).Exec(ctx); err != nil {
			return err
		}
		go func() {
			patched <- d.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
				_, err := w.Update(ctx, tx, p.ID, program.Patch{Tags: &[]string{"茶"}})
				return err
			})
		}()
		return w.waitForALock(ctx) // it has read the active program and wants to write
	}))
	w.ok(<-patched)
	if now := w.program(shop); now.State != program.Revoked || !slices.Equal(now.Tags.V, []string{"茶"}) {
		t.Errorf("the program is %s, tags %v", now.State, now.Tags.V)
	}
}

// waitForALock returns when a statement of this database waits for another transaction.
func (w *world) waitForALock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for n := 0; n == 0; {
		if err := w.db.Read.NewRaw("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(ctx, &n); err != nil {
			return err
		}
	}
	return nil
}

func TestReleaseAccountsNeverBecomePrograms(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.settings(func(s *wechatsim.Settings) { s.TestAccountsInList = true })
		for _, appid := range []string{"wx570bc396a51b8ff8", "wxd101a85aa106f53e", "wx7720d01d4b2a4500", "wx5910277cae6fd970"} {
			if !program.IsReleaseAccount(appid) {
				t.Errorf("%s is not known as a release account", appid)
			}
			code := w.agree(appid)
			w.event("authorized", appid, code)
			w.event("updateauthorized", appid, code)
			w.event("authorized", appid, "queryauthcode@@@refused-but-listed-"+appid)
			w.drain()
			w.event("unauthorized", appid, "")
			w.drain()
		}
		w.ok(w.Reconcile(w.ctx))
		w.drain()
		all, err := w.List(w.ctx, program.Filter{})
		w.ok(err)
		if len(all) != 0 || w.rows("credentials", "kind = 'authorizer'") != 0 {
			t.Errorf("programs %v", all)
		}
		if len(w.failed) != 0 || len(w.lost) != 0 {
			t.Errorf("failed %v, told %v", w.failed, w.lost)
		}
		if program.IsReleaseAccount(shop) {
			t.Error("a customer's program is taken for a release account")
		}
	})
}
