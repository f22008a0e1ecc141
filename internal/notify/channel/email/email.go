// Package email sends notices over SMTP, with the account of an ordinary mailbox (163, QQ, enterprise mail) or any SMTP relay. What
// servers answer and what it means is reference/notification-channels.md §1.
//
// One connection per account serves several messages and is closed when idle: NetEase limits parallel connections and logins. The
// From address is the login address, because these providers refuse any other.
package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

var (
	_ channel.Provider = (*Provider)(nil)
	_ channel.Sender   = (*sender)(nil)
)

// The values of Settings.Security.
const (
	// TLS from the first byte; port 465 (163 also 994).
	TLS = "tls"
	// STARTTLS is required, never optional; port 587.
	STARTTLS = "starttls"
	// None does not encrypt, and is refused unless the server is on this machine or in the private network.
	None = "none"
)

// Settings of an e-mail channel. Presets (reference §1.1): 163 smtp.163.com:465 tls, 126 smtp.126.com:465 tls, NetEase enterprise
// smtp.qiye.163.com:465 tls, QQ smtp.qq.com:465 tls or 587 starttls, Tencent exmail smtp.exmail.qq.com:465 tls, Alibaba
// smtp.qiye.aliyun.com:465 tls, Gmail smtp.gmail.com:465 tls or 587 starttls.
type Settings struct {
	Host string `json:"host"`
	Port int    `json:"port"`
	// Security is tls, starttls or none; by default what the port implies.
	Security string `json:"security"`
	// Username is the login: the full address with all big providers. With no password there is no login, and it is only the sender.
	Username string `json:"username"`
	// FromName is the sender's display name.
	FromName string `json:"from_name"`
	// FromAddress is needed only when the login is not an address (some relays).
	FromAddress string `json:"from_address,omitempty"`
	// PerMinute is how many messages the account sends in a minute at most. Providers keep their limits secret (reference §1.1); many at once become one message
	// before this is reached. 0 means perMinute.
	PerMinute int `json:"per_minute,omitempty"`
	// ReplyTo is where answers go; empty means to the sender.
	ReplyTo string `json:"reply_to,omitempty"`
}

// perMinute is the limit where none was chosen.
const perMinute = 60

// passwordField is the one secret: an authorization code (授权码) or password.
const passwordField = "password"

// from is the sender's address.
func (s Settings) from() string {
	if s.FromAddress != "" {
		return s.FromAddress
	}
	return s.Username
}

// Options are what the provider needs from outside.
type Options struct {
	// Dial opens connections; it holds the guard against private addresses (outbound.Policy.DialContext).
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Roots are the trusted roots (outbound.Roots); nil means the system's.
	Roots *x509.CertPool
	Clock clock.Clock
	// ConnectTimeout bounds dialling, TLS and login together; 0 means 15 s. ReplyTimeout bounds handing over one message up to its
	// last byte, and again the wait for the final answer; 0 means 18 s. All three fit into one job (db.JobTimeout).
	ConnectTimeout, ReplyTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept; 0 means 20 s.
	IdleTimeout time.Duration
}

// Provider makes e-mail senders.
type Provider struct{ o Options }

// New returns the provider of kind "email".
func New(o Options) *Provider {
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 15 * time.Second
	}
	if o.ReplyTimeout == 0 {
		o.ReplyTimeout = 18 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 20 * time.Second
	}
	return &Provider{o: o}
}

// SecretFields implements channel.Provider.
func (*Provider) SecretFields() []string { return []string{passwordField} }

// Check implements channel.Provider.
func (p *Provider) Check(s channel.Settings) (json.RawMessage, error) {
	var v Settings
	if err := json.Unmarshal(s.Public, &v); err != nil {
		return nil, &channel.Invalid{Field: "settings", Text: "设置的格式不对，请检查每一项的类型。"}
	}
	if err := v.normalize(); err != nil {
		return nil, err
	}
	if err := v.addresses(p); err != nil {
		return nil, err
	}
	if isHosted(v.Host) && s.Secrets[passwordField].IsEmpty() {
		return nil, &channel.Invalid{Field: passwordField, Text: "请填写授权码。它在邮箱网页版的 POP3/SMTP/IMAP 设置里生成，不是登录密码。"}
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil, &channel.Invalid{Field: "settings", Text: "设置的格式不对。"}
	}
	return out, nil
}

