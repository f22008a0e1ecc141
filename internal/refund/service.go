package refund

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// Program is what a refund needs to know of a mini program.
type Program struct{ ID, Name, AppID, MerchantID string }

// Programs finds a program's merchant.
type Programs interface {
	// Program returns a program.
	Program(ctx context.Context, id string) (Program, error)
	// OfMerchants returns the ids of the programs that use each merchant.
	OfMerchants(ctx context.Context) (map[string][]string, error)
}

// Cases are the complaints as refunds see them.
type Cases interface {
	ByID(ctx context.Context, id string) (*complaint.Complaint, error)
	// SyncNow reads a case at WeChat now.
	SyncNow(ctx context.Context, id string) (*complaint.Complaint, error)
	InTx(ctx context.Context, tx db.Tx, id string) (*complaint.Complaint, error)
	Reveal(c *complaint.Complaint) (complaint.Personal, error)
	AddEntry(ctx context.Context, tx bun.IDB, e complaint.Entry) error
	// NoteRefunded keeps how much has gone back in a case.
	NoteRefunded(ctx context.Context, tx db.Tx, complaintID string, fen int64) error
}

// Service keeps merchants and moves money.
type Service struct {
	db        *db.DB
	sealer    *secret.Sealer
	clock     clock.Clock
	programs  Programs
	cases     Cases
	pay       *wxpay.Client
	publicURL string
	tell      bool
	allow     Allow
	log       *slog.Logger
}

// Allow is asked in the transaction before a rule's refund is sent for the first time; why says in words what stands in the way, empty = it may go.
type Allow func(ctx context.Context, tx db.Tx, r *Refund) (why string, err error)

// Options are what New needs.
type Options struct {
	DB       *db.DB
	Sealer   *secret.Sealer
	Clock    clock.Clock
	Programs Programs
	Cases    Cases
	Pay      *wxpay.Client
	// PublicURL is where WeChat Pay reaches us.
	PublicURL string
	// NoNotify leaves the notification address out of refunds, because WeChat Pay cannot reach it; then only queries tell.
	NoNotify bool
	Logger   *slog.Logger
	// Allow is the brake of rules; nil leaves them without.
	Allow Allow
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	return &Service{
		db: o.DB, sealer: o.Sealer, clock: o.Clock, programs: o.Programs, cases: o.Cases, pay: o.Pay, publicURL: o.PublicURL, tell: !o.NoNotify, log: o.Logger, allow: o.Allow,
	}
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

func (s *Service) in(d time.Duration) db.Time { return db.At(s.clock.Now().Add(d)) }

// AdvanceArgs is the job that takes a refund one step further. Turn is the change of the row that asked for it: once the row has changed again, it does nothing.
type AdvanceArgs struct {
	RefundID string `json:"refund_id"`
	Turn     int64  `json:"turn"`
}

// Kind implements river.JobArgs.
func (AdvanceArgs) Kind() string { return "refund.advance" }

// LookArgs is the job that asks WeChat Pay about a refund now, because a notification came or somebody asked.
type LookArgs struct {
	RefundID string `json:"refund_id"`
}

// Kind implements river.JobArgs.
func (LookArgs) Kind() string { return "refund.look" }

// SettledArgs tells whoever reacts to it that a refund has come to an end, or to a state in which people must do something.
type SettledArgs struct {
	RefundID    string `json:"refund_id"`
	ComplaintID string `json:"complaint_id"`
	State       State  `json:"state"`
	Turn        int64  `json:"turn"`
}

// Kind implements river.JobArgs.
func (SettledArgs) Kind() string { return "refund.settled" }

// ExpiringArgs tells whoever reacts to it that a merchant's certificate ends soon.
type ExpiringArgs struct {
	MerchantID string `json:"merchant_id"`
	Days       int64  `json:"days"`
	// At is when it ends.
	At db.Time `json:"at"`
}

// Kind implements river.JobArgs.
func (ExpiringArgs) Kind() string { return "refund.expiring" }

// ByID returns a refund or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (*Refund, error) {
	return s.one(ctx, s.db.Read, "id = ?", id)
}

func (s *Service) one(ctx context.Context, q bun.IDB, where string, args ...any) (*Refund, error) {
	r := new(Refund)
	err := q.NewSelect().Model(r).Where(where, args...).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read refund: %w", err)
	}
	return r, nil
}

