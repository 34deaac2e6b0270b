package vi

import (
	"context"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A Store keeps calls. Package vitest says what every store must do.
type Store interface {
	// View runs fn on a consistent reading of one account.
	View(ctx context.Context, acct account.ID, fn func(Reader) error) error

	// Update runs fn in one transaction and may run it again after a conflict, so
	// fn touches nothing but tx. Events put by fn become visible only after the
	// commit. If fn fails nothing is kept.
	Update(ctx context.Context, acct account.ID, fn func(Tx) error) error

	// Invited finds the call that an invitation's token belongs to, in whatever
	// account. It fails with ErrNotFound if there is none.
	Invited(ctx context.Context, token Hash) (Ref, error)

	// Locate finds the account that a call belongs to. It fails with ErrNotFound if
	// there is no such call.
	Locate(ctx context.Context, id CallID) (Ref, error)

	// Due returns up to limit calls of all accounts whose DueAt is not after now,
	// the longest due first.
	Due(ctx context.Context, now time.Time, limit int) ([]Ref, error)

	// Unfinished returns up to limit calls of all accounts, with an ID greater
	// than after, whose status is not final: what a restarted server takes up.
	Unfinished(ctx context.Context, after CallID, limit int) ([]Ref, error)
}

// A Ref names a call and the account it belongs to.
type Ref struct {
	Account account.ID
	Call    CallID
}

// A Reader reads the calls of one account. What names a single thing fails with
// ErrNotFound if there is no such thing in the account.
type Reader interface {
	Call(ctx context.Context, id CallID) (Call, error)
	CallByReference(ctx context.Context, reference string) (Call, error)
	Calls(ctx context.Context, q Query) ([]Call, error) // newest first
	Messages(ctx context.Context, call CallID, afterN, limit int) ([]Message, error)
	MessageByOp(ctx context.Context, call CallID, from Seat, op string) (Message, error)
	Readings(ctx context.Context, call CallID) ([]Reading, error) // oldest first
	Figures(ctx context.Context, q FiguresQuery) (Figures, error)
}

// A Tx reads and writes the calls of one account.
type Tx interface {
	Reader

	// PutCall keeps the call and the events that made it. It fails with
	// ErrConflict unless c.Version is one more than the stored version (1 for a
	// new call), and if another call has the reference.
	PutCall(ctx context.Context, c Call, events ...Event) error

	// PutMessage keeps a message. It fails with ErrConflict if the call has one
	// with that N, or that Op from that seat.
	PutMessage(ctx context.Context, m Message) error

	// PutReading keeps a reading.
	PutReading(ctx context.Context, r Reading) error
}

// A Query selects calls. Zero fields select all.
type Query struct {
	Text     string         // part of the reference or of the digits of the phone number; no wildcards
	Status   []Status       // any of these
	Agent    account.UserID //
	From, To time.Time      // created at or after From, and before To
	Before   CallID         // older than this call: the next page
	Limit    int            // 1 to 200
}

// A FiguresQuery selects calls to count, by time of creation.
type FiguresQuery struct {
	Agent    account.UserID // "" for all
	From, To time.Time      // at or after From, before To
}

// Figures are counts over calls. Averages are the reader's to make, so that no
// division by zero can be stored: there is no average of nothing.
type Figures struct {
	Calls     int
	Connected int           // calls that were connected at some time, ongoing ones included
	Dropped   int           // of those
	Talk      time.Duration // of calls that are over
	Talked    int           // calls that Talk is the sum of
	Stars     int           // sum of the customers' ratings
	Rated     int           // calls that Stars is the sum of
}

// A Reading is what a leg's media was like over some seconds.
type Reading struct {
	Call      CallID        `json:"call"`
	Seat      Seat          `json:"seat"`
	At        time.Time     `json:"at"`        // end of the interval
	Interval  time.Duration `json:"interval"`  //
	Candidate string        `json:"candidate"` // host, srflx, prflx or relay
	Protocol  string        `json:"protocol"`  // udp or tcp
	RTT       time.Duration `json:"rtt"`       // 0 if unknown
	In        FlowReading   `json:"in"`        // from the browser
	Out       FlowReading   `json:"out"`       // to the browser
}

// A FlowReading is one direction of a [Reading].
type FlowReading struct {
	Bitrate float64       `json:"bitrate"` // bit/s
	Loss    float64       `json:"loss"`    // share of packets lost, 0 to 1
	Jitter  time.Duration `json:"jitter"`
}
