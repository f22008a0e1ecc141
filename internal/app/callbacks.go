package app

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/inbound"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// callbacks lets inbound verify what the channels of notices hear.
type callbacks struct{ app *App }

// Account implements inbound.Accounts.
func (c callbacks) Account(ctx context.Context, channelID string) (inbound.Account, error) {
	a, err := c.app.Notify.Account(ctx, channelID)
	if errors.Is(err, notify.ErrNotFound) {
		return inbound.Account{}, inbound.ErrNotFound
	}
	return inbound.Account{AppID: a.AppID, Token: a.Token, Key: a.Key, Mode: a.Mode}, err
}

// ReportKey implements inbound.Accounts.
func (c callbacks) ReportKey(ctx context.Context, channelID string) (secret.Text, error) {
	key, err := c.app.Notify.ReportKey(ctx, channelID)
	if errors.Is(err, notify.ErrNotFound) {
		return secret.Text{}, inbound.ErrNotFound
	}
	return key, err
}

const (
	// receiptSoon is how long a receipt may be faster than our own note of the message, receiptAgain how often that is looked at.
	receiptSoon  = 2 * time.Minute
	receiptAgain = 3 * time.Second
)

// heard works on what a notice channel heard. Everything here may be done twice.
func (a *App) heard(ctx context.Context, d *inbound.Delivery, plain []byte) error {
	var err error
	if d.Source == inbound.FromReports {
		err = a.reports(ctx, d, plain)
	} else {
		err = a.accountEvent(ctx, d, plain)
	}
	switch {
	case errors.Is(err, notify.ErrNoMessage) && a.clock.Now().Sub(d.ReceivedAt.Time()) < receiptSoon:
		return river.JobSnooze(receiptAgain)
	case errors.Is(err, notify.ErrNoMessage):
		return a.Inbound.Finish(ctx, d.ID, inbound.Ignored, "回执里的消息不是知诉发的")
	case errors.Is(err, notify.ErrNotFound):
		return a.Inbound.Finish(ctx, d.ID, inbound.Failed, "这个通知渠道已经删除")
	case err != nil:
		return err
	}
	return a.Inbound.Finish(ctx, d.ID, inbound.Done, "")
}

// reports applies an operator's delivery reports; one that is not ours does not hold the others up.
func (a *App) reports(ctx context.Context, d *inbound.Delivery, plain []byte) error {
	list, err := inbound.ParseReports(plain)
	if err != nil {
		return err
	}
	var missing error
	for _, r := range list {
		rec := notify.Receipt{ChannelID: d.ChannelID, MessageID: r.ID, Verdict: notify.Arrived, Code: r.Code}
		if !r.Delivered {
			rec.Verdict, rec.Text = notify.Undelivered, "运营商没有把短信送到手机："+reportText(r)+"。请核对号码，或让机主检查拦截设置。"
		}
		switch err := a.Notify.Receipt(ctx, rec); {
		case errors.Is(err, notify.ErrNoMessage):
			missing = err
		case err != nil:
			return err
		}
	}
	return missing
}

func reportText(r inbound.Report) string {
	for _, t := range []string{r.Text, r.Code} {
		if t = strings.TrimSpace(t); t != "" {
			return t
		}
	}
	return "没有说明原因"
}

// accountEvent applies an event of an official account (reference/notification-channels.md §2.6, §2.7).
func (a *App) accountEvent(ctx context.Context, d *inbound.Delivery, plain []byte) error {
	e, err := push.ParseEvent(plain, push.FormatAuto)
	if err != nil {
		return err
	}
	key := e.Fields["EventKey"]
	switch strings.ToLower(e.Event) {
	case "scan":
		return a.Notify.Scanned(ctx, d.ChannelID, key, e.FromUserName)
	case "subscribe":
		if scene, ok := strings.CutPrefix(key, "qrscene_"); ok {
			if err := a.Notify.Scanned(ctx, d.ChannelID, scene, e.FromUserName); err != nil {
				return err
			}
		}
		return a.Notify.Followed(ctx, d.ChannelID, e.FromUserName)
	case "unsubscribe":
		return a.Notify.Left(ctx, d.ChannelID, e.FromUserName)
	case "templatesendjobfinish":
		r := finished(e.Fields["Status"])
		r.ChannelID, r.MessageID, r.Address = d.ChannelID, e.Fields["MsgID"], e.FromUserName
		return a.Notify.Receipt(ctx, r)
	}
	return nil
}

// finished reads the status of a finish event; its wording varies.
func finished(status string) notify.Receipt {
	s := strings.ToLower(strings.Join(strings.Fields(status), ""))
	r := notify.Receipt{Verdict: notify.Undelivered, Code: status, Text: "微信没有送达这条消息。"}
	switch {
	case s == "success":
		r.Verdict, r.Text = notify.Arrived, ""
	case strings.Contains(s, "userblock"):
		r.Verdict, r.Text = notify.Refused, "接收人拒收了这个服务号的消息。请让他在服务号的设置里打开消息，再重新扫码绑定。"
	case strings.Contains(s, "systemfailed"):
		r.Verdict, r.Text = notify.Lost, "微信系统出错，没有送达。"
	case strings.Contains(s, "freqlimit"):
		r.Verdict, r.Text = notify.Throttled, "接收人一小时内收到的消息太多，微信没有送达，稍后再发。"
	}
	return r
}
