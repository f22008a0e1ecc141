package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
)

// A one-tap link comes in by the header Authorization: Link <token>. Pictures are asked for by the browser itself, without headers of ours, so opening a link also
// sets a cookie, one for each link, that is good for reading alone.
const (
	linkScheme      = "Link "
	linkCookie      = "zhisu_link_"
	maxLinkCookies  = 8
	linkUser        = "link:" // before the id of the link: no user has such an id
	codeLoginWanted = "login_required"
	codeLinkEnded   = "link_ended"
)

var (
	errLoginWanted = problemOf(http.StatusForbidden, codeLoginWanted, "通过链接不能做这一步，请登录处理")
	errLinkEnded   = problemOf(http.StatusUnauthorized, codeLinkEnded, "链接已失效，请登录处理")
	errLinkUnknown = problemOf(http.StatusNotFound, CodeNotFound, "链接已失效")
)

// linkUse says what an operation takes of a link.
type linkUse struct {
	act    bool // needs link.Act
	record bool // is a use for the audit trail
}

// linkOperations are all that a link can do. What is not here wants a login: money, personal data in clear, other cases, settings.
var linkOperations = map[string]linkUse{
	"get-complaint":          {},
	"get-complaint-image":    {},
	"get-action":             {},
	"get-evidence":           {},
	"get-evidence-file":      {},
	"acknowledge-complaint":  {record: true},
	"add-note":               {record: true},
	"respond-complaint":      {act: true, record: true},
	"supplement-complaint":   {act: true, record: true},
	"prove-complaint":        {act: true, record: true},
	"appeal-complaint":       {act: true, record: true},
	"upload-evidence":        {act: true, record: true},
	"edit-evidence":          {act: true, record: true},
	"delete-evidence":        {act: true, record: true},
	"preview-action":         {act: true},
	"get-advice":             {act: true},
	"edit-complaint":         {act: true},
	"stop-editing-complaint": {act: true},
	"stop-automation":        {act: true, record: true},
}

// permitOperation is permit, knowing the operation: a link's rights hang on that.
func permitOperation(ctx context.Context, operation string, right identity.Right) error {
	p, _ := identity.FromContext(ctx)
	if right == public || p.Via != identity.ViaLink {
		return permit(ctx, right)
	}
	if use, ok := linkOperations[operation]; !ok || use.act && !p.CasesAct {
		return errLoginWanted
	}
	return nil
}

// seesCase reports whether a case is in the scope of who is asking.
func seesCase(ctx context.Context, complaintID, programID string) bool {
	p := who(ctx)
	if p.Via == identity.ViaLink {
		return slices.Contains(p.CaseIDs, complaintID)
	}
	return p.Sees(programID)
}

// linkPrincipal returns who comes with a link.
func (a *API) linkPrincipal(r *http.Request, token string) (identity.Principal, error) {
	l, err := a.findLink(r, token)
	if err != nil {
		return identity.Principal{}, err
	}
	state, err := a.linkState(r.Context(), l)
	if err != nil {
		return identity.Principal{}, err
	}
	if state != link.Active {
		return identity.Principal{}, errLinkEnded
	}
	return identity.Principal{
		UserID: linkUser + l.ID, Name: linkName(l), Via: identity.ViaLink, CaseIDs: []string{l.ComplaintID}, CasesAct: l.Rights == link.Act,
	}, nil
}

func linkName(l *link.Link) string { return "链接：" + l.AddressMasked }

// linkState is the link's own, and also revoked while its member may not see the case.
func (a *API) linkState(ctx context.Context, l *link.Link) (link.State, error) {
	state := l.State(a.Clock.Now())
	if state != link.Active || l.UserID == "" {
		return state, nil
	}
	p, err := a.Identity.UserPrincipal(ctx, l.UserID)
	if errors.Is(err, identity.ErrNotFound) || err == nil && !p.Sees(l.ProgramID) {
		return link.Revoked, nil
	}
	return state, err
}

// cookiePrincipal is who looks at pictures with the cookies of links; nobody when there are none that work.
func (a *API) cookiePrincipal(r *http.Request) (identity.Principal, error) {
	p := identity.Principal{UserID: linkUser, Name: "链接", Via: identity.ViaLink}
	seen := 0
	for _, c := range r.Cookies() {
		if !strings.HasPrefix(c.Name, linkCookie) || r.Method != http.MethodGet || seen == maxLinkCookies {
			continue
		}
		seen++
		one, err := a.linkPrincipal(r, c.Value)
		var refused *Problem
		switch {
		case errors.As(err, &refused):
		case err != nil:
			return identity.Principal{}, err
		default:
			p.CaseIDs = append(p.CaseIDs, one.CaseIDs...)
		}
	}
	if len(p.CaseIDs) == 0 {
		return identity.Principal{}, nil
	}
	return p, nil
}

// findLink looks a token up, unless too many wrong ones came from the same address.
func (a *API) findLink(r *http.Request, token string) (*link.Link, error) {
	return a.lookUpLink(r.Context(), token, a.clientAddr(r))
}

func (a *API) lookUpLink(ctx context.Context, token, addr string) (*link.Link, error) {
	now := a.Clock.Now()
	if !a.guesses.allowed(addr, now) {
		p := problemOf(http.StatusTooManyRequests, CodeRateLimited, "操作太频繁，请稍后再试")
		p.headers = http.Header{"Retry-After": {"60"}}
		return nil, p
	}
	l, err := a.Links.Find(ctx, token)
	if errors.Is(err, link.ErrNotFound) {
		a.guesses.wrong(addr, now)
		return nil, errLinkUnknown
	}
	return l, err
}

// recordLinkUse writes a use of a link into the audit trail.
func (a *API) recordLinkUse(ctx context.Context, operation string) error {
	p := who(ctx)
	if p.Via != identity.ViaLink || !linkOperations[operation].record {
		return nil
	}
	l, err := a.Links.ByID(ctx, strings.TrimPrefix(p.UserID, linkUser))
	if err != nil {
		return err
	}
	return a.linkUsed(ctx, l, "use", operation)
}

// guesses counts wrong tokens by address. A token has 160 bits, so this keeps out noise rather than luck.
type guesses struct {
	mu sync.Mutex
	by map[string]*rate.Limiter
}

const (
	wrongTokens      = 20 // at once
	wrongTokensEvery = 30 * time.Second
	maxGuessers      = 10_000
)

func (g *guesses) allowed(addr string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.by[addr]
	return !ok || l.TokensAt(now) >= 1
}

func (g *guesses) wrong(addr string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.by == nil || len(g.by) >= maxGuessers {
		g.by = map[string]*rate.Limiter{}
	}
	l, ok := g.by[addr]
	if !ok {
		l = rate.NewLimiter(rate.Every(wrongTokensEvery), wrongTokens)
		g.by[addr] = l
	}
	l.AllowN(now, 1)
}
