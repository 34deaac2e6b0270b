package vitest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// A transaction keeps all or nothing.
func storeTransactions(t *testing.T, start func(*testing.T) *shelf) {
	boom := errors.New("boom")
	putAll := func(s *shelf, tx vi.Tx) error {
		c := fullCall()
		return errors.Join(
			tx.PutCall(s.ctx, c, vi.CallStarted{Call: c.ID, At: at(0)}, vi.InviteCreated{Call: c.ID, At: at(0)}),
			tx.PutCall(s.ctx, newCall("c2"), vi.CallArrived{Call: "c2", At: at(0)}),
			tx.PutMessage(s.ctx, vi.Message{Call: c.ID, N: 1, Op: "op", From: vi.SeatAgent, At: at(0)}),
			tx.PutReading(s.ctx, vi.Reading{Call: c.ID, Seat: vi.SeatAgent, At: at(0)}))
	}
	kinds := []string{"vi.call_started", "vi.invite_created", "vi.call_arrived"}
	nothing := func(s *shelf) {
		s.t.Helper()
		require.Empty(s.t, s.events())
		for _, id := range []vi.CallID{"c1", "c2"} {
			_, err := s.call("a", id)
			require.ErrorIs(s.t, err, vi.ErrNotFound)
		}
		_, err := s.Invited(s.ctx, "t1")
		require.ErrorIs(s.t, err, vi.ErrNotFound)
		require.Empty(s.t, s.messages("a", "c1"))
		s.update("a", func(tx vi.Tx) error { return putAll(s, tx) }) // and it can still be done
		require.Equal(s.t, kinds, s.events())
		require.Len(s.t, s.messages("a", "c1"), 1)
	}
	t.Run("keeps nothing if it fails", func(t *testing.T) {
		s := start(t)
		require.ErrorIs(t, s.Update(s.ctx, "a", func(tx vi.Tx) error {
			require.NoError(t, putAll(s, tx))
			return boom
		}), boom)
		nothing(s)
	})
	t.Run("keeps nothing if it panics", func(t *testing.T) {
		s := start(t)
		require.PanicsWithValue(t, "boom", func() {
			_ = s.Update(s.ctx, "a", func(tx vi.Tx) error {
				require.NoError(t, putAll(s, tx))
				panic("boom")
			})
		})
		nothing(s)
	})
	t.Run("keeps nothing if the context has ended", func(t *testing.T) {
		s := start(t)
		ended, cancel := context.WithCancel(s.ctx)
		cancel()
		require.ErrorIs(t, s.Update(ended, "a", func(tx vi.Tx) error { return putAll(s, tx) }), context.Canceled)
		require.ErrorIs(t, s.View(ended, "a", func(r vi.Reader) error {
			_, err := r.Calls(ended, vi.Query{})
			return err
		}), context.Canceled)
		nothing(s)
	})
	t.Run("keeps nothing if the context ends meanwhile", func(t *testing.T) {
		s := start(t)
		ending, cancel := context.WithCancel(s.ctx)
		require.ErrorIs(t, s.Update(ending, "a", func(tx vi.Tx) error {
			require.NoError(t, putAll(s, tx))
			cancel()
			_, err := tx.Call(ending, "c1")
			return err
		}), context.Canceled)
		nothing(s)
	})
	t.Run("a view's failure is its own", func(t *testing.T) {
		s := start(t)
		require.ErrorIs(t, s.View(s.ctx, "a", func(vi.Reader) error { return boom }), boom)
		require.PanicsWithValue(t, "boom", func() { _ = s.View(s.ctx, "a", func(vi.Reader) error { panic("boom") }) })
		nothing(s)
	})
	t.Run("events in the order of commits", func(t *testing.T) {
		s := start(t)
		var want []string
		for n, e := range []vi.Event{vi.CallStarted{}, vi.InviteCreated{}, vi.GuestWaiting{}, vi.CallMoved{}, vi.CallEnded{}, vi.CallRated{}} {
			c := newCall("c1")
			c.Version = n + 1
			require.NoError(t, s.try("a", c, e, vi.LegMoved{}))
			want = append(want, e.Kind(), "vi.leg_moved")
			require.Equal(t, want, s.events())
		}
	})
	t.Run("events of their transaction only", func(t *testing.T) {
		s := start(t)
		s.update("a", func(tx vi.Tx) error {
			err := tx.PutCall(s.ctx, newCall("c1"), vi.CallStarted{Call: "c1"})
			require.Empty(t, s.events(), "not before the commit")
			return err
		})
		require.Equal(t, []string{"vi.call_started"}, s.events())
	})
}

