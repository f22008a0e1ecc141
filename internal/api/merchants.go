package api

import (
	"context"
	"net/http"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/identity"
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
	handle(a, right, op(del, "/merchants/{id}", "delete-merchant", "merchants", "Remove a merchant that no program uses; its refunds stay"), a.deleteMerchant)
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

func (a *API) listMerchants(_ context.Context, _ *empty) (*body[page[merchantView]], error) {
	return nil, errNotBuilt
}

func (a *API) createMerchant(_ context.Context, _ *newMerchantInput) (*body[merchantView], error) {
	return nil, errNotBuilt
}

func (a *API) inspectCredentials(_ context.Context, _ *inspectInput) (*body[inspectView], error) {
	return nil, errNotBuilt
}

func (a *API) getMerchant(_ context.Context, _ *ByID) (*body[merchantView], error) {
	return nil, errNotBuilt
}

func (a *API) updateMerchant(_ context.Context, _ *updateMerchantInput) (*body[merchantView], error) {
	return nil, errNotBuilt
}

func (a *API) deleteMerchant(_ context.Context, _ *ByID) (*empty, error) { return nil, errNotBuilt }

func (a *API) checkMerchant(_ context.Context, _ *ByID) (*body[checkView], error) {
	return nil, errNotBuilt
}

var errNotBuilt = problemOf(http.StatusServiceUnavailable, CodeInternal, "这项功能还没有接通")
