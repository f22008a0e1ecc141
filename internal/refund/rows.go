package refund

import (
	"slices"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// State of a refund.
type State string

// The states. Only forward: what is over never comes back, and abnormal does not become processing again.
const (
	WaitingApproval State = "waiting_approval" // a second person decides
	Queued          State = "queued"           // will be sent, for the first time or again with the same number
	Running         State = "running"          // the call is under way
	Unknown         State = "unknown"          // the call was made and its outcome is being found out
	Processing      State = "processing"       // WeChat Pay has accepted it
	Abnormal        State = "abnormal"         // the payer's account does not take it; to be solved at WeChat Pay, never by a second refund
	Parked          State = "parked"           // not taken by WeChat Pay; needs money or a person, then goes on with the same number
	Done            State = "done"
	Failed          State = "failed"    // certainly no money moved
	Closed          State = "closed"    // WeChat Pay closed it, no money moved
	Rejected        State = "rejected"  // by the second person
	Cancelled       State = "cancelled" // before the first call
)

// openStates are on their way: they block the order. The index refunds_in_flight lists the same.
var openStates = []State{WaitingApproval, Queued, Running, Unknown, Processing, Abnormal, Parked}

// Open reports whether the refund is on its way.
func (s State) Open() bool { return slices.Contains(openStates, s) }

// States lists all.
func States() []State {
	return append(slices.Clone(openStates), Done, Failed, Closed, Rejected, Cancelled)
}

// stateTexts are the words of the interface, so that an export reads as the page does.
var stateTexts = map[State]string{
	WaitingApproval: "等待复核", Queued: "已提交", Running: "正在提交", Unknown: "正在核实", Processing: "微信处理中", Abnormal: "退款异常", Parked: "已暂停",
	Done: "已到账", Failed: "退款失败", Closed: "已关闭", Rejected: "已驳回", Cancelled: "已取消",
}

// Text names the state.
func (s State) Text() string { return stateTexts[s] }

// Refund is money given back, one row per out_refund_no. Amounts in fen.
type Refund struct {
	bun.BaseModel `bun:"table:refunds"`

	ID               string `bun:",pk"`
	ComplaintID      string
	ComplaintOrderID string
	ProgramID        string
	MerchantID       string
	TransactionID    string
	OutTradeNo       string
	OutRefundNo      string
	NotifyURL        string `bun:"notify_url"` // as first sent: a repeat must not differ
	RefundID         string // WeChat Pay's
	Amount           int64
	OrderTotal       *int64
	PayerRefund      *int64
	// Elsewhere is what was refunded outside, as somebody looked up; nil = nobody said.
	Elsewhere       *int64
	Reason          string
	State           State
	Turn            int64
	NextAt          db.Time
	Tries           int64 // calls that were meant to move money
	Queries         int64 // since the state began
	UnclearAt       db.Time
	ErrorCode       string
	WechatCode      string
	WechatText      string
	RID             string `bun:"rid"`
	ReceivedAccount string
	Source          complaint.Source
	ActorID         string
	ActorName       string
	ApproverID      string
	ApproverName    string
	RejectReason    string
	RequestKey      string
	CreatedAt       db.Time
	UpdatedAt       db.Time
	SubmittedAt     db.Time
	SucceededAt     db.Time // WeChat Pay's
	FinishedAt      db.Time
}

// Kinds and outcomes of attempts.
const (
	AttemptSubmit = "submit"
	AttemptQuery  = "query"

	attemptUnknown = "unknown" // written before the call; stays if the process dies
	attemptDone    = "done"
	attemptRetry   = "retry"
	attemptWrong   = "wrong"
)

// Attempt is one call to WeChat Pay about a refund.
type Attempt struct {
	bun.BaseModel `bun:"table:refund_attempts"`

	ID         string `bun:",pk"`
	RefundID   string // ours
	Kind       string
	StartedAt  db.Time
	FinishedAt db.Time
	Outcome    string
	Status     string
	WechatCode string
	RID        string `bun:"rid"`
	Error      string
}

// order is what WeChat Pay says of a paid order, and the lock that its refunds take.
type order struct {
	bun.BaseModel `bun:"table:refund_orders"`

	TransactionID string `bun:",pk"`
	MerchantID    string
	OutTradeNo    string
	Total         *int64
	PayerTotal    *int64
	TradeState    string
	PaidAt        db.Time
	AppID         string `bun:"appid"`
	CheckedAt     db.Time
	LastCallAt    db.Time
	UpdatedAt     db.Time
}

type event struct {
	bun.BaseModel `bun:"table:refund_events"`

	ID            string `bun:",pk"`
	MerchantID    string
	EventID       string
	EventType     string
	DedupeKey     string
	OutRefundNo   string
	TransactionID string
	RefundID      string
	Status        string
	Amount        *int64
	Matched       string // our refund's id; empty = none of ours
	Repeats       int64
	ReceivedAt    db.Time
}

// Modes of a merchant.
const (
	Direct  = "direct"
	Partner = "partner" // a service provider signs for the sub-merchant
)

// Ways of verifying what WeChat Pay says.
const (
	VerifyCert      = "platform_cert"
	VerifyPublicKey = "public_key"
)

// Merchant 商户号 holds WeChat Pay credentials that several programs share.
type Merchant struct {
	bun.BaseModel `bun:"table:merchants"`

	ID                 string `bun:",pk"`
	Name               string
	Mode               string
	MchID              string `bun:"mchid"`
	SpMchID            string `bun:"sp_mchid"`
	APIv3KeySealed     string `bun:"api_v3_key_sealed"`
	PrevAPIv3KeySealed string `bun:"prev_api_v3_key_sealed"`
	PrivateKeySealed   string
	CertPEM            string `bun:"cert_pem"`
	CertSerial         string
	CertExpiresAt      db.Time
	VerifyMode         string
	VerifyID           string
	VerifyPEM          string                        `bun:"verify_pem"`
	PlatformCerts      db.JSON[[]wxpay.PlatformCert] // fetched
	CertsFetchedAt     db.Time
	CertsAskedAt       db.Time
	// KeyConfirmedAt is when something that WeChat Pay encrypted was opened with the APIv3 key.
	KeyConfirmedAt db.Time
	LastCheck      db.JSON[*Check]
	PauseReason    string
	PausedUntil    db.Time
	Pauses         int64
	HoldUntil      db.Time
	ExpiryTold     int64 // the last reminder, in days before the end
	Version        int64
	ArchivedAt     db.Time
	CreatedAt      db.Time
	UpdatedAt      db.Time
}

// Check is the answer of an online check.
type Check struct {
	At       db.Time   `json:"at"`
	OK       bool      `json:"ok"`
	Problems []Problem `json:"problems"`
}

// Problem is one finding of a check.
type Problem struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Warning bool   `json:"warning"`
}
