package gap

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
)

// What counts as an unusual silence. A program is measured by itself: one that has a case a day is missed after days, one that has a case a month after months, and
// one with too few cases to have a rhythm is never missed.
const (
	// window is how far back cases are counted.
	window = 180 * 24 * time.Hour
	// leastCases and leastSpan must be there before a rhythm is believed: five cases of one bad afternoon are none.
	leastCases = 5
	leastSpan  = 14 * 24 * time.Hour
	// Were cases independent of each other, a silence of six times the usual distance would follow one case in four hundred. The longest silence there was, twice over,
	// covers weekends, nights and seasons.
	timesMean    = 6
	timesLongest = 2
	// leastPatience: below a day nothing is certain, above a day half of the merchant's 48 hours is gone.
	leastPatience = 24 * time.Hour
)

// Patience is how long a program may be silent before that is unusual, zero when its cases do not tell.
func Patience(r complaint.Rhythm) time.Duration {
	span := r.Last.Time().Sub(r.First.Time())
	if r.Cases < leastCases || span < leastSpan {
		return 0
	}
	mean := span / time.Duration(r.Cases-1)
	return max(leastPatience, timesMean*mean, timesLongest*r.Longest)
}

// rhythmRow is what Measure found last.
type rhythmRow struct {
	bun.BaseModel `bun:"table:rhythms"`

	ProgramID  string `bun:",pk"`
	Cases      int64
	Longest    int64   // ms
	Patience   db.Time // ms; 0 = unknown
	HeardAt    db.Time
	ToldFor    db.Time
	MeasuredAt db.Time
}

// silent reports whether a program has been silent longer than is usual with it.
func (r *rhythmRow) silent(heard, now db.Time) bool {
	return r.Patience > 0 && heard > 0 && now-heard > r.Patience
}

// MeasureArgs is the job that measures how often programs are heard of, and notes unusual silences.
type MeasureArgs struct{}

// Kind implements river.JobArgs.
func (MeasureArgs) Kind() string { return "gap.measure" }

// SilentArgs tells whoever reacts to it that nothing was heard of a program for unusually long. It is enqueued once for each silence.
type SilentArgs struct {
	ProgramID string  `json:"program_id"`
	Since     db.Time `json:"since"`
}

// Kind implements river.JobArgs.
func (SilentArgs) Kind() string { return "gap.silent" }

// Measure does MeasureArgs. A silence is noted once; the next one not before something was heard again.
func (s *Service) Measure(ctx context.Context) error {
	now := s.now()
	found, err := s.Complaints.Rhythms(ctx, now-ms(window))
	if err != nil {
		return err
	}
	ps, err := s.Programs.List(ctx, program.Filter{})
	if err != nil {
		return err
	}
	for i := range ps {
		if err := s.measure(ctx, &ps[i], found[ps[i].ID], now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) measure(ctx context.Context, p *program.Program, found complaint.Rhythm, now db.Time) error {
	r := &rhythmRow{
		ProgramID: p.ID, Cases: found.Cases, Longest: found.Longest.Milliseconds(), Patience: ms(Patience(found)), HeardAt: heard(p, found.Last), MeasuredAt: now,
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := tx.NewInsert().Model(r).ExcludeColumn("told_for").On("CONFLICT (program_id) DO UPDATE").
			Set("cases = EXCLUDED.cases, longest = EXCLUDED.longest, patience = EXCLUDED.patience, heard_at = EXCLUDED.heard_at, measured_at = EXCLUDED.measured_at").Exec(ctx)
		if err != nil {
			return fmt.Errorf("store rhythm: %w", err)
		}
		if p.State != program.Active || !p.ArchivedAt.IsZero() || !r.silent(r.HeardAt, now) {
			return nil
		}
		fresh, err := db.Changed(tx.NewUpdate().Model((*rhythmRow)(nil)).Set("told_for = ?", r.HeardAt).
			Where("program_id = ? AND (told_for IS NULL OR told_for <> ?)", p.ID, r.HeardAt).Exec(ctx))
		if err != nil {
			return fmt.Errorf("note silence: %w", err)
		}
		if !fresh {
			return nil
		}
		return tx.Enqueue(ctx, SilentArgs{ProgramID: p.ID, Since: r.HeardAt}, nil)
	})
}

// heard is the last push; a program whose pushes were before they were noted counts by its last case.
func heard(p *program.Program, last db.Time) db.Time {
	if p.LastPushAt.IsZero() {
		return last
	}
	return p.LastPushAt
}

// Silent returns since when programs are silent that are so for unusually long; the others are not in it.
func (s *Service) Silent(ctx context.Context, ps []program.Program) (map[string]db.Time, error) {
	known, err := s.rhythms(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]db.Time{}
	for i := range ps {
		k := known[ps[i].ID]
		if at := heard(&ps[i], k.HeardAt); ps[i].State == program.Active && k.silent(at, s.now()) {
			out[ps[i].ID] = at
		}
	}
	return out, nil
}

func (s *Service) rhythms(ctx context.Context) (map[string]rhythmRow, error) {
	var rows []rhythmRow
	if err := s.DB.Read.NewSelect().Model(&rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list rhythms: %w", err)
	}
	out := make(map[string]rhythmRow, len(rows))
	for _, r := range rows {
		out[r.ProgramID] = r
	}
	return out, nil
}

func ms(d time.Duration) db.Time { return db.Time(d.Milliseconds()) }
