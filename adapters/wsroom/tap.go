package wsroom

import (
	"bufio"
	"net"
	"net/http"
	"sync/atomic"
)

// A tap sits between the library and the connection, to know whether the
// connection has ended. If that happens in the middle of a message, the library
// takes what has arrived of it for the whole. But after a whole message it does
// not read on from the connection: where the end has been seen by then, the
// message was cut off.
type tap struct {
	http.ResponseWriter
	conn *tapped
}

// Hijack gives the library the connection to read and write.
func (t *tap) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(t.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	t.conn = &tapped{Conn: conn}
	return t.conn, rw, nil
}

// ended reports whether the connection's end has been read.
func (t *tap) ended() bool { return t.conn.ended.Load() }

type tapped struct {
	net.Conn
	ended atomic.Bool
}

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	if n > 0 { // TLS may give the last bytes and the end at once; it gives the end again
		return n, nil
	}
	if err != nil {
		t.ended.Store(true)
	}
	return n, err
}
