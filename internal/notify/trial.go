package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/notify/channel"
)

// trialWait is how long a test waits for its turn on a busy channel.
const trialWait = 10 * time.Second

// notSeen says what to look at when a test message was accepted and did not show up.
var notSeen = map[string]string{
	"email":       "几分钟内没有看到时，请查看垃圾箱。",
	"offiaccount": "请在手机微信里查看服务号的消息。",
	"sms":         "几分钟内没有收到时，请检查手机的短信拦截，或在腾讯云控制台查看发送记录。",
}

// TestResult is what a provider said to a test message.
type TestResult struct {
	OK                         bool
	ProviderCode, ProviderText string
	// Text says in Chinese what happened and what to do.
	Text string
}

// Test sends a test message through a channel, paused or not, to address or, if that is empty, to where the provider suggests. A success
// ends a pause. It returns ErrNotFound, or *FieldError for a wrong address.
func (s *Service) Test(ctx context.Context, channelID, address string) (TestResult, error) {
	ch, err := s.channelRow(ctx, channelID)
	if err != nil {
		return TestResult{}, err
	}
	p, ok := s.providers[ch.Kind]
	if !ok {
		return TestResult{}, &FieldError{Field: "kind", Text: "暂不支持这种通知渠道。"}
	}
	if address == "" {
		address = p.TestAddress(ch.Settings.V)
	}
	to, masked, err := p.Address(address)
	if err != nil {
		return TestResult{}, err
	}
	sd, err := s.sender(ch)
	if err != nil {
		s.logger.ErrorContext(ctx, "channel can't be opened", "channel", ch.ID, "err", err)
		return TestResult{ProviderCode: "settings", Text: "渠道的设置无法读取，请重新填写并保存。"}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, db.JobTimeout)
	defer cancel()
	timer := time.NewTimer(trialWait)
	defer timer.Stop()
	select {
	case sd.gate <- struct{}{}:
		defer func() { <-sd.gate }()
	case <-timer.C:
		return TestResult{ProviderCode: "busy", Text: "这个渠道正在发送其他通知，请稍后再试。"}, nil
	case <-ctx.Done():
		return TestResult{}, fmt.Errorf("test channel: %w", ctx.Err())
	}
	m, err := s.testMessage(to, ch.Name)
	if err != nil {
		return TestResult{}, err
	}
	res := sd.Send(ctx, m)
	if res.Outcome == channel.Sent {
		// Who was thought to be gone is not.
		if err := s.Followed(context.WithoutCancel(ctx), ch.ID, to); err != nil {
			return TestResult{}, err
		}
	}
	return s.tested(ctx, ch, res, masked)
}

func (s *Service) tested(ctx context.Context, ch *channelRow, res channel.Result, masked string) (TestResult, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		_, err := s.settleChannel(ctx, tx, ch, res, 0)
		return err
	})
	if err != nil {
		return TestResult{}, err
	}
	s.logger.InfoContext(ctx, "channel tested", "channel", ch.ID, "outcome", res.Outcome, "code", res.ProviderCode)
	out := TestResult{OK: res.Outcome == channel.Sent, ProviderCode: res.ProviderCode, ProviderText: res.ProviderText, Text: res.Text}
	switch res.Outcome {
	case channel.Retry, channel.Unknown:
		out.Text += "测试消息不会自动重发，请稍后再试。"
	case channel.Sent:
		out.Text = "测试消息已被服务商收下，发往 " + masked + "。" + notSeen[ch.Kind]
	}
	return out, nil
}

func (s *Service) testMessage(to, name string) (channel.Message, error) {
	sum := sha256.Sum256([]byte("test " + db.NewID()))
	html, err := testHTML(name, s.publicURL)
	if err != nil {
		return channel.Message{}, err
	}
	return channel.Message{
		ID: hex.EncodeToString(sum[:16]), To: to, Subject: "【知诉】测试消息：通知渠道可以使用",
		Text: "这是一条测试消息。\n\n收到它，说明通知渠道「" + name + "」可以使用：有新投诉时，会用同样的方式告诉您。\n\n" + s.publicURL + "\n",
		HTML: html, Link: s.publicURL, Vars: ExampleVars(s.publicURL),
	}, nil
}
