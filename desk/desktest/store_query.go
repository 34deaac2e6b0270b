package desktest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// A world is many tickets that differ in whatever queries ask for, and the
// answers to queries worked out by looking at each.
type world []desk.Ticket

func newWorld(s *shelf, n int) (w world) {
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	statuses := desk.Statuses()
	for i := range n {
		t := newTicket(desk.TicketID(fmt.Sprintf("t%03d", i)), i+1)
		t.Status, t.Channel = statuses[rng.IntN(len(statuses))], desk.Kind(pick("webchat", "email", "sms"))
		t.Queue, t.Contact = desk.QueueID(pick("billing", "vip", "sales")), desk.ContactID(pick("p1", "p2", "p3", "p4", "p5", "p6"))
		t.Last = account.UserID(pick("", "ann", "bob", "cy"))
		if t.Status != desk.StatusNew {
			t.Assignee = account.UserID(pick("", "ann", "bob", "cy"))
		}
		if t.Status == desk.StatusClosed {
			t.Reason = desk.CloseReason(pick("spam", "merged", "held"))
		}
		t.CreatedAt, t.UpdatedAt = at(rng.IntN(40)), at(40+rng.IntN(20)) // several at the same moment
		t.Unread = rng.IntN(2)
		if rng.IntN(2) == 0 {
			t.VisitAt = []time.Time{time.Now().Add(-time.Hour), time.Now().Add(time.Hour)}[rng.IntN(2)].UTC().Truncate(time.Microsecond)
		}
		if rng.IntN(3) == 0 {
			t.Tags = []string{"vip", pick("late", "new")}
		}
		if rng.IntN(3) == 0 {
			t.Labels = []desk.LabelID{desk.LabelID(pick("l1", "l2"))}
		}
		w = append(w, t)
	}
	s.update("a", func(tx desk.Tx) error {
		for _, t := range w {
			if err := tx.PutTicket(s.ctx, t); err != nil {
				return err
			}
		}
		return nil
	})
	return w
}

// sees says what a scope means.
func sees(s desk.Scope, t desk.Ticket) bool {
	finished := t.Status == desk.StatusResolved || t.Status == desk.StatusClosed
	return s.All || slices.Contains(s.Queues, t.Queue) ||
		s.Mine != "" && (t.Assignee == s.Mine || t.Assignee == "" && finished && t.Last == s.Mine) ||
		slices.Contains(s.Waiting, t.Queue) && t.Assignee == "" && (t.Status == desk.StatusNew || t.Status == desk.StatusOpen)
}

func within(s desk.Span, at time.Time) bool {
	return (s.From.IsZero() || !at.Before(s.From)) && (s.To.IsZero() || at.Before(s.To))
}

// answer works out what a query without text finds.
func (w world) answer(q desk.Query) (found []desk.Ticket) {
	any := func(n int, has bool) bool { return n == 0 || has }
	for _, t := range w {
		spam := t.Status == desk.StatusClosed && t.Reason == desk.CloseSpam
		if sees(q.Scope, t) && spam == q.Spam &&
			any(len(q.Status), slices.Contains(q.Status, t.Status)) && any(len(q.Channel), slices.Contains(q.Channel, t.Channel)) &&
			any(len(q.Queue), slices.Contains(q.Queue, t.Queue)) && any(len(q.Assignee), slices.Contains(q.Assignee, t.Assignee)) &&
			any(len(q.Contact), slices.Contains(q.Contact, t.Contact)) &&
			any(len(q.Tag), slices.Contains(t.Tags, q.Tag)) && any(len(q.Label), slices.Contains(t.Labels, q.Label)) &&
			within(q.Updated, t.UpdatedAt) && within(q.Created, t.CreatedAt) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b desk.Ticket) int {
		if c := b.UpdatedAt.Compare(a.UpdatedAt); c != 0 {
			return c
		}
		return strings.Compare(string(b.ID), string(a.ID))
	})
	return found
}

func idsOf(tickets []desk.Ticket) []desk.TicketID {
	ids := []desk.TicketID{}
	for _, t := range tickets {
		ids = append(ids, t.ID)
	}
	return ids
}

// someQueries are queries with one filter each, and with several.
func someQueries() []desk.Query {
	qs := []desk.Query{
		{}, {Spam: true}, {Spam: true, Status: []desk.Status{desk.StatusOpen}}, {Spam: true, Status: []desk.Status{desk.StatusClosed}},
		{Status: []desk.Status{desk.StatusOpen}}, {Status: []desk.Status{desk.StatusNew, desk.StatusOpen, desk.StatusPending, desk.StatusOnHold}},
		{Status: []desk.Status{desk.StatusClosed, desk.StatusResolved}}, {Status: []desk.Status{"nonsense"}},
		{Channel: []desk.Kind{desk.KindEmail}}, {Channel: []desk.Kind{desk.KindEmail, desk.KindSMS}},
		{Queue: []desk.QueueID{"vip"}}, {Queue: []desk.QueueID{"vip", "sales", "vip"}}, {Queue: []desk.QueueID{"nowhere"}},
		{Assignee: []account.UserID{"ann"}}, {Assignee: []account.UserID{""}}, {Assignee: []account.UserID{"", "bob"}}, {Assignee: []account.UserID{"ann", "bob"}},
		{Tag: "vip"}, {Tag: "late"}, {Tag: "nothing"}, {Label: "l1"}, {Label: "l9"}, {Tag: "vip", Label: "l2"},
		{Contact: []desk.ContactID{"p1"}}, {Contact: []desk.ContactID{"p1", "p2"}},
		{Updated: desk.Span{From: at(45)}}, {Updated: desk.Span{To: at(45)}}, {Updated: desk.Span{From: at(45), To: at(50)}}, {Updated: desk.Span{From: at(50), To: at(45)}},
		{Created: desk.Span{From: at(10), To: at(20)}},
	}
	return append(qs,
		desk.Query{Status: []desk.Status{desk.StatusOpen}, Queue: []desk.QueueID{"vip", "billing"}, Assignee: []account.UserID{""}},
		desk.Query{Status: []desk.Status{desk.StatusResolved}, Assignee: []account.UserID{""}},
		desk.Query{Channel: []desk.Kind{desk.KindSMS}, Tag: "vip", Updated: desk.Span{From: at(42)}},
		desk.Query{Contact: []desk.ContactID{"p1", "p3"}, Status: []desk.Status{desk.StatusOpen, desk.StatusClosed}, Created: desk.Span{To: at(30)}})
}

