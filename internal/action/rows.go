package action

import (
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// State of an action.
type State string

// The states. Unknown means that the call was made and its outcome is being found out by reading the case back.
const (
	Queued  State = "queued"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
	Unknown State = "unknown"
)

// Decision of a response (bussiHandle; reference/wechat-complaint-api.md §4.2).
type Decision string

// The decisions.
const (
	Agree  Decision = "agree"  // 同意和解
	Refuse Decision = "refuse" // 拒绝和解
)

// Action is one decided call to WeChat.
type Action struct {
	bun.BaseModel `bun:"table:actions"`

	ID          string `bun:",pk"`
	ComplaintID string
	ProgramID   string
	Kind        complaint.Action
	Decision    Decision
	Content     string
	EvidenceIDs db.JSON[[]string] `bun:"evidence_ids"`
	// AcceptReturn answers "received the returned goods?"; nil where nothing is returned.
	AcceptReturn *int64
	// ByHand: a manager sends it although it is not known whether WeChat takes it now.
	ByHand       bool
	NodesBefore  int64
	State        State
	ActorID      string
	ActorName    string
	Source       complaint.Source
	RequestKey   string
	StatusBefore complaint.Status
	ErrorCode    string // one of the Code constants; empty unless failed
	Errcode      *int64 // WeChat's
	RID          string `bun:"rid"`
	CreatedAt    db.Time
	UpdatedAt    db.Time
	FinishedAt   db.Time
}

// Attempt outcomes.
const (
	attemptUnknown = "unknown" // written before the call; stays if the process dies
	attemptDone    = "done"
	attemptRetry   = "retry"
	attemptWrong   = "wrong"
)

type attempt struct {
	bun.BaseModel `bun:"table:action_attempts"`

	ID         string `bun:",pk"`
	ActionID   string
	StartedAt  db.Time
	FinishedAt db.Time
	Outcome    string
	Errcode    *int64
	RID        string `bun:"rid"`
	Error      string
}
