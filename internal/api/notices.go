package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
)

type noticeView struct {
	ID            string        `json:"id"`
	ComplaintID   *string       `json:"complaint_id"`
	ProgramID     *string       `json:"program_id"`
	Event         string        `json:"event"`
	ChannelID     string        `json:"channel_id"`
	AddressMasked string        `json:"address_masked"`
	State         string        `json:"state" enum:"queued,sent,delivered,failed,dropped" doc:"sent: the provider accepted it"`
	Error         *string       `json:"error" doc:"Why it was not sent, or not yet"`
	NextTryAt     *int64        `json:"next_try_at" doc:"Unix ms"`
	CreatedAt     db.Time       `json:"created_at" doc:"Unix ms"`
	SentAt        *int64        `json:"sent_at" doc:"Unix ms"`
	Attempts      []attemptView `json:"attempts"`

	Reason     string            `json:"reason" enum:"subscription,escalation,digest,fallback,resend,warning,mention" doc:"Why this receiver is told"`
	ReasonText *string           `json:"reason_text"`
	UserID     *string           `json:"user_id" doc:"The member who is told"`
	Urgent     bool              `json:"urgent" doc:"Not held back by quiet hours"`
	Grouped    nullable[grouped] `json:"grouped" doc:"Told together with others in one message; null = alone"`
	FallbackOf *string           `json:"fallback_of" doc:"The notice that failed or was silent on another channel"`
	ResendOf   *string           `json:"resend_of"`
}

type grouped struct {
	ListID string `json:"list_id" doc:"The notice that is the one message; its own id there"`
	IsList bool   `json:"is_list"`
	Count  int64  `json:"count" doc:"How many it tells"`
}

type attemptView struct {
	At           db.Time `json:"at" doc:"Unix ms"`
	FinishedAt   *int64  `json:"finished_at" doc:"Unix ms; null = under way, or cut off"`
	Outcome      string  `json:"outcome" enum:"sent,pending,retry,permanent,config,unknown" doc:"pending: the provider reviews it and sends it by itself"`
	ProviderCode *string `json:"provider_code"`
	ProviderText *string `json:"provider_text" doc:"The provider's own answer, addresses masked"`
	Text         *string `json:"text" doc:"The failure in words"`
	ProviderID   *string `json:"provider_id" doc:"What the provider calls the message, to ask it about"`
	Receipt      *string `json:"receipt" enum:"arrived,refused,lost,throttled,undelivered" doc:"What the provider said later; null = nothing yet"`
	ReceiptCode  *string `json:"receipt_code"`
	ReceiptAt    *int64  `json:"receipt_at" doc:"Unix ms"`
}

func noticeViewOf(n notify.Notice) noticeView {
	v := noticeView{
		ID: n.ID, ComplaintID: orNil(n.ComplaintID), ProgramID: orNil(n.ProgramID), Event: n.Event, ChannelID: n.ChannelID, AddressMasked: n.AddressMasked,
		State: string(n.State), Error: orNil(n.Error), NextTryAt: n.NextTryAt.Ptr(), CreatedAt: n.CreatedAt, SentAt: n.SentAt.Ptr(),
		Attempts: make([]attemptView, len(n.Attempts)),
		Reason:   string(n.Reason), ReasonText: orNil(n.ReasonText), UserID: orNil(n.UserID), Urgent: n.Urgent, FallbackOf: orNil(n.FallbackOf), ResendOf: orNil(n.ResendOf),
	}
	if n.ListID != "" {
		v.Grouped = someOf(grouped{n.ListID, n.IsList, n.Grouped})
	}
	for i, t := range n.Attempts {
		v.Attempts[i] = attemptView{
			At: t.At, FinishedAt: t.FinishedAt.Ptr(), Outcome: t.Outcome, ProviderCode: orNil(t.ProviderCode), ProviderText: orNil(t.ProviderText), Text: orNil(t.Text),
			ProviderID: orNil(t.ProviderID), Receipt: orNil(t.Receipt), ReceiptCode: orNil(t.ReceiptCode), ReceiptAt: t.ReceiptAt.Ptr(),
		}
	}
	return v
}

type listNoticesInput struct {
	Paging
	ComplaintID string `query:"complaint_id"`
	ProgramID   string `query:"program_id"`
	ChannelID   string `query:"channel_id"`
	Event       string `query:"event"`
	State       string `query:"state" enum:"queued,sent,delivered,failed,dropped"`
}

func (a *API) listNotices(ctx context.Context, in *listNoticesInput) (*body[page[noticeView]], error) {
	programs := scope(ctx)
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return nil, errNotFound
		}
		programs = []string{in.ProgramID}
	}
	ns, next, err := a.Notify.ListNotices(ctx, notify.NoticeFilter{
		ProgramIDs: programs, ComplaintID: in.ComplaintID, ChannelID: in.ChannelID, Event: in.Event, State: notify.State(in.State), Cursor: in.Cursor, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	views := make([]noticeView, len(ns))
	for i, n := range ns {
		views[i] = noticeViewOf(n)
	}
	return pageOf(views, next), nil
}

// resendNotice sends a message again that was sent, failed or dropped.
func (a *API) resendNotice(ctx context.Context, in *ByID) (*body[noticeView], error) {
	old, err := a.Notify.Notice(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !who(ctx).Sees(old.ProgramID) && (old.ProgramID != "" || scope(ctx) != nil) {
		return nil, errNotFound
	}
	n, err := a.Notify.Resend(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "resend", Object: "notice", ObjectID: in.ID, ProgramID: old.ProgramID, Detail: map[string]any{"new": n.ID}})
	return &body[noticeView]{noticeViewOf(n)}, err
}
