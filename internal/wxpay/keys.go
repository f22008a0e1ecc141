package wxpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// InputError is a key or certificate that is not what it should be. Text is for the merchant.
type InputError struct{ Code, Text string }

// Error implements error.
func (e *InputError) Error() string { return e.Code }

// Kinds of what people paste.
const (
	KindPrivateKey  = "private_key"
	KindCertificate = "certificate"
	KindPublicKey   = "public_key"
)

// minBits is the shortest RSA key WeChat Pay uses.
const minBits = 2048

var kindNames = map[string]string{KindPrivateKey: "私钥", KindCertificate: "证书", KindPublicKey: "公钥"}

// KindOf tells what kind of PEM a text is; empty if it is none of ours.
func KindOf(text string) string {
	b, _ := block(text)
	if b == nil {
		return ""
	}
	switch {
	case strings.HasSuffix(b.Type, "PRIVATE KEY"):
		return KindPrivateKey
	case b.Type == "CERTIFICATE":
		return KindCertificate
	case strings.HasSuffix(b.Type, "PUBLIC KEY"):
		return KindPublicKey
	}
	return ""
}

// block finds the first PEM block; merchants paste with byte order marks, Windows line ends and blanks.
func block(text string) (*pem.Block, []byte) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r", "")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return pem.Decode([]byte(strings.Join(lines, "\n") + "\n"))
}

// want returns the block of a PEM of one kind, or says which other kind it is.
func want(text, kind string) (*pem.Block, error) {
	b, _ := block(text)
	if b == nil {
		return nil, &InputError{"not_pem", "不是 PEM 格式。请用记事本打开文件，复制从 -----BEGIN 到 -----END 的全部内容"}
	}
	switch got := KindOf(text); got {
	case kind:
		return b, nil
	case "":
		return nil, &InputError{"wrong_kind", "这是 " + b.Type + "，需要的是" + kindNames[kind]}
	default:
		return nil, &InputError{"wrong_kind", "这是" + kindNames[got] + "，需要的是" + kindNames[kind] + whichFile[kind]}
	}
}

var whichFile = map[string]string{
	KindPrivateKey: "（apiclient_key.pem）", KindCertificate: "（apiclient_cert.pem）", KindPublicKey: "（pub_key.pem）",
}

// ParsePrivateKey reads apiclient_key.pem: PKCS#8, or PKCS#1 as other tools write it. Source: reference §2.4, §2.5.
func ParsePrivateKey(text string) (*rsa.PrivateKey, error) {
	b, err := want(text, KindPrivateKey)
	if err != nil {
		return nil, err
	}
	if b.Type == "ENCRYPTED PRIVATE KEY" || b.Headers["DEK-Info"] != "" {
		return nil, &InputError{"key_encrypted", "私钥设了密码，请用没有密码的 apiclient_key.pem"}
	}
	var key any
	if key, err = x509.ParsePKCS8PrivateKey(b.Bytes); err != nil {
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	}
	k, ok := key.(*rsa.PrivateKey)
	switch {
	case err != nil:
		return nil, &InputError{"key_damaged", "私钥内容不完整，请重新复制"}
	case !ok:
		return nil, &InputError{"key_not_rsa", "私钥不是 RSA 密钥，微信支付只用 RSA"}
	case k.N.BitLen() < minBits:
		return nil, &InputError{"key_short", fmt.Sprintf("私钥只有 %d 位，微信支付要求 2048 位", k.N.BitLen())}
	}
	return k, nil
}

// ParseCertificate reads a certificate with an RSA key.
func ParseCertificate(text string) (*x509.Certificate, error) {
	b, err := want(text, KindCertificate)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(b.Bytes)
	if err != nil {
		return nil, &InputError{"cert_damaged", "证书内容不完整，请重新复制"}
	}
	if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
		return nil, &InputError{"cert_not_rsa", "证书里不是 RSA 密钥"}
	}
	return cert, nil
}

// ParsePublicKey reads pub_key.pem, WeChat Pay's public key.
func ParsePublicKey(text string) (*rsa.PublicKey, error) {
	b, err := want(text, KindPublicKey)
	if err != nil {
		return nil, err
	}
	var key any
	if key, err = x509.ParsePKIXPublicKey(b.Bytes); err != nil {
		key, err = x509.ParsePKCS1PublicKey(b.Bytes)
	}
	k, ok := key.(*rsa.PublicKey)
	switch {
	case err != nil:
		return nil, &InputError{"public_key_damaged", "公钥内容不完整，请重新复制"}
	case !ok || k.N.BitLen() < minBits:
		return nil, &InputError{"public_key_kind", "这不是 2048 位的 RSA 公钥"}
	}
	return k, nil
}

// ParseP12 reads apiclient_cert.p12 and returns the private key and the certificate as PEM. The password is the mchid unless the merchant changed it.
func ParseP12(b []byte, password string) (keyPEM, certPEM string, err error) {
	key, cert, _, err := pkcs12.DecodeChain(b, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return "", "", &InputError{"p12_password", "p12 文件的密码不对，默认是商户号"}
	case err != nil:
		return "", "", &InputError{"p12_damaged", "不是 p12 文件，或者文件不完整"}
	}
	k, ok := key.(*rsa.PrivateKey)
	if !ok {
		return "", "", &InputError{"key_not_rsa", "p12 文件里不是 RSA 密钥，微信支付只用 RSA"}
	}
	return KeyPEM(k), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})), nil
}

// KeyPEM writes a private key as PKCS#8.
func KeyPEM(k *rsa.PrivateKey) string {
	b, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return "" // an RSA key always can be written
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b}))
}

// SerialOf is a certificate's serial as WeChat Pay writes it: upper-case hexadecimal, 40 digits.
func SerialOf(c *x509.Certificate) string {
	s := strings.ToUpper(hex.EncodeToString(c.SerialNumber.Bytes()))
	if len(s) < 40 {
		s = strings.Repeat("0", 40-len(s)) + s
	}
	return s
}

// KeyMatches reports whether certificate and private key belong together.
func KeyMatches(c *x509.Certificate, k *rsa.PrivateKey) bool {
	pub, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && pub.Equal(&k.PublicKey)
}
