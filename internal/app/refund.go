package app

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// buildRefunds connects WeChat Pay.
func (a *App) buildRefunds(clk clock.Clock, roots *x509.CertPool) *refund.Service {
	// The host is set by whoever runs the process, so private addresses are allowed.
	hc := outbound.Client(outbound.Options{Roots: roots, AllowPrivate: true, Timeout: 30 * time.Second, UseProxy: true})
	return refund.New(refund.Options{
		DB: a.DB, Sealer: a.Sealer, Clock: clk, Programs: merchants{a.Programs}, Cases: a.Complaints, Pay: wxpay.New(a.Config.WechatPayURL, hc, clk),
		PublicURL: a.Config.PublicURL, NoNotify: onlyHere(a.Config.PublicURL) && !onlyHere(a.Config.WechatPayURL), Logger: a.Logger,
		Allow: func(ctx context.Context, tx db.Tx, r *refund.Refund) (string, error) {
			return a.Rules.AllowRefund(ctx, tx, r)
		},
	})
}

// onlyHere reports whether an address leads nowhere but to this machine: WeChat Pay refuses refunds that name such a notification address.
func onlyHere(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && (ip.IsLoopback() || ip.IsUnspecified())
}

// merchants tells refunds which program uses which merchant.
type merchants struct{ programs *program.Service }

// Program implements refund.Programs.
func (m merchants) Program(ctx context.Context, id string) (refund.Program, error) {
	p, err := m.programs.ByID(ctx, id)
	if err != nil {
		return refund.Program{}, err
	}
	return refund.Program{ID: p.ID, Name: p.Name, AppID: p.AppID, MerchantID: p.MerchantID}, nil
}

// OfMerchants implements refund.Programs.
func (m merchants) OfMerchants(ctx context.Context) (map[string][]string, error) {
	ps, err := m.programs.List(ctx, program.Filter{Listed: true})
	if err != nil {
		return nil, err
	}
	out := map[string][]string{}
	for i := range ps {
		if id := ps[i].MerchantID; id != "" {
			out[id] = append(out[id], ps[i].ID)
		}
	}
	return out, nil
}

// refundSettled tells people what became of a refund.
func (a *App) refundSettled(ctx context.Context, j refund.SettledArgs) error {
	if err := a.Rules.RefundSettled(ctx, j.RefundID); err != nil {
		return err
	}
	if j.State == refund.Rejected || j.State == refund.Cancelled {
		return nil // what became of it is told by the rule
	}
	kind := notify.EventRefundFailed
	if j.State == refund.Done {
		kind = notify.EventRefundDone
	}
	return a.Notify.Plan(ctx, notify.Event{Kind: kind, ComplaintID: j.ComplaintID, Key: fmt.Sprintf("%s/%s/%d", j.RefundID, j.State, j.Turn)})
}

// merchantExpiring tells whoever hears of one of a merchant's programs that its certificate ends soon: without it nothing can be refunded.
func (a *App) merchantExpiring(ctx context.Context, j refund.ExpiringArgs) error {
	used, err := merchants{a.Programs}.OfMerchants(ctx)
	if err != nil {
		return err
	}
	a.Logger.WarnContext(ctx, "a merchant certificate ends soon", "merchant", j.MerchantID, "days", j.Days)
	for _, id := range used[j.MerchantID] {
		if err := a.Notify.Plan(ctx, notify.Event{Kind: notify.EventMerchantExpiring, ProgramID: id, Key: expiryKey(j)}); err != nil {
			return err
		}
	}
	return nil
}

// checkMerchants is the doctor's look at WeChat Pay credentials.
func (a *App) checkMerchants(ctx context.Context) []finding {
	ms, err := a.Refunds.Merchants(ctx)
	if err != nil {
		return []finding{{what: "merchants cannot be read", hint: err.Error()}}
	}
	out := []finding{}
	for i := range ms {
		name := "merchant " + ms[i].MchID + " " + ms[i].Name
		c, err := a.Refunds.CheckMerchant(ctx, ms[i].ID)
		if err != nil {
			out = append(out, finding{what: name + " cannot be checked", hint: err.Error()})
			continue
		}
		f := finding{ok: c.OK, what: name + ": WeChat Pay accepts its credentials"}
		if !c.OK {
			f.what = name + ": WeChat Pay does not accept its credentials"
		}
		for _, p := range c.Problems {
			if p.Warning {
				f.what += "; " + p.Text
			} else {
				f.hint += p.Text + " "
			}
		}
		out = append(out, f)
	}
	w, err := a.Refunds.Watch(ctx)
	if err != nil {
		return append(out, finding{what: "refunds cannot be read", hint: err.Error()})
	}
	f := finding{ok: w.Oldest.IsZero() || time.Since(w.Oldest.Time()) < 7*24*time.Hour, what: "no refund is on its way for more than a week"}
	if !f.ok {
		f.what, f.hint = "a refund is on its way since "+w.Oldest.Time().Format(time.DateOnly), "see 退款 in the web interface"
	}
	return append(out, f)
}
