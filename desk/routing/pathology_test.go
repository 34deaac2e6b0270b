package routing

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A desk is an engine with a clock that the test turns.
type desk struct {
	*testing.T
	e   *Engine
	now time.Time
}

func newDesk(t *testing.T, c Config, setup ...Command) *desk {
	d := &desk{t, New(c), epoch}
	d.do(setup...)
	return d
}

// do applies commands that must not be refused, and returns what the last one led to.
func (d *desk) do(commands ...Command) []Event {
	d.Helper()
	var events []Event
	for _, c := range commands {
		var err error
		events, err = d.e.Apply(d.now, c)
		require.NoError(d, err, "%#v", c)
	}
	return events
}

func (d *desk) refused(kind Error, c Command) {
	d.Helper()
	before := digest(d.e)
	events, err := d.e.Apply(d.now, c)
	require.ErrorIs(d, err, kind)
	require.Empty(d, events)
	require.Equal(d, before, digest(d.e), "a refused command changes nothing")
}

// wait lets time pass, with a Tick whenever something is due, and returns the events.
func (d *desk) wait(span time.Duration) []Event {
	d.Helper()
	var all []Event
	end := d.now.Add(span)
	for at, ok := d.e.Next(); ok && !at.After(end); at, ok = d.e.Next() {
		d.now = at
		all = append(all, d.do(Tick{})...)
	}
	d.now = end
	return all
}

func (d *desk) is(ticket TicketID, s State, a AgentID) {
	d.Helper()
	state, with := d.e.State(ticket)
	require.Equal(d, s, state, ticket)
	require.Equal(d, a, with, ticket)
}

func (d *desk) used(a AgentID) int {
	used, _ := d.e.Load(a)
	return used
}

// on returns the commands that put an agent of capacity units on duty in "q".
func on(id AgentID, units int, skills map[Skill]int) []Command {
	return []Command{PutAgent{Agent{ID: id, Max: units, Skills: skills, Queues: []Member{{"q", 1}}}}, SetAvailable{Agent: id, Available: true}}
}

func ticketIn(q QueueID, id TicketID) Command { return Enqueue{Ticket: Ticket{ID: id, Queue: q}} }

func TestDoubleAssignment(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: PickMe}})
	d.do(on("a", 5, nil)...)
	d.do(on("b", 5, nil)...)
	d.do(ticketIn("q", "t"), Claim{Agent: "a", Ticket: "t"})
	d.refused(ErrAlreadyAssigned, Claim{Agent: "b", Ticket: "t"})
	require.Empty(t, d.do(Claim{Agent: "a", Ticket: "t"}), "claiming again is no second assignment")

	// What a person decided is not overridden by the automatic way.
	d.do(Assign{Agent: "b", Ticket: "t"}, PutQueue{Queue{ID: "q"}}, Tick{})
	d.is("t", StateAssigned, "b")
	require.Zero(t, d.used("a"))
}

func TestCheckThenActOverCapacity(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push}}, PutQueue{Queue{ID: "r", Mode: Push}},
		PutAgent{Agent{ID: "a", Max: 1, Queues: []Member{{"q", 1}, {"r", 1}}}}, SetAvailable{Agent: "a", Available: true},
		ticketIn("q", "t1"), ticketIn("r", "t2"))
	d.is("t1", StateOffered, "a")
	d.is("t2", StateQueued, "")
	require.Equal(t, 1, d.used("a"), "an offer takes its units")
	d.refused(ErrNoRoom, Claim{Agent: "a", Ticket: "t2"})
	d.do(Accept{"a", 1})
	d.is("t2", StateQueued, "")
}

func TestCapacityLeakByInactivity(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q"}})
	d.do(on("a", 1, nil)...)
	d.do(ticketIn("q", "sleeps"), Remove{Ticket: "sleeps"}, ticketIn("q", "t"))
	d.is("t", StateAssigned, "a")
	events := d.do(Adopt{Ticket: "sleeps", Agent: "a"})
	require.Equal(t, []Event{Adopted{Ticket: "sleeps", Agent: "a", Over: true}}, events, "more than the capacity is seen")
	d.do(ticketIn("q", "next"), Remove{Ticket: "t"})
	d.is("next", StateQueued, "")
	d.do(Remove{Ticket: "sleeps"})
	d.is("next", StateAssigned, "a")
}

func TestMorningStampede(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Closed: true, SlowStart: 2}})
	for i := range 30 {
		d.do(ticketIn("q", TicketID(fmt.Sprint(i))))
	}
	d.do(on("first", 20, nil)...)
	d.do(PutQueue{Queue{ID: "q", SlowStart: 2}})
	require.Equal(t, 2, d.used("first"), "the first to come does not take the night's backlog")
	d.do(on("second", 20, nil)...)
	require.Equal(t, 2, d.used("second"))
	d.do(SetAvailable{Agent: "first"}, SetAvailable{Agent: "first", Available: true})
	require.Equal(t, 2, d.used("first"), "leaving and coming back gains nothing")
	d.wait(time.Minute)
	require.Equal(t, []int{4, 4}, []int{d.used("first"), d.used("second")})
	d.is("0", StateAssigned, "first")
	d.is("8", StateQueued, "")
}

