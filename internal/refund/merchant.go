package refund

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// MerchantInput is what staff enter; nil fields stay as they are, and a new merchant needs the rest.
type MerchantInput struct {
	Name, MchID, SpMchID, CertSerial, CertPEM *string
	APIv3Key, PrivateKeyPEM                   *secret.Text
	P12Base64                                 *string
	P12Password                               secret.Text
	VerifyMode, VerifyID, VerifyPEM           *string
}

// Merchants returns all that are not removed, oldest first.
func (s *Service) Merchants(ctx context.Context) ([]Merchant, error) {
	out := []Merchant{}
	if err := s.db.Read.NewSelect().Model(&out).Where("archived_at IS NULL").Order("id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list merchants: %w", err)
	}
	return out, nil
}

// Merchant returns one, or ErrNoSuch.
func (s *Service) Merchant(ctx context.Context, id string) (*Merchant, error) {
	m := &Merchant{ID: id}
	err := s.db.Read.NewSelect().Model(m).WherePK().Where("archived_at IS NULL").Scan(ctx)
	if db.IsNotFound(err) {
		return nil, ErrNoSuch
	}
	if err != nil {
		return nil, fmt.Errorf("read merchant: %w", err)
	}
	return m, nil
}

// MerchantNames returns names by id, removed ones included.
func (s *Service) MerchantNames(ctx context.Context) (map[string]string, error) {
	var rows []Merchant
	if err := s.db.Read.NewSelect().Model(&rows).Column("id", "name").Scan(ctx); err != nil {
		return nil, fmt.Errorf("list merchants: %w", err)
	}
	out := map[string]string{}
	for _, m := range rows {
		out[m.ID] = m.Name
	}
	return out, nil
}

// Used returns the ids of the programs that use each merchant.
func (s *Service) Used(ctx context.Context) (map[string][]string, error) {
	return s.programs.OfMerchants(ctx)
}

// NotifyURL is where WeChat Pay tells about a merchant's refunds: one path each, so that the right key is known before anything is believed.
func (s *Service) NotifyURL(m *Merchant) string { return s.publicURL + "/wechatpay/notify/" + m.ID }

// CreateMerchant stores a new merchant. record writes the audit entry in the same transaction.
func (s *Service) CreateMerchant(ctx context.Context, in MerchantInput, record func(context.Context, db.Tx, *Merchant) error) (*Merchant, error) {
	m := &Merchant{ID: db.NewID(), VerifyMode: VerifyCert, Mode: Direct, Version: 1, CreatedAt: s.now(), UpdatedAt: s.now()}
	m.PlatformCerts.V = []wxpay.PlatformCert{}
	if in.APIv3Key == nil || in.APIv3Key.IsEmpty() {
		return nil, &FieldError{"api_v3_key", "请填写 APIv3 密钥"}
	}
	if in.P12Base64 == nil && (in.PrivateKeyPEM == nil || in.PrivateKeyPEM.IsEmpty()) {
		return nil, &FieldError{"private_key_pem", "请上传商户私钥 apiclient_key.pem，或 apiclient_cert.p12"}
	}
	if err := s.fill(m, in); err != nil {
		return nil, err
	}
	return m, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		if _, err := tx.NewInsert().Model(m).Exec(ctx); err != nil {
			if db.IsUnique(err) {
				return &FieldError{"mchid", "这个商户号已经添加过了"}
			}
			return fmt.Errorf("store merchant: %w", err)
		}
		return record(ctx, tx, m)
	})
}

// UpdateMerchant changes a merchant and lets its waiting refunds go on.
func (s *Service) UpdateMerchant(ctx context.Context, id string, in MerchantInput, record func(context.Context, db.Tx, *Merchant) error) (*Merchant, error) {
	m, err := s.Merchant(ctx, id)
	if err != nil {
		return nil, err
	}
	version := m.Version
	if err := s.fill(m, in); err != nil {
		return nil, err
	}
	m.Version, m.UpdatedAt = version+1, s.now()
	m.PauseReason, m.PausedUntil, m.Pauses, m.HoldUntil, m.LastCheck.V = "", 0, 0, 0, nil
	return m, s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model(m).WherePK().Where("version = ?", version).Exec(ctx))
		switch {
		case db.IsUnique(err):
			return &FieldError{"mchid", "这个商户号已经添加过了"}
		case err != nil:
			return fmt.Errorf("store merchant: %w", err)
		case !ok:
			return ErrChanged
		}
		if err := s.wake(ctx, tx, m.ID); err != nil {
			return err
		}
		return record(ctx, tx, m)
	})
}

