package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Times of the token keeper (reference/wechat-open-platform.md §8.1).
const (
	refreshMargin = 10 * time.Minute // refresh this long before expiry
	stableMargin  = 4 * time.Minute  // the same for a program's own stable token
	useMargin     = time.Minute      // a token with less left is not handed out
	leaseFor      = 30 * time.Second // longer than one call to WeChat may take
	leasePoll     = 50 * time.Millisecond
	forceFloor    = 30 * time.Second // between two refreshes that a refused token asked for
)

// keeper keeps access tokens. A row's lease makes one refresher at a time across goroutines and instances; the old token stays usable until
// the new one is stored; nothing empty ever overwrites anything.
type keeper struct {
	db     *db.DB
	sealer *secret.Sealer
	clock  clock.Clock
	wechat *wechat.Client
	log    *slog.Logger

	// platform gives the component's appid and secret, ticket its newest ticket; both from rows.
	platform func(ctx context.Context) (appID string, sec secret.Text, err error)
	ticket   func(ctx context.Context) (secret.Text, error)
	// lost is told, in the transaction that stores it, when WeChat refuses every refresh token of an account.
	lost func(ctx context.Context, tx db.Tx, appID string) error
	// own gives the AppSecret of a direct-mode program, told is told how asking with it went.
	own  func(ctx context.Context, appID string) (secret.Text, error)
	told func(ctx context.Context, appID string, cause error) error
}

// token is an access token together with the version of the row it came from.
type token struct {
	access  secret.Text
	version int64
}

// grant is what a refresh obtained.
type grant struct {
	access    secret.Text
	refresh   secret.Text // empty: keep the stored one
	expiresIn time.Duration
}

func (k *keeper) place(column string, kind credentialKind, appID string) secret.Place {
	return secret.Place{Table: "credentials", Column: column, ID: string(kind) + "/" + appID}
}

func (k *keeper) load(ctx context.Context, q bun.IDB, kind credentialKind, appID string) (credential, error) {
	c := credential{Kind: kind, AppID: appID}
	err := q.NewSelect().Model(&c).WherePK().Scan(ctx)
	if err != nil && !db.IsNotFound(err) {
		return c, fmt.Errorf("read %s token: %w", kind, err)
	}
	return c, err
}

// get returns a usable token, refreshing it when it is about to end or when version refused (≥ 0) is still the stored one.
func (k *keeper) get(ctx context.Context, kind credentialKind, appID string, refused int64) (token, error) {
	owner := db.NewID()
	for renewed := false; ; {
		c, err := k.load(ctx, k.db.Read, kind, appID)
		if err != nil && !db.IsNotFound(err) {
			return token{}, err
		}
		if err == nil && c.State == credNeedsReauth {
			return token{}, ErrNeedsReauth
		}
		// What was just obtained is as good as it gets, however short its life.
		if k.usable(c, refused) || (renewed && c.AccessSealed != "" && c.ExpiresAt.Time().After(k.clock.Now())) {
			access, err := k.sealer.Open(k.place("access_sealed", kind, appID), c.AccessSealed)
			return token{access, c.Version}, err
		}
		if refused >= 0 && c.Version == refused && k.clock.Now().Sub(c.ForcedAt.Time()) < forceFloor {
			return token{}, ErrTooSoon
		}
		got := false
		if !c.LeaseUntil.Time().After(k.clock.Now()) { // who waits only reads
			if got, err = k.lease(ctx, kind, appID, owner); err != nil {
				return token{}, err
			}
		}
		if got {
			if err := k.refreshLeased(ctx, kind, appID, owner, refused); err != nil {
				return token{}, err
			}
			refused, renewed = -1, true
			continue
		}
		select {
		case <-ctx.Done():
			return token{}, fmt.Errorf("wait for another refresh of the %s token: %w", kind, ctx.Err())
		case <-time.After(leasePoll):
		}
	}
}

func (k *keeper) usable(c credential, refused int64) bool {
	return c.AccessSealed != "" && c.Version != refused && c.ExpiresAt.Time().After(k.clock.Now().Add(useMargin))
}

