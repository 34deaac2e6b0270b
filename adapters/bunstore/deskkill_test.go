package bunstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

const (
	deskAccounts = 4  // each with its share of the customers
	deskAgents   = 8  // of each account
	customers    = 64 // who write at the same time
)

func deskAccount(n int) account.ID { return account.ID(fmt.Sprint("acme-", n%deskAccounts)) }

func agentOf(acct account.ID, n int) account.Actor {
	user := account.UserID(fmt.Sprint("agent-", n%deskAgents))
	return account.Actor{Account: acct, User: user, Name: "The " + string(user), Role: account.RoleAgent}
}

// instantly is a channel that accepts messages by their being committed.
type instantly struct{}

func (instantly) Send(context.Context, desk.Outgoing) (string, error) { return "", nil }
func (instantly) Instant() bool                                       { return true }

// A deskRun is the process to be killed at the desk's commands. It says which
// are done.
type deskRun struct {
	d   *desk.Desk
	db  *DB
	ctx context.Context
	mu  sync.Mutex
}

func (r *deskRun) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Printf(format+"\n", args...)
}

// done says that a command is acknowledged, or that it has failed, and reports
// which.
func (r *deskRun) done(t desk.Ticket, acct account.ID, deed string, err error) bool {
	if err != nil {
		r.say("failed: %s: %v", deed, err)
		return false
	}
	r.say("ACK %s %s %d %s", acct, t.ID, t.Version, deed)
	return true
}

func deskCommands() {
	db, err := Open(context.Background(), os.Getenv(childURL), Config{})
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	r := &deskRun{d: desk.New(db.Desk(), desk.Config{Channels: map[desk.Kind]desk.Channel{desk.KindWebChat: instantly{}}}), db: db, ctx: context.Background()}
	for n := range deskAccounts {
		if err := r.arrange(deskAccount(n)); err != nil {
			fmt.Println("failed:", err)
			return
		}
	}
	for n := range customers {
		go func() {
			for r.converse(n) {
			}
		}()
	}
	select {}
}

// arrange makes the desk, if it is not there yet, and resolves what an earlier
// process has left open, since it takes the agents' capacity.
func (r *deskRun) arrange(acct account.ID) error {
	admin := account.Actor{Account: acct, User: "admin", Name: "Admin", Role: account.RoleAdministrator}
	if _, err := r.d.Begin(r.ctx, admin, "Acme"); err != nil {
		return err
	}
	if _, err := r.d.PutQueue(r.ctx, admin, desk.Queue{ID: "general", Name: "General", Mode: desk.ModePickMe}); err != nil {
		return err
	}
	p := desk.PresetTicket() // with every timer
	p.LeaseAfter, p.InactivityAfter, p.AbandonAfter = time.Hour, 2*time.Hour, 3*time.Hour
	if _, err := r.d.PutPolicy(r.ctx, admin, "general", &p); err != nil {
		return err
	}
	for n := range deskAgents {
		by := agentOf(acct, n)
		_, err1 := r.d.DescribeAgent(r.ctx, admin, by.User, desk.AgentDescription{Max: 20, Queues: []desk.Membership{{Queue: "general", Priority: 1}}})
		_, err2 := r.d.Connected(r.ctx, by, true)
		_, err3 := r.d.Choose(r.ctx, by, presence.StatusAvailable, "")
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
	}
	var left []desk.Ticket
	err := r.db.Desk().View(r.ctx, acct, func(x desk.Reader) (err error) {
		left, err = x.Tickets(r.ctx, desk.Query{Scope: desk.Scope{All: true}, Status: []desk.Status{desk.StatusNew, desk.StatusOpen}, Limit: 200})
		return err
	})
	for _, t := range left {
		t, err := r.d.Resolve(r.ctx, admin, t.ID, desk.Resolution{})
		if err != nil {
			return err
		}
		r.done(t, acct, "resolve", nil)
	}
	return err
}

// converse carries out the commands of one conversation.
func (r *deskRun) converse(n int) bool {
	acct, from := deskAccount(n), uuid7.New()
	write := func(op string) (desk.Received, error) {
		return r.d.Receive(r.ctx, account.System(acct), desk.Inbound{Line: "web", From: from, Op: op, Name: "Bo", Text: "Hello from " + from})
	}
	first, err := write("op1")
	if !r.done(first.Ticket, acct, "receive op1", err) {
		return false
	}
	id := first.Ticket.ID
	by, ok := r.race(acct, id, n)
	if !ok {
		return false
	}
	reply := func(op string) bool {
		_, t, err := r.d.Reply(r.ctx, by, id, desk.Draft{Op: op, Text: "Hello " + from})
		return r.done(t, acct, "reply "+op, err)
	}
	if !reply("re1") || !r.twice(acct, write) || !reply("re2") {
		return false
	}
	if n%3 == 0 {
		t, err := r.d.SetStatus(r.ctx, by, id, desk.StatusPending)
		return r.done(t, acct, "pend", err)
	}
	t, err := r.d.Resolve(r.ctx, by, id, desk.Resolution{Note: "Done"})
	return r.done(t, acct, "resolve", err)
}

