package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/app"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// beginning is how long ago the demo's merchants connected: what the score's line shows, and a day more.
const beginning = 91 * day

const day = 24 * time.Hour

// story is one case and what became of it.
type story struct {
	filing wechatsim.Filing
	ago    time.Duration // when it was filed
	lost   bool          // its pushes never arrive; it is known by a deduction only
	answer reply
	then   []chapter
	back   repayment // when all stories are told

	number string // WeChat's
	id     string // the product's, empty while it does not know the case
}

// reply is the merchant's answer.
type reply struct {
	decision action.Decision // empty for none
	text     string
	after    time.Duration // from the filing
}

// chapter is what somebody else did later: an event, a deduction, or a deadline that WeChat moves.
type chapter struct {
	ago     time.Duration
	event   wechatsim.Event
	content string
	points  wechatsim.Deduction
	due     time.Duration // so long after then
}

// step is something that happens at its time.
type step struct {
	ago time.Duration
	do  func(context.Context, *app.App) error
}

// play lets everything happen in its order, with both clocks at that time: the product sees what it would have seen.
func (w *world) play(ctx context.Context, a *app.App, all []*story) error {
	var steps []step
	for _, s := range all {
		steps = append(steps, w.steps(s)...)
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(y.ago, x.ago) })
	for _, s := range steps {
		if err := w.goTo(ctx, s.ago); err != nil {
			return err
		}
		if err := s.do(ctx, a); err != nil {
			return err
		}
	}
	if err := w.goTo(ctx, 0); err != nil {
		return err
	}
	return w.lastingTokens(false)
}

func (w *world) steps(s *story) []step {
	out := []step{{s.ago, func(ctx context.Context, a *app.App) error { return w.file(ctx, a, s) }}}
	if s.answer.decision != "" {
		out = append(out, step{s.ago - s.answer.after, func(ctx context.Context, a *app.App) error { return w.answer(ctx, a, s) }})
	}
	for _, c := range s.then {
		out = append(out, step{c.ago, func(ctx context.Context, a *app.App) error { return w.turn(ctx, a, s, c) }})
	}
	return out
}

// goTo turns the clock forward when what was pushed until then has arrived.
func (w *world) goTo(ctx context.Context, ago time.Duration) error {
	if err := w.sim.WaitIdle(ctx); err != nil {
		return fmt.Errorf("wait for pushes: %w", err)
	}
	w.past.Store(int64(ago))
	return nil
}

// lastingTokens makes tokens outlive the history: months pass in seconds, in which nobody would renew them.
func (w *world) lastingTokens(last bool) error {
	t := w.sim.Settings()
	t.TokenSeconds = wechatsim.DefaultSettings().TokenSeconds
	if last {
		t.TokenSeconds = int((beginning + day) / time.Second)
	}
	if err := w.sim.SetSettings(t); err != nil {
		return fmt.Errorf("set the life of tokens: %w", err)
	}
	return nil
}

func (w *world) file(ctx context.Context, a *app.App, s *story) (err error) {
	if s.lost {
		w.sim.HoldPushes()
		defer w.sim.LosePushes()
	}
	if s.number, err = w.sim.FileComplaint(s.filing); err != nil {
		return fmt.Errorf("file complaint: %w", err)
	}
	if s.lost {
		for _, ev := range []wechatsim.Event{wechatsim.TimeOut, wechatsim.Withdraw} { // nobody answered what nobody knew
			if err := w.sim.Advance(s.number, ev, wechatsim.AdvanceOptions{}); err != nil {
				return fmt.Errorf("move complaint: %w", err)
			}
		}
		return nil
	}
	c, err := w.heard(ctx, a, s.filing.AppID, s.number, 201)
	if err != nil {
		return err
	}
	s.id = c.ID
	return nil
}

// answer goes through the product, as a merchant's would.
func (w *world) answer(ctx context.Context, a *app.App, s *story) error {
	if _, err := a.Actions.Submit(ctx, action.Intent{
		ComplaintID: s.id, Kind: complaint.Respond, Decision: s.answer.decision, Content: s.answer.text, ActorID: "demo", ActorName: "周敏",
		Source: complaint.FromStaff, RequestKey: "demo/" + s.id,
	}); err != nil {
		return fmt.Errorf("answer complaint: %w", err)
	}
	want := complaint.Status(203)
	if s.answer.decision == action.Refuse {
		want = 204
	}
	_, err := w.heard(ctx, a, s.filing.AppID, s.number, want)
	return err
}

func (w *world) turn(ctx context.Context, a *app.App, s *story, c chapter) error {
	switch {
	case c.due > 0:
		in := int64(c.due / time.Second)
		if err := w.sim.SetComplaint(s.number, wechatsim.ComplaintChange{ExpiresIn: &in}); err != nil {
			return fmt.Errorf("move deadline: %w", err)
		}
	case c.points.Status != 0:
		c.points.AppID, c.points.ComplaintOrderID = s.filing.AppID, s.number
		if _, err := w.sim.Deduct(c.points); err != nil {
			return fmt.Errorf("deduct points: %w", err)
		}
		return w.readStanding(ctx, a, s.filing.AppID)
	default:
		if err := w.sim.Advance(s.number, c.event, wechatsim.AdvanceOptions{Content: c.content}); err != nil {
			return fmt.Errorf("move complaint: %w", err)
		}
		if c.event == wechatsim.PlatformRulesMerchant { // which costs points at once
			return w.readStanding(ctx, a, s.filing.AppID)
		}
	}
	return nil
}
