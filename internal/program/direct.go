package program

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
)

// PushMode is how much of a push an own server wants protected (消息加密方式). Source: reference/wechat-open-platform.md §3.2.
type PushMode string

// The modes, weakest first. What is weaker than configured is refused.
const (
	PushPlain  PushMode = "plain"  // 明文: the signature does not even cover the body
	PushCompat PushMode = "compat" // 兼容: clear text and cipher text; only the cipher text is believed
	PushSafe   PushMode = "safe"   // 安全: cipher text only
)

// PushFormat is how a push is written (数据格式).
type PushFormat string

// The formats; auto takes either.
const (
	FormatXML  PushFormat = "xml"
	FormatJSON PushFormat = "json"
	FormatAuto PushFormat = "auto"
)

// DirectConfig is what WeChat's console and we must agree on for a program with its own AppSecret. When it changes, empty values mean "keep".
type DirectConfig struct {
	AppID          string
	Name           string
	AppSecret      secret.Text
	Token          secret.Text
	EncodingAESKey secret.Text
	PushMode       PushMode
	Format         PushFormat
}

// maxName bounds a program's name, in characters.
const maxName = 64

func (c DirectConfig) trimmed() DirectConfig {
	c.AppID, c.Name = strings.TrimSpace(c.AppID), strings.TrimSpace(c.Name)
	for _, v := range []*secret.Text{&c.AppSecret, &c.Token, &c.EncodingAESKey} {
		*v = secret.New(strings.TrimSpace(v.Reveal()))
	}
	return c
}

// check looks at the values that are there.
func (c DirectConfig) check() error {
	switch {
	case !appIDPattern.MatchString(c.AppID):
		return &FieldError{"appid", "AppID 以 wx 开头，请从微信公众平台的开发设置复制"}
	case utf8.RuneCountInString(c.Name) > maxName:
		return &FieldError{"name", fmt.Sprintf("名称最多 %d 个字", maxName)}
	case strings.ContainsFunc(c.AppSecret.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) || len(c.AppSecret.Reveal()) > 128:
		return &FieldError{"app_secret", "AppSecret 只有字母和数字，请重新复制"}
	case !c.Token.IsEmpty() && !tokenPattern.MatchString(c.Token.Reveal()):
		return &FieldError{"token", "Token 应为 3 到 32 位字母或数字"}
	case !c.EncodingAESKey.IsEmpty() && !keyPattern.MatchString(c.EncodingAESKey.Reveal()):
		return &FieldError{"encoding_aes_key", "EncodingAESKey 应为 43 位字母或数字"}
	case c.PushMode != "" && c.PushMode != PushPlain && c.PushMode != PushCompat && c.PushMode != PushSafe:
		return &FieldError{"push_mode", "消息加密方式只能是明文、兼容或安全模式"}
	case c.Format != "" && c.Format != FormatXML && c.Format != FormatJSON && c.Format != FormatAuto:
		return &FieldError{"format", "数据格式只能是 XML、JSON 或自动识别"}
	}
	return nil
}

// complete says what a program lacks to be called and heard with its own credentials.
func (p *Program) complete() error {
	switch {
	case p.AppSecretSealed == "":
		return &FieldError{"app_secret", "请填写小程序的 AppSecret"}
	case p.PushTokenSealed == "":
		return &FieldError{"token", "请填写消息推送的 Token"}
	case p.PushMode == "":
		return &FieldError{"push_mode", "请选择消息加密方式"}
	case p.PushMode != PushPlain && p.PushKeySealed == "":
		return &FieldError{"encoding_aes_key", "兼容模式和安全模式需要 EncodingAESKey"}
	}
	return nil
}

// directColumns are what setDirect may change.
var directColumns = []string{
	"name", "app_secret_sealed", "push_token_sealed", "push_key_sealed", "prev_push_token_sealed", "prev_push_key_sealed", "push_mode", "push_format",
	"push_refused_at", "push_refusal",
}

func programPlace(column, id string) secret.Place {
	return secret.Place{Table: "programs", Column: column, ID: id}
}

// setDirect takes over the values of c that are there. A changed Token or Key keeps the one before valid for pushes, until WeChat's console has the new one.
func (s *Service) setDirect(p *Program, c DirectConfig) error {
	if c.Name != "" {
		p.Name = c.Name
	}
	if c.PushMode != "" {
		p.PushMode = c.PushMode
	}
	if c.Format != "" {
		p.PushFormat = c.Format
	}
	if p.PushFormat == "" {
		p.PushFormat = FormatAuto
	}
	p.PushRefusedAt, p.PushRefusal = 0, ""
	if err := s.replace(programPlace("app_secret_sealed", p.ID), c.AppSecret, &p.AppSecretSealed, nil); err != nil {
		return err
	}
	if err := s.replace(programPlace("push_token_sealed", p.ID), c.Token, &p.PushTokenSealed, &p.PrevPushTokenSealed); err != nil {
		return err
	}
	return s.replace(programPlace("push_key_sealed", p.ID), c.EncodingAESKey, &p.PushKeySealed, &p.PrevPushKeySealed)
}

