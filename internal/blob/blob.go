// Package blob keeps files by the hash of their content: what is stored under a name never changes, and the same content is stored once.
package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// ErrNotFound says that there is no file of that name.
var ErrNotFound = errors.New("file not found")

// Store keeps files. Names are lower-case hexadecimal SHA-256 of the content.
type Store interface {
	// Put stores content durably and returns its name.
	Put(ctx context.Context, content []byte) (name string, err error)
	// Get returns a file's content or ErrNotFound.
	Get(ctx context.Context, name string) ([]byte, error)
	// Delete removes a file; one that is not there is fine.
	Delete(ctx context.Context, name string) error
	// Close gives back what the store holds.
	Close() error
}

// Options say which store to open.
type Options struct {
	// URL is file:///folder or s3://bucket[/prefix]?endpoint=…&region=…&path_style=…; empty means the folder evidence in DataDir.
	URL, DataDir string
	// AccessKey and SecretKey are of S3; empty means AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
	AccessKey, SecretKey string
	// Transport reaches S3; nil is Go's own.
	Transport http.RoundTripper
}

// Open opens a store.
func Open(o Options) (Store, error) {
	if o.URL == "" {
		return OpenDir(filepath.Join(o.DataDir, "evidence"))
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil:
		return nil, errors.New("ZHISU_BLOB_URL is not a URL")
	case u.Scheme == "file" && u.Host == "" && u.Path != "":
		return OpenDir(u.Path)
	case u.Scheme == "s3" && u.Host != "" && u.User == nil:
		return openS3(u, o)
	}
	return nil, errors.New("ZHISU_BLOB_URL must be file:///folder or s3://bucket?endpoint=…; keys of S3 belong into ZHISU_S3_ACCESS_KEY and ZHISU_S3_SECRET_KEY")
}

// Check stores, reads and deletes a small file, to see that all three are allowed.
func Check(ctx context.Context, s Store) error {
	content := []byte("zhisu checks that files can be kept here: " + rand.Text())
	name, err := s.Put(ctx, content)
	if err != nil {
		return err
	}
	got, err := s.Get(ctx, name)
	if err == nil && !bytes.Equal(got, content) {
		err = errors.New("read file: it is not what was stored")
	}
	return errors.Join(err, s.Delete(ctx, name))
}

// Dir is a store in a folder, which several processes may share.
type Dir struct{ root *os.Root }

// OpenDir opens a folder, making it if necessary, readable by its owner only.
func OpenDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make folder of evidence: %w", err)
	}
	r, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open folder of evidence: %w", err)
	}
	return &Dir{r}, nil
}

// Name returns the name under which content is stored.
func Name(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// path spreads files over folders; it refuses anything that is not a name of ours.
func path(name string) (dir, file string, err error) {
	if len(name) != 64 || strings.Trim(name, "0123456789abcdef") != "" {
		return "", "", ErrNotFound
	}
	return name[:2], name[:2] + "/" + name, nil
}

// Put implements Store: written beside, flushed to disk, then renamed, so that no half file is ever seen.
func (d *Dir) Put(_ context.Context, content []byte) (string, error) {
	name := Name(content)
	dir, file, err := path(name)
	if err != nil {
		return "", err
	}
	if st, err := d.root.Stat(file); err == nil && st.Size() == int64(len(content)) {
		return name, nil
	}
	if err := d.root.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("store file: %w", err)
	}
	draft := fmt.Sprintf("%s.%d.draft", file, os.Getpid())
	if err := d.write(draft, content); err != nil {
		return "", fmt.Errorf("store file: %w", err)
	}
	if err := d.root.Rename(draft, file); err != nil {
		return "", fmt.Errorf("store file: %w", err)
	}
	return name, d.flush(dir)
}

func (d *Dir) write(file string, content []byte) error {
	f, err := d.root.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// flush makes a rename survive a power cut.
func (d *Dir) flush(dir string) error {
	f, err := d.root.Open(dir)
	if err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("store file: %w", err)
	}
	return nil
}

// Get implements Store.
func (d *Dir) Get(_ context.Context, name string) ([]byte, error) {
	_, file, err := path(name)
	if err != nil {
		return nil, err
	}
	f, err := d.root.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	b, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("read file: %w", err)
	}
	return b, nil
}

// Delete implements Store.
func (d *Dir) Delete(_ context.Context, name string) error {
	_, file, err := path(name)
	if err != nil {
		return nil //nolint:nilerr // what cannot be a name is not there
	}
	if err := d.root.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// Close implements Store.
func (d *Dir) Close() error { return d.root.Close() }
