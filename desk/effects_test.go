package desk

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at carries out a rule so long after noon.
func at(t *testing.T, x Ticket, p Policy, after time.Duration, r rule) Ticket {
	t.Helper()
	next, _, follow, err := r(x, noon.Add(after), p)
	require.NoError(t, err)
	require.False(t, follow)
	return next
}

// dueAt returns how long after noon the ticket's only timer, of that kind, is due.
func dueAt(t *testing.T, x Ticket, kind TimerKind) time.Duration {
	t.Helper()
	require.Len(t, x.Timers, 1)
	require.Equal(t, kind, x.Timers[0].Kind)
	return x.Timers[0].DueAt.Sub(noon)
}

const (
	minute = time.Minute
	hour   = time.Hour
)

func TestOpening(t *testing.T) {
	byCustomer := arrive(ClassMessage, ticketly)
	require.Equal(t, StatusNew, byCustomer.Status)
	require.Equal(t, []Cycle{{OpenedAt: noon, AskedAt: noon}}, byCustomer.Cycles)
	require.Equal(t, noon, byCustomer.QueuedAt)
	require.Equal(t, noon, byCustomer.WaitingFrom)
	require.Equal(t, 1, byCustomer.Unread)

	byMachine := arrive(ClassMachine, ticketly)
	require.Equal(t, StatusNew, byMachine.Status)
	require.Zero(t, byMachine.WaitingFrom)

	blocked := arrive(ClassBlocked, ticketly)
	require.Equal(t, StatusClosed, blocked.Status)
	require.Equal(t, CloseBlocked, blocked.Reason)

	o := opening()
	o.By = "ann"
	byAgent, _, err := Start(o, "ANN", ticketly)
	require.NoError(t, err)
	require.Equal(t, StatusOpen, byAgent.Status)
	require.EqualValues(t, "ann", byAgent.Assignee)
	require.True(t, byAgent.Counts(ticketly))
	require.Empty(t, byAgent.Timers)
}

func TestWaitingIsForTheEarliestUnansweredMessage(t *testing.T) {
	x := arrive(ClassMessage, ticketly)
	x = at(t, x, ticketly, minute, message)
	x = at(t, x, ticketly, 2*minute, remark)
	x = at(t, x, ticketly, 3*minute, inbound(ClassMachine, true, 0))
	require.Equal(t, noon, x.WaitingFrom, "what comes later does not move it")
	x = at(t, x, ticketly, 4*minute, assign("ann", ByClaim))
	x = at(t, x, ticketly, 5*minute, accepted)
	require.Zero(t, x.WaitingFrom)
	x = at(t, x, ticketly, 6*minute, inbound(ClassMachine, true, 0))
	x = at(t, x, ticketly, 7*minute, remark)
	require.Zero(t, x.WaitingFrom, "only messages of people set it")
	x = at(t, x, ticketly, 9*minute, message)
	x = at(t, x, ticketly, 10*minute, inbound(ClassMessage, true, -2*minute))
	require.Equal(t, noon.Add(8*minute), x.WaitingFrom, "one that was on its way for longer was there earlier")
}

func accept(t *testing.T, x Ticket, p Policy, after time.Duration) (Ticket, ReplyAccepted) {
	t.Helper()
	next, events, err := x.Accept(x.Entries, "bob", noon.Add(after), p)
	require.NoError(t, err)
	return next, events[0].(ReplyAccepted)
}

func TestFirstReplyIsWhatTheChannelAccepted(t *testing.T) {
	x := at(t, arrive(ClassMessage, ticketly), ticketly, minute, assign("ann", ByClaim))
	x = at(t, x, ticketly, 2*minute, write)
	require.Equal(t, noon, x.WaitingFrom, "what is typed is not sent")
	require.Equal(t, StateAssigned, x.State())
	x, e := accept(t, x, ticketly, 3*minute)
	require.True(t, e.First)
	require.Equal(t, 3*minute, e.Waited)
	require.EqualValues(t, "bob", x.Cycle().FirstReplyBy, "the author has the credit, not the assignee")
	require.Equal(t, StateResponded, x.State())
	x, e = accept(t, x, ticketly, 4*minute)
	require.False(t, e.First)
	require.Zero(t, e.Waited, "nobody waited for it")
	x = at(t, x, ticketly, 5*minute, message)
	_, e = accept(t, x, ticketly, 7*minute)
	require.False(t, e.First)
	require.Equal(t, 2*minute, e.Waited)
}

