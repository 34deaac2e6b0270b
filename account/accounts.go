package account

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// Passwords turns passwords into what is stored of them.
type Passwords interface {
	// Hash returns the password encoded with all that is needed to verify it.
	Hash(ctx context.Context, password string) (encoded string, err error)

	// Verify reports whether the password is the encoded one. Nothing matches an
	// empty encoded, and that takes as long as any other answer.
	Verify(ctx context.Context, encoded, password string) (ok bool, err error)
}

// A Mailer sends e-mail.
type Mailer interface {
	// Send hands the mail on. It is tried again if it fails.
	Send(ctx context.Context, m Mail) error
}

// A Mail is one message to one person.
type Mail struct {
	To      string // e-mail address
	Subject string
	Text    string // plain text
	Kind    string // what it is about, such as MailReset
}

// The kinds of mail.
const (
	MailReset      = "password_reset"
	MailInvitation = "invitation"
)

// Limit and Limited are here by the names under which users of this package
// meet them: a Limit of [Limits], and the error of kind [ErrBusy] that says
// when to try again.
type (
	Limit   = rate.Limit
	Limited = rate.Limited
)

// Limits say how often something may be tried. An address is that of the
// browser; of IPv6 the first 64 bits count. The strict ones go by e-mail and
// address together, so that a stranger who knows the e-mail address of somebody
// cannot keep them out; those by e-mail alone bound what many addresses try.
type Limits struct {
	SignIn        Limit // failed sign-ins with one e-mail address from one address, and a user's wrong old passwords; 5 a minute
	SignInEmail   Limit // failed sign-ins with one e-mail address from anywhere; 30 a minute
	SignInAddress Limit // failed sign-ins from one address; 30 a minute
	Reset         Limit // reset mails to one e-mail address asked for from one address; 3 an hour
	ResetEmail    Limit // reset mails to one e-mail address; 10 an hour
	ResetAddress  Limit // reset mails asked for from one address; 10 an hour
}

// Config sets the rules. The zero value is usable.
type Config struct {
	Now   func() time.Time // time.Now
	NewID func() string    // UUIDv7
	Log   *slog.Logger     // nothing is logged

	// PublicURL is where people reach the web pages, such as
	// "https://desk.example.com"; http://127.0.0.1:8080. Links in mails begin
	// with it, never with what a request says that its host is.
	PublicURL string

	SessionIdle        time.Duration // a session ends when not used for so long; 12 h
	SessionMax         time.Duration // a session ends after so long in any case; 7 days
	ResetLifetime      time.Duration // of a link to choose another password; 1 h
	InvitationLifetime time.Duration // of a link to choose the first password; 7 days

	Limits     Limits
	MailQueue  int             // mails that wait to be sent, at most; 200
	MailRetry  []time.Duration // pauses before each next try to send a mail; 2 s, 15 s, 2 min
	SweepEvery time.Duration   // how often Run deletes what has expired; 1 h
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = uuid7.New
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://127.0.0.1:8080"
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&c.SessionIdle, 12 * time.Hour},
		{&c.SessionMax, 7 * 24 * time.Hour},
		{&c.ResetLifetime, time.Hour},
		{&c.InvitationLifetime, 7 * 24 * time.Hour},
		{&c.SweepEvery, time.Hour},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	for _, l := range []struct {
		field *Limit
		value Limit
	}{
		{&c.Limits.SignIn, Limit{Burst: 5, Per: time.Minute}},
		{&c.Limits.SignInEmail, Limit{Burst: 30, Per: time.Minute}},
		{&c.Limits.SignInAddress, Limit{Burst: 30, Per: time.Minute}},
		{&c.Limits.Reset, Limit{Burst: 3, Per: time.Hour}},
		{&c.Limits.ResetEmail, Limit{Burst: 10, Per: time.Hour}},
		{&c.Limits.ResetAddress, Limit{Burst: 10, Per: time.Hour}},
	} {
		if *l.field == (Limit{}) {
			*l.field = l.value
		}
	}
	if c.MailQueue == 0 {
		c.MailQueue = 200
	}
	if c.MailRetry == nil {
		c.MailRetry = []time.Duration{2 * time.Second, 15 * time.Second, 2 * time.Minute}
	}
	return c
}

// Accounts carries out the commands of this package. It is safe for concurrent
// use.
type Accounts struct {
	store     Store
	passwords Passwords
	mailer    Mailer
	cfg       Config
	letters   chan letter
	limits    struct{ signIn, signInEmail, signInAddress, reset, resetEmail, resetAddress *rate.Limiter }
}

// New returns accounts that are kept in store. Mails are sent while Run runs.
func New(store Store, pw Passwords, mail Mailer, cfg Config) *Accounts {
	cfg = cfg.withDefaults()
	a := &Accounts{
		store: store, passwords: pw, mailer: mail, cfg: cfg,
		letters: make(chan letter, cfg.MailQueue),
	}
	limiter := func(l Limit) *rate.Limiter { return rate.New(l, rate.Config{Now: cfg.Now}) }
	a.limits.signIn = limiter(cfg.Limits.SignIn)
	a.limits.signInEmail = limiter(cfg.Limits.SignInEmail)
	a.limits.signInAddress = limiter(cfg.Limits.SignInAddress)
	a.limits.reset = limiter(cfg.Limits.Reset)
	a.limits.resetEmail = limiter(cfg.Limits.ResetEmail)
	a.limits.resetAddress = limiter(cfg.Limits.ResetAddress)
	return a
}

// now returns the time to the microsecond, which every store can keep.
func (a *Accounts) now() time.Time { return a.cfg.Now().UTC().Truncate(time.Microsecond) }

// Need fails with [ErrDenied] unless the actor has the permission.
func (a Actor) Need(p Permission) error {
	if !a.Can(p) {
		return fault.Errorf(ErrDenied, "this needs the permission %s", p)
	}
	return nil
}