func (s *Settings) normalize() error {
	s.Host = strings.ToLower(strings.TrimSpace(s.Host))
	s.Username = strings.TrimSpace(s.Username)
	s.FromName = strings.TrimSpace(s.FromName)
	if s.Host == "" || len(s.Host) > 253 || strings.ContainsAny(s.Host, "/@ \t\r\n") || (strings.Contains(s.Host, ":") && net.ParseIP(s.Host) == nil) {
		return &channel.Invalid{Field: "host", Text: "请填写 SMTP 服务器，例如 smtp.163.com，不带端口和 https://。"}
	}
	if s.Port == 0 {
		s.Port = 465
	}
	if s.Port < 1 || s.Port > 65535 {
		return &channel.Invalid{Field: "port", Text: "端口应在 1 到 65535 之间，一般是 465。"}
	}
	if s.PerMinute < 0 || s.PerMinute > 100_000 {
		return &channel.Invalid{Field: "per_minute", Text: "每分钟最多发送的封数应在 1 到 100000 之间，一般是 60。"}
	}
	switch s.Security {
	case TLS, STARTTLS, None:
	case "":
		s.Security = TLS
		if s.Port == 587 {
			s.Security = STARTTLS
		}
	default:
		return &channel.Invalid{Field: "security", Text: "加密方式应为 tls、starttls 或 none。"}
	}
	if len([]rune(s.FromName)) > 60 || strings.ContainsFunc(s.FromName, isControl) {
		return &channel.Invalid{Field: "from_name", Text: "发件人名称应在 60 个字以内，不能换行。"}
	}
	return nil
}

func (s *Settings) addresses(p *Provider) error {
	if s.Username == "" || len(s.Username) > 254 || strings.ContainsFunc(s.Username, isControl) {
		return &channel.Invalid{Field: "username", Text: "请填写邮箱账号，例如 shop@163.com。"}
	}
	if a, _, err := p.Address(s.Username); err == nil {
		// Providers refuse any other sender than the account itself (reference §1.1).
		s.Username, s.FromAddress = a, ""
	} else {
		if isHosted(s.Host) {
			return &channel.Invalid{Field: "username", Text: "请填写完整的邮箱地址，例如 shop@163.com。"}
		}
		a, _, err := p.Address(s.FromAddress)
		if err != nil {
			return &channel.Invalid{Field: "from_address", Text: "账号不是邮箱地址时，请填写发件人地址。"}
		}
		s.FromAddress = a
	}
	if s.ReplyTo = strings.TrimSpace(s.ReplyTo); s.ReplyTo != "" {
		a, _, err := p.Address(s.ReplyTo)
		if err != nil {
			return &channel.Invalid{Field: "reply_to", Text: "回复地址不是有效的邮箱地址。"}
		}
		s.ReplyTo = a
	}
	return nil
}

// isHosted reports whether host belongs to a provider that always wants a login with the full address.
func isHosted(host string) bool {
	for _, suffix := range []string{"163.com", "126.com", "yeah.net", "qq.com", "aliyun.com", "gmail.com", "outlook.com"} {
		if host == suffix || strings.HasSuffix(host, "."+suffix) {
			return true
		}
	}
	return false
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f || r == 0x2028 || r == 0x2029 }

// SameAccount implements channel.Provider: the password goes to the same server, for the same login, at least as well encrypted.
func (*Provider) SameAccount(before, after json.RawMessage) bool {
	var b, a Settings
	if json.Unmarshal(before, &b) != nil || json.Unmarshal(after, &a) != nil {
		return false
	}
	return b.Host == a.Host && b.Port == a.Port && b.Username == a.Username && (a.Security == b.Security || a.Security != None)
}

// TestAddress implements channel.Provider: a test goes to the sender itself.
func (*Provider) TestAddress(public json.RawMessage) string {
	var v Settings
	if json.Unmarshal(public, &v) != nil {
		return ""
	}
	return v.from()
}

// Address implements channel.Provider. Full-width signs, which Chinese keyboards produce, are understood.
func (*Provider) Address(address string) (normal, masked string, err error) {
	invalid := &channel.Invalid{Field: "address", Text: "不是有效的邮箱地址。"}
	s := strings.NewReplacer("＠", "@", "。", ".", "．", ".").Replace(strings.TrimSpace(address))
	a, perr := mail.ParseAddress(s)
	if perr != nil || a.Name != "" || a.Address != s || len(s) > 254 || strings.Contains(s, "***") {
		return "", "", invalid
	}
	for _, r := range s {
		if r <= 0x20 || r >= 0x7f {
			return "", "", invalid
		}
	}
	at := strings.LastIndexByte(s, '@')
	s = s[:at] + strings.ToLower(s[at:])
	return s, mask(s), nil
}

// mask shows the first letter and the domain: z***@163.com.
func mask(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 2 {
		return "***" + address[max(at, 0):]
	}
	return address[:1] + "***" + address[at:]
}

// Open implements channel.Provider.
func (p *Provider) Open(s channel.Settings) (channel.Sender, error) {
	var v Settings
	if err := json.Unmarshal(s.Public, &v); err != nil {
		return nil, &channel.Invalid{Field: "settings", Text: "设置的格式不对。"}
	}
	return newSender(p.o, v, s.Secrets[passwordField]), nil
}

// account is everything one connection needs.
type account struct {
	Settings
	password secret.Text
	tls      *tls.Config
}
