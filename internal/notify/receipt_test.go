package notify_test

import (
	"errors"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

// sentAs delivers one notice that the provider calls id.
func (w *world) sentAs(id string) (channelID, noticeID string) {
	w.t.Helper()
	channelID, noticeID = w.one()
	w.provider.script(channel.Result{Outcome: channel.Sent, MessageID: id, Receipt: true})
	w.deliver(noticeID)
	return channelID, noticeID
}

func TestReceiptDecidesWhatBecomesOfASentNotice(t *testing.T) {
	for _, c := range []struct {
		name    string
		verdict notify.Verdict
		state   notify.State
		wait    time.Duration // until the next try, -1 = none
	}{
		{"arrived is delivered", notify.Arrived, notify.Delivered, -1},
		{"a block fails", notify.Refused, notify.Failed, -1},
		{"not delivered fails", notify.Undelivered, notify.Failed, -1},
		{"lost is sent once more at once", notify.Lost, notify.Queued, 0},
		{"throttled is sent again after an hour", notify.Throttled, notify.Queued, time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			testkit.Engines(t, func(t *testing.T, d *db.DB) {
				w := newWorld(t, d)
				ch, id := w.sentAs("4711")
				w.dropJobs() // the job that sent it is over
				r := notify.Receipt{ChannelID: ch, MessageID: "4711", Verdict: c.verdict, Code: "x", Text: "没有送达。"}
				for range 2 {
					if err := w.Receipt(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				n := w.notices()[0]
				if n.State != c.state || (n.Error == "") != (c.verdict == notify.Arrived) {
					t.Fatalf("notice %+v", n)
				}
				if jobs := w.jobs(); (jobs == 1) != (c.wait >= 0) {
					t.Errorf("%d jobs", jobs)
				}
				if c.wait < 0 {
					return
				}
				if c.wait > 0 {
					if wait, _ := w.deliver(id); wait != c.wait {
						t.Errorf("waits %v", wait)
					}
					w.clock.Advance(c.wait)
				}
				w.deliver(id)
				ms := w.provider.messages()
				if len(ms) != 2 || ms[0].ID == ms[1].ID || len(ms[1].ID) != 32 {
					t.Errorf("the repeat has id %q after %q", ms[len(ms)-1].ID, ms[0].ID)
				}
			})
		})
	}
}

func TestLostTwiceFails(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.sentAs("1")
		lost := notify.Receipt{ChannelID: ch, MessageID: "1", Verdict: notify.Lost, Text: "系统失败。"}
		if err := w.Receipt(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		w.provider.script(channel.Result{Outcome: channel.Sent, MessageID: "2", Receipt: true})
		w.deliver(id)
		if err := w.Receipt(t.Context(), lost); err != nil { // the first report again
			t.Fatal(err)
		}
		if n := w.notices()[0]; n.State != notify.Sent {
			t.Errorf("after a repeated report: %+v", n)
		}
		lost.MessageID = "2"
		if err := w.Receipt(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		if n := w.notices()[0]; n.State != notify.Failed || len(w.provider.messages()) != 2 {
			t.Errorf("after two losses: %+v", n)
		}
	})
}

func TestReceiptOfAnotherChannelOrMessageIsNotOurs(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, _ := w.sentAs("1")
		for _, r := range []notify.Receipt{
			{ChannelID: ch, MessageID: "2", Verdict: notify.Arrived},
			{ChannelID: ch, MessageID: "", Verdict: notify.Arrived},
			{ChannelID: "other", MessageID: "1", Verdict: notify.Arrived},
			{ChannelID: ch, MessageID: "2", Verdict: notify.Arrived, Address: "zhang@163.com"},
		} {
			if err := w.Receipt(t.Context(), r); !errors.Is(err, notify.ErrNoMessage) {
				t.Errorf("%+v: %v", r, err)
			}
		}
		if n := w.notices()[0]; n.State != notify.Sent {
			t.Errorf("notice %+v", n)
		}
	})
}

func TestMessageUnderReviewIsNotSentAgain(t *testing.T) {
	review := channel.Result{Outcome: channel.Pending, ProviderCode: "40252", Text: "微信正在审核。"}
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, id := w.one()
		w.provider.script(review)
		w.deliver(id)
		w.deliver(id)
		if n := w.notices()[0]; n.State != notify.Sent || n.Error != "微信正在审核。" || len(w.provider.messages()) != 1 {
			t.Fatalf("under review: %+v", n)
		}
		if err := w.Receipt(t.Context(), notify.Receipt{ChannelID: ch, MessageID: "9", Address: "zhang@163.com", Verdict: notify.Arrived}); err != nil {
			t.Fatal(err)
		}
		if n := w.notices()[0]; n.State != notify.Delivered {
			t.Errorf("after passing: %+v", n)
		}
	})
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		_, id := w.one()
		w.provider.script(review)
		w.deliver(id)
		for _, c := range []struct {
			wait  time.Duration
			state notify.State
		}{{34 * time.Minute, notify.Sent}, {2 * time.Minute, notify.Failed}} {
			w.clock.Advance(c.wait)
			if err := w.ReviewOver(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := w.notices()[0]; n.State != c.state {
				t.Errorf("after %v: %+v", c.wait, n)
			}
		}
	})
}

// costly is a provider whose messages must not be repeated.
type costly struct{ *provider }

func (costly) OneShot() {}

func TestWhatMayHaveBeenPaidForIsNotSentTwice(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		once := func() *notify.Service {
			s := notify.New(notify.Options{
				DB: d, Sealer: w.sealer, Clock: w.clock, Facts: w, Providers: map[string]channel.Provider{"email": costly{w.provider}},
			})
			t.Cleanup(s.Close)
			return s
		}
		w.Service = once()
		_, id := w.one()
		w.provider.script(channel.Result{Outcome: channel.Unknown, Text: "没有答复。"})
		w.deliver(id)
		if n := w.notices()[0]; n.State != notify.Failed || len(w.provider.messages()) != 1 {
			t.Errorf("after no answer: %+v", n)
		}

		// The process dies in the middle of a try.
		w.plan(notify.EventComplaintNew, "c2", "new")
		second := w.notices()[1].ID
		w.provider.hook = func(channel.Message) { panic("died") }
		func() {
			defer func() { _ = recover() }()
			w.deliver(second)
		}()
		w.provider.hook = nil
		w.Service = once()
		w.clock.Advance(2 * time.Minute)
		w.deliver(second)
		if n := w.notices()[1]; n.State != notify.Failed || len(w.provider.messages()) != 2 {
			t.Errorf("after a death: %+v, %d messages", n, len(w.provider.messages()))
		}
	})
}
