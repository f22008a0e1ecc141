// Package report tells what became of the complaints of a period: how many were answered, how fast, what was ruled and what was paid back. It reads; it owns no rows
// and changes nothing. Every number counts complaints by the day they were filed, so that a sum over days, programs or problems is the same.
package report

import (
	"cmp"
	"context"
	"errors"
	"maps"
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
type By = complaint.By

// The groupings.
const (
	ByDay     = complaint.ByDay // every day of the period has a row
	ByProgram = complaint.ByProgram
	ByProblem = complaint.ByProblem
	ByMember  = complaint.ByMember
)

// Cases sums up the complaints of a period.
type Cases interface {
	Tallies(ctx context.Context, programIDs []string, from, to db.Time, by complaint.By) ([]complaint.Tally, error)
}

// Service makes reports.
type Service struct{ cases Cases }

// New builds the service.
func New(cases Cases) *Service { return &Service{cases} }

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
	// Median and Slow are the wait for an answer that half, and nine tenths, of the answered did not exceed, rounded up (complaint.Tally); nil when none was answered.
	Median, Slow *int64

	waits map[int64]int64 // how many waited so long
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
	ts, err := s.cases.Tallies(ctx, q.ProgramIDs, q.From, q.To, q.By)
	for i := range ts {
		sums.add(&ts[i])
	}
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

func (x *sums) add(t *complaint.Tally) {
	var r *Row
	switch x.by {
	case ByDay:
		r = x.row(day(t.Day), "")
	case ByProgram:
		r = x.row(t.ProgramID, "")
	case ByProblem:
		r = x.row(strconv.FormatInt(int64(t.Type), 10), "")
	default:
		r = x.row(t.MemberID, t.Member)
	}
	x.all.add(t)
	r.add(t)
}

func (r *Row) add(t *complaint.Tally) {
	r.Filed += t.Filed
	r.Closed += t.Closed
	r.Withdrawn += t.Withdrawn
	r.Lapsed += t.Lapsed
	r.Ruled += t.Ruled
	r.Agreed += t.Agreed
	r.Refused += t.Refused
	r.Amount += t.Amount
	r.Refunded += t.Refunded
	r.RefundedCases += t.RefundedCases
	if t.Wait >= 0 {
		r.Answered += t.Filed
		if r.waits == nil {
			r.waits = map[int64]int64{}
		}
		r.waits[t.Wait] += t.Filed
	}
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
	out := *r
	out.Median, out.Slow, out.waits = r.part(5), r.part(9), nil
	return out
}

func (r *Row) part(tenths int64) *int64 {
	rank, seen := (r.Answered*tenths+9)/10, int64(0)
	for _, wait := range slices.Sorted(maps.Keys(r.waits)) {
		if seen += r.waits[wait]; seen >= rank {
			return &wait
		}
	}
	return nil
}
