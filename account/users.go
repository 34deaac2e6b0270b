package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A NewAccount is what CreateAccount makes an account of.
type NewAccount struct {
	Name          string
	Zone          string  // IANA time zone
	Region        string  // ISO 3166 alpha-2 country
	Administrator NewUser // the first user; its Role need not be given
}

// A NewUser is what CreateUser makes a user of.
type NewUser struct {
	Email    string
	Name     string
	Role     Role
	Password string // 10 to 200 characters; "" to let the user choose it, by a mail with a link
}

// A UserChange says what to change of a user. What is nil stays.
type UserChange struct {
	Name *string
	Role *Role
}

// CreateAccount makes an account and its first administrator. It asks nobody
// for permission: it is for the program that this package is part of. Bad fields
// are named "name", "zone", "region", "administrator.email",
// "administrator.name" and "administrator.password". It fails with
// [ErrConflict] if the e-mail address belongs to a user of any account.
func (a *Accounts) CreateAccount(ctx context.Context, in NewAccount) (Account, User, error) {
	const what = "create account"
	var c fault.Check
	in.Administrator.Role = RoleAdministrator
	in.Name = checkName(&c, "name", in.Name)
	checkZone(&c, "zone", in.Zone)
	checkRegion(&c, "region", in.Region)
	in.Administrator = checkUser(&c, "administrator.", in.Administrator)
	if err := c.Err(); err != nil {
		return Account{}, User{}, fmt.Errorf("%s: %w", what, err)
	}
	now := a.now()
	acct := Account{
		ID: ID(a.cfg.NewID()), Name: in.Name, Zone: in.Zone, Region: in.Region,
		CreatedAt: now, Version: 1,
	}
	u, err := a.addUser(ctx, System(acct.ID), in.Administrator, now, func(tx Tx) error {
		return tx.PutAccount(ctx, acct, AccountCreated{Name: acct.Name, At: now})
	})
	if err != nil {
		return Account{}, User{}, fmt.Errorf("%s: %w", what, err)
	}
	return acct, u, nil
}

