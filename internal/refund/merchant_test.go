package refund

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/testkit"
	"github.com/zhisu/zhisu/internal/testkit/paykit"
	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

func TestCredentialsAreCheckedOnSave(t *testing.T) {
	onEngines(t, func(w *world) {
		other := w.open("1900000202", "both")
		expired := paykit.Certificate(t, paykit.Keys()[0], other.MchID, w.clock.Now().AddDate(-6, 0, 0), w.clock.Now().AddDate(-1, 0, 0))
		foreign := paykit.Certificate(t, paykit.Keys()[3], other.MchID, w.clock.Now().AddDate(-1, 0, 0), w.clock.Now().AddDate(1, 0, 0))
		for name, row := range map[string]struct {
			field  string
			mutate func(in *MerchantInput)
		}{
			"short APIv3 key":      {"api_v3_key", func(in *MerchantInput) { in.APIv3Key = ptr(secret.New("0123456789abcdef")) }},
			"certificate as key":   {"private_key_pem", func(in *MerchantInput) { in.PrivateKeyPEM = ptr(secret.New(other.CertPEM)) }},
			"key as certificate":   {"cert_pem", func(in *MerchantInput) { in.CertPEM = &other.PrivateKeyPEM }},
			"no PEM":               {"private_key_pem", func(in *MerchantInput) { in.PrivateKeyPEM = ptr(secret.New("hello")) }},
			"another's pair":       {"cert_pem", func(in *MerchantInput) { in.CertPEM = &foreign }},
			"platform certificate": {"cert_pem", func(in *MerchantInput) { in.CertPEM = &other.PlatformPEM }},
			"expired":              {"cert_pem", func(in *MerchantInput) { in.CertPEM = &expired }},
			"another mchid":        {"cert_pem", func(in *MerchantInput) { in.MchID = ptr("1900000999") }},
			"another serial":       {"cert_serial", func(in *MerchantInput) { in.CertSerial = ptr(strings.Repeat("A", 40)) }},
			"own public key": {"verify.pem", func(in *MerchantInput) {
				in.VerifyMode, in.VerifyID, in.VerifyPEM = ptr(VerifyPublicKey), &other.PublicKeyID, ptr(ownPublic(t))
			}},
			"no PUB_KEY_ID": {"verify.serial_or_id", func(in *MerchantInput) {
				in.VerifyMode, in.VerifyID, in.VerifyPEM = ptr(VerifyPublicKey), ptr("0123"), &other.PublicKeyPEM
			}},
		} {
			in := inputOf(other)
			row.mutate(&in)
			var field *FieldError
			if _, err := w.refunds.CreateMerchant(t.Context(), in, unrecorded); !errors.As(err, &field) || field.Field != row.field || field.Text == "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := w.refunds.CreateMerchant(t.Context(), inputOf(w.account), unrecorded); err == nil {
			t.Error("the same merchant twice")
		}
		m, err := w.refunds.CreateMerchant(t.Context(), inputOf(other), unrecorded)
		w.must(err)
		dump := testkit.Dump(t, w.db)
		block, _ := pem.Decode([]byte(other.PrivateKeyPEM))
		for _, s := range []string{other.APIv3Key, base64.StdEncoding.EncodeToString(block.Bytes)[:60]} {
			if strings.Contains(dump, s) {
				t.Error("a secret is stored in clear")
			}
		}
		c, err := w.refunds.CheckMerchant(t.Context(), m.ID)
		w.must(err)
		if !c.OK {
			t.Errorf("a good merchant: %+v", c)
		}
	})
}

func ownPublic(t *testing.T) string {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(&paykit.Keys()[0].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: b}))
}

func TestAP12AloneIsEnough(t *testing.T) {
	onEngines(t, func(w *world) {
		a := w.open("1900000303", "both")
		block, _ := pem.Decode([]byte(a.CertPEM))
		cert, err := x509.ParseCertificate(block.Bytes)
		w.must(err)
		raw, err := pkcs12.Legacy.Encode(paykit.Keys()[0], cert, nil, a.MchID)
		w.must(err)
		file := base64.StdEncoding.EncodeToString(raw)
		in := MerchantInput{MchID: &a.MchID, APIv3Key: ptr(secret.New(a.APIv3Key)), P12Base64: &file}
		m, err := w.refunds.CreateMerchant(t.Context(), in, unrecorded)
		w.must(err)
		if m.CertSerial != a.CertSerial {
			t.Errorf("serial %s, want %s", m.CertSerial, a.CertSerial)
		}
		if x := w.refunds.Inspect("", file, "wrong", ""); x.OK || x.Text == "" {
			t.Errorf("a wrong password: %+v", x)
		}
	})
}

