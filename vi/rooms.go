package vi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi/wire"
)

// A Socket is the way to one browser. Both methods return at once.
type Socket interface {
	// Send queues a frame. A browser that does not keep up is closed by the
	// socket itself; what is sent to it after that is lost.
	Send(frame []byte)
	// Close sends what is queued, then closes with a code of [CloseCode].
	Close(code CloseCode, reason string)
}

// A CloseCode says why a socket was closed (RFC 6455 §7.4; 4000 to 4999 are
// ours).
type CloseCode int

// The close codes.
const (
	CloseRestart  CloseCode = 1012 // the server restarts: come back
	CloseSlow     CloseCode = 1013 // the browser did not keep up: come back
	CloseNoSeat   CloseCode = 4401 // not signed in, or the seat is another browser's
	CloseDenied   CloseCode = 4403
	CloseOver     CloseCode = 4404 // the call is over, or there is none
	CloseIdle     CloseCode = 4408 // said nothing
	CloseReplaced CloseCode = 4409 // a newer socket has the seat: do not come back
	CloseFlood    CloseCode = 4429
)

// RoomsConfig sets up [Rooms]. The zero value works.
type RoomsConfig struct {
	ICE    func(Participant) []wire.ICEServer // STUN and TURN servers for a browser; none
	Blip   time.Duration                      // a socket may be away before the participant counts as lost; 1.5 s
	Settle time.Duration                      // a media connection that takes another's place has to come up; 5 s
	Beat   time.Duration                      // between beats; 5 s
	Sample time.Duration                      // between readings of the media; 5 s
	Log    *slog.Logger                       // discards
}

// Rooms is where the browsers of running calls meet. It keeps in memory only
// what ends with the connections: who is connected, and what their devices
// report. Everything else is commands of [Calls], committed before anybody is
// told. It is safe for concurrent use.
type Rooms struct {
	calls *Calls
	media Media
	cfg   RoomsConfig

	conns *rate.Limiter // new media connections, by call and seat

	mu     sync.Mutex
	rooms  map[CallID]*room
	closed bool
}

// newConns is how often a browser may begin a media connection: each costs a
// key exchange, and no page that works needs more.
var newConns = rate.Limit{Burst: 20, Per: time.Minute}

// NewRooms returns rooms for calls whose media goes through media. The caller
// passes every [MediaEvent] to [Rooms.MediaChanged], every event of the feed to
// [Rooms.Changed], and runs [Rooms.Run].
func NewRooms(calls *Calls, media Media, cfg RoomsConfig) *Rooms {
	if cfg.ICE == nil {
		cfg.ICE = func(Participant) []wire.ICEServer { return nil }
	}
	if cfg.Blip == 0 {
		cfg.Blip = 1500 * time.Millisecond
	}
	if cfg.Settle == 0 {
		cfg.Settle = 5 * time.Second
	}
	if cfg.Beat == 0 {
		cfg.Beat = 5 * time.Second
	}
	if cfg.Sample == 0 {
		cfg.Sample = 5 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Rooms{calls: calls, media: media, cfg: cfg, rooms: map[CallID]*room{}, conns: rate.New(newConns, rate.Config{Now: calls.cfg.Now})}
}

// A room is one running call's live state.
type room struct {
	ref   Ref
	seats map[Seat]*seat
}

// A seat is one side of a room. It outlives its browser's sockets.
type seat struct {
	peer    *Peer        // nil while no browser is connected
	devices wire.Devices // as last reported
	conn    string       // of the live media connection
	up      bool         // media flows
	gone    *time.Timer  // counts the participant as lost
	sampled MediaStats   // last reading
	level   int          // network level last told
}

// Enter lets a browser into the room of its call. A browser that had the seat
// is told that it was replaced. The caller passes each frame that arrives to
// [Peer.Receive], and calls [Peer.Leave] when the socket is gone.
func (r *Rooms) Enter(p Participant, s Socket) (*Peer, error) {
	peer := &Peer{rooms: r, Participant: p, socket: s}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return nil, fmt.Errorf("enter room: %w", ErrBusy)
	}
	rm := r.room(p.Ref)
	st := rm.seat(p.Seat)
	old := st.peer
	st.peer = peer
	if st.gone != nil {
		st.gone.Stop()
		st.gone = nil
	}
	r.mu.Unlock()
	if old != nil {
		old.socket.Close(CloseReplaced, "opened somewhere else")
	}
	return peer, nil
}

