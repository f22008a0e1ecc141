package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
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
}

type attemptView struct {
	At           db.Time `json:"at" doc:"Unix ms"`
	FinishedAt   *int64  `json:"finished_at" doc:"Unix ms; null = under way, or cut off"`
	Outcome      string  `json:"outcome" enum:"sent,retry,permanent,config,unknown"`
	ProviderCode *string `json:"provider_code"`
	ProviderText *string `json:"provider_text" doc:"The provider's own answer, addresses masked"`
	Text         *string `json:"text" doc:"The failure in words"`
}

func noticeViewOf(n notify.Notice) noticeView {
	v := noticeView{
		ID: n.ID, ComplaintID: orNil(n.ComplaintID), ProgramID: orNil(n.ProgramID), Event: n.Event, ChannelID: n.ChannelID, AddressMasked: n.AddressMasked,
		State: string(n.State), Error: orNil(n.Error), NextTryAt: n.NextTryAt.Ptr(), CreatedAt: n.CreatedAt, SentAt: n.SentAt.Ptr(),
		Attempts: make([]attemptView, len(n.Attempts)),
	}
	for i, t := range n.Attempts {
		v.Attempts[i] = attemptView{
			At: t.At, FinishedAt: t.FinishedAt.Ptr(), Outcome: t.Outcome, ProviderCode: orNil(t.ProviderCode), ProviderText: orNil(t.ProviderText), Text: orNil(t.Text),
		}
	}
	return v
}

type listNoticesInput struct {
	Paging
	ComplaintID string `query:"complaint_id"`
	State       string `query:"state" enum:"queued,sent,delivered,failed,dropped"`
}

func (a *API) listNotices(ctx context.Context, in *listNoticesInput) (*body[page[noticeView]], error) {
	ns, next, err := a.Notify.ListNotices(ctx, notify.NoticeFilter{
		ProgramIDs: scope(ctx), ComplaintID: in.ComplaintID, State: notify.State(in.State), Cursor: in.Cursor, Limit: in.Limit,
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
