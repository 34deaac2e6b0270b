package bunstore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/uuid7"
	"github.com/tandem-cc/tandem/vi"
)

var policy = vi.Policy{}.WithDefaults()

// command n of a call's life, from 1. The commands of a call depend on nothing
// but its ID, so that what should be stored after each can be worked out again.
func command(c vi.Call, id vi.CallID, n int) (vi.Call, []vi.Event, error) {
	at := time.Date(2030, 1, 2, 12, 0, n, 123456000, time.UTC)
	token := vi.Hash("token of " + id)
	say := func(from vi.Seat, text string) (vi.Call, []vi.Event, error) {
		return c.Write(vi.Message{Op: fmt.Sprint("op", n), From: from, Name: "Somebody", Text: text, At: at}, policy)
	}
	switch n {
	case 1:
		events := []vi.Event{vi.CallStarted{Call: id, Reference: "R-" + string(id), Agent: "ann", AgentName: "Ann Lee", At: at}}
		c = vi.Replay(events, policy)
		c.Version = 1
		return c, events, nil
	case 2:
		return c.InviteWith(vi.Invite{
			ID: "i1", Channel: vi.ByText, Phone: "+6581234567", Token: token, Status: vi.InviteQueued, CreatedAt: at, ExpiresAt: at.Add(policy.Invite),
		}, policy)
	case 3:
		return c.Report(vi.InviteMoved{Invite: "i1", Reported: vi.InviteSent, Provider: "SM1", At: at}, policy)
	case 4:
		return c.Report(vi.InviteMoved{Invite: "i1", Reported: vi.InviteDelivered, At: at}, policy)
	case 5:
		return c.Redeem(token, vi.GuestWaiting{Name: "Bo", Device: "d1", Browser: "Firefox", At: at}, policy)
	case 6:
		return say(vi.SeatCustomer, "Is anybody there?")
	case 7:
		return c.Enter(vi.SeatCustomer, "", "Bo", at, policy)
	case 8:
		return c.Enter(vi.SeatAgent, "ann", "Ann Lee", at, policy)
	case 9:
		return c.MediaUp(vi.SeatAgent, at, policy)
	case 10:
		return c.MediaUp(vi.SeatCustomer, at, policy)
	case 11, 12, 13:
		return say(vi.SeatAgent, fmt.Sprint("Hello ", n))
	case 14:
		return c.Lose(vi.SeatCustomer, at, policy)
	case 15:
		return c.MediaUp(vi.SeatCustomer, at, policy)
	case 16:
		return c.KnockAs(vi.Knock{ID: "k1", Device: "d2", Name: "Bo again", Browser: "Safari", At: at}, policy)
	case 17:
		return c.Admit("k1", true, at, policy)
	case 18:
		return c.Hangup(vi.SeatAgent, at, policy)
	case 19:
		return c.Rate(vi.Rating{Seat: vi.SeatCustomer, Stars: 5, Comment: "good", At: at}, policy)
	default:
		return c.Rate(vi.Rating{Seat: vi.SeatAgent, Stars: 4, At: at}, policy)
	}
}

const commandsOfCall = 20

func accountOf(id vi.CallID) account.ID { return account.ID("acme-" + string(id[len(id)-1:])) } // one of 16

func carryOut(ctx context.Context, db *DB, id vi.CallID, n int) error {
	return db.Calls().Update(ctx, accountOf(id), func(tx vi.Tx) error {
		var c vi.Call
		var err error
		if n > 1 {
			if c, err = tx.Call(ctx, id); err != nil {
				return err
			}
		}
		c, events, err := command(c, id, n)
		if err == nil && len(events) == 0 {
			err = errors.New("the rule gives no event, so there is nothing to keep")
		}
		if err != nil {
			return err
		}
		if err := tx.PutCall(ctx, c, events...); err != nil {
			return err
		}
		for _, e := range events {
			if sent, ok := e.(vi.MessageSent); ok {
				return tx.PutMessage(ctx, sent.Message)
			}
		}
		return nil
	})
}

// commands is the process to be killed. It carries out 200 commands at a time
// and says which are done.
func commands() {
	db, err := Open(context.Background(), os.Getenv(childURL), Config{})
	if err != nil {
		fmt.Println("failed:", err)
		return
	}
	var mu sync.Mutex
	say := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf(format+"\n", args...)
	}
	for range 200 {
		go func() {
			for {
				id := vi.CallID(uuid7.New())
				for n := 1; n <= commandsOfCall; n++ {
					if err := carryOut(context.Background(), db, id, n); err != nil {
						say("failed: command %d: %v", n, err)
						return
					}
					say("ACK %s %d", id, n)
				}
			}
		}()
	}
	select {}
}

