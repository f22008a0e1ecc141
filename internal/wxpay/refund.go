package wxpay

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Status of a refund at WeChat Pay. Open: others may come (reference §1.3).
type Status string

// The statuses of reference §1.6.
const (
	Success    Status = "SUCCESS"
	Closed     Status = "CLOSED"
	Processing Status = "PROCESSING"
	Abnormal   Status = "ABNORMAL"
)

// Refund is WeChat Pay's answer about a refund. Amounts in fen.
type Refund struct {
	RefundID        string
	OutRefundNo     string
	TransactionID   string
	OutTradeNo      string
	ReceivedAccount string
	Status          Status
	SuccessAt       time.Time
	Total, Amount   int64
	// PayerRefund is what the payer gets when coupons were used.
	PayerRefund int64
}

type refundAnswer struct {
	RefundID      string `json:"refund_id"`
	OutRefundNo   string `json:"out_refund_no"`
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	Received      string `json:"user_received_account"`
	Status        Status `json:"status"`
	SuccessTime   string `json:"success_time"`
	Amount        struct {
		Total       int64 `json:"total"`
		Refund      int64 `json:"refund"`
		PayerRefund int64 `json:"payer_refund"`
	} `json:"amount"`
}

func (r *refundAnswer) refund() Refund {
	return Refund{
		RefundID: r.RefundID, OutRefundNo: r.OutRefundNo, TransactionID: r.TransactionID, OutTradeNo: r.OutTradeNo, ReceivedAccount: clip(r.Received, 100), Status: r.Status,
		SuccessAt: parseTime(r.SuccessTime), Total: r.Amount.Total, Amount: r.Amount.Refund, PayerRefund: r.Amount.PayerRefund,
	}
}

// parseTime reads RFC 3339; what it can't read is the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Order of a refund: what is asked for. Every repeat with the same OutRefundNo must be identical in all fields (reference §1.5).
type Order struct {
	OutRefundNo   string // at most 64 bytes of 0-9A-Za-z_-|*@
	TransactionID string
	Reason        string // at most 80 bytes; "" = none
	NotifyURL     string // "" = the platform-wide setting
	Amount        int64  // fen to give back
	Total         int64  // fen, the order's amount.total: before coupons, not this refund's size
}

type refundRequest struct {
	SubMchID      string       `json:"sub_mchid,omitempty"`
	TransactionID string       `json:"transaction_id"`
	OutRefundNo   string       `json:"out_refund_no"`
	Reason        string       `json:"reason,omitempty"`
	NotifyURL     string       `json:"notify_url,omitempty"`
	Amount        refundAmount `json:"amount"`
}

type refundAmount struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// CreateRefund asks for a refund. A nil error means that WeChat Pay has accepted it; only Status says what became of it.
//
// Page: 退款申请, merchant 4012791862, partner 4012886219 (reference §1.1, §1.2). Limits: 150/s per mchid, 6/s of failing calls, a minute between two refunds of an
// order, 50 per order, 365 days. Codes: reference §1.8, see judgeRefund.
func (c *Client) CreateRefund(ctx context.Context, a *Account, o Order) (Refund, error) {
	k := &call{
		api: "refund", method: http.MethodPost, path: "/v3/refund/domestic/refunds", judge: judgeRefund, acting: true,
		body: refundRequest{
			TransactionID: o.TransactionID, OutRefundNo: o.OutRefundNo, Reason: o.Reason, NotifyURL: o.NotifyURL,
			Amount: refundAmount{o.Amount, o.Total, "CNY"}, SubMchID: a.sub(),
		},
	}
	var out refundAnswer
	if err := c.do(ctx, a, k, &out); err != nil {
		return Refund{}, err
	}
	return out.refund(), k.about(&out, o.OutRefundNo)
}

// sub is the sub-merchant that partner calls name.
func (a *Account) sub() string {
	if a.Partner() {
		return a.MchID
	}
	return ""
}

// about makes sure that an answer is about the number that was asked for.
func (k *call) about(out *refundAnswer, number string) error {
	if out.OutRefundNo == number && out.Status != "" {
		return nil
	}
	class := Later
	if k.acting {
		class = Query
	}
	return &Error{API: k.api, HTTPStatus: http.StatusOK, Class: class, Cause: ErrMismatch}
}

// QueryRefund asks what became of a refund. An error of class Absent says that WeChat Pay has none under this number.
//
// Page: 查询单笔退款, merchant 4012791863, partner 4013080626 (reference §1.1). Limits: 300/s per mchid; after FREQUENCY_LIMITED wait a minute.
func (c *Client) QueryRefund(ctx context.Context, a *Account, outRefundNo string) (Refund, error) {
	path := "/v3/refund/domestic/refunds/" + url.PathEscape(outRefundNo)
	if a.Partner() {
		path += "?sub_mchid=" + url.QueryEscape(a.MchID)
	}
	k := &call{api: "query", method: http.MethodGet, path: path, judge: judgeRead}
	var out refundAnswer
	if err := c.do(ctx, a, k, &out); err != nil {
		return Refund{}, err
	}
	return out.refund(), k.about(&out, outRefundNo)
}
