package desk

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
)

// A Store keeps the desk. Package desktest says what every store must do.
type Store interface {
	// View runs fn on a consistent reading of one account.
	View(ctx context.Context, acct account.ID, fn func(Reader) error) error

	// Update runs fn in one transaction and may run it again after a conflict, so
	// fn touches nothing but tx. Events put by fn become visible only after the
	// commit. If fn fails nothing is kept.
	Update(ctx context.Context, acct account.ID, fn func(Tx) error) error

	Directory
}

// A Directory finds what has to be done, in whatever account.
type Directory interface {
	// LineByKey finds a line by its public key, and its account. It fails with
	// ErrNotFound if there is none.
	LineByKey(ctx context.Context, key string) (account.ID, Line, error)

	// Due returns up to limit timers that have run out, the longest due first.
	Due(ctx context.Context, now time.Time, limit int) ([]DueTimer, error)

	// AgentsDue returns up to limit agents whose presence has a timer that has run
	// out.
	AgentsDue(ctx context.Context, now time.Time, limit int) ([]AgentRef, error)

	// Queued returns up to limit messages that are to be handed over and were
	// written before the time, the oldest first.
	Queued(ctx context.Context, before time.Time, limit int) ([]EntryRef, error)

	// Desks lists up to limit accounts that have a desk after that one, by ID.
	Desks(ctx context.Context, after account.ID, limit int) ([]account.ID, error)
}

// A DueTimer is a timer that has run out.
type DueTimer struct {
	Account account.ID
	Ticket  TicketID
	Timer   Timer
}

// An AgentRef names an agent and the account.
type AgentRef struct {
	Account account.ID
	User    account.UserID
}

// An EntryRef names an entry and the account of its ticket.
type EntryRef struct {
	Account account.ID
	Ticket  TicketID
	N       int
}

// A Reader reads one account's desk. What names a single thing fails with
// ErrNotFound if the account has no such thing.
type Reader interface {
	Setup(ctx context.Context) (Setup, error) // the zero Setup if there never was one

	TicketReader
	EntryReader
	ContactReader
	AgentReader
}

// A TicketReader reads tickets.
type TicketReader interface {
	Ticket(ctx context.Context, id TicketID) (Ticket, error)
	LiveTicket(ctx context.Context, thread Thread) (Ticket, error) // that is not closed
	LastTicket(ctx context.Context, thread Thread) (Ticket, error) // the one opened last
	Tickets(ctx context.Context, q Query) ([]Ticket, error)        // most recently updated first
	Tally(ctx context.Context, q Query) (Tally, error)             // ignores q.Before and q.Limit
	Figures(ctx context.Context, q FiguresQuery) ([]Figure, error) // by time
}

// An EntryReader reads histories.
type EntryReader interface {
	// Entries returns entries of a ticket with N > after, and < before unless that
	// is 0; the oldest first. With a limit and no after it returns the last ones.
	Entries(ctx context.Context, ticket TicketID, after, before, limit int) ([]Entry, error)
	EntryByOp(ctx context.Context, ticket TicketID, from Side, op string) (Entry, error)
	EntryByProvider(ctx context.Context, line LineID, provider string) (Entry, error)
	// ThreadMessages returns up to limit messages of all tickets of a thread that
	// come after that entry, or the last ones if it is ""; the oldest first.
	ThreadMessages(ctx context.Context, thread Thread, after EntryID, limit int) ([]Entry, error)
	LastMessages(ctx context.Context, tickets []TicketID) (map[TicketID]Entry, error) // for lists
	File(ctx context.Context, id FileID) (StoredFile, error)
}

// A ContactReader reads contacts.
type ContactReader interface {
	Contact(ctx context.Context, id ContactID) (Contact, error)
	ContactsByID(ctx context.Context, ids []ContactID) (map[ContactID]Contact, error)
	ContactByIdentity(ctx context.Context, i Identity) (Contact, error)
	ContactBy(ctx context.Context, phone, email string) ([]Contact, error) // that have either
	Contacts(ctx context.Context, q ContactQuery) ([]Contact, error)
	Members(ctx context.Context, primary ContactID) ([]Contact, error)             // merged into it
	ContactNotes(ctx context.Context, contacts []ContactID) ([]ContactNote, error) // newest first
}

