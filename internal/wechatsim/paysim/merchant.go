package paysim

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"
)

// How a merchant verifies what WeChat Pay says (reference §2.3).
const (
	byCertificate = "platform_cert"
	byPublicKey   = "public_key"
	byBoth        = "both"
)

// Merchant describes a 商户号 to be made; empty fields are filled in.
type Merchant struct {
	MchID string `json:"mchid"`
	// Verify is platform_cert (default), public_key or both.
	Verify string `json:"verify"`
	// AppIDs are the programs whose orders it is paid for; the first merchant is paid for all that nobody names.
	AppIDs []string `json:"appids"`
	// SubMchIDs makes it a service provider of these sub-merchants, which are made on the way.
	SubMchIDs []string `json:"sub_mchids"`
	// Balance in fen; absent = enough.
	Balance *int64 `json:"balance"`
}

// Credentials are what a merchant copies out of WeChat Pay's console.
type Credentials struct {
	MchID          string `json:"mchid"`
	APIv3Key       string `json:"api_v3_key"`
	CertSerial     string `json:"cert_serial"`
	PrivateKeyPEM  string `json:"private_key_pem"`
	CertPEM        string `json:"cert_pem"`
	PlatformSerial string `json:"platform_serial"`
	PlatformPEM    string `json:"platform_cert_pem"`
	PublicKeyID    string `json:"public_key_id"`
	PublicKeyPEM   string `json:"public_key_pem"`
	Verify         string `json:"verify"`
}

type merchant struct {
	Credentials
	key      *rsa.PrivateKey // the merchant's own
	platform *rsa.PrivateKey // behind the platform certificate
	public   *rsa.PrivateKey // behind 微信支付公钥
	subs     []string
	balance  *int64
}

// AddMerchant makes a merchant with keys and certificates of its own.
func (h *Host) AddMerchant(m Merchant) (Credentials, error) {
	if m.Verify == "" {
		m.Verify = byCertificate
	}
	if !slices.Contains([]string{byCertificate, byPublicKey, byBoth}, m.Verify) {
		return Credentials{}, fmt.Errorf("add a merchant: %w: verify %q", ErrInvalid, m.Verify)
	}
	if m.MchID == "" {
		m.MchID = "16" + digits(8)
	}
	made, err := h.makeMerchant(m)
	if err != nil {
		return Credentials{}, fmt.Errorf("add a merchant: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.merchants[m.MchID]; ok {
		return Credentials{}, fmt.Errorf("add a merchant: %w: %s exists", ErrInvalid, m.MchID)
	}
	h.merchants[m.MchID] = made
	if h.first == "" {
		h.first = m.MchID
	}
	for _, id := range m.AppIDs {
		h.byApp[id] = m.MchID
	}
	return made.Credentials, nil
}

// SetBalance sets what a merchant has; nil = enough.
func (h *Host) SetBalance(mchid string, fen *int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.merchants[mchid]
	if m == nil {
		return fmt.Errorf("set a balance: merchant %q: %w", mchid, ErrNotFound)
	}
	m.balance = fen
	return nil
}

// Merchants lists what was made, with everything that its owner could copy.
func (h *Host) Merchants() []Credentials {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []Credentials{}
	for _, m := range h.merchants {
		out = append(out, m.Credentials)
	}
	slices.SortFunc(out, func(a, b Credentials) int { return strings.Compare(a.MchID, b.MchID) })
	return out
}

func (h *Host) makeMerchant(m Merchant) (*merchant, error) {
	now := h.wall()
	keys := make([]*rsa.PrivateKey, 3)
	errs := make([]error, 3)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() { keys[i], errs[i] = h.key(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	out := &merchant{key: keys[0], platform: keys[1], public: keys[2], subs: m.SubMchIDs, balance: m.Balance}
	out.MchID, out.Verify, out.APIv3Key = m.MchID, m.Verify, hexText(16)
	var err error
	if out.CertSerial, out.CertPEM, err = certificate(keys[0], m.MchID, now); err != nil {
		return nil, err
	}
	if out.PlatformSerial, out.PlatformPEM, err = certificate(keys[1], "Tenpay.com sign", now); err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(keys[0])
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&keys[2].PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	out.PrivateKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	out.PublicKeyPEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}))
	out.PublicKeyID = "PUB_KEY_ID_01" + m.MchID + digits(16)
	return out, nil
}

// certificate signs a key's certificate with itself; what it says of the issuer is what WeChat Pay's say (reference §2.4).
func certificate(key *rsa.PrivateKey, name string, now time.Time) (serial, text string, err error) {
	b := make([]byte, 20)
	if _, err := rand.Read(b); err != nil {
		return "", "", fmt.Errorf("make serial: %w", err)
	}
	b[0] = b[0]&0x7f | 0x40 // 40 hexadecimal digits, and positive
	c := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(b), Subject: pkix.Name{CommonName: name, Organization: []string{"Tenpay.com"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(5, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	issuer := &x509.Certificate{Subject: pkix.Name{CommonName: "Tenpay.com Root CA", Organization: []string{"Tenpay.com"}}, SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, &key.PublicKey, key)
	if err != nil {
		return "", "", fmt.Errorf("make certificate: %w", err)
	}
	return strings.ToUpper(hex.EncodeToString(b)), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}

func hexText(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	return hex.EncodeToString(b)
}

func digits(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // documented never to fail
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
