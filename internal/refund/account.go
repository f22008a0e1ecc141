package refund

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wxpay"
)

const (
	readTimeout   = 10 * time.Second // calls that change nothing
	submitTimeout = 20 * time.Second
	certsAskEvery = time.Minute    // at most, however many unknown serials come
	certsMaxAge   = 12 * time.Hour // reference §2.3: daily or oftener
)

var errNoCerts = errors.New("no platform certificate is known yet")

// account opens a merchant's credentials, without the network.
func (s *Service) account(m *Merchant) (*wxpay.Account, error) {
	a := &wxpay.Account{MchID: m.MchID, SpMchID: m.SpMchID, Serial: m.CertSerial}
	pem, err := s.sealer.Open(s.place("private_key_sealed", m.ID), m.PrivateKeySealed)
	if err != nil {
		return nil, err
	}
	if a.Key, err = wxpay.ParsePrivateKey(pem.Reveal()); err != nil {
		return nil, fmt.Errorf("read private key: %w", err)
	}
	for column, sealed := range map[string]string{"api_v3_key_sealed": m.APIv3KeySealed, "prev_api_v3_key_sealed": m.PrevAPIv3KeySealed} {
		key, err := s.sealer.Open(s.place(column, m.ID), sealed)
		switch {
		case err != nil:
			return nil, err
		case key.IsEmpty():
		case column == "api_v3_key_sealed":
			a.APIv3Keys = append([]secret.Text{key}, a.APIv3Keys...)
		default:
			a.APIv3Keys = append(a.APIv3Keys, key)
		}
	}
	return a, s.addKeys(m, a)
}

// addKeys collects everything that may verify an answer: during a switch WeChat Pay uses both kinds (reference §2.3).
func (s *Service) addKeys(m *Merchant, a *wxpay.Account) error {
	if m.VerifyPEM != "" && m.VerifyMode == VerifyPublicKey {
		key, err := wxpay.ParsePublicKey(m.VerifyPEM)
		if err != nil {
			return fmt.Errorf("read WeChat Pay's public key: %w", err)
		}
		a.Keys.Add(m.VerifyID, key, true)
	}
	var newest time.Time
	for _, c := range m.PlatformCerts.V {
		cert, err := wxpay.ParseCertificate(c.PEM)
		if err != nil {
			continue
		}
		key, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok {
			continue
		}
		a.Keys.Add(c.Serial, key, m.VerifyMode == VerifyCert && cert.NotAfter.After(newest))
		if cert.NotAfter.After(newest) {
			newest = cert.NotAfter
		}
	}
	if m.VerifyPEM == "" || m.VerifyMode != VerifyCert {
		return nil
	}
	cert, err := wxpay.ParseCertificate(m.VerifyPEM)
	if err != nil {
		return fmt.Errorf("read platform certificate: %w", err)
	}
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
		a.Keys.Add(m.VerifyID, key, false)
	}
	return nil
}

// ready is account with at least one key to verify with, fetched if need be.
func (s *Service) ready(ctx context.Context, m *Merchant) (*wxpay.Account, error) {
	a, err := s.account(m)
	if err != nil || !a.Keys.Empty() {
		return a, err
	}
	if err := s.fetchCerts(ctx, m); err != nil {
		return nil, err
	}
	if a, err = s.account(m); err == nil && a.Keys.Empty() {
		err = errNoCerts
	}
	return a, err
}