// An agent replies and does the next thing at once: the channel accepts the reply
// when the status is another already.
func TestFirstReplyCountsBesideAChangeOfStatus(t *testing.T) {
	for name, r := range map[string]rule{"pending": set(StatusPending), "on hold": set(StatusOnHold), "resolved": resolve("ann")} {
		for preset, p := range map[string]Policy{"ticket": ticketly, "conversation": chatty} {
			t.Run(name+" "+preset, func(t *testing.T) {
				x := after(arrive(ClassMessage, p), p, assign("ann", ByClaim), write, r)
				x, e := accept(t, x, p, 4*minute)
				require.True(t, e.First)
				require.Equal(t, 4*minute, e.Waited)
				require.Equal(t, noon.Add(4*minute), x.Cycle().FirstReplyAt)
				require.Zero(t, x.WaitingFrom)
				_, e = accept(t, x, p, 5*minute)
				require.False(t, e.First)
			})
		}
	}
}

func TestWhatAnAgentBeginsIsTimedFromTheCustomersFirstMessage(t *testing.T) {
	o := opening()
	o.By = "ann"
	x, _, err := Start(o, "ANN", ticketly)
	require.NoError(t, err)
	x, e := accept(t, x, ticketly, minute)
	require.False(t, e.First, "it answers nothing")
	answered := at(t, x, ticketly, hour, message)
	require.Equal(t, noon.Add(hour), answered.Cycle().OpenedAt)
	_, e = accept(t, answered, ticketly, hour+minute)
	require.True(t, e.First)
	require.Equal(t, minute, e.Waited)

	x = at(t, x, ticketly, 2*hour, resolve("ann"))
	x = at(t, x, ticketly, 2*hour+minute, message)
	require.Equal(t, noon, x.Cycles[0].OpenedAt, "the message is of the next cycle")
	require.Equal(t, noon.Add(2*hour+minute), x.Cycles[1].OpenedAt)
}

func TestPendingRunsFromTheLastReply(t *testing.T) {
	x := after(arrive(ClassMessage, ticketly), ticketly, assign("ann", ByClaim), write, accepted)
	x = at(t, x, ticketly, 2*hour, set(StatusPending))
	require.False(t, x.Counts(ticketly), "who waits takes nothing of anybody's capacity")
	require.Equal(t, 3*hour, dueAt(t, x, TimerPending), "from now, if the reply was long ago")
	x = at(t, x, ticketly, 2*hour+30*minute, accepted)
	require.Equal(t, 3*hour+30*minute, dueAt(t, x, TimerPending))
	onHold := at(t, x, ticketly, 3*hour, set(StatusOnHold))
	require.Empty(t, onHold.Timers)
	x = at(t, x, ticketly, 3*hour+30*minute, overdue)
	require.Equal(t, CloseNoReply, x.Reason)
	require.Equal(t, CloseNoReply, x.Cycle().Reason)
	require.Equal(t, noon.Add(3*hour+30*minute), x.Cycle().ResolvedAt)
	require.Empty(t, x.Timers)
}

func TestSilenceIsCountedWhileOpen(t *testing.T) {
	x := after(arrive(ClassMessage, chatty), chatty, assign("ann", ByClaim), write, accepted)
	require.Equal(t, 24*hour+3*minute, dueAt(t, x, TimerInactivity))
	require.Empty(t, at(t, x, chatty, hour, message).Timers)
	moved := at(t, x, chatty, hour, assign("bob", ByTransfer))
	require.Equal(t, 24*hour+3*minute, dueAt(t, moved, TimerInactivity), "a transfer resets no clock")
	x = at(t, x, chatty, 2*hour, set(StatusPending))
	require.Empty(t, x.Timers)
	x = at(t, x, chatty, 72*hour, set(StatusOpen))
	require.Equal(t, 96*hour, dueAt(t, x, TimerInactivity), "not at once because it was pending for long")
	x = at(t, x, chatty, 72*hour, lost)
	require.Equal(t, 96*hour, dueAt(t, x, TimerInactivity), "also while nobody has it")
}

