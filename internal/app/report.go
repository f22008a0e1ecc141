package app

import (
	"context"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/report"
)

// buildReports tells the reports how complaints were answered and what was paid back.
func (a *App) buildReports() *report.Service {
	return report.New(report.Options{
		Cases: a.Complaints, Refunded: a.Refunds.Refunded,
		Answers: func(ctx context.Context, ids []string) (map[string]report.Answer, error) {
			acts, err := a.Actions.Answers(ctx, ids)
			if err != nil {
				return nil, err
			}
			out := make(map[string]report.Answer, len(acts))
			for id, x := range acts {
				out[id] = report.Answer{Agreed: x.Decision == action.Agree, MemberID: x.ActorID, Member: x.ActorName, At: x.FinishedAt}
				if x.Source == complaint.FromRule {
					out[id] = report.Answer{Agreed: x.Decision == action.Agree, Member: x.ActorName, At: x.FinishedAt}
				}
			}
			return out, nil
		},
	})
}
