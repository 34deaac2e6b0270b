package pionmedia

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/vi"
)

// A life is where a connection stands.
type life struct {
	dtls atomic.Int32 // webrtc.DTLSTransportState

	mu       sync.Mutex
	seated   bool // has its seat; before that nobody is told
	last     vi.MediaChange
	born     time.Duration
	checking time.Duration // since when it looks for a way, 0: it does not
	ended    bool
}

// follow makes c observe itself at every change.
//
// pion's PeerConnection.ConnectionState is not to be relied on: of two changes
// at once, of ICE and of DTLS, the later one may be overwritten by the earlier.
func (c *conn) follow() {
	c.pc.OnICEConnectionStateChange(func(webrtc.ICEConnectionState) { go c.observe() })
	c.senders[video].Transport().OnStateChange(func(s webrtc.DTLSTransportState) {
		c.dtls.Store(int32(s))
		go c.observe() // pion holds a lock here
	})
}

// state is what ICE and DTLS amount to.
func (c *conn) state() webrtc.PeerConnectionState {
	path, dtls := c.pc.ICEConnectionState(), webrtc.DTLSTransportState(c.dtls.Load())
	switch {
	case path == webrtc.ICEConnectionStateFailed, path == webrtc.ICEConnectionStateClosed,
		dtls == webrtc.DTLSTransportStateFailed, dtls == webrtc.DTLSTransportStateClosed:
		return webrtc.PeerConnectionStateFailed
	case path == webrtc.ICEConnectionStateDisconnected:
		return webrtc.PeerConnectionStateDisconnected
	case dtls == webrtc.DTLSTransportStateConnected &&
		(path == webrtc.ICEConnectionStateConnected || path == webrtc.ICEConnectionStateCompleted):
		return webrtc.PeerConnectionStateConnected
	}
	return webrtc.PeerConnectionStateConnecting
}

// observe takes in what has become of c. Several may run at once and overtake
// each other, so each looks for itself.
func (c *conn) observe() {
	switch c.state() {
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
	case webrtc.PeerConnectionStateFailed:
		c.life.mu.Lock()
		seated := c.seated
		c.life.mu.Unlock()
		if seated {
			c.end()
		}
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
	if c.state() != webrtc.PeerConnectionStateConnected {
		return
	}
	c.checking = 0
	if !c.seated || c.ended || c.last == vi.MediaUp {
		return
	}
	c.ready.Store(true)
	c.change(vi.MediaUp)
	go c.attach()
}

// take says that c has its seat.
func (c *conn) take() {
	c.life.mu.Lock()
	c.seated = true
	c.life.mu.Unlock()
	c.observe()
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
