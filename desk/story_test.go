package desk_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/channels/webchat"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
)

var (
	system = account.System("acme")
	anna   = account.Actor{Account: "acme", User: "anna", Name: "Anna", Role: account.RoleAgent}
	bert   = account.Actor{Account: "acme", User: "bert", Name: "Bert", Role: account.RoleAgent}
	sara   = account.Actor{Account: "acme", User: "sara", Name: "Sara", Role: account.RoleSupervisor}
)

// An office is a desk on a real database, with its router, in virtual time.
type office struct {
	*desk.Desk
	t    *testing.T
	file string
	stop context.CancelFunc
	done sync.WaitGroup
}

// inOffice runs a test in an office where Anna and Bert serve one queue.
func inOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "desk.db")
	synctest.Test(t, func(t *testing.T) {
		o := &office{t: t, file: file}
		o.open()
		_, err := o.Begin(t.Context(), system, "Acme")
		require.NoError(t, err)
		for _, a := range []account.Actor{anna, bert} {
			_, err := o.DescribeAgent(t.Context(), system, a.User, desk.AgentDescription{
				Name: a.Name, Role: a.Role, Max: 5, Queues: []desk.Membership{{Queue: "general", Priority: 1}},
			})
			require.NoError(t, err)
		}
		defer func() { o.close() }()
		test(t, o)
	})
}

func (o *office) open() {
	o.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	o.stop = cancel
	db, err := bunstore.Open(ctx, o.file, bunstore.Config{})
	require.NoError(o.t, err)
	o.Desk = desk.New(db.Desk(), desk.Config{Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: webchat.Channel{}}})
	router := desk.NewRouter(o.Desk, desk.RouterConfig{})
	last, err := db.Last(ctx)
	require.NoError(o.t, err)
	d := o.Desk
	o.done.Go(func() { require.NoError(o.t, d.Run(ctx)) })
	o.done.Go(func() { require.NoError(o.t, router.Run(ctx)) })
	o.done.Go(func() {
		_ = outbox.Follow(ctx, db, "", last, func(records []outbox.Record) error {
			for _, r := range records {
				router.Changed(r.Account, r.Kind, r.About)
			}
			return nil
		})
		db.Close()
	})
}

func (o *office) close() {
	o.stop()
	o.done.Wait()
}

// pass lets virtual time pass, and everything that is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// soon lets happen what follows at once.
func soon() { pass(time.Second) }

func (o *office) arrives(a account.Actor) {
	o.t.Helper()
	_, err := o.Choose(o.t.Context(), a, presence.StatusAvailable, "")
	require.NoError(o.t, err)
	_, err = o.Connected(o.t.Context(), a, true)
	require.NoError(o.t, err)
	soon()
}

func (o *office) writes(customer, text string) desk.Received {
	o.t.Helper()
	got, err := o.Receive(o.t.Context(), system, desk.Inbound{Line: "web", From: customer, Text: text})
	require.NoError(o.t, err)
	return got
}

func (o *office) ticket(id desk.TicketID) desk.Ticket {
	o.t.Helper()
	d, err := o.View(o.t.Context(), system, id)
	require.NoError(o.t, err)
	return d.Ticket
}

func (o *office) agent(a account.Actor) desk.Agent {
	o.t.Helper()
	me, err := o.Me(o.t.Context(), a)
	require.NoError(o.t, err)
	return me
}

// A customer who replies within the hour meets the same ticket and agent; after
// it the ticket is closed, and what is written begins a linked one.
func TestResolvedForAnHour(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		o.arrives(anna)
		first := o.writes("lena", "It is broken").Ticket
		soon()
		require.Equal(t, anna.User, o.ticket(first.ID).Assignee)
		_, _, err := o.Reply(ctx, anna, first.ID, desk.Draft{Op: "1", Text: "Fixed"})
		require.NoError(t, err)
		_, err = o.Resolve(ctx, anna, first.ID, desk.Resolution{Note: "new fuse"})
		require.NoError(t, err)
		require.Zero(t, o.agent(anna).Used, "resolved tickets take no capacity")
		pass(59 * time.Minute)
		again := o.writes("lena", "Still broken").Ticket
		require.Equal(t, first.ID, again.ID)
		require.Equal(t, desk.StatusOpen, again.Status)
		require.Len(t, again.Cycles, 2)
		require.Equal(t, 1, o.agent(anna).Used)
		_, err = o.Resolve(ctx, anna, first.ID, desk.Resolution{})
		require.NoError(t, err)
		o.writes("lena", "thank you!")
		require.Equal(t, desk.StatusResolved, o.ticket(first.ID).Status, "thanks open nothing")
		pass(61 * time.Minute)
		require.Equal(t, desk.StatusClosed, o.ticket(first.ID).Status)
		next := o.writes("lena", "Another thing").Ticket
		require.NotEqual(t, first.ID, next.ID)
		require.Equal(t, first.ID, next.Prev)
	})
}

