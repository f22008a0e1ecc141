// Package webhook hands notices to a merchant's own system, signed as Standard Webhooks describes. Source: reference/notification-channels.md §4.5.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/hook"
	"github.com/zhisu/zhisu/internal/secret"
)

// Provider makes webhook senders.
type Provider struct {
	hook.Robot // the channel itself is the receiver, as with a robot
}

// Settings of a webhook. The address is shown; the secret signs and is sent nowhere.
type Settings struct {
	URL string `json:"url"`
}

const where = "请填写接收通知的地址，以 https:// 开头。"

// Machine implements channel.Machine.
func (*Provider) Machine() {}

// New returns the provider of kind "webhook".
func New(o hook.Options) *Provider { return &Provider{hook.Robot{Options: o}} }

// SecretFields implements channel.Provider.
func (*Provider) SecretFields() []string { return []string{hook.SecretField} }

// Check implements channel.Provider.
func (p *Provider) Check(s channel.Settings) (json.RawMessage, error) {
	v, err := p.settings(s)
	if err != nil {
		return nil, err
	}
	if s.Secrets[hook.SecretField].IsEmpty() {
		return nil, &channel.Invalid{Field: hook.SecretField, Text: "请填写签名密钥，由您自己定，接收方用它验证消息来自知诉。"}
	}
	if _, err := key(s.Secrets[hook.SecretField]); err != nil {
		return nil, &channel.Invalid{Field: hook.SecretField, Text: "whsec_ 开头的密钥，后面应是 Base64。"}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, &channel.Invalid{Field: "settings", Text: "设置的格式不对。"}
	}
	return out, nil
}

func (p *Provider) settings(s channel.Settings) (v Settings, err error) {
	if json.Unmarshal(s.Public, &v) != nil {
		return v, &channel.Invalid{Field: "settings", Text: "设置的格式不对，请检查每一项的类型。"}
	}
	v.URL, err = p.CheckURL(v.URL, where)
	return v, err
}

// Open implements channel.Provider.
func (p *Provider) Open(s channel.Settings) (channel.Sender, error) {
	v, err := p.settings(s)
	if err != nil {
		return nil, err
	}
	k, err := key(s.Secrets[hook.SecretField])
	if err != nil {
		return nil, &channel.Invalid{Field: hook.SecretField, Text: "密钥的格式不对。"}
	}
	return &hook.Sender{Options: p.Options, Do: func(ctx context.Context, m channel.Message) channel.Result { return p.send(ctx, v.URL, k, m) }}, nil
}

// key is the secret itself, or what its whsec_ form encodes.
func key(s secret.Text) ([]byte, error) {
	encoded, ok := strings.CutPrefix(s.Reveal(), "whsec_")
	if !ok {
		return []byte(s.Reveal()), nil
	}
	return base64.StdEncoding.DecodeString(encoded)
}

// Event is the body of a webhook. Times are Unix ms.
type Event struct {
	// ID is the same for every try of a notice: the receiver's key against repeats. It is also the header webhook-id.
	ID string `json:"id"`
	// Event is one of a subscription's events, such as complaint.new; empty for a test.
	Event   string `json:"event"`
	At      int64  `json:"at"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Link    string `json:"link"`
	// Data are the facts one by one, as channel.Message.Vars.
	Data map[string]string `json:"data"`
}

func (p *Provider) send(ctx context.Context, address string, k []byte, m channel.Message) channel.Result {
	now := p.Clock.Now()
	body, err := json.Marshal(Event{ID: m.ID, Event: m.Event, At: now.UnixMilli(), Subject: m.Subject, Text: m.Text, Link: m.Link, Data: m.Vars})
	if err != nil {
		return channel.Result{Outcome: channel.Permanent, ProviderCode: "encode", Text: "消息无法编码，没有发出。"}
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(m.ID + "." + stamp + "."))
	mac.Write(body)
	a, failed := p.Post(ctx, address, http.Header{
		"Webhook-Id": {m.ID}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}, body)
	if failed != nil {
		// A receiver that keeps ids takes a repeat as a repeat.
		return *failed
	}
	if failed := hook.HTTPFailure(a); failed != nil {
		return *failed
	}
	return channel.Result{Outcome: channel.Sent, ProviderCode: strconv.Itoa(a.Status)}
}
