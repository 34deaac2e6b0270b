package outbox

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tandem-cc/tandem/account"
)

const (
	// chunk is how many records are read at a time.
	chunk = 256

	// poll is how long a follower sleeps at most. Wake-ups make it prompt; this
	// only catches what no wake-up told of, such as the commit of a process that
	// died before it could tell.
	poll = 2 * time.Second

	firstPause, longestPause = 10 * time.Millisecond, 5 * time.Second
)

// Follow calls fn with the records after that Seq, as they come, in order, until
// ctx ends or fn fails; it returns fn's error or that of ctx. With an account,
// only that account's records. fn gets at least one record and may keep them,
// but not change them.
//
// While the feed cannot be read Follow tries again, with growing pauses.
func Follow(ctx context.Context, feed Feed, acct account.ID, after int64, fn func([]Record) error) error {
	var fails pause
	for {
		wake := feed.Wake() // before reading, so that no commit falls between
		recs, err := feed.After(ctx, acct, after, chunk)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if err := fails.wait(ctx); err != nil {
				return err
			}
		case len(recs) > 0:
			fails = pause{}
			if err := fn(recs); err != nil {
				return err
			}
			after = recs[len(recs)-1].Seq
		default:
			fails = pause{}
			if err := sleep(ctx, wake, poll); err != nil {
				return err
			}
		}
	}
}

// Relay calls fn with all records after the consumer's cursor, as they come, in
// order, and moves the cursor on when fn has returned without error. It returns
// only when ctx ends.
//
// Delivery is at least once: after a failure of fn, of the store or of the
// process the same records come again, and fn drops what it has seen by Seq. A
// failure is tried again with growing pauses, for ever, since to skip a record
// is to lose it; fn reports its own failures. No two relays may run for the same
// consumer at a time.
func Relay(ctx context.Context, feed Feed, cursors Cursors, consumer string, fn func(context.Context, []Record) error) error {
	var fails pause
	for {
		after, err := cursors.Cursor(ctx, consumer)
		if err == nil {
			err = Follow(ctx, feed, "", after, func(recs []Record) error {
				if err := fn(ctx, recs); err != nil {
					return err
				}
				fails = pause{}
				return cursors.SetCursor(ctx, consumer, recs[len(recs)-1].Seq)
			})
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if err := fails.wait(ctx); err != nil {
				return err
			}
		}
	}
}

// A pause is the time between tries of something that fails: from 10 ms, twice
// as long each time, up to 5 s, and up to half of it less by chance so that many
// do not try at once.
type pause struct{ next time.Duration }

func (p *pause) wait(ctx context.Context) error {
	p.next = min(max(firstPause, 2*p.next), longestPause)
	return sleep(ctx, nil, p.next-rand.N(p.next/2))
}

func sleep(ctx context.Context, wake <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-t.C:
	}
	return nil
}
