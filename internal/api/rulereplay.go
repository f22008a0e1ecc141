package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
)

func (a *API) ruleCaseRoutes() {
	handle(a, identity.RightRules, op(http.MethodPost, "/rules/{id}/replay", "replay-rule", "rules", "What the rule would have done in the last 90 days; nothing is sent. Enabling needs it"), a.replayRule)
	handle(a, identity.RightCasesAct, op(http.MethodPost, "/complaints/{id}/automation/stop", "stop-automation", "complaints", "Take a case over from a rule"), a.stopAutomation)
}

type replayWeek struct {
	From      db.Time `json:"from" doc:"Unix ms, a Monday in Beijing"`
	Hits      int64   `json:"hits"`
	Differing int64   `json:"differing"`
}

type replayCase struct {
	ComplaintID      string  `json:"complaint_id"`
	ComplaintOrderID string  `json:"complaint_order_id"`
	CreatedAt        db.Time `json:"created_at" doc:"Unix ms"`
	Type             int64   `json:"type"`
	Content          *string `json:"content" doc:"Masked, the first words"`
	Amount           int64   `json:"amount" doc:"Fen"`
	RefundAmount     int64   `json:"refund_amount" doc:"Fen that the rule would have given back"`
	Human            *string `json:"human" doc:"What people did, in words; null = nobody answered here"`
	Differs          bool    `json:"differs"`
}

type replayView struct {
	Version    int64        `json:"version"`
	From       db.Time      `json:"from" doc:"Unix ms"`
	To         db.Time      `json:"to" doc:"Unix ms"`
	Hits       int64        `json:"hits" doc:"Cases that the rule would have acted on, inside its daily limits"`
	Amount     int64        `json:"amount" doc:"Fen that it would have given back"`
	Compared   int64        `json:"compared" doc:"Hits that a person answered"`
	Uncompared int64        `json:"uncompared" doc:"Hits that nobody answered here"`
	Differing  int64        `json:"differing" doc:"Hits in which people decided something else, or gave back another amount"`
	OverLimit  int64        `json:"over_limit" doc:"Cases that a limit would have left to people"`
	Weeks      []replayWeek `json:"weeks" doc:"Oldest first"`
	Cases      []replayCase `json:"cases" doc:"At most 200: those that differ first, the newest first"`
	Notes      []string     `json:"notes" doc:"What is not considered, in words"`
	Truncated  bool         `json:"truncated" doc:"There was more history than is looked at; from is later for it"`
}

func (a *API) replayRule(ctx context.Context, in *ByID) (*body[replayView], error) {
	if _, err := a.rule(ctx, in.ID, true); err != nil {
		return nil, err
	}
	r, err := a.Rules.Replay(ctx, in.ID, a.recordRule("replay", nil))
	if err != nil {
		return nil, err
	}
	v := replayView{
		Version: r.Version, From: r.From, To: r.To, Hits: r.Hits, Amount: r.Amount, Compared: r.Compared, Uncompared: r.Hits - r.Compared, Differing: r.Differing,
		OverLimit: r.OverLimit, Weeks: []replayWeek{}, Cases: []replayCase{}, Notes: automate.ReplayNotes(), Truncated: r.Truncated,
	}
	for _, w := range r.Weeks {
		v.Weeks = append(v.Weeks, replayWeek(w))
	}
	for _, c := range r.Cases {
		v.Cases = append(v.Cases, replayCase{
			c.ComplaintID, c.ComplaintOrderID, c.CreatedAt, int64(c.Type), orNil(c.Content), c.Amount, c.RefundAmount, orNil(c.Human), c.Differs,
		})
	}
	return &body[replayView]{v}, nil
}

type automation struct {
	RuleID    string  `json:"rule_id"`
	RuleName  string  `json:"rule_name"`
	State     string  `json:"state" enum:"waiting,refunding,answering,done,handed_over,stopped"`
	ActsAt    db.Time `json:"acts_at" doc:"Unix ms"`
	Text      string  `json:"text" doc:"What happens, happened or why not, in words"`
	Stoppable bool    `json:"stoppable" doc:"A person may take the case over"`
}

// addAutomation shows what a rule does in a case.
func (a *API) addAutomation(ctx context.Context, c *complaint.Complaint, v *complaintView) error {
	d, err := a.Rules.DecisionOf(ctx, c.ID)
	if err != nil || d == nil {
		return err
	}
	v.Automation = someOf(automation{d.RuleID, d.RuleName, string(d.State), d.ActsAt, d.Text(), !d.State.Over() && who(ctx).Can(identity.RightCasesAct)})
	return nil
}

// personActs takes a case from a rule at once because the caller did something in it.
func (a *API) personActs(ctx context.Context, complaintID, what string) {
	a.Rules.PersonActs(ctx, complaintID, who(ctx).Name+what)
}

func (a *API) stopAutomation(ctx context.Context, in *ByID) (*body[complaintView], error) {
	c, err := a.complaint(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	err = a.Rules.TakeOver(ctx, c.ID, who(ctx).Name+"改为人工处理", func(ctx context.Context, tx db.Tx) error {
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: "take_over", Object: "automation", ObjectID: c.ID, ProgramID: c.ProgramID})
	})
	if err != nil {
		return nil, err
	}
	return a.complaintView(ctx, c)
}
