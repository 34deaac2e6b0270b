package bunstore

import (
	"context"
	"fmt"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// accountDomain names the lanes of accounts.
const accountDomain = "account"

var (
	errNoAccount = fault.Errorf(fault.NotFound, "there is no such account")
	errNoUser    = fault.Errorf(fault.NotFound, "there is no such user")
	errNoSession = fault.Errorf(fault.NotFound, "there is no such session")
	errNoReset   = fault.Errorf(fault.NotFound, "there is no such reset")
	errNoKey     = fault.Errorf(fault.NotFound, "there is no such key")
)

// An accountStore implements [account.Store].
type accountStore struct{ db *DB }

func (s accountStore) View(ctx context.Context, acct account.ID, fn func(account.Reader) error) error {
	return s.db.view(ctx, acct, func(x *tx) error { return fn(accountTx{x}) })
}

func (s accountStore) Update(ctx context.Context, acct account.ID, fn func(account.Tx) error) error {
	return s.db.update(ctx, accountDomain, acct, func(x *tx) error { return fn(accountTx{x}) })
}

func (s accountStore) UserByEmail(ctx context.Context, email string) (u account.User, err error) {
	err = s.db.read(ctx, func(x *tx) (err error) {
		row, err := get[userRow](ctx, x, "WHERE email = ?", email)
		if err != nil {
			return found(err, errNoUser)
		}
		u, err = row.user()
		return err
	})
	return u, err
}

func (s accountStore) SessionByHash(ctx context.Context, hash account.Hash) (session account.Session, u account.User, err error) {
	// Two statements, so a user who is disabled between them is seen disabled.
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[sessionRow](ctx, x, "WHERE hash = ?", hash)
		if err != nil {
			return found(err, errNoSession)
		}
		session = row.session()
		user, err := get[userRow](ctx, x, "WHERE account = ? AND id = ?", row.Account, row.UserID)
		if err != nil {
			return found(err, errNoSession)
		}
		u, err = user.user()
		return err
	})
	return session, u, err
}

func (s accountStore) ResetByHash(ctx context.Context, hash account.Hash) (r account.Reset, err error) {
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[resetRow](ctx, x, "WHERE hash = ?", hash)
		r = row.reset()
		return found(err, errNoReset)
	})
	return r, err
}

func (s accountStore) KeyByHash(ctx context.Context, hash account.Hash) (k account.Key, err error) {
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[apiKeyRow](ctx, x, "WHERE hash = ?", hash)
		if err != nil {
			return found(err, errNoKey)
		}
		k, err = row.key()
		return err
	})
	return k, err
}

func (s accountStore) Accounts(ctx context.Context, after account.ID, limit int) (ids []account.ID, err error) {
	if err := sound(string(after)); err != nil || limit <= 0 {
		return nil, err
	}
	err = s.db.read(ctx, func(x *tx) error {
		return scan(ctx, x, x.NewSelect().Model((*accountRow)(nil)).Column("id").Where("id > ?", after).Order("id").Limit(int64(limit)), &ids)
	})
	return ids, err
}

// An accountTx implements [account.Tx], and in a reading transaction
// [account.Reader].
type accountTx struct{ *tx }

func (x accountTx) Account(ctx context.Context) (account.Account, error) {
	row, err := get[accountRow](ctx, x.tx, "WHERE id = ?", x.acct)
	if err != nil {
		return account.Account{}, found(err, errNoAccount)
	}
	return row.account(), nil
}

func (x accountTx) SubAccounts(ctx context.Context) (subs []account.SubAccount, _ error) {
	var rows []subRow
	err := scan(ctx, x.tx, x.NewSelect().Model(&rows).Where("account = ?", x.acct).Order("name", "id"))
	for _, r := range rows {
		subs = append(subs, account.SubAccount{ID: r.ID, Name: r.Name})
	}
	return subs, err
}

