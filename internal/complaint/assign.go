package complaint

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
)

// Assign makes somebody responsible for a case, or nobody with an empty id, and tells the timeline. changed is false when it was so already.
func (s *Service) Assign(ctx context.Context, tx db.Tx, complaintID, userID, userName, actorName string) (changed bool, err error) {
	changed, err = db.Changed(tx.NewUpdate().Model((*Complaint)(nil)).Set("assignee_id = ?", userID).
		Where("id = ? AND assignee_id <> ?", complaintID, userID).Exec(ctx))
	if err != nil || !changed {
		return false, wrapAssign(err)
	}
	if _, err := tx.NewUpdate().Model((*inboxRow)(nil)).Set("assignee = ?", keyOf(userID)).Where("no = ?", numberOf(complaintID)).Exec(ctx); err != nil {
		return false, wrapAssign(err)
	}
	text := "不再指定负责人"
	if userID != "" {
		text = "由" + userName + "负责"
	}
	e := Entry{ComplaintID: complaintID, DedupeKey: "assign:" + db.NewID(), Source: FromStaff, Kind: "assigned", Text: text, Actor: actorName}
	e.Images.V = []string{}
	return true, s.AddEntry(ctx, tx, e)
}

func wrapAssign(err error) error {
	if err != nil {
		return fmt.Errorf("assign complaint: %w", err)
	}
	return nil
}
