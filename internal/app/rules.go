package app

import (
	"context"
	"slices"

	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// buildRules connects rules with what they decide about.
func (a *App) buildRules(clk clock.Clock) *automate.Service {
	return automate.New(automate.Options{
		DB: a.DB, Clock: clk, Complaints: a.Complaints, Actions: a.Actions, Refunds: a.Refunds, Programs: rulePrograms{a.Programs}, Logger: a.Logger,
	})
}

// rulePrograms shows programs to rules.
type rulePrograms struct{ programs *program.Service }

func rulesView(p *program.Program) automate.Program {
	out := automate.Program{
		ID: p.ID, Name: p.Name, Active: p.State == program.Active && p.ArchivedAt.IsZero(), Permitted: !slices.Contains(p.Missing(), wechat.SetComplaints), MerchantID: p.MerchantID,
	}
	if out.Name == "" {
		out.Name = p.AppID
	}
	return out
}

// Program implements automate.Programs.
func (x rulePrograms) Program(ctx context.Context, id string) (automate.Program, error) {
	p, err := x.programs.ByID(ctx, id)
	if err != nil {
		return automate.Program{}, err
	}
	return rulesView(p), nil
}

// Listed implements automate.Programs.
func (x rulePrograms) Listed(ctx context.Context) ([]automate.Program, error) {
	ps, err := x.programs.List(ctx, program.Filter{Listed: true})
	if err != nil {
		return nil, err
	}
	out := make([]automate.Program, len(ps))
	for i := range ps {
		out[i] = rulesView(&ps[i])
	}
	return out, nil
}