func (x accountTx) User(ctx context.Context, id account.UserID) (account.User, error) {
	row, err := get[userRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, id)
	if err != nil {
		return account.User{}, found(err, errNoUser)
	}
	return row.user()
}

func (x accountTx) Users(ctx context.Context, after account.UserID, limit int) (users []account.User, _ error) {
	if err := sound(string(after)); err != nil || limit <= 0 {
		return nil, err
	}
	var rows []userRow
	err := scan(ctx, x.tx, x.NewSelect().Model(&rows).Where("account = ? AND id > ?", x.acct, after).Order("id").Limit(int64(limit)))
	for _, r := range rows {
		u, err := r.user()
		if err != nil {
			return nil, err
		}
		users = append(users, u)
	}
	return users, err
}

func (x accountTx) Keys(ctx context.Context) (keys []account.Key, _ error) {
	var rows []apiKeyRow
	err := scan(ctx, x.tx, x.NewSelect().Model(&rows).Where("account = ?", x.acct).Order("id"))
	for _, r := range rows {
		k, err := r.key()
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, err
}

func (x accountTx) PutAccount(ctx context.Context, a account.Account, events ...account.Event) error {
	if err := x.own(a.ID); err != nil {
		return err
	}
	row := accountRowOf(a)
	if err := version(ctx, x.tx, &row, a.Version, func(r accountRow) int { return r.Version }, "WHERE id = ?", a.ID); err != nil {
		return err
	}
	return x.halfway(note(x.tx, string(a.ID), "", events))
}

func (x accountTx) PutUser(ctx context.Context, u account.User, events ...account.Event) error {
	if err := x.own(u.Account); err != nil {
		return err
	}
	row, err := userRowOf(u)
	if err != nil {
		return err
	}
	// Looked for first: the failure of the unique index would undo all else.
	other, err := get[userRow](ctx, x.tx, "WHERE email = ?", u.Email)
	if err == nil && (other.Account != u.Account || other.ID != u.ID) {
		return conflict("the e-mail address is that of another user")
	}
	if err := found(err, nil); err != nil {
		return err
	}
	if err := version(ctx, x.tx, &row, u.Version, func(r userRow) int { return r.Version }, "WHERE account = ? AND id = ?", u.Account, u.ID); err != nil {
		return err
	}
	return x.halfway(note(x.tx, string(u.ID), u.ID, events))
}

func (x accountTx) PutKey(ctx context.Context, k account.Key, events ...account.Event) error {
	if err := x.own(k.Account); err != nil {
		return err
	}
	row, err := apiKeyRowOf(k)
	if err != nil {
		return err
	}
	if err := version(ctx, x.tx, &row, k.Version, func(r apiKeyRow) int { return r.Version }, "WHERE account = ? AND id = ?", k.Account, k.ID); err != nil {
		return err
	}
	return x.halfway(note(x.tx, string(k.ID), "", events))
}

// version keeps the next version of a row, which the condition finds.
func version[R any](ctx context.Context, x *tx, row *R, next int, of func(R) int, where string, key ...any) error {
	stored, err := get[R](ctx, x, where, key...)
	if err := found(err, nil); err != nil {
		return err
	}
	if next != of(stored)+1 {
		return errStale
	}
	ok := false
	if next == 1 {
		ok, err = add(ctx, x, row)
	} else {
		ok, err = change(ctx, x, &stored, row, where+" AND version = ?", append(key, next-1)...)
	}
	if err == nil && !ok {
		return conflict("another one has the same name or key")
	}
	return err
}

func (x accountTx) PutSubAccount(ctx context.Context, s account.SubAccount) error {
	_, err := put(ctx, x.tx, &subRow{Account: x.acct, ID: s.ID, Name: s.Name}, "account, id")
	return err
}

// own fails if a value is of another account than the transaction.
func (x accountTx) own(acct account.ID) error {
	if acct != x.acct {
		return fmt.Errorf("a value of account %q is put into account %q", acct, x.acct)
	}
	return nil
}
