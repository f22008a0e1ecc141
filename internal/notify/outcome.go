package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// The waits between tries (reference/notification-channels.md §1.2, §5.3), unless the provider asks for more. A channel that fails as a
// whole is tried a little more often, by one notice for all.
var (
	noticeWaits  = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute}
	channelWaits = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}
	// pauseWaits lie between the single tries of a channel whose settings are refused: rare enough not to lock the account, but a
	// refusal that was the provider's own mistake heals by itself.
	pauseWaits = []time.Duration{30 * time.Minute, 2 * time.Hour, 6 * time.Hour}
	// unknownWait precedes the one repeat of a try without an answer.
	unknownWait = time.Minute
)

// after returns the wait after failure n (from 1), at least least.
func after(waits []time.Duration, n int64, least time.Duration) db.Time {
	i := min(max(n-1, 0), int64(len(waits)-1))
	return ms(max(waits[i], least))
}

func pauseFor(pauses int64, least time.Duration) db.Time { return after(pauseWaits, pauses+1, least) }

// next is what becomes of a notice after a try.
type next struct {
	state State
	// wait until the next try; 0 = none by itself.
	wait  db.Time
	error string
}

// promise says when a message is tried again. Providers say only what happened: whether there is a next try is not theirs to decide.
func promise(wait db.Time) string {
	switch d := time.Duration(wait) * time.Millisecond; {
	case d >= 2*time.Hour:
		return fmt.Sprintf("约 %d 小时后自动再发。", int64(d.Round(time.Hour).Hours()))
	case d >= 2*time.Minute:
		return fmt.Sprintf("约 %d 分钟后自动再发。", int64(d.Round(time.Minute).Minutes()))
	}
	return "稍后自动再发。"
}

// decide turns a result into the notice's next state. unknowns counts earlier tries without an answer.
func decide(n *noticeRow, ch *channelRow, res channel.Result, unknowns int64, now, giveUp db.Time) next {
	retry := func(wait db.Time) next {
		if now+wait > giveUp {
			return next{state: Failed, error: res.Text + "已过时效，不再重试。"}
		}
		return next{state: Queued, wait: wait, error: res.Text + promise(wait)}
	}
	switch res.Outcome {
	case channel.Sent:
		return next{state: Sent}
	case channel.Pending:
		return next{state: Sent, error: res.Text} // a receipt tells the rest
	case channel.Permanent:
		return next{state: Failed, error: res.Text}
	case channel.Config:
		return next{state: Queued, error: res.Text}
	case channel.Unknown:
		if unknowns > 0 {
			return next{state: Failed, error: "两次都没有等到服务商答复，可能已经送达。"}
		}
		return retry(max(ms(res.After), ms(unknownWait)))
	default:
		if res.WholeChannel {
			return retry(after(channelWaits, ch.Failures+1, res.After))
		}
		return retry(after(noticeWaits, n.Attempts, res.After))
	}
}

// finish writes what came of a try. It must succeed even when the job's time is up, or a sent message would be sent again.
func (s *Service) finish(ctx context.Context, n *noticeRow, ch *channelRow, f Facts, a *attemptRow, res channel.Result) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	now := s.now()
	var nx next
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		unknowns, err := tx.NewSelect().Model((*attemptRow)(nil)).
			Where("notice_id = ? AND outcome = ? AND finished_at IS NOT NULL", n.ID, channel.Unknown).Count(ctx)
		if err != nil {
			return fmt.Errorf("count attempts: %w", err)
		}
		nx = decide(n, ch, res, unknowns, now, giveUpAt(n, f))
		if res.Outcome == channel.Unknown && s.oneShot(ch.Kind) {
			nx = next{state: Failed, error: res.Text + "为避免重复发送和扣费，不再重发。"}
		}
		a.FinishedAt, a.Outcome, a.ProviderCode, a.ProviderText, a.Text = now, string(res.Outcome), res.ProviderCode, res.ProviderText, res.Text
		a.ProviderID = res.MessageID
		if _, err := tx.NewUpdate().Model(a).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("finish attempt: %w", err)
		}
		if res.BadAddress {
			if err := s.refused(ctx, tx, n, res.Text); err != nil {
				return err
			}
		}
		current, err := s.settleChannel(ctx, tx, ch, res, nx.wait)
		if err != nil {
			return err
		}
		if !current && res.Outcome == channel.Config {
			nx.wait = 1 // the settings were changed meanwhile: try the new ones
		}
		return s.settleNotice(ctx, tx, n, nx, res)
	})
	if err != nil {
		return err
	}
	s.logger.InfoContext(ctx, "notice tried", "notice", n.ID, "event", n.Event, "channel", ch.ID, "attempt", n.Attempts,
		"outcome", res.Outcome, "code", res.ProviderCode, "state", nx.state)
	switch {
	case nx.wait > 0:
		return snooze(nx.wait)
	case nx.state == Failed:
		return river.JobCancel(errors.New("notice failed: " + string(res.Outcome)))
	}
	return nil
}

