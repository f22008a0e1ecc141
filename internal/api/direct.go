package api

import (
	"context"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
)

// directView is a program's own credentials as staff see them: no secrets, and whether it works.
type directView struct {
	PushURL           string  `json:"push_url" doc:"服务器地址(URL) to paste into WeChat's console"`
	PushMode          string  `json:"push_mode" enum:"plain,compat,safe"`
	Format            string  `json:"format" enum:"xml,json,auto"`
	HasAppSecret      bool    `json:"has_app_secret"`
	HasToken          bool    `json:"has_token"`
	HasEncodingAESKey bool    `json:"has_encoding_aes_key"`
	PreviousValid     bool    `json:"previous_valid" doc:"Pushes with the Token or Key before the present one are still taken"`
	TokenExpiresAt    *int64  `json:"token_expires_at" doc:"Unix ms; of the access token in use, in answers about one program"`
	URLCheckedAt      *int64  `json:"url_checked_at" doc:"Unix ms; WeChat asked for the URL with a right signature"`
	LastPushAt        *int64  `json:"last_push_at" doc:"Unix ms; to the program's own URL"`
	RefusedAt         *int64  `json:"refused_at" doc:"Unix ms; a push that had the right Token and was not as configured, since the last good one"`
	Refusal           *string `json:"refusal"`
}

// DirectFields are the values of a program with its own AppSecret. Secrets are only ever written.
type DirectFields struct {
	Name           *string `json:"name,omitempty" doc:"WeChat doesn't tell it to a program's own token"`
	AppSecret      *string `json:"app_secret,omitempty" doc:"Write-only"`
	Token          *string `json:"token,omitempty" doc:"Write-only; the one before stays valid for pushes"`
	EncodingAESKey *string `json:"encoding_aes_key,omitempty" doc:"Write-only; the one before stays valid for pushes"`
	PushMode       *string `json:"push_mode,omitempty" enum:"plain,compat,safe" doc:"What is weaker is refused"`
	Format         *string `json:"format,omitempty" enum:"xml,json,auto"`
}

func (f DirectFields) config(appID string) program.DirectConfig {
	text := func(v *string) string {
		if v == nil {
			return ""
		}
		return *v
	}
	return program.DirectConfig{
		AppID: appID, Name: text(f.Name), AppSecret: secret.New(text(f.AppSecret)), Token: secret.New(text(f.Token)),
		EncodingAESKey: secret.New(text(f.EncodingAESKey)), PushMode: program.PushMode(text(f.PushMode)), Format: program.PushFormat(text(f.Format)),
	}
}

func (f DirectFields) any() bool { return f != DirectFields{} }

func (f DirectFields) touchesSecret() bool { return f.AppSecret != nil && *f.AppSecret != "" }

func (a *API) programView(p *program.Program, more programMore) programView {
	v := programViewOf(p, more)
	if p.PushTokenSealed == "" && p.AppSecretSealed == "" {
		return v
	}
	d := directView{
		PushURL: a.PublicURL + "/wechat/direct/" + p.AppID, PushMode: string(p.PushMode), Format: string(p.PushFormat),
		HasAppSecret: p.AppSecretSealed != "", HasToken: p.PushTokenSealed != "", HasEncodingAESKey: p.PushKeySealed != "",
		PreviousValid: p.PrevPushTokenSealed != "" || p.PrevPushKeySealed != "",
		URLCheckedAt:  p.PushURLCheckedAt.Ptr(), LastPushAt: p.DirectPushAt.Ptr(),
	}
	if p.PushRefusedAt > p.DirectPushAt {
		d.RefusedAt, d.Refusal = p.PushRefusedAt.Ptr(), orNil(p.PushRefusal)
	}
	v.Direct = someOf(d)
	return v
}

type createProgramInput struct {
	Body struct {
		AppID          string  `json:"appid"`
		Name           *string `json:"name,omitempty" doc:"WeChat doesn't tell it to a program's own token"`
		AppSecret      string  `json:"app_secret" doc:"Write-only"`
		Token          string  `json:"token" doc:"Write-only"`
		EncodingAESKey *string `json:"encoding_aes_key,omitempty" doc:"Write-only; needed unless push_mode is plain"`
		PushMode       string  `json:"push_mode" enum:"plain,compat,safe"`
		Format         string  `json:"format,omitempty" enum:"xml,json,auto" default:"auto"`
		Confirm        bool    `json:"confirm,omitempty" doc:"Move a program that is authorised to the platform; its id and cases stay"`
	}
}

func (a *API) createProgram(ctx context.Context, in *createProgramInput) (*body[programView], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	b := &in.Body
	c := DirectFields{
		Name: b.Name, AppSecret: &b.AppSecret, Token: &b.Token, EncodingAESKey: b.EncodingAESKey, PushMode: &b.PushMode, Format: &b.Format,
	}.config(b.AppID)
	var p *program.Program
	err := a.DB.InTx(ctx, func(ctx context.Context, tx db.Tx) (err error) {
		if p, err = a.Programs.CreateDirect(ctx, tx, c, b.Confirm); err != nil {
			return err
		}
		return a.Identity.Record(ctx, tx, identity.Entry{
			Verb: "create", Object: "program", ObjectID: p.ID, ProgramID: p.ID, Detail: map[string]any{"appid": p.AppID, "mode": p.Mode},
		})
	})
	if err != nil {
		return nil, err
	}
	a.tryDirect(ctx, p.ID)
	return a.getProgram(ctx, &ByID{p.ID})
}

// tryDirect asks WeChat for a token at once, so that a wrong AppSecret shows while its owner still looks. What WeChat says is on the program.
func (a *API) tryDirect(ctx context.Context, id string) {
	if err := a.Programs.Refresh(ctx, id); err != nil {
		a.Logger.InfoContext(ctx, "a program's own credentials don't work yet", "program", id, "err", err)
	}
}

// moveToPlatform is the half of a move that asks WeChat; it comes before the transaction.
func (a *API) moveToPlatform(ctx context.Context, in *updateProgramInput) error {
	if *in.Body.Mode != string(program.Platform) {
		return nil
	}
	p, err := a.Programs.ByID(ctx, in.ID)
	if err != nil {
		return err
	}
	return a.Programs.MoveToPlatform(ctx, p)
}

func (a *API) updateDirect(ctx context.Context, tx db.Tx, in *updateProgramInput) error {
	move := in.Body.Mode != nil && *in.Body.Mode == string(program.Direct)
	if !move && !in.Body.any() {
		return nil
	}
	_, err := a.Programs.UpdateDirect(ctx, tx, in.ID, in.Body.config(""), move)
	return err
}
