package app

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// buildRules connects rules with what they decide about.
func (a *App) buildRules(clk clock.Clock) *automate.Service {
	a.decisions = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "zhisu_rule_decisions_total", Help: "Ended decisions of rules by outcome: done, handed_over to people, or stopped by a failure.",
	}, []string{"outcome"})
	a.Metrics.MustRegister(a.decisions)
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

// ruleEnded counts what rules came to, and tells people.
func (a *App) ruleEnded(ctx context.Context, j automate.EndedArgs) error {
	if j.Key == "" {
		a.decisions.WithLabelValues(string(j.State)).Inc()
	}
	if !j.Tell {
		return nil
	}
	kind := notify.EventRuleStopped
	if j.State == automate.Done {
		kind = notify.EventRuleActed
	}
	return a.Notify.Plan(ctx, notify.Event{Kind: kind, ComplaintID: j.ComplaintID, Key: j.DecisionID + j.Key})
}

// fillUsers finds out whose older cases are, if some rule asks for a user's first complaint.
func (a *App) fillUsers(ctx context.Context) error {
	wanted, err := a.Rules.LooksAtUsers(ctx)
	if err != nil || !wanted {
		return err
	}
	return a.Complaints.FillUsers(ctx, a.Inbound.Flooded)
}

// checkRules is the doctor's look at automation: that it is stopped is somebody's decision, and worth a line.
func (a *App) checkRules(ctx context.Context) []finding {
	sw, err := a.Rules.Switch(ctx)
	switch {
	case err != nil:
		return []finding{{what: "the stop switch of rules cannot be read", hint: err.Error()}}
	case sw.StoppedAt.IsZero():
		return []finding{{ok: true, what: "rules may act"}}
	}
	return []finding{{ok: true, what: "rules are stopped by " + sw.StoppedBy + " since " + sw.StoppedAt.Time().UTC().Format(time.RFC3339) + "; see 自动化 in the web interface"}}
}
