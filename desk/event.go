package desk

import (
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/routing"
)

// An Event is a fact: something that has happened to the desk. Kind is its name
// in the feed and never changes, nor does the meaning of its fields.
type Event interface{ Kind() string }

// A TicketEvent happened to one ticket. The events of a ticket, in order,
// rebuild it: see [Replay].
type TicketEvent interface {
	Event
	apply(t Ticket) Ticket
	when() time.Time
}

// An On names the ticket that an event happened to.
type On struct {
	Ticket TicketID  `json:"ticket"`
	Thread Thread    `json:"thread"`
	At     time.Time `json:"at"`
}

// A Reason says why a ticket came to somebody, or left.
type Reason string

// The reasons for assignments and what undoes them.
const (
	ByRouting    Reason = "routing"    // the engine chose: Why says on what grounds
	ByClaim      Reason = "claim"      // the agent took it
	ByReply      Reason = "reply"      // the agent replied to it
	BySupervisor Reason = "supervisor" // somebody else gave it to the agent
	ByTransfer   Reason = "transfer"   // the one before handed it over
	ByStart      Reason = "start"      // the agent began the conversation
	ByResolve    Reason = "resolve"    // who resolves a ticket of nobody owns it
	ByLost       Reason = "lost"       // the agent is gone
	ByLease      Reason = "lease"      // the agent did not reply in time
	ByReopen     Reason = "reopen"     // reopened while the agent is not available
	ByOverflow   Reason = "overflow"   // waited too long
)

// The events of a ticket.
type (
	// TicketOpened begins a ticket.
	TicketOpened struct {
		On
		Number  int            `json:"number"`
		Contact ContactID      `json:"contact"`
		Line    LineID         `json:"line"`
		Channel Kind           `json:"channel"`
		Queue   QueueID        `json:"queue"`
		Subject string         `json:"subject,omitempty"`
		Prev    TicketID       `json:"prev,omitempty"`
		Last    account.UserID `json:"last,omitempty"` // the assignee of Prev
		Units   int            `json:"units"`
		By      account.UserID `json:"by,omitempty"` // the agent who began it
	}
	// MessageReceived says that the customer wrote.
	MessageReceived struct {
		On
		N     int   `json:"n"`
		Class Class `json:"class"`
	}
	// ReplyWritten says that we wrote to the customer; the channel has not
	// accepted it yet.
	ReplyWritten struct {
		On
		N  int            `json:"n"`
		By account.UserID `json:"by"`
	}
	// ReplyAccepted says that the channel accepted a message of ours. At is when.
	ReplyAccepted struct {
		On
		N      int            `json:"n"`
		By     account.UserID `json:"by"`
		Waited time.Duration  `json:"waited,omitempty"` // since the earliest unanswered message; nanoseconds
		First  bool           `json:"first,omitempty"`  // of the cycle
	}
	// ReplyMoved says that a message of ours came further, or failed to.
	ReplyMoved struct {
		On
		N        int      `json:"n"`
		Delivery Delivery `json:"delivery"`
		Problem  string   `json:"problem,omitempty"`
	}
	// NoteAdded says that somebody wrote a note for colleagues.
	NoteAdded struct {
		On
		N  int            `json:"n"`
		By account.UserID `json:"by"`
	}
	// TicketRead says that the assignee looked at the ticket.
	TicketRead struct {
		On
		By account.UserID `json:"by"`
	}
	// TicketAssigned gives the ticket to an agent.
	TicketAssigned struct {
		On
		To       account.UserID `json:"to"`
		ToName   string         `json:"to_name"`
		From     account.UserID `json:"from,omitempty"`
		By       account.UserID `json:"by,omitempty"` // "" for routing
		ByName   string         `json:"by_name,omitempty"`
		Reason   Reason         `json:"reason"`
		Note     string         `json:"note,omitempty"`
		Override bool           `json:"override,omitempty"` // beyond capacity or status, by who may
		Why      *routing.Why   `json:"why,omitempty"`
	}
	// TicketQueued has the ticket wait for an agent, in its queue or another.
	TicketQueued struct {
		On
		Queue  QueueID        `json:"queue"`
		From   QueueID        `json:"from,omitempty"`  // if another
		Agent  account.UserID `json:"agent,omitempty"` // who had it
		By     account.UserID `json:"by,omitempty"`
		ByName string         `json:"by_name,omitempty"`
		Reason Reason         `json:"reason"`
		Note   string         `json:"note,omitempty"`
	}
	// TicketMoved gives the ticket another status that is neither resolved nor closed.
	TicketMoved struct {
		On
		Status Status         `json:"status"`
		From   Status         `json:"from"`
		By     account.UserID `json:"by,omitempty"` // "" for the customer or a timer
		ByName string         `json:"by_name,omitempty"`
	}
	// TicketReopened begins the next cycle.
	TicketReopened struct {
		On
		Cycle  int            `json:"cycle"`
		From   Status         `json:"from"`
		By     account.UserID `json:"by,omitempty"` // "" for the customer
		ByName string         `json:"by_name,omitempty"`
	}
	// TicketResolved says that the matter is answered.
	TicketResolved struct {
		On
		By          account.UserID `json:"by,omitempty"`
		ByName      string         `json:"by_name,omitempty"`
		Reason      CloseReason    `json:"reason"`
		Disposition string         `json:"disposition,omitempty"`
		Note        string         `json:"note,omitempty"`
	}
	// TicketClosed says that the ticket is over.
	TicketClosed struct {
		On
		From   Status         `json:"from"`
		By     account.UserID `json:"by,omitempty"`
		ByName string         `json:"by_name,omitempty"`
		Reason CloseReason    `json:"reason"`
		Into   TicketID       `json:"into,omitempty"` // of a merged one
	}
	// TicketMarked says what tags and labels the ticket has now.
	TicketMarked struct {
		On
		Tags   []string       `json:"tags"`
		Labels []LabelID      `json:"labels"`
		By     account.UserID `json:"by,omitempty"`
	}
)

