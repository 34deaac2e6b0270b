// Package outbox is the ordered feed of committed events: the contract between
// a store that keeps them, in the transaction that made them, and everything
// that follows: live sockets, rollups, webhooks.
//
// [Follow] is for one follower, [Relay] for a consumer that goes on where it
// stopped, and a [Tail] for many live followers in one process.
//
// Delivery is at least once and in commit order. Seq rises in the order in
// which a reader may see records, with gaps; a reader that has seen Seq n never
// later finds a new record with a smaller one.
package outbox

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A Record is one committed event.
type Record struct {
	Seq     int64           `json:"seq"`
	Account account.ID      `json:"-"`
	Kind    string          `json:"kind"`  // the event's frozen name, such as "vi.call_started"
	About   string          `json:"about"` // ID of what it happened to, such as a call
	Owner   account.UserID  `json:"owner"` // whose work it is; "" if nobody's yet
	At      time.Time       `json:"at"`
	Data    json.RawMessage `json:"data"` // the event as JSON
}

// A Feed is a store's record of committed events.
type Feed interface {
	// After returns up to limit records with Seq > seq, oldest first. With an
	// account, only that account's.
	After(ctx context.Context, acct account.ID, seq int64, limit int) ([]Record, error)

	// Last returns the greatest Seq that a reader may have seen; 0 for none.
	Last(ctx context.Context) (int64, error)

	// Wake returns a channel that is closed at the next commit of this process,
	// or of another one where the database can tell. Take it before reading.
	Wake() <-chan struct{}
}

// Cursors remember how far each named consumer has come.
type Cursors interface {
	Cursor(ctx context.Context, consumer string) (int64, error) // 0 if it never ran
	SetCursor(ctx context.Context, consumer string, seq int64) error
}
