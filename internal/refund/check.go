package refund

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/wxpay"
)

// CheckMerchant asks WeChat Pay something harmless with a merchant's credentials, says in words what is wrong, and remembers it. Nothing of it moves money: the
// certificates are read, and a refund number that nobody has used is asked for (reference §2.5).
func (s *Service) CheckMerchant(ctx context.Context, id string) (*Check, error) {
	m, err := s.Merchant(ctx, id)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*readTimeout)
	defer cancel()
	c := &Check{At: s.now(), Problems: []Problem{}}
	problems, err := s.check(ctx, m)
	if err != nil {
		return nil, err
	}
	c.Problems = append(c.Problems, problems...)
	c.OK = true
	for _, p := range c.Problems {
		c.OK = c.OK && p.Warning
	}
	if _, err := s.db.Write().NewUpdate().Model((*Merchant)(nil)).Set("last_check = ?", db.AsJSON(c)).Where("id = ?", id).Exec(ctx); err != nil {
		return nil, fmt.Errorf("store check: %w", err)
	}
	if c.OK {
		if err := s.works(ctx, m); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (s *Service) check(ctx context.Context, m *Merchant) ([]Problem, error) {
	a, err := s.account(m)
	if err != nil {
		return nil, err
	}
	out := s.offline(m)
	certs, err := s.pay.Certificates(ctx, a)
	switch e := wxErr(err); {
	case err == nil:
		if err := s.keepCerts(ctx, m, certs); err != nil {
			return nil, err
		}
		if a, err = s.account(m); err != nil {
			return nil, err
		}
	case e == nil:
		return nil, err
	case e.Class == wxpay.Absent && m.VerifyMode == VerifyPublicKey:
		// Merchants that have only a public key have no certificates: no fault.
	case e.Class == wxpay.Absent:
		return append(out, Problem{Code: "public_key_only", Text: "这个商户号没有平台证书，只有微信支付公钥。请把验签方式改为微信支付公钥，并填写公钥 ID 和 pub_key.pem"}), nil
	case e.Class == wxpay.Config:
		return append(out, s.configProblem(e)), nil
	case m.VerifyMode == VerifyCert:
		return append(out, reachProblem(e)), nil
	}
	return append(out, s.probe(ctx, m, a)...), nil
}

func (s *Service) keepCerts(ctx context.Context, m *Merchant, certs []wxpay.PlatformCert) error {
	m.PlatformCerts.V, m.CertsFetchedAt, m.KeyConfirmedAt = certs, s.now(), s.now()
	if _, err := s.db.Write().NewUpdate().Model(m).Column("platform_certs", "certs_fetched_at", "key_confirmed_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("store platform certificates: %w", err)
	}
	return nil
}

// probe asks for a refund that does not exist: "not there" means that the signature was taken.
func (s *Service) probe(ctx context.Context, m *Merchant, a *wxpay.Account) []Problem {
	out := []Problem{}
	_, err := s.pay.QueryRefund(ctx, a, "zs-check-"+strings.ReplaceAll(db.NewID(), "-", ""))
	e := wxErr(err)
	switch {
	case e == nil || e.Class == wxpay.Absent:
	case e.Class == wxpay.Config:
		out = append(out, s.configProblem(e))
	case errors.Is(e, wxpay.ErrSignature), errors.Is(e, wxpay.ErrUnknownSerial):
		out = append(out, Problem{Code: "verify", Text: "核对不了微信支付的签名：微信支付公钥（或平台证书）和它的 ID 不是这个商户号的"})
	case e.Class == wxpay.Never:
		out = append(out, Problem{Code: "no_auth", Text: "微信支付没有给这个商户号退款的权限：" + e.Message})
	default:
		out = append(out, reachProblem(e))
	}
	if m.KeyConfirmedAt.IsZero() && m.VerifyMode == VerifyPublicKey {
		out = append(out, Problem{Code: "api_v3_key_unconfirmed", Text: "公钥模式下 APIv3 密钥要等收到第一条退款通知才能确认；不影响退款", Warning: true})
	}
	if skew, seen := s.pay.Skew(); seen && skew.Abs() > warnSkew {
		out = append(out, Problem{Code: "clock", Text: fmt.Sprintf("服务器时间和微信支付相差 %d 秒，超过 5 分钟就不能退款，请校准服务器时间", int64(skew.Abs()/time.Second)), Warning: true})
	}
	return out
}

func (s *Service) offline(m *Merchant) []Problem {
	left := m.CertExpiresAt.Time().Sub(s.clock.Now())
	switch {
	case m.CertExpiresAt.IsZero():
		return []Problem{{Code: "cert_unknown", Text: "没有上传商户证书，不知道它什么时候到期", Warning: true}}
	case left <= 0:
		return []Problem{{Code: "cert_expired", Text: "商户证书已经到期，请在商户平台申请新证书"}}
	case left < 60*24*time.Hour:
		return []Problem{{Code: "cert_expiring", Text: fmt.Sprintf("商户证书还有 %d 天到期，请提前申请新证书", int64(left/(24*time.Hour))), Warning: true}}
	}
	return []Problem{}
}

func wxErr(err error) *wxpay.Error {
	e, _ := errors.AsType[*wxpay.Error](err)
	return e
}

func reachProblem(e *wxpay.Error) Problem {
	if e.HTTPStatus == 0 {
		return Problem{Code: "unreachable", Text: "连不上微信支付，请检查服务器的网络"}
	}
	if e.Code != "" {
		return Problem{Code: "upstream", Text: "微信支付暂时没有正常回答（" + e.Code + "），请稍后再试"}
	}
	return Problem{Code: "upstream", Text: "微信支付暂时没有正常回答，请稍后再试"}
}

// Inspected is what a pasted text or file turns out to be.
type Inspected struct {
	Kind      string // private_key, certificate, public_key, p12, unknown
	Text      string
	OK        bool
	Serial    string
	MchID     string
	ExpiresAt db.Time
	KeyMatch  *bool
}

// Inspect says what a PEM or a .p12 is. Nothing is stored.
func (s *Service) Inspect(pem, p12, password, privateKey string) Inspected {
	if p12 != "" {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(p12))
		if err != nil {
			return Inspected{Kind: "p12", Text: "文件内容不完整，请重新选择"}
		}
		key, cert, err := wxpay.ParseP12(raw, password)
		if err != nil {
			return Inspected{Kind: "p12", Text: inputText(err)}
		}
		out := s.inspectCert(cert, key)
		out.Kind = "p12"
		return out
	}
	switch wxpay.KindOf(pem) {
	case wxpay.KindPrivateKey:
		if _, err := wxpay.ParsePrivateKey(pem); err != nil {
			return Inspected{Kind: wxpay.KindPrivateKey, Text: inputText(err)}
		}
		return Inspected{Kind: wxpay.KindPrivateKey, Text: "商户私钥，格式正确", OK: true}
	case wxpay.KindPublicKey:
		if _, err := wxpay.ParsePublicKey(pem); err != nil {
			return Inspected{Kind: wxpay.KindPublicKey, Text: inputText(err)}
		}
		return Inspected{Kind: wxpay.KindPublicKey, Text: "公钥，格式正确", OK: true}
	case wxpay.KindCertificate:
		return s.inspectCert(pem, privateKey)
	}
	return Inspected{Kind: "unknown", Text: "不是 PEM 格式。请用记事本打开文件，复制从 -----BEGIN 到 -----END 的全部内容"}
}

func inputText(err error) string {
	if in, ok := errors.AsType[*wxpay.InputError](err); ok {
		return in.Text
	}
	return "内容无法识别"
}

func (s *Service) inspectCert(text, privateKey string) Inspected {
	out := Inspected{Kind: wxpay.KindCertificate}
	cert, err := wxpay.ParseCertificate(text)
	if err != nil {
		out.Text = inputText(err)
		return out
	}
	out.Serial, out.ExpiresAt, out.OK = wxpay.SerialOf(cert), db.At(cert.NotAfter), true
	out.Text = "商户证书，格式正确"
	if mchidForm.MatchString(cert.Subject.CommonName) {
		out.MchID = cert.Subject.CommonName
	} else {
		out.Text = "证书的名称不是商户号，可能是微信支付平台证书"
	}
	if s.clock.Now().After(cert.NotAfter) {
		out.OK, out.Text = false, "证书已在 "+cert.NotAfter.Format("2006-01-02")+" 到期"
	}
	if key, err := wxpay.ParsePrivateKey(privateKey); err == nil {
		match := wxpay.KeyMatches(cert, key)
		out.KeyMatch = &match
		if !match {
			out.OK, out.Text = false, "证书和私钥不是一对"
		}
	}
	return out
}
