package gap

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

const (
	// WeChat pushes a ticket every ten minutes; one lives for twelve hours (reference/wechat-open-platform.md §2, §9).
	ticketOld  = 30 * time.Minute
	ticketDead = 2 * time.Hour
	// stuckAfter is how long a delivery may wait: the reconciler has looked after it several times by then.
	stuckAfter = 5 * time.Minute
	// lateAfter is how long past its time a case may be left unread.
	lateAfter = 30 * time.Minute
	// failedFor is how long a failed delivery is reported.
	failedFor = 30 * 24 * time.Hour
	// settleIn is how long a new direct-mode program may take until WeChat's console was filled in.
	settleIn = time.Hour
)

func (s *Service) checkPlatform(ctx context.Context, r *report) error {
	st, err := s.Programs.Platform(ctx)
	if errors.Is(err, program.ErrNoPlatform) {
		return nil // every program has its own AppSecret, or nothing is set up yet
	}
	if err != nil {
		return err
	}
	r.checked("platform", 1)
	const url = "请检查授权事件接收 URL、服务器防火墙和证书。没有票据就换不到令牌，读不到投诉详情"
	switch age := r.CheckedAt - st.TicketReceived; {
	case st.TicketReceived.IsZero():
		r.add(Item{Code: CodeTicketMissing, Severity: Error, Text: "还没有收到过微信的票据", Hint: url, Fix: FixPlatform})
	case age > ms(ticketOld):
		i := Item{Code: CodeTicketOld, Severity: Warning, Since: st.TicketReceived, Text: "微信票据已 " + span(age) + "没有更新，正常每 10 分钟一次", Hint: url, Fix: FixPlatform}
		if age > ms(ticketDead) {
			i.Severity = Error
		}
		i.Params = map[string]string{"minutes": strconv.FormatInt(int64(age)/60_000, 10)}
		r.add(i)
	}
	if st.TicketReceived > 0 && st.TokenExpires < r.CheckedAt && st.TokenError != "" {
		r.add(Item{
			Code: CodeTokenMissing, Severity: Error, Since: st.TokenExpires, Text: "没有换到平台令牌：" + st.TokenError, Hint: "令牌恢复以前，所有投诉都读不到详情，也不能回应", Fix: FixPlatform,
			Params: map[string]string{"reason": st.TokenError},
		})
	}
	return nil
}

// checkPrograms looks at what keeps pushes or details of a program from coming.
func (s *Service) checkPrograms(r *report, ps []program.Program) {
	n := 0
	for i := range ps {
		p := &ps[i]
		name := "「" + nameOf(p) + "」"
		switch {
		case p.State == program.Disabled:
			continue
		case p.State == program.Revoked:
			r.add(Item{
				Code: CodeRevoked, Severity: Error, ProgramID: p.ID, Since: p.RevokedAt, Fix: FixAuthorize,
				Text: name + "已取消授权", Hint: "收不到新投诉，已有的投诉也读不到进展。请小程序管理员重新授权，或在小程序页移除它",
			})
		}
		n++
		for _, id := range p.Missing() {
			set := program.SetByID(id)
			sev := Warning
			if set.Required {
				sev = Error
			}
			r.add(Item{
				Code: CodePermission, Severity: sev, ProgramID: p.ID, Since: p.InfoSyncedAt, Fix: FixAuthorize, Params: map[string]string{"set": strconv.Itoa(id), "name": set.Name},
				Text: name + "缺少权限「" + set.Name + "」", Hint: set.Without + "。请小程序管理员重新授权并勾选它",
			})
		}
		if p.Mode == program.Direct {
			s.checkDirect(r, p, name)
		}
	}
	r.checked("programs", n)
}

