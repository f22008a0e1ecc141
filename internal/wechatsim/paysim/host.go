package paysim

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Errors of the Go methods and of the control API.
var (
	ErrInvalid  = errors.New("invalid parameter")
	ErrNotFound = errors.New("not found")
)

// Options are what New needs.
type Options struct {
	// Now is the simulator's clock, which may be moved; Wall is the machine's, by which signatures are judged and made.
	Now, Wall func() time.Time
	// Client delivers notifications.
	Client *http.Client
	Logger *slog.Logger
	// Key makes a merchant's own key (0), the platform certificate's (1) and the public key's (2); nil = new ones of 2048 bits.
	Key func(i int) (*rsa.PrivateKey, error)
}

// Host is one WeChat Pay with its merchants, orders and refunds.
type Host struct {
	now, wall func() time.Time
	client    *http.Client
	log       *slog.Logger
	key       func(i int) (*rsa.PrivateKey, error)

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced after every call and every movement of money
	merchants map[string]*merchant
	byApp     map[string]string // appid → mchid
	first     string            // the merchant of programs that name none
	orders    map[string]*order // by transaction_id
	refunds   []*refund
	faults    []*Fault
	settle    time.Duration
	outcome   string // of refunds that no fault decides
	gap       time.Duration
	nextID    int64
	notices   []*notice
	calls     int64
}

// New makes a WeChat Pay without merchants.
func New(o Options) *Host {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Key == nil {
		o.Key = func(int) (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	}
	return &Host{
		now: o.Now, wall: o.Wall, client: o.Client, log: o.Logger, key: o.Key, changed: make(chan struct{}), merchants: map[string]*merchant{}, byApp: map[string]string{},
		orders: map[string]*order{}, settle: time.Second, outcome: success, gap: time.Minute, nextID: 1,
	}
}

// Changed returns a channel that is closed when something is called or money moves.
func (h *Host) Changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.changed
}

// bump wakes those who wait. Called with the lock held.
func (h *Host) bump() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// Settings are switches of the host.
type Settings struct {
	// SettleMS is how long a refund stays PROCESSING by the simulator's clock; default 1000.
	SettleMS *int64 `json:"settle_ms,omitempty"`
	// GapMS is the least time between two refunds of one order; default 60000, 0 turns the rule off.
	GapMS *int64 `json:"gap_ms,omitempty"`
	// Outcome is what refunds become that are made from now on: SUCCESS (default), CLOSED, ABNORMAL, or PROCESSING for those that banks never end by themselves.
	Outcome *string `json:"outcome,omitempty"`
}

