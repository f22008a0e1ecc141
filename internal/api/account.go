package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/secret"
)

// accountRoutes are what everybody may change of their own account, in person.
func (a *API) accountRoutes() {
	handle(a, anyone, op(http.MethodPatch, "/me", "update-me", "session", "Change one's own name"), a.updateMe)
	handleAs(a, anyone, noContent(op(http.MethodPut, "/me/password", "change-password", "session", "Change one's own password; ends all other sessions")), a.changePassword)
	handle(a, anyone, op(http.MethodPost, "/me/totp", "enrol-totp", "session", "Propose a second factor for oneself; shown once"), a.enrolTOTP)
	handleAs(a, anyone, op(http.MethodPost, "/me/totp/confirm", "confirm-totp", "session", "Turn the proposed second factor on with its first code"), a.confirmTOTP)
	handleAs(a, anyone, op(http.MethodDelete, "/me/totp", "disable-own-totp", "session", "Turn one's own second factor off"), a.disableOwnTOTP)
}

func noContent(o huma.Operation) huma.Operation {
	o.DefaultStatus = http.StatusNoContent
	return o
}

type meInput struct {
	Body struct {
		Name string `json:"name" doc:"1 to 64 characters"`
	}
}

func (a *API) updateMe(ctx context.Context, in *meInput) (*body[me], error) {
	if err := inPerson(ctx); err != nil {
		return nil, err
	}
	if _, err := a.Identity.UpdateUser(ctx, who(ctx).UserID, identity.Patch{Name: &in.Body.Name}); err != nil {
		return nil, err
	}
	p, err := a.Identity.UserPrincipal(ctx, who(ctx).UserID)
	if err != nil {
		return nil, err
	}
	return &body[me]{a.meOf(p)}, nil
}

type passwordInput struct {
	remote
	Body struct {
		Current secret.Text `json:"current"`
		New     secret.Text `json:"new" doc:"At least 10 characters"`
	}
}

func (a *API) changePassword(ctx context.Context, in *passwordInput) (*empty, error) {
	if err := inPerson(ctx); err != nil {
		return nil, err
	}
	if err := a.Identity.ChangePassword(ctx, who(ctx).UserID, in.Body.Current, in.Body.New, in.addr); err != nil {
		return nil, err
	}
	// All sessions ended with the old password; this one goes on, under a new token.
	return &empty{}, a.sessions.RenewToken(ctx)
}

type totpEnrolment struct {
	Secret string `json:"secret" doc:"Base32, to type into an authenticator app"`
	URL    string `json:"url" doc:"otpauth://…, to show as a QR code"`
}

// inPerson refuses API tokens: who finds one must not be able to lock its user out.
func inPerson(ctx context.Context) error {
	if who(ctx).Via != identity.ViaSession {
		return problemOf(http.StatusForbidden, CodeForbidden, "请登录网页后修改自己的账号，API 令牌不能修改")
	}
	return nil
}

func (a *API) enrolTOTP(ctx context.Context, _ *empty) (*body[totpEnrolment], error) {
	if err := inPerson(ctx); err != nil {
		return nil, err
	}
	e, err := a.Identity.EnrolTOTP(ctx, who(ctx).UserID)
	return &body[totpEnrolment]{totpEnrolment{e.Secret.Reveal(), e.URL.Reveal()}}, err
}

type totpCodeInput struct {
	Body struct {
		Code string `json:"code"`
	}
}

func (a *API) confirmTOTP(ctx context.Context, in *totpCodeInput) (*empty, error) {
	if err := inPerson(ctx); err != nil {
		return nil, err
	}
	return &empty{}, a.Identity.ConfirmTOTP(ctx, who(ctx).UserID, in.Body.Code)
}

type ownPasswordInput struct {
	remote
	Body struct {
		Password secret.Text `json:"password" doc:"One's own, to be sure who asks"`
	}
}

func (a *API) disableOwnTOTP(ctx context.Context, in *ownPasswordInput) (*empty, error) {
	if err := inPerson(ctx); err != nil {
		return nil, err
	}
	return &empty{}, a.Identity.DisableOwnTOTP(ctx, who(ctx).UserID, in.Body.Password, in.addr)
}
