package program

import (
	"context"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
)

// Resting returns the programs whose calls of today are used up, and until when they are left alone.
func (s *Service) Resting(ctx context.Context) (map[string]db.Time, error) {
	var ps []Program
	if err := s.db.Read.NewSelect().Model(&ps).Column("id", "quota_until").Where("quota_until > ?", s.now()).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list resting programs: %w", err)
	}
	out := make(map[string]db.Time, len(ps))
	for i := range ps {
		out[ps[i].ID] = ps[i].QuotaUntil
	}
	return out, nil
}

// rest leaves a program alone for a while.
func (s *Service) rest(ctx context.Context, id string) error {
	if _, err := s.db.Write().NewUpdate().Model((*Program)(nil)).Set("quota_until = ?", db.At(s.clock.Now().Add(quotaRest))).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("note used up quota: %w", err)
	}
	return nil
}

// quotaRest is how long cases are not read again by themselves after WeChat said that the day's calls are used up.
const quotaRest = time.Hour
