package desktest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

// Text of any script reads back as it was. What the database cannot keep is
// refused or kept, never silently changed, in whatever field it is.
func storeOddText(t *testing.T, start func(*testing.T) *shelf) {
	for n, text := range []string{
		"Zoë Nguyễn", "李小龍", "محمد \u202bعلي\u202c", "👩🏽‍🚒 fire", "e\u0301 not é", "\ufeffbom", "\ufffd is a character", "\U0010ffff \ue000x \ue004",
		`O'Brien "x" \ \u0000 \\u0000 \ufffd %s ? ?0 $1 :a @b {} -- ; /* */`, "line\nbreak\ttab\x7f\x01", " spaces ", "<b>&amp;</b>\u2028",
	} {
		t.Run(fmt.Sprintf("%+q", text), func(t *testing.T) {
			s := start(t)
			v, e, c, a := fullTicket(), fullEntry(), fullContact(), fullAgent()
			v.ID, v.Thread, v.Subject, v.Disposition, v.Tags = desk.TicketID(fmt.Sprint("t", n)), desk.Thread(text), text, text, []string{text}
			e.Ticket, e.Op, e.Provider, e.Text, e.Name, e.Problem, e.Files[0].Name = v.ID, text, text, text, text, text, text
			c.Name, c.Email, c.Attributes, c.Identities[0].Value = text, text, map[string]string{text: text}, text
			a.Name, a.Presence.Code.Name = text, text
			s.put("a", v)
			s.putEntry("a", e)
			s.putContact("a", c)
			s.update("a", func(tx desk.Tx) error { return tx.PutAgent(s.ctx, a) })
			require.Equal(t, v, must(s, "a", func(r desk.Reader) (desk.Ticket, error) { return r.LastTicket(s.ctx, desk.Thread(text)) }))
			require.Equal(t, []desk.Entry{e}, s.entries("a", v.ID))
			require.Equal(t, c, must(s, "a", func(r desk.Reader) (desk.Contact, error) { return r.ContactByIdentity(s.ctx, c.Identities[0]) }))
			require.Equal(t, a, must(s, "a", func(r desk.Reader) (desk.Agent, error) { return r.Agent(s.ctx, a.User) }))
			require.Equal(t, []desk.TicketID{v.ID}, s.find("a", desk.Query{Scope: all, Tag: text}))
			s.find("a", desk.Query{Scope: all, Text: text})
		})
	}
	for _, text := range []string{"a\x00b", "\\\x00", "bad \xff utf", "\xed\xa0\x80"} {
		for field, put := range map[string]func(tx desk.Tx, s *shelf) error{
			"subject": func(tx desk.Tx, s *shelf) error {
				v := fullTicket()
				v.Subject = text
				return tx.PutTicket(s.ctx, v)
			},
			"tag": func(tx desk.Tx, s *shelf) error {
				v := fullTicket()
				v.Tags = []string{text}
				return tx.PutTicket(s.ctx, v)
			},
			"message": func(tx desk.Tx, s *shelf) error {
				e := fullEntry()
				e.Text = text
				return tx.PutEntry(s.ctx, e)
			},
			"file": func(tx desk.Tx, s *shelf) error {
				e := fullEntry()
				e.Files[0].Name = text
				return tx.PutEntry(s.ctx, e)
			},
			"name": func(tx desk.Tx, s *shelf) error {
				c := fullContact()
				c.Name = text
				return tx.PutContact(s.ctx, c)
			},
			"attribute": func(tx desk.Tx, s *shelf) error {
				c := fullContact()
				c.Attributes["x"] = text
				return tx.PutContact(s.ctx, c)
			},
		} {
			t.Run(fmt.Sprintf("%+q in a %s", text, field), func(t *testing.T) {
				s := start(t)
				if err := s.Update(s.ctx, "a", func(tx desk.Tx) error { return put(tx, s) }); err != nil {
					require.ErrorIs(t, err, desk.ErrInvalid)
					s.put("a", fullTicket()) // and the store goes on working
				}
			})
		}
		t.Run(fmt.Sprintf("%+q as a name", text), func(t *testing.T) {
			s := start(t)
			_, err := s.ticket("a", desk.TicketID(text))
			require.Error(t, err)
			for _, q := range []desk.Query{{Text: text}, {Tag: text}, {Queue: []desk.QueueID{desk.QueueID(text)}}, {Before: desk.TicketID(text)}} {
				q.Scope, q.Limit = all, 10
				found, err := read(s, "a", func(r desk.Reader) ([]desk.Ticket, error) { return r.Tickets(s.ctx, q) })
				require.Empty(t, found)
				if err != nil && q.Before == "" {
					require.ErrorIs(t, err, desk.ErrInvalid)
				}
			}
		})
	}
}

