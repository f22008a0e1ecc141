package wechatsim

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

const (
	firstComplaintID = 11897048

	answerTime = 48 * time.Hour // 201, 206 and evidence (reference/wechat-complaint-api.md §4.1)
	appealTime = 72 * time.Hour

	appealNone, appealOpen, appealLate, appealRunning, appealWon, appealLost = 0, 401, 402, 403, 117, 118

	maxCalls = 1000
)

// complaint is one 投诉单 as WeChat holds it.
type complaint struct {
	id, appid                   string
	status, kind, appeal        int
	amount                      int64 // fen
	content                     string
	images                      []imageRef
	product, transaction, outNo string
	phone, openid, nick         string
	created, paid               time.Time
	expires, appealExpires      time.Time // zero = no deadline
	items                       []node
	bill                        *returnBill
	calls                       []Call
}

// node is one entry of the progress list. appealItem is set on appeal nodes only, which have no itemType.
type node struct {
	itemType   int
	appealItem int
	blame      int
	at         time.Time
	content    string
	images     []imageRef
	by         string
}

// returnBill is the parcel that goes back (§6.3).
type returnBill struct {
	id, waybill, carrier string
	orderStatus          int
}

// Call is one request about a complaint. Body is the JSON that was sent, or the query's parameters without the token; At is ms.
type Call struct {
	At         int64           `json:"at"`
	Path       string          `json:"path"`
	Body       json.RawMessage `json:"body"`
	Errcode    int             `json:"errcode"`
	HTTPStatus int             `json:"http_status"`
	// Answered is false when the connection was dropped instead.
	Answered bool `json:"answered"`
}

func (c *complaint) note(call Call) {
	if len(c.calls) >= maxCalls {
		c.calls = append([]Call{}, c.calls[maxCalls/2:]...)
	}
	c.calls = append(c.calls, call)
}

func (c *complaint) add(itemType int, at time.Time, content string) *node {
	if content == "" {
		content = nodeWords[itemType]
	}
	c.items = append(c.items, node{itemType: itemType, at: at, content: content})
	return &c.items[len(c.items)-1]
}

// Filing is what a user complains about. Zero values are filled in plausibly.
type Filing struct {
	AppID   string `json:"appid"`
	Type    int    `json:"type"`   // problem type, default 643
	Amount  int64  `json:"amount"` // fen, default 5000
	Content string `json:"content"`
	// Images are links shown as they are; ImageCount asks for that many pictures of our own.
	Images        []string `json:"images"`
	ImageCount    int      `json:"image_count"`
	ProductName   string   `json:"product_name"`
	TransactionID string   `json:"transaction_id"`
	OutTradeNo    string   `json:"out_trade_no"`
	PhoneNumber   string   `json:"phone_number"`
	OpenID        string   `json:"open_id"`
	NickName      string   `json:"nick_name"`
	// AgeSeconds files it that long ago, so that a demo has cases with little time left.
	AgeSeconds int64 `json:"age_seconds"`
}

// FileComplaint is a user filing a complaint. It is pushed at once when the program granted set 76, otherwise nobody is told.
func (s *Sim) FileComplaint(f Filing) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[f.AppID]
	if a == nil || a.test {
		return "", fmt.Errorf("file a complaint: program %q: %w", f.AppID, ErrNotFound)
	}
	if f.AgeSeconds < 0 || f.Amount < 0 || f.Type < 0 || f.ImageCount < 0 || f.ImageCount > 9 {
		return "", fmt.Errorf("file a complaint: %w: amount, type, image_count and age_seconds must be sensible", ErrInvalid)
	}
	c := s.newComplaint(f)
	if err := s.pay.PutOrder(paysim.Order{
		TransactionID: c.transaction, OutTradeNo: c.outNo, AppID: c.appid, OpenID: c.openid, Total: c.amount, AgeSeconds: int64(s.now().Sub(c.paid).Seconds()), Keep: true,
	}); err != nil {
		return "", fmt.Errorf("file a complaint: %w", err)
	}
	s.complaints[c.id] = c
	s.caseOrder = append(s.caseOrder, c.id)
	s.watch(c)
	s.pushComplaint(c, firstPush)
	return c.id, nil
}

