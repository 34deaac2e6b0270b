package desktest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

func storeSetup(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Setup", reflect.ValueOf(fullSetup()))
	s := start(t)
	setup := func(acct account.ID) desk.Setup {
		return must(s, acct, func(r desk.Reader) (desk.Setup, error) { return r.Setup(s.ctx) })
	}
	put := func(acct account.ID, v desk.Setup) error {
		return s.Update(s.ctx, acct, func(tx desk.Tx) error { return tx.PutSetup(s.ctx, v, desk.SetupChanged{What: "all"}) })
	}
	require.Zero(t, setup("a"))
	full := fullSetup()
	require.NoError(t, put("a", full))
	require.Equal(t, full, setup("a"))
	require.Equal(t, full, setup("a"), "a second time")
	require.Zero(t, setup("b"))

	// What a transaction that failed has written, and read, is nothing to others.
	boom := errors.New("boom")
	lost, kept := full, full
	lost.Version, lost.Skills = 2, []desk.Skill{{ID: "lost"}}
	kept.Version, kept.Skills = 2, []desk.Skill{{ID: "kept"}}
	require.ErrorIs(t, s.Update(s.ctx, "a", func(tx desk.Tx) error {
		require.NoError(t, tx.PutSetup(s.ctx, lost))
		got, err := tx.Setup(s.ctx)
		require.NoError(t, err)
		require.Equal(t, lost, got)
		return boom
	}), boom)
	require.Equal(t, full, setup("a"))
	require.NoError(t, put("a", kept))
	require.Equal(t, kept, setup("a"))
	require.ErrorIs(t, put("a", kept), desk.ErrConflict)
	require.Equal(t, []string{"desk.setup_changed", "desk.setup_changed"}, s.events())

	t.Run("lines by key", func(t *testing.T) {
		acct, line, err := s.LineByKey(s.ctx, "key-1")
		require.NoError(t, err)
		require.Equal(t, account.ID("a"), acct)
		require.Equal(t, full.Lines[0], line)
		for _, key := range []string{"", "key-2"} {
			_, _, err = s.LineByKey(s.ctx, key)
			require.ErrorIs(t, err, desk.ErrNotFound)
		}
		require.ErrorIs(t, put("b", full), desk.ErrConflict, "the key is another account's")
		require.Zero(t, setup("b"))
		next := kept
		next.Version, next.Lines = 3, []desk.Line{{ID: "web", Key: "key-2"}}
		require.NoError(t, put("a", next))
		_, line, err = s.LineByKey(s.ctx, "key-2")
		require.NoError(t, err)
		require.Equal(t, next.Lines[0], line)
		_, _, err = s.LineByKey(s.ctx, "key-1")
		require.ErrorIs(t, err, desk.ErrNotFound)
		require.NoError(t, put("b", full), "and now it is free")
	})
	t.Run("accounts with a desk", func(t *testing.T) {
		ids, err := s.Desks(s.ctx, "", 10)
		require.NoError(t, err)
		require.Equal(t, []account.ID{"a", "b"}, ids)
		ids, err = s.Desks(s.ctx, "a", 10)
		require.NoError(t, err)
		require.Equal(t, []account.ID{"b"}, ids)
		ids, err = s.Desks(s.ctx, "", 1)
		require.NoError(t, err)
		require.Equal(t, []account.ID{"a"}, ids)
	})
}

