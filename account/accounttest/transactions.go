package accounttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// What is not there is not found, and nothing of another account is there.
func isolation(t *testing.T, open Open) {
	ctx := t.Context()

	t.Run("not found", func(t *testing.T) { notFound(t, open) })
	t.Run("same user ID in two accounts", func(t *testing.T) {
		f := seeded(t, open)
		next := user("a", "u1")
		next.Name, next.Version = "Changed", 2
		require.NoError(t, f.put("a", next))
		require.Equal(t, next, f.user("a", "u1"))
		require.Equal(t, user("b", "u1"), f.user("b", "u1"))
	})
	t.Run("another account's user, session and reset", func(t *testing.T) {
		f := seeded(t, open)
		s, r := session("a", "u1", "s"), reset("a", "u1", "r")
		f.update("a", func(tx account.Tx) error {
			return errors.Join(tx.PutUser(ctx, user("a", "u2")), tx.PutSession(ctx, s), tx.PutReset(ctx, r))
		})
		f.update("b", func(tx account.Tx) error {
			_, err := tx.User(ctx, "u2")
			require.ErrorIs(t, err, account.ErrNotFound)
			_, err = tx.Session(ctx, s.Hash)
			require.ErrorIs(t, err, account.ErrNotFound)
			_, err = tx.Reset(ctx, r.Hash)
			require.ErrorIs(t, err, account.ErrNotFound)
			return errors.Join(
				tx.EndSession(ctx, s.Hash), tx.EndSessions(ctx, "u1"), tx.EndResets(ctx, "u1"),
				tx.TouchSession(ctx, s.Hash, noon.Add(time.Hour), noon.Add(2*time.Hour)),
				tx.Sweep(ctx, noon.Add(1000*time.Hour)))
		})
		got, u, err := f.SessionByHash(ctx, s.Hash)
		require.NoError(t, err)
		require.Equal(t, s, got)
		require.Equal(t, user("a", "u1"), u)
		require.True(t, f.hasReset(r.Hash))
	})
}

func notFound(t *testing.T, open Open) {
	ctx, f, nowhere := t.Context(), seeded(t, open), account.HashOf("nowhere")
	_, err := f.UserByEmail(ctx, "nobody@a.example")
	require.ErrorIs(t, err, account.ErrNotFound)
	_, _, err = f.SessionByHash(ctx, nowhere)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = f.ResetByHash(ctx, nowhere)
	require.ErrorIs(t, err, account.ErrNotFound)
	_, err = f.KeyByHash(ctx, nowhere)
	require.ErrorIs(t, err, account.ErrNotFound)
	require.NoError(t, f.View(ctx, "nowhere", func(r account.Reader) error {
		_, err := r.Account(ctx)
		require.ErrorIs(t, err, account.ErrNotFound)
		users, err := r.Users(ctx, "", 10)
		require.NoError(t, err)
		require.Empty(t, users)
		return nil
	}))
	f.update("a", func(tx account.Tx) error {
		_, err := tx.User(ctx, "u9")
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = tx.Session(ctx, nowhere)
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = tx.Reset(ctx, nowhere)
		require.ErrorIs(t, err, account.ErrNotFound)
		return nil
	})
}

// putAll puts one of each thing in account "a", with the events allKinds.
func putAll(ctx context.Context) func(account.Tx) error {
	return func(tx account.Tx) error {
		return errors.Join(
			tx.PutUser(ctx, user("a", "u2"), account.UserCreated{User: "u2", Email: "u2@a.example", At: noon},
				account.UserEnabled{User: "u2", At: noon}),
			tx.PutKey(ctx, key("a", "k1"), account.KeyCreated{Key: "k1", At: noon}),
			tx.PutSession(ctx, session("a", "u2", "s"), account.SignedIn{User: "u2", At: noon}),
			tx.PutReset(ctx, reset("a", "u2", "r"), account.PasswordResetAsked{User: "u2", At: noon}))
	}
}

func allKinds() []string {
	return []string{
		"account.user_created", "account.user_enabled", "account.key_created",
		"account.signed_in", "account.password_reset_asked",
	}
}

// A transaction keeps all, or nothing.
func transactions(t *testing.T, open Open) {
	ctx := t.Context()
	putAll := putAll(ctx)

	t.Run("keeps all, with its events in order", func(t *testing.T) {
		f := seeded(t, open)
		f.update("a", putAll)
		require.Equal(t, allKinds(), f.events())
		f.update("b", func(tx account.Tx) error {
			a := org("b")
			a.Version = 2
			return tx.PutAccount(ctx, a, account.AccountCreated{Name: "b", At: noon})
		})
		require.Equal(t, append(allKinds(), "account.created"), f.events())
		require.True(t, f.hasSession(account.HashOf("s")))
		require.True(t, f.hasReset(account.HashOf("r")))
	})
	t.Run("reads its own writes", func(t *testing.T) {
		f := seeded(t, open)
		f.update("a", func(tx account.Tx) error {
			require.NoError(t, putAll(tx))
			u, err := tx.User(ctx, "u2")
			require.NoError(t, err)
			require.Equal(t, user("a", "u2"), u)
			_, err = tx.Session(ctx, account.HashOf("s"))
			require.NoError(t, err)
			require.NoError(t, tx.EndSessions(ctx, "u2"))
			_, err = tx.Session(ctx, account.HashOf("s"))
			require.ErrorIs(t, err, account.ErrNotFound)
			return nil
		})
	})
	t.Run("a view's failure is its own", func(t *testing.T) {
		f := seeded(t, open)
		boom := errors.New("boom")
		require.ErrorIs(t, f.View(ctx, "a", func(account.Reader) error { return boom }), boom)
		require.NoError(t, f.View(ctx, "a", func(account.Reader) error { return nil }))
	})
}

