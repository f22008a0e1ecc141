package outbound_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/zhisu/zhisu/internal/outbound"
)

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The caller of an API with effects may only send again what was never sent.
func TestARequestThatMayHaveArrivedIsNeverTakenForUnsent(t *testing.T) {
	hangUp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	}))
	defer hangUp.Close()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	_ = l.Close()
	real := outbound.Transport(outbound.Options{AllowPrivate: true})
	defer real.CloseIdleConnections()
	guarded := outbound.Transport(outbound.Options{})
	fails := func(err error) tripper {
		return func(*http.Request) (*http.Response, error) { return nil, err }
	}
	for name, c := range map[string]struct {
		via   http.RoundTripper
		url   string
		never bool
	}{
		"nobody listens":                 {real, nobody, true},
		"an address that is not allowed": {guarded, nobody, true},
		"taken, then hung up":            {real, hangUp.URL, false},
		"a transport that tells nothing": {fails(errors.New("broken")), nobody, false},
		"its deadline":                   {fails(context.DeadlineExceeded), nobody, false},
		"it could not dial":              {fails(&net.OpError{Op: "dial", Err: errors.New("refused")}), nobody, true},
		"it broke while reading":         {fails(&net.OpError{Op: "read", Err: errors.New("reset")}), nobody, false},
		"it did not find the name":       {fails(&net.DNSError{Err: "no such host", IsNotFound: true}), nobody, true},
	} {
		t.Run(name, func(t *testing.T) {
			var sent outbound.Sent
			req, err := http.NewRequestWithContext(sent.Watch(t.Context()), http.MethodPost, c.url, bytes.NewReader([]byte("{}")))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := (&http.Client{Transport: c.via}).Do(req)
			if err == nil {
				_ = resp.Body.Close()
				t.Fatal("the call succeeded")
			}
			if got := sent.Never(err); got != c.never {
				t.Errorf("never sent: %v, want %v (%v)", got, c.never, err)
			}
		})
	}
}
