package desktest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

func storeSearch(t *testing.T, start func(*testing.T) *shelf) {
	with := func(t *testing.T) *shelf {
		s := start(t)
		zoe, bo := newContact("p1", "Zoë Nguyễn"), newContact("p2", "Bo O'Neil")
		zoe.Phone, bo.Email = "+6581234567", "bo@shop.example"
		s.putContact("a", zoe, bo)
		s.put("a", newTicket("t1", 1), newTicket("t2", 2), newTicket("t3", 3))
		note := message("t3", 4, "Secretly a refund")
		note.Kind = desk.EntryNote
		s.putEntry("a", message("t1", 1, "Where is my order?"), message("t1", 2, "Order 4567 of Monday, the blue döner"),
			message("t2", 1, "I want a REFUND, o'brien said so"), message("t2", 2, "李小龍說你好 and ขอบคุณครับ"),
			message("t3", 3, "The order was refunded. Статус заказа?"), note)
		return s
	}
	for text, want := range map[string][]desk.TicketID{
		"order": {"t3", "t1"}, "ORDER": {"t3", "t1"}, "ord": {"t3", "t1"}, "rder": {}, "refund": {"t3", "t2"}, "refunded": {"t3"},
		"order monday": {"t1"}, "monday order": {"t1"}, "ord monday": {}, "where monday": {}, "doner": {"t1"}, "DÖNER": {"t1"},
		"статус": {"t3"}, "ЗАКАЗА": {"t3"}, "o'brien": {"t2"}, "brien": {"t2"},
		"小龍": {"t2"}, "李小龍": {"t2"}, "龍": {"t2"}, "小說": {}, "ขอบคุณ": {"t2"},
		"zoe": {"t1"}, "Zoë": {"t1"}, "nguyễn z": {"t1"}, "o'neil": {"t2"}, "bo@shop.example": {"t2"}, "shop": {"t2"},
		"81234": {"t1"}, "+65 8123-4567": {"t1"}, "34567": {"t1"}, "#1": {"t1"}, "#2": {"t2"}, "#12": {}, "#": {},
		"3": {"t3", "t1"}, "4567": {"t1"}, "  order  ": {"t3", "t1"}, "secretly": {}, "nothing": {},
	} {
		t.Run(fmt.Sprintf("%q", text), func(t *testing.T) {
			require.Equal(t, want, with(t).find("a", desk.Query{Scope: all, Text: text}))
		})
	}
	t.Run("people alone", func(t *testing.T) {
		s := with(t)
		for text, want := range map[string][]desk.TicketID{
			"order": {}, "zoe": {"t1"}, "8123": {"t1"}, "bo": {"t2"}, "shop": {}, "#1": {}, "nei": {"t2"},
		} {
			require.Equal(t, want, s.find("a", desk.Query{Scope: all, Text: text, People: true}), text)
		}
	})
	t.Run("within the scope, before the limit", func(t *testing.T) {
		s := with(t)
		mine := newTicket("t0", 9)
		mine.Assignee, mine.UpdatedAt = "ann", at(-60)
		s.put("a", mine)
		s.putEntry("a", message("t0", 1, "The oldest order"))
		scope := desk.Scope{Mine: "ann"}
		require.Equal(t, []desk.TicketID{"t0"}, s.find("a", desk.Query{Scope: scope, Text: "order", Limit: 1}))
		require.Empty(t, s.find("a", desk.Query{Scope: scope, Text: "refund"}))
		require.Empty(t, s.find("a", desk.Query{Scope: desk.Scope{Mine: "bob"}, Text: "order"}))
		require.Empty(t, s.find("a", desk.Query{Scope: desk.Scope{}, Text: "order"}))
		require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "order", Status: []desk.Status{desk.StatusPending}}))
		require.Equal(t, []desk.TicketID{"t3"}, s.find("a", desk.Query{Scope: all, Text: "order", Limit: 1}))
		require.Equal(t, []desk.TicketID{"t1"}, s.find("a", desk.Query{Scope: all, Text: "order", Limit: 1, Before: "t3"}))
		tally := must(s, "a", func(r desk.Reader) (desk.Tally, error) { return r.Tally(s.ctx, desk.Query{Scope: all, Text: "order"}) })
		require.Equal(t, 3, tally.Total)
	})
	t.Run("hostile text", func(t *testing.T) {
		s := with(t)
		for _, text := range []string{
			`o'brien "(`, `"`, `""`, `'`, `\`, "%_*", "*", "a*", "NEAR(a b)", "a AND", "AND", "OR", "NOT", "words:order", "-order", "^order", "order)", "((", "& | !", "a:*", "<->",
			"👍", "👩🏽‍🚒", "\u0301", "\u200b", "\ue000", "\ue001zoe", "null", "#99999999999999999999", "#-1", "+", "٣", "1e3", "0x10", "?", "$1", ":a", "; DROP TABLE desk_tickets",
			strings.Repeat("x", 100_000), strings.Repeat("x ", 50_000), strings.Repeat("9", 1000), strings.Repeat("龍", 1000), strings.Repeat("#", 1000),
		} {
			s.find("a", desk.Query{Scope: all, Text: text})
			s.find("a", desk.Query{Scope: all, Text: text, People: true})
			must(s, "a", func(r desk.Reader) (desk.Tally, error) { return r.Tally(s.ctx, desk.Query{Scope: all, Text: text}) })
			must(s, "a", func(r desk.Reader) ([]desk.Contact, error) {
				return r.Contacts(s.ctx, desk.ContactQuery{Text: text, Limit: 10})
			})
		}
		require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "%_*"}))
		require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "👍"}))
		require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "\ue001zoe2"}))
	})
	t.Run("what is replaced", func(t *testing.T) {
		s := with(t)
		erased := message("t2", 1, "")
		s.putEntry("a", erased)
		require.Equal(t, []desk.TicketID{"t3"}, s.find("a", desk.Query{Scope: all, Text: "refund"}))
		s.putEntry("a", message("t2", 1, "I want a voucher"))
		require.Equal(t, []desk.TicketID{"t2"}, s.find("a", desk.Query{Scope: all, Text: "voucher"}))
		require.ErrorIs(t, s.Update(s.ctx, "a", func(tx desk.Tx) error {
			return errors.Join(tx.PutEntry(s.ctx, message("t2", 1, "Never said")), errors.ErrUnsupported)
		}), errors.ErrUnsupported)
		require.Equal(t, []desk.TicketID{"t2"}, s.find("a", desk.Query{Scope: all, Text: "voucher"}))
		require.Empty(t, s.find("a", desk.Query{Scope: all, Text: "never"}))
	})
	t.Run("very long messages", func(t *testing.T) {
		s := with(t)
		var b strings.Builder
		for n := range 3000 {
			fmt.Fprintf(&b, "word%d ", n)
		}
		s.putEntry("a", message("t3", 9, b.String()+strings.Repeat("y", 100_000)))
		require.Equal(t, []desk.TicketID{"t3"}, s.find("a", desk.Query{Scope: all, Text: "word2999"}))
		require.Equal(t, []desk.TicketID{"t3"}, s.find("a", desk.Query{Scope: all, Text: "yyyyyyyy"}))
	})
	t.Run("more than are picked out one by one", func(t *testing.T) { searchMany(t, start(t)) })
}

// searchMany looks for what is in most messages, and in few among those.
func searchMany(t *testing.T, s *shelf) {
	if testing.Short() {
		t.Skip("puts many tickets")
	}
	const tickets, each = 6000, 3
	contact := newContact("p0", "Common Name")
	s.putContact("a", contact)
	for from := 0; from < tickets; from += 500 {
		s.update("a", func(tx desk.Tx) error {
			for n := from; n < from+500; n++ {
				v := newTicket(desk.TicketID(fmt.Sprintf("t%05d", n)), n+1)
				v.Contact = "p0"
				if n%100 == 0 {
					v.Assignee, v.Status = "ann", desk.StatusOpen
				}
				if err := tx.PutTicket(s.ctx, v); err != nil {
					return err
				}
				for m := range each {
					if err := tx.PutEntry(s.ctx, message(v.ID, m+1, fmt.Sprint("hello again number ", n%1000))); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	newest := []desk.TicketID{"t05999", "t05998", "t05997"}
	for _, text := range []string{"hello", "hel", "again hello", "common", "comm nam"} {
		q := desk.Query{Scope: all, Text: text, Limit: 3}
		if text == "comm nam" {
			q.Text = "common nam"
		}
		require.Equal(t, newest, s.find("a", q), text)
		q.Before = "t05999"
		require.Equal(t, []desk.TicketID{"t05998", "t05997", "t05996"}, s.find("a", q), text)
		q.Before, q.Scope = "", desk.Scope{Mine: "ann"}
		require.Equal(t, []desk.TicketID{"t05900", "t05800", "t05700"}, s.find("a", q), text)
		q.Status, q.Scope = []desk.Status{desk.StatusOpen}, all
		require.Equal(t, []desk.TicketID{"t05900", "t05800", "t05700"}, s.find("a", q), text)
		q.Status, q.People, q.Limit = nil, strings.HasPrefix(text, "comm"), 200
		require.Len(t, s.find("a", q), 200, text)
		tally := must(s, "a", func(r desk.Reader) (desk.Tally, error) { return r.Tally(s.ctx, q) })
		require.Equal(t, tickets, tally.Total, text)
	}
	require.Equal(t, []desk.TicketID{"t05123", "t04123", "t03123", "t02123", "t01123", "t00123", "t00122"},
		s.find("a", desk.Query{Scope: all, Text: "123"})[:7], "and the one of that number")
	require.Equal(t, []desk.TicketID{"t05555", "t04555"}, s.find("a", desk.Query{Scope: all, Text: "hello 555", Limit: 2}))
}

func storeFigures(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	on := func(minute int) desk.On { return desk.On{At: at(minute)} }
	v := newTicket("t1", 1)
	step := func(v *desk.Ticket, change func(), events ...desk.Event) {
		change()
		s.update("a", func(tx desk.Tx) error { return tx.PutTicket(s.ctx, *v, events...) })
		v.Version++
	}
	step(&v, func() {}, desk.TicketOpened{On: on(1)}, desk.MessageReceived{On: on(1)})
	step(&v, func() { v.Assignee = "ann" }, desk.TicketAssigned{On: on(2)})
	step(&v, func() {}, desk.TicketMoved{On: on(3), Status: desk.StatusOnHold}, desk.TicketMoved{On: on(3), Status: desk.StatusOpen})
	step(&v, func() {}, desk.TicketResolved{On: on(11), By: "bob"}, desk.TicketClosed{On: on(11)})
	step(&v, func() {}, desk.TicketReopened{On: on(12)})
	step(&v, func() { v.Queue = "vip" }, desk.TicketResolved{On: on(13), Reason: desk.CloseInactivity})
	figures := func(acct account.ID, q desk.FiguresQuery) []desk.Figure {
		return must(s, acct, func(r desk.Reader) ([]desk.Figure, error) { return r.Figures(s.ctx, q) })
	}
	q := desk.FiguresQuery{Scope: all, Span: desk.Span{From: at(0), To: at(20)}, Cuts: []time.Time{at(0), at(10), at(15)}}
	first, second, third := desk.Figure{From: at(0), Created: 1, OnHold: 1}, desk.Figure{From: at(10), Resolved: 2, Closed: 1, Reopened: 1}, desk.Figure{From: at(15)}
	require.Equal(t, []desk.Figure{first, second, third}, figures("a", q))
	require.Equal(t, []desk.Figure{{From: at(0)}, {From: at(10)}, {From: at(15)}}, figures("b", q))
	require.Equal(t, []desk.Figure{{From: at(0)}, {From: at(10)}, {From: at(15)}}, figures("a", desk.FiguresQuery{Span: q.Span, Cuts: q.Cuts}), "no scope")

	ann := desk.FiguresQuery{Scope: all, Agent: "ann", Span: q.Span, Cuts: q.Cuts}
	require.Equal(t, []desk.Figure{{From: at(0), OnHold: 1}, {From: at(10), Resolved: 1, Closed: 1, Reopened: 1}, third}, figures("a", ann))
	bob := ann
	bob.Agent = "bob"
	require.Equal(t, 1, figures("a", bob)[1].Resolved, "who resolved it")
	vip := q
	vip.Scope = desk.Scope{Queues: []desk.QueueID{"vip"}}
	require.Equal(t, []desk.Figure{{From: at(0)}, {From: at(10), Resolved: 1}, third}, figures("a", vip), "where it was then")
	mine := q
	mine.Scope = desk.Scope{Mine: "ann"}
	require.Equal(t, figures("a", ann), figures("a", mine))
	narrow := q
	narrow.Span, narrow.Cuts = desk.Span{From: at(11), To: at(13)}, []time.Time{at(11)}
	require.Equal(t, []desk.Figure{{From: at(11), Resolved: 1, Closed: 1, Reopened: 1}}, figures("a", narrow), "half open")

	t.Run("spam and what is merged do not count", func(t *testing.T) {
		for n, reason := range []desk.CloseReason{desk.CloseSpam, desk.CloseMerged} {
			w := newTicket(desk.TicketID(fmt.Sprint("s", n)), 10+n)
			step(&w, func() {}, desk.TicketOpened{On: on(5)})
			require.Equal(t, 2, figures("a", q)[0].Created)
			step(&w, func() { w.Status, w.Reason = desk.StatusClosed, reason }, desk.TicketClosed{On: on(6), Reason: reason})
			require.Equal(t, []desk.Figure{first, second, third}, figures("a", q))
		}
	})
}