func storeVersions(t *testing.T, start func(*testing.T) *shelf) {
	for what, put := range map[string]func(tx desk.Tx, s *shelf, version int) error{
		"setup": func(tx desk.Tx, s *shelf, version int) error {
			return tx.PutSetup(s.ctx, desk.Setup{Version: version}, desk.SetupChanged{})
		},
		"ticket": func(tx desk.Tx, s *shelf, version int) error {
			v := newTicket("t1", 1)
			v.Version = version
			return tx.PutTicket(s.ctx, v, desk.TicketMarked{})
		},
		"contact": func(tx desk.Tx, s *shelf, version int) error {
			c := newContact("p1", "Bo")
			c.Version = version
			return tx.PutContact(s.ctx, c, desk.ContactChanged{})
		},
		"agent": func(tx desk.Tx, s *shelf, version int) error {
			a := newAgent("ann", "Ann")
			a.Version = version
			return tx.PutAgent(s.ctx, a, desk.AgentChanged{})
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := start(t)
			try := func(version int) error {
				return s.Update(s.ctx, "a", func(tx desk.Tx) error { return put(tx, s, version) })
			}
			for _, version := range []int{0, 2, -1} {
				require.ErrorIs(t, try(version), desk.ErrConflict, "there is none yet")
			}
			require.NoError(t, try(1))
			for _, version := range []int{0, 1, 3} {
				require.ErrorIs(t, try(version), desk.ErrConflict)
			}
			require.NoError(t, try(2))
			s.update("a", func(tx desk.Tx) error {
				require.ErrorIs(t, put(tx, s, 2), desk.ErrConflict, "and the transaction goes on")
				require.NoError(t, put(tx, s, 3))
				return put(tx, s, 4)
			})
			require.Len(t, s.events(), 4, "none of what was refused")
		})
	}
}

// Accounts have the same names for their own things.
func storeIsolation(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	fill := func(tx desk.Tx, name string) error {
		v, e, c, a, f := fullTicket(), fullEntry(), fullContact(), fullAgent(), fullFile()
		v.Subject, e.Text, c.Name, a.Name, f.Name = name, name, name, name, name
		return errors.Join(tx.PutTicket(s.ctx, v), tx.PutEntry(s.ctx, e), tx.PutContact(s.ctx, c), tx.PutAgent(s.ctx, a), tx.PutFile(s.ctx, f),
			tx.PutContactNote(s.ctx, desk.ContactNote{ID: "n1", Contact: "p1", Text: name}))
	}
	for _, acct := range []account.ID{"a", "b"} {
		s.update(acct, func(tx desk.Tx) error { return fill(tx, "of "+string(acct)) })
	}
	for _, acct := range []account.ID{"a", "b"} {
		want := "of " + string(acct)
		v, err := s.ticket(acct, "t1")
		require.NoError(t, err)
		require.Equal(t, want, v.Subject)
		require.Equal(t, want, s.entries(acct, "t1")[0].Text)
		require.Equal(t, want, must(s, acct, func(r desk.Reader) (desk.Contact, error) { return r.Contact(s.ctx, "p1") }).Name)
		require.Equal(t, want, must(s, acct, func(r desk.Reader) (desk.Agent, error) { return r.Agent(s.ctx, "ann") }).Name)
		require.Equal(t, want, must(s, acct, func(r desk.Reader) (desk.StoredFile, error) { return r.File(s.ctx, "f1") }).Name)
		require.Equal(t, want, must(s, acct, func(r desk.Reader) ([]desk.ContactNote, error) {
			return r.ContactNotes(s.ctx, []desk.ContactID{"p1"})
		})[0].Text)
		require.Len(t, s.find(acct, desk.Query{Scope: all}), 1)
		require.Len(t, s.find(acct, desk.Query{Scope: all, Text: "of " + string(acct)}), 1)
		require.Empty(t, s.find(acct, desk.Query{Scope: all, Text: "of x"}))
	}
	require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "of b"}))
	require.Empty(t, s.find("b", desk.Query{Scope: all, Text: "of a"}))
	require.Empty(t, s.find("c", desk.Query{Scope: all}))
}