func TestReopening(t *testing.T) {
	resolved := after(arrive(ClassMessage, ticketly), ticketly, assign("ann", ByClaim), write, accepted, resolve("ann")) // 4 minutes after noon
	require.Equal(t, hour+4*minute, dueAt(t, resolved, TimerResolved))
	require.False(t, resolved.Counts(ticketly))
	for _, class := range []Class{ClassGratitude, ClassMachine} {
		x := at(t, resolved, ticketly, 30*minute, inbound(class, true, 0))
		require.Equal(t, resolved.Timers, x.Timers, "%s leaves the timer as it is", class)
	}
	closed := at(t, resolved, ticketly, hour+4*minute, timer(TimerResolved))
	require.Equal(t, CloseAgent, closed.Reason, "why it was resolved is kept")
	end := hour + 4*minute + 30*time.Second
	for name, x := range map[string]Ticket{"timer not fired yet": resolved, "timer fired": closed} {
		again := at(t, x, ticketly, end-time.Microsecond, message)
		require.Equal(t, StatusOpen, again.Status, name)
		require.EqualValues(t, "ann", again.Assignee, name)
		require.Equal(t, noon.Add(end-time.Microsecond), again.WaitingFrom, name)
		require.Equal(t, []Cycle{resolved.Cycles[0], {OpenedAt: again.StatusAt, AskedAt: again.StatusAt}}, again.Cycles, name)
		next, _, follow, err := x.Receive(Arrival{N: 9, Class: ClassMessage, At: noon.Add(end)}, ticketly)
		require.NoError(t, err)
		require.True(t, follow, name)
		require.Equal(t, StatusClosed, next.Status, name)
	}
	gone := at(t, resolved, ticketly, hour, inbound(ClassMessage, false, 0))
	require.True(t, gone.Waiting())
	require.EqualValues(t, "ann", gone.Last, "as a hint to routing")
	late := at(t, resolved, ticketly, hour, inbound(ClassMessage, true, -58*minute))
	require.Equal(t, noon.Add(4*minute), late.StatusAt, "what was received before it was resolved opens it no sooner")
	require.Equal(t, noon.Add(2*minute), late.WaitingFrom)
}

func TestResolvingNamesAnOwner(t *testing.T) {
	x := at(t, arrive(ClassMessage, ticketly), ticketly, minute, resolve("eve"))
	require.EqualValues(t, "eve", x.Assignee)
	require.Zero(t, x.WaitingFrom)
	require.EqualValues(t, "eve", x.Cycle().ResolvedBy)

	x = at(t, arrive(ClassMessage, chatty), chatty, minute, resolve("eve"))
	require.Equal(t, StatusClosed, x.Status, "nothing is held")
	require.Equal(t, 2, x.Version, "in one change")
}

// A ticket that was resolved in a queue that holds tickets is in one now, or under
// a policy, that does not.
func TestResolvedUnderAnotherPolicyCloses(t *testing.T) {
	x := after(arrive(ClassMessage, ticketly), ticketly, assign("ann", ByClaim), resolve("ann"))
	x = at(t, x, chatty, 10*minute, remark)
	require.Equal(t, 2*minute, dueAt(t, x, TimerResolved))
	require.Equal(t, StatusClosed, at(t, x, chatty, 10*minute, timer(TimerResolved)).Status)
}

func TestMovingOnKeepsThePlace(t *testing.T) {
	x := after(arrive(ClassMessage, ticketly), ticketly, assign("ann", ByRouting))
	for name, r := range map[string]rule{"transfer": enqueue("q2", ByTransfer), "lost": lost} {
		y := at(t, x, ticketly, hour, r)
		require.True(t, y.Waiting(), name)
		require.Equal(t, noon, y.QueuedAt, name)
		require.Equal(t, noon.Add(hour), y.VisitAt, name)
		require.Equal(t, noon, y.WaitingFrom, name)
		require.EqualValues(t, "ann", y.Last, name)
	}
	require.Equal(t, 1, at(t, x, ticketly, hour, enqueue("q2", ByTransfer)).Transfers)
	require.Zero(t, at(t, x, ticketly, hour, lost).Transfers, "coming back to the queue is no transfer")
}

func TestOnlyUnansweredTicketsAreAbandoned(t *testing.T) {
	x := arrive(ClassMessage, timed)
	require.Equal(t, 30*minute, dueAt(t, x, TimerAbandon))
	back := at(t, at(t, x, timed, minute, assign("ann", ByRouting)), timed, hour, lost)
	require.Equal(t, 90*minute, dueAt(t, back, TimerAbandon), "not at once because somebody had it for long")
	o := opening()
	o.By = "ann"
	x, _, err := Start(o, "ANN", timed)
	require.NoError(t, err)
	x, _ = accept(t, x, timed, minute)
	x = at(t, x, timed, 2*minute, lost)
	require.Equal(t, 24*hour+minute, dueAt(t, x, TimerInactivity), "we replied, if to nothing")
	_, _, err = x.Abandon(noon.Add(3*minute), timed)
	require.ErrorIs(t, err, ErrConflict)
}

func TestLeaseIsForAReply(t *testing.T) {
	x := at(t, arrive(ClassMessage, timed), timed, minute, assign("ann", ByRouting))
	require.Equal(t, 11*minute, dueAt(t, x, TimerLease))
	require.NotEqual(t, TimerLease, at(t, x, timed, 2*minute, accepted).Timers[0].Kind)
	x = at(t, x, timed, 11*minute, overdue)
	require.True(t, x.Waiting())
	require.Zero(t, x.Transfers)
}

