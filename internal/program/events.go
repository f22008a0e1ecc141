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
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// Apply acts on an event of the 授权事件接收 URL. It runs in the transaction that stores the delivery: whatever must be asked from WeChat
// becomes a job. Unknown InfoTypes do nothing.
func (s *Service) Apply(ctx context.Context, tx db.Tx, e push.PlatformEvent) error {
	if _, test := releaseAccounts[e.AuthorizerAppID]; test && e.InfoType != "authorized" {
		return nil
	}
	switch e.InfoType {
	case "authorized", "updateauthorized":
		if e.AuthorizationCode == "" {
			return tx.Enqueue(ctx, ReconcileArgs{}, db.Once(db.QueueDefault))
		}
		return s.addCode(ctx, tx, secret.New(e.AuthorizationCode), e.AuthorizerAppID)
	case "unauthorized":
		return tx.Enqueue(ctx, UnauthorizeArgs{AppID: e.AuthorizerAppID, At: e.CreateTime}, nil)
	}
	return nil
}

// UnauthorizeArgs is the job that follows an unauthorized event created At (Unix seconds, WeChat's clock).
type UnauthorizeArgs struct {
	AppID string `json:"appid"`
	At    int64  `json:"at"`
}

// Kind implements river.JobArgs.
func (UnauthorizeArgs) Kind() string { return "program.unauthorize" }

// Unauthorize does UnauthorizeArgs. Events may come late or twice, so when the account was authorised again since (or in the same second) WeChat's
// list decides.
func (s *Service) Unauthorize(ctx context.Context, a UnauthorizeArgs) error {
	p, err := s.ByAppID(ctx, a.AppID)
	if errors.Is(err, ErrNotFound) || (err == nil && (p.Mode != Platform || p.State == Revoked)) {
		return nil
	}
	if err != nil {
		return err
	}
	if db.FromUnix(a.At).Time().Before(p.AuthorizedAt.Time().Add(clockDoubt)) {
		listed, err := s.listed(ctx, a.AppID)
		if err != nil {
			return err
		}
		if listed {
			return nil
		}
	}
	return s.revoke(ctx, p)
}

// clockDoubt is how far WeChat's clock and ours may differ before an event's time says nothing about its order.
const clockDoubt = 2 * time.Minute

func (s *Service) listed(ctx context.Context, appID string) (bool, error) {
	found := false
	err := s.keeper.eachAuthorizer(ctx, func(a wechat.ListedAuthorizer) bool {
		found = a.AppID == appID
		return !found
	})
	return found, err
}

// errMoved makes a job look again, because the program was authorised again or revoked while it looked.
var errMoved = errors.New("the program was authorised or revoked meanwhile")

// revoke marks a program as no longer authorised, drops its tokens and keeps everything else.
func (s *Service) revoke(ctx context.Context, p *Program) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model((*Program)(nil)).
			Set("state = ?, revoked_at = ?, updated_at = ?", Revoked, s.now(), s.now()).
			Where("id = ? AND state <> ? AND COALESCE(authorized_at, 0) = ?", p.ID, Revoked, int64(p.AuthorizedAt)).Exec(ctx))
		if err != nil {
			return fmt.Errorf("revoke program: %w", err)
		}
		if !ok {
			return errMoved
		}
		if err := s.keeper.drop(ctx, tx, authorizerKind, p.AppID); err != nil {
			return err
		}
		return tx.Enqueue(ctx, PermissionLostArgs{ProgramID: p.ID, At: int64(s.now())}, nil)
	})
}

// RefreshArgs is the job that reads a program's name, avatar, principal and permission sets from WeChat.
type RefreshArgs struct {
	ProgramID string `json:"program_id"`
}

// Kind implements river.JobArgs.
func (RefreshArgs) Kind() string { return "program.refresh" }

// RefreshedArgs tells whoever reacts to it that WeChat was asked about a program and answered: what failed for want of a permission may work now.
type RefreshedArgs struct {
	ProgramID string `json:"program_id"`
}

// Kind implements river.JobArgs.
func (RefreshedArgs) Kind() string { return "program.refreshed" }

