package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
	"github.com/zhisu/zhisu/internal/refund"
	"github.com/zhisu/zhisu/internal/secret"
)

// merchantRoutes are WeChat Pay credentials 商户号, shared by several programs.
func (a *API) merchantRoutes() {
	const (
		get   = http.MethodGet
		post  = http.MethodPost
		patch = http.MethodPatch
		del   = http.MethodDelete
	)
	right := identity.RightMerchants
	handle(a, right, op(get, "/merchants", "list-merchants", "merchants", "Merchants, without secrets"), a.listMerchants)
	handle(a, right, created(op(post, "/merchants", "create-merchant", "merchants", "Add a merchant")), a.createMerchant)
	handle(a, right, op(post, "/merchants/inspect", "inspect-credentials", "merchants", "Say what a pasted certificate, key or .p12 is; nothing is stored"), a.inspectCredentials)
	handle(a, right, op(get, "/merchants/{id}", "get-merchant", "merchants", "One merchant"), a.getMerchant)
	handle(a, right, op(patch, "/merchants/{id}", "update-merchant", "merchants", "Change a merchant; a secret that is left out stays"), a.updateMerchant)
	handleAs(a, right, op(del, "/merchants/{id}", "delete-merchant", "merchants", "Remove a merchant that no program uses; its refunds stay"), a.deleteMerchant)
	handle(a, right, op(post, "/merchants/{id}/check", "check-merchant", "merchants", "Ask WeChat Pay something harmless and say in words what is wrong"), a.checkMerchant)
}

type merchantView struct {
	ID            string                  `json:"id"`
	Name          string                  `json:"name"`
	Mode          string                  `json:"mode" enum:"direct,partner" doc:"partner: a service provider signs for the sub-merchant mchid"`
	MchID         string                  `json:"mchid"`
	SpMchID       *string                 `json:"sp_mchid" doc:"The service provider's, in partner mode"`
	CertSerial    string                  `json:"cert_serial"`
	CertExpiresAt *int64                  `json:"cert_expires_at" doc:"Unix ms"`
	HasAPIv3Key   bool                    `json:"has_api_v3_key"`
	HasPrivateKey bool                    `json:"has_private_key"`
	Verify        merchantVerify          `json:"verify"`
	ProgramIDs    []string                `json:"program_ids"`
	LastCheck     nullable[merchantCheck] `json:"last_check"`
	Paused        nullable[merchantPause] `json:"paused" doc:"WeChat Pay refuses the credentials: refunds wait"`
	NotifyURL     string                  `json:"notify_url" doc:"Where WeChat Pay sends refund notifications; sent along with every refund"`
	CreatedAt     db.Time                 `json:"created_at" doc:"Unix ms"`
	UpdatedAt     db.Time                 `json:"updated_at" doc:"Unix ms"`
}

type merchantVerify struct {
	Mode       string `json:"mode" enum:"platform_cert,public_key"`
	SerialOrID string `json:"serial_or_id" doc:"PUB_KEY_ID_… or the serial of the platform certificate; empty while none was fetched"`
}

type merchantCheck struct {
	At       db.Time           `json:"at" doc:"Unix ms"`
	OK       bool              `json:"ok"`
	Problems []merchantProblem `json:"problems"`
}

type merchantProblem struct {
	Code    string `json:"code"`
	Text    string `json:"text"`
	Warning bool   `json:"warning" doc:"Does not keep refunds from working"`
}

type merchantPause struct {
	Reason string  `json:"reason"`
	Until  db.Time `json:"until" doc:"Unix ms, when one refund tries again; a change of the merchant ends the pause"`
}

type merchantVerifyInput struct {
	Mode       string `json:"mode" enum:"platform_cert,public_key"`
	SerialOrID string `json:"serial_or_id,omitempty" doc:"PUB_KEY_ID_… with public_key"`
	PEM        string `json:"pem,omitempty" doc:"pub_key.pem with public_key; optional with platform_cert, whose certificates are fetched"`
}

