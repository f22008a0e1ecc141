package letter

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"

	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// Mode is how much of a push an own server or an official account wants protected (消息加密方式).
type Mode string

// The modes, as WeChat's console names them.
const (
	Plain  Mode = "plain"
	Compat Mode = "compat"
	Safe   Mode = "safe"
)

// Terms are what was agreed with WeChat about pushes to a URL of one's own.
type Terms struct {
	Secrets

	Mode   Mode
	Format push.Format
}

// Open does the checks of the agreed mode and returns the message.
//
// plain: signature over token, timestamp and nonce. compat and safe: msg_signature over the cipher text, which alone is read; a clear half beside it is
// passed over in compat and refused in safe, because then it was sent in a weaker mode than agreed. In plain a cipher text is used if we have the Key.
func (t Terms) Open(q url.Values, body []byte) ([]byte, error) {
	l, err := look(t.Format, body)
	if err != nil {
		return nil, err
	}
	if t.Mode == Plain && (l.encrypt == "" || len(t.Keys) == 0) {
		switch {
		case !t.Signed(q):
			return nil, ErrSignature
		case !l.clear:
			return nil, ErrMalformed
		}
		return body, nil
	}
	switch {
	case l.broken:
		return nil, ErrMalformed
	case l.encrypt == "", t.Mode == Safe && l.clear:
		return nil, ErrWeaker
	}
	o, err := t.Decrypt(q, l.encrypt)
	return o.Plain, err
}

// parts is what a body holds, before anything of it is believed.
type parts struct {
	encrypt string
	clear   bool // a message in the clear
	broken  bool // something that should be a cipher text and is none
}

// look tells a body's parts. The format is the agreed one: another is malformed.
func look(f push.Format, body []byte) (parts, error) {
	isJSON := bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{"))
	if f == push.FormatXML && isJSON || f == push.FormatJSON && !isJSON {
		return parts{}, ErrMalformed
	}
	var l parts
	var err error
	if isJSON {
		_, _, l.encrypt, err = msgcrypt.ParseJSONEnvelope(body)
		var fields map[string]json.RawMessage
		l.broken = err != nil && json.Unmarshal(body, &fields) == nil && fields["Encrypt"] != nil
	} else {
		_, _, l.encrypt, err = msgcrypt.ParseXMLEnvelope(body)
		l.broken = err != nil && bytes.Contains(body, []byte("<Encrypt"))
	}
	if errors.Is(err, msgcrypt.ErrDoctype) {
		return parts{}, ErrDoctype
	}
	e, err := push.ParseEvent(body, f)
	if errors.Is(err, push.ErrDoctype) {
		return parts{}, ErrDoctype
	}
	l.clear = err == nil && (e.MsgType != "" || e.Event != "" || e.Complaint != nil)
	if l.encrypt == "" && !l.clear {
		return parts{}, ErrMalformed
	}
	return l, nil
}
