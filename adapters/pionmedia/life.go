package pionmedia

import (
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/vi"
)

// A life is where a connection stands.
type life struct {
	mu       sync.Mutex
	last     vi.MediaChange
	born     time.Duration
	checking time.Duration // since when it looks for a way, 0: it does not
	ended    bool
}

// observe takes in what pion's connection has come to. pion calls it from
// goroutines that may overtake each other, so it looks for itself.
func (c *conn) observe() {
	switch c.pc.ConnectionState() {
	case webrtc.PeerConnectionStateConnected:
		c.connected()
	case webrtc.PeerConnectionStateConnecting:
		c.life.mu.Lock()
		if c.checking == 0 {
			c.checking = c.m.clock()
		}
		c.life.mu.Unlock()
	case webrtc.PeerConnectionStateDisconnected:
		c.life.mu.Lock()
		c.lose()
		c.life.mu.Unlock()
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		c.end()
	}
}

// connected opens the SRTP streams, the first time, and says that c is up.
func (c *conn) connected() {
	if !c.ready.Load() {
		var b [1]byte
		for _, s := range c.senders {
			_, _, _ = s.Read(b[:]) // opens both ways; what it reads is rtcpSink's io.EOF
		}
	}
	c.life.mu.Lock()
	defer c.life.mu.Unlock()
	c.checking = 0
	if c.ended || c.last == vi.MediaUp || c.pc.ConnectionState() != webrtc.PeerConnectionStateConnected {
		return
	}
	c.ready.Store(true)
	c.change(vi.MediaUp)
	go c.attach()
}

// lose says that nothing is heard, if that is news. life.mu is held.
func (c *conn) lose() {
	if !c.ended && c.last == vi.MediaUp {
		c.change(vi.MediaLost)
	}
}

func (c *conn) change(what vi.MediaChange) {
	c.last = what
	c.m.events.put(vi.MediaEvent{Room: c.room.id, Seat: seatName(c.seat), Conn: c.name, At: c.m.now(), What: what})
}

// attach begins the media of both ways when c has come, or come back.
func (c *conn) attach() {
	now := c.m.clock()
	q := c.peer()
	if q == nil {
		return
	}
	if ssrc := q.videoIn.Load(); ssrc != 0 && q.limited.Swap(false) { // what held for another receiver
		var b [24]byte
		q.rtcp.add(appendREMB(b[:0], q.sender, ssrc, unlimited))
	}
	q.askKeyframe(now)
	c.askKeyframe(now)
}

// watch ends a connection that never comes up, and notices one that does not
// come back from an ICE restart. Only the reporter calls it.
func (c *conn) watch(now time.Duration) {
	c.life.mu.Lock()
	late := c.last == "" && now-c.born > c.m.cfg.ConnectTimeout
	if c.checking != 0 && now-c.checking > c.m.cfg.LostAfter {
		c.lose()
	}
	c.life.mu.Unlock()
	if late {
		go c.end()
	}
}

// end closes c for good. It returns at once; c.m.running waits for the rest.
func (c *conn) end() {
	c.life.mu.Lock()
	defer c.life.mu.Unlock()
	if c.ended {
		return
	}
	c.ended = true
	c.ready.Store(false)
	c.change(vi.MediaDown)
	c.room.left(c)
	c.m.ended(c)
}
