package pionmedia

import (
	"encoding/binary"
	"sync"
)

// Classes of STUN messages (RFC 8489 §5), of the Binding method alone.
const (
	stunRequest    = 0x0001
	stunIndication = 0x0011
	stunSuccess    = 0x0101

	stunHeaderLen = 20
	stunCookie    = 0x2112A442
	stunUsername  = 0x0006
)

func isSTUN(b []byte) bool {
	return len(b) >= stunHeaderLen && binary.BigEndian.Uint32(b[4:]) == stunCookie
}

func stunClass(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

// stunUfrag returns the receiver's part of the USERNAME of a check
// (RFC 8445 §7.2.2), or nil.
func stunUfrag(b []byte) []byte {
	for b = b[stunHeaderLen:]; len(b) >= 4; {
		typ, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if len(b) < 4+n {
			return nil
		}
		if typ == stunUsername {
			for i, c := range b[4 : 4+n] {
				if c == ':' {
					return b[4 : 4+i]
				}
			}
			return nil
		}
		b = b[min(4+(n+3)&^3, len(b)):]
	}
	return nil
}

// checks remembers which connection sent a connectivity check, so that the
// answer finds it.
type checks struct {
	mu   sync.Mutex
	by   map[[12]byte]*muxConn
	ring [][12]byte // the oldest is forgotten first
	at   int
}

// maxChecks is how many checks may be unanswered at once.
const maxChecks = 4096

func (k *checks) init() { k.by = map[[12]byte]*muxConn{} }

func (k *checks) sent(id [12]byte, c *muxConn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.ring) < maxChecks {
		k.ring = append(k.ring, id)
	} else {
		delete(k.by, k.ring[k.at])
		k.ring[k.at] = id
		k.at = (k.at + 1) % maxChecks
	}
	k.by[id] = c
}

func (k *checks) take(id [12]byte) *muxConn {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.by[id]
	delete(k.by, id)
	return c
}
