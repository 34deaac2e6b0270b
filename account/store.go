package account

import (
	"context"
	"time"
)

// A Store keeps accounts. Package accounttest says what every store must do.
type Store interface {
	// View runs fn on a consistent reading of one account.
	View(ctx context.Context, acct ID, fn func(Reader) error) error

	// Update runs fn in one transaction and may run it again after a conflict, so
	// fn touches nothing but tx. Events put by fn become visible only after the
	// commit. If fn fails nothing is kept.
	Update(ctx context.Context, acct ID, fn func(Tx) error) error

	Directory
}

// A Directory finds what a request names before its account is known.
// Those that find one thing fail with ErrNotFound if there is none.
type Directory interface {
	UserByEmail(ctx context.Context, email string) (User, error)
	SessionByHash(ctx context.Context, hash Hash) (Session, User, error)
	ResetByHash(ctx context.Context, hash Hash) (Reset, error)
	KeyByHash(ctx context.Context, hash Hash) (Key, error)

	// Accounts lists up to limit accounts of the installation after that one, by ID.
	Accounts(ctx context.Context, after ID, limit int) ([]ID, error)
}

// A Reader reads one account.
type Reader interface {
	Account(ctx context.Context) (Account, error)
	SubAccounts(ctx context.Context) ([]SubAccount, error) // by name
	User(ctx context.Context, id UserID) (User, error)
	Users(ctx context.Context, after UserID, limit int) ([]User, error) // by ID
	Keys(ctx context.Context) ([]Key, error)                            // by ID
}

// A Tx reads and writes one account.
type Tx interface {
	Reader

	// PutAccount, PutUser and PutKey keep the value and the events that made it.
	// They fail with ErrConflict unless its Version is one more than the stored
	// one (1 for a new one), and PutUser also if the e-mail is another user's.
	PutAccount(ctx context.Context, a Account, events ...Event) error
	PutUser(ctx context.Context, u User, events ...Event) error
	PutKey(ctx context.Context, k Key, events ...Event) error

	PutSubAccount(ctx context.Context, s SubAccount) error

	// Session and Reset fail with ErrNotFound unless the account has one.
	Session(ctx context.Context, hash Hash) (Session, error)
	Reset(ctx context.Context, hash Hash) (Reset, error)

	Credentials
}

// Credentials writes what a user signs in with.
type Credentials interface {
	PutSession(ctx context.Context, s Session, events ...Event) error // inserts, or replaces the one with that hash
	// TouchSession sets SeenAt and ExpiresAt of a session, and SeenAt of its user,
	// whose Version stays. It does nothing, without error, if there is no such
	// session any more: it never brings one back that another transaction ended.
	TouchSession(ctx context.Context, hash Hash, seen, expires time.Time) error
	// EndSession and EndSessions delete one session, or all of a user's. The events
	// are kept if there was one to delete; it is no error if there was none.
	EndSession(ctx context.Context, hash Hash, events ...Event) error
	EndSessions(ctx context.Context, user UserID, events ...Event) error
	PutReset(ctx context.Context, r Reset, events ...Event) error // inserts, or replaces the one with that hash
	EndResets(ctx context.Context, user UserID) error
	// Sweep deletes sessions and resets of the account that expired before the time.
	Sweep(ctx context.Context, before time.Time) error
}

// A Hash is the lower-case hexadecimal SHA-256 of a secret token. The token
// itself is never stored.
type Hash string

// A Session is a signed-in browser.
type Session struct {
	Hash      Hash
	Account   ID
	User      UserID
	CreatedAt time.Time
	SeenAt    time.Time // last use, to within a minute
	ExpiresAt time.Time
	Address   string // of the browser when it signed in
	Browser   string // its User-Agent, at most 200 characters
}

// A Reset is permission to choose a new password once.
type Reset struct {
	Hash      Hash
	Account   ID
	User      UserID
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time
}

// A Key is an API key: a machine's way to sign in.
type Key struct {
	ID        KeyID
	Account   ID
	Name      string
	Hash      Hash
	Hint      string // the key's last four characters, to tell keys apart
	Scopes    []Permission
	CreatedBy UserID
	CreatedAt time.Time
	RevokedAt time.Time
	Version   int
}
