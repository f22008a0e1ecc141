package app

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
)

// caller speaks to the API in somebody's name.
type caller struct {
	s     *stage
	token string
	// scheme of the Authorization header of uploads; empty means Bearer
	scheme string
}

// as makes a user with an API token. Its password is hashed, which takes long: few users per test.
func (s *stage) as(role identity.Role, programs ...string) caller {
	s.t.Helper()
	ctx := identity.WithPrincipal(s.t.Context(), identity.System)
	u, err := s.app.Identity.CreateUser(ctx, identity.NewUser{
		Email: string(role) + strconv.Itoa(len(programs)) + "@example.com", Name: "王" + string(role), Role: role, ProgramIDs: programs, Password: secret.New(password),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	_, token, err := s.app.Identity.CreateToken(ctx, u.ID, "test")
	if err != nil {
		s.t.Fatal(err)
	}
	return caller{s: s, token: token.Reveal()}
}

// answer is what the API said.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (a answer) text(key string) string {
	v, _ := a.body[key].(string)
	return v
}

func (a answer) items() []map[string]any {
	list, _ := a.body["items"].([]any)
	out := []map[string]any{}
	for _, v := range list {
		m, _ := v.(map[string]any)
		out = append(out, m)
	}
	return out
}

func (c caller) do(method, path string, body any, header ...string) answer {
	c.s.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.s.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(c.s.t.Context(), method, c.s.app.Config.PublicURL+"/api/v1"+path, in)
	if err != nil {
		c.s.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		c.s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		c.s.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, raw: string(b), body: map[string]any{}}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &a.body); err != nil {
			c.s.t.Fatalf("%s %s answered %d without JSON: %s", method, path, a.status, b)
		}
	}
	return a
}

// want fails the test unless the answer has the status.
func (c caller) want(status int, method, path string, body any, header ...string) answer {
	c.s.t.Helper()
	a := c.do(method, path, body, header...)
	if a.status != status {
		c.s.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.raw, status)
	}
	return a
}

// browser opens pages as a person does, without following redirects.
type browser struct {
	t *testing.T
	c *http.Client
}

func newBrowser(t *testing.T) browser {
	return browser{t, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b browser) open(method, address, referer string, form url.Values) (*http.Response, string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if referer != "" {
		r.Header.Set("Referer", referer)
	}
	res, err := b.c.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res, string(body)
}

var (
	linkPattern  = regexp.MustCompile(`href="([^"]*/cgi-bin/componentloginpage[^"]*)"`)
	inputPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// agree walks the authorisation as an admin does and returns the last page.
func (b browser) agree(entry, appID string, sets ...string) (*http.Response, string) {
	b.t.Helper()
	res, page := b.open("GET", entry, "", nil)
	m := linkPattern.FindStringSubmatch(page)
	if res.StatusCode != 200 || m == nil {
		b.t.Fatalf("entry page: %d %s", res.StatusCode, page)
	}
	link := html.UnescapeString(m[1])
	res, page = b.open("GET", link, entry, nil)
	if res.StatusCode != 200 {
		b.t.Fatalf("WeChat's page: %d %s", res.StatusCode, page)
	}
	form := url.Values{"appid": {appID}, "sets." + appID: sets}
	for _, in := range inputPattern.FindAllStringSubmatch(page, -1) {
		form.Set(in[1], html.UnescapeString(in[2]))
	}
	res, page = b.open("POST", link, link, form)
	if res.StatusCode != http.StatusFound {
		b.t.Fatalf("agreeing: %d %s", res.StatusCode, page)
	}
	return b.open("GET", res.Header.Get("Location"), link, nil)
}
