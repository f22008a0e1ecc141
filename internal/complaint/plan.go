package complaint

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// plan is how the cases of a filter are found in their order. Each index of the inbox begins with one column and goes on with an order, and carries everything else
// that is filtered by. So a plan walks along the shortest list that the filter names (a program, a type …) in order and passes over what doesn't fit; several lists
// of one column (the stages of a view) are walked side by side. Where a list is short but its index has another order, it is read whole and sorted.
type plan struct {
	sort   string // the column that is sorted by
	desc   bool
	driver column
	gather bool
	conds  []cond
	few    []narrow // lists of cases that were found otherwise, instead of a driver's
}

// narrow narrows a query.
type narrow func(q *bun.SelectQuery) *bun.SelectQuery

// column is a column with the values it may have.
type column struct {
	name string
	keys []int64
}

// cond is a range, or a column that doesn't drive.
type cond struct {
	column
	op    string // "IN", "<", ">="
	value int64
}

const (
	maxArms  = 16             // lists walked side by side
	sizeCap  = 20_000         // beyond, a list is long
	sizeKept = 10 * 60 * 1000 // ms
)

// tuning is where one way becomes dearer than another. It decides how long something takes, never what is found.
type tuning struct {
	shortList  int64 // a list that may be read whole and sorted
	fewFound   int   // documents that are looked up one by one; more are met often enough on a walk in order
	fewWaiting int64 // cases that wait to be indexed, likewise
	firstLook  int   // positions that a walk looks at first; then twice as many
}

var usual = tuning{shortList: 5000, fewFound: 4000, fewWaiting: 3000, firstLook: 256}

func (s *Service) plan(ctx context.Context, f Filter) (*plan, error) {
	p := &plan{sort: "due"}
	if f.Sort == ByNewest {
		p.sort, p.desc = "created", true
	}
	equal := f.columns()
	ranges := f.ranges()
	best, size, err := s.shortest(ctx, p, equal, ranges)
	if err != nil {
		return nil, err
	}
	if best >= 0 {
		p.driver = equal[best]
	}
	// A short range of the other order, or a short scope, may be shorter still.
	for _, c := range append(otherOrder(ranges, p.sort), wide(equal)...) {
		if size >= 0 && size < s.tuning.shortList/3 {
			break
		}
		n, err := s.countCond(ctx, c, s.tuning.shortList+1)
		if err != nil {
			return nil, err
		}
		if n <= s.tuning.shortList && (size < 0 || n < size/3) {
			p.driver, p.gather, size = c.column, true, n
		}
	}
	for _, c := range equal {
		if c.name != p.driver.name || p.gather && c.name == p.driver.name {
			p.conds = append(p.conds, cond{column: c, op: "IN"})
		}
	}
	p.conds = append(p.conds, ranges...)
	return p, nil
}

// columns are the columns that must have one of some values.
func (f Filter) columns() []column {
	var out []column
	if f.ProgramIDs != nil {
		out = append(out, column{"program", keysOf(f.ProgramIDs)})
	}
	if f.Assignee == Unassigned {
		out = append(out, column{"assignee", []int64{0}})
	} else if f.Assignee != "" {
		out = append(out, column{"assignee", []int64{keyOf(f.Assignee)}})
	}
	if f.Status != 0 {
		out = append(out, column{"status", []int64{int64(f.Status)}})
	}
	if f.Type != 0 {
		out = append(out, column{"type", []int64{int64(f.Type)}})
	}
	if len(f.Stages) > 0 {
		c := column{name: "stage"}
		for _, st := range f.Stages {
			c.keys = append(c.keys, stageCode(st))
		}
		out = append(out, c)
	}
	return out
}

func (f Filter) ranges() []cond {
	var out []cond
	add := func(name, op string, v db.Time) {
		if v != 0 {
			out = append(out, cond{column: column{name: name}, op: op, value: int64(v)})
		}
	}
	add("due", "<", f.DueBefore)
	add("created", ">=", f.CreatedFrom)
	add("created", "<", f.CreatedTo)
	return out
}

// shortest picks the column with the shortest lists; -1 when there is none that can drive. The size is -1 where it doesn't matter or is beyond counting.
func (s *Service) shortest(ctx context.Context, p *plan, cols []column, ranges []cond) (best int, size int64, err error) {
	best, size = -1, -1
	can := 0
	for i, c := range cols {
		if len(c.keys) <= maxArms {
			can++
			best = i
		}
	}
	if can == 0 {
		return -1, -1, nil
	}
	if can == 1 && len(otherOrder(ranges, p.sort)) == 0 && len(wide(cols)) == 0 {
		return best, 0, nil
	}
	best = -1
	for i, c := range cols {
		if len(c.keys) > maxArms {
			continue
		}
		n := int64(0)
		for _, k := range c.keys {
			m, err := s.sizeOf(ctx, c.name, k)
			if err != nil {
				return -1, -1, err
			}
			n += m
		}
		if best < 0 || n < size {
			best, size = i, n
		}
	}
	return best, size, nil
}

// otherOrder are the ranges that the order in use doesn't walk along, as one condition for each column.
func otherOrder(ranges []cond, sort string) []gatherCond {
	var out []gatherCond
	for _, r := range ranges {
		if r.name == sort {
			continue
		}
		if n := len(out); n > 0 && out[n-1].name == r.name {
			out[n-1].ranges = append(out[n-1].ranges, r)
			continue
		}
		out = append(out, gatherCond{column: r.column, ranges: []cond{r}})
	}
	return out
}

