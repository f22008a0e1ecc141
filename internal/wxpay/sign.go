package wxpay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zhisu/zhisu/internal/secret"
)

// Account are the credentials of one call. In partner mode the service provider signs: SpMchID is its number, MchID the sub-merchant's.
type Account struct {
	MchID, SpMchID string
	// Serial is the merchant certificate's, 40 hexadecimal digits.
	Serial string
	Key    *rsa.PrivateKey
	// APIv3Keys decrypt certificates and notifications: the current one and, for a while, the one before.
	APIv3Keys []secret.Text
	Keys      Keys
}

// signer is the mchid that signs.
func (a *Account) signer() string {
	if a.SpMchID != "" {
		return a.SpMchID
	}
	return a.MchID
}

// Partner reports whether a service provider acts for a sub-merchant.
func (a *Account) Partner() bool { return a.SpMchID != "" }

// authorization is the request's signature. Source: reference §2.1.
func (a *Account) authorization(method, path string, now time.Time, nonce string, body []byte) (string, error) {
	if a.Key == nil {
		return "", errors.New("there is no private key")
	}
	ts := strconv.FormatInt(now.Unix(), 10)
	sum := sha256.Sum256([]byte(method + "\n" + path + "\n" + ts + "\n" + nonce + "\n" + string(body) + "\n"))
	sig, err := rsa.SignPKCS1v15(rand.Reader, a.Key, crypto.SHA256, sum[:])
	if err != nil {
		return "", errors.New("sign request: the private key does not work")
	}
	return fmt.Sprintf(`WECHATPAY2-SHA256-RSA2048 mchid="%s",nonce_str="%s",signature="%s",timestamp="%s",serial_no="%s"`,
		a.signer(), nonce, base64.StdEncoding.EncodeToString(sig), ts, a.Serial), nil
}

// PublicKeyPrefix begins the id of WeChat Pay's public key, in headers too.
const PublicKeyPrefix = "PUB_KEY_ID_"

// probePrefix begins the deliberately wrong signatures that WeChat Pay sends now and then (reference §1.10).
const probePrefix = "WECHATPAY/SIGNTEST/"

// window is how far a signature's time may be off, both ways.
const window = 300 * time.Second

// Keys are WeChat Pay's public keys by serial or PUB_KEY_ID. During a switch both kinds are in use (reference §2.3).
type Keys struct {
	byID   map[string]*rsa.PublicKey
	prefer string
}

// Add adds a key. The first one is named in requests, unless a later one has prefer.
func (k *Keys) Add(id string, key *rsa.PublicKey, prefer bool) {
	if k.byID == nil {
		k.byID = map[string]*rsa.PublicKey{}
	}
	k.byID[canonical(id)] = key
	if prefer || k.prefer == "" {
		k.prefer = id
	}
}

func (k *Keys) merge(other Keys) {
	for id, key := range other.byID {
		k.Add(id, key, false)
	}
}

// Empty reports whether no key is known.
func (k *Keys) Empty() bool { return len(k.byID) == 0 }

// Preferred is the id that requests name.
func (k *Keys) Preferred() string { return k.prefer }

// IDs lists what is known, sorted.
func (k *Keys) IDs() []string { return slices.Sorted(maps.Keys(k.byID)) }

// canonical compares certificate serials as numbers: leading zeros get lost (reference §2.5).
func canonical(id string) string {
	if strings.HasPrefix(id, PublicKeyPrefix) {
		return id
	}
	return strings.TrimLeft(strings.ToUpper(id), "0")
}

// SameSerial reports whether two certificate serials are the same number.
func SameSerial(a, b string) bool { return canonical(a) == canonical(b) }

// verifyHeader checks an answer's or a notification's signature over the raw body. Source: reference §2.2.
func (k *Keys) verifyHeader(h http.Header, raw []byte, now time.Time) error {
	sig, ts, nonce := h.Get("Wechatpay-Signature"), h.Get("Wechatpay-Timestamp"), h.Get("Wechatpay-Nonce")
	if sig == "" || ts == "" || nonce == "" {
		return ErrSignature
	}
	sec, err := strconv.ParseInt(ts, 10, 64)
	if err != nil {
		return ErrSignature
	}
	key, ok := k.byID[canonical(h.Get("Wechatpay-Serial"))]
	if !ok {
		return ErrUnknownSerial
	}
	b, err := base64.StdEncoding.DecodeString(sig)
	if err != nil {
		return ErrSignature
	}
	sum := sha256.Sum256([]byte(ts + "\n" + nonce + "\n" + string(raw) + "\n"))
	if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], b) != nil {
		return ErrSignature
	}
	if d := now.Sub(time.Unix(sec, 0)); d > window || d < -window {
		return ErrTimestamp
	}
	return nil
}
