package app

import (
	"context"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/notify"
)

// watchBatch is how many waiting cases are compared at a time.
const watchBatch = 500

// watchAll compares every case that waits for the merchant with what is watched: what the queue lost, and what was there before this version, is found here.
func (a *App) watchAll(ctx context.Context) error {
	for _, stage := range complaint.MerchantStages() {
		var last complaint.Waiting
		for {
			ws, err := a.Complaints.WaitingAfter(ctx, stage, last, watchBatch)
			if err != nil {
				return err
			}
			seen := make([]notify.Duty, len(ws))
			for i, w := range ws {
				seen[i] = notify.Duty{ComplaintID: w.ID, Stage: string(w.Stage), DueAt: w.DueAt}
			}
			if err := a.Notify.WatchMany(ctx, seen); err != nil {
				return err
			}
			if len(ws) < watchBatch {
				break
			}
			last = ws[len(ws)-1]
		}
	}
	return nil
}

// overview is what the daily digest tells of some programs, nil for all.
func (a *App) overview(ctx context.Context, programIDs []string) (notify.Overview, error) {
	n, err := a.Complaints.Counts(ctx, programIDs)
	if err != nil {
		return notify.Overview{}, err
	}
	t, err := a.Complaints.Totals(ctx, programIDs)
	if err != nil {
		return notify.Overview{}, err
	}
	o := notify.Overview{Waiting: n[complaint.ViewMine], DueSoon: n[complaint.ViewDueSoon], Overdue: t.Overdue, New: t.NewToday}
	cs, _, err := a.Complaints.List(ctx, complaint.ViewMine.Apply(complaint.Filter{ProgramIDs: programIDs, Sort: complaint.ByDue, Limit: 15}, a.clock.Now()))
	if err != nil {
		return notify.Overview{}, err
	}
	for i := range cs {
		f, err := a.facts().Facts(ctx, cs[i].ID)
		if err != nil {
			return notify.Overview{}, err
		}
		o.Cases = append(o.Cases, f)
	}
	return o, nil
}
