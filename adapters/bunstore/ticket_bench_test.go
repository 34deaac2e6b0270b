package bunstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// ticketCallers is how many commands run at a time.
const ticketCallers = 16

// ticketCommands are the commands that are measured. Each has a ticket of its
// own: receive opens one for a customer who has not written before, claim takes
// one that waits, reply answers a customer who waits, and resolve ends one.
var ticketCommands = []string{"receive", "reply", "claim", "resolve"}

// BenchmarkTicket compares commands of the desk, for 16 callers at a time in one
// account, with the least that they can be: bare inserts and updates the same
// rows in a plain transaction for each, with prepared statements, and reads and
// checks nothing. Both are on the disk when they return.
func BenchmarkTicket(b *testing.B) {
	benchmarkTickets(b, func(b *testing.B) string { return sqliteFile(b) })
}

// BenchmarkTicketPostgres is [BenchmarkTicket] on PostgreSQL.
func BenchmarkTicketPostgres(b *testing.B) {
	benchmarkTickets(b, func(b *testing.B) string { return pgtest.Open(b) })
}

func benchmarkTickets(b *testing.B, fresh func(b *testing.B) string) {
	for _, command := range ticketCommands {
		b.Run(command+"/bare", func(b *testing.B) {
			url := fresh(b)
			tickets := ticketsFor(b, url, command, b.N)
			bare := bareDesk(b, url)
			var n atomic.Int64
			inParallel(b, ticketCallers, func(int) error {
				i := n.Add(1) - 1
				return bare.command(command, tickets[i], i)
			})
		})
		b.Run(command+"/tandem", func(b *testing.B) {
			url := fresh(b)
			tickets := ticketsFor(b, url, command, b.N)
			d := deskOf(open(b, url))
			var n atomic.Int64
			inParallel(b, ticketCallers, func(int) error {
				i := n.Add(1) - 1
				return ticketCommand(b.Context(), d, command, tickets[i], i)
			})
		})
	}
}

// instant is a channel that accepts messages by their being committed.
type instant struct{}

func (instant) Send(context.Context, desk.Outgoing) (string, error) { return "", nil }
func (instant) Instant() bool                                       { return true }

func deskOf(db *bunstore.DB) *desk.Desk {
	return desk.New(db.Desk(), desk.Config{Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: instant{}}})
}

// worker is the agent of ticket n.
func worker(n int64) account.Actor {
	return account.Actor{Account: "acme", User: account.UserID(fmt.Sprint("agent-", n%ticketCallers)), Name: "Ann Lee", Role: account.RoleAgent}
}

const (
	askedText   = "Hello, my order has not arrived yet. Can you tell me where it is?"
	repliedText = "I am sorry to hear that. I am looking for it, one moment please."
)

func ticketCommand(ctx context.Context, d *desk.Desk, command string, id desk.TicketID, n int64) (err error) {
	switch by := worker(n); command {
	case "receive":
		_, err = d.Receive(ctx, account.System("acme"), desk.Inbound{Line: "web", From: uuid7.New(), Op: uuid7.New(), Name: "Bo Nguyen", Text: askedText})
	case "claim":
		_, err = d.Claim(ctx, by, id)
	case "reply":
		_, _, err = d.Reply(ctx, by, id, desk.Draft{Op: uuid7.New(), Text: repliedText})
	case "resolve":
		_, err = d.Resolve(ctx, by, id, desk.Resolution{})
	}
	return err
}

// ticketsFor makes a desk with agents who are there, and as many tickets as the
// command is for.
func ticketsFor(b testing.TB, url, command string, n int) []desk.TicketID {
	b.Helper()
	db, err := bunstore.Open(b.Context(), url, bunstore.Config{})
	require.NoError(b, err)
	now := time.Now().UTC().Truncate(time.Microsecond)
	require.NoError(b, db.Desk().Update(b.Context(), "acme", func(tx desk.Tx) error { return staffed(b.Context(), tx, now) }))
	ids := make([]desk.TicketID, n)
	for from := 0; from < n && command != "receive"; from += 500 {
		require.NoError(b, db.Desk().Update(b.Context(), "acme", func(tx desk.Tx) error {
			for i := from; i < min(n, from+500); i++ {
				ids[i] = desk.TicketID(uuid7.New())
				if err := asked(b.Context(), tx, ids[i], int64(i), command != "claim", now); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	require.NoError(b, db.Close())
	return ids
}

func staffed(ctx context.Context, tx desk.Tx, now time.Time) error {
	if err := tx.PutSetup(ctx, desk.Setup{
		Policy: desk.PresetTicket(), Queues: []desk.Queue{{ID: "general", Name: "General", Mode: desk.ModePickMe}},
		Lines: []desk.Line{{ID: "web", Kind: desk.KindWebChat, Name: "Acme", Key: "key", Queue: "general"}}, Version: 1,
	}); err != nil {
		return err
	}
	for n := range ticketCallers {
		const limit = 1 << 30 // no agent is ever busy
		if err := tx.PutAgent(ctx, desk.Agent{
			User: worker(int64(n)).User, Name: "Ann Lee", Role: account.RoleAgent, Max: limit, Queues: []desk.Membership{{Queue: "general", Priority: 1}},
			Presence: presence.Presence{Chosen: presence.StatusAvailable, ChosenAt: now, Since: now, Session: now, Connected: true, Max: limit}, Version: 1,
		}); err != nil {
			return err
		}
	}
	return nil
}

// asked opens a ticket whose customer waits, with an agent or without.
func asked(ctx context.Context, tx desk.Tx, id desk.TicketID, n int64, assigned bool, now time.Time) error {
	number, err := tx.NextNumber(ctx)
	if err != nil {
		return err
	}
	asked := now.Add(-time.Minute)
	p := desk.PresetTicket()
	o := desk.TicketOpened{
		On: desk.On{Ticket: id, Thread: desk.Thread("web/" + id), At: asked}, Number: number, Contact: desk.ContactID(id), Line: "web",
		Channel: desk.KindWebChat, Queue: "general", Units: 1,
	}
	t, _, err := desk.Begin(o, desk.Arrival{N: 1, Class: desk.ClassMessage, At: asked}, p)
	if err == nil && assigned {
		by := worker(n)
		t, _, err = t.Assign(desk.TicketAssigned{On: desk.On{At: asked}, To: by.User, ToName: by.Name, By: by.User, Reason: desk.ByClaim}, p)
	}
	if err != nil {
		return err
	}
	t.Version, t.Entries = 1, 1
	if err := tx.PutTicket(ctx, t); err != nil {
		return err
	}
	if err := tx.PutContact(ctx, desk.Contact{ID: o.Contact, Name: "Bo Nguyen", Status: desk.ContactActive, CreatedAt: asked, SeenAt: asked, Version: 1}); err != nil {
		return err
	}
	return tx.PutEntry(ctx, desk.Entry{
		ID: desk.EntryID(uuid7.New()), Ticket: id, N: 1, Kind: desk.EntryMessage, From: desk.SideCustomer, Line: "web", Class: desk.ClassMessage,
		Text: askedText, At: asked,
	})
}
