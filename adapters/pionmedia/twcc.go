package pionmedia

import (
	"encoding/binary"
	"time"
)

// An arrivals records when the packets of one transport came, for the
// congestion control of the browser that sent them
// (draft-holmer-rmcat-transport-wide-cc-extensions-01).
type arrivals struct {
	started bool
	next    uint16 // the first number not reported yet
	last    uint16 // the highest that came
	pending bool   // something came since the last report
	count   uint8  // of reports
	at      [arrivalsSize]uint32
}

// arrivalsSize is how many numbers are remembered. A browser that sends more
// between two reports is told of the newest.
const arrivalsSize = 512

// twccTick is the resolution of arrival times.
const twccTick = 250 * time.Microsecond

// note records the arrival of the packet numbered seq.
func (a *arrivals) note(seq uint16, now time.Duration) {
	switch {
	case !a.started:
		a.started, a.next, a.last = true, seq, seq
		clear(a.at[:])
	case newer(seq, a.last):
		n := seq - a.last
		for i := range min(n, arrivalsSize) {
			a.at[(seq-i)%arrivalsSize] = 0
		}
		a.last = seq
		if n := a.last - a.next; n >= arrivalsSize && n < 1<<15 {
			a.next = a.last - arrivalsSize + 1
		}
	case a.last-seq >= arrivalsSize:
		return
	case newer(a.next, seq):
		a.next = seq // reported lost, and here it is: report it again
	}
	a.at[seq%arrivalsSize] = uint32(now/twccTick) + 1 // 0 means not
	a.pending = true
}

// Symbols of a status chunk.
const (
	notReceived = 0
	smallDelta  = 1
	largeDelta  = 2
)

// report appends feedback of all that came since the last report.
func (a *arrivals) report(b []byte, sender, media uint32) []byte {
	for a.pending {
		n := a.last - a.next + 1
		if n == 0 || n > arrivalsSize {
			a.pending = false
			break
		}
		b = a.packet(b, sender, media, min(n, arrivalsSize/2)) // within any path's MTU
	}
	return b
}

// packet appends one feedback packet of at most n statuses, and moves on.
func (a *arrivals) packet(b []byte, sender, media uint32, n uint16) []byte {
	first := a.next
	for a.at[first%arrivalsSize] == 0 { // the last one at least came
		first++
	}
	reference := (a.at[first%arrivalsSize] - 1) >> 8 // in 64 ms
	var symbols [arrivalsSize / 2]uint8
	var deltas [arrivalsSize]byte
	used, size := 0, 0
	before := reference << 8
	for i := range n {
		at := a.at[(a.next+i)%arrivalsSize]
		if at != 0 {
			d := int32(at - 1 - before)
			switch {
			case d >= 0 && d <= 255:
				symbols[i] = smallDelta
				deltas[size] = byte(d)
				size++
			case d >= -1<<15 && d < 1<<15:
				symbols[i] = largeDelta
				binary.BigEndian.PutUint16(deltas[size:], uint16(d))
				size += 2
			default: // too far apart for one packet
				n = i
			}
			if i >= n {
				break
			}
			before = at - 1
		}
		used++
	}
	start := len(b)
	b = appendFeedback(b, rtpFeedback, fmtTWCC, sender, media)
	b = binary.BigEndian.AppendUint16(b, a.next)
	b = binary.BigEndian.AppendUint16(b, uint16(used))
	b = binary.BigEndian.AppendUint32(b, reference<<8|uint32(a.count))
	b = appendStatus(b, symbols[:used])
	b = append(b, deltas[:size]...)
	if pad := (4 - (len(b)-start)%4) % 4; pad != 0 {
		b[start] |= 0x20
		b = append(b, make([]byte, pad)...)
		b[len(b)-1] = byte(pad)
	}
	setLength(b[start:])
	a.count++
	a.next += uint16(used)
	a.pending = a.next != a.last+1
	return b
}

// appendStatus packs symbols into chunks: runs of one symbol where they are
// longer than the seven that a vector of two-bit symbols holds.
func appendStatus(b []byte, symbols []uint8) []byte {
	for len(symbols) > 0 {
		run := 1
		for run < len(symbols) && symbols[run] == symbols[0] {
			run++
		}
		if run >= 7 || run == len(symbols) {
			b = binary.BigEndian.AppendUint16(b, uint16(symbols[0])<<13|uint16(run))
			symbols = symbols[run:]
			continue
		}
		chunk := uint16(0b11 << 14)
		n := min(7, len(symbols))
		for i, s := range symbols[:n] {
			chunk |= uint16(s) << (12 - 2*i)
		}
		b = binary.BigEndian.AppendUint16(b, chunk)
		symbols = symbols[n:]
	}
	return b
}
