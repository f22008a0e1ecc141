package db

import (
	"fmt"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Lock takes the exclusive lock on a data dir, so that two processes never write one SQLite database or rescue each other's jobs. It
// returns ErrBusy when it is taken. The kernel releases it when the process dies.
func Lock(dataDir string) (release func() error, err error) {
	l := flock.New(filepath.Join(dataDir, "zhisu.lock"))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	if !ok {
		return nil, ErrBusy
	}
	return l.Unlock, nil
}
