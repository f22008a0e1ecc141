package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/program"
)

// finding is one line of the doctor's report.
type finding struct {
	ok   bool
	what string
	hint string
}

// doctor checks config, database, keys, platform, permissions and reachability. It changes nothing but a small file that it stores and deletes again.
func (a *App) doctor(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var all []finding
	for _, c := range []func(context.Context) []finding{a.checkDatabase, a.checkFiles, a.checkPlatform, a.checkPrograms, a.checkMerchants, a.checkRules, a.checkGaps, a.checkReach} {
		all = append(all, c(ctx)...)
	}
	var b strings.Builder
	failed := false
	for _, f := range all {
		mark := "ok  "
		if !f.ok {
			mark, failed = "FAIL", true
		}
		fmt.Fprintf(&b, "%s  %s\n", mark, f.what)
		if f.hint != "" && !f.ok {
			fmt.Fprintf(&b, "      %s\n", f.hint)
		}
	}
	return Result{Out: b.String(), Failed: failed}, nil
}

func (a *App) checkDatabase(ctx context.Context) []finding {
	out := []finding{{ok: true, what: "configuration is readable, keys open the database (" + string(a.DB.Engine) + ")"}}
	ms, err := a.DB.Migrations(ctx)
	pending := 0
	for _, m := range ms {
		if !m.Applied {
			pending++
		}
	}
	out = append(out, finding{ok: err == nil && pending == 0, what: fmt.Sprintf("schema: %d migrations, %d pending", len(ms), pending), hint: "run: zhisu migrate up"})
	if needed, err := a.Identity.NeedsSetup(ctx); err != nil || needed {
		out = append(out, finding{what: "no owner exists yet", hint: "open the one-time link that serve prints at start"})
	}
	return out
}

func (a *App) checkPlatform(ctx context.Context) []finding {
	st, err := a.Programs.Platform(ctx)
	if errors.Is(err, program.ErrNoPlatform) {
		if own, lerr := a.Programs.List(ctx, program.Filter{Listed: true, Mode: program.Direct, Limit: 1}); lerr == nil && len(own) > 0 {
			return []finding{{ok: true, what: "third-party platform: not configured, and not needed: programs have their own AppSecret"}}
		}
		return []finding{{what: "third-party platform: not configured", hint: "fill in 设置 → 第三方平台, or set ZHISU_COMPONENT_…"}}
	}
	if err != nil {
		return []finding{{what: "third-party platform: cannot be read", hint: err.Error()}}
	}
	now := time.Now()
	complete := finding{ok: st.HasSecret && st.HasToken && st.HasAESKey, what: "third-party platform " + st.ComponentAppID + " has secret, token and key"}
	ticket := finding{ok: now.Sub(st.TicketReceived.Time()) < 30*time.Minute, what: "component_verify_ticket: none received", hint: "WeChat pushes one every 10 minutes to " + a.Config.PublicURL + "/wechat/platform/events"}
	if !st.TicketReceived.IsZero() {
		ticket.what = fmt.Sprintf("component_verify_ticket received %s ago", now.Sub(st.TicketReceived.Time()).Round(time.Second))
	}
	token := finding{ok: st.TokenExpires.Time().After(now), what: "component_access_token is valid", hint: st.TokenError}
	if !token.ok {
		token.what = "component_access_token: none valid"
	}
	return []finding{complete, ticket, token}
}

func (a *App) checkPrograms(ctx context.Context) []finding {
	ps, err := a.Programs.List(ctx, program.Filter{Listed: true})
	if err != nil {
		return []finding{{what: "programs cannot be read", hint: err.Error()}}
	}
	out := []finding{{ok: true, what: fmt.Sprintf("%d programs", len(ps))}}
	for i := range ps {
		p := &ps[i]
		if p.State == program.Revoked {
			// The merchant's decision, and no fault of this installation.
			out = append(out, finding{ok: true, what: p.AppID + " " + p.Name + ": the merchant took the authorisation back; authorise it again or remove it"})
			continue
		}
		if p.Mode == program.Direct && p.LastError != "" {
			out = append(out, finding{what: p.AppID + " " + p.Name + ": its own AppSecret does not work", hint: p.LastError})
		}
		for _, id := range p.Missing() {
			if s := program.SetByID(id); s.Required {
				out = append(out, finding{what: fmt.Sprintf("%s %s lacks permission set %d %s", p.AppID, p.Name, id, s.Name), hint: s.Without})
			}
		}
	}
	return out
}

func (a *App) checkReach(ctx context.Context) []finding {
	out := []finding{a.reach(ctx, "WeChat's API", a.Config.WechatAPIURL)}
	// Whoever refunds elsewhere need not reach WeChat Pay.
	switch ms, err := a.Refunds.Merchants(ctx); {
	case err != nil:
		out = append(out, finding{what: "merchants cannot be read", hint: err.Error()})
	case len(ms) == 0:
		out = append(out, finding{ok: true, what: "no merchant of WeChat Pay is set up: refunds are not made here"})
	default:
		out = append(out, a.reach(ctx, "WeChat Pay", a.Config.WechatPayURL))
	}
	return append(out, a.publicReach(ctx))
}

// reach connects without sending anything.
func (a *App) reach(ctx context.Context, name, raw string) finding {
	f := finding{what: name + " is reachable at " + raw}
	u, err := url.Parse(raw)
	if err == nil {
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
		}
		var conn net.Conn
		d := net.Dialer{Timeout: 5 * time.Second}
		if conn, err = d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port)); err == nil {
			err = conn.Close()
		}
	}
	if f.ok = err == nil; !f.ok {
		f.what, f.hint = name+" is not reachable at "+raw, "check DNS, firewall and proxy of this machine"
	}
	return f
}

func (a *App) publicReach(ctx context.Context) finding {
	f := finding{what: "this installation answers at " + a.Config.PublicURL}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Config.PublicURL+"/healthz", nil)
	roots, rerr := outbound.Roots(a.Config.ExtraCAFile)
	if err = errors.Join(err, rerr); err == nil {
		var resp *http.Response
		t := outbound.Transport(outbound.Options{Roots: roots, AllowPrivate: true})
		defer t.CloseIdleConnections()
		if resp, err = (&http.Client{Timeout: 10 * time.Second, Transport: t}).Do(req); err == nil {
			f.ok = resp.StatusCode == http.StatusOK
			err = resp.Body.Close()
		}
	}
	if !f.ok || err != nil {
		f.ok, f.what = false, "this installation does not answer at "+a.Config.PublicURL
		f.hint = "serve must be running and ZHISU_PUBLIC_URL must lead to it; WeChat pushes there"
	}
	return f
}