// wide are the columns with too many values to be walked side by side: a scope of many programs.
func wide(cols []column) []gatherCond {
	var out []gatherCond
	for _, c := range cols {
		if len(c.keys) > maxArms {
			out = append(out, gatherCond{column: c})
		}
	}
	return out
}

// gatherCond is a list that could be read whole.
type gatherCond struct {
	column
	ranges []cond
}

func (s *Service) countCond(ctx context.Context, c gatherCond, limit int64) (int64, error) {
	q := s.db.Read.NewSelect().TableExpr("inbox").ColumnExpr("1").Limit(limit)
	if len(c.keys) > 0 {
		q = q.Where("? IN (?)", bun.Ident(c.name), bun.List(c.keys))
	}
	for _, r := range c.ranges {
		q = q.Where("? "+r.op+" ?", bun.Ident(r.name), r.value)
	}
	return s.countAll(ctx, q)
}

func (s *Service) countAll(ctx context.Context, q *bun.SelectQuery) (int64, error) {
	var n int64
	if err := s.db.Read.NewSelect().TableExpr("(?) AS found", q).ColumnExpr("count(*)").Scan(ctx, &n); err != nil {
		return 0, fmt.Errorf("measure a list of complaints: %w", err)
	}
	return n, nil
}

// sizes remembers roughly how long lists are. They only decide which way is taken, so they may be old.
type sizes struct {
	mu    sync.Mutex
	known map[string]sized
}

type sized struct {
	n  int64
	at int64
}

func (s *Service) sizeOf(ctx context.Context, name string, key int64) (int64, error) {
	id, now := fmt.Sprintf("%s/%d", name, key), s.clock.Now().UnixMilli()
	s.sizes.mu.Lock()
	v, ok := s.sizes.known[id]
	s.sizes.mu.Unlock()
	if ok && now-v.at < sizeKept {
		return v.n, nil
	}
	n, err := s.countCond(ctx, gatherCond{column: column{name, []int64{key}}}, sizeCap)
	if err != nil {
		return 0, err
	}
	s.sizes.mu.Lock()
	defer s.sizes.mu.Unlock()
	if s.sizes.known == nil || len(s.sizes.known) > 10_000 {
		s.sizes.known = map[string]sized{}
	}
	s.sizes.known[id] = sized{n, now}
	return n, nil
}

// page returns the positions after one, with their number in the text index if asked for.
func (p *plan) page(ctx context.Context, read bun.IDB, after *position, limit int, docs bool) ([]position, error) {
	dir := "ASC"
	if p.desc {
		dir = "DESC"
	}
	arms := p.lists()
	queries := make([]any, len(arms))
	parts := make([]string, len(arms))
	for i, list := range arms {
		queries[i] = p.arm(read, list, after, limit, docs, dir)
		parts[i] = "SELECT * FROM (?) AS a" + fmt.Sprint(i)
	}
	var out []position
	var err error
	if len(arms) == 1 {
		err = queries[0].(*bun.SelectQuery).Scan(ctx, &out)
	} else {
		q := strings.Join(parts, " UNION ALL ") + " ORDER BY at " + dir + ", no " + dir + " LIMIT " + fmt.Sprint(limit)
		err = read.NewRaw(q, queries...).Scan(ctx, &out)
	}
	if err != nil && !db.IsNotFound(err) {
		return nil, fmt.Errorf("list complaints: %w", err)
	}
	return out, nil
}

// lists are what is walked along, side by side.
func (p *plan) lists() []narrow {
	switch {
	case p.few != nil:
		return p.few
	case p.gather || p.driver.name == "":
		return []narrow{func(q *bun.SelectQuery) *bun.SelectQuery { return q }}
	}
	out := make([]narrow, len(p.driver.keys))
	for i, key := range p.driver.keys {
		out[i] = func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("? = ?", bun.Ident(p.driver.name), key) }
	}
	return out
}

// arm walks along one list. A plus before a column keeps the database from choosing an index by it: which one is best was decided here.
func (p *plan) arm(read bun.IDB, list narrow, after *position, limit int, docs bool, dir string) *bun.SelectQuery {
	q := read.NewSelect().TableExpr("inbox").ColumnExpr("? AS at, no", bun.Ident(p.sort)).Limit(int64(limit))
	if docs {
		q = q.Column("doc")
	}
	q = list(q)
	for _, c := range p.conds {
		plus := "+"
		if c.name == p.sort && !p.gather || p.gather && c.name == p.driver.name {
			plus = ""
		}
		switch {
		case c.op == "IN" && len(c.keys) == 1:
			q = q.Where(plus+"? = ?", bun.Ident(c.name), c.keys[0])
		case c.op == "IN":
			q = q.Where(plus+"? IN (?)", bun.Ident(c.name), bun.List(c.keys))
		default:
			q = q.Where(plus+"? "+c.op+" ?", bun.Ident(c.name), c.value)
		}
	}
	plus := ""
	if p.gather {
		plus = "+"
	}
	if after != nil {
		cmp := ">"
		if p.desc {
			cmp = "<"
		}
		q = q.Where("("+plus+"?, "+plus+"no) "+cmp+" (?, ?)", bun.Ident(p.sort), after.At, after.No)
	}
	return q.OrderExpr(plus+"? "+dir+", "+plus+"no "+dir, bun.Ident(p.sort))
}
