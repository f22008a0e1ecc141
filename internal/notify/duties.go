package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// dutyRow is what the merchant has to do in one case, and who was reminded of it.
type dutyRow struct {
	bun.BaseModel `bun:"table:duties"`

	ComplaintID string `bun:",pk"`
	ProgramID   string
	Stage       string
	DueAt       db.Time
	// StartedAt is when the case began to ask for it.
	StartedAt db.Time
	// Hours is the reminder that was given last, nil = none for this deadline.
	Hours *int64
	// Rung counts the steps of the ladder that were climbed.
	Rung      int64
	NextAt    db.Time
	Version   int64
	UpdatedAt db.Time
}

const (
	dutyBatch = 200
	// lateReminder is how long after the deadline what was missed is still told.
	lateReminder = time.Hour
)

// Watch looks at what a case asks for, after it has changed. A new duty begins with what the notice of the change tells already: reminders and steps whose
// time was over then are not made up for. A deadline that was moved begins its reminders anew.
func (s *Service) Watch(ctx context.Context, complaintID string) error {
	f, err := s.facts.Facts(ctx, complaintID)
	if err != nil {
		return fmt.Errorf("read facts of duty: %w", err)
	}
	set, err := s.reminders(ctx)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		d := &dutyRow{ComplaintID: complaintID}
		err := tx.NewSelect().Model(d).WherePK().Scan(ctx)
		known := err == nil
		if err != nil && !db.IsNotFound(err) {
			return fmt.Errorf("read duty: %w", err)
		}
		before := *d
		s.follow(d, f, set)
		if !known && d.NextAt.IsZero() {
			return nil
		}
		return s.keepDuty(ctx, tx, d, &before, known)
	})
}

// follow brings a duty up to date with its case.
func (s *Service) follow(d *dutyRow, f Facts, set Reminders) {
	now := s.now()
	_, waits := duties[f.Stage]
	d.ProgramID, d.UpdatedAt = f.ProgramID, now
	switch {
	case !waits || f.ProgramState != activeProgram:
		d.Stage, d.NextAt = f.Stage, 0
		return
	case d.Stage != f.Stage || d.StartedAt.IsZero():
		d.Stage, d.DueAt, d.StartedAt, d.Rung, d.Hours = f.Stage, f.DueAt, now, 0, nil
		d.Hours = passed(d, set, now)
		for int(d.Rung) < len(set.Ladder) && d.rungAt(set.Ladder[d.Rung]) <= now && set.Ladder[d.Rung].HoursLeft != nil {
			d.Rung++
		}
	case d.DueAt != f.DueAt:
		d.DueAt, d.Hours = f.DueAt, nil
	}
	d.NextAt = d.next(set)
}

// keepDuty stores a duty unless somebody else was faster; then the next look finds it.
func (s *Service) keepDuty(ctx context.Context, tx db.Tx, d, before *dutyRow, known bool) error {
	if !known {
		if _, err := tx.NewInsert().Model(d).On("CONFLICT (complaint_id) DO NOTHING").Exec(ctx); err != nil {
			return fmt.Errorf("store duty: %w", err)
		}
		return nil
	}
	d.Version = before.Version + 1
	ok, err := db.Changed(tx.NewUpdate().Model(d).WherePK().Where("version = ?", before.Version).Exec(ctx))
	if err != nil {
		return fmt.Errorf("store duty: %w", err)
	}
	if !ok {
		return errOvertaken
	}
	return nil
}

// passed returns the most urgent reminder whose time is over, nil if none is.
func passed(d *dutyRow, set Reminders, now db.Time) *int64 {
	var out *int64
	for _, h := range set.HoursLeft {
		if !d.DueAt.IsZero() && d.DueAt-ms(time.Duration(h)*time.Hour) <= now && (out == nil || h < *out) {
			out = &h
		}
	}
	return out
}

// rungAt is when a step of the ladder is due; 0 = never.
func (d *dutyRow) rungAt(g Rung) db.Time {
	switch {
	case g.AfterMinutes != nil:
		return d.StartedAt + ms(time.Duration(*g.AfterMinutes)*time.Minute)
	case d.DueAt.IsZero():
		return 0
	}
	return d.DueAt - ms(time.Duration(*g.HoursLeft)*time.Hour)
}

// next is when there is something to do: the next reminder or the next step of the ladder.
func (d *dutyRow) next(set Reminders) db.Time {
	at := db.Time(0)
	sooner := func(t db.Time) {
		if t > 0 && (at == 0 || t < at) {
			at = t
		}
	}
	for _, h := range set.HoursLeft {
		if !d.DueAt.IsZero() && (d.Hours == nil || h < *d.Hours) {
			sooner(d.DueAt - ms(time.Duration(h)*time.Hour))
		}
	}
	for i := int(d.Rung); i < len(set.Ladder); i++ {
		sooner(d.rungAt(set.Ladder[i]))
	}
	return at
}

