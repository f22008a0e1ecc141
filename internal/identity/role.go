package identity

import (
	"slices"
	"strings"
)

// Role is what a user is for. A user has one.
type Role string

// The roles of design.md §6.6.
const (
	Owner   Role = "owner"   // everything; the only one to run the installation and its users
	Manager Role = "manager" // everything but platform, users and secrets
	Agent   Role = "agent"   // 客服: acts on cases in scope
	Finance Role = "finance" // refunds and merchants, reads cases
	Viewer  Role = "viewer"  // reads, masked
)

// Roles lists all roles in the order of the table below.
func Roles() []Role { return []Role{Owner, Manager, Agent, Finance, Viewer} }

// Valid reports whether r is one of Roles.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// Right is one thing that somebody may do. Principal.Sees says for which programs.
type Right string

// The rights. Reading what has no right of its own here (the list of programs, templates, notices, actions, refunds) needs RightCasesRead.
const (
	RightPlatform      Right = "platform"       // see and change the third-party platform's settings
	RightUsers         Right = "users"          // see and change users; see and revoke everybody's API tokens
	RightSecrets       Right = "secrets"        // the installation's own keys: rotation, backup
	RightPrograms      Right = "programs"       // authorise, change, disable and remove programs
	RightMerchants     Right = "merchants"      // see, change and check WeChat Pay credentials
	RightCasesRead     Right = "cases_read"     // complaints, evidence, timelines; personal data masked
	RightCasesAct      Right = "cases_act"      // respond, supplement, refund proof, appeal, notes, sync, import, upload evidence
	RightReveal        Right = "reveal"         // see personal data in clear; every use is recorded
	RightRefund        Right = "refund"         // refund any amount
	RightRefundLimited Right = "refund_limited" // refund up to the agent limit (a setting; 0 = none)
	RightNotify        Right = "notify"         // channels, subscriptions, test messages
	RightRules         Right = "rules"          // automation: change, replay, stop
	RightTemplates     Right = "templates"      // 话术: change
	RightDeliveries    Right = "deliveries"     // see and replay raw pushes
	RightAudit         Right = "audit"          // read the audit trail
	RightReports       Right = "reports"        // dashboards, standing, statistics, exports without personal data
)

// holders is the whole answer to "who may do what": one place per role, in the order of Roles, filled with its first letter or a dot.
var holders = map[Right]string{
	RightPlatform:      "o....",
	RightUsers:         "o....",
	RightSecrets:       "o....",
	RightPrograms:      "om...",
	RightMerchants:     "om.f.",
	RightCasesRead:     "omafv",
	RightCasesAct:      "oma..",
	RightReveal:        "oma..",
	RightRefund:        "om.f.",
	RightRefundLimited: "omaf.",
	RightNotify:        "om...",
	RightRules:         "om...",
	RightTemplates:     "om...",
	RightDeliveries:    "om...",
	RightAudit:         "om...",
	RightReports:       "omafv",
}

// Has reports whether the role has the right. An unknown role has none, and an unknown right is nobody's.
func (r Role) Has(right Right) bool {
	return r.Valid() && strings.IndexByte(holders[right], r[0]) >= 0
}

// Rights lists what the role may do, sorted; the web UI hides the rest.
func (r Role) Rights() []Right {
	out := []Right{}
	for right := range holders {
		if r.Has(right) {
			out = append(out, right)
		}
	}
	slices.Sort(out)
	return out
}
