package pionmedia

import "time"

// A limit is how much video a browser can take, as its own estimate (REMB) and
// the loss it reports say. The other browser's sender is told and keeps to it:
// its own congestion control sees only its way to the server.
type limit struct {
	estimate uint64 // bit/s by the receiver; 0: it has not said
	byLoss   uint64 // bit/s; 0: no loss to speak of
	bytes    uint64 // sent, at the last report
	at       time.Duration
	told     uint64
	toldAt   time.Duration
}

const (
	unlimited  = 100_000_000 // bit/s
	leastLimit = 50_000      // bit/s
)

// report takes the fraction lost (of 256) of a receiver report, and follows it
// as the loss-based controller of Google's congestion control does
// (draft-ietf-rmcat-gcc §6): above 10 % down, below 2 % up, between them nothing.
func (l *limit) report(fraction uint8, bytes uint64, now time.Duration) {
	var rate uint64 // sent since the last report
	if d := now - l.at; l.at != 0 && d > 0 && bytes >= l.bytes {
		rate = (bytes - l.bytes) * 8 * uint64(time.Second/time.Millisecond) / uint64(max(d/time.Millisecond, 1))
	}
	l.bytes, l.at = bytes, now
	switch {
	case fraction > 26 && rate > 0:
		if l.byLoss == 0 || l.byLoss > rate {
			l.byLoss = rate
		}
		l.byLoss = max(l.byLoss-l.byLoss*uint64(fraction)/512, leastLimit)
	case fraction < 5 && l.byLoss != 0:
		if l.byLoss += l.byLoss * 8 / 100; l.byLoss > unlimited/10 {
			l.byLoss = 0
		}
	}
}

// value is what holds now, in bit/s.
func (l *limit) value() uint64 {
	v := uint64(unlimited)
	if l.estimate != 0 {
		v = min(v, l.estimate)
	}
	if l.byLoss != 0 {
		v = min(v, l.byLoss)
	}
	return v
}

// due reports what to tell the sender, if that is something new or was last
// told a second ago. A limit that never was one is not told.
func (l *limit) due(now time.Duration) (uint64, bool) {
	v := l.value()
	switch {
	case v == unlimited && (l.told == 0 || l.told == unlimited):
		return 0, false
	case now-l.toldAt < 200*time.Millisecond:
		return 0, false
	case now-l.toldAt < time.Second && v > l.told*97/100 && v < l.told*103/100:
		return 0, false
	}
	l.told, l.toldAt = v, now
	return v, true
}
