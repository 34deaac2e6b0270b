package vitest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// A call put must be the next version of the one stored, and its reference its
// own in the account.
func storeVersions(t *testing.T, start func(*testing.T) *shelf) {
	t.Run("stale or skipped", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		for _, version := range []int{-1, 0, 1, 3} {
			c := newCall("c1")
			c.Version = version
			require.ErrorIs(t, s.try("a", c, vi.CallRated{Call: "c1"}), vi.ErrConflict, "version %d", version)
			require.ErrorIs(t, s.Update(s.ctx, "a", func(tx vi.Tx) error {
				_, err := tx.Call(s.ctx, "c1")
				require.NoError(t, err)
				return tx.PutCall(s.ctx, c)
			}), vi.ErrConflict, "version %d, after reading", version)
		}
		for _, version := range []int{-1, 0, 2} {
			c := newCall("c2")
			c.Version = version
			require.ErrorIs(t, s.try("a", c), vi.ErrConflict, "version %d of a new one", version)
		}
		require.Empty(t, s.events())
	})
	t.Run("many in one transaction", func(t *testing.T) {
		s := start(t)
		s.update("a", func(tx vi.Tx) error {
			for version := 1; version <= 5; version++ {
				c := newCall("c1")
				c.Version, c.Messages = version, version
				if err := tx.PutCall(s.ctx, c, vi.MessageSent{Call: "c1"}); err != nil {
					return err
				}
				got, err := tx.Call(s.ctx, "c1")
				require.NoError(t, err)
				require.Equal(t, c, got)
			}
			return nil
		})
		require.Len(t, s.events(), 5)
	})
	t.Run("reference of another call", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		taken := newCall("c2")
		taken.Reference = "R-c1"
		require.ErrorIs(t, s.try("a", taken, vi.CallRated{}), vi.ErrConflict)
		s.put("b", taken) // in another account it is free
		moved := newCall("c3")
		s.put("a", moved)
		moved.Reference, moved.Version = "R-c1", 2
		require.ErrorIs(t, s.try("a", moved), vi.ErrConflict)
		got, err := s.call("a", "c3")
		require.NoError(t, err)
		require.Equal(t, newCall("c3"), got)
		require.Empty(t, s.events())
	})
	t.Run("reference that has become free", func(t *testing.T) {
		s := start(t)
		first := newCall("c1")
		s.put("a", first)
		first.Reference, first.Version = "R-new", 2
		s.put("a", first)
		heir := newCall("c2")
		heir.Reference = "R-c1"
		s.put("a", heir)
		got, err := read(s, "a", func(r vi.Reader) (vi.Call, error) { return r.CallByReference(s.ctx, "R-c1") })
		require.NoError(t, err)
		require.Equal(t, heir, got)
	})
	t.Run("a refused one leaves the transaction whole", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		s.update("a", func(tx vi.Tx) error {
			taken := newCall("c2")
			taken.Reference = "R-c1"
			require.ErrorIs(t, tx.PutCall(s.ctx, taken, vi.CallRated{}), vi.ErrConflict)
			require.ErrorIs(t, tx.PutCall(s.ctx, newCall("c1"), vi.CallRated{}), vi.ErrConflict)
			taken.Reference = "R-c2"
			return tx.PutCall(s.ctx, taken, vi.CallStarted{})
		})
		require.Equal(t, []string{"vi.call_started"}, s.events())
	})
}

// Nothing of another account is there.
func storeIsolation(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	full := fullCall()
	s.put("a", full)
	s.update("a", func(tx vi.Tx) error {
		return tx.PutMessage(s.ctx, vi.Message{Call: full.ID, N: 1, Op: "op", From: vi.SeatAgent, At: at(0)})
	})
	for _, acct := range []account.ID{"b", "", "A", "a "} {
		_, err := s.call(acct, full.ID)
		require.ErrorIs(t, err, vi.ErrNotFound)
		_, err = read(s, acct, func(r vi.Reader) (vi.Call, error) { return r.CallByReference(s.ctx, full.Reference) })
		require.ErrorIs(t, err, vi.ErrNotFound)
		_, err = read(s, acct, func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{Before: full.ID}) })
		require.ErrorIs(t, err, vi.ErrNotFound)
		calls, err := read(s, acct, func(r vi.Reader) ([]vi.Call, error) { return r.Calls(s.ctx, vi.Query{}) })
		require.NoError(t, err)
		require.Empty(t, calls)
		f, err := read(s, acct, func(r vi.Reader) (vi.Figures, error) { return r.Figures(s.ctx, vi.FiguresQuery{}) })
		require.NoError(t, err)
		require.Zero(t, f)
		require.Empty(t, s.messages(acct, full.ID))

		next := full
		next.Version, next.Customer = 2, "somebody else"
		require.ErrorIs(t, s.try(acct, next), vi.ErrConflict)
		next.Version, next.Reference, next.Invites = 1, "R-other", nil
		require.ErrorIs(t, s.try(acct, next), vi.ErrConflict, "the ID is another account's call")
		require.Error(t, s.Update(s.ctx, acct, func(tx vi.Tx) error {
			return tx.PutMessage(s.ctx, vi.Message{Call: full.ID, N: 2, Op: "op2", From: vi.SeatAgent, At: at(0)})
		}))
		require.Error(t, s.Update(s.ctx, acct, func(tx vi.Tx) error {
			return tx.PutReading(s.ctx, vi.Reading{Call: full.ID, Seat: vi.SeatAgent, At: at(0)})
		}))
	}
	got, err := s.call("a", full.ID)
	require.NoError(t, err)
	require.Equal(t, full, got)
	require.Len(t, s.messages("a", full.ID), 1)
}

