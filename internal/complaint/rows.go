package complaint

import (
	"math"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Complaint is one case. Personal values are sealed; the masked forms beside them are what is shown by default and searched.
type Complaint struct {
	bun.BaseModel `bun:"table:complaints"`

	ID               string `bun:",pk"`
	ProgramID        string
	ComplaintOrderID string
	Status           Status
	Stage            Stage
	Type             Problem
	Amount           *int64 // fen; nil when WeChat didn't say
	ProductName      string
	OrderID          string // as WeChat writes it, payorder@_…
	TransactionID    string
	OutTradeNo       string
	PhoneSealed      string
	PhoneMasked      string
	OpenIDSealed     string `bun:"openid_sealed"`
	OpenIDMasked     string `bun:"openid_masked"`
	ContentSealed    string
	ContentMasked    string
	Images           db.JSON[[]string]
	AppealState      int64
	ReturnBill       string // JSON of WeChat's returnBill, empty without a return
	CreatedAt        db.Time
	PaidAt           db.Time
	DueAt            db.Time // WeChat's expireTime; 0 = no deadline
	DueSort          int64   // DueAt, or noDue
	FirstSeenAt      db.Time
	SyncedAt         db.Time
	SyncError        string // the last failed sync in words; empty after a good one
	SyncErrcode      int64
	SyncRID          string `bun:"sync_rid"`
	SyncAttempts     int64
	SnapshotHash     string
	Version          int64
}

// noDue sorts cases without a deadline last.
const noDue = math.MaxInt64

type snapshot struct {
	bun.BaseModel `bun:"table:snapshots"`

	ID          string `bun:",pk"`
	ComplaintID string
	Hash        string
	Status      Status
	BodySealed  string
	TakenAt     db.Time
}

// Source tells where a timeline entry comes from.
type Source string

// The sources.
const (
	FromWeChat Source = "wechat"
	FromStaff  Source = "staff"
	FromRule   Source = "rule"
	FromSystem Source = "system"
)

// Entry is one line of a case's timeline (进度).
type Entry struct {
	bun.BaseModel `bun:"table:timeline"`

	ID          string `bun:",pk"`
	ComplaintID string
	// DedupeKey makes an entry unique within its case, so that reading WeChat again adds nothing twice.
	DedupeKey string
	At        db.Time
	Source    Source
	Kind      string
	Text      string
	Images    db.JSON[[]string]
	Actor     string
}
