package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
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
