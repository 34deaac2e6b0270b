package wsroom

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi"
)

// Close codes of RFC 6455 §7.4.1.
const (
	closeKind    vi.CloseCode = 1003 // a message of a kind that is not read here
	closeText    vi.CloseCode = 1007 // text that is not UTF-8
	closeRule    vi.CloseCode = 1008 // a message where none is expected
	closeTooLong vi.CloseCode = 1009
	closeFault   vi.CloseCode = 1011 // our fault
)

// A socket is one browser's connection. What it is to write is queued, and
// written by pump; what it reads is handed over by listen.
type socket struct {
	conn    *websocket.Conn
	tap     *tap
	network string // that it comes from
	changes int    // of rights until it was accepted
	limits  Limits
	ctx     context.Context // ends with the socket
	end     context.CancelFunc
	tasks   sync.WaitGroup // goroutines besides the one that listens
	wake    chan struct{}  // holds one: there is something to do for pump

	mu     sync.Mutex
	queue  [][]byte
	bytes  int // of the queue
	code   vi.CloseCode
	reason string
	bucket bucket
}

var _ vi.Socket = (*socket)(nil)

// accept makes a socket of the request, which reads messages of at most so many
// bytes, or answers the request with what is wrong.
func (s *Sockets) accept(w http.ResponseWriter, r *http.Request, most int64) (*socket, error) {
	network := rate.Network(s.cfg.Address(r))
	if err := s.limits.address.Take(network); err != nil {
		tooMany(w, err)
		return nil, err
	}
	k := &socket{
		network: network, limits: s.cfg.Limits, tap: &tap{ResponseWriter: w}, wake: make(chan struct{}, 1),
		bucket: bucket{perSecond: s.cfg.Limits.Rate, burst: s.cfg.Limits.Burst},
	}
	conn, err := websocket.Accept(k.tap, r, &websocket.AcceptOptions{
		OriginPatterns:  s.cfg.Origins,
		CompressionMode: websocket.CompressionDisabled, // a bomb costs nothing to send
		OnPingReceived:  func(context.Context, []byte) bool { return k.allowed() },
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(most)
	k.conn = conn
	// What the request's context carries, such as a trace, is still of use.
	k.ctx, k.end = context.WithCancel(context.WithoutCancel(r.Context()))
	s.add(k)
	return k, nil
}

// release ends the socket and waits until nothing of it runs.
func (s *Sockets) release(k *socket) {
	k.end()
	_ = k.conn.CloseNow() // it is closed already, as a rule
	k.tasks.Wait()
	s.remove(k)
}

// Send queues a frame. If the queue is full the browser does not keep up: what
// waits is dropped, and the socket closes for it to come back.
func (k *socket) Send(frame []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.code != 0:
		return
	case len(k.queue) >= k.limits.Queue || k.bytes+len(frame) > k.limits.QueueBytes:
		k.queue, k.bytes, k.code, k.reason = nil, 0, vi.CloseSlow, "too slow"
	default:
		k.queue, k.bytes = append(k.queue, frame), k.bytes+len(frame)
	}
	k.stir()
}

// Close has the queue written, then closes. The first code counts.
func (k *socket) Close(code vi.CloseCode, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.code == 0 {
		k.code, k.reason = code, reason
		k.stir()
	}
}

func (k *socket) stir() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// next takes a frame off the queue. With none left it says how to close, if
// that is due.
func (k *socket) next() (frame []byte, code vi.CloseCode, reason string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.queue) == 0 {
		k.queue = nil // let go of what it has grown to
		return nil, k.code, k.reason
	}
	frame = k.queue[0]
	k.queue[0] = nil
	k.queue, k.bytes = k.queue[1:], k.bytes-len(frame)
	return frame, 0, ""
}

// start runs pump until the socket closes, which ends the socket.
func (k *socket) start(chores ...chore) {
	k.tasks.Go(func() {
		defer k.end()
		k.pump(chores)
	})
}

// pump writes what is queued until the socket closes. In between it pings, and
// does the chores.
func (k *socket) pump(chores []chore) {
	all := newSchedule(append(chores, chore{k.limits.Ping, func() { k.tasks.Go(k.ping) }}))
	timer := time.NewTimer(all.wait(time.Now()))
	defer timer.Stop()
	for {
		frame, code, reason := k.next()
		switch {
		case frame != nil:
			if k.write(frame) != nil {
				return
			}
		case code != 0:
			_ = k.conn.Close(websocket.StatusCode(code), reason) // waits 5 s at most for the browser
			return
		default:
			select {
			case <-k.ctx.Done():
				return
			case <-k.wake:
			case <-timer.C:
			}
		}
		if now := time.Now(); all.run(now) {
			timer.Reset(all.wait(now))
		}
	}
}

// write writes one frame, past the queue.
func (k *socket) write(frame []byte) error {
	ctx, cancel := context.WithTimeout(k.ctx, k.limits.Write)
	defer cancel()
	return k.conn.Write(ctx, websocket.MessageText, frame)
}

// ping ends the socket if the browser does not answer: it is gone, and TCP would
// take minutes to say so.
func (k *socket) ping() {
	ctx, cancel := context.WithTimeout(k.ctx, k.limits.Pong)
	defer cancel()
	if k.conn.Ping(ctx) != nil {
		k.end()
	}
}

// listen hands over each text message that arrives whole, until the socket is
// gone. After a breach of the rules it closes the socket and hands over nothing
// more.
func (k *socket) listen(receive func(message []byte)) {
	for {
		kind, message, err := k.read()
		switch {
		case errors.Is(err, websocket.ErrMessageTooBig):
			k.Close(closeTooLong, "the message is too long")
			<-k.ctx.Done() // the library reads the rest away, so that the code arrives
			return
		case err != nil:
			return
		case !k.allowed():
		case kind != websocket.MessageText:
			k.Close(closeKind, "only text is read here")
		case !utf8.Valid(message):
			k.Close(closeText, "the text is not UTF-8")
		default:
			receive(message)
		}
	}
}

// closing reports whether the socket closes as soon as what is queued is
// written.
func (k *socket) closing() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.code != 0
}

// allowed counts a message or a ping and reports whether it may have an effect.
// Too many close the socket; of one that is closing nothing more has.
func (k *socket) allowed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.code != 0 {
		return false
	}
	if !k.bucket.take(time.Now()) {
		k.code, k.reason = vi.CloseFlood, "too many messages"
		k.stir()
		return false
	}
	return true
}

// read reads one message. Once begun it has to arrive whole within a time.
func (k *socket) read() (websocket.MessageType, []byte, error) {
	kind, r, err := k.conn.Reader(k.ctx)
	if err != nil {
		return 0, nil, err
	}
	late := time.AfterFunc(k.limits.Message, k.end)
	defer late.Stop()
	message, err := io.ReadAll(r)
	if err == nil && k.tap.ended() {
		err = io.ErrUnexpectedEOF
	}
	return kind, message, err
}

// A bucket is how many messages a socket may read: so many at once, and so many
// again in every second.
type bucket struct {
	perSecond, burst int
	spent            float64
	at               time.Time
}

func (b *bucket) take(now time.Time) bool {
	passed := max(0, now.Sub(b.at).Seconds())
	b.spent = max(0, b.spent-passed*float64(b.perSecond))
	b.at = now
	if b.spent+1 > float64(b.burst) {
		return false
	}
	b.spent++
	return true
}
