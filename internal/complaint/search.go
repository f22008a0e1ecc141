package complaint

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/search"
)

const (
	mostLook   = 8192    // positions that a walk looks at at a time
	lookBudget = 200_000 // positions after which a page ends, full or not
	readBudget = 5000    // cases that are read and compared for a page
)

// search returns a page of cases that contain the query. What is indexed decides by its lists who may contain it; cases that wait to be indexed are read and compared.
// So is every case that is shown, since lists say which characters there are, not that they stand together.
func (s *Service) search(ctx context.Context, f Filter, after *position) ([]Complaint, string, error) {
	m, err := s.text.Match(ctx, f.Query)
	if err != nil {
		return nil, "", err
	}
	p, err := s.searchPlan(ctx, f, m)
	if err != nil {
		return nil, "", err
	}
	h := hunt{s: s, f: f, m: m, words: strings.Fields(search.Fold(f.Query))}
	for n := s.tuning.firstLook; ; n = min(2*n, mostLook) {
		at, err := p.page(ctx, s.db.Read, after, n, true)
		if err != nil {
			return nil, "", err
		}
		if err := h.look(ctx, at); err != nil {
			return nil, "", err
		}
		switch {
		case len(h.found) > f.Limit:
			return h.found[:f.Limit], encodeCursor(f.Sort, h.at[f.Limit-1]), nil
		case h.stopped != nil:
			return h.found, encodeCursor(f.Sort, *h.stopped), nil
		case len(at) < n:
			return h.found, "", nil
		}
		after = &at[len(at)-1]
		if h.looked += len(at); h.looked >= lookBudget {
			return h.found, encodeCursor(f.Sort, *after), nil
		}
	}
}

// searchPlan walks along the filter's own plan, or through the few cases that can be meant at all.
func (s *Service) searchPlan(ctx context.Context, f Filter, m *search.Match) (*plan, error) {
	p, err := s.plan(ctx, f)
	if err != nil || m.All() || m.Count() > s.tuning.fewFound {
		return p, err
	}
	waiting, err := s.waiting(ctx, s.tuning.fewWaiting+1)
	if err != nil || waiting > s.tuning.fewWaiting {
		return p, err
	}
	few := &plan{sort: p.sort, desc: p.desc, gather: true, few: []narrow{
		func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("doc IS NULL") },
		func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("doc >= ?", m.Horizon()) },
	}}
	if docs := m.Docs(); len(docs) > 0 {
		few.few = append(few.few, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("doc IN (?)", bun.List(docs)) })
	}
	for _, c := range f.columns() {
		few.conds = append(few.conds, cond{column: c, op: "IN"})
	}
	few.conds = append(few.conds, f.ranges()...)
	return few, nil
}

// waiting counts the cases that are not in the text index yet.
func (s *Service) waiting(ctx context.Context, limit int64) (int64, error) {
	return s.countAll(ctx, s.db.Read.NewSelect().TableExpr("inbox").ColumnExpr("1").Where("doc IS NULL").Limit(limit))
}

// hunt collects a page.
type hunt struct {
	s       *Service
	f       Filter
	m       *search.Match
	words   []string // all of them, wherever they stand
	found   []Complaint
	at      []position
	looked  int
	read    int
	stopped *position
}

func (h *hunt) look(ctx context.Context, at []position) error {
	var maybe []position
	for _, p := range at {
		if p.Doc == nil || *p.Doc >= h.m.Horizon() || h.m.Has(*p.Doc) {
			maybe = append(maybe, p)
		}
	}
	for len(maybe) > 0 {
		part := maybe[:min(len(maybe), max(64, h.f.Limit+1-len(h.found)))]
		maybe = maybe[len(part):]
		if err := h.compare(ctx, part); err != nil || len(h.found) > h.f.Limit {
			return err
		}
		if h.read += len(part); h.read >= readBudget {
			h.stopped = &part[len(part)-1]
			return nil
		}
	}
	return nil
}