// An AgentReader reads agents.
type AgentReader interface {
	Agent(ctx context.Context, user account.UserID) (Agent, error)
	Agents(ctx context.Context) ([]Agent, error) // by name
	// Intervals returns what overlaps the time, of one agent or all, oldest first.
	Intervals(ctx context.Context, user account.UserID, from, to time.Time) ([]AgentInterval, error)
}

// An AgentInterval is a time that an agent spent in one status.
type AgentInterval struct {
	User account.UserID
	presence.Interval
}

// A Tx reads and writes one account's desk.
//
// PutSetup, PutTicket, PutContact and PutAgent keep the value and the events
// that made it. They fail with ErrConflict unless its Version is one more than
// the stored version (1 for a new one).
type Tx interface {
	Reader

	PutSetup(ctx context.Context, s Setup, events ...Event) error

	// PutTicket also fails with ErrConflict if the number is another ticket's, or
	// the ticket is not closed and another ticket of the thread is not either. It
	// replaces the due rows of the ticket by t.Timers.
	PutTicket(ctx context.Context, t Ticket, events ...Event) error
	NextNumber(ctx context.Context) (int, error) // of tickets, from 1

	// PutEntry adds an entry, or replaces the one with that N. It fails with
	// ErrConflict if another entry of the ticket has its Op and From, or another of
	// the line its Provider.
	PutEntry(ctx context.Context, e Entry) error
	PutFile(ctx context.Context, f StoredFile) error // adds or replaces

	// PutContact also fails with ErrConflict if an identity is another contact's.
	PutContact(ctx context.Context, c Contact, events ...Event) error
	PutContactNote(ctx context.Context, n ContactNote) error

	PutAgent(ctx context.Context, a Agent, events ...Event) error
	PutIntervals(ctx context.Context, user account.UserID, intervals ...presence.Interval) error

	// Note keeps events that change nothing that is stored.
	Note(ctx context.Context, about string, owner account.UserID, events ...Event) error
}

// A Query selects tickets. Zero fields select all; what is set has to hold
// together. Text is what a person typed: the store finds tickets by words in
// their messages, parts of the contact's name, phone and e-mail, and the number.
type Query struct {
	Scope    Scope // who asks: applied before Limit
	Text     string
	Status   []Status
	Channel  []Kind
	Queue    []QueueID
	Assignee []account.UserID // "" for nobody
	Tag      string
	Label    LabelID
	Contact  []ContactID
	Spam     bool // closed as spam alone; otherwise those are left out
	Updated  Span
	Created  Span
	People   bool     // Text is looked for in names and phone numbers alone
	Before   TicketID // the last of the page before
	Limit    int      // 1 to 200
}

// A Span is a time from From until before To. Zero ends are open.
type Span struct{ From, To time.Time }

// A Scope is what somebody may see: the union of what its fields say. The zero
// Scope is nothing.
type Scope struct {
	All     bool
	Queues  []QueueID      // every ticket of these queues
	Mine    account.UserID // tickets that the agent has, or had last if they are finished
	Waiting []QueueID      // tickets that wait in these queues
}

// A Tally counts tickets.
type Tally struct {
	Total   int
	Waiting int // new or open, and nobody has them
	Nobody  int // nobody has them, whatever the status
	Late    int // of Waiting, for longer than a minute
	Status  map[Status]int
	Queue   map[QueueID]int        // that wait, by queue
	Agents  map[account.UserID]int // open ones, by assignee
	Unread  int                    // with something unread
}

// A FiguresQuery selects what is counted: events within a time, by interval.
type FiguresQuery struct {
	Scope Scope
	Agent account.UserID // whose tickets at the time of the event; "" for all
	Span  Span
	Cuts  []time.Time // where each interval begins, ascending; the last ends at Span.To
}

// A Figure is what happened within an interval, counted by events.
type Figure struct {
	From     time.Time
	Created  int
	Resolved int
	Closed   int
	OnHold   int
	Reopened int
}

// A ContactQuery selects contacts. Text finds parts of the name, phone, e-mail
// and attribute values.
type ContactQuery struct {
	Text   string
	Status []ContactStatus
	Source []Kind
	Sort   string    // "name", or "seen" for the most recent first
	After  ContactID // the last of the page before
	Limit  int       // 1 to 200
}
