package msgcrypt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

func FuzzDecrypt(f *testing.F) {
	key := mustKey(f, looseKey)
	f.Add("", []byte(nil), "")
	f.Add("Q3stYC6hdFzMh9T8HCvyDIaFYHtqMJFFidYBvPiPMQg=", []byte("hello\n"), appID)
	f.Add("AAAA", bytes.Repeat([]byte("x"), 64), appID)
	f.Fuzz(func(t *testing.T, encrypt string, msg []byte, id string) {
		known := []error{ErrBase64, ErrCiphertext, ErrPadding, ErrLength}
		if _, _, err := Decrypt(key, encrypt); err != nil && !isOneOf(err, known) {
			t.Errorf("untyped error %v", err)
		}
		// The same bytes as a plaintext reach the checks behind the cipher.
		if n := len(msg) / 16 * 16; n > 0 {
			m, a, err := Decrypt(key, seal(t, key, msg[:n]))
			if err == nil && len(m)+len(a) > n-headLen-1 {
				t.Errorf("%d bytes out of a plaintext of %d", len(m)+len(a), n)
			}
		}
		sealed, err := Encrypt(strings.NewReader(sixteen), key, msg, id)
		if err != nil {
			t.Fatal(err)
		}
		m, a, err := Decrypt(key, sealed)
		if err != nil || !bytes.Equal(m, msg) || a != id {
			t.Errorf("round trip of %q, %q gave %q, %q, %v", msg, id, m, a, err)
		}
	})
}

func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[abc=]]></Encrypt></xml>"))
	f.Add([]byte(`{"ToUserName":"gh_1","Encrypt":"abc="}`))
	f.Add([]byte(`<!DOCTYPE x><xml/>`))
	f.Add([]byte(strings.Repeat("<a>", 1000)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, _, encrypt, err := ParseXMLEnvelope(body); (err == nil) != (encrypt != "") || err != nil && !isOneOf(err, []error{ErrEnvelope, ErrDoctype}) {
			t.Errorf("XML: %q, %v", encrypt, err)
		}
		if _, _, encrypt, err := ParseJSONEnvelope(body); (err == nil) != (encrypt != "") || err != nil && !errors.Is(err, ErrEnvelope) {
			t.Errorf("JSON: %q, %v", encrypt, err)
		}
		// Whatever the sender put into the nonce, our reply stays one document.
		reply, err := ReplyXML(strings.NewReader(sixteen), Key{}, "tok", appID, "1", base64.StdEncoding.EncodeToString(body)+"]]>", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, encrypt, err := ParseXMLEnvelope(reply); err != nil || encrypt == "" {
			t.Errorf("our own reply does not parse: %v", err)
		}
	})
}

func isOneOf(err error, known []error) bool {
	for _, k := range known {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}
