// Package smtp is account.Mailer on a mail server (SMTP, RFC 5321).
package smtp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// A TLSPolicy is how the way to the server is encrypted.
type TLSPolicy string

// The policies.
const (
	Mandatory     TLSPolicy = "mandatory"     // STARTTLS (RFC 3207), or nothing is sent
	Opportunistic TLSPolicy = "opportunistic" // STARTTLS if the server offers it: anybody in between can prevent that
	Implicit      TLSPolicy = "implicit"      // TLS from the first byte (RFC 8314), usually on port 465
)

// Config names the server. Host and From are required.
type Config struct {
	Host     string
	Port     int    // 587, and 465 for Implicit
	From     string // sender, such as "Tandem <no-reply@example.com>"
	Username string // "" to send without signing in to the server
	Password string
	TLS      TLSPolicy     // Mandatory
	Timeout  time.Duration // for one mail, from the connection to the server's last word; 30 s

	// TLSConfig holds settings such as RootCAs; nil for the system's. Its
	// ServerName, if empty, is Host.
	TLSConfig *tls.Config
}

// A Mailer implements account.Mailer. It is safe for concurrent use and opens a
// connection for each mail.
type Mailer struct {
	cfg  Config
	from *netmail.Address
}

// New returns a mailer. It connects to nothing yet. Bad fields are named "host",
// "port", "from", "tls", "timeout" and "username".
func New(cfg Config) (*Mailer, error) {
	if cfg.TLS == "" {
		cfg.TLS = Mandatory
	}
	if cfg.Port == 0 {
		cfg.Port = 587
		if cfg.TLS == Implicit {
			cfg.Port = 465
		}
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	cfg.TLSConfig = cfg.TLSConfig.Clone()
	if cfg.TLSConfig == nil {
		cfg.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if cfg.TLSConfig.ServerName == "" {
		cfg.TLSConfig.ServerName = cfg.Host
	}
	var c fault.Check
	from, err := netmail.ParseAddress(cfg.From)
	c.That(err == nil, "from", "is not an e-mail address")
	c.That(cfg.Host != "", "host", "is missing")
	c.That(cfg.Port > 0 && cfg.Port < 1<<16, "port", "is not from 1 to 65535")
	c.That(cfg.TLS == Mandatory || cfg.TLS == Opportunistic || cfg.TLS == Implicit, "tls",
		"is not one of mandatory, opportunistic, implicit")
	c.That(cfg.Timeout > 0, "timeout", "is negative")
	c.That(cfg.Username != "" || cfg.Password == "", "username", "is missing beside a password")
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return &Mailer{cfg, from}, nil
}

// Send hands the mail to the server. Nil means that the server has taken it over
// (RFC 5321 §6.1). An error may mean, if the connection breaks while the server
// answers, that it has all the same.
func (m *Mailer) Send(ctx context.Context, out account.Mail) error {
	msg, err := m.message(out)
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	if err := m.deliver(ctx, msg); err != nil && !msg.IsDelivered() {
		if ctx.Err() != nil {
			err = ctx.Err() // more to the point than the closed connection it leads to
		}
		return fmt.Errorf("send mail by %s: %w", m.cfg.Host, err)
	}
	return nil
}

func (m *Mailer) message(out account.Mail) (*mail.Msg, error) {
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent())
	if err := msg.FromFormat(m.from.Name, m.from.Address); err != nil {
		return nil, err
	}
	if err := msg.AddTo(out.To); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg.Subject(strings.Join(strings.Fields(out.Subject), " "))
	msg.SetDate()
	msg.SetMessageIDWithValue(uuid7.New() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // no absence notes, please (RFC 3834 §5)
	msg.SetBodyString(mail.TypeTextPlain, out.Text)
	return msg, nil
}

func (m *Mailer) deliver(ctx context.Context, msg *mail.Msg) error {
	client, err := m.client(ctx)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	if err := client.SendWithSMTPClient(session, msg); err != nil {
		return err
	}
	_ = session.Quit() // the mail is delivered, whatever the server says to this
	return nil
}

func (m *Mailer) client(ctx context.Context) (*mail.Client, error) {
	// The library leaves a connection open after some failures, and looks at its
	// context only while it dials. Ours ends with Send.
	dial := func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := m.dial(dialing, network, address)
		if err == nil {
			context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	}
	policy := mail.TLSMandatory
	if m.cfg.TLS != Mandatory {
		policy = mail.TLSOpportunistic
	}
	options := []mail.Option{
		mail.WithPort(m.cfg.Port), mail.WithTLSPolicy(policy),
		mail.WithTimeout(2 * m.cfg.Timeout), // of each step; ctx ends before
		mail.WithTLSConfig(m.cfg.TLSConfig), mail.WithDialContextFunc(dial), mail.WithoutNoop(), mail.WithoutRset(),
	}
	if m.cfg.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover),
			mail.WithUsername(m.cfg.Username), mail.WithPassword(m.cfg.Password))
	}
	return mail.NewClient(m.cfg.Host, options...)
}

func (m *Mailer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if m.cfg.TLS == Implicit {
		return (&tls.Dialer{Config: m.cfg.TLSConfig}).DialContext(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}
