package program

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// DirectPush is what verifies and opens the pushes of one program to our own URL: the present Token and Key and those before.
type DirectPush struct {
	ProgramID string
	UserName  string
	Mode      PushMode
	Format    PushFormat
	Tokens    []secret.Text
	Keys      []secret.Text
}

// DirectPush returns it from a short-lived cache; ErrNotFound for a program that is not set up for it.
func (s *Service) DirectPush(ctx context.Context, appID string) (DirectPush, error) {
	if v, ok := s.direct.get(appID, s.clock.Now()); ok {
		return v, nil
	}
	p, err := s.ByAppID(ctx, appID)
	if err != nil {
		return DirectPush{}, err
	}
	if p.PushTokenSealed == "" || p.PushMode == "" {
		return DirectPush{}, ErrNotFound
	}
	v := DirectPush{ProgramID: p.ID, UserName: p.UserName, Mode: p.PushMode, Format: p.PushFormat}
	for _, f := range []struct {
		column, sealed string
		to             *[]secret.Text
	}{
		{"push_token_sealed", p.PushTokenSealed, &v.Tokens},
		{"prev_push_token_sealed", p.PrevPushTokenSealed, &v.Tokens},
		{"push_key_sealed", p.PushKeySealed, &v.Keys},
		{"prev_push_key_sealed", p.PrevPushKeySealed, &v.Keys},
	} {
		if f.sealed == "" {
			continue
		}
		text, err := s.sealer.Open(programPlace(f.column, p.ID), f.sealed)
		if err != nil {
			return DirectPush{}, err
		}
		*f.to = append(*f.to, text)
	}
	s.direct.put(appID, v, s.clock.Now().Add(pushCacheFor))
	return v, nil
}

// NotePushURL records that WeChat checked a program's URL with a right signature.
func (s *Service) NotePushURL(ctx context.Context, id string) error {
	return s.note(ctx, id, "push_url_checked_at = ?", "push_url_checked_at", s.now())
}

// NotePushRefused records why a push that had the right Token was refused, for the people who set it up.
func (s *Service) NotePushRefused(ctx context.Context, id, text string) error {
	return s.note(ctx, id, "push_refused_at = ?, push_refusal = ?", "push_refused_at", s.now(), text)
}

// note sets columns at most once in pushedEvery, however often WeChat comes.
func (s *Service) note(ctx context.Context, id, set, column string, args ...any) error {
	_, err := s.db.Write().NewUpdate().Model((*Program)(nil)).Set(set, args...).
		Where("id = ? AND (? IS NULL OR ? < ?)", id, bun.Ident(column), bun.Ident(column), s.now()-db.Time(pushedEvery.Milliseconds())).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note push: %w", err)
	}
	return nil
}

// PushedDirect notes that a push came to a program's own URL. It belongs to the delivery's transaction.
func PushedDirect(ctx context.Context, tx bun.IDB, appID string, at db.Time) error {
	if _, err := tx.NewUpdate().Model((*Program)(nil)).Set("direct_push_at = ?", at).
		Where("appid = ? AND (direct_push_at IS NULL OR direct_push_at < ?)", appID, at-db.Time(pushedEvery.Milliseconds())).Exec(ctx); err != nil {
		return fmt.Errorf("note push: %w", err)
	}
	return nil
}

// directCache holds what verifies pushes for a few seconds, as pushCache does for the platform.
type directCache struct {
	mu sync.Mutex
	m  map[string]directEntry
}

type directEntry struct {
	v     DirectPush
	until time.Time
}

func (c *directCache) get(appID string, now time.Time) (DirectPush, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.m[appID]
	if !ok {
		return DirectPush{}, false
	}
	if now.Before(e.until) {
		return e.v, true
	}
	e.until = now.Add(pushCacheGrace)
	c.m[appID] = e
	return DirectPush{}, false
}

func (c *directCache) put(appID string, v DirectPush, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = map[string]directEntry{}
	}
	c.m[appID] = directEntry{v, until}
}

func (c *directCache) drop(appID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, appID)
}
