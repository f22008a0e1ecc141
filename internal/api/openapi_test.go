package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/testkit"
)

// operation is one entry of the document.
type operation struct {
	method, path string
	*huma.Operation
}

func operations() []operation {
	var out []operation
	for path, item := range OpenAPI("test").Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete,
		} {
			if op != nil {
				out = append(out, operation{method, path, op})
			}
		}
	}
	slices.SortFunc(out, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return out
}

func (o operation) params(in string) []string {
	var out []string
	for _, p := range o.Parameters {
		if p.In == in {
			out = append(out, p.Name)
		}
	}
	return out
}

var idStyle = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

func TestEveryOperationIsDescribed(t *testing.T) {
	ids := map[string]string{}
	ops := operations()
	if len(ops) < 30 {
		t.Fatalf("only %d operations are in the document", len(ops))
	}
	for _, o := range ops {
		name := o.method + " " + o.path
		if !strings.HasPrefix(o.path, "/api/v1/") {
			t.Errorf("%s is outside of /api/v1", name)
		}
		if !idStyle.MatchString(o.OperationID) || o.Summary == "" || len(o.Tags) != 1 || o.Tags[0] == "" {
			t.Errorf("%s: id %q, summary %q, tags %v", name, o.OperationID, o.Summary, o.Tags)
		}
		if other, ok := ids[o.OperationID]; ok {
			t.Errorf("%s and %s have the same id", name, other)
		}
		ids[o.OperationID] = name
		for _, p := range o.Parameters {
			if p.In == "path" && !strings.Contains(o.path, "{"+p.Name+"}") {
				t.Errorf("%s: parameter %s is not in the path", name, p.Name)
			}
		}
		if got, want := len(o.params("path")), strings.Count(o.path, "{"); got != want {
			t.Errorf("%s describes %d of %d path parameters", name, got, want)
		}
	}
}

func TestListsArePagedAlike(t *testing.T) {
	// short by nature: one page
	whole := []string{
		"list-users", "list-tokens", "list-channels", "list-subscriptions", "list-templates", "list-links", "list-members", "list-merchants", "list-bindings", "list-channel-variables", "list-rules",
	}
	for _, o := range operations() {
		if !strings.HasPrefix(o.OperationID, "list-") || o.OperationID == "list-channel-templates" { // the provider's own answer
			continue
		}
		if q := o.params("query"); !slices.Contains(whole, o.OperationID) && (!slices.Contains(q, "cursor") || !slices.Contains(q, "limit")) {
			t.Errorf("%s takes %v", o.OperationID, q)
		}
		ok := o.Responses["200"]
		if ok == nil || ok.Content["application/json"] == nil {
			t.Errorf("%s has no answer", o.OperationID)
			continue
		}
		s := ok.Content["application/json"].Schema
		if s.Ref != "" {
			s = OpenAPI("test").Components.Schemas.SchemaFromRef(s.Ref)
		}
		if s.Properties["items"] == nil || s.Properties["next_cursor"] == nil {
			t.Errorf("%s answers %v", o.OperationID, s.Properties)
		}
	}
}

// contract is what scripts rely on (design §6.4).
func TestTheContractsParametersAreThere(t *testing.T) {
	want := map[string][]string{
		"list-complaints": {
			"program_id", "status", "stage", "type", "q", "due_before", "created_from", "created_to", "sort", "cursor", "limit",
		},
		"list-programs":   {"cursor", "limit"},
		"list-deliveries": {"cursor", "limit"},
		"list-notices":    {"cursor", "limit"},
		"list-audit":      {"cursor", "limit"},
	}
	paths := []string{
		"GET /me", "GET /platform", "PUT /platform", "GET /programs", "POST /programs/authorizations", "GET /programs/{id}", "PATCH /programs/{id}",
		"POST /programs/{id}/refresh", "GET /complaints", "POST /complaints/import", "GET /complaints/{id}", "POST /complaints/{id}/sync",
		"POST /complaints/{id}/respond", "POST /complaints/{id}/reveal", "GET /actions/{id}", "GET /channels", "POST /channels", "POST /channels/{id}/test",
		"GET /subscriptions", "GET /notices", "GET /users", "PATCH /users/{id}", "GET /tokens", "GET /audit", "GET /deliveries", "GET /deliveries/{id}",
		"POST /deliveries/{id}/replay", "POST /session", "DELETE /session",
	}
	have := map[string]bool{}
	for _, o := range operations() {
		have[o.method+" "+strings.TrimPrefix(o.path, "/api/v1")] = true
		for _, p := range want[o.OperationID] {
			if !slices.Contains(o.params("query"), p) {
				t.Errorf("%s does not take %s", o.OperationID, p)
			}
		}
		delete(want, o.OperationID)
		for _, p := range o.Parameters {
			if p.Name == "limit" && (p.Schema.Maximum == nil || *p.Schema.Maximum != 200) {
				t.Errorf("%s: limit has another maximum", o.OperationID)
			}
		}
	}
	for id := range want {
		t.Errorf("there is no %s", id)
	}
	for _, p := range paths {
		if !have[p] {
			t.Errorf("there is no %s", p)
		}
	}
}

