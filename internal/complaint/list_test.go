package complaint

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
)

// shelf is cases that are only rows.
type shelf struct {
	t     *testing.T
	db    *db.DB
	cases *Service
	rows  []Complaint
}

func newShelf(t *testing.T, d *db.DB, programs ...string) *shelf {
	t.Helper()
	for _, id := range programs {
		p := &program.Program{ID: id, AppID: "wx" + id, Mode: program.Platform, State: program.Active, CreatedAt: 1, UpdatedAt: 1}
		if _, err := d.Write().NewInsert().Model(p).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return &shelf{t: t, db: d, cases: New(Options{DB: d, Clock: testkit.Clock(), Logger: slog.New(slog.DiscardHandler)})}
}

func (s *shelf) put(rows ...Complaint) {
	s.t.Helper()
	for i := range rows {
		c := &rows[i]
		if c.ID == "" {
			c.ID = db.NewID()
		}
		if c.ComplaintOrderID == "" {
			c.ComplaintOrderID = fmt.Sprint(70000 + len(s.rows) + i)
		}
		if c.ProgramID == "" {
			c.ProgramID = "p1"
		}
		c.Stage = StageOf(c.Status, c.AppealState)
		c.setDue(c.DueAt)
		if c.FirstSeenAt == 0 {
			c.FirstSeenAt = db.At(testkit.Start)
		}
		c.Images.V = []string{}
	}
	err := s.db.InTx(s.t.Context(), func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(&rows).Exec(ctx)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.cases.FillInbox(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.rows = append(s.rows, rows...)
}

// ids walks all pages.
func (s *shelf) ids(f Filter) []string {
	s.t.Helper()
	var out []string
	for range 1000 {
		page, next, err := s.cases.List(s.t.Context(), f)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(page) > f.Limit || (next != "" && len(page) != f.Limit) {
			s.t.Fatalf("a page of %d for a limit of %d, next %q", len(page), f.Limit, next)
		}
		for _, c := range page {
			out = append(out, c.ID)
		}
		if next == "" {
			return out
		}
		f.Cursor = next
	}
	s.t.Fatal("the pages never end")
	return nil
}

// expect is what a plain loop over the rows finds.
func (s *shelf) expect(sort Sort, keep func(c *Complaint) bool) []string {
	var rows []Complaint
	for i := range s.rows {
		if keep(&s.rows[i]) {
			rows = append(rows, s.rows[i])
		}
	}
	slices.SortFunc(rows, func(a, b Complaint) int {
		x, y := filed(&a), filed(&b)
		if sort == ByNewest {
			return cmp.Or(cmp.Compare(y, x), cmp.Compare(b.ID, a.ID))
		}
		if a.DueSort == noDue && b.DueSort == noDue {
			return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.ID, b.ID))
		}
		return cmp.Or(cmp.Compare(a.DueSort, b.DueSort), cmp.Compare(a.ID, b.ID))
	})
	var out []string
	for _, c := range rows {
		out = append(out, c.ID)
	}
	return out
}

// filed is when a case was filed, as far as it is known.
func filed(c *Complaint) db.Time { return cmp.Or(c.CreatedAt, c.FirstSeenAt) }

func start(d time.Duration) db.Time { return db.At(testkit.Start.Add(d)) }

// fill puts many cases with equal deadlines, equal arrival times and no deadline at all.
func (s *shelf) fill() {
	statuses := []Status{201, 106, 206, 203, 101, 102, 112, 999}
	var rows []Complaint
	for i := range 61 {
		c := Complaint{
			ProgramID: []string{"p1", "p2", "p3"}[i%3], Status: statuses[i%len(statuses)], Type: []Problem{611, 643}[i%2],
			FirstSeenAt: start(time.Duration(i/7) * -time.Hour), CreatedAt: start(time.Duration(i) * -time.Hour),
		}
		if i%4 != 0 {
			c.DueAt = start(time.Duration(i%5-1) * 6 * time.Hour)
		}
		if i%6 == 0 {
			c.AppealState = AppealOpen
		}
		if i%9 == 0 {
			c.CreatedAt = 0
		}
		rows = append(rows, c)
	}
	s.put(rows...)
}

func TestPagesNeitherSkipNorRepeat(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2", "p3")
		s.fill()
		soon := start(DueSoon)
		filters := map[string]struct {
			f    Filter
			keep func(c *Complaint) bool
		}{
			"all":           {Filter{}, func(*Complaint) bool { return true }},
			"a scope":       {Filter{ProgramIDs: []string{"p1", "p3"}}, func(c *Complaint) bool { return c.ProgramID != "p2" }},
			"no scope":      {Filter{ProgramIDs: []string{}}, func(*Complaint) bool { return false }},
			"a status":      {Filter{Status: 201}, func(c *Complaint) bool { return c.Status == 201 }},
			"a stage":       {Filter{Stages: []Stage{ToAppeal}}, func(c *Complaint) bool { return c.Stage == ToAppeal }},
			"two stages":    {Filter{Stages: []Stage{Closed, StageUnknown}}, func(c *Complaint) bool { return c.Stage == Closed || c.Stage == StageUnknown }},
			"a type":        {Filter{Type: 611}, func(c *Complaint) bool { return c.Type == 611 }},
			"due before":    {Filter{DueBefore: soon}, func(c *Complaint) bool { return !c.DueAt.IsZero() && c.Stage != Closed && c.DueAt < soon }},
			"created since": {Filter{CreatedFrom: start(-20 * time.Hour)}, func(c *Complaint) bool { return filed(c) >= start(-20*time.Hour) }},
			"created until": {Filter{CreatedTo: start(-20 * time.Hour)}, func(c *Complaint) bool { return filed(c) < start(-20*time.Hour) }},
			"several at once": {
				Filter{ProgramIDs: []string{"p1", "p2"}, Stages: merchantStages, Type: 643, DueBefore: soon}, func(c *Complaint) bool {
					return c.ProgramID != "p3" && c.Stage.WaitsForMerchant() && c.Type == 643 && !c.DueAt.IsZero() && c.DueAt < soon
				},
			},
		}
		for name, x := range filters {
			for _, sort := range []Sort{"", ByDue, ByNewest} {
				want := s.expect(sort, x.keep)
				for _, limit := range []int{1, 2, 7, 61, 200} {
					if limit == 1 && len(want) > 25 {
						continue // says no more than 2 does
					}
					x.f.Sort, x.f.Limit = sort, limit
					if got := s.ids(x.f); !slices.Equal(got, want) {
						t.Errorf("%s by %q in pages of %d: %d cases, want %d, or another order", name, sort, limit, len(got), len(want))
					}
				}
			}
		}
		if len(s.expect("", filters["several at once"].keep)) == 0 {
			t.Error("the combined filter was not put to a test")
		}
	})
}

