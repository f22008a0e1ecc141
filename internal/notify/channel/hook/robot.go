package hook

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// The settings of a group robot. The address carries the robot's key, so it is as secret as the signing secret.
const (
	URLField    = "url"
	SecretField = "secret"
)

// Robot is a provider of messages into one group: the channel itself is the receiver.
type Robot struct {
	// Where is shown when the address is wrong: what it looks like and where to find it.
	Where string
	// SecretNeeded says what to do when the signing secret is missing; empty when it may be.
	SecretNeeded string
	// New returns a sender.
	New func(address string, sign secret.Text) channel.Sender
	Options
}

// hint is what may be shown of a robot's settings.
type hint struct {
	Hint string `json:"url_hint"`
}

// SecretFields implements channel.Provider.
func (*Robot) SecretFields() []string { return []string{URLField, SecretField} }

// Check implements channel.Provider.
func (r *Robot) Check(s channel.Settings) (json.RawMessage, error) {
	address, err := r.CheckURL(s.Secrets[URLField].Reveal(), r.Where)
	if err != nil {
		return nil, err
	}
	if r.SecretNeeded != "" && s.Secrets[SecretField].IsEmpty() {
		return nil, &channel.Invalid{Field: SecretField, Text: r.SecretNeeded}
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, &channel.Invalid{Field: URLField, Text: r.Where}
	}
	out, err := json.Marshal(hint{u.Host + "/…" + last4(address)})
	if err != nil {
		return nil, &channel.Invalid{Field: "settings", Text: "设置的格式不对。"}
	}
	return out, nil
}

func last4(s string) string { return s[max(0, len(s)-4):] }

// SameAccount implements channel.Provider: a new address is a new secret, and the signing secret is not sent anywhere.
func (*Robot) SameAccount(json.RawMessage, json.RawMessage) bool { return true }

// Address implements channel.Provider.
func (*Robot) Address(address string) (string, string, error) {
	if strings.TrimSpace(address) != "" {
		return "", "", &channel.Invalid{Field: "address", Text: "群机器人发到它所在的群，不用填写收件人。"}
	}
	return "", "", nil
}

// TestAddress implements channel.Provider.
func (*Robot) TestAddress(json.RawMessage) string { return "" }

// Open implements channel.Provider.
func (r *Robot) Open(s channel.Settings) (channel.Sender, error) {
	address, err := r.CheckURL(s.Secrets[URLField].Reveal(), r.Where)
	if err != nil {
		return nil, err
	}
	return r.New(address, s.Secrets[SecretField]), nil
}

// Sender calls Do for each message, within the limits.
type Sender struct {
	Options
	Rate Limits
	Most []channel.Limit
	// Do hands one message over and judges the answer.
	Do func(ctx context.Context, m channel.Message) channel.Result
}

// Send implements channel.Sender.
func (s *Sender) Send(ctx context.Context, m channel.Message) channel.Result {
	if wait := s.Rate.Take(s.Clock.Now()); wait != nil {
		return *wait
	}
	return s.Do(ctx, m)
}

// Limits implements channel.Limited.
func (s *Sender) Limits() []channel.Limit { return s.Most }

// Parallel implements channel.Sender.
func (*Sender) Parallel() int { return 2 }

// Close implements channel.Sender; the HTTP client belongs to the provider.
func (*Sender) Close() {}

// Plain is a message as text of at most limit bytes for a group; its last line is the link. Nothing in it is read as markup: the complaint's words are
// somebody else's.
func Plain(m channel.Message, limit int) string {
	text := neutral.Replace(m.Subject + "\n\n" + strings.TrimSpace(m.Text))
	if len(text) <= limit {
		return text
	}
	return Clip(text, limit-len(m.Link)-1) + "\n" + m.Link
}

// neutral takes away what robots read as a mention.
var neutral = strings.NewReplacer("<", "＜", ">", "＞")

// Call posts v as JSON and returns the answer's body once its status is one of success.
func (o Options) Call(ctx context.Context, address string, header http.Header, v any) ([]byte, *channel.Result) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &channel.Result{Outcome: channel.Permanent, ProviderCode: "encode", Text: "消息无法编码，没有发出。"}
	}
	a, failed := o.Post(ctx, address, header, body)
	if failed == nil {
		failed = HTTPFailure(a)
	}
	return a.Body, failed
}

// Reply is the answer of a robot, and what its codes mean.
type Reply struct {
	Code int64
	Text string // the provider's words
	Body []byte
}

// Judge turns a reply into a result: 0 is success, codes are what the provider documents, anything else is tried again a few times.
func (r Reply) Judge(codes map[int64]channel.Result) channel.Result {
	if r.Code == 0 {
		return channel.Result{Outcome: channel.Sent, ProviderCode: "0"}
	}
	out, known := codes[r.Code]
	if !known {
		out = channel.Result{Outcome: channel.Retry, After: time.Minute, Text: "对方没有收下这条消息。"}
	}
	out.ProviderCode, out.ProviderText = strconv.FormatInt(r.Code, 10), Excerpt([]byte(r.Text))
	return out
}

// Garbled is the result when an answer is not the provider's: most likely the address leads somewhere else.
func Garbled(body []byte) channel.Result {
	return channel.Result{
		Outcome: channel.Config, WholeChannel: true, ProviderCode: "not_json", ProviderText: Excerpt(body), Text: "这个地址的答复不像群机器人，请检查地址是否填对。",
	}
}
