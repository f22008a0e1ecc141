package wechatsim

import (
	"fmt"
	"slices"
	"time"
)

// Event is something that moves a case and is not a call of the merchant.
type Event string

// The events of design.md §6.5, and four more that complete the picture of reference/wechat-complaint-api.md §11.
const (
	UserAccepts           Event = "user_accepts"
	UserAsksPlatform      Event = "user_asks_platform"
	PlatformAsksEvidence  Event = "platform_asks_evidence"
	PlatformRulesMerchant Event = "platform_rules_merchant" // the merchant is liable
	PlatformRulesUser     Event = "platform_rules_user"     // the merchant is not liable
	ReturnShipped         Event = "return_shipped"
	ProofOK               Event = "proof_ok"
	ProofBad              Event = "proof_bad"
	AppealWon             Event = "appeal_won"
	AppealLost            Event = "appeal_lost"
	Withdraw              Event = "withdraw"
	TimeOut               Event = "time_out"

	UserSupplies  Event = "user_supplies"
	ReturnSigned  Event = "return_signed"
	ReturnProblem Event = "return_problem"
	PlatformTakes Event = "platform_takes" // 101 → 103, an agent picks the case up
)

// eventOrder is the order in which legal events are offered.
var eventOrder = []Event{
	UserAccepts, UserAsksPlatform, UserSupplies, PlatformTakes, PlatformAsksEvidence, PlatformRulesMerchant, PlatformRulesUser,
	ReturnShipped, ReturnSigned, ReturnProblem, ProofOK, ProofBad, AppealWon, AppealLost, Withdraw, TimeOut,
}

// AdvanceOptions refine an event.
type AdvanceOptions struct {
	// Who must bring evidence: merchant (default), user or both.
	Who string `json:"who"`
	// WithReturn: the merchant is liable and the user sends the goods back first (308 instead of 206).
	WithReturn bool `json:"with_return"`
	// Content replaces the default text of the progress node.
	Content string `json:"content"`
	// ReturnID is given to the parcel; empty = made up.
	ReturnID string `json:"return_id"`
	// AgeSeconds lets it have happened that long ago; a deadline counts from then.
	AgeSeconds int64 `json:"age_seconds"`

	waybill    string
	timeout201 string
}

// rule says in which statuses (or, with appeal, in which appealState) an event may happen and what it does.
type rule struct {
	from   []int
	appeal int
	do     func(c *complaint, at time.Time, o AdvanceOptions) error
}

func (r rule) legal(c *complaint) bool {
	if r.appeal != 0 && c.appeal == r.appeal {
		return true
	}
	return slices.Contains(r.from, c.status)
}

var (
	platformWorks = []int{101, 103, 105, 107, 109, 305, 307, 310}
	lapsing       = []int{104, 106, 108, 201, 202, 203, 204, 206, 208}
	stillOpen     = []int{101, 103, 104, 105, 106, 107, 108, 109, 201, 202, 203, 204, 206, 207, 208, 305, 307, 308, 309, 310, 311}
)

// rules is the state machine of reference/wechat-complaint-api.md §11; what is legal in which status is the compiler's
// inference there, the official diagram being unreadable.
var rules = map[Event]rule{
	UserAccepts:           {from: []int{202, 203, 204}, do: ends(205, 104)},
	UserAsksPlatform:      {from: []int{202, 203, 204}, do: userAsksPlatform},
	UserSupplies:          {from: []int{104, 108}, do: userSupplies},
	PlatformTakes:         {from: []int{101}, do: ends(103, 13)},
	PlatformAsksEvidence:  {from: platformWorks, do: platformAsksEvidence},
	PlatformRulesMerchant: {from: platformWorks, do: platformRulesMerchant},
	PlatformRulesUser:     {from: platformWorks, do: ends(112, 30)},
	ReturnShipped:         {from: []int{308}, do: returnShipped},
	ReturnSigned:          {from: []int{309}, do: returnMoves(309, 4)},
	ReturnProblem:         {from: []int{309}, do: returnMoves(311, 8)},
	ProofOK:               {from: []int{207}, do: ends(115, 36)},
	ProofBad:              {from: []int{207}, do: ends(209, 26)},
	AppealWon:             {appeal: appealRunning, do: appealEnds(appealWon)},
	AppealLost:            {appeal: appealRunning, do: appealEnds(appealLost)},
	Withdraw:              {from: stillOpen, do: ends(102, 12)},
	TimeOut:               {from: lapsing, appeal: appealOpen, do: timeOut},
}

// legalEvents are the events that may happen to c now.
func (c *complaint) legalEvents() []Event {
	out := []Event{}
	for _, ev := range eventOrder {
		if rules[ev].legal(c) {
			out = append(out, ev)
		}
	}
	return out
}

// enter changes the status; wait 0 = the new status has no deadline.
func (c *complaint) enter(status int, at time.Time, wait time.Duration) {
	c.status, c.expires = status, time.Time{}
	if wait > 0 {
		c.expires = at.Add(wait)
	}
}

