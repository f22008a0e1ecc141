// Package letter opens what WeChat pushes: signature, cipher, appid, and the mode that our configuration says, whatever the sender claims. It keeps nothing and
// asks nobody.
package letter

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
)

// Refusal is a push that fails a check.
type Refusal struct {
	Status int
	Reason string
}

// Error implements error.
func (r *Refusal) Error() string { return r.Reason }

// Why a push is not opened, with the status WeChat gets: anything but 200 makes it try again and raise its own alarm.
var (
	ErrMalformed = &Refusal{http.StatusBadRequest, "malformed"}
	ErrSignature = &Refusal{http.StatusUnauthorized, "bad_signature"}
	ErrCipher    = &Refusal{http.StatusUnauthorized, "bad_cipher"}
	ErrForeign   = &Refusal{http.StatusForbidden, "wrong_appid"}
	ErrWeaker    = &Refusal{http.StatusForbidden, "weaker_than_configured"}
	ErrDoctype   = &Refusal{http.StatusBadRequest, "doctype"}
)

// Secrets are whom a push must be for, and every Token and EncodingAESKey that may have been used for it.
type Secrets struct {
	AppID  string
	Tokens []secret.Text
	Keys   []secret.Text
}

// Signed checks "signature", which covers neither body nor echostr, with every known Token.
func (s Secrets) Signed(q url.Values) bool {
	ok := false
	for _, t := range s.Tokens {
		ok = msgcrypt.Verify(q.Get("signature"), t.Reveal(), q.Get("timestamp"), q.Get("nonce")) || ok
	}
	return ok
}

// Opened is a push that passed signature, cipher and appid, and the Token and Key that it passed with.
type Opened struct {
	Plain []byte
	Token string
	Key   msgcrypt.Key
}

// Decrypt does the checks of a cipher text: msg_signature (never signature, which does not cover it), every known Token and Key, and the appid at the end of the
// plaintext. Source: reference/wechat-open-platform.md §3.
func (s Secrets) Decrypt(q url.Values, encrypt string) (Opened, error) {
	var o Opened
	verified := false
	for _, t := range s.Tokens {
		if msgcrypt.Verify(q.Get("msg_signature"), t.Reveal(), q.Get("timestamp"), q.Get("nonce"), encrypt) && !verified {
			verified, o.Token = true, t.Reveal()
		}
	}
	if !verified {
		return Opened{}, ErrSignature
	}
	keys := make([]msgcrypt.Key, 0, len(s.Keys))
	for _, k := range s.Keys {
		key, err := msgcrypt.ParseKey(k.Reveal())
		if err != nil {
			return Opened{}, fmt.Errorf("read stored EncodingAESKey: %w", err)
		}
		keys = append(keys, key)
	}
	plain, appID, i, err := msgcrypt.Open(keys, encrypt)
	if err != nil {
		return Opened{}, ErrCipher
	}
	if appID != s.AppID {
		return Opened{}, ErrForeign
	}
	o.Plain, o.Key = plain, keys[i]
	return o, nil
}

// Envelope returns the cipher text of a push to a third-party platform, which always comes as XML in safe mode.
func Envelope(body []byte) (encrypt string, err error) {
	_, _, encrypt, err = msgcrypt.ParseXMLEnvelope(body)
	switch {
	case errors.Is(err, msgcrypt.ErrDoctype):
		return "", ErrDoctype
	case err != nil:
		return "", ErrMalformed
	}
	return encrypt, nil
}