func storeTickets(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Ticket", reflect.ValueOf(fullTicket()))
	same := func(s *shelf, want desk.Ticket) {
		s.t.Helper()
		got, err := s.ticket("a", want.ID)
		require.NoError(s.t, err)
		require.Equal(s.t, want, got)
		require.Equal(s.t, want, must(s, "a", func(r desk.Reader) (desk.Ticket, error) { return r.LastTicket(s.ctx, want.Thread) }))
		listed := must(s, "a", func(r desk.Reader) ([]desk.Ticket, error) { return r.Tickets(s.ctx, desk.Query{Scope: all, Limit: 10}) })
		require.Equal(s.t, []desk.Ticket{want}, listed)
		live := func(r desk.Reader) (desk.Ticket, error) { return r.LiveTicket(s.ctx, want.Thread) }
		if want.Status == desk.StatusClosed {
			missing(s, "a", live)
		} else {
			require.Equal(s.t, want, must(s, "a", live))
		}
	}
	t.Run("a full ticket, emptied and filled again", func(t *testing.T) {
		s := start(t)
		full := fullTicket()
		s.put("a", full)
		same(s, full)
		bare := desk.Ticket{ID: full.ID, Number: full.Number, Status: desk.StatusNew, CreatedAt: at(0), UpdatedAt: at(0), Version: 2}
		s.put("a", bare)
		same(s, bare)
		full.Version = 3
		s.put("a", full)
		same(s, full)
	})
	t.Run("changes of one thing at a time", func(t *testing.T) {
		s := start(t)
		v := fullTicket()
		s.put("a", v)
		for _, change := range []func(){
			func() { v.Number, v.Contact, v.Subject = 12, "p2", "" },
			func() { v.Line, v.Channel, v.Thread, v.Queue = "wa", desk.KindEmail, "wa/2", "vip" },
			func() { v.Status, v.Assignee, v.Reason = desk.StatusOpen, "bob", "" },
			func() { v.Prev, v.MergedTo, v.Last = "", "", "" },
			func() { v.Cycles = append([]desk.Cycle(nil), v.Cycles[0], v.Cycles[1], desk.Cycle{OpenedAt: at(9)}) },
			func() { v.CreatedAt, v.UpdatedAt = at(-1), at(20) },
			func() { v.StatusAt, v.QueuedAt, v.VisitAt, v.AssignedAt = at(21), at(22), time.Time{}, at(23) },
			func() { v.WaitingFrom, v.CustomerAt, v.ReplyAt, v.ReadAt = time.Time{}, at(24), at(25), time.Time{} },
			func() { v.ReplyDue, v.Unread, v.Entries, v.Transfers, v.Units, v.Disposition = false, 0, 18, 4, 1, "" },
			func() { v.Tags, v.Labels = []string{"new"}, nil },
			func() { v.Timers, v.Epochs = v.Timers[1:], 7 },
			func() { v.Merges = nil },
			func() { v.Timers = nil },
			func() { v.Status, v.Reason = desk.StatusClosed, desk.CloseHeld },
			func() {},
		} {
			change()
			v.Version++
			s.put("a", v)
			same(s, v)
		}
	})
	t.Run("empty is nil", func(t *testing.T) {
		s := start(t)
		v := newTicket("t1", 1)
		want := v
		v.Cycles, v.Tags, v.Labels, v.Timers, v.Merges = []desk.Cycle{}, []string{}, []desk.LabelID{}, []desk.Timer{}, []desk.TicketID{}
		s.put("a", v)
		same(s, want)
	})
	t.Run("times in UTC", func(t *testing.T) {
		s := start(t)
		v := newTicket("t1", 1)
		want := v
		want.ReadAt = time.Date(2030, 3, 31, 1, 30, 0, 1000, time.UTC)
		v.ReadAt = want.ReadAt.In(time.FixedZone("", 8*3600))
		s.put("a", v)
		same(s, want)
	})
	t.Run("twice in one transaction", func(t *testing.T) {
		s := start(t)
		v := newTicket("t1", 1)
		s.update("a", func(tx desk.Tx) error {
			require.NoError(t, tx.PutTicket(s.ctx, v))
			v.Version, v.Tags = 2, []string{"x"}
			return tx.PutTicket(s.ctx, v)
		})
		same(s, v)
	})
	t.Run("the last of a thread", func(t *testing.T) {
		s := start(t)
		closed, open := newTicket("t2", 1), newTicket("t1", 2)
		closed.Thread, open.Thread, closed.Status = "web/x", "web/x", desk.StatusClosed
		s.put("a", closed, open)
		for _, find := range []func(desk.Reader) (desk.Ticket, error){
			func(r desk.Reader) (desk.Ticket, error) { return r.LastTicket(s.ctx, "web/x") },
			func(r desk.Reader) (desk.Ticket, error) { return r.LiveTicket(s.ctx, "web/x") },
		} {
			require.Equal(t, open, must(s, "a", find))
		}
	})
	t.Run("numbers", func(t *testing.T) {
		s := start(t)
		for _, want := range []int{1, 2, 3} {
			s.update("a", func(tx desk.Tx) error {
				n, err := tx.NextNumber(s.ctx)
				require.Equal(t, want, n)
				return err
			})
		}
		s.update("b", func(tx desk.Tx) error {
			n, err := tx.NextNumber(s.ctx)
			require.Equal(t, 1, n)
			return err
		})
	})
}

