package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/table"
)

// refundRoutes are money back: from the case, its approval, and the ledger.
func (a *API) refundRoutes() {
	const (
		get  = http.MethodGet
		post = http.MethodPost
		put  = http.MethodPut
	)
	read, limited, full := identity.RightCasesRead, identity.RightRefundLimited, identity.RightRefund
	handle(a, read, op(get, "/complaints/{id}/refund-options", "get-refund-options", "refunds", "What may be refunded of this case's order, asked from WeChat Pay and our ledger"), a.refundOptions)
	handle(a, limited, accepted(op(post, "/complaints/{id}/refunds", "refund-complaint", "refunds", "Refund the case's order, in full or in part")), a.createRefund)
	handle(a, read, op(get, "/refunds", "list-refunds", "refunds", "Refunds, newest first"), a.listRefunds)
	handle(a, read, op(get, "/refunds/totals", "get-refund-totals", "refunds", "Sums of refunds"), a.refundTotals)
	export := op(get, "/refunds/export", "export-refunds", "refunds", "Refunds of a filter as a table, at most 100,000")
	export.Responses = map[string]*huma.Response{"200": {Description: "The table", Content: map[string]*huma.MediaType{
		table.CSV.ContentType(): {}, table.XLSX.ContentType(): {},
	}}}
	handleAs(a, read, export, a.exportRefunds)
	handle(a, full, accepted(op(post, "/refunds/reconcile", "reconcile-refunds", "refunds", "Compare refunds with WeChat Pay")), a.reconcileRefunds)
	handle(a, read, op(get, "/refunds/reconciliation", "get-reconciliation", "refunds", "The last comparison with WeChat Pay"), a.getReconciliation)
	handle(a, read, op(get, "/refunds/{id}", "get-refund", "refunds", "One refund"), a.getRefund)
	handle(a, full, op(post, "/refunds/{id}/approve", "approve-refund", "refunds", "Second approval; by somebody other than who asked"), a.approveRefund)
	handle(a, full, op(post, "/refunds/{id}/reject", "reject-refund", "refunds", "Refuse a refund that waits for approval"), a.rejectRefund)
	handle(a, limited, op(post, "/refunds/{id}/retry", "retry-refund", "refunds", "Try again with the same number, or ask WeChat Pay now; never a second refund"), a.retryRefund)
	handle(a, limited, op(post, "/refunds/{id}/cancel", "cancel-refund", "refunds", "Take a refund back before its first call"), a.cancelRefund)
	handle(a, read, op(get, "/settings/refunds", "get-refund-settings", "settings", "Limits of refunds"), a.getRefundSettings)
	handle(a, full, op(put, "/settings/refunds", "put-refund-settings", "settings", "Set the limits of refunds"), a.putRefundSettings)
}

type refundView struct {
	ID               string                `json:"id"`
	ComplaintID      string                `json:"complaint_id"`
	ComplaintOrderID string                `json:"complaint_order_id"`
	ProgramID        string                `json:"program_id"`
	ProgramName      string                `json:"program_name"`
	MerchantID       string                `json:"merchant_id"`
	MerchantName     string                `json:"merchant_name"`
	TransactionID    string                `json:"transaction_id"`
	OutRefundNo      string                `json:"out_refund_no"`
	RefundID         *string               `json:"refund_id" doc:"WeChat Pay's"`
	Amount           int64                 `json:"amount" doc:"Fen"`
	OrderTotal       *int64                `json:"order_total" doc:"Fen"`
	PayerRefund      *int64                `json:"payer_refund" doc:"Fen, what the payer gets when coupons were used; null = not known yet"`
	Reason           *string               `json:"reason"`
	State            string                `json:"state" enum:"waiting_approval,queued,running,processing,done,failed,unknown,abnormal,closed,parked,rejected,cancelled"`
	StateText        string                `json:"state_text"`
	Error            nullable[refundError] `json:"error"`
	Source           string                `json:"source" enum:"staff,rule"`
	ActorID          string                `json:"actor_id"`
	ActorName        string                `json:"actor_name"`
	ApproverName     *string               `json:"approver_name"`
	RejectReason     *string               `json:"reject_reason"`
	ReceivedAccount  *string               `json:"received_account" doc:"Where the money went, in WeChat Pay's words"`
	NextAt           *int64                `json:"next_at" doc:"Unix ms, when it is worked on next"`
	CreatedAt        db.Time               `json:"created_at" doc:"Unix ms"`
	SubmittedAt      *int64                `json:"submitted_at" doc:"Unix ms, when WeChat Pay was first asked"`
	FinishedAt       *int64                `json:"finished_at" doc:"Unix ms"`
	Attempts         []refundAttemptView   `json:"attempts" doc:"Calls to WeChat Pay, oldest first; empty in lists"`
	Can              refundCan             `json:"can" doc:"What whoever asks may do"`
}

