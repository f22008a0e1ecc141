package action

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Service decides and performs actions.
type Service struct {
	db         *db.DB
	evidence   Evidence
	clock      clock.Clock
	complaints *complaint.Service
	programs   *program.Service
	wechat     *wechat.Client
	log        *slog.Logger
	allow      Allow
}

// Allow is asked in the transaction before what a rule decided is sent; why says in words what stands in the way, empty = it may go.
type Allow func(ctx context.Context, tx db.Tx, a *Action) (why string, err error)

// Options are what New needs.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	Complaints *complaint.Service
	Programs   *program.Service
	WeChat     *wechat.Client
	Evidence   Evidence
	Logger     *slog.Logger
	// Allow is the brake of rules; nil leaves them without.
	Allow Allow
}

// Evidence gives the pictures that go with an action.
type Evidence interface {
	// Open returns a picture with its MIME type and a file name that has an extension.
	Open(ctx context.Context, id string) (content []byte, contentType, name string, err error)
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	return &Service{db: o.DB, evidence: o.Evidence, clock: o.Clock, complaints: o.Complaints, programs: o.Programs, wechat: o.WeChat, log: o.Logger, allow: o.Allow}
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// PerformArgs is the job that carries an action out.
type PerformArgs struct {
	ActionID string `json:"action_id"`
}

// Kind implements river.JobArgs.
func (PerformArgs) Kind() string { return "action.perform" }

// FinishedArgs tells whoever reacts to it that an action is done or has failed.
type FinishedArgs struct {
	ActionID string `json:"action_id"`
}

// Kind implements river.JobArgs.
func (FinishedArgs) Kind() string { return "action.finished" }

// MaxContent bounds a text in characters. WeChat states no limit for complaints; the sibling product's is 500
// (reference/wechat-complaint-api.md §6.1), so ours only keeps out what is surely a mistake.
const MaxContent = 2000

// Intent is what somebody decided.
type Intent struct {
	ComplaintID string
	Kind        complaint.Action
	Decision    Decision
	Content     string
	// EvidenceIDs are pictures the actor may use; whoever fills in an Intent has checked that.
	EvidenceIDs []string
	// AcceptReturn is needed for a proof of handling while goods come back, and absent otherwise.
	AcceptReturn *bool
	// ByHand sends what Legality.ByHand leaves to people.
	ByHand    bool
	ActorID   string
	ActorName string
	Source    complaint.Source
	// RequestKey is the same for repeats of the same request and differs between requests.
	RequestKey string
}

// MaxEvidence bounds the pictures of one action; WeChat states no limit (reference/wechat-complaint-api.md §6.1, §12).
const MaxEvidence = 9

func (in Intent) check() error {
	switch {
	case !slices.Contains(complaint.Actions(), in.Kind):
		return &FieldError{"kind", "没有这项操作"}
	case in.Kind == complaint.Respond && in.Decision != Agree && in.Decision != Refuse:
		return &FieldError{"decision", "请选择同意和解或拒绝和解"}
	case in.Kind != complaint.Respond && in.Decision != "":
		return &FieldError{"decision", "只有回应需要选择同意或拒绝"}
	case in.Kind != complaint.RefundProof && in.AcceptReturn != nil:
		return &FieldError{"accept_return", "只有退款处理凭证需要填写是否收到退货"}
	case len(in.EvidenceIDs) > MaxEvidence:
		return &FieldError{"evidence_ids", fmt.Sprintf("图片最多 %d 张", MaxEvidence)}
	}
	text := strings.TrimSpace(in.Content)
	if text == "" && len(in.EvidenceIDs) == 0 {
		return &FieldError{"content", "文字和图片至少要有一样"}
	}
	if utf8.RuneCountInString(text) > MaxContent {
		return &FieldError{"content", fmt.Sprintf("文字最多 %d 字", MaxContent)}
	}
	return nil
}

// justDone gives ErrInFlight while the case was not read again since the same was done: what it allowed then says nothing any more.
func justDone(ctx context.Context, tx db.Tx, kind complaint.Action, c *complaint.Complaint) error {
	done, err := tx.NewSelect().Model((*Action)(nil)).
		Where("complaint_id = ? AND kind = ? AND state = ? AND finished_at >= ?", c.ID, kind, Done, int64(c.SyncedAt)).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for an action just done: %w", err)
	}
	if done {
		return ErrInFlight
	}
	return nil
}

// checkReturn asks for the answer that WeChat wants while goods come back.
func (in Intent) checkReturn(c *complaint.Complaint) error {
	if in.Kind != complaint.RefundProof {
		return nil
	}
	coming := c.Situation().Return && (c.Status == 309 || c.Status == 311)
	switch {
	case coming && in.AcceptReturn == nil:
		return &FieldError{"accept_return", "请选择是否收到退货"}
	case !coming && in.AcceptReturn != nil:
		return &FieldError{"accept_return", "这张投诉单没有退货，不用填写是否收到"}
	}
	return nil
}

func (a *Action) setDetails(in Intent) {
	a.EvidenceIDs.V, a.ByHand = []string{}, in.ByHand
	for _, id := range in.EvidenceIDs {
		if !slices.Contains(a.EvidenceIDs.V, id) {
			a.EvidenceIDs.V = append(a.EvidenceIDs.V, id)
		}
	}
	if in.AcceptReturn != nil {
		v := int64(0)
		if *in.AcceptReturn {
			v = 1
		}
		a.AcceptReturn = &v
	}
}

