// Package sms sends notices as text messages through Tencent Cloud SMS (SendSms, API 2021-01-11). Source of every limit and code:
// reference/notification-channels.md §3, read 2026-11-23.
//
// A text message costs money, cannot be told from its repeat, and a number takes few of them a day. So the values are made to fit before anything is sent, the
// limits of a number are named so that nothing is tried over them, and a try without an answer is never repeated.
package sms

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/plain"
)

// KeyField is the setting that is sealed.
const KeyField = "secret_key"

const (
	defaultRegion = "ap-guangzhou"
	// defaultDaily is Tencent's own limit for one number and day unless it is changed in the console.
	defaultDaily = 2
	// defaultLength is what an individual account's variable takes; others see theirs in the console.
	defaultLength = 12
	maxText       = 500
)

// Options are what the provider needs from outside.
type Options struct {
	// BaseURL is the API's host, with http:// only for a simulator (ZHISU_TENCENT_SMS_URL).
	BaseURL string
	// Transport dials; the SDK puts its own client around it.
	Transport http.RoundTripper
	Clock     clock.Clock
	// Vars names the facts that a variable may be filled with (notify.Vars).
	Vars []string
}

// Settings are the settings that may be seen.
type Settings struct {
	SecretID   string `json:"secret_id"`
	Region     string `json:"region"`
	SDKAppID   string `json:"sdk_app_id"`
	SignName   string `json:"sign_name"`
	TemplateID string `json:"template_id"`
	// Params are the facts for {1}, {2}…; none of them may be a link.
	Params []string `json:"params"`
	// TemplateText is the approved text, to check the number of variables and to show what it will look like; may be empty.
	TemplateText string `json:"template_text,omitempty"`
	// MaxLength is how many characters a variable takes, DailyLimit how many messages a number takes in a day.
	MaxLength  int `json:"max_length"`
	DailyLimit int `json:"daily_limit"`
}

// Provider is the provider of kind "sms".
type Provider struct{ Options }

// New returns the provider.
func New(o Options) *Provider { return &Provider{o} }

var _ interface {
	channel.OneShot
	channel.Previewer
} = (*Provider)(nil)

// OneShot implements channel.OneShot.
func (*Provider) OneShot() {}

// SecretFields implements channel.Provider.
func (*Provider) SecretFields() []string { return []string{KeyField} }

func invalid(field, text string) error { return &channel.Invalid{Field: field, Text: text} }

func read(public json.RawMessage) (Settings, error) {
	var s Settings
	if err := json.Unmarshal(public, &s); err != nil {
		return s, invalid("settings", "设置的格式不对。")
	}
	for _, v := range []*string{&s.SecretID, &s.Region, &s.SDKAppID, &s.SignName, &s.TemplateID, &s.TemplateText} {
		*v = strings.TrimSpace(*v)
	}
	s.SignName = strings.Trim(s.SignName, "【】[]")
	s.Region = plain.Or(s.Region, defaultRegion)
	if s.MaxLength == 0 {
		s.MaxLength = defaultLength
	}
	if s.DailyLimit == 0 {
		s.DailyLimit = defaultDaily
	}
	if s.Params == nil {
		s.Params = []string{}
	}
	return s, nil
}

