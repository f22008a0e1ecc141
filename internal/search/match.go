package search

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// Match is what a query found among the documents that were indexed when it was asked.
type Match struct {
	all     bool
	docs    set
	horizon int64
}

// Horizon is the number below which documents were looked at; those above it are newer.
func (m *Match) Horizon() int64 { return m.horizon }

// All says that the query excludes nothing.
func (m *Match) All() bool { return m.all }

// Has says whether a document below the horizon may contain the query.
func (m *Match) Has(doc int64) bool { return m.all || m.docs.has(doc) }

// Count is how many may.
func (m *Match) Count() int {
	if m.all {
		return int(m.horizon)
	}
	return m.docs.count()
}

// Docs lists them; not for a Match of All.
func (m *Match) Docs() []int64 {
	out := make([]int64, 0, m.docs.count())
	m.docs.each(func(d int64) { out = append(out, d) })
	return out
}

// Match looks a query up.
func (x *Index) Match(ctx context.Context, q string) (*Match, error) {
	segs, err := x.segments(ctx, "state = ?", inUse)
	if err != nil {
		return nil, err
	}
	m := &Match{}
	bases, ids := map[int64]int64{}, make([]int64, len(segs))
	for i, s := range segs {
		m.horizon = max(m.horizon, s.Base+s.Size)
		bases[s.ID], ids[i] = s.Base, s.ID
	}
	spans := query(q)
	if len(spans) == 0 {
		m.all = true
		return m, nil
	}
	m.docs = newSet(m.horizon)
	if len(segs) == 0 {
		return m, nil
	}
	found := newSet(m.horizon)
	for i, sp := range spans {
		to := found
		if i == 0 {
			to = m.docs
		} else {
			clear(found)
		}
		if err := x.collect(ctx, ids, bases, sp, to); err != nil {
			return nil, err
		}
		if i > 0 {
			m.docs.and(found)
		}
		if m.docs.count() == 0 {
			break
		}
	}
	return m, nil
}

// collect adds the documents that contain one of the terms of a span.
func (x *Index) collect(ctx context.Context, ids []int64, bases map[int64]int64, sp span, to set) error {
	var ps []posting
	q := x.db.Read.NewSelect().Model(&ps).Where("segment IN (?)", bun.List(ids))
	if sp.From == sp.To {
		q = q.Where("term = ?", sp.From)
	} else {
		q = q.Where("term >= ? AND term <= ?", sp.From, sp.To)
	}
	if err := q.Scan(ctx); err != nil {
		return fmt.Errorf("read lists of the text index: %w", err)
	}
	for _, p := range ps {
		if err := to.addDocs(p.Docs, bases[p.Segment]); err != nil {
			return err
		}
	}
	return nil
}
