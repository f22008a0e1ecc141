package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
)

// reminderRoutes are what makes sure that somebody acts in time: reminders, the escalation ladder, the daily digest, and how members are reached.
func (a *API) reminderRoutes() {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		put  = http.MethodPut
	)
	handle(a, identity.RightNotify, op(get, "/settings/reminders", "get-reminders", "notifications", "Reminders before the deadline, the escalation ladder, the daily digest"), a.getReminders)
	handle(a, identity.RightNotify, op(put, "/settings/reminders", "put-reminders", "notifications", "Change reminders, ladder and digest"), a.putReminders)
	handle(a, identity.RightNotify, op(get, "/members", "list-members", "notifications", "Who can be told, and on which channels"), a.listMembers)
	handle(a, anyone, op(put, "/members/{id}/contacts/{channel_id}", "put-contact", "notifications", "Set a member's address on a channel; anybody sets his own"), a.putContact)
	handle(a, identity.RightNotify, op(post, "/notices/{id}/resend", "resend-notice", "notifications", "Send a message again"), a.resendNotice)
	handle(a, identity.RightCasesAct, op(post, "/complaints/{id}/acknowledge", "acknowledge-complaint", "complaints", "我已看到: stops waking other people"), a.acknowledge)
}

type ladderStep struct {
	AfterMinutes *int64   `json:"after_minutes,omitempty" doc:"Since the case began to ask for something; either this or hours_left"`
	HoursLeft    *int64   `json:"hours_left,omitempty" doc:"Before the deadline"`
	To           string   `json:"to" enum:"assignee,manager,owner"`
	ChannelIDs   []string `json:"channel_ids,omitempty" doc:"Empty means every channel on which he can be reached"`
}

type digestSettings struct {
	Enabled   bool           `json:"enabled"`
	At        string         `json:"at" example:"09:00" doc:"Beijing time"`
	ChannelID *string        `json:"channel_id,omitempty" doc:"For receivers without a channel of their own"`
	Receivers []receiverView `json:"receivers"`
}

type remindersView struct {
	HoursLeft []int64              `json:"hours_left" doc:"Reminders before the deadline, as event deadline.near"`
	Ladder    []ladderStep         `json:"ladder" doc:"Whom to tell while nobody says that he has seen it"`
	Quiet     nullable[quietHours] `json:"quiet" doc:"Steps of the ladder that can wait are held back in these hours"`
	Digest    digestSettings       `json:"digest"`
}

func remindersViewOf(r notify.Reminders) remindersView {
	v := remindersView{HoursLeft: r.HoursLeft, Ladder: make([]ladderStep, len(r.Ladder)), Quiet: quietView(r.Quiet)}
	for i, g := range r.Ladder {
		v.Ladder[i] = ladderStep{g.AfterMinutes, g.HoursLeft, g.To, g.ChannelIDs}
	}
	v.Digest = digestSettings{Enabled: r.Digest.Enabled, At: r.Digest.At, ChannelID: orNil(r.Digest.ChannelID), Receivers: make([]receiverView, len(r.Digest.Receivers))}
	for i, x := range r.Digest.Receivers {
		v.Digest.Receivers[i] = receiverView{ChannelID: x.ChannelID, Address: x.Address, AddressMasked: x.AddressMasked, UserID: orNil(x.UserID)}
	}
	return v
}

func (a *API) getReminders(ctx context.Context, _ *empty) (*body[remindersView], error) {
	r, err := a.Notify.LoadReminders(ctx)
	return &body[remindersView]{remindersViewOf(r)}, err
}

type putRemindersInput struct {
	Body struct {
		HoursLeft []int64        `json:"hours_left"`
		Ladder    []ladderStep   `json:"ladder"`
		Quiet     *quietHours    `json:"quiet,omitempty"`
		Digest    digestSettings `json:"digest"`
	}
}

func (a *API) putReminders(ctx context.Context, in *putRemindersInput) (*body[remindersView], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	b := in.Body
	r := notify.Reminders{HoursLeft: b.HoursLeft, Quiet: b.Quiet.quiet(), Ladder: make([]notify.Rung, len(b.Ladder))}
	for i, s := range b.Ladder {
		r.Ladder[i] = notify.Rung{AfterMinutes: s.AfterMinutes, HoursLeft: s.HoursLeft, To: s.To, ChannelIDs: s.ChannelIDs}
	}
	r.Digest = notify.Digest{Enabled: b.Digest.Enabled, At: b.Digest.At, Receivers: receiversOf(b.Digest.Receivers)}
	if b.Digest.ChannelID != nil {
		r.Digest.ChannelID = *b.Digest.ChannelID
	}
	r, err := a.Notify.StoreReminders(ctx, r)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{
		Verb: "update", Object: "setting", ObjectID: "reminders", Detail: map[string]any{"hours_left": r.HoursLeft, "ladder": len(r.Ladder), "digest": r.Digest.Enabled},
	})
	return &body[remindersView]{remindersViewOf(r)}, err
}

type memberView struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Role     string        `json:"role"`
	Contacts []contactView `json:"contacts" doc:"The channels on which he can be reached"`
}

type contactView struct {
	ChannelID     string `json:"channel_id"`
	AddressMasked string `json:"address_masked"`
	Own           bool   `json:"own" doc:"Entered for this channel; otherwise the address he logs in with, or bound by scanning a code"`
}

func contactViewOf(c notify.Contact) contactView {
	return contactView{c.ChannelID, c.AddressMasked, c.Own}
}

func (a *API) listMembers(ctx context.Context, _ *empty) (*body[page[memberView]], error) {
	ms, err := a.Notify.Members(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]memberView, len(ms))
	for i, m := range ms {
		views[i] = memberView{ID: m.ID, Name: m.Name, Role: m.Role, Contacts: make([]contactView, len(m.Contacts))}
		for j, c := range m.Contacts {
			views[i].Contacts[j] = contactViewOf(c)
		}
	}
	return pageOf(views, ""), nil
}

type putContactInput struct {
	ByID
	ChannelID string `path:"channel_id"`
	Body      struct {
		Address string `json:"address" doc:"Phone number, openid or mail address; empty removes it"`
	}
}

func (a *API) putContact(ctx context.Context, in *putContactInput) (*body[contactView], error) {
	p := who(ctx)
	if p.UserID != in.ID && !p.Can(identity.RightNotify) {
		return nil, problemOf(http.StatusForbidden, CodeForbidden, "您只能修改自己的联系方式")
	}
	c, err := a.Notify.SetContact(ctx, in.ID, in.ChannelID, in.Body.Address)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{
		Verb: "update", Object: "contact", ObjectID: in.ID, Detail: map[string]any{"channel_id": in.ChannelID, "address": c.AddressMasked},
	})
	return &body[contactView]{contactViewOf(c)}, err
}

func (a *API) acknowledge(ctx context.Context, in *ByID) (*body[complaintView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p := who(ctx)
	if err := a.Complaints.Acknowledge(ctx, c.ID, p.UserID, p.Name, true); err != nil {
		return nil, err
	}
	a.personActs(ctx, c.ID, "点了“我已看到”")
	return a.complaintView(ctx, c)
}
