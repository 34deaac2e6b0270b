package account

import "time"

// An Event is a fact: something that has happened in an account. Kind is its
// name in the feed and never changes.
type Event interface{ Kind() string }

// The events of an account.
type (
	AccountCreated struct {
		Name string    `json:"name"`
		At   time.Time `json:"at"`
	}
	UserCreated struct {
		User  UserID    `json:"user"`
		Email string    `json:"email"`
		Name  string    `json:"name"`
		Role  Role      `json:"role"`
		By    UserID    `json:"by,omitempty"`
		At    time.Time `json:"at"`
	}
	UserChanged struct {
		User UserID    `json:"user"`
		Name string    `json:"name"`
		Role Role      `json:"role"`
		By   UserID    `json:"by,omitempty"`
		At   time.Time `json:"at"`
	}
	UserDisabled struct {
		User UserID    `json:"user"`
		By   UserID    `json:"by,omitempty"`
		At   time.Time `json:"at"`
	}
	UserEnabled struct {
		User UserID    `json:"user"`
		By   UserID    `json:"by,omitempty"`
		At   time.Time `json:"at"`
	}
	SignedIn struct {
		User    UserID    `json:"user"`
		Address string    `json:"address"`
		At      time.Time `json:"at"`
	}
	// SignedOut says that one session of the user has ended by the user's own
	// will, and SessionsEnded that all have: by that too, or with the password or
	// the user. The one in which a user changes the password goes on.
	SignedOut struct {
		User UserID    `json:"user"`
		At   time.Time `json:"at"`
	}
	SessionsEnded struct {
		User UserID    `json:"user"`
		At   time.Time `json:"at"`
	}
	PasswordResetAsked struct {
		User UserID    `json:"user"`
		At   time.Time `json:"at"`
	}
	PasswordChanged struct {
		User UserID    `json:"user"`
		At   time.Time `json:"at"`
	}
	KeyCreated struct {
		Key  KeyID     `json:"key"`
		Name string    `json:"name"`
		By   UserID    `json:"by,omitempty"`
		At   time.Time `json:"at"`
	}
	KeyRevoked struct {
		Key KeyID     `json:"key"`
		By  UserID    `json:"by,omitempty"`
		At  time.Time `json:"at"`
	}
)

func (AccountCreated) Kind() string     { return "account.created" }
func (UserCreated) Kind() string        { return "account.user_created" }
func (UserChanged) Kind() string        { return "account.user_changed" }
func (UserDisabled) Kind() string       { return "account.user_disabled" }
func (UserEnabled) Kind() string        { return "account.user_enabled" }
func (SignedIn) Kind() string           { return "account.signed_in" }
func (SignedOut) Kind() string          { return "account.signed_out" }
func (SessionsEnded) Kind() string      { return "account.sessions_ended" }
func (PasswordResetAsked) Kind() string { return "account.password_reset_asked" }
func (PasswordChanged) Kind() string    { return "account.password_changed" }
func (KeyCreated) Kind() string         { return "account.key_created" }
func (KeyRevoked) Kind() string         { return "account.key_revoked" }
