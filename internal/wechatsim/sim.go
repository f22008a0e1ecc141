package wechatsim

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// Sim is one WeChat. Make it with New, mount Handler, start Run.
type Sim struct {
	cfg    Config
	client *http.Client
	random *randomSource
	wake   chan struct{}

	mu        sync.Mutex
	running   bool
	offset    time.Duration
	base      string // our own address as the latest caller saw it
	cur, prev codec
	settings  Settings

	tickets      map[string]time.Time
	ticketSeen   bool // one ticket was acknowledged
	nextTicket   time.Time
	tokens       map[string]*accessToken
	preAuthCodes map[string]time.Time
	authCodes    map[string]*authCode
	accounts     map[string]*account
	order        []string // appids as they were added
	quota        *quotaBook

	complaints map[string]*complaint
	caseOrder  []string
	nextCase   int64
	nextDue    time.Time
	variants   map[string]Variants
	media      map[string]*mediaFile
	cdnKey     []byte

	pushes    []*push
	queue     []*push
	nextPush  int64
	paused    bool
	faults    []*Fault
	apiCalls  []APICall
	emails    []Email
	nextEmail int64
	custom    []customMessage
	offi      offiState
	sms       smsState
	robots    robotBook
	pay       *paysim.Host
	ahead     atomic.Int64  // offset, for the money, which has a lock of its own
	changed   chan struct{} // closed and replaced whenever something arrived or left
}

// New checks the configuration and makes a WeChat that has not pushed anything yet.
func New(cfg Config) (*Sim, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure the simulator: %w", err)
	}
	keys, err := newCodec(cfg.Token, cfg.AESKey)
	if err != nil {
		return nil, fmt.Errorf("configure the simulator: %w", err)
	}
	client := *cfg.HTTPClient
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s := &Sim{
		cfg: cfg, client: &client, random: &randomSource{r: cfg.Rand}, wake: make(chan struct{}, 1),
		cur: keys, prev: keys, settings: DefaultSettings(),
		tickets: map[string]time.Time{}, tokens: map[string]*accessToken{},
		preAuthCodes: map[string]time.Time{}, authCodes: map[string]*authCode{},
		accounts: map[string]*account{}, quota: newQuotaBook(),
		complaints: map[string]*complaint{}, nextCase: firstComplaintID, variants: map[string]Variants{},
		media: map[string]*mediaFile{}, changed: make(chan struct{}),
	}
	s.cdnKey = s.random.bytes(32)
	s.pay = paysim.New(paysim.Options{
		Now: func() time.Time { return cfg.Now().Add(time.Duration(s.ahead.Load())) }, Wall: cfg.Now, Client: &client, Logger: cfg.Logger,
	})
	s.robots = newRobotBook()
	s.addTestAccounts()
	s.offi, s.sms.daily = newOffiState(), smsDaily
	s.addOffiAccount()
	for _, p := range cfg.Programs {
		if err := s.AddProgram(p); err != nil {
			return nil, fmt.Errorf("configure the simulator: %w", err)
		}
	}
	return s, nil
}

// Pay is the WeChat Pay beside this WeChat.
func (s *Sim) Pay() *paysim.Host { return s.pay }

// Endpoints is where the product listens; empty strings in SetEndpoints leave a value as it is.
type Endpoints struct {
	EventsURL   string `json:"events_url"`
	MessagesURL string `json:"messages_url"`
	AuthDomain  string `json:"auth_domain"`
	ProductURL  string `json:"product_url"`
	PublicURL   string `json:"public_url"`
}

// SetEndpoints is the console page where the product's addresses are entered.
func (s *Sim) SetEndpoints(e Endpoints) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range []struct {
		to  *string
		val string
	}{
		{&s.cfg.EventsURL, e.EventsURL},
		{&s.cfg.MessagesURL, e.MessagesURL},
		{&s.cfg.AuthDomain, e.AuthDomain},
		{&s.cfg.ProductURL, e.ProductURL},
		{&s.cfg.PublicURL, e.PublicURL},
	} {
		if f.val != "" {
			*f.to = f.val
		}
	}
}

