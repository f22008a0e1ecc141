package notify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// Verdict is what a provider says of a message after it had accepted it.
type Verdict string

// The verdicts.
const (
	// Arrived: it is on the receiver's device.
	Arrived Verdict = "arrived"
	// Refused: this receiver will get nothing any more.
	Refused Verdict = "refused"
	// Lost: the provider failed; the message may be sent again under a new id.
	Lost Verdict = "lost"
	// Throttled: too many for now; later it may pass.
	Throttled Verdict = "throttled"
	// Undelivered: it did not arrive and will not.
	Undelivered Verdict = "undelivered"
)

// Receipt is a provider's report on one message.
type Receipt struct {
	ChannelID string
	// MessageID is what the provider called it when it accepted it (channel.Result.MessageID).
	MessageID string
	// Address is the receiver, if the report names one; it finds a message that was kept for review and got no id.
	Address string
	Verdict Verdict
	// Code is the provider's own word.
	Code string
	// Text says in Chinese why it did not arrive.
	Text string
}

const (
	// throttledWait is how long a throttled message waits (reference/notification-channels.md §2.6).
	throttledWait = time.Hour
	// maxRenewals bounds how often one notice gets a new id.
	maxRenewals = 3
	// reviewTime is how long a provider may keep a message for review: half an hour, and a little (reference/notification-channels.md §5.3).
	reviewTime = 35 * time.Minute
)

// Receipt applies a report, once. It returns ErrNoMessage for a message that is not known: one whose report was faster than our own note of it, or one that
// somebody else sent through the same account.
func (s *Service) Receipt(ctx context.Context, r Receipt) error {
	a, err := s.reported(ctx, r)
	if err != nil {
		return err
	}
	n := &noticeRow{ID: a.NoticeID}
	if err := s.db.Read.NewSelect().Model(n).WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("read notice: %w", err)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		fresh, err := db.Changed(tx.NewUpdate().Model((*attemptRow)(nil)).
			Set("receipt = ?, receipt_code = ?, receipt_at = ?", r.Verdict, r.Code, s.now()).Where("id = ? AND receipt = ''", a.ID).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store receipt: %w", err)
		}
		if !fresh {
			return nil
		}
		if r.Verdict == Refused {
			if err := s.refused(ctx, tx, n, r.Text); err != nil {
				return err
			}
		}
		if n.AttemptID != a.ID || n.State != Sent {
			return nil // about an earlier try
		}
		return s.settleReceipt(ctx, tx, n, r)
	})
	if err != nil {
		return err
	}
	s.logger.InfoContext(ctx, "receipt", "notice", n.ID, "channel", n.ChannelID, "verdict", r.Verdict, "code", r.Code)
	return nil
}

// reported finds the try that a report is about.
func (s *Service) reported(ctx context.Context, r Receipt) (*attemptRow, error) {
	a := &attemptRow{}
	q := s.db.Read.NewSelect().Model(a).Join("JOIN notices AS n ON n.id = attempt_row.notice_id").Where("n.channel_id = ?", r.ChannelID)
	err := q.Where("attempt_row.provider_id = ? AND attempt_row.provider_id <> ''", r.MessageID).Limit(1).Scan(ctx)
	if err == nil {
		return a, nil
	}
	if !db.IsNotFound(err) {
		return nil, fmt.Errorf("find message of receipt: %w", err)
	}
	if r.Address == "" {
		return nil, ErrNoMessage
	}
	var kept []attemptRow
	err = s.db.Read.NewSelect().Model(&kept).Join("JOIN notices AS n ON n.id = attempt_row.notice_id").
		Where("n.channel_id = ? AND attempt_row.outcome = ? AND attempt_row.provider_id = '' AND attempt_row.receipt = '' AND attempt_row.started_at > ?",
			r.ChannelID, channel.Pending, s.now()-ms(reviewTime)).Order("attempt_row.started_at").Limit(100).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list messages under review: %w", err)
	}
	for i := range kept {
		n := &noticeRow{ID: kept[i].NoticeID}
		if err := s.db.Read.NewSelect().Model(n).WherePK().Scan(ctx); err != nil {
			return nil, fmt.Errorf("read notice: %w", err)
		}
		if to, err := s.sealer.Open(addressPlace(n.ID), n.AddressSealed); err == nil && to.Reveal() == r.Address {
			return &kept[i], nil
		}
	}
	return nil, ErrNoMessage
}

// settleReceipt turns a report into the notice's state.
func (s *Service) settleReceipt(ctx context.Context, tx db.Tx, n *noticeRow, r Receipt) error {
	now := s.now()
	q := tx.NewUpdate().Model((*noticeRow)(nil)).Where("id = ? AND state = ? AND attempt_id = ?", n.ID, Sent, n.AttemptID)
	again := func(wait db.Time) bool {
		q = q.Set("state = ?, error = ?, renewals = renewals + 1, next_try_at = ?, updated_at = ?", Queued, r.Text+promise(wait), now+wait, now)
		return true
	}
	repeat := false
	switch {
	case r.Verdict == Arrived:
		q = q.Set("state = ?, error = '', delivered_at = ?, updated_at = ?, fallback_at = NULL", Delivered, now, now)
	case r.Verdict == Lost && n.Renewals == 0:
		repeat = again(0)
	case r.Verdict == Throttled && n.Renewals < maxRenewals:
		repeat = again(ms(throttledWait))
	default:
		// Told elsewhere by the next Reconcile, unless that was done already.
		q = q.Set("state = ?, error = ?, updated_at = ?", Failed, r.Text, now).
			Set("fallback_at = CASE WHEN fallback_at IS NULL THEN NULL ELSE CAST(? AS bigint) END", now)
	}
	changed, err := db.Changed(q.Exec(ctx))
	if err != nil {
		return fmt.Errorf("settle receipt: %w", err)
	}
	if !changed || !repeat {
		return nil
	}
	return tx.Enqueue(ctx, DeliverArgs{NoticeID: n.ID}, nil)
}

// ReviewOver ends the wait for messages that a provider kept for review and never told of: whoever is to hear must hear by another way.
func (s *Service) ReviewOver(ctx context.Context) error {
	var rows []noticeRow
	err := s.db.Read.NewSelect().Model(&rows).Join("JOIN notice_attempts AS a ON a.id = notice_row.attempt_id").
		Where("notice_row.state = ? AND a.outcome = ? AND a.receipt = '' AND a.started_at < ? AND notice_row.sent_at > ?",
			Sent, channel.Pending, s.now()-ms(reviewTime), s.now()-ms(24*time.Hour)).
		Limit(reconcileBatch).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list messages under review: %w", err)
	}
	for i := range rows {
		n := &rows[i]
		err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			return s.settleReceipt(ctx, tx, n, Receipt{Verdict: Undelivered, Text: "服务商审核后没有给出结果，可能没有送达。"})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrNoMessage says that no message of ours has the id of a receipt.
var ErrNoMessage = errors.New("no such message")
