package desk

import (
	"fmt"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A TransitionError says that a ticket's status forbids what was asked. It is of
// kind [ErrConflict].
type TransitionError struct {
	From  Status
	Event string // such as "resolved"
}

func (e TransitionError) Error() string {
	return fmt.Sprintf("a ticket that is %s cannot be %s", spoken[e.From], e.Event)
}

// Unwrap returns [ErrConflict].
func (e TransitionError) Unwrap() error { return ErrConflict }

// spoken are the statuses as words of a sentence.
var spoken = map[Status]string{
	StatusNew: "new", StatusOpen: "open", StatusPending: "pending", StatusOnHold: "on hold",
	StatusResolved: "resolved", StatusClosed: "closed",
}

func (t Ticket) refuse(event string) (Ticket, []TicketEvent, error) {
	return t, nil, TransitionError{t.Status, event}
}

// TakenError says that a ticket has an assignee already. It is of kind
// [ErrConflict].
type TakenError struct{ By account.UserID }

func (TakenError) Error() string { return "somebody else has taken this conversation" }

// Unwrap returns [ErrConflict].
func (TakenError) Unwrap() error { return ErrConflict }

// An Arrival is a message of the customer as a ticket's rules need it.
type Arrival struct {
	N         int       // of its entry
	Class     Class     //
	At        time.Time // when we received it
	Available bool      // whether the assignee can take work
}

// Begin opens a ticket with a customer's first message. One of a blocked contact
// is closed at once, silently.
func Begin(o TicketOpened, m Arrival, p Policy) (Ticket, []TicketEvent, error) {
	events := []TicketEvent{o, MessageReceived{On: o.On, N: m.N, Class: m.Class}}
	if m.Class == ClassBlocked {
		events = append(events, TicketClosed{On: o.On, From: StatusNew, Reason: CloseBlocked})
	}
	return Ticket{}.then(p, events...)
}

// Start opens a ticket that an agent begins: it is the agent's.
func Start(o TicketOpened, name string, p Policy) (Ticket, []TicketEvent, error) {
	return Ticket{}.then(p, o, TicketAssigned{On: o.On, To: o.By, ToName: name, By: o.By, ByName: name, Reason: ByStart})
}

// Receive takes in a message of the customer. If the matter is over, follow is
// true: the message belongs to a new ticket after this one, which has been closed
// if it was not, and nothing of the message is in it.
func (t Ticket) Receive(m Arrival, p Policy) (next Ticket, events []TicketEvent, follow bool, err error) {
	p = p.WithDefaults()
	on := t.onArrival(m)
	arrived := MessageReceived{On: t.on(m.At), N: m.N, Class: m.Class}
	keep := func(more ...TicketEvent) (Ticket, []TicketEvent, bool, error) {
		next, events, err := t.then(p, append([]TicketEvent{arrived}, more...)...)
		return next, events, false, err
	}
	switch {
	case m.Class == ClassDuplicate:
		return t, nil, false, nil
	case m.Class == ClassMachine, m.Class == ClassBlocked:
		return keep()
	case t.Status == StatusResolved:
		switch {
		case m.Class == ClassGratitude:
			return keep()
		case p.Reopen == ReopenSame && t.raced(m.At, p): // as if it had closed in time
			return keep(t.reopening(m, p)...)
		}
		next, events, err := t.then(p, TicketClosed{On: on, From: t.Status, Reason: CloseSuperseded})
		return next, events, true, err
	case t.Status == StatusClosed:
		switch {
		case m.Class == ClassGratitude && m.At.Before(t.StatusAt.Add(p.GratitudeFor)):
			return keep()
		case p.Reopen == ReopenSame && t.raced(m.At, p):
			return keep(t.reopening(m, p)...)
		}
		return t, nil, true, nil
	case m.Class == ClassGratitude && p.GratitudeCloses && t.WaitingFrom.IsZero() &&
		(t.Status == StatusOpen || t.Status == StatusPending):
		return keep(t.resolving(TicketResolved{On: on, Reason: CloseCustomer}, p)...)
	case t.Status == StatusPending, t.Status == StatusOnHold && !p.HoldThrough:
		return keep(t.waking(m, p)...)
	}
	return keep()
}

// hold returns how long resolved tickets can be reopened.
func (p Policy) hold() time.Duration { return max(p.ResolvedHold, 0) }

// raced reports whether a message to a finished ticket came before it could no
// longer be reopened, or so shortly after that its sender cannot have known.
func (t Ticket) raced(at time.Time, p Policy) bool {
	switch c := t.Cycle(); {
	case t.Reason == CloseSpam, t.Reason == CloseMerged, t.Reason == CloseBlocked, t.Reason == CloseErased:
		return false
	case t.Reason == CloseNoReply, t.Reason == CloseAbandoned:
		return at.Before(t.StatusAt.Add(p.Grace))
	default:
		return at.Before(c.ResolvedAt.Add(p.hold() + p.Grace))
	}
}

// reopening is what a customer's message does to a finished ticket.
func (t Ticket) reopening(m Arrival, p Policy) []TicketEvent {
	events := []TicketEvent{TicketReopened{On: t.onArrival(m), Cycle: len(t.Cycles) + 1, From: t.Status}}
	return append(events, t.returning(m, p)...)
}

// waking is what a customer's message does to a ticket that waits.
func (t Ticket) waking(m Arrival, p Policy) []TicketEvent {
	events := []TicketEvent{TicketMoved{On: t.onArrival(m), Status: StatusOpen, From: t.Status}}
	if m.Available || t.Assignee == "" {
		return events
	}
	return append(events, t.returning(m, p)...)
}

// returning sends a ticket to its queue if its assignee is not to have it back.
func (t Ticket) returning(m Arrival, p Policy) []TicketEvent {
	if t.Assignee == "" || p.ReopenTo == ReopenKeep && m.Available {
		return nil
	}
	return []TicketEvent{TicketQueued{On: t.onArrival(m), Queue: t.Queue, Agent: t.Assignee, Reason: ByReopen}}
}

// Assign gives the ticket to an agent. Routing and claims are refused with a
// [TakenError] if somebody has it.
func (t Ticket) Assign(a TicketAssigned, p Policy) (Ticket, []TicketEvent, error) {
	a.On, a.From = t.on(a.At), t.Assignee
	switch {
	case t.Status.Finished():
		return t.refuse("assigned")
	case a.To == t.Assignee && t.Status == StatusOpen:
		return t, nil, nil
	case (a.Reason == ByRouting || a.Reason == ByClaim || a.Reason == ByReply) && t.Assignee != "" && t.Assignee != a.To:
		return t, nil, TakenError{t.Assignee}
	case (a.Reason == ByRouting || a.Reason == ByClaim || a.Reason == ByReply) && !t.Waiting():
		return t.refuse("assigned")
	}
	return t.then(p, a)
}

// Enqueue has the ticket wait for an agent: a transfer to a queue, or the agent
// who had it is gone. It keeps its place.
func (t Ticket) Enqueue(q TicketQueued, p Policy) (Ticket, []TicketEvent, error) {
	q.On, q.Agent = t.on(q.At), t.Assignee
	if q.Queue == "" {
		q.Queue = t.Queue
	}
	if q.Queue != t.Queue {
		q.From = t.Queue
	}
	switch {
	case t.Status.Finished():
		return t.refuse("moved to a queue")
	case q.Reason == ByOverflow && !t.Waiting(): // somebody was faster
		return t.refuse("moved to a queue")
	case (q.Reason == ByLost || q.Reason == ByLease) && (t.Status != StatusOpen || t.Assignee == ""):
		return t.refuse("taken from its agent")
	case t.Waiting() && q.Queue == t.Queue:
		return t, nil, nil
	}
	return t.then(p, q)
}

// Write begins a message of ours. It counts when [Ticket.Accept] says that the
// channel has it.
func (t Ticket) Write(n int, by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	switch {
	case t.Status == StatusClosed:
		return t.refuse("replied to")
	case t.Status == StatusNew: // the reply has to claim it first, where the policy lets it
		return t.refuse("replied to")
	}
	return t.then(p, ReplyWritten{On: t.on(at), N: n, By: by})
}

// Accept says that the channel accepted a message of ours: that answers the
// customer, also if the ticket was resolved before the channel had it. On hold
// becomes open.
func (t Ticket) Accept(n int, by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	e := ReplyAccepted{On: t.on(at), N: n, By: by}
	c := t.Cycle()
	e.First = c.FirstReplyAt.IsZero() && !c.AskedAt.IsZero()
	switch {
	case !t.WaitingFrom.IsZero():
		e.Waited = max(0, at.Sub(t.WaitingFrom))
	case e.First:
		e.Waited = max(0, at.Sub(c.AskedAt))
	}
	events := []TicketEvent{e}
	if t.Status == StatusOnHold {
		events = append(events, TicketMoved{On: e.On, Status: StatusOpen, From: t.Status, By: by})
	}
	return t.then(p, events...)
}

// Moved records how a message of ours got on.
func (t Ticket) Moved(n int, d Delivery, problem string, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	return t.then(p, ReplyMoved{On: t.on(at), N: n, Delivery: d, Problem: problem})
}

// Remark adds a note for colleagues. It moves nothing.
func (t Ticket) Remark(n int, by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	if t.Reason == CloseErased {
		return t.refuse("noted")
	}
	return t.then(p, NoteAdded{On: t.on(at), N: n, By: by})
}

// Read says that the assignee looked. Of anybody else it changes nothing.
func (t Ticket) Read(by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	if by != t.Assignee || by == "" || t.Unread == 0 && !t.ReadAt.IsZero() && !t.ReadAt.Before(t.CustomerAt) {
		return t, nil, nil
	}
	return t.then(p, TicketRead{On: t.on(at), By: by})
}

// Move sets the status open, pending or on hold.
func (t Ticket) Move(m TicketMoved, p Policy) (Ticket, []TicketEvent, error) {
	m.On, m.From = t.on(m.At), t.Status
	switch {
	case t.Status == m.Status:
		return t, nil, nil
	case m.Status != StatusOpen && m.Status != StatusPending && m.Status != StatusOnHold,
		t.Status == StatusNew, t.Status.Finished():
		return t.refuse("set to " + spoken[m.Status])
	}
	return t.then(p, m)
}

// Resolve says that the matter is answered. A ticket of nobody becomes the
// actor's. Where the policy has no holding time it closes at once.
func (t Ticket) Resolve(r TicketResolved, p Policy) (Ticket, []TicketEvent, error) {
	r.On = t.on(r.At)
	switch {
	case t.Status == StatusResolved:
		return t, nil, nil
	case t.Status == StatusClosed:
		return t.refuse("resolved")
	}
	var events []TicketEvent
	if t.Assignee == "" && r.By != "" {
		events = append(events, TicketAssigned{On: r.On, To: r.By, ToName: r.ByName, By: r.By, ByName: r.ByName, Reason: ByResolve})
	}
	return t.then(p, append(events, t.resolving(r, p)...)...)
}

func (t Ticket) resolving(r TicketResolved, p Policy) []TicketEvent {
	if r.Reason == "" {
		r.Reason = CloseAgent
	}
	events := []TicketEvent{r}
	if p.WithDefaults().ResolvedHold == Off {
		events = append(events, TicketClosed{On: r.On, From: StatusResolved, By: r.By, ByName: r.ByName, Reason: CloseHeld})
	}
	return events
}

// Reopen takes a resolved ticket up again, by an agent.
func (t Ticket) Reopen(by account.UserID, name string, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	switch t.Status {
	case StatusOpen:
		return t, nil, nil
	case StatusResolved:
		return t.then(p, TicketReopened{On: t.on(at), Cycle: len(t.Cycles) + 1, From: t.Status, By: by, ByName: name})
	default:
		return t.refuse("reopened")
	}
}

// Close ends a live ticket for a reason that is not an answer: spam, or merged
// into another.
func (t Ticket) Close(c TicketClosed, p Policy) (Ticket, []TicketEvent, error) {
	c.On, c.From = t.on(c.At), t.Status
	if t.Status.Finished() {
		return t.refuse("closed as " + string(c.Reason))
	}
	return t.then(p, c)
}

// Abandon ends a ticket whose customer left before anybody replied.
func (t Ticket) Abandon(at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	if !t.Waiting() || t.replied() {
		return t.refuse("abandoned")
	}
	return t.then(p, TicketClosed{On: t.on(at), From: t.Status, Reason: CloseAbandoned})
}

// Erase says that the content of a closed ticket is gone.
func (t Ticket) Erase(by account.UserID, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	switch {
	case t.Status != StatusClosed:
		return t.refuse("erased")
	case t.Reason == CloseErased:
		return t, nil, nil
	}
	return t.then(p, TicketClosed{On: t.on(at), From: t.Status, By: by, Reason: CloseErased})
}

// Mark sets the tags and labels. It moves nothing.
func (t Ticket) Mark(m TicketMarked, p Policy) (Ticket, []TicketEvent, error) {
	m.On = t.on(m.At)
	return t.then(p, m)
}

// Fire carries out a timer that has run out. One that is not of this epoch, or
// not due, does nothing.
func (t Ticket) Fire(f Timer, at time.Time, p Policy) (Ticket, []TicketEvent, error) {
	set, ok := t.Timer(f.Kind)
	if !ok || set.Epoch != f.Epoch || at.Before(set.DueAt) {
		return t, nil, nil
	}
	on := t.on(at)
	switch f.Kind {
	case TimerResolved:
		return t.then(p, TicketClosed{On: on, From: t.Status, Reason: CloseHeld})
	case TimerPending:
		return t.then(p, TicketClosed{On: on, From: t.Status, Reason: CloseNoReply})
	case TimerInactivity:
		return t.then(p, t.resolving(TicketResolved{On: on, Reason: CloseInactivity}, p)...)
	case TimerLease:
		return t.Enqueue(TicketQueued{On: on, Reason: ByLease}, p)
	case TimerAbandon:
		return t.Abandon(at, p)
	default:
		return t, nil, nil
	}
}

// onArrival names the ticket in what a message leads to. One that was received
// before the ticket got where it is, and comes now, leads to nothing before that.
func (t Ticket) onArrival(m Arrival) On { return t.on(later(m.At, t.StatusAt)) }

// on names the ticket in an event.
func (t Ticket) on(at time.Time) On { return On{Ticket: t.ID, Thread: t.Thread, At: at} }
