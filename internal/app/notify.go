package app

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/dingtalk"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/notify/channel/feishu"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/notify/channel/offiaccount"
	"github.com/zhisu/zhisu/internal/notify/channel/sms"
	"github.com/zhisu/zhisu/internal/notify/channel/webhook"
	"github.com/zhisu/zhisu/internal/notify/channel/wecom"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/wechat"
)

// buildNotify names every provider of notices.
func (a *App) buildNotify(clk clock.Clock, roots *x509.CertPool, wc *wechat.Client) *notify.Service {
	private := a.Config.AllowPrivateURLs
	dial := outbound.Policy{AllowPrivate: private}.DialContext
	post := hook.Options{HTTP: outbound.Client(outbound.Options{AllowPrivate: private, Roots: roots, Timeout: 15 * time.Second}), AllowPlain: private, Clock: clk}
	vars := varNames()
	return notify.New(notify.Options{
		DB: a.DB, Sealer: a.Sealer, Clock: clk, PublicURL: a.Config.PublicURL, Logger: a.Logger,
		Facts: a.facts(), Members: members{a.Identity}, Links: links{a}, Overview: a.overview,
		Providers: map[string]channel.Provider{
			"email":       email.New(email.Options{Dial: dial, Roots: roots, Clock: clk}),
			"wecom":       wecom.New(post),
			"dingtalk":    dingtalk.New(post),
			"feishu":      feishu.New(post),
			"webhook":     webhook.New(post),
			"offiaccount": offiaccount.New(offiaccount.Options{WeChat: wc, Clock: clk, Vars: vars}),
			"sms": sms.New(sms.Options{
				BaseURL: a.Config.TencentSMSURL, Transport: outbound.Transport(outbound.Options{AllowPrivate: true, Roots: roots}), Clock: clk, Vars: vars,
			}),
		},
	})
}

// varNames are the facts that a template may be filled with.
func varNames() []string {
	var out []string
	for _, v := range notify.Vars() {
		out = append(out, v.Name)
	}
	return out
}

// facts reads what a message says about a case or a program.
type facts struct {
	complaints *complaint.Service
	programs   *program.Service
	actions    *action.Service
	refunds    *refund.Service
	rules      *automate.Service
	publicURL  string
	now        func() time.Time
}

func (a *App) facts() facts {
	return facts{a.Complaints, a.Programs, a.Actions, a.Refunds, a.Rules, a.Config.PublicURL, a.clock.Now}
}

// Facts implements notify.FactsReader.
func (f facts) Facts(ctx context.Context, complaintID string) (notify.Facts, error) {
	c, err := f.complaints.ByID(ctx, complaintID)
	if err != nil {
		return notify.Facts{}, err
	}
	p, err := f.programs.ByID(ctx, c.ProgramID)
	if err != nil {
		return notify.Facts{}, err
	}
	out := notify.Facts{
		ComplaintID: c.ID, ProgramID: p.ID, ProgramName: p.Name, ProgramState: string(p.State), OrderNo: c.ComplaintOrderID,
		Stage: string(c.Stage), StageText: c.Status.Text(), Amount: c.Amount, ProductName: c.ProductName,
		ContentExcerpt: excerpt(c.ContentMasked), DueAt: c.DueAt, CreatedAt: c.CreatedAt,
		Type: int64(c.Type), Tags: p.Tags.V, AssigneeID: c.AssigneeID,
	}
	if out.AssigneeID == "" {
		out.AssigneeID = p.OwnerID
	}
	if c.Stage.WaitsForMerchant() {
		if out.InHand, err = f.inHand(ctx, c); err != nil {
			return notify.Facts{}, err
		}
	}
	d, err := f.rules.DecisionOf(ctx, c.ID)
	if err != nil {
		return notify.Facts{}, err
	}
	if d != nil {
		out.Automation = d.Text()
	}
	if out.ProgramName == "" {
		out.ProgramName = p.AppID
	}
	if c.Type.Known() {
		out.TypeText = c.Type.Text()
	}
	return out, nil
}

// inHand reports whether somebody has seen what a case asks for, is writing an answer, or has sent one that is on its way.
func (f facts) inHand(ctx context.Context, c *complaint.Complaint) (bool, error) {
	if seen, err := f.complaints.AcknowledgedBy(ctx, c); err != nil || seen != nil {
		return seen != nil, err
	}
	if writing, err := f.complaints.EditedBy(ctx, c.ID); err != nil || writing != nil {
		return writing != nil, err
	}
	last, err := f.actions.LastStates(ctx, []string{c.ID})
	switch last[c.ID] {
	case action.Queued, action.Running, action.Unknown:
		return true, err
	}
	return false, err
}

// members are the people with an account.
type members struct{ identity *identity.Service }

// Members implements notify.MembersReader.
func (m members) Members(ctx context.Context) ([]notify.Member, error) {
	us, err := m.identity.ListUsers(ctx)
	if err != nil {
		return nil, err
	}
	out := []notify.Member{}
	for _, u := range us {
		if u.DisabledAt.IsZero() {
			out = append(out, notify.Member{ID: u.ID, Name: u.Name, Email: u.Email, Role: string(u.Role), ProgramIDs: u.ProgramIDs})
		}
	}
	return out, nil
}

// excerpt keeps a message short enough for a glance.
func excerpt(s string) string {
	const limit = 120
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
