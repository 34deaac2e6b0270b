package pionmedia

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/stretchr/testify/require"
)

// feedback decodes reports into arrival times by number; 0 is not received.
func feedback(t *testing.T, b []byte) map[uint16]time.Duration {
	t.Helper()
	out := map[uint16]time.Duration{}
	if len(b) == 0 {
		return out
	}
	packets, err := rtcp.Unmarshal(b)
	require.NoError(t, err)
	for _, p := range packets {
		fb := p.(*rtcp.TransportLayerCC)
		require.EqualValues(t, 1, fb.SenderSSRC)
		require.EqualValues(t, 2, fb.MediaSSRC)
		at := time.Duration(fb.ReferenceTime) * 64 * time.Millisecond
		seq, deltas := fb.BaseSequenceNumber, fb.RecvDeltas
		left := int(fb.PacketStatusCount)
		status := func(symbol uint16) {
			if left == 0 {
				return
			}
			left--
			out[seq] = 0
			if symbol != rtcp.TypeTCCPacketNotReceived {
				at += time.Duration(deltas[0].Delta) * time.Microsecond
				deltas = deltas[1:]
				out[seq] = at
			}
			seq++
		}
		for _, c := range fb.PacketChunks {
			switch c := c.(type) {
			case *rtcp.RunLengthChunk:
				for range c.RunLength {
					status(c.PacketStatusSymbol)
				}
			case *rtcp.StatusVectorChunk:
				for _, s := range c.SymbolList {
					status(s)
				}
			}
		}
		require.Zero(t, left)
		require.Empty(t, deltas)
	}
	return out
}

func TestArrivals(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		seqs []uint16
		at   []time.Duration
	}{
		"one":           {[]uint16{7}, []time.Duration{5 * ms}},
		"in a row":      {[]uint16{65534, 65535, 0, 1}, []time.Duration{1000 * ms, 1001 * ms, 1002 * ms, 1100 * ms}},
		"lost between":  {[]uint16{1, 2, 3, 30, 31, 33}, []time.Duration{1 * ms, 2 * ms, 3 * ms, 4 * ms, 5 * ms, 6 * ms}},
		"out of order":  {[]uint16{5, 8, 6, 7}, []time.Duration{10 * ms, 20 * ms, 30 * ms, 40 * ms}},
		"far apart":     {[]uint16{1, 2}, []time.Duration{1 * ms, 9000 * ms}},
		"after an hour": {[]uint16{1, 2}, []time.Duration{time.Hour, time.Hour + ms}},
	} {
		t.Run(name, func(t *testing.T) {
			var a arrivals
			want := map[uint16]time.Duration{}
			for i, seq := range c.seqs {
				a.note(seq, c.at[i])
				want[seq] = c.at[i]
			}
			first, last := c.seqs[0], a.last
			got := feedback(t, a.report(nil, 1, 2))
			require.Len(t, got, int(last-first)+1)
			for seq, at := range got {
				require.Equal(t, want[seq]%(1<<24*64*ms), at, "%d", seq)
			}
			require.Empty(t, a.report(nil, 1, 2), "only once")
		})
	}
}

// A packet that comes after it was reported lost is reported again.
func TestArrivalAfterItsReport(t *testing.T) {
	var a arrivals
	a.note(1, time.Second)
	a.note(3, time.Second)
	require.Len(t, feedback(t, a.report(nil, 1, 2)), 3)
	a.note(2, time.Second+time.Millisecond)
	got := feedback(t, a.report(nil, 1, 2))
	require.Equal(t, map[uint16]time.Duration{2: time.Second + time.Millisecond, 3: time.Second}, got)
}

// Whatever comes, in whatever order, every number is reported with its time,
// unless too much came between two reports.
func TestArrivalsOfRandomTraffic(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var a arrivals
		seq, now := uint16(rng.Uint32()), time.Duration(rng.Int64N(int64(time.Hour)))
		want, got := map[uint16]time.Duration{}, map[uint16]time.Duration{}
		for range 50 {
			for range rng.IntN(60) {
				now += time.Duration(rng.Int64N(int64(20 * time.Millisecond)))
				switch rng.IntN(10) {
				case 0:
					seq += uint16(rng.IntN(20)) // lost
				case 1:
					late := seq - uint16(rng.IntN(5))
					if _, have := want[late]; have || len(want) == 0 {
						continue
					}
					a.note(late, now)
					want[late] = now / twccTick * twccTick
					continue
				}
				seq++
				a.note(seq, now)
				want[seq] = now / twccTick * twccTick
			}
			b := a.report(nil, 1, 2)
			require.Less(t, len(b), maxRTCP)
			for seq, at := range feedback(t, b) {
				if at != 0 || got[seq] == 0 {
					got[seq] = at
				}
			}
		}
		for seq, at := range want {
			require.Equal(t, at%(1<<24*64*time.Millisecond), got[seq])
		}
	}
}

func TestArrivalsForgetWhatIsTooMuch(t *testing.T) {
	var a arrivals
	for i := range uint16(2000) {
		a.note(i, time.Second)
	}
	got := feedback(t, a.report(nil, 1, 2))
	require.Len(t, got, arrivalsSize)
	require.Contains(t, got, uint16(1999))
	a.note(20000, 2*time.Second) // a leap
	a.report(nil, 1, 2)
	a.note(10000, 2*time.Second) // far back
	require.Empty(t, a.report(nil, 1, 2))
}
