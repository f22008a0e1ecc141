package email_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/zhisu/zhisu/internal/clock"
	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/outbound"
	"github.com/zhisu/zhisu/internal/secret"
)

var message = channel.Message{
	ID: "0123456789abcdef0123456789abcdef", To: "boss@qq.example", Subject: "【满山茶铺】商品-破损 ¥168.00，剩 47 小时 58 分回应",
	Text: "打开就是碎的\n.\n第三行", HTML: "<p>打开就是碎的</p>", Short: "有一件投诉要处理", Link: "https://zhisu.example/complaints/1",
}

func options(s *server) email.Options {
	o := email.Options{
		Dial: outbound.Policy{AllowPrivate: true}.DialContext, Clock: clock.NewFake(time.Unix(1773296280, 0)),
		ConnectTimeout: 10 * time.Second, ReplyTimeout: 10 * time.Second,
	}
	if s != nil {
		o.Roots = s.roots
	}
	return o
}

func openSender(t *testing.T, s *server, security string, change ...func(*email.Options, *email.Settings)) channel.Sender {
	t.Helper()
	o := options(s)
	set := email.Settings{Host: s.host, Port: s.port, Security: security, Username: login, FromName: "知诉"}
	for _, c := range change {
		c(&o, &set)
	}
	p := email.New(o)
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	in := channel.Settings{Public: raw, Secrets: map[string]secret.Text{"password": secret.New(pass)}}
	if in.Public, err = p.Check(in); err != nil {
		t.Fatal(err)
	}
	sd, err := p.Open(in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sd.Close)
	return sd
}

func TestDeliversOverEveryKindOfConnection(t *testing.T) {
	for _, c := range []struct {
		name, security string
		implicit       bool
		opts           []serverOption
	}{
		{"TLS", email.TLS, true, nil},
		{"TLS with AUTH LOGIN only", email.TLS, true, []serverOption{onlyLogin}},
		{"STARTTLS", email.STARTTLS, false, nil},
		{"unencrypted on this machine", email.None, false, []serverOption{plainOK, noTLS}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, c.implicit, nil, c.opts...)
			r := openSender(t, s, c.security).Send(t.Context(), message)
			if r.Outcome != channel.Sent || r.ProviderCode != "250" {
				t.Fatalf("result = %+v", r)
			}
			if s.count("auth") != 1 || len(s.received()) != 1 || s.senders[0] != login {
				t.Fatalf("%d logins, %d messages, senders %v", s.count("auth"), len(s.received()), s.senders)
			}
			checkMail(t, s.received()[0])
		})
	}
}

func checkMail(t *testing.T, raw []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	dec := new(mime.WordDecoder)
	subject, err := dec.DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != message.Subject {
		t.Errorf("subject = %q, %v", subject, err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || from[0].Name != "知诉" || from[0].Address != login {
		t.Errorf("from = %v, %v", from, err)
	}
	for h, want := range map[string]string{
		"To": "<boss@qq.example>", "Message-Id": "<" + message.ID + "@163.example>", "Auto-Submitted": "auto-generated", "X-Mailer": "", "User-Agent": "",
	} {
		if got := m.Header.Get(h); got != want {
			t.Errorf("%s = %q, want %q", h, got, want)
		}
	}
	if d, err := m.Header.Date(); err != nil || d.Unix() != 1773296280 {
		t.Errorf("date = %v, %v", d, err)
	}
	text, html := parts(t, m)
	if text != message.Text || html != message.HTML {
		t.Errorf("text = %q, html = %q", text, html)
	}
}

// parts returns the decoded text and HTML of a message.
func parts(t *testing.T, m *mail.Message) (text, html string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	decode := func(r io.Reader) string {
		b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, r))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	if kind == "text/plain" {
		return decode(m.Body), ""
	}
	mr := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = decode(p)
		} else {
			text = decode(p)
		}
	}
}

