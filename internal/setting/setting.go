// Package setting keeps what staff decide for the whole installation, such as limits and times of day: one JSON value for each subject. The package that
// obeys a setting owns its shape, its default and its limits; here it is only stored. It holds no secrets.
package setting

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

type row struct {
	bun.BaseModel `bun:"table:settings"`

	Name      string `bun:",pk"`
	Value     string
	UpdatedAt db.Time
}

// Load reads the setting into v, a pointer that holds the default: a setting that nobody has stored, and a field that an older version didn't know, keep it.
func Load(ctx context.Context, q bun.IDB, name string, v any) error {
	r := &row{Name: name}
	err := q.NewSelect().Model(r).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read setting %s: %w", name, err)
	}
	if err := json.Unmarshal([]byte(r.Value), v); err != nil {
		return fmt.Errorf("read setting %s: %w", name, err)
	}
	return nil
}

// Store keeps v under name, over what was there.
func Store(ctx context.Context, q bun.IDB, name string, v any, now db.Time) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode setting %s: %w", name, err)
	}
	r := &row{Name: name, Value: string(b), UpdatedAt: now}
	if _, err := q.NewInsert().Model(r).On("CONFLICT (name) DO UPDATE").Set("value = EXCLUDED.value, updated_at = EXCLUDED.updated_at").Exec(ctx); err != nil {
		return fmt.Errorf("store setting %s: %w", name, err)
	}
	return nil
}
