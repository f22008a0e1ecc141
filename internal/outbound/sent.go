package outbound

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// Sent watches whether a request may have reached the other side: it can't have before a connection was handed to it. The zero value is ready, for one request.
type Sent struct{ asked, got atomic.Bool }

// Watch returns the context to make the request with.
func (s *Sent) Watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { s.got.Store(true) },
	})
}

// Never says, of a round trip that failed with err, that nothing was sent. A RoundTripper that does not report connections gets the careful answer, unless err itself tells.
func (s *Sent) Never(err error) bool {
	if s.got.Load() {
		return false
	}
	if s.asked.Load() {
		return true
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		return true
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}
