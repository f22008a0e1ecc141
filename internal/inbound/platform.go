package inbound

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound/letter"
	"github.com/zhisu/zhisu/internal/program"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/msgcrypt"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// opened is a push to the third-party platform with the appid of that platform.
type opened struct {
	letter.Opened

	appID string
}

func (s *Service) open(ctx context.Context, r *http.Request, body []byte) (opened, error) {
	encrypt, err := letter.Envelope(body)
	if err != nil {
		return opened{}, err
	}
	ps, err := s.programs.PushSecrets(ctx)
	if errors.Is(err, program.ErrNoPlatform) {
		return opened{}, errUnconfigured
	}
	if err != nil {
		return opened{}, err
	}
	o, err := letter.Secrets(ps).Decrypt(r.URL.Query(), encrypt)
	return opened{o, ps.AppID}, err
}

func parseError(err error) error {
	if errors.Is(err, push.ErrDoctype) {
		return letter.ErrDoctype
	}
	return letter.ErrMalformed
}

// events hears the 授权事件接收 URL: tickets and authorisations. The answer is exactly "success".
func (s *Service) events(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	o, err := s.open(ctx, r, body)
	if err != nil {
		return answer{}, err
	}
	e, err := push.ParsePlatformEvent(o.Plain)
	if err != nil {
		return answer{}, parseError(err)
	}
	if e.AppID != "" && e.AppID != o.appID {
		return answer{}, letter.ErrForeign
	}
	if e.InfoType == push.InfoTicket {
		if e.Ticket == "" {
			return answer{}, letter.ErrMalformed
		}
		// Tickets are secrets that come every ten minutes: they replace each other instead of becoming deliveries.
		return success, s.programs.SaveTicket(ctx, o.appID, secret.New(e.Ticket), e.CreateTime)
	}
	d := &Delivery{Source: FromEvents, AppID: e.AuthorizerAppID, Event: e.InfoType, State: Done, ProcessedAt: s.now()}
	return success, s.record(ctx, d, o.Plain, func(ctx context.Context, tx db.Tx) error { return s.programs.Apply(ctx, tx, *e) })
}

// messages hears the 消息与事件接收 URL. The appid in its path is not signed, so it must agree with what the push itself says.
func (s *Service) messages(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	o, err := s.open(ctx, r, body)
	if err != nil {
		return answer{}, err
	}
	e, err := push.ParseEvent(o.Plain, push.FormatXML)
	if err != nil {
		return answer{}, parseError(err)
	}
	appID := r.PathValue("appid")
	if e.Complaint != nil && e.Complaint.AppID != "" && e.Complaint.AppID != appID {
		return answer{}, letter.ErrForeign
	}
	acc, err := s.account(ctx, appID)
	if err != nil {
		return answer{}, err
	}
	if acc.userName != "" && e.ToUserName != "" && acc.userName != e.ToUserName {
		return answer{}, letter.ErrForeign
	}
	d := &Delivery{Source: FromMessages, AppID: appID, ProgramID: acc.programID, Event: e.Event, State: Ignored}
	if d.Event == "" {
		d.Event = e.MsgType
	}
	if reply := s.releaseReply(appID, e); reply != "" {
		return s.reply(r, o, e, reply)
	}
	if wanted(e, appID) {
		d.State = Stored
	}
	reply := success
	code, check := strings.CutPrefix(e.Content, "QUERY_AUTH_CODE:")
	if check = check && program.IsReleaseAccount(appID); check {
		reply.body = nil // step d wants an empty answer first
	}
	return reply, s.collect(ctx, d, o.Plain, func(id string) []river.InsertManyParams {
		switch {
		case check:
			return []river.InsertManyParams{{Args: program.ReleaseReplyArgs{Code: strings.TrimSpace(code), ToUser: e.FromUserName}}}
		case !wanted(e, appID):
			return nil
		}
		return []river.InsertManyParams{{Args: ReceivedArgs{DeliveryID: id}, InsertOpts: db.Once(db.QueueDefault)}}
	})
}

// wanted says whether there is work to do on a push: a complaint, or a violation of the program it came for.
func wanted(e *push.Event, appID string) bool {
	return e.Complaint != nil || e.Violation != nil && (e.Violation.AppID == "" || e.Violation.AppID == appID)
}

// releaseReply is the text that WeChat's release check expects at once, empty for everything else (reference/wechat-open-platform.md §5, c and e).
func (s *Service) releaseReply(appID string, e *push.Event) string {
	switch {
	case e.MsgType == "text" && e.Content == "TESTCOMPONENT_MSG_TYPE_TEXT":
		return "TESTCOMPONENT_MSG_TYPE_TEXT_callback"
	case e.MsgType == "event" && program.IsReleaseAccount(appID) && e.Complaint == nil:
		return e.Event + "from_callback"
	}
	return ""
}

// reply answers with an encrypted passive message, From and To swapped.
func (s *Service) reply(r *http.Request, o opened, e *push.Event, text string) (answer, error) {
	now := s.clock.Now().Unix()
	msg := push.TextReply(e.FromUserName, e.ToUserName, now, text)
	body, err := msgcrypt.ReplyXML(s.rand, o.Key, o.Token, o.appID, strconv.FormatInt(now, 10), r.URL.Query().Get("nonce"), msg)
	if err != nil {
		return answer{}, fmt.Errorf("encrypt reply: %w", err)
	}
	return answer{"application/xml; charset=utf-8", body}, nil
}
