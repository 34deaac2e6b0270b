package desk

import (
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A ContactStatus says what a contact may do.
type ContactStatus string

// The statuses of contacts.
const (
	ContactActive   ContactStatus = "active"
	ContactInactive ContactStatus = "inactive"
	ContactBlocked  ContactStatus = "blocked" // starts no conversations; what is written is kept silently
)

// A Contact is a customer.
type Contact struct {
	ID         ContactID
	Name       string
	Phone      string // E.164, or ""
	Email      string // lower case, or ""
	Identities []Identity
	Attributes map[string]string // by key of [Setup.Attributes], or whatever a channel told
	Status     ContactStatus
	MergedInto ContactID // the primary that this one is shown as
	Source     Kind      // the channel by which we met; "" if by hand
	Ref        string    // the product's own key of this person, if [Contacts] gave one
	CreatedAt  time.Time
	SeenAt     time.Time // last message
	Version    int
}

// An Identity is how a channel knows a contact: an address on one line. It
// belongs to one contact.
type Identity struct {
	Line  LineID `json:"line"`
	Kind  Kind   `json:"kind"`
	Value string `json:"value"` // such as a phone number, an e-mail address, a visitor's key
}

// Thread returns the key of the identity's conversation.
func (i Identity) Thread() Thread { return Thread(string(i.Line) + "/" + i.Value) }

// A ContactNote is what colleagues should know of a customer, whatever the ticket.
type ContactNote struct {
	ID      NoteID
	Contact ContactID
	By      account.UserID
	Name    string
	Text    string
	At      time.Time
}