// What is looked for in all accounts: by token, by ID, by timer, by status.
func storeLookups(t *testing.T, start func(*testing.T) *shelf) {
	t.Run("by token", func(t *testing.T) {
		s := start(t)
		invited := func(id vi.CallID, tokens ...vi.Hash) vi.Call {
			c := newCall(id)
			for _, token := range tokens {
				c.Invites = append(c.Invites, vi.Invite{ID: vi.InviteID(token), Token: token, CreatedAt: at(0), ExpiresAt: at(15)})
			}
			return c
		}
		s.put("a", invited("c1", "t1"))
		s.put("b", invited("c2", "t2", "t3"))
		again := invited("c1", "t1", "t4")
		again.Version = 2
		s.put("a", again)
		for token, want := range map[vi.Hash]vi.Ref{
			"t1": {Account: "a", Call: "c1"}, "t4": {Account: "a", Call: "c1"},
			"t2": {Account: "b", Call: "c2"}, "t3": {Account: "b", Call: "c2"},
		} {
			got, err := s.Invited(s.ctx, token)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		for _, token := range []vi.Hash{"", "t", "t5", "T1", "t%"} {
			_, err := s.Invited(s.ctx, token)
			require.ErrorIs(t, err, vi.ErrNotFound)
		}
		require.ErrorIs(t, s.try("b", invited("c3", "t5", "t1")), vi.ErrConflict, "the link is another call's")
		_, err := s.Invited(s.ctx, "t5")
		require.ErrorIs(t, err, vi.ErrNotFound)
		_, err = s.call("b", "c3")
		require.ErrorIs(t, err, vi.ErrNotFound)
	})
	t.Run("by ID", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		s.put("b", newCall("c2"))
		got, err := s.Locate(s.ctx, "c2")
		require.NoError(t, err)
		require.Equal(t, vi.Ref{Account: "b", Call: "c2"}, got)
		_, err = s.Locate(s.ctx, "c3")
		require.ErrorIs(t, err, vi.ErrNotFound)
	})
	t.Run("due", func(t *testing.T) {
		s := start(t)
		for n, minute := range []int{5, 1, 3, 2, 4} {
			c := newCall(vi.CallID(fmt.Sprint("c", minute)))
			c.DueAt = at(minute)
			s.put([]account.ID{"a", "b"}[n%2], c)
		}
		never := newCall("never")
		s.put("a", never)
		due := func(now time.Time, limit int) (ids []vi.CallID) {
			refs, err := s.Due(s.ctx, now, limit)
			require.NoError(t, err)
			for _, r := range refs {
				_, err := s.call(r.Account, r.Call)
				require.NoError(t, err)
				ids = append(ids, r.Call)
			}
			return ids
		}
		require.Empty(t, due(at(1).Add(-time.Microsecond), 10))
		require.Equal(t, []vi.CallID{"c1"}, due(at(1), 10))
		require.Equal(t, []vi.CallID{"c1", "c2", "c3", "c4", "c5"}, due(at(60), 10))
		require.Equal(t, []vi.CallID{"c1", "c2"}, due(at(60), 2))
		c := newCall("c1") // has no timer any more
		c.Version = 2
		s.put("b", c)
		never.Version, never.DueAt = 2, at(0)
		s.put("a", never)
		require.Equal(t, []vi.CallID{"never", "c2"}, due(at(60), 2))
	})
	t.Run("unfinished", func(t *testing.T) {
		s := start(t)
		var want []vi.CallID
		for n, status := range vi.Statuses() {
			c := newCall(vi.CallID(fmt.Sprintf("%c-%d", "cCaB"[n%4], n)))
			c.Status = status
			s.put([]account.ID{"a", "b"}[n%2], c)
			if !status.Final() {
				want = append(want, c.ID)
			}
		}
		over := newCall("over") // has been unfinished
		s.put("a", over)
		over.Version, over.Status = 2, vi.StatusCancelled
		s.put("a", over)
		slices.Sort(want) // by byte, not by a language's alphabet
		for _, limit := range []int{1, 3, 100} {
			var got []vi.CallID
			for after := vi.CallID(""); ; {
				refs, err := s.Unfinished(s.ctx, after, limit)
				require.NoError(t, err)
				if len(refs) == 0 {
					break
				}
				require.LessOrEqual(t, len(refs), limit)
				for _, r := range refs {
					got = append(got, r.Call)
				}
				after = got[len(got)-1]
			}
			require.Equal(t, want, got)
		}
	})
}
