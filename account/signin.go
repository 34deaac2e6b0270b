package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

// ErrNotSignedIn is the failure of somebody who has not proved who it is: wrong
// password; unknown, expired or ended session; unknown or revoked key. Every
// such error is of kind [ErrDenied] too, so ask for this one first.
const ErrNotSignedIn stranger = "you are not signed in"

type stranger string

func (s stranger) Error() string { return string(s) }
func (s stranger) Unwrap() error { return fault.Denied }

// refusal is ErrNotSignedIn with a sentence of its own.
type refusal struct{ text string }

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return ErrNotSignedIn }

// wrong is the one answer to an unknown e-mail address, a wrong password and a
// disabled user: a stranger must not learn which.
var wrong = refusal{"the e-mail address or the password is wrong"}

// SignIn begins a session of the user with that e-mail address and password,
// from the browser's network address, and returns the session's token, which is
// shown only here. It fails with [ErrNotSignedIn], in the same words and after
// the same time, if the address is unknown, the password wrong or the user
// disabled, and with [Limited] if that has happened too often. Bad fields are
// named "email" and "password": missing or too long.
//
// browser is the browser's User-Agent; its first 200 characters are kept.
func (a *Accounts) SignIn(ctx context.Context, email, password, address, browser string) (token string, s Session, u User, err error) {
	token, s, u, err = a.signIn(ctx, strings.ToLower(strings.TrimSpace(email)), password, address, browser)
	if err != nil {
		return "", Session{}, User{}, fmt.Errorf("sign in: %w", err)
	}
	return token, s, u.shown(), nil
}

func (a *Accounts) signIn(ctx context.Context, email, password, address, browser string) (token string, s Session, u User, err error) {
	var c fault.Check
	c.That(email != "", "email", "is missing")
	c.That(len(email) <= maxEmail, "email", "is longer than %d characters", maxEmail)
	c.That(password != "", "password", "is missing")
	c.That(utf8.RuneCountInString(password) <= maxPassword, "password", "is longer than %d characters", maxPassword)
	if err := c.Err(); err != nil {
		return "", s, u, err
	}
	network := networkOf(address)
	attempt := try{
		{a.limits.signInAddress, network},
		{a.limits.signIn, network + " " + email},
		{a.limits.signInEmail, email},
	}
	if err := attempt.take(); err != nil {
		return "", s, u, err
	}
	known, err := a.verify(ctx, email, password)
	if err != nil {
		return "", s, u, err
	}
	attempt.giveBack()

	token = newToken()
	err = a.store.Update(ctx, known.Account, func(tx Tx) error {
		now, err := tx.User(ctx, known.ID)
		if err != nil {
			return err
		}
		if now.Disabled() || now.Password != known.Password || now.Email != known.Email {
			return wrong // it changed while the password was verified
		}
		at := a.now()
		s = Session{
			Hash: HashOf(token), Account: known.Account, User: known.ID,
			CreatedAt: at, SeenAt: at, ExpiresAt: a.expiry(at, at),
			Address: firstOf(address, 64), Browser: firstOf(browser, 200),
		}
		// The user is put, not only the session: whatever the store's isolation, this
		// then meets a change of the password or the user's end at the same moment.
		var events []Event
		u, events = now.SignIn(s.Address, at)
		if err := tx.PutUser(ctx, u); err != nil {
			return err
		}
		return tx.PutSession(ctx, s, events...)
	})
	return token, s, u, err
}

// verify returns the user with that address and password. It does the same work
// whatever the answer.
func (a *Accounts) verify(ctx context.Context, email, password string) (User, error) {
	u, err := a.store.UserByEmail(ctx, email)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	unknown := err != nil
	ok, err := a.passwords.Verify(ctx, u.Password, password)
	if err != nil {
		return User{}, fmt.Errorf("verify password: %w", err)
	}
	if !ok || unknown || u.Disabled() {
		return User{}, wrong
	}
	return u, nil
}

