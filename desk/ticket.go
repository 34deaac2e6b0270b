package desk

import (
	"slices"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// Status is where a ticket stands. Who has it is another matter: an open ticket
// may be without an assignee, on its way to the next one.
type Status string

// The statuses of a ticket.
const (
	StatusNew      Status = "new"      // nobody has had it yet
	StatusOpen     Status = "open"     // somebody has, or had it
	StatusPending  Status = "pending"  // waits for the customer
	StatusOnHold   Status = "on_hold"  // waits for something internal
	StatusResolved Status = "resolved" // answered; a reply within the holding time opens it again
	StatusClosed   Status = "closed"   // over
)

// Statuses returns every status, in the order of a ticket's life.
func Statuses() []Status {
	return []Status{StatusNew, StatusOpen, StatusPending, StatusOnHold, StatusResolved, StatusClosed}
}

// Finished reports whether tickets of this status ask nothing of anybody.
func (s Status) Finished() bool { return s == StatusResolved || s == StatusClosed }

// State is how a conversation looks to the people who work on it. It is
// computed from the ticket, never stored: see [Ticket.State].
type State string

// The states of a conversation.
const (
	StateUnassigned State = "unassigned"
	StateAssigned   State = "assigned"  // and not looked at since the customer last wrote
	StateRead       State = "read"      // by the assignee
	StateResponded  State = "responded" // the last word is ours
	StateClosed     State = "closed"    // resolved or closed
)

// A Thread is the key under which messages of one customer find their ticket:
// one conversation on one line. At most one ticket of a thread is live.
type Thread string

// A CloseReason says why a ticket is closed, or was resolved. It is more exact
// than the status.
type CloseReason string

// The reasons for which tickets end.
const (
	CloseAgent      CloseReason = "agent"      // resolved by an agent
	CloseInactivity CloseReason = "inactivity" // resolved: the customer wrote nothing more
	CloseCustomer   CloseReason = "customer"   // resolved: the customer said thanks
	CloseHeld       CloseReason = "held"       // closed: the holding time after resolving is over
	CloseNoReply    CloseReason = "no_reply"   // closed: pending, and the customer did not reply
	CloseSuperseded CloseReason = "superseded" // closed: the customer began another matter
	CloseSpam       CloseReason = "spam"
	CloseMerged     CloseReason = "merged"
	CloseBlocked    CloseReason = "blocked"   // the contact is
	CloseAbandoned  CloseReason = "abandoned" // the customer left before anybody replied
	CloseErased     CloseReason = "erased"    // its content is gone
)

// A Ticket is one matter of one customer, from the first message to closing.
// Its rules are methods that return the next value and the events that led to
// it; they need no store and no clock.
type Ticket struct {
	ID      TicketID
	Number  int // within the account, from 1
	Contact ContactID
	Line    LineID
	Channel Kind
	Thread  Thread
	Queue   QueueID
	Subject string // of an e-mail; "" on chat channels

	Status   Status
	Assignee account.UserID // "" while nobody has it
	Reason   CloseReason    // of a resolved or closed ticket
	Prev     TicketID       // the closed ticket that this one follows
	MergedTo TicketID       // the ticket that has its replies now
	Last     account.UserID // the last assignee, as a hint to routing

	Cycles []Cycle // one more with every reopening; never empty

	CreatedAt   time.Time
	UpdatedAt   time.Time // last time anything happened
	StatusAt    time.Time // when the status was entered
	QueuedAt    time.Time // when the first wait of the present cycle began: the ticket's place in routing
	VisitAt     time.Time // when the present wait began; zero while assigned or finished
	AssignedAt  time.Time // to the present assignee
	WaitingFrom time.Time // earliest customer message that nobody has answered; zero if there is none
	CustomerAt  time.Time // last customer message
	ReplyAt     time.Time // last public reply that the channel accepted
	ReadAt      time.Time // last time the assignee looked
	ReplyDue    bool      // a reply has been written that the channel has not accepted yet

	Unread      int // customer messages since the assignee looked
	Entries     int // in the history so far
	Transfers   int // by people; requeueing is none
	Units       int // of an agent's capacity that it takes while it counts; 1
	Disposition string
	Tags        []string
	Labels      []LabelID

	Timers []Timer // what runs out, if nothing happens before
	Epochs int     // of timers so far
	Merges []TicketID

	Version int // one more with every change
}

// A Cycle is the time from opening, or reopening, to resolving.
type Cycle struct {
	OpenedAt     time.Time      `json:"opened_at"`
	AskedAt      time.Time      `json:"asked_at,omitzero"` // first customer message: what the first reply answers
	FirstReplyAt time.Time      `json:"first_reply_at,omitzero"`
	FirstReplyBy account.UserID `json:"first_reply_by,omitempty"` // the author, not the assignee
	ResolvedAt   time.Time      `json:"resolved_at,omitzero"`
	ResolvedBy   account.UserID `json:"resolved_by,omitempty"`
	Reason       CloseReason    `json:"reason,omitempty"`
}

// A TimerKind says what happens when a timer runs out.
type TimerKind string

// The timers of tickets.
const (
	TimerResolved   TimerKind = "resolved"   // a resolved ticket closes
	TimerPending    TimerKind = "pending"    // a pending ticket closes
	TimerInactivity TimerKind = "inactivity" // an answered open ticket is resolved
	TimerLease      TimerKind = "lease"      // the assignee has not replied: back to the queue
	TimerAbandon    TimerKind = "abandon"    // nobody replied in time: closed as abandoned
)

// A Timer is a deadline of a ticket. A timer that has been set again has another
// epoch: what fires with an old one does nothing.
type Timer struct {
	Kind  TimerKind `json:"kind"`
	DueAt time.Time `json:"due_at"`
	Epoch int       `json:"epoch"`
}

// Cycle returns the present cycle.
func (t Ticket) Cycle() Cycle {
	if len(t.Cycles) == 0 {
		return Cycle{}
	}
	return t.Cycles[len(t.Cycles)-1]
}

// replied reports whether somebody has replied in the present cycle.
func (t Ticket) replied() bool {
	c := t.Cycle()
	return !c.FirstReplyAt.IsZero() || !t.ReplyAt.IsZero() && !t.ReplyAt.Before(c.OpenedAt)
}

// State returns how the conversation looks.
func (t Ticket) State() State {
	switch {
	case t.Status.Finished():
		return StateClosed
	case t.Assignee == "":
		return StateUnassigned
	case !t.ReplyAt.IsZero() && !t.ReplyAt.Before(t.CustomerAt):
		return StateResponded
	case !t.ReadAt.IsZero() && !t.ReadAt.Before(t.CustomerAt):
		return StateRead
	default:
		return StateAssigned
	}
}

// Waiting reports whether routing has to find somebody for the ticket.
func (t Ticket) Waiting() bool {
	return t.Assignee == "" && (t.Status == StatusNew || t.Status == StatusOpen)
}

// Counts reports whether the ticket takes a part of its assignee's capacity.
func (t Ticket) Counts(p Policy) bool {
	return t.Assignee != "" && slices.Contains(p.WithDefaults().CapacityStatuses, t.Status)
}

// Timer returns the timer of that kind.
func (t Ticket) Timer(kind TimerKind) (Timer, bool) {
	for _, x := range t.Timers {
		if x.Kind == kind {
			return x, true
		}
	}
	return Timer{}, false
}
