package app

import (
	"context"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/standing"
	"github.com/zhisu/zhisu/internal/wechat"
)

func (a *App) buildStanding(clk clock.Clock, wc *wechat.Client) *standing.Service {
	return standing.New(standing.Options{DB: a.DB, Clock: clk, Programs: a.Programs, Complaints: a.Complaints, WeChat: wc, Logger: a.Logger})
}

// named tells the report of gaps which complaints deductions name that nobody here knows.
func (a *App) named(ctx context.Context, programIDs []string) ([]gap.Named, error) {
	ps, err := a.Standing.Missing(ctx, programIDs)
	if err != nil {
		return nil, err
	}
	out := make([]gap.Named, len(ps))
	for i, p := range ps {
		out[i] = gap.Named{ProgramID: p.ProgramID, OrderID: p.ComplaintOrderID, At: p.IllegalAt}
	}
	return out, nil
}
