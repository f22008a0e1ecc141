package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/refund"
)

// actor is who asks, as refunds see him.
func actor(ctx context.Context) refund.Actor {
	p := who(ctx)
	return refund.Actor{ID: p.UserID, Name: p.Name, Any: p.Can(identity.RightRefund), Source: complaint.FromStaff}
}

// names are what refund views say instead of ids.
type names struct{ programs, merchants map[string]string }

func (a *API) names(ctx context.Context) (n names, err error) {
	if n.programs, err = a.Programs.Names(ctx); err != nil {
		return n, err
	}
	n.merchants, err = a.Refunds.MerchantNames(ctx)
	return n, err
}

func refundViewOf(ctx context.Context, r *refund.Refund, n names) refundView {
	me := actor(ctx)
	v := refundView{
		ID: r.ID, ComplaintID: r.ComplaintID, ComplaintOrderID: r.ComplaintOrderID, ProgramID: r.ProgramID, ProgramName: n.programs[r.ProgramID],
		MerchantID: r.MerchantID, MerchantName: n.merchants[r.MerchantID], TransactionID: r.TransactionID, OutRefundNo: r.OutRefundNo, RefundID: orNil(r.RefundID),
		Amount: r.Amount, OrderTotal: r.OrderTotal, PayerRefund: r.PayerRefund, Reason: orNil(r.Reason), State: string(r.State), StateText: r.State.Text(),
		Source: string(r.Source), ActorID: r.ActorID, ActorName: r.ActorName, ApproverName: orNil(r.ApproverName), RejectReason: orNil(r.RejectReason),
		ReceivedAccount: orNil(r.ReceivedAccount), CreatedAt: r.CreatedAt, SubmittedAt: r.SubmittedAt.Ptr(), FinishedAt: r.FinishedAt.Ptr(), Attempts: []refundAttemptView{},
	}
	if r.State.Open() {
		v.NextAt = r.NextAt.Ptr()
	}
	if r.ErrorCode != "" {
		text, out := refund.Words(r.ErrorCode)
		v.Error = someOf(refundError{r.ErrorCode, text, orNil(out), orNil(r.WechatCode), orNil(r.RID)})
	}
	own := me.Any || r.ActorID == me.ID
	waits := r.State == refund.WaitingApproval && me.Any && r.ActorID != me.ID
	v.Can = refundCan{Approve: waits, Reject: waits, Retry: own && r.CanRetry(), Cancel: own && r.CanCancel()}
	return v
}

func (a *API) refundViews(ctx context.Context, rs []refund.Refund) ([]refundView, error) {
	n, err := a.names(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]refundView, len(rs))
	for i := range rs {
		out[i] = refundViewOf(ctx, &rs[i], n)
	}
	return out, nil
}

// refund returns a refund in scope; outside it is as if it did not exist.
func (a *API) refund(ctx context.Context, id string) (*refund.Refund, error) {
	r, err := a.Refunds.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	if !who(ctx).Sees(r.ProgramID) {
		return nil, errNotFound
	}
	return r, nil
}

