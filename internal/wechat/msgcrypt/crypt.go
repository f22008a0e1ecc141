package msgcrypt

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

const (
	encodedKeyLen = 43 // characters of an EncodingAESKey
	padBlock      = 32 // WeChat pads to 32, although AES blocks are 16
	randomLen     = 16
	headLen       = randomLen + 4 // random bytes and the length field
)

// Key is the AES-256 key behind an EncodingAESKey. It prints and marshals as
// "***".
type Key [32]byte

// Format hides the key from every fmt verb.
func (Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "***") }

// MarshalText hides the key from JSON and from structured logs.
func (Key) MarshalText() ([]byte, error) { return []byte("***"), nil }

// ParseKey decodes an EncodingAESKey: 43 characters, base64 without its last
// "=". Decoding is deliberately not strict: genuine keys carry non-zero trailing
// bits (reference/wechat-open-platform.md §3.1). WeChat's console makes letters
// and digits only; "+" and "/" are accepted as base64 has them.
// The only error is ErrKey.
func ParseKey(encodingAESKey string) (Key, error) {
	if len(encodingAESKey) != encodedKeyLen {
		return Key{}, ErrKey
	}
	raw, err := base64.StdEncoding.DecodeString(encodingAESKey + "=")
	// The decoder skips line breaks, so the length must be looked at again.
	if err != nil || len(raw) != len(Key{}) {
		return Key{}, ErrKey
	}
	return Key(raw), nil
}

// Decrypt opens the Encrypt value of an envelope and returns the message, byte
// for byte, and the appid that follows it. The caller compares the appid: it is
// the component appid for third-party pushes, the mini program's own appid for
// own-server pushes (reference/wechat-open-platform.md §3.1).
//
// Errors: ErrBase64, ErrCiphertext, ErrPadding, ErrLength.
func Decrypt(key Key, encrypt string) (msg []byte, appID string, err error) {
	plain, err := base64.StdEncoding.DecodeString(encrypt)
	if err != nil {
		return nil, "", ErrBase64
	}
	// Whole AES blocks are enough: that the total is a multiple of 32 follows
	// from the padding rule and protects nothing the signature does not.
	if len(plain) == 0 || len(plain)%aes.BlockSize != 0 {
		return nil, "", ErrCiphertext
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, "", fmt.Errorf("msgcrypt: set up AES: %w", err)
	}
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)

	plain, err = unpad(plain)
	if err != nil {
		return nil, "", err
	}
	if len(plain) < headLen {
		return nil, "", ErrCiphertext
	}
	size := uint64(binary.BigEndian.Uint32(plain[randomLen:headLen]))
	rest := plain[headLen:]
	if size > uint64(len(rest)) {
		return nil, "", ErrLength
	}
	return rest[:size:size], string(rest[size:]), nil
}

// Open is Decrypt with several keys, tried in the order given (WeChat asks to
// keep the current and the previous key, reference/wechat-open-platform.md
// §3.4). It also returns the index of the key that fitted, because a reply must
// be encrypted with that one. Without keys the error is ErrKey, otherwise that
// of the first key.
func Open(keys []Key, encrypt string) (msg []byte, appID string, index int, err error) {
	err = ErrKey
	for i, key := range keys {
		m, id, e := Decrypt(key, encrypt)
		if e == nil {
			return m, id, i, nil
		}
		if i == 0 {
			err = e
		}
	}
	return nil, "", -1, err
}

// Encrypt seals msg and appID into an Encrypt value, taking 16 bytes from rand.
// Errors: ErrTooLong, or a failing rand.
func Encrypt(rand io.Reader, key Key, msg []byte, appID string) (string, error) {
	if uint64(len(msg)) > math.MaxUint32 {
		return "", ErrTooLong
	}
	plain := make([]byte, headLen, headLen+len(msg)+len(appID)+padBlock)
	if _, err := io.ReadFull(rand, plain[:randomLen]); err != nil {
		return "", fmt.Errorf("msgcrypt: read random bytes: %w", err)
	}
	binary.BigEndian.PutUint32(plain[randomLen:], uint32(len(msg)))
	plain = append(plain, msg...)
	plain = append(plain, appID...)
	plain = pad(plain)

	block, err := aes.NewCipher(key[:])
	if err != nil {
		return "", fmt.Errorf("msgcrypt: set up AES: %w", err)
	}
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}

func pad(b []byte) []byte {
	n := padBlock - len(b)%padBlock
	for range n {
		b = append(b, byte(n))
	}
	return b
}

func unpad(b []byte) ([]byte, error) {
	n := int(b[len(b)-1])
	if n < 1 || n > padBlock || n > len(b) {
		return nil, ErrPadding
	}
	for _, c := range b[len(b)-n:] {
		if int(c) != n {
			return nil, ErrPadding
		}
	}
	return b[:len(b)-n], nil
}
