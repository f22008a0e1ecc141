package search

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
)

// Index is the text index of an installation.
type Index struct {
	db    *db.DB
	clock clock.Clock
}

// New returns the index in a database.
func New(d *db.DB, c clock.Clock) *Index { return &Index{db: d, clock: c} }

// ErrMoved says that somebody else changed the index meanwhile; nothing was added, and the next try works.
var ErrMoved = errors.New("the text index was changed meanwhile")

// States of a segment.
const (
	writing = iota
	inUse
	replaced
)

type segment struct {
	bun.BaseModel `bun:"table:search_segments"`

	ID        int64 `bun:",pk"`
	Base      int64 // number of its first document
	Size      int64
	State     int64
	ChangedAt db.Time
}

type posting struct {
	bun.BaseModel `bun:"table:search_postings"`

	Segment int64 `bun:",pk"`
	Term    int64 `bun:",pk"`
	Docs    []byte
}

type state struct {
	bun.BaseModel `bun:"table:search_state"`

	ID          string `bun:",pk"`
	NextSegment int64
	NextDoc     int64
	Version     int64
}

const theState = "text"

func (x *Index) state(ctx context.Context, q bun.IDB) (*state, error) {
	st := &state{ID: theState}
	if err := q.NewSelect().Model(st).WherePK().Scan(ctx); err != nil {
		return nil, fmt.Errorf("read state of the text index: %w", err)
	}
	return st, nil
}

// newSegment reserves a segment that nobody reads yet.
func (x *Index) newSegment(ctx context.Context) (*segment, error) {
	seg := &segment{State: writing, ChangedAt: db.At(x.clock.Now())}
	err := x.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := tx.NewRaw("UPDATE search_state SET next_segment = next_segment + 1 WHERE id = ? RETURNING next_segment", theState).Scan(ctx, &seg.ID); err != nil {
			return err
		}
		_, err := tx.NewInsert().Model(seg).Exec(ctx)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin a segment: %w", err)
	}
	return seg, nil
}

// batch is how many lists one statement writes, and on SQLite one transaction: short enough that a push, which waits for the one writer, hardly notices. On PostgreSQL nobody
// waits, and each commit costs a write to the disk.
const batch = 400

func (x *Index) write(ctx context.Context, ps []posting) error {
	perTx := batch
	if x.db.Engine == db.Postgres {
		perTx = 10 * batch
	}
	for len(ps) > 0 {
		part := ps[:min(len(ps), perTx)]
		ps = ps[len(part):]
		if err := x.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			for len(part) > 0 {
				rows := part[:min(len(part), batch)]
				part = part[len(rows):]
				if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return fmt.Errorf("write lists of the text index: %w", err)
		}
	}
	return nil
}

// Add adds texts as documents numbered from base, and calls publish in the transaction that makes them visible. It gives ErrMoved.
func (x *Index) Add(ctx context.Context, texts []string, publish func(ctx context.Context, tx db.Tx, base int64) error) error {
	seg, err := x.newSegment(ctx)
	if err != nil {
		return err
	}
	lists := map[int64][]uint32{}
	for i, t := range texts {
		for _, term := range Terms(t) {
			lists[term] = append(lists[term], uint32(i))
		}
	}
	ps := make([]posting, 0, len(lists))
	for term, docs := range lists {
		ps = append(ps, posting{Segment: seg.ID, Term: term, Docs: appendDocs(nil, docs, -1)})
	}
	slices.SortFunc(ps, func(a, b posting) int { return cmpInt(a.Term, b.Term) })
	if err := x.write(ctx, ps); err != nil {
		return err
	}
	return x.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		st, err := x.lock(ctx, tx)
		if err != nil {
			return err
		}
		seg.Base, seg.Size, seg.State, seg.ChangedAt = st.NextDoc, int64(len(texts)), inUse, db.At(x.clock.Now())
		if err := x.replaceState(ctx, tx, seg, writing); err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE search_state SET next_doc = ? WHERE id = ?", seg.Base+seg.Size, theState).Exec(ctx); err != nil {
			return fmt.Errorf("number documents: %w", err)
		}
		return publish(ctx, tx, seg.Base)
	})
}

// lock takes the row that whoever publishes writes first, so that they come one after the other.
func (x *Index) lock(ctx context.Context, tx db.Tx) (*state, error) {
	if _, err := tx.NewRaw("UPDATE search_state SET version = version + 1 WHERE id = ?", theState).Exec(ctx); err != nil {
		return nil, fmt.Errorf("lock the text index: %w", err)
	}
	return x.state(ctx, tx)
}

// replaceState stores a segment if it still is in a state.
func (x *Index) replaceState(ctx context.Context, tx db.Tx, seg *segment, was int64) error {
	ok, err := db.Changed(tx.NewUpdate().Model(seg).WherePK().Where("state = ?", was).Exec(ctx))
	if err != nil {
		return fmt.Errorf("publish a segment: %w", err)
	}
	if !ok {
		return ErrMoved
	}
	return nil
}

func cmpInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (x *Index) segments(ctx context.Context, where string, args ...any) ([]segment, error) {
	var segs []segment
	if err := x.db.Read.NewSelect().Model(&segs).Where(where, args...).Order("base", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list segments: %w", err)
	}
	return segs, nil
}
