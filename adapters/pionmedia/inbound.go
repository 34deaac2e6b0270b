package pionmedia

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/tandem-cc/tandem/vi"
)

// An inbound is one track as a browser sends it. The up lock of its connection
// guards it.
type inbound struct {
	kind    vi.TrackKind
	codec   videoCodec // noCodec: audio
	pt, rtx uint8
	twcc    uint8 // id of the header extension; 0: not negotiated
	clock   uint32
	nack    bool // the browser repeats on request

	heard   bool
	ssrc    uint32
	source  uint32 // counts the sources
	packets uint64 // since the connection began
	bytes   uint64
	lost    int64 // of sources before this one

	base, high    uint32 // sequence numbers with their cycles (RFC 3550 §A.1)
	received      uint32 // of this source
	priorExpected uint32 // at the last report
	priorReceived uint32
	seen          [window / 64]uint64
	missing       []gap

	jitter  uint32 // 1/16 ticks of clock (RFC 3550 §A.8)
	transit uint32
	ts      uint32

	report   uint32 // middle of the NTP time of the last sender report
	reportAt time.Duration

	keyAt  time.Duration // when a keyframe was last asked for
	keyDue bool

	history history
}

// window is how many sequence numbers back a late packet is still taken.
const window = 1024

// farther is the jump of sequence numbers that means another source (RFC 3550 §A.1).
const farther = 3000

// A gap is a packet that has not come.
type gap struct {
	seq          uint16
	asks         uint8
	since, asked time.Duration
}

// Limits of asking for packets again.
const (
	maxGaps   = 200 // more missing at once: a keyframe is cheaper
	maxAsks   = 8
	gapExpiry = time.Second // no jitter buffer waits longer
)

// note counts p. It reports whether p is news rather than a duplicate or far
// too late, and whether p begins a new source.
func (t *inbound) note(p *packet, size int, repaired bool, now time.Duration) (fresh, begins bool) {
	if !t.heard || p.ssrc != t.ssrc {
		t.begin(p, now)
		begins = true
	}
	diff := int16(p.seq - uint16(t.high))
	switch {
	case begins:
	case diff > farther || diff < -farther:
		t.begin(p, now)
		begins = true
	case diff > 0:
		t.advance(uint32(diff), now)
	case diff <= -window || t.has(p.seq):
		return false, false
	default:
		t.missing = slices.DeleteFunc(t.missing, func(g gap) bool { return g.seq == p.seq })
		if first := uint16(t.base); newer(first, p.seq) { // came before what was first heard
			t.base -= uint32(first - p.seq)
		}
	}
	t.mark(p.seq)
	t.received++
	t.packets++
	t.bytes += uint64(size)
	if !repaired && diff > 0 {
		t.measure(p, now)
	}
	return true, begins
}

// begin makes p the first packet of a new source.
func (t *inbound) begin(p *packet, now time.Duration) {
	if t.heard {
		t.lost += t.missed()
	}
	t.heard, t.ssrc = true, p.ssrc
	t.source++
	t.base, t.high = 1<<16|uint32(p.seq), 1<<16|uint32(p.seq) // room to go back
	t.received, t.priorExpected, t.priorReceived = 0, 0, 0
	t.jitter, t.ts = 0, p.ts
	t.transit = ticks(now, t.clock) - p.ts
	t.report, t.reportAt = 0, 0
	clear(t.seen[:])
	t.missing = t.missing[:0]
	t.history.clear()
}

// advance moves the highest number on by n and notes what was skipped.
func (t *inbound) advance(n uint32, now time.Duration) {
	for i := uint32(1); i <= min(n, window); i++ {
		s := uint16(t.high+n-min(n, window)) + uint16(i)
		t.seen[s%window/64] &^= 1 << (s % 64)
	}
	if t.nack {
		if int(n)-1+len(t.missing) > maxGaps {
			t.missing, t.keyDue = t.missing[:0], true
		} else {
			for i := uint32(1); i < n; i++ {
				t.missing = append(t.missing, gap{seq: uint16(t.high + i), since: now})
			}
		}
	}
	t.high += n
}

