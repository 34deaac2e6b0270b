package vi

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
	"github.com/tandem-cc/tandem/vi/wire"
)

// A Peer is one browser in a room.
type Peer struct {
	Participant
	rooms   *Rooms
	socket  Socket
	greeted bool
}

// Receive takes in one frame. What is wrong with it is told to the browser;
// nothing that a browser sends is an error of the caller's. The caller does not
// call it concurrently.
func (p *Peer) Receive(ctx context.Context, frame []byte) {
	id, body, err := wire.Decode(frame)
	var answer wire.Body
	if err == nil {
		answer, err = p.handle(ctx, body)
	}
	if err != nil {
		answer = p.problem(err)
	}
	if answer != nil {
		p.socket.Send(wire.Encode(id, answer))
	}
}

func (p *Peer) handle(ctx context.Context, body wire.Body) (wire.Body, error) {
	calls := p.rooms.calls
	if hello, ok := body.(wire.Hello); ok {
		return p.hello(ctx, hello)
	}
	if !p.greeted {
		return nil, fault.Errorf(ErrConflict, "the first message must be hello")
	}
	switch m := body.(type) {
	case wire.Offer:
		return p.offer(ctx, m)
	case wire.DeviceReport:
		return wire.OK{}, p.report(m.Devices)
	case wire.ChatSend:
		sent, err := calls.Write(ctx, p.Participant, m.Op, m.Text)
		return wire.ChatMessage{Message: viewMessage(sent)}, err
	case wire.ChatRead:
		messages, more, err := p.chat(ctx, m.AfterN)
		return wire.ChatPage{Messages: messages, More: more}, err
	case wire.Hold:
		_, err := calls.Hold(ctx, p.Participant, m.On)
		return wire.OK{}, err
	case wire.Hangup:
		_, err := calls.Leave(ctx, p.Participant)
		return wire.OK{}, err
	case wire.Admit:
		if p.Seat != SeatAgent {
			return nil, fault.Errorf(ErrDenied, "only the agent may let somebody in")
		}
		_, err := calls.as(ctx, p.Participant, "answer knock", func(c Call, now time.Time) (Call, []Event, error) {
			return c.Admit(m.Knock, m.Admit, now, calls.cfg.Policy)
		})
		return wire.OK{}, err
	default:
		return nil, fmt.Errorf("no handler for %T", body)
	}
}

// hello brings the participant into the call and says where it stands.
func (p *Peer) hello(ctx context.Context, m wire.Hello) (wire.Body, error) {
	if err := checkDevices(m.Devices); err != nil {
		return nil, err
	}
	calls := p.rooms.calls
	p.tellDevices(m.Devices)
	conn, up := p.connection()
	c, err := calls.as(ctx, p.Participant, "enter call", func(c Call, now time.Time) (Call, []Event, error) {
		return p.enter(c, up && conn != "" && conn == m.Conn, Permission(m.Permission), now)
	})
	if err != nil {
		p.socket.Close(closeFor(err), "the call cannot be entered")
		return nil, err
	}
	p.greeted = true
	w := wire.Welcome{
		Seat: string(p.Seat), Call: calls.View(c, p.Seat), Conn: conn, Devices: p.devices(),
		ICE: p.rooms.cfg.ICE(p.Participant), Limits: wire.Limits{ChatText: MaxMessage}, Now: calls.now(),
	}
	if w.ICE == nil {
		w.ICE = []wire.ICEServer{}
	}
	w.Messages, w.More, err = p.chat(ctx, m.AfterN)
	return w, err
}

// A page of the chat holds this many messages at most, and about as many bytes,
// so that it fits into the queue of a socket.
const (
	pageMessages = 200
	pageBytes    = 256 << 10
)

// chat returns a page of the chat after message n, and whether there is more.
func (p *Peer) chat(ctx context.Context, n int) (page []wire.Message, more bool, err error) {
	var all []Message
	err = p.rooms.calls.store.View(ctx, p.Account, func(r Reader) error {
		all, err = r.Messages(ctx, p.Call, n, pageMessages+1)
		return err
	})
	page, size := []wire.Message{}, 0
	for _, m := range all {
		if size += len(m.Text) + len(m.Name) + 150; len(page) == pageMessages || size > pageBytes {
			return page, true, err
		}
		page = append(page, viewMessage(m))
	}
	return page, false, err
}

// closeFor says whether a browser that could not enter should come back.
func closeFor(err error) CloseCode {
	switch fault.KindOf(err) {
	case ErrGone, ErrNotFound, ErrConflict:
		return CloseOver
	case ErrDenied:
		return CloseNoSeat
	default:
		return CloseSlow
	}
}

// enter is the rule of hello: the participant is in the room, and if the media
// connection outlived the socket, it flows.
func (p *Peer) enter(c Call, up bool, perm Permission, now time.Time) (Call, []Event, error) {
	policy := p.rooms.calls.cfg.Policy
	steps := []func(Call) (Call, []Event, error){
		func(c Call) (Call, []Event, error) { return c.Enter(p.Seat, p.User, p.Name, now, policy) },
		func(c Call) (Call, []Event, error) { return c.Permit(p.Seat, perm, now, policy) },
	}
	if up {
		steps = append(steps, func(c Call) (Call, []Event, error) { return c.MediaUp(p.Seat, now, policy) })
	}
	return c.all(steps...)
}

