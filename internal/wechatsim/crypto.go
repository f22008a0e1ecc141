package wechatsim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// codec is one pair of console values, 消息校验 Token and 消息加解密 Key (reference/wechat-open-platform.md §3.1).
type codec struct {
	token string
	key   []byte
}

const (
	padBlock    = 32 // PKCS#7 to 32, not to AES's 16
	prefixBytes = 16
)

var errCipher = errors.New("cipher text is broken")

// newCodec decodes a 43-character EncodingAESKey. The last character may carry bits that strict base64 refuses.
func newCodec(token, aesKey string) (codec, error) {
	if len(aesKey) != 43 {
		return codec{}, fmt.Errorf("%w: EncodingAESKey must have 43 characters, has %d", ErrInvalid, len(aesKey))
	}
	key, err := base64.StdEncoding.DecodeString(aesKey + "=")
	if err != nil {
		return codec{}, fmt.Errorf("%w: EncodingAESKey is not base64", ErrInvalid)
	}
	return codec{token: token, key: key}, nil
}

// sign is hex(sha1(concat(sort(token, parts…)))): three values for signature, four for msg_signature.
func (c codec) sign(parts ...string) string {
	all := append([]string{c.token}, parts...)
	slices.Sort(all)
	h := sha1.New()
	for _, p := range all {
		_, _ = h.Write([]byte(p)) // a hash never fails to write
	}
	return hex.EncodeToString(h.Sum(nil))
}

// encrypt seals msg for appid; prefix is the 16 random bytes in front.
func (c codec) encrypt(prefix, msg []byte, appid string) (string, error) {
	if len(prefix) != prefixBytes {
		return "", fmt.Errorf("%w: prefix of %d bytes", ErrInvalid, len(prefix))
	}
	plain := make([]byte, 0, prefixBytes+4+len(msg)+len(appid)+padBlock)
	plain = append(plain, prefix...)
	plain = binary.BigEndian.AppendUint32(plain, uint32(len(msg)))
	plain = append(plain, msg...)
	plain = append(plain, appid...)
	pad := padBlock - len(plain)%padBlock
	for range pad {
		plain = append(plain, byte(pad))
	}
	return c.encryptRaw(plain)
}

// encryptRaw encrypts bytes that are already a whole number of AES blocks, well padded or not.
func (c codec) encryptRaw(plain []byte) (string, error) {
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return "", fmt.Errorf("make the cipher: %w", err)
	}
	if len(plain)%aes.BlockSize != 0 {
		return "", fmt.Errorf("%w: %d bytes are not whole blocks", ErrInvalid, len(plain))
	}
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, c.key[:aes.BlockSize]).CryptBlocks(out, plain)
	return base64.StdEncoding.EncodeToString(out), nil
}

// decrypt opens what encrypt made and returns the message and the appid behind it.
func (c codec) decrypt(text string) (msg []byte, appid string, err error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "", fmt.Errorf("%w: not base64", errCipher)
	}
	if len(raw) == 0 || len(raw)%padBlock != 0 {
		return nil, "", fmt.Errorf("%w: %d bytes", errCipher, len(raw))
	}
	block, err := aes.NewCipher(c.key)
	if err != nil {
		return nil, "", fmt.Errorf("make the cipher: %w", err)
	}
	plain := make([]byte, len(raw))
	cipher.NewCBCDecrypter(block, c.key[:aes.BlockSize]).CryptBlocks(plain, raw)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > padBlock {
		return nil, "", fmt.Errorf("%w: padding", errCipher)
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, "", fmt.Errorf("%w: padding", errCipher)
		}
	}
	plain = plain[:len(plain)-pad]
	if len(plain) < prefixBytes+4 {
		return nil, "", fmt.Errorf("%w: too short", errCipher)
	}
	n := uint64(binary.BigEndian.Uint32(plain[prefixBytes:]))
	rest := plain[prefixBytes+4:]
	if n > uint64(len(rest)) {
		return nil, "", fmt.Errorf("%w: length field", errCipher)
	}
	return rest[:n], string(rest[n:]), nil
}