// The table of reference/notification-channels.md §1.2.
func TestAnswersAreClassified(t *testing.T) {
	for _, c := range []struct {
		stage   string
		code    int
		text    string
		outcome channel.Outcome
		wait    time.Duration
		whole   bool
		show    string
	}{
		{"hello", 421, "HL:REP 163 smtp5 too many", channel.Retry, 30 * time.Minute, true, "421 HL:REP"},
		{"hello", 421, "HL:ICC 163 smtp5", channel.Retry, time.Minute, true, "421 HL:ICC"},
		{"hello", 421, "HL:IFC 163 smtp5", channel.Retry, 30 * time.Minute, true, "421 HL:IFC"},
		{"mail", 421, "HL:MEP 163 smtp5", channel.Retry, 30 * time.Minute, true, "421 HL:MEP"},
		{"mail", 450, "MI:CEL", channel.Retry, 0, false, "450 MI:CEL"},
		{"mail", 451, "MI:DMC", channel.Retry, 0, false, "451 MI:DMC"},
		{"rcpt", 450, "RP:DRC", channel.Retry, 0, false, "450 RP:DRC"},
		{"rcpt", 450, "DT:RBL listed", channel.Retry, 30 * time.Minute, true, "450 DT:RBL"},
		{"mail", 450, "WM:BLU", channel.Config, 0, true, "450 WM:BLU"},
		{"dot", 451, "DT:SPM please try again", channel.Retry, 2 * time.Minute, false, "451 DT:SPM"},
		{"mail", 451, "MI:SFQ", channel.Retry, 15 * time.Minute, true, "451 MI:SFQ"},
		{"auth", 451, "too much fail authentication", channel.Config, 30 * time.Minute, true, "451"},
		{"auth", 535, "Error: authentication failed", channel.Config, 0, true, "535"},
		{"auth", 526, "Authentication failure", channel.Config, 0, true, "526"},
		{"auth", 550, "User has no permission", channel.Config, 0, true, "550"},
		{"auth", 454, "Temporary authentication failure", channel.Retry, 0, true, "454"},
		{"rcpt", 550, "User not found", channel.Permanent, 0, false, "550"},
		{"mail", 550, "unknown", channel.Permanent, 0, false, "550"},
		{"mail", 550, "User suspended", channel.Config, 0, true, "550"},
		{"rcpt", 550, "Mailbox locked", channel.Permanent, 0, false, "550"},
		{"mail", 550, "Ip frequency limited", channel.Retry, time.Hour, true, "550"},
		{"rcpt", 550, "Connection denied", channel.Retry, time.Hour, true, "550"},
		{"dot", 550, "Mail content denied", channel.Permanent, 0, false, "550"},
		{"dot", 554, "DT:SPM 163 smtp11", channel.Permanent, 0, false, "554 DT:SPM"},
		{"dot", 552, "Requested mail action aborted: exceeded mailsize limit", channel.Permanent, 0, false, "552"},
		{"mail", 553, "Mail from must equal authorized user", channel.Config, 0, true, "553"},
		{"rcpt", 553, "mailbox name not allowed", channel.Permanent, 0, false, "553"},
		{"rcpt", 553, "relaying denied", channel.Config, 0, true, "553"},
		{"hello", 554, "HL:IPB", channel.Retry, time.Hour, true, "554 HL:IPB"},
		{"mail", 554, "Sender mismatch", channel.Config, 0, true, "554"},
		{"mail", 440, "mail from account doesn't conform with authentication", channel.Config, 0, true, "440"},
		{"mail", 530, "Authentication required", channel.Config, 0, true, "530"},
		{"rcpt", 452, "insufficient storage", channel.Retry, 0, false, "452"},
	} {
		t.Run(fmt.Sprintf("%s %d %s", c.stage, c.code, c.text), func(t *testing.T) {
			s := startServer(t, true, func(stage string, _ int, _ *smtp.Conn) error {
				if stage == c.stage {
					return answer(c.code, c.text+" for boss@qq.example with "+pass)
				}
				return nil
			})
			m := message
			m.Short = ""
			r := openSender(t, s, email.TLS).Send(t.Context(), m)
			if r.Outcome != c.outcome || r.After != c.wait || r.WholeChannel != c.whole || r.ProviderCode != c.show {
				t.Errorf("got %+v", r)
			}
			if r.Text == "" || !strings.Contains(r.ProviderText, strings.Fields(c.text)[0]) {
				t.Errorf("text %q, provider text %q", r.Text, r.ProviderText)
			}
			if strings.Contains(fmt.Sprintf("%+v", r), pass) || strings.Contains(r.ProviderText, "boss@") || !strings.Contains(r.ProviderText, "b***@qq.example") {
				t.Errorf("secret or address shown: %+v", r)
			}
			if len(s.received()) != 0 {
				t.Error("a message was accepted")
			}
			if s.count("hello") != 1 && c.stage != "hello" {
				t.Errorf("%d connections for one try", s.count("hello"))
			}
		})
	}
}

func TestLoginTextNamesTheWayOut(t *testing.T) {
	s := startServer(t, true, func(stage string, _ int, _ *smtp.Conn) error {
		if stage == "auth" {
			return answer(535, "Error: authentication failed")
		}
		return nil
	})
	r := openSender(t, s, email.TLS).Send(t.Context(), message)
	if !strings.Contains(r.Text, "授权码") {
		t.Errorf("text = %q", r.Text)
	}
	if n := s.count("auth"); n != 1 {
		t.Errorf("%d logins with a password that was refused", n)
	}
}

