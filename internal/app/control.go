package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/zhisu/zhisu/internal/db"
)

const socketName = "zhisu.sock"

// Execute does a command in this process, or asks the process that holds the data dir to do it. Who may open the socket may open the data dir: both belong to the
// same user.
func Execute(ctx context.Context, o Options, c Command) (Result, error) {
	a, err := New(ctx, o)
	if errors.Is(err, db.ErrBusy) {
		return ask(ctx, o.Config.DataDir, c)
	}
	if err != nil {
		return Result{}, err
	}
	res, err := a.Run(ctx, c)
	return res, errors.Join(err, a.Close())
}

// withSocket calls use with an address of the socket that is short enough for the kernel's limit of about 100 bytes, however long the data dir's path is.
func withSocket(dataDir string, use func(addr string) error) error {
	if path := filepath.Join(dataDir, socketName); len(path) < 100 {
		return use(path)
	}
	dir, err := os.Open(dataDir)
	if err != nil {
		return fmt.Errorf("open data directory: %w", err)
	}
	return errors.Join(use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName)), dir.Close())
}

// serveControl answers commands on the socket until ctx ends.
func (a *App) serveControl(ctx context.Context) (stop func() error, err error) {
	if a.DB.Engine != db.SQLite {
		return func() error { return nil }, nil // commands open the database themselves
	}
	err = withSocket(a.Config.DataDir, func(addr string) error {
		// We hold the lock, so a socket that exists was left by a dead process.
		if err := os.Remove(addr); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove old socket: %w", err)
		}
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "unix", addr)
		if err != nil {
			return fmt.Errorf("open control socket: %w", err)
		}
		if err := os.Chmod(addr, 0o600); err != nil {
			return errors.Join(fmt.Errorf("protect control socket: %w", err), l.Close())
		}
		srv := &http.Server{Handler: http.HandlerFunc(a.control), ReadHeaderTimeout: 5 * time.Second}
		go func() {
			if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				a.Logger.Error("control socket failed", "err", err)
			}
		}()
		stop = srv.Close
		return nil
	})
	return stop, err
}

func (a *App) control(w http.ResponseWriter, r *http.Request) {
	var c Command
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		http.Error(w, "bad command", http.StatusBadRequest)
		return
	}
	b, err := encodeWire(a.Run(r.Context(), c))
	if err != nil {
		http.Error(w, "internal", http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(b)
}

func ask(ctx context.Context, dataDir string, c Command) (res Result, err error) {
	body, err := json.Marshal(c)
	if err != nil {
		return res, fmt.Errorf("encode command: %w", err)
	}
	err = withSocket(dataDir, func(addr string) error {
		hc := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", addr)
		}}}
		defer hc.CloseIdleConnections()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://zhisu/", bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("build command: %w", err)
		}
		resp, err := hc.Do(req)
		if err != nil {
			return fmt.Errorf("%w, and it does not answer on its socket", db.ErrBusy)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			return fmt.Errorf("read answer of the running process: %w", err)
		}
		res, err = decodeWire(b)
		return err
	})
	return res, err
}
