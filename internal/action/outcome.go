package action

import (
	"context"

	"github.com/zhisu/zhisu/internal/complaint"
	"github.com/zhisu/zhisu/internal/db"
)

// noteReply tells reports of an answer that was done.
func (s *Service) noteReply(ctx context.Context, tx db.Tx, a *Action, f failure) error {
	if a.Kind != complaint.Respond || f.code != "" {
		return nil
	}
	how, member := complaint.Refused, a.ActorID
	if a.Decision == Agree {
		how = complaint.Agreed
	}
	if a.Source == complaint.FromRule {
		member = ""
	}
	return s.complaints.NoteReply(ctx, tx, a.ComplaintID, how, member, a.ActorName)
}

// entry is the timeline's line about an ended action.
func entry(a *Action, code string) complaint.Entry {
	word := a.word()
	e := complaint.Entry{
		ComplaintID: a.ComplaintID, DedupeKey: "action:" + a.ID, Source: a.Source, Kind: string(a.Kind), Actor: a.ActorName,
		Text: word,
	}
	if a.Content != "" {
		e.Text += "：" + a.Content
	}
	e.Images.V = []string{}
	if code != "" {
		e.Kind, e.Text = string(a.Kind)+"_failed", word+"没有发出："+problem(a.Kind, code)
	}
	return e
}

// word names what was decided.
func (a *Action) word() string {
	switch {
	case a.Kind == complaint.Supplement:
		return "补充凭证"
	case a.Kind == complaint.RefundProof:
		return "提交处理凭证"
	case a.Kind == complaint.Appeal:
		return "申诉"
	case a.Decision == Agree:
		return "同意和解"
	}
	return "拒绝和解"
}
