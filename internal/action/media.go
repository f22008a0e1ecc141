package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat"
)

// mediaFor is how long an uploaded picture is used. WeChat keeps it for three days (reference/wechat-complaint-api.md §7); the last hours are left out,
// so that none ends between our look and WeChat's.
const mediaFor = 66 * time.Hour

// media is a picture as WeChat knows it for one program.
type media struct {
	bun.BaseModel `bun:"table:action_media"`

	EvidenceID string `bun:",pk"`
	ProgramID  string `bun:",pk"`
	MediaID    string
	ObtainedAt db.Time
}

type evidenceUse struct {
	bun.BaseModel `bun:"table:action_evidence"`

	ActionID   string `bun:",pk"`
	EvidenceID string `bun:",pk"`
}

// useEvidence remembers that an action uses its pictures: then they stay.
func useEvidence(ctx context.Context, tx db.Tx, a *Action) error {
	if len(a.EvidenceIDs.V) == 0 {
		return nil
	}
	uses := make([]evidenceUse, len(a.EvidenceIDs.V))
	for i, id := range a.EvidenceIDs.V {
		uses[i] = evidenceUse{ActionID: a.ID, EvidenceID: id}
	}
	if _, err := tx.NewInsert().Model(&uses).Exec(ctx); err != nil {
		return fmt.Errorf("store evidence of action: %w", err)
	}
	return nil
}

// UsesEvidence reports whether an action uses a picture.
func (s *Service) UsesEvidence(ctx context.Context, q bun.IDB, evidenceID string) (bool, error) {
	used, err := q.NewSelect().Model((*evidenceUse)(nil)).Where("evidence_id = ?", evidenceID).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("look for evidence in use: %w", err)
	}
	return used, nil
}

// errPicture says that a picture of ours cannot be read any more.
var errPicture = errors.New("picture cannot be read")

// upload returns WeChat's ids of an action's pictures, in order, uploading those that WeChat doesn't know or is about to forget.
func (s *Service) upload(ctx context.Context, a *Action, p *program.Program) ([]string, error) {
	out := make([]string, 0, len(a.EvidenceIDs.V))
	for _, id := range a.EvidenceIDs.V {
		m := &media{EvidenceID: id, ProgramID: p.ID}
		err := s.db.Read.NewSelect().Model(m).WherePK().Scan(ctx)
		if err != nil && !db.IsNotFound(err) {
			return nil, fmt.Errorf("read uploaded picture: %w", err)
		}
		if err != nil || s.clock.Now().Sub(m.ObtainedAt.Time()) > mediaFor {
			if m, err = s.uploadOne(ctx, id, p); err != nil {
				return nil, err
			}
		}
		out = append(out, m.MediaID)
	}
	return out, nil
}

func (s *Service) uploadOne(ctx context.Context, id string, p *program.Program) (*media, error) {
	content, contentType, name, err := s.evidence.Open(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPicture, err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m := &media{EvidenceID: id, ProgramID: p.ID, ObtainedAt: s.now()}
	err = s.programs.Call(ctx, p, program.UploadSets, func(ctx context.Context, token string) error {
		up, err := s.wechat.UploadTempMedia(ctx, token, name, contentType, bytes.NewReader(content))
		m.MediaID = up.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	_, err = s.db.Write().NewInsert().Model(m).On("CONFLICT (evidence_id, program_id) DO UPDATE").Set("media_id = EXCLUDED.media_id, obtained_at = EXCLUDED.obtained_at").Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("store uploaded picture: %w", err)
	}
	return m, nil
}

// afterUpload ends or postpones an action whose pictures could not be uploaded. Nothing was sent.
func (s *Service) afterUpload(ctx context.Context, a *Action, cause error) error {
	var we *wechat.Error
	switch {
	case errors.Is(cause, errPicture):
		s.log.WarnContext(ctx, "picture of action is gone", "action", a.ID, "err", cause)
		return s.finish(ctx, a, nil, failure{code: CodeBadPicture})
	case !errors.As(cause, &we):
		return s.afterOwnError(ctx, a, nil, cause, false)
	case we.Class == wechat.NoPermission:
		return s.finish(ctx, a, nil, failureOf(we, CodeNoUpload))
	case we.Class == wechat.Never:
		return s.finish(ctx, a, nil, failureOf(we, CodeBadPicture))
	}
	return s.afterError(ctx, a, nil, cause, false)
}

// forget drops WeChat's ids of an action's pictures: it refused the content, and one of them may be the reason.
func (s *Service) forget(ctx context.Context, tx db.Tx, a *Action) error {
	if len(a.EvidenceIDs.V) == 0 {
		return nil
	}
	_, err := tx.NewDelete().Model((*media)(nil)).Where("program_id = ? AND evidence_id IN (?)", a.ProgramID, bun.List(a.EvidenceIDs.V)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("forget uploaded pictures: %w", err)
	}
	return nil
}
