package inbound

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	component = "wxcomponent000001"
	shop      = "wxshop00000000001"
	otherShop = "wxshop00000000002"
	token     = "pushtoken1"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	otherKey  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefg"
	events    = "/wechat/platform/events"
	messages  = "/wechat/platform/messages/"
)

// ear is the push endpoints behind HTTP, with a simulated WeChat that pushes to them. No job runs.
type ear struct {
	t       *testing.T
	db      *db.DB
	clock   *clock.Fake
	inbound *Service
	ps      *program.Service
	metrics *prometheus.Registry
	log     *bytes.Buffer
	url     string
	sim     *wechatsim.Sim
}

// newEar builds the endpoints; nothing is configured yet.
func newEar(t *testing.T, d *db.DB) *ear {
	t.Helper()
	e := &ear{t: t, db: d, clock: testkit.Clock(), metrics: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewJSONHandler(e.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	sealer := testkit.Sealer(t)
	e.ps = program.New(program.Options{DB: d, Sealer: sealer, Clock: e.clock, Logger: log})
	e.inbound = New(Options{DB: d, Sealer: sealer, Clock: e.clock, Programs: e.ps, Logger: log, Metrics: e.metrics})
	mux := http.NewServeMux()
	e.inbound.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	e.url = srv.URL
	var err error
	e.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: "component-secret", Token: token, AESKey: pushKey, Now: e.clock.Now,
		EventsURL: srv.URL + events, MessagesURL: srv.URL + messages + "$APPID$",
		Programs: []wechatsim.Program{{AppID: shop, UserName: "gh_shop1", FuncIDs: []int{76}}, {AppID: otherShop, UserName: "gh_shop2", FuncIDs: []int{76}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// configured is newEar with the platform set and one program connected.
func configured(t *testing.T, d *db.DB) *ear {
	t.Helper()
	e := newEar(t, d)
	e.setPlatform(token, pushKey)
	p := &program.Program{ID: db.NewID(), AppID: shop, UserName: "gh_shop1", Mode: program.Platform, State: program.Active, CreatedAt: 1, UpdatedAt: 1}
	if _, err := d.Write().NewInsert().Model(p).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}

func (e *ear) setPlatform(tok, key string) {
	e.t.Helper()
	err := e.ps.SetPlatform(e.t.Context(), program.PlatformConfig{
		ComponentAppID: component, Secret: secret.New("component-secret"), Token: secret.New(tok), EncodingAESKey: secret.New(key),
	})
	if err != nil {
		e.t.Fatal(err)
	}
}

// send lets the simulator push something, right or wrong.
func (e *ear) send(r wechatsim.RawPush) wechatsim.RawResult {
	e.t.Helper()
	res, err := e.sim.SendRaw(e.t.Context(), r)
	if err != nil {
		e.t.Fatal(err)
	}
	if res.Error != "" {
		e.t.Fatalf("no answer: %s", res.Error)
	}
	return res
}

// file makes a user complain, without the push.
func (e *ear) file(appID string) string {
	e.t.Helper()
	id, err := e.sim.FileComplaint(wechatsim.Filing{AppID: appID, PhoneNumber: "13812346021", OpenID: "oHSiY5RkWq3zL0Xv7pT9bN2mC4dE"})
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

// sealed is a push made by hand. Zero values are right ones.
type sealed struct {
	path, plain, inner, token, key string
	// query changes the signed query, body the finished body.
	query func(q url.Values)
	body  func(b string) string
}

// post seals and sends a letter.
func (e *ear) post(l sealed) (int, string) {
	e.t.Helper()
	or := func(v, other string) string {
		if v == "" {
			return other
		}
		return v
	}
	key, err := msgcrypt.ParseKey(or(l.key, pushKey))
	if err != nil {
		e.t.Fatal(err)
	}
	enc, err := msgcrypt.Encrypt(strings.NewReader("0123456789abcdef"), key, []byte(l.plain), or(l.inner, component))
	if err != nil {
		e.t.Fatal(err)
	}
	stamp, nonce, tok := strconv.FormatInt(e.clock.Now().Unix(), 10), "nonce1", or(l.token, token)
	q := url.Values{
		"timestamp": {stamp}, "nonce": {nonce}, "encrypt_type": {"aes"}, "signature": {msgcrypt.Sign(tok, stamp, nonce)},
		"msg_signature": {msgcrypt.Sign(tok, stamp, nonce, enc)},
	}
	body := "<xml><ToUserName><![CDATA[gh_shop1]]></ToUserName><Encrypt><![CDATA[" + enc + "]]></Encrypt></xml>"
	if l.query != nil {
		l.query(q)
	}
	if l.body != nil {
		body = l.body(body)
	}
	return e.raw(http.MethodPost, or(l.path, messages+shop)+"?"+q.Encode(), strings.NewReader(body))
}

func (e *ear) raw(method, target string, body io.Reader) (int, string) {
	e.t.Helper()
	r, err := http.NewRequestWithContext(e.t.Context(), method, e.url+target, body)
	if err != nil {
		e.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// complaintXML is a complaint push in plain text.
func complaintXML(appID, userName, number string) string {
	return "<xml><ToUserName>" + userName + "</ToUserName><FromUserName>oSystem</FromUserName><CreateTime>1773296280</CreateTime><MsgType>event</MsgType>" +
		"<Event>complaint_callback</Event><BussiCallBackInfo><appid>" + appID + "</appid><complaint_order_id>" + number + "</complaint_order_id>" +
		"<status>201</status></BussiCallBackInfo></xml>"
}

// counted is how many pushes had each result, by URL.
func (e *ear) counted() map[string]float64 {
	e.t.Helper()
	mfs, err := e.metrics.Gather()
	if err != nil {
		e.t.Fatal(err)
	}
	out := map[string]float64{}
	for _, mf := range mfs {
		if mf.GetName() != "zhisu_pushes_total" {
			continue
		}
		for _, m := range mf.GetMetric() {
			var source, result string
			for _, l := range m.GetLabel() {
				switch l.GetName() {
				case "source":
					source = l.GetValue()
				case "result":
					result = l.GetValue()
				}
			}
			out[source+" "+result] = m.GetCounter().GetValue()
		}
	}
	return out
}

// logged are the log lines so far.
func (e *ear) logged() []map[string]any {
	e.t.Helper()
	out := []map[string]any{}
	for line := range strings.Lines(e.log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			e.t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func (e *ear) deliveries() []Delivery {
	e.t.Helper()
	var out []Delivery
	if err := e.db.Read.NewSelect().Model(&out).Order("id").Scan(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
	return out
}

func (e *ear) receivedJobs() int { return len(testkit.Jobs(e.t, e.db, ReceivedArgs{}.Kind())) }

// unchanged fails the test if a table gained or lost a row since before.
func (e *ear) unchanged(before map[string]int) {
	e.t.Helper()
	for table, n := range testkit.Counts(e.t, e.db) {
		if n != before[table] {
			e.t.Errorf("%s has %d rows, had %d", table, n, before[table])
		}
	}
}

func (e *ear) exec(query string) {
	e.t.Helper()
	if _, err := e.db.SQL().ExecContext(context.WithoutCancel(e.t.Context()), query); err != nil {
		e.t.Fatal(err)
	}
}
