package api

import (
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
)

// newNotifications is the API with identity, two programs and notifications behind it. Mail goes to a port where nobody listens.
func newNotifications(t *testing.T) (m *members, programs [2]string, port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	d, sealer, log := testkit.SQLite(t), testkit.Sealer(t), slog.New(slog.DiscardHandler)
	id := identity.New(d, sealer, clock.System{})
	n := notify.New(notify.Options{
		DB: d, Sealer: sealer, Clock: clock.System{}, PublicURL: "http://127.0.0.1",
		Providers: map[string]channel.Provider{"email": email.New(email.Options{Dial: outbound.Policy{AllowPrivate: true}.DialContext, Clock: clock.System{}})},
	})
	t.Cleanup(n.Close)
	for i, appid := range []string{"wx0000000000000001", "wx0000000000000002"} {
		p := &program.Program{ID: "p" + appid[len(appid)-1:], AppID: appid, Mode: program.Platform, State: program.Active, CreatedAt: 1, UpdatedAt: 1}
		if _, err := d.Write().NewInsert().Model(p).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		programs[i] = p.ID
	}
	a := New(Deps{
		DB: d, Clock: clock.System{}, Logger: log, PublicURL: "http://127.0.0.1", Version: "test", Identity: id, Notify: n,
		Programs: program.New(program.Options{DB: d, Sealer: sealer, Clock: clock.System{}, Logger: log}),
		Links:    link.New(link.Options{DB: d, Sealer: sealer, Clock: clock.System{}}),
	})
	mux := http.NewServeMux()
	a.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &members{t: t, url: srv.URL + "/api/v1", identity: id, db: d}, programs, port
}

func mailSettings(port int) map[string]any {
	return map[string]any{"host": "127.0.0.1", "port": port, "security": "tls", "username": "shop@example.com", "password": "GEHEIM", "from_name": "知诉"}
}