func (a *API) refundView(ctx context.Context, r *refund.Refund) (*body[refundView], error) {
	n, err := a.names(ctx)
	if err != nil {
		return nil, err
	}
	v := refundViewOf(ctx, r, n)
	attempts, err := a.Refunds.Attempts(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range attempts {
		code := t.Status
		if t.WechatCode != "" {
			code = t.WechatCode
		}
		v.Attempts = append(v.Attempts, refundAttemptView{At: t.StartedAt, Kind: t.Kind, Outcome: t.Outcome, Code: orNil(code), Text: orNil(t.Error)})
	}
	return &body[refundView]{v}, nil
}

func (a *API) getRefund(ctx context.Context, in *ByID) (*body[refundView], error) {
	r, err := a.refund(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.refundView(ctx, r)
}

func (a *API) refundOptions(ctx context.Context, in *ByID) (*body[refundOptionsView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	me := actor(ctx)
	o, err := a.Refunds.OptionsFor(ctx, c.ID, me)
	if err != nil {
		return nil, err
	}
	v := refundOptionsView{
		OrderTotal: o.OrderTotal, PayerTotal: o.PayerTotal, Refunded: o.Refunded, Refunding: o.Refunding, Elsewhere: o.Elsewhere, Remaining: o.Remaining, RefundCount: o.Count,
		OrderCheckedAt: o.CheckedAt.Ptr(), OrderError: orNil(o.OrderError), NotBefore: o.NotBefore.Ptr(), ApprovalAbove: o.Settings.ApprovalAbove, Limit: o.Limit, Approvers: []idName{},
	}
	if o.Merchant != nil {
		v.Merchant = someOf(idName{o.Merchant.ID, o.Merchant.Name})
	}
	if o.Blocked != nil {
		v.Blocked = someOf(refundBlocked{o.Blocked.Code, o.Blocked.Reason, orNil(o.Blocked.WayOut)})
	}
	if above := o.Settings.ApprovalAbove; above != nil {
		if err := a.addApprovers(ctx, &v, c.ProgramID, *above); err != nil {
			return nil, err
		}
	}
	if v.Refunds, err = a.refundViews(ctx, a.seen(ctx, o.Refunds)); err != nil {
		return nil, err
	}
	return &body[refundOptionsView]{v}, nil
}

// seen leaves out what belongs to programs outside the scope of who asks: an order may be complained about in several.
func (a *API) seen(ctx context.Context, rs []refund.Refund) []refund.Refund {
	out := []refund.Refund{}
	for i := range rs {
		if who(ctx).Sees(rs[i].ProgramID) {
			out = append(out, rs[i])
		}
	}
	return out
}

func (a *API) addApprovers(ctx context.Context, v *refundOptionsView, programID string, above int64) error {
	users, err := a.Identity.ListUsers(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		p := identity.Principal{UserID: u.ID, Role: u.Role, ProgramIDs: u.ProgramIDs}
		if u.DisabledAt.IsZero() && u.ID != who(ctx).UserID && p.Can(identity.RightRefund) && p.Sees(programID) {
			v.Approvers = append(v.Approvers, idName{u.ID, u.Name})
		}
	}
	text := "这笔订单的退款合计超过 " + refund.Yuan(above) + " 时，需要另一位有退款权限的同事复核"
	if above == 0 {
		text = "每笔退款都需要另一位有退款权限的同事复核"
	}
	if len(v.Approvers) == 0 {
		text += "；现在没有别人可以复核，请先添加成员"
	}
	v.NeedsApproval = &text
	return nil
}

func (a *API) createRefund(ctx context.Context, in *createRefundInput) (*body[refundAccepted], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	key := in.IdempotencyKey
	if key == "" {
		key = db.NewID()
	}
	me := actor(ctx)
	r, err := a.Refunds.Submit(ctx, refund.Intent{
		ComplaintID: c.ID, Amount: in.Body.Amount, Reason: in.Body.Reason, Elsewhere: in.Body.Elsewhere, Actor: me, RequestKey: me.ID + "/" + key, Keyless: in.IdempotencyKey == "",
	})
	if err != nil {
		return nil, err
	}
	a.personActs(ctx, c.ID, "发起了退款")
	return &body[refundAccepted]{refundAccepted{r.ID}}, nil
}

// recordRefund writes who decided about a refund.
func (a *API) recordRefund(verb string) func(context.Context, db.Tx, *refund.Refund) error {
	return func(ctx context.Context, tx db.Tx, r *refund.Refund) error {
		return a.Identity.Record(ctx, tx, identity.Entry{
			Verb: verb, Object: "refund", ObjectID: r.ID, ProgramID: r.ProgramID, Detail: map[string]any{"amount": r.Amount, "out_refund_no": r.OutRefundNo},
		})
	}
}

type decision func(ctx context.Context, id string, by refund.Actor, record func(context.Context, db.Tx, *refund.Refund) error) (*refund.Refund, error)

func (a *API) decideRefund(ctx context.Context, id, verb string, do decision) (*body[refundView], error) {
	if _, err := a.refund(ctx, id); err != nil {
		return nil, err
	}
	r, err := do(ctx, id, actor(ctx), a.recordRefund(verb))
	if err != nil {
		return nil, err
	}
	return a.refundView(ctx, r)
}

func (a *API) approveRefund(ctx context.Context, in *ByID) (*body[refundView], error) {
	return a.decideRefund(ctx, in.ID, "approve", a.Refunds.Approve)
}

func (a *API) rejectRefund(ctx context.Context, in *rejectRefundInput) (*body[refundView], error) {
	return a.decideRefund(ctx, in.ID, "reject", func(ctx context.Context, id string, by refund.Actor, record func(context.Context, db.Tx, *refund.Refund) error) (*refund.Refund, error) {
		return a.Refunds.Reject(ctx, id, in.Body.Reason, by, record)
	})
}

func (a *API) retryRefund(ctx context.Context, in *ByID) (*body[refundView], error) {
	return a.decideRefund(ctx, in.ID, "retry", a.Refunds.Retry)
}

func (a *API) cancelRefund(ctx context.Context, in *ByID) (*body[refundView], error) {
	return a.decideRefund(ctx, in.ID, "cancel", a.Refunds.Cancel)
}

func (a *API) getRefundSettings(ctx context.Context, _ *empty) (*body[refundSettings], error) {
	v, err := a.Refunds.Settings(ctx)
	return &body[refundSettings]{refundSettings{v.ApprovalAbove, v.AgentLimit}}, err
}

func (a *API) putRefundSettings(ctx context.Context, in *putRefundSettingsInput) (*body[refundSettings], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	v := refund.Settings{ApprovalAbove: in.Body.ApprovalAbove, AgentLimit: in.Body.AgentLimit}
	return &body[refundSettings]{in.Body}, a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := a.Refunds.SetSettings(ctx, tx, v); err != nil {
			return err
		}
		detail := map[string]any{"agent_limit": v.AgentLimit, "approval_above": v.ApprovalAbove}
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "update", Object: "settings", ObjectID: "refunds", Detail: detail})
	})
}

