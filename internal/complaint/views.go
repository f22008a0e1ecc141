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

// SavedView is a filter of the inbox that somebody keeps, for himself or for all.
type SavedView struct {
	bun.BaseModel `bun:"table:views"`

	ID        string `bun:",pk"`
	OwnerID   string
	OwnerName string
	Name      string
	Query     string // as it stands in the address of the inbox
	Shared    bool
	Position  int64
	CreatedAt db.Time
	UpdatedAt db.Time
}

// Bounds of saved views.
const (
	maxViewName  = 20 // characters
	maxViewQuery = 1000
	maxViews     = 50 // of one person
)

// Errors of saved views.
var (
	ErrViewName  = errors.New("the name of a view is empty or too long")
	ErrViewQuery = errors.New("the filter of a view is too long")
	ErrViews     = errors.New("somebody has too many views")
)

func (v *SavedView) check() error {
	v.Name, v.Query = strings.TrimSpace(storable(v.Name)), strings.TrimPrefix(storable(v.Query), "?")
	switch n := utf8.RuneCountInString(v.Name); {
	case n == 0 || n > maxViewName:
		return ErrViewName
	case len(v.Query) > maxViewQuery:
		return ErrViewQuery
	}
	return nil
}

// Views lists somebody's views and those that are shared, in their order.
func (s *Service) Views(ctx context.Context, userID string) ([]SavedView, error) {
	out := []SavedView{}
	if err := s.db.Read.NewSelect().Model(&out).Where("owner_id = ? OR shared", userID).Order("position", "created_at", "id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	return out, nil
}

// SavedView returns one that somebody may see, or ErrNotFound.
func (s *Service) SavedView(ctx context.Context, id, userID string) (*SavedView, error) {
	v := &SavedView{ID: id}
	err := s.db.Read.NewSelect().Model(v).WherePK().Where("owner_id = ? OR shared", userID).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read view: %w", err)
	}
	return v, nil
}

// SaveView stores a new view (without an id), last in the order unless it has a position, or changes one.
func (s *Service) SaveView(ctx context.Context, tx db.Tx, v *SavedView) error {
	if err := v.check(); err != nil {
		return err
	}
	v.UpdatedAt = s.now()
	if v.ID != "" {
		if _, err := tx.NewUpdate().Model(v).Column("name", "query", "shared", "position", "updated_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("store view: %w", err)
		}
		return nil
	}
	var had struct{ N, Last int64 }
	err := tx.NewSelect().Model((*SavedView)(nil)).ColumnExpr("count(*) AS n, coalesce(max(position), 0) AS last").Where("owner_id = ?", v.OwnerID).Scan(ctx, &had)
	if err != nil {
		return fmt.Errorf("count views: %w", err)
	}
	if had.N >= maxViews {
		return ErrViews
	}
	if v.Position == 0 {
		v.Position = had.Last + 1
	}
	v.ID, v.CreatedAt = db.NewID(), s.now()
	if _, err := tx.NewInsert().Model(v).Exec(ctx); err != nil {
		return fmt.Errorf("store view: %w", err)
	}
	return nil
}

// DeleteView removes one.
func (s *Service) DeleteView(ctx context.Context, tx db.Tx, id string) error {
	if _, err := tx.NewDelete().Model((*SavedView)(nil)).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("delete view: %w", err)
	}
	return nil
}

// CountUpTo counts the cases of a filter without a search, most of them at most.
func (s *Service) CountUpTo(ctx context.Context, f Filter, most int) (int, error) {
	if f.ProgramIDs != nil && len(f.ProgramIDs) == 0 {
		return 0, nil
	}
	p, err := s.plan(ctx, f)
	if err != nil {
		return 0, err
	}
	at, err := p.page(ctx, s.db.Read, nil, most, false)
	return len(at), err
}
