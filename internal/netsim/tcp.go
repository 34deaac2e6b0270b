package netsim

import (
	"io"
	"net"
	"sync"
)

// TCP is a way to a TCP server that can be cut: nothing passes while it is, and
// what was sent meanwhile arrives afterwards, as TCP's retransmissions would
// bring it. New connections are taken and wait.
type TCP struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	open  chan struct{} // closed while the way is open
	conns map[net.Conn]bool
	done  bool
}

// NewTCP returns an open way to the server at the address.
func NewTCP(to string) (*TCP, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &TCP{listener: l, to: to, open: make(chan struct{}), conns: map[net.Conn]bool{}}
	close(t.open)
	go t.accept()
	return t, nil
}

// Addr is where the way begins.
func (t *TCP) Addr() string { return t.listener.Addr().String() }

// Cut lets nothing pass until [TCP.Heal].
func (t *TCP) Cut() {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.open:
		t.open = make(chan struct{})
	default:
	}
}

// Heal opens the way again.
func (t *TCP) Heal() {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.open:
	default:
		close(t.open)
	}
}

// Close ends the way and every connection on it.
func (t *TCP) Close() error {
	t.Heal()
	t.mu.Lock()
	t.done = true
	for c := range t.conns {
		c.Close()
	}
	t.mu.Unlock()
	return t.listener.Close()
}

func (t *TCP) accept() {
	for {
		c, err := t.listener.Accept()
		if err != nil {
			return
		}
		go t.carry(c)
	}
}

func (t *TCP) carry(c net.Conn) {
	defer c.Close()
	t.wait()
	s, err := net.Dial("tcp", t.to)
	if err != nil {
		return
	}
	defer s.Close()
	if !t.keep(c, s) {
		return
	}
	defer t.drop(c, s)
	end := make(chan struct{}, 2)
	pass := func(to, from net.Conn) {
		defer func() { end <- struct{}{} }()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			t.wait()
			if n > 0 {
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				if err == io.EOF {
					if half, ok := to.(*net.TCPConn); ok {
						_ = half.CloseWrite()
					}
				}
				return
			}
		}
	}
	go pass(s, c)
	go pass(c, s)
	<-end
	<-end
}

// wait returns when the way is open.
func (t *TCP) wait() {
	t.mu.Lock()
	open := t.open
	t.mu.Unlock()
	<-open
}

func (t *TCP) keep(conns ...net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		t.conns[c] = true
	}
	return !t.done
}

func (t *TCP) drop(conns ...net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range conns {
		delete(t.conns, c)
	}
}
