package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

const (
	// lease is how long a try counts as under way: longer than any job runs (db.JobTimeout), so that a live one is never taken over.
	lease = db.JobTimeout + 30*time.Second
	// gateWait is how long a job waits for its turn on a busy channel before it gives its worker to other channels.
	gateWait = 2 * time.Second
	// maxInterrupted bounds tries that were cut off by the end of their process.
	maxInterrupted = 10
	// giveUpAfter is how long delivery is tried, and giveUpAfterDue how long after the deadline where that is later.
	giveUpAfter    = 24 * time.Hour
	giveUpAfterDue = time.Hour
)

// errDone says that a job has nothing left to do.
var errDone = errors.New("done")

// errNotNow ends the claim of a try that another worker or a newer state of the channel has overtaken.
var errNotNow = errors.New("not now")

// Deliver tries to hand over one notice. The attempt row exists before the provider is called, and the notice's state is compared and set,
// so that of two workers one sends. It returns nil when there is nothing left to do for this job, a snooze when there is, a cancel for
// what can't succeed, and other errors only for faults of our own.
//
// If a process dies in the middle, it is not known whether the message went out: it is tried again with the same Message-ID, so it may
// arrive twice but is never lost.
func (s *Service) Deliver(ctx context.Context, noticeID string) error {
	n := &noticeRow{ID: noticeID}
	if err := s.db.Read.NewSelect().Model(n).WherePK().Scan(ctx); err != nil {
		if db.IsNotFound(err) {
			return river.JobCancel(errors.New("no such notice"))
		}
		return fmt.Errorf("read notice: %w", err)
	}
	if n.State != Queued && n.State != sending || n.ListID != "" && !n.IsList {
		return nil
	}
	ch := &channelRow{ID: n.ChannelID}
	err := s.db.Read.NewSelect().Model(ch).WherePK().Scan(ctx)
	if err != nil && !db.IsNotFound(err) {
		return fmt.Errorf("read channel: %w", err)
	}
	if err != nil || !ch.Enabled {
		return s.end(ctx, n, Dropped, "通知渠道已停用或删除，没有发出。")
	}
	f, err := s.factsOf(ctx, n)
	if err != nil {
		return err
	}
	if n.reminds() && duties[f.Stage].verb == "" {
		return s.end(ctx, n, Dropped, "已经处理，不用再提醒。")
	}
	later, err := s.early(ctx, n, ch, f)
	switch {
	case err != nil:
		return err
	case errors.Is(later, errDone):
		return nil
	case later != nil:
		return later
	}
	if n.IsList && n.ID == n.ListID {
		if err := s.closeList(ctx, n); err != nil {
			return err
		}
	}
	return s.try(ctx, n, ch, f)
}

// factsOf reads what a notice is about; one that is about no single case or program has no facts.
func (s *Service) factsOf(ctx context.Context, n *noticeRow) (Facts, error) {
	if n.ComplaintID == "" && n.ProgramID == "" {
		return Facts{}, nil
	}
	return s.read(ctx, Event{Kind: n.Event, ComplaintID: n.ComplaintID, ProgramID: n.ProgramID, Key: n.EventKey})
}

// reminds reports whether a notice has no meaning once the merchant has acted.
func (n *noticeRow) reminds() bool { return n.Event == EventDeadlineNear || n.Reason == Escalated }

