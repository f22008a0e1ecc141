// Package wecom sends notices to a group of 企业微信 by its robot (now called 消息推送). Source: reference/notification-channels.md §4.1.
package wecom

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	perMinute = 20   // a robot's limit
	maxText   = 2048 // bytes
)

// codes are the documented answers.
var codes = map[int64]channel.Result{
	-1:    {Outcome: channel.Retry, WholeChannel: true, Text: "企业微信暂时繁忙。"},
	40008: {Outcome: channel.Permanent, Text: "企业微信不接受这种消息。"},
	45009: {Outcome: channel.Retry, After: time.Minute, WholeChannel: true, Text: "群机器人每分钟最多发 20 条。"},
	45033: {Outcome: channel.Retry, After: 5 * time.Second, WholeChannel: true, Text: "同时发送的消息太多。"},
	93000: {Outcome: channel.Config, WholeChannel: true, Text: "群机器人的地址无效，或者机器人已被移出群。请在群里重新添加，并把新的 Webhook 地址填到这里。"},
}

// New returns the provider of kind "wecom".
func New(o hook.Options) channel.Provider {
	return &hook.Robot{
		Options: o,
		Where:   "请填写群机器人的 Webhook 地址，形如 https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=…。在群设置的「消息推送」里添加后可以复制。",
		New: func(address string, _ secret.Text) channel.Sender {
			return &hook.Sender{Options: o, Rate: hook.Limits{hook.PerMinute(perMinute)}, Most: []channel.Limit{{N: perMinute, Per: time.Minute}}, Do: func(ctx context.Context, m channel.Message) channel.Result {
				return send(ctx, o, address, m)
			}}
		},
	}
}

func send(ctx context.Context, o hook.Options, address string, m channel.Message) channel.Result {
	type text struct {
		Content string `json:"content"`
	}
	body, failed := o.Call(ctx, address, nil, struct {
		MsgType string `json:"msgtype"`
		Text    text   `json:"text"`
	}{"text", text{hook.Plain(m, maxText)}})
	if failed != nil {
		return *failed
	}
	var r struct {
		Code *int64 `json:"errcode"`
		Text string `json:"errmsg"`
	}
	if json.Unmarshal(body, &r) != nil || r.Code == nil {
		return hook.Garbled(body)
	}
	return hook.Reply{Code: *r.Code, Text: r.Text}.Judge(codes)
}