// CreateDirect connects a program with its own AppSecret. One that is authorised to the platform moves over, with its id and cases, if confirmed says so.
func (s *Service) CreateDirect(ctx context.Context, tx db.Tx, c DirectConfig, confirmed bool) (*Program, error) {
	c = c.trimmed()
	if err := c.check(); err != nil {
		return nil, err
	}
	now := s.now()
	p, err := s.one(ctx, tx, "appid = ?", c.AppID)
	switch {
	case errors.Is(err, ErrNotFound):
		p = &Program{ID: db.NewID(), AppID: c.AppID, Mode: Direct, State: Active, CreatedAt: now, UpdatedAt: now}
		p.GrantedSets.V, p.DeniedSets.V, p.Tags.V = []int{}, []int{}, []string{}
		if err := errors.Join(s.setDirect(p, c), p.complete()); err != nil {
			return nil, err
		}
		created, err := db.Changed(tx.NewInsert().Model(p).On("CONFLICT (appid) DO NOTHING").Exec(ctx))
		if err != nil {
			return nil, fmt.Errorf("store program: %w", err)
		}
		if !created {
			return nil, ErrAlreadyDirect
		}
		s.direct.drop(p.AppID)
		return p, nil
	case err != nil:
		return nil, err
	case !p.ArchivedAt.IsZero():
	case p.Mode == Direct:
		return nil, ErrAlreadyDirect
	case p.State != Revoked && !confirmed:
		return nil, ErrIsPlatform
	}
	return p, s.moveToDirect(ctx, tx, p, c)
}

// moveToDirect changes how a program is called; nothing else of it changes.
func (s *Service) moveToDirect(ctx context.Context, tx db.Tx, p *Program, c DirectConfig) error {
	if err := errors.Join(s.setDirect(p, c), p.complete()); err != nil {
		return err
	}
	p.Mode, p.UpdatedAt, p.RevokedAt, p.ArchivedAt, p.LastError = Direct, s.now(), 0, 0, ""
	if p.State == Revoked {
		p.State = Active
	}
	columns := append([]string{"mode", "state", "updated_at", "revoked_at", "archived_at", "last_error"}, directColumns...)
	if _, err := tx.NewUpdate().Model(p).Column(columns...).WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("move program to direct mode: %w", err)
	}
	s.direct.drop(p.AppID)
	return s.keeper.drop(ctx, tx, authorizerKind, p.AppID)
}

// UpdateDirect changes a program's own credentials. With move a program of the platform is called with them from now on.
func (s *Service) UpdateDirect(ctx context.Context, tx db.Tx, id string, c DirectConfig, move bool) (*Program, error) {
	p, err := s.one(ctx, tx, "id = ?", id)
	if err != nil {
		return nil, err
	}
	c = c.trimmed()
	c.AppID = p.AppID
	if err := c.check(); err != nil {
		return nil, err
	}
	if p.Mode == Platform {
		if !move {
			return nil, ErrModeMismatch
		}
		return p, s.moveToDirect(ctx, tx, p, c)
	}
	if err := errors.Join(s.setDirect(p, c), p.complete()); err != nil {
		return nil, err
	}
	p.UpdatedAt = s.now()
	if _, err := tx.NewUpdate().Model(p).Column(append([]string{"updated_at"}, directColumns...)...).WherePK().Where("mode = ?", Direct).Exec(ctx); err != nil {
		return nil, fmt.Errorf("update program: %w", err)
	}
	s.direct.drop(p.AppID)
	return p, nil
}

// MoveToPlatform has a direct-mode program called with the platform's authorisation, which WeChat must list already; ErrNotAuthorized when it doesn't.
func (s *Service) MoveToPlatform(ctx context.Context, p *Program) error {
	if p.Mode == Platform {
		return nil
	}
	refresh, err := s.keeper.recoverRefreshToken(ctx, p.AppID)
	if err != nil {
		return err
	}
	if refresh.IsEmpty() {
		return ErrNotAuthorized
	}
	return s.adopt(ctx, "", adoption{appID: p.AppID, grant: grant{refresh: refresh}})
}

// ownSecret returns a direct-mode program's AppSecret.
func (s *Service) ownSecret(ctx context.Context, appID string) (secret.Text, error) {
	p, err := s.ByAppID(ctx, appID)
	if err != nil {
		return secret.Text{}, err
	}
	if p.Mode != Direct || p.AppSecretSealed == "" {
		return secret.Text{}, ErrNoSecret
	}
	return s.sealer.Open(programPlace("app_secret_sealed", p.ID), p.AppSecretSealed)
}

// toldDirect keeps on the program how asking for its token went; nil clears it.
func (s *Service) toldDirect(ctx context.Context, appID string, cause error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	text := ""
	if cause != nil {
		text = reason(cause)
	}
	if _, err := s.db.Write().NewUpdate().Model((*Program)(nil)).Set("last_error = ?", text).
		Where("appid = ? AND mode = ? AND last_error <> ?", appID, Direct, text).Exec(ctx); err != nil {
		return fmt.Errorf("note how the token was obtained: %w", err)
	}
	return nil
}

// refreshDirect tries a program's AppSecret, keeps what WeChat says, and reads its score: nothing else is told to a program's own token.
func (s *Service) refreshDirect(ctx context.Context, p *Program) error {
	if _, err := s.keeper.obtainDirect(ctx, credential{Kind: directKind, AppID: p.AppID}, false); err != nil {
		return err
	}
	if _, err := s.db.Write().NewUpdate().Model((*Program)(nil)).Set("info_synced_at = ?", s.now()).Where("id = ?", p.ID).Exec(ctx); err != nil {
		return fmt.Errorf("note check of program: %w", err)
	}
	s.readScore(ctx, p)
	return nil
}

// TokenExpires is when the token in use for a program ends; zero when there is none.
func (s *Service) TokenExpires(ctx context.Context, p *Program) (db.Time, error) {
	kind := authorizerKind
	if p.Mode == Direct {
		kind = directKind
	}
	c, err := s.keeper.load(ctx, s.db.Read, kind, p.AppID)
	if err != nil && !db.IsNotFound(err) {
		return 0, err
	}
	return c.ExpiresAt, nil
}
