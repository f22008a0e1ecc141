package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ErrTooLarge says that an answer was longer than its reader allows.
var ErrTooLarge = errors.New("the answer is too large")

// Options describe an HTTP client for one purpose.
type Options struct {
	// AllowPrivate is the Policy: it also allows private, loopback and reserved addresses.
	AllowPrivate bool
	// Roots are the trusted roots, from Roots; nil means the system's.
	Roots *x509.CertPool
	// Timeout bounds a whole call, reading the body included; 0 means 20 s.
	Timeout time.Duration
	// MaxRedirects is how many redirects are followed; 0 hands a redirect back as the answer. Every hop passes the Policy.
	MaxRedirects int
	// UseProxy honours HTTPS_PROXY and its like. Only for trusted targets: behind a proxy the Policy sees the proxy's address.
	UseProxy bool
	// MaxConnsPerHost bounds parallel connections; 0 means no bound.
	MaxConnsPerHost int
}

// Client builds the HTTP client. Its owner calls CloseIdleConnections when it is done.
func Client(o Options) *http.Client {
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 20 * time.Second
	}
	return &http.Client{
		Transport: Transport(o),
		Timeout:   timeout,
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			if len(via) > o.MaxRedirects {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// Transport builds the transport behind Client, for libraries that want one.
func Transport(o Options) *http.Transport {
	t := &http.Transport{
		DialContext:            Policy{AllowPrivate: o.AllowPrivate}.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  o.Timeout,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           50,
		MaxIdleConnsPerHost:    10,
		MaxConnsPerHost:        o.MaxConnsPerHost,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
	}
	if o.UseProxy {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}

// ReadBody reads an answer of at most limit bytes; a longer one gives ErrTooLarge with nothing of it.
func ReadBody(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if int64(len(b)) > limit {
		return nil, ErrTooLarge
	}
	return b, nil
}

// CleanError takes the URL out of an error of net/http, since its query may hold a token: what stays is the method and the cause.
func CleanError(err error) error {
	var ue *url.Error
	if !errors.As(err, &ue) {
		return err
	}
	return fmt.Errorf("%s: %w", ue.Op, ue.Err)
}
