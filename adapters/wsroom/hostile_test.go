package wsroom

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/vi"
)

// An echo is a server whose sockets send back what they hear.
type echo struct {
	t       *testing.T
	addr    string
	sockets *Sockets
	heard   chan string
}

const most = 1000 // bytes that the echo reads

func openEcho(t *testing.T, limits Limits) *echo {
	t.Helper()
	e := &echo{t: t, sockets: New(Config{Limits: limits}), heard: make(chan string, 1000)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k, err := e.sockets.accept(w, r, most)
		if err != nil {
			return
		}
		defer e.sockets.release(k)
		k.start()
		k.listen(func(m []byte) {
			e.heard <- string(m)
			k.Send(m)
		})
	}))
	t.Cleanup(srv.Close)
	e.addr = srv.Listener.Addr().String()
	t.Cleanup(e.quiet)
	return e
}

// quiet waits until no socket is left and nothing of one runs.
func (e *echo) quiet() {
	e.t.Helper()
	var left string
	require.Eventually(e.t, func() bool {
		var b strings.Builder
		_ = pprof.Lookup("goroutine").WriteTo(&b, 2)
		left = b.String()
		return e.sockets.Count() == 0 && !strings.Contains(left, "wsroom.(*socket)") && !strings.Contains(left, "websocket.(*Conn)")
	}, 20*time.Second, 5*time.Millisecond)
}

// A stranger writes whatever bytes it likes.
type stranger struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (e *echo) stranger() *stranger {
	e.t.Helper()
	conn, err := net.Dial("tcp", e.addr)
	require.NoError(e.t, err)
	e.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", e.addr)
	require.NoError(e.t, err)
	s := &stranger{e.t, conn, bufio.NewReader(conn)}
	res, err := http.ReadResponse(s.r, nil)
	require.NoError(e.t, err)
	require.Equal(e.t, http.StatusSwitchingProtocols, res.StatusCode)
	return s
}

const (
	opText  = 1
	opBin   = 2
	opClose = 8
	opPing  = 9
	fin     = 0x80
)

// frame writes one masked frame; size may lie about the payload.
func (s *stranger) frame(head byte, size int, payload string) {
	s.t.Helper()
	b := []byte{head}
	switch {
	case size < 126:
		b = append(b, 0x80|byte(size))
	case size < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(size))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(size))
	}
	b = append(b, 0, 0, 0, 0) // the mask that changes nothing
	_, err := s.Write(append(b, payload...))
	require.NoError(s.t, err)
}

func (s *stranger) say(payload string) { s.frame(fin|opText, len(payload), payload) }

// next reads one frame of the server.
func (s *stranger) next() (op byte, payload []byte, err error) {
	if err := s.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		return 0, nil, err
	}
	var head [2]byte
	if _, err := io.ReadFull(s.r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int(head[1] & 0x7f)
	if size == 126 {
		var n [2]byte
		if _, err := io.ReadFull(s.r, n[:]); err != nil {
			return 0, nil, err
		}
		size = int(binary.BigEndian.Uint16(n[:]))
	}
	payload = make([]byte, size)
	_, err = io.ReadFull(s.r, payload)
	return head[0] & 0xf, payload, err
}

// closedWith reads until the server closes, answers that, and returns the code.
func (s *stranger) closedWith() int {
	s.t.Helper()
	for {
		op, payload, err := s.next()
		require.NoError(s.t, err)
		if op == opClose {
			s.frame(fin|opClose, 2, string(payload[:2]))
			return int(binary.BigEndian.Uint16(payload))
		}
	}
}