// Submit stores an intent with its job. A repeat of the same request returns the action it made. It fails with NotLegalError, ErrInFlight, a
// FieldError or complaint.ErrNotFound; then nothing was stored.
func (s *Service) Submit(ctx context.Context, in Intent) (*Action, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	var act *Action
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		var err error
		if act, err = s.repeated(ctx, tx, in); err != nil || act != nil {
			return err
		}
		c, err := s.complaints.InTx(ctx, tx, in.ComplaintID)
		if err != nil {
			return err
		}
		if l := complaint.Legal(in.Kind, c.Situation()); !l.OK && (!in.ByHand || !l.ByHand) {
			return &NotLegalError{Legality: l, Legal: complaint.LegalActions(c.Situation())}
		}
		if err := in.checkReturn(c); err != nil {
			return err
		}
		act = &Action{
			ID: db.NewID(), ComplaintID: c.ID, ProgramID: c.ProgramID, Kind: in.Kind, Decision: in.Decision,
			Content: strings.TrimSpace(in.Content), State: Queued, ActorID: in.ActorID, ActorName: in.ActorName, Source: in.Source,
			RequestKey: in.RequestKey, StatusBefore: c.Status, CreatedAt: s.now(), UpdatedAt: s.now(),
		}
		act.setDetails(in)
		if _, err := tx.NewInsert().Model(act).Exec(ctx); err != nil {
			if db.IsUnique(err) {
				return ErrInFlight
			}
			return fmt.Errorf("store action: %w", err)
		}
		// After the insert, which waited for an action under way: it may have been done just now.
		if err := justDone(ctx, tx, in.Kind, c); err != nil {
			return err
		}
		if err := useEvidence(ctx, tx, act); err != nil {
			return err
		}
		return tx.Enqueue(ctx, PerformArgs{ActionID: act.ID}, db.Once(db.QueueAct))
	})
	if errors.Is(err, ErrInFlight) {
		// Two repeats at once: the other one may have made the action that stands in the way.
		if prev, rerr := s.repeated(ctx, s.db.Read, in); rerr != nil || prev != nil {
			return prev, rerr
		}
	}
	if err != nil {
		return nil, err
	}
	return act, nil
}

// repeated returns the action that an earlier arrival of the same request made, nil if there is none.
func (s *Service) repeated(ctx context.Context, q bun.IDB, in Intent) (*Action, error) {
	prev := new(Action)
	err := q.NewSelect().Model(prev).Where("complaint_id = ? AND request_key = ?", in.ComplaintID, in.RequestKey).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for repeated request: %w", err)
	}
	return prev, nil
}

// ByRequest returns the action that a request made, or ErrNotFound.
func (s *Service) ByRequest(ctx context.Context, complaintID, key string) (*Action, error) {
	a, err := s.repeated(ctx, s.db.Read, Intent{ComplaintID: complaintID, RequestKey: key})
	if err == nil && a == nil {
		err = ErrNotFound
	}
	return a, err
}

// ByID returns an action or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (*Action, error) {
	a := &Action{ID: id}
	err := s.db.Read.NewSelect().Model(a).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read action: %w", err)
	}
	return a, nil
}

// OfComplaint returns a case's actions, newest first.
func (s *Service) OfComplaint(ctx context.Context, complaintID string) ([]Action, error) {
	out := []Action{}
	if err := s.db.Read.NewSelect().Model(&out).Where("complaint_id = ?", complaintID).Order("created_at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list actions: %w", err)
	}
	return out, nil
}

// LastStates returns the state of the newest action of each case that has one.
func (s *Service) LastStates(ctx context.Context, complaintIDs []string) (map[string]State, error) {
	out := map[string]State{}
	if len(complaintIDs) == 0 {
		return out, nil
	}
	var rows []Action
	err := s.db.Read.NewSelect().Model(&rows).Column("complaint_id", "state").
		Where("complaint_id IN (?)", bun.List(complaintIDs)).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read last actions: %w", err)
	}
	for _, r := range rows {
		out[r.ComplaintID] = r.State
	}
	return out, nil
}

// ByStaff returns who has decided something in a case, of what was not finished too; empty for nobody.
func (s *Service) ByStaff(ctx context.Context, q bun.IDB, complaintID string) (name string, err error) {
	a := new(Action)
	err = q.NewSelect().Model(a).Column("actor_name").Where("complaint_id = ? AND source = ?", complaintID, complaint.FromStaff).Order("created_at", "id").Limit(1).Scan(ctx)
	if db.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for an action of a person: %w", err)
	}
	return a.ActorName, nil
}

// Any reports whether something was decided in one of some cases, by whomever and with whatever outcome.
func (s *Service) Any(ctx context.Context, q bun.IDB, complaintIDs []string) (bool, error) {
	if len(complaintIDs) == 0 {
		return false, nil
	}
	ok, err := q.NewSelect().Model((*Action)(nil)).Where("complaint_id IN (?)", bun.List(complaintIDs)).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for actions: %w", err)
	}
	return ok, nil
}
