package wsroom_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/wsroom"
)

// BenchmarkIdle measures what a live socket costs that has nothing to tell: heap
// and stacks of the whole process, the client's end of the connection included.
func BenchmarkIdle(b *testing.B) {
	const sockets = 1000
	for b.Loop() {
		f := newFeed()
		s := wsroom.New(wsroom.Config{
			Feed: f, Limits: wsroom.Limits{PerUser: sockets},
			Authenticate: func(*http.Request) (account.Actor, error) { return ann, nil },
		})
		srv := httptest.NewServer(s.Live())
		ctx, cancel := context.WithCancel(b.Context())
		ran := make(chan error)
		go func() { ran <- s.Run(ctx) }()

		memory, goroutines := inUse(), runtime.NumGoroutine()
		conns := make([]net.Conn, 0, sockets)
		for range sockets {
			conns = append(conns, handshake(b, srv.Listener.Addr().String()))
		}
		b.ReportMetric(float64(inUse()-memory)/sockets/1024, "KiB/socket")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/sockets, "goroutines/socket")

		start := time.Now()
		f.commit(event("acme", "ann", "x"))
		for _, c := range conns {
			var head [2]byte
			_, err := io.ReadFull(c, head[:])
			require.NoError(b, err)
			_, err = io.CopyN(io.Discard, c, int64(head[1]))
			require.NoError(b, err)
		}
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/fanout")

		for _, c := range conns {
			c.Close()
		}
		cancel()
		require.NoError(b, <-ran)
		srv.Close()
	}
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// handshake opens a socket and reads the hello, by hand: a client's library
// would cost memory of its own.
func handshake(b *testing.B, addr string) net.Conn {
	b.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(b, err)
	_, err = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", addr)
	require.NoError(b, err)
	r := bufio.NewReaderSize(c, 16)
	res, err := http.ReadResponse(r, nil)
	require.NoError(b, err)
	require.Equal(b, http.StatusSwitchingProtocols, res.StatusCode)
	var head [2]byte
	_, err = io.ReadFull(r, head[:])
	require.NoError(b, err)
	_, err = io.CopyN(io.Discard, r, int64(head[1]))
	require.NoError(b, err)
	return c
}
