package automate

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// Used returns what each rule has used of the limits of the Beijing day of now.
func (s *Service) Used(ctx context.Context) (map[string]Usage, error) {
	var rows []struct {
		RuleID        string
		Cases, Amount int64
	}
	err := s.db.Read.NewSelect().TableExpr("rule_decisions").ColumnExpr("rule_id, COUNT(*) AS cases, CAST(SUM(reserved) AS bigint) AS amount").
		Where("day = ?", dayOf(s.now())).Group("rule_id").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("sum up what rules used: %w", err)
	}
	out := make(map[string]Usage, len(rows))
	for _, r := range rows {
		out[r.RuleID] = Usage{r.Cases, r.Amount}
	}
	return out, nil
}

// usedIn returns what a rule has used of a day.
func usedIn(ctx context.Context, q bun.IDB, ruleID, day string) (Usage, error) {
	var u Usage
	err := q.NewSelect().TableExpr("rule_decisions").ColumnExpr("COUNT(*) AS cases, CAST(COALESCE(SUM(reserved), 0) AS bigint) AS amount").
		Where("rule_id = ? AND day = ?", ruleID, day).Scan(ctx, &u)
	if err != nil {
		return Usage{}, fmt.Errorf("sum up what a rule used: %w", err)
	}
	return u, nil
}

// Day is what rules did on one day.
type Day struct {
	Cases  int64 // answered
	Amount int64 // fen that went back
	Failed int64 // that stopped by a failure
}

// Today sums up what came to its end today, in Beijing. programIDs nil means all.
func (s *Service) Today(ctx context.Context, programIDs []string) (Day, error) {
	if programIDs != nil && len(programIDs) == 0 {
		return Day{}, nil
	}
	n := s.clock.Now().In(complaint.Beijing)
	midnight := db.At(time.Date(n.Year(), n.Month(), n.Day(), 0, 0, 0, 0, complaint.Beijing))
	var d Day
	q := s.db.Read.NewSelect().TableExpr("rule_decisions").
		ColumnExpr("CAST(COALESCE(SUM(CASE WHEN state = ? THEN 1 ELSE 0 END), 0) AS bigint) AS cases", Done).
		ColumnExpr("CAST(COALESCE(SUM(refunded), 0) AS bigint) AS amount").
		ColumnExpr("CAST(COALESCE(SUM(CASE WHEN state = ? THEN 1 ELSE 0 END), 0) AS bigint) AS failed", Stopped).
		Where("finished_at >= ?", midnight)
	if programIDs != nil {
		q = q.Where("program_id IN (?)", bun.List(programIDs))
	}
	if err := q.Scan(ctx, &d); err != nil {
		return Day{}, fmt.Errorf("sum up the day of rules: %w", err)
	}
	return d, nil
}