func TestGhostPresence(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push}})
	d.do(on("ghost", 5, nil)...)
	d.do(ticketIn("q", "t1"), ticketIn("q", "t2"))
	events := d.wait(20 * time.Second)
	require.Contains(t, events, NotResponding{"ghost"})
	d.is("t1", StateQueued, "")
	d.is("t2", StateQueued, "")
	for _, ev := range d.wait(time.Hour) {
		require.IsType(t, Cleared{}, ev, "who does not respond is offered nothing more")
	}
	d.do(on("b", 5, nil)...)
	d.is("t1", StateOffered, "b")
	d.do(SetAvailable{Agent: "ghost", Available: true}, ticketIn("q", "t3"))
	d.is("t3", StateOffered, "ghost")
}

func TestStarvationByPriority(t *testing.T) {
	for strict, wantServed := range map[bool]bool{false: true, true: false} {
		d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Strict: strict}})
		d.do(on("a", 1, nil)...)
		d.do(ticketIn("q", "now"), ticketIn("q", "low"))
		busy := TicketID("now")
		for i := range 20 {
			d.now = d.now.Add(time.Minute)
			vip := TicketID(fmt.Sprintf("vip-%d", i))
			d.do(Enqueue{Ticket: Ticket{ID: vip, Queue: "q", Boost: 5 * time.Minute}}, Remove{Ticket: busy})
			if busy = vip; strict || i < 4 {
				d.is(vip, StateAssigned, "a")
				continue
			}
			break // the boost of this one no longer passes the age of "low"
		}
		state, _ := d.e.State("low")
		require.Equal(t, wantServed, state == StateAssigned, "strict: %t", strict)
	}
}

func TestHeadOfLineBlock(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q"}},
		Enqueue{Ticket: Ticket{ID: "hard", Queue: "q", Steps: []Step{{Needs: []Need{{"law", 5}}}}}},
		Enqueue{Ticket: Ticket{ID: "heavy", Queue: "q", Weight: 9}}, ticketIn("q", "easy"))
	d.do(on("a", 5, nil)...)
	d.is("easy", StateAssigned, "a")
	d.is("hard", StateQueued, "")
	d.is("heavy", StateQueued, "")
	require.Equal(t, LacksSkills, d.e.Explain("hard")[0].Obstacle)
	require.Equal(t, NoRoom, d.e.Explain("heavy")[0].Obstacle)
}

func TestMagicNumbers(t *testing.T) {
	// More members than 1,000 go round in order, and ages beyond 12 days still count.
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Order: RoundRobinOrder}})
	const members = 1_200
	for i := range members {
		d.do(on(AgentID(fmt.Sprintf("%04d", i)), 20, nil)...)
	}
	for i := range 2 * members {
		d.now = d.now.Add(time.Second)
		id := TicketID(fmt.Sprint(i))
		d.do(ticketIn("q", id))
		d.is(id, StateAssigned, AgentID(fmt.Sprintf("%04d", i%members)))
	}
	d = newDesk(t, Config{}, PutQueue{Queue{ID: "q", Order: LongestIdle}})
	d.do(on("a", 5, nil)...)
	d.now = d.now.Add(20 * 24 * time.Hour)
	d.do(on("b", 5, nil)...)
	d.do(ticketIn("q", "t"))
	d.is("t", StateAssigned, "a")
}

func TestNoPolling(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q"}})
	d.do(on("a", 1, nil)...)
	require.IsType(t, Assigned{}, d.do(ticketIn("q", "t1"))[1], "at once, by the command itself")
	d.do(ticketIn("q", "t2"))
	require.IsType(t, Assigned{}, d.do(Remove{Ticket: "t1"})[1])
	_, due := d.e.Next()
	require.False(t, due, "nothing has to be looked at again")
}

func TestPingPongAfterReject(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push}})
	d.do(on("a", 5, nil)...)
	d.do(on("b", 5, nil)...)
	d.do(ticketIn("q", "t"))
	d.is("t", StateOffered, "a")
	d.do(Reject{"a", 1})
	d.is("t", StateOffered, "b")
	d.do(Reject{"b", 2})
	d.is("t", StateQueued, "")
	offers := func(events []Event) (n int) {
		for _, ev := range events {
			if _, ok := ev.(Offered); ok {
				n++
			}
		}
		return n
	}
	require.Zero(t, offers(d.wait(29*time.Second)))
	require.Equal(t, 1, offers(d.wait(2*time.Second)), "once everybody declined it is offered anew after 30 s")
	ahead, ok := d.e.Position("t")
	require.True(t, ok)
	require.Zero(t, ahead)
}

func TestAcceptRacesTimeout(t *testing.T) {
	for _, tickFirst := range []bool{true, false} {
		d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push}})
		d.do(on("a", 5, nil)...)
		d.do(ticketIn("q", "t"))
		d.now = d.now.Add(20 * time.Second)
		if tickFirst {
			d.do(Tick{})
			d.refused(ErrOfferGone, Accept{"a", 1})
			d.is("t", StateQueued, "")
			continue
		}
		d.do(Accept{"a", 1}, Tick{})
		d.is("t", StateAssigned, "a")
		d.refused(ErrOfferGone, Accept{"a", 1})
		d.refused(ErrOfferGone, Reject{"a", 1})
	}
}

func TestAgentLeavesWhileOffered(t *testing.T) {
	d := newDesk(t, Config{}, PutQueue{Queue{ID: "q", Mode: Push}})
	d.do(on("a", 5, nil)...)
	d.do(ticketIn("q", "old"), ticketIn("q", "new"))
	events := d.do(SetAvailable{Agent: "a"})
	require.Equal(t, []Event{OfferEnded{1, "old", "a", Rescinded}, OfferEnded{2, "new", "a", Rescinded}}, events)
	d.do(on("b", 1, nil)...)
	d.is("old", StateOffered, "b")
}
