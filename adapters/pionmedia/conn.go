package pionmedia

import (
	"encoding/binary"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/transport/v5/packetio"
	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/vi"
)

// Indices of tracks.
const (
	audio = iota
	video
	kinds
)

func kindIndex(k vi.TrackKind) int {
	if k == vi.Video {
		return video
	}
	return audio
}

// A role is what a payload type carries.
type role uint8

const (
	unknown role = iota
	audioMedia
	videoMedia
	videoRepair
)

// A conn is the connection of one browser: what it sends (in, behind the up
// lock) and what it receives (out, behind the down lock).
//
// Locks are taken up before down, and up only of one connection at a time.
// Nothing of pion that may wait for the packet path is called under them.
type conn struct {
	m       *Media
	room    *room
	seat    int
	name    string // of the Offer
	id      uint64
	offer   *offer
	codec   videoCodec
	roles   [128]role
	pc      *webrtc.PeerConnection
	senders [kinds]*webrtc.RTPSender
	sender  uint32 // SSRC of our RTCP

	candidates atomic.Pointer[map[transportAddr]string] // of the latest offer

	ready   atomic.Bool  // SRTP can be sent
	rtt     atomic.Int64 // to the browser, by its receiver reports
	streams atomic.Int32 // SSRCs the browser has used
	limited atomic.Bool  // the browser was told to send less
	videoIn atomic.Uint32

	up         sync.Mutex
	in         [kinds]inbound
	arrivals   arrivals
	pkt        packet
	scratch    []byte
	feedbackAt time.Duration
	reportedAt time.Duration

	down sync.Mutex
	out  [kinds]outbound

	rtcp    rtcpQueue
	raw     rawRTCP // the reporter's
	rawList [1]rtcp.Packet
	urgent  bool // reporter.mu guards it

	life
}

// maxStreams is how many SSRCs a browser may use for each of RTP and RTCP.
// pion keeps something for each for as long as the connection lives.
const maxStreams = 64

// peer is the other browser of the room if it can be sent to.
func (c *conn) peer() *conn {
	if q := c.room.seats[1-c.seat].conn.Load(); q != nil && q.ready.Load() {
		return q
	}
	return nil
}

// receiver is who gets what the browser sends of a kind, or nil.
func (c *conn) receiver(kind int) *conn {
	if c.room.seats[c.seat].conn.Load() != c || !c.room.forwards(c.seat, kind) {
		return nil
	}
	return c.peer()
}

// guard ends the connection, and nothing else, if a packet of it makes the
// packet path panic.
func (c *conn) guard() {
	if r := recover(); r != nil {
		c.m.log.Error("a media connection panics and is closed", "call", c.room.id, "panic", r, "stack", string(debug.Stack()))
		c.end()
	}
}

// buffer is the SettingEngine.BufferFactory of c. pion writes decrypted
// packets to what it returns, from the loop that reads them off the network:
// forwarding from there spares a queue and a goroutine's wake-up per packet.
func (c *conn) buffer(typ packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if c.streams.Add(1) > 2*maxStreams {
		c.m.log.Warn("a browser uses too many media streams", "call", c.room.id)
		go c.end()
	}
	if typ == packetio.RTPBufferPacket {
		return rtpSink{c}
	}
	return rtcpSink{c, ssrc}
}

// A rtpSink takes the RTP of one SSRC. Nobody reads from it.
type rtpSink struct{ c *conn }

func (s rtpSink) Write(b []byte) (int, error) { s.c.receive(b); return len(b), nil }
func (s rtpSink) Read([]byte) (int, error)    { return 0, io.EOF }
func (s rtpSink) Close() error                { return nil }

// A rtcpSink takes the RTCP about one SSRC.
type rtcpSink struct {
	c    *conn
	ssrc uint32
}

func (s rtcpSink) Write(b []byte) (int, error) { s.c.control(b, s.ssrc); return len(b), nil }
func (s rtcpSink) Read([]byte) (int, error)    { return 0, io.EOF }
func (s rtcpSink) Close() error                { return nil }

// receive takes one decrypted RTP packet, and forwards it. It is the packet path.
func (c *conn) receive(b []byte) {
	defer c.guard()
	now := c.m.clock()
	c.up.Lock()
	defer c.up.Unlock()
	p := &c.pkt
	if !p.parse(b) {
		return
	}
	r := c.roles[p.pt]
	if r == unknown {
		return
	}
	kind := video
	if r == audioMedia {
		kind = audio
	}
	t := &c.in[kind]
	if seq := p.extension(t.twcc); len(seq) == 2 {
		c.arrivals.note(binary.BigEndian.Uint16(seq), now)
	}
	if r == videoRepair && (!t.heard || !p.repair(t.pt, t.ssrc)) {
		return
	}
	fresh, begins := t.note(p, len(b), r == videoRepair, now)
	if !fresh {
		return
	}
	if kind == video {
		if begins {
			c.videoIn.Store(p.ssrc)
		}
		if len(t.missing) > 0 || t.keyDue {
			c.repairSoon(t, now)
		}
	}
	if q := c.receiver(kind); q != nil && !q.deliver(kind, p, t, now) {
		t.keyDue = true
		c.requestKeyframe(now)
	}
	if now-c.feedbackAt >= feedbackEvery {
		c.feedback(now)
	}
}

// repairSoon queues what is due of requests for lost packets and keyframes.
// The up lock is held.
func (c *conn) repairSoon(t *inbound, now time.Duration) {
	c.requestKeyframe(now)
	if b := t.ask(c.scratch[:0], c.sender, now, time.Duration(c.rtt.Load())); len(b) > 0 {
		c.scratch = b
		c.rtcp.add(b)
		c.m.wake(c)
	}
}

// deliver sends p of t, whose up lock is held, to the browser. It reports false
// if that needs a keyframe first.
func (c *conn) deliver(kind int, p *packet, t *inbound, now time.Duration) bool {
	c.down.Lock()
	defer c.down.Unlock()
	o := &c.out[kind]
	if o.nack {
		t.history.put(p, now)
	}
	_ = o.forward(p, t, now) // the network's trouble, or the connection ends
	return !o.gated
}
