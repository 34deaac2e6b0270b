package account_test

import (
	"context"
	"errors"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A house is an installation with the account Acme: Ada administers it, Sue
// supervises, Abe is an agent. Their password is horse.
type house struct {
	*account.Accounts
	t         *testing.T
	store     *memory
	passwords *plain
	mails     *postbox
	acme      account.Account
	ada       account.User
	sue, abe  account.User
}

const horse = "correct horse battery staple"

func newHouse(t *testing.T) *house { return newHouseWith(t, account.Config{}) }

func newHouseWith(t *testing.T, cfg account.Config) *house {
	t.Helper()
	h := &house{t: t, store: newMemory(), passwords: new(plain), mails: new(postbox)}
	h.Accounts = account.New(h.store, h.passwords, h.mails, cfg)
	h.acme, h.ada = h.open("Acme", "ada@acme.example")
	h.sue = h.hire("sue@acme.example", account.RoleSupervisor)
	h.abe = h.hire("abe@acme.example", account.RoleAgent)
	return h
}

func (h *house) open(name, email string) (account.Account, account.User) {
	h.t.Helper()
	a, u, err := h.CreateAccount(h.t.Context(), account.NewAccount{
		Name: name, Zone: "Asia/Singapore", Region: "SG",
		Administrator: account.NewUser{Email: email, Name: "Ada", Password: horse},
	})
	require.NoError(h.t, err)
	return a, u
}

func (h *house) hire(email string, r account.Role) account.User {
	h.t.Helper()
	u, err := h.CreateUser(h.t.Context(), h.ada.Actor(), account.NewUser{Email: email, Name: "Somebody", Role: r, Password: horse})
	require.NoError(h.t, err)
	return u
}

// signIn signs the user in and returns the session's token.
func (h *house) signIn(u account.User) string {
	h.t.Helper()
	token, _, _, err := h.SignIn(h.t.Context(), u.Email, horse, "192.0.2.1", "Firefox")
	require.NoError(h.t, err)
	return token
}

func (h *house) signedIn(token string) bool {
	h.t.Helper()
	_, _, _, err := h.Authenticate(h.t.Context(), token)
	if err != nil {
		require.ErrorIs(h.t, err, account.ErrNotSignedIn)
	}
	return err == nil
}

// canSignIn reports whether the password is the user's, without wearing out the
// limits.
func (h *house) canSignIn(u account.User, password string) bool {
	h.t.Helper()
	fresh := account.New(h.store, h.passwords, h.mails, account.Config{})
	_, _, _, err := fresh.SignIn(h.t.Context(), u.Email, password, "192.0.2.1", "")
	if err != nil {
		require.ErrorIs(h.t, err, account.ErrNotSignedIn)
	}
	return err == nil
}

// happened returns the kinds of the events since the last call.
func (h *house) happened() []string {
	h.store.data.Lock()
	defer h.store.data.Unlock()
	var kinds []string
	for _, e := range h.store.events[h.store.told:] {
		kinds = append(kinds, e.Kind())
	}
	h.store.told = len(h.store.events)
	return kinds
}

// lastEvent returns the latest event.
func (h *house) lastEvent() account.Event {
	h.store.data.Lock()
	defer h.store.data.Unlock()
	return h.store.events[len(h.store.events)-1]
}

// stored returns the user as the store has it.
func (h *house) stored(u account.User) account.User {
	h.t.Helper()
	got, err := h.store.UserByEmail(h.t.Context(), u.Email)
	require.NoError(h.t, err)
	return got
}

// run runs Run until the returned function, or the test, ends it.
func (h *house) run() (stop func()) {
	ctx, cancel := context.WithCancel(h.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := h.Run(ctx); err != nil {
			h.t.Error(err)
		}
	})
	stop = func() {
		cancel()
		wg.Wait()
	}
	h.t.Cleanup(stop)
	return stop
}

// requireFields requires an error of kind Invalid that names exactly these fields.
func requireFields(t *testing.T, err error, names ...string) {
	t.Helper()
	require.ErrorIs(t, err, account.ErrInvalid)
	var fields fault.Fields
	require.ErrorAs(t, err, &fields)
	var got []string
	for _, f := range fields {
		got = append(got, f.Name)
	}
	require.Equal(t, names, got, "%v", err)
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	require.ErrorIs(t, err, account.ErrBusy)
	var limited account.Limited
	require.ErrorAs(t, err, &limited)
	return limited.RetryAfter
}

// plain is account.Passwords without any protection, but quick. It counts, and
// it can be made to fail or to let something happen meanwhile.
type plain struct {
	mu        sync.Mutex
	verified  int
	hashed    int
	fail      error
	meanwhile func()
}

func (p *plain) work(n *int) error {
	p.mu.Lock()
	*n++
	meanwhile, fail := p.meanwhile, p.fail
	p.meanwhile = nil
	p.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	return fail
}

func (p *plain) Hash(_ context.Context, password string) (string, error) {
	return "plain:" + password, p.work(&p.hashed)
}

func (p *plain) Verify(_ context.Context, encoded, password string) (bool, error) {
	err := p.work(&p.verified)
	return err == nil && encoded != "" && encoded == "plain:"+password, err
}

// postbox is account.Mailer. It keeps mails, and can fail for a while.
type postbox struct {
	mu       sync.Mutex
	sent     []account.Mail
	at       []time.Time
	tries    []time.Time
	failures int // of the next tries
	hang     bool
}

func (p *postbox) Send(ctx context.Context, m account.Mail) error {
	p.mu.Lock()
	p.tries = append(p.tries, time.Now())
	hang := p.hang
	p.failures--
	fails := p.failures >= 0
	if !fails && !hang {
		p.sent, p.at = append(p.sent, m), append(p.at, time.Now())
	}
	p.mu.Unlock()
	if hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if fails {
		return errors.New("the mail server is down")
	}
	return nil
}

func (p *postbox) all() []account.Mail {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]account.Mail(nil), p.sent...)
}

// token returns the token of the link in a mail.
func token(t *testing.T, m account.Mail) string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^http://127\.0\.0\.1:8080/reset#([A-Za-z0-9_-]{43})$`).FindStringSubmatch(m.Text)
	require.Len(t, found, 2, m.Text)
	return found[1]
}