func TestGreylistedMessageKeepsItsMessageID(t *testing.T) {
	s := startServer(t, true, func(stage string, n int, _ *smtp.Conn) error {
		if stage == "dot" && n == 1 {
			return answer(451, "greylisted")
		}
		return nil
	})
	sd := openSender(t, s, email.TLS)
	if r := sd.Send(t.Context(), message); r.Outcome != channel.Retry {
		t.Fatalf("first try: %+v", r)
	}
	if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
		t.Fatalf("second try: %+v", r)
	}
	if s.count("auth") != 1 {
		t.Errorf("%d logins, want the connection reused", s.count("auth"))
	}
	checkMail(t, s.received()[0])
}

func TestRefusedContentIsTriedOnceWithoutForeignWords(t *testing.T) {
	s := startServer(t, true, func(stage string, n int, _ *smtp.Conn) error {
		if stage == "dot" && n == 1 {
			return answer(554, "DT:SPM")
		}
		return nil
	})
	if r := openSender(t, s, email.TLS).Send(t.Context(), message); r.Outcome != channel.Sent {
		t.Fatalf("result = %+v", r)
	}
	m, err := mail.ReadMessage(bytes.NewReader(s.received()[0]))
	if err != nil {
		t.Fatal(err)
	}
	if text, html := parts(t, m); text != message.Short || html != "" || s.count("dot") != 2 {
		t.Errorf("text %q, html %q after %d tries", text, html, s.count("dot"))
	}
}

func TestConnectionProblems(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	stuck := func(at string) func(string, int, *smtp.Conn) error {
		return func(stage string, _ int, _ *smtp.Conn) error {
			if stage == at {
				<-hang
			}
			return nil
		}
	}
	cut := func(at string) func(string, int, *smtp.Conn) error {
		return func(stage string, _ int, c *smtp.Conn) error {
			if stage == at {
				_ = c.Conn().Close()
			}
			return nil
		}
	}
	quick := func(o *email.Options, _ *email.Settings) {
		o.ReplyTimeout, o.ConnectTimeout = 300*time.Millisecond, 2*time.Second
	}
	type change = func(*email.Options, *email.Settings)
	for _, c := range []struct {
		name     string
		implicit bool
		security string
		reply    func(string, int, *smtp.Conn) error
		opts     []serverOption
		change   change
		outcome  channel.Outcome
		code     string
	}{
		{"cut at RCPT is surely not sent", true, email.TLS, cut("rcpt"), nil, nil, channel.Retry, "network"},
		{"cut at MAIL is surely not sent", true, email.TLS, cut("mail"), nil, nil, channel.Retry, "network"},
		{"cut at the login is retried", true, email.TLS, cut("auth"), nil, nil, channel.Retry, "network"},
		{"cut after the dot may be sent", true, email.TLS, cut("dot"), nil, nil, channel.Unknown, "no_answer"},
		{"cut after it was accepted may be sent", true, email.TLS, cut("accepted"), nil, nil, channel.Unknown, "no_answer"},
		{"slow at RCPT is surely not sent", true, email.TLS, stuck("rcpt"), nil, quick, channel.Retry, "timeout"},
		{"slow after the dot may be sent", true, email.TLS, stuck("dot"), nil, quick, channel.Unknown, "no_answer"},
		{"implicit TLS on a STARTTLS port", false, email.TLS, nil, nil, quick, channel.Config, "wrong_tls_mode"},
		{"STARTTLS on an implicit TLS port", true, email.STARTTLS, nil, nil, func(o *email.Options, _ *email.Settings) { o.ConnectTimeout = 300 * time.Millisecond }, channel.Retry, "timeout"},
		{"STARTTLS that is not offered", false, email.STARTTLS, nil, []serverOption{noTLS, plainOK}, nil, channel.Config, "no_starttls"},
		{"a login that is not offered", true, email.TLS, nil, []serverOption{noAuth}, nil, channel.Config, "no_auth"},
		{"an untrusted certificate", true, email.TLS, nil, nil, func(o *email.Options, _ *email.Settings) { o.Roots = nil }, channel.Retry, "certificate"},
		{"an untrusted certificate after STARTTLS", false, email.STARTTLS, nil, nil, func(o *email.Options, _ *email.Settings) { o.Roots = nil }, channel.Retry, "certificate"},
		{"a port where nobody listens", true, email.TLS, nil, nil, func(_ *email.Options, s *email.Settings) { s.Port = 1 }, channel.Retry, "refused"},
		{"a private address that is not allowed", true, email.TLS, nil, nil, func(o *email.Options, _ *email.Settings) { o.Dial = outbound.Policy{}.DialContext }, channel.Config, "private_address"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := startServer(t, c.implicit, c.reply, c.opts...)
			var ch []func(*email.Options, *email.Settings)
			if c.change != nil {
				ch = append(ch, c.change)
			}
			r := openSender(t, s, c.security, ch...).Send(t.Context(), message)
			if r.Outcome != c.outcome || r.ProviderCode != c.code || r.Text == "" {
				t.Errorf("got %+v", r)
			}
			if accepted := len(s.received()) > 0; accepted && r.Outcome != channel.Unknown {
				t.Error("accepted, but not said so")
			}
			if c.code == "no_starttls" || c.code == "certificate" || c.code == "private_address" {
				if s.count("auth") != 0 {
					t.Error("the password was sent")
				}
			}
		})
	}
}

