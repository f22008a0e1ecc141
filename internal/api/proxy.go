package api

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/evidence/picture"
)

// clientAddr returns who is really asking. X-Forwarded-For counts only as far as trusted proxies wrote it: it is read from the right, and the first address
// that is not a trusted proxy is the client. Otherwise everybody behind one proxy would share one login throttle.
func (a *API) clientAddr(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if !a.trusted(host) {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		if host = hop; !a.trusted(hop) {
			break
		}
	}
	return host
}

func (a *API) trusted(host string) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range a.TrustedProxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// withClientAddr puts the client's address where the login looks for it.
func (a *API) withClientAddr(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = net.JoinHostPort(a.clientAddr(r), "0")
		next.ServeHTTP(w, r)
	})
}

// plainText refuses what no database text column takes, NUL and broken UTF-8, before it can become a server error.
func (a *API) plainText(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ok := func(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
		switch {
		case !ok(r.URL.Path):
			a.writeProblem(w, r, errNotFound)
			return
		case !ok(r.Header.Get("Idempotency-Key")):
			a.writeProblem(w, r, invalid("Idempotency-Key", "含有不能使用的字符"))
			return
		}
		for name, values := range r.URL.Query() {
			for _, v := range values {
				if !ok(name) || !ok(v) {
					a.writeProblem(w, r, invalid("query", "含有不能使用的字符"))
					return
				}
			}
		}
		if !a.plainBody(w, r, ok) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// maxJSON bounds a JSON body, maxForm an upload with its frame.
const (
	maxJSON = 1 << 20
	maxForm = picture.MaxUpload + 1<<16
)

// plainBody looks at a JSON body before it is decoded.
func (a *API) plainBody(w http.ResponseWriter, r *http.Request, ok func(string) bool) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		if r.ContentLength > maxForm {
			a.writeProblem(w, r, problemOf(http.StatusRequestEntityTooLarge, picture.ErrSize.Code, picture.ErrSize.Text))
			return false
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		return true
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxJSON))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		a.writeProblem(w, r, problemOf(http.StatusRequestEntityTooLarge, CodeTooLarge, "请求内容太大"))
	case err != nil:
		a.writeProblem(w, r, invalid("body", "请求没有传完整，请再试一次"))
	case !ok(string(raw)) || escapedNUL(raw):
		a.writeProblem(w, r, invalid("body", "含有不能使用的字符"))
	default:
		r.Body = io.NopCloser(bytes.NewReader(raw))
		return true
	}
	return false
}

// escapedNUL reports whether a JSON text spells NUL as \u0000.
func escapedNUL(raw []byte) bool {
	for from := 0; ; {
		i := bytes.Index(raw[from:], []byte(`\u0000`))
		if i < 0 {
			return false
		}
		at := from + i
		before := 0
		for at-before > 0 && raw[at-before-1] == '\\' {
			before++
		}
		if before%2 == 0 {
			return true
		}
		from = at + 1
	}
}
