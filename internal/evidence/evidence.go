// Package evidence keeps the pictures that staff upload for WeChat: checked, made fit to send, and never changed afterwards. What was uploaded is kept as it was.
// It does not know what a picture is used for.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/blob"
	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/evidence/picture"
)

// Errors that callers tell apart.
var (
	ErrNotFound = errors.New("evidence not found")
	ErrUsed     = errors.New("evidence is used by an action")
)

// Evidence is one picture.
type Evidence struct {
	bun.BaseModel `bun:"table:evidence"`

	ID           string `bun:",pk"`
	ComplaintID  string // empty while it belongs to no case
	ParentID     string // what it was made of by Edit
	UploaderID   string
	UploaderName string
	Name         string // as it was called; its extension fits ContentType
	ContentType  string
	Width        int64
	Height       int64
	Size         int64 // bytes
	Blob         string
	OriginalType string
	OriginalBlob string
	CreatedAt    db.Time
}

// FileNames lists the names of all files that pictures have, for a backup.
func (s *Service) FileNames(ctx context.Context) ([]string, error) {
	var out []string
	err := s.DB.Read.NewRaw("SELECT blob FROM evidence UNION SELECT original_blob FROM evidence WHERE original_blob <> ''").Scan(ctx, &out)
	if err != nil {
		return nil, fmt.Errorf("list files of evidence: %w", err)
	}
	return out, nil
}

// Options are what New needs.
type Options struct {
	DB    *db.DB
	Files blob.Store
	Clock clock.Clock
	// Used reports whether something outside uses a picture; then it stays.
	Used func(ctx context.Context, q bun.IDB, id string) (bool, error)
}

// Service owns evidence.
type Service struct {
	Options

	// turn lets one picture be decoded at a time: a large one takes some hundred megabytes for a moment.
	turn chan struct{}
}

// New builds the service.
func New(o Options) *Service { return &Service{Options: o, turn: make(chan struct{}, 1)} }

// alone waits for the turn to decode; call the result when done.
func (s *Service) alone(ctx context.Context) (done func(), err error) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to decode: %w", ctx.Err())
	}
}

// Upload is what somebody sends.
type Upload struct {
	Content      []byte
	Name         string
	ComplaintID  string // may be empty
	UploaderID   string
	UploaderName string
}

// Add stores an uploaded picture. A picture that is not taken gives *picture.Refused.
func (s *Service) Add(ctx context.Context, u Upload) (*Evidence, error) {
	done, err := s.alone(ctx)
	if err != nil {
		return nil, err
	}
	p, original, err := picture.Prepare(u.Content)
	done()
	if err != nil {
		return nil, err
	}
	e := &Evidence{ComplaintID: u.ComplaintID, UploaderID: u.UploaderID, UploaderName: u.UploaderName, Name: fileName(u.Name, p.ContentType), OriginalType: original}
	if e.OriginalBlob, err = s.Files.Put(ctx, u.Content); err != nil {
		return nil, err
	}
	return e, s.store(ctx, e, p)
}

func (s *Service) store(ctx context.Context, e *Evidence, p picture.Picture) (err error) {
	e.ID, e.CreatedAt = db.NewID(), db.At(s.Clock.Now())
	e.ContentType, e.Width, e.Height, e.Size = p.ContentType, int64(p.Width), int64(p.Height), int64(len(p.Content))
	if e.Blob, err = s.Files.Put(ctx, p.Content); err != nil {
		return err
	}
	if _, err := s.DB.Write().NewInsert().Model(e).Exec(ctx); err != nil {
		return fmt.Errorf("store evidence: %w", err)
	}
	return nil
}

// fileName is a name that WeChat takes: it judges the type by the extension (40005).
func fileName(name, contentType string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r == '/' || r == '\\' || r == '"' || r == utf8.RuneError {
			return -1
		}
		return r
	}, path.Base(strings.ReplaceAll(name, "\\", "/")))
	name = strings.TrimSuffix(name, path.Ext(name))
	if r := []rune(name); len(r) > 80 {
		name = string(r[:80])
	}
	if name = strings.Trim(name, ". "); name == "" {
		name = "凭证"
	}
	return name + map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}[contentType]
}

// Get returns a picture's row or ErrNotFound.
func (s *Service) Get(ctx context.Context, id string) (*Evidence, error) {
	e := &Evidence{ID: id}
	err := s.DB.Read.NewSelect().Model(e).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	return e, nil
}

// Open returns what is sent to WeChat: the content, its type, and a file name with an extension.
func (s *Service) Open(ctx context.Context, id string) (content []byte, contentType, name string, err error) {
	e, err := s.Get(ctx, id)
	if err != nil {
		return nil, "", "", err
	}
	content, err = s.Files.Get(ctx, e.Blob)
	return content, e.ContentType, e.Name, err
}

// Original returns what was uploaded, and its type.
func (s *Service) Original(ctx context.Context, e *Evidence) ([]byte, string, error) {
	if e.OriginalBlob == "" {
		return nil, "", ErrNotFound // forgotten; see DropOriginals
	}
	b, err := s.Files.Get(ctx, e.OriginalBlob)
	return b, e.OriginalType, err
}

// Thumb returns a small JPEG.
func (s *Service) Thumb(ctx context.Context, e *Evidence) ([]byte, error) {
	b, err := s.Files.Get(ctx, e.Blob)
	if err != nil {
		return nil, err
	}
	done, err := s.alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return picture.Thumb(b)
}

// Change is what Edit does: turn clockwise, then hide.
type Change struct {
	Rotate int // 0, 90, 180 or 270
	Redact []picture.Region
}

// Edit makes a new picture of e. Its errors may be *picture.Refused.
func (s *Service) Edit(ctx context.Context, e *Evidence, c Change, editorID, editorName string) (*Evidence, error) {
	b, err := s.Files.Get(ctx, e.Blob)
	if err != nil {
		return nil, err
	}
	done, err := s.alone(ctx)
	if err != nil {
		return nil, err
	}
	p, err := picture.Edit(b, c.Rotate, c.Redact)
	done()
	if err != nil {
		return nil, err
	}
	next := &Evidence{
		ComplaintID: e.ComplaintID, ParentID: e.ID, UploaderID: editorID, UploaderName: editorName, Name: fileName(e.Name, p.ContentType),
		OriginalType: e.OriginalType, OriginalBlob: e.OriginalBlob,
	}
	return next, s.store(ctx, next, p)
}

// Delete removes a picture that nothing uses, or gives ErrUsed. Its files go once nothing has them.
func (s *Service) Delete(ctx context.Context, e *Evidence) error {
	return s.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		used, err := s.Used(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		if used {
			return ErrUsed
		}
		if _, err := tx.NewDelete().Model(e).WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("delete evidence: %w", err)
		}
		return blob.Release(ctx, tx, db.At(s.Clock.Now()), e.Blob, e.OriginalBlob)
	})
}

// Owns implements blob.Owner.
func (s *Service) Owns(ctx context.Context, q bun.IDB, name string) (bool, error) {
	for _, column := range []string{"blob", "original_blob"} {
		found, err := q.NewSelect().Model((*Evidence)(nil)).Where("? = ?", bun.Ident(column), name).Exists(ctx)
		if err != nil || found {
			return found, err //nolint:wrapcheck // the sweeper says what it was doing
		}
	}
	return false, nil
}
