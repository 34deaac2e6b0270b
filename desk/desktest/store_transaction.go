package desktest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// A transaction keeps all or nothing.
func storeTransactions(t *testing.T, start func(*testing.T) *shelf) {
	boom := errors.New("boom")
	putAll := func(s *shelf, tx desk.Tx) error {
		number, err := tx.NextNumber(s.ctx)
		if err == nil && number != 1 {
			err = fmt.Errorf("the first number is %d", number)
		}
		setup, file := fullSetup(), fullFile()
		return errors.Join(err,
			tx.PutSetup(s.ctx, setup, desk.SetupChanged{At: at(0)}),
			tx.PutTicket(s.ctx, fullTicket(), desk.TicketOpened{On: desk.On{At: at(0)}}, desk.TicketAssigned{On: desk.On{At: at(0)}}),
			tx.PutEntry(s.ctx, fullEntry()), tx.PutFile(s.ctx, file),
			tx.PutContact(s.ctx, fullContact(), desk.ContactChanged{At: at(0)}), tx.PutContactNote(s.ctx, fullNote()),
			tx.PutAgent(s.ctx, fullAgent(), desk.AgentChanged{At: at(0)}), tx.PutIntervals(s.ctx, "ann", fullInterval()),
			tx.Note(s.ctx, "billing", "", desk.QueueChanged{Queue: "billing", At: at(0)}))
	}
	kinds := []string{
		"desk.setup_changed", "desk.ticket_opened", "desk.ticket_assigned", "desk.contact_changed", "desk.agent_changed", "desk.queue_changed",
	}
	nothing := func(s *shelf) {
		s.t.Helper()
		require.Empty(s.t, s.events())
		missing(s, "a", func(r desk.Reader) (desk.Ticket, error) { return r.Ticket(s.ctx, "t1") })
		missing(s, "a", func(r desk.Reader) (desk.Contact, error) { return r.Contact(s.ctx, "p1") })
		missing(s, "a", func(r desk.Reader) (desk.Contact, error) {
			return r.ContactByIdentity(s.ctx, fullContact().Identities[0])
		})
		missing(s, "a", func(r desk.Reader) (desk.Agent, error) { return r.Agent(s.ctx, "ann") })
		missing(s, "a", func(r desk.Reader) (desk.StoredFile, error) { return r.File(s.ctx, "f1") })
		require.Empty(s.t, s.entries("a", "t1"))
		require.Zero(s.t, must(s, "a", func(r desk.Reader) (desk.Setup, error) { return r.Setup(s.ctx) }))
		require.Empty(s.t, must(s, "a", func(r desk.Reader) ([]desk.AgentInterval, error) { return r.Intervals(s.ctx, "", at(0), at(60)) }))
		require.Empty(s.t, must(s, "a", func(r desk.Reader) ([]desk.ContactNote, error) { return r.ContactNotes(s.ctx, []desk.ContactID{"p1"}) }))
		require.Equal(s.t, []desk.Figure{{From: at(0)}}, must(s, "a", func(r desk.Reader) ([]desk.Figure, error) {
			return r.Figures(s.ctx, desk.FiguresQuery{Scope: all, Span: desk.Span{From: at(0)}})
		}))
		require.Empty(s.t, s.find("a", desk.Query{Scope: all, Text: "waiting"}))
		require.Empty(s.t, s.find("a", desk.Query{Scope: all, Tag: "vip"}))
		for _, due := range []func() (int, error){
			func() (int, error) { v, err := s.Due(s.ctx, at(600), 10); return len(v), err },
			func() (int, error) { v, err := s.AgentsDue(s.ctx, at(600), 10); return len(v), err },
			func() (int, error) { v, err := s.Desks(s.ctx, "", 10); return len(v), err },
		} {
			n, err := due()
			require.NoError(s.t, err)
			require.Zero(s.t, n)
		}
		s.update("a", func(tx desk.Tx) error { return putAll(s, tx) }) // and it can still be done
		require.Equal(s.t, kinds, s.events())
		require.Len(s.t, s.entries("a", "t1"), 1)
		require.Equal(s.t, []desk.TicketID{"t1"}, s.find("a", desk.Query{Scope: all, Text: "waiting"}))
	}
	t.Run("keeps nothing if it fails", func(t *testing.T) {
		s := start(t)
		require.ErrorIs(t, s.Update(s.ctx, "a", func(tx desk.Tx) error {
			require.NoError(t, putAll(s, tx))
			return boom
		}), boom)
		nothing(s)
	})
	t.Run("keeps nothing if it panics", func(t *testing.T) {
		s := start(t)
		require.PanicsWithValue(t, "boom", func() {
			_ = s.Update(s.ctx, "a", func(tx desk.Tx) error {
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
		require.ErrorIs(t, s.Update(ended, "a", func(tx desk.Tx) error { return putAll(s, tx) }), context.Canceled)
		nothing(s)
	})
	t.Run("keeps nothing if the context ends meanwhile", func(t *testing.T) {
		s := start(t)
		ending, cancel := context.WithCancel(s.ctx)
		require.ErrorIs(t, s.Update(ending, "a", func(tx desk.Tx) error {
			require.NoError(t, putAll(s, tx))
			cancel()
			_, err := tx.Ticket(ending, "t1")
			return err
		}), context.Canceled)
		nothing(s)
	})
	t.Run("events of their transaction only", func(t *testing.T) {
		s := start(t)
		s.update("a", func(tx desk.Tx) error {
			err := putAll(s, tx)
			require.Empty(t, s.events(), "not before the commit")
			return err
		})
		require.Equal(t, kinds, s.events())
	})
}

// However many work at once, no update is lost and no reading is torn.
func storeConcurrency(t *testing.T, start func(*testing.T) *shelf) {
	write := func(s *shelf, acct account.ID, id desk.TicketID, op string) error {
		for {
			err := s.Update(s.ctx, acct, func(tx desk.Tx) error {
				v, err := tx.Ticket(s.ctx, id)
				if err != nil {
					return err
				}
				e := message(id, v.Entries+1, "said "+op)
				e.Op = op
				v.Entries, v.Version = e.N, v.Version+1
				return errors.Join(tx.PutEntry(s.ctx, e), tx.PutTicket(s.ctx, v, desk.MessageReceived{N: e.N}))
			})
			if !errors.Is(err, desk.ErrConflict) {
				return err
			}
		}
	}
	t.Run("no update of a ticket is lost", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1))
		const writers, each = 16, 8
		atOnce(t, writers, func(i int) error {
			for n := range each {
				if err := write(s, "a", "t1", fmt.Sprint(i, "-", n)); err != nil {
					return err
				}
			}
			return nil
		})
		entries := s.entries("a", "t1")
		require.Len(t, entries, writers*each)
		for n, e := range entries {
			require.Equal(t, n+1, e.N)
		}
		require.Len(t, s.events(), writers*each)
	})
	t.Run("those that fail undo none of the others", func(t *testing.T) {
		s := start(t)
		boom := errors.New("boom")
		s.put("a", newTicket("t1", 1))
		s.put("b", newTicket("t1", 1))
		atOnce(t, 16, func(i int) error {
			acct := []account.ID{"a", "b"}[i%2]
			for n := range 8 {
				if err := write(s, acct, "t1", fmt.Sprint(i, "-", n)); err != nil {
					return err
				}
				if err := s.Update(s.ctx, acct, func(tx desk.Tx) error {
					v, err := tx.Ticket(s.ctx, "t1")
					if err != nil {
						return err
					}
					v.Version++
					return errors.Join(tx.PutTicket(s.ctx, v, desk.TicketMarked{}), tx.PutEntry(s.ctx, message("t1", 1000, "lost")), boom)
				}); !errors.Is(err, boom) {
					return fmt.Errorf("failed with %w", err)
				}
			}
			return nil
		})
		for _, acct := range []account.ID{"a", "b"} {
			require.Len(t, s.entries(acct, "t1"), 64)
			require.Empty(t, s.find(acct, desk.Query{Scope: all, Text: "lost"}))
		}
		require.NotContains(t, s.events(), "desk.ticket_marked")
	})
	t.Run("one of many opens the ticket of a thread", func(t *testing.T) {
		s := start(t)
		won := make([]bool, 16)
		numbers := make([]int, 16)
		atOnce(t, len(won), func(i int) error {
			err := s.Update(s.ctx, "a", func(tx desk.Tx) error {
				n, err := tx.NextNumber(s.ctx)
				if err != nil {
					return err
				}
				v := newTicket(desk.TicketID(fmt.Sprint("t", i)), n)
				v.Thread, numbers[i] = "web/wanted", n
				return tx.PutTicket(s.ctx, v)
			})
			if won[i] = err == nil; won[i] || errors.Is(err, desk.ErrConflict) {
				return nil
			}
			return err
		})
		winners := 0
		for i, w := range won {
			if w {
				winners++
				require.Equal(t, 1, numbers[i], "the number of who lost is taken by the next")
			}
		}
		require.Equal(t, 1, winners)
	})
	t.Run("no reading is torn", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1))
		const times = 40
		atOnce(t, 3, func(i int) error {
			for n := range times {
				if i == 0 {
					if err := write(s, "a", "t1", fmt.Sprint(n)); err != nil {
						return err
					}
					continue
				}
				if err := s.View(s.ctx, "a", func(r desk.Reader) error {
					v, err1 := r.Ticket(s.ctx, "t1")
					entries, err2 := r.Entries(s.ctx, "t1", 0, 0, 0)
					if v.Entries != len(entries) {
						return fmt.Errorf("read a ticket of %d entries with %d entries", v.Entries, len(entries))
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
