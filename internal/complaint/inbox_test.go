package complaint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/search"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

var (
	words        = []string{"茶叶", "破损", "退款", "不回复", "a", "B7", "42000", "礼盒", "250g", "，", " "}
	someStatuses = []Status{201, 106, 206, 203, 101, 102, 112, 999, 0}
)

func randomWords(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(words[r.IntN(len(words))])
	}
	return b.String()
}

func randomCase(r *rand.Rand, programs []string) Complaint {
	c := Complaint{
		ProgramID: programs[r.IntN(len(programs))], Status: someStatuses[r.IntN(len(someStatuses))], Type: []Problem{611, 643, 657}[r.IntN(3)],
		FirstSeenAt: start(time.Duration(-r.IntN(300)) * time.Hour), ProductName: randomWords(r, 2), ContentMasked: randomWords(r, 6),
		TransactionID: fmt.Sprint(4200000000 + r.IntN(9999)), AssigneeID: []string{"", "", "u1", "u2"}[r.IntN(4)],
	}
	if r.IntN(3) > 0 {
		c.DueAt = start(time.Duration(r.IntN(96)-48) * time.Hour)
	}
	if r.IntN(5) > 0 {
		c.CreatedAt = c.FirstSeenAt - db.Time(r.IntN(3600))
	}
	return c
}

func randomFilter(r *rand.Rand, programs []string) Filter {
	f := Filter{Sort: []Sort{ByDue, ByNewest}[r.IntN(2)], Limit: []int{1, 3, 20, 200}[r.IntN(4)]}
	if f.Limit == 1 {
		f.Limit = 9 - r.IntN(3)
	}
	maybe := func() bool { return r.IntN(3) == 0 }
	if maybe() {
		f.ProgramIDs = slices.Clone(programs[:1+r.IntN(len(programs))])
	}
	if maybe() {
		f.Status = someStatuses[r.IntN(len(someStatuses)-1)]
	}
	if maybe() {
		f.Type = 643
	}
	if maybe() {
		f.Stages = []Stage{ToRespond, Closed, StageUnknown}[:1+r.IntN(3)]
	}
	if maybe() {
		f.Assignee = []string{Unassigned, "u1", "u3"}[r.IntN(3)]
	}
	if maybe() {
		f.DueBefore = start(time.Duration(r.IntN(96)-48) * time.Hour)
	}
	if maybe() {
		f.CreatedFrom = start(time.Duration(-r.IntN(300)) * time.Hour)
	}
	if maybe() {
		f.CreatedTo = start(time.Duration(-r.IntN(300)) * time.Hour)
	}
	if r.IntN(2) == 0 {
		f.Query = strings.TrimSpace([]string{"茶", "破损", "叶破", "退款不", "000", "42", "b7", "4200000", "250G礼", "，", "破损 茶", "B7  退款"}[r.IntN(12)])
	}
	return f
}

// matches is the filter as a plain condition.
func matches(f Filter, c *Complaint) bool {
	switch {
	case f.ProgramIDs != nil && !slices.Contains(f.ProgramIDs, c.ProgramID), f.Status != 0 && f.Status != c.Status, f.Type != 0 && f.Type != c.Type,
		len(f.Stages) > 0 && !slices.Contains(f.Stages, c.Stage), f.Assignee == Unassigned && c.AssigneeID != "",
		f.Assignee != "" && f.Assignee != Unassigned && f.Assignee != c.AssigneeID, f.DueBefore != 0 && (c.DueSort == noDue || c.DueAt >= f.DueBefore),
		f.CreatedFrom != 0 && filed(c) < f.CreatedFrom, f.CreatedTo != 0 && filed(c) >= f.CreatedTo:
		return false
	}
	return containsAll(search.Fold(searchText(c)), strings.Fields(search.Fold(f.Query)))
}

// Whatever way is taken to find them (walking, gathering, the text index or none of it), the pages hold what a plain loop finds, in its order.
func TestAnyFilterInAnyOrderFindsWhatALoopFinds(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		var programs []string
		for i := range 20 {
			programs = append(programs, fmt.Sprintf("p%02d", i))
		}
		s := newShelf(t, d, programs...)
		r := rand.New(rand.NewPCG(7, 8))
		for _, indexed := range []int{90, 60, 0} {
			var rows []Complaint
			for range 100 {
				rows = append(rows, randomCase(r, programs))
			}
			s.put(rows...)
			if indexed > 0 {
				if err := s.cases.indexSome(t.Context(), indexed); err != nil {
					t.Fatal(err)
				}
			}
			for range 60 {
				// Without a limit, with one that is reached by some, and with none at all to spare.
				s.cases.tuning = []tuning{usual, {shortList: 60, fewFound: 30, fewWaiting: 50, firstLook: 7}, {shortList: 9, firstLook: 2}}[r.IntN(3)]
				f := randomFilter(r, programs)
				want := s.expect(f.Sort, func(c *Complaint) bool { return matches(f, c) })
				if got := s.ids(f); !slices.Equal(got, want) {
					t.Fatalf("%+v\nfound %d cases, want %d, or another order", f, len(got), len(want))
				}
			}
		}
	})
}

