// Package hook is what providers with one HTTP call per message have in common: a bounded call, an honest judgement of failures in which nobody answered,
// checked addresses, and a limit on how much is sent in a minute. Source of the limits and codes: reference/notification-channels.md §4.
package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/outbound"
)

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Options are what a provider needs from outside.
type Options struct {
	// HTTP follows no redirects, has a timeout below db.JobTimeout and holds the guard against private addresses (outbound.Client).
	HTTP *http.Client
	// AllowPlain also takes http:// addresses; for tests and private networks (ZHISU_ALLOW_PRIVATE_URLS).
	AllowPlain bool
	Clock      clock.Clock
}

// CheckURL returns the address in its normal form, or *channel.Invalid with the text.
func (o Options) CheckURL(raw, text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Host == "" || u.User != nil || len(raw) > 2048 || (u.Scheme != "https" && (u.Scheme != "http" || !o.AllowPlain)) {
		return "", &channel.Invalid{Field: "url", Text: text}
	}
	u.Fragment = ""
	return u.String(), nil
}

// Answer is what the provider said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Post sends one JSON body. It returns an answer, or a result when there is none.
func (o Options) Post(ctx context.Context, address string, header http.Header, body []byte) (Answer, *channel.Result) {
	var written atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(i httptrace.WroteRequestInfo) {
		if i.Err == nil {
			written.Store(true)
		}
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return Answer{}, &channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "url", Text: "地址的格式不对，请重新填写。"}
	}
	// Without it the transport may repeat the request by itself when a kept connection breaks, and nobody knows whether the first arrived.
	req.GetBody = nil
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "zhisu")
	res, err := o.HTTP.Do(req)
	if err != nil {
		return Answer{}, noAnswer(err, written.Load())
	}
	defer res.Body.Close()
	b, err := outbound.ReadBody(res.Body, maxAnswer)
	if err != nil && !errors.Is(err, outbound.ErrTooLarge) {
		return Answer{}, noAnswer(err, true)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: b}, nil
}

// noAnswer judges a call that nobody answered. The error itself is shown to nobody: it carries the address, and with it the secret.
func noAnswer(err error, written bool) *channel.Result {
	r := &channel.Result{Outcome: channel.Retry, WholeChannel: true}
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var header tls.RecordHeaderError
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.Is(err, outbound.ErrPrivateAddress):
		r.Outcome, r.ProviderCode = channel.Config, "private_address"
		r.Text = "这个地址在内网，默认不允许连接。确实需要时，请部署者设置 ZHISU_ALLOW_PRIVATE_URLS=true。"
	case errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &header):
		r.ProviderCode, r.Text = "certificate", "对方的证书不可信，消息没有发出。请检查地址；自签证书请部署者设置 ZHISU_EXTRA_CA_FILE。"
	case errors.As(err, &dns):
		r.ProviderCode, r.Text = "dns", "找不到这个地址的服务器。请检查它是否写对。"
	case written:
		r.Outcome, r.WholeChannel, r.After, r.ProviderCode = channel.Unknown, false, time.Minute, "no_answer"
		r.Text = "消息已经交出，但没有收到答复，可能已经送达。"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		r.ProviderCode, r.Text = "timeout", "对方没有及时答复。"
	default:
		r.ProviderCode, r.Text = "network", "连不上对方的服务器。"
	}
	return r
}

// HTTPFailure judges an answer by its status alone; nil means that the body has to be judged.
func HTTPFailure(a Answer) *channel.Result {
	r := &channel.Result{ProviderCode: strconv.Itoa(a.Status), ProviderText: Excerpt(a.Body), WholeChannel: true}
	switch {
	case a.Status >= 200 && a.Status < 300:
		return nil
	case a.Status == http.StatusTooManyRequests:
		r.Outcome, r.After, r.Text = channel.Retry, retryAfter(a.Header, time.Minute), "对方要求放慢。"
	case a.Status == http.StatusRequestTimeout || a.Status >= 500:
		r.Outcome, r.After, r.Text = channel.Retry, retryAfter(a.Header, 0), "对方的服务暂时出错。"
	case a.Status == http.StatusRequestEntityTooLarge:
		r.Outcome, r.WholeChannel, r.Text = channel.Permanent, false, "消息太长，对方没有收下。"
	default:
		r.Outcome, r.Text = channel.Config, "对方拒绝了请求（HTTP "+strconv.Itoa(a.Status)+"）。请检查地址是否完整、是否已经停用。"
	}
	return r
}

func retryAfter(h http.Header, least time.Duration) time.Duration {
	s, err := strconv.Atoi(strings.TrimSpace(h.Get("Retry-After")))
	if err != nil || s < 0 {
		return least
	}
	return max(least, min(time.Duration(s)*time.Second, time.Hour))
}

// Excerpt is the beginning of an answer, fit for the log of messages.
func Excerpt(b []byte) string {
	s := strings.Join(strings.Fields(strings.ToValidUTF8(string(b), "")), " ")
	return Clip(s, 500)
}

// Clip cuts after at most limit bytes, at a character, and says so with “…”.
func Clip(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const more = "…"
	cut := limit - len(more)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + more
}

// Limits are token buckets that all must have one left.
type Limits []*rate.Limiter

// PerMinute allows n messages in any minute.
func PerMinute(n int) *rate.Limiter {
	return rate.NewLimiter(rate.Every(time.Minute/time.Duration(n)), n)
}

// PerSecond allows n messages in any second.
func PerSecond(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(n), n) }

// Take uses one message of every limit, or says how long to wait. Nothing is sent then: going over a limit is punished by the provider.
func (l Limits) Take(now time.Time) *channel.Result {
	taken := make([]*rate.Reservation, 0, len(l))
	var wait time.Duration
	for _, lim := range l {
		r := lim.ReserveN(now, 1)
		taken = append(taken, r)
		wait = max(wait, r.DelayFrom(now))
	}
	if wait == 0 {
		return nil
	}
	for _, r := range taken {
		r.CancelAt(now)
	}
	return &channel.Result{
		Outcome: channel.Retry, After: wait, WholeChannel: true, ProviderCode: "own_limit",
		Text: fmt.Sprintf("为了不超过对方的频率限制，%d 秒后再发。", int(wait.Seconds())+1),
	}
}
