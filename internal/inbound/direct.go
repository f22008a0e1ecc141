package inbound

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// maxEcho bounds the echostr that is given back.
const maxEcho = 512

// directPush returns what verifies a program's pushes to its own URL.
func (s *Service) directPush(ctx context.Context, appID string) (program.DirectPush, error) {
	dp, err := s.programs.DirectPush(ctx, appID)
	if errors.Is(err, program.ErrNotFound) {
		return dp, errForeign
	}
	return dp, err
}

// echo answers WeChat's check of a program's own URL: echostr as it came, if the signature is right (reference/wechat-open-platform.md §3.2).
func (s *Service) echo(ctx context.Context, r *http.Request, _ []byte) (answer, error) {
	dp, err := s.directPush(ctx, r.PathValue("appid"))
	if err != nil {
		return answer{}, err
	}
	q := r.URL.Query()
	if !signed(dp.Tokens, q) {
		return answer{}, errSignature
	}
	echo := q.Get("echostr")
	if echo == "" || len(echo) > maxEcho {
		return answer{}, errMalformed
	}
	if err := s.programs.NotePushURL(ctx, dp.ProgramID); err != nil {
		s.log.WarnContext(ctx, "check of a push URL not noted", "program", dp.ProgramID, "err", err)
	}
	return answer{"text/plain; charset=utf-8", []byte(echo)}, nil
}

// signed checks "signature", which covers neither body nor echostr, with every known Token.
func signed(tokens []secret.Text, q url.Values) bool {
	ok := false
	for _, t := range tokens {
		ok = msgcrypt.Verify(q.Get("signature"), t.Reveal(), q.Get("timestamp"), q.Get("nonce")) || ok
	}
	return ok
}

// direct hears a program's own message URL. How it is checked is what our configuration says, whatever the query or the body claim to be.
func (s *Service) direct(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	appID := r.PathValue("appid")
	dp, err := s.directPush(ctx, appID)
	if err != nil {
		return answer{}, err
	}
	plain, err := openDirect(dp, appID, r.URL.Query(), body)
	if err != nil {
		s.noteRefusal(ctx, dp, r.URL.Query(), err)
		return answer{}, err
	}
	e, err := push.ParseEvent(plain, formatOf(dp.Format))
	if err != nil {
		return answer{}, parseError(err)
	}
	if e.Complaint != nil && e.Complaint.AppID != "" && e.Complaint.AppID != appID {
		return answer{}, errForeign
	}
	if dp.UserName != "" && e.ToUserName != "" && dp.UserName != e.ToUserName {
		return answer{}, errForeign
	}
	d := &Delivery{Source: FromDirect, AppID: appID, ProgramID: dp.ProgramID, Event: e.Event, State: Ignored}
	if d.Event == "" {
		d.Event = e.MsgType
	}
	if wanted(e, appID) {
		d.State = Stored
	}
	return success, s.collect(ctx, d, plain, func(id string) []river.InsertManyParams {
		if !wanted(e, appID) {
			return nil
		}
		return []river.InsertManyParams{{Args: ReceivedArgs{DeliveryID: id}, InsertOpts: db.Once(db.QueueDefault)}}
	})
}

// openDirect does the checks of the configured mode and returns the message.
//
// plain: signature over token, timestamp and nonce. compat and safe: msg_signature over the cipher text, which alone is read; a clear half beside it is
// passed over in compat and refused in safe, because then it was sent in a weaker mode than agreed. In plain a cipher text is used if we have the Key.
func openDirect(dp program.DirectPush, appID string, q url.Values, body []byte) ([]byte, error) {
	l, err := look(dp.Format, body)
	if err != nil {
		return nil, err
	}
	if dp.Mode == program.PushPlain && (l.encrypt == "" || len(dp.Keys) == 0) {
		switch {
		case !signed(dp.Tokens, q):
			return nil, errSignature
		case !l.clear:
			return nil, errMalformed
		}
		return body, nil
	}
	switch {
	case l.broken:
		return nil, errMalformed
	case l.encrypt == "", dp.Mode == program.PushSafe && l.clear:
		return nil, errWeaker
	}
	return decrypt(dp, appID, q, l.encrypt)
}

func decrypt(dp program.DirectPush, appID string, q url.Values, encrypt string) ([]byte, error) {
	verified := false
	for _, t := range dp.Tokens {
		verified = msgcrypt.Verify(q.Get("msg_signature"), t.Reveal(), q.Get("timestamp"), q.Get("nonce"), encrypt) || verified
	}
	if !verified {
		return nil, errSignature
	}
	keys, err := parseKeys(dp.Keys)
	if err != nil {
		return nil, err
	}
	plain, inner, _, err := msgcrypt.Open(keys, encrypt)
	if err != nil {
		return nil, errCipher
	}
	if inner != appID {
		return nil, errForeign
	}
	return plain, nil
}

// letterParts is what a body holds, before anything of it is believed.
type letterParts struct {
	encrypt string
	clear   bool // a message in the clear
	broken  bool // something that should be a cipher text and is none
}

// look tells a body's parts. The format is the configured one: another is malformed.
func look(f program.PushFormat, body []byte) (letterParts, error) {
	isJSON := bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("{"))
	if f == program.FormatXML && isJSON || f == program.FormatJSON && !isJSON {
		return letterParts{}, errMalformed
	}
	var l letterParts
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
		return letterParts{}, errDoctype
	}
	e, err := push.ParseEvent(body, formatOf(f))
	if errors.Is(err, push.ErrDoctype) {
		return letterParts{}, errDoctype
	}
	l.clear = err == nil && (e.MsgType != "" || e.Event != "" || e.Complaint != nil)
	if l.encrypt == "" && !l.clear {
		return letterParts{}, errMalformed
	}
	return l, nil
}

func formatOf(f program.PushFormat) push.Format {
	switch f {
	case program.FormatXML:
		return push.FormatXML
	case program.FormatJSON:
		return push.FormatJSON
	}
	return push.FormatAuto
}

// noteRefusal lets the people who set a program up see what does not fit. Only a sender who knows the Token is believed: anybody else could make it say anything.
func (s *Service) noteRefusal(ctx context.Context, dp program.DirectPush, q url.Values, cause error) {
	if !signed(dp.Tokens, q) {
		return
	}
	text := ""
	switch {
	case errors.Is(cause, errWeaker):
		text = "微信推送的加密方式比这里设置的弱，已拒绝。请把微信公众平台的消息加密方式改成与这里一致"
	case errors.Is(cause, errMalformed):
		text = "微信推送的数据格式与这里设置的不一致，已拒绝。请核对 XML 或 JSON"
	case errors.Is(cause, errCipher):
		text = "EncodingAESKey 与微信公众平台的不一致，推送解不开"
	case errors.Is(cause, errSignature):
		text = "推送的消息签名不对，已拒绝"
	case errors.Is(cause, errForeign):
		text = "推送属于另一个 AppID，已拒绝"
	default:
		return
	}
	if err := s.programs.NotePushRefused(ctx, dp.ProgramID, text); err != nil {
		s.log.WarnContext(ctx, "refused push not noted", "program", dp.ProgramID, "err", err)
	}
}
