package inbound

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"

	"github.com/riverqueue/river"

	"github.com/zhisu/zhisu/internal/db"
	"github.com/zhisu/zhisu/internal/inbound/letter"
	"github.com/zhisu/zhisu/internal/secret"
	"github.com/zhisu/zhisu/internal/wechat/push"
)

// What the channels of notices hear: an official account's events (scans, follows, receipts) and an operator's delivery reports. They are stored and
// acknowledged like the pushes of programs, and worked on by the same job.

// Account is what verifies an official account's pushes.
type Account struct {
	AppID string
	// Token is empty while no callback is set up.
	Token, Key secret.Text
	// Mode is plain, compat or safe, as configured by us; a push in a weaker one is refused.
	Mode string
}

// Accounts knows the channels with callbacks. Both return ErrNotFound for a channel that is not of their kind.
type Accounts interface {
	// Account returns an official account.
	Account(ctx context.Context, channelID string) (Account, error)
	// ReportKey returns the secret part of the address for delivery reports.
	ReportKey(ctx context.Context, channelID string) (secret.Text, error)
}

var (
	errNoChannel  = &letter.Refusal{Status: http.StatusNotFound, Reason: "no_such_channel"}
	errNoCallback = &letter.Refusal{Status: http.StatusServiceUnavailable, Reason: "callback_not_configured"}
)

// silence answers WeChat's pushes of an official account: nothing is said to the user.
var silence = answer{"text/plain; charset=utf-8", nil}

// reported answers delivery reports (reference/notification-channels.md §3.6).
var reported = answer{"application/json; charset=utf-8", []byte(`{"result":0,"errmsg":"OK"}`)}

func (s *Service) registerChannels(mux *http.ServeMux) {
	if s.channels == nil {
		return
	}
	mux.HandleFunc("GET /wechat/offiaccount/{channel_id}", s.handle(FromAccount, s.accountCheck))
	mux.HandleFunc("POST /wechat/offiaccount/{channel_id}", s.handle(FromAccount, s.accountEvent))
	mux.HandleFunc("POST /sms/reports/{channel_id}/{key}", s.handle(FromReports, s.report))
}

func (s *Service) officialAccount(ctx context.Context, r *http.Request) (Account, error) {
	a, err := s.channels.Account(ctx, r.PathValue("channel_id"))
	switch {
	case errors.Is(err, ErrNotFound):
		return Account{}, errNoChannel
	case err != nil:
		return Account{}, err
	case a.Token.IsEmpty():
		return Account{}, errNoCallback
	}
	return a, nil
}

// accountCheck answers WeChat's check of the address: echostr as it came, if the signature is right.
func (s *Service) accountCheck(ctx context.Context, r *http.Request, _ []byte) (answer, error) {
	a, err := s.officialAccount(ctx, r)
	if err != nil {
		return answer{}, err
	}
	q := r.URL.Query()
	if !a.terms().Signed(q) {
		return answer{}, letter.ErrSignature
	}
	echo := q.Get("echostr")
	if echo == "" || len(echo) > maxEcho {
		return answer{}, letter.ErrMalformed
	}
	return answer{"text/plain; charset=utf-8", []byte(echo)}, nil
}

// accountEvent hears an official account. Repeats are told by sender and time as WeChat advises, and by the message they are about: two receipts of one second
// are not the same.
func (s *Service) accountEvent(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	a, err := s.officialAccount(ctx, r)
	if err != nil {
		return answer{}, err
	}
	plain, err := a.terms().Open(r.URL.Query(), body)
	if err != nil {
		return answer{}, err
	}
	e, err := push.ParseEvent(plain, push.FormatAuto)
	if err != nil {
		return answer{}, parseError(err)
	}
	d := &Delivery{Source: FromAccount, AppID: a.AppID, ChannelID: r.PathValue("channel_id"), Event: e.Event, State: Ignored}
	if d.Event == "" {
		d.Event = e.MsgType
	}
	if useful(e) {
		d.State = Stored
	}
	d.DedupeKey = hashed(string(FromAccount), d.ChannelID, e.FromUserName, e.Fields["CreateTime"], strings.ToLower(e.Event), e.MsgID, e.Fields["MsgID"], e.Fields["EventKey"])
	return silence, s.collect(ctx, d, plain, s.worked(d))
}

// useful tells the events that the job has a use for.
func useful(e *push.Event) bool {
	if !strings.EqualFold(e.MsgType, "event") {
		return false
	}
	switch strings.ToLower(e.Event) {
	case "templatesendjobfinish", "subscribe", "scan", "unsubscribe":
		return true
	}
	return false
}

func (s *Service) worked(d *Delivery) func(id string) []river.InsertManyParams {
	return func(id string) []river.InsertManyParams {
		if d.State != Stored {
			return nil
		}
		return []river.InsertManyParams{{Args: ReceivedArgs{DeliveryID: id}, InsertOpts: db.Once(db.QueueDefault)}}
	}
}

// terms are what was agreed with WeChat about the account's pushes.
func (a Account) terms() letter.Terms {
	t := letter.Terms{Secrets: letter.Secrets{AppID: a.AppID, Tokens: []secret.Text{a.Token}}, Mode: letter.Mode(a.Mode)}
	if !a.Key.IsEmpty() {
		t.Keys = []secret.Text{a.Key}
	}
	return t
}

// report hears delivery reports. Tencent signs nothing: the address itself is the secret.
func (s *Service) report(ctx context.Context, r *http.Request, body []byte) (answer, error) {
	id := r.PathValue("channel_id")
	key, err := s.channels.ReportKey(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return answer{}, errNoChannel
	case err != nil:
		return answer{}, err
	case key.IsEmpty() || subtle.ConstantTimeCompare([]byte(key.Reveal()), []byte(r.PathValue("key"))) != 1:
		return answer{}, letter.ErrSignature
	}
	if _, err := ParseReports(body); err != nil {
		return answer{}, letter.ErrMalformed
	}
	d := &Delivery{Source: FromReports, ChannelID: id, Event: "sms_report", State: Stored}
	d.DedupeKey = hashed(string(FromReports), id, string(body))
	return reported, s.collect(ctx, d, body, s.worked(d))
}