// A page walks along one index, whatever the filter: nothing is sorted, and nothing but the index is read.
func TestAPageIsReadFromOneIndex(t *testing.T) {
	d := testkit.SQLite(t)
	s := newShelf(t, d, "p1", "p2")
	for name, f := range map[string]Filter{
		"nothing": {}, "newest": {Sort: ByNewest}, "a program": {ProgramIDs: []string{"p1"}}, "a type and a time": {Type: 611, CreatedFrom: start(0), Sort: ByNewest},
		"a stage of a program": {ProgramIDs: []string{"p1"}, Stages: []Stage{Closed}}, "nobody's": {Assignee: Unassigned, DueBefore: start(0)}, "a status": {Status: 201, Sort: ByNewest},
	} {
		p, err := s.cases.plan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		dir := "ASC"
		if p.desc {
			dir = "DESC"
		}
		q := p.arm(d.Read, p.lists()[0], &position{1, 1, nil}, 50, false, dir)
		var steps []struct {
			ID, Parent, Notused int64
			Detail              string
		}
		if err := d.Read.NewRaw("EXPLAIN QUERY PLAN ?", q).Scan(t.Context(), &steps); err != nil {
			t.Fatal(err)
		}
		if len(steps) != 1 || !strings.Contains(steps[0].Detail, "COVERING INDEX inbox_") || p.gather {
			t.Errorf("%s: %+v", name, steps)
		}
	}
}

func TestCountsStayRightWhileManyChangeThemAtOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		programs := []string{"p1", "p2", "p3"}
		s := newShelf(t, d, programs...)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				r := rand.New(rand.NewPCG(9, uint64(w)))
				var mine []*Complaint
				for i := range 40 {
					if err := s.step(ctx, r, &mine, programs, fmt.Sprintf("%d-%d", w, i)); err != nil {
						t.Error(err)
						return
					}
					if i%10 == 9 {
						if err := s.cases.TidyCounts(ctx); err != nil {
							t.Error(err)
						}
					}
				}
			}()
		}
		wg.Wait()
		var rows []Complaint
		if err := d.Read.NewSelect().Model(&rows).Scan(ctx); err != nil || len(rows) == 0 {
			t.Fatal(len(rows), err)
		}
		for i := range rows {
			rows[i].Images.V = nil
		}
		s.rows = rows
		for _, scope := range [][]string{nil, {"p1"}, {"p2", "p3"}} {
			n, err := s.cases.Counts(t.Context(), scope)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range []View{ViewAll, ViewMine, ViewClosed, ViewUnknown, ViewWaitingUser, ViewDueSoon} {
				f := v.Apply(Filter{ProgramIDs: scope}, testkit.Start)
				want := len(s.expect(ByDue, func(c *Complaint) bool { return matches(f, c) }))
				if n[v] != int64(want) {
					t.Errorf("%v %s: counted %d, want %d", scope, v, n[v], want)
				}
			}
		}
		var most int
		if err := d.Read.NewRaw("SELECT max(n) FROM (SELECT count(*) AS n FROM inbox_counts GROUP BY program, stage) AS g").Scan(ctx, &most); err != nil || most > 60 {
			t.Errorf("a number is kept in %d rows: %v", most, err)
		}
	})
}

// step stores a new case or moves one to another state, or fails on purpose halfway.
func (s *shelf) step(ctx context.Context, r *rand.Rand, mine *[]*Complaint, programs []string, number string) error {
	undo := fmt.Errorf("undone")
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if len(*mine) == 0 || r.IntN(2) == 0 {
			c := randomCase(r, programs)
			c.ID, c.ComplaintOrderID, c.Images.V = db.NewID(), number, []string{}
			c.Stage = StageOf(c.Status, 0)
			c.setDue(c.DueAt)
			if _, err := tx.NewInsert().Model(&c).Exec(ctx); err != nil {
				return err
			}
			if err := putInbox(ctx, tx, &c); err != nil || r.IntN(6) == 0 {
				return cmp.Or(err, undo)
			}
			*mine = append(*mine, &c)
			return nil
		}
		at := r.IntN(len(*mine))
		c := *(*mine)[at]
		c.Status = someStatuses[r.IntN(len(someStatuses))]
		c.Stage = StageOf(c.Status, 0)
		c.setDue(c.DueAt)
		if _, err := tx.NewUpdate().Model(&c).WherePK().Exec(ctx); err != nil {
			return err
		}
		if err := moveInbox(ctx, tx, &c); err != nil || r.IntN(6) == 0 {
			return cmp.Or(err, undo)
		}
		(*mine)[at] = &c
		return nil
	})
	if errors.Is(err, undo) {
		return nil
	}
	return err
}

