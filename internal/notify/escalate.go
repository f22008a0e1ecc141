package notify

import (
	"context"
	"fmt"
	"slices"
)

// rungWords say who is told by a step of the ladder.
var rungWords = map[string]string{ToAssignee: "负责人", ToManager: "管理员", ToOwner: "所有者"}

// escalate returns the notices of one step of the ladder. Where a step finds nobody whom a message can reach, the next higher one is told.
func (s *Service) escalate(ctx context.Context, f Facts, d *dutyRow, set Reminders, rung int) ([]planned, error) {
	if silenced(EventDeadlineNear, f) {
		return nil, nil
	}
	a, err := s.addressBook(ctx)
	if err != nil {
		return nil, err
	}
	g := set.Ladder[rung]
	steps := []string{ToAssignee, ToManager, ToOwner}
	ev := Event{Kind: EventDeadlineNear, ComplaintID: f.ComplaintID, ProgramID: f.ProgramID, Key: fmt.Sprintf("ladder/%s/%d/%d/%d", d.Stage, d.StartedAt, d.DueAt, rung)}
	for _, to := range steps[slices.Index(steps, g.To):] {
		ms, err := s.who(ctx, a, to, f)
		if err != nil {
			return nil, err
		}
		var out []planned
		for _, m := range ms {
			rs, err := s.everywhere(ctx, a, m, g.ChannelIDs)
			if err != nil {
				return nil, err
			}
			for _, r := range rs {
				n, err := s.notice(ev, r)
				if err != nil {
					return nil, err
				}
				n.Reason, n.ReasonText = Escalated, "还没有人确认“已看到”，通知"+rungWords[to]
				n.DueAt, n.Urgent = f.DueAt, urgent(ev.Kind, f, n.CreatedAt)
				out = append(out, planned{noticeRow: n, to: r, group: true, quiet: set.Quiet})
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, nil
}

// who returns the members that a step of the ladder means, in whose scope the program is.
func (s *Service) who(ctx context.Context, a *addressBook, to string, f Facts) ([]Member, error) {
	all, err := a.everybody(ctx)
	if err != nil {
		return nil, err
	}
	var out []Member
	for _, m := range all {
		if (to == ToAssignee && m.ID == f.AssigneeID && f.AssigneeID != "") || (to != ToAssignee && m.Role == to && m.sees(f.ProgramID)) {
			out = append(out, m)
		}
	}
	return out, nil
}

// everywhere returns a member's addresses on some channels, or on all of them.
func (s *Service) everywhere(ctx context.Context, a *addressBook, m Member, channelIDs []string) ([]receiver, error) {
	var out []receiver
	for _, id := range a.order {
		if len(channelIDs) > 0 && !slices.Contains(channelIDs, id) {
			continue
		}
		r, _, err := s.contact(ctx, m, id, a.kinds[id])
		if err != nil {
			return nil, err
		}
		if r.Address != "" {
			out = append(out, a.named(r))
		}
	}
	return out, nil
}
