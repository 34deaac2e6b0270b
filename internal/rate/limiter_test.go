package rate_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

// A clock is a time that a test moves.
type clock struct{ at time.Time }

func newClock() *clock                { return &clock{time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)} }
func (c *clock) now() time.Time       { return c.at }
func (c *clock) pass(d time.Duration) { c.at = c.at.Add(d) }

func limiter(l rate.Limit, keys int) (*rate.Limiter, *clock) {
	c := newClock()
	return rate.New(l, rate.Config{Now: c.now, Keys: keys}), c
}

func retryAfter(t *testing.T, err error) time.Duration {
	t.Helper()
	require.ErrorIs(t, err, fault.Busy)
	var limited rate.Limited
	require.ErrorAs(t, err, &limited)
	return limited.RetryAfter
}

func TestBurstThenEvenly(t *testing.T) {
	l, c := limiter(rate.Limit{Burst: 5, Per: time.Minute}, 0)
	for range 5 {
		require.NoError(t, l.Take("ann"))
	}
	require.Equal(t, 12*time.Second, retryAfter(t, l.Take("ann")))
	require.NoError(t, l.Take("bo"), "each key has its own bucket")

	c.pass(11 * time.Second)
	require.Equal(t, time.Second, retryAfter(t, l.Take("ann")), "a refusal takes nothing")
	c.pass(time.Second)
	require.NoError(t, l.Take("ann"))
	require.Error(t, l.Take("ann"))

	c.pass(time.Hour)
	for range 5 {
		require.NoError(t, l.Take("ann"))
	}
	require.Error(t, l.Take("ann"), "a bucket holds no more than the burst")
}

func TestReturn(t *testing.T) {
	l, c := limiter(rate.Limit{Burst: 2, Per: time.Minute}, 0)
	for range 10 {
		require.NoError(t, l.Take("ann"))
		l.Return("ann")
	}
	l.Return("ann")
	l.Return("nobody")
	require.NoError(t, l.Take("ann"))
	require.NoError(t, l.Take("ann"))
	require.Error(t, l.Take("ann"), "returning more than was taken gives nothing")
	l.Return("ann")
	require.NoError(t, l.Take("ann"))
	c.pass(-time.Hour)
	require.Equal(t, 30*time.Second, retryAfter(t, l.Take("ann")), "a clock put back locks nobody out")
}

func TestNoLimit(t *testing.T) {
	l, _ := limiter(rate.Limit{Burst: -1}, 0)
	for range 1000 {
		require.NoError(t, l.Take("ann"))
	}
	l.Return("ann")
	require.Zero(t, l.Len())
	require.Panics(t, func() { rate.New(rate.Limit{}, rate.Config{}) })
	require.Panics(t, func() { rate.New(rate.Limit{Burst: 1}, rate.Config{}) })
}

func TestForgetsIdleKeys(t *testing.T) {
	l, c := limiter(rate.Limit{Burst: 5, Per: time.Minute}, 0)
	for i := range 1000 {
		require.NoError(t, l.Take(fmt.Sprint(i)))
	}
	require.Equal(t, 1000, l.Len())
	c.pass(time.Minute)
	require.NoError(t, l.Take("ann"))
	c.pass(time.Minute)
	require.NoError(t, l.Take("ann"))
	require.Equal(t, 1, l.Len())

	for _, pause := range []time.Duration{2 * time.Minute, -time.Hour} { // a long one, and a clock put back
		for i := range 1000 {
			require.NoError(t, l.Take(fmt.Sprint(i)))
		}
		c.pass(pause)
		require.NoError(t, l.Take("bo"+pause.String()))
		if pause < 0 {
			c.pass(2 * time.Minute)
			require.NoError(t, l.Take("bo"+pause.String()))
		}
		require.Equal(t, 1, l.Len())
	}
}

func TestRemembersNoMoreThanItMay(t *testing.T) {
	l, _ := limiter(rate.Limit{Burst: 1, Per: time.Hour}, 100)
	require.NoError(t, l.Take("ann"))
	for i := range 10_000 {
		require.NoError(t, l.Take(fmt.Sprint(i)))
		require.LessOrEqual(t, l.Len(), 100)
		if i%20 == 0 {
			l.Return("ann") // used again and again, it is not forgotten
			require.NoError(t, l.Take("ann"))
			require.Error(t, l.Take("ann"))
		}
	}
}

// In whatever order keys are used and time passes, a key gets exactly what a
// plain token bucket of its own would give it.
func TestLikeABucketForEachKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rate.Limit{Burst: rapid.IntRange(1, 5).Draw(t, "burst"), Per: time.Minute}
		l, c := limiter(limit, 0)
		every := limit.Per / time.Duration(limit.Burst)
		longest := every * time.Duration(limit.Burst)
		level, last := map[string]time.Duration{}, map[string]time.Time{} // in time to refill
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			c.pass(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "pass")))
			key := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
			if _, ok := last[key]; !ok {
				level[key], last[key] = longest, c.at
			}
			level[key], last[key] = min(level[key]+c.at.Sub(last[key]), longest), c.at
			err := l.Take(key)
			require.Equal(t, level[key] >= every, err == nil)
			if err == nil {
				level[key] -= every
			} else {
				require.Equal(t, rate.Limited{RetryAfter: every - level[key]}, err)
			}
		}
	})
}

func TestConcurrentTakesAddUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time stands still
		l := rate.New(rate.Limit{Burst: 50, Per: time.Hour}, rate.Config{})
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 25 {
					if l.Take("ann") == nil {
						taken.Add(1)
					}
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 50, taken.Load())
	})
}

func BenchmarkTake(b *testing.B) {
	l := rate.New(rate.Limit{Burst: 1 << 30, Per: time.Second}, rate.Config{})
	for b.Loop() {
		_ = l.Take("ann@acme.example")
	}
}
