package bunstore

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
)

func (x accountTx) Session(ctx context.Context, hash account.Hash) (account.Session, error) {
	row, err := get[sessionRow](ctx, x.tx, "WHERE account = ? AND hash = ?", x.acct, hash)
	if err != nil {
		return account.Session{}, found(err, errNoSession)
	}
	return row.session(), nil
}

func (x accountTx) Reset(ctx context.Context, hash account.Hash) (account.Reset, error) {
	row, err := get[resetRow](ctx, x.tx, "WHERE account = ? AND hash = ?", x.acct, hash)
	if err != nil {
		return account.Reset{}, found(err, errNoReset)
	}
	return row.reset(), nil
}

func (x accountTx) PutSession(ctx context.Context, s account.Session, events ...account.Event) error {
	if err := x.own(s.Account); err != nil {
		return err
	}
	row := sessionRowOf(s)
	if err := mine(put(ctx, x.tx, &row, "hash")); err != nil {
		return err
	}
	return x.halfway(note(x.tx, string(s.User), s.User, events))
}

func (x accountTx) PutReset(ctx context.Context, r account.Reset, events ...account.Event) error {
	if err := x.own(r.Account); err != nil {
		return err
	}
	row := resetRowOf(r)
	if err := mine(put(ctx, x.tx, &row, "hash")); err != nil {
		return err
	}
	return x.halfway(note(x.tx, string(r.User), r.User, events))
}

// mine fails if the row with that key is another account's.
func mine(ok bool, err error) error {
	if err == nil && !ok {
		return conflict("the token is another account's")
	}
	return err
}

func (x accountTx) TouchSession(ctx context.Context, hash account.Hash, seen, expires time.Time) error {
	n, err := x.exec(ctx, "UPDATE account_sessions SET seen_at = ?, expires_at = ? WHERE account = ? AND hash = ?",
		stampOf(seen), stampOf(expires), x.acct, hash)
	if err != nil || n == 0 {
		return err
	}
	_, err = x.exec(ctx, `UPDATE account_users SET seen_at = ?
		WHERE account = ? AND id = (SELECT user_id FROM account_sessions WHERE account = ? AND hash = ?)`,
		stampOf(seen), x.acct, x.acct, hash)
	return err
}

func (x accountTx) EndSession(ctx context.Context, hash account.Hash, events ...account.Event) error {
	row, err := get[sessionRow](ctx, x.tx, "WHERE account = ? AND hash = ?", x.acct, hash)
	if err != nil {
		return found(err, nil)
	}
	n, err := x.exec(ctx, "DELETE FROM account_sessions WHERE account = ? AND hash = ?", x.acct, hash)
	return x.ended(n, err, row.UserID, events)
}

func (x accountTx) EndSessions(ctx context.Context, user account.UserID, events ...account.Event) error {
	n, err := x.exec(ctx, "DELETE FROM account_sessions WHERE account = ? AND user_id = ?", x.acct, user)
	return x.ended(n, err, user, events)
}

// ended notes the events of n sessions of a user that were deleted.
func (x accountTx) ended(n int64, err error, user account.UserID, events []account.Event) error {
	if err != nil || n == 0 {
		return err
	}
	return x.halfway(note(x.tx, string(user), user, events))
}

func (x accountTx) EndResets(ctx context.Context, user account.UserID) error {
	_, err := x.exec(ctx, "DELETE FROM account_resets WHERE account = ? AND user_id = ?", x.acct, user)
	return err
}

func (x accountTx) Sweep(ctx context.Context, before time.Time) error {
	for _, table := range []string{"account_sessions", "account_resets"} {
		if _, err := x.exec(ctx, "DELETE FROM "+table+" WHERE account = ? AND expires_at < ?", x.acct, before.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}
