package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// product is one `zhisu serve`.
type product struct {
	binary string
	dir    string
	env    []string
	url    string
	admin  string
	cmd    *exec.Cmd
}

// newProduct prepares a product in an empty data dir; remove it after use.
func newProduct(binary string, env ...string) (*product, error) {
	dir, err := os.MkdirTemp("", "zhisu-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a data directory: %w", err)
	}
	addr, admin, err := freeAddresses()
	if err != nil {
		return nil, err
	}
	p := &product{binary: binary, dir: dir, url: "http://" + addr, admin: "http://" + admin}
	p.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "ZHISU_DATA_DIR=" + filepath.Join(dir, "data"), "ZHISU_LISTEN=" + addr, "ZHISU_ADMIN_LISTEN=" + admin,
		"ZHISU_ALLOW_PRIVATE_URLS=true", "ZHISU_LOG_FORMAT=json",
	}, env...)
	return p, nil
}

func (p *product) remove() { _ = os.RemoveAll(p.dir) } // litter at worst

// freeAddresses asks for both together: an address that is given back may be the next one handed out.
func freeAddresses() (addr, admin string, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", fmt.Errorf("find a free port: %w", err)
	}
	other, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", errors.Join(fmt.Errorf("find a free port: %w", err), l.Close())
	}
	return l.Addr().String(), other.Addr().String(), errors.Join(l.Close(), other.Close())
}

// start runs the product and returns how long it took from exec to being ready.
func (p *product) start(ctx context.Context) (time.Duration, error) {
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	p.cmd = p.command("serve")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the product: %w", err)
	}
	hc := &http.Client{Timeout: time.Second}
	defer hc.CloseIdleConnections()
	for time.Since(began) < 30*time.Second {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
		if err != nil {
			return 0, fmt.Errorf("ask for readiness: %w", err)
		}
		if res, err := hc.Do(req); err == nil {
			_ = res.Body.Close() // nothing to read
			if res.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, errors.Join(errors.New("the product did not get ready in 30 s"), p.stop())
}

func (p *product) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.binary, args...)
	cmd.Env = p.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// stop ends the product as an operator does.
func (p *product) stop() error {
	if p.cmd == nil {
		return nil
	}
	cmd := p.cmd
	p.cmd = nil
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the product: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("stop the product: %w", err)
	}
	return nil
}

// run executes another command beside the running product.
func (p *product) run(stdin string, args ...string) (string, error) {
	cmd := p.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("zhisu %s: %w: %s", args[0], err, problems.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// memory returns the resident memory in bytes.
func (p *product) memory() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("read memory: %w", err)
	}
	for line := range strings.SplitSeq(string(b), "\n") {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(kb, "kB")), 10, 64)
			return n * 1024, err
		}
	}
	return 0, errors.New("read memory: the kernel does not tell")
}
