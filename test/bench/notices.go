package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	manyNotices = 500
	stormCases  = 2000
	stormTime   = 10 * time.Second
)

// notices measures how fast each channel hands messages over, from the first try to the last answer while a queue waits, and the storm. Robots of groups are not
// measured: their providers take 18 to 100 messages a minute.
func notices(ctx context.Context, o options) ([]figure, error) {
	var figures []figure
	for _, postgres := range []bool{false, true} {
		if postgres && o.postgres == "" {
			continue
		}
		for _, part := range []func(context.Context, options, bool) ([]figure, error){channelRates, storm} {
			more, err := part(ctx, o, postgres)
			if err != nil {
				return nil, err
			}
			figures = append(figures, more...)
		}
	}
	return figures, nil
}

func engine(postgres bool) string {
	if postgres {
		return "PostgreSQL"
	}
	return "SQLite"
}

// told is a channel and the complaints that make its queue.
type told struct {
	kind     string
	settings map[string]any
	to       []string
}

func channelRates(ctx context.Context, o options, postgres bool) (_ []figure, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	sink := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	numbers := make([]string, manyNotices) // a number takes two texts a day
	for i := range numbers {
		numbers[i] = strconv.Itoa(13_800_000_000 + i)
	}
	var figures []figure
	for _, c := range []told{
		{"email", nil, []string{"zhoumin@example.com"}},
		{"webhook", map[string]any{"url": sink.URL, "secret": "a-shared-secret"}, []string{""}},
		{"offiaccount", map[string]any{"appid": wechatsim.OffiAppID, "secret": wechatsim.OffiSecret, "template_id": wechatsim.OffiTemplate, "fields": map[string]string{
			"thing1": "problem", "character_string2": "order_no", "time3": "due", "amount4": "amount", "const5": "=待处理",
		}}, []string{"oSimFollower00000000000000001"}},
		{"sms", map[string]any{
			"secret_id": wechatsim.SMSSecretID, "secret_key": wechatsim.SMSSecretKey, "sdk_app_id": wechatsim.SMSAppID, "sign_name": wechatsim.SMSSign,
			"template_id": wechatsim.SMSTemplate, "params": []string{"order_tail", "left_hours"},
		}, numbers},
	} {
		f, err := w.rate(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.kind, err)
		}
		f.name += ", " + engine(postgres)
		figures = append(figures, f)
	}
	return figures, nil
}

// rate tells a channel of so many complaints that manyNotices wait, and measures how fast they go.
func (w *world) rate(ctx context.Context, c told) (figure, error) {
	id, err := w.onlyChannel(ctx, c)
	if err != nil {
		return figure{}, err
	}
	ms, err := w.messages(manyNotices / len(c.to))
	if err != nil {
		return figure{}, err
	}
	if _, err := push(ctx, ms, 500); err != nil {
		return figure{}, err
	}
	ns, err := w.settled(ctx, id, manyNotices)
	if err != nil {
		return figure{}, err
	}
	first, last := ns[0].Attempts[0].At, int64(0)
	tries := 0
	for _, n := range ns {
		for _, a := range n.Attempts {
			tries++
			first, last = min(first, a.At), max(last, a.FinishedAt)
		}
	}
	took := time.Duration(last-first) * time.Millisecond
	value := fmt.Sprintf("%.0f/s (%d in %s)", float64(len(ns))/took.Seconds(), len(ns), ms3(took))
	if tries > len(ns) {
		value += fmt.Sprintf(", %d tries", tries)
	}
	return figure{"notices handed over, " + c.kind, value, ""}, nil
}

func ms3(d time.Duration) string { return d.Round(10 * time.Millisecond).String() }

