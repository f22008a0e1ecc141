package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime/debug"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/zhisu/zhisu/internal/webui"
)

// Listeners are where Serve answers. Admin may be nil.
type Listeners struct{ Main, Admin net.Listener }

// Listen opens the configured addresses.
func (a *App) Listen(ctx context.Context) (l Listeners, err error) {
	var lc net.ListenConfig
	if l.Main, err = lc.Listen(ctx, "tcp", a.Config.Listen); err != nil {
		return l, fmt.Errorf("listen on ZHISU_LISTEN: %w", err)
	}
	if a.Config.AdminListen == "" {
		return l, nil
	}
	if l.Admin, err = lc.Listen(ctx, "tcp", a.Config.AdminListen); err != nil {
		return l, errors.Join(fmt.Errorf("listen on ZHISU_ADMIN_LISTEN: %w", err), l.Main.Close())
	}
	return l, nil
}

// stopWithin bounds a graceful stop: requests and jobs under way may end, then they are cancelled.
const (
	stopWithin   = 20 * time.Second
	cancelWithin = 5 * time.Second
)

// Serve works jobs and answers requests until ctx ends, then stops in order: no new requests, running jobs end, connections close.
func (a *App) Serve(ctx context.Context, l Listeners) error {
	leave, err := a.DB.Appear(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if err := a.worker.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	a.working.Store(true)
	stopControl, err := a.serveControl(ctx)
	if err != nil {
		return errors.Join(err, a.worker.StopAndCancel(context.WithoutCancel(ctx)))
	}
	servers := []*http.Server{a.server(a.handler())}
	listeners := []net.Listener{l.Main}
	if l.Admin != nil {
		servers, listeners = append(servers, a.server(a.adminHandler())), append(listeners, l.Admin)
	}
	failed := make(chan error, len(servers))
	for i := range servers {
		go func() {
			if err := servers[i].Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", listeners[i].Addr(), err)
			}
		}()
	}
	// A new schema and the description of the API leave behind several times what the program needs, and the collector would let as much again pile up first.
	go debug.FreeOSMemory()
	a.Logger.InfoContext(ctx, "serving", "listen", l.Main.Addr().String(), "public_url", a.Config.PublicURL, "database", a.DB.Engine)
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, stopControl(), a.stop(servers))
}

func (a *App) stop(servers []*http.Server) error {
	a.working.Store(false)
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	var errs []error
	for _, s := range servers {
		if err := s.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop server: %w", err), s.Close())
		}
	}
	if err := a.worker.Stop(ctx); err != nil {
		hard, cancel := context.WithTimeout(context.Background(), cancelWithin)
		defer cancel()
		errs = append(errs, a.worker.StopAndCancel(hard))
	}
	return errors.Join(errs...)
}

func (a *App) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute}
}

func (a *App) handler() http.Handler {
	mux := http.NewServeMux()
	a.Inbound.Register(mux)
	a.API.Register(mux)
	mux.Handle("/", webui.Handler())
	return secureHeaders(mux)
}

// linkPath is where one-tap links lie (design §6.3).
const linkPath = "/c/"

func secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
		if strings.HasPrefix(r.URL.Path, linkPath) {
			// The address itself is the key: it goes into no Referer, no search engine and no shared cache.
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("X-Robots-Tag", "noindex, nofollow")
		}
		next.ServeHTTP(w, r)
	})
}

func (a *App) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
