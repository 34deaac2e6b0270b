package pionmedia

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/tandem-cc/tandem/vi"
)

// Types of RTCP packets and formats of feedback (RFC 3550 §6, RFC 4585 §6,
// RFC 5104 §4.3, draft-alvestrand-rmcat-remb, draft-holmer-rmcat-transport-wide-cc).
const (
	senderReport   = 200
	receiverReport = 201
	rtpFeedback    = 205
	psFeedback     = 206

	fmtNACK = 1  // of rtpFeedback
	fmtTWCC = 15 // of rtpFeedback
	fmtPLI  = 1  // of psFeedback
	fmtFIR  = 4  // of psFeedback
	fmtREMB = 15 // of psFeedback

	srLen    = 28 // without blocks
	rrLen    = 8
	blockLen = 24
)

// appendFeedback begins a feedback packet; setLength ends it.
func appendFeedback(b []byte, typ, format uint8, sender, media uint32) []byte {
	b = append(b, 0x80|format, typ, 0, 2)
	b = binary.BigEndian.AppendUint32(b, sender)
	return binary.BigEndian.AppendUint32(b, media)
}

// setLength writes the length of the one packet that p is.
func setLength(p []byte) { binary.BigEndian.PutUint16(p[2:], uint16(len(p)/4-1)) }

// appendREMB limits the media of ssrc to that many bit/s.
func appendREMB(b []byte, sender, ssrc uint32, rate uint64) []byte {
	exp := max(bits.Len64(rate)-18, 0)
	start := len(b)
	b = appendFeedback(b, psFeedback, fmtREMB, sender, 0)
	b = append(b, 'R', 'E', 'M', 'B')
	b = binary.BigEndian.AppendUint32(b, 1<<24|uint32(exp)<<18|uint32(rate>>exp))
	b = binary.BigEndian.AppendUint32(b, ssrc)
	setLength(b[start:])
	return b
}

// rembRate reads a REMB packet.
func rembRate(p []byte) (rate uint64, ok bool) {
	if len(p) < 20 || string(p[12:16]) != "REMB" {
		return 0, false
	}
	v := binary.BigEndian.Uint32(p[16:])
	exp, mantissa := v>>18&0x3f, uint64(v&0x3ffff)
	if exp > 40 {
		return unlimited, true
	}
	return min(mantissa<<exp, unlimited), true
}

// control takes one RTCP packet that the browser sent, as far as it is about
// ssrc: the SRTP session delivers a packet once for each stream it names.
func (c *conn) control(p []byte, ssrc uint32) {
	defer c.guard()
	if len(p) < rrLen || p[0]>>6 != 2 || len(p) != 4*(int(binary.BigEndian.Uint16(p[2:]))+1) {
		return
	}
	now := c.m.clock()
	switch count := int(p[0] & 0x1f); p[1] {
	case senderReport:
		if len(p) < srLen+count*blockLen {
			return
		}
		if binary.BigEndian.Uint32(p[4:]) == ssrc {
			c.senderReport(p, ssrc, now)
		}
		c.reportBlocks(p[srLen:srLen+count*blockLen], ssrc, now)
	case receiverReport:
		if len(p) >= rrLen+count*blockLen {
			c.reportBlocks(p[rrLen:rrLen+count*blockLen], ssrc, now)
		}
	case rtpFeedback:
		if count == fmtNACK && len(p) >= 16 && binary.BigEndian.Uint32(p[8:]) == ssrc {
			c.lostPackets(p[12:], ssrc, now)
		}
	case psFeedback:
		switch {
		case len(p) < 12:
		case count == fmtPLI || count == fmtFIR:
			c.keyframeWanted(ssrc, now)
		case count == fmtREMB:
			if rate, ok := rembRate(p); ok {
				c.estimated(rate, ssrc, now)
			}
		}
	}
}

// senderReport remembers a report, to be answered, and passes it on.
func (c *conn) senderReport(p []byte, ssrc uint32, now time.Duration) {
	c.up.Lock()
	defer c.up.Unlock()
	for i := range c.in {
		t := &c.in[i]
		if !t.heard || t.ssrc != ssrc {
			continue
		}
		t.report, t.reportAt = binary.BigEndian.Uint32(p[10:]), now
		if q := c.receiver(i); q != nil {
			q.down.Lock()
			var b [srLen]byte
			q.rtcp.add(q.out[i].translate(b[:0], p, t, now))
			q.down.Unlock()
			c.m.wake(q)
		}
	}
}

// reportBlocks takes what the browser reports of a stream it receives.
func (c *conn) reportBlocks(p []byte, ssrc uint32, now time.Duration) {
	c.down.Lock()
	defer c.down.Unlock()
	for ; len(p) >= blockLen; p = p[blockLen:] {
		if binary.BigEndian.Uint32(p) != ssrc {
			continue
		}
		for i := range c.out {
			o := &c.out[i]
			if o.main == nil || o.main.SSRC != ssrc {
				continue
			}
			s := o.answered(p, now)
			if s.rtt > 0 {
				c.rtt.Store(int64(s.rtt))
			}
			if o.kind == vi.Video {
				o.limit.report(s)
				c.tellLimit(now)
			}
		}
	}
}

// estimated takes the browser's own estimate of what it can receive.
func (c *conn) estimated(rate uint64, ssrc uint32, now time.Duration) {
	c.down.Lock()
	defer c.down.Unlock()
	if o := &c.out[video]; o.main != nil && o.main.SSRC == ssrc {
		o.limit.estimate = max(rate, leastLimit)
		c.tellLimit(now)
	}
}

// tellLimit passes a changed limit to who sends. The down lock is held.
func (c *conn) tellLimit(now time.Duration) {
	q := c.peer()
	if q == nil {
		return
	}
	ssrc := q.videoIn.Load()
	if ssrc == 0 {
		return
	}
	if rate, ok := c.out[video].limit.due(now); ok {
		var b [24]byte
		q.limited.Store(rate < unlimited)
		q.rtcp.add(appendREMB(b[:0], q.sender, ssrc, rate))
		c.m.wake(q)
	}
}

// lostPackets sends again what the browser asks for. items are those of a
// generic NACK (RFC 4585 §6.2.1).
func (c *conn) lostPackets(items []byte, ssrc uint32, now time.Duration) {
	q := c.peer()
	if q == nil || !c.room.forwards(1-c.seat, video) {
		return
	}
	q.up.Lock()
	defer q.up.Unlock()
	c.down.Lock()
	defer c.down.Unlock()
	o := &c.out[video]
	if o.main == nil || o.main.SSRC != ssrc || o.src != &q.in[video] {
		return
	}
	for ; len(items) >= 4; items = items[4:] {
		seq := binary.BigEndian.Uint16(items)
		mask := uint32(binary.BigEndian.Uint16(items[2:]))<<1 | 1 // of seq and the 16 after it
		for ; mask != 0; mask >>= 1 {
			if mask&1 != 0 {
				_ = o.resend(seq, now) // lost again, then
			}
			seq++
		}
	}
}

// keyframeWanted passes a request for a keyframe of a stream that the browser
// receives to who sends it.
func (c *conn) keyframeWanted(ssrc uint32, now time.Duration) {
	c.down.Lock()
	ours := c.out[video].main != nil && c.out[video].main.SSRC == ssrc
	c.down.Unlock()
	if q := c.peer(); q != nil && ours {
		q.askKeyframe(now)
	}
}
