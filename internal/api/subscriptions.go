package api

import (
	"context"
	"errors"
	"slices"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
)

type receiverView struct {
	ChannelID     string  `json:"channel_id,omitempty" doc:"Left out: every one of channel_ids"`
	Address       string  `json:"address,omitempty" doc:"Mail address, openid or phone number; empty for robots, and for a member who is told at his own address. The masked form keeps a stored one"`
	AddressMasked string  `json:"address_masked,omitempty"`
	UserID        *string `json:"user_id,omitempty" doc:"A member"`
}

type quietHours struct {
	From string `json:"from" pattern:"^[0-2][0-9]:[0-5][0-9]$" example:"22:00" doc:"Beijing time"`
	To   string `json:"to" pattern:"^[0-2][0-9]:[0-5][0-9]$" example:"08:00" doc:"Earlier than from means the next morning"`
}

func quietView(q *notify.Quiet) nullable[quietHours] {
	if q == nil {
		return nullable[quietHours]{}
	}
	return someOf(quietHours{q.From, q.To})
}

func (q *quietHours) quiet() *notify.Quiet {
	if q == nil {
		return nil
	}
	return &notify.Quiet{From: q.From, To: q.To}
}

type subscriptionView struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	ProgramIDs []string       `json:"program_ids" doc:"Empty means all"`
	Events     []string       `json:"events"`
	ChannelIDs []string       `json:"channel_ids"`
	Receivers  []receiverView `json:"receivers"`
	Enabled    bool           `json:"enabled"`

	Tags               []string             `json:"tags" doc:"Programs with one of these; empty means all"`
	Types              []int64              `json:"types" doc:"WeChat's codes of the problem; empty means all"`
	MinAmount          *int64               `json:"min_amount" doc:"Fen, included; a case of unknown amount is never left out"`
	MaxAmount          *int64               `json:"max_amount" doc:"Fen, included"`
	Quiet              nullable[quietHours] `json:"quiet" doc:"What can wait is held back in these hours"`
	FallbackChannelIDs []string             `json:"fallback_channel_ids" doc:"Tried in this order when a message fails or is not confirmed within two minutes"`
	Group              bool                 `json:"group" doc:"Many at once become one message"`

	CreatedAt db.Time `json:"created_at" doc:"Unix ms"`
	UpdatedAt db.Time `json:"updated_at" doc:"Unix ms"`
}

func subscriptionViewOf(s notify.Subscription) subscriptionView {
	v := subscriptionView{
		ID: s.ID, Name: s.Name, ProgramIDs: s.ProgramIDs, Events: s.Events, ChannelIDs: s.ChannelIDs, Receivers: make([]receiverView, len(s.Receivers)),
		Enabled: s.Enabled, CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt,
		Tags: s.Tags, Types: s.Types, MinAmount: s.MinAmount, MaxAmount: s.MaxAmount, Quiet: quietView(s.Quiet), FallbackChannelIDs: s.FallbackChannelIDs, Group: s.Group,
	}
	for i, r := range s.Receivers {
		v.Receivers[i] = receiverView{ChannelID: r.ChannelID, Address: r.Address, AddressMasked: r.AddressMasked, UserID: orNil(r.UserID)}
	}
	return v
}

func receiversOf(in []receiverView) []notify.Receiver {
	out := make([]notify.Receiver, len(in))
	for i, r := range in {
		out[i] = notify.Receiver{ChannelID: r.ChannelID, Address: r.Address, AddressMasked: r.AddressMasked}
		if r.UserID != nil {
			out[i].UserID = *r.UserID
		}
	}
	return out
}

// reaches reports whether a subscription stays inside what somebody may see: otherwise it would mail them other programs' cases.
func reaches(ctx context.Context, programIDs []string) bool {
	if scope(ctx) == nil {
		return true
	}
	return len(programIDs) > 0 && !slices.ContainsFunc(programIDs, func(id string) bool { return !who(ctx).Sees(id) })
}

// subscription returns a subscription in scope; outside it is as if it did not exist.
func (a *API) subscription(ctx context.Context, id string) (notify.Subscription, error) {
	s, err := a.Notify.Subscription(ctx, id)
	if err == nil && !reaches(ctx, s.ProgramIDs) {
		return notify.Subscription{}, errNotFound
	}
	return s, err
}

// checkPrograms refuses programs that do not exist or are out of scope.
func (a *API) checkPrograms(ctx context.Context, ids []string) error {
	if !reaches(ctx, ids) {
		return invalid("program_ids", "请选择您管理范围内的小程序")
	}
	for _, id := range ids {
		if _, err := a.Programs.ByID(ctx, id); err != nil {
			if errors.Is(err, program.ErrNotFound) {
				return invalid("program_ids", "小程序不存在，请重新选择")
			}
			return err
		}
	}
	return nil
}

func (a *API) listSubscriptions(ctx context.Context, _ *empty) (*body[page[subscriptionView]], error) {
	subs, err := a.Notify.ListSubscriptions(ctx)
	if err != nil {
		return nil, err
	}
	views := []subscriptionView{}
	for _, s := range subs {
		if reaches(ctx, s.ProgramIDs) {
			views = append(views, subscriptionViewOf(s))
		}
	}
	return pageOf(views, ""), nil
}

