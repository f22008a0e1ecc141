package complaint

import (
	"context"
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
		for range 700 {
			rows = append(rows, randomCase(r, programs))
		}
		s.put(rows...)
		from, to := start(-200*time.Hour), start(-10*time.Hour)
		for name, scope := range map[string][]string{"all": nil, "two programs": programs[:2], "none": {}} {
			want := s.expect(ByNewest, func(c *Complaint) bool {
				return filed(c) >= from && filed(c) < to && (scope == nil || slices.Contains(scope, c.ProgramID))
			})
			for _, by := range []By{ByDay, ByProgram, ByProblem, ByMember} {
				got, err := s.cases.Tallies(t.Context(), scope, from, to, by)
				if err != nil {
					t.Fatal(err)
				}
				n := int64(0)
				for _, x := range got {
					n += x.Filed
					if by == ByDay && (x.Day > to || x.Day <= from-aDay || x.Day.Time().In(Beijing).Hour() != 0) {
						t.Errorf("%s: a day that begins at %v", name, x.Day.Time())
					}
					if by == ByProgram && (!slices.Contains(programs, x.ProgramID) || scope != nil && !slices.Contains(scope, x.ProgramID)) {
						t.Errorf("%s: complaints of %q", name, x.ProgramID)
					}
				}
				if n != int64(len(want)) || name == "all" && n == 0 {
					t.Errorf("%s by %s: %d complaints, want %d", name, by, n, len(want))
				}
			}
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
		// What was noted stays, and what we do stands beside it.
		reply := func(how Reply, memberID, member string) {
			if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
				return w.cases.NoteReply(ctx, tx, late.ID, how, memberID, member)
			}); err != nil {
				t.Fatal(err)
			}
		}
		reply(Refused, "", "少发补差")
		reply(Agreed, "u1", "周敏")
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return w.cases.NoteRefunded(ctx, tx, ruled.ID, 70) }); err != nil {
			t.Fatal(err)
		}
		read := func() (a, b Tally) {
			t.Helper()
			for typ, to := range map[Problem]*Tally{611: &a, 642: &b} {
				got, err := w.cases.Tallies(t.Context(), nil, 0, start(1000*time.Hour), ByProblem)
				if err != nil || len(got) != 2 {
					t.Fatalf("%d sums, %v", len(got), err)
				}
				*to = got[slices.IndexFunc(got, func(x Tally) bool { return x.Type == typ })]
			}
			return a, b
		}
		a, b := read()
		if a.Filed != 1 || a.Lapsed != 1 || a.Ruled != 0 || a.Agreed != 1 || a.Refused != 0 || a.Wait < 0 {
			t.Errorf("not answered in time, and here all the same: %+v", a)
		}
		if b.Ruled != 1 || b.Amount != 100 || b.Closed != 0 || b.Refunded != 70 || b.RefundedCases != 1 || b.Wait != -1 || b.Agreed+b.Refused != 0 {
			t.Errorf("ruled against: %+v", b)
		}
		if by, err := w.cases.Tallies(t.Context(), nil, 0, start(1000*time.Hour), ByMember); err != nil || !slices.ContainsFunc(by, func(x Tally) bool { return x.MemberID == "u1" && x.Member == "周敏" && x.Agreed == 1 }) {
			t.Errorf("by member: %+v, %v", by, err)
		}
		// A row that was never there is made of what is stored.
		if _, err := d.Write().NewRaw("DELETE FROM outcomes").Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := fillOutcomes(t.Context(), d.Write(), []int64{numberOf(late.ID), numberOf(ruled.ID)}); err != nil {
			t.Fatal(err)
		}
		again, alsoAgain := read()
		a.Agreed, a.Wait, b.Refunded, b.RefundedCases = 0, -1, 0, 0 // those are not WeChat's
		if again != a || alsoAgain != b {
			t.Errorf("made again: %+v, %+v", again, alsoAgain)
		}
	})
}

func TestWaitsAreRoundedUp(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := New(Options{DB: d, Clock: testkit.Clock()})
		for i, x := range []struct{ answered, replied, want time.Duration }{
			{0, 0, -time.Millisecond},
			{time.Second, 0, time.Minute},
			{0, 61 * time.Second, 2 * time.Minute},
			{time.Hour, 0, time.Hour},
			{time.Hour + 1e6, 0, 70 * time.Minute},
			{24 * time.Hour, time.Minute, 24 * time.Hour},
			{24*time.Hour + 1e6, 0, 25 * time.Hour},
			{-time.Hour, 0, 0},
		} {
			created := int64(start(0))
			moment := func(d time.Duration) int64 {
				if d == 0 {
					return 0
				}
				return created + d.Milliseconds()
			}
			if _, err := d.Write().NewRaw("INSERT INTO outcomes (no, program_id, program, type, status, created, closed, amount, answered, replied) VALUES (?, 'p', 1, ?, 201, ?, 0, 0, ?, ?)",
				i, i, created, moment(x.answered), moment(x.replied)).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, err := s.Tallies(t.Context(), nil, start(0), start(time.Hour), ByProblem)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(got, func(g Tally) bool { return g.Type == Problem(i) })
			if at < 0 || got[at].Wait != x.want.Milliseconds() {
				t.Errorf("answered after %v, here after %v: %+v, want %v", x.answered, x.replied, got, x.want)
			}
		}
	})
}
