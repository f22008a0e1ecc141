// Package offiaccount sends notices as template messages of a WeChat official account (服务号), and makes codes that receivers bind themselves with. Source of
// every limit and code: reference/notification-channels.md §2, read 2026-11-23.
//
// A value that breaks the rule of its place makes WeChat refuse the whole message (47003), so every value is made to fit before it is sent: see Fit.
//
// WeChat's list of blocked messages (wxa/sec/queryblocktmplmsg, §2.5) is not asked: by the time a review is over, the message was told on the other channel
// long ago, and what is known of the list — not even whether it is asked by template or by message — allows no "it was not blocked".
package offiaccount

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/plain"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
)

// The settings that are sealed.
const (
	SecretField = "secret"
	TokenField  = "token"
	KeyField    = "encoding_aes_key"
)

// Push modes, as they are called in WeChat's console: 明文, 兼容, 安全.
const (
	ModePlain  = "plain"
	ModeCompat = "compat"
	ModeSafe   = "safe"
)

// Options are what the provider needs from outside.
type Options struct {
	WeChat *wechat.Client
	Clock  clock.Clock
	// Vars names the facts that a template's places may be filled with (notify.Vars).
	Vars []string
}

// Settings are the settings that may be seen.
type Settings struct {
	AppID      string `json:"appid"`
	TemplateID string `json:"template_id"`
	// Fields ties the keys of the template to facts; a value that begins with "=" is sent as it is, without the sign.
	Fields map[string]string `json:"fields"`
	// PushMode is how WeChat pushes events to us.
	PushMode string `json:"push_mode"`
}

// Provider is the provider of kind "offiaccount".
type Provider struct {
	Options
	tokens *tokens
}

// New returns the provider.
func New(o Options) *Provider { return &Provider{o, newTokens(o)} }

var _ interface {
	channel.Templater
	channel.Previewer
} = (*Provider)(nil)

// SecretFields implements channel.Provider.
func (*Provider) SecretFields() []string { return []string{SecretField, TokenField, KeyField} }

var (
	appIDForm = regexp.MustCompile(`^wx[0-9a-zA-Z]{6,30}$`)
	keyForm   = regexp.MustCompile(`^[a-z][a-z_]{0,30}[0-9]{0,3}$`)
	idForm    = regexp.MustCompile(`^[0-9A-Za-z_-]{5,100}$`)
	tokenForm = regexp.MustCompile(`^[0-9A-Za-z]{3,32}$`)
	openForm  = regexp.MustCompile(`^[0-9A-Za-z_-]{10,64}$`)
)

func invalid(field, text string) error { return &channel.Invalid{Field: field, Text: text} }

func read(public json.RawMessage) (Settings, error) {
	var s Settings
	if err := json.Unmarshal(public, &s); err != nil {
		return s, invalid("settings", "设置的格式不对。")
	}
	s.AppID, s.TemplateID = strings.TrimSpace(s.AppID), strings.TrimSpace(s.TemplateID)
	return s, nil
}

// Check implements channel.Provider.
func (p *Provider) Check(in channel.Settings) (json.RawMessage, error) {
	s, err := read(in.Public)
	if err != nil {
		return nil, err
	}
	if err := account(s, in.Secrets); err != nil {
		return nil, err
	}
	if !idForm.MatchString(s.TemplateID) {
		return nil, invalid("template_id", "请选择一个消息模板，或填写模板 ID。它在公众平台「广告与服务 → 模板消息 → 我的模板」里。")
	}
	if err := p.checkFields(s.Fields); err != nil {
		return nil, err
	}
	if err := checkPush(&s, in.Secrets); err != nil {
		return nil, err
	}
	out, err := json.Marshal(s)
	if err != nil {
		return nil, invalid("settings", "设置的格式不对。")
	}
	return out, nil
}

// account checks what is needed to ask WeChat anything.
func account(s Settings, secrets map[string]secret.Text) error {
	switch {
	case !appIDForm.MatchString(s.AppID):
		return invalid("appid", "请填写服务号的 AppID（wx 开头）。它在公众平台「设置与开发 → 基本配置」里。")
	case secrets[SecretField].IsEmpty():
		return invalid(SecretField, "请填写服务号的 AppSecret。它在公众平台「设置与开发 → 基本配置」里，只在生成时显示一次。")
	}
	return nil
}