// fetchCerts asks WeChat Pay for its certificates, at most once a minute per merchant, and stores them.
func (s *Service) fetchCerts(ctx context.Context, m *Merchant) error {
	turn, err := db.Changed(s.db.Write().NewUpdate().Model((*Merchant)(nil)).Set("certs_asked_at = ?", s.now()).
		Where("id = ? AND (certs_asked_at IS NULL OR certs_asked_at <= ?)", m.ID, s.in(-certsAskEvery)).Exec(ctx))
	if err != nil {
		return fmt.Errorf("take turn: %w", err)
	}
	if !turn {
		// Somebody has just asked: what came of it is in the row.
		fresh, err := s.Merchant(ctx, m.ID)
		if err != nil {
			return err
		}
		*m = *fresh
		if len(m.PlatformCerts.V) == 0 {
			return errNoCerts
		}
		return nil
	}
	a, err := s.account(m)
	if err != nil {
		return err
	}
	cctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	certs, err := s.pay.Certificates(cctx, a)
	if err != nil {
		return err
	}
	m.PlatformCerts.V, m.CertsFetchedAt, m.KeyConfirmedAt = certs, s.now(), s.now()
	_, err = s.db.Write().NewUpdate().Model(m).Column("platform_certs", "certs_fetched_at", "key_confirmed_at").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("store platform certificates: %w", err)
	}
	return nil
}

// Keep does KeepArgs: certificates are fetched anew before they end, and people are told when the merchant's own ends.
func (s *Service) Keep(ctx context.Context) error {
	ms, err := s.Merchants(ctx)
	if err != nil {
		return err
	}
	for i := range ms {
		m := &ms[i]
		if m.VerifyMode == VerifyCert && m.CertsFetchedAt < s.in(-certsMaxAge) {
			if err := s.fetchCerts(ctx, m); err != nil {
				s.log.WarnContext(ctx, "platform certificates not fetched", "merchant", m.ID, "err", err)
			}
		}
		if err := s.remind(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// remindDays are when people are told that a merchant certificate ends: it ends hard, nothing switches by itself (reference §2.4).
var remindDays = []int64{0, 1, 3, 7, 14, 30, 60}

func (s *Service) remind(ctx context.Context, m *Merchant) error {
	if m.CertExpiresAt.IsZero() {
		return nil
	}
	left := int64(m.CertExpiresAt.Time().Sub(s.clock.Now()) / (24 * time.Hour))
	for _, day := range remindDays {
		if left > day {
			continue
		}
		told := day + 1 // 0 = nobody was told
		if m.ExpiryTold != 0 && m.ExpiryTold <= told {
			return nil
		}
		return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
			ok, err := db.Changed(tx.NewUpdate().Model((*Merchant)(nil)).Set("expiry_told = ?", told).Where("id = ? AND expiry_told = ?", m.ID, m.ExpiryTold).Exec(ctx))
			if err != nil || !ok {
				return err
			}
			return tx.Enqueue(ctx, ExpiringArgs{MerchantID: m.ID, Days: max(left, 0), At: m.CertExpiresAt}, nil)
		})
	}
	return nil
}

// KeepArgs is the job that keeps certificates fresh.
type KeepArgs struct{}

// Kind implements river.JobArgs.
func (KeepArgs) Kind() string { return "refund.keep" }

// pauses of a merchant whose credentials are refused, by how often in a row.
var pauseSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// probeWait is for how long one refund has a paused merchant for itself.
const probeWait = 30 * time.Second

// pause stops a merchant's refunds: our credentials or our clock are wrong, and that is no failure of a refund. Of several calls that are refused at the same time the first
// one counts: the pause grows by one step for each try that was let through, however many refunds are open.
func (s *Service) pause(ctx context.Context, m *Merchant, e *wxpay.Error) (db.Time, error) {
	until := s.in(pauseSteps[min(int(m.Pauses), len(pauseSteps)-1)])
	_, err := s.db.Write().NewUpdate().Model((*Merchant)(nil)).Set("paused_until = ?, pauses = pauses + 1, pause_reason = ?", until, s.pauseReason(e)).
		Where("id = ? AND version = ? AND pauses = ?", m.ID, m.Version, m.Pauses).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("pause merchant: %w", err)
	}
	s.log.WarnContext(ctx, "WeChat Pay refuses a merchant's credentials; its refunds wait", "merchant", m.ID, "code", e.Code, "until", until.Time())
	return until, nil
}

