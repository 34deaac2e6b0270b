// Package netsim is a bad network for tests: it stands between a UDP server and
// its clients, inside the test process and without root, and drops, delays and
// reorders packets per remote address.
package netsim

import (
	"container/heap"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Rule says what happens to the packets of one direction. The zero Rule lets
// everything through.
type Rule struct {
	Drop      bool          // lose everything
	Loss      float64       // probability of losing a packet, 0..1
	Delay     time.Duration // added to every packet
	Jitter    time.Duration // random extra delay, 0..Jitter; reorders when it exceeds the packet spacing
	Reorder   float64       // probability of holding a packet back for ReorderBy
	ReorderBy time.Duration
}

// Path holds the rules of one remote address: Up is client to server, Down is
// server to client.
type Path struct{ Up, Down Rule }

// Outage loses everything in both directions.
var Outage = Path{Up: Rule{Drop: true}, Down: Rule{Drop: true}}

// Lossy loses a share p of the packets in both directions.
func Lossy(p float64) Path { return Path{Up: Rule{Loss: p}, Down: Rule{Loss: p}} }

// Counters are totals since Wrap.
type Counters struct{ UpPassed, UpLost, DownPassed, DownLost int }

// Conn is a net.PacketConn that applies a Path to every remote address.
//
// It must not embed *net.UDPConn: promoted methods such as ReadFromUDPAddrPort
// would be a way around the rules.
type Conn struct {
	inner    net.PacketConn
	in       chan packet
	up, down *line
	closed   chan struct{}
	once     sync.Once

	mu       sync.Mutex
	rng      *rand.Rand
	paths    map[netip.AddrPort]Path
	fallback Path
	count    Counters
}

type packet struct {
	data []byte
	addr net.Addr
}

// Wrap takes ownership of inner. The same seed gives the same draws.
func Wrap(inner net.PacketConn, seed uint64) *Conn {
	c := &Conn{
		inner:  inner,
		in:     make(chan packet, 4096),
		closed: make(chan struct{}),
		rng:    rand.New(rand.NewPCG(seed, seed)),
		paths:  map[netip.AddrPort]Path{},
	}
	c.up = newLine(c.closed, c.deliver)
	c.down = newLine(c.closed, func(p packet) { _, _ = inner.WriteTo(p.data, p.addr) })
	go c.pump()
	return c
}

// Set gives one remote address its own path.
func (c *Conn) Set(remote netip.AddrPort, p Path) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths[remote] = p
}

// SetDefault is the path of every address that has none of its own. An ICE
// restart changes the client's port, so an outage for one person that has to
// outlast a restart is SetDefault(Outage) plus Set(otherPerson, Path{}).
func (c *Conn) SetDefault(p Path) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fallback = p
}

// Heal removes every rule.
func (c *Conn) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fallback = Path{}
	clear(c.paths)
}

// Counters returns the totals so far.
func (c *Conn) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.count
}

func (c *Conn) pump() {
	buf := make([]byte, 64<<10)
	for {
		n, addr, err := c.inner.ReadFrom(buf)
		if err != nil {
			c.once.Do(func() { close(c.closed) })
			return
		}
		p := packet{append([]byte(nil), buf[:n]...), addr}
		switch wait, pass := c.judge(addr, true); {
		case !pass:
		case wait == 0:
			c.deliver(p)
		default:
			c.up.add(p, wait)
		}
	}
}

func (c *Conn) deliver(p packet) {
	select {
	case c.in <- p:
	case <-c.closed:
	}
}

// judge draws the fate of one packet.
func (c *Conn) judge(addr net.Addr, up bool) (wait time.Duration, pass bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	path := c.fallback
	if u, ok := addr.(*net.UDPAddr); ok {
		ap := u.AddrPort()
		if p, ok := c.paths[netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())]; ok {
			path = p
		}
	}
	r, passed, lost := path.Down, &c.count.DownPassed, &c.count.DownLost
	if up {
		r, passed, lost = path.Up, &c.count.UpPassed, &c.count.UpLost
	}
	if r.Drop || (r.Loss > 0 && c.rng.Float64() < r.Loss) {
		*lost++
		return 0, false
	}
	*passed++
	wait = r.Delay
	if r.Jitter > 0 {
		wait += time.Duration(c.rng.Int64N(int64(r.Jitter)))
	}
	if r.Reorder > 0 && c.rng.Float64() < r.Reorder {
		wait += r.ReorderBy
	}
	return wait, true
}

// ReadFrom implements net.PacketConn.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-c.in:
		return copy(b, p.data), p.addr, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

// WriteTo implements net.PacketConn. A lost packet counts as written, as on a
// real network.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	switch wait, pass := c.judge(addr, false); {
	case !pass:
		return len(b), nil
	case wait == 0:
		return c.inner.WriteTo(b, addr)
	default:
		c.down.add(packet{append([]byte(nil), b...), addr}, wait)
		return len(b), nil
	}
}

// Close implements net.PacketConn.
func (c *Conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.inner.Close()
}

// LocalAddr implements net.PacketConn.
func (c *Conn) LocalAddr() net.Addr { return c.inner.LocalAddr() }

// SetWriteDeadline implements net.PacketConn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.inner.SetWriteDeadline(t) }

// SetReadDeadline is not supported; pion's UDP mux does not use it.
func (c *Conn) SetReadDeadline(time.Time) error { return errors.ErrUnsupported }

// SetDeadline is not supported; pion's UDP mux does not use it.
func (c *Conn) SetDeadline(time.Time) error { return errors.ErrUnsupported }

// line hands delayed packets on in the order of their due time.
type line struct {
	mu    sync.Mutex
	queue dueQueue
	seq   int
	wake  chan struct{}
}

func newLine(done <-chan struct{}, out func(packet)) *line {
	l := &line{wake: make(chan struct{}, 1)}
	go l.run(done, out)
	return l
}

func (l *line) add(p packet, wait time.Duration) {
	l.mu.Lock()
	l.seq++
	heap.Push(&l.queue, due{time.Now().Add(wait), l.seq, p})
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *line) run(done <-chan struct{}, out func(packet)) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		wait := time.Hour
		l.mu.Lock()
		for l.queue.Len() > 0 {
			if wait = time.Until(l.queue[0].at); wait > 0 {
				break
			}
			p := heap.Pop(&l.queue).(due).packet
			l.mu.Unlock()
			out(p)
			wait = time.Hour
			l.mu.Lock()
		}
		l.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-l.wake:
		case <-done:
			return
		}
	}
}

type due struct {
	at     time.Time
	seq    int
	packet packet
}

type dueQueue []due

func (q dueQueue) Len() int { return len(q) }
func (q dueQueue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].seq < q[j].seq
	}
	return q[i].at.Before(q[j].at)
}
func (q dueQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)   { *q = append(*q, x.(due)) }
func (q *dueQueue) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}
