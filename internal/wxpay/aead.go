package wxpay

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"

	"github.com/zhisu/zhisu/internal/secret"
)

// APIv3KeySize is the only length WeChat Pay uses. Shorter keys would be valid AES-128 and -192 (reference §3.1).
const APIv3KeySize = 32

// ErrCipher says that none of the keys opens a ciphertext: the APIv3 key is not the merchant's.
var ErrCipher = errors.New("the APIv3 key does not open what WeChat Pay encrypted")

// sealedText is an encrypted resource. Source: reference §1.10, §2.3.
type sealedText struct {
	Algorithm      string `json:"algorithm"`
	OriginalType   string `json:"original_type"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
	Ciphertext     string `json:"ciphertext"`
}

// open decrypts with the first key that fits. Lengths are checked first: crypto/cipher panics on a nonce of the wrong length. i is the key that fitted.
func (s *sealedText) open(keys []secret.Text) (plain []byte, i int, err error) {
	const nonceSize, tagSize = 12, 16
	if s.Algorithm != "AEAD_AES_256_GCM" || len(s.Nonce) != nonceSize {
		return nil, 0, ErrBadAnswer
	}
	ct, err := base64.StdEncoding.DecodeString(s.Ciphertext)
	if err != nil || len(ct) < tagSize {
		return nil, 0, ErrBadAnswer
	}
	for i, key := range keys {
		if len(key.Reveal()) != APIv3KeySize {
			continue
		}
		block, err := aes.NewCipher([]byte(key.Reveal()))
		if err != nil {
			continue
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			continue
		}
		if plain, err := gcm.Open(nil, []byte(s.Nonce), ct, []byte(s.AssociatedData)); err == nil {
			return plain, i, nil
		}
	}
	return nil, 0, ErrCipher
}