// change is a compare-and-set: r as it is now replaces the row that was, if that is still there. It takes the next turn, and enqueues that turn's job when r.NextAt is
// set. false means that somebody else was faster; then nothing was done.
func (s *Service) change(ctx context.Context, tx db.Tx, was, r *Refund) (bool, error) {
	r.Turn, r.UpdatedAt = was.Turn+1, s.now()
	if r.State != was.State {
		r.Queries = 0
	}
	if !r.State.Open() {
		r.NextAt, r.FinishedAt = 0, s.now()
	}
	ok, err := db.Changed(tx.NewUpdate().Model(r).WherePK().Where("turn = ? AND state = ?", was.Turn, was.State).Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("store refund: %w", err)
	}
	if !ok || r.NextAt.IsZero() {
		return ok, nil
	}
	return true, s.schedule(ctx, tx, r)
}

func (s *Service) schedule(ctx context.Context, tx db.Tx, r *Refund) error {
	o := db.Once(db.QueueAct)
	if r.NextAt > s.now() {
		o.ScheduledAt = r.NextAt.Time()
	}
	return tx.Enqueue(ctx, AdvanceArgs{RefundID: r.ID, Turn: r.Turn}, o)
}

// settle is change with what follows from the new state: a line in the case, the case read again, and the word to whoever reacts.
func (s *Service) settle(ctx context.Context, tx db.Tx, was, r *Refund) (bool, error) {
	ok, err := s.change(ctx, tx, was, r)
	if err != nil || !ok || r.State == was.State {
		return ok, err
	}
	if e, tell := entryOf(r); tell {
		if err := s.cases.AddEntry(ctx, tx, e); err != nil {
			return false, err
		}
	}
	if r.State == Done || was.State == Done {
		if err := s.noteRefunded(ctx, tx, r.ComplaintID); err != nil {
			return false, err
		}
	}
	switch r.State {
	case Done:
		if err := tx.Enqueue(ctx, complaint.SyncArgs{ComplaintID: r.ComplaintID}, nil); err != nil {
			return false, err
		}
	case Failed, Closed, Abnormal, Parked:
	case Rejected, Cancelled:
		if r.Source != complaint.FromRule { // a person knows already what he did; a rule waits for it
			return true, nil
		}
	default:
		return true, nil
	}
	return true, tx.Enqueue(ctx, SettledArgs{RefundID: r.ID, ComplaintID: r.ComplaintID, State: r.State, Turn: r.Turn}, &river.InsertOpts{Queue: db.QueueDefault})
}

// noteRefunded tells reports how much has gone back in a case.
func (s *Service) noteRefunded(ctx context.Context, tx db.Tx, complaintID string) error {
	var fen int64
	err := tx.NewSelect().Model((*Refund)(nil)).ColumnExpr("CAST(COALESCE(sum(amount), 0) AS bigint)").Where("complaint_id = ? AND state = ?", complaintID, Done).Scan(ctx, &fen)
	if err != nil {
		return fmt.Errorf("sum refunds of a case: %w", err)
	}
	return s.cases.NoteRefunded(ctx, tx, complaintID, fen)
}

// Yuan writes fen as people read it.
func Yuan(fen int64) string { return fmt.Sprintf("¥%d.%02d", fen/100, fen%100) }

// entryOf is the timeline's line about a refund's new state.
func entryOf(r *Refund) (complaint.Entry, bool) {
	e := complaint.Entry{
		ComplaintID: r.ComplaintID, DedupeKey: fmt.Sprintf("refund:%s:%s:%d", r.ID, r.State, r.Turn), Source: r.Source, Actor: r.ActorName, Kind: "refund_" + string(r.State),
	}
	e.Images.V = []string{}
	amount := Yuan(r.Amount)
	text, _ := Words(r.ErrorCode)
	switch r.State {
	case Done:
		e.Source, e.Text = complaint.FromSystem, "已退款 "+amount
		e.Actor = ""
		if r.ReceivedAccount != "" {
			e.Text += "，退回" + r.ReceivedAccount
		}
	case Failed, Parked:
		e.Text = "退款 " + amount + " 没有成功：" + text
	case Closed, Abnormal:
		e.Text = "退款 " + amount + "：" + text
	case Rejected:
		e.Actor, e.Text = r.ApproverName, "没有同意退款 "+amount+"："+r.RejectReason
	case Cancelled:
		e.Text = "取消了退款 " + amount
	default:
		return e, false
	}
	return e, true
}
