package pionmedia

import (
	"encoding/binary"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A muxRig is a mux with the sockets of strangers around it.
type muxRig struct {
	t   *testing.T
	mux *mux
}

func newMuxRig(t *testing.T) *muxRig {
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	require.NoError(t, err)
	r := &muxRig{t, newMux(udp, slog.New(slog.DiscardHandler))}
	t.Cleanup(func() { require.NoError(t, r.mux.Close()) })
	return r
}

func (r *muxRig) conn(ufrag string) *muxConn {
	c, err := r.mux.GetConn(ufrag, r.mux.local)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() })
	return c.(*muxConn)
}

func (r *muxRig) stranger() (*net.UDPConn, netip.AddrPort) {
	c, err := net.DialUDP("udp4", nil, r.mux.local)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { c.Close() })
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func (r *muxRig) send(from *net.UDPConn, b []byte) {
	_, err := from.Write(b)
	require.NoError(r.t, err)
}

// reads checks what a connection gets next.
func (r *muxRig) reads(c *muxConn, want []byte, from netip.AddrPort) {
	r.t.Helper()
	b := make([]byte, 2000)
	n, addr, err := c.ReadFromAddrPort(b)
	require.NoError(r.t, err)
	require.Equal(r.t, want, b[:n])
	require.Equal(r.t, from, addr)
}

// message is a STUN message (RFC 8489 §5) with a USERNAME, if there is one.
func message(class uint16, id byte, username string) []byte {
	b := make([]byte, stunHeaderLen)
	binary.BigEndian.PutUint16(b, class)
	binary.BigEndian.PutUint32(b[4:], stunCookie)
	b[8] = id
	if username != "" {
		b = append(b, 0x80, 0x22, 0, 3, 'a', 'b', 'c', 0) // SOFTWARE, padded
		b = binary.BigEndian.AppendUint16(b, stunUsername)
		b = binary.BigEndian.AppendUint16(b, uint16(len(username)))
		b = append(b, username...)
		b = append(b, make([]byte, (4-len(username)%4)%4)...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)-stunHeaderLen))
	return b
}

func TestMuxRoutes(t *testing.T) {
	r := newMuxRig(t)
	a, b := r.conn("ufragA"), r.conn("ufragB")
	x, xAddr := r.stranger()
	y, yAddr := r.stranger()

	check := message(stunRequest, 1, "ufragB:other")
	r.send(x, check)
	r.reads(b, check, xAddr)
	check = message(stunRequest, 2, "ufragA:other")
	r.send(x, check)
	r.reads(a, check, xAddr)

	// Media of an address belongs to whoever answered a check from it.
	media := []byte{0x80, 1, 2, 3}
	r.send(x, media) // of nobody, so far
	r.send(x, check)
	r.reads(a, check, xAddr)
	_, err := a.WriteToAddrPort(message(stunSuccess, 2, ""), xAddr)
	require.NoError(t, err)
	r.send(x, append(media, 4))
	r.reads(a, append(media, 4), xAddr)
	r.send(x, []byte{22, 1}) // DTLS
	r.reads(a, []byte{22, 1}, xAddr)

	// An answer belongs to whoever asked.
	_, err = b.WriteToAddrPort(message(stunRequest, 9, "x:y"), yAddr)
	require.NoError(t, err)
	answer := message(stunSuccess, 9, "")
	r.send(y, answer)
	r.reads(b, answer, yAddr)

	for _, junk := range [][]byte{
		{}, {1}, {0x80}, {70, 1}, {255}, message(stunSuccess, 77, ""), message(stunRequest, 1, ""),
		message(stunRequest, 1, "nobody:x"), message(stunRequest, 1, "nocolon"), message(stunRequest, 1, "ufragA:x")[:30],
		append(message(stunRequest, 1, ""), 0, 6, 255, 255), make([]byte, 1400),
	} {
		r.send(y, junk)
	}
	r.send(x, media)
	r.reads(a, media, xAddr)
}

// A browser that names another's address in its offer makes the server ask
// there. That must not draw the other's media away.
func TestMuxKeepsAddressesApart(t *testing.T) {
	r := newMuxRig(t)
	victim, thief := r.conn("victim"), r.conn("thief")
	x, addr := r.stranger()
	_, err := victim.WriteToAddrPort(message(stunSuccess, 1, ""), addr)
	require.NoError(t, err)
	_, err = thief.WriteToAddrPort(message(stunRequest, 2, "a:b"), addr)
	require.NoError(t, err)
	r.send(x, []byte{0x80, 1})
	r.reads(victim, []byte{0x80, 1}, addr)

	// But a connection that has restarted ICE takes its address along.
	again := r.conn("again")
	_, err = again.WriteToAddrPort(message(stunSuccess, 3, ""), addr)
	require.NoError(t, err)
	r.mux.RemoveConnByUfrag("victim")
	r.send(x, []byte{0x80, 2})
	r.reads(again, []byte{0x80, 2}, addr)
}

func TestMuxForgets(t *testing.T) {
	r := newMuxRig(t)
	for i := range 100 {
		c := r.conn("same")
		x, addr := r.stranger()
		_, err := c.WriteToAddrPort(message(stunSuccess, byte(i), ""), addr)
		require.NoError(t, err)
		_, err = c.WriteToAddrPort(message(stunRequest, byte(i), "a:b"), addr)
		require.NoError(t, err)
		x.Close()
		require.NoError(t, c.Close())
		_, _, err = c.ReadFromAddrPort(make([]byte, 10))
		require.ErrorIs(t, err, net.ErrClosed)
	}
	require.Empty(t, r.mux.byAddr)
	require.Empty(t, r.mux.byUfrag)

	c := r.conn("roams")
	for i := range uint16(1000) {
		_, err := c.WriteToAddrPort(message(stunSuccess, 1, ""), netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), 1+i))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(r.mux.byAddr), maxAddrs)
	for range 2 * maxChecks {
		r.mux.checks.sent([12]byte{1, 2}, c)
	}
	require.LessOrEqual(t, len(r.mux.checks.ring), maxChecks)
}

// Who does not read loses datagrams; the others do not.
func TestMuxDoesNotWait(t *testing.T) {
	r := newMuxRig(t)
	slow, quick := r.conn("slow"), r.conn("quick")
	x, xAddr := r.stranger()
	y, yAddr := r.stranger()
	_, err := slow.WriteToAddrPort(message(stunSuccess, 1, ""), xAddr)
	require.NoError(t, err)
	_, err = quick.WriteToAddrPort(message(stunSuccess, 1, ""), yAddr)
	require.NoError(t, err)
	for i := range uint32(3 * maxQueue) {
		r.send(x, []byte{0x80, byte(i)})
		b := binary.BigEndian.AppendUint32([]byte{0x80}, i)
		r.send(y, b)
		r.reads(quick, b, yAddr)
	}
	slow.mu.Lock()
	defer slow.mu.Unlock()
	require.LessOrEqual(t, len(slow.queue)-slow.head, maxQueue)
}

func TestMuxCloseEndsReading(t *testing.T) {
	r := newMuxRig(t)
	c := r.conn("x")
	done := make(chan error)
	go func() {
		_, _, err := c.ReadFrom(make([]byte, 10))
		done <- err
	}()
	require.NoError(t, c.SetDeadline(time.Now()), "deadlines would be everybody's")
	require.NoError(t, c.Close())
	require.ErrorIs(t, <-done, net.ErrClosed)
	require.NoError(t, r.mux.Close())
	_, err := r.mux.GetConn("y", r.mux.local)
	require.ErrorIs(t, err, net.ErrClosed)
}
