package pionmedia_test

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/pionmedia"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/vitest"
)

// BenchmarkJoin measures the time from the second party's decision to join to
// the first packet that is forwarded to it, on loopback.
func BenchmarkJoin(b *testing.B) {
	if testing.Short() {
		b.Skip("takes seconds")
	}
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(b, err)
	m, err := pionmedia.New(pionmedia.Config{UDP: udp})
	require.NoError(b, err)
	defer m.Close()
	join := func(room vi.CallID, seat vi.Seat, received func(vi.TrackKind, vitest.RTP)) *browser {
		cfg := plainBrowser
		cfg.Received = received
		p := openBrowser(b, cfg)
		offer, err := p.Offer()
		require.NoError(b, err)
		answer, err := m.Answer(b.Context(), room, seat, vi.Offer{Conn: string(seat), SDP: offer})
		require.NoError(b, err)
		require.NoError(b, p.Accept(answer))
		return p
	}
	var took []time.Duration
	for i := range max(b.N, 20) {
		room := vi.CallID(strconv.Itoa(i))
		first := join(room, vi.SeatAgent, func(vi.TrackKind, vitest.RTP) {})
		require.Eventually(b, first.Connected, 20*time.Second, time.Millisecond)
		done := make(chan struct{})
		var talking sync.WaitGroup
		talking.Go(func() { // every millisecond, so that waiting for it counts for nothing
			tick := time.NewTicker(time.Millisecond)
			defer tick.Stop()
			p := vitest.RTP{Payload: []byte{0x78, 1, 2, 3}}
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					p.Seq, p.Time = p.Seq+1, p.Time+48
					_ = first.Send(vi.Audio, p)
				}
			}
		})
		heard := make(chan struct{})
		var once sync.Once
		start := time.Now()
		second := join(room, vi.SeatCustomer, func(vi.TrackKind, vitest.RTP) { once.Do(func() { close(heard) }) })
		<-heard
		took = append(took, time.Since(start))
		close(done)
		talking.Wait()
		m.CloseRoom(room)
		require.NoError(b, first.Close())
		require.NoError(b, second.Close())
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*9/10].Microseconds())/1000, "p90-ms")
	b.ReportMetric(0, "ns/op")
}
