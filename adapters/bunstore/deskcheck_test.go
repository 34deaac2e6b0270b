package bunstore

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// A deskRecord is what the feed says of one account's desk.
type deskRecord struct {
	tickets  map[desk.TicketID][]desk.TicketEvent
	told     map[desk.TicketID][]string // the events of a ticket, as stored
	agents   map[account.UserID]int     // changes
	resolved int
}

// checkDesk requires that an account's desk is whole: that every ticket is what
// its events make of it, with a history that says the same, that agents have the
// load of their tickets, and that what was acknowledged is there. It returns how
// many tickets there are.
func checkDesk(t *testing.T, db *DB, acct account.ID, acked map[desk.TicketID]*deskAck) int {
	t.Helper()
	rec := deskRecordOf(t, db, acct)
	used, active, handled := map[account.UserID]int{}, map[account.UserID]int{}, map[account.UserID]int{}
	numbers := map[int]bool{}
	require.NoError(t, db.Desk().View(t.Context(), acct, func(r desk.Reader) error {
		setup, err := r.Setup(t.Context())
		require.NoError(t, err)
		for id, events := range rec.tickets {
			got, err := r.Ticket(t.Context(), id)
			require.NoError(t, err)
			p := setup.PolicyOf(got.Queue)
			want := desk.Replay(events, p)
			want.Version, want.Entries = got.Version, got.Entries // not what events say
			require.Equal(t, want, got)
			require.False(t, numbers[got.Number], "number %d is two tickets'", got.Number)
			numbers[got.Number] = true
			if got.Counts(p) {
				used[got.Assignee] += got.Units
				active[got.Assignee]++
			}
			if got.Status == desk.StatusResolved {
				handled[got.Assignee]++
			}
			checkHistory(t, r, got, events, rec.told[id])
			checkAcked(t, r, got, events, acked[id])
		}
		for id, a := range acked {
			require.True(t, a.account != acct || len(rec.tickets[id]) > 0, "ticket %s is lost: %v", id, a.deeds)
		}
		for n := range len(numbers) {
			require.True(t, numbers[n+1], "number %d is missing", n+1)
		}
		agents, err := r.Agents(t.Context())
		require.NoError(t, err)
		for _, a := range agents {
			require.Equal(t, used[a.User], a.Used, a.User)
			require.Equal(t, active[a.User], a.Active, a.User)
			require.Equal(t, handled[a.User], a.Handled, a.User)
			require.Equal(t, a.Used, a.Presence.Used, a.User)
			require.Equal(t, rec.agents[a.User], a.Version, "one event for each change of %s", a.User)
			require.LessOrEqual(t, a.Used, a.Max)
			delete(used, a.User)
		}
		require.Empty(t, used, "of people who are no agents")
		checkCounts(t, r, len(rec.tickets), rec.resolved)
		return nil
	}))
	return len(rec.tickets)
}

// deskRecordOf reads the feed of one account.
func deskRecordOf(t *testing.T, db *DB, acct account.ID) deskRecord {
	t.Helper()
	rec := deskRecord{tickets: map[desk.TicketID][]desk.TicketEvent{}, told: map[desk.TicketID][]string{}, agents: map[account.UserID]int{}}
	for after := int64(0); ; {
		recs, err := db.After(t.Context(), acct, after, 5000)
		require.NoError(t, err)
		if len(recs) == 0 {
			return rec
		}
		for _, r := range recs {
			require.Greater(t, r.Seq, after)
			after = r.Seq
			if r.Kind == (desk.AgentChanged{}).Kind() {
				require.Equal(t, r.About, string(r.Owner))
				rec.agents[account.UserID(r.About)]++
			}
			e := ticketEvent(t, r.Kind, r.Data)
			if e == nil {
				continue
			}
			if _, ok := e.(desk.TicketResolved); ok {
				rec.resolved++
			}
			id := desk.TicketID(r.About)
			rec.tickets[id] = append(rec.tickets[id], e)
			rec.told[id] = append(rec.told[id], r.Kind+" "+string(r.Data))
		}
	}
}

// ticketEvent reads an event of a ticket; of another kind it is nil.
func ticketEvent(t *testing.T, kind string, data []byte) desk.TicketEvent {
	t.Helper()
	for _, e := range []desk.TicketEvent{
		desk.TicketOpened{}, desk.MessageReceived{}, desk.ReplyWritten{}, desk.ReplyAccepted{}, desk.TicketAssigned{},
		desk.TicketMoved{}, desk.TicketResolved{},
	} {
		if e.Kind() == kind {
			into := reflect.New(reflect.TypeOf(e))
			require.NoError(t, json.Unmarshal(data, into.Interface()))
			return into.Elem().Interface().(desk.TicketEvent)
		}
	}
	require.False(t, strings.HasPrefix(kind, "desk.ticket") || strings.HasPrefix(kind, "desk.reply"), "unknown event %s", kind)
	return nil
}

