package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/zhisu/zhisu/internal/outbound"
)

// stage is how far a try came; what an error means depends on it.
type stage int

const (
	stageDial stage = iota
	stageGreeting
	stageStartTLS
	stageAuth
	stageMail
	stageRcpt
	stageData     // the DATA command and the content
	stageAfterDot // the whole message is out, the answer is missing or bad
)

// stageError is a failure and where it happened. Inside is a *textproto.Error when the server answered.
type stageError struct {
	stage stage
	err   error
}

func (e *stageError) Error() string { return fmt.Sprintf("smtp stage %d: %v", e.stage, e.err) }
func (e *stageError) Unwrap() error { return e.err }

// reply returns the server's answer, if the failure was one.
func (e *stageError) reply() (*textproto.Error, bool) {
	var te *textproto.Error
	ok := errors.As(e.err, &te)
	return te, ok
}

// What a server lacks, or we refuse.
var (
	errPlainPublic = errors.New("an unencrypted connection to a public server is refused")
	errNoStartTLS  = errors.New("the server offers no STARTTLS")
	errNoAuth      = errors.New("the server offers no login, or none that we know")
)

// session is one logged-in connection. It is used by one goroutine at a time.
type session struct {
	raw    net.Conn
	client *smtp.Client
	sent   int
}

// connect dials, encrypts and logs in.
func connect(ctx context.Context, o Options, a account) (*session, *stageError) {
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	raw, err := o.Dial(ctx, "tcp", net.JoinHostPort(a.Host, strconv.Itoa(a.Port)))
	if err != nil {
		return nil, &stageError{stageDial, err}
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	s, serr := handshake(ctx, raw, a)
	if !stop() && serr == nil {
		serr = &stageError{stageAuth, ctx.Err()}
	}
	if serr != nil {
		_ = raw.Close()
		if ctx.Err() != nil {
			// The reason is our time limit, not the closed connection it led to.
			serr.err = context.Cause(ctx)
		}
		return nil, serr
	}
	return s, nil
}

func handshake(ctx context.Context, raw net.Conn, a account) (*session, *stageError) {
	if a.Security == None && outbound.ConnIsPublic(raw) {
		return nil, &stageError{stageDial, errPlainPublic}
	}
	conn := raw
	if a.Security == TLS {
		tc := tls.Client(raw, a.tls)
		if err := tc.HandshakeContext(ctx); err != nil {
			return nil, &stageError{stageDial, err}
		}
		conn = tc
	}
	c, err := smtp.NewClient(conn, a.Host)
	if err != nil {
		return nil, &stageError{stageGreeting, err}
	}
	c.SkipSMTPUTF8(true) // our addresses are ASCII
	if err := c.Hello(helloName(raw)); err != nil {
		return nil, &stageError{stageGreeting, err}
	}
	if a.Security == STARTTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return nil, &stageError{stageStartTLS, errNoStartTLS}
		}
		if err := c.StartTLS(a.tls); err != nil {
			return nil, &stageError{stageStartTLS, err}
		}
	}
	if !a.password.IsEmpty() {
		auth, err := pickAuth(c, a)
		if err != nil {
			return nil, &stageError{stageAuth, err}
		}
		if err := c.Auth(auth); err != nil {
			return nil, &stageError{stageAuth, err}
		}
	}
	return &session{raw: raw, client: c}, nil
}

// pickAuth takes the first mechanism the server offers. The connection is encrypted or stays in the private network, so the simplest
// ones come first: they are what every provider supports best.
func pickAuth(c *smtp.Client, a account) (smtp.Auth, error) {
	ok, offered := c.Extension("AUTH")
	if !ok {
		return nil, errNoAuth
	}
	mechs := strings.Fields(strings.ToUpper(offered))
	plain := a.Security == None
	pass := a.password.Reveal()
	for _, m := range []struct {
		name string
		auth func() smtp.Auth
	}{
		{"PLAIN", func() smtp.Auth { return smtp.PlainAuth("", a.Username, pass, a.Host, plain) }},
		{"LOGIN", func() smtp.Auth { return smtp.LoginAuth(a.Username, pass, a.Host, plain) }},
		{"SCRAM-SHA-256", func() smtp.Auth { return smtp.ScramSHA256Auth(a.Username, pass) }},
		{"SCRAM-SHA-1", func() smtp.Auth { return smtp.ScramSHA1Auth(a.Username, pass) }},
		{"CRAM-MD5", func() smtp.Auth { return smtp.CRAMMD5Auth(a.Username, pass) }},
	} {
		if slices.Contains(mechs, m.name) {
			return m.auth(), nil
		}
	}
	return nil, errNoAuth
}

// helloName is our address as a literal (RFC 5321 §4.1.3): machines without a public name have no better one.
func helloName(c net.Conn) string {
	ap, err := netip.ParseAddrPort(c.LocalAddr().String())
	if err != nil {
		return "localhost"
	}
	ip := ap.Addr().Unmap().WithZone("")
	if ip.Is4() {
		return "[" + ip.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}

// deliver hands over one message. reusable says whether the connection may serve another one.
func (s *session) deliver(ctx context.Context, timeout time.Duration, from, to string, content []byte) (reply string, reusable bool, serr *stageError) {
	stop := context.AfterFunc(ctx, func() { _ = s.raw.Close() })
	reply, serr = s.transact(timeout, from, to, content)
	ended := !stop()
	if serr == nil {
		s.sent++
		return reply, !ended, nil
	}
	if ended {
		serr.err = context.Cause(ctx)
	}
	te, answered := serr.reply()
	if !answered || ended || te.Code == 421 {
		return "", false, serr
	}
	if serr.stage == stageAfterDot {
		return "", true, serr
	}
	return "", s.client.Reset() == nil, serr
}

func (s *session) transact(timeout time.Duration, from, to string, content []byte) (string, *stageError) {
	if err := s.client.UpdateDeadline(timeout); err != nil {
		return "", &stageError{stageMail, err}
	}
	if err := s.client.Mail("<" + from + ">"); err != nil {
		return "", &stageError{stageMail, err}
	}
	if err := s.client.Rcpt("<" + to + ">"); err != nil {
		return "", &stageError{stageRcpt, err}
	}
	w, err := s.client.Data()
	if err != nil {
		return "", &stageError{stageData, err}
	}
	if _, err := w.Write(content); err != nil {
		return "", &stageError{stageData, err}
	}
	if err := s.client.UpdateDeadline(timeout); err != nil {
		return "", &stageError{stageData, err}
	}
	if err := w.Close(); err != nil {
		return "", &stageError{stageAfterDot, err}
	}
	if dc, ok := w.(*smtp.DataCloser); ok {
		return dc.ServerResponse(), nil
	}
	return "", nil
}

// quit says goodbye within a short time and closes.
func (s *session) quit() {
	if s.client.UpdateDeadline(2*time.Second) == nil {
		_ = s.client.Quit()
	}
	_ = s.raw.Close()
}