type refundError struct {
	Code       string  `json:"code"`
	Text       string  `json:"text"`
	WayOut     *string `json:"way_out"`
	WechatCode *string `json:"wechat_code"`
	RID        *string `json:"rid" doc:"WeChat Pay's Request-ID, for its support"`
}

type refundAttemptView struct {
	At      db.Time `json:"at" doc:"Unix ms"`
	Kind    string  `json:"kind" enum:"submit,query"`
	Outcome string  `json:"outcome" enum:"done,retry,wrong,unknown"`
	Code    *string `json:"code" doc:"WeChat Pay's code, or the status it told"`
	Text    *string `json:"text"`
}

type refundCan struct {
	Approve bool `json:"approve"`
	Reject  bool `json:"reject"`
	Retry   bool `json:"retry"`
	Cancel  bool `json:"cancel"`
}

type refundOptionsView struct {
	Merchant       nullable[idName]        `json:"merchant"`
	OrderTotal     *int64                  `json:"order_total" doc:"Fen"`
	PayerTotal     *int64                  `json:"payer_total" doc:"Fen, after coupons"`
	Refunded       int64                   `json:"refunded" doc:"Fen, arrived"`
	Refunding      int64                   `json:"refunding" doc:"Fen, on the way"`
	Elsewhere      *int64                  `json:"elsewhere" doc:"Fen refunded outside, as somebody looked up; null = WeChat Pay knows of a refund of which nobody said how much it was"`
	Remaining      *int64                  `json:"remaining" doc:"Fen; null = the order could not be read, or it is not known how much was refunded elsewhere"`
	RefundCount    int64                   `json:"refund_count" doc:"At most 50 per order"`
	OrderCheckedAt *int64                  `json:"order_checked_at" doc:"Unix ms"`
	OrderError     *string                 `json:"order_error" doc:"Why the order could not be read just now, in words"`
	Blocked        nullable[refundBlocked] `json:"blocked" doc:"Why nothing may be refunded now"`
	NotBefore      *int64                  `json:"not_before" doc:"Unix ms: a refund asked for now is sent then, since WeChat Pay wants a minute between two of one order"`
	ApprovalAbove  *int64                  `json:"approval_above" doc:"Fen: an order's refunds above it need a second person; null = never"`
	NeedsApproval  *string                 `json:"needs_approval_hint" doc:"In words"`
	Approvers      []idName                `json:"approvers" doc:"Who may approve what you ask for"`
	Limit          *int64                  `json:"limit" doc:"Fen: what you may still refund of this order; null = no limit of yours"`
	Refunds        []refundView            `json:"refunds" doc:"Of this order, from every case, newest first"`
}

type idName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type refundBlocked struct {
	Code   string  `json:"code" enum:"no_merchant,no_transaction,not_our_order,too_old,nothing_left,too_many,platform_refunds,in_flight,refunded_elsewhere,not_paid,no_right"`
	Reason string  `json:"reason"`
	WayOut *string `json:"way_out"`
}

