package vi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A Texter sends text messages: a carrier, an aggregator, or in development a
// page that shows them.
type Texter interface {
	// Text hands a text to the carrier and returns the carrier's name for it. An
	// error says that the carrier refused it; its message is shown to the agent.
	// What becomes of the text is reported later, by [Calls.Deliver].
	Text(ctx context.Context, t Text) (provider string, err error)
}

// A Text is one message to one handset.
type Text struct {
	ID      InviteID // also tells the carrier that a text sent again is the same one
	Account account.ID
	Call    CallID
	To      Phone
	Body    string
}

// A Delivery is what became of a text.
type Delivery struct {
	Account account.ID
	Call    CallID
	Invite  InviteID
	Status  InviteStatus // sent, delivered or undelivered
	Problem string       // of an undelivered text, for the agent to read
	At      time.Time
}
