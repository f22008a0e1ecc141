package app

import (
	"context"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/notify"
)

func (a *App) buildGaps(clk clock.Clock) *gap.Service {
	return gap.New(gap.Options{DB: a.DB, Clock: clk, Programs: a.Programs, Complaints: a.Complaints, Inbound: a.Inbound, Penalties: a.named})
}

// silent tells people that nothing was heard of a program for unusually long.
func (a *App) silent(ctx context.Context, j gap.SilentArgs) error {
	return a.Notify.Plan(ctx, notify.Event{Kind: notify.EventPushSilent, ProgramID: j.ProgramID, Key: strconv.FormatInt(int64(j.Since), 10)})
}

// checkGaps is the doctor's look at what may have been missed. Platform and permissions have lines of their own there.
func (a *App) checkGaps(ctx context.Context) []finding {
	r, err := a.Gaps.Report(ctx, nil)
	if err != nil {
		return []finding{{what: "the gap report cannot be made", hint: err.Error()}}
	}
	out := []finding{}
	for _, i := range r.Items {
		switch i.Code {
		case gap.CodeTicketMissing, gap.CodeTicketOld, gap.CodeTokenMissing, gap.CodeRevoked, gap.CodePermission, gap.CodeSecret:
			continue
		}
		since := ""
		if !i.Since.IsZero() {
			since = " (since " + i.Since.Time().Format(time.DateTime) + ")"
		}
		// A silence may be one: it is said, and fails nothing.
		f := finding{ok: i.Severity == gap.Warning, what: i.Code + ": " + i.Text + since, hint: i.Hint}
		if f.ok {
			f.what = "warning: " + f.what
		}
		out = append(out, f)
	}
	if len(out) == 0 {
		out = append(out, finding{ok: true, what: "no push failed or waits, every open case is read on time"})
	}
	return out
}
