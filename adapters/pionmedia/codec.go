package pionmedia

// A videoCodec is what all video of a room is coded in.
type videoCodec uint8

const (
	noCodec videoCodec = iota
	vp8
	h264 // constrained baseline, packetization mode 1
)

func (c videoCodec) String() string { return [...]string{"none", "VP8", "H.264"}[c] }

// keyframe reports whether payload begins a picture that can be decoded
// without any before it.
func (c videoCodec) keyframe(payload []byte) bool {
	if c == h264 {
		return h264Keyframe(payload)
	}
	return vp8Keyframe(payload)
}

// vp8Keyframe reads the payload descriptor of RFC 7741 §4.2 and the first
// octet of the payload header behind it.
func vp8Keyframe(b []byte) bool {
	const x, s, pid = 0x80, 0x10, 0x07
	if len(b) < 1 || b[0]&s == 0 || b[0]&pid != 0 {
		return false // not the beginning of the first partition
	}
	at := 1
	if b[0]&x != 0 {
		if len(b) < 2 {
			return false
		}
		const i, l, tk = 0x80, 0x40, 0x30
		has := b[1]
		at++
		if has&i != 0 {
			if len(b) <= at {
				return false
			}
			if b[at]&0x80 != 0 {
				at++
			}
			at++
		}
		if has&l != 0 {
			at++
		}
		if has&tk != 0 {
			at++
		}
	}
	return len(b) > at && b[at]&1 == 0
}

// Types of NAL units (RFC 6184 §5.2).
const (
	nalIDR  = 5
	nalSPS  = 7
	nalSTAP = 24 // STAP-A: several units
	nalFU   = 28 // FU-A: a part of a unit
)

func h264Keyframe(b []byte) bool {
	if len(b) < 1 {
		return false
	}
	begins := func(nal byte) bool { return nal&0x1f == nalIDR || nal&0x1f == nalSPS }
	switch b[0] & 0x1f {
	case nalSTAP:
		for b = b[1:]; len(b) > 2; {
			n := int(b[0])<<8 | int(b[1])
			if begins(b[2]) {
				return true
			}
			if len(b) < 2+n {
				return false
			}
			b = b[2+n:]
		}
		return false
	case nalFU:
		return len(b) > 1 && b[1]&0x80 != 0 && begins(b[1])
	}
	return begins(b[0])
}