// wake lets the refunds that wait for a merchant's settings be worked on now.
func (s *Service) wake(ctx context.Context, tx db.Tx, merchantID string) error {
	var waiting []Refund
	err := tx.NewSelect().Model(&waiting).Where("merchant_id = ? AND state IN ('queued', 'unknown', 'processing') AND next_at > ?", merchantID, s.now()).Limit(500).Scan(ctx)
	if err != nil {
		return fmt.Errorf("list waiting refunds: %w", err)
	}
	for i := range waiting {
		was, r := waiting[i], waiting[i]
		r.NextAt = s.now()
		if _, err := s.change(ctx, tx, &was, &r); err != nil {
			return err
		}
	}
	return nil
}

// DeleteMerchant removes a merchant that nothing needs any more. Its row stays for its refunds; its secrets don't.
func (s *Service) DeleteMerchant(ctx context.Context, id string, record func(context.Context, db.Tx, *Merchant) error) error {
	m, err := s.Merchant(ctx, id)
	if err != nil {
		return err
	}
	used, err := s.programs.OfMerchants(ctx)
	if err != nil {
		return err
	}
	if len(used[id]) > 0 {
		return ErrInUse
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		open, err := tx.NewSelect().Model((*Refund)(nil)).Where("merchant_id = ? AND finished_at IS NULL", id).Exists(ctx)
		if err != nil {
			return fmt.Errorf("look for open refunds: %w", err)
		}
		if open {
			return ErrInUse
		}
		_, err = tx.NewUpdate().Model((*Merchant)(nil)).
			Set("archived_at = ?, api_v3_key_sealed = '', prev_api_v3_key_sealed = '', private_key_sealed = '', version = version + 1", s.now()).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("remove merchant: %w", err)
		}
		return record(ctx, tx, m)
	})
}

func (s *Service) place(column, id string) secret.Place {
	return secret.Place{Table: "merchants", Column: column, ID: id}
}

var (
	mchidForm  = regexp.MustCompile(`^[0-9]{4,32}$`)
	apiKeyForm = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
	serialForm = regexp.MustCompile(`^[0-9A-Fa-f]{8,40}$`)
	pubIDForm  = regexp.MustCompile(`^PUB_KEY_ID_[0-9A-Za-z]{4,64}$`)
)

// fill applies what staff entered and checks the whole: reference §2.5.
func (s *Service) fill(m *Merchant, in MerchantInput) error {
	set := func(to *string, v *string) {
		if v != nil {
			*to = strings.TrimSpace(strings.TrimPrefix(*v, "\ufeff"))
		}
	}
	set(&m.Name, in.Name)
	set(&m.MchID, in.MchID)
	set(&m.SpMchID, in.SpMchID)
	m.Mode = Direct
	if m.SpMchID != "" {
		m.Mode = Partner
	}
	switch {
	case !mchidForm.MatchString(m.MchID):
		return &FieldError{"mchid", "商户号是一串数字"}
	case m.SpMchID != "" && !mchidForm.MatchString(m.SpMchID):
		return &FieldError{"sp_mchid", "服务商商户号是一串数字"}
	case m.SpMchID == m.MchID:
		return &FieldError{"sp_mchid", "服务商商户号和子商户号不能相同；普通商户请留空"}
	}
	if m.Name == "" {
		m.Name = m.MchID
	}
	if utf8.RuneCountInString(m.Name) > 64 {
		return &FieldError{"name", "名称最多 64 个字"}
	}
	if err := s.fillKeys(m, in); err != nil {
		return err
	}
	return s.fillVerify(m, in)
}

func (s *Service) fillKeys(m *Merchant, in MerchantInput) error {
	if in.APIv3Key != nil && !in.APIv3Key.IsEmpty() {
		if err := s.setAPIv3Key(m, secret.New(strings.TrimSpace(in.APIv3Key.Reveal()))); err != nil {
			return err
		}
	}
	keyPEM, certPEM := in.PrivateKeyPEM, in.CertPEM
	if in.P12Base64 != nil && *in.P12Base64 != "" {
		k, c, err := s.openP12(m, in)
		if err != nil {
			return err
		}
		keyPEM, certPEM = &k, &c
	}
	key, err := s.setPrivateKey(m, keyPEM)
	if err != nil {
		return err
	}
	return s.setCertificate(m, key, certPEM, in.CertSerial)
}

func (s *Service) openP12(m *Merchant, in MerchantInput) (key secret.Text, cert string, err error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(*in.P12Base64))
	if err != nil {
		return key, "", &FieldError{"p12_base64", "p12 文件的内容不完整，请重新选择文件"}
	}
	password := in.P12Password.Reveal()
	if password == "" {
		password = m.signer()
	}
	k, c, err := wxpay.ParseP12(raw, password)
	if err != nil {
		return key, "", inputField("p12_base64", err)
	}
	return secret.New(k), c, nil
}