func TestCasesOfAnOlderVersionAreAddedOnce(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1", "p2", "p3")
		s.fill()
		for _, where := range []string{"1 = 1", "program = ?"} {
			if _, err := d.Write().NewDelete().Model((*inboxRow)(nil)).Where(where, keyOf("p2")).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Write().NewDelete().Model((*countRow)(nil)).Where(where, keyOf("p2")).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n, err := s.cases.FillInbox(t.Context()); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			if n, err := s.cases.FillInbox(t.Context()); err != nil || n != 0 {
				t.Errorf("the second time added %d: %v", n, err)
			}
			n, err := s.cases.Counts(t.Context(), nil)
			if err != nil || n[ViewAll] != int64(len(s.rows)) || len(s.ids(Filter{Limit: 50})) != len(s.rows) {
				t.Errorf("%d cases are counted: %v", n[ViewAll], err)
			}
		}
	})
}

func TestTheTextIndexKeepsUp(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1")
		var rows []Complaint
		for i := range indexFrom {
			rows = append(rows, Complaint{Status: 201, ContentMasked: fmt.Sprintf("第%d张投诉，罐子瘪了", i)})
		}
		s.put(rows...)
		quiet := func() bool { return false }
		if err := s.cases.IndexText(t.Context(), func() bool { return true }); err != nil {
			t.Fatal(err)
		}
		waiting := func() int64 {
			n, err := s.cases.waiting(t.Context(), 1000)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if waiting() != indexFrom {
			t.Error("cases were indexed while something more urgent wanted the database")
		}
		if err := s.cases.IndexText(t.Context(), quiet); err != nil || waiting() != 0 {
			t.Fatalf("%d wait: %v", waiting(), err)
		}
		// A text that changes is found by its new words at once, and no longer by the old ones.
		c := s.rows[7]
		c.ContentMasked = "改说包装完好"
		err := s.db.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			if _, err := tx.NewUpdate().Model(&c).WherePK().Exec(ctx); err != nil {
				return err
			}
			return moveInbox(ctx, tx, &c)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.ids(Filter{Query: "包装完", Limit: 5}); !slices.Equal(got, []string{c.ID}) || waiting() != 1 {
			t.Errorf("the new text finds %v, %d wait", got, waiting())
		}
		if got := s.ids(Filter{Query: "第7张", Limit: 5}); len(got) != 0 {
			t.Errorf("the old text finds %v", got)
		}
		if got := s.ids(Filter{Query: "子瘪", Limit: 50}); len(got) != indexFrom-1 {
			t.Errorf("%d cases, want all but one", len(got))
		}
	})
}

func TestWhoIsResponsible(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		s := newShelf(t, d, "p1")
		s.put(Complaint{Status: 201}, Complaint{Status: 201, AssigneeID: "u2"})
		id := s.rows[0].ID
		assign := func(user, name string) (changed bool) {
			t.Helper()
			if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) (err error) {
				changed, err = s.cases.Assign(ctx, tx, id, user, name, "周敏")
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return changed
		}
		if !assign("u1", "林晓") || assign("u1", "林晓") {
			t.Error("the first assignment changed nothing, or the second did")
		}
		if got := s.ids(Filter{Assignee: "u1", Limit: 5}); !slices.Equal(got, []string{id}) {
			t.Errorf("u1 has %v", got)
		}
		// A sync that began before it must not undo it.
		old := s.rows[0]
		old.Status, old.Stage = 203, WaitingUser
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error { return moveInbox(ctx, tx, &old) }); err != nil {
			t.Fatal(err)
		}
		if got := s.ids(Filter{Assignee: "u1", Stages: []Stage{WaitingUser}, Limit: 5}); !slices.Equal(got, []string{id}) {
			t.Errorf("after a sync u1 has %v", got)
		}
		if !assign("", "") || len(s.ids(Filter{Assignee: Unassigned, Limit: 5})) != 1 {
			t.Error("the case is still somebody's")
		}
		entries, err := s.cases.Timeline(t.Context(), id)
		if err != nil || len(entries) != 2 || entries[1].Text != "由林晓负责" || entries[1].Actor != "周敏" {
			t.Errorf("timeline: %+v, %v", entries, err)
		}
	})
}

func TestASyncThatBeganBeforeDoesNotUndoWhoIsResponsible(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.shop.OwnerID = "owner"
		id := w.heard(wechatsim.Filing{}).ID
		read, err := w.cases.ByID(t.Context(), id)
		if err != nil || read.AssigneeID != "owner" {
			t.Fatalf("a new case is %q's: %v", read.AssigneeID, err)
		}
		if err := d.InTx(t.Context(), func(ctx context.Context, tx db.Tx) error {
			_, err := w.cases.Assign(ctx, tx, id, "u1", "林晓", "周敏")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var detail wechat.Detail
		detail.Complaint.Status = 203
		if _, err := w.cases.merge(t.Context(), read, detail, []byte("{}"), w.cases.now()); err != nil {
			t.Fatal(err)
		}
		now, err := w.cases.ByID(t.Context(), id)
		if err != nil || now.AssigneeID != "u1" || now.Status != 203 {
			t.Errorf("after the sync it is %q's, status %d: %v", now.AssigneeID, now.Status, err)
		}
		got, _, err := w.cases.List(t.Context(), Filter{Assignee: "u1", Status: 203, Limit: 5})
		if err != nil || len(got) != 1 {
			t.Errorf("the inbox has %d: %v", len(got), err)
		}
	})
}
