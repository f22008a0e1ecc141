package complaint

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// editingFor is how long somebody counts as working on a case after the last sign of it.
const editingFor = time.Minute

// Editing says who is working on a case.
type Editing struct {
	bun.BaseModel `bun:"table:editing"`

	ComplaintID string `bun:",pk"`
	UserID      string
	UserName    string
	Until       db.Time
}

// HeldError says that somebody else is working on the case.
type HeldError struct{ Name string }

// Error implements error.
func (e *HeldError) Error() string { return "the case is held by somebody else" }

// EditedBy returns who is working on a case, nil for nobody.
func (s *Service) EditedBy(ctx context.Context, complaintID string) (*Editing, error) {
	e := &Editing{ComplaintID: complaintID}
	err := s.db.Read.NewSelect().Model(e).WherePK().Where("until > ?", s.now()).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read who edits: %w", err)
	}
	return e, nil
}

// Edit takes or renews a case for somebody, or gives *HeldError; takeOver takes it from whoever has it.
func (s *Service) Edit(ctx context.Context, complaintID, userID, userName string, takeOver bool) (*Editing, error) {
	e := &Editing{ComplaintID: complaintID, UserID: userID, UserName: userName, Until: s.now() + db.Time(editingFor.Milliseconds())}
	q := s.db.Write().NewInsert().Model(e).On("CONFLICT (complaint_id) DO UPDATE").
		Set("user_id = EXCLUDED.user_id, user_name = EXCLUDED.user_name, until = EXCLUDED.until")
	if !takeOver {
		q = q.Where("editing.user_id = ? OR editing.until <= ?", userID, s.now())
	}
	ok, err := db.Changed(q.Exec(ctx))
	if err != nil {
		return nil, fmt.Errorf("take case: %w", err)
	}
	if ok {
		return e, nil
	}
	return nil, s.Held(ctx, complaintID, userID)
}

// Held gives *HeldError if somebody other than userID is working on the case.
func (s *Service) Held(ctx context.Context, complaintID, userID string) error {
	e, err := s.EditedBy(ctx, complaintID)
	if err != nil {
		return err
	}
	if e != nil && e.UserID != userID {
		return &HeldError{e.UserName}
	}
	return nil
}

// StopEditing gives a case back, if userID has it.
func (s *Service) StopEditing(ctx context.Context, complaintID, userID string) error {
	_, err := s.db.Write().NewDelete().Model((*Editing)(nil)).Where("complaint_id = ? AND user_id = ?", complaintID, userID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("give case back: %w", err)
	}
	return nil
}
