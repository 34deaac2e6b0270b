// Package pionmedia is a media plane on pion/webrtc: a selective forwarding
// unit for calls of two browsers.
//
// All media uses one UDP port, and one TCP port if asked for. Each browser
// negotiates once; who comes, leaves or reloads on the other side changes
// nothing of its connection, whose SSRCs, sequence numbers and times go on.
//
// A packet is forwarded from within the loop that reads and decrypts it. Of
// pion's interceptors none is used: feedback, reports and retransmissions are
// this package's own, and one goroutine sends those of all connections.
package pionmedia

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// Config sets up a [Media]. The zero Config listens on a UDP port of the
// system's choice, on all addresses.
type Config struct {
	// UDP is the socket of all media. Media takes it over and closes it. If it
	// is nil, UDPAddr is listened on, such as ":3478" or "192.0.2.1:3478".
	UDP     net.PacketConn
	UDPAddr string

	// TCP takes media connections (RFC 6544) of browsers whose network lets no
	// UDP through. Media takes it over and closes it. Nil: no TCP.
	TCP net.Listener

	// PublicIPs are announced in place of the addresses that the sockets have,
	// for a server behind one-to-one NAT.
	PublicIPs []netip.Addr

	// MaxConnections is how many browsers may be connected at once, and what
	// makes Answer fail with [vi.ErrBusy]. Zero: no limit.
	MaxConnections int

	// ConnectTimeout is how long a browser may take to connect after its offer
	// was answered (default 30 s); LostAfter, how long nothing may be heard of
	// it before it counts as lost (default 3 s); FailAfter, how long after that
	// an ICE restart may still mend it (default 120 s); KeepAlive, how often the
	// way to it is checked (default 1 s).
	ConnectTimeout, LostAfter, FailAfter, KeepAlive time.Duration

	// Events is told of every change of a connection. Nil: nobody is.
	Events func(vi.MediaEvent)

	Log *slog.Logger     // nil: slog.Default()
	Now func() time.Time // nil: time.Now
}

// Media is a media plane. Use [New].
type Media struct {
	cfg      Config
	log      *slog.Logger
	began    time.Time
	mux      *mux
	tcp      *ice.TCPMuxDefault
	settings webrtc.SettingEngine // of every connection, but for its buffers
	events   *eventQueue
	reporter *reporter

	running sync.WaitGroup // connections that are closing, offers being answered
	nextID  atomic.Uint64

	mu          sync.Mutex
	closing     bool
	rooms       map[vi.CallID]*room
	conns       map[*conn]struct{}
	certificate *webrtc.Certificate
	certified   time.Time
}

var _ vi.Media = (*Media)(nil)

// New opens the media plane's sockets. Close it after use.
func New(cfg Config) (*Media, error) {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&cfg.ConnectTimeout, 30*time.Second)
	def(&cfg.LostAfter, 3*time.Second)
	def(&cfg.FailAfter, 120*time.Second)
	def(&cfg.KeepAlive, time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.UDP == nil {
		if cfg.UDPAddr == "" {
			cfg.UDPAddr = ":0"
		}
		var err error
		if cfg.UDP, err = net.ListenPacket("udp", cfg.UDPAddr); err != nil {
			return nil, err
		}
	}
	m := &Media{
		cfg: cfg, log: cfg.Log, began: time.Now(),
		mux:      newMux(cfg.UDP, cfg.Log),
		reporter: newReporter(),
		rooms:    map[vi.CallID]*room{},
		conns:    map[*conn]struct{}{},
	}
	if err := m.configure(); err != nil {
		_ = m.mux.Close()
		if m.tcp != nil {
			_ = m.tcp.Close()
		}
		return nil, err
	}
	m.events = newEventQueue(cfg.Events)
	go m.reporter.run(m.clock)
	return m, nil
}

// clock is the time since the plane began; it never goes back.
func (m *Media) clock() time.Duration { return time.Since(m.began) }

func (m *Media) now() time.Time { return m.cfg.Now().UTC().Truncate(time.Microsecond) }

func (m *Media) wake(c *conn) { m.reporter.flush(c) }

// LocalAddr is the address of the UDP socket.
func (m *Media) LocalAddr() net.Addr { return m.cfg.UDP.LocalAddr() }

// room returns the room, or nil if there is none.
func (m *Media) room(id vi.CallID) *room {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.rooms[id]
}

// makeRoom returns the room, which it makes if need be. m.mu is held.
func (m *Media) makeRoom(id vi.CallID) *room {
	r := m.rooms[id]
	if r == nil {
		r = &room{id: id}
		m.rooms[id] = r
	}
	return r
}

