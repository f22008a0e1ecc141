package app

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

func TestBackupWhileServingAndRestore(t *testing.T) {
	s := start(t, t.TempDir(), "")
	s.authorise(tea)
	first := s.file(wechatsim.Filing{})
	up := s.as(identity.Agent).upload(drawn(t, 300), "a.png", s.caseID(first))
	o := s.opts
	o.Work = false

	// Users go on complaining meanwhile.
	var more sync.WaitGroup
	more.Go(func() {
		for range 8 {
			if _, err := s.sim.FileComplaint(wechatsim.Filing{AppID: tea}); err != nil {
				t.Error(err)
			}
		}
	})
	path := filepath.Join(t.TempDir(), "zhisu.tar.gz")
	if res := execute(t, o, Command{Name: "backup", Path: path}); !strings.Contains(res.Out, path) {
		t.Errorf("backup printed %q", res.Out)
	}
	more.Wait()
	s.idle()
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("backup: %v, %v", st, err)
	}
	if _, err := Execute(t.Context(), o, Command{Name: "backup", Path: path}); err == nil {
		t.Error("a backup was overwritten")
	}
	key, err := os.ReadFile(filepath.Join(s.app.Config.DataDir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, clear := range []string{strings.TrimSpace(string(key)), componentSecret, pushToken, pushKey, userPhone, userOpenID} {
		if strings.Contains(unpack(t, path), clear) {
			t.Errorf("%s is in the backup in clear", clear)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.app.Config.DataDir, "backup-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("the backup left %v, %v", left, err)
	}
	s.end()

	t.Run("into an empty directory", func(t *testing.T) {
		o := offline(t, filepath.Join(t.TempDir(), "restored"), "")
		if err := Restore(o.Config, path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(o.Config.DataDir, "master.key"), key, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		cs, _, err := a.Complaints.List(t.Context(), complaint.Filter{Query: first, Limit: 1})
		if err != nil || len(cs) != 1 {
			t.Fatalf("%d cases, %v", len(cs), err)
		}
		e, err := a.Evidence.Get(t.Context(), up.text("id"))
		if err != nil {
			t.Fatal(err)
		}
		if b, _, err := a.Evidence.Original(t.Context(), e); err != nil || !bytes.Equal(b, drawn(t, 300)) {
			t.Errorf("the picture: %d bytes, %v", len(b), err)
		}
		p, err := a.Complaints.Reveal(&cs[0])
		if err != nil || p.Phone.Reveal() != userPhone {
			t.Errorf("revealed %q, %v", p.Phone.Reveal(), err)
		}
		if err := Restore(o.Config, path); !errors.Is(err, db.ErrBusy) {
			t.Errorf("restoring under a running process: %v", err)
		}
	})
	t.Run("without its master key it does not open", func(t *testing.T) {
		o := offline(t, t.TempDir(), "")
		if err := Restore(o.Config, path); err != nil {
			t.Fatal(err)
		}
		if _, err := New(t.Context(), o); !errors.Is(err, secret.ErrMasterKey) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("never over something", func(t *testing.T) {
		for _, name := range []string{"zhisu.db", "zhisu.db-wal", "zhisu.db-shm"} {
			o := offline(t, t.TempDir(), "")
			if err := os.WriteFile(filepath.Join(o.Config.DataDir, name), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := Restore(o.Config, path); !errors.Is(err, ErrCommand) {
				t.Errorf("over %s: %v", name, err)
			}
			if b, err := os.ReadFile(filepath.Join(o.Config.DataDir, name)); err != nil || string(b) != "x" {
				t.Errorf("%s was changed", name)
			}
		}
	})
	t.Run("only of a backup", func(t *testing.T) {
		junk := filepath.Join(t.TempDir(), "junk")
		if err := os.WriteFile(junk, []byte("no archive"), 0o600); err != nil {
			t.Fatal(err)
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(t.TempDir(), "half")
		if err := os.WriteFile(half, whole[:len(whole)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		for _, from := range []string{junk, half, filepath.Join(t.TempDir(), "missing")} {
			o := offline(t, t.TempDir(), "")
			if err := Restore(o.Config, from); err == nil {
				t.Errorf("%s was restored", filepath.Base(from))
			}
			if _, err := os.Stat(filepath.Join(o.Config.DataDir, databaseName)); err == nil {
				t.Errorf("%s left a database", filepath.Base(from))
			}
		}
	})
}

// unpack returns everything in a backup.
func unpack(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for tr := tar.NewReader(zr); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(h.Name + "\n")
		if _, err := io.Copy(&b, tr); err != nil {
			t.Fatal(err)
		}
	}
}

func TestBackupOfPostgresSaysHow(t *testing.T) {
	engines(t, func(t *testing.T, databaseURL string) {
		if databaseURL == "" {
			return
		}
		_, err := Execute(t.Context(), offline(t, t.TempDir(), databaseURL), Command{Name: "backup", Path: filepath.Join(t.TempDir(), "x")})
		if !errors.Is(err, ErrCommand) || !strings.Contains(err.Error(), "pg_dump") {
			t.Errorf("error %v", err)
		}
	})
}