func TestErasingKeepsWhereRepliesGo(t *testing.T) {
	x := at(t, arrive(ClassMessage, ticketly), ticketly, minute, shut(CloseMerged, "t9"))
	x = at(t, x, ticketly, 2*minute, erase)
	require.Equal(t, CloseErased, x.Reason)
	require.EqualValues(t, "t9", x.MergedTo)
}

func TestStates(t *testing.T) {
	x := arrive(ClassMessage, ticketly)
	for n, s := range []struct {
		rule rule
		want State
	}{
		{read("ann"), StateUnassigned}, {assign("ann", ByClaim), StateAssigned}, {read("eve"), StateAssigned}, {read("ann"), StateRead},
		{message, StateAssigned}, {read("ann"), StateRead}, {accepted, StateResponded}, {message, StateAssigned}, {read("ann"), StateRead},
		{assign("bob", ByTransfer), StateAssigned}, {lost, StateUnassigned}, {resolve("eve"), StateClosed},
	} {
		x = at(t, x, ticketly, time.Duration(n+1)*minute, s.rule)
		require.Equal(t, s.want, x.State(), "step %d", n)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	x := after(arrive(ClassMessage, chatty), chatty, resolve("ann"))
	_, _, err := x.Write(2, "ann", noon, chatty)
	require.ErrorIs(t, err, ErrConflict)
	require.EqualError(t, err, "a ticket that is closed cannot be replied to")
	x = at(t, arrive(ClassMessage, chatty), chatty, minute, assign("ann", ByClaim))
	_, _, err = x.Assign(TicketAssigned{On: On{At: noon}, To: "bob", By: "bob", Reason: ByClaim}, chatty)
	require.ErrorIs(t, err, ErrConflict)
	require.ErrorAs(t, err, new(TakenError))
}

func TestPolicies(t *testing.T) {
	require.Equal(t, PresetTicket(), Policy{}.WithDefaults())
	for name, p := range map[string]Policy{"ticket": ticketly, "conversation": chatty, "timed": timed, "zero": {}} {
		require.NoError(t, p.Check(), name)
		require.Equal(t, p.WithDefaults(), p.WithDefaults().WithDefaults(), name)
	}
	require.Equal(t, Policy{
		ResolvedHold: Off, PendingHold: Off, InactivityAfter: 24 * hour, LeaseAfter: Off, AbandonAfter: Off, Grace: 30 * time.Second,
		GratitudeFor: 24 * hour, Reopen: ReopenLinked, ReopenTo: ReopenRequeue, NewVisible: true, ReplyClaims: true, CapacityStatuses: []Status{StatusOpen},
	}, chatty, "the preset is what the product promises")
	for name, p := range map[string]Policy{
		"too short": {PendingHold: time.Millisecond}, "too long": {ResolvedHold: 91 * 24 * hour}, "mode": {Reopen: "x"},
		"assignee": {ReopenTo: "x"}, "closed counts": {CapacityStatuses: []Status{StatusClosed}},
	} {
		require.ErrorIs(t, p.Check(), ErrInvalid, name)
	}
}

func TestWhoGetsAReopenedTicket(t *testing.T) {
	requeue := Policy{ReopenTo: ReopenRequeue}.WithDefaults()
	resolved := after(arrive(ClassMessage, requeue), requeue, assign("ann", ByClaim), resolve("ann"))
	require.EqualValues(t, "ann", at(t, resolved, ticketly, hour, message).Assignee)
	x := at(t, resolved, requeue, hour, message)
	require.True(t, x.Waiting(), "although the agent is available")
	require.EqualValues(t, "ann", x.Last)
	pending := after(arrive(ClassMessage, requeue), requeue, assign("ann", ByClaim), set(StatusPending))
	require.EqualValues(t, "ann", at(t, pending, requeue, 30*minute, message).Assignee, "it is not finished: who is there keeps it")
}

func TestThanksBelongToAClosedTicketForADay(t *testing.T) {
	closed := after(arrive(ClassMessage, chatty), chatty, assign("ann", ByClaim), resolve("ann")) // 2 minutes after noon
	end := 24*hour + 2*minute
	x := at(t, closed, chatty, end-time.Microsecond, inbound(ClassGratitude, true, 0))
	require.Equal(t, StatusClosed, x.Status)
	require.Zero(t, x.WaitingFrom)
	_, _, follow, err := closed.Receive(Arrival{N: 9, Class: ClassGratitude, At: noon.Add(end)}, chatty)
	require.NoError(t, err)
	require.True(t, follow)
}
