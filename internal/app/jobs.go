package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/retain"
	"github.com/zhisu/zhisu/internal/standing"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// work registers what to do for one kind of job.
func work[T river.JobArgs](w *river.Workers, do func(ctx context.Context, args T) error) {
	river.AddWorker(w, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error { return do(ctx, job.Args) }))
}

// workers is every kind of job on one page: who reacts to what.
func (a *App) workers() *river.Workers {
	w := river.NewWorkers()

	// WeChat said something.
	work(w, a.received)

	// A case.
	work(w, func(ctx context.Context, j complaint.SyncArgs) error { return a.Complaints.Sync(ctx, j.ComplaintID) })
	work(w, func(ctx context.Context, j complaint.ArchiveArgs) error {
		return a.Complaints.Archive(ctx, j.ComplaintID)
	})
	work(w, func(ctx context.Context, j complaint.ChangedArgs) error { return a.tell(ctx, j) })
	work(w, func(ctx context.Context, j complaint.DutyArgs) error { return a.Notify.Watch(ctx, j.ComplaintID) })
	work(w, func(ctx context.Context, j complaint.MentionedArgs) error {
		return a.Notify.Mention(ctx, j.ComplaintID, j.NoteID, j.UserID, j.By)
	})
	work(w, func(ctx context.Context, _ complaint.IndexArgs) error {
		return a.Complaints.IndexText(ctx, a.Inbound.Flooded)
	})

	// What somebody decided.
	work(w, func(ctx context.Context, j action.PerformArgs) error { return a.Actions.Perform(ctx, j.ActionID) })
	work(w, func(ctx context.Context, j action.FinishedArgs) error { return a.Rules.ActionFinished(ctx, j.ActionID) })

	// What rules decide.
	work(w, a.Rules.Consider)
	work(w, func(ctx context.Context, j automate.StepArgs) error { return a.Rules.Step(ctx, j.DecisionID) })
	work(w, a.ruleEnded)
	work(w, func(ctx context.Context, _ complaint.UsersArgs) error { return a.fillUsers(ctx) })

	// Money back.
	work(w, a.Refunds.Advance)
	work(w, a.Refunds.Look)
	work(w, a.refundSettled)
	work(w, a.Refunds.Fetch)
	work(w, a.Refunds.Compare)
	work(w, func(ctx context.Context, _ refund.KeepArgs) error { return a.Refunds.Keep(ctx) })
	work(w, a.merchantExpiring)
	work(w, func(ctx context.Context, _ refund.ScheduledArgs) error {
		_, err := a.Refunds.StartReconciliation(ctx, "")
		return err
	})

	// Telling people.
	work(w, func(ctx context.Context, j notify.DeliverArgs) error { return a.Notify.Deliver(ctx, j.NoticeID) })

	work(w, func(ctx context.Context, j notify.GreetArgs) error { return a.Notify.Greet(ctx, j.BindingID) })

	work(w, func(ctx context.Context, j notify.FallbackArgs) error { return a.Notify.Fallback(ctx, j.NoticeID) })
	work(w, func(ctx context.Context, j notify.ChannelFailingArgs) error {
		return a.Notify.TellFailing(ctx, j.ChannelID, j.Since)
	})
	work(w, func(ctx context.Context, _ RemindArgs) error { return a.Notify.Remind(ctx) })
	work(w, func(ctx context.Context, _ WatchArgs) error { return a.watchAll(ctx) })

	// Programs and their tokens.
	work(w, func(ctx context.Context, _ program.KeepTokensArgs) error { return a.Programs.KeepTokens(ctx) })
	work(w, func(ctx context.Context, j program.ExchangeArgs) error { return a.Programs.Exchange(ctx, j.CodeHash) })
	work(w, func(ctx context.Context, j program.RefreshArgs) error { return a.Programs.Refresh(ctx, j.ProgramID) })
	work(w, func(ctx context.Context, j program.RefreshedArgs) error {
		return a.Complaints.RetryUnread(ctx, j.ProgramID)
	})
	work(w, a.Programs.Unauthorize)
	work(w, func(ctx context.Context, _ program.ReconcileArgs) error { return a.Programs.Reconcile(ctx) })
	work(w, a.Programs.ReleaseReply)
	work(w, func(ctx context.Context, j program.ScoreDroppedArgs) error {
		return a.Notify.Plan(ctx, notify.Event{Kind: notify.EventScoreDropped, ProgramID: j.ProgramID, Key: scoreKey(j)})
	})
	work(w, func(ctx context.Context, j program.PermissionLostArgs) error {
		// Told once a day: a set that WeChat lists and calls refuse is lost anew after every refresh.
		day := db.Time(j.At).Time().In(complaint.Beijing).Format(time.DateOnly)
		return a.Notify.Plan(ctx, notify.Event{Kind: notify.EventPermissionLost, ProgramID: j.ProgramID, Key: fmt.Sprintf("%d/%s", j.Set, day)})
	})

	// What WeChat thinks of a program.
	work(w, func(ctx context.Context, j standing.ReadArgs) error { return a.Standing.Read(ctx, j.ProgramID) })
	work(w, func(ctx context.Context, _ standing.ScheduleArgs) error { return a.Standing.Schedule(ctx) })

	// What may have been missed.
	work(w, func(ctx context.Context, _ gap.MeasureArgs) error { return a.Gaps.Measure(ctx) })
	work(w, a.silent)

	// What is forgotten.
	work(w, func(ctx context.Context, _ retain.RunArgs) error { return a.Retain.Run(ctx) })

	// Schedules; see periodic.go.
	work(w, func(ctx context.Context, _ ReconcileArgs) error { return a.reconcile(ctx) })
	work(w, func(ctx context.Context, _ SweepArgs) error { return a.sweep(ctx) })
	work(w, a.reseal)
	return w
}

