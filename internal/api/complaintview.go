package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// ComplaintSummary is a complaint as lists show it.
type ComplaintSummary struct {
	ID               string   `json:"id"`
	ProgramID        string   `json:"program_id"`
	ProgramName      string   `json:"program_name"`
	ComplaintOrderID string   `json:"complaint_order_id"`
	Status           *int64   `json:"status" doc:"WeChat's code; undocumented ones survive. null = not read yet"`
	StatusText       string   `json:"status_text"`
	StatusKnown      bool     `json:"status_known"`
	Stage            string   `json:"stage" enum:"to_respond,to_supplement,to_prove,to_appeal,waiting_user,platform,closed,unknown"`
	Type             *int64   `json:"type" doc:"WeChat's code of the problem; null = not read yet"`
	TypeText         string   `json:"type_text"`
	Amount           *int64   `json:"amount" doc:"Fen"`
	ProductName      *string  `json:"product_name"`
	TransactionID    *string  `json:"transaction_id"`
	OutTradeNo       *string  `json:"out_trade_no"`
	PhoneMasked      *string  `json:"phone_masked"`
	OpenIDMasked     *string  `json:"openid_masked"`
	Content          *string  `json:"content" doc:"Phone and identity numbers inside are masked"`
	Images           []image  `json:"images"`
	CreatedAt        *int64   `json:"created_at" doc:"Unix ms, WeChat's"`
	PaidAt           *int64   `json:"paid_at" doc:"Unix ms"`
	DueAt            *int64   `json:"due_at" doc:"Unix ms; null = no deadline"`
	FirstSeenAt      *int64   `json:"first_seen_at" doc:"Unix ms, when we heard of it"`
	SyncedAt         *int64   `json:"synced_at" doc:"Unix ms, when WeChat was last read"`
	SyncError        *string  `json:"sync_error" doc:"Why the last reading failed, in words"`
	SyncErrcode      *int64   `json:"sync_errcode"`
	SyncRID          *string  `json:"sync_rid"`
	AppealState      int64    `json:"appeal_state"`
	LegalActions     []string `json:"legal_actions"`
	RefundedAmount   *int64   `json:"refunded_amount" doc:"Fen; null = unknown"`
	ActionState      *string  `json:"action_state" doc:"State of the last action: queued, running, done, failed, unknown"`
	// AssigneeID and Assignee say who is responsible.
	AssigneeID *string          `json:"assignee_id"`
	Assignee   nullable[person] `json:"assignee" doc:"Who is responsible"`
}

type image struct {
	URL      string  `json:"url"`
	Archived bool    `json:"archived"`
	SHA256   *string `json:"sha256"`
}

type complaintView struct {
	ComplaintSummary
	RespondHint  nullable[hint]         `json:"respond_hint" doc:"Why answering is not possible now, and when it is; null when it is possible"`
	ActionRules  []actionRule           `json:"action_rules" doc:"Every action: whether it may be done now and, if not, why and when"`
	ReturnBill   nullable[returnBill]   `json:"return_bill" doc:"The parcel of a return"`
	Editing      nullable[editing]      `json:"editing" doc:"Who is working on the case at this moment"`
	Acknowledged nullable[acknowledged] `json:"acknowledged" doc:"Who has seen what the case asks for now; null = nobody said so"`
	Automation   nullable[automation]   `json:"automation" doc:"What a rule does in the case; null = none has anything to do with it"`
	Timeline     []timelineEntry        `json:"timeline"`
	Waits        []waitView             `json:"waits" doc:"Who was responsible for the time that passed, oldest first"`
	Notes        []noteView             `json:"notes"`
	Actions      []actionView           `json:"actions"`
	Refunds      []refundView           `json:"refunds"`
	Penalties    []casePenalty          `json:"penalties" doc:"Deductions from the 交易体验分 that name the case; none for one-tap links"`
	// RefundedElsewhere and RefundRemaining are about the order, whichever case or program gave money back.
	RefundedElsewhere *int64 `json:"refunded_elsewhere" doc:"Fen of the same order that went back by other cases, or outside as somebody looked up; null = WeChat Pay knows of a refund of which nobody said how much it was"`
	RefundRemaining   *int64 `json:"refund_remaining" doc:"Fen of the order that may still go back, as WeChat Pay and our refunds said last; null = not known"`
	// RefundFollowUp is what to tell WeChat now that money went back.
	RefundFollowUp nullable[refundFollowUp] `json:"refund_follow_up" doc:"Prefilled next step after a refund arrived"`
}

