package wechatsim

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const maxMailBytes = 10 << 20

// ServeSMTP takes mails on l into the outbox until ctx ends. AUTH PLAIN and LOGIN are offered and any account is let in; no TLS.
// Faults with target smtp answer DATA with their errcode as reply code.
func (s *Sim) ServeSMTP(ctx context.Context, l net.Listener) error {
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{sim: s, ctx: ctx, conn: c}, nil
	}))
	srv.Domain = "wechatsim.localhost"
	srv.ErrorLog = slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelWarn)
	srv.AllowInsecureAuth = true
	srv.EnableSMTPUTF8 = true
	srv.MaxMessageBytes = maxMailBytes
	srv.MaxRecipients = 200
	srv.ReadTimeout, srv.WriteTimeout = time.Minute, time.Minute
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() }) // closing twice is its only error
	defer stop()
	if err := srv.Serve(l); err != nil && !errors.Is(err, smtp.ErrServerClosed) && ctx.Err() == nil {
		return fmt.Errorf("serve SMTP: %w", err)
	}
	return nil
}

// smtpSession receives the mails of one connection.
type smtpSession struct {
	sim  *Sim
	ctx  context.Context // go-smtp's callbacks carry none; it ends with ServeSMTP
	conn *smtp.Conn
	from string
	to   []string
}

var _ smtp.AuthSession = (*smtpSession)(nil)

func (m *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (m *smtpSession) Auth(mech string) (sasl.Server, error) {
	switch mech {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, _, _ string) error { return nil }), nil
	case sasl.Login:
		return &loginServer{}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

func (m *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	m.from = from
	return nil
}

func (m *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = append(m.to, to)
	return nil
}

func (m *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("read the mail: %w", err)
	}
	e, err := parseEmail(raw)
	if err != nil {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	e.From, e.To = m.from, slices.Clone(m.to)
	f := m.sim.takeFault(smtpTarget, smtpTarget)
	if f == nil {
		m.sim.keepEmail(e)
		return nil
	}
	if !pause(m.ctx, time.Duration(f.DelayMS)*time.Millisecond) {
		return smtpCode(421)
	}
	if f.playsEffect() {
		m.sim.keepEmail(e)
	}
	switch {
	case f.Hangup || f.Drop:
		_ = m.conn.Close() // the point is that it closes
		return smtpCode(421)
	case f.Errcode != nil:
		return smtpCode(*f.Errcode)
	}
	return nil
}

func smtpCode(code int) error {
	if code < 400 || code > 599 {
		code = 451
	}
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "refused by the simulator"}
}

func (m *smtpSession) Reset()        { m.from, m.to = "", nil }
func (m *smtpSession) Logout() error { return nil }

// loginServer is AUTH LOGIN: two questions, any answers.
type loginServer struct{ asked int }

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if l.asked == 0 && response != nil {
		l.asked = 1 // the user name came with the command
	}
	l.asked++
	switch l.asked {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		return []byte("Password:"), false, nil
	}
	return nil, true, nil
}

var linkPattern = regexp.MustCompile(`https?://[^\s"'<>，。；、）)\]]+`)

// parseEmail reads subject and bodies of a mail, plain or multipart.
func parseEmail(raw []byte) (Email, error) {
	msg, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return Email{}, fmt.Errorf("parse the mail: %w", err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
	if err != nil {
		return Email{}, fmt.Errorf("parse the subject: %w", err)
	}
	e := Email{Subject: subject, MessageID: strings.Trim(msg.Header.Get("Message-Id"), "<>"), Links: []string{}}
	err = e.addPart(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body)
	if err != nil {
		return Email{}, err
	}
	body := e.Text
	if body == "" {
		body = strings.ReplaceAll(e.HTML, "&amp;", "&")
	}
	e.Links = linksIn(body)
	return e, nil
}

// linksIn finds the http(s) addresses of a text, each once.
func linksIn(text string) []string {
	out := []string{}
	for _, u := range linkPattern.FindAllString(text, -1) {
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

func (e *Email) addPart(contentType, encoding string, body io.Reader) error {
	kind, params := "text/plain", map[string]string{}
	if contentType != "" {
		var err error
		if kind, params, err = mime.ParseMediaType(contentType); err != nil {
			return fmt.Errorf("parse the content type: %w", err)
		}
	}
	if strings.HasPrefix(kind, "multipart/") {
		return e.addParts(multipart.NewReader(body, params["boundary"]))
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read a part of the mail: %w", err)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	switch {
	case kind == "text/plain" && e.Text == "":
		e.Text = text
	case kind == "text/html" && e.HTML == "":
		e.HTML = text
	}
	return nil
}

func (e *Email) addParts(mr *multipart.Reader) error {
	for {
		part, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the parts of the mail: %w", err)
		}
		if err := e.addPart(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part); err != nil {
			return err
		}
	}
}
