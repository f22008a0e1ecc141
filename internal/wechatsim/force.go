package wechatsim

import (
	"fmt"
	"net/http"
	"time"
)

// ComplaintChange forces a complaint into a state, whatever the rules say: every status of reference/wechat-complaint-api.md §3 and those nobody knows.
type ComplaintChange struct {
	Status      *int `json:"status"`
	AppealState *int `json:"appeal_state"`
	// ExpiresIn is how many seconds the status lasts; 0 = no deadline; nil = what the status has by the rules. AppealExpiresIn is the same for the appeal.
	ExpiresIn       *int64 `json:"expires_in"`
	AppealExpiresIn *int64 `json:"appeal_expires_in"`
	// Return replaces the parcel.
	Return *ReturnChange `json:"return"`
	// ItemType adds a progress node with Content.
	ItemType int    `json:"item_type"`
	Content  string `json:"content"`
	// Amount replaces the amount in fen.
	Amount *int64 `json:"amount"`
	// Silent changes without a push.
	Silent bool `json:"silent"`
}

// ReturnChange is the parcel that goes back; empty values are made up. OrderStatus is that of §6.3.
type ReturnChange struct {
	ReturnID    string `json:"return_id"`
	WaybillID   string `json:"waybill_id"`
	Carrier     string `json:"delivery_name"`
	OrderStatus int    `json:"order_status"`
	// None takes the parcel away.
	None bool `json:"none"`
}

// timed are the statuses with a deadline of their own.
var timed = map[int]time.Duration{201: answerTime, 104: answerTime, 106: answerTime, 108: answerTime, 206: answerTime}

// SetComplaint forces c and pushes it as progress unless told otherwise.
func (s *Sim) SetComplaint(id string, ch ComplaintChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.complaints[id]
	switch {
	case c == nil:
		return fmt.Errorf("set complaint %q: %w", id, ErrNotFound)
	case ch.Status != nil && *ch.Status < 0, ch.AppealState != nil && *ch.AppealState < 0, ch.Amount != nil && *ch.Amount < 0:
		return fmt.Errorf("set complaint %s: %w: status, appeal_state and amount must not be negative", id, ErrInvalid)
	}
	now := s.now()
	if ch.ItemType != 0 {
		c.add(ch.ItemType, now, ch.Content)
	}
	if ch.Status != nil {
		c.enter(*ch.Status, now, timed[*ch.Status])
	}
	if ch.ExpiresIn != nil {
		c.expires = after(now, *ch.ExpiresIn)
	}
	if ch.AppealState != nil && *ch.AppealState == appealNone {
		c.appeal, c.appealExpires = appealNone, time.Time{}
	} else if ch.AppealState != nil {
		c.setAppeal(*ch.AppealState, now, "")
		if *ch.AppealState == appealOpen {
			c.appealExpires = now.Add(appealTime)
		}
	}
	if ch.AppealExpiresIn != nil {
		c.appealExpires = after(now, *ch.AppealExpiresIn)
	}
	if ch.Amount != nil {
		c.amount = *ch.Amount
	}
	if ch.Return != nil {
		c.bill = s.parcel(*ch.Return)
	}
	s.watch(c)
	if !ch.Silent {
		s.pushProgress(c, "set")
	}
	return nil
}

// after is so many seconds from now; 0 = never.
func after(now time.Time, seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(seconds) * time.Second)
}

func (s *Sim) parcel(r ReturnChange) *returnBill {
	if r.None {
		return nil
	}
	fill(&r.ReturnID, s.random.digits(10))
	fill(&r.WaybillID, "SF"+s.random.digits(13))
	fill(&r.Carrier, "顺丰速运")
	return &returnBill{id: r.ReturnID, waybill: r.WaybillID, carrier: r.Carrier, orderStatus: r.OrderStatus}
}

func (s *Sim) controlSetComplaint(w http.ResponseWriter, r *http.Request) {
	s.learnBase(r)
	var in ComplaintChange
	if !readControl(w, r, &in) {
		return
	}
	if err := s.SetComplaint(r.PathValue("id"), in); err != nil {
		controlError(w, err)
		return
	}
	s.controlComplaint(w, r)
}
