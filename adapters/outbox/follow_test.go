package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
)

// A feed in memory whose reads can be made to fail.
type feed struct {
	mu      sync.Mutex
	recs    []outbox.Record
	wake    chan struct{}
	fail    int // reads to fail from now on
	reads   int
	cursors map[string]int64
}

func newFeed() *feed { return &feed{wake: make(chan struct{}), cursors: map[string]int64{}} }

// commit puts n records of the account, with gaps between their Seqs.
func (f *feed) commit(acct account.ID, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		seq := int64(3*len(f.recs) + 3)
		f.recs = append(f.recs, outbox.Record{Seq: seq, Account: acct, About: fmt.Sprint(acct, len(f.recs))})
	}
	close(f.wake)
	f.wake = make(chan struct{})
}

// silently is commit without the wake-up, as in a process that died after it.
func (f *feed) silently(acct account.ID, n int) {
	f.mu.Lock()
	wake := f.wake
	f.wake = make(chan struct{})
	f.mu.Unlock()
	f.commit(acct, n)
	f.mu.Lock()
	f.wake = wake
	f.mu.Unlock()
}

func (f *feed) failing() error {
	f.reads++
	if f.fail > 0 {
		f.fail--
		return errors.New("down")
	}
	return nil
}

func (f *feed) After(_ context.Context, acct account.ID, seq int64, limit int) (recs []outbox.Record, _ error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failing(); err != nil {
		return nil, err
	}
	for _, r := range f.recs {
		if r.Seq > seq && (acct == "" || r.Account == acct) && len(recs) < limit {
			recs = append(recs, r)
		}
	}
	return recs, nil
}

func (f *feed) Last(context.Context) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failing(); err != nil || len(f.recs) == 0 {
		return 0, err
	}
	return f.recs[len(f.recs)-1].Seq, nil
}

func (f *feed) Wake() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.wake
}

func (f *feed) Cursor(_ context.Context, consumer string) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursors[consumer], f.failing()
}

func (f *feed) SetCursor(_ context.Context, consumer string, seq int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.failing(); err != nil {
		return err
	}
	f.cursors[consumer] = seq
	return nil
}

// seen collects what a follower got.
type seen struct {
	mu   sync.Mutex
	recs []outbox.Record
}

func (s *seen) take(recs []outbox.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recs = append(s.recs, recs...)
	return nil
}

// all requires exactly the feed's records of the account ("" for all) after seq.
func (s *seen) all(t *testing.T, f *feed, acct account.ID, seq int64) {
	t.Helper()
	f.mu.Lock()
	f.fail = 0
	f.mu.Unlock()
	want, err := f.After(t.Context(), acct, seq, 1e9)
	require.NoError(t, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(t, want, s.recs)
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.commit("a", 1000)
		var all, ours, late seen
		for acct, s := range map[account.ID]*seen{"": &all, "b": &ours} {
			go outbox.Follow(t.Context(), f, acct, 0, s.take)
		}
		go outbox.Follow(t.Context(), f, "", 2997, late.take)
		synctest.Wait()
		for range 20 {
			f.commit("b", 7)
			f.commit("a", 1)
		}
		began := time.Now()
		synctest.Wait()
		require.Equal(t, began, time.Now(), "woken, not polled")
		all.all(t, f, "", 0)
		ours.all(t, f, "b", 0)
		late.all(t, f, "", 2997)

		f.silently("b", 1)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		ours.all(t, f, "b", 0)
	})
}

func TestFollowOutlastsAFailingFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.fail = 12
		var s seen
		go outbox.Follow(t.Context(), f, "", 0, s.take)
		f.commit("a", 3)
		time.Sleep(time.Second)
		synctest.Wait()
		s.mu.Lock()
		require.Empty(t, s.recs)
		s.mu.Unlock()
		f.mu.Lock()
		require.Less(t, f.reads, 10, "it pauses between tries")
		f.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		s.all(t, f, "", 0)
	})
}

func TestFollowReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.commit("a", 1)
		closed := errors.New("the socket is closed")
		require.Equal(t, closed, outbox.Follow(t.Context(), f, "", 0, func([]outbox.Record) error { return closed }))

		for _, fail := range []int{0, 1e9} {
			f.fail = fail
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			err := outbox.Follow(ctx, f, "", 3, func([]outbox.Record) error { return nil })
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	})
}

// TestRelay stops a relay at random points, with a store and a handler that
// fail, and starts it again: every record is handled, and in order.
func TestRelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		var last int64
		handled := 0
		handle := func(_ context.Context, recs []outbox.Record) error {
			for n, r := range recs {
				if n > 0 {
					require.Greater(t, r.Seq, recs[n-1].Seq)
				}
				if r.Seq <= last {
					continue
				}
				require.Equal(t, last+3, r.Seq, "none is skipped")
				if last = r.Seq; last%30 == 0 {
					return errors.New("down") // after the work was done: it comes again
				}
				handled++
			}
			return nil
		}
		for round := range 40 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(round)*10*time.Millisecond)
			f.mu.Lock()
			f.fail = round % 4
			f.mu.Unlock()
			go func() {
				for range 5 {
					f.commit("a", round)
					time.Sleep(7 * time.Millisecond)
				}
			}()
			require.ErrorIs(t, outbox.Relay(ctx, f, f, "counts", handle), context.DeadlineExceeded)
			cancel()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.Error(t, outbox.Relay(ctx, f, f, "counts", handle))
		require.Equal(t, f.recs[len(f.recs)-1].Seq, last)
		require.Equal(t, last, f.cursors["counts"])
		require.Equal(t, len(f.recs), handled+len(f.recs)/10)
	})
}
