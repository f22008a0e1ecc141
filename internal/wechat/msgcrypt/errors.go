package msgcrypt

import "errors"

// The reasons why a key, a cipher text or an envelope is refused. They are
// sentinels to be used with errors.Is and never carry input.
var (
	// ErrKey: an EncodingAESKey is not 43 base64 characters.
	ErrKey = errors.New("msgcrypt: EncodingAESKey must be 43 base64 characters")
	// ErrBase64: the Encrypt value is not standard base64 with padding.
	ErrBase64 = errors.New("msgcrypt: cipher text is not base64")
	// ErrCiphertext: the cipher text is empty, too short or not a whole number of AES blocks.
	ErrCiphertext = errors.New("msgcrypt: cipher text has an impossible length")
	// ErrPadding: the padding is not 1..32 equal bytes; most often a wrong key.
	ErrPadding = errors.New("msgcrypt: padding is wrong")
	// ErrLength: the length field points beyond the plaintext.
	ErrLength = errors.New("msgcrypt: message length lies beyond the plaintext")
	// ErrTooLong: the message to encrypt does not fit the 32-bit length field.
	ErrTooLong = errors.New("msgcrypt: message is too long to encrypt")
	// ErrEnvelope: the body is not an envelope with exactly one Encrypt value.
	ErrEnvelope = errors.New("msgcrypt: body is not an encrypted envelope")
	// ErrDoctype: the XML carries a DOCTYPE or another declaration; such bodies are never read further.
	ErrDoctype = errors.New("msgcrypt: XML declarations are refused")
)