// lease takes the row's lease, making the row first if it doesn't exist.
func (k *keeper) lease(ctx context.Context, kind credentialKind, appID, owner string) (bool, error) {
	now := k.clock.Now()
	ok, err := db.Changed(k.db.Write().NewUpdate().Model((*credential)(nil)).
		Set("lease_owner = ?, lease_until = ?", owner, db.At(now.Add(leaseFor))).
		Where("kind = ? AND appid = ? AND (lease_until IS NULL OR lease_until < ?)", kind, appID, db.At(now)).Exec(ctx))
	if err != nil {
		return false, fmt.Errorf("lease %s token: %w", kind, err)
	}
	if ok {
		return true, nil
	}
	row := credential{Kind: kind, AppID: appID, State: credOK}
	if _, err := k.db.Write().NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return false, fmt.Errorf("create %s token row: %w", kind, err)
	}
	return false, nil
}

// refreshLeased asks WeChat for a new token while holding the lease, and gives the lease back in every case. A caller that goes away does not cut it
// short: others wait for it, and WeChat may have changed the refresh token already.
func (k *keeper) refreshLeased(ctx context.Context, kind credentialKind, appID, owner string, refused int64) error {
	ctx = context.WithoutCancel(ctx)
	c, err := k.load(ctx, k.db.Read, kind, appID)
	if err == nil && k.usable(c, refused) && !k.due(c) {
		return k.unlease(ctx, kind, appID, owner, nil) // somebody was faster
	}
	if err != nil && !db.IsNotFound(err) {
		return errors.Join(err, k.unlease(ctx, kind, appID, owner, err))
	}
	limited, cancel := context.WithTimeout(ctx, leaseFor-5*time.Second)
	defer cancel()
	g, err := k.obtain(limited, c, refused >= 0)
	if err != nil {
		level := slog.LevelWarn
		if awaitsTicket(err) {
			level = slog.LevelDebug
		}
		k.log.Log(ctx, level, "token refresh failed", "kind", kind, "appid", appID, "err", err)
		return errors.Join(err, k.unlease(ctx, kind, appID, owner, err))
	}
	return k.store(ctx, c, owner, g, refused >= 0)
}

func (k *keeper) due(c credential) bool {
	return !c.ExpiresAt.Time().After(k.clock.Now().Add(marginOf(c.Kind)))
}

// marginOf is how long before its end a token is replaced. WeChat gives a stable token anew only in its last five minutes
// (reference/wechat-open-platform.md §6).
func marginOf(kind credentialKind) time.Duration {
	if kind == directKind {
		return stableMargin
	}
	return refreshMargin
}

// unlease gives the lease back and keeps what went wrong visible. The stored tokens are not touched.
func (k *keeper) unlease(ctx context.Context, kind credentialKind, appID, owner string, cause error) error {
	return k.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		q := tx.NewUpdate().Model((*credential)(nil)).Set("lease_owner = '', lease_until = NULL")
		if cause != nil {
			q = q.Set("error = ?", reason(cause))
		}
		lost := errors.Is(cause, ErrNeedsReauth)
		if lost {
			q = q.Set("state = ?", credNeedsReauth)
		}
		ours, err := db.Changed(q.Where("kind = ? AND appid = ? AND lease_owner = ?", kind, appID, owner).Exec(ctx))
		if err != nil {
			return fmt.Errorf("release %s token: %w", kind, err)
		}
		if lost && ours {
			return k.lost(ctx, tx, appID)
		}
		return nil
	})
}

// store writes a grant if the lease is still ours. Access and refresh token change in one statement.
func (k *keeper) store(ctx context.Context, c credential, owner string, g grant, forced bool) error {
	q, err := k.grantUpdate(k.db.Write().NewUpdate(), &c, g)
	if err != nil {
		return err
	}
	q = q.Set("refreshes = refreshes + 1, lease_owner = '', lease_until = NULL")
	if forced {
		q = q.Set("forced_at = ?", db.At(k.clock.Now()))
	}
	ok, err := db.Changed(q.Where("kind = ? AND appid = ? AND lease_owner = ?", c.Kind, c.AppID, owner).Exec(ctx))
	if err != nil {
		return fmt.Errorf("store %s token: %w", c.Kind, err)
	}
	if !ok {
		k.log.WarnContext(ctx, "token lease was lost before the new token was stored", "kind", c.Kind, "appid", c.AppID)
	}
	return nil
}