type actionRule struct {
	Action       string  `json:"action" enum:"respond,supplement,refund_proof,appeal"`
	Allowed      bool    `json:"allowed"`
	ByHand       bool    `json:"by_hand" doc:"It is not known whether WeChat takes it: a manager may try"`
	Reason       *string `json:"reason"`
	PossibleWhen *string `json:"possible_when"`
}

type returnBill struct {
	ReturnID   string  `json:"return_id"`
	WaybillID  *string `json:"waybill_id"`
	Carrier    *string `json:"carrier"`
	Status     *int64  `json:"status"`
	StatusText *string `json:"status_text"`
}

type editing struct {
	UserID string  `json:"user_id"`
	Name   string  `json:"name"`
	Until  db.Time `json:"until" doc:"Unix ms"`
}

type acknowledged struct {
	By string  `json:"by"`
	At db.Time `json:"at" doc:"Unix ms"`
}

type hint struct {
	Reason string `json:"reason"`
	When   string `json:"when"`
}

type timelineEntry struct {
	At     int64   `json:"at" doc:"Unix ms"`
	Source string  `json:"source" enum:"wechat,staff,rule,system"`
	Kind   string  `json:"kind"`
	Text   string  `json:"text" doc:"Chinese; word, about and said are the same taken apart"`
	Word   string  `json:"word" doc:"Stable name of the sentence: kind, finer where a kind has several"`
	About  *string `json:"about" doc:"The amount or person in the sentence"`
	Said   *string `json:"said" doc:"What follows the sentence after its colon: what somebody wrote, or a reason"`
	Images []image `json:"images"`
	Actor  *string `json:"actor"`
	// DueFrom and DueTo are set in entries of kind deadline.
	DueFrom *int64 `json:"due_from" doc:"What the deadline was, Unix ms; null = none"`
	DueTo   *int64 `json:"due_to" doc:"What the deadline became, Unix ms; null = none"`
}

func imagesOf(urls []string) []image {
	out := make([]image, len(urls))
	for i, u := range urls {
		out[i] = image{URL: u}
	}
	return out
}

func actionNames(as []complaint.Action) []string {
	out := make([]string, len(as))
	for i, x := range as {
		out[i] = string(x)
	}
	return out
}

func summaryOf(c *complaint.Complaint, programName, lastAction string, people map[string]string) ComplaintSummary {
	return ComplaintSummary{
		ID: c.ID, ProgramID: c.ProgramID, ProgramName: programName, ComplaintOrderID: c.ComplaintOrderID,
		Status: nonZero(int64(c.Status)), StatusText: c.Status.Text(), StatusKnown: c.Status.Known(), Stage: string(c.Stage),
		Type: nonZero(int64(c.Type)), TypeText: c.Type.Text(), Amount: c.Amount, ProductName: orNil(c.ProductName),
		TransactionID: orNil(c.TransactionID), OutTradeNo: orNil(c.OutTradeNo), PhoneMasked: orNil(c.PhoneMasked),
		OpenIDMasked: orNil(c.OpenIDMasked), Content: orNil(c.ContentMasked), Images: imagesOf(c.Images.V),
		CreatedAt: c.CreatedAt.Ptr(), PaidAt: c.PaidAt.Ptr(), DueAt: c.DueAt.Ptr(), FirstSeenAt: c.FirstSeenAt.Ptr(), SyncedAt: c.SyncedAt.Ptr(),
		SyncError: orNil(c.SyncError), SyncErrcode: nonZero(c.SyncErrcode), SyncRID: orNil(c.SyncRID), AppealState: c.AppealState,
		LegalActions: actionNames(complaint.LegalActions(c.Situation())), ActionState: orNil(lastAction),
		AssigneeID: orNil(c.AssigneeID), Assignee: assigneeOf(c.AssigneeID, people),
	}
}

