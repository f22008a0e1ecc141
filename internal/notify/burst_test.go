package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/testkit"
)

// A storm: many cases within ten seconds. The first five are told one by one, all others by one list; none twice, none never.
func TestStormIsToldOnceAndWhole(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		const cases = 2000
		w := newWorld(t, d)
		if _, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, Enabled: true, Group: true, Receivers: []notify.Receiver{{ChannelID: w.channel("邮箱"), Address: "bell@163.com"}},
		}); err != nil {
			t.Fatal(err)
		}
		for i := range cases {
			id := fmt.Sprintf("s%d", i)
			f := w.cases["c1"]
			f.ComplaintID = id
			w.cases[id] = f
			w.plan(notify.EventComplaintNew, id, "new")
			w.clock.Advance(5 * time.Millisecond)
		}
		w.clock.Advance(time.Minute)
		var ids []string
		if err := d.Read.NewRaw(`SELECT id FROM notices WHERE list_id = '' OR is_list ORDER BY id`).Scan(t.Context(), &ids); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			w.deliver(id)
		}
		if n := len(w.provider.messages()); n != 6 {
			t.Errorf("%d messages, want five and one list", n)
		}
		var told, sent int
		if err := d.Read.NewRaw(`SELECT count(DISTINCT complaint_id), count(*) FROM notices WHERE NOT is_list AND state = 'sent'`).Scan(t.Context(), &told, &sent); err != nil {
			t.Fatal(err)
		}
		if told != cases || sent != cases {
			t.Errorf("%d of %d cases told by %d notices", told, cases, sent)
		}
	})
}

func TestQuietHoursHoldBackWhatCanWait(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if _, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, Enabled: true, Group: true, Quiet: &notify.Quiet{From: "22:00", To: "08:00"},
			Receivers: []notify.Receiver{{ChannelID: w.channel("邮箱"), Address: "bell@163.com"}},
		}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(9 * time.Hour) // 23:18
		soon := w.cases["c1"]
		soon.ComplaintID, soon.DueAt = "soon", db.At(w.clock.Now().Add(10*time.Hour))
		w.cases["soon"] = soon
		w.plan(notify.EventComplaintNew, "c1", "new")
		w.plan(notify.EventComplaintNew, "soon", "new")
		deliver := func() {
			for _, n := range w.notices() {
				w.deliver(n.ID)
			}
		}
		deliver()
		if m := w.provider.messages(); len(m) != 1 {
			t.Fatalf("%d messages at night, want only the one that can't wait", len(m))
		}
		w.clock.Advance(9 * time.Hour) // 08:18
		deliver()
		if m := w.provider.messages(); len(m) != 2 {
			t.Errorf("%d messages in the morning", len(m))
		}
	})
}

func TestFailedNoticeIsToldOnAnotherChannel(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		first, second := w.channel("甲"), w.channel("乙")
		if _, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, Enabled: true, FallbackChannelIDs: []string{second},
			Receivers: []notify.Receiver{{ChannelID: first, UserID: "boss"}},
		}); err != nil {
			t.Fatal(err)
		}
		w.plan(notify.EventComplaintNew, "c1", "new")
		w.clock.Advance(3 * time.Minute)
		id := w.notices()[0].ID
		for range 2 {
			if err := w.process().Fallback(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		ns := w.notices()
		if len(ns) != 2 || ns[1].ChannelID != second || ns[1].FallbackOf != id || ns[1].Reason != notify.FellBack {
			t.Errorf("%+v", ns)
		}
	})
}