func (s *Service) checkDirect(r *report, p *program.Program, name string) {
	if p.LastError != "" {
		r.add(Item{
			Code: CodeSecret, Severity: Error, ProgramID: p.ID, Fix: FixProgram, Params: map[string]string{"reason": p.LastError},
			Text: name + "的 AppSecret 不能用：" + p.LastError, Hint: "收到推送也读不到投诉详情。请在小程序页更换 AppSecret，或把服务器地址加入 IP 白名单",
		})
	}
	if p.PushRefusedAt > p.DirectPushAt && p.PushRefusedAt > 0 {
		r.add(Item{
			Code: CodeRefused, Severity: Error, ProgramID: p.ID, Since: p.PushRefusedAt, Fix: FixProgram, Params: map[string]string{"reason": p.PushRefusal},
			Text: name + "的推送和设置不一致，被拒收了：" + p.PushRefusal, Hint: "请把微信公众平台「消息推送」里的加密方式和数据格式，与小程序页的设置改成一致",
		})
	}
	if p.PushURLCheckedAt.IsZero() && p.DirectPushAt.IsZero() && r.CheckedAt-p.CreatedAt > ms(settleIn) {
		r.add(Item{
			Code: CodeNoPush, Severity: Warning, ProgramID: p.ID, Since: p.CreatedAt, Fix: FixProgram,
			Text: name + "还没有收到过微信的推送", Hint: "请在微信公众平台的 开发管理 → 消息推送 填写小程序页里的 URL、Token 和 EncodingAESKey",
		})
	}
}

func (s *Service) checkSilence(ctx context.Context, r *report, _ []string) error {
	known, err := s.rhythms(ctx)
	if err != nil {
		return err
	}
	n := 0
	for id, p := range r.programs {
		k, ok := known[id]
		if !ok || k.Patience == 0 || p.State != program.Active {
			continue
		}
		n++
		at := heard(p, k.HeardAt)
		if !k.silent(at, r.CheckedAt) {
			continue
		}
		r.add(Item{
			Code: CodeSilent, Severity: Warning, ProgramID: id, Since: at, Fix: FixProgram,
			Params: map[string]string{"days": days(r.CheckedAt - at), "longest": days(db.Time(k.Longest))},
			Text:   "「" + nameOf(p) + "」" + span(r.CheckedAt-at) + "没有推送，以往最长隔 " + span(db.Time(k.Longest)),
			Hint:   "可能真的没有投诉，也可能是推送断了：请到微信公众平台看有没有新投诉，有就按单号补录，并检查消息与事件接收 URL",
		})
	}
	r.checked("silence", n)
	return nil
}

// checkDeliveries looks for pushes that were kept and did not become a case.
func (s *Service) checkDeliveries(ctx context.Context, r *report, ids []string) error {
	ds, err := s.Inbound.Unfinished(ctx, ids, r.CheckedAt-ms(failedFor), r.CheckedAt-ms(stuckAfter), 4*listed)
	if err != nil {
		return err
	}
	for i := range ds {
		d := &ds[i]
		item := Item{DeliveryID: d.ID, ProgramID: d.ProgramID, Since: d.ReceivedAt, Fix: FixReplay, Severity: Error, Params: map[string]string{"reason": d.Error}}
		if d.State == inbound.Stored {
			item.Code, item.Text = CodeStuck, "一条推送 "+span(r.CheckedAt-d.ReceivedAt)+"还没有处理完"
			item.Hint = "知诉在自动重试。一直不动时请查看服务器日志，或点「重新处理」"
			r.add(item)
			continue
		}
		p, number, err := s.names(ctx, d)
		if err != nil {
			return err
		}
		if number != "" && p != nil {
			known, err := s.Complaints.Known(ctx, p.ID, []string{number})
			if err != nil {
				return err
			}
			if known[number] {
				continue // it came another way
			}
			if (ids == nil || r.programs[p.ID] != nil) && p.State != program.Revoked {
				r.unknown(p.ID, number, d.ReceivedAt, "推送里")
				continue
			}
		}
		item.Code, item.Text = CodeFailed, "一条推送没有处理成功："+d.Error
		item.Hint = "请在推送记录里查看原文；问题解决后点「重新处理」"
		r.add(item)
	}
	r.checked("deliveries", len(ds))
	return nil
}

