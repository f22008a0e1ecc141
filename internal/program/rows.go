package program

import (
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Mode says with whose credentials a program is called.
type Mode string

// The two modes.
const (
	Platform Mode = "platform" // authorised to our third-party platform
	Direct   Mode = "direct"   // its own AppSecret
)

// State of a program.
type State string

// The states. Complaints of a disabled or revoked program are still recorded; nobody is told and nothing acts by itself.
const (
	Active   State = "active"
	Disabled State = "disabled"
	Revoked  State = "revoked"
)

// Program is one mini program.
type Program struct {
	bun.BaseModel `bun:"table:programs"`

	ID            string `bun:",pk"`
	AppID         string `bun:"appid"`
	Mode          Mode
	State         State
	Name          string
	AvatarURL     string `bun:"avatar_url"`
	PrincipalName string
	UserName      string // original id, gh_…
	AccountStatus *int64
	GrantedSets   db.JSON[[]int]
	// DeniedSets were refused by a call (61007) although WeChat lists them; forgotten at the next refresh.
	DeniedSets   db.JSON[[]int]
	MerchantID   string
	OwnerID      string
	Tags         db.JSON[[]string]
	Score        *int64
	LastPushAt   db.Time
	LastError    string
	InfoSyncedAt db.Time
	AuthorizedAt db.Time
	RevokedAt    db.Time
	ArchivedAt   db.Time // removed by staff; the row stays for its cases

	// Of a program with its own AppSecret. They stay when it moves to the platform, so that pushes to either URL are heard and it can move back.
	AppSecretSealed     string
	PushTokenSealed     string
	PushKeySealed       string
	PrevPushTokenSealed string
	PrevPushKeySealed   string
	PushMode            PushMode
	PushFormat          PushFormat
	PushURLCheckedAt    db.Time // WeChat asked for the URL with a right signature
	DirectPushAt        db.Time
	PushRefusedAt       db.Time // a push that had the right Token and is not as configured
	PushRefusal         string
	QuotaUntil          db.Time // WeChat says that today's calls are used up

	CreatedAt db.Time
	UpdatedAt db.Time
}

// platformRow is the one third-party platform of the installation.
type platformRow struct {
	bun.BaseModel `bun:"table:platform"`

	ID               string `bun:",pk"`
	ComponentAppID   string `bun:"component_appid"`
	SecretSealed     string
	TokenSealed      string
	AESKeySealed     string `bun:"aes_key_sealed"`
	PrevTokenSealed  string
	PrevAESKeySealed string `bun:"prev_aes_key_sealed"`
	TicketSealed     string
	TicketReceivedAt db.Time
	TicketCreatedAt  db.Time // WeChat's clock
	PushStartedAt    db.Time
	UpdatedAt        db.Time
}

const platformID = "default"

// credentialKind tells whose token a row holds.
type credentialKind string

const (
	componentKind  credentialKind = "component"
	authorizerKind credentialKind = "authorizer"
	directKind     credentialKind = "direct" // a program's own, from its AppSecret
)

// Credential states.
const (
	credOK          = "ok"
	credNeedsReauth = "needs_reauth"
)

type credential struct {
	bun.BaseModel `bun:"table:credentials"`

	Kind           credentialKind `bun:",pk"`
	AppID          string         `bun:"appid,pk"`
	AccessSealed   string
	RefreshSealed  string
	RefreshHistory db.JSON[[]string] // sealed, newest first, at most 3
	ExpiresAt      db.Time
	ObtainedAt     db.Time
	Version        int64
	State          string
	Error          string
	Refreshes      int64
	ForcedAt       db.Time
	LeaseOwner     string
	LeaseUntil     db.Time
}

type authorization struct {
	bun.BaseModel `bun:"table:authorizations"`

	TicketHash  string `bun:",pk"`
	CreatedBy   string
	ProgramID   string
	PreAuthHash string
	AppID       string `bun:"appid"`
	CodeHash    string
	State       string
	Error       string
	CreatedAt   db.Time
	ExpiresAt   db.Time
}

type authCode struct {
	bun.BaseModel `bun:"table:auth_codes"`

	CodeHash    string `bun:",pk"`
	CodeSealed  string
	AppID       string `bun:"appid"`
	State       string
	Error       string
	CreatedAt   db.Time
	ExchangedAt db.Time
}

// States of an authorization code.
const (
	codeNew  = "new"
	codeDone = "done"
	codeBad  = "bad"
)
