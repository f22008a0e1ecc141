package refund

import (
	"strings"

	"github.com/zhisu/zhisu/internal/wxpay"
)

// fillVerify checks with what WeChat Pay's answers are verified.
func (s *Service) fillVerify(m *Merchant, in MerchantInput) error {
	if in.VerifyMode == nil && in.VerifyID == nil && in.VerifyPEM == nil {
		return s.verifyComplete(m)
	}
	if in.VerifyMode != nil {
		if *in.VerifyMode != m.VerifyMode {
			m.VerifyID, m.VerifyPEM = "", ""
		}
		m.VerifyMode = *in.VerifyMode
	}
	if in.VerifyID != nil && strings.TrimSpace(*in.VerifyID) != "" {
		m.VerifyID = strings.TrimSpace(*in.VerifyID)
	}
	if in.VerifyPEM != nil && strings.TrimSpace(*in.VerifyPEM) != "" {
		m.VerifyPEM = strings.TrimSpace(*in.VerifyPEM)
	}
	return s.verifyComplete(m)
}

func (s *Service) verifyComplete(m *Merchant) error {
	switch m.VerifyMode {
	case VerifyPublicKey:
		if !pubIDForm.MatchString(m.VerifyID) {
			return &FieldError{"verify.serial_or_id", "公钥 ID 以 PUB_KEY_ID_ 开头，在商户平台 账户中心 → API安全 → 微信支付公钥 查看"}
		}
		pub, err := wxpay.ParsePublicKey(m.VerifyPEM)
		if err != nil {
			return inputField("verify.pem", err)
		}
		have, err := s.sealer.Open(s.place("private_key_sealed", m.ID), m.PrivateKeySealed)
		if err != nil {
			return err
		}
		if key, err := wxpay.ParsePrivateKey(have.Reveal()); err == nil && key.PublicKey.Equal(pub) {
			return &FieldError{"verify.pem", "这是商户自己的公钥，需要的是微信支付公钥 pub_key.pem"}
		}
	case VerifyCert:
		if m.VerifyPEM == "" {
			return nil // fetched from WeChat Pay
		}
		cert, err := wxpay.ParseCertificate(m.VerifyPEM)
		if err != nil {
			return inputField("verify.pem", err)
		}
		if m.CertPEM != "" && wxpay.SameSerial(wxpay.SerialOf(cert), m.CertSerial) {
			return &FieldError{"verify.pem", "这是商户自己的证书，需要的是微信支付平台证书；也可以留空，由知诉自动获取"}
		}
		if m.VerifyID != "" && !wxpay.SameSerial(m.VerifyID, wxpay.SerialOf(cert)) {
			return &FieldError{"verify.serial_or_id", "序列号和平台证书不一致，证书的序列号是 " + wxpay.SerialOf(cert)}
		}
		m.VerifyID = wxpay.SerialOf(cert)
	default:
		return &FieldError{"verify.mode", "请选择用平台证书还是微信支付公钥验签"}
	}
	return nil
}