func TestCasesArrivingBetweenPagesDisturbNothing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2", "p3")
		s.fill()
		want := s.expect(ByNewest, func(*Complaint) bool { return true })
		f := Filter{Sort: ByNewest, Limit: 20}
		page, next, err := s.cases.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range page {
			got = append(got, c.ID)
		}
		s.put(Complaint{FirstSeenAt: start(time.Hour), Status: 201})
		f.Cursor = next
		if got = append(got, s.ids(f)...); !slices.Equal(got, want) {
			t.Error("the pages skip or repeat a case")
		}
	})
}

func TestCursorsAreChecked(t *testing.T) {
	s := newShelf(t, testkit.SQLite(t), "p1", "p2", "p3")
	s.fill()
	_, due, err := s.cases.List(t.Context(), Filter{Sort: ByDue, Limit: 5})
	if err != nil || due == "" {
		t.Fatalf("%q, %v", due, err)
	}
	for name, f := range map[string]Filter{
		"of another order": {Sort: ByNewest, Cursor: due}, "no base64": {Cursor: "%%"}, "nonsense": {Cursor: "YWJj"}, "no number": {Cursor: encodeNonsense("due|x|y")},
		"too long a number": {Cursor: encodeNonsense("due|99999999999999999999|y")},
	} {
		f.Limit = 5
		if _, _, err := s.cases.List(t.Context(), f); !errors.Is(err, ErrBadCursor) {
			t.Errorf("a cursor %s gave %v", name, err)
		}
	}
	if got := s.ids(Filter{Cursor: due, Limit: 200}); len(got) != len(s.rows)-5 {
		t.Errorf("the default order does not go on where the order by time left stopped: %d cases", len(got))
	}
}

func encodeNonsense(v string) string { return base64.RawURLEncoding.EncodeToString([]byte(v)) }

