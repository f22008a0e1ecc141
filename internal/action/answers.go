package action

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
)

// Answers returns the response that WeChat took for each of some cases; a case without one is left out.
func (s *Service) Answers(ctx context.Context, complaintIDs []string) (map[string]Action, error) {
	out := map[string]Action{}
	if len(complaintIDs) == 0 {
		return out, nil
	}
	var rows []Action
	// The few actions of each case are told apart here: asked for those that are done, SQLite walks through all that ever were.
	err := s.db.Read.NewSelect().Model(&rows).Column("complaint_id", "kind", "state", "decision", "actor_id", "actor_name", "source", "finished_at").
		Where("complaint_id IN (?)", bun.List(complaintIDs)).Order("created_at", "id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read answers: %w", err)
	}
	for _, r := range rows {
		if r.Kind == complaint.Respond && r.State == Done {
			out[r.ComplaintID] = r
		}
	}
	return out, nil
}
