package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one `zhisu serve` that can be killed and started again.
type process struct {
	t    *testing.T
	url  string
	env  []string
	log  *os.File
	mu   sync.Mutex
	cmd  *exec.Cmd
	gone chan struct{} // closed when the current process has ended
	shot bool          // it was us
}

// newProcess prepares a process on a port of its own; env adds to the settings.
func newProcess(t *testing.T, env ...string) *process {
	t.Helper()
	addr := freeAddress(t)
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, url: "http://" + addr, log: log}
	p.env = append(p.env, "PATH="+os.Getenv("PATH"), "HOME="+dir, "ZHISU_LISTEN="+addr, "ZHISU_ADMIN_LISTEN=", "ZHISU_DATA_DIR="+filepath.Join(dir, "data"),
		"ZHISU_ALLOW_PRIVATE_URLS=true", "ZHISU_LOG_FORMAT=json")
	p.env = append(p.env, env...)
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			p.showLog()
		}
		_ = log.Close() // written by others, read above
	})
	return p
}

// freeAddress is below the ports that the system hands out itself: nobody takes it while the process is down between kill and restart.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
}

func (p *process) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Env = p.env
	// Nothing survives the test, not even when it panics.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// start runs the process; it may not be ready yet.
func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := p.command("serve")
	cmd.Stdout, cmd.Stderr = p.log, p.log
	gone := make(chan struct{})
	if err := cmd.Start(); err != nil {
		p.t.Errorf("start the product: %v", err)
		close(gone)
		p.gone = gone
		return
	}
	p.cmd, p.gone, p.shot = cmd, gone, false
	go func() {
		err := cmd.Wait()
		p.mu.Lock()
		if !p.shot {
			p.t.Errorf("the product ended by itself: %v", err)
		}
		p.mu.Unlock()
		close(gone)
	}()
}

// kill ends the process as a power cut would, and waits until it is gone.
func (p *process) kill() {
	p.mu.Lock()
	p.shot = true
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("kill the product: %v", err)
	}
	<-gone
}

// dead tells whether the process was ended.
func (p *process) dead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shot
}

// stop asks the process to end, as an operator does.
func (p *process) stop() {
	p.mu.Lock()
	p.shot = true
	cmd, gone := p.cmd, p.gone
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-gone:
	case <-time.After(30 * time.Second):
		p.t.Error("the product does not stop when asked to")
		p.kill()
	}
}

func (p *process) ready() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close() // nothing is read
	return res.StatusCode == http.StatusOK
}

func (p *process) awaitReady() {
	p.t.Helper()
	eventually(p.t, 60*time.Second, "being ready", func() (bool, string) { return p.ready(), "/readyz is not 200" })
}

// run executes another command of the product beside the running one and returns what it printed.
func (p *process) run(stdin string, args ...string) string {
	p.t.Helper()
	cmd := p.command(args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("zhisu %s: %v: %s", args[0], err, problems.String())
	}
	return out.String()
}

// showLog prints warnings and errors, and the last lines.
func (p *process) showLog() {
	b, err := os.ReadFile(p.log.Name())
	if err != nil {
		p.t.Logf("read the log: %v", err)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	shown := 0
	for i, l := range lines {
		if i >= len(lines)-5 || (shown < 40 && (strings.Contains(l, `"WARN"`) || strings.Contains(l, `"ERROR"`))) {
			shown++
			p.t.Log(l)
		}
	}
	p.t.Logf("%s: %d lines in all", p.url, len(lines))
}
