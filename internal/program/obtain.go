package program

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// obtain asks WeChat for a new token of c's kind; refused says that WeChat did not take the present one.
func (k *keeper) obtain(ctx context.Context, c credential, refused bool) (grant, error) {
	switch c.Kind {
	case componentKind:
		return k.obtainComponent(ctx)
	case directKind:
		return k.obtainDirect(ctx, c, refused)
	}
	return k.obtainAuthorizer(ctx, c)
}

// obtainDirect asks for a stable token with the program's own AppSecret. WeChat answers with the same token until its last minutes; only when that one was
// refused is a new one forced, which ends the old and is limited to 20 a day (reference/wechat-open-platform.md §6).
func (k *keeper) obtainDirect(ctx context.Context, c credential, refused bool) (grant, error) {
	sec, err := k.own(ctx, c.AppID)
	if err != nil {
		return grant{}, err
	}
	t, err := k.wechat.StableToken(ctx, c.AppID, sec.Reveal(), false)
	if err == nil && refused {
		old, oerr := k.sealer.Open(k.place("access_sealed", c.Kind, c.AppID), c.AccessSealed)
		if oerr == nil && old.Reveal() == t.AccessToken {
			t, err = k.wechat.StableToken(ctx, c.AppID, sec.Reveal(), true)
		}
	}
	if err != nil {
		return grant{}, errors.Join(fmt.Errorf("get the program's own token: %w", err), k.told(ctx, c.AppID, err))
	}
	return grant{access: secret.New(t.AccessToken), expiresIn: t.ExpiresIn}, k.told(ctx, c.AppID, nil)
}

func (k *keeper) obtainComponent(ctx context.Context) (grant, error) {
	appID, sec, err := k.platform(ctx)
	if err != nil {
		return grant{}, err
	}
	ticket, err := k.ticket(ctx)
	if err != nil {
		return grant{}, err
	}
	t, err := k.wechat.ComponentToken(ctx, appID, sec.Reveal(), ticket.Reveal())
	if code := wechat.CodeOf(err); code == wechat.CodeTicketExpired || code == wechat.CodeTicketInvalid {
		return grant{}, fmt.Errorf("%w: %w", ErrNoTicket, err)
	}
	if err != nil {
		return grant{}, fmt.Errorf("get component token: %w", err)
	}
	return grant{access: secret.New(t.AccessToken), expiresIn: t.ExpiresIn}, nil
}

// obtainAuthorizer refreshes with the stored refresh token; when that one is lost or refused, WeChat's own list has the right one
// (reference/wechat-open-platform.md §1.5).
func (k *keeper) obtainAuthorizer(ctx context.Context, c credential) (grant, error) {
	refresh, err := k.sealer.Open(k.place("refresh_sealed", c.Kind, c.AppID), c.RefreshSealed)
	if err != nil {
		return grant{}, err
	}
	if !refresh.IsEmpty() {
		g, err := k.refreshAuthorizer(ctx, c.AppID, refresh)
		if !refreshRefused(err) {
			return g, err
		}
	}
	found, err := k.recoverRefreshToken(ctx, c.AppID)
	if err != nil {
		return grant{}, err
	}
	if found.IsEmpty() {
		return grant{}, ErrNeedsReauth
	}
	g, err := k.refreshAuthorizer(ctx, c.AppID, found)
	if refreshRefused(err) {
		return grant{}, fmt.Errorf("%w: %w", ErrNeedsReauth, err)
	}
	if err == nil && g.refresh.IsEmpty() {
		g.refresh = found
	}
	return g, err
}

// refreshRefused tells the answers that say "this refresh token or this authorisation is not valid": 61023, 61003, 43007, 42007.
func refreshRefused(err error) bool {
	var we *wechat.Error
	if !errors.As(err, &we) {
		return false
	}
	return we.Class == wechat.Revoked || we.Code == 61023
}

func (k *keeper) refreshAuthorizer(ctx context.Context, appID string, refresh secret.Text) (grant, error) {
	component, _, err := k.platform(ctx)
	if err != nil {
		return grant{}, err
	}
	var g grant
	err = k.withComponent(ctx, func(ctx context.Context, token string) error {
		t, err := k.wechat.AuthorizerToken(ctx, token, component, appID, refresh.Reveal())
		if err != nil {
			return fmt.Errorf("refresh authorizer token: %w", err)
		}
		g = grant{access: secret.New(t.AccessToken), refresh: secret.New(t.RefreshToken), expiresIn: t.ExpiresIn}
		return nil
	})
	return g, err
}

