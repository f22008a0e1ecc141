package push

import (
	"fmt"

	"github.com/zhisu/zhisu/internal/wechat/loose"
)

// The Events about violations, which the platform pushes apart from complaints (complaint §8.8).
const (
	EventPunish = "wxa_punish_event"
	EventAppeal = "wxa_appeal_record"
)

// Violation is what such a push says. Anything but ID may be missing: numbers are 0 then, texts "".
type Violation struct {
	Event string // EventPunish or EventAppeal
	AppID string
	ID    string // punish_id or appeal_record_id
	// Code is event_type (1 warning, 2 function ban, others) or appeal_status (1 running, 2 won, 3 lost, 4 withdrawn).
	Code int
	Time int64 // unix seconds
	// Of an appeal Reason is punish_description and Content audit_reason.
	Reason, Content, RuleName, RuleURL, GuideURL string
	// Detail is JSON as text, in a shape that depends on Code and is not published.
	Detail string
}

// Format hides what is said from every fmt verb.
func (v Violation) Format(f fmt.State, _ rune) { hidden(f, "%s %s, code %d", v.Event, v.ID, v.Code) }

// violation returns nil for other events and for one that nothing tells from the next.
func violation(event string, root *node) *Violation {
	var v *Violation
	switch event {
	case EventPunish:
		v = &Violation{
			ID: root.text("punish_id"), Code: loose.Narrow(root.integer("event_type")), Time: root.integer("punish_time"),
			Reason: root.text("illegal_reason"), Content: root.text("illegal_content"),
			RuleName: root.text("rule_name"), RuleURL: root.text("rule_url"), GuideURL: root.text("adjust_guide_url"), Detail: root.text("detail"),
		}
	case EventAppeal:
		v = &Violation{
			ID: root.text("appeal_record_id"), Code: loose.Narrow(root.integer("appeal_status")), Time: root.integer("appeal_time"),
			Reason: root.text("punish_description"), Content: root.text("audit_reason"),
		}
	default:
		return nil
	}
	if v.ID == "" {
		return nil
	}
	v.Event, v.AppID = event, root.text("appid")
	return v
}