func (s *Sim) newComplaint(f Filing) *complaint {
	now := s.now().Add(-time.Duration(f.AgeSeconds) * time.Second)
	c := &complaint{
		id: strconv.FormatInt(s.nextCase, 10), appid: f.AppID, status: 201, kind: f.Type, amount: f.Amount,
		content: f.Content, product: f.ProductName, transaction: f.TransactionID, outNo: f.OutTradeNo,
		phone: f.PhoneNumber, openid: f.OpenID, nick: f.NickName,
		created: now, paid: now.Add(-26 * time.Hour), expires: now.Add(answerTime),
	}
	s.nextCase++
	for _, u := range f.Images {
		c.images = append(c.images, imageRef{url: u})
	}
	for i := range f.ImageCount {
		c.images = append(c.images, imageRef{sample: i + 1})
	}
	if c.kind == 0 {
		c.kind = 643
	}
	if c.amount == 0 {
		c.amount = 5000
	}
	fill(&c.content, "收到的商品与页面描述不一致，联系商家没有回应。")
	fill(&c.product, "手工陶瓷杯")
	fill(&c.transaction, "4200"+s.random.digits(24))
	fill(&c.outNo, c.paid.In(beijing).Format("20060102150405")+s.random.digits(6))
	fill(&c.phone, "138"+s.random.digits(8))
	fill(&c.openid, "o"+s.random.text(27))
	fill(&c.nick, "微信用户")
	first := c.add(1, now, c.content)
	first.images, first.by = c.images, c.nick
	return c
}

func fill(to *string, val string) {
	if *to == "" {
		*to = val
	}
}

// watch makes passDeadlines look at c in time.
func (s *Sim) watch(c *complaint) {
	due := c.due()
	if !due.IsZero() && (s.nextDue.IsZero() || due.Before(s.nextDue)) {
		s.nextDue = due
	}
}

// due is the next moment at which time alone changes c; zero = never.
func (c *complaint) due() time.Time {
	due := c.expires
	if c.appeal == appealOpen && !c.appealExpires.IsZero() && (due.IsZero() || c.appealExpires.Before(due)) {
		due = c.appealExpires
	}
	return due
}

// passDeadlines plays every deadline that lies behind us, oldest first. Called with the lock held.
func (s *Sim) passDeadlines() {
	now := s.now()
	for !s.nextDue.IsZero() && !s.nextDue.After(now) {
		at := s.nextDue
		for _, id := range s.caseOrder {
			c := s.complaints[id]
			if due := c.due(); !due.IsZero() && !due.After(at) {
				c.lapse(due, s.settings.Timeout201)
				s.pushProgress(c, string(TimeOut))
			}
		}
		s.nextDue = time.Time{}
		for _, id := range s.caseOrder {
			s.watch(s.complaints[id])
		}
	}
}

// Advance moves a case by an event of the user, the carrier, the platform or time.
func (s *Sim) Advance(complaintID string, ev Event, o AdvanceOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passDeadlines()
	c := s.complaints[complaintID]
	if c == nil {
		return fmt.Errorf("advance complaint %q: %w", complaintID, ErrNotFound)
	}
	r, ok := rules[ev]
	if !ok {
		return fmt.Errorf("advance complaint %s: %w: event %q is unknown", complaintID, ErrInvalid, ev)
	}
	if !r.legal(c) {
		return fmt.Errorf("advance complaint %s: %w: %s in status %d, appeal %d", complaintID, ErrNotNow, ev, c.status, c.appeal)
	}
	if o.ReturnID == "" {
		o.ReturnID, o.waybill = s.random.digits(10), "SF"+s.random.digits(13)
	}
	o.timeout201 = s.settings.Timeout201
	if o.AgeSeconds < 0 {
		return fmt.Errorf("advance complaint %s: %w: age_seconds is negative", complaintID, ErrInvalid)
	}
	at := s.now().Add(-time.Duration(o.AgeSeconds) * time.Second)
	if err := r.do(c, at, o); err != nil {
		return fmt.Errorf("advance complaint %s: %w", complaintID, err)
	}
	if ev == PlatformRulesMerchant {
		s.accounts[c.appid].standing.deduct(c, at, s.random)
	}
	s.watch(c)
	s.pushProgress(c, string(ev))
	return nil
}
