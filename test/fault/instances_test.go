package fault

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// balancer hands requests to the processes in turn, leaving out the dead, and returns its address.
func balancer(w *world) string {
	var next atomic.Int64
	targets := make([]*url.URL, len(w.procs))
	for i, p := range w.procs {
		var err error
		targets[i], err = url.Parse(p.url)
		w.must(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			i := next.Add(1) % int64(len(targets))
			if w.procs[i].dead() {
				i = (i + 1) % int64(len(targets))
			}
			r.SetURL(targets[i])
		},
		ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, _ error) {
			rw.WriteHeader(http.StatusBadGateway) // WeChat tries again
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}
	srv := httptest.NewServer(proxy)
	w.t.Cleanup(srv.Close)
	return srv.URL
}

// refreshes counts the successful refreshes of each kind of token.
func (w *world) refreshes() (componentTokens, authorizerTokens int) {
	count := func(api string) (n int) {
		for _, c := range w.sim.APICalls(api) {
			if c.Errcode == 0 {
				n++
			}
		}
		return n
	}
	return count("api_component_token"), count("api_authorizer_token")
}

// burst files complaints for a while and waits until all are acknowledged, read and mailed.
func (w *world) burst(l *ledger, d time.Duration) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), d)
	defer cancel()
	w.load(ctx, 40)
	idle, done := context.WithTimeout(w.t.Context(), time.Minute)
	defer done()
	w.must(w.sim.WaitIdle(idle))
	w.settled(l, time.Minute)
}

// tokenFloor is a little more than the product waits between two refreshes that refused tokens asked for.
const tokenFloor = 31 * time.Second

// Two instances behind one address on one database behave as one: a token is refreshed once, a mail sent once, an answer given once. When one of them
// dies, the other does its work.
func TestTwoInstancesOnOneDatabaseActAsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true, 2, balancer, nil)
	l := newLedger()
	components, authorizers := w.refreshes()
	if components != 1 || authorizers != 0 {
		t.Errorf("connecting took %d component and %d authorizer tokens, want 1 and 0 (the first comes with the authorisation)", components, authorizers)
	}
	w.burst(l, time.Second)
	for window := range 2 {
		if window > 0 {
			pause(t.Context(), tokenFloor)
		}
		components, authorizers = w.refreshes()
		w.must(w.sim.InvalidateTokens("access", shop))
		w.must(w.sim.InvalidateTokens("component", ""))
		w.burst(l, 2*time.Second)
		c, a := w.refreshes()
		if c-components != 1 || a-authorizers != 1 {
			t.Errorf("window %d took %d component and %d authorizer tokens, want one each", window, c-components, a-authorizers)
		}
	}
	if l.copies != 0 {
		t.Errorf("%d mails were sent twice although nothing died", l.copies)
	}
	w.answerAtBoth()

	// One of them dies while both are busy.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	time.AfterFunc(1500*time.Millisecond, w.procs[1].kill)
	w.load(ctx, 40)
	idle, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	w.must(w.sim.WaitIdle(idle))
	w.settled(l, 45*time.Second) // River alone would need two minutes
}

// answerAtBoth sends every answer to both instances at once, with the same key and with different ones.
func (w *world) answerAtBoth() {
	w.t.Helper()
	cs := w.known(6)
	for i, c := range cs {
		ids := make([]string, len(w.procs))
		var both sync.WaitGroup
		for j, p := range w.procs {
			key := fmt.Sprint("same-", i)
			if i%2 == 1 {
				key = fmt.Sprint("different-", i, "-", j)
			}
			both.Go(func() {
				var err error
				if ids[j], err = w.respond(p.url, c.ID, key); err != nil {
					w.t.Error(err)
				}
			})
		}
		both.Wait()
		if i%2 == 0 && (ids[0] == "" || ids[0] != ids[1]) {
			w.t.Errorf("the same request made the actions %v", ids)
		}
	}
	for _, c := range cs {
		eventually(w.t, time.Minute, "the answer at WeChat", func() (bool, string) {
			v, err := w.sim.Complaint(c.OrderID)
			return err == nil && v.Status == 203, fmt.Sprint(v.Status)
		})
		w.answeredOnce(c)
		if n := w.responds(c); n != 1 {
			w.t.Errorf("WeChat was asked %d times to take the answer to %s", n, c.OrderID)
		}
	}
}

// responds counts every call that wanted to answer, also refused ones.
func (w *world) responds(c complaint) (n int) {
	v, err := w.sim.Complaint(c.OrderID)
	w.must(err)
	for _, call := range v.Calls {
		if call.Path == respondPath {
			n++
		}
	}
	return n
}
