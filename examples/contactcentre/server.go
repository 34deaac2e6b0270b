package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sync/errgroup"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/argon2id"
	"github.com/tandem-cc/tandem/adapters/blob/disk"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/httpapi"
	maildev "github.com/tandem-cc/tandem/adapters/mail/outboxpage"
	"github.com/tandem-cc/tandem/adapters/mail/smtp"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/adapters/pionmedia"
	smsdev "github.com/tandem-cc/tandem/adapters/sms/outboxpage"
	"github.com/tandem-cc/tandem/adapters/wsroom"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/vi"
)

// A server is everything wired together.
type server struct {
	cfg      config
	log      *slog.Logger
	listener net.Listener
	db       *bunstore.DB
	accounts *account.Accounts
	calls    *vi.Calls
	rooms    *vi.Rooms
	desk     *desk.Desk
	router   *desk.Router
	floor    *desk.Floor
	files    *disk.Store
	media    *pionmedia.Media
	phone    *smsdev.Page
	mail     *maildev.Page
	sockets  *wsroom.Sockets
	metrics  *metrics
	http     *http.Server
	users    []credential
	admin    string // password of the first administrator, when just made
	draining chan struct{}
}

// open makes the server and listens. What it has opened when it fails is closed.
func open(ctx context.Context, cfg config, log *slog.Logger) (_ *server, err error) {
	s := &server{cfg: cfg, log: log, draining: make(chan struct{})}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if s.listener, err = net.Listen("tcp", cfg.Addr); err != nil {
		return nil, fmt.Errorf("listen: %w; another address can be given with -addr", err)
	}
	if err := s.cfg.listening(s.listener.Addr()); err != nil {
		return nil, err
	}
	if s.db, err = bunstore.Open(ctx, cfg.Database, bunstore.Config{Log: log}); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := s.openMedia(); err != nil {
		return nil, fmt.Errorf("open media ports: %w", err)
	}
	if err := s.openDomains(ctx); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	return s, s.secure()
}

func (s *server) openMedia() error {
	host, _, _ := net.SplitHostPort(s.cfg.Addr)
	c := pionmedia.Config{
		UDP: s.cfg.udp, UDPAddr: net.JoinHostPort(host, strconv.Itoa(s.cfg.UDPPort)), Log: s.log,
		Events: func(e vi.MediaEvent) { s.rooms.MediaChanged(context.Background(), e) },
	}
	for text := range strings.SplitSeq(s.cfg.PublicIP, ",") {
		if text == "" {
			continue
		}
		ip, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return fmt.Errorf("-public-ip: %w", err)
		}
		c.PublicIPs = append(c.PublicIPs, ip)
	}
	var err error
	if s.cfg.TCPPort >= 0 {
		port := s.cfg.TCPPort
		if port == 0 {
			port = s.cfg.UDPPort + 1
		}
		c.TCP, err = net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil && s.cfg.TCPPort == 0 { // nobody asked for that very port
			c.TCP, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		}
		if err != nil {
			return err
		}
	}
	s.media, err = pionmedia.New(c)
	return err
}

func (s *server) openDomains(ctx context.Context) (err error) {
	var mailer account.Mailer
	if s.cfg.SMTP != "" {
		if mailer, err = s.mailer(); err != nil {
			return fmt.Errorf("set up mail: %w", err)
		}
	} else {
		s.mail = maildev.New(maildev.Config{})
		mailer = s.mail
	}
	passwords := argon2id.New(argon2id.Config{})
	s.accounts = account.New(s.db.Accounts(), passwords, mailer, account.Config{
		PublicURL: s.cfg.public.String(), Log: s.log,
	})
	s.phone = smsdev.New(smsdev.Config{Log: s.log, Delivered: func(ctx context.Context, d vi.Delivery) error { return s.calls.Deliver(ctx, d) }})
	s.calls = vi.New(s.db.Calls(), s.phone, newPeople(s.accounts), vi.Config{
		Policy: s.cfg.policy, PublicURL: s.cfg.public.String(), Countries: list(s.cfg.Countries), Log: s.log,
	})
	s.rooms = vi.NewRooms(s.calls, s.media, vi.RoomsConfig{Log: s.log, ICE: s.ice()})
	s.metrics = newMetrics(s.rooms)

	if s.cfg.Demo {
		if s.users, err = demo(ctx, s.accounts, s.db.Accounts(), passwords, s.cfg.Data); err != nil {
			return err
		}
	} else if err := refuseDemo(ctx, s.db.Accounts()); err != nil {
		return err
	}
	if s.cfg.Admin != "" {
		if s.admin, err = firstAdministrator(ctx, s.accounts, s.db.Accounts(), s.cfg.Admin); err != nil {
			return fmt.Errorf("make the first administrator: %w", err)
		}
	}
	return s.openDesk(ctx)
}

