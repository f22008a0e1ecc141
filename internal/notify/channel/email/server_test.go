package email_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The account the server knows.
const (
	login = "shop@163.example"
	pass  = "GEHEIMNISCODE123"
)

// server is an SMTP server that answers by script: reply gets the stage ("hello", "auth", "mail", "rcpt", "data", "dot"), how often that
// stage was reached (from 1) and the connection, and returns the error to answer with.
type server struct {
	*smtp.Server
	host     string
	port     int
	roots    *x509.CertPool
	reply    func(stage string, n int, c *smtp.Conn) error
	mu       sync.Mutex
	counts   map[string]int
	bodies   [][]byte
	senders  []string
	open     int
	mostOpen int
	// left gets one value for every connection that ended after its hello.
	left chan struct{}
}

type serverOption func(*server)

func noAuth(s *server)    { s.counts["no auth"] = 1 }
func onlyLogin(s *server) { s.counts["only login"] = 1 }
func noTLS(s *server)     { s.TLSConfig = nil }
func plainOK(s *server)   { s.AllowInsecureAuth = true }

// startServer listens on 127.0.0.1, with implicit TLS if implicit.
func startServer(t *testing.T, implicit bool, reply func(stage string, n int, c *smtp.Conn) error, opts ...serverOption) *server {
	t.Helper()
	cert, roots := certificate(t)
	s := &server{reply: reply, counts: map[string]int{}, roots: roots, left: make(chan struct{}, 1000)}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if err := s.step("hello", c); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.open++
		s.mostOpen = max(s.mostOpen, s.open)
		s.mu.Unlock()
		if s.count("no auth") > 0 {
			return &session{s: s, c: c}, nil
		}
		return &authSession{session{s: s, c: c}}, nil
	}))
	s.Domain = "mail.example"
	s.ErrorLog = log.New(io.Discard, "", 0)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
	for _, o := range opts {
		o(s)
	}
	var l net.Listener
	var err error
	if implicit {
		l, err = tls.Listen("tcp", "127.0.0.1:0", s.TLSConfig)
	} else {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr)
	s.host, s.port = "127.0.0.1", addr.Port
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		_ = l.Close() // Close misses a listener that Serve has not seen yet
		<-done
	})
	return s
}

func (s *server) step(stage string, c *smtp.Conn) error {
	s.mu.Lock()
	s.counts[stage]++
	n := s.counts[stage]
	s.mu.Unlock()
	if s.reply == nil {
		return nil
	}
	return s.reply(stage, n, c)
}

func (s *server) count(stage string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[stage]
}

func (s *server) received() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.bodies...)
}

type session struct {
	s *server
	c *smtp.Conn
}

func (*session) Reset() {}

func (x *session) Logout() error {
	x.s.mu.Lock()
	x.s.open--
	x.s.mu.Unlock()
	x.s.left <- struct{}{}
	return nil
}

func (x *session) Mail(from string, _ *smtp.MailOptions) error {
	x.s.mu.Lock()
	x.s.senders = append(x.s.senders, from)
	x.s.mu.Unlock()
	return x.s.step("mail", x.c)
}

func (x *session) Rcpt(string, *smtp.RcptOptions) error { return x.s.step("rcpt", x.c) }

func (x *session) Data(r io.Reader) error {
	if err := x.s.step("data", x.c); err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := x.s.step("dot", x.c); err != nil {
		return err
	}
	x.s.mu.Lock()
	x.s.bodies = append(x.s.bodies, b)
	x.s.mu.Unlock()
	return x.s.step("accepted", x.c)
}

type authSession struct{ session }

func (x *authSession) AuthMechanisms() []string {
	if x.s.count("only login") > 0 {
		return []string{sasl.Login}
	}
	return []string{sasl.Login, sasl.Plain}
}

func (x *authSession) Auth(mech string) (sasl.Server, error) {
	check := func(_, user, password string) error {
		if err := x.s.step("auth", x.c); err != nil {
			return err
		}
		if user != login || password != pass {
			return answer(535, "Error: authentication failed")
		}
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(check), nil
}

// loginServer asks for name and password one after the other.
type loginServer struct {
	check func(identity, user, password string) error
	asked []string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response != nil {
		l.asked = append(l.asked, string(response))
	}
	switch len(l.asked) {
	case 0:
		return []byte("Username:"), false, nil
	case 1:
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check("", l.asked[0], l.asked[1])
}

// answer makes a reply.
func answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
