package db

import "context"

// Watch is the looking after dead instances, one look at a time.
type Watch struct{ p *presence }

// NewWatch is what Appear starts, without the ticker.
func NewWatch(d *DB) *Watch { return &Watch{&presence{db: d, missed: map[string]struct{}{}}} }

// Look is one tick.
func (w *Watch) Look(ctx context.Context) error { return w.p.look(ctx) }

// Die ends the connection, as the end of a process does.
func (w *Watch) Die(ctx context.Context) { w.p.close(ctx) }
