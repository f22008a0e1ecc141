// Package notify tells people: who hears of what (subscriptions), how (channels), and what became of every single message (notices).
// Plan turns an event into notices, Deliver hands one over, Reconcile finds those that nobody is working on. It reads a case through
// FactsReader and changes nothing in it; what a provider is, it learns from notify/channel.
package notify

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// Facts are what a message says about a case. Texts are ready to be shown; personal data in them is masked.
type Facts struct {
	ComplaintID string
	ProgramID   string
	ProgramName string
	// ProgramState is the program's state; only for an active program people are told.
	ProgramState string
	// OrderNo is WeChat's complaint_order_id.
	OrderNo string
	// Type is WeChat's code of the problem, 0 if unknown.
	Type int64
	// TypeText is the problem, such as 商品-破损; empty if unknown.
	TypeText string
	// Stage is one of design §6.4, StageText its words.
	Stage, StageText string
	// Amount in fen; nil if unknown.
	Amount         *int64
	ProductName    string
	ContentExcerpt string
	// DueAt is zero when WeChat gave no deadline.
	DueAt     db.Time
	CreatedAt db.Time
	// Tags are the program's.
	Tags []string
	// AssigneeID is whose case it is; empty for nobody's.
	AssigneeID string
	// InHand says that somebody has seen what is asked for, or is doing it: nobody else has to be woken.
	InHand bool
	// Note is a further sentence, such as which permission is missing.
	Note string
	// Automation says what a rule did in the case, or why not; told with the events of rules alone.
	Automation string
	// URL is where to act; empty means PublicURL + /complaints/ + id, or + /programs without a case.
	URL string
}

// FactsReader reads what a message is about.
type FactsReader interface {
	// Facts reads a case.
	Facts(ctx context.Context, complaintID string) (Facts, error)
	// ProgramFacts reads a program, and in Note and URL what an event with this key says of it; nothing else is used.
	ProgramFacts(ctx context.Context, programID string, ev Event) (Facts, error)
}

// Links makes the address that a message leads to.
type Links interface {
	// URL returns where this receiver acts on this case. It is asked for every try.
	URL(ctx context.Context, complaintID string, r LinkReceiver) (string, error)
}

// LinkReceiver is who a link is for.
type LinkReceiver struct {
	NoticeID, ChannelID string
	// UserID is the member; empty for an address that belongs to none.
	UserID string
	// AddressMasked is shown to people, Key tells receivers apart without naming them.
	AddressMasked, Key string
}

// nobody has no members.
type nobody struct{}

func (nobody) Members(context.Context) ([]Member, error) { return nil, nil }

// Options are what the service needs.
type Options struct {
	DB     *db.DB
	Sealer *secret.Sealer
	Clock  clock.Clock
	// PublicURL is where people open the web UI, without a slash at the end.
	PublicURL string
	Facts     FactsReader
	Members   MembersReader
	// Links gives the address put into a message; nil means PublicURL + /complaints/ + id.
	Links Links
	// Overview reads what the daily digest tells of some programs, nil for all.
	Overview func(ctx context.Context, programIDs []string) (Overview, error)
	// Providers by kind: email, …
	Providers map[string]channel.Provider
	Logger    *slog.Logger
}

// Service owns channels, subscriptions, notices and their attempts.
type Service struct {
	db        *db.DB
	sealer    *secret.Sealer
	clock     clock.Clock
	publicURL string
	facts     FactsReader
	members   MembersReader
	links     Links
	overview  func(ctx context.Context, programIDs []string) (Overview, error)
	providers map[string]channel.Provider
	logger    *slog.Logger
	// owner tells this process's tries from those of others; it begins with the instance.
	owner string

	mu      sync.Mutex
	senders map[string]*sender
}

// New returns the service. Close it after the last job.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Members == nil {
		o.Members = nobody{}
	}
	return &Service{
		members: o.Members, links: o.Links, overview: o.Overview,
		db: o.DB, sealer: o.Sealer, clock: o.Clock, publicURL: strings.TrimRight(o.PublicURL, "/"), facts: o.Facts,
		providers: o.Providers, logger: o.Logger, owner: o.DB.Instance() + "/" + db.NewID(), senders: map[string]*sender{},
	}
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// read returns the facts of a case, or of a program where there is no case.
func (s *Service) read(ctx context.Context, ev Event) (f Facts, err error) {
	if ev.ComplaintID != "" {
		f, err = s.facts.Facts(ctx, ev.ComplaintID)
	} else {
		f, err = s.facts.ProgramFacts(ctx, ev.ProgramID, ev)
	}
	if err != nil {
		return Facts{}, fmt.Errorf("read facts of notice: %w", err)
	}
	return f, nil
}

// DeliverArgs is the job that delivers one notice.
type DeliverArgs struct {
	NoticeID string `json:"notice_id"`
}

// Kind implements river.JobArgs.
func (DeliverArgs) Kind() string { return "notice.deliver" }

// InsertOpts implements river.JobArgsWithInsertOpts: one live job per notice, however often it is asked for.
func (DeliverArgs) InsertOpts() river.InsertOpts { return *db.Once(db.QueueNotify) }

// sender is an open channel. gate bounds the messages under way in this process.
type sender struct {
	channel.Sender
	version int64
	gate    chan struct{}
}

// sender returns the channel's sender, opened with its current settings.
func (s *Service) sender(ch *channelRow) (*sender, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	open := s.senders[ch.ID]
	if open != nil && open.version >= ch.Version {
		return open, nil
	}
	p, ok := s.providers[ch.Kind]
	if !ok {
		return nil, fmt.Errorf("open channel: kind %q is not built in", ch.Kind)
	}
	secrets, err := s.openSecrets(ch)
	if err != nil {
		return nil, err
	}
	fresh, err := p.Open(channel.Settings{Public: ch.Settings.V, Secrets: secrets, Receipts: ch.CallbackSealed != ""})
	if err != nil {
		return nil, fmt.Errorf("open channel: %w", err)
	}
	if open != nil {
		open.Close()
	}
	s.senders[ch.ID] = &sender{Sender: fresh, version: ch.Version, gate: make(chan struct{}, fresh.Parallel())}
	return s.senders[ch.ID], nil
}

// forget closes the channel's sender.
func (s *Service) forget(channelID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if open := s.senders[channelID]; open != nil {
		open.Close()
		delete(s.senders, channelID)
	}
}

// Close ends the connections of all channels.
func (s *Service) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, open := range s.senders {
		open.Close()
		delete(s.senders, id)
	}
}
