package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/zhisu/zhisu/internal/db"
)

// eventMention is a note that names a member: nobody subscribes to it, it goes to him alone.
const eventMention = "note.mention"

// Mention tells a member, wherever he can be reached, that a colleague's note about a case names him. The note itself is not sent out. Who has no account any more, or
// does not see the program, is not told.
func (s *Service) Mention(ctx context.Context, complaintID, noteID, userID, by string) error {
	f, err := s.read(ctx, Event{Kind: eventMention, ComplaintID: complaintID})
	if err != nil {
		return fmt.Errorf("tell of a note: %w", err)
	}
	m, err := s.member(ctx, userID)
	if errors.Is(err, ErrNotFound) || err == nil && (!m.sees(f.ProgramID) || silenced(eventMention, f)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell of a note: %w", err)
	}
	a, err := s.addressBook(ctx)
	if err != nil {
		return err
	}
	rs, err := s.everywhere(ctx, a, m, nil)
	if err != nil {
		return err
	}
	var out []planned
	for _, r := range rs {
		n, err := s.notice(Event{Kind: eventMention, ComplaintID: complaintID, ProgramID: f.ProgramID, Key: noteID + "/" + userID}, r)
		if err != nil {
			return err
		}
		n.Reason, n.ReasonText, n.DueAt, n.Urgent = Mentioned, by+"在备注里提到了你", f.DueAt, true
		out = append(out, planned{noticeRow: n, to: r})
	}
	if len(out) == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error { return s.store(ctx, tx, out) })
}
