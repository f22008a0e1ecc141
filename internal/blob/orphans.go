package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
)

// orphanFor is how long a file that lost an owner stays: whoever stores the same content meanwhile finds it, and its row is there before the file would go.
const orphanFor = time.Hour

const sweepBatch = 200

type orphan struct {
	bun.BaseModel `bun:"table:orphans"`

	Name  string `bun:",pk"`
	Since db.Time
}

// Release says, in the transaction that removes a row, that its files may have lost their last owner. Nobody else deletes a file: see Sweeper.
func Release(ctx context.Context, tx bun.IDB, now db.Time, names ...string) error {
	for _, n := range names {
		if n == "" {
			continue
		}
		o := &orphan{Name: n, Since: now}
		if _, err := tx.NewInsert().Model(o).On("CONFLICT (name) DO UPDATE").Set("since = EXCLUDED.since").Exec(ctx); err != nil {
			return fmt.Errorf("release file: %w", err)
		}
	}
	return nil
}

// Owner reports whether rows of a package have a file.
type Owner func(ctx context.Context, q bun.IDB, name string) (bool, error)

// Sweeper deletes released files that nothing has any more. Same bytes are one file, so every owner of files has to be asked.
type Sweeper struct {
	DB     *db.DB
	Files  Store
	Clock  clock.Clock
	Owners []Owner
}

// Sweep deletes what was released an hour ago and has no owner, and returns how many files went.
func (s *Sweeper) Sweep(ctx context.Context) (deleted int, err error) {
	before := db.At(s.Clock.Now().Add(-orphanFor))
	for {
		var rows []orphan
		err := s.DB.Read.NewSelect().Model(&rows).Where("since <= ?", before).Order("since", "name").Limit(sweepBatch).Scan(ctx)
		if err != nil {
			return deleted, fmt.Errorf("list released files: %w", err)
		}
		for _, r := range rows {
			gone, err := s.claim(ctx, r)
			if err != nil {
				return deleted, err
			}
			if !gone {
				continue
			}
			if err := s.Files.Delete(ctx, r.Name); err != nil {
				// It waits for the next round.
				return deleted, errors.Join(err, Release(ctx, s.DB.Write(), before, r.Name))
			}
			deleted++
		}
		if len(rows) < sweepBatch {
			return deleted, nil
		}
	}
}

// claim takes a file off the list and reports whether it is to be deleted: nothing has it, and nobody released it anew meanwhile.
func (s *Sweeper) claim(ctx context.Context, r orphan) (gone bool, err error) {
	err = s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		gone, err = db.Changed(tx.NewDelete().Model((*orphan)(nil)).Where("name = ? AND since = ?", r.Name, r.Since).Exec(ctx))
		if err != nil || !gone {
			return err
		}
		for _, owns := range s.Owners {
			owned, err := owns(ctx, tx, r.Name)
			if err != nil {
				return err
			}
			if owned {
				gone = false
				return nil
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("look for owners of a file: %w", err)
	}
	return gone, nil
}