func TestSearch(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1")
		s.put(
			Complaint{ID: "percent", ProductName: "打 100% 折"},
			Complaint{ID: "underscore", ProductName: "a_b", OutTradeNo: "T_1"},
			Complaint{ID: "backslash", ProductName: `a\b`},
			Complaint{ID: "quote", ProductName: "it's?", ContentMasked: "说 \"不\" :name ? ?"},
			Complaint{ID: "plain", ProductName: "axb 1000", OutTradeNo: "Order-7", TransactionID: "4200001", PhoneMasked: "138****6021", ContentMasked: "罐子瘪了"},
		)
		for q, want := range map[string][]string{
			"%": {"percent"}, "100%": {"percent"}, "100": {"percent", "plain"}, "_": {"underscore"}, "a_b": {"underscore"}, `\`: {"backslash"}, `a\b`: {"backslash"},
			"'": {"quote"}, "?": {"quote"}, `"不"`: {"quote"}, ":name": {"quote"}, "6021": {"plain"}, "瘪": {"plain"}, "4200001": {"plain"}, "order-7": {"plain"},
			"ORDER-7": {"plain"}, "t_1": {"underscore"}, "nothing": nil, "%%": nil,
		} {
			got := s.ids(Filter{Query: q, Limit: 50})
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%q found %v, want %v", q, got, want)
			}
		}
	})
}

func TestCountsAgreeWithTheLists(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2", "p3")
		s.fill()
		views := []View{
			ViewMine, ViewDueSoon, ViewSupplement, ViewProve, ViewAppeal, ViewPlatform, ViewWaitingUser, ViewClosed, ViewUnknown, ViewAll,
		}
		for name, scope := range map[string][]string{"all": nil, "two": {"p1", "p2"}, "none": {}} {
			n, err := s.cases.Counts(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			if len(n) != len(views) {
				t.Errorf("%s: %d views are counted", name, len(n))
			}
			total := int64(0)
			for _, v := range views {
				got := s.ids(v.Apply(Filter{ProgramIDs: scope, Limit: 200}, testkit.Start))
				if int64(len(got)) != n[v] {
					t.Errorf("%s: %s has %d cases, counted %d", name, v, len(got), n[v])
				}
				total += n[v]
			}
			if (total == 0) != (name == "none") {
				t.Errorf("%s: %d in all", name, total)
			}
		}
	})
}

func TestDaysAreThoseOfBeijing(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2")
		midnight := time.Date(2026, 3, 12, 0, 0, 0, 0, Beijing)
		at := func(d time.Duration) db.Time { return db.At(midnight.Add(d)) }
		s.put(
			Complaint{Status: 201, CreatedAt: at(0)},
			Complaint{Status: 201, CreatedAt: at(-time.Millisecond)},
			Complaint{Status: 102, CreatedAt: at(-48 * time.Hour), ClosedAt: at(-time.Millisecond), ProgramID: "p2"},
			Complaint{Status: 102, CreatedAt: at(-49 * time.Hour), ClosedAt: at(time.Hour)},
			Complaint{Status: 201, CreatedAt: at(30 * time.Hour)}, // WeChat's clock ahead of ours
		)
		got, err := s.cases.Days(t.Context(), nil, 3)
		want := []Day{{At: midnight.AddDate(0, 0, -2), Created: 1}, {At: midnight.AddDate(0, 0, -1), Created: 1, Closed: 1}, {At: midnight, Created: 1, Closed: 1}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("all: %v, %v", got, err)
		}
		got, err = s.cases.Days(t.Context(), []string{"p2"}, 3)
		if err != nil || got[0].Created != 1 || got[1].Created != 0 || got[1].Closed != 1 || got[2].Closed != 0 {
			t.Errorf("one program: %v, %v", got, err)
		}
		got, err = s.cases.Days(t.Context(), []string{}, 3)
		if err != nil || len(got) != 3 || got[0].Created != 0 {
			t.Errorf("none: %v, %v", got, err)
		}
	})
}

func TestTotals(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2")
		midnight := time.Date(2026, 3, 12, 0, 0, 0, 0, Beijing)
		s.put(
			Complaint{Status: 201, FirstSeenAt: db.At(midnight), DueAt: start(-time.Hour)},
			Complaint{Status: 201, FirstSeenAt: db.At(midnight.Add(-time.Millisecond)), DueAt: start(time.Hour)},
			Complaint{Status: 203, FirstSeenAt: start(0), DueAt: start(-time.Hour)},
			Complaint{Status: 102, FirstSeenAt: start(0), DueAt: start(-time.Hour)},
			Complaint{Status: 206, FirstSeenAt: start(0), DueAt: start(-time.Hour), ProgramID: "p2"},
			Complaint{Status: 201, FirstSeenAt: start(0)},
		)
		for name, c := range map[string]struct {
			scope []string
			want  Totals
		}{"all": {nil, Totals{NewToday: 5, Overdue: 2}}, "one": {[]string{"p1"}, Totals{NewToday: 4, Overdue: 1}}, "none": {[]string{}, Totals{}}} {
			got, err := s.cases.Totals(t.Context(), c.scope)
			if err != nil || got != c.want {
				t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
			}
		}
		open, err := s.cases.OpenByProgram(t.Context())
		if err != nil || open["p1"] != 3 || open["p2"] != 1 || len(open) != 2 {
			t.Errorf("open by program: %v, %v", open, err)
		}
	})
}