var (
	idForm     = regexp.MustCompile(`^[0-9A-Za-z]{10,100}$`)
	numberForm = regexp.MustCompile(`^[0-9]{3,20}$`)
	regionForm = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,30}$`)
)

// Check implements channel.Provider.
func (p *Provider) Check(in channel.Settings) (json.RawMessage, error) {
	s, err := read(in.Public)
	if err != nil {
		return nil, err
	}
	switch {
	case !idForm.MatchString(s.SecretID):
		return nil, invalid("secret_id", "请填写 SecretId。它在腾讯云控制台「访问管理 → 访问密钥 → API 密钥管理」里。")
	case in.Secrets[KeyField].IsEmpty():
		return nil, invalid(KeyField, "请填写 SecretKey。它和 SecretId 一起在「API 密钥管理」里，只在创建时显示一次。")
	case !regionForm.MatchString(s.Region):
		return nil, invalid("region", "地域的格式不对，一般是 ap-guangzhou。")
	case !numberForm.MatchString(s.SDKAppID):
		return nil, invalid("sdk_app_id", "请填写 SDKAppID（数字，例如 1400006666）。它在短信控制台「应用管理 → 应用列表」里。")
	case s.SignName == "" || len([]rune(s.SignName)) > 40:
		return nil, invalid("sign_name", "请填写审核通过的短信签名，不带【】。它在短信控制台「国内短信 → 签名管理」里。")
	case !numberForm.MatchString(s.TemplateID):
		return nil, invalid("template_id", "请填写审核通过的模板 ID（数字）。它在短信控制台「国内短信 → 正文模板管理」里。")
	case s.MaxLength < 1 || s.MaxLength > 100:
		return nil, invalid("max_length", "每个变量的长度应为 1 到 100 个字。")
	case s.DailyLimit < 1 || s.DailyLimit > 50:
		return nil, invalid("daily_limit", "同一号码每天的条数应为 1 到 50。")
	}
	if err := p.checkParams(s); err != nil {
		return nil, err
	}
	out, err := json.Marshal(s)
	if err != nil {
		return nil, invalid("settings", "设置的格式不对。")
	}
	return out, nil
}

var (
	variable = regexp.MustCompile(`\{\s*(\d{1,2})\s*\}`)
	adjacent = regexp.MustCompile(`\{\s*\d{1,2}\s*\}\{`)
)

func (p *Provider) checkParams(s Settings) error {
	for _, v := range s.Params {
		if v == "link" {
			return invalid("params", "短信变量里不能有链接：运营商会拦截。需要链接时，请把固定网址写进模板正文。")
		}
		if !slices.Contains(p.Vars, v) {
			return invalid("params", "请为短信模板的每个变量选择内容。")
		}
	}
	if s.TemplateText == "" {
		return nil
	}
	count := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(s.TemplateText, -1) {
		count[m[1]] = true
	}
	switch {
	case len([]rune(s.TemplateText)) > maxText:
		return invalid("template_text", "短信正文不能超过 500 个字。")
	case adjacent.MatchString(s.TemplateText):
		return invalid("template_text", "两个变量之间要有文字，否则腾讯云不会通过审核。")
	case len(count) != len(s.Params):
		return invalid("params", "变量的个数和模板正文不一致：正文里有几个 {1}、{2}…，就要选几项。")
	}
	return nil
}

// SameAccount implements channel.Provider.
func (*Provider) SameAccount(before, after json.RawMessage) bool {
	a, errA := read(before)
	b, errB := read(after)
	return errA == nil && errB == nil && a.SecretID == b.SecretID
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// Address implements channel.Provider: a phone number, in E.164. What Tencent takes for a number of mainland China is one (§3.1).
func (*Provider) Address(address string) (string, string, error) {
	n := plain.Only(address, func(r rune) bool { return plain.IsDigit(r) || r == '+' })
	rest := plain.Only(address, func(r rune) bool { return !plain.IsDigit(r) && !strings.ContainsRune("+-() 　", r) })
	switch {
	case strings.HasPrefix(n, "00"):
		n = "+" + n[2:]
	case len(n) == 13 && strings.HasPrefix(n, "861"):
		n = "+" + n
	case len(n) == 11 && strings.HasPrefix(n, "1"):
		n = "+86" + n
	}
	mainland := strings.HasPrefix(n, "+86")
	if rest != "" || !phoneForm.MatchString(n) || mainland && (len(n) != 14 || n[3] != '1') {
		return "", "", invalid("address", "请填写手机号码，例如 13800138000；国外号码以 + 和国家码开头。")
	}
	if mainland {
		return n, "+86 " + n[3:6] + "****" + n[10:], nil
	}
	return n, n[:3] + "****" + n[len(n)-3:], nil
}

// TestAddress implements channel.Provider.
func (*Provider) TestAddress(json.RawMessage) string { return "" }

// Open implements channel.Provider.
func (p *Provider) Open(in channel.Settings) (channel.Sender, error) {
	s, err := read(in.Public)
	if err != nil {
		return nil, err
	}
	if in.Secrets[KeyField].IsEmpty() {
		return nil, errors.New("open sms: no secret key")
	}
	sd, err := newSender(p, s, in.Secrets[KeyField])
	if err != nil {
		return nil, err
	}
	sd.receipts = in.Receipts
	return sd, nil
}

// Preview implements channel.Previewer: the variables, and with a known text the whole message under the key "text".
func (p *Provider) Preview(public json.RawMessage, vars map[string]string) ([]channel.Filled, error) {
	s, err := read(public)
	if err != nil {
		return nil, err
	}
	values := fill(s, vars)
	out := make([]channel.Filled, 0, len(values)+1)
	for i, v := range values {
		f := channel.Filled{Key: s.Params[i], Value: v}
		switch given := vars[s.Params[i]]; {
		case v == given:
		case given == "":
			f.Note = "没有内容时这样显示。"
		case len([]rune(given)) > s.MaxLength:
			f.Note = "太长，已截短。"
		default:
			f.Note = "短信里不能有的字符已去掉。"
		}
		out = append(out, f)
	}
	if s.TemplateText != "" {
		out = append(out, channel.Filled{Key: "text", Value: "【" + plain.Or(s.SignName, "签名") + "】" + whole(s.TemplateText, values)})
	}
	return out, nil
}
