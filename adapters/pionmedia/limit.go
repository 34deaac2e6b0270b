package pionmedia

import "time"

// A limit is how much video a browser can take. The other browser's sender is
// told and keeps to it: its own congestion control sees only its way to the
// server.
//
// A receiver's own estimate (REMB) grows by 8 % a second, which is far too slow
// to begin a call with. It therefore counts only while the way to the receiver
// is in trouble: when packets are lost or wait in some queue.
type limit struct {
	estimate uint64 // bit/s by the receiver; 0: it has not said
	byLoss   uint64 // bit/s; 0: no loss to speak of
	since    sample // when loss was last judged

	shortest time.Duration // round trip, of the last minutes
	until    time.Duration // the trouble is taken to last
	hold     time.Duration // for how long it is taken to last, at least

	told   uint64
	toldAt time.Duration
}

// A sample is what is known by a receiver report.
type sample struct {
	at    time.Duration
	rtt   time.Duration // 0: it does not tell
	high  uint32        // highest sequence number received, with its cycles
	lost  int64         // of all packets so far
	bytes uint64        // sent so far
}

const (
	unlimited   = 100_000_000 // bit/s
	leastLimit  = 50_000      // bit/s, by the receiver's estimate
	leastByLoss = 200_000     // bit/s; less does not help where loss is the network's nature

	queueing  = 150 * time.Millisecond // more than the shortest round trip
	leastHold = 30 * time.Second
	mostHold  = 5 * time.Minute

	lossWindow  = 4 * time.Second // and packets that loss is judged by
	lossPackets = 100
)

// report takes a receiver report.
func (l *limit) report(s sample) {
	if l.since.at == 0 || s.high < l.since.high || s.bytes < l.since.bytes {
		l.since = s
	} else if s.at-l.since.at >= lossWindow && s.high-l.since.high >= lossPackets {
		l.judge(s)
		l.since = s
	}
	if s.rtt == 0 {
		return
	}
	if l.shortest == 0 || s.rtt < l.shortest {
		l.shortest = s.rtt
	}
	l.shortest += (s.rtt - l.shortest) / 128 // the way may have become longer
	if s.rtt > l.shortest+queueing {
		l.trouble(s.at)
	}
}

// judge follows loss as the loss-based controller of Google's congestion
// control does (draft-ietf-rmcat-gcc §6): above 10 % down, below 2 % up, between
// them nothing.
func (l *limit) judge(s sample) {
	fraction := float64(s.lost-l.since.lost) / float64(s.high-l.since.high)
	rate := (s.bytes - l.since.bytes) * 8 * 1000 / uint64((s.at-l.since.at)/time.Millisecond)
	switch {
	case fraction > 0.10:
		if l.byLoss == 0 || l.byLoss > rate {
			l.byLoss = rate
		}
		l.byLoss = max(uint64(float64(l.byLoss)*(1-fraction/2)), leastByLoss)
		l.trouble(s.at)
	case fraction < 0.02 && l.byLoss != 0:
		if l.byLoss += l.byLoss / 3; l.byLoss > unlimited/10 { // 8 % a second
			l.byLoss = 0
		}
	}
}

// trouble makes the estimate count for a while: longer each time that it comes
// back soon after it seemed to be over.
func (l *limit) trouble(now time.Duration) {
	switch {
	case l.until == 0 || now > l.until+2*l.hold:
		l.hold = leastHold
	case now > l.until:
		l.hold = min(2*l.hold, mostHold)
	}
	l.until = now + l.hold
}

// value is what holds now, in bit/s.
func (l *limit) value(now time.Duration) uint64 {
	v := uint64(unlimited)
	if l.estimate != 0 && now < l.until {
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
	v := l.value(now)
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