func (TicketOpened) Kind() string    { return "desk.ticket_opened" }
func (MessageReceived) Kind() string { return "desk.message_received" }
func (ReplyWritten) Kind() string    { return "desk.reply_written" }
func (ReplyAccepted) Kind() string   { return "desk.reply_accepted" }
func (ReplyMoved) Kind() string      { return "desk.reply_moved" }
func (NoteAdded) Kind() string       { return "desk.note_added" }
func (TicketRead) Kind() string      { return "desk.ticket_read" }
func (TicketAssigned) Kind() string  { return "desk.ticket_assigned" }
func (TicketQueued) Kind() string    { return "desk.ticket_queued" }
func (TicketMoved) Kind() string     { return "desk.ticket_moved" }
func (TicketReopened) Kind() string  { return "desk.ticket_reopened" }
func (TicketResolved) Kind() string  { return "desk.ticket_resolved" }
func (TicketClosed) Kind() string    { return "desk.ticket_closed" }
func (TicketMarked) Kind() string    { return "desk.ticket_marked" }

// Events that are not of one ticket.
type (
	// SetupChanged says that the desk is arranged otherwise.
	SetupChanged struct {
		By   account.UserID `json:"by,omitempty"`
		What string         `json:"what"` // such as "queue Billing"
		Deed string         `json:"deed"` // added, changed or deleted
		At   time.Time      `json:"at"`
	}
	// AgentChanged says that an agent's description, presence or load is another.
	AgentChanged struct {
		Agent account.UserID `json:"agent"`
		At    time.Time      `json:"at"`
	}
	// QueueChanged says that what waits in a queue that agents take tickets from
	// is other than before.
	QueueChanged struct {
		Queue QueueID   `json:"queue"`
		At    time.Time `json:"at"`
	}
	// ContactChanged says that a contact, or a note about one, was made or changed.
	ContactChanged struct {
		Contact ContactID      `json:"contact"`
		By      account.UserID `json:"by,omitempty"`
		Deed    string         `json:"deed"` // added, changed, noted, merged, unmerged, blocked or unblocked
		Other   ContactID      `json:"other,omitempty"`
		At      time.Time      `json:"at"`
	}
)

func (SetupChanged) Kind() string   { return "desk.setup_changed" }
func (AgentChanged) Kind() string   { return "desk.agent_changed" }
func (QueueChanged) Kind() string   { return "desk.queue_changed" }
func (ContactChanged) Kind() string { return "desk.contact_changed" }