func (a *API) getSubscription(ctx context.Context, in *ByID) (*body[subscriptionView], error) {
	s, err := a.subscription(ctx, in.ID)
	return &body[subscriptionView]{subscriptionViewOf(s)}, err
}

type newSubscriptionInput struct {
	Body struct {
		Name       string         `json:"name,omitempty"`
		ProgramIDs []string       `json:"program_ids,omitempty" doc:"Empty means all"`
		Events     []string       `json:"events"`
		ChannelIDs []string       `json:"channel_ids,omitempty" doc:"Default: the channels of the receivers"`
		Receivers  []receiverView `json:"receivers"`
		Enabled    *bool          `json:"enabled,omitempty" default:"true"`

		Tags               []string    `json:"tags,omitempty"`
		Types              []int64     `json:"types,omitempty"`
		MinAmount          *int64      `json:"min_amount,omitempty" doc:"Fen"`
		MaxAmount          *int64      `json:"max_amount,omitempty" doc:"Fen"`
		Quiet              *quietHours `json:"quiet,omitempty"`
		FallbackChannelIDs []string    `json:"fallback_channel_ids,omitempty"`
		Group              *bool       `json:"group,omitempty" default:"true"`
	}
}

func (a *API) createSubscription(ctx context.Context, in *newSubscriptionInput) (*body[subscriptionView], error) {
	b := in.Body
	if err := a.checkPrograms(ctx, b.ProgramIDs); err != nil {
		return nil, err
	}
	s, err := a.Notify.CreateSubscription(ctx, notify.SubscriptionInput{
		Name: b.Name, ProgramIDs: b.ProgramIDs, Events: b.Events, ChannelIDs: b.ChannelIDs, Receivers: receiversOf(b.Receivers),
		Enabled: b.Enabled == nil || *b.Enabled,
		Filter:  notify.Filter{Tags: b.Tags, Types: b.Types, MinAmount: b.MinAmount, MaxAmount: b.MaxAmount}, Quiet: b.Quiet.quiet(),
		FallbackChannelIDs: b.FallbackChannelIDs, Group: b.Group == nil || *b.Group,
	})
	if err != nil {
		return nil, err
	}
	return a.subscriptionDone(ctx, "create", s)
}

type updateSubscriptionInput struct {
	ByID
	Body struct {
		Name       *string         `json:"name,omitempty"`
		ProgramIDs *[]string       `json:"program_ids,omitempty" doc:"Empty means all"`
		Events     *[]string       `json:"events,omitempty"`
		ChannelIDs *[]string       `json:"channel_ids,omitempty"`
		Receivers  *[]receiverView `json:"receivers,omitempty"`
		Enabled    *bool           `json:"enabled,omitempty"`

		Tags               *[]string            `json:"tags,omitempty"`
		Types              *[]int64             `json:"types,omitempty"`
		MinAmount          optional[int64]      `json:"min_amount,omitempty" doc:"Fen; null removes it"`
		MaxAmount          optional[int64]      `json:"max_amount,omitempty" doc:"Fen; null removes it"`
		Quiet              optional[quietHours] `json:"quiet,omitempty" doc:"null removes it"`
		FallbackChannelIDs *[]string            `json:"fallback_channel_ids,omitempty"`
		Group              *bool                `json:"group,omitempty"`
	}
}

func (a *API) updateSubscription(ctx context.Context, in *updateSubscriptionInput) (*body[subscriptionView], error) {
	before, err := a.subscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.ProgramIDs != nil {
		if err := a.checkPrograms(ctx, *b.ProgramIDs); err != nil {
			return nil, err
		}
	}
	p := notify.SubscriptionPatch{
		Name: b.Name, ProgramIDs: b.ProgramIDs, Events: b.Events, ChannelIDs: b.ChannelIDs, Enabled: b.Enabled,
		Tags: b.Tags, Types: b.Types, MinAmount: b.MinAmount.ptr(), MaxAmount: b.MaxAmount.ptr(), FallbackChannelIDs: b.FallbackChannelIDs, Group: b.Group,
	}
	if b.Quiet.set {
		q := b.Quiet.v.quiet()
		p.Quiet = &q
	}
	if b.Receivers != nil {
		rs := receiversOf(*b.Receivers)
		p.Receivers = &rs
	}
	s, err := a.Notify.UpdateSubscription(ctx, in.ID, p)
	if err != nil {
		return nil, err
	}
	if err := a.revokeGone(ctx, before.Receivers); err != nil {
		return nil, err
	}
	return a.subscriptionDone(ctx, "update", s)
}

// subscriptionDone records what changed; addresses stay out of the audit trail.
func (a *API) subscriptionDone(ctx context.Context, verb string, s notify.Subscription) (*body[subscriptionView], error) {
	masked := make([]string, len(s.Receivers))
	for i, r := range s.Receivers {
		masked[i] = r.AddressMasked
	}
	err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{
		Verb: verb, Object: "subscription", ObjectID: s.ID, Detail: map[string]any{"events": s.Events, "receivers": masked, "enabled": s.Enabled},
	})
	return &body[subscriptionView]{subscriptionViewOf(s)}, err
}

func (a *API) deleteSubscription(ctx context.Context, in *ByID) (*empty, error) {
	before, err := a.subscription(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Notify.DeleteSubscription(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.revokeGone(ctx, before.Receivers); err != nil {
		return nil, err
	}
	return &empty{}, a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "delete", Object: "subscription", ObjectID: in.ID})
}