func TestTheDocumentIsTheSameEveryTime(t *testing.T) {
	first, err := json.Marshal(OpenAPI("1"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(OpenAPI("1"))
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Error("two documents of one version differ")
	}
	var doc struct {
		OpenAPI string `json:"openapi"`
		Info    struct {
			Version string `json:"version"`
		} `json:"info"`
	}
	if err := json.Unmarshal(first, &doc); err != nil || !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Info.Version != "1" {
		t.Errorf("%+v, %v", doc, err)
	}
	for _, secret := range []string{"$schema", "127.0.0.1"} {
		if strings.Contains(string(first), secret) {
			t.Errorf("%s is in the document", secret)
		}
	}
}

// surface is the API as it is mounted, with nothing behind most of it.
func surface(t *testing.T, ready error) *httptest.Server {
	t.Helper()
	d, sealer, log := testkit.SQLite(t), testkit.Sealer(t), slog.New(slog.DiscardHandler)
	a := New(Deps{
		DB: d, Clock: clock.System{}, Logger: log, PublicURL: "http://127.0.0.1", Version: "test", Identity: identity.New(d, sealer, clock.System{}),
		Programs: program.New(program.Options{DB: d, Sealer: sealer, Clock: clock.System{}, Logger: log}),
		Ready:    func(context.Context) error { return ready },
	})
	mux := http.NewServeMux()
	a.Register(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv
}

func ask(t *testing.T, method, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(b)
}

func TestEveryOperationAsksWhoIsThere(t *testing.T) {
	srv := surface(t, nil)
	public := []string{"get-setup", "do-setup", "login", "logout", "open-link"}
	for _, o := range operations() {
		open := slices.Contains(public, o.OperationID)
		if got := o.Security != nil && len(o.Security) == 0; got != open {
			t.Errorf("the document says that %s is open to all: %v", o.OperationID, got)
		}
		if open {
			continue
		}
		url := srv.URL + strings.ReplaceAll(o.path, "{id}", "0198f0c0-0000-7000-8000-000000000000")
		for name, header := range map[string][]string{
			"nobody": nil, "a wrong token": {"Authorization", "Bearer zhs_wrong"}, "another scheme": {"Authorization", "Basic dTpw"}, "an empty token": {"Authorization", "Bearer "},
		} {
			for _, body := range []string{"", "{}", "no json"} {
				res, answer := ask(t, o.method, url, body, append(header, "Content-Type", "application/json")...)
				var p Problem
				if err := json.Unmarshal([]byte(answer), &p); err != nil || res.StatusCode != 401 || p.Code != CodeUnauthenticated || p.Detail == "" {
					t.Errorf("%s, %s with body %q: %d %s", o.OperationID, name, body, res.StatusCode, answer)
				}
			}
		}
	}
}

func TestPagesBesideTheOperations(t *testing.T) {
	srv := surface(t, nil)
	res, doc := ask(t, "GET", srv.URL+"/api/openapi.json", "")
	want, err := json.Marshal(OpenAPI("test"))
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" || doc != string(want) {
		t.Errorf("openapi.json: %d, %d bytes, want %d", res.StatusCode, len(doc), len(want))
	}
	res, page := ask(t, "GET", srv.URL+"/api/docs", "")
	if res.StatusCode != 200 || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") || !strings.Contains(page, "/api/openapi.json") {
		t.Errorf("docs: %d %v", res.StatusCode, res.Header)
	}
	if regexp.MustCompile(`(src|href)="https?://`).MatchString(page) || !strings.Contains(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Error("the docs page loads from elsewhere")
	}
	if res, body := ask(t, "GET", srv.URL+"/healthz", ""); res.StatusCode != 200 || body != "ok\n" {
		t.Errorf("healthz: %d %q", res.StatusCode, body)
	}
	if res, _ := ask(t, "GET", srv.URL+"/readyz", ""); res.StatusCode != 200 {
		t.Errorf("readyz: %d", res.StatusCode)
	}
	res, body := ask(t, "GET", surface(t, io.ErrUnexpectedEOF).URL+"/readyz", "")
	if res.StatusCode != 503 || strings.Contains(body, "EOF") {
		t.Errorf("readyz of one that cannot work: %d %q", res.StatusCode, body)
	}
}

