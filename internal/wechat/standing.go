package wechat

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// MaxPenaltyPage is the largest limit GetPenaltyList takes (complaint §8.1).
const MaxPenaltyPage = 100

// Penalties is a page of deductions from the 交易体验分.
type Penalties struct {
	Items []Penalty
	// Score is currentScore; nil = WeChat did not tell.
	Score *int
	Total int
}

// Penalty is one deduction.
type Penalty struct {
	IllegalOrderID   string
	ComplaintOrderID string
	Wording          string
	// Status: 2 deducted, 4 under appeal, 5 appeal rejected, 6 appeal won; 0 = not told.
	Status     int
	MinusScore int
	// OrderID is raw (payorder@…), TransactionID the same without the prefix.
	OrderID, TransactionID string
	// IllegalTime and UpdateTime are in unix seconds.
	IllegalTime, UpdateTime int64
}

// GetPenaltyList returns deductions and the current score. offset counts from 0,
// limit is 1..MaxPenaltyPage; both are sent in the query, as the page's example
// has it.
//
// Page: api_getpenaltylist (complaint §8.1, read 2026-11-23); token of the
// program; set SetGuarantee. Codes: 20002, 200002 Never.
func (c *Client) GetPenaltyList(ctx context.Context, token string, offset, limit int) (Penalties, error) {
	k := &call{
		api: APIPenaltyList, method: http.MethodGet, path: "/wxaapi/wxamptrade/get_penalty_list",
		tokenParam: "access_token", token: token, codes: never(20002, 200002),
		query: url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(limit)}},
	}
	if offset < 0 || limit < 1 || limit > MaxPenaltyPage {
		return Penalties{}, k.argument("offset or limit out of range")
	}
	var out struct {
		List  looseList[penaltyFields] `json:"appealList"`
		Score looseInt                 `json:"currentScore"`
		Total looseInt                 `json:"totalNum"`
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return Penalties{}, err
	}
	if err := k.decode(a, &out); err != nil {
		return Penalties{}, err
	}
	if !out.Total.ok && !out.Score.ok && out.List == nil {
		return Penalties{}, k.badAnswer("appealList, currentScore or totalNum")
	}
	p := Penalties{Score: out.Score.pointer(), Total: out.Total.asInt()}
	for _, f := range out.List {
		p.Items = append(p.Items, Penalty{
			IllegalOrderID: string(f.Illegal), ComplaintOrderID: string(f.Complaint), Wording: string(f.Wording),
			Status: f.Status.asInt(), MinusScore: f.Minus.asInt(), OrderID: string(f.Order),
			TransactionID: loose.TransactionID(string(f.Order)), IllegalTime: f.At.value, UpdateTime: f.Updated.value,
		})
	}
	return p, nil
}

type penaltyFields struct {
	Illegal   looseText `json:"illegalOrderId"`
	Complaint looseText `json:"complaintOrderId"`
	Wording   looseText `json:"illegalWording"`
	Status    looseInt  `json:"status"`
	Minus     looseInt  `json:"minusScore"`
	Order     looseText `json:"orderId"`
	At        looseInt  `json:"illegalTime"`
	Updated   looseInt  `json:"updateTime"`
}

// Guarantee is the state of the 交易保障标.
type Guarantee struct {
	Active bool
	Msg    string
	// Reasons say why it is not granted.
	Reasons []string
}

// GetGuaranteeStatus tells whether the program carries the guarantee badge.
//
// Page: api_getguaranteestatus (complaint §8.2, read 2026-11-23); token of the
// program; sets SetGuarantee or SetBasicInfo. Codes: 200002 Never.
func (c *Client) GetGuaranteeStatus(ctx context.Context, token string) (Guarantee, error) {
	k := &call{
		api: APIGuaranteeStatus, method: http.MethodGet, path: "/wxaapi/wxamptrade/get_guarantee_status",
		tokenParam: "access_token", token: token, codes: never(200002),
	}
	var out struct {
		Active  looseText  `json:"isActived"`
		Msg     looseText  `json:"msg"`
		Reasons looseTexts `json:"reasons"`
	}
	if err := c.get(ctx, k, &out); err != nil {
		return Guarantee{}, err
	}
	if out.Active == "" {
		return Guarantee{}, k.badAnswer("isActived")
	}
	return Guarantee{Active: out.Active == "true" || out.Active == "1", Msg: string(out.Msg), Reasons: out.Reasons}, nil
}

// IllegalRecord is one violation the platform recorded. Fields may be empty.
type IllegalRecord struct {
	ID string
	// CreateTime is in unix seconds.
	CreateTime                         int64
	Reason, Content, RuleURL, RuleName string
}

// GetIllegalRecords returns the violations between start and end, unix seconds;
// 0 = not sent: WeChat then takes 90 days from the other, or the last 90 days.
//
// Page: getillegalrecords (complaint §8.5, read 2026-11-23); token of the program;
// set SetComplaints (its notes name 18 beside it). Codes: the general table.
func (c *Client) GetIllegalRecords(ctx context.Context, token string, start, end int64) ([]IllegalRecord, error) {
	k := &call{
		api: APIIllegalRecords, method: http.MethodPost, path: "/wxa/getillegalrecords", tokenParam: "access_token", token: token,
		body: struct {
			Start int64 `json:"start_time,omitempty"`
			End   int64 `json:"end_time,omitempty"`
		}{start, end},
	}
	var out struct {
		Records looseList[struct {
			ID      looseText `json:"illegal_record_id"`
			Created looseInt  `json:"create_time"`
			Reason  looseText `json:"illegal_reason"`
			Content looseText `json:"illegal_content"`
			URL     looseText `json:"rule_url"`
			Name    looseText `json:"rule_name"`
		}] `json:"records"`
	}
	a, err := c.do(ctx, k)
	if err != nil {
		return nil, err
	}
	if isAbsent(a.fields["errcode"]) && isAbsent(a.fields["records"]) {
		return nil, k.badAnswer("records")
	}
	if err := k.decode(a, &out); err != nil {
		return nil, err
	}
	var records []IllegalRecord
	for _, r := range out.Records {
		records = append(records, IllegalRecord{
			ID: string(r.ID), CreateTime: r.Created.value, Reason: string(r.Reason),
			Content: string(r.Content), RuleURL: string(r.URL), RuleName: string(r.Name),
		})
	}
	return records, nil
}
