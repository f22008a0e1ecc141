package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
)

// SessionUserKey is the key under which a session holds the id of its user, a string. The store reads it to know whose sessions to end.
const SessionUserKey = "user_id"

// sessionSlack is how much earlier than scs asks a session may expire.
const sessionSlack = time.Minute

// SessionStore keeps sessions for scs, in the database, so that they survive a restart and serve all instances. Only a digest of the
// token is stored: leave scs' own HashTokenInStore off. The session manager must use scs.GobCodec, its default.
//
// A session that was ended stays ended: a request that still holds its data cannot store it again.
type SessionStore struct{ service *Service }

var _ scs.CtxStore = (*SessionStore)(nil)

// SessionStore returns the store.
func (s *Service) SessionStore() *SessionStore { return &SessionStore{service: s} }

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	TokenHash string  `bun:"token_hash,pk"`
	Data      string  `bun:"data"` // base64; empty once ended
	UserID    string  `bun:"user_id"`
	EndedAt   db.Time `bun:"ended_at"`
	ExpiresAt db.Time `bun:"expires_at"`
}

// FindCtx implements scs.CtxStore.
func (st *SessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	s := st.service
	var row sessionRow
	err := s.db.Read.NewSelect().Model(&row).Where("token_hash = ?", digest(token)).Where("ended_at IS NULL").Where("expires_at > ?", s.now()).Scan(ctx)
	if db.IsNotFound(err) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	b, err := base64.StdEncoding.DecodeString(row.Data)
	if err != nil {
		return nil, false, fmt.Errorf("read session: %w", err)
	}
	return b, true, nil
}

// CommitCtx implements scs.CtxStore. For a session that was ended it does nothing.
func (st *SessionStore) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(b)
	if err != nil {
		return fmt.Errorf("read session to store: %w", err)
	}
	userID, _ := values[SessionUserKey].(string) // none before login
	row := &sessionRow{TokenHash: digest(token), Data: base64.StdEncoding.EncodeToString(b), UserID: userID, ExpiresAt: db.At(expiry)}
	if fresh, err := st.fresh(ctx, row); err != nil || fresh {
		return err
	}
	_, err = st.service.db.Write().NewInsert().Model(row).On("CONFLICT (token_hash) DO UPDATE").
		Set("data = EXCLUDED.data, user_id = EXCLUDED.user_id, expires_at = EXCLUDED.expires_at").
		Where("s.ended_at IS NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("store session: %w", err)
	}
	return nil
}

// fresh reports whether the row is stored already, but for an expiry that moved by less than sessionSlack. With an idle timeout scs
// commits at every request; reading is cheap, and the one write connection of SQLite has better things to do.
func (st *SessionStore) fresh(ctx context.Context, row *sessionRow) (bool, error) {
	fresh, err := st.service.db.Read.NewSelect().Model((*sessionRow)(nil)).Where("token_hash = ?", row.TokenHash).Where("data = ?", row.Data).
		Where("expires_at <= ?", row.ExpiresAt).Where("expires_at > ?", row.ExpiresAt-db.Time(sessionSlack.Milliseconds())).Exists(ctx)
	if err != nil {
		return false, fmt.Errorf("read session: %w", err)
	}
	return fresh, nil
}

// DeleteCtx implements scs.CtxStore.
func (st *SessionStore) DeleteCtx(ctx context.Context, token string) error {
	return st.service.end(ctx, st.service.db.Write(), "token_hash = ?", digest(token))
}

// Find implements scs.Store; scs itself calls FindCtx.
func (st *SessionStore) Find(token string) ([]byte, bool, error) {
	return st.FindCtx(context.Background(), token)
}

// Commit implements scs.Store; scs itself calls CommitCtx.
func (st *SessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return st.CommitCtx(context.Background(), token, b, expiry)
}

// Delete implements scs.Store; scs itself calls DeleteCtx.
func (st *SessionStore) Delete(token string) error { return st.DeleteCtx(context.Background(), token) }

// endSessions ends all sessions of a user.
func (s *Service) endSessions(ctx context.Context, idb bun.IDB, userID string) error {
	return s.end(ctx, idb, "user_id = ?", userID)
}

func (s *Service) end(ctx context.Context, idb bun.IDB, where, arg string) error {
	_, err := idb.NewUpdate().Model((*sessionRow)(nil)).Set("data = ''").Set("ended_at = ?", s.now()).Where(where, arg).Where("ended_at IS NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// DeleteExpired removes sessions that have expired and login failures that no longer count. A periodic job calls it.
func (s *Service) DeleteExpired(ctx context.Context) error {
	now := s.now()
	if _, err := s.db.Write().NewDelete().Model((*sessionRow)(nil)).Where("expires_at <= ?", now).Exec(ctx); err != nil {
		return fmt.Errorf("delete expired sessions: %w", err)
	}
	forgotten := now - db.Time(forgetAfter.Milliseconds())
	if _, err := s.db.Write().NewDelete().Model((*failureRow)(nil)).Where("last_at < ?", forgotten).Exec(ctx); err != nil {
		return fmt.Errorf("delete old login failures: %w", err)
	}
	return nil
}
