package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) gapRoutes() {
	handle(a, identity.RightDeliveries, op(http.MethodGet, "/gaps", "get-gaps", "deliveries", "What may have been missed: silent programs, failed pushes, cases not read, permissions that are missing"), a.getGaps)
}

type gapReport struct {
	CheckedAt int64      `json:"checked_at" doc:"Unix ms"`
	Checks    []gapCheck `json:"checks" doc:"What was looked at; also when nothing was found"`
	Items     []gapItem  `json:"items" doc:"Worst first, then oldest first"`
	More      int        `json:"more" doc:"How many are not listed: at most 50 of one code are"`
}

type gapCheck struct {
	Code  string `json:"code" enum:"platform,programs,silence,deliveries,cases,numbers"`
	Count int    `json:"count" doc:"How many were looked at"`
}

type gapItem struct {
	Kind             string            `json:"kind" enum:"platform,program,delivery,complaint"`
	Code             string            `json:"code" doc:"Stable"`
	Severity         string            `json:"severity" enum:"error,warning"`
	Text             string            `json:"text"`
	Hint             string            `json:"hint" doc:"What follows, and the way out"`
	Params           map[string]string `json:"params" doc:"What a text in another language is filled with"`
	Since            *int64            `json:"since" doc:"Unix ms; null = not known"`
	Fix              string            `json:"fix" enum:"replay,import,sync,authorize,program,platform" doc:"The operation or page that mends it"`
	ProgramID        *string           `json:"program_id"`
	ProgramName      *string           `json:"program_name"`
	ComplaintID      *string           `json:"complaint_id"`
	ComplaintOrderID *string           `json:"complaint_order_id" doc:"With fix import: what to import"`
	DeliveryID       *string           `json:"delivery_id"`
}

func (a *API) getGaps(ctx context.Context, _ *empty) (*body[gapReport], error) {
	r, err := a.Gaps.Report(ctx, scope(ctx))
	if err != nil {
		return nil, err
	}
	v := gapReport{CheckedAt: int64(r.CheckedAt), Checks: make([]gapCheck, len(r.Checks)), Items: make([]gapItem, len(r.Items)), More: r.More}
	for i, c := range r.Checks {
		v.Checks[i] = gapCheck(c)
	}
	for i := range r.Items {
		v.Items[i] = gapItemOf(&r.Items[i])
	}
	return &body[gapReport]{v}, nil
}

func gapItemOf(i *gap.Item) gapItem {
	kind := "platform"
	switch {
	case i.DeliveryID != "":
		kind = "delivery"
	case i.OrderID != "":
		kind = "complaint"
	case i.ProgramID != "":
		kind = "program"
	}
	params := i.Params
	if params == nil {
		params = map[string]string{}
	}
	return gapItem{
		Kind: kind, Code: i.Code, Severity: string(i.Severity), Text: i.Text, Hint: i.Hint, Params: params, Since: i.Since.Ptr(), Fix: string(i.Fix),
		ProgramID: orNil(i.ProgramID), ProgramName: orNil(i.ProgramName), ComplaintID: orNil(i.ComplaintID), ComplaintOrderID: orNil(i.OrderID), DeliveryID: orNil(i.DeliveryID),
	}
}
