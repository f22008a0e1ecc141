package complaint

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// How an open case is read again although nobody asked: pushes get lost, and a withdrawal may come without one (reference/wechat-complaint-api.md §2.3).
const (
	// checksPerProgram bounds the readings of one program in a round, once a minute, far below what WeChat allows for any call it documents.
	checksPerProgram = 20
	// checkBatch bounds one round.
	checkBatch = 1000
	// checkLease is when a case is looked after again if the job that was to read it is lost. A reading sets the real time.
	checkLease = 10 * time.Minute
	// reconcileAfter is how long a case may stay unread before it is looked after.
	reconcileAfter = 2 * time.Minute
)

// tiers are the steps towards a deadline: with more than left to go, a case is read every so often.
var tiers = []struct{ left, every time.Duration }{
	{24 * time.Hour, 6 * time.Hour},
	{6 * time.Hour, time.Hour},
	{time.Hour, 20 * time.Minute},
	{0, 5 * time.Minute},
}

// nextCheck says when a case that was just read is read next; zero: never. unchanged counts the readings before in which nothing was new.
//
// What waits for the merchant is read more often the nearer its deadline is. What waits for somebody else is read more rarely the longer nothing happens. A
// closed case whose appeal is being judged is read too: no push tells how that ends. Times are drawn a little earlier by the case's id, so that cases heard
// in one moment are not read in one moment.
func nextCheck(c *Complaint, now time.Time) time.Time {
	every := c.checkEvery(now)
	if every == 0 {
		return time.Time{}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.ID)) // a hash never fails to write
	early := time.Duration(h.Sum32()%1000) * every / 5000
	next := now.Add(every - early)
	// A deadline of somebody else moves the case when it passes; look just after.
	if due := c.DueAt.Time().Add(time.Minute); !c.DueAt.IsZero() && due.After(now) && due.Before(next) {
		return due
	}
	return next
}

func (c *Complaint) checkEvery(now time.Time) time.Duration {
	slower := func(base, most time.Duration) time.Duration {
		return min(base<<min(max(c.Unchanged, 0), 6), most)
	}
	switch {
	case c.Stage == Closed && c.AppealState == AppealRunning:
		return slower(2*time.Hour, 12*time.Hour)
	case c.Stage == Closed:
		return 0
	case !c.Stage.WaitsForMerchant():
		return slower(30*time.Minute, 6*time.Hour)
	case c.DueAt.IsZero():
		return slower(20*time.Minute, time.Hour)
	}
	left := c.DueAt.Time().Sub(now)
	if left <= 0 { // overdue: WeChat moves it on soon
		return slower(5*time.Minute, 6*time.Hour)
	}
	for _, t := range tiers {
		if left > t.left {
			// Not past the next step, where it is read more often.
			return max(min(t.every, left-t.left), 5*time.Minute)
		}
	}
	return 5 * time.Minute
}

// dueCheck is a case whose time has come.
type dueCheck struct {
	ID        string
	ProgramID string
	DueSort   int64
}

// Reconcile enqueues a sync for every case whose time to be read again has come: at most checksPerProgram of a program, those with the least time left
// first; the others a minute later, and so on. Programs whose calls of today are used up wait.
func (s *Service) Reconcile(ctx context.Context) error {
	now := s.clock.Now()
	var rows []dueCheck
	err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Column("id", "program_id", "due_sort").
		Where("next_check_at IS NOT NULL AND next_check_at <= ?", db.At(now)).OrderExpr("next_check_at, id").Limit(checkBatch).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("list complaints to read: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	resting, err := s.programs.Resting(ctx)
	if err != nil {
		return err
	}
	read, later := planChecks(rows, resting, now)
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for at, ids := range later {
			if _, err := tx.NewUpdate().Model((*Complaint)(nil)).Set("next_check_at = ?", at).
				Where("id IN (?) AND next_check_at <= ?", bun.List(ids), db.At(now)).Exec(ctx); err != nil {
				return fmt.Errorf("plan next reading: %w", err)
			}
		}
		for _, id := range read {
			if err := tx.Enqueue(ctx, SyncArgs{ComplaintID: id}, db.Once(db.QueueDefault)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RetryUnread has a program's cases read now that could not be read for want of a permission or an authorisation; by themselves they would wait for minutes.
func (s *Service) RetryUnread(ctx context.Context, programID string) error {
	var ids []string
	// What is read again is what the index of next readings holds; those with the least time left come first, the rest as it was planned.
	err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Column("id").Where("program_id = ? AND next_check_at IS NOT NULL AND sync_error <> ''", programID).
		OrderExpr("due_sort, id").Limit(checksPerProgram).Scan(ctx, &ids)
	if err != nil {
		return fmt.Errorf("list unread cases of a program: %w", err)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		for _, id := range ids {
			// Beside the job that waits, if there is one: reading twice is harmless.
			if err := tx.Enqueue(ctx, SyncArgs{ComplaintID: id}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// planChecks decides which cases are read now, and when each is looked at again.
func planChecks(rows []dueCheck, resting map[string]db.Time, now time.Time) (read []string, later map[db.Time][]string) {
	slices.SortStableFunc(rows, func(a, b dueCheck) int {
		switch {
		case a.DueSort < b.DueSort:
			return -1
		case a.DueSort > b.DueSort:
			return 1
		}
		return 0
	})
	later = map[db.Time][]string{}
	seen := map[string]int{}
	for _, r := range rows {
		n := seen[r.ProgramID]
		seen[r.ProgramID]++
		at := db.At(now.Add(checkLease))
		switch until := resting[r.ProgramID]; {
		case until.Time().After(now):
			at = until + db.Time((time.Duration(n/checksPerProgram) * time.Minute).Milliseconds())
		case n < checksPerProgram:
			read = append(read, r.ID)
		default:
			at = db.At(now.Add(time.Duration(n/checksPerProgram) * time.Minute))
		}
		later[at] = append(later[at], r.ID)
	}
	return read, later
}
