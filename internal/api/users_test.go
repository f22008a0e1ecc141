package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/link"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
)

const membersPassword = "correct horse 电池"

// members is the API with little but identity and programs behind it.
type members struct {
	t        *testing.T
	url      string
	identity *identity.Service
	db       *db.DB
}

func newMembers(t *testing.T) *members {
	t.Helper()
	d, sealer := testkit.SQLite(t), testkit.Sealer(t)
	// scs reckons with the machine's clock, so the rest does too.
	id := identity.New(d, sealer, clock.System{})
	log := slog.New(slog.DiscardHandler)
	n := notify.New(notify.Options{DB: d, Sealer: sealer, Clock: clock.System{}, PublicURL: "http://127.0.0.1"})
	t.Cleanup(n.Close)
	a := New(Deps{
		DB: d, Clock: clock.System{}, Logger: log, PublicURL: "http://127.0.0.1", Version: "test", Identity: id, Notify: n,
		Programs: program.New(program.Options{DB: d, Sealer: sealer, Clock: clock.System{}, Logger: log}),
		Links:    link.New(link.Options{DB: d, Sealer: sealer, Clock: clock.System{}}),
	})
	mux := http.NewServeMux()
	a.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return &members{t: t, url: srv.URL + "/api/v1", identity: id, db: d}
}

// client speaks for one user, by cookie or by token.
type client struct {
	m     *members
	http  *http.Client
	token string
}

func (m *members) anonymous() *client {
	m.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		m.t.Fatal(err)
	}
	return &client{m: m, http: &http.Client{Jar: jar}}
}

