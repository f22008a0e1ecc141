package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// Service is the programs and the platform they authorise.
type Service struct {
	db        *db.DB
	sealer    *secret.Sealer
	clock     clock.Clock
	wechat    *wechat.Client
	log       *slog.Logger
	urls      URLs
	keeper    *keeper
	pushCache pushCache
	direct    directCache
}

// URLs are the addresses that appear in authorisation links.
type URLs struct {
	Public string // of this installation, without a trailing slash
	MP     string // WeChat's page for computers
	Open   string // WeChat's page for phones
}

// Options are what New needs.
type Options struct {
	DB     *db.DB
	Sealer *secret.Sealer
	Clock  clock.Clock
	WeChat *wechat.Client
	Logger *slog.Logger
	URLs   URLs
}

// New builds the service; it starts nothing.
func New(o Options) *Service {
	s := &Service{db: o.DB, sealer: o.Sealer, clock: o.Clock, wechat: o.WeChat, log: o.Logger, urls: o.URLs}
	s.keeper = &keeper{
		db: o.DB, sealer: o.Sealer, clock: o.Clock, wechat: o.WeChat, log: o.Logger,
		platform: s.platformSecret, ticket: s.ticket, lost: s.authorizationLost, own: s.ownSecret, told: s.toldDirect,
	}
	return s
}

func (s *Service) now() db.Time { return db.At(s.clock.Now()) }

// KeepTokensArgs is the job that refreshes tokens before they end; it also runs whenever a ticket arrives.
type KeepTokensArgs struct{}

// Kind implements river.JobArgs.
func (KeepTokensArgs) Kind() string { return "program.keep_tokens" }

// keepTokensNow are the options after a change: the job is not unique, since one that runs already may not have seen the change. The schedule and
// the next ticket try again.
func keepTokensNow() *river.InsertOpts {
	return &river.InsertOpts{Queue: db.QueueDefault, MaxAttempts: 1}
}

// KeepTokens does KeepTokensArgs. Without a platform only the programs with their own AppSecret have tokens. It also asks WeChat to resume ticket pushes
// when none came for half an hour (reference §8, pitfall 17).
func (s *Service) KeepTokens(ctx context.Context) error {
	err := s.keeper.ensureComponent(ctx)
	if errors.Is(err, ErrNoPlatform) {
		return s.keeper.keepDue(ctx, directKind)
	}
	if rerr := s.resumeTickets(ctx, err); rerr != nil {
		s.log.WarnContext(ctx, "could not ask WeChat to resume ticket pushes", "err", rerr)
	}
	if awaitsTicket(err) {
		return s.keeper.keepDue(ctx, directKind)
	}
	if err != nil {
		return errors.Join(err, s.keeper.keepDue(ctx, directKind))
	}
	return s.keeper.keepDue(ctx, componentKind, authorizerKind, directKind)
}

// awaitsTicket reports that WeChat's first ticket is still to come: a state, which the platform's page and doctor show, and no failure.
func awaitsTicket(err error) bool {
	var refused *wechat.Error
	return errors.Is(err, ErrNoTicket) && !errors.As(err, &refused)
}

const ticketSilence = 30 * time.Minute

func (s *Service) resumeTickets(ctx context.Context, tokenErr error) error {
	row, err := s.loadPlatform(ctx)
	if err != nil || row.SecretSealed == "" {
		return nil //nolint:nilerr // without a platform there is nothing to resume; other read errors show in tokenErr
	}
	now := s.clock.Now()
	var we *wechat.Error
	stale := row.TicketReceivedAt.IsZero() || now.Sub(row.TicketReceivedAt.Time()) > ticketSilence
	refused := errors.As(tokenErr, &we) && (we.Code == 61005 || we.Code == 61006)
	if (!stale && !refused) || now.Sub(row.PushStartedAt.Time()) < startPushEvery {
		return nil
	}
	ok, err := db.Changed(s.db.Write().NewUpdate().Model((*platformRow)(nil)).Set("push_started_at = ?", db.At(now)).
		Where("id = ? AND (push_started_at IS NULL OR push_started_at <= ?)", platformID, db.At(now.Add(-startPushEvery))).Exec(ctx))
	if err != nil || !ok {
		return err
	}
	appID, sec, err := s.platformSecret(ctx)
	if err != nil {
		return err
	}
	_, err = s.wechat.StartPushTicket(ctx, appID, sec.Reveal())
	return err
}

