package blob_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/blob"
)

func TestFilesAreKeptOnceUnderTheirHash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s, err := blob.Open(blob.Options{URL: "file://" + dir, DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	content := []byte("一张图片")
	name, err := s.Put(t.Context(), content)
	if err != nil || name != blob.Name(content) {
		t.Fatalf("stored as %s, %v", name, err)
	}
	if again, err := s.Put(t.Context(), content); err != nil || again != name {
		t.Errorf("stored again as %s, %v", again, err)
	}
	if got, err := s.Get(t.Context(), name); err != nil || !bytes.Equal(got, content) {
		t.Errorf("read %q, %v", got, err)
	}
	files := 0
	err = filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		st, err := e.Info()
		if err == nil && st.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", p, st.Mode())
		}
		return err
	})
	if err != nil || files != 1 {
		t.Errorf("%d files, %v", files, err)
	}
	for range 2 {
		if err := s.Delete(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Get(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a deleted file: %v", err)
	}
}

func TestOnlyNamesOfItsOwnAreFollowed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "master.key"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := blob.Open(blob.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"", "..", "../master.key", "/etc/passwd", strings.Repeat("A", 64), strings.Repeat("a", 63), "../../" + strings.Repeat("a", 58)} {
		if _, err := s.Get(t.Context(), name); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
		if err := s.Delete(t.Context(), name); err != nil {
			t.Errorf("deleting %q: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "master.key")); err != nil {
		t.Error(err)
	}
}

func TestAddressesThatCannotWork(t *testing.T) {
	for _, raw := range []string{"ftp://x", "file://host/x", "evidence", "file://", "%", "s3://", "s3://key:secret@b", "s3://b?acl=public", "s3://b?path_style=perhaps", "s3://b?endpoint=ftp://x", "s3://b?endpoint=http://x/path"} {
		if s, err := blob.Open(blob.Options{URL: raw, DataDir: t.TempDir()}); err == nil {
			s.Close()
			t.Errorf("%q was opened", raw)
		}
	}
}
