package standing

import (
	"fmt"

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
	return fmt.Sprintf("未公开的状态 %d", int64(s))
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

// Kind says how we know of a violation.
type Kind string

// It was listed, or pushed as a punishment or as an appeal (reference §8.5, §8.8).
const (
	KindRecord Kind = "record"
	KindPunish Kind = "punish"
	KindAppeal Kind = "appeal"
)

const appealRunning = 1

// Words names what happened: a word for programs, and one for merchants.
func (v *Violation) Words() (name, text string) {
	switch {
	case v.Kind == KindPunish && v.Code == 1:
		return "warning", "警告"
	case v.Kind == KindPunish && v.Code == 2:
		return "ban", "功能限制"
	case v.Kind == KindPunish:
		return "punish", "处罚"
	case v.Kind == KindAppeal && v.Code == appealRunning:
		return "appeal_running", "申诉处理中"
	case v.Kind == KindAppeal && v.Code == 2:
		return "appeal_won", "申诉通过"
	case v.Kind == KindAppeal && v.Code == 3:
		return "appeal_lost", "申诉不通过"
	case v.Kind == KindAppeal && v.Code == 4:
		return "appeal_withdrawn", "申诉已撤销"
	case v.Kind == KindAppeal:
		return "appeal", "申诉"
	}
	return "record", "违规记录"
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
	Kind        Kind
	Code        int64  // event_type or appeal_status of a push; 0 = not told
	GuideURL    string `bun:"guide_url"`
	Detail      string
	At          db.Time
	FirstSeenAt db.Time
}
