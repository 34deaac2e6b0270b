package wsroom

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/wire"
)

// receiveTime is how long one message of a browser may be worked on.
const receiveTime = 20 * time.Second

// Room returns the handler of /ws/room?call=ID&as=agent|customer: a browser's
// place in the room of a call. What is said there is defined in package wire.
//
// Who may not enter is told by the code with which the socket closes, since
// browsers do not show a page the status of a refused handshake.
func (s *Sockets) Room() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, seat := vi.CallID(r.URL.Query().Get("call")), vi.Seat(r.URL.Query().Get("as"))
		if id == "" || seat != vi.SeatAgent && seat != vi.SeatCustomer {
			http.Error(w, "call must be the ID of a call, and as must be agent or customer", http.StatusBadRequest)
			return
		}
		k, err := s.accept(w, r, wire.MaxMessage)
		if err != nil {
			return // answered already
		}
		defer s.release(k)
		s.serveRoom(k, r, id, seat)
	})
}

func (s *Sockets) serveRoom(k *socket, r *http.Request, id vi.CallID, seat vi.Seat) {
	who := func() (vi.Participant, error) {
		ctx, cancel := context.WithTimeout(k.ctx, receiveTime)
		defer cancel()
		p, err := s.cfg.Participant(r.WithContext(ctx), id, seat)
		if seat == vi.SeatCustomer && errors.Is(err, vi.ErrNotFound) {
			err = account.ErrNotSignedIn // the seat is another browser's, or nobody's
		}
		return p, err
	}
	me, err := who()
	if err != nil {
		s.sendAway(k, err)
		return
	}
	leave, err := s.place(k, "room/"+string(me.Account)+"/"+string(me.User)+"/"+string(me.Device))
	if err != nil {
		s.sendAway(k, err)
		return
	}
	defer leave()
	peer, err := s.cfg.Rooms.Enter(me, k)
	if err != nil {
		s.sendAway(k, err)
		return
	}
	defer peer.Leave()

	look := &check{account: me.Account, look: func() {
		if _, err := who(); errors.Is(err, account.ErrNotSignedIn) || errors.Is(err, vi.ErrDenied) {
			s.refuse(k, err) // of whatever else has become of the call, the room tells
		}
	}}
	s.watch(k, look)
	k.start(chore{s.cfg.Limits.Recheck, look.recheck})
	silent := time.AfterFunc(s.cfg.Limits.First, func() { k.Close(vi.CloseIdle, "said nothing") })
	defer silent.Stop()
	k.listen(func(message []byte) {
		silent.Stop()
		// What has been read is carried out, whatever becomes of the socket.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(k.ctx), receiveTime)
		defer cancel()
		peer.Receive(ctx, message)
	})
}

// sendAway closes a socket that has just been accepted, and waits until the
// browser knows why.
func (s *Sockets) sendAway(k *socket, err error) {
	s.refuse(k, err)
	k.start()
	k.listen(func([]byte) {})
}
