package bunstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/idem"
)

const (
	// mostShares and longestShare bound how long the first update of a shared
	// transaction waits for the commit, under load.
	mostShares   = 64
	longestShare = 20 * time.Millisecond
)

// A lane is a queue of updates that run one at a time. Those that wait while
// another one works or commits join its transaction or the next, so that one
// write to disk serves many.
//
// Whoever has the lane may hand it to the next with the transaction still open;
// when nobody waits, or the transaction has been open long enough, it is
// committed first. So an open transaction always has an owner that will end it.
type lane struct {
	begin  func(context.Context) (*link, error) // a writing transaction
	commit func(*link) error                    // after a failure nothing of it is kept, unless it is failureUnknown
	undo   func(*link)

	mu    sync.Mutex
	taken bool
	queue []*turn

	open *share // only the owner of the lane touches it
}

// A turn is an update that waits for the lane.
type turn struct {
	come chan struct{} // closed when the lane is handed over
}

// A share is a transaction with the work of one update or several.
type share struct {
	link   *link
	since  time.Time
	kept   int     // updates in it
	events []event // theirs
	point  point   // the savepoint
	done   chan struct{}
	err    error // of the commit; read after done
}

// A point is how the savepoint of a shared transaction stands.
type point int

const (
	noPoint   point = iota
	pointHere       // nothing has been done since
	pointPast       // of the update before
)

// run carries out one update: fn in a transaction of its own or a shared one.
func (d *DB) run(ctx context.Context, l *lane, acct account.ID, fn func(*tx) error) error {
	if err := d.enter(ctx, l); err != nil {
		return err
	}
	s, key, err := d.join(ctx, l, acct, fn)
	if err != nil {
		return err
	}
	<-s.done // whatever becomes of ctx: the outcome is all but decided
	if s.err == nil && key != nil {
		key.Use()
	}
	return s.err
}

// join does the work of one update as the owner of the lane, and gives the lane
// away: also if fn panics or ends the goroutine.
func (d *DB) join(ctx context.Context, l *lane, acct account.ID, fn func(*tx) error) (_ *share, _ *idem.Key, err error) {
	defer d.leave(l)
	if l.open == nil {
		link, err := l.begin(ctx)
		if err != nil {
			return nil, nil, d.describe(err)
		}
		l.open = &share{link: link, since: time.Now(), done: make(chan struct{})}
	}
	s := l.open
	x := &tx{link: s.link, db: d, acct: acct, shared: true}
	kept := false
	defer func() {
		if !kept {
			l.drop(s)
		}
	}()
	if s.kept > 0 { // the first needs no savepoint: without it nothing is left
		if err := s.mark(); err != nil {
			return nil, nil, d.describe(err)
		}
	}
	key := idem.Unused(ctx)
	if key != nil {
		if err := x.claim(ctx, key); err != nil {
			return nil, nil, err
		}
	}
	err = fn(x)
	if x.broken != nil && (err == nil || again(x.broken)) { // fn overlooked it, or hid it
		err = x.broken
	}
	if err != nil {
		return nil, nil, err
	}
	s.kept++
	s.events = append(s.events, x.events...)
	kept = true
	return s, key, nil
}

// mark sets the savepoint to return to if the next update fails.
func (s *share) mark() (err error) {
	was := s.point
	s.point = noPoint // if that fails, there may still be the one of the update before
	switch was {
	case noPoint:
		_, err = s.link.run(context.Background(), "SAVEPOINT one")
	case pointPast:
		err = s.link.move(context.Background())
	}
	if err == nil {
		s.point = pointPast
	}
	return err
}

// drop undoes the work of the last update in the transaction.
func (l *lane) drop(s *share) {
	if s.kept > 0 && s.point == pointPast {
		if _, err := s.link.run(context.Background(), "ROLLBACK TO SAVEPOINT one"); err == nil {
			s.point = pointHere
			return
		}
	}
	// There is nothing else in it, or the failure has undone all of it.
	l.undo(s.link)
	l.open = nil
	s.err = errUndone
	close(s.done)
}

// enter waits until the lane is the caller's.
func (d *DB) enter(ctx context.Context, l *lane) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	if !l.taken {
		l.taken = true
		l.mu.Unlock()
		return nil
	}
	t := &turn{come: make(chan struct{})}
	l.queue = append(l.queue, t)
	l.mu.Unlock()
	select {
	case <-t.come:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	at := slices.Index(l.queue, t)
	if at >= 0 {
		l.queue = slices.Delete(l.queue, at, at+1)
	}
	l.mu.Unlock()
	if at < 0 { // it was handed over meanwhile, perhaps with a transaction to end
		d.leave(l)
	}
	return ctx.Err()
}

// leave gives the lane to the next in the queue, and commits the open
// transaction unless the next is to join it.
func (d *DB) leave(l *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.open; s != nil && (len(l.queue) == 0 || s.kept >= mostShares || time.Since(s.since) > longestShare) {
		l.open = nil
		l.mu.Unlock()
		d.finish(l, s)
		l.mu.Lock()
	}
	if len(l.queue) == 0 { // so nothing is open either
		l.taken = false
		return
	}
	close(l.queue[0].come)
	l.queue = slices.Delete(l.queue, 0, 1)
}

// finish commits the transaction and tells everybody who has work in it.
func (d *DB) finish(l *lane, s *share) {
	defer close(s.done)
	if s.err = d.insertEvents(s); s.err != nil {
		l.undo(s.link)
		return
	}
	if s.err = d.describe(l.commit(s.link)); s.err == nil && len(s.events) > 0 {
		d.wakes.wake()
	}
	d.health.wrote(s.err, d.cfg.Now())
}
