package complaint

import (
	"encoding/json"
	"fmt"
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
	SyncedAt         db.Time // when the last answer was asked for
	SyncError        string  // the last failed sync in words; empty after a good one
	SyncErrcode      int64
	SyncRID          string `bun:"sync_rid"`
	SyncAttempts     int64
	SnapshotHash     string
	Version          int64
	NextCheckAt      db.Time // when it is read again although nobody asked; 0 = never
	Unchanged        int64   // readings in a row that brought nothing new
	AssigneeID       string  // who is responsible; empty for nobody
	ClosedAt         db.Time // since when WeChat has no more to say; 0 while it has
	ErasedAt         db.Time // when the unmasked personal data were deleted
	UserHash         *string // whose it is, see user.go; nil = not known yet, empty = WeChat didn't say
}

// ReturnBill is the parcel of a return, as WeChat told it last.
type ReturnBill struct {
	ReturnID     string
	WaybillID    string
	DeliveryName string
	// OrderStatus is the parcel's (reference/wechat-complaint-api.md §6.3); nil = not told.
	OrderStatus *int64
}

// Return returns the case's parcel; zero when there is none.
func (c *Complaint) Return() (ReturnBill, error) {
	var b ReturnBill
	if c.ReturnBill == "" {
		return b, nil
	}
	if err := json.Unmarshal([]byte(c.ReturnBill), &b); err != nil {
		return ReturnBill{}, fmt.Errorf("read return bill: %w", err)
	}
	return b, nil
}

// parcels names the states of a parcel.
var parcels = map[int64]string{
	0: "已下单待揽件", 1: "已揽件", 2: "运输中", 3: "派件中", 4: "已签收", 5: "异常", 6: "代签收", 7: "揽收失败", 8: "签收失败", 10: "未下单", 11: "已取消",
	12: "已删除", 13: "退件中", 14: "已退件", 15: "运力方取消", 99: "未确认状态",
}

// StatusText names the parcel's state; empty when it was not told.
func (b ReturnBill) StatusText() string {
	if b.OrderStatus == nil {
		return ""
	}
	if t, ok := parcels[*b.OrderStatus]; ok {
		return t
	}
	return "未公开的物流状态"
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
	// DueFrom and DueTo are what a deadline was and what it became, in entries of KindDeadline; 0 = none.
	DueFrom db.Time
	DueTo   db.Time
}
