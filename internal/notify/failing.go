package notify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// failingAfter is how many failures in a row make a channel failing; refused settings do at once.
const failingAfter = 3

// ChannelFailingArgs tells whoever reacts to it that a channel began to fail. It is enqueued in the transaction that noted it.
type ChannelFailingArgs struct {
	ChannelID string  `json:"channel_id"`
	Since     db.Time `json:"since"`
}

// Kind implements river.JobArgs.
func (ChannelFailingArgs) Kind() string { return "channel.failing" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (ChannelFailingArgs) InsertOpts() river.InsertOpts { return *db.Once(db.QueueDefault) }

func keepsFailing(ch *channelRow, res channel.Result) bool {
	return res.Outcome == channel.Config ||
		res.Outcome == channel.Retry && res.WholeChannel && ch.Failures+1 >= failingAfter && res.ProviderCode != "own_limit"
}

// failing notes the beginning of a failure, once.
func (s *Service) failing(ctx context.Context, tx db.Tx, ch *channelRow) error {
	now := s.now()
	began, err := db.Changed(tx.NewUpdate().Model((*channelRow)(nil)).Set("failing_since = ?", now).Where("id = ? AND failing_since IS NULL", ch.ID).Exec(ctx))
	if err != nil || !began {
		return err
	}
	return tx.Enqueue(ctx, ChannelFailingArgs{ChannelID: ch.ID, Since: now}, nil)
}

// TellFailing tells people that a channel fails, on other channels than that one, once for each failure. Where nobody subscribed to it, the owners are told
// wherever they can be reached: a channel that is silent is not noticed by itself.
func (s *Service) TellFailing(ctx context.Context, channelID string, since db.Time) error {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil || ch.FailingSince != since {
		return ignoreMissing(err) // mended meanwhile, or removed
	}
	ev := Event{Kind: EventChannelFailing, Key: fmt.Sprintf("%s/%d", channelID, since)}
	ps, err := s.match(ctx, ev, Facts{})
	if err != nil {
		return err
	}
	ps = slices.DeleteFunc(ps, func(p planned) bool { return p.ChannelID == channelID })
	if len(ps) == 0 {
		if ps, err = s.warnOwners(ctx, ev, channelID); err != nil {
			return err
		}
	}
	for i := range ps {
		ps[i].group = false
		// Never back onto the channel it is about.
		ps[i].FallbackIDs.V = slices.DeleteFunc(slices.Clone(ps[i].FallbackIDs.V), func(id string) bool { return id == channelID })
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store(ctx, tx, ps) })
}

func ignoreMissing(err error) error {
	if err == ErrNotFound { //nolint:errorlint // returned as it is by channelRow
		return nil
	}
	return err
}

func (s *Service) warnOwners(ctx context.Context, ev Event, but string) ([]planned, error) {
	a, err := s.addressBook(ctx)
	if err != nil {
		return nil, err
	}
	owners, err := s.who(ctx, a, ToOwner, Facts{})
	if err != nil {
		return nil, err
	}
	var out []planned
	for _, m := range owners {
		rs, err := s.everywhere(ctx, a, m, nil)
		if err != nil {
			return nil, err
		}
		for _, r := range rs {
			if r.ChannelID == but {
				continue
			}
			n, err := s.notice(ev, r)
			if err != nil {
				return nil, err
			}
			n.Reason, n.ReasonText, n.Urgent = Warned, "没有人订阅渠道故障，通知所有者", true
			out = append(out, planned{noticeRow: n, to: r})
		}
	}
	return out, nil
}

// failingNote says which channel fails and why, as of now.
func (s *Service) failingNote(ctx context.Context, n *noticeRow) string {
	id, _, _ := strings.Cut(n.EventKey, "/")
	ch, err := s.channelRow(ctx, id)
	if err != nil {
		return "渠道已经删除。"
	}
	if ch.FailingSince.IsZero() {
		return "「" + ch.Name + "」已经恢复。"
	}
	return "「" + ch.Name + "」：" + ch.LastError
}

// silentNote says since when a program is silent; the event's key is that moment.
func silentNote(key string) string {
	at, err := strconv.ParseInt(key, 10, 64)
	if err != nil {
		return ""
	}
	return "最近一次推送在 " + clockTime(db.Time(at)) + "，比以往都久。可能真的没有投诉，也可能是推送断了：请到微信公众平台看有没有新投诉，有就按单号补录。"
}
