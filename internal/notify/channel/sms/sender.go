package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	tcerr "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/errors"
	tchttp "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/http"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	timeout   = 10 // seconds
	maxAnswer = 64 << 10
)

// sender sends through one account.
type sender struct {
	p      *Provider
	s      Settings
	client *common.Client
	// receipts: delivery reports may come.
	receipts bool
}

// newSender sets the SDK up to send once: no retries, no breaker that would switch to another host.
func newSender(p *Provider, s Settings, key secret.Text) (*sender, error) {
	base, err := url.Parse(p.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("open sms: ZHISU_TENCENT_SMS_URL is not an address")
	}
	cp := profile.NewClientProfile()
	cp.HttpProfile.Scheme, cp.HttpProfile.Endpoint, cp.HttpProfile.ReqTimeout = strings.ToUpper(base.Scheme), base.Host+base.Path, timeout
	cp.DisableRegionBreaker, cp.NetworkFailureMaxRetries, cp.RateLimitExceededMaxRetries, cp.UnsafeRetryOnConnectionFailure = true, 0, 0, false
	c := common.NewCommonClient(common.NewCredential(s.SecretID, key.Reveal()), s.Region, cp)
	c.WithHttpTransport(capped{p.Transport})
	return &sender{p: p, s: s, client: c}, nil
}

// capped bounds what is read of an answer: the SDK reads it whole.
type capped struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (c capped) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(res.Body, maxAnswer), res.Body}
	return res, nil
}

// status is the answer for one number; Code and not the call's success says what happened.
type status struct {
	SerialNo string `json:"SerialNo"`
	Code     string `json:"Code"`
	Message  string `json:"Message"`
}

// Send implements channel.Sender.
func (s *sender) Send(ctx context.Context, m channel.Message) channel.Result {
	r := s.send(ctx, m, fill(s.s, m.Vars))
	r.Receipt = s.receipts && r.MessageID != ""
	r.ProviderText = hideNumber(r.ProviderText, m.To)
	return r
}

func (s *sender) send(ctx context.Context, m channel.Message, values []string) channel.Result {
	req := tchttp.NewCommonRequest("sms", "2021-01-11", "SendSms")
	err := req.SetActionParameters(map[string]any{
		"PhoneNumberSet": []string{m.To}, "SmsSdkAppId": s.s.SDKAppID, "TemplateId": s.s.TemplateID, "SignName": s.s.SignName,
		"TemplateParamSet": values, "SessionContext": m.ID,
	})
	if err != nil {
		return channel.Result{Outcome: channel.Permanent, ProviderCode: "encode", Text: "消息无法编码，没有发出。"}
	}
	var written atomic.Bool
	req.SetContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }}))
	res := tchttp.NewCommonResponse()
	if err := s.client.Send(req, res); err != nil {
		return failed(err, written.Load(), s.p.Clock.Now())
	}
	var body struct {
		Response struct {
			Set       []status `json:"SendStatusSet"`
			RequestID string   `json:"RequestId"`
		} `json:"Response"`
	}
	if err := json.Unmarshal(res.GetBody(), &body); err != nil || len(body.Response.Set) != 1 {
		return channel.Result{Outcome: channel.Unknown, ProviderCode: "bad_answer", Text: "腾讯云的答复看不懂，短信可能已经发出。"}
	}
	one := body.Response.Set[0]
	if one.Code == "Ok" {
		return channel.Result{Outcome: channel.Sent, MessageID: one.SerialNo, ProviderCode: "Ok", ProviderText: one.Message}
	}
	return judge(one.Code, one.Message, s.p.Clock.Now())
}

// failed judges a call that did not end with an answer for the number.
func failed(err error, written bool, now time.Time) channel.Result {
	var e *tcerr.TencentCloudSDKError
	if !errors.As(err, &e) || strings.HasPrefix(e.Code, "ClientError.") {
		if written {
			return channel.Result{Outcome: channel.Unknown, ProviderCode: "no_answer", Text: "短信已经交给腾讯云，但没有收到答复，可能已经发出。"}
		}
		return channel.Result{Outcome: channel.Retry, WholeChannel: true, ProviderCode: "network", Text: "连不上腾讯云短信的服务器。"}
	}
	return judge(e.Code, fmt.Sprintf("%s (RequestId %s)", e.Message, e.RequestId), now)
}

// hideNumber takes the receiver out of Tencent's sentence.
func hideNumber(text, number string) string {
	text = strings.ReplaceAll(text, number, "***")
	if local, ok := strings.CutPrefix(number, "+86"); ok {
		text = strings.ReplaceAll(text, local, "***")
	}
	if r := []rune(text); len(r) > 300 {
		text = string(r[:300]) + "…"
	}
	return text
}

// Limits implements channel.Limited: what Tencent takes for one number (§3.5). The wait between two messages is asked for the same text only, but §5.2 wants
// it kept for all: who gets more at once reads none of them.
func (s *sender) Limits() []channel.Limit {
	return []channel.Limit{
		{N: s.s.DailyLimit, PerAddress: true, Day: true, Taken: true, Text: "这个号码今天的短信条数已经用完（腾讯云默认每天 2 条），明天再发。"},
		{N: 1, Per: sameTextWait, PerAddress: true, Taken: true},
	}
}

// Parallel implements channel.Sender; Tencent takes 3000 calls a second.
func (*sender) Parallel() int { return 4 }

// Close implements channel.Sender; the transport belongs to the provider.
func (*sender) Close() {}
