package api

import (
	"context"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
)

type workbench struct {
	Todo     int64              `json:"todo" doc:"Cases that wait for the merchant"`
	Due12h   int64              `json:"due_12h"`
	NewToday int64              `json:"new_today" doc:"Filed since midnight, Beijing time"`
	Overdue  int64              `json:"overdue"`
	DueSoon  []ComplaintSummary `json:"due_soon" doc:"At most 8, least time left first"`
	Health   []healthItem       `json:"health"`
	Days     []day              `json:"days" doc:"The last 14 days of Beijing, today last"`
}

type day struct {
	Date    string `json:"date" format:"date" example:"2026-03-12"`
	Created int64  `json:"created" doc:"Complaints filed"`
	Closed  int64  `json:"closed" doc:"Complaints seen to be closed"`
}

const daysShown = 14

type healthItem struct {
	ID        string  `json:"id"`
	State     string  `json:"state" enum:"ok,waiting,failed"`
	Text      string  `json:"text"`
	Hint      string  `json:"hint"`
	ProgramID *string `json:"program_id"`
	// Code and Params are what Text and Hint say, for readers of another language.
	Code   *string           `json:"code" enum:"program_revoked,permission_missing,push_silent,channel_failing" doc:"What is wrong; null = id and state say it"`
	Params map[string]string `json:"params" doc:"What the sentence names: program, name (of a permission or channel), set, days"`
	Link   string            `json:"link" doc:"Where in the web UI to mend it: platform, programs, notifications, deliveries, gaps"`
}

func (a *API) getWorkbench(ctx context.Context, _ *empty) (*body[workbench], error) {
	n, err := a.Complaints.Counts(ctx, scope(ctx))
	if err != nil {
		return nil, err
	}
	t, err := a.Complaints.Totals(ctx, scope(ctx))
	if err != nil {
		return nil, err
	}
	cs, _, err := a.Complaints.List(ctx, complaint.ViewMine.Apply(complaint.Filter{ProgramIDs: scope(ctx), Sort: complaint.ByDue, Limit: 8}, a.Clock.Now()))
	if err != nil {
		return nil, err
	}
	w := workbench{Todo: n[complaint.ViewMine], Due12h: n[complaint.ViewDueSoon], NewToday: t.NewToday, Overdue: t.Overdue}
	if w.DueSoon, err = a.summaries(ctx, cs); err != nil {
		return nil, err
	}
	days, err := a.Complaints.Days(ctx, scope(ctx), daysShown)
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		w.Days = append(w.Days, day{d.At.Format(time.DateOnly), d.Created, d.Closed})
	}
	w.Health, err = a.health(ctx)
	return &body[workbench]{w}, err
}

// health lists failures first, then what was checked and works, so that nothing missing looks green.
func (a *API) health(ctx context.Context) ([]healthItem, error) {
	ps, err := a.Programs.List(ctx, program.Filter{IDs: scope(ctx), Listed: true})
	if err != nil {
		return nil, err
	}
	bad, good := []healthItem{}, []healthItem{}
	add := func(h healthItem) {
		if h.State == "failed" {
			bad = append(bad, h)
			return
		}
		good = append(good, h)
	}
	if who(ctx).Can(identity.RightPlatform) {
		v, err := a.platformView(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range v.Checks {
			if c.ID == "ticket" || c.ID == "token" {
				add(healthItem{ID: "platform_" + c.ID, State: c.State, Text: c.Text, Hint: c.Hint, Link: "platform"})
			}
		}
	}
	if err := a.programHealth(ctx, ps, add); err != nil {
		return nil, err
	}
	if err := a.noticeHealth(ctx, add); err != nil {
		return nil, err
	}
	return append(bad, good...), nil
}

func (a *API) programHealth(ctx context.Context, ps []program.Program, add func(healthItem)) error {
	silent, err := a.Gaps.Silent(ctx, ps)
	if err != nil {
		return err
	}
	healthy := 0
	for i := range ps {
		p := &ps[i]
		v := programViewOf(p, programMore{})
		item := healthItem{ID: "program", State: "failed", ProgramID: &p.ID, Link: "programs"}
		switch {
		case p.State == program.Revoked:
			item.say("program_revoked", map[string]string{"program": v.Name}, "「"+v.Name+"」已取消授权", "收不到新投诉，请管理员重新授权")
		case p.State == program.Disabled:
			continue
		case len(v.Missing) > 0 && v.Missing[0].Required:
			m := v.Missing[0]
			item.say("permission_missing", map[string]string{"program": v.Name, "name": m.Name, "set": itoa(m.ID)}, "「"+v.Name+"」缺少权限「"+m.Name+"」", m.Text)
		case silent[p.ID] > 0:
			quiet := a.Clock.Now().Sub(silent[p.ID].Time())
			item.State, item.Link = "waiting", "gaps"
			item.say("push_silent", map[string]string{"program": v.Name, "days": itoa(int(quiet.Hours() / 24))}, "「"+v.Name+"」"+ago(quiet)+"没有推送，比以往都久", "可能真的没有投诉，也可能是推送断了")
		default:
			healthy++
			continue
		}
		add(item)
	}
	if healthy > 0 {
		add(healthItem{ID: "programs", State: "ok", Text: plural(healthy) + "授权正常", Link: "programs"})
	}
	return nil
}

func (h *healthItem) say(code string, params map[string]string, text, hint string) {
	h.Code, h.Params, h.Text, h.Hint = &code, params, text, hint
}

func plural(n int) string { return itoa(n) + " 个小程序" }

// noticeHealth shows channels that fail; silence there means complaints that nobody hears of.
func (a *API) noticeHealth(ctx context.Context, add func(healthItem)) error {
	if !who(ctx).Can(identity.RightNotify) {
		return nil
	}
	cs, err := a.Notify.ListChannels(ctx)
	if err != nil {
		return err
	}
	healthy := 0
	for _, c := range cs {
		if c.Enabled && c.LastError != "" {
			item := healthItem{ID: "channel", State: "failed", Link: "notifications"}
			item.say("channel_failing", map[string]string{"name": c.Name}, "通知渠道「"+c.Name+"」发送失败", c.LastError)
			add(item)
		} else if c.Enabled {
			healthy++
		}
	}
	switch {
	case len(cs) == 0:
		add(healthItem{ID: "channels", State: "failed", Text: "还没有设置通知渠道", Hint: "有新投诉时没有人会收到通知", Link: "notifications"})
	case healthy > 0:
		add(healthItem{ID: "channels", State: "ok", Text: itoa(healthy) + " 个通知渠道正常", Link: "notifications"})
	}
	return nil
}