// addMoney fills in what lists say of refunds: what arrived, and whether something may go back.
func (a *API) addMoney(ctx context.Context, cs []complaint.Complaint, ids []string, out []ComplaintSummary) error {
	if len(cs) == 0 {
		return nil
	}
	back, err := a.Refunds.Refunded(ctx, ids)
	if err != nil {
		return err
	}
	merchants, err := a.Programs.MerchantIDs(ctx)
	if err != nil {
		return err
	}
	for i := range out {
		fen := back[cs[i].ID]
		out[i].RefundedAmount = &fen
		addRefundAction(&cs[i], merchants[cs[i].ProgramID], &out[i])
	}
	return nil
}

// addRefundAction: what WeChat Pay says of the order decides when somebody asks; neither a list nor a case asks it.
func addRefundAction(c *complaint.Complaint, merchantID string, v *ComplaintSummary) {
	if merchantID != "" && c.TransactionID != "" && c.Status != 312 {
		v.LegalActions = append(v.LegalActions, "refund")
	}
}

// addRefunds fills in a case's refunds and what follows from them.
func (a *API) addRefunds(ctx context.Context, c *complaint.Complaint, merchantID string, v *complaintView) error {
	rs, err := a.Refunds.OfComplaint(ctx, c.ID)
	if err != nil {
		return err
	}
	if v.Refunds, err = a.refundViews(ctx, rs); err != nil {
		return err
	}
	var total int64
	for i := range rs {
		if rs[i].State == refund.Done {
			total += rs[i].Amount
		}
	}
	v.RefundedAmount = &total
	money, err := a.Refunds.MoneyOf(ctx, c)
	if err != nil {
		return err
	}
	if v.RefundRemaining = money.Remaining; money.Elsewhere != nil {
		outside := money.Refunded - total + *money.Elsewhere
		v.RefundedElsewhere = &outside
	}
	if kind, content := refund.FollowUp(c, rs); kind != "" {
		v.RefundFollowUp = someOf(refundFollowUp{string(kind), content})
	}
	addRefundAction(c, merchantID, &v.ComplaintSummary)
	return nil
}
