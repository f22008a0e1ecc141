package msgcrypt

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strings"
	"testing"
)

func TestParseXMLEnvelope(t *testing.T) {
	tests := []struct {
		name, body, to, app, encrypt string
		want                         error
	}{
		{name: "a push for a mini program", body: "<xml>\n  <ToUserName><![CDATA[gh_1]]></ToUserName>\n  <Encrypt><![CDATA[abc=]]></Encrypt>\n</xml>", to: "gh_1", encrypt: "abc="},
		{name: "the platform's own event", body: "<xml><AppId><![CDATA[wx1]]></AppId><Encrypt><![CDATA[abc=]]></Encrypt></xml>", app: "wx1", encrypt: "abc="},
		{name: "plain text instead of CDATA, with declaration and mark", body: "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?><xml><Encrypt>\nabc=\n</Encrypt></xml>", encrypt: "abc="},
		{name: "the compat mode's plain fields beside it", body: "<xml><ToUserName>gh_1</ToUserName><a><Encrypt>no</Encrypt><AppId>no</AppId></a><Encrypt>yes</Encrypt></xml>", to: "gh_1", encrypt: "yes"},
		{name: "a doctype written inside text is text", body: "<xml><ToUserName><![CDATA[<!DOCTYPE x>]]></ToUserName><Encrypt>abc</Encrypt></xml>", to: "<!DOCTYPE x>", encrypt: "abc"},
		{name: "a doctype", body: `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><Encrypt>&e;</Encrypt></xml>`, want: ErrDoctype},
		{name: "a lower-case doctype behind the root", body: `<xml><Encrypt>abc</Encrypt><!doctype x></xml>`, want: ErrDoctype},
		{name: "an unknown entity", body: `<xml><Encrypt>&e;</Encrypt></xml>`, want: ErrEnvelope},
		{name: "no Encrypt", body: `<xml><ToUserName>gh_1</ToUserName></xml>`, want: ErrEnvelope},
		{name: "an empty Encrypt", body: `<xml><Encrypt> </Encrypt></xml>`, want: ErrEnvelope},
		{name: "two Encrypts", body: `<xml><Encrypt>a</Encrypt><Encrypt>b</Encrypt></xml>`, want: ErrEnvelope},
		{name: "two receivers", body: `<xml><ToUserName>a</ToUserName><ToUserName>b</ToUserName><Encrypt>b</Encrypt></xml>`, want: ErrEnvelope},
		{name: "a cut body", body: `<xml><Encrypt>abc</Encrypt>`, want: ErrEnvelope},
		{name: "JSON", body: `{"Encrypt":"abc"}`, want: ErrEnvelope},
		{name: "nothing", body: ``, want: ErrEnvelope},
		{name: "another character set", body: `<?xml version="1.0" encoding="gbk"?><xml><Encrypt>abc</Encrypt></xml>`, want: ErrEnvelope},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to, app, encrypt, err := ParseXMLEnvelope([]byte(tt.body))
			if !errors.Is(err, tt.want) {
				t.Fatalf("error = %v, want %v", err, tt.want)
			}
			if to != tt.to || app != tt.app || encrypt != tt.encrypt {
				t.Errorf("got %q, %q, %q", to, app, encrypt)
			}
		})
	}
}

func TestParseJSONEnvelope(t *testing.T) {
	to, app, encrypt, err := ParseJSONEnvelope([]byte(`{"ToUserName":"gh_1","Encrypt":"abc=","CreateTime":1,"history":[{"a":{}}]}`))
	if err != nil || to != "gh_1" || app != "" || encrypt != "abc=" {
		t.Errorf("got %q, %q, %q, %v", to, app, encrypt, err)
	}
	for _, bad := range []string{``, `{}`, `{"Encrypt":""}`, `{"Encrypt":1}`, `[]`, `null`, `<xml/>`, `{"Encrypt":"a"`, `{"Encrypt":"a"} x`} {
		if _, _, encrypt, err := ParseJSONEnvelope([]byte(bad)); !errors.Is(err, ErrEnvelope) || encrypt != "" {
			t.Errorf("%s: got %q, %v", bad, encrypt, err)
		}
	}
}

func TestAReplyVerifiesAndOpens(t *testing.T) {
	key := mustKey(t, looseKey)
	const nonce = `a]]><x>"&`
	type reply struct {
		Encrypt      string
		MsgSignature string
		TimeStamp    json.Number
		Nonce        string
	}
	check := func(t *testing.T, r reply) {
		t.Helper()
		if r.TimeStamp != "1409659813" || r.Nonce != nonce {
			t.Errorf("timestamp %q, nonce %q", r.TimeStamp, r.Nonce)
		}
		if !Verify(r.MsgSignature, "tok", "1409659813", nonce, r.Encrypt) {
			t.Error("signature does not cover the reply")
		}
		msg, id, err := Decrypt(key, r.Encrypt)
		if err != nil || string(msg) != "<xml>hi</xml>" || id != appID {
			t.Errorf("got %q, %q, %v", msg, id, err)
		}
	}
	t.Run("XML", func(t *testing.T) {
		body, err := ReplyXML(strings.NewReader(sixteen), key, "tok", appID, "1409659813", nonce, []byte("<xml>hi</xml>"))
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			XMLName xml.Name `xml:"xml"`
			reply
		}
		if err := xml.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		check(t, r.reply)
	})
	t.Run("JSON", func(t *testing.T) {
		body, err := ReplyJSON(strings.NewReader(sixteen), key, "tok", appID, "1409659813", nonce, []byte("<xml>hi</xml>"))
		if err != nil {
			t.Fatal(err)
		}
		var r reply
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		check(t, r)
		if !bytes.Contains(body, []byte(`"TimeStamp":1409659813`)) {
			t.Error("TimeStamp is not a number")
		}
	})
	t.Run("JSON with a timestamp that is no number", func(t *testing.T) {
		if _, err := ReplyJSON(strings.NewReader(sixteen), key, "tok", appID, "now", nonce, nil); err == nil {
			t.Error("accepted")
		}
	})
}
