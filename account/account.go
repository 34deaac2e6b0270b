// Package account is who acts: accounts and their sub-accounts, users with
// roles, what each role may do, and how a person or a machine proves who it is.
//
// A command is a method on [Accounts]; every one takes the [Actor] on whose
// behalf it runs and checks what that actor may do.
package account

import (
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// Kinds of failure returned by this package, for errors.Is.
const (
	ErrInvalid  = fault.Invalid
	ErrDenied   = fault.Denied
	ErrNotFound = fault.NotFound
	ErrConflict = fault.Conflict
	ErrBusy     = fault.Busy
	ErrGone     = fault.Gone
)

// An ID names one account: one customer organisation of the installation.
type ID string

// A SubID names a sub-account within its account.
type SubID string

// A UserID names a user within its account.
type UserID string

// A KeyID names an API key within its account.
type KeyID string

// An Account is one organisation with its users and everything they work on.
// Nothing of one account is ever visible in another.
type Account struct {
	ID        ID
	Name      string
	Zone      string // IANA time zone in which its days begin, such as "Asia/Singapore"
	Region    string // ISO 3166 alpha-2 country that phone numbers without a country code belong to
	CreatedAt time.Time
	Version   int // one more with every change
}

// A SubAccount is a part of an account, such as a brand or a department.
type SubAccount struct {
	ID   SubID
	Name string
}

// A User is a person who signs in to an account.
type User struct {
	ID         UserID
	Account    ID
	Email      string // lower case, unique in the installation
	Name       string
	Role       Role
	Subs       []SubID // the sub-accounts the user is restricted to; none means all
	Password   string  // encoded hash; "" until the user has chosen one
	DisabledAt time.Time
	CreatedAt  time.Time
	SeenAt     time.Time // last time a session of the user was used, to within a minute
	Version    int       // one more with every change
}

// Disabled reports whether the user may no longer sign in.
func (u User) Disabled() bool { return !u.DisabledAt.IsZero() }

// Actor returns the user at work.
func (u User) Actor() Actor {
	return Actor{Account: u.Account, User: u.ID, Name: u.Name, Role: u.Role}
}