func (t *inbound) has(seq uint16) bool { return t.seen[seq%window/64]&(1<<(seq%64)) != 0 }
func (t *inbound) mark(seq uint16)     { t.seen[seq%window/64] |= 1 << (seq % 64) }

// ticks is d in units of a clock of that many hertz.
func ticks(d time.Duration, clock uint32) uint32 {
	return uint32(int64(d/time.Microsecond) * int64(clock) / 1e6)
}

// measure updates the jitter, once per frame: packets of one frame leave
// together, and their spread is not the network's.
func (t *inbound) measure(p *packet, now time.Duration) {
	if p.ts == t.ts {
		return
	}
	transit := ticks(now, t.clock) - p.ts
	d := int32(transit - t.transit)
	t.ts, t.transit = p.ts, transit
	if d < 0 {
		d = -d
	}
	if uint32(d) < 5*t.clock { // a jump of the sender's clock is not jitter
		t.jitter += uint32(d) - (t.jitter+8)>>4
	}
}

// missed is how many packets of the present source have not come.
func (t *inbound) missed() int64 { return int64(t.high-t.base) + 1 - int64(t.received) }

func (t *inbound) flow() vi.Flow {
	f := vi.Flow{Packets: t.packets, Bytes: t.bytes, Lost: t.lost}
	if t.heard {
		f.Lost += t.missed()
		f.Jitter = time.Duration(t.jitter>>4) * time.Second / time.Duration(t.clock)
	}
	return f
}

// block appends a report block (RFC 3550 §6.4.1).
func (t *inbound) block(b []byte, now time.Duration) []byte {
	expected := t.high - t.base + 1
	sent, came := expected-t.priorExpected, t.received-t.priorReceived
	t.priorExpected, t.priorReceived = expected, t.received
	var fraction uint32
	if sent > 0 && sent > came {
		fraction = min((sent-came)<<8/sent, 255)
	}
	lost := uint32(min(max(t.missed(), -1<<23), 1<<23-1)) & 0xffffff
	var delay uint32
	if t.reportAt != 0 {
		delay = uint32((now - t.reportAt) * 65536 / time.Second)
	}
	b = binary.BigEndian.AppendUint32(b, t.ssrc)
	b = binary.BigEndian.AppendUint32(b, fraction<<24|lost)
	b = binary.BigEndian.AppendUint32(b, t.high-1<<16)
	b = binary.BigEndian.AppendUint32(b, t.jitter>>4)
	b = binary.BigEndian.AppendUint32(b, t.report)
	return binary.BigEndian.AppendUint32(b, delay)
}

// ask appends a request (RFC 4585 §6.2.1) for the packets that are due to be
// asked for again, given the round trip to the browser.
func (t *inbound) ask(b []byte, sender uint32, now, rtt time.Duration) []byte {
	if len(t.missing) == 0 {
		return b
	}
	t.missing = slices.DeleteFunc(t.missing, func(g gap) bool {
		return now-g.since > gapExpiry || g.asks >= maxAsks
	})
	wait := min(max(rtt+rtt/4, 25*time.Millisecond), 400*time.Millisecond)
	start := len(b)
	for i := range t.missing {
		g := &t.missing[i]
		if g.asks > 0 && now-g.asked < wait {
			continue
		}
		g.asks, g.asked = g.asks+1, now
		if len(b) == start {
			b = appendFeedback(b, rtpFeedback, fmtNACK, sender, t.ssrc)
		} else if last := b[len(b)-4:]; g.seq-binary.BigEndian.Uint16(last)-1 < 16 {
			mask := binary.BigEndian.Uint16(last[2:]) | 1<<(g.seq-binary.BigEndian.Uint16(last)-1)
			binary.BigEndian.PutUint16(last[2:], mask)
			continue
		}
		b = binary.BigEndian.AppendUint16(b, g.seq)
		b = binary.BigEndian.AppendUint16(b, 0)
	}
	if len(b) > start {
		setLength(b[start:])
	}
	return b
}
