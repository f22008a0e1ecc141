package msgcrypt

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

const (
	// The last character G leaves non-zero trailing bits, A does not.
	looseKey  = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
	strictKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFA"
	appID     = "wx0000000000000001"
	sixteen   = "0123456789abcdef"
)

func mustKey(t testing.TB, s string) Key {
	t.Helper()
	k, err := ParseKey(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// seal encrypts a plaintext as it is, without adding padding: the way to make
// the messages Encrypt would never make.
func seal(t testing.TB, k Key, plain []byte) string {
	t.Helper()
	block, err := aes.NewCipher(k[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, len(plain))
	cipher.NewCBCEncrypter(block, k[:16]).CryptBlocks(out, plain)
	return base64.StdEncoding.EncodeToString(out)
}

func plaintext(size uint32, rest string, padding ...byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte(sixteen), size)
	return append(append(b, rest...), padding...)
}

// The cipher texts below were made outside Go: python packed the plaintext
// (sixteen, big-endian length, message, appid, padding to 32) and
// "openssl enc -aes-256-cbc -nopad -K <key> -iv <first 16 key bytes>" encrypted it.
func TestCipherTextsMadeByOpenSSLOpenAndAreMadeAlike(t *testing.T) {
	tests := []struct{ name, key, msg, appID, encrypt string }{
		{
			"padding 28, line breaks inside and at the end are kept", looseKey, "<xml>\n<AppId>1</AppId>\n</xml>\n", appID,
			"Q3stYC6hdFzMh9T8HCvyDB9ERrD/jpsOsSBGRzv9pVO96vbyj0S5g1InFTPGP/KCPY3fBbCuRsYJ/CYg2GDL4dL1EsslAJ3yzyMSNs9HmU+TLe4/7Umo4ADOk2T+B149",
		},
		{
			"padding 20, the length counts bytes and not characters", strictKey, "投诉", appID,
			"3z9AFL+w76fk+lP0hJsKHkTO3CM2TXzg6JeLVR2WlGhK1JqozyFwqU7PSLz1bP8NOIjgZz5+XUPShTCDk67aBw==",
		},
		{
			"padding 32, a whole block of it", looseKey, "abcdefghijklmnopqrstuvwxyz", appID,
			"Q3stYC6hdFzMh9T8HCvyDPUcX4TisFrTqPyTunjoEb0qvKaatEF4fLHn23AUF5VLYtcek5IWCu11Ci5T4LfIP+B2Y7N99Tr0S3K9wY3U/kITGMkg6gqmTX3I3ZFnIfb9",
		},
		{
			"padding 2, no appid", looseKey, "1234567890", "",
			"Q3stYC6hdFzMh9T8HCvyDIaFYHtqMJFFidYBvPiPMQg=",
		},
		{
			"padding 21, larger than an AES block", looseKey, "hello", appID,
			"Q3stYC6hdFzMh9T8HCvyDJ+ZKFJZGZuedUDqyXdc+mXizQ9Fazjw5WrB3MjAzgQTPl8KkwN/k1Lc/PmbN8ezrA==",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := mustKey(t, tt.key)
			msg, id, err := Decrypt(key, tt.encrypt)
			if err != nil || string(msg) != tt.msg || id != tt.appID {
				t.Errorf("Decrypt = %q, %q, %v", msg, id, err)
			}
			got, err := Encrypt(strings.NewReader(sixteen), key, []byte(tt.msg), tt.appID)
			if err != nil || got != tt.encrypt {
				t.Errorf("Encrypt = %q, %v", got, err)
			}
		})
	}
}

func TestEveryMessageLengthComesBack(t *testing.T) {
	key := mustKey(t, looseKey)
	for n := range 100 {
		msg := bytes.Repeat([]byte{'x'}, n)
		encrypt, err := Encrypt(strings.NewReader(sixteen), key, msg, appID)
		if err != nil {
			t.Fatal(err)
		}
		if raw, _ := base64.StdEncoding.DecodeString(encrypt); len(raw)%32 != 0 {
			t.Errorf("length %d: cipher text of %d bytes is not padded to 32", n, len(raw))
		}
		got, id, err := Decrypt(key, encrypt)
		if err != nil || !bytes.Equal(got, msg) || id != appID {
			t.Errorf("length %d: got %q, %q, %v", n, got, id, err)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	key := mustKey(t, looseKey)
	good := plaintext(5, "hello"+appID) // 43 bytes, needs 21 of padding
	fill := func(n, value int) []byte { return bytes.Repeat([]byte{byte(value)}, n) }
	mixed := fill(21, 21)
	mixed[3] = 20
	short := append(fill(12, 'a'), fill(20, 20)...)
	cut, _ := base64.StdEncoding.DecodeString(seal(t, key, append(good, fill(21, 21)...)))

	tests := []struct {
		name, encrypt string
		want          error
	}{
		{"text that is no base64", "!!!!", ErrBase64},
		{"base64 without its padding", "QUJD" + "QQ", ErrBase64},
		{"nothing", "", ErrCiphertext},
		{"a cipher text cut inside a block", base64.StdEncoding.EncodeToString(cut[:17]), ErrCiphertext},
		{"padding value 0", seal(t, key, append(good, fill(21, 0)...)), ErrPadding},
		{"padding value 33", seal(t, key, append(plaintext(5, "hello"+appID+"abcdefghijklmnopqrst"), fill(33, 33)...)), ErrPadding},
		{"padding of unequal bytes", seal(t, key, append(good, mixed...)), ErrPadding},
		{"padding longer than the plaintext", seal(t, key, fill(16, 32)), ErrPadding},
		{"a plaintext shorter than its head", seal(t, key, short), ErrCiphertext},
		{"nothing but padding", seal(t, key, fill(32, 32)), ErrCiphertext},
		{"a length one byte beyond the end", seal(t, key, plaintext(24, "hello"+appID, fill(21, 21)...)), ErrLength},
		{"a length of 4 GiB", seal(t, key, plaintext(0xffffffff, "hello"+appID, fill(21, 21)...)), ErrLength},
		{"another key's message", seal(t, mustKey(t, strings.Repeat("B", 43)), append(good, fill(21, 21)...)), ErrPadding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			msg, id, err := Decrypt(key, tt.encrypt)
			if !errors.Is(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if msg != nil || id != "" {
				t.Errorf("something was returned beside the error: %q, %q", msg, id)
			}
		})
	}
}

func TestDecryptTakesALengthThatReachesExactlyToTheEnd(t *testing.T) {
	key := mustKey(t, looseKey)
	pad := bytes.Repeat([]byte{21}, 21)
	msg, id, err := Decrypt(key, seal(t, key, plaintext(23, "hello"+appID, pad...)))
	if err != nil || string(msg) != "hello"+appID || id != "" {
		t.Errorf("got %q, %q, %v", msg, id, err)
	}
}

func TestATamperedCipherTextNeverYieldsTheSameMessage(t *testing.T) {
	key := mustKey(t, looseKey)
	encrypt, err := Encrypt(strings.NewReader(sixteen), key, []byte("<status>201</status>"), appID)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := base64.StdEncoding.DecodeString(encrypt)
	for i := 16; i < len(raw); i++ { // the first block holds random bytes only
		raw[i] ^= 1
		msg, id, err := Decrypt(key, base64.StdEncoding.EncodeToString(raw))
		if err == nil && string(msg) == "<status>201</status>" && id == appID {
			t.Errorf("byte %d changed, message and appid did not", i)
		}
		raw[i] ^= 1
	}
}

func TestOpenTriesTheKeysInOrder(t *testing.T) {
	current, previous := mustKey(t, looseKey), mustKey(t, strings.Repeat("B", 43))
	encrypt, err := Encrypt(strings.NewReader(sixteen), previous, []byte("hello"), appID)
	if err != nil {
		t.Fatal(err)
	}
	msg, id, index, err := Open([]Key{current, previous}, encrypt)
	if err != nil || string(msg) != "hello" || id != appID || index != 1 {
		t.Errorf("got %q, %q, %d, %v", msg, id, index, err)
	}
	if _, _, index, err = Open([]Key{current}, encrypt); !errors.Is(err, ErrPadding) || index != -1 {
		t.Errorf("without the right key: %d, %v", index, err)
	}
	if _, _, _, err = Open(nil, encrypt); !errors.Is(err, ErrKey) {
		t.Errorf("without keys: %v", err)
	}
}

func TestParseKey(t *testing.T) {
	accepted := []string{looseKey, strictKey, strings.Repeat("9", 43), "+/" + looseKey[2:]}
	for _, s := range accepted {
		if _, err := ParseKey(s); err != nil {
			t.Errorf("%q refused: %v", s, err)
		}
	}
	loose, strict := mustKey(t, looseKey), mustKey(t, strictKey)
	want, _ := base64.StdEncoding.DecodeString(strictKey[:40] + "AAAA")
	if !bytes.Equal(strict[:30], want[:30]) || !bytes.Equal(loose[:30], want[:30]) {
		t.Error("the key is not the base64 value of its text")
	}
	refused := map[string]string{
		"empty": "", "42 characters": looseKey[1:], "44 characters": looseKey + "A",
		"with its own equals sign": looseKey[1:] + "=", "a blank inside": " " + looseKey[1:],
		"a line break inside": "\n" + looseKey[1:], "url alphabet": "_" + looseKey[1:],
	}
	for name, s := range refused {
		if k, err := ParseKey(s); !errors.Is(err, ErrKey) || k != (Key{}) {
			t.Errorf("%s: accepted or wrong error: %v", name, err)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	key := mustKey(t, looseKey)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, key); got != "***" {
			t.Errorf("%s printed %q", verb, got)
		}
	}
	if got, err := json.Marshal(map[string]Key{"k": key}); err != nil || string(got) != `{"k":"***"}` {
		t.Errorf("JSON: %s, %v", got, err)
	}
}

func TestEncryptReportsFailingRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	got, err := Encrypt(iotest.ErrReader(broken), Key{}, []byte("x"), appID)
	if !errors.Is(err, broken) || got != "" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := Encrypt(strings.NewReader("short"), Key{}, nil, appID); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a short read passed: %v", err)
	}
}

// The digests come from coreutils: the parts through "LC_ALL=C sort", joined,
// through sha1sum.
func TestSign(t *testing.T) {
	const encrypt = "Q3stYC6hdFzMh9T8HCvyDJ+ZKFJZGZuedUDqyXdc+mXizQ9Fazjw5WrB3MjAzgQTPl8KkwN/k1Lc/PmbN8ezrA=="
	tests := []struct {
		name, want string
		parts      []string
	}{
		{"three parts, sorted by bytes", "b18ba9c21387655f08ee8af1398f1695f6598004", []string{"tok", "1409735669", "1234567"}},
		{"four parts with the cipher text", "0d13bc74217e24d767069af4b3d49aaf056d801d", []string{"QDG6eK", "1409659813", "1372623149", encrypt}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			given := strings.Join(tt.parts, "|")
			if got := Sign(tt.parts...); got != tt.want {
				t.Errorf("Sign = %s", got)
			}
			if strings.Join(tt.parts, "|") != given {
				t.Error("the caller's slice was sorted")
			}
			if !Verify(tt.want, tt.parts...) {
				t.Error("its own signature is refused")
			}
			for name, bad := range map[string]string{
				"empty": "", "cut": tt.want[:39], "longer": tt.want + "0", "upper case": strings.ToUpper(tt.want), "one digit off": "0" + tt.want[1:39] + "f",
			} {
				if Verify(bad, tt.parts...) {
					t.Errorf("%s signature accepted", name)
				}
			}
			if Verify(tt.want, append([]string{"x"}, tt.parts[1:]...)...) {
				t.Error("another token accepted")
			}
		})
	}
}
