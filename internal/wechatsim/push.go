package wechatsim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The two addresses of a platform, reference/wechat-open-platform.md §1.2 and §4, and that of a program that uses its own AppSecret.
const (
	targetEvents   = "events"
	targetMessages = "messages"
	targetOwn      = "own" // a program's own server

	statePending    = "pending"
	stateDelivered  = "delivered"
	stateFailed     = "failed"
	stateSuppressed = "suppressed" // nobody to push it to

	ackWord      = "success"
	maxAnswer    = 64 << 10
	keptAnswer   = 200
	maxPushes    = 50000
	encryptStyle = "aes"
)

// push is one message on its way to the product.
type push struct {
	id          int64
	target      string
	event       string
	appid       string // the program; for its own events the platform has none
	complaintID string
	openid      string
	plain       []byte
	wait        time.Duration
	created     time.Time

	state  string
	reason string
	tries  []PushTry
	frozen *wireBytes // the first try's bytes, with Settings.RetrySameBytes
	done   chan struct{}
}

// wireBytes is what goes over the wire.
type wireBytes struct {
	url         string
	body        []byte
	contentType string
}

// PushTry is one attempt to deliver. At is ms of this WeChat's clock; Body is the answer, cut short.
type PushTry struct {
	At        int64  `json:"at"`
	Status    int    `json:"status"`
	Body      string `json:"body"`
	Error     string `json:"error,omitempty"`
	ElapsedMS int64  `json:"elapsed_ms"`
	OK        bool   `json:"ok"`
}

// PushView is a push in the delivery log. State: pending, delivered, failed, suppressed (Reason says why).
type PushView struct {
	ID               int64     `json:"id"`
	Target           string    `json:"target"`
	Event            string    `json:"event"`
	AppID            string    `json:"appid"`
	ComplaintOrderID string    `json:"complaint_order_id,omitempty"`
	CreatedAt        int64     `json:"created_at"` // ms
	State            string    `json:"state"`
	Reason           string    `json:"reason,omitempty"`
	Plain            string    `json:"plain"`
	Tries            []PushTry `json:"tries"`
}

// enqueue hands p to Run. Called with the lock held.
func (s *Sim) enqueue(p *push) *push {
	s.nextPush++
	p.id, p.created, p.state, p.done = s.nextPush, s.now(), statePending, make(chan struct{})
	if len(s.pushes) >= maxPushes {
		old := s.pushes[:maxPushes/2]
		s.pushes = append(slices.DeleteFunc(slices.Clone(old), (*push).finished), s.pushes[maxPushes/2:]...)
	}
	s.pushes = append(s.pushes, p)
	s.bump()
	if s.doorOf(p).url == "" {
		p.reason = "the product's address is not set"
	}
	if p.reason != "" {
		p.state = stateSuppressed
		close(p.done)
		return p
	}
	s.queue = append(s.queue, p)
	s.poke()
	return p
}

func (p *push) finished() bool { return p.state != statePending }

// deliver tries up to three times: a try counts as delivered when the answer is right and in time.
func (s *Sim) deliver(ctx context.Context, p *push) {
	defer close(p.done)
	state := stateFailed
	defer func() {
		s.mu.Lock()
		p.state = state
		s.bump()
		s.mu.Unlock()
	}()
	if !pause(ctx, p.wait) {
		return
	}
	for n := range pushTries {
		if n > 0 && !pause(ctx, s.retryDelay(n)) {
			return
		}
		try := s.try(ctx, p)
		s.mu.Lock()
		p.tries = append(p.tries, try)
		if try.OK && p.event == infoTicket {
			s.ticketSeen = true
		}
		s.mu.Unlock()
		if try.OK {
			state = stateDelivered
			return
		}
	}
	s.cfg.Logger.Warn("a push was given up", "event", p.event, "appid", p.appid)
}

func (s *Sim) retryDelay(n int) time.Duration {
	d := s.cfg.RetryDelays
	if len(d) == 0 {
		return 0
	}
	return d[min(n-1, len(d)-1)]
}

func (s *Sim) try(ctx context.Context, p *push) PushTry {
	s.mu.Lock()
	at := s.now().UnixMilli()
	var wire wireBytes
	var err error
	if p.frozen != nil {
		wire = *p.frozen
	} else if wire, err = s.seal(p); err == nil && s.settings.RetrySameBytes {
		p.frozen = &wire
	}
	s.mu.Unlock()
	if err != nil {
		return PushTry{At: at, Error: err.Error()}
	}
	t, answer := s.post(ctx, wire)
	t.At = at
	t.OK = t.Error == "" && t.Status == http.StatusOK && acknowledged(p.target, answer)
	return t
}

