// Package accounttest is the conformance suite for implementations of
// [account.Store].
package accounttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// An Open returns an empty store, and a function that returns the kinds of all
// events committed to it so far, in order.
type Open func(t *testing.T) (s account.Store, events func() []string)

// Store runs the suite. IDs in it are short texts, not UUIDs: a store takes any.
func Store(t *testing.T, open Open) {
	t.Run("values", func(t *testing.T) { values(t, open) })
	t.Run("isolation", func(t *testing.T) { isolation(t, open) })
	t.Run("transactions", func(t *testing.T) { transactions(t, open) })
	t.Run("failures", func(t *testing.T) { failures(t, open) })
	t.Run("versions", func(t *testing.T) { versions(t, open) })
	t.Run("concurrency", func(t *testing.T) { concurrency(t, open) })
	t.Run("credentials", func(t *testing.T) { credentials(t, open) })
	t.Run("listing", func(t *testing.T) { listing(t, open) })
	t.Run("odd text", func(t *testing.T) { oddText(t, open) })
}

var noon = time.Date(2030, 1, 2, 12, 0, 0, 123456000, time.UTC)

// A fixture is a store with two accounts, "a" and "b", and user "u1" in each.
type fixture struct {
	account.Store
	t      *testing.T
	events func() []string
}

func seeded(t *testing.T, open Open) fixture {
	t.Helper()
	s, events := open(t)
	f := fixture{s, t, events}
	for _, a := range []account.ID{"a", "b"} {
		f.update(a, func(tx account.Tx) error {
			if err := tx.PutAccount(t.Context(), org(a)); err != nil {
				return err
			}
			return tx.PutUser(t.Context(), user(a, "u1"))
		})
	}
	require.Empty(t, events(), "nothing has happened yet")
	return f
}

func (f fixture) update(acct account.ID, fn func(account.Tx) error) {
	f.t.Helper()
	require.NoError(f.t, f.Update(f.t.Context(), acct, fn))
}

func (f fixture) put(acct account.ID, u account.User, events ...account.Event) error {
	return f.Update(f.t.Context(), acct, func(tx account.Tx) error {
		return tx.PutUser(f.t.Context(), u, events...)
	})
}

// read returns what fn reads, which must be the same in a View and an Update.
func read[V any](f fixture, acct account.ID, fn func(account.Reader) (V, error)) V {
	f.t.Helper()
	var viewed, inTx V
	require.NoError(f.t, f.View(f.t.Context(), acct, func(r account.Reader) (err error) {
		viewed, err = fn(r)
		return err
	}))
	f.update(acct, func(tx account.Tx) (err error) {
		inTx, err = fn(tx)
		return err
	})
	require.Equal(f.t, viewed, inTx)
	return viewed
}

func (f fixture) user(acct account.ID, id account.UserID) account.User {
	f.t.Helper()
	return read(f, acct, func(r account.Reader) (account.User, error) { return r.User(f.t.Context(), id) })
}

func (f fixture) hasSession(h account.Hash) bool {
	f.t.Helper()
	_, _, err := f.SessionByHash(f.t.Context(), h)
	return found(f.t, err)
}

func (f fixture) hasReset(h account.Hash) bool {
	f.t.Helper()
	_, err := f.ResetByHash(f.t.Context(), h)
	return found(f.t, err)
}

func found(t *testing.T, err error) bool {
	t.Helper()
	if err != nil {
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	return err == nil
}

func org(id account.ID) account.Account {
	return account.Account{
		ID: id, Name: "Acme " + string(id), Zone: "Asia/Singapore", Region: "SG",
		CreatedAt: noon, Version: 1,
	}
}

func user(acct account.ID, id account.UserID) account.User {
	return account.User{
		ID: id, Account: acct, Email: fmt.Sprintf("%s@%s.example", id, acct), Name: "Ann Lee",
		Role: account.RoleAdministrator, CreatedAt: noon, Version: 1,
	}
}

func session(acct account.ID, u account.UserID, token string) account.Session {
	return account.Session{
		Hash: account.HashOf(token), Account: acct, User: u,
		CreatedAt: noon, SeenAt: noon.Add(time.Minute), ExpiresAt: noon.Add(12 * time.Hour),
		Address: "2001:db8::1", Browser: "Mozilla/5.0 (X11; Linux x86_64)",
	}
}

func reset(acct account.ID, u account.UserID, token string) account.Reset {
	return account.Reset{
		Hash: account.HashOf(token), Account: acct, User: u,
		CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
}

func key(acct account.ID, id account.KeyID) account.Key {
	return account.Key{
		ID: id, Account: acct, Name: "CRM", Hash: account.HashOf(string(acct) + string(id)), Hint: "x9_-",
		Scopes: []account.Permission{account.CallsPlace, account.UsersSee}, CreatedBy: "u1",
		CreatedAt: noon, Version: 1,
	}
}
