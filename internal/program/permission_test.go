package program_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
)

func TestMissingSetsAreThoseThatHurtMostFirst(t *testing.T) {
	for _, c := range []struct {
		name            string
		granted, denied []int
		want            []int
	}{
		{"everything", []int{76, 151, 19, 30}, nil, []int{}},
		{"either upload set is enough", []int{76, 151, 30}, nil, []int{}},
		{"the other one too", []int{76, 151, 19}, nil, []int{}},
		{"nothing", nil, nil, []int{76, 151, 19}},
		{"76 unticked", []int{151, 30}, nil, []int{76}},
		{"sets nobody asked for", []int{18, 25, 76, 151, 19}, nil, []int{}},
		{"76 refused although listed", []int{76}, []int{76}, []int{76, 151, 19}},
		{"upload refused although listed", []int{76, 151, 19, 30}, []int{19}, []int{19}},
		{"a set we do not know refused", []int{151, 30}, []int{182}, []int{76, 182}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program.Program{Mode: program.Platform, State: program.Active}
			p.GrantedSets.V, p.DeniedSets.V = c.granted, c.denied
			if diff := cmp.Diff(c.want, p.Missing()); diff != "" {
				t.Errorf("missing (-want +got):\n%s", diff)
			}
			for _, change := range []func(*program.Program){
				func(p *program.Program) { p.Mode = program.Direct }, func(p *program.Program) { p.State = program.Revoked },
			} {
				q := p
				if change(&q); len(q.Missing()) != 0 {
					t.Errorf("%s %s misses %v, want nothing", q.Mode, q.State, q.Missing())
				}
			}
		})
	}
}

func TestEverySetSaysWhatDoesNotWorkWithoutIt(t *testing.T) {
	if s := program.SetByID(76); s.Name != "小程序违规与交易投诉管理" || s.Without != "收不到新投诉，也不能回应" || !s.Required || !s.Exclusive {
		t.Errorf("76 is %+v", s)
	}
	if s := program.SetByID(151); s.Name != "小程序交易保障" || !s.Required {
		t.Errorf("151 is %+v", s)
	}
	if s := program.SetByID(19); s.Required || s.Without != "不能上传凭证图片" {
		t.Errorf("19 is %+v", s)
	}
	if s := program.SetByID(4711); s.ID != 4711 || s.Name == "" || s.Without == "" || s.Required {
		t.Errorf("an unknown set is %+v", s)
	}
}

func TestAMerchantWhoUnticks76SeesItFirst(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop, 30)
		if missing := p.Missing(); !slices.Equal(missing, []int{76, 151}) || program.SetByID(missing[0]).Without == "" {
			t.Errorf("missing %v", missing)
		}
		if len(w.lost) != 0 {
			t.Errorf("told of the loss of what was never granted: %v", w.lost)
		}
	})
}

func TestA61007AddsTheSetUntilTheNextRefreshAndTellsOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		for round := range 2 {
			w.clock.Advance(time.Minute)
			w.lost = nil
			w.refuse(apiDetail, 61007, 20)
			for _, err := range w.together(10, w.instances(2), func(s *program.Service) error { return w.read(w.ctx, s) }) {
				if wechat.CodeOf(err) != 61007 {
					t.Errorf("err %v", err)
				}
			}
			now := w.program(shop)
			if !slices.Equal(now.DeniedSets.V, []int{76}) || !slices.Equal(now.Missing(), []int{76}) || !slices.Contains(now.GrantedSets.V, 76) {
				t.Errorf("round %d: denied %v, missing %v, granted %v", round, now.DeniedSets.V, now.Missing(), now.GrantedSets.V)
			}
			w.ok(w.Refresh(w.ctx, p.ID))
			if now := w.program(shop); len(now.DeniedSets.V) != 0 || len(now.Missing()) != 0 {
				t.Errorf("round %d, after a refresh: denied %v, missing %v", round, now.DeniedSets.V, now.Missing())
			}
			w.drain()
			want := []program.PermissionLostArgs{{ProgramID: p.ID, Set: 76, At: w.clock.Now().UnixMilli()}}
			if diff := cmp.Diff(want, w.lost); diff != "" {
				t.Errorf("round %d, told (-want +got):\n%s", round, diff)
			}
		}
	})
}

func TestASetThatTheInfoNoLongerListsIsToldOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.agree(shop, 151, 19) // updateauthorized is lost
		for range 2 {
			w.ok(w.Refresh(w.ctx, p.ID))
		}
		w.drain()
		if len(w.lost) != 1 || w.lost[0].Set != 76 || !slices.Equal(w.program(shop).Missing(), []int{76}) {
			t.Errorf("told %v, missing %v", w.lost, w.program(shop).Missing())
		}
	})
}

func TestAnInfoWithoutPermissionsKeepsThoseWeKnow(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.info(`{"authorizer_info":{"nick_name":"满山茶铺（新）"}}`)
		w.ok(w.Refresh(w.ctx, p.ID))
		now := w.program(shop)
		if now.Name != "满山茶铺（新）" || len(now.Missing()) != 0 {
			t.Errorf("%q misses %v", now.Name, now.Missing())
		}
		w.mustRead()
	})
}

func TestAFailedRefreshOfTheInfoKeepsItAndShowsWhy(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := connected(t, d)
		p := w.authorized(shop)
		w.refuse(apiInfo, -1, 1)
		if err := w.Refresh(w.ctx, p.ID); wechat.CodeOf(err) != -1 {
			t.Errorf("err %v", err)
		}
		now := w.program(shop)
		if now.Name != "满山茶铺" || now.State != program.Active || now.LastError != "微信暂时没有正常返回，请稍后再试" {
			t.Errorf("%q %s says %q", now.Name, now.State, now.LastError)
		}
		w.ok(w.Refresh(w.ctx, p.ID))
		if now := w.program(shop); now.LastError != "" {
			t.Errorf("afterwards it says %q", now.LastError)
		}
	})
}
