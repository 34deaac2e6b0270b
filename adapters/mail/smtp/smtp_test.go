package smtp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/mail/smtp"
	"github.com/tandem-cc/tandem/internal/fault"
)

var _ account.Mailer = (*smtp.Mailer)(nil)

var letter = account.Mail{
	To: "ann@acme.example", Subject: "Choose a new password", Kind: account.MailReset,
	Text: "Hello Zoë,\n\n.a line that begins with a dot\n.\n" +
		"https://desk.example.com/reset#abc-_DEF=" + strings.Repeat("x", 200) + "\n",
}

func (s *server) mailer(edit func(*smtp.Config)) *smtp.Mailer {
	cfg := smtp.Config{
		Host: "127.0.0.1", Port: s.port(), From: "Tandem <no-reply@desk.example.com>",
		TLS: smtp.Opportunistic, Timeout: 10 * time.Second,
	}
	if s.roots != nil {
		cfg.TLSConfig = &tls.Config{RootCAs: s.roots}
	}
	if edit != nil {
		edit(&cfg)
	}
	m, err := smtp.New(cfg)
	require.NoError(s.t, err)
	return m
}

// read returns the parts of a mail as its reader's program shows them.
func read(t *testing.T, raw string) (h mail.Header, text string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	require.NoError(t, err)
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "text/plain", kind)
	require.Equal(t, "utf-8", strings.ToLower(params["charset"]))
	require.Equal(t, "quoted-printable", m.Header.Get("Content-Transfer-Encoding"))
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	require.NoError(t, err)
	return m.Header, strings.ReplaceAll(string(body), "\r\n", "\n")
}

func TestSend(t *testing.T) {
	s := newServer(t).start()
	require.NoError(t, s.mailer(nil).Send(t.Context(), letter))
	require.Len(t, s.mails(), 1)
	h, text := read(t, s.mails()[0])
	require.Equal(t, letter.Text, text)
	require.Equal(t, letter.Subject, h.Get("Subject"))
	require.Equal(t, "<ann@acme.example>", h.Get("To"))
	require.Equal(t, `"Tandem" <no-reply@desk.example.com>`, h.Get("From"))
	require.Equal(t, "auto-generated", h.Get("Auto-Submitted"))
	require.Regexp(t, `^<[0-9a-f-]{36}@desk\.example\.com>$`, h.Get("Message-ID"))
	require.Empty(t, h.Get("User-Agent"))
	date, err := h.Date()
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), date, time.Minute)
	require.Contains(t, s.heard(), "MAIL FROM:<no-reply@desk.example.com> BODY=8BITMIME")
	require.Contains(t, s.heard(), "RCPT TO:<ann@acme.example>")
}

func TestNothingSlipsIntoTheHeader(t *testing.T) {
	s := newServer(t).start()
	m := s.mailer(nil)
	out := letter
	out.Subject = "Hello\r\nBcc: eve@evil.example\r\n\r\nZoë"
	require.NoError(t, m.Send(t.Context(), out))
	h, text := read(t, s.mails()[0])
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, "Hello Bcc: eve@evil.example Zoë", subject)
	require.Empty(t, h.Get("Bcc"))
	require.Equal(t, letter.Text, text)

	for _, to := range []string{"", "ann", "ann@acme.example\r\nRCPT TO:<eve@evil.example>", "ann@acme.example, eve@evil.example"} {
		out.To = to
		require.Error(t, m.Send(t.Context(), out), "%q", to)
	}
	require.Len(t, s.mails(), 1)
}

func TestTLS(t *testing.T) {
	strangers := func(c *smtp.Config) { c.TLSConfig = &tls.Config{RootCAs: x509.NewCertPool()} }
	for _, tc := range []struct {
		name      string
		offered   bool
		policy    smtp.TLSPolicy
		edit      func(*smtp.Config)
		sent      bool
		encrypted bool
	}{
		{"opportunistic, offered", true, smtp.Opportunistic, nil, true, true},
		{"opportunistic, not offered", false, smtp.Opportunistic, nil, true, false},
		{"opportunistic, unknown certificate", true, smtp.Opportunistic, strangers, false, false},
		{"mandatory, offered", true, smtp.Mandatory, nil, true, true},
		{"mandatory by default", true, "", nil, true, true},
		{"mandatory, not offered", false, smtp.Mandatory, nil, false, false},
		{"mandatory, unknown certificate", true, smtp.Mandatory, strangers, false, false},
		{"implicit", true, smtp.Implicit, nil, true, true},
		{"implicit, unknown certificate", true, smtp.Implicit, strangers, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newServer(t)
			s.implicit = tc.policy == smtp.Implicit
			if tc.offered {
				s.certify()
			}
			s.start()
			err := s.mailer(func(c *smtp.Config) {
				c.TLS = tc.policy
				if tc.edit != nil {
					tc.edit(c)
				}
			}).Send(t.Context(), letter)
			require.Equal(t, tc.sent, err == nil, "%v", err)
			if tc.sent {
				require.Len(t, s.mails(), 1)
				require.Equal(t, tc.encrypted, slices.Contains(s.heard(), "DATA over TLS"))
			} else {
				require.NotContains(t, s.heard(), "DATA")
			}
		})
	}
}