func failures(t *testing.T, open Open) {
	ctx := t.Context()
	putAll := putAll(ctx)
	nothing := func(t *testing.T, f fixture) {
		t.Helper()
		require.Empty(t, f.events())
		_, err := f.UserByEmail(ctx, "u2@a.example")
		require.ErrorIs(t, err, account.ErrNotFound)
		_, err = f.KeyByHash(ctx, key("a", "k1").Hash)
		require.ErrorIs(t, err, account.ErrNotFound)
		require.False(t, f.hasSession(account.HashOf("s")))
		require.False(t, f.hasReset(account.HashOf("r")))
		f.update("a", putAll) // and it can still be done
		require.Equal(t, allKinds(), f.events())
	}

	t.Run("keeps nothing if it fails", func(t *testing.T) {
		f := seeded(t, open)
		boom := errors.New("boom")
		require.ErrorIs(t, f.Update(ctx, "a", func(tx account.Tx) error {
			require.NoError(t, putAll(tx))
			return boom
		}), boom)
		nothing(t, f)
	})
	t.Run("keeps nothing if it panics", func(t *testing.T) {
		f := seeded(t, open)
		require.PanicsWithValue(t, "boom", func() {
			_ = f.Update(ctx, "a", func(tx account.Tx) error {
				require.NoError(t, putAll(tx))
				panic("boom")
			})
		})
		nothing(t, f)
	})
	t.Run("keeps nothing if the context has ended", func(t *testing.T) {
		f := seeded(t, open)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, f.Update(ended, "a", putAll), context.Canceled)
		nothing(t, f)
	})
}

// A value put must be the next version of the one stored, and an e-mail address
// belongs to one user of the whole installation.
func versions(t *testing.T, open Open) {
	ctx := t.Context()

	t.Run("stale or skipped", func(t *testing.T) {
		f := seeded(t, open)
		f.update("a", func(tx account.Tx) error { return tx.PutKey(ctx, key("a", "k1")) })
		for _, version := range []int{0, 1, 3, -1} {
			a, u, k := org("a"), user("a", "u1"), key("a", "k1")
			a.Version, u.Version, k.Version = version, version, version
			for _, put := range []func(account.Tx) error{
				func(tx account.Tx) error { return tx.PutAccount(ctx, a, account.AccountCreated{At: noon}) },
				func(tx account.Tx) error { return tx.PutUser(ctx, u, account.UserChanged{At: noon}) },
				func(tx account.Tx) error { return tx.PutKey(ctx, k, account.KeyRevoked{At: noon}) },
			} {
				require.ErrorIs(t, f.Update(ctx, "a", put), account.ErrConflict, "version %d", version)
			}
		}
		require.Empty(t, f.events())
	})
	t.Run("first is 1", func(t *testing.T) {
		f := seeded(t, open)
		for _, version := range []int{0, 2} {
			a, u, k := org("c"), user("a", "u2"), key("a", "k1")
			a.Version, u.Version, k.Version = version, version, version
			require.ErrorIs(t, f.Update(ctx, "c", func(tx account.Tx) error { return tx.PutAccount(ctx, a) }), account.ErrConflict)
			require.ErrorIs(t, f.put("a", u), account.ErrConflict)
			require.ErrorIs(t, f.Update(ctx, "a", func(tx account.Tx) error { return tx.PutKey(ctx, k) }), account.ErrConflict)
		}
	})
	t.Run("two in one transaction", func(t *testing.T) {
		f := seeded(t, open)
		f.update("a", func(tx account.Tx) error {
			for version := 2; version <= 4; version++ {
				u := user("a", "u1")
				u.Version = version
				if err := tx.PutUser(ctx, u); err != nil {
					return err
				}
			}
			return nil
		})
		require.Equal(t, 4, f.user("a", "u1").Version)
	})
	t.Run("e-mail of another user", func(t *testing.T) { emailTaken(t, open) })
	t.Run("e-mail that has become free", func(t *testing.T) { emailFree(t, open) })
}

func emailTaken(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	for _, email := range []string{"u1@a.example", "u1@b.example"} { // in the same account, and in another
		u := user("a", "u2")
		u.Email = email
		require.ErrorIs(t, f.put("a", u, account.UserCreated{At: noon}), account.ErrConflict)
		_, err := f.UserByEmail(ctx, "u2@a.example")
		require.ErrorIs(t, err, account.ErrNotFound)
	}
	require.NoError(t, f.put("a", user("a", "u2")))
	taken := user("a", "u2")
	taken.Email, taken.Version = "u1@b.example", 2
	require.ErrorIs(t, f.put("a", taken), account.ErrConflict)
	require.Equal(t, user("a", "u2"), f.user("a", "u2"))
	require.Empty(t, f.events())
}

func emailFree(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	moved := user("a", "u1")
	moved.Email, moved.Version = "new@a.example", 2
	require.NoError(t, f.put("a", moved))
	heir := user("b", "u2")
	heir.Email = "u1@a.example"
	require.NoError(t, f.put("b", heir))
	got, err := f.UserByEmail(ctx, "u1@a.example")
	require.NoError(t, err)
	require.Equal(t, heir, got)
}
