package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

const (
	shop      = "wx0a9d3be1724f6c58"
	component = "wxa4e07c5d28f391d2"
	pushToken = "Tj3kQz8vW1xYc5Bn7Md2Ls9R"
	pushKey   = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	secret    = "0123456789abcdef0123456789abcdef"
	password  = "correct horse battery staple"
	masterKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// world is WeChat, a mail server, and one or more processes of the product that share a database.
type world struct {
	t     *testing.T
	sim   *wechatsim.Sim
	url   string // WeChat's
	smtp  net.Listener
	procs []*process
	token string
	http  *http.Client
}

// newWorld starts n processes, lets one program authorise and sets up mail. push is where WeChat pushes to; nil means the first process. wechat
// may wrap WeChat's API.
func newWorld(t *testing.T, postgres bool, n int, push func(w *world) string, wrap func(http.Handler) http.Handler) *world {
	t.Helper()
	w := &world{t: t, http: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	t.Cleanup(w.http.CloseIdleConnections)
	w.startWeChat(wrap)
	env := []string{
		"ZHISU_WECHAT_API_URL=" + w.url, "ZHISU_WECHAT_MP_URL=" + w.url, "ZHISU_WECHAT_OPEN_URL=" + w.url, "ZHISU_WECHATPAY_URL=" + w.url, "ZHISU_TENCENT_SMS_URL=" + w.url, "ZHISU_COMPONENT_APPID=" + component,
		"ZHISU_COMPONENT_SECRET=" + secret, "ZHISU_COMPONENT_TOKEN=" + pushToken, "ZHISU_COMPONENT_AES_KEY=" + pushKey,
	}
	if postgres {
		env = append(env, "ZHISU_DATABASE_URL="+testkit.PostgresURL(t))
	}
	if n > 1 {
		env = append(env, "ZHISU_MASTER_KEY="+masterKey)
	}
	for range n {
		p := newProcess(t, env...)
		w.procs = append(w.procs, p)
		p.start()
		p.awaitReady()
	}
	at := w.procs[0].url
	if push != nil {
		at = push(w)
	}
	w.sim.SetEndpoints(wechatsim.Endpoints{EventsURL: at + "/wechat/platform/events", MessagesURL: at + "/wechat/platform/messages/$APPID$"})
	w.createOwner()
	w.authorize()
	w.setUpMail()
	return w
}

func (w *world) startWeChat(wrap func(http.Handler) http.Handler) {
	t := w.t
	var err error
	w.sim, err = wechatsim.New(wechatsim.Config{
		ComponentAppID: component, ComponentSecret: secret, Token: pushToken, AESKey: pushKey, AuthDomain: "zhisu.example",
		RetryDelays: []time.Duration{time.Second}, Logger: slog.New(slog.DiscardHandler),
		Programs: []wechatsim.Program{{AppID: shop, UserName: "gh_4b8f0c2d19e7", NickName: "满山茶铺", FuncIDs: []int{76, 151, 19, 30}}},
	})
	w.must(err)
	h := w.sim.Handler()
	if wrap != nil {
		h = wrap(h)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	w.url = srv.URL
	w.smtp, err = net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 2)
	go func() { ended <- w.sim.Run(ctx) }()
	go func() { ended <- w.sim.ServeSMTP(ctx, w.smtp) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Errorf("the simulator: %v", err)
			}
		}
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) createOwner() {
	w.t.Helper()
	p := w.procs[0]
	p.run(password+"\n", "user", "create", "--email", "owner@example.com", "--role", "owner", "--password-stdin")
	w.token = strings.TrimSpace(p.run("", "token", "create", "--user", "owner@example.com", "--name", "fault"))
}

// api calls the product; status 0 means that there was no answer.
func (w *world) api(base, method, path string, in any, header ...string) (status int, body []byte, err error) {
	var r io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, base+"/api/v1"+path, r)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+w.token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, nil, err
	}
	return res.StatusCode, b, nil
}

// call is api that must succeed; the answer goes to out.
func (w *world) call(method, path string, in, out any) {
	w.t.Helper()
	status, b, err := w.api(w.procs[0].url, method, path, in)
	w.must(err)
	if status/100 != 2 {
		w.t.Fatalf("%s %s answered %d %s", method, path, status, b)
	}
	if out != nil {
		w.must(json.Unmarshal(b, out))
	}
}

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"`
}

func (w *world) authorize() {
	w.t.Helper()
	eventually(w.t, 30*time.Second, "the platform token", func() (bool, string) {
		var p struct {
			Expires *int64 `json:"access_token_expires_at"`
		}
		w.call(http.MethodGet, "/platform", nil, &p)
		return p.Expires != nil, "there is none"
	})
	_, err := w.sim.Authorize(wechatsim.AuthorizeRequest{AppID: shop})
	w.must(err)
	eventually(w.t, 30*time.Second, "the authorisation", func() (bool, string) {
		var ps page[struct {
			Name string `json:"name"`
		}]
		w.call(http.MethodGet, "/programs", nil, &ps)
		return len(ps.Items) == 1 && ps.Items[0].Name == "满山茶铺", fmt.Sprint(ps.Items)
	})
}