func storeUniqueness(t *testing.T, start func(*testing.T) *shelf) {
	t.Run("one live ticket of a thread", func(t *testing.T) {
		s := start(t)
		one, two := newTicket("t1", 1), newTicket("t2", 2)
		two.Thread = one.Thread
		s.put("a", one)
		require.ErrorIs(t, s.try("a", two), desk.ErrConflict)
		s.put("b", two)
		one.Version, one.Status = 2, desk.StatusResolved
		s.put("a", one)
		require.ErrorIs(t, s.try("a", two), desk.ErrConflict, "resolved is not closed")
		one.Version, one.Status = 3, desk.StatusClosed
		s.put("a", one, two)
		one.Version, one.Status = 4, desk.StatusOpen
		require.ErrorIs(t, s.try("a", one), desk.ErrConflict, "reopened too late")
		one.Version, one.Status, one.Tags = 4, desk.StatusClosed, []string{"x"}
		s.put("a", one)
		other := newTicket("t3", 3)
		s.put("a", other)
		other.Version, other.Thread = 2, two.Thread
		require.ErrorIs(t, s.try("a", other), desk.ErrConflict, "moved to the thread")
	})
	t.Run("numbers", func(t *testing.T) {
		s := start(t)
		one, two, three := newTicket("t1", 1), newTicket("t2", 1), newTicket("t3", 3)
		two.Thread = "web/other"
		s.put("a", one, three)
		require.ErrorIs(t, s.try("a", two), desk.ErrConflict)
		three.Version, three.Number = 2, 1
		require.ErrorIs(t, s.try("a", three), desk.ErrConflict)
		s.put("b", two)
	})
	t.Run("a refused ticket leaves the transaction whole", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1))
		s.update("a", func(tx desk.Tx) error {
			require.ErrorIs(t, tx.PutTicket(s.ctx, newTicket("t2", 1), desk.TicketOpened{}), desk.ErrConflict)
			return tx.PutTicket(s.ctx, newTicket("t3", 3), desk.TicketClosed{})
		})
		require.Equal(t, []string{"desk.ticket_closed"}, s.events())
	})
	t.Run("messages", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1), newTicket("t2", 2))
		with := func(ticket desk.TicketID, n int, from desk.Side, op string, line desk.LineID, provider string) desk.Entry {
			e := message(ticket, n, "x")
			e.From, e.Op, e.Line, e.Provider = from, op, line, provider
			return e
		}
		s.putEntry("a", with("t1", 1, desk.SideAgent, "op", "web", "m1"))
		for why, e := range map[string]desk.Entry{
			"the agent has sent that op":       with("t1", 2, desk.SideAgent, "op", "web", ""),
			"the line has had that message":    with("t1", 2, desk.SideAgent, "", "web", "m1"),
			"so it has for another ticket too": with("t2", 1, desk.SideCustomer, "", "web", "m1"),
		} {
			require.ErrorIs(t, s.tryEntry("a", e), desk.ErrConflict, why)
		}
		s.putEntry("a", with("t1", 2, desk.SideCustomer, "op", "web", ""), with("t2", 1, desk.SideAgent, "op", "wa", "m1"),
			with("t1", 3, desk.SideAgent, "", "web", ""), with("t1", 4, desk.SideAgent, "", "web", ""),
			with("t1", 3, desk.SideAgent, "op3", "web", "m3"), with("t1", 3, desk.SideAgent, "op3", "web", "m3"))
		require.ErrorIs(t, s.tryEntry("a", with("t1", 3, desk.SideAgent, "op", "web", "m3")), desk.ErrConflict, "replaced by what there is")
		require.ErrorIs(t, s.tryEntry("a", with("t1", 3, desk.SideAgent, "op3", "web", "m1")), desk.ErrConflict, "replaced by what there is")
		s.update("a", func(tx desk.Tx) error {
			require.ErrorIs(t, tx.PutEntry(s.ctx, with("t1", 5, desk.SideAgent, "op", "web", "")), desk.ErrConflict)
			return tx.PutEntry(s.ctx, with("t1", 5, desk.SideAgent, "op5", "web", ""))
		})
		require.Len(t, s.entries("a", "t1"), 5)
		s.putEntry("b", with("t1", 1, desk.SideAgent, "op", "web", "m1"))
		for _, miss := range []func(desk.Reader) (desk.Entry, error){
			func(r desk.Reader) (desk.Entry, error) { return r.EntryByOp(s.ctx, "t1", desk.SideSystem, "op") },
			func(r desk.Reader) (desk.Entry, error) { return r.EntryByOp(s.ctx, "t1", desk.SideAgent, "") },
			func(r desk.Reader) (desk.Entry, error) { return r.EntryByOp(s.ctx, "t9", desk.SideAgent, "op") },
			func(r desk.Reader) (desk.Entry, error) { return r.EntryByProvider(s.ctx, "sms", "m1") },
			func(r desk.Reader) (desk.Entry, error) { return r.EntryByProvider(s.ctx, "web", "") },
		} {
			missing(s, "a", miss)
		}
	})
}

