package fault

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "github.com/zhisu/zhisu/internal/app" // unused: a change of the product must make the go command forget these tests' old results
)

// binary is the product, built by TestMain.
var binary string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "zhisu-fault-")
	if err != nil {
		return 1, fmt.Errorf("make a directory for the binary: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // only litter could be left
	binary = filepath.Join(dir, "zhisu")
	build := exec.Command("go", "build", "-o", binary, "./cmd/zhisu")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the product: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// setting reads a whole number from the environment.
func setting(t *testing.T, name string, value int64) int64 {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return value
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// engines runs fn for SQLite and PostgreSQL at the same time; most of it is waiting.
func engines(t *testing.T, fn func(t *testing.T, postgres bool)) {
	t.Helper()
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fn(t, postgres)
		})
	}
}

// eventually polls until done says so, and fails the test when that takes longer than limit.
func eventually(t *testing.T, limit time.Duration, what string, done func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, why := done()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen within %v: %s", what, limit, why)
		}
		<-tick.C
	}
}
