package automate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// ConsiderArgs is the job that looks for a rule for a new case.
type ConsiderArgs struct {
	ComplaintID string `json:"complaint_id"`
}

// Kind implements river.JobArgs.
func (ConsiderArgs) Kind() string { return "automate.consider" }

const (
	readWait  = 2 * time.Second  // the sync that every push asks for is given so long to come first
	readAgain = 30 * time.Second // between two tries while a case can't be read
	readFor   = time.Hour        // after which people go on
)

// Arrived asks for ConsiderArgs when a case is new and some rule may act.
func (s *Service) Arrived(ctx context.Context, complaintID string) error {
	rules, err := s.active(ctx)
	if err != nil || len(rules) == 0 {
		return err
	}
	return s.db.Enqueue(ctx, ConsiderArgs{ComplaintID: complaintID}, db.Once(db.QueueDefault))
}

// Consider does ConsiderArgs: the first rule that fits gets the case. Without a rule that may act nothing is read.
func (s *Service) Consider(ctx context.Context, j ConsiderArgs) error {
	rules, err := s.active(ctx)
	if err != nil || len(rules) == 0 {
		return err
	}
	c, err := s.complaints.ByID(ctx, j.ComplaintID)
	if errors.Is(err, complaint.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if c.SyncedAt.IsZero() {
		age := s.clock.Now().Sub(c.FirstSeenAt.Time())
		if age < readWait {
			return river.JobSnooze(readWait - age)
		}
		if c, err = s.complaints.SyncNow(ctx, c.ID); err != nil {
			if age > 24*time.Hour {
				return nil
			}
			return river.JobSnooze(max(readAgain, age/4))
		}
	}
	p, err := s.programs.Program(ctx, c.ProgramID)
	if err != nil {
		return err
	}
	if why, err := s.touchedOrder(ctx, s.db.Read, c); err != nil || why.stands() {
		return err
	}
	for i := range rules {
		r := &rules[i]
		if r.suits(c).stands() {
			continue
		}
		first, err := s.first(ctx, s.db.Read, r, c, s.now())
		if err != nil {
			return err
		}
		if !judge(r, c, p, first, s.now()).stands() {
			return s.decide(ctx, r, c)
		}
	}
	return nil
}

// active returns the rules that may act, none while everything is stopped.
func (s *Service) active(ctx context.Context) ([]Rule, error) {
	sw, err := s.Switch(ctx)
	if err != nil || !sw.StoppedAt.IsZero() {
		return nil, err
	}
	out := []Rule{}
	if err := s.db.Read.NewSelect().Model(&out).Where("state = ?", Active).Order("position", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list active rules: %w", err)
	}
	return out, nil
}

// decide stores that a rule will act, with the job that does.
func (s *Service) decide(ctx context.Context, r *Rule, c *complaint.Complaint) error {
	at := max(s.now(), c.FirstSeenAt+ms(time.Duration(r.WaitMinutes)*time.Minute))
	if c.DueAt < at+ms(roomFor(r)) {
		return nil // it would come too late
	}
	d := &Decision{
		ID: db.NewID(), ComplaintID: c.ID, ProgramID: c.ProgramID, RuleID: r.ID, RuleVersion: r.Version, RuleName: r.Name, State: Waiting, Decision: r.Decision,
		RefundAmount: r.refundOf(c), ActsAt: at, NextAt: at, CreatedAt: s.now(), UpdatedAt: s.now(),
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		a, err := s.lockSwitch(ctx, tx)
		if err != nil || a.LastStop >= c.FirstSeenAt { // what came before a stop stays with people
			return err
		}
		if why, err := s.standing(ctx, tx, d); err != nil || why.stands() {
			return err
		}
		fresh, err := db.Changed(tx.NewInsert().Model(d).On("CONFLICT (complaint_id) DO NOTHING").Exec(ctx))
		if err != nil {
			return fmt.Errorf("store decision: %w", err)
		}
		if !fresh {
			return nil
		}
		if err := s.say(ctx, tx, d); err != nil {
			return err
		}
		opts := &river.InsertOpts{Queue: db.QueueAct}
		if at > d.CreatedAt { // else it is begun at once, and not when the queue looks at what is scheduled
			opts.ScheduledAt = at.Time()
		}
		return tx.Enqueue(ctx, StepArgs{DecisionID: d.ID}, opts)
	})
}

// LooksAtUsers reports whether some rule asks for a user's first complaint: only then older cases are worth hashing.
func (s *Service) LooksAtUsers(ctx context.Context) (bool, error) {
	ok, err := s.db.Read.NewSelect().Model((*Rule)(nil)).Where("first_in_days IS NOT NULL").Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for rules about users: %w", err)
	}
	return ok, nil
}
