package report_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/report"
)

type tallies []complaint.Tally

func (x tallies) Tallies(_ context.Context, _ []string, _, _ db.Time, by complaint.By) ([]complaint.Tally, error) {
	out := slices.Clone(x)
	for i := range out {
		if by != complaint.ByMember {
			out[i].MemberID, out[i].Member = "", ""
		}
	}
	return out, nil
}

// at is an hour of 12 March 2026 in Beijing.
func at(hour int) db.Time {
	return db.At(time.Date(2026, 3, 12, hour, 0, 0, 0, complaint.Beijing))
}

func hours(n int64) *int64 {
	n *= 3600_000
	return &n
}

var cases = tallies{
	{
		ProgramID: "p1", Type: 642, Day: at(0), Filed: 1, Amount: 100, Wait: *hours(2), Closed: 1, Agreed: 1, MemberID: "u1", Member: "周敏", Refunded: 100, RefundedCases: 1,
	},
	{ProgramID: "p1", Type: 642, Day: at(0), Filed: 1, Amount: 250, Wait: *hours(4), Ruled: 1, Refused: 1, Member: "少发补差"}, // a rule
	{ProgramID: "p2", Type: 611, Day: at(24), Filed: 1, Wait: -1, Lapsed: 1},
	{ProgramID: "p1", Type: 611, Day: at(24), Filed: 1, Wait: -1, Amount: 30, Withdrawn: 1, Closed: 1, Refunded: 5, RefundedCases: 1},
	{ProgramID: "p1", Type: 611, Day: at(24), Filed: 1, Wait: *hours(1), Agreed: 1, MemberID: "u1", Member: "周敏（新）"},
}

func made(t *testing.T, q report.Query) *report.Report {
	t.Helper()
	r, err := report.New(cases).Complaints(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func whole(by report.By) report.Query {
	return report.Query{From: at(0), To: at(72), By: by}
}

func TestEveryGroupingAddsUpToTheSameSum(t *testing.T) {
	want := report.Row{
		Filed: 5, Closed: 2, Withdrawn: 1, Answered: 3, Lapsed: 1, Agreed: 2, Refused: 1, Ruled: 1, Amount: 380, Refunded: 105, RefundedCases: 2,
		Median: hours(2), Slow: hours(4),
	}
	for _, by := range []report.By{report.ByDay, report.ByProgram, report.ByProblem, report.ByMember} {
		r := made(t, whole(by))
		if diff := cmp.Diff(want, r.All, cmpopts.IgnoreUnexported(report.Row{})); diff != "" {
			t.Errorf("%s: %s", by, diff)
		}
		var filed, refunded int64
		for _, x := range r.Rows {
			filed, refunded = filed+x.Filed, refunded+x.Refunded
		}
		if filed != 5 || refunded != 105 {
			t.Errorf("%s: rows add up to %d complaints and %d fen", by, filed, refunded)
		}
	}
}

func keys(r *report.Report) []string {
	var out []string
	for _, x := range r.Rows {
		out = append(out, x.Key+"/"+x.Name)
	}
	return out
}

func TestRowsOfAReport(t *testing.T) {
	for _, c := range []struct {
		by   report.By
		want []string
	}{
		{report.ByDay, []string{"2026-03-12/", "2026-03-13/", "2026-03-14/"}}, // a day without complaints, too
		{report.ByProgram, []string{"p1/", "p2/"}},                            // most complaints first
		{report.ByProblem, []string{"611/", "642/"}},
		{report.ByMember, []string{"/", "u1/周敏", "/少发补差"}}, // nobody here, one member under his first name, a rule
	} {
		if diff := cmp.Diff(c.want, keys(made(t, whole(c.by)))); diff != "" {
			t.Errorf("%s: %s", c.by, diff)
		}
	}
}

func TestWaitIsThatOfTheAnsweredOnly(t *testing.T) {
	r := made(t, whole(report.ByProgram))
	if p2 := r.Rows[1]; p2.Answered != 0 || p2.Median != nil || p2.Slow != nil || p2.Lapsed != 1 {
		t.Errorf("%+v", p2)
	}
}

func TestAPeriodMustNotBeEmptyOrEndless(t *testing.T) {
	s := report.New(tallies{})
	for _, q := range []report.Query{
		{From: at(1), To: at(1), By: report.ByDay},
		{From: at(2), To: at(1), By: report.ByDay},
		{From: at(0), To: at(24*366 + 1), By: report.ByDay},
	} {
		if _, err := s.Complaints(t.Context(), q); !errors.Is(err, report.ErrPeriod) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := s.Complaints(t.Context(), report.Query{From: at(0), To: at(1), By: "moon"}); !errors.Is(err, report.ErrBy) {
		t.Errorf("%v", err)
	}
}
