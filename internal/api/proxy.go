package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"unicode/utf8"
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
		next.ServeHTTP(w, r)
	})
}