// early deals with notices whose time has not come, or is over: later is a snooze or errDone then.
func (s *Service) early(ctx context.Context, n *noticeRow, ch *channelRow, f Facts) (later, err error) {
	now := s.now()
	cutOff, err := s.cutOff(ctx, n)
	if err != nil {
		return nil, err
	}
	switch {
	case cutOff:
		// Nobody will finish this try.
	case n.State == sending && now < n.LeaseUntil:
		return snooze(n.LeaseUntil - now), nil
	case now > giveUpAt(n, f):
		return errDone, s.end(ctx, n, Failed, "一直没有发出，已过时效。"+n.Error)
	case !ch.PausedUntil.IsZero() && now < ch.PausedUntil:
		// Resuming the channel enqueues it again. The touch keeps Reconcile from coming back too soon.
		_, err := s.db.Write().NewUpdate().Model((*noticeRow)(nil)).Set("updated_at = ?", now).Where("id = ? AND state = ?", n.ID, n.State).Exec(ctx)
		return errDone, err
	case now < ch.HoldUntil:
		return snooze(ch.HoldUntil - now), nil
	case n.State == Queued && now < n.NextTryAt:
		return snooze(n.NextTryAt - now), nil
	}
	if n.State == sending && s.oneShot(ch.Kind) {
		return errDone, s.end(ctx, n, Failed, "发送时服务中断，不确定是否送达。为避免重复发送和扣费，不再重发。")
	}
	if n.State == sending {
		cut, err := s.db.Read.NewSelect().Model((*attemptRow)(nil)).Where("notice_id = ? AND finished_at IS NULL", n.ID).Count(ctx)
		if err != nil {
			return nil, fmt.Errorf("count attempts: %w", err)
		}
		if cut >= maxInterrupted {
			return errDone, s.end(ctx, n, Failed, "发送时服务多次中断，不确定是否送达。")
		}
	}
	return nil, nil
}

// oneShot reports whether a try of unknown outcome is never repeated on channels of this kind.
func (s *Service) oneShot(kind string) bool {
	_, ok := s.providers[kind].(channel.OneShot)
	return ok
}

// cutOff reports whether a try ended with its process.
func (s *Service) cutOff(ctx context.Context, n *noticeRow) (bool, error) {
	switch {
	case n.State != sending || n.Owner == s.owner:
		return false, nil
	case s.db.Engine == db.SQLite:
		return true, nil // one process has the data dir
	}
	instance, _, _ := strings.Cut(n.Owner, "/")
	return s.db.Gone(ctx, instance)
}

// giveUpAt is when a notice is too old to be sent.
func giveUpAt(n *noticeRow, f Facts) db.Time {
	at := n.CreatedAt + ms(giveUpAfter)
	if !f.DueAt.IsZero() {
		at = max(at, f.DueAt+ms(giveUpAfterDue))
	}
	return at
}

func ms(d time.Duration) db.Time { return db.Time(d.Milliseconds()) }

func snooze(wait db.Time) error {
	return river.JobSnooze(max(time.Duration(wait)*time.Millisecond, 100*time.Millisecond))
}

// try sends once.
func (s *Service) try(ctx context.Context, n *noticeRow, ch *channelRow, f Facts) error {
	m, err := s.message(ctx, n, f)
	if err != nil {
		return err
	}
	switch why, err := s.unreachable(ctx, ch.ID, m.To); {
	case err != nil:
		return err
	case why != "":
		return s.end(ctx, n, Failed, why)
	}
	sd, err := s.sender(ch)
	if err != nil {
		return s.unusable(ctx, n, ch, f, err)
	}
	timer := time.NewTimer(gateWait)
	defer timer.Stop()
	select {
	case sd.gate <- struct{}{}:
	case <-timer.C:
		return river.JobSnooze(time.Second)
	case <-ctx.Done():
		return ctx.Err()
	}
	leave := sync.OnceFunc(func() { <-sd.gate })
	defer leave()
	a, err := s.claim(ctx, n, ch, limitsOf(sd.Sender))
	var full *fullError
	switch {
	case errors.As(err, &full):
		return s.full(ctx, n, full)
	case errors.Is(err, errNotNow):
		return river.JobSnooze(time.Second)
	case err != nil:
		return err
	}
	res := sd.Send(ctx, m)
	if res.Outcome == channel.Sent {
		leave() // the next may go; after a failure it first has to see what this one says about the channel
	}
	return s.finish(ctx, n, ch, f, a, res)
}