func (s *Service) pauseReason(e *wxpay.Error) string {
	if p := s.configProblem(e); p.Text != "" {
		return p.Text
	}
	return "微信支付拒绝了请求"
}

// configProblem says what is wrong with credentials, as far as WeChat Pay's message tells.
func (s *Service) configProblem(e *wxpay.Error) Problem {
	skew, seen := s.pay.Skew()
	switch {
	case errors.Is(e, wxpay.ErrCipher):
		return Problem{Code: "api_v3_key", Text: "APIv3 密钥不对：解不开微信支付加密的内容"}
	case e.Code == wxpay.CodeMchNotExists:
		return Problem{Code: "mchid", Text: "微信支付没有这个商户号"}
	case seen && (skew > maxSkew || skew < -maxSkew), strings.Contains(e.Message, "时间戳"), strings.Contains(strings.ToLower(e.Message), "timestamp"):
		return Problem{Code: "clock", Text: fmt.Sprintf("服务器时间和微信支付相差 %d 秒，请校准服务器时间", int64(skew.Abs()/time.Second))}
	case strings.Contains(e.Message, "序列号"), strings.Contains(e.Message, "证书"), strings.Contains(strings.ToLower(e.Message), "serial"):
		return Problem{Code: "cert_serial", Text: "商户证书序列号不对，或者证书已失效"}
	}
	return Problem{Code: "signature", Text: "签名没有通过：私钥、证书序列号和商户号不是一套"}
}

// maxSkew is how far the clocks may be apart before WeChat Pay refuses (reference §2.1); warnSkew is when people should know.
const (
	maxSkew  = 5 * time.Minute
	warnSkew = time.Minute
)

// admit tells whether a merchant may be asked to move money now; else until when not.
func (s *Service) admit(ctx context.Context, m *Merchant) (ok bool, until db.Time, err error) {
	if m.HoldUntil > s.now() {
		return false, m.HoldUntil, nil
	}
	return s.pass(ctx, m)
}

// pass tells whether a merchant may be called at all; else until when not. One refund may try a paused merchant when its time is over, be it by a query: the others would
// only be refused as well, and WeChat Pay counts failing calls.
func (s *Service) pass(ctx context.Context, m *Merchant) (ok bool, until db.Time, err error) {
	now := s.now()
	switch {
	case m.PausedUntil.IsZero():
		return true, 0, nil
	case m.PausedUntil > now:
		return false, m.PausedUntil, nil
	}
	next := s.in(probeWait)
	ok, err = db.Changed(s.db.Write().NewUpdate().Model((*Merchant)(nil)).Set("paused_until = ?", next).Where("id = ? AND paused_until = ?", m.ID, m.PausedUntil).Exec(ctx))
	if err != nil {
		return false, 0, fmt.Errorf("try paused merchant: %w", err)
	}
	return ok, next, nil
}

// works ends a merchant's pause: WeChat Pay took its credentials.
func (s *Service) works(ctx context.Context, m *Merchant) error {
	if m.PausedUntil.IsZero() && m.Pauses == 0 {
		return nil
	}
	return s.db.InTx(ctx, func(ctx context.Context, tx db.Tx) error {
		ok, err := db.Changed(tx.NewUpdate().Model((*Merchant)(nil)).Set("paused_until = NULL, pauses = 0, pause_reason = ''").Where("id = ? AND version = ?", m.ID, m.Version).Exec(ctx))
		if err != nil || !ok {
			return err
		}
		return s.wake(ctx, tx, m.ID)
	})
}

// failGap spreads failing calls out: six a second per mchid is WeChat Pay's limit (reference §1.4).
const failGap = 2 * time.Second

func (s *Service) hold(ctx context.Context, m *Merchant) error {
	if _, err := s.db.Write().NewUpdate().Model((*Merchant)(nil)).Set("hold_until = ?", s.in(failGap)).Where("id = ?", m.ID).Exec(ctx); err != nil {
		return fmt.Errorf("hold merchant: %w", err)
	}
	return nil
}
