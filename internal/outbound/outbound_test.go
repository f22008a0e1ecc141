package outbound_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/outbound"
)

func TestIsPublic(t *testing.T) {
	for addr, want := range map[string]bool{
		"8.8.8.8":          true,
		"123.126.97.4":     true,
		"2400:3200::1":     true,
		"127.0.0.1":        false,
		"127.9.9.9":        false,
		"10.0.0.1":         false,
		"172.16.0.1":       false,
		"172.32.0.1":       true,
		"192.168.1.1":      false,
		"169.254.169.254":  false,
		"100.64.0.1":       false,
		"0.0.0.0":          false,
		"224.0.0.1":        false,
		"255.255.255.255":  false,
		"198.18.0.1":       false,
		"::1":              false,
		"::":               false,
		"fe80::1":          false,
		"fe80::1%eth0":     false,
		"fd00::1":          false,
		"ff02::1":          false,
		"::ffff:127.0.0.1": false,
		"::ffff:8.8.8.8":   true,
		"::127.0.0.1":      false,
		"64:ff9b::7f00:1":  false,
		"2002:7f00:1::":    false,
		"2001:0:7f00:1::":  false,
		"2001:db8::1":      false,
		"fec0::1":          false,
	} {
		if got := outbound.IsPublic(netip.MustParseAddr(addr)); got != want {
			t.Errorf("IsPublic(%s) = %v, want %v", addr, got, want)
		}
	}
	if outbound.IsPublic(netip.Addr{}) {
		t.Error("the zero address counts as public")
	}
}

func TestDialRefusesPrivateTargetsWithoutTouchingThem(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var accepted atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			_ = c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "::ffff:127.0.0.1"} {
		_, err := outbound.Policy{}.DialContext(t.Context(), "tcp", net.JoinHostPort(host, port))
		if !errors.Is(err, outbound.ErrPrivateAddress) {
			t.Errorf("dial %s: %v, want ErrPrivateAddress", host, err)
		}
	}
	if n := accepted.Load(); n != 0 {
		t.Errorf("%d connections reached the private target", n)
	}
	c, err := outbound.Policy{AllowPrivate: true}.DialContext(t.Context(), "tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		t.Fatalf("allowed dial: %v", err)
	}
	if outbound.ConnIsPublic(c) {
		t.Error("loopback counts as public")
	}
	_ = c.Close()
	if _, err := (outbound.Policy{AllowPrivate: true}).DialContext(t.Context(), "unix", "/x"); err == nil {
		t.Error("a unix socket was dialled")
	}
}

func TestClientRefusesPrivateTargetsAndRedirects(t *testing.T) {
	var inner atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inner.Add(1) }))
	defer target.Close()
	hop := httptest.NewServer(http.RedirectHandler(target.URL+"/?token=geheim", http.StatusFound))
	defer hop.Close()

	c := outbound.Client(outbound.Options{})
	defer c.CloseIdleConnections()
	_, err := c.Get(target.URL + "/?access_token=geheim")
	if !errors.Is(err, outbound.ErrPrivateAddress) {
		t.Fatalf("get: %v, want ErrPrivateAddress", err)
	}
	clean := outbound.CleanError(err)
	if strings.Contains(clean.Error(), "geheim") || !errors.Is(clean, outbound.ErrPrivateAddress) {
		t.Errorf("cleaned error = %v", clean)
	}

	c = outbound.Client(outbound.Options{AllowPrivate: true})
	defer c.CloseIdleConnections()
	resp, err := c.Get(hop.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusFound || inner.Load() != 0 {
		t.Errorf("status %d, target called %d times; a redirect must be handed back", resp.StatusCode, inner.Load())
	}

	c = outbound.Client(outbound.Options{AllowPrivate: true, MaxRedirects: 1})
	defer c.CloseIdleConnections()
	resp, err = c.Get(hop.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || inner.Load() != 1 {
		t.Errorf("status %d, target called %d times; one redirect was allowed", resp.StatusCode, inner.Load())
	}
}

func TestClientTrustsTheExtraAuthorityOnly(t *testing.T) {
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }))
	defer srv.Close()
	srv.Config.ErrorLog = nil
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string]string{"without": "", "with": file} {
		roots, err := outbound.Roots(extra)
		if err != nil {
			t.Fatal(err)
		}
		c := outbound.Client(outbound.Options{AllowPrivate: true, Roots: roots})
		resp, err := c.Get(srv.URL)
		if err == nil {
			_ = resp.Body.Close()
		}
		if (err == nil) != (extra != "") {
			t.Errorf("%s the extra authority: %v", name, err)
		}
		c.CloseIdleConnections()
	}
	bad := filepath.Join(t.TempDir(), "bad.pem")
	if err := os.WriteFile(bad, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := outbound.Roots(bad); err == nil {
		t.Error("a file without certificates was accepted")
	}
}

func TestReadBodyIsCapped(t *testing.T) {
	b, err := outbound.ReadBody(strings.NewReader("12345"), 5)
	if err != nil || string(b) != "12345" {
		t.Errorf("at the limit: %q, %v", b, err)
	}
	if b, err = outbound.ReadBody(strings.NewReader("123456"), 5); !errors.Is(err, outbound.ErrTooLarge) || b != nil {
		t.Errorf("over the limit: %q, %v", b, err)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := (outbound.Policy{AllowPrivate: true}).DialContext(ctx, "tcp", "127.0.0.1:1"); err == nil {
		t.Error("dialled after the context had ended")
	}
}
