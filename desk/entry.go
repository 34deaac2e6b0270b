package desk

import (
	"encoding/json"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// An EntryKind says what an entry of a ticket's history is.
type EntryKind string

// The kinds of entries.
const (
	EntryMessage EntryKind = "message" // between the customer and us
	EntryNote    EntryKind = "note"    // for colleagues; never sent
	EntryEvent   EntryKind = "event"   // what happened to the ticket: Event and Data say it
)

// A Side is who an entry is from.
type Side string

// The sides of a conversation.
const (
	SideCustomer Side = "customer"
	SideAgent    Side = "agent"
	SideSystem   Side = "system"
)

// A Class says what a message of a customer is, before it moves a ticket.
type Class string

// The classes of messages.
const (
	ClassMessage   Class = "message"
	ClassGratitude Class = "gratitude" // nothing but thanks
	ClassMachine   Class = "machine"   // an automatic reply, a bounce, a reaction
	ClassDuplicate Class = "duplicate" // was received before: changes nothing
	ClassBlocked   Class = "blocked"   // from a contact who is blocked
)

// A Delivery is how far a message of ours has come.
type Delivery string

// The deliveries of messages, in their order. A late report never moves one back.
const (
	DeliveryQueued    Delivery = "queued"    // committed, not yet handed over
	DeliverySent      Delivery = "sent"      // the channel accepted it
	DeliveryDelivered Delivery = "delivered" // it is with the customer
	DeliveryRead      Delivery = "read"
	DeliveryFailed    Delivery = "failed" // Problem says why
)

// An Entry is one thing in the history of a ticket. N counts them from 1.
type Entry struct {
	ID       EntryID
	Ticket   TicketID
	N        int
	Kind     EntryKind
	From     Side
	User     account.UserID // of an agent's entry
	Name     string         // of the author, as shown
	Op       string         // named by the sender: sent again, it is the same entry
	Provider string         // the provider's ID of the message, unique on its line
	Line     LineID
	Class    Class // of a customer's message
	Text     string
	Files    []File
	Delivery Delivery // of a message of ours
	Problem  string   // why it failed
	At       time.Time
	SentAt   time.Time // the channel accepted it
	SeenAt   time.Time // the customer, or for a customer's message the assignee, read it

	Event string          // kind of the event, such as "desk.ticket_assigned"
	Data  json.RawMessage // the event
}

// A File is an attachment.
type File struct {
	ID     FileID `json:"id"`
	Name   string `json:"name"`
	Type   string `json:"type"` // media type by content
	Size   int64  `json:"size"` // bytes
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
}

// A StoredFile is a file with where it belongs.
type StoredFile struct {
	File
	By      account.UserID // who uploaded it, if an agent did
	Thread  Thread         // whose, if a customer did
	Ticket  TicketID       // "" until it is sent
	Key     string         // in [Blobs]
	At      time.Time
	Version int
}
