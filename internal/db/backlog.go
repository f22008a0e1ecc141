package db

import (
	"context"
	"fmt"
	"time"
)

// Backlog is what the workers have not ended yet.
type Backlog struct {
	Counts []QueueCount
	// Oldest is since when the job that waits longest could have been run; zero when none waits.
	Oldest time.Time
}

// QueueCount is the number of jobs of a queue in one state.
type QueueCount struct {
	Queue string `bun:"queue"`
	State string `bun:"state"`
	Jobs  int64  `bun:"jobs"`
}

// Backlog counts live jobs, for monitoring.
func (d *DB) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	err := d.Read.NewSelect().TableExpr("river_job").Column("queue", "state").ColumnExpr("count(*) AS jobs").
		Where("state IN ('available', 'pending', 'retryable', 'running', 'scheduled')").Group("queue", "state").Order("queue", "state").Scan(ctx, &b.Counts)
	if err != nil {
		return Backlog{}, fmt.Errorf("count jobs: %w", err)
	}
	var oldest []time.Time
	err = d.Read.NewSelect().TableExpr("river_job").Column("scheduled_at").Where("state = 'available'").Order("scheduled_at").Limit(1).Scan(ctx, &oldest)
	if err != nil {
		return Backlog{}, fmt.Errorf("find the oldest job: %w", err)
	}
	if len(oldest) > 0 {
		b.Oldest = oldest[0]
	}
	return b, nil
}