// TestKilled kills a process in the middle of 200 commands, again and again, and
// looks for what it had said was done.
func TestKilled(t *testing.T) {
	rounds, longest := 5, 2*time.Second
	if testing.Short() {
		rounds, longest = 2, 500*time.Millisecond
	}
	onBoth(t, func(t *testing.T, url string) {
		acked := map[vi.CallID]int{}
		for round := range rounds {
			before := len(acked)
			run := 100*time.Millisecond + rand.N(longest)
			count := killAfter(t, url, run, acked)
			began := time.Now()
			db, err := Open(t.Context(), url, Config{})
			require.NoError(t, err)
			reopened := time.Since(began)
			quiet(t, url)
			unacked := check(t, db, acked)
			require.NoError(t, db.Close())
			t.Logf("round %d: killed %v after the first of %d commands on %d calls; reopened in %v; nothing lost; %d kept that were not acknowledged",
				round, run.Round(time.Millisecond), count, len(acked)-before, reopened.Round(time.Millisecond), unacked)
		}
	})
}

// killAfter starts the process, kills it that long after its first command, and
// adds what it had acknowledged: the last command of each call.
func killAfter(t *testing.T, url string, run time.Duration, acked map[vi.CallID]int) (count int) {
	t.Helper()
	cmd, out, _ := child(t, "commands", url)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var id vi.CallID
		var n int
		if _, err := fmt.Sscanf(lines.Text(), "ACK %s %d", &id, &n); err != nil {
			// The pipe ends where the process did, perhaps within a line.
			require.False(t, strings.HasPrefix(lines.Text(), "failed"), lines.Text())
			continue
		}
		if count++; count == 1 {
			time.AfterFunc(run, func() { cmd.Process.Kill() })
		}
		if len(id) == 36 {
			acked[id] = max(acked[id], n)
		}
	}
	require.Error(t, cmd.Wait(), "killed")
	require.NotZero(t, count)
	return count
}

// quiet waits until PostgreSQL has done with the connections of the dead.
func quiet(t *testing.T, url string) {
	if !strings.HasPrefix(url, "postgres") {
		return
	}
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.Eventually(t, func() bool {
		var busy int
		err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'").Scan(&busy)
		return err == nil && busy == 0
	}, time.Minute, 5*time.Millisecond)
}

// check requires that every acknowledged command is there, and that every call
// is as its commands left it: the call, its messages, its events and its link.
func check(t *testing.T, db *DB, acked map[vi.CallID]int) (unacked int) {
	t.Helper()
	events := map[vi.CallID][]vi.Event{}
	for after := int64(0); ; {
		recs, err := db.After(t.Context(), "", after, 5000)
		require.NoError(t, err)
		if len(recs) == 0 {
			break
		}
		for _, r := range recs {
			require.Greater(t, r.Seq, after)
			after = r.Seq
			require.Equal(t, accountOf(vi.CallID(r.About)), r.Account)
			events[vi.CallID(r.About)] = append(events[vi.CallID(r.About)], decode(t, r.Kind, r.Data))
		}
	}
	for id, n := range acked {
		require.NotEmpty(t, events[id], "call %s, of which %d commands were acknowledged", id, n)
	}
	for id, got := range events {
		var c vi.Call
		var messages []vi.Message
		require.NoError(t, db.Calls().View(t.Context(), accountOf(id), func(r vi.Reader) (err error) {
			if c, err = r.Call(t.Context(), id); err != nil {
				return err
			}
			messages, err = r.Messages(t.Context(), id, 0, 100)
			return err
		}))
		require.GreaterOrEqual(t, c.Version, acked[id], "an acknowledged command is lost")
		require.LessOrEqual(t, c.Version, acked[id]+1)
		unacked += c.Version - acked[id]
		acked[id] = c.Version

		var want vi.Call
		var wantEvents []vi.Event
		var wantMessages []vi.Message
		for n := 1; n <= c.Version; n++ {
			next, more, err := command(want, id, n)
			require.NoError(t, err)
			want, wantEvents = next, append(wantEvents, more...)
			for _, e := range more {
				if sent, ok := e.(vi.MessageSent); ok {
					wantMessages = append(wantMessages, sent.Message)
				}
			}
		}
		require.Equal(t, want, c)
		require.Equal(t, wantEvents, got)
		require.Equal(t, wantMessages, messages)
		replayed := vi.Replay(got, policy)
		replayed.Version = c.Version // events do not say how many commands they came from
		require.Equal(t, c, replayed)

		ref, err := db.Calls().Invited(t.Context(), vi.Hash("token of "+id))
		if c.Version < 2 {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, vi.Ref{Account: accountOf(id), Call: id}, ref)
	}
	return unacked
}

// decode reads an event that is in use here.
func decode(t *testing.T, kind string, data []byte) vi.Event {
	t.Helper()
	for _, e := range []vi.Event{
		vi.CallStarted{}, vi.InviteCreated{}, vi.InviteMoved{}, vi.GuestWaiting{}, vi.GuestKnocked{}, vi.GuestAdmitted{},
		vi.LegMoved{}, vi.CallMoved{}, vi.CallEnded{}, vi.MessageSent{}, vi.CallRated{},
	} {
		if e.Kind() == kind {
			into := reflect.New(reflect.TypeOf(e))
			require.NoError(t, json.Unmarshal(data, into.Interface()))
			return into.Elem().Interface().(vi.Event)
		}
	}
	require.FailNow(t, "unknown event", kind)
	return nil
}