func (s *Service) settleNotice(ctx context.Context, tx db.Tx, n *noticeRow, nx next, res channel.Result) error {
	now := s.now()
	q := tx.NewUpdate().Model((*noticeRow)(nil)).
		Set("state = ?, error = ?, lease_until = NULL, updated_at = ?", nx.state, nx.error, now).
		Where("id = ? AND state = ? AND attempt_id = ?", n.ID, sending, n.AttemptID)
	switch {
	case nx.state == Sent:
		q = q.Set("sent_at = ?, next_try_at = NULL", now)
	case nx.wait > 0:
		q = q.Set("next_try_at = ?", now+nx.wait)
	default:
		q = q.Set("next_try_at = NULL")
	}
	elsewhere := !n.FallbackAt.IsZero() && (nx.state == Failed || res.Elsewhere || res.Outcome == channel.Config)
	switch {
	case elsewhere:
		q = q.Set("fallback_at = ?", now)
	case res.Outcome == channel.Sent && !res.Receipt:
		q = q.Set("fallback_at = NULL") // no receipt will come: accepted is all there is to know
	}
	ok, err := db.Changed(q.Exec(ctx))
	if err != nil {
		return fmt.Errorf("finish notice: %w", err)
	}
	if !ok {
		return nil
	}
	if elsewhere {
		if err := tx.Enqueue(ctx, FallbackArgs{NoticeID: n.ID}, nil); err != nil {
			return err
		}
	}
	return s.settleMembers(ctx, tx, n, nx.state, nx.error)
}

// settleChannel writes what a try says about the channel, unless its settings were changed meanwhile (current = false).
func (s *Service) settleChannel(ctx context.Context, tx db.Tx, ch *channelRow, res channel.Result, wait db.Time) (current bool, err error) {
	now := s.now()
	q := tx.NewUpdate().Model((*channelRow)(nil)).Where("id = ? AND version = ?", ch.ID, ch.Version)
	failed := func(q *bun.UpdateQuery) *bun.UpdateQuery {
		return q.Set("last_failure_at = ?, last_error = ?", now, lastError(res))
	}
	switch {
	case res.Outcome == channel.Sent || res.Outcome == channel.Pending:
		q = q.Set("last_success_at = ?, last_error = '', failures = 0, hold_until = NULL, paused_until = NULL, pauses = 0, failing_since = NULL", now)
	case res.Outcome == channel.Config:
		q = failed(q).Set("paused_until = ?, pauses = pauses + 1, hold_until = NULL", now+pauseFor(ch.Pauses, res.After))
	case res.Outcome == channel.Retry && res.WholeChannel:
		q = failed(q).Set("failures = failures + 1, hold_until = ?", now+max(wait, after(channelWaits, ch.Failures+1, res.After)))
	case res.Outcome == channel.Permanent && !res.WholeChannel:
		return true, nil // about the receiver
	default:
		q = failed(q)
	}
	current, err = db.Changed(q.Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("store state of channel: %w", err)
	}
	if current && keepsFailing(ch, res) {
		if err := s.failing(ctx, tx, ch); err != nil {
			return false, err
		}
	}
	if current && (res.Outcome == channel.Sent || res.Outcome == channel.Pending) && !ch.PausedUntil.IsZero() {
		return current, s.resume(ctx, tx, ch.ID)
	}
	return current, nil
}

func lastError(res channel.Result) string {
	if res.ProviderCode == "" {
		return res.Text
	}
	return res.Text + "（" + res.ProviderCode + "）"
}

// resume enqueues what waited for a channel.
func (s *Service) resume(ctx context.Context, tx db.Tx, channelID string) error {
	var rows []noticeRow
	err := tx.NewSelect().Model(&rows).Column("id").
		Where("state = ? AND channel_id = ? AND (list_id = '' OR is_list) AND (next_try_at IS NULL OR next_try_at <= ?)", Queued, channelID, s.now()).Order("id").Limit(reconcileBatch).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list waiting notices: %w", err)
	}
	for _, n := range rows {
		if err := tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, nil); err != nil {
			return err
		}
	}
	return nil
}
