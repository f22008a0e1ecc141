package msgcrypt

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// ParseXMLEnvelope reads the outer XML of a push. Third-party pushes for a mini
// program carry ToUserName (its gh_ id), the platform's own events carry AppId
// (the component's); the absent one is "". Other elements, as the compat mode
// of an own server sends them, are passed over
// (reference/wechat-open-platform.md §1.2, §3.2).
//
// Nothing read here is trusted yet: verify msg_signature over encrypt first.
// Errors: ErrDoctype for any declaration, ErrEnvelope for everything else.
func ParseXMLEnvelope(body []byte) (toUserName, appID, encrypt string, err error) {
	fields := map[string]*strings.Builder{"ToUserName": {}, "AppId": {}, "Encrypt": {}}
	seen := map[string]int{}
	var current *strings.Builder
	depth := 0
	dec := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", "", "", ErrEnvelope
		}
		switch t := token.(type) {
		case xml.Directive:
			return "", "", "", ErrDoctype
		case xml.StartElement:
			depth++
			current = nil
			if depth == 2 {
				if current = fields[t.Name.Local]; current != nil {
					seen[t.Name.Local]++
				}
			}
		case xml.EndElement:
			depth--
			current = nil
		case xml.CharData:
			if current != nil {
				current.Write(t)
			}
		}
	}
	value := func(name string) string { return strings.TrimSpace(fields[name].String()) }
	if seen["Encrypt"] != 1 || seen["ToUserName"] > 1 || seen["AppId"] > 1 || value("Encrypt") == "" {
		return "", "", "", ErrEnvelope
	}
	return value("ToUserName"), value("AppId"), value("Encrypt"), nil
}

// ParseJSONEnvelope reads {"ToUserName","Encrypt"}, which an own server gets
// when JSON is chosen (reference/wechat-open-platform.md §3.2). AppId is read
// too, if there is one. The only error is ErrEnvelope.
func ParseJSONEnvelope(body []byte) (toUserName, appID, encrypt string, err error) {
	var env struct {
		ToUserName string `json:"ToUserName"`
		AppID      string `json:"AppId"`
		Encrypt    string `json:"Encrypt"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), &env); err != nil || env.Encrypt == "" {
		return "", "", "", ErrEnvelope
	}
	return env.ToUserName, env.AppID, env.Encrypt, nil
}

// ReplyXML encrypts msg and wraps it as the body that answers a push with
// content: Encrypt, MsgSignature, TimeStamp and Nonce. timestamp is ours (unix
// seconds), nonce is the one of the push, appID is the component appid on a
// third-party platform (reference/wechat-open-platform.md §3.1). Errors are
// those of Encrypt.
func ReplyXML(rand io.Reader, key Key, token, appID, timestamp, nonce string, msg []byte) ([]byte, error) {
	encrypt, err := Encrypt(rand, key, msg, appID)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("<xml><Encrypt>" + cdata(encrypt) + "</Encrypt>")
	b.WriteString("<MsgSignature>" + cdata(Sign(token, timestamp, nonce, encrypt)) + "</MsgSignature><TimeStamp>")
	if err := xml.EscapeText(&b, []byte(timestamp)); err != nil {
		return nil, err
	}
	b.WriteString("</TimeStamp><Nonce>" + cdata(nonce) + "</Nonce></xml>")
	return b.Bytes(), nil
}

// ReplyJSON is ReplyXML for an own server that chose JSON. timestamp is a
// number on the wire, nonce a string (reference/wechat-open-platform.md §3.1).
// Errors are those of Encrypt, or a timestamp that is no number.
func ReplyJSON(rand io.Reader, key Key, token, appID, timestamp, nonce string, msg []byte) ([]byte, error) {
	encrypt, err := Encrypt(rand, key, msg, appID)
	if err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Encrypt      string      `json:"Encrypt"`
		MsgSignature string      `json:"MsgSignature"`
		TimeStamp    json.Number `json:"TimeStamp"`
		Nonce        string      `json:"Nonce"`
	}{encrypt, Sign(token, timestamp, nonce, encrypt), json.Number(timestamp), nonce})
}

// cdata wraps s so that no content can end the section early. Our own values
// cannot, the nonce is the sender's.
func cdata(s string) string {
	return "<![CDATA[" + strings.ReplaceAll(s, "]]>", "]]]]><![CDATA[>") + "]]>"
}