// acknowledged: events want exactly "success"; messages take an empty body as well (reference/wechat-open-platform.md §3.3).
func acknowledged(target, answer string) bool {
	return answer == ackWord || (target != targetEvents && answer == "")
}

// seal makes the request for p with the current keys and a fresh nonce. Called with the lock held.
func (s *Sim) seal(p *push) (wireBytes, error) {
	d := s.doorOf(p)
	stamp, nonce := strconv.FormatInt(s.now().Unix(), 10), s.random.digits(10)
	q := url.Values{"signature": {d.keys.sign(stamp, nonce)}, "timestamp": {stamp}, "nonce": {nonce}}
	var text string
	if d.sealed() {
		var err error
		if text, err = d.keys.encrypt(s.random.bytes(prefixBytes), p.plain, d.appid); err != nil {
			return wireBytes{}, fmt.Errorf("seal a push: %w", err)
		}
		q.Set("encrypt_type", encryptStyle)
		q.Set("msg_signature", d.keys.sign(stamp, nonce, text))
	}
	if p.openid != "" {
		q.Set("openid", p.openid)
	}
	return wireBytes{url: withQuery(d.url, q), body: d.wrap(p.plain, text), contentType: d.contentType()}, nil
}

func (s *Sim) userName(appid string) string {
	if a := s.accounts[appid]; a != nil {
		return a.UserName
	}
	return "gh_unknown"
}

func withQuery(raw string, q url.Values) string {
	sep := "?"
	if strings.Contains(raw, "?") {
		sep = "&"
	}
	return raw + sep + q.Encode()
}

// post sends the bytes once, within PushTimeout.
func (s *Sim) post(ctx context.Context, wire wireBytes) (PushTry, string) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PushTimeout)
	defer cancel()
	start := time.Now()
	var t PushTry
	answer, status, err := s.exchange(ctx, wire)
	t.ElapsedMS = time.Since(start).Milliseconds()
	t.Status = status
	t.Body = cut(answer, keptAnswer)
	if err != nil {
		t.Error = err.Error()
	}
	return t, answer
}

func (s *Sim) exchange(ctx context.Context, wire wireBytes) (answer string, status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, wire.url, bytes.NewReader(wire.body))
	if err != nil {
		return "", 0, fmt.Errorf("make the request: %w", bareURLError(err))
	}
	req.Header.Set("Content-Type", wire.contentType)
	req.Header.Set("User-Agent", "Mozilla/4.0")
	res, err := s.client.Do(req)
	if err != nil {
		return "", 0, fmt.Errorf("push: %w", bareURLError(err))
	}
	defer func() { _ = res.Body.Close() }() // read to its end or given up; nothing to learn
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return "", res.StatusCode, fmt.Errorf("read the answer: %w", err)
	}
	return string(b), res.StatusCode, nil
}

// bareURLError drops the URL, whose query is signed, from an error of net/http.
func bareURLError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// Pushes returns the delivery log, oldest first; event = "" means all.
func (s *Sim) Pushes(event string) []PushView {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []PushView{}
	for _, p := range s.pushes {
		if event == "" || p.event == event {
			out = append(out, p.view())
		}
	}
	return out
}

func (p *push) view() PushView {
	return PushView{
		ID: p.id, Target: p.target, Event: p.event, AppID: p.appid, ComplaintOrderID: p.complaintID,
		CreatedAt: p.created.UnixMilli(), State: p.state, Reason: p.reason, Plain: string(p.plain),
		Tries: append([]PushTry{}, p.tries...),
	}
}

// HoldPushes keeps pushes back until ReleasePushes.
func (s *Sim) HoldPushes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

// ReleasePushes lets held pushes go, newest first when reverse is true.
func (s *Sim) ReleasePushes(reverse bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reverse {
		slices.Reverse(s.queue)
	}
	s.paused = false
	s.poke()
}

// LosePushes drops what is held back, as if it had been pushed three times in vain, and holds nothing back any more.
func (s *Sim) LosePushes() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.queue {
		p.state = stateFailed
		close(p.done)
	}
	s.queue, s.paused = nil, false
	s.bump()
	s.poke()
}

// WaitIdle returns when no push is pending, or with ctx's error.
func (s *Sim) WaitIdle(ctx context.Context) error {
	for {
		p := s.firstPending()
		if p == nil {
			return nil
		}
		select {
		case <-p.done:
		case <-ctx.Done():
			return fmt.Errorf("wait for pushes: %w", ctx.Err())
		}
	}
}

func (s *Sim) firstPending() *push {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pushes {
		if !p.finished() {
			return p
		}
	}
	return nil
}
