package complaint

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Past are the cases of some problems that were filed between two moments.
type Past struct {
	Types      []int64
	ProgramIDs []string // empty means all
	From, To   db.Time
	// Most bounds how many are looked at: the newest.
	Most int
}

// History goes through cases of the past, oldest first, some at a time. It returns whether there were more than Past.Most, so that the oldest were left out. Only rows of
// those days are read, by an index, whatever else there is.
func (s *Service) History(ctx context.Context, p Past, each func(ctx context.Context, cs []Complaint) error) (more bool, err error) {
	var found []pastRow
	// By the order of all cases, whatever their problem: a few milliseconds for those of a year, and one sorted list.
	q := s.db.Read.NewSelect().TableExpr("inbox").Column("complaint_id", "created").Where("created >= ? AND created < ?", int64(p.From), int64(p.To)).
		Where("+type IN (?)", bun.List(p.Types))
	if len(p.ProgramIDs) > 0 {
		q = q.Where("+program IN (?)", bun.List(keysOf(p.ProgramIDs)))
	}
	if err := q.OrderExpr("created DESC, no DESC").Limit(int64(p.Most)+1).Scan(ctx, &found); err != nil {
		return false, fmt.Errorf("list cases of the past: %w", err)
	}
	if len(found) > p.Most {
		more, found = true, found[:p.Most]
	}
	slices.Reverse(found)
	for part := range slices.Chunk(found, fillBatch) {
		cs, err := s.pastCases(ctx, p, part)
		if err != nil {
			return false, err
		}
		if err := each(ctx, cs); err != nil {
			return false, err
		}
	}
	return more, nil
}

type pastRow struct {
	ComplaintID string
	Created     int64
}

func (s *Service) pastCases(ctx context.Context, p Past, part []pastRow) ([]Complaint, error) {
	ids, at := make([]string, len(part)), make(map[string]int, len(part))
	for i, r := range part {
		ids[i], at[r.ComplaintID] = r.ComplaintID, i
	}
	var rows []Complaint
	if err := s.db.Read.NewSelect().Model(&rows).
		Column("id", "program_id", "complaint_order_id", "type", "amount", "transaction_id", "content_masked", "created_at", "first_seen_at", "user_hash").
		Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read cases of the past: %w", err)
	}
	slices.SortFunc(rows, func(a, b Complaint) int { return at[a.ID] - at[b.ID] })
	return slices.DeleteFunc(rows, func(c Complaint) bool { return len(p.ProgramIDs) > 0 && !slices.Contains(p.ProgramIDs, c.ProgramID) }), nil
}

// OfOrder returns the other cases about a case's order.
func (s *Service) OfOrder(ctx context.Context, q bun.IDB, c *Complaint) ([]string, error) {
	out := []string{}
	if c.TransactionID == "" {
		return out, nil
	}
	err := q.NewSelect().TableExpr("complaints").Column("id").Where("transaction_id = ? AND id <> ?", c.TransactionID, c.ID).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list cases of an order: %w", err)
	}
	return out, nil
}