// Keys is a pair of console values; AESKey has 43 characters.
type Keys struct {
	Token  string `json:"token"`
	AESKey string `json:"aes_key"`
}

// RotateKeys makes k current and remembers the pair used until now as the previous one.
func (s *Sim) RotateKeys(k Keys) error {
	next, err := newCodec(k.Token, k.AESKey)
	if err != nil {
		return fmt.Errorf("rotate the keys: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prev, s.cur = s.cur, next
	return nil
}

// Settings returns the switches as they are now.
func (s *Sim) Settings() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings.clone()
}

// SetSettings replaces all switches.
func (s *Sim) SetSettings(t Settings) error {
	if err := t.validate(); err != nil {
		return fmt.Errorf("set the switches: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = t.clone()
	s.poke()
	return nil
}

func (t Settings) clone() Settings {
	t.SilentEvents = slices.Clone(t.SilentEvents)
	t.DailyLimits = maps.Clone(t.DailyLimits)
	t.MinuteLimits = maps.Clone(t.MinuteLimits)
	return t
}

// Now is this WeChat's clock.
func (s *Sim) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Sim) now() time.Time { return s.cfg.Now().Add(s.offset) }

// AdvanceClock moves this WeChat's clock forward; deadlines that pass on the way are played at once, in order.
func (s *Sim) AdvanceClock(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("advance the clock: %w: time does not run backwards", ErrInvalid)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset += d
	s.ahead.Store(int64(s.offset))
	s.passDeadlines()
	s.poke()
	return nil
}

// Run pushes tickets, performs push tries and lets deadlines pass. It returns when ctx ends and every try has stopped.
func (s *Sim) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return fmt.Errorf("run the simulator: %w: it runs already", ErrNotNow)
	}
	s.running = true
	s.mu.Unlock()

	var tries sync.WaitGroup
	defer func() {
		tries.Wait()
		s.mu.Lock()
		s.running = false
		s.mu.Unlock()
	}()
	tries.Go(func() { s.pay.Run(ctx) })
	slots := make(chan struct{}, pushSlots)
	tick := time.NewTicker(min(s.cfg.TicketInterval, tickEvery))
	defer tick.Stop()
	for {
		for _, p := range s.beat() {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
			tries.Go(func() {
				defer func() { <-slots }()
				s.deliver(ctx, p)
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.wake:
		case <-tick.C:
		}
	}
}

const (
	tickEvery = 500 * time.Millisecond
	pushSlots = 256
)

// beat does what is due and returns the pushes to try now.
func (s *Sim) beat() []*push {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dueTicket()
	s.passDeadlines()
	if s.paused {
		return nil
	}
	out := s.queue
	s.queue = nil
	return out
}

// WaitUntil returns when cond holds, asking again after every call, mail and push, or with ctx's error. cond may use s.
func (s *Sim) WaitUntil(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		changed, paid := s.changed, s.pay.Changed()
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-paid:
		case <-ctx.Done():
			return fmt.Errorf("wait for the simulator: %w", ctx.Err())
		}
	}
}

// bump wakes those who wait. Called with the lock held.
func (s *Sim) bump() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Sim) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// randomSource reads the given reader and, when that runs dry, the system's.
type randomSource struct {
	mu sync.Mutex
	r  io.Reader
}

func (r *randomSource) bytes(n int) []byte {
	b := make([]byte, n)
	if r.r != nil {
		r.mu.Lock()
		_, err := io.ReadFull(r.r, b)
		r.mu.Unlock()
		if err == nil {
			return b
		}
	}
	_, _ = rand.Read(b) // documented never to fail
	return b
}

// hex returns n random hex digits, n even.
func (r *randomSource) hex(n int) string { return hex.EncodeToString(r.bytes(n / 2)) }

// digits returns n random decimal digits, the first not 0.
func (r *randomSource) digits(n int) string {
	b := r.bytes(n)
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	if n > 0 && b[0] == '0' {
		b[0] = '7'
	}
	return string(b)
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// text returns n random letters and digits.
func (r *randomSource) text(n int) string {
	b := r.bytes(n)
	for i := range b {
		b[i] = base62[int(b[i])%len(base62)]
	}
	return string(b)
}