// unusable pauses a channel whose settings can't be opened: sealed with another key, or of a kind that is gone.
func (s *Service) unusable(ctx context.Context, n *noticeRow, ch *channelRow, f Facts, cause error) error {
	s.logger.ErrorContext(ctx, "channel can't be opened", "channel", ch.ID, "err", cause)
	a, err := s.claim(ctx, n, ch, nil)
	switch {
	case errors.Is(err, errNotNow):
		return river.JobSnooze(time.Second)
	case err != nil:
		return err
	}
	return s.finish(ctx, n, ch, f, a, channel.Result{
		Outcome: channel.Config, WholeChannel: true, ProviderCode: "settings", Text: "渠道的设置无法读取，请重新填写并保存。",
	})
}

// claim writes the attempt and takes the notice, or returns errNotNow.
func (s *Service) claim(ctx context.Context, n *noticeRow, ch *channelRow, limits []channel.Limit) (*attemptRow, error) {
	now := s.now()
	a := &attemptRow{ID: db.NewID(), NoticeID: n.ID, ChannelID: ch.ID, ReceiverKey: n.ReceiverKey, StartedAt: now, Outcome: string(channel.Unknown)}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		// While this job waited for its turn, the channel may have been held, paused or changed.
		cur := &channelRow{ID: ch.ID}
		q := tx.NewSelect().Model(cur).WherePK()
		if len(limits) > 0 && s.db.Engine == db.Postgres {
			q = q.For("UPDATE") // instances count one after the other
		}
		if err := q.Scan(ctx); err != nil {
			return fmt.Errorf("read channel: %w", err)
		}
		if cur.Version != ch.Version || cur.PausedUntil != ch.PausedUntil || cur.HoldUntil > now || !cur.Enabled {
			return errNotNow
		}
		if err := s.room(ctx, tx, n, limits); err != nil {
			return err
		}
		if !ch.PausedUntil.IsZero() {
			// The one try that a paused channel allows; the next is due later.
			ok, err := db.Changed(tx.NewUpdate().Model((*channelRow)(nil)).Set("paused_until = ?", now+pauseFor(ch.Pauses, 0)).
				Where("id = ? AND paused_until = ?", ch.ID, ch.PausedUntil).Exec(ctx))
			if err != nil {
				return fmt.Errorf("claim probe of channel: %w", err)
			}
			if !ok {
				return errNotNow
			}
		}
		ok, err := db.Changed(tx.NewUpdate().Model((*noticeRow)(nil)).
			Set("state = ?, attempts = attempts + 1, attempt_id = ?, owner = ?, lease_until = ?, updated_at = ?", sending, a.ID, s.owner, now+ms(lease), now).
			Where("id = ? AND state = ? AND attempt_id = ?", n.ID, n.State, n.AttemptID).Exec(ctx))
		if err != nil {
			return fmt.Errorf("claim notice: %w", err)
		}
		if !ok {
			return errNotNow
		}
		if _, err := tx.NewInsert().Model(a).Exec(ctx); err != nil {
			return fmt.Errorf("store attempt: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	n.State, n.AttemptID = sending, a.ID
	n.Attempts++
	return a, nil
}

// end closes a notice without a try. What was not sent is told on another channel, if there is one; what is no longer wanted is not.
func (s *Service) end(ctx context.Context, n *noticeRow, state State, text string) error {
	now := s.now()
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model((*noticeRow)(nil)).
			Set("state = ?, error = ?, next_try_at = NULL, lease_until = NULL, updated_at = ?", state, text, now).
			Where("id = ? AND state = ? AND attempt_id = ?", n.ID, n.State, n.AttemptID)
		elsewhere := len(n.FallbackIDs.V) > 0 && !n.FallbackAt.IsZero() && !n.reminds()
		if elsewhere {
			q = q.Set("fallback_at = ?", now)
		} else {
			q = q.Set("fallback_at = NULL")
		}
		ok, err := db.Changed(q.Exec(ctx))
		if err != nil {
			return fmt.Errorf("close notice: %w", err)
		}
		if !ok {
			return nil
		}
		if elsewhere {
			if err := tx.Enqueue(ctx, FallbackArgs{NoticeID: n.ID}, nil); err != nil {
				return err
			}
		}
		return s.settleMembers(ctx, tx, n, state, text)
	})
}
