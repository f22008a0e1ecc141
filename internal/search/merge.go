package search

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

const (
	fanIn = 8 // neighbours of one size that are merged
	// firstSize is the size up to which segments count as of the first size; each further one is fanIn times larger.
	firstSize = 2048
	// graceful is how long a replaced segment is kept for searches that began before, and an unfinished one for whoever may still be writing it.
	graceful = 10 * time.Minute
)

func level(size int64) int {
	l := 0
	for s := int64(firstSize); size > s; s *= fanIn {
		l++
	}
	return l
}

// Merge merges one group of neighbouring segments, if there is one, and forgets what is no longer needed. more says that it is worth calling again.
func (x *Index) Merge(ctx context.Context) (more bool, err error) {
	if err := x.forget(ctx); err != nil {
		return false, err
	}
	segs, err := x.segments(ctx, "state = ?", inUse)
	if err != nil {
		return false, err
	}
	group := choose(segs)
	if group == nil {
		return false, nil
	}
	return true, x.merge(ctx, group)
}

// choose returns fanIn neighbours of one level, the smallest first.
func choose(segs []segment) []segment {
	var best []segment
	for i := 0; i < len(segs); {
		j := i
		for j < len(segs) && level(segs[j].Size) == level(segs[i].Size) {
			j++
		}
		if j-i >= fanIn && (len(best) == 0 || segs[i].Size < best[0].Size) {
			best = segs[i : i+fanIn]
		}
		i = j
	}
	return best
}

func (x *Index) merge(ctx context.Context, from []segment) error {
	into, err := x.newSegment(ctx)
	if err != nil {
		return err
	}
	into.Base = from[0].Base
	last := from[len(from)-1]
	into.Size = last.Base + last.Size - into.Base
	rs := make([]*reader, len(from))
	for i, s := range from {
		rs[i] = &reader{x: x, segment: s.ID, shift: s.Base - into.Base}
	}
	var out []posting
	for {
		p, err := next(ctx, rs)
		if err != nil {
			return err
		}
		if p != nil {
			p.Segment = into.ID
			out = append(out, *p)
		}
		if p == nil || len(out) >= 10*batch {
			if err := x.write(ctx, out); err != nil {
				return err
			}
			out = out[:0]
		}
		if p == nil {
			return x.swap(ctx, from, into)
		}
	}
}

// swap makes a merged segment visible in place of those it was made from.
func (x *Index) swap(ctx context.Context, from []segment, into *segment) error {
	return x.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := x.lock(ctx, tx); err != nil {
			return err
		}
		now := db.At(x.clock.Now())
		for i := range from {
			s := from[i]
			s.State, s.ChangedAt = replaced, now
			if err := x.replaceState(ctx, tx, &s, inUse); err != nil {
				return err
			}
		}
		into.State, into.ChangedAt = inUse, now
		return x.replaceState(ctx, tx, into, writing)
	})
}

// reader walks through a segment by term.
type reader struct {
	x       *Index
	segment int64
	shift   int64
	page    []posting
	after   int64
	done    bool
}

const readBatch = 1000

func (r *reader) peek(ctx context.Context) (*posting, error) {
	if len(r.page) == 0 && !r.done {
		err := r.x.db.Read.NewSelect().Model(&r.page).Where("segment = ? AND term > ?", r.segment, r.after).Order("term").Limit(readBatch).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("read a segment: %w", err)
		}
		r.done = len(r.page) < readBatch
		if n := len(r.page); n > 0 {
			r.after = r.page[n-1].Term
		}
	}
	if len(r.page) == 0 {
		return nil, nil
	}
	return &r.page[0], nil
}

// next takes the smallest term of all readers, with all its documents; nil at the end.
func next(ctx context.Context, rs []*reader) (*posting, error) {
	var least *posting
	for _, r := range rs {
		p, err := r.peek(ctx)
		if err != nil {
			return nil, err
		}
		if p != nil && (least == nil || p.Term < least.Term) {
			least = p
		}
	}
	if least == nil {
		return nil, nil
	}
	out := &posting{Term: least.Term}
	last := int64(-1)
	for _, r := range rs {
		if len(r.page) == 0 || r.page[0].Term != out.Term {
			continue
		}
		var docs []uint32
		if err := eachDoc(r.page[0].Docs, func(d int64) { docs = append(docs, uint32(d+r.shift)) }); err != nil {
			return nil, err
		}
		out.Docs = appendDocs(out.Docs, docs, last)
		last = int64(docs[len(docs)-1])
		r.page = r.page[1:]
	}
	return out, nil
}

// forget removes segments that were replaced, or never finished, some time ago.
func (x *Index) forget(ctx context.Context) error {
	segs, err := x.segments(ctx, "state <> ? AND changed_at < ?", inUse, db.At(x.clock.Now().Add(-graceful)))
	if err != nil {
		return err
	}
	for _, s := range segs {
		if err := x.remove(ctx, s.ID); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) remove(ctx context.Context, id int64) error {
	for {
		var terms []int64
		err := x.db.Read.NewSelect().Model((*posting)(nil)).Column("term").Where("segment = ?", id).Order("term").Limit(5*batch).Scan(ctx, &terms)
		if err != nil {
			return fmt.Errorf("read a segment to remove: %w", err)
		}
		if len(terms) == 0 {
			break
		}
		if _, err := x.db.Write().NewDelete().Model((*posting)(nil)).Where("segment = ? AND term <= ?", id, slices.Max(terms)).Exec(ctx); err != nil {
			return fmt.Errorf("remove a segment: %w", err)
		}
	}
	if _, err := x.db.Write().NewDelete().Model((*segment)(nil)).Where("id = ?", id).Where("state IN (?)", bun.List([]int{writing, replaced})).Exec(ctx); err != nil {
		return fmt.Errorf("remove a segment: %w", err)
	}
	return nil
}