func (r *Rooms) room(ref Ref) *room {
	rm := r.rooms[ref.Call]
	if rm == nil {
		rm = &room{ref: ref, seats: map[Seat]*seat{}}
		r.rooms[ref.Call] = rm
	}
	return rm
}

func (rm *room) seat(s Seat) *seat {
	st := rm.seats[s]
	if st == nil {
		st = &seat{}
		rm.seats[s] = st
	}
	return st
}

// peers returns the connected browsers.
func (rm *room) peers() (all []*Peer) {
	for _, s := range []Seat{SeatAgent, SeatCustomer} {
		if st := rm.seats[s]; st != nil && st.peer != nil {
			all = append(all, st.peer)
		}
	}
	return all
}

// in runs fn under the lock on the call's room, if there is one.
func (r *Rooms) in(id CallID, fn func(*room)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	rm := r.rooms[id]
	if rm != nil {
		fn(rm)
	}
	return rm != nil
}

// MediaChanged takes in what happened to a media connection.
func (r *Rooms) MediaChanged(ctx context.Context, e MediaEvent) {
	var ref Ref
	current := false
	r.in(e.Room, func(rm *room) {
		st := rm.seat(e.Seat)
		if current = st.conn == e.Conn; !current {
			return
		}
		ref, st.up = rm.ref, e.What == MediaUp
		if e.What == MediaDown {
			st.conn = ""
		}
	})
	if !current {
		return
	}
	s := r.calls
	_, err := s.change(ctx, ref, "record media", func(c Call) (Call, []Event, error) {
		conn, up := "", false // as it is now: the change may have waited
		r.in(e.Room, func(rm *room) { conn, up = rm.seat(e.Seat).conn, rm.seat(e.Seat).up })
		switch {
		case e.What == MediaUp && conn == e.Conn && up:
			return c.MediaUp(e.Seat, s.now(), s.cfg.Policy)
		case e.What != MediaUp && !up && (conn == e.Conn || conn == ""):
			return c.MediaLost(e.Seat, s.now(), s.cfg.Policy)
		default:
			return c, nil, nil
		}
	})
	if err != nil && ctx.Err() == nil {
		r.cfg.Log.Error("record that media changed", "call", e.Room, "seat", e.Seat, "change", e.What, "err", err)
	}
}

// Changed tells the browsers of a call what has been committed: an event of the
// feed, by its kind, with its JSON. It is called for every event of package vi,
// in order; events of calls without a room here are nothing to it.
func (r *Rooms) Changed(ctx context.Context, acct account.ID, id CallID, kind string, data json.RawMessage) error {
	var peers []*Peer
	if !r.in(id, func(rm *room) { peers = rm.peers() }) {
		return nil
	}
	if kind == (MessageSent{}).Kind() {
		var e MessageSent
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("read %s: %w", kind, err)
		}
		frame := wire.Encode("", wire.ChatMessage{Message: viewMessage(e.Message)})
		for _, p := range peers {
			p.socket.Send(frame)
		}
		return nil
	}
	c, err := r.patiently(ctx, Ref{acct, id})
	if err != nil {
		return err
	}
	if kind == (CallMoved{}).Kind() {
		r.forward(id, c.HeldBy == "")
	}
	for _, p := range peers {
		if p.seated(c) != nil {
			r.evict(p)
			continue
		}
		p.socket.Send(wire.Encode("", r.state(c, p.Seat)))
	}
	if c.Status.Final() {
		r.close(id, CloseOver, "the call is over")
	}
	return nil
}

