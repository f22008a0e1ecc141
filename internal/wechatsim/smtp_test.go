package wechatsim

import (
	"context"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"testing"
)

// mailbox starts the sink and returns its address.
func (w *world) mailbox() string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(w.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.sim.ServeSMTP(ctx, l) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("ServeSMTP: %v", err)
		}
	})
	return l.Addr().String()
}

const plainMail = "From: =?UTF-8?B?55+l6K+J?= <zhisu@example.com>\r\nTo: a@example.com\r\nMessage-ID: <1@example.com>\r\n" +
	"Subject: =?UTF-8?B?5paw5oqV6K+J?=\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
	"打开 http://127.0.0.1:8080/c/abc?x=1&y=2，处理。\r\n再次 http://127.0.0.1:8080/c/abc?x=1&y=2\r\n"

func send(addr string, auth smtp.Auth, to []string, mail string) error {
	return smtp.SendMail(addr, auth, "zhisu@example.com", to, []byte(mail))
}

func TestSinkKeepsPlainMail(t *testing.T) {
	w := newWorld(t)
	addr := w.mailbox()
	must(t, send(addr, nil, []string{"a@example.com", "b@example.com"}, plainMail))
	box := w.sim.Outbox()
	equal(t, "mails", len(box.Emails), 1)
	e := box.Emails[0]
	equal(t, "subject", e.Subject, "新投诉")
	equal(t, "from", e.From, "zhisu@example.com")
	equal(t, "to", strings.Join(e.To, " "), "a@example.com b@example.com")
	equal(t, "message id", e.MessageID, "1@example.com")
	equal(t, "at", e.At, testStart.UnixMilli())
	contains(t, e.Text, "打开 http")
	equal(t, "links", strings.Join(e.Links, " "), "http://127.0.0.1:8080/c/abc?x=1&y=2")
	w.sim.ClearOutbox()
	equal(t, "after clearing", len(w.sim.Outbox().Emails), 0)
}

func TestSinkReadsBothPartsOfAnAlternative(t *testing.T) {
	w := newWorld(t)
	addr := w.mailbox()
	mail := "From: a@example.com\r\nSubject: two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E4=BD=A0=E5=A5=BD\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+5L2gPC9iPg==\r\n--b--\r\n"
	must(t, send(addr, nil, []string{"a@example.com"}, mail))
	e := w.sim.Outbox().Emails[0]
	equal(t, "text", strings.TrimSpace(e.Text), "你好")
	equal(t, "html", e.HTML, "<b>你</b>")
	html := "From: a@example.com\r\nSubject: one\r\nContent-Type: text/html\r\n\r\n<a href=\"http://x.test/?a=1&amp;b=2\">go</a>\r\n"
	must(t, send(addr, nil, []string{"a@example.com"}, html))
	equal(t, "link of an HTML mail", w.sim.Outbox().Emails[1].Links[0], "http://x.test/?a=1&b=2")
}

func TestSinkLetsAnyAccountIn(t *testing.T) {
	w := newWorld(t)
	addr := w.mailbox()
	must(t, send(addr, smtp.PlainAuth("", "me", "anything", "127.0.0.1"), []string{"a@example.com"}, plainMail))
	must(t, send(addr, loginAuth{}, []string{"a@example.com"}, plainMail))
	must(t, send(addr, loginAuth{early: true}, []string{"a@example.com"}, plainMail))
	equal(t, "mails", len(w.sim.Outbox().Emails), 3)
}

// loginAuth is a client of AUTH LOGIN, with or without the user name in the first line.
type loginAuth struct{ early bool }

func (l loginAuth) Start(*smtp.ServerInfo) (string, []byte, error) {
	if l.early {
		return "LOGIN", []byte("me"), nil
	}
	return "LOGIN", nil, nil
}

func (l loginAuth) Next(challenge []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if !strings.HasPrefix(string(challenge), "Username") && !strings.HasPrefix(string(challenge), "Password") {
		return nil, errors.New("odd challenge " + string(challenge))
	}
	return []byte("x"), nil
}

func TestSinkFaults(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault Fault
		code  int // 0 = accepted, -1 = connection lost
		kept  int
	}{
		{"a temporary refusal", Fault{Errcode: ptr(451)}, 451, 0},
		{"a permanent refusal", Fault{Errcode: ptr(550)}, 550, 0},
		{"a code that is none", Fault{Errcode: ptr(7)}, 451, 0},
		{"taken, then an error", Fault{Errcode: ptr(451), After: true}, 451, 1},
		{"taken, then gone", Fault{Hangup: true}, -1, 1},
		{"gone", Fault{Drop: true}, -1, 0},
		{"slow", Fault{DelayMS: 20}, 0, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			addr := w.mailbox()
			c.fault.Target = "smtp"
			must(t, w.sim.AddFault(Fault{Target: "*", Errcode: ptr(-1)})) // for the APIs, not for mail
			must(t, w.sim.AddFault(c.fault))
			err := send(addr, nil, []string{"a@example.com"}, plainMail)
			var reply *textproto.Error
			switch {
			case c.code > 0:
				if !errors.As(err, &reply) || reply.Code != c.code {
					t.Errorf("%v, want code %d", err, c.code)
				}
			case c.code < 0 && (err == nil || errors.As(err, &reply)):
				t.Errorf("%v, want a lost connection", err)
			case c.code == 0:
				must(t, err)
			}
			equal(t, "kept", len(w.sim.Outbox().Emails), c.kept)
		})
	}
}

func TestBrokenMailIsRefused(t *testing.T) {
	w := newWorld(t)
	addr := w.mailbox()
	for _, mail := range []string{
		"no header at all\r\n", "Subject: x\r\nContent-Type: ;;\r\n\r\nx\r\n",
		"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nbroken",
		"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%\r\n",
	} {
		var reply *textproto.Error
		if err := send(addr, nil, []string{"a@example.com"}, mail); !errors.As(err, &reply) || reply.Code != 554 {
			t.Errorf("%q: %v", mail, err)
		}
	}
	equal(t, "kept", len(w.sim.Outbox().Emails), 0)
}

func TestOutboxIsBounded(t *testing.T) {
	w := newWorld(t)
	for range maxEmails + 1 {
		w.sim.keepEmail(Email{})
	}
	box := w.sim.Outbox()
	equal(t, "kept", len(box.Emails), maxEmails/2+1)
	equal(t, "newest", box.Emails[len(box.Emails)-1].ID, int64(maxEmails+1))
}
