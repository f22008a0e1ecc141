package notify

import (
	"context"
	"fmt"

	"github.com/zhisu/zhisu/internal/notify/channel"
)

// listMost is how many notices a list shows one by one, most urgent first; the rest are counted.
const listMost = 20

// item is one line of a list, and where to act on it.
type item struct{ Text, Link string }

// finished turns a letter into a message.
func (s *Service) finished(n *noticeRow, to, subject string, l letter, f Facts) (channel.Message, error) {
	html, err := renderHTML(l)
	if err != nil {
		return channel.Message{}, err
	}
	return channel.Message{
		ID: n.messageID(), To: to, Subject: subject, Text: l.text(), HTML: html, Short: l.short(f), Link: l.Link, Event: n.Event, Vars: s.vars(n.Event, f, l.Link),
	}, nil
}

// listMessage tells all that was collected. One alone is told as if it had not been collected.
func (s *Service) listMessage(ctx context.Context, n *noticeRow, to string) (channel.Message, error) {
	var rows []noticeRow
	members := s.db.Read.NewSelect().Model(&rows).Where("list_id = ? AND NOT is_list", n.ListID)
	total, err := members.OrderExpr("CASE WHEN due_at IS NULL THEN 1 ELSE 0 END, due_at, created_at, id").Limit(listMost).ScanAndCount(ctx)
	if err != nil {
		return channel.Message{}, fmt.Errorf("read notices of list: %w", err)
	}
	if total == 1 {
		f, err := s.factsOf(ctx, &rows[0])
		if err != nil {
			return channel.Message{}, err
		}
		only := rows[0]
		only.ID, only.DedupeKey, only.AddressSealed, only.Renewals = n.ID, n.DedupeKey, n.AddressSealed, n.Renewals
		only.ChannelID, only.UserID, only.AddressMasked, only.ReceiverKey = n.ChannelID, n.UserID, n.AddressMasked, n.ReceiverKey
		return s.message(ctx, &only, f)
	}
	var cases int
	if err := s.db.Read.NewSelect().Model((*noticeRow)(nil)).ColumnExpr("count(DISTINCT complaint_id)").Where("list_id = ? AND NOT is_list AND complaint_id <> ''", n.ListID).
		Scan(ctx, &cases); err != nil {
		return channel.Message{}, fmt.Errorf("count cases of list: %w", err)
	}
	l := letter{Lead: fmt.Sprintf("短时间内有 %d 条通知，涉及 %d 件投诉，合并在这一条里。", total, cases), Button: "打开收件箱", Link: s.publicURL + "/complaints"}
	var first Facts
	for i := range rows {
		f, err := s.factsOf(ctx, &rows[i])
		if err != nil {
			s.logger.WarnContext(ctx, "facts of a grouped notice not read", "notice", rows[i].ID, "err", err)
			continue
		}
		if len(l.Items) == 0 {
			first = f
		}
		l.Items = append(l.Items, item{s.subject(rows[i].Event, f), s.link(ctx, &rows[i], f)})
	}
	if more := int(total) - len(l.Items); more > 0 {
		l.More = fmt.Sprintf("还有 %d 条没有列出，请打开收件箱查看。", more)
	}
	subject := fmt.Sprintf("【知诉】%d 件投诉有新消息", cases)
	if cases == 0 {
		subject = fmt.Sprintf("【知诉】%d 条通知", total)
	}
	if duty, ok := duties[first.Stage]; ok && first.DueAt > s.now() {
		subject += "，最急的" + left(first.DueAt-s.now()) + duty.verb
	}
	m, err := s.finished(n, to, subject, l, first)
	if err == nil {
		m.Vars["event"] = fmt.Sprintf("%d 件投诉有新消息", cases)
	}
	return m, err
}
