package notify_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify"
	"github.com/zhisu/zhisu/internal/testkit"
)

func TestSubscriptionIsChecked(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ch, other := w.channel("甲"), w.channel("乙")
		ok := func() notify.SubscriptionInput {
			return notify.SubscriptionInput{Events: []string{notify.EventComplaintNew}, Receivers: []notify.Receiver{{ChannelID: ch, Address: "a@163.com"}}, Enabled: true}
		}
		for _, c := range []struct {
			name   string
			change func(*notify.SubscriptionInput)
			want   string
		}{
			{"no event", func(in *notify.SubscriptionInput) { in.Events = nil }, "events"},
			{"an unknown event", func(in *notify.SubscriptionInput) { in.Events = []string{"complaint.exploded"} }, "events"},
			{"an empty program", func(in *notify.SubscriptionInput) { in.ProgramIDs = []string{""} }, "program_ids"},
			{"no receiver", func(in *notify.SubscriptionInput) { in.Receivers = nil }, "receivers"},
			{"a bad address", func(in *notify.SubscriptionInput) { in.Receivers[0].Address = "nobody" }, "receivers"},
			{"an unknown channel of a receiver", func(in *notify.SubscriptionInput) { in.Receivers[0].ChannelID = "x" }, "receivers"},
			{"an unknown channel", func(in *notify.SubscriptionInput) { in.ChannelIDs = []string{"x"} }, "channel_ids"},
			{"a channel without receivers", func(in *notify.SubscriptionInput) { in.ChannelIDs = []string{ch, other} }, "receivers"},
			{"too many receivers", func(in *notify.SubscriptionInput) {
				for i := range 101 {
					in.Receivers = append(in.Receivers, notify.Receiver{ChannelID: ch, Address: fmt.Sprintf("a%d@163.com", i)})
				}
			}, "receivers"},
			{"a long name", func(in *notify.SubscriptionInput) { in.Name = fmt.Sprintf("%061d", 0) }, "name"},
		} {
			in := ok()
			c.change(&in)
			if _, err := w.CreateSubscription(t.Context(), in); field(t, err) != c.want {
				t.Errorf("%s: %v, want %s", c.name, err, c.want)
			}
		}
		if subs, err := w.ListSubscriptions(t.Context()); err != nil || len(subs) != 0 {
			t.Errorf("%d were stored, %v", len(subs), err)
		}
	})
}

func TestSubscriptionReceivers(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		a, b := w.channel("甲"), w.channel("乙")
		s, err := w.CreateSubscription(t.Context(), notify.SubscriptionInput{
			Events: []string{notify.EventComplaintNew, notify.EventComplaintNew}, ChannelIDs: []string{a, b}, Enabled: true,
			Receivers: []notify.Receiver{{Address: "zhang@163.com", UserID: "u1"}, {ChannelID: a, Address: "Zhang@163.COM"}, {ChannelID: b, Address: "zhao@163.com"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []notify.Receiver{
			{ChannelID: a, Address: "zhang@163.com", AddressMasked: "z***@163.com", UserID: "u1"},
			{ChannelID: b, Address: "zhang@163.com", AddressMasked: "z***@163.com", UserID: "u1"},
			{ChannelID: b, Address: "zhao@163.com", AddressMasked: "z***@163.com"},
		}
		if !slices.Equal(s.Receivers, want) || len(s.Events) != 1 {
			t.Errorf("subscription = %+v", s)
		}

		// The masked forms come back from a form that shows them: each stands for one stored address.
		masked := []notify.Receiver{
			{ChannelID: b, Address: "z***@163.com"}, {ChannelID: b, Address: "z***@163.com"}, {ChannelID: b, Address: "new@163.com"},
		}
		if s, err = w.UpdateSubscription(t.Context(), s.ID, notify.SubscriptionPatch{Receivers: &masked}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range s.Receivers {
			got = append(got, r.Address)
		}
		if !slices.Equal(got, []string{"zhang@163.com", "zhao@163.com", "new@163.com"}) || !slices.Equal(s.ChannelIDs, []string{b}) {
			t.Errorf("subscription = %+v", s)
		}
		stranger := []notify.Receiver{{ChannelID: a, Address: "z***@163.com"}}
		if _, err := w.UpdateSubscription(t.Context(), s.ID, notify.SubscriptionPatch{Receivers: &stranger}); field(t, err) != "receivers" {
			t.Errorf("a mask stood for an address of another channel: %v", err)
		}
		if _, err := w.UpdateSubscription(t.Context(), "none", notify.SubscriptionPatch{}); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("update: %v", err)
		}
		if err := w.DeleteSubscription(t.Context(), "none"); !errors.Is(err, notify.ErrNotFound) {
			t.Errorf("delete: %v", err)
		}
	})
}

func TestNoticesAreListedByPageAndScope(t *testing.T) {
	testkit.Engines(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe(w.channel("邮箱"), []string{notify.EventComplaintNew, notify.EventComplaintProgress}, nil, "a@163.com")
		for i := range 5 { // the first two in one millisecond
			w.plan(notify.EventComplaintProgress, "c1", fmt.Sprint(i))
			if i > 0 {
				w.clock.Advance(time.Millisecond)
			}
		}
		w.plan(notify.EventComplaintNew, "c2", "new")
		w.deliver(w.notices()[5].ID)

		list := func(f notify.NoticeFilter) (ids []string) {
			t.Helper()
			for {
				ns, next, err := w.ListNotices(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				if len(ns) > f.Limit {
					t.Errorf("a page of %d", len(ns))
				}
				for _, n := range ns {
					ids = append(ids, n.ID)
				}
				if next == "" {
					return ids
				}
				f.Cursor = next
			}
		}
		all := list(notify.NoticeFilter{Limit: 2})
		if len(all) != 6 || !slices.IsSortedFunc(all, func(a, b string) int { return -cmp(a, b) }) || len(slices.Compact(slices.Clone(all))) != 6 {
			t.Errorf("pages = %v", all)
		}
		for name, c := range map[string]struct {
			f    notify.NoticeFilter
			want int
		}{
			"one case":      {notify.NoticeFilter{ComplaintID: "c1", Limit: 2}, 5},
			"sent":          {notify.NoticeFilter{State: notify.Sent, Limit: 2}, 1},
			"queued":        {notify.NoticeFilter{State: notify.Queued, Limit: 2}, 5},
			"one program":   {notify.NoticeFilter{ProgramIDs: []string{"p2"}, Limit: 2}, 1},
			"no program":    {notify.NoticeFilter{ProgramIDs: []string{}, Limit: 2}, 0},
			"outside scope": {notify.NoticeFilter{ProgramIDs: []string{"p2"}, ComplaintID: "c1", Limit: 2}, 0},
		} {
			if got := list(c.f); len(got) != c.want {
				t.Errorf("%s: %d, want %d", name, len(got), c.want)
			}
		}
		for _, bad := range []string{"!", "bm8", "MTJ8"} {
			if _, _, err := w.ListNotices(t.Context(), notify.NoticeFilter{Cursor: bad, Limit: 1}); !errors.Is(err, notify.ErrBadCursor) {
				t.Errorf("cursor %q: %v", bad, err)
			}
		}
		if n, err := w.FailedSince(t.Context(), nil, 0); err != nil || n != 0 {
			t.Errorf("%d failed, %v", n, err)
		}
	})
}

func cmp(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}
