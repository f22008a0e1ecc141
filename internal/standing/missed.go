package standing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Complaints that deductions name are looked for a few at a time and not for ever: the number may be one that WeChat itself does not know any more.
const (
	lookedFor  = 20
	maxLookups = 5
	lookAgain  = 6 * time.Hour
)

// KindFound is the timeline's entry of a case that is known because a deduction names it.
const KindFound = "found_by_penalty"

// findMissed connects deductions with their cases, and fetches those that were never pushed.
func (s *Service) findMissed(ctx context.Context, p *program.Program) error {
	var rows []Penalty
	err := s.DB.Read.NewSelect().Model(&rows).Where("program_id = ? AND complaint_id = '' AND next_lookup_at <= ?", p.ID, s.now()).Order("illegal_at DESC", "id").Limit(lookedFor).Scan(ctx)
	if err != nil {
		return fmt.Errorf("look for complaints of penalties: %w", err)
	}
	numbers := make([]string, len(rows))
	for i := range rows {
		numbers[i] = rows[i].ComplaintOrderID
	}
	known, err := s.Complaints.Known(ctx, p.ID, numbers)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := s.find(ctx, p, &rows[i], known[rows[i].ComplaintOrderID]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) find(ctx context.Context, p *program.Program, r *Penalty, known bool) error {
	c, err := s.Complaints.Import(ctx, p, r.ComplaintOrderID)
	if err != nil {
		var we *wechat.Error
		if !errors.As(err, &we) && !errors.Is(err, complaint.ErrNotAtWeChat) && !errors.Is(err, program.ErrNeedsReauth) && !errors.Is(err, program.ErrRevoked) {
			return err
		}
		r.Lookups++
		r.NextLookupAt = s.in(lookAgain)
		if r.Lookups >= maxLookups {
			r.NextLookupAt = 0
		}
		s.Logger.InfoContext(ctx, "complaint of a penalty not read", "program", p.ID, "err", err)
		_, err = s.DB.Write().NewUpdate().Model(r).Column("lookups", "next_lookup_at").WherePK().Exec(ctx)
		return err
	}
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		changed, err := db.Changed(tx.NewUpdate().Model((*Penalty)(nil)).Set("complaint_id = ?, found = ?, next_lookup_at = NULL", c.ID, !known).
			Where("id = ? AND complaint_id = ''", r.ID).Exec(ctx))
		if err != nil {
			return fmt.Errorf("connect penalty with case: %w", err)
		}
		if !changed || known {
			return nil
		}
		e := complaint.Entry{
			ComplaintID: c.ID, DedupeKey: KindFound, At: s.now(), Source: complaint.FromSystem, Kind: KindFound,
			Text: "没有收到过这件投诉的推送，按扣分记录补录",
		}
		e.Images.V = []string{}
		return s.Complaints.AddEntry(ctx, tx, e)
	})
}