func (p *Provider) checkFields(fields map[string]string) error {
	if len(fields) == 0 {
		return invalid("fields", "请为模板的每一项选择内容。")
	}
	for key, v := range fields {
		field := "fields." + key
		kind := TypeOf(key)
		literal, fixed := strings.CutPrefix(v, "=")
		switch {
		case !keyForm.MatchString(key):
			return invalid("fields", "模板的字段名不对："+plain.Clip(key, 20)+"。它写在模板内容的 {{ }} 里，例如 thing1。")
		case fixed && len([]rune(literal)) > 20:
			return invalid(field, "固定的文字不能超过 20 个字。")
		case fixed:
		case kind == "const":
			return invalid(field, key+" 只能填微信审核过的固定词：请直接填写那个词，或者留空。")
		case !slices.Contains(p.Vars, v):
			return invalid(field, "请为 "+key+" 选择内容。")
		case (kind == "time" || kind == "date") && v != "due" && v != "created":
			return invalid(field, key+" 是时间，只能选截止时间或投诉时间。")
		}
	}
	return nil
}

func checkPush(s *Settings, secrets map[string]secret.Text) error {
	token, key := secrets[TokenField], secrets[KeyField]
	if s.PushMode == "" {
		s.PushMode = ModeSafe
	}
	switch {
	case s.PushMode != ModePlain && s.PushMode != ModeCompat && s.PushMode != ModeSafe:
		return invalid("push_mode", "消息加解密方式应为明文、兼容或安全模式。")
	case token.IsEmpty():
		return nil // no callback
	case !tokenForm.MatchString(token.Reveal()):
		return invalid(TokenField, "Token 应为 3 到 32 位字母或数字，与公众平台「服务器配置」里的一致。")
	case s.PushMode == ModePlain:
		return nil
	case key.IsEmpty():
		return invalid(KeyField, "请填写 EncodingAESKey（43 位），与公众平台「服务器配置」里的一致。")
	}
	if _, err := msgcrypt.ParseKey(key.Reveal()); err != nil {
		return invalid(KeyField, "EncodingAESKey 应为 43 位字母或数字。")
	}
	return nil
}

// SameAccount implements channel.Provider.
func (*Provider) SameAccount(before, after json.RawMessage) bool {
	a, errA := read(before)
	b, errB := read(after)
	return errA == nil && errB == nil && a.AppID == b.AppID
}

// Address implements channel.Provider: an openid under this account.
func (*Provider) Address(address string) (string, string, error) {
	id := strings.TrimSpace(address)
	if !openForm.MatchString(id) {
		return "", "", invalid("address", "请选择扫码绑定的接收人，或填写他在这个服务号下的 openid。")
	}
	return id, id[:4] + "****" + id[len(id)-4:], nil
}

// TestAddress implements channel.Provider.
func (*Provider) TestAddress(json.RawMessage) string { return "" }

// Open implements channel.Provider.
func (p *Provider) Open(in channel.Settings) (channel.Sender, error) {
	s, err := read(in.Public)
	if err != nil {
		return nil, err
	}
	return &sender{p: p, s: s, secret: in.Secrets[SecretField], receipts: !in.Secrets[TokenField].IsEmpty()}, nil
}

// Templates implements channel.Templater.
func (p *Provider) Templates(ctx context.Context, in channel.Settings) ([]channel.Template, *channel.Result) {
	s, err := read(in.Public)
	if err == nil {
		err = account(s, in.Secrets)
	}
	if err != nil {
		return nil, &channel.Result{Outcome: channel.Config, ProviderCode: "settings", Text: text(err)}
	}
	var list []wechat.PrivateTemplate
	err = p.tokens.with(ctx, s.AppID, in.Secrets[SecretField], func(token string) error {
		list, err = p.WeChat.ListTemplates(ctx, token)
		return err
	})
	if err != nil {
		r := judge(err, p.Clock.Now())
		return nil, &r
	}
	out := make([]channel.Template, 0, len(list))
	for _, t := range list {
		out = append(out, channel.Template{ID: t.ID, Title: t.Title, Content: t.Content, Example: t.Example, Keys: Keys(t.Content)})
	}
	return out, nil
}

// Preview implements channel.Previewer.
func (p *Provider) Preview(public json.RawMessage, vars map[string]string) ([]channel.Filled, error) {
	s, err := read(public)
	if err != nil {
		return nil, err
	}
	return fill(s.Fields, vars, p.Clock.Now()), nil
}

func text(err error) string {
	if i, ok := err.(*channel.Invalid); ok { //nolint:errorlint // made a few lines above, never wrapped
		return i.Text
	}
	return "设置的格式不对。"
}
