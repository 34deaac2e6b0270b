package netsim_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/netsim"
)

func pair(t *testing.T) (*netsim.Conn, net.PacketConn, netip.AddrPort) {
	t.Helper()
	listen := func() net.PacketConn {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
		return c
	}
	server, client := netsim.Wrap(listen(), 1), listen()
	t.Cleanup(func() { server.Close() })
	return server, client, client.LocalAddr().(*net.UDPAddr).AddrPort()
}

func send(t *testing.T, from net.PacketConn, to net.Addr, n int) {
	t.Helper()
	for i := range n {
		_, err := from.WriteTo([]byte{byte(i)}, to)
		require.NoError(t, err)
	}
}

func receive(t *testing.T, c net.PacketConn, wait time.Duration) []byte {
	t.Helper()
	var got []byte
	buf := make([]byte, 16)
	for {
		_ = c.SetReadDeadline(time.Now().Add(wait))
		if _, _, err := c.ReadFrom(buf); err != nil {
			return got
		}
		got = append(got, buf[0])
	}
}

func TestLossIsPerRemoteAddress(t *testing.T) {
	server, client, addr := pair(t)
	other, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer other.Close()

	server.Set(addr, netsim.Lossy(0.3))
	lossy, clean := 0, 0
	for range 10 { // in batches that fit the sockets' receive buffers
		send(t, server, client.LocalAddr(), 100)
		send(t, server, other.LocalAddr(), 10)
		lossy += len(receive(t, client, 20*time.Millisecond))
		clean += len(receive(t, other, 20*time.Millisecond))
	}
	require.InDelta(t, 700, lossy, 60)
	require.Equal(t, 100, clean, "the other address loses nothing")
}

func TestOutageAndHeal(t *testing.T) {
	server, client, addr := pair(t)
	server.SetDefault(netsim.Outage)
	send(t, client, server.LocalAddr(), 5)
	send(t, server, client.LocalAddr(), 5)
	require.Empty(t, receive(t, client, 100*time.Millisecond), "nothing passes an outage")
	server.Set(addr, netsim.Path{})
	send(t, server, client.LocalAddr(), 5)
	require.Len(t, receive(t, client, 100*time.Millisecond), 5, "the exempt address hears everything")
	c := server.Counters()
	require.Equal(t, netsim.Counters{UpLost: 5, DownLost: 5, DownPassed: 5}, c)
}

func TestDelayKeepsOrderAndReorderBreaksIt(t *testing.T) {
	server, client, addr := pair(t)
	server.Set(addr, netsim.Path{Down: netsim.Rule{Delay: 50 * time.Millisecond}})
	start := time.Now()
	send(t, server, client.LocalAddr(), 100)
	got := receive(t, client, 200*time.Millisecond)
	require.Len(t, got, 100)
	require.IsNonDecreasing(t, got)
	require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)

	server.Set(addr, netsim.Path{Down: netsim.Rule{Reorder: 0.2, ReorderBy: 20 * time.Millisecond}})
	send(t, server, client.LocalAddr(), 100)
	got = receive(t, client, 200*time.Millisecond)
	require.Len(t, got, 100)
	require.False(t, slices.IsSorted(got))
}

func TestCloseEndsReading(t *testing.T) {
	server, _, _ := pair(t)
	require.NoError(t, server.Close())
	_, _, err := server.ReadFrom(make([]byte, 16))
	require.ErrorIs(t, err, net.ErrClosed)
}
