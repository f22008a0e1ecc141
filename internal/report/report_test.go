package report_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/report"
)

type pages [][]complaint.Filed

func (p pages) EachFiled(_ context.Context, _ []string, _, _ db.Time, yield func([]complaint.Filed) error) error {
	for _, page := range p {
		if err := yield(page); err != nil {
			return err
		}
	}
	return nil
}

// at is an hour of 12 March 2026 in Beijing.
func at(hour int) db.Time {
	return db.At(time.Date(2026, 3, 12, hour, 0, 0, 0, complaint.Beijing))
}

func fen(n int64) *int64 { return &n }

func hours(n int64) *int64 { return fen(n * 3600_000) }

var cases = pages{
	{
		{ID: "a", ProgramID: "p1", Type: 642, Amount: fen(100), CreatedAt: at(0), AnsweredAt: at(2), ClosedAt: at(30)},
		{ID: "b", ProgramID: "p1", Type: 642, Amount: fen(250), CreatedAt: at(1), AnsweredAt: at(5), RuledAt: at(40)},
	},
	{
		{ID: "c", ProgramID: "p2", Type: 611, CreatedAt: at(25), LapsedAt: at(80), Status: 202},
		{ID: "d", ProgramID: "p1", Type: 611, Amount: fen(30), CreatedAt: at(26), Status: 102, ClosedAt: at(27)},
		{ID: "e", ProgramID: "p1", Type: 611, CreatedAt: at(27)}, // answered here, not read since
	},
}

func made(t *testing.T, q report.Query) *report.Report {
	t.Helper()
	s := report.New(report.Options{
		Cases: cases,
		Answers: func(_ context.Context, ids []string) (map[string]report.Answer, error) {
			out := map[string]report.Answer{}
			for _, id := range ids {
				switch id {
				case "a":
					out[id] = report.Answer{Agreed: true, MemberID: "u1", Member: "周敏", At: at(2)}
				case "b":
					out[id] = report.Answer{Member: "少发补差", At: at(5)} // a rule
				case "e":
					out[id] = report.Answer{Agreed: true, MemberID: "u1", Member: "周敏（新）", At: at(28)}
				}
			}
			return out, nil
		},
		Refunded: func(_ context.Context, ids []string) (map[string]int64, error) {
			return map[string]int64{"a": 100, "d": 5}, nil
		},
	})
	r, err := s.Complaints(t.Context(), q)
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
	s := report.New(report.Options{Cases: pages{}})
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
