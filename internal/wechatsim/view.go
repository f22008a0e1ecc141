package wechatsim

import (
	"fmt"
	"slices"
)

// ComplaintView is a complaint as WeChat sees it. Times are ms, Amount is fen; a missing deadline is null.
type ComplaintView struct {
	ComplaintOrderID string     `json:"complaint_order_id"`
	AppID            string     `json:"appid"`
	NickName         string     `json:"nick_name"`
	Status           int        `json:"status"`
	StatusText       string     `json:"status_text"`
	AppealState      int        `json:"appeal_state"`
	AppealText       string     `json:"appeal_text"`
	Type             int        `json:"type"`
	TypeText         string     `json:"type_text"`
	Amount           int64      `json:"amount"`
	Content          string     `json:"content"`
	ProductName      string     `json:"product_name"`
	TransactionID    string     `json:"transaction_id"`
	OutTradeNo       string     `json:"out_trade_no"`
	PhoneNumber      string     `json:"phone_number"`
	OpenID           string     `json:"open_id"`
	CreatedAt        int64      `json:"created_at"`
	ExpiresAt        *int64     `json:"expires_at"`
	AppealExpiresAt  *int64     `json:"appeal_expires_at"`
	ReturnID         string     `json:"return_id,omitempty"`
	LegalEvents      []Event    `json:"legal_events"`
	Items            []NodeView `json:"items"`
	Calls            []Call     `json:"calls"`
}

// NodeView is one entry of the progress list.
type NodeView struct {
	ItemType       int      `json:"item_type"`
	AppealItemType int      `json:"appeal_item_type,omitempty"`
	At             int64    `json:"at"`
	Content        string   `json:"content"`
	Images         []string `json:"images"`
}

// Complaint returns WeChat's view of one complaint with every call received about it, oldest first.
func (s *Sim) Complaint(id string) (ComplaintView, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passDeadlines()
	c := s.complaints[id]
	if c == nil {
		return ComplaintView{}, fmt.Errorf("look up complaint %q: %w", id, ErrNotFound)
	}
	return s.view(c), nil
}

// Complaints returns the complaints of a program (appid "" = of all), newest first, at most limit (0 = all), without their calls.
func (s *Sim) Complaints(appid string, limit int) []ComplaintView {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passDeadlines()
	out := []ComplaintView{}
	for _, id := range slices.Backward(s.caseOrder) {
		if limit > 0 && len(out) == limit {
			break
		}
		if c := s.complaints[id]; appid == "" || c.appid == appid {
			v := s.view(c)
			v.Calls = []Call{}
			out = append(out, v)
		}
	}
	return out
}

func (s *Sim) view(c *complaint) ComplaintView {
	v := ComplaintView{
		ComplaintOrderID: c.id, AppID: c.appid, NickName: s.accounts[c.appid].NickName,
		Status: c.status, StatusText: statusWords[c.status], AppealState: c.appeal, AppealText: appealWords[c.appeal],
		Type: c.kind, TypeText: typeWords[c.kind], Amount: c.amount, Content: c.content, ProductName: c.product,
		TransactionID: c.transaction, OutTradeNo: c.outNo, PhoneNumber: c.phone, OpenID: c.openid,
		CreatedAt: c.created.UnixMilli(), ExpiresAt: millis(c.expires), AppealExpiresAt: millis(c.appealExpires),
		LegalEvents: c.legalEvents(), Items: []NodeView{}, Calls: append([]Call{}, c.calls...),
	}
	if c.bill != nil {
		v.ReturnID = c.bill.id
	}
	for _, n := range c.items {
		v.Items = append(v.Items, NodeView{
			ItemType: n.itemType, AppealItemType: n.appealItem, At: n.at.UnixMilli(), Content: n.content, Images: s.links(n.images),
		})
	}
	return v
}
