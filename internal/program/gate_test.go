package program_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
)

// gate stands before the simulator: it remembers what was said, and holds answers back so that a test can act while one is on its way.
type gate struct {
	next http.Handler

	test bool // codes of the release check are no secrets

	mu   sync.Mutex
	held map[string]*hold
	said []exchange
}

type exchange struct {
	api, token, request, answer string
}

type hold struct {
	arrived chan struct{} // closed when WeChat has done the call
	release chan struct{} // closed to let the answer go
}

func newGate(next http.Handler) *gate { return &gate{next: next, held: map[string]*hold{}} }

// hold keeps the next answer of an API back, after the call was done.
func (g *gate) hold(api string) (arrived <-chan struct{}, release func()) {
	h := &hold{make(chan struct{}), make(chan struct{})}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held[api] = h
	return h.arrived, sync.OnceFunc(func() { close(h.release) })
}

// open drops what is still held back and not asked for.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.held)
}

func (g *gate) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	api := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	out := &kept{real: rw, ResponseRecorder: httptest.NewRecorder()}
	g.next.ServeHTTP(out, r)
	q := r.URL.Query()
	g.mu.Lock()
	g.said = append(g.said, exchange{api, q.Get("access_token") + q.Get("component_access_token"), string(body), out.Body.String()})
	h := g.held[api]
	delete(g.held, api)
	g.mu.Unlock()
	if h != nil {
		close(h.arrived)
		select {
		case <-h.release:
		case <-r.Context().Done():
			return
		}
	}
	if out.hijacked {
		return
	}
	for k, v := range out.Header() {
		rw.Header()[k] = v
	}
	rw.WriteHeader(out.Code)
	_, _ = rw.Write(out.Body.Bytes()) // the caller may have gone
}

// exchanges returns what was said on an API, oldest first; "" means all.
func (g *gate) exchanges(api string) []exchange {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []exchange
	for _, e := range g.said {
		if api == "" || e.api == api {
			out = append(out, e)
		}
	}
	return out
}

// lastToken is the token of the latest call of an API.
func (g *gate) lastToken(api string) string {
	all := g.exchanges(api)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1].token
}

// kept keeps an answer until it may go; dropping the connection works as without it.
type kept struct {
	*httptest.ResponseRecorder
	real     http.ResponseWriter
	hijacked bool
}

func (k *kept) Unwrap() http.ResponseWriter {
	k.hijacked = true // only http.ResponseController asks, to hang up
	return k.real
}

// secrets are the values WeChat and we showed each other and nobody else may see.
func (g *gate) secrets() map[string]string {
	out := map[string]string{}
	for _, e := range g.exchanges("") {
		if g.test && e.api == "api_query_auth" {
			e.request = ""
		}
		if e.token != "" {
			out[e.token] = "access token"
		}
		for _, text := range []string{e.request, e.answer} {
			var v any
			if json.Unmarshal([]byte(text), &v) == nil {
				collect(v, "", out)
			}
		}
	}
	return out
}

func collect(v any, key string, out map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			collect(inner, k, out)
		}
	case []any:
		for _, inner := range v {
			collect(inner, key, out)
		}
	case string:
		for _, word := range []string{"token", "secret", "ticket", "code"} {
			if strings.Contains(key, word) && key != "errcode" && key != "qrcode_url" && len(v) >= 8 {
				out[v] = key
			}
		}
	}
}