func TestUnknownAddressesAndMethodsAreProblems(t *testing.T) {
	srv := surface(t, nil)
	for name, c := range map[string]struct {
		method, path, header string
		status               int
		code                 string
	}{
		"an unknown path":       {"GET", "/api/v1/nothing", "", 404, CodeNotFound},
		"a method not there":    {"DELETE", "/api/v1/complaints", "", 404, CodeNotFound},
		"another site's button": {"POST", "/api/v1/session", "cross-site", 403, CodeForbidden},
		"NUL in the path":       {"GET", "/api/v1/complaints/%00", "", 404, CodeNotFound},
		"NUL in the query":      {"GET", "/api/v1/complaints?q=%00", "", 422, CodeValidation},
		"broken UTF-8":          {"GET", "/api/v1/complaints?q=%ff", "", 422, CodeValidation},
	} {
		res, body := ask(t, c.method, srv.URL+c.path, "{}", "Content-Type", "application/json", "Sec-Fetch-Site", c.header)
		var p Problem
		err := json.Unmarshal([]byte(body), &p)
		if err != nil || res.StatusCode != c.status || p.Status != c.status || p.Code != c.code || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", name, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
	}
}

func TestWrongBodiesAreNamed(t *testing.T) {
	srv := surface(t, nil)
	for name, body := range map[string]string{
		"no JSON": "{", "nothing": "", "a missing field": `{"email":"a@b.c"}`, "another type": `{"email":1,"password":"x"}`, "an unknown field": `{"email":"a","password":"b","x":1}`,
	} {
		res, answer := ask(t, "POST", srv.URL+"/api/v1/session", body, "Content-Type", "application/json")
		var p Problem
		if err := json.Unmarshal([]byte(answer), &p); err != nil || res.StatusCode != 422 || p.Code != CodeValidation || p.Title == "" || p.Type == "" ||
			p.Detail == "" || len(p.Errors) == 0 || p.Errors[0].Field == "" || p.Errors[0].Text == "" {
			t.Errorf("%s: %d %s", name, res.StatusCode, answer)
		}
	}
}

func TestRecorderPassesThroughAndKeeps(t *testing.T) {
	w := httptest.NewRecorder()
	r := &recorder{ResponseWriter: w, status: http.StatusOK}
	if _, err := r.Write([]byte("a")); err != nil || r.status != 200 {
		t.Errorf("status %d, %v", r.status, err)
	}
	w = httptest.NewRecorder()
	r = &recorder{ResponseWriter: w, status: http.StatusOK}
	r.Header().Set("X-A", "1")
	r.WriteHeader(202)
	for _, s := range []string{`{"a"`, `:1}`} {
		if _, err := io.WriteString(r, s); err != nil {
			t.Fatal(err)
		}
	}
	if r.status != 202 || r.body.String() != `{"a":1}` || w.Code != 202 || w.Body.String() != `{"a":1}` || w.Header().Get("X-A") != "1" {
		t.Errorf("kept %d %q, passed %d %q", r.status, r.body.String(), w.Code, w.Body)
	}
}