// expiry returns when a session that is in use now ends.
func (a *Accounts) expiry(created, now time.Time) time.Time {
	idle, last := now.Add(a.cfg.SessionIdle), created.Add(a.cfg.SessionMax)
	if idle.Before(last) {
		return idle
	}
	return last
}

// Authenticate returns who the session's token belongs to, as they are now, and
// notes at most once a minute that the session is in use. It fails with
// [ErrNotSignedIn] if there is no such session, if it has expired, or if the
// user is disabled.
func (a *Accounts) Authenticate(ctx context.Context, token string) (Actor, User, Session, error) {
	s, u, err := a.authenticate(ctx, token)
	if err != nil {
		return Actor{}, User{}, Session{}, fmt.Errorf("authenticate: %w", err)
	}
	return u.Actor(), u.shown(), s, nil
}

func (a *Accounts) authenticate(ctx context.Context, token string) (Session, User, error) {
	if len(token) != tokenChars {
		return Session{}, User{}, ErrNotSignedIn
	}
	s, u, err := a.store.SessionByHash(ctx, HashOf(token))
	if errors.Is(err, ErrNotFound) {
		return s, u, ErrNotSignedIn
	}
	if err != nil {
		return s, u, err
	}
	now := a.now()
	if !now.Before(s.ExpiresAt) || !now.Before(s.CreatedAt.Add(a.cfg.SessionMax)) {
		return s, u, refusal{"your session has expired; sign in again"}
	}
	if u.Disabled() {
		return s, u, ErrNotSignedIn
	}
	if now.Sub(s.SeenAt) < time.Minute {
		return s, u, nil
	}
	expires := a.expiry(s.CreatedAt, now)
	err = a.store.Update(ctx, s.Account, func(tx Tx) error { return tx.TouchSession(ctx, s.Hash, now, expires) })
	if err != nil { // no reason to turn somebody away
		a.cfg.Log.Warn("cannot note that a session is in use", "user", u.ID, "err", err)
		return s, u, nil
	}
	s.SeenAt, s.ExpiresAt, u.SeenAt = now, expires, now
	return s, u, nil
}

// SignOut ends the session with that token. There need not be one.
func (a *Accounts) SignOut(ctx context.Context, token string) error {
	s, _, err := a.store.SessionByHash(ctx, HashOf(token))
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		err = a.store.Update(ctx, s.Account, func(tx Tx) error {
			return tx.EndSession(ctx, s.Hash, SignedOut{User: s.User, At: a.now()})
		})
	}
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// SignOutEverywhere ends all sessions of the actor. It fails with [ErrDenied] if
// the actor is not a user.
func (a *Accounts) SignOutEverywhere(ctx context.Context, by Actor) error {
	err := by.person()
	if err == nil {
		err = a.store.Update(ctx, by.Account, func(tx Tx) error { return a.endSessions(ctx, tx, by.User) })
	}
	if err != nil {
		return fmt.Errorf("sign out everywhere: %w", err)
	}
	return nil
}

func (a *Accounts) endSessions(ctx context.Context, tx Tx, id UserID) error {
	return tx.EndSessions(ctx, id, SessionsEnded{User: id, At: a.now()})
}

// person fails with ErrDenied unless the actor is a user.
func (a Actor) person() error {
	if a.User == "" || a.Account == "" {
		return fault.Errorf(ErrDenied, "only a user can do this")
	}
	return nil
}

// A try is something that counts in several limits.
type try []struct {
	limiter *rate.Limiter
	key     string
}

// take counts the try, or fails with [Limited] and counts nothing.
func (t try) take() error {
	for n, in := range t {
		if err := in.limiter.Take(in.key); err != nil {
			t[:n].giveBack()
			return err
		}
	}
	return nil
}

// giveBack takes the count back.
func (t try) giveBack() {
	for _, in := range t {
		in.limiter.Return(in.key)
	}
}

// networkOf returns the key of an address in limits.
func networkOf(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return firstOf(address, 64)
	}
	return rate.Network(ip)
}

// firstOf returns the first n characters of s that can be shown.
func firstOf(s string, n int) string {
	if len(s) > 4*n {
		s = s[:4*n]
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