func (m *members) user(name string, r identity.Role, programs ...string) identity.User {
	m.t.Helper()
	u, err := m.identity.CreateUser(m.t.Context(), identity.NewUser{
		Email: name + "@example.com", Name: name, Role: r, ProgramIDs: programs, Password: secret.New(membersPassword),
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return u
}

// with returns a client with an API token of u.
func (m *members) with(u identity.User) *client {
	m.t.Helper()
	_, token, err := m.identity.CreateToken(m.t.Context(), u.ID, "test")
	if err != nil {
		m.t.Fatal(err)
	}
	return &client{m: m, http: &http.Client{}, token: token.Reveal()}
}

func (c *client) do(method, path string, in any) (int, map[string]any) {
	t := c.m.t
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.m.url+path, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	if res.StatusCode != http.StatusNoContent {
		if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
			t.Fatalf("%s %s answered %d without JSON: %v", method, path, res.StatusCode, err)
		}
	}
	if s := res.Header.Get("Retry-After"); s != "" {
		out["retry_after"] = s
	}
	return res.StatusCode, out
}

// want fails the test unless the answer has the status, and returns its body.
func (c *client) want(status int, method, path string, in any) map[string]any {
	c.m.t.Helper()
	got, out := c.do(method, path, in)
	if got != status {
		c.m.t.Fatalf("%s %s: %d %v, want %d", method, path, got, out, status)
	}
	return out
}

func (c *client) login(email, password, otp string) (int, map[string]any) {
	c.m.t.Helper()
	return c.do("POST", "/session", map[string]any{"email": email, "password": password, "otp": otp})
}

type obj = map[string]any

func items(out map[string]any) []obj {
	list, _ := out["items"].([]any)
	var os []obj
	for _, it := range list {
		o, _ := it.(obj)
		os = append(os, o)
	}
	return os
}

// TestWhoMayManageMembers tries every operation as every role.
func TestWhoMayManageMembers(t *testing.T) {
	m := newMembers(t)
	target := m.user("target", identity.Viewer)
	roles := []identity.Role{identity.Owner, identity.Manager, identity.Agent, identity.Finance, identity.Viewer}
	for _, tc := range []struct {
		method, path string
		body         obj
		// answers in the order of roles, then without credentials
		want [6]int
	}{
		{"GET", "/users", nil, [6]int{200, 403, 403, 403, 403, 401}},
		{"POST", "/users", obj{"email": "x", "role": "viewer", "password": "short"}, [6]int{422, 403, 403, 403, 403, 401}},
		{"GET", "/users/" + target.ID, nil, [6]int{200, 403, 403, 403, 403, 401}},
		{"PATCH", "/users/" + target.ID, obj{"name": "target"}, [6]int{200, 403, 403, 403, 403, 401}},
		{"DELETE", "/users/" + target.ID + "/totp", nil, [6]int{204, 403, 403, 403, 403, 401}},
		{"DELETE", "/users/nobody", nil, [6]int{404, 403, 403, 403, 403, 401}},
		{"GET", "/tokens", nil, [6]int{200, 200, 200, 200, 200, 401}},
		{"GET", "/tokens?user_id=" + target.ID, nil, [6]int{200, 403, 403, 403, 403, 401}},
		{"POST", "/tokens", obj{"name": ""}, [6]int{422, 422, 422, 422, 422, 401}},
		{"DELETE", "/tokens/nothing", nil, [6]int{404, 404, 404, 404, 404, 401}},
		{"POST", "/me/totp", nil, [6]int{403, 403, 403, 403, 403, 401}}, // not with a token
		{"POST", "/me/totp/confirm", obj{"code": "123456"}, [6]int{403, 403, 403, 403, 403, 401}},
		{"PATCH", "/me", obj{"name": "x"}, [6]int{403, 403, 403, 403, 403, 401}},
		{"PUT", "/me/password", obj{"current": membersPassword, "new": "another good password"}, [6]int{403, 403, 403, 403, 403, 401}},
		{"DELETE", "/me/totp", obj{"password": membersPassword}, [6]int{403, 403, 403, 403, 403, 401}},
		{"GET", "/audit", nil, [6]int{200, 200, 403, 403, 403, 401}},
	} {
		for i, r := range roles {
			name := string(r)
			u, err := m.identity.UserByEmail(t.Context(), name+"@example.com")
			if err != nil {
				u = m.user(name, r)
			}
			if got, out := m.with(u).do(tc.method, tc.path, tc.body); got != tc.want[i] {
				t.Errorf("%s %s as %s: %d %v, want %d", tc.method, tc.path, name, got, out, tc.want[i])
			}
		}
		got, out := m.anonymous().do(tc.method, tc.path, tc.body)
		if got != tc.want[5] || out["code"] != "unauthenticated" {
			t.Errorf("%s %s without credentials: %d %v", tc.method, tc.path, got, out)
		}
	}
}

func TestMembersPage(t *testing.T) {
	m := newMembers(t)
	boss := m.with(m.user("boss", identity.Owner))
	made := boss.want(201, "POST", "/users", obj{"email": " Li.Lei@Example.com", "role": "agent", "password": membersPassword})
	id, _ := made["id"].(string)
	if made["email"] != "li.lei@example.com" || made["name"] != "li.lei" || made["role"] != "agent" || made["disabled"] != false || made["disabled_at"] != nil ||
		made["last_login_at"] != nil || made["totp"] != false {
		t.Errorf("made: %v", made)
	}
	if ids, ok := made["program_ids"].([]any); !ok || len(ids) != 0 {
		t.Errorf("no programs named is an empty list: %v", made["program_ids"])
	}
	if at, _ := made["created_at"].(float64); time.Since(time.UnixMilli(int64(at))) > time.Minute {
		t.Errorf("created_at = %v is not now in Unix ms", made["created_at"])
	}
	for key := range made {
		if strings.Contains(key, "password") || strings.Contains(key, "hash") {
			t.Errorf("the answer has %q", key)
		}
	}
	if got := boss.want(200, "PATCH", "/users/"+id, obj{"role": "finance", "name": "李雷"}); got["role"] != "finance" || got["name"] != "李雷" {
		t.Errorf("patched: %v", got)
	}
	if got := boss.want(200, "GET", "/users/"+id, nil); got["role"] != "finance" || got["email"] != "li.lei@example.com" {
		t.Errorf("read: %v", got)
	}
	boss.want(204, "DELETE", "/users/"+id, nil)
	if got := boss.want(200, "GET", "/users/"+id, nil); got["disabled"] != true || got["disabled_at"] == nil {
		t.Errorf("disabled: %v", got)
	}
	if got := boss.want(200, "PATCH", "/users/"+id, obj{"disabled": false}); got["disabled"] != false {
		t.Errorf("enabled: %v", got)
	}
	list := boss.want(200, "GET", "/users", nil)
	if us := items(list); len(us) != 2 || list["next_cursor"] != nil {
		t.Errorf("list: %v", list)
	}
}

func TestMembersRefusals(t *testing.T) {
	m := newMembers(t)
	owner := m.user("boss", identity.Owner)
	boss := m.with(owner)
	for name, tc := range map[string]struct {
		method, path string
		body         obj
		status       int
		code, field  string
	}{
		"e-mail in use":      {"POST", "/users", obj{"email": "BOSS@example.com", "role": "agent", "password": membersPassword}, 422, "validation", "email"},
		"no e-mail":          {"POST", "/users", obj{"email": "", "role": "agent", "password": membersPassword}, 422, "validation", "email"},
		"weak password":      {"POST", "/users", obj{"email": "a@example.com", "role": "agent", "password": "123456789"}, 422, "validation", "password"},
		"unknown role":       {"POST", "/users", obj{"email": "a@example.com", "role": "admin", "password": membersPassword}, 422, "validation", "role"},
		"unknown program":    {"POST", "/users", obj{"email": "a@example.com", "role": "agent", "password": membersPassword, "program_ids": []string{"p"}}, 422, "validation", "program_ids"},
		"blank program":      {"PATCH", "/users/" + owner.ID, obj{"program_ids": []string{""}}, 422, "validation", "program_ids"},
		"the last owner":     {"PATCH", "/users/" + owner.ID, obj{"role": "viewer"}, 409, "conflict", ""},
		"disable last owner": {"DELETE", "/users/" + owner.ID, nil, 409, "conflict", ""},
		"unknown user":       {"PATCH", "/users/nobody", obj{"name": "x"}, 404, "not_found", ""},
		"an id with a NUL":   {"GET", "/users/%00", nil, 404, "not_found", ""},
		"a bad cursor":       {"GET", "/audit?cursor=x", nil, 422, "validation", "cursor"},
		"a page too long":    {"GET", "/audit?limit=201", nil, 422, "validation", "limit"},
	} {
		status, out := boss.do(tc.method, tc.path, tc.body)
		field := ""
		if errs, _ := out["errors"].([]any); len(errs) > 0 {
			e, _ := errs[0].(obj)
			field, _ = e["field"].(string)
		}
		if status != tc.status || out["code"] != tc.code || field != tc.field {
			t.Errorf("%s: %d %v", name, status, out)
		}
	}
	if us := items(boss.want(200, "GET", "/users", nil)); len(us) != 1 {
		t.Errorf("refusals made users: %v", us)
	}
}

func TestSessionOfADisabledUserEnds(t *testing.T) {
	m := newMembers(t)
	boss, u := m.with(m.user("boss", identity.Owner)), m.user("a", identity.Agent)
	c := m.anonymous()
	if status, out := c.login("a@example.com", membersPassword, ""); status != 200 || out["role"] != "agent" {
		t.Fatalf("log in: %d %v", status, out)
	}
	c.want(200, "GET", "/me", nil)
	boss.want(204, "DELETE", "/users/"+u.ID, nil)
	c.want(401, "GET", "/me", nil)
	boss.want(200, "PATCH", "/users/"+u.ID, obj{"disabled": false})
	c.want(401, "GET", "/me", nil) // the old session does not come back
	if status, _ := c.login("a@example.com", membersPassword, ""); status != 200 {
		t.Errorf("log in again: %d", status)
	}
}

func TestANewPasswordOfOnesOwnKeepsOnlyThisSession(t *testing.T) {
	m := newMembers(t)
	u := m.user("boss", identity.Owner)
	desk, phone := m.anonymous(), m.anonymous()
	for _, c := range []*client{desk, phone} {
		if status, out := c.login(u.Email, membersPassword, ""); status != 200 {
			t.Fatalf("log in: %d %v", status, out)
		}
	}
	desk.want(200, "PATCH", "/users/"+u.ID, obj{"password": "another good password"})
	desk.want(200, "GET", "/me", nil)
	phone.want(401, "GET", "/me", nil)
	desk.want(204, "DELETE", "/session", nil)
	desk.want(401, "GET", "/me", nil)
}

func TestTooManyWrongPasswords(t *testing.T) {
	m := newMembers(t)
	m.user("a", identity.Agent)
	c := m.anonymous()
	var status int
	var out obj
	for range 8 { // 5 are free; a slow machine may wait a block of a second out
		if status, out = c.login("a@example.com", "wrong password", ""); status != 401 {
			break
		}
	}
	if status != 429 || out["code"] != "rate_limited" || out["retry_after"] == nil || out["retry_after"] == "0" {
		t.Errorf("after many wrong passwords: %d %v", status, out)
	}
}

func TestSecondFactorOverHTTP(t *testing.T) {
	m := newMembers(t)
	boss, u := m.with(m.user("boss", identity.Owner)), m.user("a", identity.Agent)
	c := m.anonymous()
	if status, _ := c.login(u.Email, membersPassword, ""); status != 200 {
		t.Fatal("log in")
	}
	e := c.want(200, "POST", "/me/totp", nil)
	key, _ := e["secret"].(string)
	if link, err := url.Parse(e["url"].(string)); err != nil || link.Scheme != "otpauth" || link.Query().Get("secret") != key {
		t.Errorf("url and secret do not fit: %v", err)
	}
	if out := c.want(401, "POST", "/me/totp/confirm", obj{"code": "12345"}); out["code"] != "unauthenticated" {
		t.Errorf("wrong code: %v", out)
	}
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.want(204, "POST", "/me/totp/confirm", obj{"code": code})
	if status, out := m.anonymous().login(u.Email, membersPassword, ""); status != 401 || out["code"] != "otp_required" {
		t.Errorf("without code: %d %v", status, out)
	}
	next, err := totp.GenerateCode(key, time.Now().Add(30*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if status, out := m.anonymous().login(u.Email, membersPassword, next); status != 200 {
		t.Errorf("with the next code: %d %v", status, out)
	}
	if got := boss.want(200, "GET", "/users/"+u.ID, nil); got["totp"] != true {
		t.Errorf("shown as on: %v", got)
	}
	boss.want(204, "DELETE", "/users/"+u.ID+"/totp", nil)
	if status, out := m.anonymous().login(u.Email, membersPassword, ""); status != 200 {
		t.Errorf("after the owner turned it off: %d %v", status, out)
	}
}

func TestTokensAreOnesOwn(t *testing.T) {
	m := newMembers(t)
	boss := m.with(m.user("boss", identity.Owner))
	ua, ub := m.user("a", identity.Agent), m.user("b", identity.Agent)
	a, b := m.with(ua), m.with(ub)
	made := a.want(201, "POST", "/tokens", obj{"name": "对账脚本"})
	plain, _ := made["token"].(string)
	id, _ := made["id"].(string)
	if made["user_id"] != ua.ID || made["name"] != "对账脚本" || !strings.HasSuffix(plain, made["hint"].(string)) {
		t.Errorf("made: %v", made)
	}
	with := &client{m: m, http: &http.Client{}, token: plain}
	if got := with.want(200, "GET", "/me", nil); got["id"] != ua.ID {
		t.Errorf("the token is its user: %v", got)
	}
	for _, it := range items(boss.want(200, "GET", "/tokens", nil)) {
		if _, shown := it["token"]; shown {
			t.Error("a list shows a token in clear")
		}
	}
	whose := func(c *client, path string) []string {
		var us []string
		for _, it := range items(c.want(200, "GET", path, nil)) {
			us = append(us, it["user_id"].(string))
		}
		slices.Sort(us)
		return slices.Compact(us)
	}
	if got := whose(b, "/tokens"); !slices.Equal(got, []string{ub.ID}) {
		t.Errorf("b sees the tokens of %v", got)
	}
	if got := whose(boss, "/tokens"); len(got) != 3 {
		t.Errorf("the owner sees the tokens of %v", got)
	}
	if got := whose(boss, "/tokens?user_id="+ua.ID); !slices.Equal(got, []string{ua.ID}) {
		t.Errorf("the owner asks for a's and sees the tokens of %v", got)
	}
	b.want(404, "DELETE", "/tokens/"+id, nil)
	with.want(200, "GET", "/me", nil)
	a.want(204, "DELETE", "/tokens/"+id, nil)
	with.want(401, "GET", "/me", nil)
	again := a.want(201, "POST", "/tokens", obj{"name": "x"})
	boss.want(204, "DELETE", "/tokens/"+again["id"].(string), nil)
	a.want(404, "DELETE", "/tokens/"+again["id"].(string), nil)
}

func TestAuditIsPagedAndKeepsToTheScope(t *testing.T) {
	m := newMembers(t)
	boss := m.with(m.user("boss", identity.Owner))
	// Straight into identity: no such program is needed for a scope.
	scoped := m.with(m.user("manager", identity.Manager, "p1"))
	for _, p := range []string{"p1", "p2", "p1"} {
		ctx := identity.WithPrincipal(t.Context(), identity.Principal{UserID: "u9", Name: "韩梅梅"})
		e := identity.Entry{Verb: "update", Object: "program", ObjectID: p, ProgramID: p, Detail: obj{"tags": []string{"x"}}}
		if err := m.identity.Record(ctx, m.db.Write(), e); err != nil {
			t.Fatal(err)
		}
	}
	out := scoped.want(200, "GET", "/audit", nil)
	if list := items(out); len(list) != 2 || list[0]["program_id"] != "p1" || list[1]["program_id"] != "p1" || list[0]["actor_name"] != "韩梅梅" {
		t.Errorf("with a scope: %v", out)
	}
	var seen []any
	cursor := ""
	for range 10 {
		out := boss.want(200, "GET", "/audit?object=program&actor_id=u9&limit=2&cursor="+url.QueryEscape(cursor), nil)
		for _, it := range items(out) {
			seen = append(seen, it["object_id"])
		}
		next, ok := out["next_cursor"].(string)
		if !ok {
			break
		}
		cursor = next
	}
	if !slices.Equal(seen, []any{"p1", "p2", "p1"}) {
		t.Errorf("page by page: %v", seen)
	}
	all := items(boss.want(200, "GET", "/audit?object=user", nil))
	if len(all) != 2 || all[0]["program_id"] != nil || all[0]["verb"] != "create" {
		t.Errorf("users: %v", all)
	}
}
