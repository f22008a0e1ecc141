package wechatsim

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"regexp"
	"strings"
	"testing"
)

var ridPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)

func testCodec(t *testing.T) codec {
	t.Helper()
	c, err := newCodec(testToken, testAESKey)
	must(t, err)
	return c
}

func TestKeyMustHave43CharactersAndMayCarryTrailingBits(t *testing.T) {
	for _, key := range []string{"", testAESKey[:42], testAESKey + "A", strings.Repeat("!", 43)} {
		if _, err := newCodec(testToken, key); !errors.Is(err, ErrInvalid) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	loose := testAESKey[:42] + "B" // B has bits beyond the 32nd byte; strict base64 refuses it
	if _, err := base64.StdEncoding.Strict().DecodeString(loose + "="); err == nil {
		t.Fatal("the example is not loose")
	}
	c, err := newCodec(testToken, loose)
	must(t, err)
	equal(t, "key length", len(c.key), 32)
}

func TestSignatureSortsItsParts(t *testing.T) {
	c := codec{token: "b"}
	want := sha1.Sum([]byte("abc"))
	equal(t, "signature", c.sign("c", "a"), hex.EncodeToString(want[:]))
	equal(t, "signature in any order", c.sign("a", "c"), c.sign("c", "a"))
	if c.sign("a", "c") == (codec{token: "x"}).sign("a", "c") {
		t.Error("the token does not count")
	}
}

func TestCipherRoundTripForEveryPadding(t *testing.T) {
	c := testCodec(t)
	prefix := bytes.Repeat([]byte{7}, 16)
	for n := range 70 {
		msg := strings.Repeat("x", n)
		text, err := c.encrypt(prefix, []byte(msg), "wxapp")
		must(t, err)
		got, appid, err := c.decrypt(text)
		must(t, err)
		equal(t, "message", string(got), msg)
		equal(t, "appid", appid, "wxapp")
		plain, inner, err := openByHand(text)
		must(t, err)
		equal(t, "message by hand", plain, msg)
		equal(t, "appid by hand", inner, "wxapp")
		raw, err := base64.StdEncoding.DecodeString(text)
		must(t, err)
		equal(t, "rest of 32", len(raw)%32, 0)
	}
	if _, err := c.encrypt(prefix[:3], nil, ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("a short prefix was taken: %v", err)
	}
	if _, err := c.encryptRaw(make([]byte, 17)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a broken block was taken: %v", err)
	}
}

func TestDecryptRefusesWhatIsBroken(t *testing.T) {
	c := testCodec(t)
	seal := func(plain []byte) string {
		text, err := c.encryptRaw(plain)
		must(t, err)
		return text
	}
	good, err := c.encrypt(make([]byte, 16), []byte("hello"), "wxapp")
	must(t, err)
	short, err := shorten(good)
	must(t, err)
	for name, text := range map[string]string{
		"empty":           "",
		"not base64":      "%%%",
		"half a block":    short,
		"padding 0":       seal(make([]byte, 32)),
		"padding 33":      seal(append(make([]byte, 31), 33)),
		"uneven padding":  seal(append(make([]byte, 29), 1, 2, 3)),
		"too short":       seal(pad32(make([]byte, 5))),
		"length too long": seal(pad32(append(make([]byte, 16), 0xFF, 0xFF, 0xFF, 0xFF))),
		"three bytes":     "QUJD",
	} {
		if _, _, err := c.decrypt(text); !errors.Is(err, errCipher) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnotherKeyDoesNotOpen(t *testing.T) {
	good, err := testCodec(t).encrypt(make([]byte, 16), []byte("hello"), "wxapp")
	must(t, err)
	other, err := newCodec(testToken, strings.Repeat("Z", 43))
	must(t, err)
	if msg, _, err := other.decrypt(good); err == nil && string(msg) == "hello" {
		t.Error("another key opened it")
	}
}

func FuzzDecrypt(f *testing.F) {
	c, err := newCodec(testToken, testAESKey)
	if err != nil {
		f.Fatal(err)
	}
	good, err := c.encrypt(make([]byte, 16), []byte("<xml/>"), "wxapp")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		msg, appid, err := c.decrypt(text)
		if err != nil && (msg != nil || appid != "") {
			t.Errorf("an error with a result: %q %q %v", msg, appid, err)
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte(`{"complaintOrderId":1,"content":"a","mediaIdList":["b"]}`))
	f.Add([]byte(`{"complaintOrderId":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, aerr := parseReply(body, 10001)
		if aerr == nil && (r.id == "" || (strings.TrimSpace(r.content) == "" && len(r.media) == 0)) {
			t.Errorf("%q was taken as %+v", body, r)
		}
	})
}
