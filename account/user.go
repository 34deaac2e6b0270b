package account

import (
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// The rules of a user take the user as stored and return the next version of it
// and what has happened. They know nothing of stores and permissions.

// Change gives the user another name and role.
func (u User) Change(name string, role Role, by UserID, at time.Time) (User, []Event) {
	u.Name, u.Role, u.Version = name, role, u.Version+1
	return u, []Event{UserChanged{User: u.ID, Name: name, Role: role, By: by, At: at}}
}

// Disable keeps the user from signing in. It fails with [ErrConflict] if that is
// so already, and with [ErrDenied] if it is the user's own doing.
func (u User) Disable(by UserID, at time.Time) (User, []Event, error) {
	switch {
	case u.ID == by:
		return u, nil, fault.Errorf(ErrDenied, "you cannot disable yourself")
	case u.Disabled():
		return u, nil, fault.Errorf(ErrConflict, "the user is disabled already")
	}
	u.DisabledAt, u.Version = at, u.Version+1
	return u, []Event{UserDisabled{User: u.ID, By: by, At: at}}, nil
}

// Enable lets the user sign in again. It fails with [ErrConflict] if the user is
// not disabled.
func (u User) Enable(by UserID, at time.Time) (User, []Event, error) {
	if !u.Disabled() {
		return u, nil, fault.Errorf(ErrConflict, "the user is not disabled")
	}
	u.DisabledAt, u.Version = time.Time{}, u.Version+1
	return u, []Event{UserEnabled{User: u.ID, By: by, At: at}}, nil
}

// SetPassword gives the user another password, by its encoded hash.
func (u User) SetPassword(encoded string, at time.Time) (User, []Event) {
	u.Password, u.Version = encoded, u.Version+1
	return u, []Event{PasswordChanged{User: u.ID, At: at}}
}

// SignIn notes that the user has signed in from the address.
func (u User) SignIn(address string, at time.Time) (User, []Event) {
	u.SeenAt, u.Version = at, u.Version+1
	return u, []Event{SignedIn{User: u.ID, Address: address, At: at}}
}

// guards reports whether the user can keep an account administered.
func (u User) guards() bool {
	return u.Role == RoleAdministrator && !u.Disabled() && u.Password != ""
}

// shown returns the user as commands give it away: without the password's hash.
func (u User) shown() User {
	u.Password = ""
	return u
}

// Usable fails with [ErrGone] unless the reset may be used at that time.
func (r Reset) Usable(at time.Time) error {
	switch {
	case !r.UsedAt.IsZero():
		return fault.Errorf(ErrGone, "this link has been used already; ask for a new one")
	case !at.Before(r.ExpiresAt):
		return fault.Errorf(ErrGone, "this link has expired; ask for a new one")
	}
	return nil
}

// Use notes that the reset has been used.
func (r Reset) Use(at time.Time) (Reset, error) {
	if err := r.Usable(at); err != nil {
		return r, err
	}
	r.UsedAt = at
	return r, nil
}

// Revoke ends the key for good. It fails with [ErrConflict] if that is so already.
func (k Key) Revoke(by UserID, at time.Time) (Key, []Event, error) {
	if !k.RevokedAt.IsZero() {
		return k, nil, fault.Errorf(ErrConflict, "the key is revoked already")
	}
	k.RevokedAt, k.Version = at, k.Version+1
	return k, []Event{KeyRevoked{Key: k.ID, By: by, At: at}}, nil
}
