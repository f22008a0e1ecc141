package notify_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/testkit"
)

func (w *world) overview(_ context.Context, programIDs []string) (notify.Overview, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scopes = append(w.scopes, programIDs)
	return notify.Overview{Waiting: 1, Cases: []notify.Facts{w.cases["c2"]}}, nil
}

func TestFiltersHold(t *testing.T) {
	fen := func(v int64) *int64 { return &v }
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		for name, f := range map[string]notify.Filter{
			"from100": {MinAmount: fen(10000)}, "to100": {MaxAmount: fen(10000)}, "both": {MinAmount: fen(9900), MaxAmount: fen(10000)},
			"damaged": {Types: []int64{611}}, "tea": {Tags: []string{"茶", "酒"}}, "everything": {}, "teafrom100": {Tags: []string{"茶"}, MinAmount: fen(10000)},
		} {
			_, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
				Events: []string{notify.EventComplaintNew, notify.EventPermissionLost}, Enabled: true, Filter: f, Receivers: []notify.Receiver{{ChannelID: ch, Address: name + "@x.cn"}},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range []struct {
			name   string
			change func(f *notify.Facts)
			want   []string
		}{
			{"¥99", func(f *notify.Facts) { f.Amount, f.Type, f.Tags = fen(9900), 612, nil }, []string{"both", "everything", "to100"}},
			{"¥99.99 of tea", func(f *notify.Facts) { f.Amount, f.Type, f.Tags = fen(9999), 612, []string{"茶"} }, []string{"both", "everything", "tea", "to100"}},
			{"¥100 of tea", func(f *notify.Facts) { f.Amount, f.Type, f.Tags = fen(10000), 612, []string{"茶", "新"} }, []string{"both", "everything", "from100", "tea", "teafrom100", "to100"}},
			{"¥100.01", func(f *notify.Facts) { f.Amount, f.Type, f.Tags = fen(10001), 611, []string{"米"} }, []string{"damaged", "everything", "from100"}},
			{"nothing known is left out of nothing but tags", func(f *notify.Facts) { f.Amount, f.Type, f.Tags = nil, 0, nil }, []string{"both", "damaged", "everything", "from100", "to100"}},
		} {
			f := w.cases["c1"]
			c.change(&f)
			w.cases["c1"] = f
			before := len(w.notices())
			w.plan(notify.EventComplaintNew, "c1", string(rune('a'+i)))
			if got := w.addresses(before); !slices.Equal(got, c.want) {
				t.Errorf("%s: told %v, want %v", c.name, got, c.want)
			}
		}
		before := len(w.notices())
		if err := w.Plan(t.Context(), notify.Event{Kind: notify.EventPermissionLost, ProgramID: "p1"}); err != nil {
			t.Fatal(err)
		}
		if got := w.addresses(before); !slices.Equal(got, []string{"both", "damaged", "everything", "from100", "to100"}) {
			t.Errorf("what is about a program is narrowed by tags alone: told %v", got)
		}
	})
}

// addresses delivers what was planned since and returns to whom, by the first part.
func (w *world) addresses(since int) []string {
	w.t.Helper()
	sent := len(w.provider.messages())
	w.clock.Advance(2 * time.Minute) // no list
	for _, n := range w.notices()[since:] {
		w.deliver(n.ID)
	}
	var out []string
	for _, m := range w.provider.messages()[sent:] {
		out = append(out, m.To[:len(m.To)-len("@x.cn")])
	}
	slices.Sort(out)
	return out
}

func TestMembersHearOfTheirProgramsOnly(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch := w.channel("邮箱")
		_, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, ChannelIDs: []string{ch}, Enabled: true, Receivers: []notify.Receiver{
				{UserID: "boss"}, {UserID: "other"}, {UserID: "gone"}, {UserID: "gone", Address: "gone@163.com"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]int{"c1": 1, "c2": 2} {
			before := len(w.notices())
			if w.plan(notify.EventComplaintNew, id, "new"); len(w.notices())-before != want {
				t.Errorf("%s: told %+v", id, w.notices()[before:])
			}
		}

		r := notify.DefaultReminders()
		r.Digest = notify.Digest{Enabled: true, At: "15:00", ChannelID: ch, Receivers: []notify.Receiver{
			{UserID: "boss"}, {UserID: "other"}, {Address: "OTHER@163.com"}, {Address: "bell@163.com"}, {UserID: "gone"},
		}}
		if _, err := w.StoreReminders(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		before := len(w.notices())
		w.told(time.Hour)
		for _, n := range w.notices()[before:] {
			w.deliver(n.ID)
		}
		all, scoped := 0, 0
		for _, s := range w.scopes {
			switch {
			case s == nil:
				all++
			case slices.Equal(s, []string{"p2"}):
				scoped++
			default:
				t.Errorf("a digest of %v", s)
			}
		}
		if all != 2 || scoped != 1 {
			t.Errorf("%d digests of everything, %d of the one program: %v", all, scoped, w.scopes)
		}
	})
}

