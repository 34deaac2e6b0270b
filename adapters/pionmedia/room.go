package pionmedia

import (
	"sync"
	"sync/atomic"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// A room is one call: two seats, and the codec of their video.
type room struct {
	id    vi.CallID
	seats [2]seat

	mu     sync.Mutex
	codec  videoCodec
	closed bool
}

// A seat is one place of a room.
type seat struct {
	offers sync.Mutex           // held while an offer is answered
	conn   atomic.Pointer[conn] // the live connection
	off    [kinds]atomic.Bool   // is not forwarded

	users int    // connections and offers that hold the codec; room.mu guards it
	gone  string // the last connection that has ended; room.mu guards it
}

func seatIndex(s vi.Seat) (int, bool) {
	switch s {
	case vi.SeatAgent:
		return 0, true
	case vi.SeatCustomer:
		return 1, true
	}
	return 0, false
}

func seatName(i int) vi.Seat { return [...]vi.Seat{vi.SeatAgent, vi.SeatCustomer}[i] }

func (r *room) forwards(seat, kind int) bool { return !r.seats[seat].off[kind].Load() }

// choose picks the video codec for an offer of that seat: the one that the
// other seat has, or VP8 before H.264. unchoose takes it back.
func (r *room) choose(seat int, o *offer) (videoCodec, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return noCodec, errClosed()
	}
	if r.seats[1-seat].users == 0 {
		r.codec = h264
		if o.can(vp8) {
			r.codec = vp8
		}
	} else if !o.can(r.codec) {
		return noCodec, fault.Errorf(fault.Invalid,
			"The other side of the call sends video in %s, which this browser does not offer.", r.codec)
	}
	r.seats[seat].users++
	return r.codec, nil
}

func (r *room) unchoose(seat int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seats[seat].users--
}

// seated makes c the connection of its seat and returns the one it replaces.
func (r *room) seated(c *conn) (before *conn, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed()
	}
	return r.seats[c.seat].conn.Swap(c), nil
}

// left frees the seat of c, unless another has it already.
func (r *room) left(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.seats[c.seat]
	s.users--
	s.gone = c.name
	s.conn.CompareAndSwap(c, nil)
}

// wasHere reports whether that connection of the seat has ended.
func (r *room) wasHere(seat int, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seats[seat].gone == name
}

func errClosed() error {
	return fault.Errorf(fault.Gone, "The call has ended.")
}
