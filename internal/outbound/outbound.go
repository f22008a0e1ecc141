// Package outbound is how this program calls other machines: a dialer that refuses private addresses after resolution, HTTP clients
// with time-outs, the extra certificate authority, capped bodies, and errors without URLs in them. It knows no service.
//
// Two kinds of target exist. An address that staff type in (webhook, robot, SMTP host) goes through a Policy with AllowPrivate =
// ZHISU_ALLOW_PRIVATE_URLS, so that nobody can make the server talk to its own network. An address from the operator's
// configuration (WeChat, WeChat Pay, Tencent) is trusted: AllowPrivate = true.
package outbound

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// ErrPrivateAddress says that a name resolved to an address inside our own network (or to no real host at all) and was not called.
var ErrPrivateAddress = errors.New("the address is private, loopback or reserved; ZHISU_ALLOW_PRIVATE_URLS allows such targets")

// Policy decides which addresses may be called. Its zero value allows public addresses only.
type Policy struct {
	// AllowPrivate also allows private, loopback and reserved addresses.
	AllowPrivate bool
	// ConnectTimeout bounds resolving and connecting; 0 means 10 s. A context may end it earlier.
	ConnectTimeout time.Duration
}

// DialContext connects to addr ("host:port") over TCP. The policy is applied to the address that is really dialled, after the name was
// resolved, so a name that points inwards, or changes between a check and the call, is refused with ErrPrivateAddress.
func (p Policy) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, fmt.Errorf("dial: network %q is not supported", network)
	}
	timeout := p.ConnectTimeout
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	d := net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second, ControlContext: p.control}
	return d.DialContext(ctx, network, addr)
}

// control runs once per resolved address, before the connection is made.
func (p Policy) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	if p.AllowPrivate {
		return nil
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !IsPublic(ap.Addr()) {
		return ErrPrivateAddress
	}
	return nil
}

// reserved lists what netip has no predicate for (IANA special-purpose address registries, RFC 6890). Ranges that carry an IPv4
// address inside (NAT64, 6to4, Teredo) are in it as a whole: no mail or web service of ours lives there, and an inner address would
// slip through.
var reserved = mustPrefixes(
	"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
	"::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fec0::/10",
)

func mustPrefixes(list ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(list))
	for i, s := range list {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// IsPublic reports whether a belongs to a host on the public internet.
func IsPublic(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// ConnIsPublic reports whether the other end of c is a public address. An address that can't be read counts as public, the side on
// which secrets must be encrypted.
func ConnIsPublic(c net.Conn) bool {
	ap, err := netip.ParseAddrPort(c.RemoteAddr().String())
	return err != nil || IsPublic(ap.Addr())
}

// Roots returns the system's trusted roots plus the PEM certificates of extraFile (ZHISU_EXTRA_CA_FILE); "" adds none.
func Roots(extraFile string) (*x509.CertPool, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("load system certificates: %w", err)
	}
	if extraFile == "" {
		return pool, nil
	}
	pem, err := os.ReadFile(extraFile)
	if err != nil {
		return nil, fmt.Errorf("read extra certificates: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("read extra certificates: the file holds no PEM certificate")
	}
	return pool, nil
}