// Remind does what is due: reminders, steps of the ladder and the daily digest. Run it every minute, on any number of instances.
func (s *Service) Remind(ctx context.Context) error {
	set, err := s.reminders(ctx)
	if err != nil {
		return err
	}
	for range 50 { // more in the next round
		var rows []dutyRow
		err := s.db.Read.NewSelect().Model(&rows).Where("next_at <= ?", s.now()).OrderExpr("next_at, complaint_id").Limit(dutyBatch).Scan(ctx)
		if err != nil {
			return fmt.Errorf("list duties: %w", err)
		}
		done := 0
		for i := range rows {
			switch err := s.remind(ctx, &rows[i], set); {
			case err == nil:
				done++
			case err != errOvertaken: //nolint:errorlint // returned as it is by keepDuty
				s.logger.WarnContext(ctx, "duty not looked at", "complaint", rows[i].ComplaintID, "err", err)
			}
		}
		if len(rows) < dutyBatch || done == 0 {
			break
		}
	}
	return s.digest(ctx, set)
}

// remind does what is due in one case: of several missed reminders and steps only the most urgent one, once.
func (s *Service) remind(ctx context.Context, before *dutyRow, set Reminders) error {
	f, err := s.facts.Facts(ctx, before.ComplaintID)
	if err != nil {
		return fmt.Errorf("read facts of duty: %w", err)
	}
	now, d := s.now(), *before
	s.follow(&d, f, set)
	var ps []planned
	if !d.NextAt.IsZero() && d.NextAt <= now {
		tooLate := !d.DueAt.IsZero() && now > d.DueAt+ms(lateReminder)
		climbed := int64(-1)
		for i, g := range set.Ladder {
			if at := d.rungAt(g); int64(i) >= d.Rung && at > 0 && at <= now {
				climbed = int64(i)
			}
		}
		if climbed >= 0 {
			d.Rung = climbed + 1
			if !f.InHand && !tooLate {
				if ps, err = s.escalate(ctx, f, &d, set, int(climbed)); err != nil {
					return err
				}
			}
		}
		if h := passed(&d, set, now); h != nil && (d.Hours == nil || *h < *d.Hours) {
			d.Hours = h
			if !tooLate && !silenced(EventDeadlineNear, f) {
				near, err := s.match(ctx, Event{Kind: EventDeadlineNear, ComplaintID: f.ComplaintID, ProgramID: f.ProgramID, Key: fmt.Sprintf("%d/%d", d.DueAt, *h)}, f)
				if err != nil {
					return err
				}
				// Whom the ladder wakes at this moment needs no second message.
				ps = append(ps, slices.DeleteFunc(near, func(p planned) bool {
					return slices.ContainsFunc(ps, func(o planned) bool { return o.ReceiverKey == p.ReceiverKey })
				})...)
			}
		}
		d.NextAt = d.next(set)
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.keepDuty(ctx, tx, &d, before, true); err != nil {
			return err
		}
		return s.store(ctx, tx, ps)
	})
}

// rewatch computes anew when each duty has something to do, after the settings were changed. What would have been before is not made up for.
func (s *Service) rewatch(ctx context.Context) error {
	set, err := s.reminders(ctx)
	if err != nil {
		return err
	}
	after := ""
	for {
		var rows []dutyRow
		if err := s.db.Read.NewSelect().Model(&rows).Where("complaint_id > ? AND started_at IS NOT NULL", after).Order("complaint_id").Limit(dutyBatch).Scan(ctx); err != nil {
			return fmt.Errorf("list duties: %w", err)
		}
		for i := range rows {
			d := rows[i]
			after = d.ComplaintID
			if _, waits := duties[d.Stage]; !waits {
				continue
			}
			now := s.now()
			d.Hours, d.Rung = passed(&d, set, now), 0
			for int(d.Rung) < len(set.Ladder) && d.rungAt(set.Ladder[d.Rung]) <= now {
				d.Rung++
			}
			d.NextAt = d.next(set)
			err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.keepDuty(ctx, tx, &d, &rows[i], true) })
			if err != nil && err != errOvertaken { //nolint:errorlint // returned as it is by keepDuty
				return err
			}
		}
		if len(rows) < dutyBatch {
			return nil
		}
	}
}

// Duty is what a case asks for, as its own row says.
type Duty struct {
	ComplaintID, Stage string
	DueAt              db.Time
}

// WatchMany looks at those cases that are watched wrongly or not at all.
func (s *Service) WatchMany(ctx context.Context, ds []Duty) error {
	if len(ds) == 0 {
		return nil
	}
	ids := make([]string, len(ds))
	for i, d := range ds {
		ids[i] = d.ComplaintID
	}
	var rows []dutyRow
	if err := s.db.Read.NewSelect().Model(&rows).Where("complaint_id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return fmt.Errorf("list duties: %w", err)
	}
	known := make(map[string]dutyRow, len(rows))
	for _, r := range rows {
		known[r.ComplaintID] = r
	}
	for _, d := range ds {
		if r, ok := known[d.ComplaintID]; ok && r.Stage == d.Stage && r.DueAt == d.DueAt {
			continue
		}
		if err := s.Watch(ctx, d.ComplaintID); err != nil && err != errOvertaken { //nolint:errorlint // returned as it is by keepDuty
			return err
		}
	}
	return nil
}
