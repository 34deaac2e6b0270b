package pionmedia

import (
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/ice/v4"
)

// A mux is the one UDP socket of all connections, as ice.UDPMux.
//
// Unlike the one of pion/ice it believes an address only after the connection
// has answered an authenticated check from it: a browser that names somebody
// else's address in its offer cannot draw that one's media away.
type mux struct {
	conn    net.PacketConn
	udp     *net.UDPConn // conn, if it is one: it spares allocations
	local   *net.UDPAddr
	listens func() []net.Addr
	log     *slog.Logger
	done    chan struct{}

	mu      sync.RWMutex
	closed  bool
	byUfrag map[string][]*muxConn
	byAddr  map[netip.AddrPort]*muxConn

	checks checks
	pool   sync.Pool
}

var _ ice.UDPMux = (*mux)(nil)

// maxDatagram is the largest datagram that is taken in. Browsers keep to 1200
// bytes and their certificates to less.
const maxDatagram = 1500

type datagram struct {
	n    int
	from netip.AddrPort
	data [maxDatagram]byte
}

func newMux(conn net.PacketConn, log *slog.Logger) *mux {
	m := &mux{
		conn: conn, log: log, done: make(chan struct{}),
		byUfrag: map[string][]*muxConn{}, byAddr: map[netip.AddrPort]*muxConn{},
		pool: sync.Pool{New: func() any { return new(datagram) }},
	}
	m.udp, _ = conn.(*net.UDPConn)
	m.local, _ = conn.LocalAddr().(*net.UDPAddr)
	m.checks.init()
	if m.udp != nil {
		_ = m.udp.SetReadBuffer(4 << 20) // as much as the system lets us have
		_ = m.udp.SetWriteBuffer(4 << 20)
	}
	go m.read()
	return m
}

func (m *mux) readFrom(b []byte) (int, netip.AddrPort, error) {
	if m.udp != nil {
		n, from, err := m.udp.ReadFromUDPAddrPort(b)
		return n, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), err
	}
	n, from, err := m.conn.ReadFrom(b)
	if a, ok := from.(*net.UDPAddr); ok {
		ap := a.AddrPort()
		return n, netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port()), err
	}
	return n, netip.AddrPort{}, err
}

func (m *mux) writeTo(b []byte, to netip.AddrPort) (int, error) {
	if m.udp != nil {
		return m.udp.WriteToUDPAddrPort(b, to)
	}
	return m.conn.WriteTo(b, net.UDPAddrFromAddrPort(to))
}

// read hands every datagram to the connection that it is for.
func (m *mux) read() {
	defer close(m.done)
	d := new(datagram)
	for failures := 0; ; {
		n, from, err := m.readFrom(d.data[:])
		if err != nil {
			m.mu.RLock()
			closed := m.closed
			m.mu.RUnlock()
			// A socket also reports what became of what it sent, such as "port
			// unreachable": that must not end it.
			if failures++; closed || failures > 1000 {
				if !closed {
					m.log.Error("the media socket fails", "err", err)
				}
				return
			}
			continue
		}
		failures = 0
		if c := m.route(d.data[:n], from); c != nil {
			d.n, d.from = n, from
			if c.deliver(d) {
				d = m.pool.Get().(*datagram)
			}
		}
	}
}

// route finds whom a datagram is for, by RFC 7983 and, for STUN, by what it
// names rather than by where it comes from. It returns nil for strangers.
func (m *mux) route(b []byte, from netip.AddrPort) *muxConn {
	if len(b) == 0 {
		return nil
	}
	switch first := b[0]; {
	case first >= 128 && first < 192, first >= 20 && first < 64: // SRTP, DTLS
		m.mu.RLock()
		defer m.mu.RUnlock()
		return m.byAddr[from]
	case first < 4 && isSTUN(b):
		switch stunClass(b) {
		case stunRequest, stunIndication:
			ufrag := stunUfrag(b)
			m.mu.RLock()
			defer m.mu.RUnlock()
			for _, c := range m.byUfrag[string(ufrag)] {
				if c.v6 == from.Addr().Is6() {
					return c
				}
			}
		default:
			return m.checks.take([12]byte(b[8:20]))
		}
	}
	return nil
}

// GetConn implements ice.UDPMux.
func (m *mux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	a, ok := addr.(*net.UDPAddr)
	if !ok {
		return nil, net.InvalidAddrError("not a UDP address")
	}
	c := &muxConn{mux: m, ufrag: ufrag, v6: a.IP.To4() == nil, wake: make(chan struct{}, 1)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, net.ErrClosed
	}
	m.byUfrag[ufrag] = append(m.byUfrag[ufrag], c)
	return c, nil
}