func TestAPausedMerchantWaitsAndGoesOnAfterTheRepair(t *testing.T) {
	onEngines(t, func(w *world) {
		c := w.file()
		r := w.submit(c, 100)
		w.fail("pay.refund.create", "401 SIGN_ERROR")
		w.step(r)
		w.state(r, Queued, CodePaused)
		m, err := w.refunds.Merchant(t.Context(), w.merchant.ID)
		w.must(err)
		if m.PausedUntil.IsZero() || m.PauseReason == "" {
			t.Error("the merchant is not paused")
		}
		second := w.submit(w.file(), 100)
		w.must(w.refunds.Advance(t.Context(), AdvanceArgs{RefundID: second.ID, Turn: second.Turn}))
		w.state(second, Queued, CodePaused)
		if got := w.reload(second); got.Tries != 0 {
			t.Error("a paused merchant was called")
		}
		_, err = w.refunds.UpdateMerchant(t.Context(), m.ID, MerchantInput{Name: ptr("满山")}, unrecorded)
		w.must(err)
		if got := w.reload(second); got.NextAt.Time().After(w.clock.Now()) {
			t.Error("the refund still waits after the repair")
		}
		w.drive(r, 4)
		w.drive(second, 4)
		w.state(r, Done, "")
		w.state(second, Done, "")
	})
}

func TestAMerchantWithAPublicKeyAlone(t *testing.T) {
	onEngines(t, func(w *world) {
		a := w.open("1900000404", "public_key")
		in := inputOf(a)
		in.VerifyMode, in.VerifyID, in.VerifyPEM = ptr(VerifyPublicKey), &a.PublicKeyID, &a.PublicKeyPEM
		m, err := w.refunds.CreateMerchant(t.Context(), in, unrecorded)
		w.must(err)
		c, err := w.refunds.CheckMerchant(t.Context(), m.ID)
		w.must(err)
		if !c.OK || len(c.Problems) != 1 || !c.Problems[0].Warning {
			t.Errorf("check: %+v", c)
		}
	})
}

func TestPeopleAreRemindedOfTheCertificatesEnd(t *testing.T) {
	onEngines(t, func(w *world) {
		w.must(w.refunds.Keep(t.Context()))
		if w.jobs("refund.expiring") != 0 {
			t.Error("reminded five years ahead")
		}
		w.clock.Advance(w.merchant.CertExpiresAt.Time().Sub(w.clock.Now()) - 59*24*time.Hour)
		for range 3 {
			w.must(w.refunds.Keep(t.Context()))
		}
		if n := w.jobs("refund.expiring"); n != 1 {
			t.Errorf("%d reminders", n)
		}
		w.clock.Advance(50 * 24 * time.Hour)
		w.must(w.refunds.Keep(t.Context()))
		if n := w.jobs("refund.expiring"); n != 2 {
			t.Errorf("%d reminders", n)
		}
	})
}

// However many refunds are open, a paused merchant is tried by one at a time, and its pause grows by one step a try.
func TestOpenRefundsDoNotLengthenAPause(t *testing.T) {
	onEngines(t, func(w *world) {
		w.outcome("PROCESSING")
		rs := []*Refund{w.submit(w.file(), 100), w.submit(w.file(), 100), w.submit(w.file(), 100)}
		for _, r := range rs {
			w.step(r)
			w.state(r, Processing, "")
		}
		for _, target := range []string{"pay.refund.create", "pay.refund.query", "pay.order", "pay.certificates"} {
			w.must(w.pay.AddFault(paysim.Fault{Target: target, HTTPStatus: http.StatusUnauthorized, Code: "SIGN_ERROR", Times: 1000}))
		}
		before := w.pay.Calls()
		w.clock.Advance(time.Hour)
		all := func() {
			for range 3 {
				for _, r := range rs {
					now := w.reload(r)
					w.must(w.refunds.Advance(t.Context(), AdvanceArgs{RefundID: now.ID, Turn: now.Turn}))
					w.must(w.refunds.Look(t.Context(), LookArgs{RefundID: now.ID}))
				}
			}
		}
		for tries := int64(1); tries <= 3; tries++ {
			all()
			m, err := w.refunds.Merchant(t.Context(), w.merchant.ID)
			w.must(err)
			asked := w.pay.Calls() - before
			if want := w.clock.Now().Add(pauseSteps[tries-1]); m.Pauses != tries || !m.PausedUntil.Time().Equal(want) || asked != tries {
				t.Fatalf("after %d tries: %d pauses, until %s, want %s; WeChat Pay was asked %d times", tries, m.Pauses, m.PausedUntil.Time(), want, asked)
			}
			w.clock.Advance(m.PausedUntil.Time().Sub(w.clock.Now()) + 6*time.Second)
		}
		w.pay.ClearFaults()
		w.outcome("SUCCESS")
		for _, x := range w.pay.Ledger().Refunds {
			w.must(w.pay.SetStatus(x.OutRefundNo, "SUCCESS"))
		}
		all()
		for _, r := range rs {
			w.state(r, Done, "")
		}
		m, err := w.refunds.Merchant(t.Context(), w.merchant.ID)
		w.must(err)
		if !m.PausedUntil.IsZero() {
			t.Error("still paused after WeChat Pay took the credentials")
		}
	})
}