// Timers that ran out while the program did not run fire when it does.
func TestTimersFireAfterDowntime(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.arrives(anna)
		tk := o.writes("lena", "Hello").Ticket
		soon()
		_, err := o.SetStatus(t.Context(), anna, tk.ID, desk.StatusPending)
		require.NoError(t, err)
		o.close()
		pass(3 * time.Hour)
		o.open()
		soon()
		require.Equal(t, desk.StatusClosed, o.ticket(tk.ID).Status)
		require.Equal(t, desk.CloseNoReply, o.ticket(tk.ID).Reason)
	})
}

// Fifty first messages of one customer at once make one ticket, and the same
// message twice is one.
func TestFirstMessagesAtOnce(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		var group sync.WaitGroup
		for n := range 50 {
			group.Go(func() {
				_, err := o.Receive(t.Context(), system, desk.Inbound{Line: "web", From: "lena", Provider: fmt.Sprint("p", n/2), Text: fmt.Sprint("message ", n/2)})
				require.NoError(t, err)
			})
		}
		group.Wait()
		rows, err := o.List(t.Context(), sara, desk.ViewAll, desk.Query{})
		require.NoError(t, err)
		require.Len(t, rows, 1)
		entries, err := o.Entries(t.Context(), sara, rows[0].Ticket.ID, 0, 0, 500)
		require.NoError(t, err)
		messages := 0
		for n, e := range entries {
			require.Equal(t, n+1, e.N)
			if e.Kind == desk.EntryMessage {
				messages++
			}
		}
		require.Equal(t, 25, messages)
	})
}

// Of many who take a waiting conversation one gets it, and the others are told.
func TestOneOfManyClaims(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		setup, err := o.Setup(t.Context(), system)
		require.NoError(t, err)
		q := setup.Queues[0]
		q.Mode = desk.ModePickMe
		_, err = o.PutQueue(t.Context(), system, q)
		require.NoError(t, err)
		o.arrives(anna)
		o.arrives(bert)
		tk := o.writes("lena", "Who is there?").Ticket
		soon()
		require.True(t, o.ticket(tk.ID).Waiting(), "nobody is given it")
		var mu sync.Mutex
		won := map[account.UserID]bool{}
		var group sync.WaitGroup
		for n := range 20 {
			by := []account.Actor{anna, bert}[n%2]
			group.Go(func() {
				_, err := o.Claim(t.Context(), by, tk.ID)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won[by.User] = true
					return
				}
				// Who comes too late is told so, or does not see it any more.
				require.True(t, errors.Is(err, desk.ErrConflict) || errors.Is(err, desk.ErrNotFound), err)
			})
		}
		group.Wait()
		require.Len(t, won, 1)
		require.True(t, won[o.ticket(tk.ID).Assignee])
	})
}

// Nobody gets more than the limit; who has finished one gets the one that has
// waited longest.
func TestTheLimitHolds(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.arrives(anna)
		var tickets []desk.TicketID
		for n := range 7 {
			tickets = append(tickets, o.writes(fmt.Sprint("customer", n), "Hello").Ticket.ID)
			pass(time.Minute)
		}
		me := o.agent(anna)
		require.Equal(t, 5, me.Active)
		status, why := me.Presence.Effective()
		require.Equal(t, presence.StatusBusy, status)
		require.Equal(t, presence.ReasonCapacity, why)
		_, err := o.Resolve(t.Context(), anna, tickets[0], desk.Resolution{})
		require.NoError(t, err)
		soon()
		require.Equal(t, anna.User, o.ticket(tickets[5]).Assignee)
		require.Empty(t, o.ticket(tickets[6]).Assignee)
	})
}

// An agent who closes the laptop is offline after the grace, and a minute later
// a colleague has the conversations; one who only reloads keeps them.
func TestAnAgentDisappears(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		o.arrives(anna)
		tk := o.writes("lena", "Hello").Ticket
		soon()
		gone := func(there bool) {
			_, err := o.Connected(t.Context(), anna, there)
			require.NoError(t, err)
		}
		gone(false)
		pass(20 * time.Second)
		gone(true)
		pass(5 * time.Minute)
		require.Equal(t, anna.User, o.ticket(tk.ID).Assignee)
		o.arrives(bert)
		gone(false)
		pass(40 * time.Second)
		status, why := o.agent(anna).Presence.Effective()
		require.Equal(t, presence.StatusOffline, status)
		require.Equal(t, presence.ReasonLost, why)
		require.Equal(t, anna.User, o.ticket(tk.ID).Assignee, "for a minute it waits")
		pass(2 * time.Minute)
		require.Equal(t, bert.User, o.ticket(tk.ID).Assignee)
		require.Zero(t, o.agent(anna).Used)
		require.Equal(t, 1, o.agent(bert).Used)
	})
}

// A floor that has closed tells the store nothing more, whoever leaves after.
func TestAFloorCloses(t *testing.T) {
	inOffice(t, func(t *testing.T, o *office) {
		floor := desk.NewFloor(o.Desk)
		page := floor.Enter(anna, func([]byte) {})
		soon()
		require.True(t, o.agent(anna).Presence.Connected)
		floor.Close()
		page.Leave()
		soon()
		require.True(t, o.agent(anna).Presence.Connected, "which the next start mends")
		require.NoError(t, desk.NewFloor(o.Desk).Recover(t.Context()))
		require.False(t, o.agent(anna).Presence.Connected)
	})
}
