package api

import (
	"context"
	"strconv"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/inbound"
)

// DeliveryView is a push without its body.
type DeliveryView struct {
	ID          string  `json:"id"`
	Source      string  `json:"source" enum:"platform_events,platform_messages,direct,offiaccount,sms_reports"`
	AppID       string  `json:"appid"`
	ProgramID   *string `json:"program_id"`
	Event       string  `json:"event"`
	State       string  `json:"state" enum:"stored,done,ignored,failed"`
	Error       *string `json:"error"`
	Repeats     int64   `json:"repeats" doc:"How often WeChat sent it again"`
	ReceivedAt  int64   `json:"received_at" doc:"Unix ms"`
	ProcessedAt *int64  `json:"processed_at" doc:"Unix ms"`
}

type deliveryDetail struct {
	DeliveryView
	Body *string `json:"body" doc:"The decrypted push. Null for authorisation events, which hold codes"`
}

func itoa(n int) string { return strconv.Itoa(n) }

func deliveryViewOf(d *inbound.Delivery) DeliveryView {
	return DeliveryView{
		ID: d.ID, Source: string(d.Source), AppID: d.AppID, ProgramID: orNil(d.ProgramID), Event: d.Event, State: d.State, Error: orNil(d.Error),
		Repeats: d.Repeats, ReceivedAt: int64(d.ReceivedAt), ProcessedAt: d.ProcessedAt.Ptr(),
	}
}

type listDeliveriesInput struct {
	Paging
	ProgramID string `query:"program_id"`
	State     string `query:"state" enum:"stored,done,ignored,failed"`
}

func (a *API) listDeliveries(ctx context.Context, in *listDeliveriesInput) (*body[page[DeliveryView]], error) {
	f := inbound.Filter{ProgramIDs: scope(ctx), State: in.State, Cursor: in.Cursor, Limit: in.Limit}
	if in.ProgramID != "" {
		if !who(ctx).Sees(in.ProgramID) {
			return nil, errNotFound
		}
		f.ProgramIDs = []string{in.ProgramID}
	}
	ds, next, err := a.Inbound.List(ctx, f)
	if err != nil {
		return nil, err
	}
	items := make([]DeliveryView, len(ds))
	for i := range ds {
		items[i] = deliveryViewOf(&ds[i])
	}
	return pageOf(items, next), nil
}

func (a *API) delivery(ctx context.Context, id string) (*inbound.Delivery, []byte, error) {
	d, plain, err := a.Inbound.Delivery(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if !who(ctx).Sees(d.ProgramID) {
		return nil, nil, errNotFound
	}
	return d, plain, nil
}

// getDelivery shows personal data in clear, so it is recorded.
func (a *API) getDelivery(ctx context.Context, in *ByID) (*body[deliveryDetail], error) {
	d, plain, err := a.delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := deliveryDetail{DeliveryView: deliveryViewOf(d)}
	if d.Source != inbound.FromEvents {
		text := string(plain)
		v.Body = &text
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "reveal", Object: "delivery", ObjectID: d.ID, ProgramID: d.ProgramID})
	return &body[deliveryDetail]{v}, err
}

func (a *API) replayDelivery(ctx context.Context, in *ByID) (*body[DeliveryView], error) {
	d, _, err := a.delivery(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.Inbound.Replay(ctx, d); err != nil {
		return nil, err
	}
	err = a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "replay", Object: "delivery", ObjectID: d.ID, ProgramID: d.ProgramID})
	return &body[DeliveryView]{deliveryViewOf(d)}, err
}