// How long a push for an account that is not ours is kept trying, and for how long one for a revoked program is taken as a sign that it is not revoked.
const (
	giveUpUnknown = 24 * time.Hour
	believePush   = 5 * time.Minute
)

// received works on a stored push: a complaint is recorded and read at WeChat, a violation is kept, everything else was only worth storing.
func (a *App) received(ctx context.Context, j inbound.ReceivedArgs) error {
	d, plain, err := a.Inbound.Delivery(ctx, j.DeliveryID)
	if err != nil {
		return err
	}
	if d.ChannelID != "" {
		return a.heard(ctx, d, plain)
	}
	e, err := push.ParseEvent(plain, push.FormatAuto)
	if err != nil || e.Complaint == nil && e.Violation == nil {
		return a.Inbound.Finish(ctx, d.ID, inbound.Failed, "推送内容无法识别")
	}
	p, err := a.Programs.ByAppID(ctx, d.AppID)
	if err != nil && !errors.Is(err, program.ErrNotFound) {
		return err
	}
	age := a.clock.Now().Sub(d.ReceivedAt.Time())
	switch {
	case p == nil && program.IsReleaseAccount(d.AppID):
		return a.Inbound.Finish(ctx, d.ID, inbound.Ignored, "")
	case p == nil && age > giveUpUnknown:
		return a.Inbound.Finish(ctx, d.ID, inbound.Failed, "这个小程序没有授权给知诉")
	case p == nil || p.State == program.Revoked && age < believePush:
		// The push may be faster than the authorisation event, and who is pushed to is most likely authorised: WeChat's list knows. The longer it
		// doesn't, the rarer it is asked.
		wait := min(max(age, time.Second), 10*time.Minute)
		return errors.Join(a.DB.Enqueue(ctx, program.ReconcileArgs{}, db.Once(db.QueueDefault)), river.JobSnooze(wait))
	}
	if e.Violation != nil {
		if err := a.Standing.Hear(ctx, p.ID, *e.Violation); err != nil {
			return err
		}
		return a.Inbound.Finish(ctx, d.ID, inbound.Done, "")
	}
	if err := a.Complaints.Hear(ctx, p, *e.Complaint); err != nil {
		if errors.Is(err, complaint.ErrNotAtWeChat) {
			return a.Inbound.Finish(ctx, d.ID, inbound.Failed, "推送里没有投诉单号")
		}
		return err
	}
	return a.Inbound.Finish(ctx, d.ID, inbound.Done, "")
}

// tell turns a change of a case into notices.
func (a *App) tell(ctx context.Context, j complaint.ChangedArgs) error {
	kinds := map[complaint.Change]string{
		complaint.Created: notify.EventComplaintNew, complaint.Progressed: notify.EventComplaintProgress,
		complaint.EvidenceAsked: notify.EventEvidenceWanted, complaint.RuledAgainst: notify.EventRuledAgainst,
		complaint.Withdrawn: notify.EventWithdrawn, complaint.Ended: notify.EventClosed, complaint.AppealSettled: notify.EventAppealResult,
	}
	key := fmt.Sprintf("%d/%d/%d", j.Status, j.AppealState, j.Version)
	if j.Change == complaint.Created {
		key = "new"
		if err := a.Rules.Arrived(ctx, j.ComplaintID); err != nil {
			return err
		}
	}
	if j.Change == complaint.RuledAgainst || j.Change == complaint.Ended || j.Change == complaint.AppealSettled {
		if err := a.Standing.Soon(ctx, j.ProgramID); err != nil {
			return err
		}
	}
	if complaint.StageOf(j.Status, j.AppealState) == complaint.Closed {
		if err := a.Links.CaseClosed(ctx, j.ComplaintID); err != nil {
			return err
		}
	}
	return a.Notify.Plan(ctx, notify.Event{Kind: kinds[j.Change], ComplaintID: j.ComplaintID, ProgramID: j.ProgramID, Key: key})
}

// jobErrors logs failed jobs and panics.
type jobErrors struct{ app *App }

// HandleError implements river.ErrorHandler.
func (h jobErrors) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	h.app.Logger.WarnContext(ctx, "job failed", "kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "err", err)
	return nil
}

// HandlePanic implements river.ErrorHandler.
func (h jobErrors) HandlePanic(ctx context.Context, job *rivertype.JobRow, v any, trace string) *river.ErrorHandlerResult {
	h.app.Logger.ErrorContext(ctx, "job panicked", "kind", job.Kind, "job", job.ID, "panic", fmt.Sprintf("%T", v), "trace", trace)
	return nil
}

func (a *App) buildWorker() (err error) {
	a.worker, err = a.DB.NewWorker(db.WorkerConfig{
		Workers: a.workers(), Periodic: a.periodic(), ErrorHandler: jobErrors{a}, Around: newJobMetrics(a.Metrics, a.clock).around(hearFirst(a.Inbound.Flooded)),
	})
	return err
}

const (
	floodWorkers = 2           // jobs at a time while pushes wait
	floodDelay   = time.Second // how long a job gives way at most
)

// hearFirst lets few jobs start while pushes wait for their acknowledgement: those are lost if we are slow, the jobs are only late. What somebody decided is
// never held back.
func hearFirst(flooded func() bool) river.WorkerMiddlewareFunc {
	seats := make(chan struct{}, floodWorkers)
	return func(ctx context.Context, job *rivertype.JobRow, do func(context.Context) error) error {
		if job.Queue == db.QueueAct || !flooded() {
			return do(ctx)
		}
		late := time.NewTimer(floodDelay)
		defer late.Stop()
		select {
		case seats <- struct{}{}:
			defer func() { <-seats }()
		case <-late.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		return do(ctx)
	}
}