// checkHistory requires that the history has each message once and each event
// that people are told of.
func checkHistory(t *testing.T, r desk.Reader, got desk.Ticket, events []desk.TicketEvent, stored []string) {
	t.Helper()
	entries, err := r.Entries(t.Context(), got.ID, 0, 0, 0)
	require.NoError(t, err)
	require.Len(t, entries, got.Entries)
	var messages, tell, told []string
	for n, e := range entries {
		require.Equal(t, n+1, e.N)
		if e.Kind == desk.EntryEvent {
			told = append(told, e.Event+" "+string(e.Data))
			continue
		}
		messages = append(messages, fmt.Sprint(e.From, " ", e.N))
	}
	var want []string
	for n, e := range events {
		switch e := e.(type) {
		case desk.MessageReceived:
			want = append(want, fmt.Sprint(desk.SideCustomer, " ", e.N))
		case desk.ReplyWritten:
			want = append(want, fmt.Sprint(desk.SideAgent, " ", e.N))
		case desk.ReplyAccepted:
		default:
			tell = append(tell, stored[n])
		}
	}
	require.Equal(t, want, messages)
	require.Equal(t, tell, told)
}

// checkAcked requires that every command on a ticket that was acknowledged has
// been carried out, once.
func checkAcked(t *testing.T, r desk.Reader, got desk.Ticket, events []desk.TicketEvent, ack *deskAck) {
	t.Helper()
	if ack == nil {
		return // its opening was not acknowledged
	}
	require.GreaterOrEqual(t, got.Version, ack.version, "an acknowledged command is lost: %v", ack.deeds)
	require.LessOrEqual(t, got.Version, ack.version+1, "only one command on a ticket may be kept and not acknowledged")
	for _, deed := range ack.deeds {
		what, which, _ := strings.Cut(deed, " ")
		switch what {
		case "receive":
			e, err := r.EntryByOp(t.Context(), got.ID, desk.SideCustomer, which)
			require.NoError(t, err, deed)
			found, err := r.Tickets(t.Context(), desk.Query{Scope: desk.Scope{All: true}, Contact: []desk.ContactID{got.Contact}, Text: e.Text, Limit: 1})
			require.NoError(t, err)
			require.Equal(t, []desk.Ticket{got}, found, "the message is found by its words")
		case "reply":
			_, err := r.EntryByOp(t.Context(), got.ID, desk.SideAgent, which)
			require.NoError(t, err, deed)
		case "claim":
			var to []string
			for _, e := range events {
				if a, ok := e.(desk.TicketAssigned); ok {
					to = append(to, string(a.To))
				}
			}
			require.Equal(t, []string{which}, to)
		case "resolve":
			require.Equal(t, desk.StatusResolved, got.Status)
		case "pend":
			require.Equal(t, desk.StatusPending, got.Status)
		default:
			require.FailNow(t, "unknown deed", deed)
		}
	}
}

// checkCounts requires that the figures count the same as the feed.
func checkCounts(t *testing.T, r desk.Reader, opened, resolved int) {
	t.Helper()
	q := desk.FiguresQuery{Scope: desk.Scope{All: true}, Span: desk.Span{From: time.Unix(0, 0), To: time.Now().Add(time.Hour)}}
	figures, err := r.Figures(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, figures, 1)
	require.Equal(t, opened, figures[0].Created)
	require.Equal(t, resolved, figures[0].Resolved)
	tally, err := r.Tally(t.Context(), desk.Query{Scope: desk.Scope{All: true}})
	require.NoError(t, err)
	require.Equal(t, opened, tally.Total)
}

// checkDue requires that the timers that will run out are those of the tickets.
func checkDue(t *testing.T, db *DB) {
	t.Helper()
	due, err := db.Desk().Due(t.Context(), time.Now().Add(1000*time.Hour), 1_000_000)
	require.NoError(t, err)
	var got, want []string
	for _, x := range due {
		got = append(got, fmt.Sprint(x.Account, x.Ticket, x.Timer))
	}
	for n := range deskAccounts {
		require.NoError(t, db.Desk().View(t.Context(), deskAccount(n), func(r desk.Reader) error {
			q := desk.Query{Scope: desk.Scope{All: true}, Limit: 200}
			for {
				tickets, err := r.Tickets(t.Context(), q)
				if err != nil || len(tickets) == 0 {
					return err
				}
				for _, x := range tickets {
					q.Before = x.ID
					for _, timer := range x.Timers {
						want = append(want, fmt.Sprint(deskAccount(n), x.ID, timer))
					}
				}
			}
		}))
	}
	slices.Sort(got)
	slices.Sort(want)
	require.Equal(t, want, got)
}
