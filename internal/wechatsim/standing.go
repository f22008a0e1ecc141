package wechatsim

import (
	"fmt"
	"strconv"
	"time"
)

// 交易体验分 and 交易保障标, reference/wechat-complaint-api.md §8.1–8.3.

const (
	fullScore   = 100
	rulingCosts = 2 // the example's 质量缺陷
)

type standing struct {
	score     int
	penalties []penalty
	badge     bool
	reasons   []string
}

type penalty struct {
	id, complaintID, wording, orderID string
	status, minus                     int
	at                                time.Time
}

func newStanding() standing { return standing{score: fullScore, badge: true, reasons: []string{}} }

// deduct is a ruling against the merchant: points go, and a record tells for which complaint.
func (t *standing) deduct(c *complaint, at time.Time, random *randomSource) {
	t.score = max(0, t.score-rulingCosts)
	t.penalties = append(t.penalties, penalty{
		id: random.digits(8), complaintID: c.id, wording: "质量缺陷", orderID: "payorder@_" + c.transaction,
		status: 2, minus: rulingCosts, at: at,
	})
}

// StandingChange sets what get_penalty_list and get_guarantee_status answer; nil leaves a value as it is.
type StandingChange struct {
	AppID   string   `json:"appid"`
	Score   *int     `json:"score"`
	Badge   *bool    `json:"badge"`
	Reasons []string `json:"reasons"`
}

// SetStanding changes a program's score or badge.
func (s *Sim) SetStanding(ch StandingChange) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[ch.AppID]
	if a == nil {
		return fmt.Errorf("set the standing: program %q: %w", ch.AppID, ErrNotFound)
	}
	if ch.Score != nil {
		if *ch.Score < 0 || *ch.Score > fullScore {
			return fmt.Errorf("set the standing: %w: score %d", ErrInvalid, *ch.Score)
		}
		a.standing.score = *ch.Score
	}
	if ch.Badge != nil {
		a.standing.badge = *ch.Badge
	}
	if ch.Reasons != nil {
		a.standing.reasons = append([]string{}, ch.Reasons...)
	}
	return nil
}

func (s *Sim) penaltyList(c *call) (fields, *apiError) {
	t := &c.acc.standing
	offset, err1 := strconv.Atoi(c.query.Get("offset"))
	limit, err2 := strconv.Atoi(c.query.Get("limit"))
	if err1 != nil || err2 != nil || offset < 0 || limit <= 0 || limit > 100 || offset > len(t.penalties) {
		return nil, refuse(200002)
	}
	list := []fields{}
	for _, p := range t.penalties[offset:min(len(t.penalties), offset+limit)] {
		list = append(list, fields{
			"illegalOrderId": p.id, "complaintOrderId": p.complaintID, "illegalWording": p.wording, "status": p.status,
			"minusScore": p.minus, "orderId": p.orderID, "illegalTime": p.at.Unix(), "updateTime": p.at.Unix(),
		})
	}
	return fields{"errcode": 0, "appealList": list, "currentScore": t.score, "totalNum": len(t.penalties)}, nil
}

func (s *Sim) guaranteeStatus(c *call) (fields, *apiError) {
	t := &c.acc.standing
	return fields{"errcode": 0, "isActived": t.badge, "msg": "ok", "reasons": t.reasons}, nil
}
