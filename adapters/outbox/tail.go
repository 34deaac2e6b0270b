package outbox

import (
	"context"
	"math"
	"slices"
	"sort"
	"sync"

	"github.com/tandem-cc/tandem/account"
)

const (
	// kept is how many of an account's newest records a [Tail] holds.
	kept = 256

	// unknown is the floor of a topic while the tail does not run.
	unknown = math.MaxInt64
)

// A Tail is the newest end of a feed, held in memory: one reader for the whole
// process, from which any number of live sockets follow the feed without a
// query each at every commit. A follower that is late or slow reads the store by
// its cursor until it has caught up, so nothing is missed or doubled, and nobody
// waits for it.
//
// While [Tail.Run] does not run, followers go by the store alone.
type Tail struct {
	feed Feed

	mu     sync.Mutex
	head   int64 // every record up to here has been handed out; -1 until Run has read it
	topics map[account.ID]*topic
}

// A topic is what the followers of one account share.
type topic struct {
	followers int
	recs      []Record      // the newest, oldest first, at most kept
	floor     int64         // recs holds every record of the account after this Seq
	more      chan struct{} // closed when recs or the floor changes
}

// NewTail returns the tail of the feed.
func NewTail(feed Feed) *Tail {
	return &Tail{feed: feed, head: -1, topics: map[account.ID]*topic{}}
}

// Run reads the feed and wakes followers until ctx ends.
func (t *Tail) Run(ctx context.Context) error {
	var fails pause
	head, err := t.feed.Last(ctx)
	for err != nil {
		if err := fails.wait(ctx); err != nil {
			return err
		}
		head, err = t.feed.Last(ctx)
	}
	t.start(head)
	defer t.stop()
	return Follow(ctx, t.feed, "", head, func(recs []Record) error {
		t.hand(recs)
		return nil
	})
}

// start makes the tail begin after head: what came before is read from the store.
func (t *Tail) start(head int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = head
	for _, p := range t.topics {
		p.recs, p.floor = nil, head
		p.wake()
	}
}

// stop makes followers go by the store alone.
func (t *Tail) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.head = -1
	for _, p := range t.topics {
		p.recs, p.floor = nil, unknown
		p.wake()
	}
}

func (t *Tail) hand(recs []Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	grown := map[*topic]bool{}
	for _, r := range recs {
		for _, p := range []*topic{t.topics[r.Account], t.topics[""]} {
			if p != nil {
				p.recs = append(p.recs, r)
				grown[p] = true
			}
		}
	}
	t.head = recs[len(recs)-1].Seq
	for p := range grown {
		if over := len(p.recs) - kept; over > 0 {
			p.floor = p.recs[over-1].Seq
			p.recs = slices.Delete(p.recs, 0, over)
		}
		p.wake()
	}
}

func (p *topic) wake() {
	close(p.more)
	p.more = make(chan struct{})
}

// Follow is the function [Follow] on the feed of this tail.
func (t *Tail) Follow(ctx context.Context, acct account.ID, after int64, fn func([]Record) error) error {
	p := t.join(acct)
	defer t.leave(acct, p)
	var fails pause
	for ctx.Err() == nil {
		recs, floor, more := t.read(p, after)
		if floor == unknown {
			more = t.feed.Wake()
		}
		if after < floor {
			var err error
			if recs, err = t.feed.After(ctx, acct, after, chunk); err != nil {
				if err := fails.wait(ctx); err != nil {
					return err
				}
				continue
			}
			if len(recs) == 0 && floor != unknown {
				// The store shows all of the feed up to the floor, and none of it is
				// after the cursor: from here on the tail has everything.
				after = floor
				continue
			}
		}
		fails = pause{}
		if len(recs) == 0 {
			if err := sleep(ctx, more, poll); err != nil {
				return err
			}
			continue
		}
		if err := fn(recs); err != nil {
			return err
		}
		after = recs[len(recs)-1].Seq
	}
	return ctx.Err()
}

// read returns the topic's records after that Seq, its floor, and a channel
// that is closed when either changes. Below the floor it has no records.
func (t *Tail) read(p *topic, after int64) (recs []Record, floor int64, more <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if after >= p.floor {
		n := sort.Search(len(p.recs), func(i int) bool { return p.recs[i].Seq > after })
		recs = slices.Clone(p.recs[n:]) // a copy: hand moves them
	}
	return recs, p.floor, p.more
}

func (t *Tail) join(acct account.ID) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.topics[acct]
	if p == nil {
		p = &topic{floor: t.head, more: make(chan struct{})}
		if t.head < 0 {
			p.floor = unknown
		}
		t.topics[acct] = p
	}
	p.followers++
	return p
}

func (t *Tail) leave(acct account.ID, p *topic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.followers--; p.followers == 0 {
		delete(t.topics, acct)
	}
}