func TestHostileFrames(t *testing.T) {
	for name, tc := range map[string]struct {
		send func(*stranger)
		code int
	}{
		"a message that is too long": {func(s *stranger) { s.say(strings.Repeat("x", most+1)) }, 1009},
		"one that only says so":      {func(s *stranger) { s.frame(fin|opText, 1<<40, strings.Repeat("x", most+1)) }, 1009},
		"one in many fragments": {func(s *stranger) {
			s.frame(opText, 100, strings.Repeat("x", 100))
			for range 10 {
				s.frame(0, 100, strings.Repeat("x", 100))
			}
		}, 1009},
		"binary":                       {func(s *stranger) { s.frame(fin|opBin, 2, "{}") }, 1003},
		"text that is not UTF-8":       {func(s *stranger) { s.say("{\"t\":\"\xff\"}") }, 1007},
		"half a rune":                  {func(s *stranger) { s.say("\xe2\x82") }, 1007},
		"a continuation of nothing":    {func(s *stranger) { s.frame(fin, 2, "{}") }, 1002},
		"a message within a message":   {func(s *stranger) { s.frame(opText, 1, "x"); s.say("y") }, 1002},
		"a reserved bit":               {func(s *stranger) { s.frame(fin|0x40|opText, 2, "{}") }, 1002},
		"an opcode that nobody knows":  {func(s *stranger) { s.frame(fin|5, 2, "{}") }, 1002},
		"a ping that is too long":      {func(s *stranger) { s.frame(fin|opPing, 126, strings.Repeat("x", 126)) }, 1002},
		"a ping in fragments":          {func(s *stranger) { s.frame(opPing, 1, "x") }, 1002},
		"more messages than it may":    {func(s *stranger) { flood(s, fin|opText) }, 4429},
		"more pings than it may":       {func(s *stranger) { flood(s, fin|opPing) }, 4429},
		"messages and pings, together": {func(s *stranger) { flood(s, fin|opText, fin|opPing) }, 4429},
	} {
		t.Run(name, func(t *testing.T) {
			e := openEcho(t, Limits{})
			s := e.stranger()
			s.say("hello")
			require.Equal(t, "hello", <-e.heard)
			tc.send(s)
			require.Equal(t, tc.code, s.closedWith())
			for len(e.heard) > 0 { // of a flood, what came before the limit
				require.Equal(t, "flood", <-e.heard)
			}
		})
	}
}

func flood(s *stranger, heads ...byte) {
	for n := range 60 {
		s.frame(heads[n%len(heads)], 5, "flood")
	}
}

// What is cut off in the middle is not carried out, though the library takes it
// for a message.
func TestMessagesThatAreCutOff(t *testing.T) {
	for name, send := range map[string]func(*stranger){
		"after a fragment":            func(s *stranger) { s.frame(opText, 2, "{}") },
		"after a header":              func(s *stranger) { s.frame(fin|opText, 2, "") },
		"within the payload":          func(s *stranger) { s.frame(fin|opText, 4, "{}") },
		"within a header":             func(s *stranger) { s.frame(opText, 2, "{}"); _, _ = s.Write([]byte{fin}) },
		"before the last fragment":    func(s *stranger) { s.frame(opText, 2, "{}"); s.frame(0, 0, "") },
		"in a fragment of no content": func(s *stranger) { s.frame(opText, 2, "{}"); s.frame(fin, 5, "") },
	} {
		t.Run(name, func(t *testing.T) {
			e := openEcho(t, Limits{})
			s := e.stranger()
			send(s)
			require.NoError(t, s.Conn.(*net.TCPConn).CloseWrite())
			e.quiet()
			require.Empty(t, e.heard)
		})
	}
	t.Run("but not what was whole", func(t *testing.T) {
		e := openEcho(t, Limits{})
		s := e.stranger()
		s.frame(opText, 1, "{")
		s.frame(fin, 1, "}")
		require.NoError(t, s.Conn.(*net.TCPConn).CloseWrite())
		e.quiet()
		require.Equal(t, "{}", <-e.heard)
	})
}

func TestMessageThatDribbles(t *testing.T) {
	e := openEcho(t, Limits{Message: 50 * time.Millisecond, Ping: time.Hour})
	s := e.stranger()
	s.frame(opText, 1, "x")
	k, err, late := e.only(), error(nil), time.Now().Add(10*time.Second)
	for err == nil && time.Now().Before(late) { // fragments without content, for as long as they are taken
		_, err = s.Write([]byte{0, 0x80, 0, 0, 0, 0})
	}
	require.Error(t, k.ctx.Err())
	e.quiet()
	require.Empty(t, e.heard)
}

