package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/zhisu/zhisu/internal/identity"
)

const (
	cookieName = "zhisu_session"
	sessionKey = "user_id"
)

func (a *API) configureSessions() {
	m := a.sessions
	m.Store = a.Identity.SessionStore()
	m.Lifetime = 7 * 24 * time.Hour
	m.IdleTimeout = 48 * time.Hour
	m.Cookie.Name = cookieName
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Secure = strings.HasPrefix(a.PublicURL, "https://")
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		a.Logger.ErrorContext(r.Context(), "session store failed", "err", err)
		a.writeProblem(w, r, problemOf(http.StatusInternalServerError, CodeInternal, "服务出错了，请稍后再试"))
	}
}

var _ scs.CtxStore = (*identity.SessionStore)(nil)

// authenticate puts who is asking into the context: a bearer token if there is one, else the session. A wrong token is refused at once; no credentials at
// all are left to the operation.
func (a *API) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.principal(r)
		switch {
		case errors.Is(err, identity.ErrNotFound):
			// The session's user was disabled or removed.
			if err := a.sessions.Destroy(r.Context()); err != nil {
				a.Logger.WarnContext(r.Context(), "end session", "err", err)
			}
		case err != nil:
			var problem *Problem
			if errors.As(a.problem(r.Context(), err), &problem) {
				a.writeProblem(w, r, problem)
			}
			return
		case p.UserID != "":
			r = r.WithContext(identity.WithPrincipal(r.Context(), p))
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (a *API) principal(r *http.Request) (identity.Principal, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		if token, ok := strings.CutPrefix(h, linkScheme); ok {
			return a.linkPrincipal(r, strings.TrimSpace(token))
		}
		token, ok := strings.CutPrefix(h, "Bearer ")
		if !ok {
			return identity.Principal{}, identity.ErrBadToken
		}
		return a.Identity.AuthenticateToken(r.Context(), strings.TrimSpace(token))
	}
	if id := a.sessions.GetString(r.Context(), sessionKey); id != "" {
		return a.Identity.UserPrincipal(r.Context(), id)
	}
	return a.cookiePrincipal(r)
}

// public marks operations that need no credentials, anyone those that need any.
const (
	public identity.Right = "public"
	anyone identity.Right = "anyone"
)

// answer is what every operation with a body answers. huma compiles its way through a request anew for each pair of input and output, some 30 kB a time, so that
// the inputs alone may differ.
type answer struct {
	Body any
}

// handle registers an operation behind its right: 401 without credentials, 403 without the right. Scope is each handler's own: what is outside is 404.
func handle[I, B any](a *API, right identity.Right, op huma.Operation, h func(ctx context.Context, in *I) (*body[B], error)) {
	describe(a.huma.OpenAPI().Components.Schemas, &op, reflect.TypeFor[B](), reflect.TypeFor[body[B]]().Name()+"Body")
	handleAs(a, right, op, func(ctx context.Context, in *I) (*answer, error) {
		out, err := h(ctx, in)
		if err != nil {
			return nil, err
		}
		return &answer{Body: out.Body}, nil
	})
}

// describe says in the API's description what the body is, which answer no longer tells.
func describe(registry huma.Registry, op *huma.Operation, body reflect.Type, name string) {
	status := strconv.Itoa(cmp.Or(op.DefaultStatus, http.StatusOK))
	op.Responses = map[string]*huma.Response{status: {Content: map[string]*huma.MediaType{
		"application/json": {Schema: registry.Schema(body, true, name)},
	}}}
}

// handleAs is handle for answers with headers, or without a body.
func handleAs[I, O any](a *API, right identity.Right, op huma.Operation, h func(ctx context.Context, in *I) (*O, error)) {
	op.Errors = append(op.Errors, http.StatusUnprocessableEntity)
	if right == public {
		op.Security = []map[string][]string{}
	} else {
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	// Before the request is read: who may not do it is told so, not what is wrong with the body.
	op.Middlewares = append(op.Middlewares, func(hc huma.Context, next func(huma.Context)) {
		var refused *Problem
		if errors.As(permitOperation(hc.Context(), op.OperationID, right), &refused) {
			r, w := humago.Unwrap(hc)
			a.writeProblem(w, r, refused)
			return
		}
		next(hc)
	})
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err == nil {
			err = a.recordLinkUse(ctx, op.OperationID)
		}
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

func permit(ctx context.Context, right identity.Right) error {
	if right == public {
		return nil
	}
	p, ok := identity.FromContext(ctx)
	if !ok {
		return problemOf(http.StatusUnauthorized, CodeUnauthenticated, "请先登录")
	}
	if p.Via == identity.ViaLink {
		return errLoginWanted
	}
	if right != anyone && !p.Can(right) {
		return problemOf(http.StatusForbidden, CodeForbidden, "您的角色没有这项权限，请联系管理员")
	}
	return nil
}

// who returns who is asking; handlers behind handle always have one.
func who(ctx context.Context) identity.Principal {
	p, _ := identity.FromContext(ctx)
	return p
}

// scope returns the programs somebody may see: nil for all.
func scope(ctx context.Context) []string {
	p := who(ctx)
	if p.AllPrograms() {
		return nil
	}
	if p.ProgramIDs == nil {
		return []string{}
	}
	return p.ProgramIDs
}

// wholeInstallation refuses whoever sees only some programs: what belongs to no program concerns all of them.
func wholeInstallation(ctx context.Context) error {
	if !who(ctx).AllPrograms() {
		return problemOf(http.StatusForbidden, CodeForbidden, "您只管理部分小程序，不能更改影响全部小程序的设置")
	}
	return nil
}
