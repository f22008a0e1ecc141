package automate

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/refund"
)

// Program is what a rule needs to know of a mini program.
type Program struct {
	ID, Name string
	// Active says that it is enabled and authorised, Permitted that complaints may be answered.
	Active, Permitted bool
	// MerchantID is empty without WeChat Pay credentials.
	MerchantID string
}

// Programs are the mini programs as rules see them.
type Programs interface {
	// Program returns a program.
	Program(ctx context.Context, id string) (Program, error)
	// Listed returns all that are not removed.
	Listed(ctx context.Context) ([]Program, error)
}

// Service keeps rules, decides by them, and sees their decisions through.
type Service struct {
	db         *db.DB
	clock      clock.Clock
	complaints *complaint.Service
	actions    *action.Service
	refunds    *refund.Service
	programs   Programs
	log        *slog.Logger
}

// Options are what New needs.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	Complaints *complaint.Service
	Actions    *action.Service
	Refunds    *refund.Service
	Programs   Programs
	Logger     *slog.Logger
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	return &Service{db: o.DB, clock: o.Clock, complaints: o.Complaints, actions: o.Actions, refunds: o.Refunds, programs: o.Programs, log: o.Logger}
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// Rule returns a rule or ErrNotFound.
func (s *Service) Rule(ctx context.Context, id string) (*Rule, error) {
	return ruleIn(ctx, s.db.Read, id)
}

func ruleIn(ctx context.Context, q bun.IDB, id string) (*Rule, error) {
	r := &Rule{ID: id}
	err := q.NewSelect().Model(r).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read rule: %w", err)
	}
	return r, nil
}

// Rules lists all rules in the order in which they are tried.
func (s *Service) Rules(ctx context.Context) ([]Rule, error) { return rulesIn(ctx, s.db.Read) }

func rulesIn(ctx context.Context, q bun.IDB) ([]Rule, error) {
	out := []Rule{}
	if err := q.NewSelect().Model(&out).Order("position", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list rules: %w", err)
	}
	return out, nil
}

// DecisionOf returns what a rule decided about a case, nil when none did.
func (s *Service) DecisionOf(ctx context.Context, complaintID string) (*Decision, error) {
	return decisionIn(ctx, s.db.Read, "complaint_id = ?", complaintID)
}

func decisionIn(ctx context.Context, q bun.IDB, where string, arg any) (*Decision, error) {
	d := new(Decision)
	err := q.NewSelect().Model(d).Where(where, arg).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read decision: %w", err)
	}
	return d, nil
}
