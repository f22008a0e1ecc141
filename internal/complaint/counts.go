package complaint

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Counts returns the number of cases of every view within the programs of a scope. It reads sums that are kept with every change, and counts one by one only the cases
// that wait for the merchant and end soon.
func (s *Service) Counts(ctx context.Context, programIDs []string) (map[View]int64, error) {
	out := map[View]int64{
		ViewMine: 0, ViewDueSoon: 0, ViewSupplement: 0, ViewProve: 0, ViewAppeal: 0, ViewPlatform: 0,
		ViewWaitingUser: 0, ViewClosed: 0, ViewUnknown: 0, ViewAll: 0,
	}
	sums, err := s.sums(ctx, programIDs)
	if err != nil {
		return nil, err
	}
	for k, n := range sums {
		stage := stageCodes[k[1]]
		out[ViewAll] += n
		if stage != ToRespond {
			out[View(stage)] += n
		}
		if stage.WaitsForMerchant() {
			out[ViewMine] += n
		}
	}
	out[ViewDueSoon], err = s.countDue(ctx, programIDs, db.At(s.clock.Now().Add(DueSoon)))
	return out, err
}

// sums returns the number of cases by program and stage.
func (s *Service) sums(ctx context.Context, programIDs []string) (map[[2]int64]int64, error) {
	q := s.db.Read.NewSelect().Model((*countRow)(nil)).ColumnExpr("program, stage, sum(n) AS n").GroupExpr("program, stage")
	if programIDs != nil {
		if len(programIDs) == 0 {
			return nil, nil
		}
		q = q.Where("program IN (?)", bun.List(keysOf(programIDs)))
	}
	var rows []countRow
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("count complaints: %w", err)
	}
	out := make(map[[2]int64]int64, len(rows))
	for _, r := range rows {
		out[[2]int64{r.Program, r.Stage}] = r.N
	}
	return out, nil
}

func keysOf(ids []string) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = keyOf(id)
	}
	return out
}

// countDue counts the cases that wait for the merchant and whose deadline is before a moment.
func (s *Service) countDue(ctx context.Context, programIDs []string, before db.Time) (int64, error) {
	if programIDs != nil && len(programIDs) == 0 {
		return 0, nil
	}
	codes := make([]int64, len(merchantStages))
	for i, m := range merchantStages {
		codes[i] = stageCode(m)
	}
	q := s.db.Read.NewSelect().Model((*inboxRow)(nil)).Where("stage IN (?)", bun.List(codes)).Where("due < ?", int64(before))
	if programIDs != nil {
		q = q.Where("+program IN (?)", bun.List(keysOf(programIDs)))
	}
	n, err := q.Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count complaints by deadline: %w", err)
	}
	return n, nil
}

// Totals are the workbench's numbers besides the views.
type Totals struct {
	NewToday int64 // filed since midnight, Beijing time
	Overdue  int64 // waiting for the merchant although the deadline has passed
}

// Totals counts within the programs of a scope.
func (s *Service) Totals(ctx context.Context, programIDs []string) (Totals, error) {
	days, err := s.Days(ctx, programIDs, 1)
	if err != nil {
		return Totals{}, err
	}
	overdue, err := s.countDue(ctx, programIDs, s.now())
	return Totals{NewToday: days[0].Created, Overdue: overdue}, err
}

// Day is what happened on one day of Beijing.
type Day struct {
	At      time.Time // its midnight
	Created int64     // filed
	Closed  int64     // seen to be closed
}

