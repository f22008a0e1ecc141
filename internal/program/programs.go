package program

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// ByID returns a program or ErrNotFound.
func (s *Service) ByID(ctx context.Context, id string) (*Program, error) {
	return s.one(ctx, s.db.Read, "id = ?", id)
}

// ByAppID returns a program or ErrNotFound.
func (s *Service) ByAppID(ctx context.Context, appID string) (*Program, error) {
	return s.one(ctx, s.db.Read, "appid = ?", appID)
}

func (s *Service) one(ctx context.Context, q bun.IDB, where string, arg any) (*Program, error) {
	p := new(Program)
	err := q.NewSelect().Model(p).Where(where, arg).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read program: %w", err)
	}
	return p, nil
}

// Filter narrows List. IDs nil means all programs; empty means none.
type Filter struct {
	IDs   []string
	State State
	Mode  Mode
	// Listed leaves out what staff removed.
	Listed bool
	After  string // id of the last program of the previous page
	Limit  int
}

// List returns programs in the order they were connected.
func (s *Service) List(ctx context.Context, f Filter) ([]Program, error) {
	ps := []Program{}
	q := s.db.Read.NewSelect().Model(&ps).Order("id")
	if f.IDs != nil {
		if len(f.IDs) == 0 {
			return ps, nil
		}
		q = q.Where("id IN (?)", bun.List(f.IDs))
	}
	if f.State != "" {
		q = q.Where("state = ?", f.State)
	}
	if f.Mode != "" {
		q = q.Where("mode = ?", f.Mode)
	}
	if f.Listed {
		q = q.Where("archived_at IS NULL")
	}
	if f.After != "" {
		q = q.Where("id > ?", f.After)
	}
	if f.Limit > 0 {
		q = q.Limit(int64(f.Limit))
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list programs: %w", err)
	}
	return ps, nil
}

// Patch changes what staff may change; nil fields stay.
type Patch struct {
	State      *State
	Tags       *[]string
	OwnerID    *string
	MerchantID *string
}

// Update applies a patch. Only active and disabled can be chosen; a revoked program comes back by authorising it again.
func (s *Service) Update(ctx context.Context, tx db.Tx, id string, patch Patch) (*Program, error) {
	p, err := s.one(ctx, tx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	columns := []string{"updated_at"} // and what the patch names, so that nothing else is undone
	if patch.State != nil && *patch.State != p.State {
		if *patch.State != Active && *patch.State != Disabled {
			return nil, &FieldError{"state", "只能改为启用或停用"}
		}
		if p.State == Revoked {
			return nil, &FieldError{"state", "授权已被取消，请重新授权"}
		}
		p.State, columns = *patch.State, append(columns, "state")
	}
	if patch.Tags != nil {
		if err := checkTags(*patch.Tags); err != nil {
			return nil, err
		}
		p.Tags.V, columns = *patch.Tags, append(columns, "tags")
	}
	if patch.OwnerID != nil {
		p.OwnerID, columns = *patch.OwnerID, append(columns, "owner_id")
	}
	if patch.MerchantID != nil {
		p.MerchantID, columns = *patch.MerchantID, append(columns, "merchant_id")
	}
	p.UpdatedAt = s.now()
	q := tx.NewUpdate().Model(p).Column(columns...).WherePK()
	if slices.Contains(columns, "state") {
		q = q.Where("state <> ?", Revoked)
	}
	ok, err := db.Changed(q.Exec(ctx))
	if err != nil {
		return nil, fmt.Errorf("update program: %w", err)
	}
	if !ok {
		return nil, &FieldError{"state", "授权已被取消，请重新授权"}
	}
	return p, nil
}

// Bounds of a program's tags.
const (
	maxTags = 20
	maxTag  = 20 // characters
)

func checkTags(tags []string) error {
	if len(tags) > maxTags {
		return &FieldError{"tags", fmt.Sprintf("标签最多 %d 个", maxTags)}
	}
	for _, t := range tags {
		if n := utf8.RuneCountInString(t); n == 0 || n > maxTag || strings.TrimSpace(t) != t {
			return &FieldError{"tags", fmt.Sprintf("每个标签 1 到 %d 个字，前后不能有空格", maxTag)}
		}
	}
	return nil
}

// Archive takes a program off the list and stops telling people about it. Its cases stay, and so does the authorisation, which only the merchant can take back.
func (s *Service) Archive(ctx context.Context, tx db.Tx, id string) error {
	_, err := tx.NewUpdate().Model((*Program)(nil)).Set("archived_at = ?, updated_at = ?", s.now(), s.now()).
		Set("state = CASE WHEN state = ? THEN ? ELSE state END", Active, Disabled).Where("id = ?", id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("archive program: %w", err)
	}
	return nil
}

// pushedEvery spares the program's row under a flood of pushes, which would otherwise queue for it on PostgreSQL.
const pushedEvery = 10 * time.Second

// Pushed notes that WeChat pushed something for an account, so that silence can be seen. It belongs to the delivery's transaction.
func Pushed(ctx context.Context, tx bun.IDB, appID string, at db.Time) error {
	if _, err := tx.NewUpdate().Model((*Program)(nil)).Set("last_push_at = ?, archived_at = NULL", at).Where("appid = ? AND (last_push_at IS NULL OR last_push_at < ?)", appID, at-db.Time(pushedEvery.Milliseconds())).Exec(ctx); err != nil {
		return fmt.Errorf("note push: %w", err)
	}
	return nil
}

// MerchantIDs returns the merchant that refunds of a program are paid from, by the program's id; a program without one is left out.
func (s *Service) MerchantIDs(ctx context.Context) (map[string]string, error) {
	var ps []Program
	if err := s.db.Read.NewSelect().Model(&ps).Column("id", "merchant_id").Where("merchant_id <> ''").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list merchants of programs: %w", err)
	}
	out := make(map[string]string, len(ps))
	for i := range ps {
		out[ps[i].ID] = ps[i].MerchantID
	}
	return out, nil
}

// Names returns every program's name by id; a program whose name is not known yet has its appid.
func (s *Service) Names(ctx context.Context) (map[string]string, error) {
	var ps []Program
	// The name alone: every page of the inbox asks, and a provider has hundreds of programs.
	if err := s.db.Read.NewSelect().Model(&ps).Column("id", "name", "appid").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list names of programs: %w", err)
	}
	out := make(map[string]string, len(ps))
	for i := range ps {
		if out[ps[i].ID] = ps[i].Name; ps[i].Name == "" {
			out[ps[i].ID] = ps[i].AppID
		}
	}
	return out, nil
}
