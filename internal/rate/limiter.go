package rate

import (
	"sync"
	"time"
)

// A Limit is so many at once, and so many again, spread evenly, in every Per.
// A negative Burst is no limit.
type Limit struct {
	Burst int
	Per   time.Duration
}

// Config sets up a [Limiter]. The zero value is usable.
type Config struct {
	Now  func() time.Time // time.Now
	Keys int              // how many keys are remembered at most, at least 2; 100,000
}

// A Limiter keeps one token bucket for each key. It is safe for concurrent use.
//
// A bucket is one instant: when it will be full again (the theoretical arrival
// time of the generic cell rate algorithm, ITU-T I.371). A key that has been
// left alone until then is forgotten, and nothing is lost by it. Beyond
// Config.Keys the keys that were used longest ago are forgotten before their
// time.
type Limiter struct {
	limit Limit
	every time.Duration // one token comes back
	cfg   Config

	mu      sync.Mutex
	young   map[string]time.Time // used since turned
	old     map[string]time.Time // used before, and not since
	turned  time.Time
	longest time.Duration // from an empty bucket to a full one
}

// New returns a limiter with all buckets full. It panics if the limit allows
// nothing, ever: a Burst or a Per of 0.
func New(l Limit, cfg Config) *Limiter {
	if l.Burst == 0 || l.Burst > 0 && l.Per <= 0 {
		panic("rate: a limit that allows nothing")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Keys == 0 {
		cfg.Keys = 100_000
	}
	lim := &Limiter{limit: l, cfg: cfg, young: map[string]time.Time{}}
	if l.Burst > 0 {
		lim.every = max(l.Per/time.Duration(l.Burst), 1)
		lim.longest = lim.every * time.Duration(l.Burst)
	}
	return lim
}

// Take takes a token from the key's bucket. If there is none it fails with
// [Limited], and takes nothing.
func (l *Limiter) Take(key string) error {
	if l.limit.Burst < 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	full := l.fullAt(key, now)
	if wait := full.Add(l.every).Sub(now) - l.longest; wait > 0 {
		return Limited{RetryAfter: wait}
	}
	l.put(key, full.Add(l.every), now)
	return nil
}

// Return puts back a token that was taken for something that should not count.
func (l *Limiter) Return(key string) {
	if l.limit.Burst < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.cfg.Now()
	if full := l.fullAt(key, now); full.After(now) {
		l.put(key, full.Add(-l.every), now)
	}
}

// Len returns how many keys are remembered.
func (l *Limiter) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.young) + len(l.old)
}

// fullAt returns when the key's bucket will be full: now, if it is.
func (l *Limiter) fullAt(key string, now time.Time) time.Time {
	at, ok := l.young[key]
	if !ok {
		at = l.old[key]
	}
	if at.Before(now) {
		return now
	}
	if latest := now.Add(l.longest); at.After(latest) {
		return latest // the clock was put back
	}
	return at
}

func (l *Limiter) put(key string, full, now time.Time) {
	// A key left alone for the longest time is full. One turn later all old keys
	// have been left alone for that long.
	if since := now.Sub(l.turned); since >= l.longest || since < 0 || len(l.young) >= l.cfg.Keys/2 {
		if since >= 2*l.longest {
			l.young = nil
		}
		l.old, l.young, l.turned = l.young, map[string]time.Time{}, now
	}
	delete(l.old, key)
	l.young[key] = full
}