// race has two agents claim the ticket, of whom one gets it.
func (r *deskRun) race(acct account.ID, id desk.TicketID, n int) (winner account.Actor, ok bool) {
	rivals := []account.Actor{agentOf(acct, n/deskAccounts), agentOf(acct, n/deskAccounts+1)}
	tickets, errs := make([]desk.Ticket, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i, by := range rivals {
		wg.Go(func() { tickets[i], errs[i] = r.d.Claim(r.ctx, by, id) })
	}
	wg.Wait()
	won := 0
	for i, err := range errs {
		switch {
		case err == nil:
			winner, won = rivals[i], won+1
			r.done(tickets[i], acct, "claim "+string(winner.User), nil)
		case !errors.Is(err, desk.ErrConflict) && !errors.Is(err, desk.ErrNotFound): // an agent does not see what others have
			return winner, r.done(tickets[i], acct, "claim", err)
		}
	}
	if won != 1 {
		r.say("failed: %d of two who claim %s get it: %v", won, id, errs)
	}
	return winner, won == 1
}

// twice sends the same message over two connections at once.
func (r *deskRun) twice(acct account.ID, write func(string) (desk.Received, error)) bool {
	got, errs := make([]desk.Received, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i], errs[i] = write("op2") })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return r.done(desk.Ticket{}, acct, "receive", err)
	}
	if got[0].Entry.ID != got[1].Entry.ID || (got[0].Class == desk.ClassDuplicate) == (got[1].Class == desk.ClassDuplicate) {
		r.say("failed: one message sent twice is two, or none: %v", got)
		return false
	}
	return r.done(got[0].Ticket, acct, "receive op2", nil)
}

// What of a ticket has been acknowledged.
type deskAck struct {
	account account.ID
	version int
	deeds   []string
}

// TestDeskKilled kills a process in the middle of 64 conversations, again and
// again, and looks for what it had said was done.
func TestDeskKilled(t *testing.T) {
	rounds, longest := 4, 1500*time.Millisecond
	if testing.Short() {
		rounds, longest = 2, 400*time.Millisecond
	}
	onBoth(t, func(t *testing.T, url string) {
		acked := map[desk.TicketID]*deskAck{}
		for round := range rounds {
			run := 100*time.Millisecond + rand.N(longest)
			count := killDesk(t, url, run, acked)
			db, err := Open(t.Context(), url, Config{})
			require.NoError(t, err)
			quiet(t, url)
			tickets := 0
			for n := range deskAccounts {
				tickets += checkDesk(t, db, deskAccount(n), acked)
			}
			checkDue(t, db)
			require.NoError(t, db.Close())
			require.GreaterOrEqual(t, tickets, len(acked))
			require.LessOrEqual(t, tickets, len(acked)+customers*(round+1), "no more than were being opened")
			t.Logf("round %d: killed %v after the first of %d commands; %d tickets, nothing lost", round, run.Round(time.Millisecond), count, tickets)
		}
	})
}

func killDesk(t *testing.T, url string, run time.Duration, acked map[desk.TicketID]*deskAck) (count int) {
	t.Helper()
	cmd, out, _ := child(t, "desk", url)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		if len(word) < 5 || word[0] != "ACK" {
			// The pipe ends where the process did, perhaps within a line.
			require.False(t, strings.HasPrefix(lines.Text(), "failed"), lines.Text())
			continue
		}
		if count++; count == 1 {
			time.AfterFunc(run, func() { cmd.Process.Kill() })
		}
		id, version := desk.TicketID(word[2]), 0
		_, err := fmt.Sscan(word[3], &version)
		require.NoError(t, err)
		if acked[id] == nil {
			acked[id] = &deskAck{account: account.ID(word[1])}
		}
		acked[id].version = max(acked[id].version, version)
		acked[id].deeds = append(acked[id].deeds, strings.Join(word[4:], " "))
	}
	require.Error(t, cmd.Wait(), "killed")
	require.NotZero(t, count)
	return count
}