// mailer sends through the server of -smtp: over TLS from the first byte on port
// 465, by STARTTLS on others.
func (s *server) mailer() (*smtp.Mailer, error) {
	host, portText, err := net.SplitHostPort(s.cfg.SMTP)
	if err != nil {
		return nil, fmt.Errorf("-smtp: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return nil, fmt.Errorf("-smtp: %w", err)
	}
	c := smtp.Config{Host: host, Port: port, From: s.cfg.From, Username: s.cfg.SMTPUser, Password: s.cfg.SMTPPassword}
	if port == 465 {
		c.TLS = smtp.Implicit
	}
	return smtp.New(c)
}

// secure puts TLS before the listener, if that was asked for.
func (s *server) secure() error {
	switch {
	case s.cfg.ACMEHost != "":
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(s.cfg.ACMEHost), Cache: autocert.DirCache(s.cfg.Data + "/acme"),
		}
		s.listener = tls.NewListener(s.listener, m.TLSConfig())
	case s.cfg.TLSCert != "":
		cert, err := tls.LoadX509KeyPair(s.cfg.TLSCert, s.cfg.TLSKey)
		if err != nil {
			return fmt.Errorf("read TLS certificate: %w", err)
		}
		s.listener = tls.NewListener(s.listener, &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		})
	}
	return nil
}

// announce prints where everything is.
func (s *server) announce(out io.Writer) {
	url := s.cfg.public.String()
	fmt.Fprintf(out, "Tandem %s: %s\n", version, url)
	if s.cfg.Dev {
		fmt.Fprintf(out, "  texts as on a handset: %s/dev/phone\n", url)
		fmt.Fprintf(out, "  a site with web chat:  %s/dev/site\n", url)
	}
	if s.mail != nil {
		fmt.Fprintf(out, "  mail:                  %s/dev/mail\n", url)
	}
	fmt.Fprintf(out, "  data in %s\n", s.cfg.Data)
	for _, u := range s.users {
		password := u.Password
		if u.Changed {
			password = "(has another password by now)"
		}
		fmt.Fprintf(out, "  %-14s %s  %s\n", u.Role, u.Email, password)
	}
	if s.admin != "" {
		fmt.Fprintf(out, "  administrator  %s  %s  (to change it: \"Forgot password\")\n", s.cfg.Admin, s.admin)
	}
}

// serve runs everything until ctx ends, then lets go in order: no new work, the
// browsers are told to come back later, requests end, the database closes.
func (s *server) serve(ctx context.Context) error {
	defer s.close()
	err := s.work(ctx)
	s.log.Info("stopped")
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return nil
	}
	return err
}

// work runs every part of the server until ctx ends or one of them fails.
func (s *server) work(ctx context.Context) error {
	last, err := s.db.Last(ctx)
	if err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	if err := s.calls.Recover(ctx); err != nil { // before a browser can be back
		return err
	}
	if err := s.floor.Recover(ctx); err != nil {
		return err
	}
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return s.desk.Run(running) })
	g.Go(func() error { return s.router.Run(running) })
	g.Go(func() error { return s.accounts.Run(running) })
	g.Go(func() error { return s.calls.Run(running) })
	g.Go(func() error { return s.rooms.Run(running) })
	g.Go(func() error { return s.phone.Run(running) })
	g.Go(func() error { return s.sockets.Run(running) })
	g.Go(func() error { return outbox.Follow(running, s.db, "", last, s.pass) })
	g.Go(func() error { return s.db.Run(running) })
	g.Go(func() error {
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-running.Done()
		s.log.Info("stopping")
		close(s.draining)
		s.rooms.Close()
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		return s.http.Shutdown(stop)
	})
	return g.Wait()
}

// pass hands committed events to those who follow them.
func (s *server) pass(records []outbox.Record) error {
	ctx := context.Background()
	for _, r := range records {
		s.metrics.event(ctx, r)
		s.deskEvent(ctx, r)
		if !strings.HasPrefix(r.Kind, "vi.") {
			continue
		}
		if err := s.rooms.Changed(ctx, r.Account, vi.CallID(r.About), r.Kind, r.Data); err != nil {
			s.log.Error("tell a room", "call", r.About, "event", r.Kind, "err", err)
		}
	}
	return nil
}

func (s *server) close() {
	if s.listener != nil {
		s.listener.Close()
	}
	if s.media != nil {
		s.media.Close()
	}
	if s.floor != nil {
		s.floor.Close()
	}
	if s.db != nil {
		s.db.Close()
	}
	if s.files != nil {
		s.files.Close()
	}
}

var _ httpapi.Answers = (*bunstore.DB)(nil)
