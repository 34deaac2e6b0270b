// Package uuid7 makes identifiers that sort by the time they were made:
// UUID version 7 of RFC 9562, in its text form.
package uuid7

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

var last struct {
	sync.Mutex
	tick uint64
}

// New returns a new identifier. Within one process each is greater than the
// one before: the 12 bits after the millisecond count its 4096ths (RFC 9562
// §6.2, method 3), and go on from the last where the clock stands still.
func New() string {
	now := time.Now()
	tick := uint64(now.UnixMilli())<<12 | uint64(now.Nanosecond()%1e6)<<12/1e6
	last.Lock()
	tick = max(tick, last.tick+1)
	last.tick = tick
	last.Unlock()

	var b [16]byte
	rand.Read(b[8:]) // never fails: crypto/rand ends the program instead
	binary.BigEndian.PutUint64(b[:8], tick>>12<<16|tick&0xfff|7<<12)
	b[8] = b[8]&0x3f | 0x80

	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
