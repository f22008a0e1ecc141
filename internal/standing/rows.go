package standing

import (
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Status of a deduction (reference/wechat-complaint-api.md §8.1). Others are kept as they come.
type Status int64

// The statuses.
const (
	Deducted Status = 2
	Appealed Status = 4
	Rejected Status = 5
	Restored Status = 6
)

// Text names the status.
func (s Status) Text() string {
	switch s {
	case Deducted:
		return "已扣分"
	case Appealed:
		return "申诉中"
	case Rejected:
		return "申诉驳回"
	case Restored:
		return "申诉成功"
	}
	return "未公开的状态"
}

// Badge is the 交易保障标.
type Badge string

// The badge is lit, is not, or was never read.
const (
	BadgeOn      Badge = "on"
	BadgeOff     Badge = "off"
	BadgeUnknown Badge = ""
)

// Standing is what is known of a program.
type Standing struct {
	bun.BaseModel `bun:"table:standings"`

	ProgramID string `bun:",pk"`
	Score     *int64
	ScoreAt   db.Time // when the score was read last
	Guarantee Badge
	// GuaranteeReasons say, in WeChat's words, why the badge is off.
	GuaranteeReasons db.JSON[[]string]
	GuaranteeAt      db.Time
	ViolationsAt     db.Time
	ReadAt           db.Time // the last reading that told everything
	Error            string  // why the last one did not, for a merchant
	Failures         int64
	NextAt           db.Time
	UpdatedAt        db.Time
}

// Change is a change of the score.
type Change struct {
	bun.BaseModel `bun:"table:standing_scores"`

	ID        string `bun:",pk"`
	ProgramID string
	Score     int64
	Was       *int64 // nil for the first one
	At        db.Time
}

// Penalty is a deduction from the score.
type Penalty struct {
	bun.BaseModel `bun:"table:penalties"`

	ID               string `bun:",pk"`
	ProgramID        string
	IllegalOrderID   string
	ComplaintOrderID string
	ComplaintID      string // ours; empty while not known
	// Found says that the case is known only because the deduction names it.
	Found         bool
	Wording       string
	Status        Status
	MinusScore    int64
	TransactionID string
	IllegalAt     db.Time // WeChat's; 0 = not told
	ChangedAt     db.Time
	FirstSeenAt   db.Time
	Lookups       int64
	NextLookupAt  db.Time
}

// AppealDays is how long a deduction can usually be appealed, once. A third party says so, not WeChat (reference §8.3): it is shown, nothing depends on it.
const AppealDays = 7

// AppealUntil is when the usual time for an appeal ends; 0 when there is none, or none any more to begin.
func (p *Penalty) AppealUntil() db.Time {
	if p.Status != Deducted || p.IllegalAt.IsZero() {
		return 0
	}
	return p.IllegalAt + AppealDays*24*3600*1000
}

// Violation is what the platform recorded against a program.
type Violation struct {
	bun.BaseModel `bun:"table:violations"`

	ID          string `bun:",pk"`
	ProgramID   string
	RecordID    string
	Reason      string
	Content     string
	RuleName    string
	RuleURL     string `bun:"rule_url"`
	At          db.Time
	FirstSeenAt db.Time
}
