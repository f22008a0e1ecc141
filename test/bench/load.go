package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechatsim"
)

// message is one push, sealed before the clock starts.
type message struct {
	order string // WeChat's number of the complaint
	url   string
	body  []byte
}

// messages files n complaints and seals the push of each.
func (w *world) messages(n int) ([]message, error) {
	key, err := msgcrypt.ParseKey(pushKey)
	if err != nil {
		return nil, err
	}
	out := make([]message, n)
	for i := range out {
		order, err := w.sim.FileComplaint(wechatsim.Filing{AppID: shop})
		if err != nil {
			return nil, err
		}
		v, err := w.sim.Complaint(order)
		if err != nil {
			return nil, err
		}
		encrypted, err := msgcrypt.Encrypt(rand.Reader, key, plain(v), component)
		if err != nil {
			return nil, err
		}
		stamp, nonce := strconv.FormatInt(time.Now().Unix(), 10), strconv.Itoa(1_000_000_000+i)
		q := url.Values{
			"timestamp": {stamp}, "nonce": {nonce}, "encrypt_type": {"aes"}, "openid": {v.OpenID}, "signature": {msgcrypt.Sign(pushToken, stamp, nonce)},
			"msg_signature": {msgcrypt.Sign(pushToken, stamp, nonce, encrypted)},
		}
		out[i] = message{
			order: order, url: w.url + "/wechat/platform/messages/" + shop + "?" + q.Encode(),
			body: fmt.Appendf(nil, "<xml><ToUserName><![CDATA[%s]]></ToUserName><Encrypt><![CDATA[%s]]></Encrypt></xml>", shopUser, encrypted),
		}
	}
	return out, nil
}

// plain is what WeChat says in a complaint_callback (reference/wechat-complaint-api.md §2.2).
func plain(v wechatsim.ComplaintView) []byte {
	created, expires := v.CreatedAt/1000, int64(0)
	if v.ExpiresAt != nil {
		expires = *v.ExpiresAt / 1000
	}
	return fmt.Appendf(nil, `<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[o0000000000000000000000000000]]></FromUserName>`+
		`<CreateTime>%d</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[complaint_callback]]></Event><BussiCallBackInfo>`+
		`<appid><![CDATA[%s]]></appid><option_type>1</option_type><complaint_order_id>%s</complaint_order_id><status>%d</status>`+
		`<create_time>%d</create_time><expire_time>%d</expire_time><type>%d</type><order_id><![CDATA[payorder@_%s]]></order_id>`+
		`<out_trade_no><![CDATA[%s]]></out_trade_no><phone_number>%s</phone_number><open_id><![CDATA[%s]]></open_id>`+
		`<customer_material_content><![CDATA[%s]]></customer_material_content><pay_time>%d</pay_time><total_cost>%d</total_cost>`+
		`<product_name><![CDATA[%s]]></product_name><history><time>%d</time><content><![CDATA[%s]]></content></history></BussiCallBackInfo></xml>`,
		shopUser, created, v.AppID, v.ComplaintOrderID, v.Status, created, expires, v.Type, v.TransactionID, v.OutTradeNo, v.PhoneNumber, v.OpenID,
		v.Content, created-3600, v.Amount, v.ProductName, created, v.Content)
}

// sent is what became of one push.
type sent struct {
	due   time.Time
	took  time.Duration // from the moment it was due to the end of the answer
	acked bool
}

// push sends every message at its moment, whatever became of the others.
func push(ctx context.Context, ms []message, perSecond int) ([]sent, error) {
	hc := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConns: 2000, MaxIdleConnsPerHost: 2000}}
	defer hc.CloseIdleConnections()
	out := make([]sent, len(ms))
	var all sync.WaitGroup
	began := time.Now().Add(100 * time.Millisecond)
	for i := range ms {
		out[i].due = began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		time.Sleep(time.Until(out[i].due))
		if ctx.Err() != nil {
			break
		}
		all.Go(func() {
			out[i].acked = deliver(ctx, hc, ms[i])
			out[i].took = time.Since(out[i].due)
		})
	}
	all.Wait()
	return out, ctx.Err()
}

