package api

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
)

//go:embed authorize.html
var authorizeHTML string

var authorizePage = template.Must(template.New("authorize").Parse(authorizeHTML))

// authorizeData fills authorize.html. URLs are ours or made by package program.
type authorizeData struct {
	Words        *authorizeWords
	Title, Text  string
	PCURL        string
	PhoneURL     string
	Phone        bool // opened inside WeChat or on a phone
	RefreshAfter int  // seconds until the links must be made anew
	Program      *program.Program
	Home         string
	Pending      bool
}

// renderAuthorize writes the page. WeChat checks the Referer of whoever opens its page against 授权发起页域名, so the policy must let the origin through
// (reference/wechat-open-platform.md §2).
func (a *API) renderAuthorize(w http.ResponseWriter, r *http.Request, status int, d authorizeData) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Referrer-Policy", "origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("Content-Language", d.Words.Lang)
	h.Set("Vary", "Accept-Language")
	d.Home = a.PublicURL + "/programs"
	w.WriteHeader(status)
	if err := authorizePage.Execute(w, d); err != nil {
		a.Logger.DebugContext(r.Context(), "write authorisation page", "err", err)
	}
}

func onPhone(r *http.Request) bool {
	ua := r.UserAgent()
	if strings.Contains(ua, "WindowsWechat") || strings.Contains(ua, "MacWechat") {
		return false // WeChat's browser on a computer shows the page for computers
	}
	return strings.Contains(ua, "Mobile") || strings.Contains(ua, "MicroMessenger")
}

// authorizeEntry is GET /authorize/{ticket}: our page that leads to WeChat's.
func (a *API) authorizeEntry(w http.ResponseWriter, r *http.Request) {
	e, err := a.Programs.OpenEntry(r.Context(), r.PathValue("ticket"))
	if err != nil {
		a.authorizeFailed(w, r, err)
		return
	}
	words := authorizeIn(r)
	a.renderAuthorize(w, r, http.StatusOK, authorizeData{
		Words: words, Title: words.Title, PCURL: e.PCURL, PhoneURL: e.PhoneURL, Phone: onPhone(r), Program: e.Program,
		RefreshAfter: max(int(e.ExpiresIn.Seconds())-60, 30),
	})
}

func (a *API) authorizeFailed(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(a.problem(r.Context(), err), &p) {
		p = problemOf(http.StatusInternalServerError, CodeInternal, "服务出错了，请稍后再试")
	}
	words := authorizeIn(r)
	text := cmp.Or(words.problem, p.Detail)
	if p.Code == CodeNotFound {
		text = cmp.Or(words.expired, p.Detail)
	}
	a.renderAuthorize(w, r, p.Status, authorizeData{Words: words, Title: words.Failed, Text: text})
}

// entryLimit bounds what strangers with a link can make us ask WeChat: every opening costs a pre-auth code of a daily quota. HEAD, which link previews send, costs
// nothing.
func (a *API) entryLimit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodHead:
			w.WriteHeader(http.StatusOK)
		case !a.entries.Allow():
			w.Header().Set("Retry-After", "5")
			words := authorizeIn(r)
			a.renderAuthorize(w, r, http.StatusTooManyRequests, authorizeData{Words: words, Title: words.Wait, Text: words.WaitText})
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// maxAuthCode bounds what is taken for an authorization code.
const maxAuthCode = 512

// How long the redirect waits for the code to be exchanged before it says that this goes on in the background.
const (
	exchangeWait = 5 * time.Second
	exchangePoll = 100 * time.Millisecond
)

// authorizeDone is GET /authorize/{ticket}/done: WeChat brings the person back with the code. Staff go on to the list; a merchant who was sent the link sees
// the result here.
func (a *API) authorizeDone(w http.ResponseWriter, r *http.Request) {
	ticket, code, words := r.PathValue("ticket"), r.URL.Query().Get("auth_code"), authorizeIn(r)
	if code == "" || len(code) > maxAuthCode {
		a.renderAuthorize(w, r, http.StatusBadRequest, authorizeData{Words: words, Title: words.Unfinished, Text: words.NoResult})
		return
	}
	if err := a.Programs.Returned(r.Context(), ticket, secret.New(code)); err != nil {
		a.authorizeFailed(w, r, err)
		return
	}
	p, err := a.awaitOutcome(r.Context(), ticket)
	if err != nil {
		a.authorizeFailed(w, r, err)
		return
	}
	if a.loggedIn(r) {
		to := a.PublicURL + "/programs"
		if p != nil {
			to += "?authorized=" + p.ID
		}
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	d := authorizeData{Words: words, Title: words.Done, Text: words.DoneText, Program: p}
	if p != nil {
		for _, m := range programViewOf(p, programMore{}).Missing {
			if m.Required {
				d.Title, d.Text = words.Part, words.partText(m.Name, cmp.Or(words.without[m.ID], m.Text))
				break
			}
		}
	}
	if p == nil {
		d = authorizeData{Words: words, Title: words.Pending, Text: words.PendingText, Pending: true}
	}
	a.renderAuthorize(w, r, http.StatusOK, d)
}

func (a *API) awaitOutcome(ctx context.Context, ticket string) (*program.Program, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeWait)
	defer cancel()
	t := time.NewTicker(exchangePoll)
	defer t.Stop()
	for {
		p, err := a.Programs.Outcome(ctx, ticket)
		if p != nil && (p.Name != "" || p.LastError != "") {
			return p, nil
		}
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return p, nil
		case <-t.C:
		}
	}
}

func (a *API) loggedIn(r *http.Request) bool {
	id := a.sessions.GetString(r.Context(), sessionKey)
	if id == "" {
		return false
	}
	p, err := a.Identity.UserPrincipal(r.Context(), id)
	return err == nil && p.Can(identity.RightCasesRead)
}
