package wechatsim

import (
	"encoding/json"
	"fmt"
	"slices"
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
	records   []IllegalRecord
}

// IllegalRecord is a violation that the platform recorded (§8.5).
type IllegalRecord struct {
	ID       string `json:"illegal_record_id"`
	Reason   string `json:"illegal_reason"`
	Content  string `json:"illegal_content"`
	RuleName string `json:"rule_name"`
	RuleURL  string `json:"rule_url"`
	// At is when it was recorded, unix seconds; 0 = now.
	At int64 `json:"create_time"`
}

type penalty struct {
	id, complaintID, wording, orderID string
	status, minus                     int
	at, updated                       time.Time
}

func newStanding() standing { return standing{score: fullScore, badge: true, reasons: []string{}} }

// deduct is a ruling against the merchant: points go, and a record tells for which complaint.
func (t *standing) deduct(c *complaint, at time.Time, random *randomSource) {
	t.score = max(0, t.score-rulingCosts)
	t.penalties = append(t.penalties, penalty{
		id: random.digits(8), complaintID: c.id, wording: "质量缺陷", orderID: "payorder@_" + c.transaction,
		status: statusDeducted, minus: rulingCosts, at: at, updated: at,
	})
}

// Statuses of a deduction (§8.1).
const (
	statusDeducted = 2
	statusAppealed = 4
	statusRejected = 5
	statusRestored = 6
)

// Deduction is points taken off a program's score for one of its complaints, whose pushes need not have arrived.
type Deduction struct {
	AppID            string `json:"appid"`
	ComplaintOrderID string `json:"complaint_order_id"`
	Wording          string `json:"wording"`
	Minus            int    `json:"minus"`
	// Status is 2 (default), 4, 5 or 6; 6 gives the points back.
	Status int `json:"status"`
	// AgeSeconds lets it have happened that long ago.
	AgeSeconds int64 `json:"age_seconds"`
}

// Deduct records a deduction and returns its id; for a complaint that has one already it moves that one to another status.
func (s *Sim) Deduct(d Deduction) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[d.AppID]
	if a == nil {
		return "", fmt.Errorf("deduct: program %q: %w", d.AppID, ErrNotFound)
	}
	if d.Status == 0 {
		d.Status = statusDeducted
	}
	if !slices.Contains([]int{statusDeducted, statusAppealed, statusRejected, statusRestored}, d.Status) || d.Minus < 0 || d.AgeSeconds < 0 {
		return "", fmt.Errorf("deduct: %w: status %d, minus %d", ErrInvalid, d.Status, d.Minus)
	}
	c := s.complaints[d.ComplaintOrderID]
	if c == nil || c.appid != d.AppID {
		return "", fmt.Errorf("deduct: complaint %q: %w", d.ComplaintOrderID, ErrNotFound)
	}
	t, at := &a.standing, s.now().Add(-time.Duration(d.AgeSeconds)*time.Second)
	i := slices.IndexFunc(t.penalties, func(p penalty) bool { return p.complaintID == c.id })
	if i < 0 {
		if d.Minus == 0 || d.Wording == "" {
			return "", fmt.Errorf("deduct: %w: minus and wording are needed", ErrInvalid)
		}
		t.score = max(0, t.score-d.Minus)
		t.penalties = append(t.penalties, penalty{
			id: s.random.digits(8), complaintID: c.id, wording: d.Wording, orderID: "payorder@_" + c.transaction, status: statusDeducted, minus: d.Minus, at: at, updated: at,
		})
		i = len(t.penalties) - 1
	}
	p := &t.penalties[i]
	if d.Status == statusRestored && p.status != statusRestored {
		t.score = min(fullScore, t.score+p.minus)
	}
	p.status, p.updated = d.Status, at
	return p.id, nil
}

// StandingChange sets what get_penalty_list, get_guarantee_status and getillegalrecords answer; nil leaves a value as it is.
type StandingChange struct {
	AppID   string   `json:"appid"`
	Score   *int     `json:"score"`
	Badge   *bool    `json:"badge"`
	Reasons []string `json:"reasons"`
	// Records are added to what getillegalrecords answers.
	Records []IllegalRecord `json:"records"`
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
	for _, r := range ch.Records {
		if r.ID == "" {
			return fmt.Errorf("set the standing: %w: a record without illegal_record_id", ErrInvalid)
		}
		if r.At == 0 {
			r.At = s.now().Unix()
		}
		a.standing.records = append(a.standing.records, r)
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
			"minusScore": p.minus, "orderId": p.orderID, "illegalTime": p.at.Unix(), "updateTime": p.updated.Unix(),
		})
	}
	return fields{"errcode": 0, "appealList": list, "currentScore": t.score, "totalNum": len(t.penalties)}, nil
}

func (s *Sim) guaranteeStatus(c *call) (fields, *apiError) {
	t := &c.acc.standing
	return fields{"errcode": 0, "isActived": t.badge, "msg": "ok", "reasons": t.reasons}, nil
}

// illegalRecords: without one of the times it is 90 days from the other, without both the last 90 days (§8.5).
func (s *Sim) illegalRecords(c *call) (fields, *apiError) {
	const span = 90 * 24 * 3600
	var in struct {
		From int64 `json:"start_time"`
		To   int64 `json:"end_time"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return nil, refuse(47001)
	}
	from, to, hasFrom, hasTo := in.From, in.To, in.From != 0, in.To != 0
	switch {
	case !hasFrom && !hasTo:
		to = s.now().Unix()
		from = to - span
	case !hasFrom:
		from = to - span
	case !hasTo:
		to = from + span
	}
	list := []fields{}
	for _, r := range c.acc.standing.records {
		if r.At < from || r.At > to {
			continue
		}
		f := fields{"illegal_record_id": r.ID, "create_time": r.At, "illegal_reason": r.Reason, "rule_url": r.RuleURL, "rule_name": r.RuleName}
		if r.Content != "" {
			f["illegal_content"] = r.Content // real answers may lack it
		}
		list = append(list, f)
	}
	return fields{"errcode": 0, "errmsg": "ok", "records": list}, nil
}
