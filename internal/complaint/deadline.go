package complaint

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wechat"
)

// KindDeadline is the kind of the entries that tell of a deadline: DueFrom and DueTo say what it was and what it became.
const KindDeadline = "deadline"

// noteDeadline adds an entry to the timeline if WeChat's answer set, moved or took away the deadline. What WeChat told by push only counts once its detail says so, as with
// everything else. A step that is reached brings a deadline of its own, or none: nothing was moved by that, and the end of a case needs no word about its time.
func (s *Service) noteDeadline(ctx context.Context, tx db.Tx, from, to *Complaint, d wechat.Detail) error {
	was, at := from.DueAt, to.SyncedAt
	if from.SyncedAt.IsZero() || from.Stage != to.Stage {
		was, at = 0, lastStep(d, to.SyncedAt)
	}
	if to.Stage == Closed || was == to.DueAt {
		return nil
	}
	e := Entry{
		ComplaintID: to.ID, DedupeKey: fmt.Sprintf("%s:%d", KindDeadline, to.Version), At: at, Source: FromWeChat, Kind: KindDeadline,
		Text: deadlineText(was, to.DueAt), DueFrom: was, DueTo: to.DueAt,
	}
	e.Images.V = []string{}
	return s.AddEntry(ctx, tx, e)
}

func deadlineText(from, to db.Time) string {
	moment := func(t db.Time) string { return t.Time().In(Beijing).Format("2006-01-02 15:04") }
	switch {
	case to.IsZero():
		return fmt.Sprintf("微信取消了截止时间（原为 %s）", moment(from))
	case from.IsZero():
		return "截止时间定为 " + moment(to)
	}
	return fmt.Sprintf("微信把截止时间改为 %s（原为 %s）", moment(to), moment(from))
}
