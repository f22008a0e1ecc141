package email

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	netmail "net/mail"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/secret"
)

// maxPerConnection is how many messages one connection serves. Providers end connections that carry too many (450 MI:DMC); their
// number is not published, so this is a guess that keeps logins rare.
const maxPerConnection = 30

// sender owns the account's one connection.
type sender struct {
	o Options
	a account
	// slot holds the right to use session.
	slot    chan struct{}
	session *session
	idle    *time.Timer
	closed  atomic.Bool
}

func newSender(o Options, s Settings, password secret.Text) *sender {
	sd := &sender{
		o: o,
		a: account{
			Settings: s,
			password: password,
			tls:      &tls.Config{ServerName: s.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		},
		slot: make(chan struct{}, 1),
	}
	sd.idle = time.AfterFunc(time.Hour, sd.closeIdle)
	sd.idle.Stop()
	return sd
}

// Parallel implements channel.Sender: 421 HL:ICC forbids more (reference §1.2).
func (*sender) Parallel() int { return 1 }

// Limits implements channel.Limited. Settings that were stored before there was a limit have the usual one.
func (s *sender) Limits() []channel.Limit {
	n := s.a.PerMinute
	if n == 0 {
		n = perMinute
	}
	return []channel.Limit{{N: n, Per: time.Minute}}
}

// Close implements channel.Sender. A message under way is finished first, by its own Send.
func (s *sender) Close() {
	s.closed.Store(true)
	s.closeIdle()
}

// closeIdle ends the connection unless it is in use.
func (s *sender) closeIdle() {
	select {
	case s.slot <- struct{}{}:
		s.drop()
		<-s.slot
	default:
	}
}

// Send implements channel.Sender.
func (s *sender) Send(ctx context.Context, m channel.Message) channel.Result {
	content, err := compose(s.o.Clock.Now(), s.a.Settings, m)
	if err != nil {
		return channel.Result{Outcome: channel.Permanent, ProviderCode: "compose", Text: "这封邮件无法生成，请检查收件地址。"}
	}
	select {
	case s.slot <- struct{}{}:
		defer s.release()
	case <-ctx.Done():
		return channel.Result{Outcome: channel.Retry, ProviderCode: "busy", Text: "邮箱正忙。"}
	}
	res := s.send(ctx, m.To, content)
	if res.content && m.Short != "" {
		// The words were refused, so none of the buyer's are repeated (reference §1.2: retry once with a plain short template).
		short := m
		short.Text, short.HTML = m.Short, ""
		if content, err = compose(s.o.Clock.Now(), s.a.Settings, short); err == nil {
			return s.send(ctx, m.To, content).Result
		}
	}
	return res.Result
}

// send tries once, on the kept connection if there is one. A kept connection that turns out to be dead, or used up, is replaced at
// once: nothing was handed over yet.
func (s *sender) send(ctx context.Context, to string, content []byte) result {
	for {
		reused := s.session != nil
		if !reused {
			var serr *stageError
			if s.session, serr = connect(ctx, s.o, s.a); serr != nil {
				s.session = nil
				return s.classify(serr)
			}
		}
		reply, reusable, serr := s.session.deliver(ctx, s.o.ReplyTimeout, s.a.from(), to, content)
		if !reusable {
			s.drop()
		}
		if serr == nil {
			return result{Result: channel.Result{Outcome: channel.Sent, ProviderCode: "250", ProviderText: s.redact(reply)}}
		}
		if reused && ctx.Err() == nil && staleConnection(serr) {
			s.drop()
			continue
		}
		return s.classify(serr)
	}
}

// release gives the connection back, to be closed after a while.
func (s *sender) release() {
	switch {
	case s.session == nil:
	case s.closed.Load() || s.session.sent >= maxPerConnection:
		s.drop()
	default:
		s.idle.Reset(s.o.IdleTimeout)
	}
	<-s.slot
	if s.closed.Load() {
		s.closeIdle() // Close may have come between the check and the release
	}
}

// drop ends the connection; the slot is held.
func (s *sender) drop() {
	s.idle.Stop()
	if s.session != nil {
		s.session.quit()
		s.session = nil
	}
}

// compose builds the whole message.
func compose(now time.Time, s Settings, m channel.Message) ([]byte, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("read receiver: %w", err)
	}
	msg := mail.NewMsg(mail.WithEncoding(mail.EncodingB64), mail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&netmail.Address{Name: s.FromName, Address: s.from()})
	msg.ToMailAddress(&netmail.Address{Address: to.Address})
	if s.ReplyTo != "" {
		msg.ReplyToMailAddress(&netmail.Address{Address: s.ReplyTo})
	}
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(now)
	msg.SetMessageIDWithValue(m.ID + s.from()[strings.LastIndexByte(s.from(), '@'):])
	// RFC 3834: keeps out-of-office answers away.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	var buf bytes.Buffer
	if _, err := msg.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("compose message: %w", err)
	}
	return buf.Bytes(), nil
}

// oneLine keeps line breaks, and with them further headers, out of a header.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, s)
}
