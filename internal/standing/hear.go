package standing

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// keyOf tells violations apart. That a punish_id is the illegal_record_id of the list is not documented; if it is, both are one row. Appeals are counted by themselves, and
// their pushes don't say which violation they are about.
func keyOf(v push.Violation) (Kind, string) {
	if v.Event == push.EventAppeal {
		return KindAppeal, "appeal/" + v.ID
	}
	return KindPunish, v.ID
}

// Hear keeps a pushed violation, once however often it is pushed. An appeal that is over does not begin again by an older push.
func (s *Service) Hear(ctx context.Context, programID string, v push.Violation) error {
	kind, key := keyOf(v)
	r := &Violation{
		ID: db.NewID(), ProgramID: programID, RecordID: key, Kind: kind, Code: int64(v.Code), Reason: v.Reason, Content: v.Content, RuleName: v.RuleName, RuleURL: v.RuleURL,
		GuideURL: v.GuideURL, Detail: v.Detail, At: db.FromUnix(v.Time), FirstSeenAt: s.now(),
	}
	q := s.DB.Write().NewInsert().Model(r).On("CONFLICT (program_id, record_id) DO UPDATE").Set("kind = EXCLUDED.kind, code = EXCLUDED.code")
	for _, column := range []string{"reason", "content", "rule_name", "rule_url", "guide_url", "detail"} {
		q = q.Set(column + " = CASE WHEN EXCLUDED." + column + " <> '' THEN EXCLUDED." + column + " ELSE violation." + column + " END")
	}
	q = q.Set("at = COALESCE(EXCLUDED.at, violation.at)").Where("NOT (violation.kind = ? AND violation.code > ? AND EXCLUDED.code <= ?)", KindAppeal, appealRunning, appealRunning)
	if _, err := q.Exec(ctx); err != nil {
		return fmt.Errorf("store pushed violation: %w", err)
	}
	return s.Soon(ctx, programID)
}
