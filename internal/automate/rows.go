package automate

import (
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/action"
	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// RuleState says whether a rule acts.
type RuleState string

// The states of a rule. An edit of what it does makes it a draft again.
const (
	Draft  RuleState = "draft"
	Active RuleState = "active"
	Paused RuleState = "paused" // by a person, or by itself after failures
)

// RefundMode says what a rule gives back.
type RefundMode string

// The ways to refund.
const (
	NoRefund    RefundMode = "none"
	FullRefund  RefundMode = "full" // what was paid for the order
	FixedRefund RefundMode = "fixed"
)

// Rule is what a merchant wants done by itself. Amounts in fen.
type Rule struct {
	bun.BaseModel `bun:"table:rules"`

	ID           string `bun:",pk"`
	Name         string
	Position     int64 // the first rule that fits is used
	State        RuleState
	PausedReason string
	PausedBy     string // empty: the rule itself
	PausedAt     db.Time

	// Conditions. ProgramIDs empty means all.
	ProgramIDs  db.JSON[[]string] `bun:"program_ids"`
	Types       db.JSON[[]int64]
	AmountMax   int64
	FirstInDays *int64
	WaitMinutes int64
	ValidFrom   db.Time
	ValidTo     db.Time

	// What is done.
	Decision   action.Decision
	TemplateID string
	Content    string
	// Text is what is answered, before variables are filled in: the template's or the rule's own, as it was when this version was made.
	Text         string
	Refund       RefundMode
	RefundAmount *int64

	MaxAmountPerCase *int64
	MaxCasesPerDay   int64
	MaxAmountPerDay  *int64

	Version         int64
	ReplayedVersion int64
	ReplayedAt      db.Time
	EnabledAt       db.Time
	Failures        int64
	CreatedBy       string
	CreatedAt       db.Time
	UpdatedBy       string
	UpdatedAt       db.Time
}

// State of a decision.
type State string

// The states. The last three are ends.
const (
	Waiting    State = "waiting"     // for its time, in which a person may come
	Refunding  State = "refunding"   // the refund is on its way
	Answering  State = "answering"   // the answer is
	Done       State = "done"        // answered, and refunded if that was to be
	HandedOver State = "handed_over" // to people, for a reason that is no failure
	Stopped    State = "stopped"     // something failed; people go on
)

// Over reports whether nothing automatic happens any more.
func (s State) Over() bool { return s == Done || s == HandedOver || s == Stopped }

// stateTexts are the words of the interface.
var stateTexts = map[State]string{
	Waiting: "等待中", Refunding: "正在退款", Answering: "正在回应", Done: "已自动处理", HandedOver: "已转人工", Stopped: "已停止，需要人工处理",
}

// Text names the state.
func (s State) Text() string { return stateTexts[s] }

// Decision is what a rule decided about a case.
type Decision struct {
	bun.BaseModel `bun:"table:rule_decisions"`

	ID           string `bun:",pk"`
	ComplaintID  string
	ProgramID    string
	RuleID       string
	RuleVersion  int64
	RuleName     string
	State        State
	Turn         int64
	Decision     action.Decision
	Content      string
	RefundAmount int64
	Day          string // Beijing, 2006-01-02; whose limits it uses
	Reserved     int64
	RefundID     string
	Refunded     int64
	ActionID     string
	ReasonCode   string
	Reason       string
	ActsAt       db.Time
	NextAt       db.Time
	CreatedAt    db.Time
	UpdatedAt    db.Time
	FinishedAt   db.Time
}

// automation is the stop switch.
type automation struct {
	bun.BaseModel `bun:"table:automation"`

	ID        string `bun:",pk"`
	StoppedAt db.Time
	StoppedBy string
	LastStop  db.Time
	LockedAt  db.Time
}

const theSwitch = "all"

// dayOf names the Beijing day of a moment.
func dayOf(t db.Time) string { return t.Time().In(complaint.Beijing).Format("2006-01-02") }
