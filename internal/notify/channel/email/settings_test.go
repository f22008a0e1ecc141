package email_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/zhisu/zhisu/internal/notify/channel"
	"github.com/zhisu/zhisu/internal/notify/channel/email"
	"github.com/zhisu/zhisu/internal/secret"
)

func TestCheck(t *testing.T) {
	p := email.New(options(nil))
	for _, c := range []struct {
		name, in, password, want, field string
	}{
		{
			"163 needs little", `{"host":" SMTP.163.com ","username":"Shop@163.COM","from_name":" 知诉 "}`, "x",
			`{"host":"smtp.163.com","port":465,"security":"tls","username":"Shop@163.com","from_name":"知诉"}`, "",
		},
		{
			"587 means STARTTLS", `{"host":"smtp.qq.com","port":587,"username":"1@qq.com"}`, "x",
			`{"host":"smtp.qq.com","port":587,"security":"starttls","username":"1@qq.com","from_name":""}`, "",
		},
		{
			"a relay's login needs a sender", `{"host":"relay.example","username":"apikey","from_address":"a@b.example"}`, "x",
			`{"host":"relay.example","port":465,"security":"tls","username":"apikey","from_name":"","from_address":"a@b.example"}`, "",
		},
		{
			"the sender is the login, whatever was asked", `{"host":"relay.example","username":"a@b.example","from_address":"ceo@bank.example"}`, "x",
			`{"host":"relay.example","port":465,"security":"tls","username":"a@b.example","from_name":""}`, "",
		},
		{
			"an own server may need no login", `{"host":"127.0.0.1","port":1025,"security":"none","username":"a@b.example"}`, "",
			`{"host":"127.0.0.1","port":1025,"security":"none","username":"a@b.example","from_name":""}`, "",
		},
		{"a relay's login without a sender", `{"host":"relay.example","username":"apikey"}`, "x", "", "from_address"},
		{"163 wants the full address", `{"host":"smtp.163.com","username":"shop"}`, "x", "", "username"},
		{"163 wants a code", `{"host":"smtp.163.com","username":"shop@163.com"}`, "", "", "password"},
		{"no host", `{"username":"shop@163.com"}`, "x", "", "host"},
		{"a URL as host", `{"host":"https://smtp.163.com","username":"shop@163.com"}`, "x", "", "host"},
		{"a port in the host", `{"host":"smtp.163.com:465","username":"shop@163.com"}`, "x", "", "host"},
		{"a bad port", `{"host":"smtp.163.com","port":70000,"username":"shop@163.com"}`, "x", "", "port"},
		{"a bad mode", `{"host":"smtp.163.com","security":"ssl3","username":"shop@163.com"}`, "x", "", "security"},
		{"no login", `{"host":"smtp.163.com"}`, "x", "", "username"},
		{"a line break in the name", `{"host":"smtp.163.com","username":"shop@163.com","from_name":"a\nBcc: x"}`, "x", "", "from_name"},
		{"a bad reply address", `{"host":"smtp.163.com","username":"shop@163.com","reply_to":"x"}`, "x", "", "reply_to"},
		{"a wrong type", `{"host":5}`, "x", "", "settings"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := p.Check(channel.Settings{Public: json.RawMessage(c.in), Secrets: map[string]secret.Text{"password": secret.New(c.password)}})
			var inv *channel.Invalid
			if errors.As(err, &inv) {
				if inv.Field != c.field || inv.Text == "" {
					t.Fatalf("got %v, want %q", err, c.field)
				}
				return
			}
			if err != nil || string(got) != c.want {
				t.Errorf("got %s, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestAddress(t *testing.T) {
	p := email.New(options(nil))
	for in, want := range map[string][2]string{
		"zhang@163.com":       {"zhang@163.com", "z***@163.com"},
		" zhang＠163。COM ":     {"zhang@163.com", "z***@163.com"},
		"Zhang.San@163.com":   {"Zhang.San@163.com", "Z***@163.com"},
		"z@163.com":           {"z@163.com", "***@163.com"},
		"":                    {},
		"zhang":               {},
		"z***@163.com":        {},
		"张三@163.com":          {},
		"Z <z@163.com>":       {},
		"a@b.c, d@e.f":        {},
		"a@b.c\r\nBcc: d@e.f": {},
		`"a b"@c.d`:           {},
	} {
		a, m, err := p.Address(in)
		if a != want[0] || m != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("Address(%q) = %q, %q, %v", in, a, m, err)
		}
		if err != nil && in != "" && strings.Contains(err.Error(), in) {
			t.Errorf("the error shows the address: %v", err)
		}
	}
}

func TestSameAccount(t *testing.T) {
	p := email.New(options(nil))
	before := `{"host":"smtp.163.com","port":465,"security":"tls","username":"a@163.com"}`
	for after, want := range map[string]bool{
		before: true,
		`{"host":"smtp.163.com","port":465,"security":"tls","username":"a@163.com","from_name":"x"}`: true,
		`{"host":"smtp.163.com","port":465,"security":"starttls","username":"a@163.com"}`:            true,
		`{"host":"smtp.163.com","port":465,"security":"none","username":"a@163.com"}`:                false,
		`{"host":"smtp.evil.com","port":465,"security":"tls","username":"a@163.com"}`:                false,
		`{"host":"smtp.163.com","port":25,"security":"tls","username":"a@163.com"}`:                  false,
		`{"host":"smtp.163.com","port":465,"security":"tls","username":"b@163.com"}`:                 false,
	} {
		if got := p.SameAccount(json.RawMessage(before), json.RawMessage(after)); got != want {
			t.Errorf("SameAccount(%s) = %v", after, got)
		}
	}
}

// publicConn makes connections look as if they led to a public address.
func publicConn(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return fakeRemote{c}, nil
	}
}

type fakeRemote struct{ net.Conn }

func (fakeRemote) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(8, 8, 8, 8), Port: 25} }
