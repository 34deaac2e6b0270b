package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-cc/tandem/internal/fault"
)

// ChangePassword gives the actor another password. It needs the old one. The
// user's other sessions, and all password links, end at once; the session whose
// hash is keep goes on. Bad fields are named "old" and "password". Too many wrong
// old passwords fail with [Limited].
func (a *Accounts) ChangePassword(ctx context.Context, by Actor, keep Hash, old, password string) error {
	if err := a.changePassword(ctx, by, keep, old, password); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return nil
}

func (a *Accounts) changePassword(ctx context.Context, by Actor, keep Hash, old, password string) error {
	if err := by.person(); err != nil {
		return err
	}
	var u User
	if err := a.store.View(ctx, by.Account, func(r Reader) (err error) {
		u, err = r.User(ctx, by.User)
		return err
	}); err != nil {
		return err
	}
	var c fault.Check
	c.That(old != "", "old", "is missing")
	checkPassword(&c, "password", password, u.Email)
	c.That(old == "" || old != password, "password", "is the one that you have")
	if err := c.Err(); err != nil {
		return err
	}
	// Counted by itself: nobody else can use up what the user has here.
	key := "signed in " + u.Email
	if err := a.limits.signIn.Take(key); err != nil {
		return err
	}
	if _, err := a.verify(ctx, u.Email, old); errors.Is(err, ErrNotSignedIn) {
		c.That(false, "old", "is not your password")
		return c.Err()
	} else if err != nil {
		return err
	}
	a.limits.signIn.Return(key)
	encoded, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return a.store.Update(ctx, by.Account, func(tx Tx) error {
		now, err := tx.User(ctx, by.User)
		if err != nil {
			return err
		}
		if now.Disabled() || now.Password != u.Password {
			return fault.Errorf(ErrConflict, "your password has just been changed elsewhere")
		}
		s, err := tx.Session(ctx, keep)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		goesOn := err == nil && s.User == by.User
		if err := a.setPassword(ctx, tx, now, encoded); err != nil || !goesOn {
			return err
		}
		return tx.PutSession(ctx, s)
	})
}

// setPassword puts the user with another password, and ends what the old one
// has opened.
func (a *Accounts) setPassword(ctx context.Context, tx Tx, u User, encoded string) error {
	next, events := u.SetPassword(encoded, a.now())
	if err := tx.PutUser(ctx, next, events...); err != nil {
		return err
	}
	return a.endAll(ctx, tx, u.ID)
}

// endAll ends the user's sessions and password links.
func (a *Accounts) endAll(ctx context.Context, tx Tx, id UserID) error {
	if err := a.endSessions(ctx, tx, id); err != nil {
		return err
	}
	return tx.EndResets(ctx, id)
}

// ForgotPassword has a link to choose another password sent to the e-mail
// address if it belongs to a user who is not disabled. The answer, and the time
// that it takes, is the same for every well-formed address: nil, also beyond
// [Limits].Reset and ResetEmail, where no further mail is sent. A bad field is named
// "email". It fails with [Limited] if this network address has asked too often,
// and with [ErrBusy] if too many mails wait to be sent.
//
// Nil means that Run will look for the user and send the mail, in that order,
// soon. If the program ends before that, the person gets no mail and asks again.
func (a *Accounts) ForgotPassword(ctx context.Context, email, address string) error {
	const what = "forgot password"
	var c fault.Check
	email = checkEmail(&c, "email", email)
	if err := c.Err(); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	network := networkOf(address)
	if err := a.limits.resetAddress.Take(network); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	request := try{{a.limits.reset, network + " " + email}, {a.limits.resetEmail, email}}
	if request.take() != nil {
		return nil
	}
	if !a.post(letter{forgot: email}) {
		request.giveBack()
		return fmt.Errorf("%s: %w", what, fault.Errorf(ErrBusy, "too many mails are waiting to be sent; try again in a minute"))
	}
	return nil
}

// reset keeps permission to choose another password for the user with that
// address, and returns the mail with the link. ok is false if there is nobody to
// send it to.
func (a *Accounts) reset(ctx context.Context, email string) (m Mail, ok bool, err error) {
	u, err := a.store.UserByEmail(ctx, email)
	if errors.Is(err, ErrNotFound) || err == nil && u.Disabled() {
		return Mail{}, false, nil
	}
	if err != nil {
		return Mail{}, false, err
	}
	token, now := newToken(), a.now()
	r := Reset{
		Hash: HashOf(token), Account: u.Account, User: u.ID,
		CreatedAt: now, ExpiresAt: now.Add(a.cfg.ResetLifetime),
	}
	err = a.store.Update(ctx, u.Account, func(tx Tx) error {
		return tx.PutReset(ctx, r, PasswordResetAsked{User: u.ID, At: now})
	})
	if err != nil {
		return Mail{}, false, err
	}
	return a.resetMail(u, token), true, nil
}

// ResetPassword gives the user a new password by the token of a link from a
// mail, which works once. All sessions and all other links of the user end at
// once. A bad field is named "password". It fails with [ErrGone] if the link was
// never sent, has been used or replaced, or has expired, or if the user is
// disabled.
func (a *Accounts) ResetPassword(ctx context.Context, token, password string) error {
	if err := a.resetPassword(ctx, token, password); err != nil {
		return fmt.Errorf("reset password: %w", err)
	}
	return nil
}

func (a *Accounts) resetPassword(ctx context.Context, token, password string) error {
	dead := fault.Errorf(ErrGone, "this link is not valid any more; ask for a new one")
	if len(token) != tokenChars {
		return dead
	}
	hash := HashOf(token)
	r, err := a.store.ResetByHash(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return dead
	}
	if err != nil {
		return err
	}
	if err := r.Usable(a.now()); err != nil {
		return err
	}
	var u User
	if err := a.store.View(ctx, r.Account, func(rd Reader) (err error) {
		u, err = rd.User(ctx, r.User)
		return err
	}); err != nil {
		return err
	}
	var c fault.Check
	checkPassword(&c, "password", password, u.Email)
	if err := c.Err(); err != nil {
		return err
	}
	encoded, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	return a.store.Update(ctx, r.Account, func(tx Tx) error {
		now, err := tx.Reset(ctx, hash)
		if errors.Is(err, ErrNotFound) {
			return dead
		}
		if err != nil {
			return err
		}
		used, err := now.Use(a.now())
		if err != nil {
			return err
		}
		u, err := tx.User(ctx, r.User)
		if err != nil {
			return err
		}
		if u.Disabled() {
			return dead
		}
		if err := a.setPassword(ctx, tx, u, encoded); err != nil {
			return err
		}
		return tx.PutReset(ctx, used) // so that it can be told from one that never was
	})
}