// MerchantBody is what a merchant consists of. On a change, what is left out stays.
type MerchantBody struct {
	Name          *string              `json:"name,omitempty" maxLength:"64"`
	MchID         *string              `json:"mchid,omitempty" doc:"In partner mode the sub-merchant's"`
	SpMchID       *string              `json:"sp_mchid,omitempty" doc:"Makes it partner mode; empty = direct"`
	APIv3Key      *string              `json:"api_v3_key,omitempty" doc:"32 letters and digits"`
	CertSerial    *string              `json:"cert_serial,omitempty"`
	PrivateKeyPEM *string              `json:"private_key_pem,omitempty" doc:"apiclient_key.pem"`
	CertPEM       *string              `json:"cert_pem,omitempty" doc:"apiclient_cert.pem"`
	P12Base64     *string              `json:"p12_base64,omitempty" doc:"apiclient_cert.p12, instead of key and certificate"`
	P12Password   *string              `json:"p12_password,omitempty" doc:"Default: the mchid"`
	Verify        *merchantVerifyInput `json:"verify,omitempty"`
}

type newMerchantInput struct{ Body MerchantBody }

type updateMerchantInput struct {
	ByID
	Body MerchantBody
}

type checkView struct {
	OK       bool              `json:"ok"`
	Problems []merchantProblem `json:"problems"`
}

type inspectInput struct {
	Body struct {
		PEM         string `json:"pem,omitempty" maxLength:"65536"`
		P12Base64   string `json:"p12_base64,omitempty" maxLength:"65536"`
		P12Password string `json:"p12_password,omitempty"`
		// PrivateKeyPEM is compared with the certificate.
		PrivateKeyPEM string `json:"private_key_pem,omitempty" maxLength:"65536" doc:"Compared with the certificate in pem"`
	}
}

type inspectView struct {
	Kind      string  `json:"kind" enum:"private_key,certificate,public_key,p12,unknown"`
	Text      string  `json:"text" doc:"What it is, in words; or what is wrong with it"`
	OK        bool    `json:"ok"`
	Serial    *string `json:"serial"`
	MchID     *string `json:"mchid" doc:"The certificate's common name"`
	ExpiresAt *int64  `json:"expires_at" doc:"Unix ms"`
	KeyMatch  *bool   `json:"key_match" doc:"Whether certificate and private key belong together; null = only one of them is known"`
}

func (a *API) merchantViewOf(m *refund.Merchant, used map[string][]string) merchantView {
	v := merchantView{
		ID: m.ID, Name: m.Name, Mode: m.Mode, MchID: m.MchID, SpMchID: orNil(m.SpMchID), CertSerial: m.CertSerial, CertExpiresAt: m.CertExpiresAt.Ptr(),
		HasAPIv3Key: m.APIv3KeySealed != "", HasPrivateKey: m.PrivateKeySealed != "", Verify: merchantVerify{m.VerifyMode, m.VerifyID},
		ProgramIDs: orEmpty(used[m.ID]), NotifyURL: a.Refunds.NotifyURL(m), CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
	if m.VerifyMode == refund.VerifyCert && v.Verify.SerialOrID == "" && len(m.PlatformCerts.V) > 0 {
		v.Verify.SerialOrID = m.PlatformCerts.V[len(m.PlatformCerts.V)-1].Serial
	}
	if c := m.LastCheck.V; c != nil {
		v.LastCheck = someOf(merchantCheck{c.At, c.OK, problemViews(c.Problems)})
	}
	if !m.PausedUntil.IsZero() {
		v.Paused = someOf(merchantPause{m.PauseReason, m.PausedUntil})
	}
	return v
}

func problemViews(ps []refund.Problem) []merchantProblem {
	out := make([]merchantProblem, len(ps))
	for i, p := range ps {
		out[i] = merchantProblem{p.Code, p.Text, p.Warning}
	}
	return out
}

func (a *API) listMerchants(ctx context.Context, _ *empty) (*body[page[merchantView]], error) {
	ms, err := a.Refunds.Merchants(ctx)
	if err != nil {
		return nil, err
	}
	used, err := a.Refunds.Used(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]merchantView, len(ms))
	for i := range ms {
		views[i] = a.merchantViewOf(&ms[i], used)
	}
	return pageOf(views, ""), nil
}

