package complaint

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// MaxNote bounds a note, in characters.
const MaxNote = 2000

// ErrNote says that a note is empty or too long.
var ErrNote = errors.New("note is empty or too long")

// Note is what staff tell each other about a case. It is never sent out.
type Note struct {
	bun.BaseModel `bun:"table:notes"`

	ID          string `bun:",pk"`
	ComplaintID string
	AuthorID    string
	AuthorName  string
	Text        string
	CreatedAt   db.Time
}

// AddNote stores a note, and an entry of the timeline that shows it.
func (s *Service) AddNote(ctx context.Context, complaintID, authorID, authorName, text string) (*Note, error) {
	text = strings.TrimSpace(storable(text))
	if text == "" || utf8.RuneCountInString(text) > MaxNote {
		return nil, ErrNote
	}
	n := &Note{ID: db.NewID(), ComplaintID: complaintID, AuthorID: authorID, AuthorName: authorName, Text: text, CreatedAt: s.now()}
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(n).Exec(ctx); err != nil {
			return fmt.Errorf("store note: %w", err)
		}
		e := Entry{ComplaintID: complaintID, DedupeKey: "note:" + n.ID, At: n.CreatedAt, Source: FromStaff, Kind: "note", Text: text, Actor: authorName}
		e.Images.V = []string{}
		return s.AddEntry(ctx, tx, e)
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

// Notes returns a case's notes, newest first.
func (s *Service) Notes(ctx context.Context, complaintID string) ([]Note, error) {
	out := []Note{}
	if err := s.db.Read.NewSelect().Model(&out).Where("complaint_id = ?", complaintID).Order("created_at DESC", "id DESC").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return out, nil
}