// ends moves to a status without a deadline.
func ends(status, itemType int) func(*complaint, time.Time, AdvanceOptions) error {
	return func(c *complaint, at time.Time, o AdvanceOptions) error {
		c.add(itemType, at, o.Content)
		c.enter(status, at, 0)
		return nil
	}
}

func userAsksPlatform(c *complaint, at time.Time, o AdvanceOptions) error {
	c.add(11, at, o.Content).by = c.nick
	c.add(13, at, "")
	c.enter(101, at, 0)
	return nil
}

func userSupplies(c *complaint, at time.Time, o AdvanceOptions) error {
	n := c.add(7, at, o.Content)
	n.by, n.images = c.nick, []imageRef{{sample: 2}}
	if c.status == 104 {
		c.enter(105, at, 0)
	}
	return nil
}

func platformAsksEvidence(c *complaint, at time.Time, o AdvanceOptions) error {
	var status, itemType int
	switch o.Who {
	case "", "merchant":
		status, itemType = 106, 16
	case "user":
		status, itemType = 104, 14
	case "both":
		status, itemType = 108, 18
	default:
		return fmt.Errorf("%w: who is merchant, user or both", ErrInvalid)
	}
	c.add(itemType, at, o.Content)
	c.enter(status, at, answerTime)
	return nil
}

func platformRulesMerchant(c *complaint, at time.Time, o AdvanceOptions) error {
	n := c.add(31, at, o.Content)
	if o.WithReturn {
		n.blame = 1
		c.enter(308, at, 0)
	} else {
		c.enter(206, at, answerTime)
	}
	c.openAppeal(at)
	return nil
}

func (c *complaint) openAppeal(at time.Time) {
	c.appeal, c.appealExpires = appealOpen, at.Add(appealTime)
}

func returnShipped(c *complaint, at time.Time, o AdvanceOptions) error {
	c.bill = &returnBill{id: o.ReturnID, waybill: o.waybill, carrier: "顺丰速运", orderStatus: 2}
	c.enter(309, at, 0)
	return nil
}

func returnMoves(status, orderStatus int) func(*complaint, time.Time, AdvanceOptions) error {
	return func(c *complaint, at time.Time, _ AdvanceOptions) error {
		if c.bill != nil {
			c.bill.orderStatus = orderStatus
		}
		c.enter(status, at, 0)
		return nil
	}
}

func appealEnds(state int) func(*complaint, time.Time, AdvanceOptions) error {
	return func(c *complaint, at time.Time, o AdvanceOptions) error {
		c.setAppeal(state, at, o.Content)
		return nil
	}
}

// setAppeal changes appealState and adds the node that tells it; status stays, the two run side by side.
func (c *complaint) setAppeal(state int, at time.Time, content string) *node {
	if content == "" {
		content = appealWords[state]
	}
	c.appeal, c.appealExpires = state, time.Time{}
	c.items = append(c.items, node{appealItem: state, at: at, content: content})
	return &c.items[len(c.items)-1]
}

// timeOut lets the deadline of the status pass at once, whatever the clock says; without one, that of the appeal.
func timeOut(c *complaint, at time.Time, o AdvanceOptions) error {
	if slices.Contains(lapsing, c.status) {
		c.statusLapses(at, o.timeout201)
		return nil
	}
	c.setAppeal(appealLate, at, "")
	return nil
}

// lapse is a deadline passing by the clock.
func (c *complaint) lapse(at time.Time, timeout201 string) {
	if !c.expires.IsZero() && !c.expires.After(at) {
		c.statusLapses(at, timeout201)
		return
	}
	c.setAppeal(appealLate, at, "")
}

func (c *complaint) statusLapses(at time.Time, timeout201 string) {
	switch c.status {
	case 201:
		c.silentMerchant(at, timeout201)
	case 202, 203, 204:
		c.add(108, at, "")
		c.enter(205, at, 0)
	case 104:
		c.add(111, at, "")
		c.enter(305, at, 0)
	case 106:
		c.add(112, at, "")
		c.enter(307, at, 0)
	case 108:
		c.add(113, at, "")
		c.enter(109, at, 0)
	case 206:
		c.add(107, at, "")
		c.enter(208, at, 0)
	case 208:
		c.add(118, at, "")
		c.enter(312, at, 0)
	default:
		c.expires = time.Time{}
	}
}

// silentMerchant: 48 h passed in 201; which way it goes is the setting timeout_201 (§12.2 of the reference).
func (c *complaint) silentMerchant(at time.Time, way string) {
	c.add(101, at, "")
	switch way {
	case timeoutUser:
		c.enter(202, at, 0)
	case timeoutPays:
		c.add(118, at, "")
		c.enter(312, at, 0)
		c.openAppeal(at)
	default:
		c.add(13, at, "")
		c.enter(101, at, 0)
	}
}