func storeEntries(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Entry", reflect.ValueOf(fullEntry()))
	read := func(s *shelf, after, before, limit int) (ns []int) {
		s.t.Helper()
		for _, e := range must(s, "a", func(r desk.Reader) ([]desk.Entry, error) { return r.Entries(s.ctx, "t1", after, before, limit) }) {
			ns = append(ns, e.N)
		}
		return ns
	}
	t.Run("a full entry, emptied and filled again", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1))
		full := fullEntry()
		for _, e := range []desk.Entry{full, {Ticket: "t1", N: 1, At: at(0)}, full} {
			s.putEntry("a", e)
			require.Equal(t, []desk.Entry{e}, s.entries("a", "t1"))
		}
		require.Equal(t, full, must(s, "a", func(r desk.Reader) (desk.Entry, error) { return r.EntryByOp(s.ctx, "t1", desk.SideAgent, "op1") }))
		require.Equal(t, full, must(s, "a", func(r desk.Reader) (desk.Entry, error) { return r.EntryByProvider(s.ctx, "web", "wamid.1") }))
	})
	t.Run("in order and by page", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1), newTicket("t2", 2))
		for n := 9; n >= 1; n-- { // in another order than they are read in
			s.putEntry("a", message("t1", n, "Hello"))
		}
		s.putEntry("a", message("t2", 1, "Another ticket's"))
		require.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 8, 9}, read(s, 0, 0, 0))
		require.Equal(t, []int{7, 8, 9}, read(s, 0, 0, 3), "the last ones")
		require.Equal(t, []int{4, 5, 6}, read(s, 0, 7, 3), "those before")
		require.Equal(t, []int{4, 5, 6}, read(s, 3, 0, 3), "those after")
		require.Equal(t, []int{4, 5}, read(s, 3, 6, 3), "those between")
		require.Empty(t, read(s, 9, 0, 3))
		require.Empty(t, s.entries("a", "nowhere"))
	})
	t.Run("before their ticket", func(t *testing.T) {
		s := start(t)
		s.update("a", func(tx desk.Tx) error {
			return errors.Join(tx.PutEntry(s.ctx, message("t1", 1, "First of all")), tx.PutTicket(s.ctx, newTicket("t1", 1)))
		})
		require.Len(t, s.entries("a", "t1"), 1)
		require.Equal(t, []desk.TicketID{"t1"}, s.find("a", desk.Query{Scope: all, Text: "first"}))
	})
	t.Run("the last message of each ticket", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1), newTicket("t2", 2), newTicket("t3", 3))
		note := message("t1", 3, "For colleagues")
		note.Kind = desk.EntryNote
		s.putEntry("a", message("t1", 1, "One"), message("t1", 2, "Two"), note, message("t2", 1, "Three"))
		last := func(acct account.ID, ids ...desk.TicketID) map[desk.TicketID]desk.Entry {
			return must(s, acct, func(r desk.Reader) (map[desk.TicketID]desk.Entry, error) { return r.LastMessages(s.ctx, ids) })
		}
		require.Equal(t, map[desk.TicketID]desk.Entry{"t1": message("t1", 2, "Two"), "t2": message("t2", 1, "Three")}, last("a", "t1", "t2", "t3", "t4"))
		require.Empty(t, last("a"))
		require.Empty(t, last("b", "t1"))
	})
}

func storeThreads(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	first, second, other := newTicket("t1", 1), newTicket("t2", 2), newTicket("t3", 3)
	first.Thread, second.Thread, first.Status = "web/x", "web/x", desk.StatusClosed
	s.put("a", first, second, other)
	note := message("t2", 20, "For colleagues")
	note.Kind = desk.EntryNote
	s.putEntry("a", message("t1", 1, "1"), message("t1", 5, "5"), message("t2", 3, "3"), message("t2", 8, "8"), note, message("t3", 4, "4"))
	texts := func(after desk.EntryID, limit int) (texts []string) {
		for _, e := range must(s, "a", func(r desk.Reader) ([]desk.Entry, error) { return r.ThreadMessages(s.ctx, "web/x", after, limit) }) {
			texts = append(texts, e.Text)
		}
		return texts
	}
	require.Equal(t, []string{"1", "3", "5", "8"}, texts("", 10))
	require.Equal(t, []string{"5", "8"}, texts("", 2), "the last ones")
	require.Equal(t, []string{"5", "8"}, texts("t2-003", 10))
	require.Equal(t, []string{"3", "5"}, texts("t1-001", 2))
	require.Empty(t, texts("t2-008", 10))
	for _, after := range []desk.EntryID{"t3-004", "nowhere"} {
		missing(s, "a", func(r desk.Reader) ([]desk.Entry, error) { return r.ThreadMessages(s.ctx, "web/x", after, 10) })
	}
	require.Empty(t, must(s, "b", func(r desk.Reader) ([]desk.Entry, error) { return r.ThreadMessages(s.ctx, "web/x", "", 10) }))
}