// offer answers a media offer. The room takes events of the new connection from
// before it is made, so that none is missed.
func (p *Peer) offer(ctx context.Context, m wire.Offer) (wire.Body, error) {
	if m.Conn == "" || len(m.Conn) > 40 {
		return nil, fault.Fields{{Name: "conn", Problem: "must have 1 to 40 characters"}}
	}
	if conn, _ := p.connection(); conn != m.Conn {
		if err := p.rooms.conns.Take(string(p.Call) + string(p.Seat)); err != nil {
			return nil, err
		}
	}
	current := false
	was, wasUp := "", false
	p.rooms.in(p.Call, func(rm *room) {
		st := rm.seat(p.Seat)
		if current = st.peer == p; current {
			if was, wasUp = st.conn, st.up; was != m.Conn {
				st.conn, st.up, st.sampled = m.Conn, false, MediaStats{}
			}
		}
	})
	if !current {
		return nil, fault.Errorf(ErrConflict, "another browser has the seat now")
	}
	sdp, err := p.rooms.media.Answer(ctx, p.Call, p.Seat, Offer{Conn: m.Conn, SDP: m.SDP})
	if err != nil {
		p.rooms.in(p.Call, func(rm *room) {
			if st := rm.seat(p.Seat); st.conn == m.Conn {
				st.conn, st.up = was, wasUp
			}
		})
		return nil, fmt.Errorf("answer offer: %w", err)
	}
	p.tidy(m.Conn)
	if was != m.Conn {
		time.AfterFunc(p.rooms.cfg.Settle, func() { p.settle(m.Conn) })
	}
	return wire.Answer{Conn: m.Conn, SDP: sdp}, nil
}

// tidy ends a connection that was made while its call ended, or its seat was
// given away: nobody else would.
func (p *Peer) tidy(conn string) {
	current := false
	if !p.rooms.in(p.Call, func(rm *room) { current = rm.seat(p.Seat).conn == conn }) {
		p.rooms.media.CloseRoom(p.Call)
	} else if !current {
		p.rooms.media.Leave(p.Call, p.Seat)
	}
}

// settle counts the participant as lost when a new connection, that took the
// place of one that was up, has not come up itself.
func (p *Peer) settle(conn string) {
	p.rooms.markLost(p.Ref, p.Seat, func(c Call) bool {
		late := false
		p.rooms.in(p.Call, func(rm *room) {
			st := rm.seat(p.Seat)
			late = st.conn == conn && !st.up
		})
		return late && c.Leg(p.Seat).Status.up()
	})
}

// connection returns the seat's live media connection.
func (p *Peer) connection() (conn string, up bool) {
	p.rooms.in(p.Call, func(rm *room) { conn, up = rm.seat(p.Seat).conn, rm.seat(p.Seat).up })
	return conn, up
}

// report passes on what the browser's devices do.
func (p *Peer) report(d wire.Devices) error {
	if err := checkDevices(d); err != nil {
		return err
	}
	p.tellDevices(d)
	return nil
}

// tellDevices keeps what the browser reports, for whoever comes later, and tells
// the other side. A browser that reports nothing yet changes nothing.
func (p *Peer) tellDevices(d wire.Devices) {
	if d == (wire.Devices{}) {
		return
	}
	var other *Peer
	p.rooms.in(p.Call, func(rm *room) {
		if st := rm.seat(p.Seat); st.peer == p {
			st.devices, other = d, rm.seat(p.Seat.Other()).peer
		}
	})
	if other != nil {
		other.socket.Send(wire.Encode("", wire.DeviceState{Seat: string(p.Seat), Devices: d}))
	}
}

func (p *Peer) devices() map[string]wire.Devices {
	all := map[string]wire.Devices{}
	p.rooms.in(p.Call, func(rm *room) {
		for s, st := range rm.seats {
			all[string(s)] = st.devices
		}
	})
	return all
}

func checkDevices(d wire.Devices) error {
	var check fault.Check
	for name, v := range map[string]string{"mic": d.Mic, "cam": d.Cam} {
		check.That(v == "" || v == "on" || v == "off" || v == "none", name, "must be on, off or none")
	}
	check.That(d.Facing == "" || d.Facing == "user" || d.Facing == "environment", "facing", "must be user or environment")
	return check.Err()
}

// Leave says that the socket is gone. A browser that comes back at once, after
// a reload, was never away.
func (p *Peer) Leave() {
	r := p.rooms
	r.in(p.Call, func(rm *room) {
		st := rm.seat(p.Seat)
		if st.peer != p {
			return
		}
		st.peer = nil
		st.gone = time.AfterFunc(r.cfg.Blip, func() { r.lose(p.Ref, p.Seat) })
	})
}

// problem is what a browser is told of an error. One of no kind is ours: it is
// logged, and the browser is told no more than that.
func (p *Peer) problem(err error) wire.Problem {
	w := wire.Problem{Detail: err.Error()}
	switch kind := fault.KindOf(err); kind {
	case "":
		p.rooms.cfg.Log.Error("a message failed", "call", p.Call, "seat", p.Seat, "err", err)
		return wire.Problem{Code: "internal", Detail: "Something went wrong on our side."}
	case ErrNotFound:
		w.Code = "not_found"
	default:
		w.Code = string(kind)
	}
	if fields, ok := errors.AsType[fault.Fields](err); ok {
		for _, f := range fields {
			w.Fields = append(w.Fields, wire.Field{Name: f.Name, Problem: f.Problem})
		}
	}
	if l, ok := errors.AsType[rate.Limited](err); ok {
		w.Retry = int(math.Ceil(l.RetryAfter.Seconds()))
	}
	return w
}
