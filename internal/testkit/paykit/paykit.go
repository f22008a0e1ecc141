// Package paykit makes the simulator's WeChat Pay handy for tests that hold every moment of a call in their hand.
package paykit

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zhisu/zhisu/internal/wechatsim/paysim"
)

// Keys are made once per process, since that takes long: a merchant's own, those behind the platform certificate and the public key, and a stranger's.
var Keys = sync.OnceValue(func() []*rsa.PrivateKey {
	out := make([]*rsa.PrivateKey, 4)
	for i := range out {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out[i] = k
	}
	return out
})

// New is a WeChat Pay by one clock, whose banks take no time. All of its merchants have the same keys.
func New(t testing.TB, now func() time.Time) *paysim.Host {
	t.Helper()
	h := paysim.New(paysim.Options{Now: now, Wall: now, Key: func(i int) (*rsa.PrivateKey, error) { return Keys()[i], nil }})
	at := int64(0)
	if err := h.Set(paysim.Settings{SettleMS: &at}); err != nil {
		t.Fatal(err)
	}
	return h
}

// Fail lets the next call of each mode go wrong, one after the other, instead of what was armed before. A mode is one of the simulator's, or "403 NOT_ENOUGH": a status and code
// without any effect. "" = the call succeeds.
func Fail(t testing.TB, h *paysim.Host, target string, modes ...string) {
	t.Helper()
	h.ClearFaults()
	for _, mode := range modes {
		f := paysim.Fault{Target: target, Mode: mode}
		if status, code, ok := strings.Cut(mode, " "); ok {
			n, err := strconv.Atoi(status)
			if err != nil {
				t.Fatal(err)
			}
			f.Mode, f.HTTPStatus, f.Code = "", n, code
		}
		if mode == "" {
			continue
		}
		if err := h.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
}

// Outcome chooses what becomes of refunds that are made from now on.
func Outcome(t testing.TB, h *paysim.Host, status string) {
	t.Helper()
	if err := h.Set(paysim.Settings{Outcome: &status}); err != nil {
		t.Fatal(err)
	}
}

// Moved is the money given back for an order, everything that is not closed.
func Moved(h *paysim.Host, transactionID string) (fen int64, refunds int) {
	l := h.Ledger()
	for i := range l.Refunds {
		if r := &l.Refunds[i]; r.TransactionID == transactionID && r.Status != "CLOSED" {
			refunds++
		}
	}
	return l.Totals[transactionID], refunds
}

// Certificate signs a key's certificate with itself.
func Certificate(t testing.TB, key *rsa.PrivateKey, name string, from, to time.Time) string {
	t.Helper()
	serial := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x5A), 150), big.NewInt(from.UnixNano()))
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(fmt.Errorf("make certificate: %w", err))
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