// patiently loads a call, again and again for some seconds: what a room is not
// told now it is never told.
func (r *Rooms) patiently(ctx context.Context, ref Ref) (Call, error) {
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		c, err := r.calls.load(ctx, ref)
		if err == nil || errors.Is(err, ErrNotFound) || pause > 5*time.Second {
			return c, err
		}
		select {
		case <-ctx.Done():
			return Call{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// evict sends away a browser whose seat has been given to another, and ends its
// media: it hears and sees no more.
func (r *Rooms) evict(p *Peer) {
	r.in(p.Call, func(rm *room) {
		if st := rm.seat(p.Seat); st.peer == p {
			st.peer, st.conn, st.up, st.sampled = nil, "", false, MediaStats{}
		}
	})
	r.media.Leave(p.Call, p.Seat)
	p.socket.Close(CloseNoSeat, "the call has moved to another device")
}

// forward says whether media is passed on: not while the call is held, whatever
// the browsers send.
func (r *Rooms) forward(id CallID, on bool) {
	for _, s := range []Seat{SeatAgent, SeatCustomer} {
		r.media.Forward(id, s, Audio, on)
		r.media.Forward(id, s, Video, on)
	}
}

func (r *Rooms) state(c Call, to Seat) wire.CallState {
	return wire.CallState{Call: r.calls.View(c, to), Now: r.calls.now()}
}

// close ends a room.
func (r *Rooms) close(id CallID, code CloseCode, why string) {
	r.mu.Lock()
	rm := r.rooms[id]
	delete(r.rooms, id)
	r.mu.Unlock()
	if rm == nil {
		return
	}
	for _, st := range rm.seats {
		if st.gone != nil {
			st.gone.Stop()
		}
	}
	for _, p := range rm.peers() {
		p.socket.Close(code, why)
	}
	r.media.CloseRoom(id)
}

// Close sends every browser away to come back later, as a server that restarts
// does. The calls go on: nobody counts as lost before the time to come back.
func (r *Rooms) Close() {
	r.mu.Lock()
	r.closed = true
	var ids []CallID
	for id := range r.rooms {
		ids = append(ids, id)
	}
	r.mu.Unlock()
	for _, id := range ids {
		r.close(id, CloseRestart, "the server restarts")
	}
}

// Count returns how many rooms and browsers there are.
func (r *Rooms) Count() (rooms, browsers int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range r.rooms {
		browsers += len(rm.peers())
	}
	return len(r.rooms), browsers
}

// lose counts the participant as lost if the seat is still empty.
func (r *Rooms) lose(ref Ref, s Seat) {
	r.markLost(ref, s, func(Call) bool {
		empty := false // as it is now: the change may have waited
		r.in(ref.Call, func(rm *room) { empty = rm.seat(s).peer == nil })
		return empty
	})
}

// markLost records that a participant is lost, if that is so of the call. A
// room whose call turns out to be over is closed: nobody would tell it later.
func (r *Rooms) markLost(ref Ref, s Seat, so func(Call) bool) {
	r.mu.Lock()
	closed := r.closed
	r.mu.Unlock()
	if closed { // nobody is lost by a restart, and the store may be closed by now
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, err := r.calls.change(ctx, ref, "record loss", func(c Call) (Call, []Event, error) {
		if !so(c) {
			return c, nil, nil
		}
		return c.Lose(s, r.calls.now(), r.calls.cfg.Policy)
	})
	switch {
	case err != nil:
		r.cfg.Log.Error("record that a participant is lost", "call", ref.Call, "seat", s, "err", err)
	case c.Status.Final():
		r.close(ref.Call, CloseOver, "the call is over")
	}
}

// Run sends beats and reads the media of running calls until ctx ends.
func (r *Rooms) Run(ctx context.Context) error {
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { // apart: a slow database must not make browsers think that the server is gone
		r.every(ctx, r.cfg.Sample, func() { r.sample(ctx) })
	})
	r.every(ctx, r.cfg.Beat, func() {
		frame := wire.Encode("", wire.Beat{Now: r.calls.now()})
		for _, p := range r.everybody() {
			p.socket.Send(frame)
		}
	})
	return nil
}

func (r *Rooms) every(ctx context.Context, pause time.Duration, do func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

func (r *Rooms) everybody() (all []*Peer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range r.rooms {
		all = append(all, rm.peers()...)
	}
	return all
}

// refs returns the calls that have a room.
func (r *Rooms) refs() (all []Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rm := range r.rooms {
		all = append(all, rm.ref)
	}
	slices.SortFunc(all, func(a, b Ref) int { return strings.Compare(string(a.Call), string(b.Call)) })
	return all
}