// onlyChannel makes the channel, unless it is the mail channel that is there, and subscribes nobody else.
func (w *world) onlyChannel(ctx context.Context, c told) (string, error) {
	var subs, channels struct {
		Items []struct{ ID, Kind string } `json:"items"`
	}
	if err := w.call(ctx, http.MethodGet, "/subscriptions", nil, &subs); err != nil {
		return "", err
	}
	for _, s := range subs.Items {
		if err := w.call(ctx, http.MethodDelete, "/subscriptions/"+s.ID, nil, nil); err != nil {
			return "", err
		}
	}
	if err := w.call(ctx, http.MethodGet, "/channels", nil, &channels); err != nil {
		return "", err
	}
	id := channels.Items[0].ID
	if c.settings != nil {
		var made struct{ ID string }
		if err := w.call(ctx, http.MethodPost, "/channels", map[string]any{"kind": c.kind, "name": c.kind, "settings": c.settings}, &made); err != nil {
			return "", err
		}
		id = made.ID
	}
	const most = 100 // receivers of a subscription
	for from := 0; from < len(c.to); from += most {
		var rs []map[string]any
		for _, a := range c.to[from:min(from+most, len(c.to))] {
			rs = append(rs, map[string]any{"channel_id": id, "address": a})
		}
		err := w.call(ctx, http.MethodPost, "/subscriptions", map[string]any{"events": []string{"complaint.new"}, "group": false, "channel_ids": []string{id}, "receivers": rs}, nil)
		if err != nil {
			return "", err
		}
	}
	return id, nil
}

type noticeView struct {
	ComplaintID string `json:"complaint_id"`
	State       string `json:"state"`
	Grouped     *struct {
		IsList bool `json:"is_list"`
	} `json:"grouped"`
	Attempts []struct {
		At         int64 `json:"at"`
		FinishedAt int64 `json:"finished_at"`
	} `json:"attempts"`
}

// settled waits until n notices of cases on a channel are sent, and returns all.
func (w *world) settled(ctx context.Context, channelID string, n int) ([]noticeView, error) {
	var out []noticeView
	deadline := time.Now().Add(5 * time.Minute)
	for time.Now().Before(deadline) {
		out = out[:0]
		sent := 0
		for cursor := ""; ; {
			var page struct {
				Items []noticeView `json:"items"`
				Next  string       `json:"next_cursor"`
			}
			q := url.Values{"channel_id": {channelID}, "limit": {"200"}, "cursor": {cursor}}
			if err := w.call(ctx, http.MethodGet, "/notices?"+q.Encode(), nil, &page); err != nil {
				return nil, err
			}
			for _, v := range page.Items {
				if out = append(out, v); v.State == "sent" && v.ComplaintID != "" {
					sent++
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if sent >= n {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return nil, fmt.Errorf("%d notices are known, not all of %d sent", len(out), n)
}

// storm is 2,000 complaints in ten seconds: everybody hears of every one, once, in few messages.
func storm(ctx context.Context, o options, postgres bool) (_ []figure, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	var subs struct {
		Items []struct {
			ID       string   `json:"id"`
			Channels []string `json:"channel_ids"`
		} `json:"items"`
	}
	if err := w.call(ctx, http.MethodGet, "/subscriptions", nil, &subs); err != nil {
		return nil, err
	}
	channel := subs.Items[0].Channels[0]
	var rs []map[string]any
	for _, a := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		rs = append(rs, map[string]any{"channel_id": channel, "address": a})
	}
	if err := w.call(ctx, http.MethodPatch, "/subscriptions/"+subs.Items[0].ID, map[string]any{"group": true, "receivers": rs}, nil); err != nil {
		return nil, err
	}
	messages, err := w.messages(stormCases)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	all, err := push(ctx, messages, stormCases/int(stormTime/time.Second))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if !s.acked {
			return nil, errors.New("a push of the storm was not acknowledged")
		}
	}
	ns, err := w.settled(ctx, channel, stormCases*len(rs))
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	cases, mails := map[string]int{}, 0
	for _, n := range ns {
		if n.ComplaintID != "" {
			cases[n.ComplaintID]++
		}
		if n.ComplaintID == "" || n.Grouped == nil {
			mails++
		}
	}
	twice := 0
	for _, n := range cases {
		if n != len(rs) {
			twice++
		}
	}
	return []figure{{
		fmt.Sprintf("storm, %d complaints in %s, %s", stormCases, stormTime, engine(postgres)),
		fmt.Sprintf("%d receivers told of %d in %d mails within %s, %d not exactly once", len(rs), len(cases), mails, ms3(took), twice), "each once",
	}}, nil
}
