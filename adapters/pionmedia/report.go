package pionmedia

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// A reporter is the one goroutine that sends all RTCP. The packet path must
// not: pion closes a connection under a lock that sending RTCP takes, and waits
// there for the packet path to end. One wake-up also serves all connections.
type reporter struct {
	done chan struct{}
	stop chan struct{}
	wake chan struct{}

	mu     sync.Mutex
	urgent []*conn // have something to send
	conns  map[*conn]struct{}
}

const (
	reportTick    = 250 * time.Millisecond // when nothing comes that makes feedback due
	feedbackEvery = 100 * time.Millisecond
	reportsEvery  = time.Second // receiver reports
	keyframeEvery = 500 * time.Millisecond
	maxRTCP       = 1200 // bytes sent at once
)

func newReporter() *reporter {
	return &reporter{
		done: make(chan struct{}), stop: make(chan struct{}), wake: make(chan struct{}, 1),
		conns: map[*conn]struct{}{},
	}
}

func (r *reporter) signal() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

func (r *reporter) add(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	r.signal()
}

func (r *reporter) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

// flush makes the reporter send what c has, soon.
func (r *reporter) flush(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !c.urgent {
		c.urgent = true
		r.urgent = append(r.urgent, c)
	}
	r.signal()
}

func (r *reporter) run(clock func() time.Duration) {
	defer close(r.done)
	tick := time.NewTicker(reportTick)
	defer tick.Stop()
	var todo []*conn
	idle := false
	for {
		due := false
		select {
		case <-r.stop:
			return
		case <-r.wake:
		case <-tick.C:
			due = true
		}
		todo = todo[:0]
		r.mu.Lock()
		if none := len(r.conns) == 0; none != idle { // an idle server sleeps
			if idle = none; idle {
				tick.Stop()
			} else {
				tick.Reset(reportTick)
			}
		}
		for _, c := range r.urgent {
			c.urgent = false
		}
		todo = append(todo, r.urgent...)
		clear(r.urgent)
		r.urgent = r.urgent[:0]
		urgent := len(todo)
		if due {
			for c := range r.conns {
				todo = append(todo, c)
			}
		}
		r.mu.Unlock()
		now := clock()
		for i, c := range todo {
			if i >= urgent {
				c.tick(now)
			}
			c.send()
		}
		clear(todo)
	}
}

// An rtcpQueue is RTCP on its way to a browser.
type rtcpQueue struct {
	mu  sync.Mutex
	buf []byte
}

// add queues p. What does not fit is dropped: feedback is soon repeated.
func (q *rtcpQueue) add(p []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.buf)+len(p) <= maxRTCP {
		q.buf = append(q.buf, p...)
	}
}

// take moves what is queued to b.
func (q *rtcpQueue) take(b []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	b = append(b[:0], q.buf...)
	q.buf = q.buf[:0]
	return b
}

// A rawRTCP is ready-made RTCP, which pion sends as it is.
type rawRTCP struct{ b []byte }

var _ rtcp.Packet = (*rawRTCP)(nil)

// Marshal implements rtcp.Packet.
func (r *rawRTCP) Marshal() ([]byte, error) { return r.b, nil }

// MarshalSize implements rtcp.Packet.
func (r *rawRTCP) MarshalSize() int { return len(r.b) }

// Unmarshal implements rtcp.Packet.
func (r *rawRTCP) Unmarshal(b []byte) error { r.b = b; return nil }

// DestinationSSRC implements rtcp.Packet.
func (r *rawRTCP) DestinationSSRC() []uint32 { return nil }

// send sends what is queued. Only the reporter calls it.
func (c *conn) send() {
	if !c.ready.Load() {
		return
	}
	if c.raw.b = c.rtcp.take(c.raw.b); len(c.raw.b) > 0 {
		_, _ = c.senders[video].Transport().WriteRTCP(c.rawList[:]) // gone, or soon repeated
	}
}

// tick does what is due for c even if nothing comes of it. Only the reporter
// calls it.
func (c *conn) tick(now time.Duration) {
	defer c.guard()
	c.watch(now)
	if !c.ready.Load() {
		return
	}
	c.up.Lock()
	defer c.up.Unlock()
	if now-c.feedbackAt >= feedbackEvery {
		c.feedback(now)
	}
	c.requestKeyframe(now)
}

// feedback queues what the browser needs to know of what it sends. The up lock
// is held.
func (c *conn) feedback(now time.Duration) {
	c.feedbackAt = now
	b := c.scratch[:0]
	if now-c.reportedAt >= reportsEvery {
		c.reportedAt = now
		b = c.receiverReport(b, now)
	}
	b = c.arrivals.report(b, c.sender, c.in[video].ssrc)
	b = c.in[video].ask(b, c.sender, now, time.Duration(c.rtt.Load()))
	if c.scratch = b; len(b) > 0 {
		c.rtcp.add(b)
		c.m.wake(c)
	}
}

// receiverReport appends one on what was heard. The up lock is held.
func (c *conn) receiverReport(b []byte, now time.Duration) []byte {
	start := len(b)
	b = append(b, 0x80, receiverReport, 0, 0, byte(c.sender>>24), byte(c.sender>>16), byte(c.sender>>8), byte(c.sender))
	for i := range c.in {
		if t := &c.in[i]; t.heard {
			b = t.block(b, now)
			b[start]++
		}
	}
	setLength(b[start:])
	return b
}

// askKeyframe asks the browser for a keyframe, or leaves it due if it was
// asked just before.
func (c *conn) askKeyframe(now time.Duration) {
	c.up.Lock()
	defer c.up.Unlock()
	c.in[video].keyDue = true
	c.requestKeyframe(now)
}

// requestKeyframe queues a due request. The up lock is held.
func (c *conn) requestKeyframe(now time.Duration) {
	t := &c.in[video]
	if !t.keyDue || !t.heard || t.keyAt != 0 && now-t.keyAt < keyframeEvery {
		return
	}
	t.keyDue, t.keyAt = false, now
	var b [12]byte
	c.rtcp.add(appendFeedback(b[:0], psFeedback, fmtPLI, c.sender, t.ssrc))
	c.m.wake(c)
}
