package bunstore

import (
	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
)

type accountRow struct {
	bun.BaseModel `bun:"table:accounts,alias:a"`

	ID        account.ID
	Name      string
	Zone      string
	Region    string
	CreatedAt stamp
	Version   int
}

func accountRowOf(a account.Account) accountRow {
	return accountRow{ID: a.ID, Name: a.Name, Zone: a.Zone, Region: a.Region, CreatedAt: stampOf(a.CreatedAt), Version: a.Version}
}

func (r accountRow) account() account.Account {
	return account.Account{ID: r.ID, Name: r.Name, Zone: r.Zone, Region: r.Region, CreatedAt: r.CreatedAt.time(), Version: r.Version}
}

type subRow struct {
	bun.BaseModel `bun:"table:account_subs,alias:s"`

	Account account.ID
	ID      account.SubID
	Name    string
}

type userRow struct {
	bun.BaseModel `bun:"table:account_users,alias:u"`

	Account    account.ID
	ID         account.UserID
	Email      string
	Name       string
	Role       account.Role
	Subs       string
	Password   string
	DisabledAt stamp
	CreatedAt  stamp
	SeenAt     stamp
	Version    int
}

func userRowOf(u account.User) (userRow, error) {
	subs, err := list(u.Subs)
	return userRow{
		Account: u.Account, ID: u.ID, Email: u.Email, Name: u.Name, Role: u.Role, Subs: subs, Password: u.Password,
		DisabledAt: stampOf(u.DisabledAt), CreatedAt: stampOf(u.CreatedAt), SeenAt: stampOf(u.SeenAt), Version: u.Version,
	}, err
}

func (r userRow) user() (account.User, error) {
	subs, err := unlist[account.SubID](r.Subs)
	return account.User{
		ID: r.ID, Account: r.Account, Email: r.Email, Name: r.Name, Role: r.Role, Subs: subs, Password: r.Password,
		DisabledAt: r.DisabledAt.time(), CreatedAt: r.CreatedAt.time(), SeenAt: r.SeenAt.time(), Version: r.Version,
	}, err
}

type apiKeyRow struct {
	bun.BaseModel `bun:"table:account_keys,alias:k"`

	Account   account.ID
	ID        account.KeyID
	Name      string
	Hash      account.Hash
	Hint      string
	Scopes    string
	CreatedBy account.UserID
	CreatedAt stamp
	RevokedAt stamp
	Version   int
}

func apiKeyRowOf(k account.Key) (apiKeyRow, error) {
	scopes, err := list(k.Scopes)
	return apiKeyRow{
		Account: k.Account, ID: k.ID, Name: k.Name, Hash: k.Hash, Hint: k.Hint, Scopes: scopes,
		CreatedBy: k.CreatedBy, CreatedAt: stampOf(k.CreatedAt), RevokedAt: stampOf(k.RevokedAt), Version: k.Version,
	}, err
}

func (r apiKeyRow) key() (account.Key, error) {
	scopes, err := unlist[account.Permission](r.Scopes)
	return account.Key{
		ID: r.ID, Account: r.Account, Name: r.Name, Hash: r.Hash, Hint: r.Hint, Scopes: scopes,
		CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt.time(), RevokedAt: r.RevokedAt.time(), Version: r.Version,
	}, err
}

type sessionRow struct {
	bun.BaseModel `bun:"table:account_sessions"`

	Hash      account.Hash
	Account   account.ID
	UserID    account.UserID
	CreatedAt stamp
	SeenAt    stamp
	ExpiresAt stamp
	Address   string
	Browser   string
}

func sessionRowOf(s account.Session) sessionRow {
	return sessionRow{
		Hash: s.Hash, Account: s.Account, UserID: s.User, CreatedAt: stampOf(s.CreatedAt), SeenAt: stampOf(s.SeenAt),
		ExpiresAt: stampOf(s.ExpiresAt), Address: s.Address, Browser: s.Browser,
	}
}

func (r sessionRow) session() account.Session {
	return account.Session{
		Hash: r.Hash, Account: r.Account, User: r.UserID, CreatedAt: r.CreatedAt.time(), SeenAt: r.SeenAt.time(),
		ExpiresAt: r.ExpiresAt.time(), Address: r.Address, Browser: r.Browser,
	}
}

type resetRow struct {
	bun.BaseModel `bun:"table:account_resets"`

	Hash      account.Hash
	Account   account.ID
	UserID    account.UserID
	CreatedAt stamp
	ExpiresAt stamp
	UsedAt    stamp
}

func resetRowOf(r account.Reset) resetRow {
	return resetRow{
		Hash: r.Hash, Account: r.Account, UserID: r.User, CreatedAt: stampOf(r.CreatedAt), ExpiresAt: stampOf(r.ExpiresAt), UsedAt: stampOf(r.UsedAt),
	}
}

func (r resetRow) reset() account.Reset {
	return account.Reset{
		Hash: r.Hash, Account: r.Account, User: r.UserID, CreatedAt: r.CreatedAt.time(), ExpiresAt: r.ExpiresAt.time(), UsedAt: r.UsedAt.time(),
	}
}
