package program_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechat/push"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	component       = "wxa4e07c5d28f391d2"
	componentSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	pushToken       = "PushToken0001"
	pushKey         = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	shop            = "wx71b2c83d94e5f607"
	shopUser        = "gh_4b8f0c2d19e7"
	other           = "wx18c4a9e20b7d5f36"
	publicURL       = "https://zhisu.example"
)

// Names of WeChat's calls, as the simulator counts them.
const (
	apiTicket    = "api_start_push_ticket"
	apiComponent = "api_component_token"
	apiPreAuth   = "api_create_preauthcode"
	apiQueryAuth = "api_query_auth"
	apiToken     = "api_authorizer_token"
	apiInfo      = "api_get_authorizer_info"
	apiList      = "api_get_authorizer_list"
	apiDetail    = "complaintOrderDetail"
)

var allSets = []int{76, 151, 19, 30}

// world is a database, a WeChat over HTTP and the program service between them. Both clocks are one, and it stands still.
type world struct {
	*program.Service
	t      *testing.T
	ctx    context.Context
	db     *db.DB
	sealer *secret.Sealer
	clock  *clock.Fake
	sim    *wechatsim.Sim
	gate   *gate
	api    *httptest.Server
	client *wechat.Client
	log    *journal
	caseID string // a complaint about shop, to have something to ask for

	lost   []program.PermissionLostArgs // what drain came across
	failed []error
}

// newWorld builds a world.
func newWorld(t *testing.T, d *db.DB, programs ...wechatsim.Program) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), db: d, sealer: testkit.Sealer(t), clock: testkit.Clock(), log: &journal{}}
	programs = append([]wechatsim.Program{
		{AppID: shop, UserName: shopUser, NickName: "满山茶铺", HeadImg: "https://wx.qlogo.cn/tea", PrincipalName: "杭州满山茶业有限公司", FuncIDs: allSets, Secret: ownSecret},
		{AppID: other, UserName: "gh_a17c93f0b5d2", NickName: "鹿野露营", PrincipalName: "鹿野户外用品店", FuncIDs: allSets},
	}, programs...)
	var err error
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: componentSecret, Token: pushToken, AESKey: pushKey,
		Programs: programs, Now: w.clock.Now, RetryDelays: []time.Duration{0}, AuthDomain: "zhisu.example",
	})
	w.ok(err)
	w.gate = newGate(w.sim.Handler())
	w.api = httptest.NewServer(w.gate)
	t.Cleanup(w.api.Close)
	t.Cleanup(w.gate.open)
	w.client = wechat.New(w.api.URL, nil)
	w.Service = w.instance(nil)
	w.caseID, err = w.sim.FileComplaint(wechatsim.Filing{AppID: shop})
	w.ok(err)
	t.Cleanup(w.noSecretInTheClear)
	return w
}

// instance is one more process on the same database.
func (w *world) instance(hc *http.Client) *program.Service {
	return program.New(program.Options{
		DB: w.db, Sealer: w.sealer, Clock: w.clock, WeChat: wechat.New(w.api.URL, hc),
		Logger: w.logger(),
		URLs:   program.URLs{Public: publicURL, MP: "https://mp.weixin.qq.com", Open: "https://open.weixin.qq.com"},
	})
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func platformConfig() program.PlatformConfig {
	return program.PlatformConfig{
		ComponentAppID: component, Secret: secret.New(componentSecret), Token: secret.New(pushToken), EncodingAESKey: secret.New(pushKey),
	}
}

// connected is a world whose platform has a ticket and a component token.
func connected(t *testing.T, d *db.DB, programs ...wechatsim.Program) *world {
	t.Helper()
	w := newWorld(t, d, programs...)
	w.ok(w.SetPlatform(w.ctx, platformConfig()))
	w.ticket()
	w.drain()
	if n := w.answered(apiComponent); n != 1 {
		t.Fatalf("%d component tokens after the first ticket, want 1 (%v)", n, w.failed)
	}
	return w
}

// ticket makes WeChat's next ticket and stores it as inbound does.
func (w *world) ticket() {
	w.t.Helper()
	w.ok(w.SaveTicket(w.ctx, component, secret.New(w.sim.PushTicket()), 0))
}

// authorized is a program whose admin agreed, with everything that follows done.
func (w *world) authorized(appid string, sets ...int) *program.Program {
	w.t.Helper()
	w.event("authorized", appid, w.agree(appid, sets...))
	w.drain()
	return w.program(appid)
}

// agree plays the admin on WeChat's page; the product has not heard of it.
func (w *world) agree(appid string, sets ...int) (code string) {
	w.t.Helper()
	res, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: appid, FuncIDs: sets, Event: "none"})
	w.ok(err)
	return res.AuthCode
}

// event hands an event of the 授权事件接收 URL over, in a transaction as inbound does.
func (w *world) event(infoType, appid, code string) {
	w.eventAt(w.Service, infoType, appid, code, w.clock.Now())
}

func (w *world) eventAt(s *program.Service, infoType, appid, code string, at time.Time) {
	w.t.Helper()
	w.ok(w.db.InTx(w.ctx, func(ctx context.Context, tx db.Tx) error {
		return s.Apply(ctx, tx, push.PlatformEvent{
			AppID: component, CreateTime: at.Unix(), InfoType: infoType, AuthorizerAppID: appid, AuthorizationCode: code,
		})
	}))
}