func (w *world) setUpMail() {
	w.t.Helper()
	host, portText, err := net.SplitHostPort(w.smtp.Addr().String())
	w.must(err)
	port, err := strconv.Atoi(portText)
	w.must(err)
	var ch struct {
		ID string `json:"id"`
	}
	w.call(http.MethodPost, "/channels", map[string]any{"kind": "email", "name": "邮箱", "settings": map[string]any{
		"host": host, "port": port, "security": "none", "username": "notice@example.com", "from_name": "知诉", "per_minute": 100_000,
	}}, &ch)
	w.call(http.MethodPost, "/subscriptions", map[string]any{
		"name": "所有投诉", "events": []string{"complaint.new"}, "group": false, "channel_ids": []string{ch.ID},
		"receivers": []map[string]any{{"channel_id": ch.ID, "address": "zhoumin@example.com"}},
	}, nil)
}

// complaint is a case as the API shows it.
type complaint struct {
	ID      string `json:"id"`
	OrderID string `json:"complaint_order_id"`
	Status  int    `json:"status"`
	Synced  *int64 `json:"synced_at"`
}

// complaints reads all cases by WeChat's number, and fails on one that is there twice.
func (w *world) complaints() map[string]complaint {
	w.t.Helper()
	out := map[string]complaint{}
	cursor := ""
	for {
		var p page[complaint]
		w.call(http.MethodGet, "/complaints?limit=200&sort=newest&cursor="+url.QueryEscape(cursor), nil, &p)
		for _, c := range p.Items {
			if _, twice := out[c.OrderID]; twice {
				w.t.Errorf("complaint %s is there twice", c.OrderID)
			}
			out[c.OrderID] = c
		}
		if cursor = p.Next; cursor == "" {
			return out
		}
	}
}

// ledger remembers what the simulator forgets in long runs.
type ledger struct {
	acked  map[string]bool            // WeChat's numbers of acknowledged complaints
	failed map[string]bool            // those that WeChat gave up
	mails  map[string]map[string]bool // Message-IDs by complaint_order_id
	copies int                        // mails beyond the first of their complaint
	last   int64                      // the newest mail seen
}

func newLedger() *ledger {
	return &ledger{acked: map[string]bool{}, failed: map[string]bool{}, mails: map[string]map[string]bool{}}
}

func (l *ledger) read(sim *wechatsim.Sim) {
	for _, p := range sim.Pushes("complaint_callback") {
		switch p.State {
		case "delivered":
			l.acked[p.ComplaintOrderID] = true
		case "failed":
			l.failed[p.ComplaintOrderID] = true
		}
	}
	for _, m := range sim.Outbox().Emails {
		if m.ID <= l.last {
			continue
		}
		l.last = m.ID
		id := complaintOf(m)
		if l.mails[id] == nil {
			l.mails[id] = map[string]bool{}
		} else {
			l.copies++
		}
		l.mails[id][m.MessageID] = true
	}
}

// number is how a mail names its case.
var number = regexp.MustCompile(`投诉单号：(\d+)`)

// complaintOf finds the case a mail is about by its complaint_order_id.
func complaintOf(m wechatsim.Email) string {
	if found := number.FindStringSubmatch(m.Text); found != nil {
		return found[1]
	}
	return ""
}

// settled asserts that every acknowledged push became a complaint that WeChat was asked about and somebody was mailed, exactly once by Message-ID.
func (w *world) settled(l *ledger, limit time.Duration) {
	w.t.Helper()
	start := time.Now()
	var cs map[string]complaint
	incomplete := true
	eventually(w.t, limit, "a complaint and its mail for every acknowledged push", func() (bool, string) {
		l.read(w.sim)
		if incomplete {
			cs = w.complaints()
		}
		var missing, unmailed []string
		for order := range l.acked {
			_, ok := cs[order]
			switch {
			case !ok:
				missing = append(missing, order)
			case l.mails[order] == nil:
				unmailed = append(unmailed, order)
			}
		}
		incomplete = len(missing) > 0
		return len(missing)+len(unmailed) == 0, fmt.Sprintf("of %d acknowledged %d have no complaint, %d no mail; among them %.100v, %.100v",
			len(l.acked), len(missing), len(unmailed), missing, unmailed)
	})
	waited := time.Since(start)
	eventually(w.t, limit, "the detail of every complaint", func() (bool, string) {
		cs = w.complaints()
		unread := 0
		for _, c := range cs {
			if c.Synced == nil {
				unread++
			}
		}
		return unread == 0, fmt.Sprintf("%d are not read", unread)
	})
	for id, ids := range l.mails {
		if len(ids) != 1 {
			w.t.Errorf("the mails of complaint %s have %d different Message-IDs", id, len(ids))
		}
	}
	for id := range l.mails {
		if _, known := cs[id]; !known {
			w.t.Errorf("there is a mail about %q, which is no complaint", id)
		}
	}
	if len(l.acked) == 0 {
		w.t.Error("nothing was acknowledged, so nothing is proved")
	}
	w.t.Logf("%d acknowledged, %d given up by WeChat, %d complaints, %d mails of which %d repeats with the same Message-ID; settled %.1f s after the load",
		len(l.acked), len(l.failed), len(cs), l.copies+len(l.mails), l.copies, waited.Seconds())
}