// put stores a grant that an authorisation brought, creating the row if needed. One that brings nothing new leaves the row alone, so that a refresh
// under way and the token in use stay what they are.
func (k *keeper) put(ctx context.Context, tx bun.IDB, appID string, g grant) error {
	row := credential{Kind: authorizerKind, AppID: appID, State: credOK}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("create authorizer token row: %w", err)
	}
	c, err := k.load(ctx, tx, authorizerKind, appID)
	if err != nil {
		return err
	}
	if g.access.IsEmpty() && c.State == credOK && k.holds(&c, g.refresh) {
		return nil
	}
	q, err := k.grantUpdate(tx.NewUpdate(), &c, g)
	if err != nil {
		return err
	}
	// A refresh under way used the old refresh token, which re-authorisation voids: it loses its lease.
	q = q.Set("lease_owner = '', lease_until = NULL")
	if _, err := q.Where("kind = ? AND appid = ?", c.Kind, c.AppID).Exec(ctx); err != nil {
		return fmt.Errorf("store authorizer token: %w", err)
	}
	return nil
}

// holds reports whether a refresh token brings nothing new to c.
func (k *keeper) holds(c *credential, refresh secret.Text) bool {
	if refresh.IsEmpty() {
		return true
	}
	old, err := k.sealer.Open(k.place("refresh_sealed", c.Kind, c.AppID), c.RefreshSealed)
	return err == nil && old.Reveal() == refresh.Reveal()
}

// restore takes a refresh token that WeChat told by the way (reference/wechat-open-platform.md §1.6) if ours is lost or was refused; one that works is at
// least as new. It reports whether the account has a refresh token that was not refused.
func (k *keeper) restore(ctx context.Context, tx bun.IDB, appID string, refresh secret.Text) (bool, error) {
	c, err := k.load(ctx, tx, authorizerKind, appID)
	if err != nil && !db.IsNotFound(err) {
		return false, err
	}
	if c.State == credOK && c.RefreshSealed != "" {
		return true, nil
	}
	if k.holds(&c, refresh) {
		return c.State != credNeedsReauth, nil
	}
	return true, k.put(ctx, tx, appID, grant{refresh: refresh})
}

// grantUpdate sets the columns of a grant. An empty refresh token leaves the stored one; a changed one pushes the old into the history.
func (k *keeper) grantUpdate(q *bun.UpdateQuery, c *credential, g grant) (*bun.UpdateQuery, error) {
	now := k.clock.Now()
	q = q.Model((*credential)(nil)).Set("state = ?, error = '', version = version + 1", credOK)
	if !g.access.IsEmpty() {
		sealed, err := k.sealer.Seal(k.place("access_sealed", c.Kind, c.AppID), g.access)
		if err != nil {
			return nil, err
		}
		q = q.Set("access_sealed = ?, expires_at = ?, obtained_at = ?", sealed, db.At(now.Add(g.expiresIn)), db.At(now))
	}
	if k.holds(c, g.refresh) {
		return q, nil
	}
	sealed, err := k.sealer.Seal(k.place("refresh_sealed", c.Kind, c.AppID), g.refresh)
	if err != nil {
		return nil, err
	}
	history := c.RefreshHistory.V
	if c.RefreshSealed != "" {
		history = append([]string{c.RefreshSealed}, history...)
	}
	return q.Set("refresh_sealed = ?, refresh_history = ?", sealed, db.AsJSON(history[:min(3, len(history))])), nil
}

// drop forgets a program's tokens of a kind: its authorisation was revoked, or it moved to the other mode.
func (k *keeper) drop(ctx context.Context, tx bun.IDB, kind credentialKind, appID string) error {
	if _, err := tx.NewDelete().Model((*credential)(nil)).Where("kind = ? AND appid = ?", kind, appID).Exec(ctx); err != nil {
		return fmt.Errorf("drop %s token: %w", kind, err)
	}
	return nil
}
