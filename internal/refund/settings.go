package refund

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/setting"
)

// Settings are the limits that staff set. Both count what an order's refunds come to together, so that nobody gets around them in small steps.
type Settings struct {
	// ApprovalAbove in fen: an order's refunds above it need a second person. 0 = always, nil = never.
	ApprovalAbove *int64 `json:"approval_above"`
	// AgentLimit in fen per order, for those who may not refund any amount; 0 = nothing.
	AgentLimit int64 `json:"agent_limit"`
}

const (
	settingName = "refunds"
	prefixName  = "refund_prefix"
)

// Settings returns the limits.
func (s *Service) Settings(ctx context.Context) (Settings, error) {
	return settingsIn(ctx, s.db.Read)
}

func settingsIn(ctx context.Context, q bun.IDB) (Settings, error) {
	var v Settings
	err := setting.Load(ctx, q, settingName, &v)
	return v, err
}

// SetSettings changes the limits.
func (s *Service) SetSettings(ctx context.Context, tx db.Tx, v Settings) error {
	if v.AgentLimit < 0 {
		return &FieldError{"agent_limit", "客服可退金额不能是负数"}
	}
	if v.ApprovalAbove != nil && *v.ApprovalAbove < 0 {
		return &FieldError{"approval_above", "复核金额不能是负数"}
	}
	return setting.Store(ctx, tx, settingName, v, s.now())
}

// prefix tells the numbers of this installation from those of others that use the same mchid, a test system for instance: WeChat Pay has one space of numbers for all of
// them (reference §1.5). It is made once.
func (s *Service) prefix(ctx context.Context, tx db.Tx) (string, error) {
	var have string
	if err := setting.Load(ctx, tx, prefixName, &have); err != nil || have != "" {
		return have, err
	}
	b := make([]byte, 5)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make prefix: %w", err)
	}
	fresh := strings.ToLower(base32.StdEncoding.EncodeToString(b))
	if _, err := tx.NewRaw(`INSERT INTO settings (name, value, updated_at) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING`, prefixName, `"`+fresh+`"`, s.now()).Exec(ctx); err != nil {
		return "", fmt.Errorf("store prefix: %w", err)
	}
	if err := setting.Load(ctx, tx, prefixName, &have); err != nil {
		return "", err
	}
	return have, nil
}

// number makes an out_refund_no: at most 64 bytes of letters, digits and dashes.
func number(prefix, id string) string { return "zs" + prefix + "-" + strings.ReplaceAll(id, "-", "") }