// However many work at once, no update is lost and no reading is torn.
func storeConcurrency(t *testing.T, start func(*testing.T) *shelf) {
	write := func(s *shelf, acct account.ID, call vi.CallID, op string) error {
		for {
			err := s.Update(s.ctx, acct, func(tx vi.Tx) error {
				c, err := tx.Call(s.ctx, call)
				if err != nil {
					return err
				}
				m := vi.Message{Call: call, N: c.Messages + 1, Op: op, From: vi.SeatAgent, Text: op, At: at(0)}
				c.Messages, c.Version = m.N, c.Version+1
				if err := tx.PutCall(s.ctx, c, vi.MessageSent{Call: call, Message: m, At: at(0)}); err != nil {
					return err
				}
				return tx.PutMessage(s.ctx, m)
			})
			if !errors.Is(err, vi.ErrConflict) {
				return err
			}
		}
	}
	t.Run("no update of a call is lost", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		const writers, each = 16, 8
		atOnce(t, writers, func(i int) error {
			for n := range each {
				if err := write(s, "a", "c1", fmt.Sprint(i, "-", n)); err != nil {
					return err
				}
			}
			return nil
		})
		messages := s.messages("a", "c1")
		require.Len(t, messages, writers*each)
		for n, m := range messages {
			require.Equal(t, n+1, m.N)
		}
		c, err := s.call("a", "c1")
		require.NoError(t, err)
		require.Equal(t, writers*each, c.Messages)
		require.Equal(t, writers*each+1, c.Version)
		require.Len(t, s.events(), writers*each)
	})
	t.Run("those that fail undo none of the others", func(t *testing.T) {
		s := start(t)
		boom := errors.New("boom")
		for _, acct := range []account.ID{"a", "b"} {
			s.put(acct, newCall(vi.CallID(acct)))
		}
		atOnce(t, 16, func(i int) error {
			acct := []account.ID{"a", "b"}[i%2]
			for n := range 8 {
				if err := write(s, acct, vi.CallID(acct), fmt.Sprint(i, "-", n)); err != nil {
					return err
				}
				if err := s.Update(s.ctx, acct, func(tx vi.Tx) error {
					c, err := tx.Call(s.ctx, vi.CallID(acct))
					if err != nil {
						return err
					}
					c.Version++
					return errors.Join(tx.PutCall(s.ctx, c, vi.CallRated{}), boom)
				}); !errors.Is(err, boom) {
					return fmt.Errorf("failed with %w", err)
				}
			}
			return nil
		})
		for _, acct := range []account.ID{"a", "b"} {
			c, err := s.call(acct, vi.CallID(acct))
			require.NoError(t, err)
			require.Equal(t, 65, c.Version)
			require.Len(t, s.messages(acct, c.ID), 64)
		}
		require.NotContains(t, s.events(), "vi.call_rated")
	})
	t.Run("one of many takes a reference", func(t *testing.T) {
		s := start(t)
		won := make([]bool, 16)
		atOnce(t, len(won), func(i int) error {
			c := newCall(vi.CallID(fmt.Sprint("c", i)))
			c.Reference = "wanted"
			err := s.try("a", c)
			if won[i] = err == nil; won[i] || errors.Is(err, vi.ErrConflict) {
				return nil
			}
			return err
		})
		winners := 0
		for _, w := range won {
			if w {
				winners++
			}
		}
		require.Equal(t, 1, winners)
	})
	t.Run("no reading is torn", func(t *testing.T) {
		s := start(t)
		s.put("a", newCall("c1"))
		const times = 40
		atOnce(t, 3, func(i int) error {
			for n := range times {
				if i == 0 {
					if err := write(s, "a", "c1", fmt.Sprint(n)); err != nil {
						return err
					}
					continue
				}
				if err := s.View(s.ctx, "a", func(r vi.Reader) error {
					c, err1 := r.Call(s.ctx, "c1")
					messages, err2 := r.Messages(s.ctx, "c1", 0, 1000)
					if c.Messages != len(messages) {
						return fmt.Errorf("read a call of %d messages with %d messages", c.Messages, len(messages))
					}
					return errors.Join(err1, err2)
				}); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// atOnce runs fn n times at the same time and fails the test with every error.
func atOnce(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}