type createRefundInput struct {
	ActInput
	Body struct {
		Amount int64  `json:"amount" doc:"Fen"`
		Reason string `json:"reason,omitempty" doc:"Shown to the payer; at most 80 bytes of UTF-8"`
		// Elsewhere is asked for when WeChat Pay knows of a refund that we don't.
		Elsewhere *int64 `json:"elsewhere,omitempty" minimum:"0" doc:"Fen that were refunded outside, as somebody looked up at WeChat Pay; answers the block refunded_elsewhere"`
	}
}

type refundAccepted struct {
	RefundID string `json:"refund_id"`
}

// RefundFilter is the query of the ledger.
type RefundFilter struct {
	ProgramID   string `query:"program_id"`
	MerchantID  string `query:"merchant_id"`
	ComplaintID string `query:"complaint_id"`
	State       string `query:"state" doc:"One state, or several with commas"`
	CreatedFrom int64  `query:"created_from" doc:"Unix ms"`
	CreatedTo   int64  `query:"created_to" doc:"Unix ms"`
	Query       string `query:"q" maxLength:"100" doc:"A number: complaint, transaction, refund"`
}

type listRefundsInput struct {
	Paging
	RefundFilter
}

type refundTotalsInput struct {
	RefundFilter
	By string `query:"by" enum:"program,merchant,day" default:"program"`
}

type refundTotalsView struct {
	Items []refundTotal `json:"items"`
	All   refundTotal   `json:"all"`
}

type refundTotal struct {
	Key       string `json:"key" doc:"Program id, merchant id, or day (2006-01-02, Beijing)"`
	Name      string `json:"name"`
	Done      int64  `json:"done" doc:"Fen"`
	DoneCount int64  `json:"done_count"`
	Open      int64  `json:"open" doc:"Fen on the way"`
	OpenCount int64  `json:"open_count"`
	Failed    int64  `json:"failed" doc:"Fen of failed and closed refunds"`
	FailCount int64  `json:"failed_count"`
}

type exportRefundsInput struct {
	RefundFilter
	Format string `query:"format" enum:"csv,xlsx" default:"csv"`
}

type reconciliationStarted struct {
	ID string `json:"id"`
}

type reconciliationView struct {
	Last nullable[reconciliation] `json:"last"`
}

type reconciliation struct {
	ID          string             `json:"id"`
	State       string             `json:"state" enum:"running,done"`
	StartedAt   db.Time            `json:"started_at" doc:"Unix ms"`
	FinishedAt  *int64             `json:"finished_at" doc:"Unix ms"`
	Actor       *string            `json:"actor" doc:"null = by schedule"`
	Checked     int64              `json:"checked"`
	Unreadable  int64              `json:"unreadable" doc:"Refunds that WeChat Pay could not be asked about"`
	Differences []refundDifference `json:"differences"`
}

type refundDifference struct {
	RefundID    string  `json:"refund_id" doc:"Ours"`
	ComplaintID string  `json:"complaint_id"`
	OutRefundNo string  `json:"out_refund_no"`
	Amount      int64   `json:"amount" doc:"Fen, ours"`
	State       string  `json:"state" doc:"Ours"`
	WechatState *string `json:"wechat_state" doc:"null = WeChat Pay does not know this refund"`
	Text        string  `json:"text"`
}

type rejectRefundInput struct {
	ByID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"200"`
	}
}

type refundSettings struct {
	ApprovalAbove *int64 `json:"approval_above" minimum:"0" doc:"Fen; 0 = always, null = never"`
	AgentLimit    int64  `json:"agent_limit" minimum:"0" doc:"Fen per order; 0 = agents refund nothing"`
}

type putRefundSettingsInput struct{ Body refundSettings }

type refundFollowUp struct {
	Action  string `json:"action" enum:"respond,refund_proof"`
	Content string `json:"content"`
}