// names returns the program and the complaint's number that a delivery names, as far as it can be read.
func (s *Service) names(ctx context.Context, d *inbound.Delivery) (*program.Program, string, error) {
	if d.Source == inbound.FromEvents || d.ChannelID != "" {
		return nil, "", nil
	}
	_, plain, err := s.Inbound.Delivery(ctx, d.ID)
	if err != nil {
		return nil, "", err
	}
	e, err := push.ParseEvent(plain, push.FormatAuto)
	if err != nil || e.Complaint == nil || complaint.NumberProblem(e.Complaint.ComplaintOrderID) != "" {
		return nil, "", nil //nolint:nilerr // what cannot be read names nothing
	}
	p, err := s.Programs.ByAppID(ctx, d.AppID)
	if errors.Is(err, program.ErrNotFound) {
		return nil, "", nil
	}
	return p, e.Complaint.ComplaintOrderID, err
}

func (r *report) unknown(programID, number string, at db.Time, where string) {
	r.add(Item{
		Code: CodeUnknown, Severity: Error, ProgramID: programID, OrderID: number, Since: at, Fix: FixImport, Params: map[string]string{"number": number},
		Text: where + "提到投诉单 " + number + "，知诉里没有", Hint: "点「补录」，知诉会向微信查询这张单并照常跟进",
	})
}

// checkCases looks for open cases that are not being read as they should.
func (s *Service) checkCases(ctx context.Context, r *report, ids []string) error {
	cs, open, err := s.Complaints.Unread(ctx, ids, r.CheckedAt-ms(lateAfter), 4*listed)
	if err != nil {
		return err
	}
	for i := range cs {
		c := &cs[i]
		item := Item{ComplaintID: c.ID, OrderID: c.ComplaintOrderID, ProgramID: c.ProgramID, Since: c.SyncedAt, Fix: FixSync, Params: map[string]string{"number": c.ComplaintOrderID}}
		if item.Since.IsZero() {
			item.Since = c.FirstSeenAt
		}
		if c.SyncError != "" {
			item.Code, item.Severity, item.Text = CodeUnread, Error, "投诉单 "+c.ComplaintOrderID+" 没有同步成功："+c.SyncError
			item.Hint = "看到的可能不是最新状态，截止时间也可能变了。可以马上再试一次"
			item.Params["reason"] = c.SyncError
		} else {
			item.Code, item.Severity, item.Text = CodeLate, Warning, "投诉单 "+c.ComplaintOrderID+" 到了重读时间还没有读"
			item.Hint = "多半是服务器忙，或当天的调用次数用完了。可以马上再试一次"
		}
		r.add(item)
	}
	r.checked("cases", open)
	return nil
}

// checkPenalties looks for complaints that WeChat took points for and that we never heard of.
func (s *Service) checkPenalties(ctx context.Context, r *report, ids []string) error {
	if s.Penalties == nil {
		return nil
	}
	named, err := s.Penalties(ctx, ids)
	if err != nil {
		return err
	}
	byProgram := map[string][]string{}
	for _, n := range named {
		byProgram[n.ProgramID] = append(byProgram[n.ProgramID], n.OrderID)
	}
	known := map[string]map[string]bool{}
	for id, numbers := range byProgram {
		if known[id], err = s.Complaints.Known(ctx, id, numbers); err != nil {
			return err
		}
	}
	for _, n := range named {
		if p := r.programs[n.ProgramID]; p != nil && p.State != program.Revoked && !known[n.ProgramID][n.OrderID] {
			r.unknown(n.ProgramID, n.OrderID, n.At, "扣分记录")
		}
	}
	r.checked("numbers", len(named))
	return nil
}

// span words a length of time.
func span(t db.Time) string {
	switch d := time.Duration(t) * time.Millisecond; {
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()))
	default:
		return fmt.Sprintf("%d 天", int(d.Hours()/24))
	}
}

func days(t db.Time) string { return strconv.FormatFloat(float64(t)/86_400_000, 'f', 1, 64) }
