package smtp_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A server holds SMTP conversations and remembers them. Its fields are set
// before the first connection.
type server struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config       // offered by STARTTLS, if not nil
	implicit bool              // TLS from the first byte
	login    string            // what AUTH PLAIN must say, "" to offer none
	answers  map[string]string // by verb, instead of the usual; "hang" for none, "drop" to close

	roots *x509.CertPool
	open  sync.WaitGroup

	mu     sync.Mutex
	lines  []string // every command, and "<verb> over TLS" for those that were encrypted
	bodies []string
}

func newServer(t *testing.T) *server { return newServerAt(t, "127.0.0.1") }

func newServerAt(t *testing.T, ip string) *server {
	l, err := net.Listen("tcp", ip+":0")
	require.NoError(t, err)
	s := &server{t: t, listener: l, answers: map[string]string{}}
	t.Cleanup(func() {
		l.Close()
		s.open.Wait()
	})
	return s
}

func (s *server) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// certify gives the server a certificate for 127.0.0.1 by an authority of its own.
func (s *server) certify() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(s.t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(s.t, err)
	s.roots = x509.NewCertPool()
	s.roots.AddCert(cert)
	s.tls = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func (s *server) start() *server {
	s.open.Go(func() {
		for {
			conn, err := s.listener.Accept()
			if err != nil {
				return
			}
			if s.implicit {
				conn = tls.Server(conn, s.tls)
			}
			s.open.Go(func() { s.talk(conn) })
		}
	})
	return s
}

func (s *server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *server) heard() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.lines...)
}

func (s *server) mails() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.bodies...)
}

func (s *server) talk(conn net.Conn) {
	defer func() { conn.Close() }()
	encrypted := s.implicit
	r := textproto.NewReader(bufio.NewReader(conn))
	say := func(line string) { io.WriteString(conn, line+"\r\n") }
	if !s.answer("CONNECT", say, "220 mail.test ESMTP", conn) {
		return
	}
	for {
		line, err := r.ReadLine()
		if err != nil {
			s.note("gone")
			return
		}
		verb := strings.ToUpper(strings.Fields(line + " ?")[0])
		s.note(line)
		if encrypted {
			s.note(verb + " over TLS")
		}
		usual := "250 ok"
		switch verb {
		case "EHLO":
			usual = "250-mail.test\r\n" + s.extensions(encrypted) + "250 8BITMIME"
		case "STARTTLS":
			say("220 go ahead")
			conn, encrypted = tls.Server(conn, s.tls), true
			r = textproto.NewReader(bufio.NewReader(conn))
			continue
		case "AUTH":
			usual = "535 no"
			if line == "AUTH PLAIN "+base64.StdEncoding.EncodeToString([]byte("\x00"+strings.Replace(s.login, ":", "\x00", 1))) {
				usual = "235 welcome"
			}
		case "DATA":
			if !s.answer(verb, say, "354 go ahead", conn) {
				return
			}
			if s.answers[verb] != "" {
				continue
			}
			body, err := io.ReadAll(r.DotReader())
			if err != nil {
				return
			}
			s.mu.Lock()
			s.bodies = append(s.bodies, string(body))
			s.mu.Unlock()
			verb = "BODY"
		case "QUIT":
			usual = "221 bye"
		}
		if !s.answer(verb, say, usual, conn) {
			return
		}
	}
}

func (s *server) extensions(encrypted bool) (lines string) {
	if s.tls != nil && !encrypted {
		lines += "250-STARTTLS\r\n"
	}
	if s.login != "" {
		lines += "250-AUTH PLAIN\r\n"
	}
	return lines
}

// answer says the usual or what the test wants instead, and reports whether the
// conversation goes on.
func (s *server) answer(verb string, say func(string), usual string, conn net.Conn) bool {
	switch a := s.answers[verb]; a {
	case "":
		say(usual)
	case "hang":
		io.Copy(io.Discard, conn) // until the other side gives up
		s.note("gone")
		return false
	case "drop":
		return false
	default:
		say(a)
	}
	return verb != "QUIT"
}
