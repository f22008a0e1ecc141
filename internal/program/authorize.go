package program

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat"
)

// linkLife is how long an entry page link may be passed around; WeChat's own pre-auth code is made afresh each time it is opened.
const linkLife = 7 * 24 * time.Hour

// authOpen is the state of an authorisation link; how its code ended is on the code's row.
const authOpen = "open"

// Entry is what the entry page shows: links that lead to WeChat's own page.
type Entry struct {
	PCURL     string
	PhoneURL  string
	ExpiresIn time.Duration // of the links
	Program   *Program      // set when the link renews one program
}

// StartAuthorization makes an entry page link. With a program it renews that program's authorisation.
func (s *Service) StartAuthorization(ctx context.Context, createdBy, programID string) (string, error) {
	if _, _, err := s.platformSecret(ctx); err != nil {
		return "", err
	}
	raw := make([]byte, 24)
	if _, err := rand.Read(raw); err != nil {
		return "", fmt.Errorf("read random: %w", err)
	}
	ticket := hex.EncodeToString(raw)
	row := authorization{
		TicketHash: hash(ticket), CreatedBy: createdBy, ProgramID: programID, State: authOpen,
		CreatedAt: s.now(), ExpiresAt: db.At(s.clock.Now().Add(linkLife)),
	}
	if _, err := s.db.Write().NewInsert().Model(&row).Exec(ctx); err != nil {
		return "", fmt.Errorf("store authorisation link: %w", err)
	}
	return s.urls.Public + "/authorize/" + ticket, nil
}

// OpenEntry makes a pre-auth code for an entry page and returns WeChat's links.
func (s *Service) OpenEntry(ctx context.Context, ticket string) (Entry, error) {
	row, err := s.authorization(ctx, ticket)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{}
	var pinned string
	if row.ProgramID != "" {
		if e.Program, err = s.ByID(ctx, row.ProgramID); err != nil {
			return Entry{}, err
		}
		pinned = e.Program.AppID
	}
	component, _, err := s.platformSecret(ctx)
	if err != nil {
		return Entry{}, err
	}
	var code wechat.PreAuthCode
	err = s.keeper.withComponent(ctx, func(ctx context.Context, token string) error {
		var err error
		code, err = s.wechat.PreAuthCode(ctx, token, component)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("create pre-auth code: %w", err)
	}
	if _, err := s.db.Write().NewUpdate().Model((*authorization)(nil)).Set("pre_auth_hash = ?", hash(code.Code)).
		Where("ticket_hash = ?", row.TicketHash).Exec(ctx); err != nil {
		return Entry{}, fmt.Errorf("store pre-auth code: %w", err)
	}
	link := wechat.AuthLink{
		ComponentAppID: component, PreAuthCode: code.Code, RedirectURI: s.urls.Public + "/authorize/" + ticket + "/done", BizAppID: pinned,
	}
	e.PCURL, e.PhoneURL, e.ExpiresIn = wechat.AuthURL(s.urls.MP, link), wechat.AuthURLPhone(s.urls.Open, link), code.ExpiresIn
	return e, nil
}

func (s *Service) authorization(ctx context.Context, ticket string) (*authorization, error) {
	row := &authorization{TicketHash: hash(ticket)}
	err := s.db.Read.NewSelect().Model(row).WherePK().Scan(ctx)
	if db.IsNotFound(err) || (err == nil && row.ExpiresAt.Time().Before(s.clock.Now())) {
		return nil, ErrLinkExpired
	}
	if err != nil {
		return nil, fmt.Errorf("read authorisation link: %w", err)
	}
	return row, nil
}

// Returned stores the code that the redirect brought and starts its exchange; Outcome tells how it went.
func (s *Service) Returned(ctx context.Context, ticket string, code secret.Text) error {
	row, err := s.authorization(ctx, ticket)
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if err := s.addCode(ctx, tx, code, ""); err != nil {
			return err
		}
		if _, err := tx.NewUpdate().Model((*authorization)(nil)).Set("code_hash = ?, state = ?", hash(code.Reveal()), authOpen).
			Where("ticket_hash = ?", row.TicketHash).Exec(ctx); err != nil {
			return fmt.Errorf("note returned authorisation: %w", err)
		}
		return nil
	})
}

