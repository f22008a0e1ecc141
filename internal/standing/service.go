package standing

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Service reads and keeps standings.
type Service struct{ Options }

// Options are what New needs.
type Options struct {
	DB         *db.DB
	Clock      clock.Clock
	Programs   *program.Service
	Complaints *complaint.Service
	WeChat     *wechat.Client
	Logger     *slog.Logger
}

// New builds the service; it starts nothing.
func New(o Options) *Service { return &Service{o} }

func (s *Service) now() db.Time { return db.At(s.Clock.Now()) }

func (s *Service) in(d time.Duration) db.Time { return db.At(s.Clock.Now().Add(d)) }

// ReadArgs is the job that reads a program's standing.
type ReadArgs struct {
	ProgramID string `json:"program_id"`
}

// Kind implements river.JobArgs.
func (ReadArgs) Kind() string { return "standing.read" }

// ScheduleArgs is the job that finds programs whose standing is due.
type ScheduleArgs struct{}

// Kind implements river.JobArgs.
func (ScheduleArgs) Kind() string { return "standing.schedule" }

// How often a standing is read.
const (
	daily = 24 * time.Hour
	// soon is how long after a ruling: deductions follow rulings, how fast is not known.
	soon = 10 * time.Minute
	// again is how long after the first failures, later after more of them.
	again, later = 10 * time.Minute, 6 * time.Hour
	patience     = 3
	// atOnce bounds the programs that one round begins to read.
	atOnce = 50
)

// next is the time of the next daily reading, which every program has at a minute of its own, so that many don't ask WeChat at once.
func (s *Service) next(programID string) db.Time {
	h := fnv.New32a()
	_, _ = h.Write([]byte(programID)) // never fails
	day := s.Clock.Now().Truncate(daily).Add(time.Duration(h.Sum32()%uint32(daily/time.Second)) * time.Second)
	for !day.After(s.Clock.Now().Add(time.Hour)) {
		day = day.Add(daily)
	}
	return db.At(day)
}

// Schedule enqueues the readings that are due, and knows of new programs.
func (s *Service) Schedule(ctx context.Context) error {
	if _, err := s.DB.Write().NewRaw(`INSERT INTO standings (program_id, next_at, updated_at)
		SELECT p.id, ?, ? FROM programs AS p LEFT JOIN standings AS s ON s.program_id = p.id WHERE s.program_id IS NULL AND p.state = ? ON CONFLICT (program_id) DO NOTHING`,
		s.now(), s.now(), program.Active).Exec(ctx); err != nil {
		return fmt.Errorf("make standings of new programs: %w", err)
	}
	var due []Standing
	err := s.DB.Read.NewSelect().Model(&due).Column("program_id").Where("next_at <= ?", s.now()).Order("next_at").Limit(atOnce).Scan(ctx)
	if err != nil {
		return fmt.Errorf("look for standings to read: %w", err)
	}
	for _, d := range due {
		if err := s.DB.Enqueue(ctx, ReadArgs{ProgramID: d.ProgramID}, db.Once(db.QueueDefault)); err != nil {
			return err
		}
	}
	return nil
}

// Soon brings the next reading of a program forward, once however often it is called before that.
func (s *Service) Soon(ctx context.Context, programID string) error {
	at := s.in(soon)
	_, err := s.DB.Write().NewUpdate().Model((*Standing)(nil)).Set("next_at = ?", at).Where("program_id = ? AND next_at > ?", programID, at).Exec(ctx)
	if err != nil {
		return fmt.Errorf("bring reading of standing forward: %w", err)
	}
	return nil
}