// signer is the mchid whose certificate signs.
func (m *Merchant) signer() string {
	if m.SpMchID != "" {
		return m.SpMchID
	}
	return m.MchID
}

func inputField(field string, err error) error {
	if in, ok := errors.AsType[*wxpay.InputError](err); ok {
		return &FieldError{field, in.Text}
	}
	return err
}

// setAPIv3Key keeps the key before: what WeChat Pay encrypted with it may still be on its way.
func (s *Service) setAPIv3Key(m *Merchant, key secret.Text) error {
	if !apiKeyForm.MatchString(key.Reveal()) {
		return &FieldError{"api_v3_key", fmt.Sprintf("APIv3 密钥是 32 位字母和数字，现在是 %d 位", utf8.RuneCountInString(key.Reveal()))}
	}
	old, err := s.sealer.Open(s.place("api_v3_key_sealed", m.ID), m.APIv3KeySealed)
	if err != nil {
		return err
	}
	if old.Reveal() == key.Reveal() {
		return nil
	}
	if m.PrevAPIv3KeySealed, err = s.sealer.Seal(s.place("prev_api_v3_key_sealed", m.ID), old); err != nil {
		return err
	}
	m.KeyConfirmedAt = 0
	m.APIv3KeySealed, err = s.sealer.Seal(s.place("api_v3_key_sealed", m.ID), key)
	return err
}

// setPrivateKey stores a new key and returns the one in force.
func (s *Service) setPrivateKey(m *Merchant, text *secret.Text) (*rsa.PrivateKey, error) {
	if text == nil || text.IsEmpty() {
		have, err := s.sealer.Open(s.place("private_key_sealed", m.ID), m.PrivateKeySealed)
		if err != nil {
			return nil, err
		}
		return wxpay.ParsePrivateKey(have.Reveal())
	}
	key, err := wxpay.ParsePrivateKey(text.Reveal())
	if err != nil {
		return nil, inputField("private_key_pem", err)
	}
	m.PrivateKeySealed, err = s.sealer.Seal(s.place("private_key_sealed", m.ID), secret.New(wxpay.KeyPEM(key)))
	return key, err
}

// setCertificate checks that certificate, key, serial and mchid belong together. Without a certificate only the serial is known.
func (s *Service) setCertificate(m *Merchant, key *rsa.PrivateKey, text, serial *string) error {
	if text != nil && strings.TrimSpace(*text) != "" {
		m.CertPEM = strings.TrimSpace(*text)
	}
	if serial != nil && strings.TrimSpace(*serial) != "" {
		m.CertSerial = strings.ToUpper(strings.TrimSpace(*serial))
	}
	if m.CertPEM == "" {
		if !serialForm.MatchString(m.CertSerial) {
			return &FieldError{"cert_serial", "请填写商户 API 证书的序列号（40 位），或者上传证书"}
		}
		return nil
	}
	cert, err := wxpay.ParseCertificate(m.CertPEM)
	if err != nil {
		return inputField("cert_pem", err)
	}
	if err := s.checkCertificate(m, cert, key, serial); err != nil {
		return err
	}
	m.CertSerial, m.CertExpiresAt, m.ExpiryTold = wxpay.SerialOf(cert), db.At(cert.NotAfter), 0
	return nil
}

func (s *Service) checkCertificate(m *Merchant, cert *x509.Certificate, key *rsa.PrivateKey, serial *string) error {
	now := s.clock.Now()
	cn := cert.Subject.CommonName
	switch {
	case !wxpay.KeyMatches(cert, key) && mchidForm.MatchString(cn):
		return &FieldError{"cert_pem", "证书和私钥不是一对，请用同一次下载的 apiclient_cert.pem 和 apiclient_key.pem"}
	case !wxpay.KeyMatches(cert, key):
		return &FieldError{"cert_pem", "证书和私钥不是一对。这像是微信支付平台证书，这里需要的是商户 API 证书 apiclient_cert.pem"}
	case now.After(cert.NotAfter):
		return &FieldError{"cert_pem", "证书已在 " + cert.NotAfter.Format("2006-01-02") + " 到期，请在商户平台申请新证书"}
	case now.Before(cert.NotBefore):
		return &FieldError{"cert_pem", "证书还没有生效，请检查服务器的时间"}
	case mchidForm.MatchString(cn) && cn != m.signer():
		return &FieldError{"cert_pem", "这是商户号 " + cn + " 的证书，不是 " + m.signer() + " 的"}
	case serial != nil && strings.TrimSpace(*serial) != "" && !wxpay.SameSerial(*serial, wxpay.SerialOf(cert)):
		return &FieldError{"cert_serial", "序列号和证书不一致，证书的序列号是 " + wxpay.SerialOf(cert)}
	}
	return nil
}