// Account returns the actor's account.
func (a *Accounts) Account(ctx context.Context, by Actor) (Account, error) {
	var acct Account
	err := a.store.View(ctx, by.Account, func(r Reader) (err error) {
		acct, err = r.Account(ctx)
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("read account: %w", err)
	}
	return acct, nil
}

// CreateUser adds a user to the actor's account. It needs [UsersManage], and
// every permission that the new user's role has. Bad fields are named "email",
// "name", "role" and "password". It fails with [ErrConflict] if the e-mail
// address belongs to a user of any account.
//
// Without a password the user gets a mail with a link to choose one. If that
// mail is lost, the user can ask for another as for a forgotten password.
func (a *Accounts) CreateUser(ctx context.Context, by Actor, in NewUser) (User, error) {
	const what = "create user"
	if err := by.Need(UsersManage); err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	var c fault.Check
	in = checkUser(&c, "", in)
	if err := c.Err(); err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	if err := by.mayGive(in.Role); err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	u, err := a.addUser(ctx, by, in, a.now(), func(Tx) error { return nil })
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	return u, nil
}

func checkUser(c *fault.Check, prefix string, in NewUser) NewUser {
	in.Email = checkEmail(c, prefix+"email", in.Email)
	in.Name = checkName(c, prefix+"name", in.Name)
	checkRole(c, prefix+"role", in.Role)
	if in.Password != "" {
		checkPassword(c, prefix+"password", in.Password, in.Email)
	}
	return in
}

// addUser puts the user, after what first puts, and invites a user without a
// password.
func (a *Accounts) addUser(ctx context.Context, by Actor, in NewUser, now time.Time, first func(Tx) error) (User, error) {
	u := User{
		ID: UserID(a.cfg.NewID()), Account: by.Account, Email: in.Email, Name: in.Name, Role: in.Role,
		CreatedAt: now, Version: 1,
	}
	if in.Password != "" {
		var err error
		if u.Password, err = a.passwords.Hash(ctx, in.Password); err != nil {
			return User{}, fmt.Errorf("hash password: %w", err)
		}
	}
	token := newToken()
	invitation := Reset{
		Hash: HashOf(token), Account: u.Account, User: u.ID,
		CreatedAt: now, ExpiresAt: now.Add(a.cfg.InvitationLifetime),
	}
	err := a.store.Update(ctx, by.Account, func(tx Tx) error {
		if err := first(tx); err != nil {
			return err
		}
		err := tx.PutUser(ctx, u, UserCreated{User: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, By: by.User, At: now})
		if errors.Is(err, ErrConflict) { // a new user's version is never stale
			return fault.Errorf(ErrConflict, "another user has this e-mail address: %w", err)
		}
		if err != nil || u.Password != "" {
			return err
		}
		return tx.PutReset(ctx, invitation)
	})
	if err != nil {
		return User{}, err
	}
	if u.Password == "" && !a.post(letter{mail: a.invitation(u, token)}) {
		a.cfg.Log.Warn("too many mails are waiting: a new user got no invitation", "user", u.ID)
	}
	return u.shown(), nil
}

// mayGive fails with ErrDenied if a user of that role could do something that
// the actor cannot.
func (a Actor) mayGive(r Role) error {
	for _, p := range Permissions() {
		if (Actor{Role: r}).Can(p) && !a.Can(p) {
			return fault.Errorf(ErrDenied, "you cannot give the role %s, which includes %s: you do not have it yourself", r, p)
		}
	}
	return nil
}

// ChangeUser changes a user's name and role. It needs [UsersManage], and every
// permission that a new role has. Bad fields are named "name" and "role". It
// fails with [ErrConflict] if the account would be left without an administrator
// who can sign in.
func (a *Accounts) ChangeUser(ctx context.Context, by Actor, id UserID, change UserChange) (User, error) {
	return a.change(ctx, by, id, "change user", func(_ Tx, u User) (User, []Event, error) {
		var c fault.Check
		name, role := u.Name, u.Role
		if change.Name != nil {
			name = checkName(&c, "name", *change.Name)
		}
		if change.Role != nil {
			role = *change.Role
			checkRole(&c, "role", role)
		}
		if err := c.Err(); err != nil {
			return u, nil, err
		}
		if name == u.Name && role == u.Role {
			return u, nil, nil
		}
		if role != u.Role {
			if err := by.mayGive(role); err != nil {
				return u, nil, err
			}
		}
		next, events := u.Change(name, role, by.User, a.now())
		return next, events, nil
	})
}

// DisableUser keeps a user from signing in, and ends all of the user's sessions
// and password links at once. It needs [UsersManage]. It fails with
// [ErrConflict] if the user is disabled already or is the last administrator who
// can sign in, and with [ErrDenied] if the actor is that user.
func (a *Accounts) DisableUser(ctx context.Context, by Actor, id UserID) (User, error) {
	return a.change(ctx, by, id, "disable user", func(tx Tx, u User) (User, []Event, error) {
		next, events, err := u.Disable(by.User, a.now())
		if err != nil {
			return u, nil, err
		}
		return next, events, a.endAll(ctx, tx, id)
	})
}

// EnableUser lets a disabled user sign in again. It needs [UsersManage]. It
// fails with [ErrConflict] if the user is not disabled.
func (a *Accounts) EnableUser(ctx context.Context, by Actor, id UserID) (User, error) {
	return a.change(ctx, by, id, "enable user", func(_ Tx, u User) (User, []Event, error) {
		return u.Enable(by.User, a.now())
	})
}

// change puts what move makes of the user. No events means no change.
func (a *Accounts) change(ctx context.Context, by Actor, id UserID, what string,
	move func(Tx, User) (User, []Event, error),
) (User, error) {
	if err := by.Need(UsersManage); err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	var next User
	err := a.store.Update(ctx, by.Account, func(tx Tx) error {
		u, err := tx.User(ctx, id)
		if err != nil {
			return err
		}
		var events []Event
		if next, events, err = move(tx, u); err != nil || len(events) == 0 {
			return err
		}
		if u.guards() && !next.guards() {
			if err := keepGuarded(ctx, tx, id); err != nil {
				return err
			}
		}
		return tx.PutUser(ctx, next, events...)
	})
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	return next.shown(), nil
}

// keepGuarded fails with ErrConflict unless somebody but that user can
// administer the account. It puts the account too, so that of two
// administrators who lose that at the same time one meets the other, whatever
// the store's isolation.
func keepGuarded(ctx context.Context, tx Tx, but UserID) error {
	acct, err := tx.Account(ctx)
	if err != nil {
		return err
	}
	const page = 200
	for after := UserID(""); ; {
		users, err := tx.Users(ctx, after, page)
		if err != nil {
			return err
		}
		for _, u := range users {
			if u.ID != but && u.guards() {
				acct.Version++
				return tx.PutAccount(ctx, acct)
			}
		}
		if len(users) < page {
			return fault.Errorf(ErrConflict, "the account would be left without an administrator who can sign in")
		}
		after = users[page-1].ID
	}
}

// MaxPage is the greatest number of users that Users returns at once.
const MaxPage = 200

// Users lists up to limit users of the actor's account, by ID, from the one
// after that ID on. A limit of 0 means 50. It needs [UsersSee]. A bad field is
// named "limit": not from 0 to [MaxPage].
func (a *Accounts) Users(ctx context.Context, by Actor, after UserID, limit int) ([]User, error) {
	const what = "list users"
	if err := by.Need(UsersSee); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	var c fault.Check
	c.That(limit >= 0 && limit <= MaxPage, "limit", "is not from 0 to %d", MaxPage)
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	if limit == 0 {
		limit = 50
	}
	var users []User
	err := a.store.View(ctx, by.Account, func(r Reader) (err error) {
		users, err = r.Users(ctx, after, limit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	shown := make([]User, len(users))
	for i, u := range users {
		shown[i] = u.shown()
	}
	return shown, nil
}

// User returns one user of the actor's account. It needs [UsersSee], except of
// the actor's own.
func (a *Accounts) User(ctx context.Context, by Actor, id UserID) (User, error) {
	const what = "read user"
	if err := by.Need(UsersSee); err != nil && (id == "" || id != by.User) {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	var u User
	err := a.store.View(ctx, by.Account, func(r Reader) (err error) {
		u, err = r.User(ctx, id)
		return err
	})
	if err != nil {
		return User{}, fmt.Errorf("%s: %w", what, err)
	}
	return u.shown(), nil
}
