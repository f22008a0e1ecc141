package inbound

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
)

const (
	// maxBatch bounds a transaction, so that its first delivery does not wait long for the last.
	maxBatch = 200
	// commitWithin is less than the 5 s after which WeChat hangs up.
	commitWithin = 4 * time.Second
)

// errCutOff answers those whose batch was never finished.
var errCutOff = errors.New("the batch was cut off")

// entry is a delivery on its way to the database.
type entry struct {
	d    *Delivery
	jobs []river.InsertManyParams // enqueued if the delivery is new
	done chan error               // gets the outcome after the commit
	lead chan struct{}            // closed when it is this one's turn to commit for all who wait
}

// committer stores deliveries that arrive at the same time in one transaction: what an acknowledgement costs is mostly the write to disk, and many can
// share one. Who comes while nothing is under way commits at once; who comes meanwhile waits, and one of them commits for all. So there is no delay when
// it is quiet and no goroutine to look after.
type committer struct {
	mu      sync.Mutex
	busy    bool
	waiting []*entry
	inside  atomic.Int32
}

// store returns after e is committed, or with the reason why it is not.
func (c *committer) store(e *entry, commit func([]*entry)) error {
	c.inside.Add(1)
	defer c.inside.Add(-1)
	c.mu.Lock()
	c.waiting = append(c.waiting, e)
	if c.busy {
		c.mu.Unlock()
		// Not cut short by the sender's hanging up: this one may have to commit for others. commitWithin bounds it.
		select {
		case err := <-e.done:
			return err
		case <-e.lead:
		}
		c.mu.Lock()
	}
	c.busy = true
	batch := slices.Clone(c.waiting[:min(len(c.waiting), maxBatch)])
	c.waiting = slices.Delete(c.waiting, 0, len(batch))
	c.mu.Unlock()
	defer c.pass(batch)
	commit(batch)
	return <-e.done
}

// pass lets the next one commit, and answers everybody in the batch who has no answer, which happens only in a panic.
func (c *committer) pass(batch []*entry) {
	for _, e := range batch {
		select {
		case e.done <- errCutOff:
		default:
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		close(c.waiting[0].lead)
		return
	}
	c.busy = false
}

// Flooded reports whether several verified pushes are waiting for their acknowledgement at this moment. WeChat hangs up after 5 s and we answer only after
// the commit, so whatever can wait should.
func (s *Service) Flooded() bool { return s.commits.inside.Load() > 1 }

// collect stores a delivery of the 消息与事件接收 URL with its jobs, together with others that arrive at the same time; exactly once per dedupe key. It
// returns after the commit.
func (s *Service) collect(ctx context.Context, d *Delivery, plain []byte, jobs func(id string) []river.InsertManyParams) error {
	if err := s.prepare(d, plain); err != nil {
		return err
	}
	e := &entry{d: d, jobs: jobs(d.ID), done: make(chan error, 1), lead: make(chan struct{})}
	return s.commits.store(e, func(batch []*entry) {
		// The sender of one push must not end the transaction of all.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitWithin)
		defer cancel()
		s.commit(db.Urgent(ctx), batch)
	})
}

// commit answers every entry. If a batch fails, each of its entries is tried alone: one that cannot be stored must not take the others along.
func (s *Service) commit(ctx context.Context, batch []*entry) {
	err := s.commitTogether(ctx, batch)
	for _, e := range batch {
		if err != nil && len(batch) > 1 {
			e.done <- s.commitTogether(ctx, []*entry{e})
			continue
		}
		e.done <- err
	}
}

func (s *Service) commitTogether(ctx context.Context, batch []*entry) error {
	// In one order everywhere, so that two instances that got the same pushes cannot wait for each other.
	batch = slices.SortedFunc(slices.Values(batch), func(a, b *entry) int { return strings.Compare(a.d.DedupeKey, b.d.DedupeKey) })
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		rows := make([]*Delivery, len(batch))
		for i, e := range batch {
			rows[i] = e.d
		}
		var fresh []string
		if err := tx.NewInsert().Model(&rows).On("CONFLICT (dedupe_key) DO NOTHING").Returning("id").Scan(ctx, &fresh); err != nil && !db.IsNotFound(err) {
			return fmt.Errorf("store deliveries: %w", err)
		}
		var jobs []river.InsertManyParams
		appIDs := map[string]bool{} // → came to the program's own URL
		for _, e := range batch {
			if !slices.Contains(fresh, e.d.ID) {
				if err := repeated(ctx, tx, e.d); err != nil {
					return err
				}
				continue
			}
			jobs = append(jobs, e.jobs...)
			appIDs[e.d.AppID] = appIDs[e.d.AppID] || e.d.Source == FromDirect
		}
		for _, id := range slices.Sorted(maps.Keys(appIDs)) {
			if err := program.Pushed(ctx, tx, id, s.now()); err != nil {
				return err
			}
			if !appIDs[id] {
				continue
			}
			if err := program.PushedDirect(ctx, tx, id, s.now()); err != nil {
				return err
			}
		}
		return tx.EnqueueMany(ctx, jobs)
	})
}

// repeated counts a delivery that was stored before.
func repeated(ctx context.Context, tx db.Tx, d *Delivery) error {
	if _, err := tx.NewUpdate().Model((*Delivery)(nil)).Set("repeats = repeats + 1").Where("dedupe_key = ?", d.DedupeKey).Exec(ctx); err != nil {
		return fmt.Errorf("count repeat: %w", err)
	}
	return nil
}