func TestSignsInToTheServer(t *testing.T) {
	for _, policy := range []smtp.TLSPolicy{smtp.Mandatory, smtp.Implicit} {
		t.Run(string(policy), func(t *testing.T) {
			s := newServer(t)
			s.certify()
			s.login, s.implicit = "tandem:s3cret", policy == smtp.Implicit
			s.start()
			with := func(password string) *smtp.Mailer {
				return s.mailer(func(c *smtp.Config) { c.TLS, c.Username, c.Password = policy, "tandem", password })
			}
			require.NoError(t, with("s3cret").Send(t.Context(), letter))
			require.Contains(t, s.heard(), "AUTH over TLS")
			err := with("w4ong").Send(t.Context(), letter)
			require.ErrorContains(t, err, "535")
			require.NotContains(t, err.Error(), "w4ong")
			require.Len(t, s.mails(), 1)
		})
	}
}

func TestNeverSaysThePasswordInTheClear(t *testing.T) {
	s := newServerAt(t, "127.0.0.2") // not 127.0.0.1, where nobody listens in
	s.login = "tandem:s3cret"
	s.start()
	err := s.mailer(func(c *smtp.Config) { c.Host, c.Username, c.Password = "127.0.0.2", "tandem", "s3cret" }).
		Send(t.Context(), letter)
	require.Error(t, err)
	require.Contains(t, strings.Join(s.heard(), "\n"), "EHLO")
	for _, line := range s.heard() {
		require.NotContains(t, line, "AUTH")
	}
}

func TestRefusals(t *testing.T) {
	for verb, answer := range map[string]string{
		"CONNECT": "554 no service", "EHLO": "421 later", "MAIL": "550 not you", "RCPT": "550 no such user",
		"DATA": "451 disk full", "BODY": "552 too long",
	} {
		t.Run(verb, func(t *testing.T) {
			s := newServer(t)
			s.answers[verb] = answer
			if verb == "EHLO" {
				s.answers["HELO"] = answer
			}
			s.start()
			require.ErrorContains(t, s.mailer(nil).Send(t.Context(), letter), answer[:3])
		})
	}
}

func TestLostConnection(t *testing.T) {
	for _, verb := range []string{"CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY"} {
		t.Run(verb, func(t *testing.T) {
			s := newServer(t)
			s.answers[verb] = "drop"
			s.start()
			require.Error(t, s.mailer(nil).Send(t.Context(), letter))
		})
	}
}

// A mail that the server has taken over must not be sent again, whatever
// happens after.
func TestTakenOverIsSent(t *testing.T) {
	for _, answer := range []string{"drop", "500 what?"} {
		s := newServer(t)
		s.answers["QUIT"], s.answers["RSET"] = answer, answer
		s.start()
		require.NoError(t, s.mailer(nil).Send(t.Context(), letter))
		require.Len(t, s.mails(), 1)
	}
}

func TestGivesUpOnASilentServer(t *testing.T) {
	for _, verb := range []string{"CONNECT", "EHLO", "MAIL", "BODY"} {
		t.Run(verb, func(t *testing.T) {
			s := newServer(t)
			s.answers[verb] = "hang"
			s.start()
			err := s.mailer(func(c *smtp.Config) { c.Timeout = 50 * time.Millisecond }).Send(t.Context(), letter)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Eventually(t, func() bool { return slices.Contains(s.heard(), "gone") }, 10*time.Second, time.Millisecond,
				"the connection is closed")
		})
		t.Run(verb+", context ended", func(t *testing.T) {
			s := newServer(t)
			s.answers[verb] = "hang"
			s.start()
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- s.mailer(nil).Send(ctx, letter) }()
			if verb != "CONNECT" {
				require.Eventually(t, func() bool { return len(s.heard()) > 0 }, 10*time.Second, time.Millisecond)
			}
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	s := newServer(t)
	s.certify()
	s.start()
	m := s.mailer(func(c *smtp.Config) { c.TLS = smtp.Mandatory })
	errs := make([]error, 10)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = m.Send(t.Context(), letter) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, s.mails(), len(errs))
}

func TestConfig(t *testing.T) {
	_, err := smtp.New(smtp.Config{Port: 70000, TLS: "perhaps", Timeout: -1, Password: "s3cret"})
	require.ErrorIs(t, err, fault.Invalid)
	var fields fault.Fields
	require.ErrorAs(t, err, &fields)
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	require.Equal(t, []string{"from", "host", "port", "tls", "timeout", "username"}, names)
	require.NotContains(t, err.Error(), "s3cret")
	_, err = smtp.New(smtp.Config{Host: "mail.example.com", From: "no-reply@example.com"})
	require.NoError(t, err)
}