func TestBrowserThatIsGone(t *testing.T) {
	e := openEcho(t, Limits{Ping: 10 * time.Millisecond, Pong: 50 * time.Millisecond})
	s := e.stranger() // answers no ping
	require.NoError(t, s.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, err := io.Copy(io.Discard, s) // until it is closed
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	e.quiet()
}

// connect opens a socket the ordinary way.
func (e *echo) connect() *websocket.Conn {
	e.t.Helper()
	c, _, err := websocket.Dial(e.t.Context(), "ws://"+e.addr, nil)
	require.NoError(e.t, err)
	e.t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

func TestPingsAreAnswered(t *testing.T) {
	e := openEcho(t, Limits{Ping: 5 * time.Millisecond, Pong: 5 * time.Second})
	c := e.connect()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_, _, _ = c.Read(ctx) // answers pings
	}()
	require.NoError(t, c.Ping(ctx))
	require.NoError(t, c.Write(ctx, websocket.MessageText, []byte("still there")))
	require.Equal(t, "still there", <-e.heard)
}

// A browser that does not read is dropped when its queue is full, or when a
// write takes too long; nobody waits for it.
func TestBrowserThatNeverReads(t *testing.T) {
	for name, tc := range map[string]struct {
		limits Limits
		frame  int
	}{
		"too many messages": {Limits{Write: time.Minute, Queue: 10}, 64 << 10},
		"too many bytes":    {Limits{Write: time.Minute, QueueBytes: 100 << 10}, 64 << 10},
		"a write that does not end": {
			Limits{Write: 100 * time.Millisecond, Queue: 1 << 20, QueueBytes: 1 << 40}, 64 << 10,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := openEcho(t, tc.limits)
			s := e.stranger()
			require.NoError(t, s.Conn.(*net.TCPConn).SetReadBuffer(4096))
			k := e.only()
			frame := []byte(strings.Repeat("x", tc.frame))
			start := time.Now()
			for n := 0; !k.closing() && k.ctx.Err() == nil && n < 1000; n++ {
				k.Send(frame)
				frames, bytes := k.waiting()
				require.True(t, frames <= e.sockets.cfg.Limits.Queue && bytes <= e.sockets.cfg.Limits.QueueBytes)
			}
			require.Less(t, time.Since(start), 5*time.Second, "Send waits for nobody")
			if tc.limits.Write < time.Minute {
				<-k.ctx.Done()
				return
			}
			require.True(t, k.closing())
			_, bytes := k.waiting()
			require.Zero(t, bytes, "what waited is let go")
			s.Close()
		})
	}
}

// waiting returns how much is queued.
func (k *socket) waiting() (frames, bytes int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.queue), k.bytes
}

// only returns the one socket that is open.
func (e *echo) only() *socket {
	e.t.Helper()
	var k *socket
	require.Eventually(e.t, func() bool {
		e.sockets.mu.Lock()
		defer e.sockets.mu.Unlock()
		for k = range e.sockets.open {
			return true
		}
		return false
	}, 10*time.Second, time.Millisecond)
	return k
}

func TestSlowBrowserIsToldToComeBack(t *testing.T) {
	e := openEcho(t, Limits{Queue: 4})
	s := e.stranger()
	k := e.only()
	for n := 0; !k.closing(); n++ {
		k.Send([]byte(fmt.Sprint(n)))
	}
	require.EqualValues(t, vi.CloseSlow, s.closedWith())
}

func TestCloseSendsWhatIsQueuedFirst(t *testing.T) {
	e := openEcho(t, Limits{})
	s := e.stranger()
	k := e.only()
	for n := range 100 {
		k.Send([]byte(fmt.Sprint(n)))
	}
	k.Close(4404, "over")
	k.Close(4403, "too late to say so")
	k.Send([]byte("after the end"))
	for n := range 100 {
		_, payload, err := s.next()
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint(n), string(payload))
	}
	require.Equal(t, 4404, s.closedWith())
}

func TestClosedSocketThatNeverAnswers(t *testing.T) {
	e := openEcho(t, Limits{})
	e.stranger()
	e.only().Close(4404, "over")
	e.quiet() // the library waits 5 s for the browser's answer
}

func TestBucket(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	b := bucket{perSecond: 20, burst: 40}
	taken := func() (n int) {
		for b.take(now) {
			n++
		}
		return n
	}
	require.Equal(t, 40, taken())
	now = now.Add(time.Second)
	require.Equal(t, 20, taken())
	now = now.Add(time.Hour)
	require.Equal(t, 40, taken())
	now = now.Add(-time.Hour)
	require.Zero(t, taken(), "a clock that is put back gives nothing")
	now = now.Add(time.Second)
	require.Equal(t, 20, taken(), "and takes nothing")
}

func TestSchedule(t *testing.T) {
	var did []string
	s := newSchedule([]chore{
		{10 * time.Second, func() { did = append(did, "ten") }},
		{15 * time.Second, func() { did = append(did, "fifteen") }},
	})
	now := s.due[0].Add(-10 * time.Second)
	s.due[1] = now.Add(15 * time.Second)
	for _, wait := range []int{10, 5, 5, 10, 10, 5} {
		require.Equal(t, time.Duration(wait)*time.Second, s.wait(now))
		now = now.Add(s.wait(now))
		s.run(now)
	}
	require.Equal(t, []string{"ten", "fifteen", "ten", "ten", "fifteen", "ten", "fifteen"}, did)
}