// link makes an entry page link and returns its ticket.
func (w *world) link(programID string) string {
	w.t.Helper()
	u, err := w.StartAuthorization(w.ctx, "staff", programID)
	w.ok(err)
	ticket, found := strings.CutPrefix(u, publicURL+"/authorize/")
	if !found || ticket == "" {
		w.t.Fatalf("entry link %q", u)
	}
	return ticket
}

func (w *world) program(appid string) *program.Program {
	w.t.Helper()
	p, err := w.ByAppID(w.ctx, appid)
	w.ok(err)
	return p
}

// read calls WeChat on behalf of shop, as every other package does.
func (w *world) read(ctx context.Context, s *program.Service) error {
	p, err := s.ByAppID(ctx, shop)
	if err != nil {
		return err
	}
	err = s.Call(ctx, p, program.ComplaintSets, func(ctx context.Context, token string) error {
		_, _, err := w.client.ComplaintDetail(ctx, token, w.caseID)
		return err
	})
	if err != nil {
		w.log.note(err)
	}
	return err
}

func (w *world) mustRead() {
	w.t.Helper()
	w.ok(w.read(w.ctx, w.Service))
}

// count is how many calls of an API reached WeChat.
func (w *world) count(api string) int { return len(w.sim.APICalls(api)) }

// answered is how many calls of an API WeChat answered without an error.
func (w *world) answered(api string) int {
	n := 0
	for _, c := range w.sim.APICalls(api) {
		if c.Errcode == 0 && c.HTTPStatus == http.StatusOK && c.Answered {
			n++
		}
	}
	return n
}

// since counts calls from here on.
func (w *world) since(apis ...string) func() map[string]int {
	before := map[string]int{}
	for _, api := range apis {
		before[api] = w.count(api)
	}
	return func() map[string]int {
		now := map[string]int{}
		for _, api := range apis {
			now[api] = w.count(api) - before[api]
		}
		return now
	}
}

func (w *world) fault(f wechatsim.Fault) {
	w.t.Helper()
	w.ok(w.sim.AddFault(f))
}

func (w *world) settings(change func(*wechatsim.Settings)) {
	w.t.Helper()
	s := w.sim.Settings()
	change(&s)
	w.ok(w.sim.SetSettings(s))
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	_, err := w.db.Write().NewRaw(query, args...).Exec(w.ctx)
	w.ok(err)
}

// credential is a token row as the database has it.
type credential struct {
	AccessSealed, RefreshSealed, RefreshHistory, State, Error, LeaseOwner string
	ExpiresAt, LeaseUntil                                                 db.Time
	Version, Refreshes                                                    int64

	access, refresh string
}

func (w *world) credential(kind, appid string) credential {
	w.t.Helper()
	var c credential
	w.ok(w.db.Read.NewRaw(`SELECT access_sealed, refresh_sealed, refresh_history, state, error, lease_owner, expires_at, lease_until, version, refreshes
		FROM credentials WHERE kind = ? AND appid = ?`, kind, appid).Scan(w.ctx, &c.AccessSealed, &c.RefreshSealed, &c.RefreshHistory, &c.State,
		&c.Error, &c.LeaseOwner, &c.ExpiresAt, &c.LeaseUntil, &c.Version, &c.Refreshes))
	for _, f := range []struct {
		column, sealed string
		to             *string
	}{{"access_sealed", c.AccessSealed, &c.access}, {"refresh_sealed", c.RefreshSealed, &c.refresh}} {
		v, err := w.sealer.Open(secret.Place{Table: "credentials", Column: f.column, ID: kind + "/" + appid}, f.sealed)
		w.ok(err)
		*f.to = v.Reveal()
	}
	return c
}

func (w *world) rows(table, where string, args ...any) int {
	w.t.Helper()
	var n int
	w.ok(w.db.Read.NewRaw("SELECT COUNT(*) FROM "+table+" WHERE "+where, args...).Scan(w.ctx, &n))
	return n
}

// journal takes what is logged and every error a test met.
type journal struct {
	mu sync.Mutex
	b  strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) note(err error) { _, _ = fmt.Fprintf(j, "%v %+v %#v\n", err, err, err) }

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// noSecretInTheClear looks at every row, log line and error of the test.
func (w *world) noSecretInTheClear() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.ctx), time.Minute)
	defer cancel()
	values := w.gate.secrets()
	for _, v := range []string{componentSecret, pushToken, pushKey, ownSecret, ownToken} {
		values[v] = "platform value"
	}
	places := map[string]string{"the log": w.log.String()}
	for table, text := range w.dump(ctx) {
		places["table "+table] = text
	}
	for place, text := range places {
		for v, what := range values {
			if strings.Contains(text, v) || strings.Contains(text, url.QueryEscape(v)) {
				w.t.Errorf("%s holds a secret in the clear: %s", place, what)
			}
		}
	}
}

// dump is the text of every row of every table.
func (w *world) dump(ctx context.Context) map[string]string {
	w.t.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`
	if w.db.Engine == db.Postgres {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	var tables []string
	w.ok(w.db.Read.NewRaw(list).Scan(ctx, &tables))
	out := map[string]string{}
	for _, table := range tables {
		rows, err := w.db.Read.QueryContext(ctx, "SELECT * FROM "+table)
		w.ok(err)
		out[table] = w.text(rows)
	}
	return out
}
