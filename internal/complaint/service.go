package complaint

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/search"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Service keeps the cases.
type Service struct {
	db       *db.DB
	sealer   *secret.Sealer
	clock    clock.Clock
	programs *program.Service
	wechat   *wechat.Client
	log      *slog.Logger
	sizes    sizes
	tuning   tuning
	text     *search.Index
	userKey  atomic.Pointer[[]byte] // see user.go

	files        blob.Store // nil: pictures are not copied
	pictures     *http.Client
	anyImageHost bool
}

// Options are what New needs.
type Options struct {
	DB       *db.DB
	Sealer   *secret.Sealer
	Clock    clock.Clock
	Programs *program.Service
	WeChat   *wechat.Client
	Logger   *slog.Logger
	// Files keep WeChat's pictures, which Pictures fetches; without them nothing is copied. AnyImageHost lets them come from anywhere, as in a demo.
	Files        blob.Store
	Pictures     *http.Client
	AnyImageHost bool
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	s := &Service{db: o.DB, sealer: o.Sealer, clock: o.Clock, programs: o.Programs, wechat: o.WeChat, log: o.Logger, text: search.New(o.DB, o.Clock), tuning: usual}
	if o.Files != nil && o.Pictures != nil {
		s.files, s.anyImageHost = o.Files, o.AnyImageHost
		s.pictures = s.pictureClient(o.Pictures)
	}
	return s
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// SyncArgs is the job that asks WeChat for a case's detail and merges it.
type SyncArgs struct {
	ComplaintID string `json:"complaint_id"`
}

// Kind implements river.JobArgs.
func (SyncArgs) Kind() string { return "complaint.sync" }

// ChangedArgs tells whoever reacts to it what became of a case. It is enqueued in the transaction that changed the case.
type ChangedArgs struct {
	ComplaintID string `json:"complaint_id"`
	ProgramID   string `json:"program_id"`
	Change      Change `json:"change"`
	Status      Status `json:"status"`
	AppealState int64  `json:"appeal_state,omitempty"`
	Version     int64  `json:"version"`
}

// Kind implements river.JobArgs.
func (ChangedArgs) Kind() string { return "complaint.changed" }

// Change says what happened to a case.
type Change string

// The changes, one per transaction: the most telling wins.
const (
	Created       Change = "created"
	Progressed    Change = "progressed"
	EvidenceAsked Change = "evidence_asked"
	RuledAgainst  Change = "ruled_against"
	Withdrawn     Change = "withdrawn"
	Ended         Change = "ended"
	AppealSettled Change = "appeal_settled"
)

// changeOf classifies a step from one state to another; empty when nothing people care about changed.
func changeOf(from, to Status, fromAppeal, toAppeal int64) Change {
	switch {
	case fromAppeal != toAppeal && (toAppeal == AppealAccepted || toAppeal == AppealRejected):
		return AppealSettled
	case from == to && fromAppeal == toAppeal:
		return ""
	case from == to:
		return Progressed
	case to == 106 || to == 108:
		return EvidenceAsked
	case to == 206 || to == 308 && from != 309:
		return RuledAgainst
	case to == 102:
		return Withdrawn
	case StageOf(to, AppealNone) == Closed:
		return Ended
	}
	return Progressed
}

func place(column, id string) secret.Place {
	return secret.Place{Table: "complaints", Column: column, ID: id}
}

// AddEntry adds a timeline entry once; a second with the same DedupeKey is ignored.
func (s *Service) AddEntry(ctx context.Context, tx bun.IDB, e Entry) error {
	if e.ID == "" {
		e.ID = db.NewID()
	}
	if e.At.IsZero() {
		e.At = s.now()
	}
	if _, err := tx.NewInsert().Model(&e).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store timeline entry: %w", err)
	}
	return nil
}

// Timeline returns a case's entries, newest first.
func (s *Service) Timeline(ctx context.Context, complaintID string) ([]Entry, error) {
	out := []Entry{}
	if err := s.db.Read.NewSelect().Model(&out).Where("complaint_id = ?", complaintID).Order("at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read timeline: %w", err)
	}
	return out, nil
}

// ByID returns a case or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (*Complaint, error) {
	return s.byID(ctx, s.db.Read, id)
}

func (s *Service) byID(ctx context.Context, q bun.IDB, id string) (*Complaint, error) {
	c := &Complaint{ID: id}
	err := q.NewSelect().Model(c).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read complaint: %w", err)
	}
	return c, nil
}

// Personal is what Reveal shows.
type Personal struct{ Phone, OpenID, Content secret.Text }

// Reveal opens a case's personal values. The caller records who asked.
func (s *Service) Reveal(c *Complaint) (Personal, error) {
	var p Personal
	for _, f := range []struct {
		column, sealed string
		to             *secret.Text
	}{
		{"phone_sealed", c.PhoneSealed, &p.Phone},
		{"openid_sealed", c.OpenIDSealed, &p.OpenID},
		{"content_sealed", c.ContentSealed, &p.Content},
	} {
		v, err := s.sealer.Open(place(f.column, c.ID), f.sealed)
		if err != nil {
			return Personal{}, err
		}
		*f.to = v
	}
	return p, nil
}
