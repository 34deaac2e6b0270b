package desk

import (
	"context"
	"io"
)

// A Kind is a channel by which customers write, such as web chat or e-mail.
type Kind string

// The kinds of channels.
const (
	KindWebChat   Kind = "webchat"
	KindWhatsApp  Kind = "whatsapp"
	KindEmail     Kind = "email"
	KindMessenger Kind = "messenger"
	KindSMS       Kind = "sms"
)

// A Channel hands messages of ours to customers. A channel that has accepted a
// message reports what becomes of it with [Desk.Report].
type Channel interface {
	// Send hands over one message, and returns the provider's ID of it, if it has
	// one. It may be called again for the same Entry, after a crash; Outgoing.Op
	// lets a provider notice. An error of kind ErrBusy is tried again later; any
	// other fails the message, and its text is shown to the agent.
	Send(ctx context.Context, m Outgoing) (provider string, err error)

	// Instant reports whether a message is accepted by being committed: the
	// customer reads it from our own store.
	Instant() bool
}

// An Outgoing is a message on its way to a customer.
type Outgoing struct {
	Line    Line
	To      Identity
	Contact Contact
	Ticket  Ticket
	Entry   Entry
	Op      string // the entry's ID
}

// Blobs keeps the content of files. Keys are made of a-z, 0-9, "-" and "/".
type Blobs interface {
	Put(ctx context.Context, key string, data []byte) error
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	Delete(ctx context.Context, key string) error
}

// Contacts looks a customer up in the product that the desk is part of. What it
// knows fills what the channel did not tell. ErrNotFound is no failure.
type Contacts interface {
	Lookup(ctx context.Context, who Contact) (Contact, error)
}
