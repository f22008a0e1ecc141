package app

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/retain"
	"github.com/zhisu/zhisu/internal/standing"
)

// ReconcileArgs is the job that finds rows with work to do and no live job. Rows are the truth: a fault of the queue may delay, never lose.
type ReconcileArgs struct{}

// Kind implements river.JobArgs.
func (ReconcileArgs) Kind() string { return "app.reconcile" }

// SweepArgs is the job that forgets what has expired.
type SweepArgs struct{}

// Kind implements river.JobArgs.
func (SweepArgs) Kind() string { return "app.sweep" }

// RemindArgs is the job that reminds people of deadlines and sends the daily digest.
type RemindArgs struct{}

// Kind implements river.JobArgs.
func (RemindArgs) Kind() string { return "app.remind" }

// WatchArgs is the job that finds cases whose deadline nobody watches.
type WatchArgs struct{}

// Kind implements river.JobArgs.
func (WatchArgs) Kind() string { return "app.watch" }

// periodic is every schedule. Only the leader among several instances runs them.
func (a *App) periodic() []*river.PeriodicJob {
	every := func(d time.Duration, args river.JobArgs, atStart bool) *river.PeriodicJob {
		return river.NewPeriodicJob(river.PeriodicInterval(d), func() (river.JobArgs, *river.InsertOpts) {
			o := db.Once(db.QueueDefault)
			o.MaxAttempts = 1 // the next round tries again
			return args, o
		}, &river.PeriodicJobOpts{RunOnStart: atStart})
	}
	return []*river.PeriodicJob{
		every(time.Minute, program.KeepTokensArgs{}, true),
		every(time.Minute, ReconcileArgs{}, true),
		every(time.Minute, complaint.IndexArgs{}, true),
		every(time.Minute, complaint.UsersArgs{}, true),
		every(time.Minute, RemindArgs{}, true),
		every(10*time.Minute, WatchArgs{}, true),
		every(6*time.Hour, program.ReconcileArgs{}, false),
		every(time.Hour, SweepArgs{}, false),
		every(time.Hour, gap.MeasureArgs{}, true),
		every(time.Hour, retain.RunArgs{}, false),
		every(time.Hour, refund.KeepArgs{}, true),
		every(24*time.Hour, refund.ScheduledArgs{}, false),
		every(time.Minute, standing.ScheduleArgs{}, true),
	}
}

func (a *App) reconcile(ctx context.Context) error {
	return errors.Join(a.Inbound.Reconcile(ctx), a.Complaints.Reconcile(ctx), a.Complaints.ReconcileImages(ctx), a.Complaints.TidyCounts(ctx), a.Actions.Reconcile(ctx), a.Refunds.Reconcile(ctx), a.Rules.Reconcile(ctx), a.Notify.Reconcile(ctx), a.Notify.ReviewOver(ctx), a.Programs.RequeueCodes(ctx))
}

func (a *App) sweep(ctx context.Context) error {
	return errors.Join(a.Identity.DeleteExpired(ctx), a.API.DeleteExpired(ctx), a.Links.DeleteExpired(ctx), a.Notify.ForgetCodes(ctx), a.sweepFiles(ctx))
}
