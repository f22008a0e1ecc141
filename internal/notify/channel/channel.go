// Package channel is what a provider of notices implements: it takes a finished message to one address and says what came of it. A
// provider knows no complaint, no database and no schedule; one folder per provider below this one.
//
// To add one: write channel/<kind>/ with a Provider and its test against a strict server beside it, and name it in app. Nothing else
// changes.
package channel

import (
	"context"
	"encoding/json"
	"time"

	"github.com/zhisu/zhisu/internal/secret"
)

// Message is ready to be handed over; every text is for people and in Chinese.
type Message struct {
	// ID is the same for every try of the same notice, and different for any other: the seed of a Message-ID, a client_msg_id or a
	// webhook-id. 32 hexadecimal digits.
	ID string
	// To is an address of the provider's own form, as its Address method returned it; empty where the channel itself is the receiver.
	To string
	// Subject is one line.
	Subject string
	// Text and HTML say the same; HTML is a whole document.
	Text, HTML string
	// Short is a plain text without anybody's words in it, for one more try when a provider refuses the content; may be empty.
	Short string
	// Link is where the reader acts.
	Link string
	// Event is what happened, one of a subscription's events; empty for a test.
	Event string
	// Vars are the facts one by one, for providers with templates of their own; a fact that is unknown is absent. Their names are in notify.Vars.
	Vars map[string]string
}

// Outcome is what came of one try.
type Outcome string

// The outcomes (reference/notification-channels.md, legend).
const (
	// Sent: the provider accepted the message. That is not yet "delivered".
	Sent Outcome = "sent"
	// Pending: the provider keeps the message for a review and sends it by itself when it passes. It must not be handed over again; a receipt tells the rest.
	Pending Outcome = "pending"
	// Retry: it failed for now, and surely was not sent.
	Retry Outcome = "retry"
	// Permanent: this message will never reach this address.
	Permanent Outcome = "permanent"
	// Config: nothing will be sent before somebody changes the channel's settings.
	Config Outcome = "config"
	// Unknown: the message may have been sent.
	Unknown Outcome = "unknown"
)

// Result is the answer of one try.
type Result struct {
	Outcome Outcome
	// After is the least wait before the next try (Retry, Unknown), or before the channel may be probed again (Config). 0 leaves it to
	// the caller.
	After time.Duration
	// WholeChannel says that any other message on this channel would fail the same way now: a dead server, a refused login, a limit
	// on the account.
	WholeChannel bool
	// Elsewhere says that another channel should be used now: this one may manage, but not soon.
	Elsewhere bool
	// BadAddress says that nothing will ever arrive at this address: somebody has to enter or bind it anew (Permanent).
	BadAddress bool
	// MessageID is what the provider calls the message: for receipts, and to ask the provider about it; may be empty.
	MessageID string
	// Receipt says that a receipt by MessageID will come; without one, accepted is all there is to know.
	Receipt bool
	// ProviderCode is the provider's own short code, such as "535" or "451 DT:SPM"; for a failure before any answer a word such as
	// "timeout".
	ProviderCode string
	// ProviderText is the provider's own answer, at most 500 characters, without secrets and with personal data masked.
	ProviderText string
	// Text says in Chinese what happened and what to do about it, never whether the message is tried again: that is decided elsewhere. Empty when Sent.
	Text string
}

// Settings are a channel's settings: the part everybody who manages channels may see, and the part nobody may.
type Settings struct {
	// Public is a JSON object.
	Public json.RawMessage
	// Secrets by field name.
	Secrets map[string]secret.Text
	// Receipts says that somebody asked for the address to which the provider reports; without it no receipt can come.
	Receipts bool
}

// Invalid says which field is wrong, in words for the person who filled it in.
type Invalid struct {
	// Field is its name in the settings, or "address".
	Field string
	// Text is a Chinese sentence.
	Text string
}

// Error implements error.
func (e *Invalid) Error() string { return e.Field + ": " + e.Text }

// Provider is one kind of channel.
type Provider interface {
	// SecretFields names the settings that are sealed and never shown.
	SecretFields() []string
	// Check returns the public settings in their normal form, or *Invalid.
	Check(s Settings) (json.RawMessage, error)
	// SameAccount reports whether two public settings send the same secrets to the same place. If not, secrets must be typed in again:
	// otherwise pointing a channel at another server would give them away.
	SameAccount(before, after json.RawMessage) bool
	// Address returns an address in its normal form and masked for showing, or *Invalid.
	Address(address string) (normal, masked string, err error)
	// TestAddress is where a test goes when nobody says where; "" if there is none.
	TestAddress(public json.RawMessage) string
	// Open returns a sender for checked settings. It does not call out.
	Open(s Settings) (Sender, error)
}

// Sender hands messages over on one channel. It is safe for concurrent use.
type Sender interface {
	// Send tries once and answers within the context's time. It returns no error: every failure is a Result.
	Send(ctx context.Context, m Message) Result
	// Parallel is how many messages may be under way at once, at least 1.
	Parallel() int
	// Close ends its connections. A Send under way may fail.
	Close()
}

// Limit is how many messages a provider takes from one account, or for one address, within a time.
type Limit struct {
	N   int
	Per time.Duration
	// PerAddress counts the messages to each address for itself.
	PerAddress bool
	// Day counts from midnight in Beijing; Per is not looked at then.
	Day bool
	// Taken counts only what the provider took or may have taken; otherwise every try counts.
	Taken bool
	// Text says in Chinese why a message waits; may be empty.
	Text string
}

// Limited is a Sender whose provider punishes too many messages. They are counted over all instances.
type Limited interface {
	Sender
	Limits() []Limit
}

// Machine is a Provider whose messages no person reads: they are never made into one.
type Machine interface {
	Provider
	// Machine does nothing.
	Machine()
}

// OneShot is a Provider whose messages cost money and that cannot tell a repeat from a new message: a try whose outcome is Unknown is never repeated.
type OneShot interface {
	Provider
	// OneShot does nothing.
	OneShot()
}

// Template is one of the texts that an account may send.
type Template struct {
	ID, Title string
	// Content holds the places to fill in, Example what it may look like.
	Content, Example string
	// Keys are the places, in the order of Content.
	Keys []TemplateKey
}

// TemplateKey is one place of a template.
type TemplateKey struct {
	Key string
	// Label is what stands before it in the text; may be empty.
	Label string
	// Type says which values it takes, Limit how many characters; 0 is unknown.
	Type  string
	Limit int
}

// Templater is a Provider that can ask for the templates of an account.
type Templater interface {
	Provider
	// Templates calls the provider with settings that may be incomplete otherwise. A failure is a Result.
	Templates(ctx context.Context, s Settings) ([]Template, *Result)
}

// Filled is one place of a template as it would be sent.
type Filled struct {
	Key, Value string
	// Note says in Chinese what was changed to make the value fit; empty if nothing.
	Note string
}

// Previewer is a Provider that can show what a message would look like.
type Previewer interface {
	Provider
	// Preview fills in vars without calling out.
	Preview(public json.RawMessage, vars map[string]string) ([]Filled, error)
}

// Binder is a Sender whose receivers can make themselves known by scanning a code.
type Binder interface {
	Sender
	// SceneCode returns the text of a QR code that makes the provider report scene (1 to 64 letters, digits or underscores) together with the address of
	// whoever scans it. A failure is a Result.
	SceneCode(ctx context.Context, scene string, life time.Duration) (code string, failed *Result)
}
