package pionmedia

import (
	"encoding/binary"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"

	"github.com/tandem-cc/tandem/vi"
)

// An outbound is one track as a browser receives it. Its SSRC stays when its
// source changes; numbers and times go on. The down lock of its connection
// guards it.
//
// No number is ever used twice with another content: the nonces of SRTP are
// made of them.
type outbound struct {
	kind   vi.TrackKind
	codec  videoCodec
	clock  uint32
	writer interceptor.RTPWriter // into the SRTP session
	main   *rtp.Header
	repair *rtp.Header // nil: the browser knows no retransmission format
	abs    []byte      // abs-send-time in main, nil if not negotiated
	absRTX []byte
	nack   bool // the browser asks for what it misses

	src     *inbound
	source  uint32 // of src
	started bool   // something was sent
	fresh   bool   // the next packet begins a new stretch
	gated   bool   // waits for a keyframe

	seqOff      uint16 // from the source's numbers to ours
	tsOff       uint32
	first, last uint16 // numbers of this stretch
	lastTS      uint32
	lastAt      time.Duration
	packets     uint64
	bytes       uint64
	budget      time.Duration // retransmissions are paid from it
	budgetAt    time.Duration
	lost        int64 // as the browser reports
	jitter      uint32
	reports     [4]reportSent
	reportsAt   int
	limit       limit
	resent      uint64
}

// A reportSent is a sender report, to know its answer by.
type reportSent struct {
	middle uint32 // of its NTP time
	at     time.Duration
}

// restart makes the next packet begin a new stretch within the stream.
func (o *outbound) restart() { o.fresh, o.gated = true, o.kind == vi.Video }

// follows reports whether the stream goes on from what src sends now.
func (o *outbound) follows(src *inbound) bool { return o.src == src && o.source == src.source }

// forward sends p, which src sent.
func (o *outbound) forward(p *packet, src *inbound, now time.Duration) error {
	if !o.follows(src) {
		o.src, o.source = src, src.source
		o.restart()
	}
	if o.gated {
		if !o.codec.keyframe(p.payload) {
			return nil
		}
		o.gated = false
	}
	if o.fresh {
		o.join(p, now)
	}
	seq, ts := p.seq+o.seqOff, p.ts+o.tsOff
	if newer(o.first, seq) {
		return nil // of before this stretch: its number is another packet's
	}
	if o.packets == 0 || newer(seq, o.last) {
		o.last, o.lastTS, o.lastAt = seq, ts, now
	}
	h := o.main
	h.Marker, h.SequenceNumber, h.Timestamp = p.marker, seq, ts
	h.Padding, h.PaddingSize = p.padding != 0, p.padding
	if o.abs != nil {
		putAbsSendTime(o.abs, now)
	}
	o.packets++
	o.bytes += uint64(rtpHeaderLen + len(p.payload))
	_, err := o.writer.Write(h, p.payload, nil)
	return err
}

// join begins a stretch with p, in numbers and time where the last one ended.
func (o *outbound) join(p *packet, now time.Duration) {
	o.fresh = false
	if o.started {
		o.seqOff = o.last + 1 - p.seq
		o.tsOff = o.lastTS + max(ticks(now-o.lastAt, o.clock), 1) - p.ts
	}
	o.started = true
	o.first = p.seq + o.seqOff
	o.last, o.lastTS, o.lastAt = o.first, p.ts+o.tsOff, now
}

// Retransmissions per track: this many a second, and as many of them at once.
const (
	resendCost  = time.Second / 1000
	resendBurst = 200 * resendCost
	resendEvery = 20 * time.Millisecond // of the same packet
)

// resend sends the packet numbered seq again if it is one of this stretch and
// still remembered. The up lock of the source guards its history.
func (o *outbound) resend(seq uint16, now time.Duration) error {
	if o.src == nil || !o.follows(o.src) || o.fresh || o.gated || newer(o.first, seq) || newer(seq, o.last) {
		return nil
	}
	e, b := o.src.history.get(seq - o.seqOff)
	if e == nil || e.again != 0 && now-e.again < resendEvery {
		return nil
	}
	o.budget, o.budgetAt = min(o.budget+now-o.budgetAt, resendBurst), now
	if o.budget < resendCost {
		return nil
	}
	o.budget -= resendCost
	e.again = now
	o.resent++
	h, payload := o.main, b[osnLen:]
	if o.repair != nil {
		h, payload = o.repair, b
		binary.BigEndian.PutUint16(b, seq)
		h.SequenceNumber++
		if o.absRTX != nil {
			putAbsSendTime(o.absRTX, now)
		}
	} else {
		h.SequenceNumber = seq // byte for byte what was sent before
	}
	h.Marker, h.Timestamp, h.Padding, h.PaddingSize = e.marker, e.ts+o.tsOff, false, 0
	_, err := o.writer.Write(h, payload, nil)
	return err
}

// putAbsSendTime writes a time in 6.18 fixed-point seconds.
func putAbsSendTime(b []byte, now time.Duration) {
	s := uint32(now/time.Second)<<18 | uint32(now%time.Second<<18/time.Second)
	b[0], b[1], b[2] = byte(s>>16), byte(s>>8), byte(s)
}

// translate returns a sender report of src (RFC 3550 §6.4.1) in this stream's
// terms, or nothing if it says nothing of it. It pairs sound with picture.
func (o *outbound) translate(b, report []byte, src *inbound, now time.Duration) []byte {
	if !o.follows(src) || !o.started || o.fresh || o.gated {
		return b
	}
	o.reports[o.reportsAt%len(o.reports)] = reportSent{binary.BigEndian.Uint32(report[10:]), now}
	o.reportsAt++
	b = append(b, 0x80, senderReport, 0, srLen/4-1)
	b = binary.BigEndian.AppendUint32(b, o.main.SSRC)
	b = append(b, report[8:16]...)
	b = binary.BigEndian.AppendUint32(b, binary.BigEndian.Uint32(report[16:])+o.tsOff)
	b = binary.BigEndian.AppendUint32(b, uint32(o.packets))
	return binary.BigEndian.AppendUint32(b, uint32(o.bytes))
}

// answered takes a report block about this stream.
func (o *outbound) answered(block []byte, now time.Duration) sample {
	o.lost = int64(int32(binary.BigEndian.Uint32(block[4:])<<8) >> 8)
	o.jitter = binary.BigEndian.Uint32(block[12:])
	s := sample{at: now, high: binary.BigEndian.Uint32(block[8:]), lost: o.lost, bytes: o.bytes}
	middle, delay := binary.BigEndian.Uint32(block[16:]), binary.BigEndian.Uint32(block[20:])
	if middle == 0 {
		return s
	}
	for _, r := range o.reports {
		if r.middle == middle {
			rtt := now - r.at - time.Duration(delay)*time.Second/65536
			if rtt > 0 && rtt < 10*time.Second {
				s.rtt = rtt
			}
		}
	}
	return s
}

func (o *outbound) flow() vi.Flow {
	return vi.Flow{
		Packets: o.packets, Bytes: o.bytes, Lost: o.lost,
		Jitter: time.Duration(o.jitter) * time.Second / time.Duration(o.clock),
	}
}
