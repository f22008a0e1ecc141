package wxpay

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Trade states of a paid order (reference §1.9). TradeRefund: some refund was started; it says nothing of how much, or whether it succeeded.
const (
	TradeSuccess = "SUCCESS"
	TradeRefund  = "REFUND"
)

// Payment is a paid order. Amounts in fen.
type Payment struct {
	MchID         string // the one the order belongs to: in partner mode the sub-merchant
	AppIDs        []string
	TransactionID string
	OutTradeNo    string
	TradeState    string
	PaidAt        time.Time
	// Payers are the payer's openids, in partner mode one per appid.
	Payers            []string
	Total, PayerTotal int64
}

type paymentAnswer struct {
	MchID         string `json:"mchid"`
	SubMchID      string `json:"sub_mchid"`
	AppID         string `json:"appid"`
	SpAppID       string `json:"sp_appid"`
	SubAppID      string `json:"sub_appid"`
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	TradeState    string `json:"trade_state"`
	SuccessTime   string `json:"success_time"`
	Payer         struct {
		OpenID    string `json:"openid"`
		SpOpenID  string `json:"sp_openid"`
		SubOpenID string `json:"sub_openid"`
	} `json:"payer"`
	Amount struct {
		Total      int64 `json:"total"`
		PayerTotal int64 `json:"payer_total"`
	} `json:"amount"`
}

// QueryPayment reads an order by WeChat Pay's number. Class Absent: this merchant has no such order.
//
// Page: 微信支付订单号查询订单 (reference §1.1, §1.9). Unpaid and combined orders are not found this way.
func (c *Client) QueryPayment(ctx context.Context, a *Account, transactionID string) (Payment, error) {
	path := "/v3/pay/transactions/id/" + url.PathEscape(transactionID) + "?mchid=" + url.QueryEscape(a.MchID)
	if a.Partner() {
		path = "/v3/pay/partner/transactions/id/" + url.PathEscape(transactionID) + "?sp_mchid=" + url.QueryEscape(a.SpMchID) + "&sub_mchid=" + url.QueryEscape(a.MchID)
	}
	k := &call{api: "order", method: http.MethodGet, path: path, judge: judgeRead}
	var out paymentAnswer
	if err := c.do(ctx, a, k, &out); err != nil {
		return Payment{}, err
	}
	if out.TransactionID != transactionID {
		return Payment{}, &Error{API: k.api, HTTPStatus: http.StatusOK, Class: Later, Cause: ErrMismatch}
	}
	p := Payment{
		MchID: out.MchID, TransactionID: out.TransactionID, OutTradeNo: out.OutTradeNo, TradeState: out.TradeState, PaidAt: parseTime(out.SuccessTime),
		AppIDs: known(out.AppID, out.SpAppID, out.SubAppID), Payers: known(out.Payer.OpenID, out.Payer.SpOpenID, out.Payer.SubOpenID),
		Total: out.Amount.Total, PayerTotal: out.Amount.PayerTotal,
	}
	if a.Partner() {
		p.MchID = out.SubMchID
	}
	return p, nil
}

func known(all ...string) []string {
	out := []string{}
	for _, s := range all {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