func (s *Service) ticket(ctx context.Context) (secret.Text, error) {
	row, err := s.loadPlatform(ctx)
	if err != nil {
		return secret.Text{}, err
	}
	if row.TicketSealed == "" {
		return secret.Text{}, ErrNoTicket
	}
	return s.sealer.Open(platformPlace("ticket_sealed"), row.TicketSealed)
}

// Call runs a WeChat call on behalf of a program with its access token. sets are the permission sets any one of which the call needs: when WeChat
// answers that the permission is missing, the first of them is remembered as denied until the next refresh.
func (s *Service) Call(ctx context.Context, p *Program, sets []int, call func(ctx context.Context, token string) error) error {
	if p.Mode == Direct {
		err := s.keeper.with(ctx, directKind, p.AppID, call)
		if wechat.CodeOf(err) == wechat.CodeQuotaUsedUp {
			return errors.Join(err, s.rest(ctx, p.ID))
		}
		return err
	}
	if p.State == Revoked {
		return ErrRevoked
	}
	err := s.keeper.with(ctx, authorizerKind, p.AppID, call)
	var we *wechat.Error
	if !errors.As(err, &we) {
		return err
	}
	var nerr error
	switch {
	case we.Code == wechat.CodeQuotaUsedUp:
		nerr = s.rest(ctx, p.ID)
	case we.Class == wechat.NoPermission && len(sets) > 0:
		nerr = s.noteDenied(ctx, p.ID, sets[0])
	case we.Class == wechat.Revoked:
		// The unauthorized event may have been lost: asking for the account's info settles it.
		nerr = s.db.Enqueue(ctx, RefreshArgs{ProgramID: p.ID}, db.Once(db.QueueDefault))
	}
	if nerr != nil {
		return errors.Join(err, nerr)
	}
	return err
}

// noteDenied remembers a refused permission set and tells of it once, however many calls are refused at the same time.
func (s *Service) noteDenied(ctx context.Context, id string, set int) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		p, err := s.one(ctx, tx, "id = ?", id)
		if err != nil || slices.Contains(p.DeniedSets.V, set) {
			return err
		}
		before := p.DeniedSets
		p.DeniedSets.V = append(slices.Clone(before.V), set)
		ok, err := db.Changed(tx.NewUpdate().Model(p).Column("denied_sets").WherePK().Where("denied_sets = ?", before).Exec(ctx))
		if err != nil {
			return fmt.Errorf("note denied permission: %w", err)
		}
		if !ok {
			return nil // another call was faster; if it noted another set, the next refusal notes this one
		}
		return tx.Enqueue(ctx, PermissionLostArgs{ProgramID: id, Set: set, At: int64(s.now())}, nil)
	})
}

// authorizationLost makes an account visible that WeChat gives no tokens for any more, and has its info read: that revokes it or brings a refresh token.
func (s *Service) authorizationLost(ctx context.Context, tx db.Tx, appID string) error {
	p, err := s.one(ctx, tx, "appid = ?", appID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := noteError(ctx, tx, p.ID, ErrNeedsReauth); err != nil {
		return err
	}
	return tx.Enqueue(ctx, RefreshArgs{ProgramID: p.ID}, db.Once(db.QueueDefault))
}

// PermissionLostArgs tells whoever reacts to it that a program lost a permission set.
type PermissionLostArgs struct {
	ProgramID string `json:"program_id"`
	Set       int    `json:"set"` // 0: the whole authorisation
	At        int64  `json:"at"`  // Unix ms; tells one loss from the next
}

// Kind implements river.JobArgs.
func (PermissionLostArgs) Kind() string { return "program.permission_lost" }

// pushCache holds PushSecrets for a few seconds.
type pushCache struct {
	mu    sync.Mutex
	v     PushSecrets
	until time.Time
}

// get returns what is known. When that gets old, one caller is sent to look; until it comes back, the others go on with what was right a moment ago, so
// that pushes never queue up behind a slow query.
func (c *pushCache) get(now time.Time) (PushSecrets, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Before(c.until) || c.until.IsZero() {
		return c.v, !c.until.IsZero()
	}
	c.until = now.Add(pushCacheGrace)
	return PushSecrets{}, false
}

func (c *pushCache) put(v PushSecrets, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.v, c.until = v, until
}

func (c *pushCache) drop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.until = time.Time{}
}
