package app

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/db"
)

const databaseName = "zhisu.db"

// backup writes a consistent copy of the database to a .tar.gz while serving. The master key is not in it: secrets stay sealed without it.
func (a *App) backup(ctx context.Context, path string) (res Result, err error) {
	if a.DB.Engine != db.SQLite {
		return res, fmt.Errorf("%w: use pg_dump to back up PostgreSQL", ErrCommand)
	}
	tmp, err := os.MkdirTemp(a.Config.DataDir, "backup-")
	if err != nil {
		return res, fmt.Errorf("make temporary directory: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	copied := filepath.Join(tmp, databaseName)
	if err := a.DB.CopyTo(ctx, copied); err != nil {
		return res, err
	}
	n, err := writeArchive(path, copied)
	if err != nil {
		return res, err
	}
	return Result{Out: fmt.Sprintf("wrote %s (%d bytes); keep the master key beside it, in another place\n", path, n)}, nil
}

func writeArchive(path, database string) (size int64, err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("%w: create backup file: %w", ErrCommand, err)
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			err = errors.Join(err, os.Remove(path)) // half a backup must not look like one
		}
	}()
	zw := gzip.NewWriter(out)
	tw := tar.NewWriter(zw)
	if err := addFile(tw, databaseName, database); err != nil {
		return 0, err
	}
	if err := errors.Join(tw.Close(), zw.Close(), out.Sync()); err != nil {
		return 0, fmt.Errorf("finish backup: %w", err)
	}
	st, err := out.Stat()
	if err != nil {
		return 0, fmt.Errorf("finish backup: %w", err)
	}
	return st.Size(), nil
}

func addFile(tw *tar.Writer, name, path string) (err error) {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	st, err := in.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: st.Size(), ModTime: st.ModTime()}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := io.Copy(tw, in); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Restore puts a backup into a data dir that has no database yet. No other process may use the data dir.
func Restore(cfg config.Config, path string) (err error) {
	if err := cfg.MakeDataDir(); err != nil {
		return err
	}
	unlock, err := db.Lock(cfg.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open backup: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	zr, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%w: %s is not a backup", ErrCommand, path)
	}
	tr := tar.NewReader(zr)
	h, err := tr.Next()
	if err != nil || h.Name != databaseName {
		return fmt.Errorf("%w: %s is not a backup", ErrCommand, path)
	}
	return restoreFile(filepath.Join(cfg.DataDir, databaseName), tr)
}

func restoreFile(target string, r io.Reader) (err error) {
	// A log left by another database would be replayed over the restored one.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if _, err := os.Stat(target + suffix); err == nil {
			return fmt.Errorf("%w: %s exists; restore into an empty data directory", ErrCommand, target+suffix)
		}
	}
	tmp := target + ".restoring"
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	_, err = io.Copy(out, r)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	if err := os.Rename(tmp, target); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}