// Outcome of an authorisation that returned: the program once the exchange worked, an error once it failed for good, neither while it runs.
func (s *Service) Outcome(ctx context.Context, ticket string) (*Program, error) {
	row, err := s.authorization(ctx, ticket)
	if err != nil {
		return nil, err
	}
	c := authCode{CodeHash: row.CodeHash}
	err = s.db.Read.NewSelect().Model(&c).WherePK().Scan(ctx)
	if db.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read authorisation code: %w", err)
	}
	switch c.State {
	case codeDone:
		return s.ByAppID(ctx, c.AppID)
	case codeBad:
		return nil, ErrNeedsReauth
	}
	return nil, nil
}

// ExchangeArgs is the job that turns an authorization code into tokens.
type ExchangeArgs struct {
	CodeHash string `json:"code_hash"`
}

// Kind implements river.JobArgs.
func (ExchangeArgs) Kind() string { return "program.exchange_code" }

// addCode stores a code once, however often and by whichever way it arrives, with the job that exchanges it. The event names the account, the redirect
// doesn't: a code that was refused before the account was known is tried again, since WeChat's list can now decide.
func (s *Service) addCode(ctx context.Context, tx db.Tx, code secret.Text, appID string) error {
	h := hash(code.Reveal())
	sealed, err := s.sealer.Seal(codePlace(h), code)
	if err != nil {
		return err
	}
	row := authCode{CodeHash: h, CodeSealed: sealed, AppID: appID, State: codeNew, CreatedAt: s.now()}
	if _, err := tx.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("store authorisation code: %w", err)
	}
	if appID != "" {
		if _, err := tx.NewUpdate().Model((*authCode)(nil)).
			Set("appid = ?, state = CASE WHEN state = ? THEN ? ELSE state END", appID, codeBad, codeNew).
			Where("code_hash = ? AND appid = ''", h).Exec(ctx); err != nil {
			return fmt.Errorf("note account of authorisation code: %w", err)
		}
	}
	return tx.Enqueue(ctx, ExchangeArgs{CodeHash: h}, db.Once(db.QueueDefault))
}

func codePlace(h string) secret.Place {
	return secret.Place{Table: "auth_codes", Column: "code_sealed", ID: h}
}

// Exchange does ExchangeArgs. A code that WeChat refuses is no failure if its account turns out to be authorised: redirect and event bring the
// same code, and the answer to its first exchange may have been lost.
func (s *Service) Exchange(ctx context.Context, codeHash string) error {
	row := authCode{CodeHash: codeHash}
	if err := s.db.Read.NewSelect().Model(&row).WherePK().Scan(ctx); err != nil {
		return fmt.Errorf("read authorisation code: %w", err)
	}
	if row.State != codeNew {
		return nil
	}
	code, err := s.sealer.Open(codePlace(codeHash), row.CodeSealed)
	if err != nil {
		return err
	}
	component, _, err := s.platformSecret(ctx)
	if err != nil {
		return err
	}
	var got wechat.Authorization
	err = s.keeper.withComponent(ctx, func(ctx context.Context, token string) error {
		var err error
		got, err = s.wechat.QueryAuth(ctx, token, component, code.Reveal())
		return err
	})
	var we *wechat.Error
	switch {
	case err == nil, errors.Is(err, wechat.ErrNoTokens) && got.AppID != "":
		// Without tokens the account has no API rights: it is shown, with what is missing.
		return s.adopt(ctx, codeHash, adoption{
			appID: got.AppID, sets: got.Sets,
			grant: grant{access: secret.New(got.AccessToken), refresh: secret.New(got.RefreshToken), expiresIn: got.ExpiresIn},
		})
	case errors.As(err, &we) && (we.Code == 61009 || we.Code == 61010 || we.Code == 40097):
		return s.codeRefused(ctx, row, we)
	default:
		return fmt.Errorf("exchange authorisation code: %w", err)
	}
}

