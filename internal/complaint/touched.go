package complaint

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// touches are the lines of the timeline in words, by their kind.
var touches = map[string]string{"note": "写了备注", "acknowledged": "点了“我已看到”", "assigned": "改了负责人"}

// Touched says in words what a person did in a case, empty when nobody did anything: a note, an acknowledgement, a change of who is responsible, an answer, a refund, or
// writing one.
func (s *Service) Touched(ctx context.Context, q bun.IDB, complaintID string) (string, error) {
	e := new(Entry)
	err := q.NewSelect().Model(e).Where("complaint_id = ? AND source = ?", complaintID, FromStaff).Order("at", "id").Limit(1).Scan(ctx)
	if err == nil {
		what := touches[e.Kind]
		if what == "" {
			what = "已经在处理"
		}
		return e.Actor + what, nil
	}
	if !db.IsNotFound(err) {
		return "", fmt.Errorf("look for a person in a case: %w", err)
	}
	for _, table := range []string{"acknowledgements", "editing"} {
		var name string
		err := q.NewSelect().TableExpr(table).ColumnExpr("user_name").Where("complaint_id = ?", complaintID).Limit(1).Scan(ctx, &name)
		if err == nil {
			return name + "已经在处理", nil
		}
		if !db.IsNotFound(err) {
			return "", fmt.Errorf("look for a person in a case: %w", err)
		}
	}
	return "", nil
}