func (a *API) merchantView(ctx context.Context, m *refund.Merchant) (*body[merchantView], error) {
	used, err := a.Refunds.Used(ctx)
	if err != nil {
		return nil, err
	}
	return &body[merchantView]{a.merchantViewOf(m, used)}, nil
}

func (b MerchantBody) input() refund.MerchantInput {
	in := refund.MerchantInput{Name: b.Name, MchID: b.MchID, SpMchID: b.SpMchID, CertSerial: b.CertSerial, CertPEM: b.CertPEM, P12Base64: b.P12Base64}
	if b.APIv3Key != nil {
		v := secret.New(*b.APIv3Key)
		in.APIv3Key = &v
	}
	if b.PrivateKeyPEM != nil {
		v := secret.New(*b.PrivateKeyPEM)
		in.PrivateKeyPEM = &v
	}
	if b.P12Password != nil {
		in.P12Password = secret.New(*b.P12Password)
	}
	if v := b.Verify; v != nil {
		in.VerifyMode, in.VerifyID, in.VerifyPEM = &v.Mode, &v.SerialOrID, &v.PEM
	}
	return in
}

// recordMerchant writes who changed a merchant, without its secrets.
func (a *API) recordMerchant(verb string) func(context.Context, db.Tx, *refund.Merchant) error {
	return func(ctx context.Context, tx db.Tx, m *refund.Merchant) error {
		return a.Identity.Record(ctx, tx, identity.Entry{Verb: verb, Object: "merchant", ObjectID: m.ID, Detail: map[string]any{"name": m.Name, "mchid": m.MchID}})
	}
}

func (a *API) createMerchant(ctx context.Context, in *newMerchantInput) (*body[merchantView], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	m, err := a.Refunds.CreateMerchant(ctx, in.Body.input(), a.recordMerchant("create"))
	if err != nil {
		return nil, err
	}
	return a.merchantView(ctx, m)
}

func (a *API) inspectCredentials(_ context.Context, in *inspectInput) (*body[inspectView], error) {
	x := a.Refunds.Inspect(in.Body.PEM, in.Body.P12Base64, in.Body.P12Password, in.Body.PrivateKeyPEM)
	return &body[inspectView]{inspectView{
		Kind: x.Kind, Text: x.Text, OK: x.OK, Serial: orNil(x.Serial), MchID: orNil(x.MchID), ExpiresAt: x.ExpiresAt.Ptr(), KeyMatch: x.KeyMatch,
	}}, nil
}

func (a *API) getMerchant(ctx context.Context, in *ByID) (*body[merchantView], error) {
	m, err := a.Refunds.Merchant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.merchantView(ctx, m)
}

func (a *API) updateMerchant(ctx context.Context, in *updateMerchantInput) (*body[merchantView], error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	m, err := a.Refunds.UpdateMerchant(ctx, in.ID, in.Body.input(), a.recordMerchant("update"))
	if err != nil {
		return nil, err
	}
	return a.merchantView(ctx, m)
}

func (a *API) deleteMerchant(ctx context.Context, in *ByID) (*empty, error) {
	if err := wholeInstallation(ctx); err != nil {
		return nil, err
	}
	return &empty{}, a.Refunds.DeleteMerchant(ctx, in.ID, a.recordMerchant("delete"))
}

func (a *API) checkMerchant(ctx context.Context, in *ByID) (*body[checkView], error) {
	c, err := a.Refunds.CheckMerchant(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[checkView]{checkView{c.OK, problemViews(c.Problems)}}, nil
}