// Refresh does RefreshArgs. What WeChat says replaces what we had, denied sets included.
func (s *Service) Refresh(ctx context.Context, id string) error {
	p, err := s.ByID(ctx, id)
	if err != nil {
		return err
	}
	if p.Mode == Direct {
		return s.refreshDirect(ctx, p)
	}
	if p.State == Revoked {
		return nil
	}
	component, _, err := s.platformSecret(ctx)
	if err != nil {
		return err
	}
	var info wechat.AuthorizerInfo
	err = s.keeper.withComponent(ctx, func(ctx context.Context, token string) error {
		var err error
		info, err = s.wechat.AuthorizerInfo(ctx, token, component, p.AppID)
		return err
	})
	var we *wechat.Error
	if errors.As(err, &we) && we.Class == wechat.Revoked {
		return s.confirmRevoked(ctx, p)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("read program info: %w", err), noteError(ctx, s.db.Write(), p.ID, err))
	}
	had := len(p.GrantedSets.V) > 0 || !p.InfoSyncedAt.IsZero()
	before := p.Missing()
	p.Name, p.AvatarURL, p.PrincipalName, p.UserName = info.NickName, info.HeadImg, info.PrincipalName, info.UserName
	if v := int64(info.AccountStatus); v != 0 {
		p.AccountStatus = &v
	}
	if info.Sets != nil {
		p.GrantedSets.V = info.Sets
	}
	p.DeniedSets.V, p.InfoSyncedAt, p.UpdatedAt, p.LastError = []int{}, s.now(), s.now(), ""
	err = s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		usable, err := s.keeper.restore(ctx, tx, p.AppID, secret.New(info.RefreshToken))
		if err != nil {
			return err
		}
		if !usable {
			p.LastError = reason(ErrNeedsReauth)
		}
		ok, err := db.Changed(tx.NewUpdate().Model(p).Column("name", "avatar_url", "principal_name", "user_name", "account_status", "granted_sets",
			"denied_sets", "info_synced_at", "updated_at", "last_error").WherePK().Where("state <> ?", Revoked).Exec(ctx))
		if err != nil {
			return fmt.Errorf("store program info: %w", err)
		}
		if !ok {
			return errMoved
		}
		if lost := firstLost(before, p.Missing()); had && lost != 0 {
			if err := tx.Enqueue(ctx, PermissionLostArgs{ProgramID: p.ID, Set: lost, At: int64(s.now())}, nil); err != nil {
				return err
			}
		}
		return tx.Enqueue(ctx, RefreshedArgs{ProgramID: p.ID}, nil)
	})
	if errors.Is(err, errMoved) {
		return nil // revoked meanwhile
	}
	if err != nil {
		return err
	}
	s.readScore(ctx, p)
	return nil
}

func firstLost(before, after []int) int {
	for _, id := range after {
		known := false
		for _, b := range before {
			known = known || b == id
		}
		if !known {
			return id
		}
	}
	return 0
}

// confirmRevoked believes "not authorised" only when WeChat's list says so too.
func (s *Service) confirmRevoked(ctx context.Context, p *Program) error {
	listed, err := s.listed(ctx, p.AppID)
	if err != nil {
		return err
	}
	if listed {
		return fmt.Errorf("read program info: %w", ErrNeedsReauth)
	}
	return s.revoke(ctx, p)
}

func noteError(ctx context.Context, q bun.IDB, id string, cause error) error {
	if _, err := q.NewUpdate().Model((*Program)(nil)).Set("last_error = ?", reason(cause)).Where("id = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("note error: %w", err)
	}
	return nil
}

// ReconcileArgs is the job that compares our programs with WeChat's list, since events get lost.
type ReconcileArgs struct{}

// Kind implements river.JobArgs.
func (ReconcileArgs) Kind() string { return "program.reconcile" }

// Reconcile does ReconcileArgs: accounts that WeChat lists and we don't know (or hold as revoked) are adopted with the refresh token from the
// list; active ones that WeChat doesn't list are asked about, which revokes them when WeChat confirms.
func (s *Service) Reconcile(ctx context.Context) error {
	if _, _, err := s.platformSecret(ctx); errors.Is(err, ErrNoPlatform) {
		return nil
	}
	listed := map[string]string{}
	if err := s.keeper.eachAuthorizer(ctx, func(a wechat.ListedAuthorizer) bool {
		listed[a.AppID] = a.RefreshToken
		return true
	}); err != nil {
		return fmt.Errorf("list authorised accounts: %w", err)
	}
	ours, err := s.List(ctx, Filter{})
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for i := range ours {
		p := &ours[i]
		_, ok := listed[p.AppID]
		known[p.AppID] = p.State != Revoked
		if p.Mode != Platform || p.State == Revoked {
			continue
		}
		// One authorised within the last minutes may not be listed yet; an updateauthorized event may have been lost.
		missing := !ok && s.clock.Now().Sub(p.AuthorizedAt.Time()) > clockDoubt
		if missing || s.clock.Now().Sub(p.InfoSyncedAt.Time()) > infoFor {
			if err := s.db.Enqueue(ctx, RefreshArgs{ProgramID: p.ID}, db.Once(db.QueueDefault)); err != nil {
				return err
			}
		}
	}
	for appID, refresh := range listed {
		if _, test := releaseAccounts[appID]; known[appID] || test {
			continue
		}
		if err := s.adopt(ctx, "", adoption{appID: appID, grant: grant{refresh: secret.New(refresh)}}); err != nil {
			return err
		}
	}
	return nil
}

// infoFor is how long a program's name and permissions are believed without asking again.
const infoFor = 24 * time.Hour

// RequeueCodes enqueues the exchange of codes that no job works on.
func (s *Service) RequeueCodes(ctx context.Context) error {
	var codes []authCode
	if err := s.db.Read.NewSelect().Model(&codes).Where("state = ?", codeNew).Limit(100).Scan(ctx); err != nil {
		return fmt.Errorf("list open authorisation codes: %w", err)
	}
	for _, c := range codes {
		if err := s.db.Enqueue(ctx, ExchangeArgs{CodeHash: c.CodeHash}, db.Once(db.QueueDefault)); err != nil {
			return err
		}
	}
	return nil
}
