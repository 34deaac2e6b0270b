package pionmedia

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHistoryGrowsWithTheBitrate(t *testing.T) {
	for _, kbps := range []int{100, 1000, 4000} {
		var h history
		p := &packet{payload: make([]byte, 1000)}
		every := time.Second * 8 / time.Duration(kbps)
		now := time.Duration(0)
		for range 2 * int(time.Second/every) {
			now += every
			p.seq++
			binary.BigEndian.PutUint16(p.payload, p.seq)
			h.put(p, now)
		}
		back := uint16(min(historySpan*9/10/every, historyEntries-1))
		for i := range back {
			e, b := h.get(p.seq - i)
			require.NotNil(t, e, "%d kbit/s: the packet %d before the last", kbps, i)
			require.Equal(t, p.seq-i, binary.BigEndian.Uint16(b[osnLen:]))
		}
		require.LessOrEqual(t, len(h.data), max(historyLeast, 4*kbps*1000/8*int(historySpan/time.Millisecond)/1000))
		e, _ := h.get(p.seq + 1)
		require.Nil(t, e)
		h.clear()
		e, _ = h.get(p.seq)
		require.Nil(t, e)
	}
}