func deliver(ctx context.Context, hc *http.Client, m message) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(m.body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "text/xml")
	res, err := hc.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return err == nil && res.StatusCode == http.StatusOK && string(b) == "success"
}

// spread sums up many times.
type spread struct{ p50, p95, p99, most time.Duration }

func spreadOf(ds []time.Duration) spread {
	if len(ds) == 0 {
		return spread{}
	}
	slices.Sort(ds)
	at := func(q float64) time.Duration { return ds[min(int(q*float64(len(ds))), len(ds)-1)] }
	return spread{at(.5), at(.95), at(.99), ds[len(ds)-1]}
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// run is one load.
type run struct {
	spread
	refused int
	mailed  time.Duration // from the end of the load until every mail was out
}

// acknowledgements measures how fast pushes are answered at a rate.
func acknowledgements(ctx context.Context, o options, postgres bool, perSecond int) ([]figure, error) {
	engine, promise := "SQLite", "p99 < 100 ms"
	if postgres {
		engine, promise = "PostgreSQL", "p99 < 50 ms"
	}
	var runs []run
	for i := range o.runs {
		r, err := acknowledgeOnce(ctx, o, postgres, perSecond, i)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "  %s, run %d: p50 %s, p99 %s, max %s, %d not acknowledged, load %s\n", engine, i+1, ms(r.p50), ms(r.p99), ms(r.most), r.refused, loadAverage())
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b run) int { return int(a.p99 - b.p99) })
	r := runs[len(runs)/2]
	name := fmt.Sprintf("push acknowledged, %s, %d/s", engine, perSecond)
	figures := []figure{{name, fmt.Sprintf("p50 %s  p99 %s  max %s", ms(r.p50), ms(r.p99), ms(r.most)), promise}}
	figures = append(figures, figure{"  every mail out after the load", fmt.Sprintf("%.1f s", r.mailed.Seconds()), ""})
	if r.refused > 0 {
		figures = append(figures, figure{"  not acknowledged", strconv.Itoa(r.refused), "0"})
	}
	return figures, nil
}

func acknowledgeOnce(ctx context.Context, o options, postgres bool, perSecond, nth int) (r run, err error) {
	w, err := newWorld(ctx, o, postgres)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	messages, err := w.messages(perSecond * int(o.length/time.Second))
	if err != nil {
		return r, err
	}
	stop := w.profileInto(ctx, o, fmt.Sprintf("push-%d-%t-%d.pprof", perSecond, postgres, nth))
	all, err := push(ctx, messages, perSecond)
	ended := time.Now()
	err = errors.Join(err, stop())
	if err != nil {
		return r, err
	}
	took := make([]time.Duration, len(all))
	for i, s := range all {
		if took[i] = s.took; !s.acked {
			r.refused++
		}
	}
	r.spread = spreadOf(took)
	_, err = w.mails(ctx, len(all)-r.refused, 5*time.Minute)
	r.mailed = time.Since(ended)
	return r, err
}

// mails waits until n mails are out.
func (w *world) mails(ctx context.Context, n int, limit time.Duration) ([]wechatsim.Email, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out []wechatsim.Email
	for {
		if out = w.sim.Outbox().Emails; len(out) >= n {
			return out, nil
		}
		select {
		case <-ctx.Done():
			return out, fmt.Errorf("%d of %d mails are out: %w", len(out), n, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// profileInto takes a CPU profile of the product while a load runs, if it is wanted.
func (w *world) profileInto(ctx context.Context, o options, name string) (wait func() error) {
	if o.profile == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func() {
		done <- func() error {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/debug/pprof/profile?seconds=%d", w.admin, int(o.length/time.Second)-2), nil)
			if err != nil {
				return err
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return err
			}
			defer res.Body.Close()
			b, err := io.ReadAll(res.Body)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(o.profile, name), b, 0o600)
		}()
	}()
	return func() error { return <-done }
}
