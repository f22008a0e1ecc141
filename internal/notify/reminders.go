package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/setting"
)

// Reminders say how people are reminded of what a case asks for, for the whole installation.
type Reminders struct {
	// HoursLeft are the reminders before the deadline, as event deadline.near, most first.
	HoursLeft []int64 `json:"hours_left"`
	// Ladder is whom to tell when nobody says that he has seen it, gentlest first.
	Ladder []Rung `json:"ladder"`
	// Quiet holds back the rungs that can wait; nil for none.
	Quiet  *Quiet `json:"quiet"`
	Digest Digest `json:"digest"`
}

// Whom a rung tells. Where there is nobody, or he can't be reached, the next one is told.
const (
	ToAssignee = "assignee"
	ToManager  = "manager"
	ToOwner    = "owner"
)

// Rung is one step of the escalation ladder. Exactly one of AfterMinutes and HoursLeft is set.
type Rung struct {
	// AfterMinutes counts from when the case began to ask for something.
	AfterMinutes *int64 `json:"after_minutes"`
	// HoursLeft counts back from the deadline.
	HoursLeft *int64 `json:"hours_left"`
	To        string `json:"to"`
	// ChannelIDs are where he is told; empty means every channel on which he can be reached.
	ChannelIDs []string `json:"channel_ids"`
}

// Digest is one message a day about everything that waits.
type Digest struct {
	Enabled bool `json:"enabled"`
	// At is a time of day in Beijing, written 09:00.
	At string `json:"at"`
	// ChannelID is where receivers without a channel of their own are told.
	ChannelID string `json:"channel_id"`
	// Receivers are kept apart from the rest: addresses are personal data.
	Receivers []Receiver `json:"-"`
	// Since is when it was switched on or moved: what would have been before is not made up for.
	Since db.Time `json:"since"`
}

// remindersSetting is the name of the setting.
const remindersSetting = "reminders"

// digestID is the subscription that holds the digest's receivers; no list shows it.
const digestID = "digest"

// Bounds of the settings.
const (
	maxSteps     = 12
	maxHours     = 30 * 24
	maxAfterMins = 7 * 24 * 60
)

// DefaultReminders are in force until somebody changes them.
func DefaultReminders() Reminders {
	n := func(v int64) *int64 { return &v }
	return Reminders{
		HoursLeft: []int64{24, 12, 6, 2, 1},
		Ladder: []Rung{
			{AfterMinutes: n(60), To: ToAssignee, ChannelIDs: []string{}},
			{HoursLeft: n(12), To: ToManager, ChannelIDs: []string{}},
			{HoursLeft: n(3), To: ToOwner, ChannelIDs: []string{}},
		},
		Digest: Digest{At: "09:00"},
	}
}

// LoadReminders returns the settings in force.
func (s *Service) LoadReminders(ctx context.Context) (Reminders, error) {
	r, err := s.reminders(ctx)
	if err != nil {
		return Reminders{}, err
	}
	row, err := s.digestRow(ctx, s.db.Read)
	if err != nil {
		return Reminders{}, err
	}
	sub, err := s.subscriptionOf(row)
	r.Digest.Receivers = sub.Receivers
	return r, err
}

// reminders returns the settings without the digest's receivers.
func (s *Service) reminders(ctx context.Context) (Reminders, error) {
	r := DefaultReminders()
	err := setting.Load(ctx, s.db.Read, remindersSetting, &r)
	return r, err
}

// digestRow returns the digest's hidden subscription, an empty one if it was never stored.
func (s *Service) digestRow(ctx context.Context, q bun.IDB) (*subscriptionRow, error) {
	row := &subscriptionRow{ID: digestID}
	if err := q.NewSelect().Model(row).WherePK().Scan(ctx); err != nil && !db.IsNotFound(err) {
		return nil, fmt.Errorf("read digest: %w", err)
	}
	return row, nil
}