func asText(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestChannelsOverTheAPI(t *testing.T) {
	m, _, port := newNotifications(t)
	owner := m.with(m.user("owner", identity.Owner))
	c := owner.want(201, "POST", "/channels", map[string]any{"kind": "email", "name": "店铺邮箱", "settings": mailSettings(port)})
	id := c["id"].(string)
	got := owner.want(200, "GET", "/channels/"+id, nil)
	if s := asText(t, got); strings.Contains(s, "GEHEIM") || !strings.Contains(s, `"secrets_set":["password"]`) || got["state"] != "ok" || got["last_error"] != nil {
		t.Errorf("channel = %s", s)
	}

	r := owner.want(200, "POST", "/channels/"+id+"/test", map[string]any{"address": "zhang@example.com"})
	if r["ok"] != false || r["provider_code"] != "refused" || r["text"] == "" {
		t.Errorf("test = %v", r)
	}
	owner.want(422, "POST", "/channels/"+id+"/test", map[string]any{"address": "nonsense"})
	list := owner.want(200, "GET", "/channels", nil)
	if s := asText(t, list); !strings.Contains(s, "refused") || !strings.Contains(s, `"state":"waiting"`) {
		t.Errorf("channels = %s", s)
	}

	c = owner.want(422, "PATCH", "/channels/"+id, map[string]any{"settings": map[string]any{"host": "evil.example"}})
	if !strings.Contains(asText(t, c["errors"]), `"password"`) {
		t.Errorf("problem = %v", c)
	}
	c = owner.want(200, "PATCH", "/channels/"+id, map[string]any{"name": "新名字", "settings": map[string]any{"from_name": "新"}})
	if c["name"] != "新名字" || c["settings"].(map[string]any)["from_name"] != "新" {
		t.Errorf("channel = %v", c)
	}
	owner.want(422, "POST", "/channels", map[string]any{"kind": "sms", "name": "x", "settings": map[string]any{}})

	sub := owner.want(201, "POST", "/subscriptions", map[string]any{
		"events": []string{"complaint.new"}, "receivers": []any{map[string]any{"channel_id": id, "address": "zhang@example.com"}},
	})
	c = owner.want(409, "DELETE", "/channels/"+id, nil)
	if c["code"] != "conflict" {
		t.Errorf("problem = %v", c)
	}
	owner.want(204, "DELETE", "/subscriptions/"+sub["id"].(string), nil)
	owner.want(204, "DELETE", "/channels/"+id, nil)
	owner.want(404, "GET", "/channels/"+id, nil)

	var audit []string
	if err := m.db.Read.NewRaw(`SELECT verb || ' ' || object || ' ' || detail FROM audit ORDER BY id`).Scan(t.Context(), &audit); err != nil {
		t.Fatal(err)
	}
	if s := strings.Join(audit, "\n"); strings.Contains(s, "GEHEIM") || strings.Contains(s, "zhang@") || !strings.Contains(s, "delete channel") {
		t.Errorf("audit = %s", s)
	}
}

func TestWhatNarrowsASubscriptionCanBeChangedKeptAndTakenAway(t *testing.T) {
	m, _, port := newNotifications(t)
	owner := m.with(m.user("owner", identity.Owner))
	ch := owner.want(201, "POST", "/channels", map[string]any{"kind": "email", "name": "邮箱", "settings": mailSettings(port)})["id"]
	sub := "/subscriptions/" + owner.want(201, "POST", "/subscriptions", map[string]any{
		"events": []string{"complaint.new"}, "receivers": []any{map[string]any{"channel_id": ch, "address": "zhang@example.com"}},
	})["id"].(string)
	night, changed := map[string]any{"from": "22:00", "to": "08:00"}, map[string]any{"from": "23:30", "to": "07:00"}
	patch := func(in map[string]any, quiet any, least any) {
		t.Helper()
		got := owner.want(200, "PATCH", sub, in)
		if !reflect.DeepEqual(got["quiet"], quiet) || !reflect.DeepEqual(got["min_amount"], least) {
			t.Errorf("%v: quiet = %v, min_amount = %v; want %v, %v", in, got["quiet"], got["min_amount"], quiet, least)
		}
	}
	patch(map[string]any{"quiet": night, "min_amount": 5000}, night, 5000.0)
	patch(map[string]any{"name": "夜里不吵"}, night, 5000.0)
	patch(map[string]any{"quiet": changed, "min_amount": nil}, changed, nil)
	for _, bad := range []any{"night", 22, []any{}, map[string]any{"from": "22:00"}, map[string]any{"from": "25:00", "to": "08:00"}} {
		owner.want(422, "PATCH", sub, map[string]any{"quiet": bad})
	}
	patch(map[string]any{"quiet": nil}, nil, nil)
}

func TestSubscriptionsStayInsideTheScope(t *testing.T) {
	m, programs, port := newNotifications(t)
	owner, scoped := m.with(m.user("owner", identity.Owner)), m.with(m.user("manager", identity.Manager, programs[0]))
	ch := owner.want(201, "POST", "/channels", map[string]any{"kind": "email", "name": "邮箱", "settings": mailSettings(port)})["id"]
	sub := func(programIDs []string) map[string]any {
		return map[string]any{
			"program_ids": programIDs, "events": []string{"complaint.new"}, "channel_ids": []any{ch}, "receivers": []any{map[string]any{"address": "zhang@example.com"}},
		}
	}
	for _, ids := range [][]string{nil, {}, {programs[1]}, programs[:]} {
		in := sub(ids)
		if ids == nil {
			delete(in, "program_ids")
		}
		scoped.want(422, "POST", "/subscriptions", in)
	}
	owner.want(422, "POST", "/subscriptions", sub([]string{"nothing"}))
	all := owner.want(201, "POST", "/subscriptions", sub([]string{}))
	mine := scoped.want(201, "POST", "/subscriptions", sub([]string{programs[0]}))
	r := mine["receivers"].([]any)[0].(map[string]any)
	if r["address"] != "zhang@example.com" || r["address_masked"] != "z***@example.com" || r["channel_id"] != ch {
		t.Errorf("receiver = %v", r)
	}

	list := scoped.want(200, "GET", "/subscriptions", nil)
	if len(list["items"].([]any)) != 1 {
		t.Errorf("list = %v", list)
	}
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		scoped.want(404, method, "/subscriptions/"+all["id"].(string), map[string]any{})
	}
	scoped.want(422, "PATCH", "/subscriptions/"+mine["id"].(string), map[string]any{"program_ids": []string{}})
	// What GET shows may be sent back.
	got := scoped.want(200, "PATCH", "/subscriptions/"+mine["id"].(string), map[string]any{"receivers": mine["receivers"], "enabled": false})
	if got["enabled"] != false {
		t.Errorf("subscription = %v", got)
	}
}

func TestNotificationsNeedTheirRights(t *testing.T) {
	m, programs, _ := newNotifications(t)
	for _, p := range programs {
		_, err := m.db.Write().NewRaw(`INSERT INTO notices (id, dedupe_key, complaint_id, program_id, event, channel_id, address_sealed, address_masked, state, created_at, updated_at)
			VALUES (?, ?, 'c', ?, 'complaint.new', 'ch', '', 'z***@example.com', 'sent', 1, 1)`, p, p, p).Exec(t.Context())
		if err != nil {
			t.Fatal(err)
		}
	}
	viewer := m.with(m.user("viewer", identity.Viewer, programs[0]))
	for _, path := range []string{"/channels", "/subscriptions"} {
		viewer.want(403, "GET", path, nil)
		m.anonymous().want(401, "GET", path, nil)
	}
	list := viewer.want(200, "GET", "/notices", nil)
	items := list["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["program_id"] != programs[0] || items[0].(map[string]any)["state"] != "sent" {
		t.Errorf("notices = %v", items)
	}
	viewer.want(422, "GET", "/notices?cursor=nonsense", nil)
	list = viewer.want(200, "GET", "/notices?complaint_id=other&state=failed", nil)
	if len(list["items"].([]any)) != 0 {
		t.Errorf("notices = %v", list)
	}
}