// withComponent runs call with the component token, and once more with a fresh one if it was refused.
func (k *keeper) withComponent(ctx context.Context, call func(ctx context.Context, token string) error) error {
	appID, _, err := k.platform(ctx)
	if err != nil {
		return err
	}
	return k.with(ctx, componentKind, appID, call)
}

// with runs call with a token; a token that WeChat refuses (40001, 40014, 42001, 42006) is refreshed once and the call repeated once. That is safe for
// every call: a refused token means that nothing was done.
func (k *keeper) with(ctx context.Context, kind credentialKind, appID string, call func(ctx context.Context, token string) error) error {
	t, err := k.get(ctx, kind, appID, -1)
	if err != nil {
		return err
	}
	err = call(ctx, t.access.Reveal())
	var we *wechat.Error
	if !errors.As(err, &we) || we.Class != wechat.NewToken {
		return err
	}
	fresh, terr := k.get(ctx, kind, appID, t.version)
	if terr != nil {
		return errors.Join(err, terr)
	}
	return call(ctx, fresh.access.Reveal())
}

// recoverRefreshToken pages WeChat's list of authorised accounts for appID; empty when it is not listed or listed without a token.
func (k *keeper) recoverRefreshToken(ctx context.Context, appID string) (secret.Text, error) {
	var found secret.Text
	err := k.eachAuthorizer(ctx, func(a wechat.ListedAuthorizer) bool {
		if a.AppID == appID {
			found = secret.New(a.RefreshToken)
			return false
		}
		return true
	})
	if err != nil {
		return found, fmt.Errorf("look up refresh token: %w", err)
	}
	return found, nil
}

// eachAuthorizer calls fn for every account WeChat lists, until it returns false.
func (k *keeper) eachAuthorizer(ctx context.Context, fn func(wechat.ListedAuthorizer) bool) error {
	component, _, err := k.platform(ctx)
	if err != nil {
		return err
	}
	for offset := 0; ; {
		var page wechat.AuthorizerPage
		err := k.withComponent(ctx, func(ctx context.Context, token string) error {
			var err error
			page, err = k.wechat.AuthorizerList(ctx, token, component, offset, wechat.MaxAuthorizerPage)
			return err
		})
		if err != nil {
			return err
		}
		for _, a := range page.Items {
			if !fn(a) {
				return nil
			}
		}
		offset += len(page.Items)
		if len(page.Items) == 0 || offset >= page.Total {
			return nil
		}
	}
}

// keepDue refreshes every token of these kinds that ends within its margin, one after the other. Failures are recorded on their rows; the first is returned.
func (k *keeper) keepDue(ctx context.Context, kinds ...credentialKind) error {
	var due []credential
	now := k.clock.Now()
	err := k.db.Read.NewSelect().Model(&due).
		Where("state = ? AND kind IN (?)", credOK, bun.List(kinds)).
		Where("expires_at IS NULL OR expires_at <= CASE WHEN kind = ? THEN ? ELSE ? END",
			directKind, int64(db.At(now.Add(stableMargin))), int64(db.At(now.Add(refreshMargin)))).
		OrderExpr("kind DESC, expires_at").Limit(200).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list tokens to refresh: %w", err)
	}
	var first error
	for _, c := range due {
		owner := db.NewID()
		got, err := k.lease(ctx, c.Kind, c.AppID, owner)
		if err == nil && got {
			err = k.refreshLeased(ctx, c.Kind, c.AppID, owner, -1)
		}
		if err != nil && first == nil {
			first = err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("refresh tokens: %w", ctx.Err())
		}
	}
	return first
}

// ensureComponent makes the component token exist as soon as a ticket does, so that the platform page can show it working.
func (k *keeper) ensureComponent(ctx context.Context) error {
	appID, _, err := k.platform(ctx)
	if err != nil {
		return err
	}
	_, err = k.get(ctx, componentKind, appID, -1)
	return err
}

const startPushEvery = 10 * time.Minute
