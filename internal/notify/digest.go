package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
)

// digestLate is how late the digest is still sent after a downtime: after that the next morning's says more.
const digestLate = 12 * time.Hour

// Overview is what the daily digest tells.
type Overview struct {
	// Waiting cases want the merchant to act, DueSoon of them within 12 hours, and Overdue ones are late; New is how many came since the last midnight.
	Waiting, DueSoon, Overdue, New int64
	// Cases are those with the least time left.
	Cases []Facts
}

// digest plans today's digest when its time has come, once a day however many instances ask.
func (s *Service) digest(ctx context.Context, set Reminders) error {
	minute, ok := minutesOf(set.Digest.At)
	if !set.Digest.Enabled || !ok {
		return nil
	}
	now := s.now()
	t := now.Time().In(beijing)
	at := db.At(time.Date(t.Year(), t.Month(), t.Day(), minute/60, minute%60, 0, 0, beijing))
	if now < at || now > at+ms(digestLate) || at < set.Digest.Since {
		return nil
	}
	sub, err := s.digestRow(ctx, s.db.Read)
	if err != nil {
		return err
	}
	a, err := s.addressBook(ctx)
	if err != nil {
		return err
	}
	rs, err := s.reach(ctx, a, sub, sub.ChannelIDs.V, "")
	if err != nil {
		return err
	}
	var ps []planned
	for _, r := range rs {
		n, err := s.notice(Event{Kind: eventDigest, Key: t.Format(time.DateOnly)}, r)
		if err != nil {
			return err
		}
		n.Reason, n.ReasonText, n.Urgent = Digested, "每日汇总", true
		ps = append(ps, planned{noticeRow: n, to: r})
	}
	if len(ps) == 0 {
		return nil
	}
	// Most minutes of the day it is there already, and nothing is to be written.
	told, err := s.db.Read.NewSelect().Model((*noticeRow)(nil)).Where("dedupe_key = ?", ps[0].DedupeKey).Exists(ctx)
	if err != nil || told {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store(ctx, tx, ps) })
}

// digestLetter words the digest as of now, with what its receiver may see.
func (s *Service) digestLetter(ctx context.Context, n *noticeRow, to string) (string, letter, error) {
	scope, err := s.scopeOf(ctx, n.UserID, to)
	if err != nil {
		return "", letter{}, err
	}
	var o Overview
	if s.overview != nil {
		if o, err = s.overview(ctx, scope); err != nil {
			return "", letter{}, fmt.Errorf("read overview: %w", err)
		}
	}
	l := letter{Button: "打开收件箱", Link: s.publicURL + "/complaints"}
	subject := "【知诉】每日汇总：没有等您处理的投诉"
	l.Lead = "现在没有等您处理的投诉。"
	if o.Waiting > 0 {
		l.Lead = fmt.Sprintf("有 %d 件投诉等您处理。", o.Waiting)
		subject = fmt.Sprintf("【知诉】每日汇总：%d 件投诉等您处理", o.Waiting)
		if o.DueSoon > 0 {
			subject += fmt.Sprintf("，%d 件 12 小时内到期", o.DueSoon)
		}
	}
	for _, c := range []struct {
		label string
		n     int64
	}{{"12 小时内到期", o.DueSoon}, {"已过截止时间", o.Overdue}, {"今天新收到", o.New}} {
		l.Rows = append(l.Rows, row{c.label, fmt.Sprintf("%d 件", c.n)})
	}
	for i := range o.Cases {
		about := *n
		about.ComplaintID = o.Cases[i].ComplaintID
		l.Items = append(l.Items, item{s.subject(EventComplaintNew, o.Cases[i]), s.link(ctx, &about, o.Cases[i])})
	}
	return subject, l, nil
}
