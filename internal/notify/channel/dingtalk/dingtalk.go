// Package dingtalk sends notices to a group of 钉钉 by its custom robot. Source: reference/notification-channels.md §4.3.
package dingtalk

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/secret"
)

const (
	perMinute = 18   // the limit is 20, and going over it mutes the robot for ten minutes
	maxText   = 4096 // bytes; our own, no limit is documented
)

// codes are the documented answers.
var codes = map[int64]channel.Result{
	-1:     {Outcome: channel.Retry, WholeChannel: true, Text: "钉钉暂时繁忙。"},
	130101: {Outcome: channel.Retry, After: 10 * time.Minute, WholeChannel: true, Text: "发送太快，钉钉让机器人静默 10 分钟。"},
	310000: {Outcome: channel.Config, WholeChannel: true, Text: "钉钉的安全设置没有通过：请检查加签密钥；设置了关键词时，请加上「投诉」；设置了 IP 段时，请加上这台服务器的出口 IP。"},
}

// New returns the provider of kind "dingtalk".
func New(o hook.Options) channel.Provider {
	return &hook.Robot{
		Options:      o,
		Where:        "请填写群机器人的 Webhook 地址，形如 https://oapi.dingtalk.com/robot/send?access_token=…。在群设置的「机器人」里添加自定义机器人后可以复制。",
		SecretNeeded: "请填写加签密钥（SEC 开头）。添加机器人时在「安全设置」里勾选「加签」后可以复制。",
		New: func(address string, sign secret.Text) channel.Sender {
			return &hook.Sender{Options: o, Rate: hook.Limits{hook.PerMinute(perMinute)}, Most: []channel.Limit{{N: perMinute, Per: time.Minute}}, Do: func(ctx context.Context, m channel.Message) channel.Result {
				return send(ctx, o, address, sign, m)
			}}
		},
	}
}

// signed adds the signature: HMAC-SHA256 with the secret as key over the time in milliseconds, a line feed and the secret.
func signed(address string, sign secret.Text, now time.Time) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	stamp := strconv.FormatInt(now.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(sign.Reveal()))
	mac.Write([]byte(stamp + "\n" + sign.Reveal()))
	q := u.Query()
	q.Set("timestamp", stamp)
	q.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func send(ctx context.Context, o hook.Options, address string, sign secret.Text, m channel.Message) channel.Result {
	address, err := signed(address, sign, o.Clock.Now())
	if err != nil {
		return channel.Result{Outcome: channel.Config, WholeChannel: true, ProviderCode: "url", Text: "地址的格式不对，请重新填写。"}
	}
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
	// 400xxx is a bad access_token; the exact numbers are not documented.
	if *r.Code/1000 == 400 {
		return hook.Reply{Code: *r.Code, Text: r.Text}.Judge(map[int64]channel.Result{
			*r.Code: {Outcome: channel.Config, WholeChannel: true, Text: "群机器人的地址无效，或者机器人已被移除。请重新复制 Webhook 地址。"},
		})
	}
	return hook.Reply{Code: *r.Code, Text: r.Text}.Judge(codes)
}
