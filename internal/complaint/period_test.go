package complaint

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestAPeriodHoldsEveryComplaintFiledInItOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		programs := []string{"p1", "p2", "p3"}
		s := newShelf(t, d, programs...)
		r := rand.New(rand.NewPCG(3, 4))
		var rows []Complaint
		for range 2*filedPage + 7 { // many at the same moment: pages must part them
			rows = append(rows, randomCase(r, programs))
		}
		s.put(rows...)
		from, to := start(-200*time.Hour), start(-10*time.Hour)
		for name, scope := range map[string][]string{"all": nil, "two programs": programs[:2], "none": {}} {
			want := s.expect(ByNewest, func(c *Complaint) bool {
				return filed(c) >= from && filed(c) < to && (scope == nil || slices.Contains(scope, c.ProgramID))
			})
			var got []string
			if err := s.cases.EachFiled(t.Context(), scope, from, to, func(page []Filed) error {
				for _, f := range page {
					got = append(got, f.ID)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) || name == "all" && len(got) < filedPage {
				t.Errorf("%s: %d complaints, want %d", name, len(got), len(want))
			}
		}
		full := errors.New("enough")
		if err := s.cases.EachFiled(t.Context(), nil, 0, start(0), func([]Filed) error { return full }); !errors.Is(err, full) {
			t.Errorf("%v", err)
		}
	})
}

func TestAPeriodTellsWhatWeChatNoted(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		late, ruled := w.heard(wechatsim.Filing{Type: 611}), w.heard(wechatsim.Filing{Type: 642, Amount: 100})
		w.advance(late.ComplaintOrderID, wechatsim.TimeOut)
		w.advance(ruled.ComplaintOrderID, wechatsim.TimeOut)
		w.advance(ruled.ComplaintOrderID, wechatsim.PlatformRulesMerchant)
		w.sync(late)
		w.sync(ruled)
		got := map[string]Filed{}
		if err := w.cases.EachFiled(t.Context(), nil, 0, start(1000*time.Hour), func(page []Filed) error {
			for _, f := range page {
				got[f.ID] = f
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		a, b := got[late.ID], got[ruled.ID]
		if len(got) != 2 || a.LapsedAt.IsZero() || !a.RuledAt.IsZero() || !a.AnsweredAt.IsZero() || a.Type != 611 || a.ProgramID != w.shop.ID {
			t.Errorf("not answered in time: %+v", a)
		}
		if b.RuledAt.IsZero() || b.RuledAt < b.CreatedAt || b.Amount == nil || *b.Amount != 100 || !b.ClosedAt.IsZero() {
			t.Errorf("ruled against: %+v", b)
		}
	})
}