// RemoveConnByUfrag implements ice.UDPMux.
func (m *mux) RemoveConnByUfrag(ufrag string) {
	m.mu.Lock()
	conns := m.byUfrag[ufrag]
	delete(m.byUfrag, ufrag)
	for _, c := range conns {
		m.forget(c)
	}
	m.mu.Unlock()
}

// forget removes the addresses of c. m.mu is held.
func (m *mux) forget(c *muxConn) {
	for _, a := range c.addrs {
		if m.byAddr[a] == c {
			delete(m.byAddr, a)
		}
	}
	c.addrs = nil
}

// claim gives the address to c, which has answered an authenticated check from it.
func (m *mux) claim(addr netip.AddrPort, c *muxConn) {
	m.mu.RLock()
	has := m.byAddr[addr] == c
	m.mu.RUnlock()
	if has {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.byUfrag[c.ufrag]) == 0 {
		return
	}
	if len(c.addrs) == maxAddrs { // a browser that roams: the oldest is long gone
		if m.byAddr[c.addrs[0]] == c {
			delete(m.byAddr, c.addrs[0])
		}
		c.addrs = append(c.addrs[:0], c.addrs[1:]...)
	}
	m.byAddr[addr] = c
	c.addrs = append(c.addrs, addr)
}

const maxAddrs = 64

// GetListenAddresses implements ice.UDPMux.
func (m *mux) GetListenAddresses() []net.Addr { return m.listens() }

// Close ends the mux and closes its socket.
func (m *mux) Close() error {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	err := m.conn.Close()
	<-m.done
	return err
}

// A muxConn is the mux as one local candidate of one connection sees it.
type muxConn struct {
	mux   *mux
	ufrag string
	v6    bool
	addrs []netip.AddrPort // whose datagrams it gets; mux.mu guards it
	wake  chan struct{}

	mu     sync.Mutex
	closed bool
	queue  []*datagram
	head   int
}

var _ ice.AddrPortReaderWriter = (*muxConn)(nil)

// maxQueue is how many datagrams wait for a connection that is slow to read.
const maxQueue = 256

// deliver queues d and reports whether it took it.
func (c *muxConn) deliver(d *datagram) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.queue)-c.head >= maxQueue {
		return false
	}
	if c.head > 0 && len(c.queue) == cap(c.queue) {
		n := copy(c.queue, c.queue[c.head:])
		clear(c.queue[n:])
		c.queue, c.head = c.queue[:n], 0
	}
	c.queue = append(c.queue, d)
	if len(c.queue)-c.head == 1 {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return true
}

// ReadFromAddrPort implements ice.AddrPortReaderWriter.
func (c *muxConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		c.mu.Lock()
		if c.head < len(c.queue) {
			d := c.queue[c.head]
			c.queue[c.head] = nil
			if c.head++; c.head == len(c.queue) {
				c.queue, c.head = c.queue[:0], 0
			}
			c.mu.Unlock()
			n, from := copy(b, d.data[:d.n]), d.from
			c.mux.pool.Put(d)
			return n, from, nil
		}
		closed := c.closed
		c.mu.Unlock()
		if closed {
			return 0, netip.AddrPort{}, net.ErrClosed
		}
		<-c.wake
	}
}

// WriteToAddrPort implements ice.AddrPortReaderWriter.
func (c *muxConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if len(b) >= stunHeaderLen && b[0] < 4 {
		switch stunClass(b) {
		case stunRequest:
			c.mux.checks.sent([12]byte(b[8:20]), c)
		case stunSuccess:
			c.mux.claim(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), c)
		}
	}
	return c.mux.writeTo(b, to)
}

// ReadFrom implements net.PacketConn.
func (c *muxConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo implements net.PacketConn.
func (c *muxConn) WriteTo(b []byte, to net.Addr) (int, error) {
	a, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	return c.WriteToAddrPort(b, a.AddrPort())
}

// Close implements net.PacketConn. The socket stays open.
func (c *muxConn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	c.queue, c.head = nil, 0
	close(c.wake)
	c.mu.Unlock()

	m := c.mux
	m.mu.Lock()
	defer m.mu.Unlock()
	rest := m.byUfrag[c.ufrag][:0:0]
	for _, o := range m.byUfrag[c.ufrag] {
		if o != c {
			rest = append(rest, o)
		}
	}
	if len(rest) == 0 {
		delete(m.byUfrag, c.ufrag)
	} else {
		m.byUfrag[c.ufrag] = rest
	}
	m.forget(c)
	return nil
}

// LocalAddr implements net.PacketConn.
func (c *muxConn) LocalAddr() net.Addr { return c.mux.conn.LocalAddr() }

// Deadlines would be the whole socket's. Reading ends by Close.
func (c *muxConn) SetDeadline(time.Time) error      { return nil }
func (c *muxConn) SetReadDeadline(time.Time) error  { return nil }
func (c *muxConn) SetWriteDeadline(time.Time) error { return nil }
