package pionmedia

import "encoding/binary"

// A packet is a decrypted RTP packet (RFC 3550 §5.1), read in place.
type packet struct {
	pt      uint8
	marker  bool
	seq     uint16
	ts      uint32
	ssrc    uint32
	profile uint16 // of the header extension; 0 without one
	ext     []byte // header extension, without profile and length
	payload []byte // without padding
	padding uint8
}

const rtpHeaderLen = 12

// parse reads b, which p refers to afterwards. It reports whether b is well formed.
func (p *packet) parse(b []byte) bool {
	if len(b) < rtpHeaderLen || b[0]>>6 != 2 {
		return false
	}
	p.marker, p.pt = b[1]&0x80 != 0, b[1]&0x7f
	p.seq = binary.BigEndian.Uint16(b[2:])
	p.ts = binary.BigEndian.Uint32(b[4:])
	p.ssrc = binary.BigEndian.Uint32(b[8:])
	at := rtpHeaderLen + 4*int(b[0]&0x0f)
	p.profile, p.ext, p.padding = 0, nil, 0
	if b[0]&0x10 != 0 {
		if len(b) < at+4 {
			return false
		}
		p.profile = binary.BigEndian.Uint16(b[at:])
		end := at + 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
		if len(b) < end {
			return false
		}
		p.ext, at = b[at+4:end], end
	}
	if len(b) < at {
		return false
	}
	end := len(b)
	if b[0]&0x20 != 0 {
		if end == at {
			return false
		}
		p.padding = b[end-1]
		if end -= int(p.padding); p.padding == 0 || end < at {
			return false
		}
	}
	p.payload = b[at:end]
	return true
}

// Profiles of header extensions (RFC 8285 §4.2, §4.3).
const (
	oneByteProfile = 0xBEDE
	twoByteProfile = 0x1000 // the low four bits are free
)

// extension returns the data of the header extension called id, or nil.
func (p *packet) extension(id uint8) []byte {
	b := p.ext
	switch {
	case id == 0:
	case p.profile == oneByteProfile:
		for len(b) > 0 {
			if b[0] == 0 {
				b = b[1:]
				continue
			}
			have, n := b[0]>>4, int(b[0]&0x0f)+1
			if have == 15 || len(b) < 1+n {
				return nil
			}
			if have == id {
				return b[1 : 1+n]
			}
			b = b[1+n:]
		}
	case p.profile&0xfff0 == twoByteProfile:
		for len(b) > 1 {
			if b[0] == 0 {
				b = b[1:]
				continue
			}
			have, n := b[0], int(b[1])
			if len(b) < 2+n {
				return nil
			}
			if have == id {
				return b[2 : 2+n]
			}
			b = b[2+n:]
		}
	}
	return nil
}

// repair turns a retransmission (RFC 4588 §4) into the packet that it repeats,
// which had payload type pt and came from ssrc. It reports false for padding,
// which browsers send to probe for bandwidth.
func (p *packet) repair(pt uint8, ssrc uint32) bool {
	if len(p.payload) < 2 {
		return false
	}
	p.pt, p.ssrc = pt, ssrc
	p.seq = binary.BigEndian.Uint16(p.payload)
	p.payload = p.payload[2:]
	return true
}

// newer reports whether sequence number a comes after b.
func newer(a, b uint16) bool { return int16(a-b) > 0 }