// Days counts the last n days within the programs of a scope, today last.
func (s *Service) Days(ctx context.Context, programIDs []string, n int) ([]Day, error) {
	now := s.clock.Now().In(Beijing)
	out := make([]Day, n)
	for i := range out {
		out[i].At = time.Date(now.Year(), now.Month(), now.Day()-(n-1-i), 0, 0, 0, 0, Beijing)
	}
	if programIDs != nil && len(programIDs) == 0 {
		return out, nil
	}
	created := s.db.Read.NewSelect().Model((*inboxRow)(nil))
	closed := s.db.Read.NewSelect().Model((*Complaint)(nil))
	if programIDs != nil {
		created = created.Where("+program IN (?)", bun.List(keysOf(programIDs)))
		closed = closed.Where("program_id IN (?)", bun.List(programIDs))
	}
	if err := daily(ctx, created, "created", out, func(d *Day, n int64) { d.Created = n }); err != nil {
		return nil, err
	}
	return out, daily(ctx, closed, "closed_at", out, func(d *Day, n int64) { d.Closed = n })
}

// daily counts rows by the day of a column.
func daily(ctx context.Context, q *bun.SelectQuery, column string, days []Day, set func(d *Day, n int64)) error {
	first := db.At(days[0].At)
	var rows []struct{ Day, N int64 }
	err := q.ColumnExpr("(? - ?) / ? AS day, count(*) AS n", bun.Ident(column), int64(first), (24*time.Hour).Milliseconds()).
		Where("? >= ?", bun.Ident(column), int64(first)).GroupExpr("1").Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("count complaints by day: %w", err)
	}
	for _, r := range rows {
		if r.Day < int64(len(days)) { // a clock that runs ahead of ours
			set(&days[r.Day], r.N)
		}
	}
	return nil
}

// Beijing is the clock WeChat and its merchants live by; China has no daylight saving.
var Beijing = time.FixedZone("UTC+8", 8*3600)

// Unfinished returns the number of a program's cases that WeChat has not closed.
func (s *Service) Unfinished(ctx context.Context, programID string) (int, error) {
	sums, err := s.sums(ctx, []string{programID})
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for k, v := range sums {
		if stageCodes[k[1]] != Closed {
			n += v
		}
	}
	return int(n), nil
}

// OpenByProgram returns the number of cases per program that wait for the merchant.
func (s *Service) OpenByProgram(ctx context.Context) (map[string]int64, error) {
	sums, err := s.sums(ctx, nil)
	if err != nil {
		return nil, err
	}
	byKey := map[int64]int64{}
	for k, n := range sums {
		if stageCodes[k[1]].WaitsForMerchant() {
			byKey[k[0]] += n
		}
	}
	var ids []string
	if err := s.db.Read.NewSelect().TableExpr("programs").Column("id").Scan(ctx, &ids); err != nil {
		return nil, fmt.Errorf("count open complaints: %w", err)
	}
	out := map[string]int64{}
	for _, id := range ids {
		if n := byKey[keyOf(id)]; n > 0 {
			out[id] = n
		}
	}
	return out, nil
}

// tidyAbove is how many rows a program and stage may have before they are added up.
const tidyAbove = 4

// TidyCounts adds up the rows that the numbers of cases are kept in, one program and stage at a time: its rows are taken away and their sum is put back in one
// transaction. Rows that others add meanwhile are not among them.
func (s *Service) TidyCounts(ctx context.Context) error {
	var many []countRow
	err := s.db.Read.NewSelect().Model((*countRow)(nil)).Column("program", "stage").GroupExpr("program, stage").Having("count(*) > ?", tidyAbove).Scan(ctx, &many)
	if err != nil {
		return fmt.Errorf("find counts to add up: %w", err)
	}
	for _, m := range many {
		if err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			var ns []int64
			err := tx.NewRaw("DELETE FROM inbox_counts WHERE program = ? AND stage = ? RETURNING n", m.Program, m.Stage).Scan(ctx, &ns)
			if err != nil && !db.IsNotFound(err) {
				return fmt.Errorf("add up counts: %w", err)
			}
			sum := int64(0)
			for _, n := range ns {
				sum += n
			}
			return storeCounts(ctx, tx, map[[2]int64]int64{{m.Program, m.Stage}: sum})
		}); err != nil {
			return err
		}
	}
	return nil
}
