// Package report tells what became of the complaints of a period: how many were answered, how fast, what was ruled and what was paid back. It reads; it owns no rows
// and changes nothing. Every number counts complaints by the day they were filed, so that a sum over days, programs or problems is the same.
package report

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// MaxSpan is the longest period of a report.
const MaxSpan = 366 * 24 * time.Hour

// Errors of Complaints.
var (
	ErrPeriod = errors.New("the period is empty or too long")
	ErrBy     = errors.New("no such grouping")
)

// By is what the rows of a report stand for.
type By string

// The groupings.
const (
	ByDay     By = "day" // of Beijing; every day of the period has a row
	ByProgram By = "program"
	ByProblem By = "type"
	ByMember  By = "member" // who answered
)

// Cases gives the complaints of a period.
type Cases interface {
	EachFiled(ctx context.Context, programIDs []string, from, to db.Time, yield func([]complaint.Filed) error) error
}

// Answer is how a complaint was answered here, by a member or, without MemberID, by the rule that Member names. Who answers at WeChat's console leaves none.
type Answer struct {
	Agreed           bool
	MemberID, Member string
	At               db.Time
}

// Options are what New needs. Answers and Refunded (fen that arrived) return a map by complaint id, without those that have none.
type Options struct {
	Cases    Cases
	Answers  func(ctx context.Context, complaintIDs []string) (map[string]Answer, error)
	Refunded func(ctx context.Context, complaintIDs []string) (map[string]int64, error)
}

// Service makes reports.
type Service struct{ Options }

// New builds the service.
func New(o Options) *Service { return &Service{o} }

// Query is what a report is about.
type Query struct {
	ProgramIDs []string // nil = all
	From, To   db.Time  // filed from, and before
	By         By
}

// Row is what became of some complaints. Amounts in fen, waits in milliseconds.
type Row struct {
	// Key is a day (2026-03-12), an id of a program or member, or the number of a problem; empty for the sum. A member without id answered automatically when Name is
	// a rule's, and nobody answered here when it is empty.
	Key, Name                string
	Filed, Closed, Withdrawn int64
	// Answered counts those that the merchant answered, here or at WeChat's console; Lapsed those that he did not answer in time.
	Answered, Lapsed int64
	// Agreed and Refused count answers that were given here.
	Agreed, Refused int64
	Ruled           int64 // found to be the merchant's fault
	Amount          int64 // of the orders
	Refunded        int64
	RefundedCases   int64
	// Median and Slow are the wait for an answer that half, and nine tenths, of the answered did not exceed; nil when none was answered.
	Median, Slow *int64

	waits []int64
}

// Report is a sum and its parts.
type Report struct {
	All  Row
	Rows []Row
}

// Complaints makes a report.
func (s *Service) Complaints(ctx context.Context, q Query) (*Report, error) {
	if q.From >= q.To || q.To.Time().Sub(q.From.Time()) > MaxSpan {
		return nil, ErrPeriod
	}
	if !slices.Contains([]By{ByDay, ByProgram, ByProblem, ByMember}, q.By) {
		return nil, ErrBy
	}
	sums := &sums{by: q.By, rows: map[string]*Row{}}
	if q.By == ByDay {
		sums.days(q.From, q.To)
	}
	err := s.Cases.EachFiled(ctx, q.ProgramIDs, q.From, q.To, func(page []complaint.Filed) error {
		ids := make([]string, len(page))
		for i := range page {
			ids[i] = page[i].ID
		}
		answers, err := s.Answers(ctx, ids)
		if err != nil {
			return err
		}
		back, err := s.Refunded(ctx, ids)
		if err != nil {
			return err
		}
		for i := range page {
			a, answered := answers[page[i].ID]
			sums.add(&page[i], a, answered, back[page[i].ID])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return sums.report(), nil
}

type sums struct {
	by   By
	all  Row
	rows map[string]*Row
}

// days makes a row for every day that the period touches.
func (x *sums) days(from, to db.Time) {
	for d := from; d < to; d += db.Time((24 * time.Hour).Milliseconds()) {
		x.row(day(d), "")
	}
	x.row(day(to-1), "")
}

func day(t db.Time) string { return t.Time().In(complaint.Beijing).Format(time.DateOnly) }

// row is a member's even after he changed his name; a rule is known by its name only.
func (x *sums) row(key, name string) *Row {
	of := key
	if key == "" {
		of = "\n" + name
	}
	r := x.rows[of]
	if r == nil {
		r = &Row{Key: key, Name: name}
		x.rows[of] = r
	}
	return r
}

func (x *sums) add(f *complaint.Filed, a Answer, answered bool, back int64) {
	var r *Row
	switch x.by {
	case ByDay:
		r = x.row(day(f.CreatedAt), "")
	case ByProgram:
		r = x.row(f.ProgramID, "")
	case ByProblem:
		r = x.row(strconv.FormatInt(int64(f.Type), 10), "")
	default:
		r = x.row(a.MemberID, a.Member)
	}
	for _, r := range []*Row{&x.all, r} {
		r.add(f, a, answered, back)
	}
}

func (r *Row) add(f *complaint.Filed, a Answer, answered bool, back int64) {
	one := func(n *int64, is bool) {
		if is {
			*n++
		}
	}
	r.Filed++
	one(&r.Closed, !f.ClosedAt.IsZero())
	one(&r.Withdrawn, f.Status == 102)
	one(&r.Lapsed, !f.LapsedAt.IsZero())
	one(&r.Ruled, !f.RuledAt.IsZero())
	one(&r.Agreed, answered && a.Agreed)
	one(&r.Refused, answered && !a.Agreed)
	one(&r.RefundedCases, back > 0)
	r.Refunded += back
	if f.Amount != nil {
		r.Amount += *f.Amount
	}
	at := f.AnsweredAt
	if at.IsZero() && answered {
		at = a.At // WeChat has taken it and not been read since
	}
	if at.IsZero() {
		return
	}
	r.Answered++
	r.waits = append(r.waits, max(0, int64(at-f.CreatedAt)))
}

func (x *sums) report() *Report {
	out := &Report{All: x.all.done(), Rows: []Row{}}
	for _, r := range x.rows {
		out.Rows = append(out.Rows, r.done())
	}
	slices.SortFunc(out.Rows, func(a, b Row) int {
		if x.by == ByDay {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(-cmp.Compare(a.Filed, b.Filed), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Name, b.Name))
	})
	return out
}

// done turns the waits into what half and nine tenths of them did not exceed.
func (r *Row) done() Row {
	slices.Sort(r.waits)
	part := func(tenths int) *int64 {
		if len(r.waits) == 0 {
			return nil
		}
		return &r.waits[(len(r.waits)*tenths+9)/10-1]
	}
	out := *r
	out.Median, out.Slow, out.waits = part(5), part(9), nil
	return out
}