func storeFiles(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "StoredFile", reflect.ValueOf(fullFile()))
	s := start(t)
	file := func(r desk.Reader) (desk.StoredFile, error) { return r.File(s.ctx, "f1") }
	missing(s, "a", file)
	for _, f := range []desk.StoredFile{fullFile(), {File: desk.File{ID: "f1"}, At: at(2), Version: 2}, fullFile()} {
		s.update("a", func(tx desk.Tx) error { return tx.PutFile(s.ctx, f) })
		require.Equal(t, f, must(s, "a", file))
		missing(s, "b", file)
	}
}

func storeAgents(t *testing.T, start func(*testing.T) *shelf) {
	filled(t, "Agent", reflect.ValueOf(fullAgent()))
	put := func(s *shelf, a desk.Agent) error {
		return s.Update(s.ctx, "a", func(tx desk.Tx) error { return tx.PutAgent(s.ctx, a, desk.AgentChanged{Agent: a.User}) })
	}
	agents := func(s *shelf, acct account.ID) []desk.Agent {
		return must(s, acct, func(r desk.Reader) ([]desk.Agent, error) { return r.Agents(s.ctx) })
	}
	t.Run("a full agent, emptied and filled again", func(t *testing.T) {
		s := start(t)
		full := fullAgent()
		missing(s, "a", func(r desk.Reader) (desk.Agent, error) { return r.Agent(s.ctx, "ann") })
		for n, a := range []desk.Agent{full, {User: "ann"}, full} {
			a.Version = n + 1
			require.NoError(t, put(s, a))
			require.Equal(t, a, must(s, "a", func(r desk.Reader) (desk.Agent, error) { return r.Agent(s.ctx, "ann") }))
			require.Equal(t, []desk.Agent{a}, agents(s, "a"))
		}
		require.Empty(t, agents(s, "b"))
	})
	t.Run("by name", func(t *testing.T) {
		s := start(t)
		for _, a := range []desk.Agent{newAgent("u1", "bob"), newAgent("u2", "Ann"), newAgent("u3", "Émile"), newAgent("u4", "Cy")} {
			require.NoError(t, put(s, a))
		}
		var names []string
		for _, a := range agents(s, "a") {
			names = append(names, a.Name)
		}
		require.Equal(t, []string{"Ann", "bob", "Cy", "Émile"}, names)
	})
	t.Run("intervals", func(t *testing.T) {
		filled(t, "Interval", reflect.ValueOf(fullInterval()))
		s := start(t)
		interval := func(from, to int) presence.Interval {
			return presence.Interval{From: at(from), To: at(to), Status: presence.StatusAvailable, Paid: true}
		}
		open := presence.Interval{From: at(30), Status: presence.StatusBusy, Reason: presence.ReasonCapacity}
		s.update("a", func(tx desk.Tx) error {
			return errors.Join(tx.PutIntervals(s.ctx, "ann", interval(10, 20), fullInterval()), tx.PutIntervals(s.ctx, "bob", interval(2, 12)),
				tx.PutIntervals(s.ctx, "ann", open), tx.PutIntervals(s.ctx, "bob"))
		})
		of := func(acct account.ID, user account.UserID, from, to time.Time) []desk.AgentInterval {
			return must(s, acct, func(r desk.Reader) ([]desk.AgentInterval, error) { return r.Intervals(s.ctx, user, from, to) })
		}
		ann1, ann2, ann3, bob := desk.AgentInterval{User: "ann", Interval: fullInterval()}, desk.AgentInterval{User: "ann", Interval: interval(10, 20)},
			desk.AgentInterval{User: "ann", Interval: open}, desk.AgentInterval{User: "bob", Interval: interval(2, 12)}
		require.Equal(t, []desk.AgentInterval{ann1, bob, ann2, ann3}, of("a", "", time.Time{}, time.Time{}))
		require.Equal(t, []desk.AgentInterval{ann1, ann2, ann3}, of("a", "ann", at(0), at(60)))
		require.Equal(t, []desk.AgentInterval{bob, ann2}, of("a", "", at(11), at(12)))
		require.Equal(t, []desk.AgentInterval{ann2}, of("a", "", at(12), at(13)), "half open")
		require.Equal(t, []desk.AgentInterval{ann3}, of("a", "", at(50), at(60)), "still lasts")
		require.Empty(t, of("a", "bob", at(12), at(60)))
		require.Empty(t, of("b", "", at(0), at(60)))
	})
}