// StoreReminders checks and keeps the settings. It returns *FieldError for what is wrong.
func (s *Service) StoreReminders(ctx context.Context, r Reminders) (Reminders, error) {
	if err := r.check(); err != nil {
		return Reminders{}, err
	}
	old, err := s.LoadReminders(ctx)
	if err != nil {
		return Reminders{}, err
	}
	r.Digest.Since = old.Digest.Since
	if r.Digest.Enabled && (!old.Digest.Enabled || r.Digest.At != old.Digest.At) {
		r.Digest.Since = s.now()
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.storeDigest(ctx, tx, &r, old.Digest.Receivers); err != nil {
			return err
		}
		return setting.Store(ctx, tx, remindersSetting, r, s.now())
	})
	if err != nil {
		return Reminders{}, err
	}
	if err := s.rewatch(ctx); err != nil { // with other steps, other moments come next
		return Reminders{}, err
	}
	return s.LoadReminders(ctx)
}

// storeDigest keeps who gets the digest, sealed.
func (s *Service) storeDigest(ctx context.Context, tx db.Tx, r *Reminders, known []Receiver) error {
	row, err := s.digestRow(ctx, tx)
	if err != nil {
		return err
	}
	kindOf, err := channelKinds(ctx, tx)
	if err != nil {
		return err
	}
	row.Events.V, row.UpdatedAt = []string{eventDigest}, s.now()
	row.ProgramIDs.V, row.Tags.V, row.Types.V, row.FallbackChannelIDs.V = []string{}, []string{}, []int64{}, []string{}
	in := SubscriptionInput{Receivers: r.Digest.Receivers}
	if r.Digest.ChannelID != "" {
		in.ChannelIDs = []string{r.Digest.ChannelID}
	}
	switch {
	case len(in.Receivers) > 0:
		err = s.fillReceivers(row, in, known, kindOf)
	case r.Digest.Enabled:
		err = &FieldError{Field: "receivers", Text: "每日汇总还没有接收人。"}
	default:
		row.ChannelIDs.V, row.ReceiversSealed = []string{}, ""
	}
	if err != nil {
		return err
	}
	if row.CreatedAt.IsZero() {
		row.CreatedAt = row.UpdatedAt
	}
	if _, err := tx.NewInsert().Model(row).On("CONFLICT (id) DO UPDATE").
		Set("channel_ids = EXCLUDED.channel_ids, receivers_sealed = EXCLUDED.receivers_sealed, updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return fmt.Errorf("store digest: %w", err)
	}
	return nil
}

func (r *Reminders) check() error {
	r.HoursLeft = unique(r.HoursLeft)
	slices.Sort(r.HoursLeft)
	slices.Reverse(r.HoursLeft)
	if len(r.HoursLeft) > maxSteps || len(r.Ladder) > maxSteps {
		return &FieldError{Field: "hours_left", Text: fmt.Sprintf("提醒和升级最多各 %d 步。", maxSteps)}
	}
	for _, h := range r.HoursLeft {
		if h < 1 || h > maxHours {
			return &FieldError{Field: "hours_left", Text: fmt.Sprintf("剩余小时数应在 1 到 %d 之间。", maxHours)}
		}
	}
	for i := range r.Ladder {
		if err := r.Ladder[i].check(); err != nil {
			return err
		}
	}
	if r.Quiet != nil {
		if err := r.Quiet.check("quiet"); err != nil {
			return err
		}
	}
	if _, ok := minutesOf(r.Digest.At); !ok {
		return &FieldError{Field: "at", Text: "汇总时间应写成 09:00 这样。"}
	}
	return nil
}

func (g *Rung) check() error {
	if g.ChannelIDs == nil {
		g.ChannelIDs = []string{}
	}
	switch {
	case (g.AfterMinutes == nil) == (g.HoursLeft == nil):
		return &FieldError{Field: "ladder", Text: "升级的每一步，请填写“多少分钟没有确认”或“剩多少小时”，只填一项。"}
	case g.AfterMinutes != nil && (*g.AfterMinutes < 1 || *g.AfterMinutes > maxAfterMins), g.HoursLeft != nil && (*g.HoursLeft < 1 || *g.HoursLeft > maxHours):
		return &FieldError{Field: "ladder", Text: "升级的时间不在允许的范围内。"}
	case g.To != ToAssignee && g.To != ToManager && g.To != ToOwner:
		return &FieldError{Field: "ladder", Text: "升级只能通知负责人、管理员或所有者。"}
	}
	return nil
}
