package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

func (w *world) says(what string, m channel.Message, subject string, texts ...string) {
	w.t.Helper()
	if m.Subject != subject {
		w.t.Errorf("%s: subject %q, want %q", what, m.Subject, subject)
	}
	for _, want := range texts {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			w.t.Errorf("%s lacks %q:\n%s", what, want, m.Text)
		}
	}
	for _, bad := range []string{"%!", "<nil>", "complaint.", "digest.", "notices."} {
		if strings.Contains(m.Subject+m.Text+m.Short, bad) {
			w.t.Errorf("%s shows %q:\n%s", what, bad, m.Text)
		}
	}
}

func TestListAndDigestAreWorded(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		_, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, Enabled: true, Group: true, Receivers: []notify.Receiver{{ChannelID: ch, Address: "bell@163.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			id := fmt.Sprintf("s%d", i)
			f := w.cases["c1"]
			f.ComplaintID = id
			w.cases[id] = f
			w.plan(notify.EventComplaintNew, id, "new")
		}
		w.clock.Advance(time.Minute)
		for _, n := range w.notices() {
			if n.IsList {
				w.deliver(n.ID)
			}
		}
		list := w.provider.messages()[0]
		w.says("list", list, "【知诉】25 件投诉有新消息，最急的剩 47 小时 57 分回应", "短时间内有 25 条通知，涉及 25 件投诉，合并在这一条里。", "【满山茶铺】商品-破损 ¥168.00", "还有 5 条没有列出，请打开收件箱查看。")
		if list.Vars["event"] != "25 件投诉有新消息" {
			t.Errorf("a template would say %q", list.Vars["event"])
		}

		r := notify.DefaultReminders()
		r.Digest = notify.Digest{Enabled: true, At: "15:00", ChannelID: ch, Receivers: []notify.Receiver{{Address: "bell@163.com"}}}
		if _, err := w.StoreReminders(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		before := len(w.notices())
		w.told(time.Hour)
		w.deliver(w.notices()[before].ID)
		digest := w.provider.messages()[1]
		w.says("digest", digest, "【知诉】每日汇总：1 件投诉等您处理", "有 1 件投诉等您处理。", "12 小时内到期", "【二号店】")
		if digest.Vars["event"] != "有 1 件投诉等您处理" {
			t.Errorf("a template would say %q", digest.Vars["event"])
		}
	})
}

// ownLinks are one for each case and receiver.
type ownLinks struct{}

func (ownLinks) URL(_ context.Context, complaintID string, r notify.LinkReceiver) (string, error) {
	return "https://zhisu.example/c/" + complaintID + "-for-" + r.AddressMasked, nil
}

func TestTheDigestLeadsToEveryCaseByItsReceiversOwnLink(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.links = ownLinks{}
		w.Service = w.process()
		r := notify.DefaultReminders()
		r.Digest = notify.Digest{Enabled: true, At: "15:00", ChannelID: w.channel("邮箱"), Receivers: []notify.Receiver{{Address: "bell@163.com"}, {UserID: "boss"}}}
		if _, err := w.StoreReminders(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		w.told(time.Hour)
		for _, n := range w.notices() {
			w.deliver(n.ID)
		}
		got := w.provider.messages()
		if len(got) != 2 {
			t.Fatalf("%d digests", len(got))
		}
		for _, m := range got {
			own := "https://zhisu.example/c/c2-for-" + m.To[:1] + "***@163.com"
			if !strings.Contains(m.Text, own) || !strings.Contains(m.HTML, own) || strings.Contains(m.Text, "/complaints/c2") {
				t.Errorf("to %s: %s", m.To, m.Text)
			}
		}
	})
}

func TestAMessageIsSentAgainToTheSameReceiver(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		if _, err := w.Resend(t.Context(), id); !errors.Is(err, notify.ErrNotResendable) {
			t.Errorf("while it is under way: %v", err)
		}
		w.provider.script(channel.Result{Outcome: channel.Permanent, Text: "没有这个邮箱。"})
		w.deliver(id)
		for i := range 2 {
			n, err := w.Resend(t.Context(), id)
			if err != nil || n.ResendOf != id || n.Reason != notify.Resent || n.AddressMasked != "z***@163.com" {
				t.Fatalf("resent %+v, %v", n, err)
			}
			w.deliver(n.ID)
			if m := w.provider.messages(); len(m) != i+2 || m[i+1].To != "zhang@163.com" || m[i+1].ID == m[0].ID || m[i+1].Subject != m[0].Subject {
				t.Errorf("sent %+v", m)
			}
		}
		if n, _ := w.Notice(t.Context(), id); n.State != notify.Failed || len(n.Attempts) != 1 {
			t.Errorf("the old one is the record of what happened: %+v", n)
		}
		if _, err := w.Resend(t.Context(), "x"); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("an unknown one: %v", err)
		}
	})
}
