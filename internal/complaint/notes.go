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
	Mentions    db.JSON[[]Mention]
	CreatedAt   db.Time
}

// Mention is a colleague whom a note names.
type Mention struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// MentionedArgs is the job that tells a colleague that a note names him.
type MentionedArgs struct {
	ComplaintID string `json:"complaint_id"`
	NoteID      string `json:"note_id"`
	UserID      string `json:"user_id"`
	By          string `json:"by"`
}

// Kind implements river.JobArgs.
func (MentionedArgs) Kind() string { return "complaint.mentioned" }

// AddNote stores a note, and an entry of the timeline that shows it. Whom it names is told by a job of its own.
func (s *Service) AddNote(ctx context.Context, complaintID, authorID, authorName, text string, mentions ...Mention) (*Note, error) {
	text = strings.TrimSpace(storable(text))
	if text == "" || utf8.RuneCountInString(text) > MaxNote {
		return nil, ErrNote
	}
	n := &Note{ID: db.NewID(), ComplaintID: complaintID, AuthorID: authorID, AuthorName: authorName, Text: text, CreatedAt: s.now()}
	n.Mentions.V = append([]Mention{}, mentions...)
	err := s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(n).Exec(ctx); err != nil {
			return fmt.Errorf("store note: %w", err)
		}
		for _, m := range mentions {
			if err := tx.Enqueue(ctx, MentionedArgs{ComplaintID: complaintID, NoteID: n.ID, UserID: m.ID, By: authorName}, nil); err != nil {
				return err
			}
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