func TestLimitsHoldAcrossInstances(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d) // 14:18 in Beijing
		w.provider.limits = []channel.Limit{
			{N: 2, PerAddress: true, Day: true, Taken: true, Text: "今天的条数用完了。"}, {N: 1, Per: 31 * time.Second, PerAddress: true, Taken: true},
		}
		ch, spare := w.channel("短信"), w.channel("备用")
		_, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, ChannelIDs: []string{ch}, FallbackChannelIDs: []string{spare}, Enabled: true,
			Receivers: []notify.Receiver{{ChannelID: ch, Address: "a@163.com"}, {ChannelID: spare, Address: "b@163.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, key := range []string{"1", "2", "3"} {
			w.plan(notify.EventComplaintNew, "c1", key)
			ids = append(ids, w.notices()[len(w.notices())-1].ID)
		}
		services := []*notify.Service{w.Service, w.process(), w.process()}
		try := func(i int) time.Duration {
			wait, _ := w.outcome(services[i].Deliver(t.Context(), ids[i]))
			return wait
		}
		w.provider.script(channel.Result{Outcome: channel.Retry, After: time.Second, Text: "再试。"}) // refused: not counted
		if try(0); len(w.provider.messages()) != 1 {
			t.Fatal("not tried")
		}
		w.clock.Advance(10 * time.Second)
		try(0)
		if wait := try(1); wait < 31*time.Second || wait > time.Minute || len(w.provider.messages()) != 2 {
			t.Errorf("half a minute has to pass: %v, %d sent", wait, len(w.provider.messages()))
		}
		w.clock.Advance(time.Minute)
		try(1)
		w.clock.Advance(time.Minute)
		if wait := try(2); wait < 9*time.Hour || wait > 10*time.Hour || len(w.provider.messages()) != 3 {
			t.Errorf("the day's are used up: %v, %d sent", wait, len(w.provider.messages()))
		}
		if err := w.Fallback(t.Context(), ids[2]); err != nil {
			t.Fatal(err)
		}
		ns := w.notices()
		if n := ns[len(ns)-1]; n.FallbackOf != ids[2] || n.ChannelID != spare {
			t.Errorf("it is told on the other channel at once: %+v", n)
		}
		if n, _ := w.Notice(t.Context(), ids[2]); n.Error != "今天的条数用完了。" || n.State != notify.Queued {
			t.Errorf("the log says why: %+v", n)
		}
		w.clock.Advance(10 * time.Hour)
		if try(2); len(w.provider.messages()) != 4 {
			t.Errorf("the next day: %d sent", len(w.provider.messages()))
		}
	})
}

func TestMessageUnderReviewFallsBack(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, spare := w.channel("服务号"), w.channel("备用")
		_, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew}, FallbackChannelIDs: []string{spare}, Enabled: true,
			Receivers: []notify.Receiver{{ChannelID: ch, Address: "a@163.com"}, {ChannelID: spare, Address: "b@163.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		w.plan(notify.EventComplaintNew, "c1", "review")
		w.plan(notify.EventComplaintNew, "c1", "sent")
		ids := []string{w.notices()[0].ID, w.notices()[1].ID}
		w.provider.script(channel.Result{Outcome: channel.Pending, ProviderCode: "40252", Text: "微信正在审核。"})
		for _, id := range ids {
			w.deliver(id)
		}
		w.clock.Advance(3 * time.Minute)
		for _, id := range ids {
			if err := w.Fallback(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		if ns := w.notices(); len(ns) != 3 || ns[2].FallbackOf != ids[0] {
			t.Errorf("only what is under review is told elsewhere: %+v", ns)
		}
	})
}