func nonZero(v int64) *int64 {
	if v == 0 {
		return nil
	}
	return &v
}

func (a *API) complaintView(ctx context.Context, c *complaint.Complaint) (*body[complaintView], error) {
	p, err := a.Programs.ByID(ctx, c.ProgramID)
	if err != nil {
		return nil, err
	}
	entries, err := a.Complaints.Timeline(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	acts, err := a.Actions.OfComplaint(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	v := complaintView{Timeline: []timelineEntry{}, Waits: waitsOf(c, entries), Notes: []noteView{}, Actions: []actionView{}, Refunds: []refundView{}}
	if err := a.addSurroundings(ctx, c, &v); err != nil {
		return nil, err
	}
	last := ""
	for i := range acts {
		v.Actions = append(v.Actions, actionViewOf(&acts[i]))
		if i == 0 {
			last = string(acts[i].State)
		}
	}
	people, err := a.people(ctx)
	if err != nil {
		return nil, err
	}
	v.ComplaintSummary = summaryOf(c, p.Name, last, people)
	if err := a.addRefunds(ctx, c, p.MerchantID, &v); err != nil {
		return nil, err
	}
	copies, err := a.Complaints.Archived(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	v.Images = archivedOf(c.ID, c.Images.V, copies)
	if l := complaint.Legal(complaint.Respond, c.Situation()); !l.OK {
		v.RespondHint = someOf(hint{l.Reason, l.When})
	}
	for i := range entries {
		e := &entries[i]
		told := e.Sentence()
		v.Timeline = append(v.Timeline, timelineEntry{
			At: int64(e.At), Source: string(e.Source), Kind: e.Kind, Text: e.Text, Word: told.Word, About: orNil(told.About), Said: orNil(told.Said), Images: archivedOf(c.ID, e.Images.V, copies), Actor: orNil(e.Actor),
			DueFrom: e.DueFrom.Ptr(), DueTo: e.DueTo.Ptr(),
		})
	}
	if err := a.addPenalties(ctx, c.ID, &v); err != nil {
		return nil, err
	}
	if err := a.addAutomation(ctx, c, &v); err != nil {
		return nil, err
	}
	maskForLink(ctx, &v)
	return &body[complaintView]{v}, nil
}

// addSurroundings fills in what belongs to a case beside its facts and its story.
func (a *API) addSurroundings(ctx context.Context, c *complaint.Complaint, v *complaintView) error {
	for _, x := range complaint.Actions() {
		l := complaint.Legal(x, c.Situation())
		v.ActionRules = append(v.ActionRules, actionRule{string(x), l.OK, l.ByHand, orNil(l.Reason), orNil(l.When)})
	}
	b, err := c.Return()
	if err != nil {
		return err
	}
	if b.ReturnID != "" {
		v.ReturnBill = someOf(returnBill{b.ReturnID, orNil(b.WaybillID), orNil(b.DeliveryName), b.OrderStatus, orNil(b.StatusText())})
	}
	e, err := a.Complaints.EditedBy(ctx, c.ID)
	if err != nil {
		return err
	}
	if e != nil {
		v.Editing = someOf(editing{e.UserID, e.UserName, e.Until})
	}
	seen, err := a.Complaints.AcknowledgedBy(ctx, c)
	if err != nil {
		return err
	}
	if seen != nil {
		v.Acknowledged = someOf(acknowledged{seen.UserName, seen.At})
	}
	notes, err := a.Complaints.Notes(ctx, c.ID)
	for i := range notes {
		v.Notes = append(v.Notes, noteViewOf(&notes[i]))
	}
	return err
}
