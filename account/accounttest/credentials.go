package accounttest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// Sessions and resets end when they are told to, at once, and never come back.
func credentials(t *testing.T, open Open) {
	ctx := t.Context()
	h := account.HashOf

	for _, tc := range []struct {
		name string
		end  func(account.Tx) error
		left []string
	}{
		{"one session", func(tx account.Tx) error { return tx.EndSession(ctx, h("s1")) }, []string{"s2", "s3", "r1", "r2", "r3"}},
		{"all sessions of a user", func(tx account.Tx) error { return tx.EndSessions(ctx, "u1") }, []string{"s3", "r1", "r2", "r3"}},
		{"all resets of a user", func(tx account.Tx) error { return tx.EndResets(ctx, "u1") }, []string{"s1", "s2", "s3", "r3"}},
		{"nothing that is not there", func(tx account.Tx) error {
			return errors.Join(tx.EndSession(ctx, h("nowhere")), tx.EndSessions(ctx, "u9"), tx.EndResets(ctx, "u9"))
		}, []string{"s1", "s2", "s3", "r1", "r2", "r3"}},
	} {
		t.Run("ends "+tc.name, func(t *testing.T) {
			f := withCredentials(t, open)
			f.update("a", tc.end)
			require.Equal(t, tc.left, f.left())
			f.update("a", tc.end) // again, without error
			require.Equal(t, tc.left, f.left())
		})
	}
	t.Run("keeps the events of what has ended", func(t *testing.T) { endings(t, open) })
	t.Run("sweeps what expired before", func(t *testing.T) { sweeps(t, open) })
	t.Run("replaces the one with that hash", func(t *testing.T) {
		f := withCredentials(t, open)
		s := session("a", "u1", "s1")
		s.ExpiresAt, s.Address, s.Browser = noon.Add(time.Second), "", ""
		f.update("a", func(tx account.Tx) error { return tx.PutSession(ctx, s) })
		got, _, err := f.SessionByHash(ctx, s.Hash)
		require.NoError(t, err)
		require.Equal(t, s, got)
	})
	t.Run("touches a session and its user", func(t *testing.T) { touches(t, open) })
	t.Run("touches no session that has ended", func(t *testing.T) {
		f := withCredentials(t, open)
		f.update("a", func(tx account.Tx) error { return tx.EndSession(ctx, h("s1")) })
		f.update("a", func(tx account.Tx) error { return tx.TouchSession(ctx, h("s1"), noon, noon.Add(time.Hour)) })
		require.False(t, f.hasSession(h("s1")))
		require.Zero(t, f.user("a", "u1").SeenAt)
	})
	t.Run("shows the user as it is now", func(t *testing.T) {
		f := withCredentials(t, open)
		u := user("a", "u1")
		u.DisabledAt, u.Version = noon, 2
		require.NoError(t, f.put("a", u))
		_, got, err := f.SessionByHash(ctx, h("s1"))
		require.NoError(t, err)
		require.Equal(t, u, got)
	})
}

// Whoever watches a session hears of its end, once, and with the end itself.
func endings(t *testing.T, open Open) {
	ctx, h := t.Context(), account.HashOf
	f := withCredentials(t, open)
	one, all := account.SignedOut{User: "u1", At: noon}, account.SessionsEnded{User: "u1", At: noon}
	end := func(acct account.ID) {
		t.Helper()
		f.update(acct, func(tx account.Tx) error {
			return errors.Join(tx.EndSession(ctx, h("s1"), one), tx.EndSessions(ctx, "u1", all))
		})
	}
	end("b")
	require.Empty(t, f.events(), "another account's sessions go on")
	end("a")
	require.Equal(t, []string{one.Kind(), all.Kind()}, f.events())
	end("a")
	require.Len(t, f.events(), 2, "nothing was left to end")

	undone := errors.New("undone")
	require.ErrorIs(t, f.Update(ctx, "a", func(tx account.Tx) error {
		return errors.Join(tx.EndSession(ctx, h("s3"), one), undone)
	}), undone)
	require.Len(t, f.events(), 2)
	require.Equal(t, []string{"s3", "r1", "r2", "r3"}, f.left())
}

func sweeps(t *testing.T, open Open) {
	ctx := t.Context()
	f := withCredentials(t, open)
	until := noon.Add(time.Hour)
	f.update("a", func(tx account.Tx) error {
		s1, s2, s3 := session("a", "u1", "s1"), session("a", "u1", "s2"), session("a", "u2", "s3")
		s1.ExpiresAt, s2.ExpiresAt, s3.ExpiresAt = until.Add(-time.Microsecond), until, until.Add(time.Microsecond)
		r1, r2, r3 := reset("a", "u1", "r1"), reset("a", "u1", "r2"), reset("a", "u2", "r3")
		r1.ExpiresAt, r2.ExpiresAt, r3.ExpiresAt = s1.ExpiresAt, s2.ExpiresAt, s3.ExpiresAt
		r3.UsedAt = noon
		return errors.Join(tx.PutSession(ctx, s1), tx.PutSession(ctx, s2), tx.PutSession(ctx, s3),
			tx.PutReset(ctx, r1), tx.PutReset(ctx, r2), tx.PutReset(ctx, r3))
	})
	f.update("a", func(tx account.Tx) error { return tx.Sweep(ctx, until) })
	require.Equal(t, []string{"s2", "s3", "r2", "r3"}, f.left())
}

func touches(t *testing.T, open Open) {
	ctx, h := t.Context(), account.HashOf
	f := withCredentials(t, open)
	seen, expires := noon.Add(time.Hour), noon.Add(13*time.Hour)
	f.update("a", func(tx account.Tx) error { return tx.TouchSession(ctx, h("s1"), seen, expires) })
	got, u, err := f.SessionByHash(ctx, h("s1"))
	require.NoError(t, err)
	wantSession, wantUser := session("a", "u1", "s1"), user("a", "u1")
	wantSession.SeenAt, wantSession.ExpiresAt, wantUser.SeenAt = seen, expires, seen
	require.Equal(t, wantSession, got)
	require.Equal(t, wantUser, u, "the version stays")
	require.Zero(t, f.user("a", "u2").SeenAt)
	require.Zero(t, f.user("b", "u1").SeenAt)
	require.Empty(t, f.events())
}

// withCredentials gives u1 of account "a" the sessions s1 and s2 and the resets
// r1 and r2, and u2 s3 and r3.
func withCredentials(t *testing.T, open Open) fixture {
	ctx := t.Context()
	f := seeded(t, open)
	f.update("a", func(tx account.Tx) error {
		return errors.Join(
			tx.PutUser(ctx, user("a", "u2")),
			tx.PutSession(ctx, session("a", "u1", "s1")), tx.PutSession(ctx, session("a", "u1", "s2")),
			tx.PutSession(ctx, session("a", "u2", "s3")),
			tx.PutReset(ctx, reset("a", "u1", "r1")), tx.PutReset(ctx, reset("a", "u1", "r2")),
			tx.PutReset(ctx, reset("a", "u2", "r3")))
	})
	return f
}

// left returns which of them are still there.
func (f fixture) left() (tokens []string) {
	f.t.Helper()
	for _, s := range []string{"s1", "s2", "s3"} {
		if f.hasSession(account.HashOf(s)) {
			tokens = append(tokens, s)
		}
	}
	for _, r := range []string{"r1", "r2", "r3"} {
		if f.hasReset(account.HashOf(r)) {
			tokens = append(tokens, r)
		}
	}
	return tokens
}
