package vitest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/netsim"
	"github.com/tandem-cc/tandem/vi"
)

func stats(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(50, vi.Audio)
	customer.hears(50, vi.Audio)
	var first map[vi.Seat]vi.MediaStats
	require.Eventually(t, func() bool {
		first = s.media.Stats("room")
		return first[vi.SeatAgent].RTT > 0 && first[vi.SeatCustomer].RTT > 0
	}, patience, tick)
	agent.hearsMore(20, vi.Video)
	customer.hearsMore(20, vi.Video)
	second := s.media.Stats("room")
	require.Len(t, second, 2)
	for seat, p := range map[vi.Seat]*person{vi.SeatAgent: agent, vi.SeatCustomer: customer} {
		before, after := first[seat], second[seat]
		require.Equal(t, p.conn, after.Conn)
		require.Equal(t, "udp", after.Protocol)
		require.Equal(t, "host", after.Candidate)
		require.Less(t, after.RTT, time.Second)
		require.WithinDuration(t, time.Now(), after.At, time.Minute)
		for _, flow := range [][2]vi.Flow{{before.In, after.In}, {before.Out, after.Out}} {
			require.Greater(t, flow[1].Packets, flow[0].Packets)
			require.Greater(t, flow[1].Bytes, flow[0].Bytes+12*(flow[1].Packets-flow[0].Packets))
			require.Less(t, flow[1].Jitter, time.Second)
		}
		require.Zero(t, after.In.Lost)
	}
	require.LessOrEqual(t, second[vi.SeatAgent].Out.Packets, second[vi.SeatCustomer].In.Packets+100)
}

func keyframes(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	customer.hears(5, vi.Video)
	start, first := time.Now(), customer.keyframesWanted()
	for round := 1; round <= 3; round++ {
		before := customer.keyframesWanted()
		for range 100 { // a desperate receiver
			require.NoError(t, agent.browser.RequestKeyframe())
		}
		require.Eventually(t, func() bool { return customer.keyframesWanted() > before }, patience, tick,
			"a request that comes too soon is made up for")
	}
	most := int(time.Since(start)/(500*time.Millisecond)) + 2
	require.LessOrEqual(t, customer.keyframesWanted()-first, most, "who sends is not flooded")
}

func outage(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	customer.hears(5, vi.Video)
	s.net.Set(customer.browser.Addr(), netsim.Outage)
	s.expect("room", customer, vi.MediaUp, vi.MediaLost)
	s.net.Heal()
	s.expect("room", customer, vi.MediaUp, vi.MediaLost, vi.MediaUp)
	agent.hearsMore(20, vi.Video)
	customer.hearsMore(20, vi.Video)
	s.expect("room", agent, vi.MediaUp)
}

func lossIsRepaired(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	customer.hears(5, vi.Video)
	s.net.Set(customer.browser.Addr(), netsim.Lossy(0.1))
	from, to := agent.marks()
	agent.hearsMore(300, vi.Video)
	customer.hearsMore(300, vi.Video)
	s.net.Heal()
	require.Eventually(t, func() bool {
		return agent.missing(customer, from) == 0 && customer.missing(agent, to) == 0
	}, patience, tick, "every lost packet of video comes after all")
	require.NotZero(t, s.net.Counters().UpLost)
	require.NotZero(t, s.net.Counters().DownLost)
}

func manyAtOnce(t *testing.T, s *stage) {
	const rooms = 6
	joined := make(chan *person, 2*rooms)
	for i := range rooms {
		room := vi.CallID("room-" + string(rune('a'+i)))
		for _, seat := range []vi.Seat{vi.SeatAgent, vi.SeatCustomer} {
			p := s.newPerson(room, seat, everyCodec)
			go func() {
				p.start(t)
				joined <- p
			}()
		}
	}
	for range 2 * rooms {
		p := <-joined
		defer func() {
			p.hears(5, vi.Video)
			p.hears(5, vi.Audio)
		}()
	}
}

func roomsStayApart(t *testing.T, s *stage) {
	a, b := s.call("one")
	c, d := s.call("two")
	for _, p := range []*person{a, b, c, d} {
		p.hears(20, vi.Audio)
		p.hears(20, vi.Video)
	}
	require.Equal(t, []string{b.conn}, a.senders())
	require.Equal(t, []string{a.conn}, b.senders())
	require.Equal(t, []string{d.conn}, c.senders())
	require.Equal(t, []string{c.conn}, d.senders())
	s.media.CloseRoom("one")
	c.hearsMore(10, vi.Video)
	d.hearsMore(10, vi.Video)
}

func browserCloses(t *testing.T, s *stage) {
	agent, customer := s.call("room")
	agent.hears(5, vi.Video)
	require.NoError(t, customer.browser.Close())
	s.expect("room", customer, vi.MediaUp, vi.MediaDown)
	again := s.join("room", vi.SeatCustomer)
	agent.hearsOf(again, 5, vi.Video)
}
