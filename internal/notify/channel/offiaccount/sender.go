package offiaccount

import (
	"context"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// sender sends through one account.
type sender struct {
	p      *Provider
	s      Settings
	secret secret.Text
	// receipts: finish events come, because a callback is set up.
	receipts bool
}

var _ interface {
	channel.Binder
	channel.Limited
} = (*sender)(nil)

// perSecond keeps a storm below what WeChat's interfaces take from one account; the day's quota (100,000, §2.4) is WeChat's to count.
const perSecond = 200

// Limits implements channel.Limited.
func (*sender) Limits() []channel.Limit { return []channel.Limit{{N: perSecond, Per: time.Second}} }

// Send implements channel.Sender. A template id that WeChat does not know is tried once more at once: users report the refusal for right ones.
func (s *sender) Send(ctx context.Context, m channel.Message) channel.Result {
	msg := wechat.TemplateMessage{ToUser: m.To, TemplateID: s.s.TemplateID, URL: m.Link, Data: map[string]string{}, ClientMsgID: m.ID}
	for _, f := range fill(s.s.Fields, m.Vars, s.p.Clock.Now()) {
		msg.Data[f.Key] = f.Value
	}
	id := ""
	send := func(token string) (err error) {
		id, err = s.p.WeChat.SendTemplate(ctx, token, msg)
		return err
	}
	err := s.p.tokens.with(ctx, s.s.AppID, s.secret, send)
	if code := wechat.CodeOf(err); code == codeTemplateID || code == codeTemplate {
		err = s.p.tokens.with(ctx, s.s.AppID, s.secret, send)
	}
	if err != nil {
		return judge(err, s.p.Clock.Now())
	}
	return channel.Result{Outcome: channel.Sent, MessageID: id, Receipt: s.receipts && id != "", ProviderCode: "0", ProviderText: "ok"}
}

// SceneCode implements channel.Binder.
func (s *sender) SceneCode(ctx context.Context, scene string, life time.Duration) (string, *channel.Result) {
	code := ""
	err := s.p.tokens.with(ctx, s.s.AppID, s.secret, func(token string) (err error) {
		code, err = s.p.WeChat.SceneCode(ctx, token, scene, life)
		return err
	})
	if err != nil {
		r := judge(err, s.p.Clock.Now())
		return "", &r
	}
	return code, nil
}

// Parallel implements channel.Sender; WeChat names no limit but the day's.
func (*sender) Parallel() int { return 4 }

// Close implements channel.Sender; the HTTP client belongs to the provider.
func (*sender) Close() {}
