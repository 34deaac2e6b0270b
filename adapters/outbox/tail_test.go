package outbox_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
)

func TestTailReadsTheStoreOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.commit("a", 600)
		tail := outbox.NewTail(f)
		go tail.Run(t.Context())
		synctest.Wait()

		followers := make([]seen, 100)
		for n := range followers {
			go tail.Follow(t.Context(), "a", int64(3*n), followers[n].take)
		}
		synctest.Wait()
		f.mu.Lock()
		before := f.reads
		f.mu.Unlock()
		for range 50 {
			f.commit("a", 2)
			f.commit("b", 2)
			synctest.Wait()
		}
		for n := range followers {
			followers[n].all(t, f, "a", int64(3*n))
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		require.LessOrEqual(t, f.reads-before, 2*100+100, "two reads of the one reader for each commit, and this test's own")
	})
}

// TestTailMissesNothing has followers that come late, stall, stop and resume,
// while the tail itself stops and starts and the store fails at times.
func TestTailMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		tail := outbox.NewTail(f)
		ctx, done := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer done()
		running.Go(func() { // the tail runs for a while, and then not
			for ctx.Err() == nil {
				run, stop := context.WithTimeout(ctx, rand.N(time.Second))
				tail.Run(run)
				stop()
				time.Sleep(rand.N(200 * time.Millisecond))
			}
		})
		running.Go(func() {
			for ctx.Err() == nil {
				f.mu.Lock()
				f.fail = rand.N(3)
				f.mu.Unlock()
				time.Sleep(rand.N(100 * time.Millisecond))
			}
		})
		accounts := []account.ID{"", "a", "b"}
		followers := make([]seen, 30)
		for n := range followers {
			running.Go(func() {
				s, acct := &followers[n], accounts[n%len(accounts)]
				after := int64(0)
				for ctx.Err() == nil {
					socket, hangup := context.WithTimeout(ctx, rand.N(2*time.Second))
					err := tail.Follow(socket, acct, after, func(recs []outbox.Record) error {
						if rand.N(5) == 0 {
							time.Sleep(rand.N(time.Duration(n+1) * 50 * time.Millisecond)) // slow
						}
						after = recs[len(recs)-1].Seq
						return s.take(recs)
					})
					require.Error(t, err)
					hangup()
				}
			})
		}
		for range 1500 {
			f.commit(accounts[1+rand.N(2)], 1+rand.N(3))
			time.Sleep(rand.N(10 * time.Millisecond))
		}
		time.Sleep(time.Minute)
		for n := range followers {
			followers[n].all(t, f, accounts[n%len(accounts)], 0)
		}
	})
}

func TestTailFollowReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		f.commit("a", 1)
		tail := outbox.NewTail(f)
		closed := errors.New("the socket is closed")
		require.Equal(t, closed, tail.Follow(t.Context(), "a", 0, func([]outbox.Record) error { return closed }), "without Run")

		go tail.Run(t.Context())
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		require.ErrorIs(t, tail.Follow(ctx, "a", 3, nil), context.DeadlineExceeded)
	})
}
