// Package feishu sends notices to a group of 飞书 by its custom robot. Source: reference/notification-channels.md §4.4.
package feishu

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	perMinute = 100
	perSecond = 5
	maxText   = 16 << 10 // bytes; the whole body may have 20 KB
)

// codes are the documented answers.
var codes = map[int64]channel.Result{
	9499:  {Outcome: channel.Permanent, Text: "飞书不接受这条消息。"},
	11232: {Outcome: channel.Retry, After: time.Minute, WholeChannel: true, Text: "发送太快。"},
	19021: {Outcome: channel.Config, WholeChannel: true, Text: "签名校验没有通过：请检查签名密钥，并确认这台服务器的时间准确。"},
	19022: {Outcome: channel.Config, WholeChannel: true, Text: "这台服务器的出口 IP 不在机器人的白名单里，请在机器人的安全设置中加上。"},
	19024: {Outcome: channel.Config, WholeChannel: true, Text: "消息里没有机器人要求的关键词，请在机器人的安全设置中加上「投诉」。"},
	19036: {Outcome: channel.Permanent, Text: "消息太长，飞书没有收下。"},
}

// New returns the provider of kind "feishu".
func New(o hook.Options) channel.Provider {
	return &hook.Robot{
		Options: o,
		Where:   "请填写群机器人的 Webhook 地址，形如 https://open.feishu.cn/open-apis/bot/v2/hook/…。在群设置的「群机器人」里添加自定义机器人后可以复制。",
		New: func(address string, sign secret.Text) channel.Sender {
			limits := hook.Limits{hook.PerMinute(perMinute), hook.PerSecond(perSecond)}
			return &hook.Sender{Options: o, Rate: limits, Most: []channel.Limit{{N: 100, Per: time.Minute}, {N: 5, Per: time.Second}}, Do: func(ctx context.Context, m channel.Message) channel.Result {
				return send(ctx, o, address, sign, m)
			}}
		},
	}
}

// signature is HMAC-SHA256 over nothing, with the time in seconds, a line feed and the secret as key.
func signature(stamp string, sign secret.Text) string {
	return base64.StdEncoding.EncodeToString(hmac.New(sha256.New, []byte(stamp+"\n"+sign.Reveal())).Sum(nil))
}

type content struct {
	Text string `json:"text"`
}

type message struct {
	Timestamp string  `json:"timestamp,omitempty"`
	Sign      string  `json:"sign,omitempty"`
	MsgType   string  `json:"msg_type"`
	Content   content `json:"content"`
}

func send(ctx context.Context, o hook.Options, address string, sign secret.Text, m channel.Message) channel.Result {
	msg := message{MsgType: "text", Content: content{hook.Plain(m, maxText)}}
	if !sign.IsEmpty() {
		msg.Timestamp = strconv.FormatInt(o.Clock.Now().Unix(), 10)
		msg.Sign = signature(msg.Timestamp, sign)
	}
	body, failed := o.Call(ctx, address, nil, msg)
	if failed != nil {
		return *failed
	}
	// Robots have answered with code and with StatusCode.
	var r struct {
		Code   *int64 `json:"code"`
		Status *int64 `json:"StatusCode"`
		Text   string `json:"msg"`
	}
	if json.Unmarshal(body, &r) != nil || (r.Code == nil && r.Status == nil) {
		return hook.Garbled(body)
	}
	if r.Code == nil {
		r.Code = r.Status
	}
	return hook.Reply{Code: *r.Code, Text: r.Text}.Judge(codes)
}
