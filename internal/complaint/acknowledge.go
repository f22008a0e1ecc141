package complaint

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// Acknowledgement is “我已看到”: somebody knows what a case asks for. It is gone when the case asks for something else.
type Acknowledgement struct {
	bun.BaseModel `bun:"table:acknowledgements"`

	ComplaintID string `bun:",pk"`
	Stage       Stage
	UserID      string
	UserName    string
	At          db.Time
}

// Acknowledge notes that somebody has seen what a case asks for, once: who was first stays. With plainly it becomes a line of the timeline; starting an answer says
// the same by itself.
func (s *Service) Acknowledge(ctx context.Context, complaintID, userID, userName string, plainly bool) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		c, err := s.byID(ctx, tx, complaintID)
		if err != nil {
			return err
		}
		a := &Acknowledgement{ComplaintID: c.ID, Stage: c.Stage, UserID: userID, UserName: userName, At: s.now()}
		fresh, err := db.Changed(tx.NewInsert().Model(a).On("CONFLICT (complaint_id) DO UPDATE").
			Set("stage = EXCLUDED.stage, user_id = EXCLUDED.user_id, user_name = EXCLUDED.user_name, at = EXCLUDED.at").
			Where("acknowledgement.stage <> EXCLUDED.stage").Exec(ctx))
		if err != nil {
			return fmt.Errorf("store acknowledgement: %w", err)
		}
		if !fresh || !plainly {
			return nil
		}
		e := Entry{ComplaintID: c.ID, DedupeKey: fmt.Sprintf("ack:%s:%d", c.Stage, a.At), At: a.At, Source: FromStaff, Kind: "acknowledged", Text: "已看到", Actor: userName}
		e.Images.V = []string{}
		return s.AddEntry(ctx, tx, e)
	})
}

// AcknowledgedBy returns who has seen what a case asks for now, nil for nobody.
func (s *Service) AcknowledgedBy(ctx context.Context, c *Complaint) (*Acknowledgement, error) {
	a := &Acknowledgement{ComplaintID: c.ID}
	err := s.db.Read.NewSelect().Model(a).WherePK().Where("stage = ?", c.Stage).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read acknowledgement: %w", err)
	}
	return a, nil
}

// DutyArgs tells whoever reacts to it that a case asks for something else than before, or until another time. It is enqueued in the transaction that changed the
// case.
type DutyArgs struct {
	ComplaintID string `json:"complaint_id"`
}

// Kind implements river.JobArgs.
func (DutyArgs) Kind() string { return "complaint.duty" }

// announceDuty enqueues DutyArgs if what a case asks for, or the deadline, has changed. What somebody has seen of the old is forgotten.
func (s *Service) announceDuty(ctx context.Context, tx db.Tx, from, to *Complaint) error {
	if from.Stage != to.Stage {
		if _, err := tx.NewDelete().Model((*Acknowledgement)(nil)).Where("complaint_id = ?", to.ID).Exec(ctx); err != nil {
			return fmt.Errorf("forget acknowledgement: %w", err)
		}
	}
	if from.Stage == to.Stage && from.DueAt == to.DueAt {
		return nil
	}
	return tx.Enqueue(ctx, DutyArgs{ComplaintID: to.ID}, nil)
}

// Waiting is a case that waits for the merchant.
type Waiting struct {
	ID      string
	Stage   Stage
	DueAt   db.Time
	DueSort int64
}

// WaitingAfter returns the cases of a stage that come after another one of it by deadline and id, at most limit; the zero Waiting comes before all.
func (s *Service) WaitingAfter(ctx context.Context, stage Stage, after Waiting, limit int64) ([]Waiting, error) {
	var out []Waiting
	err := s.db.Read.NewSelect().Model((*Complaint)(nil)).Column("id", "stage", "due_at", "due_sort").
		Where("stage = ? AND (due_sort, id) > (?, ?)", stage, after.DueSort, after.ID).OrderExpr("due_sort, id").Limit(limit).Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list waiting complaints: %w", err)
	}
	return out, nil
}

// MerchantStages are the stages that wait for the merchant.
func MerchantStages() []Stage { return append([]Stage(nil), merchantStages...) }