func someScopes() []desk.Scope {
	return []desk.Scope{
		all, {}, {Mine: "ann"}, {Mine: "nobody"}, {Queues: []desk.QueueID{"vip"}}, {Queues: []desk.QueueID{"vip", "sales", "sales"}},
		{Waiting: []desk.QueueID{"billing", "sales"}}, {Mine: "bob", Waiting: []desk.QueueID{"billing"}},
		{Mine: "cy", Queues: []desk.QueueID{"vip"}, Waiting: []desk.QueueID{"vip", "sales"}},
	}
}

func storeQueries(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	w := newWorld(s, 180)
	found := 0
	for _, q := range someQueries() {
		q.Scope = all
		want := w.answer(q)
		found += min(1, len(want))
		require.Equal(t, idsOf(want), s.find("a", q), "%+v", q)
	}
	require.Greater(t, found, 20, "most queries find something")
	got := must(s, "a", func(r desk.Reader) ([]desk.Ticket, error) {
		return r.Tickets(s.ctx, desk.Query{Scope: all, Limit: 200})
	})
	require.Equal(t, w.answer(desk.Query{Scope: all}), got, "whole tickets")
	require.Empty(t, s.find("b", desk.Query{Scope: all}))
}

func storeScopes(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	w := newWorld(s, 180)
	for _, scope := range someScopes() {
		for _, q := range someQueries() {
			q.Scope = scope
			require.Equal(t, idsOf(w.answer(q)), s.find("a", q), "%+v", q)
		}
	}
}

// Pages are parts of the whole list, whatever the scope and the filters, and the
// limit counts what may be seen alone.
func storePages(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	w := newWorld(s, 120)
	for _, scope := range someScopes() {
		for _, q := range []desk.Query{{}, {Status: []desk.Status{desk.StatusOpen, desk.StatusClosed}}, {Tag: "vip"}, {Contact: []desk.ContactID{"p1", "p2"}}} {
			q.Scope = scope
			want := idsOf(w.answer(q))
			for _, limit := range []int{1, 7} {
				got := []desk.TicketID{}
				q.Limit, q.Before = limit, ""
				for len(got) <= len(want) {
					page := s.find("a", q)
					require.LessOrEqual(t, len(page), limit)
					if len(page) == 0 {
						break
					}
					got = append(got, page...)
					q.Before = page[len(page)-1]
				}
				require.Equal(t, want, got, "%+v", q)
			}
		}
	}
	hidden := slices.IndexFunc(w, func(v desk.Ticket) bool { return !sees(desk.Scope{Mine: "ann"}, v) })
	for _, before := range []desk.TicketID{w[hidden].ID, "nowhere"} {
		missing(s, "a", func(r desk.Reader) ([]desk.Ticket, error) {
			return r.Tickets(s.ctx, desk.Query{Scope: desk.Scope{Mine: "ann"}, Before: before, Limit: 1})
		})
	}
}

func storeTallies(t *testing.T, start func(*testing.T) *shelf) {
	s := start(t)
	w := newWorld(s, 180)
	for _, scope := range someScopes() {
		for _, q := range append(someQueries(), desk.Query{Limit: 1, Before: "t001"}) {
			q.Scope = scope
			got := must(s, "a", func(r desk.Reader) (desk.Tally, error) { return r.Tally(s.ctx, q) })
			require.Equal(t, count(w.answer(q)), got, "%+v", q)
		}
	}
	require.Equal(t, count(nil), must(s, "b", func(r desk.Reader) (desk.Tally, error) { return r.Tally(s.ctx, desk.Query{Scope: all}) }))
}

func count(tickets []desk.Ticket) desk.Tally {
	c := desk.Tally{Status: map[desk.Status]int{}, Queue: map[desk.QueueID]int{}, Agents: map[account.UserID]int{}}
	for _, t := range tickets {
		c.Total++
		c.Status[t.Status]++
		if t.Unread > 0 {
			c.Unread++
		}
		if t.Assignee == "" {
			c.Nobody++
		}
		if t.Assignee == "" && (t.Status == desk.StatusNew || t.Status == desk.StatusOpen) {
			c.Waiting++
			c.Queue[t.Queue]++
			if !t.VisitAt.IsZero() && t.VisitAt.Before(time.Now()) {
				c.Late++
			}
		}
		if t.Status == desk.StatusOpen && t.Assignee != "" {
			c.Agents[t.Assignee]++
		}
	}
	return c
}
