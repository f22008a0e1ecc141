package inbound

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound/letter"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// maxEcho bounds the echostr that is given back.
const maxEcho = 512

// directPush returns what verifies a program's pushes to its own URL.
func (s *Service) directPush(ctx context.Context, appID string) (program.DirectPush, error) {
	dp, err := s.programs.DirectPush(ctx, appID)
	if errors.Is(err, program.ErrNotFound) {
		return dp, letter.ErrForeign
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
	if !terms(dp, r.PathValue("appid")).Signed(q) {
		return answer{}, letter.ErrSignature
	}
	echo := q.Get("echostr")
	if echo == "" || len(echo) > maxEcho {
		return answer{}, letter.ErrMalformed
	}
	if err := s.programs.NotePushURL(ctx, dp.ProgramID); err != nil {
		s.log.WarnContext(ctx, "check of a push URL not noted", "program", dp.ProgramID, "err", err)
	}
	return answer{"text/plain; charset=utf-8", []byte(echo)}, nil
}

// terms are what was agreed with WeChat about pushes to a program's own URL.
func terms(dp program.DirectPush, appID string) letter.Terms {
	t := letter.Terms{Secrets: letter.Secrets{AppID: appID, Tokens: dp.Tokens, Keys: dp.Keys}, Mode: letter.Mode(dp.Mode)}
	switch dp.Format {
	case program.FormatXML:
		t.Format = push.FormatXML
	case program.FormatJSON:
		t.Format = push.FormatJSON
	}
	return t
}

// direct hears a program's own message URL. How it is checked is what our configuration says, whatever the query or the body claim to be.
func (s *Service) direct(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	appID := r.PathValue("appid")
	dp, err := s.directPush(ctx, appID)
	if err != nil {
		return answer{}, err
	}
	agreed := terms(dp, appID)
	plain, err := agreed.Open(r.URL.Query(), body)
	if err != nil {
		s.noteRefusal(ctx, dp.ProgramID, agreed, r.URL.Query(), err)
		return answer{}, err
	}
	e, err := push.ParseEvent(plain, agreed.Format)
	if err != nil {
		return answer{}, parseError(err)
	}
	if e.Complaint != nil && e.Complaint.AppID != "" && e.Complaint.AppID != appID {
		return answer{}, letter.ErrForeign
	}
	if dp.UserName != "" && e.ToUserName != "" && dp.UserName != e.ToUserName {
		return answer{}, letter.ErrForeign
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

// noteRefusal lets the people who set a program up see what does not fit. Only a sender who knows the Token is believed: anybody else could make it say anything.
func (s *Service) noteRefusal(ctx context.Context, programID string, agreed letter.Terms, q url.Values, cause error) {
	if !agreed.Signed(q) {
		return
	}
	text := ""
	switch {
	case errors.Is(cause, letter.ErrWeaker):
		text = "微信推送的加密方式比这里设置的弱，已拒绝。请把微信公众平台的消息加密方式改成与这里一致"
	case errors.Is(cause, letter.ErrMalformed):
		text = "微信推送的数据格式与这里设置的不一致，已拒绝。请核对 XML 或 JSON"
	case errors.Is(cause, letter.ErrCipher):
		text = "EncodingAESKey 与微信公众平台的不一致，推送解不开"
	case errors.Is(cause, letter.ErrSignature):
		text = "推送的消息签名不对，已拒绝"
	case errors.Is(cause, letter.ErrForeign):
		text = "推送属于另一个 AppID，已拒绝"
	default:
		return
	}
	if err := s.programs.NotePushRefused(ctx, programID, text); err != nil {
		s.log.WarnContext(ctx, "refused push not noted", "program", programID, "err", err)
	}
}