// Set changes what is given.
func (h *Host) Set(s Settings) error {
	if s.Outcome != nil && !slices.Contains(statuses, *s.Outcome) {
		return fmt.Errorf("set: %w: outcome %q, known are %v", ErrInvalid, *s.Outcome, statuses)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Outcome != nil {
		h.outcome = *s.Outcome
	}
	if s.SettleMS != nil {
		h.settle = time.Duration(*s.SettleMS) * time.Millisecond
	}
	if s.GapMS != nil {
		h.gap = time.Duration(*s.GapMS) * time.Millisecond
	}
	return nil
}

// order is a payment that somebody made.
type order struct {
	transactionID, outTradeNo, appID, openID string
	mchid                                    string // empty: the merchant of the program
	total, payerTotal                        int64
	paidAt                                   time.Time
	state                                    string // SUCCESS until it is refunded, or as it was set
	lastRefund                               time.Time
}

// Order describes a payment.
type Order struct {
	TransactionID string `json:"transaction_id"`
	OutTradeNo    string `json:"out_trade_no"`
	AppID         string `json:"appid"`
	OpenID        string `json:"openid"`
	// MchID is who was paid; empty = the merchant of the program.
	MchID string `json:"mchid"`
	// Total in fen. PayerTotal is what is left of it after coupons; 0 = all of it.
	Total      int64 `json:"total"`
	PayerTotal int64 `json:"payer_total"`
	// AgeSeconds is how long ago it was paid.
	AgeSeconds int64 `json:"age_seconds"`
	// TradeState is SUCCESS unless said otherwise.
	TradeState string `json:"trade_state"`
	// Keep leaves an order that exists as it is: a second complaint about it.
	Keep bool `json:"-"`
}

// PutOrder adds an order, or changes the one with the same transaction_id.
func (h *Host) PutOrder(o Order) error {
	if o.TransactionID == "" || o.Total <= 0 || o.PayerTotal < 0 || o.PayerTotal > o.Total || o.AgeSeconds < 0 {
		return fmt.Errorf("put an order: %w: transaction_id and a positive total are needed", ErrInvalid)
	}
	if o.PayerTotal == 0 {
		o.PayerTotal = o.Total
	}
	if o.OutTradeNo == "" {
		o.OutTradeNo = "T" + o.TransactionID
	}
	if o.TradeState == "" {
		o.TradeState = "SUCCESS"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if old := h.orders[o.TransactionID]; old != nil {
		if o.Keep {
			return nil
		}
		// The refunds of an order stay with it.
		old.outTradeNo, old.appID, old.openID, old.mchid, old.total, old.payerTotal, old.state = o.OutTradeNo, o.AppID, o.OpenID, o.MchID, o.Total, o.PayerTotal, o.TradeState
		old.paidAt = h.now().Add(-time.Duration(o.AgeSeconds) * time.Second)
		return nil
	}
	h.orders[o.TransactionID] = &order{
		transactionID: o.TransactionID, outTradeNo: o.OutTradeNo, appID: o.AppID, openID: o.OpenID, mchid: o.MchID, total: o.Total, payerTotal: o.PayerTotal,
		paidAt: h.now().Add(-time.Duration(o.AgeSeconds) * time.Second), state: o.TradeState,
	}
	return nil
}

// payee is who was paid.
func (h *Host) payee(o *order) string {
	switch {
	case o.mchid != "":
		return o.mchid
	case h.byApp[o.appID] != "":
		return h.byApp[o.appID]
	}
	return h.first
}

// orderBy finds an order by one of its two numbers.
func (h *Host) orderBy(transactionID, outTradeNo string) *order {
	if transactionID != "" {
		return h.orders[transactionID]
	}
	for _, o := range h.orders {
		if o.outTradeNo == outTradeNo {
			return o
		}
	}
	return nil
}

// refundsOf lists an order's refunds that count: all but the closed ones.
func (h *Host) refundsOf(o *order) (list []*refund, sum int64) {
	for _, r := range h.refunds {
		if r.order == o && r.status != closed {
			list = append(list, r)
			sum += r.amount
		}
	}
	return list, sum
}

// RefundView is one movement of money.
type RefundView struct {
	MchID         string `json:"mchid"`
	OutRefundNo   string `json:"out_refund_no"`
	RefundID      string `json:"refund_id"`
	TransactionID string `json:"transaction_id"`
	Amount        int64  `json:"amount"`
	Total         int64  `json:"total"`
	Reason        string `json:"reason"`
	Status        string `json:"status"`
	// CreatedAt and SuccessAt are Unix ms; SuccessAt is 0 before.
	CreatedAt int64 `json:"created_at"`
	SuccessAt int64 `json:"success_at"`
	// Calls is how often this number was asked to be refunded.
	Calls int `json:"calls"`
}

// Ledger is all money that moved or is on its way.
type Ledger struct {
	Refunds []RefundView `json:"refunds"`
	// Totals is by transaction_id, without closed refunds, in fen.
	Totals map[string]int64 `json:"totals_by_transaction"`
}

// Ledger returns the money that moved, oldest first.
func (h *Host) Ledger() Ledger {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.settleDue()
	l := Ledger{Refunds: []RefundView{}, Totals: map[string]int64{}}
	for _, r := range h.refunds {
		v := RefundView{
			MchID: r.mchid, OutRefundNo: r.number, RefundID: r.id, TransactionID: r.order.transactionID, Amount: r.amount, Total: r.order.total, Reason: r.reason,
			Status: r.status, CreatedAt: r.createdAt.UnixMilli(), Calls: r.calls,
		}
		if !r.successAt.IsZero() {
			v.SuccessAt = r.successAt.UnixMilli()
		}
		l.Refunds = append(l.Refunds, v)
		if r.status != closed {
			l.Totals[v.TransactionID] += r.amount
		}
	}
	return l
}

// RefundByHand is somebody refunding in WeChat Pay's own console, which no API caller knows of.
func (h *Host) RefundByHand(transactionID string, amount int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	o := h.orders[transactionID]
	if o == nil {
		return fmt.Errorf("refund by hand: order %q: %w", transactionID, ErrNotFound)
	}
	if _, sum := h.refundsOf(o); amount < 1 || sum+amount > o.total {
		return fmt.Errorf("refund by hand: %w: amount %d of %d", ErrInvalid, amount, o.total-sum)
	}
	now := h.now()
	h.add(&refund{order: o, mchid: h.payee(o), number: "console" + strconv.FormatInt(h.nextID, 10), amount: amount, createdAt: now, settleAt: now, outcome: success, calls: 0})
	h.settleDue()
	return nil
}

// Run settles what is due and delivers notifications until ctx ends.
func (h *Host) Run(ctx context.Context) {
	var tries sync.WaitGroup
	defer tries.Wait()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		h.mu.Lock()
		h.settleDue()
		due := h.dueNotices()
		h.mu.Unlock()
		for _, n := range due {
			tries.Go(func() { h.deliver(ctx, n) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// settleDue ends the refunds whose time has come. Called with the lock held.
func (h *Host) settleDue() {
	now := h.now()
	for _, r := range h.refunds {
		if r.status != processing || r.outcome == processing || now.Before(r.settleAt) {
			continue
		}
		h.end(r, r.outcome)
	}
}

// end gives a refund a status and tells the merchant. Called with the lock held.
func (h *Host) end(r *refund, status string) {
	r.status = status
	if status == success {
		r.successAt = h.now()
	}
	if r.notifyURL != "" && status != processing {
		h.notices = append(h.notices, &notice{refund: r, status: status, due: h.now()})
	}
	h.bump()
}

// SetStatus is the bank that changes its mind about a refund, whether or not that can happen.
func (h *Host) SetStatus(outRefundNo, status string) error {
	if !slices.Contains(statuses, status) {
		return fmt.Errorf("set a status: %w: %q, known are %v", ErrInvalid, status, statuses)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.anyNumber(outRefundNo)
	if r == nil {
		return fmt.Errorf("set a status: refund %q: %w", outRefundNo, ErrNotFound)
	}
	r.outcome = status
	h.end(r, status)
	return nil
}

func (h *Host) anyNumber(outRefundNo string) *refund {
	i := slices.IndexFunc(h.refunds, func(r *refund) bool { return r.number == outRefundNo })
	if i < 0 {
		return nil
	}
	return h.refunds[i]
}

// dueNotices takes the notifications that are to be tried now. Called with the lock held.
func (h *Host) dueNotices() []*notice {
	var out []*notice
	now := h.now()
	h.notices = slices.DeleteFunc(h.notices, func(n *notice) bool {
		if now.Before(n.due) {
			return false
		}
		out = append(out, n)
		return true
	})
	return out
}
