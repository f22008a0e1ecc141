package program_test

import (
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

func TestListsAreNarrowedAndPagedInTheOrderOfConnection(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		a, b := w.authorized(shop), w.authorized(other)
		w.exec("UPDATE programs SET state = 'disabled', name = '' WHERE id = ?", b.ID)
		for name, c := range map[string]struct {
			filter program.Filter
			want   []string
		}{
			"all":           {program.Filter{}, []string{a.ID, b.ID}},
			"by id":         {program.Filter{IDs: []string{b.ID, "gone"}}, []string{b.ID}},
			"nobody's":      {program.Filter{IDs: []string{}}, nil},
			"by state":      {program.Filter{State: program.Disabled}, []string{b.ID}},
			"by mode":       {program.Filter{Mode: program.Direct}, nil},
			"a first page":  {program.Filter{Limit: 1}, []string{a.ID}},
			"a second page": {program.Filter{Limit: 1, After: a.ID}, []string{b.ID}},
			"the end":       {program.Filter{Limit: 1, After: b.ID}, nil},
		} {
			ps, err := w.List(w.ctx, c.filter)
			w.ok(err)
			var got []string
			for _, p := range ps {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, c.want) || ps == nil {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		names, err := w.Names(w.ctx)
		w.ok(err)
		if diff := cmp.Diff(map[string]string{a.ID: "满山茶铺", b.ID: other}, names); diff != "" {
			t.Errorf("names (-want +got):\n%s", diff)
		}
		for _, err := range []error{func() error { _, err := w.ByID(w.ctx, "gone"); return err }(), func() error { _, err := w.ByAppID(w.ctx, "gone"); return err }()} {
			if !errors.Is(err, program.ErrNotFound) {
				t.Errorf("err %v, want ErrNotFound", err)
			}
		}
	})
}

func TestAPushIsNotedForItsProgramOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		w.authorized(shop)
		w.authorized(other)
		at := db.At(w.clock.Now().Add(time.Minute))
		w.ok(program.Pushed(w.ctx, d.Write(), shop, at))
		w.ok(program.Pushed(w.ctx, d.Write(), "wx-not-ours", at))
		if got := w.program(shop).LastPushAt; got != at {
			t.Errorf("last push %v, want %v", got, at)
		}
		for _, later := range []db.Time{9_999, -60_000, 11_000} { // ms; a flood of pushes costs one write in ten seconds
			w.ok(program.Pushed(w.ctx, d.Write(), shop, at+later))
			want := at
			if later > 10_000 {
				want += later
			}
			if got := w.program(shop).LastPushAt; got != want {
				t.Errorf("a push %d ms later: last push %d ms later, want %d", later, got-at, want-at)
			}
		}
		if got := w.program(other).LastPushAt; !got.IsZero() {
			t.Errorf("the other's last push %v", got)
		}
	})
}

func TestTheScoreIsReadWithTheInfoAndNeverWorthAFailure(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		const api = "get_penalty_list"
		w := connected(t, d)
		score := 87
		w.ok(w.sim.SetStanding(wechatsim.StandingChange{AppID: shop, Score: &score}))
		p := w.authorized(shop)
		if p.Score == nil || *p.Score != 87 {
			t.Fatalf("score %v", p.Score)
		}
		w.refuse(api, -1, 1)
		w.ok(w.Refresh(w.ctx, p.ID))
		if now := w.program(shop); now.Score == nil || *now.Score != 87 {
			t.Errorf("after a failure the score is %v", now.Score)
		}
		without := w.authorized(other, 76, 30)
		made := w.since(api)
		w.ok(w.Refresh(w.ctx, without.ID))
		if without.Score != nil || made()[api] != 0 {
			t.Errorf("without set 151: score %v, asked %d times", without.Score, made()[api])
		}
	})
}