func storeDue(t *testing.T, start func(*testing.T) *shelf) {
	t.Run("timers", func(t *testing.T) {
		s := start(t)
		timer := func(kind desk.TimerKind, due, epoch int) desk.Timer {
			return desk.Timer{Kind: kind, DueAt: at(due), Epoch: epoch}
		}
		due := func(minute, limit int) []desk.DueTimer {
			got, err := s.Due(s.ctx, at(minute), limit)
			require.NoError(t, err)
			return got
		}
		one, two := newTicket("t1", 1), newTicket("t1", 1)
		one.Timers = []desk.Timer{timer(desk.TimerLease, 30, 1), timer(desk.TimerInactivity, 10, 2)}
		two.Timers = []desk.Timer{timer(desk.TimerLease, 20, 1)}
		s.put("a", one)
		s.put("b", two)
		lease, inactivity, other := desk.DueTimer{Account: "a", Ticket: "t1", Timer: one.Timers[0]}, desk.DueTimer{Account: "a", Ticket: "t1", Timer: one.Timers[1]},
			desk.DueTimer{Account: "b", Ticket: "t1", Timer: two.Timers[0]}
		require.Empty(t, due(9, 10))
		require.Equal(t, []desk.DueTimer{inactivity}, due(10, 10), "to the microsecond")
		require.Equal(t, []desk.DueTimer{inactivity, other, lease}, due(60, 10))
		require.Equal(t, []desk.DueTimer{inactivity, other}, due(60, 2))
		require.Empty(t, due(60, 0))

		one.Version, one.Timers = 2, []desk.Timer{timer(desk.TimerLease, 40, 3), timer(desk.TimerPending, 15, 4)}
		s.put("a", one)
		lease.Timer = one.Timers[0]
		pending := desk.DueTimer{Account: "a", Ticket: "t1", Timer: one.Timers[1]}
		require.Equal(t, []desk.DueTimer{pending, other, lease}, due(60, 10), "replaced, not added to")
		one.Version, one.Tags = 3, []string{"x"}
		s.put("a", one)
		require.Equal(t, []desk.DueTimer{pending, other, lease}, due(60, 10), "as they were")
		boom := errors.New("boom")
		require.ErrorIs(t, s.Update(s.ctx, "a", func(tx desk.Tx) error {
			next := one
			next.Version, next.Timers = 4, nil
			require.NoError(t, tx.PutTicket(s.ctx, next))
			return boom
		}), boom)
		require.Equal(t, []desk.DueTimer{pending, other, lease}, due(60, 10), "nothing of what failed")
		one.Version, one.Timers = 4, nil
		s.put("a", one)
		require.Equal(t, []desk.DueTimer{other}, due(60, 10))
	})
	t.Run("agents", func(t *testing.T) {
		s := start(t)
		put := func(user account.UserID, version int, p presence.Presence) {
			a := newAgent(user, string(user))
			a.Version, a.Presence, a.DueAt = version, p, p.Due(presence.Policy{})
			s.update("a", func(tx desk.Tx) error { return tx.PutAgent(s.ctx, a) })
		}
		due := func(at time.Time, limit int) []desk.AgentRef {
			got, err := s.AgentsDue(s.ctx, at, limit)
			require.NoError(t, err)
			return got
		}
		gone := func(minute int) presence.Presence {
			return presence.Presence{Chosen: presence.StatusAvailable, Session: at(0), Since: at(0), GoneAt: at(minute)}
		}
		put("ann", 1, gone(20))
		put("bob", 1, gone(10))
		put("cy", 1, presence.Presence{Chosen: presence.StatusAvailable, Session: at(0), Since: at(0), Connected: true})
		ann, bob := desk.AgentRef{Account: "a", User: "ann"}, desk.AgentRef{Account: "a", User: "bob"}
		bobs := gone(10).Due(presence.Policy{})
		require.Empty(t, due(bobs.Add(-time.Microsecond), 10))
		require.Equal(t, []desk.AgentRef{bob}, due(bobs, 10))
		require.Equal(t, []desk.AgentRef{bob, ann}, due(at(60), 10))
		require.Equal(t, []desk.AgentRef{bob}, due(at(60), 1))
		put("bob", 2, presence.Presence{})
		require.Equal(t, []desk.AgentRef{ann}, due(at(60), 10))
	})
	t.Run("messages to be sent", func(t *testing.T) {
		s := start(t)
		s.put("a", newTicket("t1", 1))
		s.put("b", newTicket("t1", 1))
		queued := func(n, minute int) desk.Entry {
			e := message("t1", n, "x")
			e.From, e.Delivery, e.At = desk.SideAgent, desk.DeliveryQueued, at(minute)
			return e
		}
		s.putEntry("a", queued(1, 9), queued(2, 3), message("t1", 3, "customer's"))
		s.putEntry("b", queued(1, 5))
		refs := func(minute, limit int) []desk.EntryRef {
			got, err := s.Queued(s.ctx, at(minute), limit)
			require.NoError(t, err)
			return got
		}
		a1, a2, b1 := desk.EntryRef{Account: "a", Ticket: "t1", N: 1}, desk.EntryRef{Account: "a", Ticket: "t1", N: 2}, desk.EntryRef{Account: "b", Ticket: "t1", N: 1}
		require.Equal(t, []desk.EntryRef{a2, b1, a1}, refs(10, 10))
		require.Equal(t, []desk.EntryRef{a2, b1}, refs(9, 10), "written before")
		require.Equal(t, []desk.EntryRef{a2}, refs(10, 1))
		sent := queued(2, 3)
		sent.Delivery = desk.DeliverySent
		s.putEntry("a", sent)
		require.Equal(t, []desk.EntryRef{b1, a1}, refs(10, 10))
	})
}