// Answer implements [vi.Media].
func (m *Media) Answer(ctx context.Context, id vi.CallID, seat vi.Seat, o vi.Offer) (string, error) {
	i, ok := seatIndex(seat)
	var check fault.Check
	check.That(id != "", "room", "is missing")
	check.That(ok, "seat", "is neither agent nor customer")
	check.That(o.Conn != "" && len(o.Conn) <= 128, "conn", "must be 1 to 128 bytes long")
	if err := check.Err(); err != nil {
		return "", err
	}
	parsed, err := parseOffer(o.SDP)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	if m.closing {
		m.mu.Unlock()
		return "", fault.Errorf(fault.Busy, "The media server is shutting down. Try again in a moment.")
	}
	m.running.Add(1)
	defer m.running.Done()
	r := m.makeRoom(id)
	m.mu.Unlock()

	s := &r.seats[i]
	s.offers.Lock()
	defer s.offers.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if c := s.conn.Load(); c != nil && c.name == o.Conn {
		return c.restart(ctx, parsed)
	}
	if r.wasHere(i, o.Conn) {
		return "", fault.Errorf(fault.Gone, "This media connection has ended. Open a new one.")
	}
	return m.connect(ctx, r, i, o.Conn, parsed)
}

// connect answers the first offer of a connection and gives it its seat.
func (m *Media) connect(ctx context.Context, r *room, seat int, name string, o *offer) (string, error) {
	codec, err := r.choose(seat, o)
	if err != nil {
		return "", err
	}
	c := &conn{m: m, room: r, seat: seat, name: name, id: m.nextID.Add(1), offer: o, codec: codec}
	c.born = m.clock()
	answer, err := c.open(ctx)
	if err == nil {
		err = m.admit(c)
	}
	if err != nil {
		r.unchoose(seat)
		if c.pc != nil {
			_ = c.pc.GracefulClose()
		}
		return "", err
	}
	before, err := r.seated(c)
	if err != nil { // the room was closed meanwhile
		r.unchoose(seat)
		m.ended(c)
		return "", err
	}
	if before != nil {
		before.end()
	}
	m.reporter.add(c)
	c.take()
	return answer, nil
}

// admit counts c in, if there is room for it.
func (m *Media) admit(c *conn) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if limit := m.cfg.MaxConnections; limit > 0 && len(m.conns) >= limit && c.room.seats[c.seat].conn.Load() == nil {
		return fault.Errorf(fault.Busy, "The media server is full. Try again later.")
	}
	m.conns[c] = struct{}{}
	m.running.Add(1) // until pion has closed it
	return nil
}

// ended closes what pion has of c, which has just ended.
func (m *Media) ended(c *conn) {
	m.reporter.remove(c)
	go func() {
		defer m.running.Done()
		_ = c.pc.GracefulClose()
		m.mu.Lock()
		delete(m.conns, c)
		m.mu.Unlock()
	}()
}

// Forward implements [vi.Media].
func (m *Media) Forward(id vi.CallID, seat vi.Seat, kind vi.TrackKind, on bool) {
	i, ok := seatIndex(seat)
	if !ok || kind != vi.Audio && kind != vi.Video {
		return
	}
	m.mu.Lock()
	r, k := m.makeRoom(id), kindIndex(kind)
	m.mu.Unlock()
	if r.seats[i].off[k].Swap(!on) == !on {
		return
	}
	if q := r.seats[1-i].conn.Load(); q != nil {
		q.down.Lock() // a packet on its way is through when this returns
		q.out[k].restart()
		q.down.Unlock()
	}
	if c := r.seats[i].conn.Load(); c != nil && on && kind == vi.Video {
		c.askKeyframe(m.clock())
	}
}

// Leave implements [vi.Media].
func (m *Media) Leave(id vi.CallID, seat vi.Seat) {
	r := m.room(id)
	if i, ok := seatIndex(seat); ok && r != nil {
		if c := r.seats[i].conn.Load(); c != nil {
			c.end()
		}
	}
}

// CloseRoom implements [vi.Media].
func (m *Media) CloseRoom(id vi.CallID) {
	m.mu.Lock()
	r := m.rooms[id]
	delete(m.rooms, id)
	m.mu.Unlock()
	if r == nil {
		return
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	for i := range r.seats {
		if c := r.seats[i].conn.Load(); c != nil {
			c.end()
		}
	}
}

// Close ends all connections, waits for what they run, delivers the last
// events, and closes the sockets.
func (m *Media) Close() error {
	m.mu.Lock()
	if m.closing {
		m.mu.Unlock()
		return nil
	}
	m.closing = true
	ids := make([]vi.CallID, 0, len(m.rooms))
	for id := range m.rooms {
		ids = append(ids, id)
	}
	m.mu.Unlock()
	for _, id := range ids {
		m.CloseRoom(id)
	}
	m.running.Wait()
	close(m.reporter.stop)
	<-m.reporter.done
	m.events.close()
	err := m.mux.Close()
	if m.tcp != nil {
		if e := m.tcp.Close(); err == nil {
			err = e
		}
	}
	return err
}
