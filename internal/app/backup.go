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
	"slices"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/config"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence/picture"
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
	// After the database: whatever its copy speaks of is on disk by now, and files never change.
	pictures, err := a.Evidence.FileNames(ctx)
	if err != nil {
		return res, err
	}
	copies, err := a.Complaints.FileNames(ctx)
	if err != nil {
		return res, err
	}
	n, err := a.writeArchive(ctx, path, copied, distinct(pictures, copies))
	if err != nil {
		return res, err
	}
	return Result{Out: fmt.Sprintf("wrote %s (%d bytes); keep the master key beside it, in another place\n", path, n)}, nil
}

func (a *App) writeArchive(ctx context.Context, path, database string, pictures []string) (size int64, err error) {
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
	for _, name := range pictures {
		if err := a.addPicture(ctx, tw, name); err != nil {
			return 0, err
		}
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

// distinct joins lists of names: one content is one file, whoever stored it.
func distinct(lists ...[]string) []string {
	out := slices.Concat(lists...)
	slices.Sort(out)
	return slices.Compact(out)
}

// pictureFolder is where pictures are in a backup.
const pictureFolder = "evidence/"

func (a *App) addPicture(ctx context.Context, tw *tar.Writer, name string) error {
	b, err := a.files.Get(ctx, name)
	if errors.Is(err, blob.ErrNotFound) {
		return nil // deleted since the list was made
	}
	if err != nil {
		return err
	}
	if err := tw.WriteHeader(&tar.Header{Name: pictureFolder + name, Mode: 0o600, Size: int64(len(b)), ModTime: a.clock.Now()}); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := tw.Write(b); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
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
	target := filepath.Join(cfg.DataDir, databaseName)
	draft, err := writeDraft(target, tr)
	if err != nil {
		return err
	}
	if err := restorePictures(cfg, tr); err != nil {
		return errors.Join(err, os.Remove(draft))
	}
	// The database last: what is there counts as restored.
	if err := os.Rename(draft, target); err != nil {
		return fmt.Errorf("write database: %w", err)
	}
	return nil
}

func restorePictures(cfg config.Config, tr *tar.Reader) (err error) {
	files, err := openFiles(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	for {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: the backup is incomplete: %w", ErrCommand, err)
		}
		b, err := io.ReadAll(io.LimitReader(tr, picture.MaxUpload+1))
		if err != nil {
			return fmt.Errorf("%w: the backup is incomplete: %w", ErrCommand, err)
		}
		name, err := files.Put(context.Background(), b)
		if err != nil {
			return err
		}
		if pictureFolder+name != h.Name {
			return fmt.Errorf("%w: %s in the backup is damaged", ErrCommand, h.Name)
		}
	}
}

// writeDraft writes a database beside its place.
func writeDraft(target string, r io.Reader) (draft string, err error) {
	// A log left by another database would be replayed over the restored one.
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if _, err := os.Stat(target + suffix); err == nil {
			return "", fmt.Errorf("%w: %s exists; restore into an empty data directory", ErrCommand, target+suffix)
		}
	}
	draft = target + ".restoring"
	out, err := os.OpenFile(draft, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", fmt.Errorf("write database: %w", err)
	}
	_, err = io.Copy(out, r)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return "", fmt.Errorf("write database: %w", errors.Join(err, os.Remove(draft)))
	}
	return draft, nil
}
