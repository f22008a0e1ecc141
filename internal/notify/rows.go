package notify

import (
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

type channelRow struct {
	bun.BaseModel `bun:"table:channels"`

	ID       string `bun:",pk"`
	Kind     string
	Name     string
	Settings db.JSON[json.RawMessage]
	// SecretsSealed holds a JSON object of secrets by field.
	SecretsSealed string
	Version       int64
	Enabled       bool
	PausedUntil   db.Time
	Pauses        int64
	HoldUntil     db.Time
	Failures      int64
	LastSuccessAt db.Time
	LastFailureAt db.Time
	LastError     string
	// CallbackSealed is the part of a callback's address that nobody can guess.
	CallbackSealed string
	CreatedAt      db.Time
	UpdatedAt      db.Time
	// FailingSince is not zero while the channel keeps failing.
	FailingSince db.Time
}

type subscriptionRow struct {
	bun.BaseModel `bun:"table:subscriptions"`

	ID         string `bun:",pk"`
	Name       string
	ProgramIDs db.JSON[[]string] `bun:"program_ids"`
	Events     db.JSON[[]string]
	ChannelIDs db.JSON[[]string] `bun:"channel_ids"`

	Tags               db.JSON[[]string]
	Types              db.JSON[[]int64]
	MinAmount          *int64
	MaxAmount          *int64
	Quiet              db.JSON[*Quiet]
	FallbackChannelIDs db.JSON[[]string] `bun:"fallback_channel_ids"`
	Grouped            bool
	// ReceiversSealed holds a JSON array of receiver: addresses are personal data.
	ReceiversSealed string
	Enabled         bool
	CreatedAt       db.Time
	UpdatedAt       db.Time
}

type receiver struct {
	ChannelID string `json:"channel_id"`
	Address   string `json:"address"`
	Masked    string `json:"masked"`
	UserID    string `json:"user_id,omitempty"`
}

// State of a notice.
type State string

// The states. Queued includes waiting for a channel that is paused or held.
const (
	Queued    State = "queued"
	sending   State = "sending" // shown as queued
	Sent      State = "sent"    // accepted by the provider
	Delivered State = "delivered"
	Failed    State = "failed"  // will not be tried again
	Dropped   State = "dropped" // no longer wanted
)

type noticeRow struct {
	bun.BaseModel `bun:"table:notices"`

	ID string `bun:",pk"`
	// DedupeKey is a hash over (case, event, key, channel, address); the same for every try.
	DedupeKey     string
	ComplaintID   string
	ProgramID     string
	Event         string
	ChannelID     string
	AddressSealed string
	AddressMasked string
	State         State
	Attempts      int64
	NextTryAt     db.Time
	AttemptID     string
	Owner         string
	LeaseUntil    db.Time
	Error         string
	CreatedAt     db.Time
	UpdatedAt     db.Time
	SentAt        db.Time
	// Renewals counts the new ids that the message got because the provider lost the one before.
	Renewals    int64
	DeliveredAt db.Time

	UserID         string
	SubscriptionID string
	EventKey       string
	Reason         Reason
	ReasonText     string
	// ReceiverKey is a hash of channel and address.
	ReceiverKey string
	// DueAt is the deadline when it was planned.
	DueAt  db.Time
	Urgent bool
	// ListID names the message that tells this one together with others, or, with IsList, that message itself.
	ListID      string
	IsList      bool
	FallbackOf  string
	ResendOf    string
	FallbackIDs db.JSON[[]string] `bun:"fallback_ids"`
	FallbackAt  db.Time
}

// attemptRow is one try, written before the call as "unknown" and unfinished: that is what it is if the process dies.
type attemptRow struct {
	bun.BaseModel `bun:"table:notice_attempts"`

	ID           string `bun:",pk"`
	NoticeID     string
	ChannelID    string
	ReceiverKey  string
	StartedAt    db.Time
	FinishedAt   db.Time
	Outcome      string
	ProviderCode string
	ProviderText string
	Text         string
	// ProviderID is what the provider calls the message in its receipts. Receipt is what it said later, empty for nothing yet.
	ProviderID  string
	Receipt     string
	ReceiptCode string
	ReceiptAt   db.Time
}

// Reason says why a receiver is told.
type Reason string

// The reasons.
const (
	Subscribed Reason = "subscription"
	Escalated  Reason = "escalation" // nobody said that he has seen it
	Digested   Reason = "digest"
	FellBack   Reason = "fallback" // another channel failed or was silent
	Resent     Reason = "resend"
	Warned     Reason = "warning" // a channel fails and nobody subscribed to that
	Mentioned  Reason = "mention" // a colleague's note names him
)

func secretsPlace(channelID string) secret.Place {
	return secret.Place{Table: "channels", Column: "secrets_sealed", ID: channelID}
}

func receiversPlace(subscriptionID string) secret.Place {
	return secret.Place{Table: "subscriptions", Column: "receivers_sealed", ID: subscriptionID}
}

func contactPlace(userID, channelID string) secret.Place {
	return secret.Place{Table: "contacts", Column: "address_sealed", ID: userID + "/" + channelID}
}

func addressPlace(noticeID string) secret.Place {
	return secret.Place{Table: "notices", Column: "address_sealed", ID: noticeID}
}