func (h *hunt) compare(ctx context.Context, at []position) error {
	rows, err := h.s.load(ctx, h.f, at)
	if err != nil {
		return err
	}
	byNo := make(map[int64]position, len(at))
	for _, p := range at {
		byNo[p.No] = p
	}
	for i := range rows {
		if containsAll(search.Fold(searchText(&rows[i])), h.words) {
			h.found, h.at = append(h.found, rows[i]), append(h.at, byNo[numberOf(rows[i].ID)])
		}
	}
	return nil
}

func containsAll(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

const (
	indexFrom  = 256  // cases that wait before it is worth adding them to the index; a search reads so few in no time
	indexMost  = 1024 // cases that are added at a time
	indexBulk  = 8192 // … while many wait
	manyWait   = 20_000
	indexSlice = 35 * time.Second // how long one job goes on, well below db.JobTimeout
)

// IndexArgs is the job that adds cases to the text index and keeps the index in shape.
type IndexArgs struct{}

// Kind implements river.JobArgs.
func (IndexArgs) Kind() string { return "complaint.index" }

// IndexText does IndexArgs: it adds what waits, merges what has become many pieces, and asks for another round when it ran out of time. pause says that something more
// urgent wants the database.
func (s *Service) IndexText(ctx context.Context, pause func() bool) error {
	until := s.clock.Now().Add(indexSlice)
	for s.clock.Now().Before(until) {
		if pause() {
			return nil
		}
		n, err := s.waiting(ctx, manyWait+1)
		if err != nil {
			return err
		}
		if n >= indexFrom {
			size := indexMost
			if n > manyWait {
				size = indexBulk
			}
			if err := s.indexSome(ctx, size); err != nil {
				return err
			}
			continue
		}
		more, err := s.text.Merge(ctx)
		if err != nil || !more {
			return err
		}
	}
	return s.db.Enqueue(ctx, IndexArgs{}, nil)
}

// indexSome adds some waiting cases to the text index. A case whose text changes meanwhile stays waiting.
func (s *Service) indexSome(ctx context.Context, size int) error {
	var rows []inboxRow
	if err := s.db.Read.NewSelect().Model(&rows).Column("no", "complaint_id", "text_hash").Where("doc IS NULL").Limit(int64(size)).Scan(ctx); err != nil {
		return fmt.Errorf("list cases to index: %w", err)
	}
	texts, err := s.texts(ctx, rows)
	if err != nil {
		return err
	}
	return s.text.Add(ctx, texts, func(ctx context.Context, tx db.Tx, base int64) error {
		values := make([]string, len(rows))
		for i, r := range rows {
			values[i] = fmt.Sprintf("(%d,%d,%d)", r.No, r.TextHash, base+int64(i))
		}
		_, err := tx.NewRaw("UPDATE inbox SET doc = v.column3 FROM (VALUES ?) AS v WHERE inbox.no = v.column1 AND inbox.text_hash = v.column2 AND inbox.doc IS NULL",
			bun.Safe(strings.Join(values, ","))).Exec(ctx)
		if err != nil {
			return fmt.Errorf("number indexed cases: %w", err)
		}
		return nil
	})
}

// texts reads what is to be indexed, in the order of the rows. A text that has changed since the row was read is not the row's any more and is left empty.
func (s *Service) texts(ctx context.Context, rows []inboxRow) ([]string, error) {
	at := make(map[string]int, len(rows))
	for i, r := range rows {
		at[r.ComplaintID] = i
	}
	out := make([]string, len(rows))
	for from := 0; from < len(rows); from += fillBatch {
		ids := []string{}
		for _, r := range rows[from:min(from+fillBatch, len(rows))] {
			ids = append(ids, r.ComplaintID)
		}
		var cs []Complaint
		err := s.db.Read.NewSelect().Model(&cs).Column("id", "complaint_order_id", "transaction_id", "out_trade_no", "product_name", "content_masked", "phone_masked").
			Where("id IN (?)", bun.List(ids)).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("read texts to index: %w", err)
		}
		for i := range cs {
			if text := searchText(&cs[i]); keyOf(text) == rows[at[cs[i].ID]].TextHash {
				out[at[cs[i].ID]] = text
			} else {
				rows[at[cs[i].ID]].TextHash = 0 // stays waiting
			}
		}
	}
	return out, nil
}