// codeRefused decides what a refused code means by looking at WeChat's list, which has the refresh token of every authorised account.
func (s *Service) codeRefused(ctx context.Context, row authCode, cause *wechat.Error) error {
	if row.AppID != "" {
		refresh, err := s.keeper.recoverRefreshToken(ctx, row.AppID)
		if err != nil {
			return err
		}
		if !refresh.IsEmpty() {
			return s.adopt(ctx, row.CodeHash, adoption{appID: row.AppID, grant: grant{refresh: refresh}})
		}
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		// AppID as it was read: an event that named the account meanwhile wants another look.
		ok, err := db.Changed(tx.NewUpdate().Model((*authCode)(nil)).Set("state = ?, error = ?", codeBad, cause.Error()).
			Where("code_hash = ? AND state = ? AND appid = ?", row.CodeHash, codeNew, row.AppID).Exec(ctx))
		if err != nil {
			return fmt.Errorf("note refused authorisation code: %w", err)
		}
		if !ok || row.AppID != "" {
			return nil
		}
		return tx.Enqueue(ctx, ReconcileArgs{}, db.Once(db.QueueDefault)) // the account is not known, but WeChat may list it
	})
}

// adoption is an account that proved to be authorised to us.
type adoption struct {
	appID string
	sets  []int // nil: not known yet
	grant grant
}

// adopt stores an authorised account: program row, tokens, the code's end and the job that reads its name and permissions, in one transaction.
func (s *Service) adopt(ctx context.Context, codeHash string, a adoption) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if codeHash != "" {
			if _, err := tx.NewUpdate().Model((*authCode)(nil)).
				Set("state = ?, appid = ?, exchanged_at = ?, code_sealed = '', error = ''", codeDone, a.appID, s.now()).
				Where("code_hash = ?", codeHash).Exec(ctx); err != nil {
				return fmt.Errorf("end authorisation code: %w", err)
			}
		}
		if _, test := releaseAccounts[a.appID]; test {
			return nil
		}
		id, err := s.upsertAuthorized(ctx, tx, a)
		if err != nil {
			return err
		}
		if err := s.keeper.put(ctx, tx, a.appID, a.grant); err != nil {
			return err
		}
		return tx.Enqueue(ctx, RefreshArgs{ProgramID: id}, nil)
	})
}

func (s *Service) upsertAuthorized(ctx context.Context, tx db.Tx, a adoption) (string, error) {
	now := s.now()
	p, err := s.one(ctx, tx, "appid = ?", a.appID)
	if errors.Is(err, ErrNotFound) {
		p = &Program{ID: db.NewID(), AppID: a.appID, Mode: Platform, State: Active, AuthorizedAt: now, CreatedAt: now, UpdatedAt: now}
		p.GrantedSets.V, p.DeniedSets.V = append([]int{}, a.sets...), []int{}
		created, cerr := db.Changed(tx.NewInsert().Model(p).On("CONFLICT (appid) DO NOTHING").Exec(ctx))
		if cerr != nil {
			return "", fmt.Errorf("store program: %w", cerr)
		}
		if created {
			return p.ID, nil
		}
		p, err = s.one(ctx, tx, "appid = ?", a.appID) // another instance was faster
	}
	if err != nil {
		return "", err
	}
	if p.Mode == Direct { // it moved; its AppSecret stays, so that it can move back
		if err := s.keeper.drop(ctx, tx, directKind, p.AppID); err != nil {
			return "", err
		}
	}
	p.Mode, p.AuthorizedAt, p.UpdatedAt, p.RevokedAt, p.LastError = Platform, now, now, 0, ""
	columns := []string{"mode", "authorized_at", "revoked_at", "updated_at", "last_error"}
	lost := 0
	if a.sets != nil {
		before := p.missingSets()
		p.GrantedSets.V, p.DeniedSets.V = a.sets, []int{}
		columns = append(columns, "granted_sets", "denied_sets")
		lost = firstLost(before, p.missingSets())
	}
	if _, err := tx.NewUpdate().Model(p).Column(columns...).WherePK().Exec(ctx); err != nil {
		return "", fmt.Errorf("store program: %w", err)
	}
	// Staff's decision to disable a program outlives a new authorisation, also one made at this moment; to remove it does not.
	if _, err := tx.NewUpdate().Model((*Program)(nil)).Set("state = ?, archived_at = NULL", Active).
		Where("id = ? AND (state = ? OR archived_at IS NOT NULL)", p.ID, Revoked).Exec(ctx); err != nil {
		return "", fmt.Errorf("activate program: %w", err)
	}
	if lost != 0 {
		return p.ID, tx.Enqueue(ctx, PermissionLostArgs{ProgramID: p.ID, Set: lost, At: int64(now)}, nil)
	}
	return p.ID, nil
}

func hash(v string) string {
	h := sha256.Sum256([]byte(v))
	return hex.EncodeToString(h[:])
}
