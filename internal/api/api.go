package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/time/rate"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/automate"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence"
	"github.com/zhisu/zhisu/internal/gap"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/report"
	"github.com/zhisu/zhisu/internal/retain"
	"github.com/zhisu/zhisu/internal/standing"
)

// Deps are what the API asks.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Logger     *slog.Logger
	PublicURL  string
	Version    string
	Identity   *identity.Service
	Programs   *program.Service
	Complaints *complaint.Service
	Actions    *action.Service
	Evidence   *evidence.Service
	Inbound    *inbound.Service
	Notify     *notify.Service
	Links      *link.Service
	Refunds    *refund.Service
	Gaps       *gap.Service
	Retain     *retain.Service
	Rules      *automate.Service
	Reports    *report.Service
	Standing   *standing.Service
	// TrustedProxies are the reverse proxies whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Ready reports what keeps the process from working; nil = ready.
	Ready func(ctx context.Context) error
}

// API serves /api, /authorize, /healthz and /readyz.
type API struct {
	Deps
	huma     huma.API
	sessions *scs.SessionManager
	entries  *rate.Limiter // of the public authorisation pages
	guesses  guesses       // of one-tap links
	forged   *rate.Limiter // of log lines about refused notifications
}

var humaOnce sync.Once

// New builds the API. With zero Deps it can still describe itself; see OpenAPI.
func New(d Deps) *API {
	humaOnce.Do(func() {
		huma.NewError = newHumaError
		huma.DefaultArrayNullable = false
		sayInWords()
	})
	a := &API{Deps: d, sessions: scs.New(), entries: rate.NewLimiter(rate.Every(2*time.Second), 30), forged: rate.NewLimiter(rate.Every(time.Minute), 5)}
	cfg := huma.DefaultConfig("Zhisu 知诉", d.Version)
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil // no $schema links in answers
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer":  {Type: "http", Scheme: "bearer", Description: "API token from `zhisu token create` or the members page"},
		"session": {Type: "apiKey", In: "cookie", Name: cookieName},
	}
	cfg.Security = []map[string][]string{{"bearer": {}}, {"session": {}}}
	a.huma = humago.New(http.NewServeMux(), cfg)
	return a
}

// OpenAPI returns the document that describes the API.
func OpenAPI(version string) *huma.OpenAPI {
	a := New(Deps{Version: version})
	a.routes()
	return a.huma.OpenAPI()
}

// Register adds everything to mux.
func (a *API) Register(mux *http.ServeMux) {
	a.configureSessions()
	inner := http.NewServeMux()
	cfg := a.huma.OpenAPI()
	a.huma = humago.New(inner, huma.Config{OpenAPI: cfg, Formats: huma.DefaultFormats, DefaultFormat: "application/json"})
	a.routes()
	inner.HandleFunc("/api/v1/", func(w http.ResponseWriter, r *http.Request) {
		a.writeProblem(w, r, problemOf(http.StatusNotFound, CodeNotFound, "没有这个接口"))
	})
	protect := http.NewCrossOriginProtection()
	protect.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.writeProblem(w, r, problemOf(http.StatusForbidden, CodeForbidden, "请求来自别的网站，已拒绝"))
	}))
	mux.Handle("/api/v1/", a.plainText(a.withClientAddr(protect.Handler(a.sessions.LoadAndSave(a.authenticate(a.idempotent(inner)))))))
	mux.HandleFunc("GET /api/openapi.json", a.openapiDocument)
	mux.HandleFunc("GET /api/docs", a.docs)
	mux.Handle("GET /authorize/{ticket}", a.entryLimit(http.HandlerFunc(a.authorizeEntry)))
	mux.Handle("GET /authorize/{ticket}/done", a.entryLimit(a.sessions.LoadAndSave(http.HandlerFunc(a.authorizeDone))))
	mux.HandleFunc("POST /wechatpay/notify/{merchant_id}", a.hearPay)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", a.readyz)
}

func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	if err := a.Ready(r.Context()); err != nil {
		a.Logger.WarnContext(r.Context(), "not ready", "err", err)
		http.Error(w, "not ready", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}
