package wxpay

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"encoding/pem"
	"errors"
	"net/http"
	"time"
)

// PlatformCert is a certificate that WeChat Pay signs with.
type PlatformCert struct {
	Serial    string    `json:"serial"`
	PEM       string    `json:"pem"`
	ExpiresAt time.Time `json:"expires_at"`
}

type certificatesAnswer struct {
	Data []struct {
		Serial string      `json:"serial_no"`
		Sealed *sealedText `json:"encrypt_certificate"`
	} `json:"data"`
}

// Certificates fetches the platform certificates. They are trusted when the APIv3 key opens them and the answer is signed with one of them; the answer's own signature
// can be checked with nothing else the first time. Class Absent: the merchant has a public key instead, which is no fault (reference §2.3).
//
// Page: 下载平台证书 GET /v3/certificates (reference §2.3). Fetch daily or oftener, and once on an unknown serial.
func (c *Client) Certificates(ctx context.Context, a *Account) ([]PlatformCert, error) {
	var certs []PlatformCert
	k := &call{api: "certificates", method: http.MethodGet, path: "/v3/certificates", judge: judgeRead, keys: func(raw []byte) (Keys, error) {
		var keys Keys
		var err error
		certs, keys, err = openCertificates(raw, a)
		keys.merge(a.Keys) // a merchant with a public key gets this answer signed with it
		return keys, err
	}}
	var out json.RawMessage
	err := c.do(ctx, a, k, &out)
	if err != nil && errors.Is(err, ErrCipher) {
		return nil, &Error{API: k.api, HTTPStatus: http.StatusOK, Class: Config, Cause: ErrCipher}
	}
	if err != nil {
		return nil, err
	}
	return certs, nil
}

func openCertificates(raw []byte, a *Account) ([]PlatformCert, Keys, error) {
	var in certificatesAnswer
	var keys Keys
	if err := json.Unmarshal(raw, &in); err != nil || len(in.Data) == 0 {
		return nil, keys, ErrBadAnswer
	}
	var out []PlatformCert
	for _, d := range in.Data {
		if d.Sealed == nil {
			return nil, keys, ErrBadAnswer
		}
		plain, _, err := d.Sealed.open(a.APIv3Keys)
		if err != nil {
			return nil, keys, err
		}
		cert, err := ParseCertificate(string(plain))
		if err != nil {
			return nil, keys, ErrBadAnswer
		}
		key, ok := cert.PublicKey.(*rsa.PublicKey)
		if !ok || !SameSerial(SerialOf(cert), d.Serial) {
			return nil, keys, ErrBadAnswer
		}
		keys.Add(d.Serial, key, false)
		out = append(out, PlatformCert{Serial: d.Serial, PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})), ExpiresAt: cert.NotAfter})
	}
	return out, keys, nil
}
