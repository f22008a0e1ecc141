package api

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
)

type platformView struct {
	ComponentAppID       *string       `json:"component_appid"`
	HasSecret            bool          `json:"has_secret"`
	HasToken             bool          `json:"has_token"`
	HasEncodingAESKey    bool          `json:"has_encoding_aes_key"`
	TicketReceivedAt     *int64        `json:"ticket_received_at" doc:"Unix ms"`
	AccessTokenExpiresAt *int64        `json:"access_token_expires_at" doc:"Unix ms"`
	ConsoleValues        consoleValues `json:"console_values"`
	Checks               []check       `json:"checks"`
}

// consoleValues are what is pasted into WeChat's console, under WeChat's own field names.
type consoleValues struct {
	AuthDomain  string `json:"auth_domain" doc:"授权发起页域名"`
	EventsURL   string `json:"events_url" doc:"授权事件接收 URL"`
	MessagesURL string `json:"messages_url" doc:"消息与事件接收 URL"`
}

type check struct {
	ID    string `json:"id" enum:"public_url,settings,ticket,token,messages"`
	State string `json:"state" enum:"ok,waiting,failed"`
	Text  string `json:"text"`
	Hint  string `json:"hint,omitempty"`
}

func (a *API) getPlatform(ctx context.Context, _ *empty) (*body[platformView], error) {
	v, err := a.platformView(ctx)
	return &body[platformView]{v}, err
}

func (a *API) platformView(ctx context.Context) (platformView, error) {
	v := platformView{ConsoleValues: a.consoleValues()}
	st, err := a.Programs.Platform(ctx)
	if err != nil && !errors.Is(err, program.ErrNoPlatform) {
		return v, err
	}
	v.ComponentAppID = orNil(st.ComponentAppID)
	v.HasSecret, v.HasToken, v.HasEncodingAESKey = st.HasSecret, st.HasToken, st.HasAESKey
	v.TicketReceivedAt, v.AccessTokenExpiresAt = st.TicketReceived.Ptr(), st.TokenExpires.Ptr()
	lastPush, err := a.lastPush(ctx)
	v.Checks = a.platformChecks(st, lastPush)
	return v, err
}

func (a *API) consoleValues() consoleValues {
	host := a.PublicURL
	if u, err := url.Parse(a.PublicURL); err == nil {
		host = u.Host
	}
	return consoleValues{
		AuthDomain: host, EventsURL: a.PublicURL + "/wechat/platform/events", MessagesURL: a.PublicURL + "/wechat/platform/messages/$APPID$",
	}
}

func (a *API) lastPush(ctx context.Context) (time.Time, error) {
	ps, err := a.Programs.List(ctx, program.Filter{})
	var last time.Time
	for i := range ps {
		if t := ps[i].LastPushAt.Time(); t.After(last) {
			last = t
		}
	}
	return last, err
}

const ticketStale = 30 * time.Minute // WeChat pushes one every ten; see also gap.ticketOld

func (a *API) platformChecks(st program.PlatformStatus, lastPush time.Time) []check {
	now := a.Clock.Now()
	settings := check{ID: "settings", State: "ok", Text: "AppID、密钥、Token 和 Key 都已保存"}
	if st.ComponentAppID == "" || !st.HasSecret || !st.HasToken || !st.HasAESKey {
		settings = check{ID: "settings", State: "waiting", Text: "先填写第三方平台信息"}
	}
	ticket := check{ID: "ticket", State: "waiting", Text: "还没有收到微信票据", Hint: "保存微信后台的配置后，微信每 10 分钟推送一次"}
	switch age := now.Sub(st.TicketReceived.Time()); {
	case st.TicketReceived.IsZero():
	case age > ticketStale:
		ticket = check{ID: "ticket", State: "failed", Text: ago(age) + "前收到最后一次票据", Hint: "请检查授权事件接收 URL 和服务器的防火墙"}
	default:
		ticket = check{ID: "ticket", State: "ok", Text: ago(age) + "前收到微信票据", Hint: "之后每 10 分钟一次"}
	}
	token := check{ID: "token", State: "waiting", Text: "收到票据后自动检查", Hint: "微信后台的 IP 白名单要包含本服务器"}
	switch {
	case st.TokenExpires.Time().After(now):
		token = check{ID: "token", State: "ok", Text: "已换到平台令牌"}
	case st.TokenError != "" && !st.TicketReceived.IsZero():
		token = check{ID: "token", State: "failed", Text: "没有换到平台令牌", Hint: st.TokenError}
	}
	messages := check{ID: "messages", State: "waiting", Text: "授权小程序后自动检查", Hint: "$APPID$ 原样粘贴，不要替换"}
	if !lastPush.IsZero() {
		messages = check{ID: "messages", State: "ok", Text: ago(now.Sub(lastPush)) + "前收到小程序的推送"}
	}
	return []check{settings, ticket, token, messages}
}

// ago words a duration for people: 8 秒, 12 分钟, 3 小时, 2 天.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d 秒", max(int(d.Seconds()), 1))
	case d < time.Hour:
		return fmt.Sprintf("%d 分钟", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d 小时", int(d.Hours()))
	}
	return fmt.Sprintf("%d 天", int(d.Hours()/24))
}

type platformInput struct {
	Body struct {
		ComponentAppID string      `json:"component_appid"`
		Secret         secret.Text `json:"secret,omitempty" doc:"Write-only; empty keeps the stored one"`
		Token          secret.Text `json:"token,omitempty" doc:"Write-only; empty keeps the stored one"`
		EncodingAESKey secret.Text `json:"encoding_aes_key,omitempty" doc:"Write-only; empty keeps the stored one"`
	}
}

func (a *API) putPlatform(ctx context.Context, in *platformInput) (*body[platformView], error) {
	err := a.Programs.SetPlatform(ctx, program.PlatformConfig{
		ComponentAppID: in.Body.ComponentAppID, Secret: in.Body.Secret, Token: in.Body.Token, EncodingAESKey: in.Body.EncodingAESKey,
	})
	if err != nil {
		return nil, err
	}
	if err := a.Identity.Record(ctx, a.DB.Write(), identity.Entry{Verb: "update", Object: "platform", ObjectID: in.Body.ComponentAppID}); err != nil {
		return nil, err
	}
	return a.getPlatform(ctx, nil)
}

type generated struct {
	Token          string `json:"token"`
	EncodingAESKey string `json:"encoding_aes_key"`
}

func (a *API) generatePlatform(context.Context, *empty) (*body[generated], error) {
	t, k, err := program.GeneratePushSecrets()
	return &body[generated]{generated{t.Reveal(), k.Reveal()}}, err
}

func (a *API) checkPlatform(ctx context.Context, _ *empty) (*body[platformView], error) {
	if err := a.Programs.KeepTokens(ctx); err != nil {
		a.Logger.InfoContext(ctx, "platform check", "err", err)
	}
	return a.getPlatform(ctx, nil)
}
