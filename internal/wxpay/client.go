package wxpay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/outbound"
)

// maxAnswer is the longest answer that is read, in bytes.
const maxAnswer = 1 << 20

// Client calls WeChat Pay. It holds no credentials: every call gets an Account. It is safe for concurrent use.
type Client struct {
	base  string
	http  *http.Client
	clock clock.Clock
	skew  atomic.Int64 // ms, WeChat Pay's clock minus ours, as last seen
	heard atomic.Bool
}

// New returns a client for the API at base, normally https://api.mch.weixin.qq.com; base has no path, since the path is signed. Redirects are never followed.
func New(base string, hc *http.Client, c clock.Clock) *Client {
	own := *hc
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: strings.TrimRight(base, "/"), http: &own, clock: c}
}

// Skew returns how far WeChat Pay's clock is ahead of ours, and whether it was ever seen. Beyond five minutes nothing works (reference §2.1, §6).
func (c *Client) Skew() (time.Duration, bool) {
	return time.Duration(c.skew.Load()) * time.Millisecond, c.heard.Load()
}

// call is one request.
type call struct {
	api    string
	method string
	path   string // with its query, as signed
	body   any    // sent as JSON; nil = none
	judge  func(status int, code string) verdict
	// acting: the call moves money, so without a certain answer its class is Query.
	acting bool
	// keys verify the answer; nil means those of the account.
	keys func(raw []byte) (Keys, error)
}

// do sends the call and decodes a verified answer into out.
func (c *Client) do(ctx context.Context, a *Account, k *call, out any) error {
	raw, resp, err := c.send(ctx, a, k) //nolint:bodyclose // send has read and closed it
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return k.refused(resp, raw)
	}
	keys := a.Keys
	if k.keys != nil {
		if keys, err = k.keys(raw); err != nil {
			return k.unread(resp, err)
		}
	}
	if err := keys.verifyHeader(resp.Header, raw, c.clock.Now()); err != nil {
		return k.unread(resp, err)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return k.unread(resp, ErrBadAnswer)
	}
	return nil
}

// send makes the round trip.
func (c *Client) send(ctx context.Context, a *Account, k *call) ([]byte, *http.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, &Error{API: k.api, Class: Again, Cause: err}
	}
	var sent outbound.Sent
	req, err := c.request(sent.Watch(ctx), a, k)
	if err != nil {
		return nil, nil, &Error{API: k.api, Class: Config, Cause: err}
	}
	resp, err := c.http.Do(req)
	if err != nil {
		class := Query
		switch {
		case !k.acting:
			class = Later
		case sent.Never(err):
			class = Again
		}
		return nil, nil, &Error{API: k.api, Class: class, Cause: withoutURL(err)}
	}
	defer func() { _ = resp.Body.Close() }() // read to its end
	c.measure(resp.Header)
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, nil, k.unread(resp, withoutURL(err))
	case len(raw) > maxAnswer:
		return nil, nil, k.unread(resp, ErrTooLarge)
	}
	return raw, resp, nil
}

// request builds and signs the request. Source: reference §2.1.
func (c *Client) request(ctx context.Context, a *Account, k *call) (*http.Request, error) {
	var body []byte
	if k.body != nil {
		var err error
		if body, err = json.Marshal(k.body); err != nil {
			return nil, fmt.Errorf("encode request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.base+k.path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("WeChat Pay's address is not a URL")
	}
	nonce := make([]byte, 16)
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("make nonce: %w", err)
	}
	auth, err := a.authorization(k.method, k.path, c.clock.Now(), hex.EncodeToString(nonce), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", auth)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "zhisu")
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	// Always: without it the answer of a merchant in the middle of a switch is signed with the certificate (reference §2.3).
	if id := a.Keys.Preferred(); id != "" {
		req.Header.Set("Wechatpay-Serial", id)
	}
	return req, nil
}

func (c *Client) measure(h http.Header) {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		// Date has whole seconds: half a second is the middle of what it may mean.
		c.skew.Store(t.Add(500 * time.Millisecond).Sub(c.clock.Now()).Milliseconds())
		c.heard.Store(true)
	}
}

// refused turns an answer that is not 200 into an error. Whether these are always signed is not known (reference §7), so they are taken as they come; none of them
// makes a refund count as done.
func (k *call) refused(resp *http.Response, raw []byte) error {
	e := &Error{API: k.api, HTTPStatus: resp.StatusCode, RequestID: clip(resp.Header.Get("Request-ID"), 100)}
	var said struct{ Code, Message string }
	if json.Unmarshal(raw, &said) == nil {
		e.Code, e.Message = clip(said.Code, 64), clip(said.Message, 200)
	}
	v := k.judge(resp.StatusCode, e.Code)
	if resp.StatusCode < 400 && k.acting {
		v = verdict{class: Query} // 202 without a body: accepted, not processed
	}
	e.Class, e.After = v.class, v.after
	return e
}

// unread is an answer that can't be believed: money may have moved.
func (k *call) unread(resp *http.Response, cause error) error {
	class := Later
	if k.acting {
		class = Query
	}
	return &Error{API: k.api, HTTPStatus: resp.StatusCode, RequestID: clip(resp.Header.Get("Request-ID"), 100), Class: class, Cause: cause}
}

// withoutURL strips what net/http wraps around a transport error: a query may name an order.
func withoutURL(err error) error {
	for {
		u, ok := errors.AsType[*url.Error](err)
		if !ok || u.Err == nil {
			break
		}
		err = u.Err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the call was cut short: %w", context.DeadlineExceeded)
	}
	return err
}