func TestUnencryptedLoginToAPublicServerIsRefused(t *testing.T) {
	s := startServer(t, false, nil, plainOK, noTLS)
	public := func(o *email.Options, _ *email.Settings) { o.Dial = publicConn(o.Dial) }
	r := openSender(t, s, email.None, public).Send(t.Context(), message)
	if r.Outcome != channel.Config || r.ProviderCode != "not_encrypted" || s.count("auth") != 0 {
		t.Errorf("got %+v after %d logins", r, s.count("auth"))
	}
}

func TestOneConnectionServesSeveralMessagesOneAtATime(t *testing.T) {
	s := startServer(t, true, nil)
	sd := openSender(t, s, email.TLS)
	var wg sync.WaitGroup
	for range 25 {
		wg.Go(func() {
			if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
				t.Errorf("got %+v", r)
			}
		})
	}
	wg.Wait()
	if len(s.received()) != 25 || s.count("auth") != 1 || s.mostOpen != 1 {
		t.Errorf("%d messages, %d logins, %d connections at once", len(s.received()), s.count("auth"), s.mostOpen)
	}
	sd.Close()
	<-s.left
	for range 10 {
		if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
			t.Errorf("after close: %+v", r)
		}
		<-s.left // a closed sender keeps no connection
	}
}

func TestConnectionIsNotUsedForTooManyMessages(t *testing.T) {
	s := startServer(t, true, nil)
	sd := openSender(t, s, email.TLS)
	for range 61 {
		if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
			t.Fatalf("got %+v", r)
		}
	}
	if s.count("auth") != 3 {
		t.Errorf("%d logins for 61 messages, want 3", s.count("auth"))
	}
}

func TestIdleConnectionIsClosed(t *testing.T) {
	s := startServer(t, true, nil)
	sd := openSender(t, s, email.TLS, func(o *email.Options, _ *email.Settings) { o.IdleTimeout = time.Millisecond })
	for i := range 3 {
		if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
			t.Fatalf("got %+v", r)
		}
		<-s.left
		if s.count("auth") != i+1 {
			t.Errorf("%d logins after %d messages", s.count("auth"), i+1)
		}
	}
}

func TestKeptConnectionThatDiedIsReplacedWithoutASecondMail(t *testing.T) {
	for name, reply := range map[string]func(string, int, *smtp.Conn) error{
		"closed by the server": func(stage string, n int, c *smtp.Conn) error {
			if stage == "mail" && n == 2 {
				_ = c.Conn().Close()
			}
			return nil
		},
		"421 idle": func(stage string, n int, _ *smtp.Conn) error {
			if stage == "mail" && n == 2 {
				return answer(421, "idle too long")
			}
			return nil
		},
		"451 MI:DMC": func(stage string, n int, _ *smtp.Conn) error {
			if stage == "mail" && n == 2 {
				return answer(451, "MI:DMC too many mails on this connection")
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, true, reply)
			sd := openSender(t, s, email.TLS)
			for range 2 {
				if r := sd.Send(t.Context(), message); r.Outcome != channel.Sent {
					t.Fatalf("got %+v", r)
				}
			}
			if len(s.received()) != 2 || s.count("auth") != 2 {
				t.Errorf("%d messages over %d logins, want 2 and 2", len(s.received()), s.count("auth"))
			}
		})
	}
}

func TestEndOfContextBeforeTheDotIsARetry(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	s := startServer(t, true, func(stage string, _ int, _ *smtp.Conn) error {
		if stage == "rcpt" {
			cancel()
			<-hang
		}
		return nil
	})
	r := openSender(t, s, email.TLS).Send(ctx, message)
	if r.Outcome != channel.Retry || r.ProviderCode != "timeout" {
		t.Errorf("got %+v", r)
	}
}

func TestSubjectCanNotAddHeaders(t *testing.T) {
	s := startServer(t, true, nil)
	m := message
	m.Subject = "a\r\nBcc: evil@example.com\r\n\r\nbody"
	if r := openSender(t, s, email.TLS).Send(t.Context(), m); r.Outcome != channel.Sent {
		t.Fatalf("got %+v", r)
	}
	got, err := mail.ReadMessage(bytes.NewReader(s.received()[0]))
	if err != nil {
		t.Fatal(err)
	}
	if got.Header.Get("Bcc") != "" || !strings.HasPrefix(got.Header.Get("Subject"), "a") || s.count("rcpt") != 1 {
		t.Errorf("header = %v", got.Header)
	}
}
