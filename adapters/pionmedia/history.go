package pionmedia

import "time"

// A history is the last packets of a track, to be sent again on request. It
// takes memory as the track's bitrate needs it. The zero history is empty.
type history struct {
	entries []entry // by the low bits of the sequence number
	data    []byte  // a ring
	pos     uint64  // where the next packet goes, counted from the beginning
}

// An entry is a packet without its header, of which it keeps what retransmissions need.
type entry struct {
	pos       uint64
	at, again time.Duration // when it came, when it was last sent again
	ts        uint32
	seq       uint16
	size      uint16 // 0: nothing here
	marker    bool
}

const (
	historyEntries = 512
	historyLeast   = 32 << 10
	historyMost    = 512 << 10
	historySpan    = 600 * time.Millisecond // as long as a jitter buffer waits

	// osnLen is the room left before each payload for the original sequence
	// number (RFC 4588 §4).
	osnLen = 2
)

func (h *history) clear() {
	clear(h.entries)
}

// put keeps p, for whose payload b stands.
func (h *history) put(p *packet, now time.Duration) {
	need := osnLen + len(p.payload)
	if len(p.payload) == 0 || need > historyLeast/4 {
		return
	}
	if h.entries == nil {
		h.entries, h.data = make([]entry, historyEntries), make([]byte, historyLeast)
	}
	e := &h.entries[p.seq%historyEntries]
	at := int(h.pos % uint64(len(h.data)))
	if at+need > len(h.data) {
		h.pos += uint64(len(h.data) - at)
		at = 0
	}
	*e = entry{pos: h.pos, at: now, ts: p.ts, seq: p.seq, size: uint16(len(p.payload)), marker: p.marker}
	copy(h.data[at+osnLen:], p.payload)
	h.pos += uint64(need)
	h.grow(p.seq, now)
}

// grow doubles the ring if it no longer reaches back far enough from seq.
func (h *history) grow(seq uint16, now time.Duration) {
	if h.pos < uint64(len(h.data)) || len(h.data) >= historyMost || seq%64 != 0 {
		return
	}
	oldest := now
	for i := range h.entries {
		if e := &h.entries[i]; h.holds(e) && e.at < oldest {
			oldest = e.at
		}
	}
	if now-oldest >= historySpan {
		return
	}
	wider := history{entries: h.entries, data: make([]byte, 2*len(h.data))}
	for s := seq - historyEntries + 1; ; s++ { // from the oldest on
		if e, b := h.get(s); e != nil {
			e.pos = wider.pos
			wider.pos += uint64(copy(wider.data[wider.pos:], b))
		} else {
			h.entries[s%historyEntries].size = 0
		}
		if s == seq {
			break
		}
	}
	*h = wider
}

func (h *history) holds(e *entry) bool {
	return e.size != 0 && h.pos-e.pos <= uint64(len(h.data))
}

// get returns the packet numbered seq and its payload with osnLen octets
// before it, or nil.
func (h *history) get(seq uint16) (*entry, []byte) {
	if h.entries == nil {
		return nil, nil
	}
	e := &h.entries[seq%historyEntries]
	if e.seq != seq || !h.holds(e) {
		return nil, nil
	}
	at := int(e.pos % uint64(len(h.data)))
	return e, h.data[at : at+osnLen+int(e.size)]
}
