package vi

import (
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Enter says that a participant is in the room: the agent, or the customer to
// whom the seat belongs. When both are, a waiting call connects.
func (c Call) Enter(s Seat, user account.UserID, name string, at time.Time, p Policy) (Call, []Event, error) {
	l := c.Leg(s)
	switch {
	case c.Status.Final() || c.Status == StatusRinging:
		return c, nil, c.refuse("entered")
	case s == SeatCustomer && l.Device == "":
		return c, nil, fault.Errorf(ErrConflict, "nobody has taken the customer's seat")
	}
	var events []Event
	if s == SeatAgent && l.Status == "" {
		l.Status = LegNew
	}
	if !l.Status.present() && l.Status.May(LegJoining) {
		events = append(events, LegMoved{Call: c.ID, Seat: s, User: user, Name: name, Status: LegJoining, At: at})
	}
	return c.meet(Party(s), at, p, events)
}

// Permit takes in what the participant's browser says about camera and
// microphone.
func (c Call) Permit(s Seat, perm Permission, at time.Time, p Policy) (Call, []Event, error) {
	l := c.Leg(s)
	if c.Status.Final() || l.Status == "" || perm == (Permission{}) || perm == l.Permission {
		return c, nil, nil
	}
	return c.then(p, LegMoved{Call: c.ID, Seat: s, Status: l.Status, Permission: perm, At: at})
}

// MediaUp says that a participant's media flows, for the first time or again.
func (c Call) MediaUp(s Seat, at time.Time, p Policy) (Call, []Event, error) {
	l := c.Leg(s).Status
	if c.Status.Final() || l.up() || !l.May(LegUp) || s == SeatAgent && c.Status == StatusRinging {
		return c, nil, nil // an agent comes into a ringing call by Accept
	}
	return c.meet(BySystem, at, p, []Event{LegMoved{Call: c.ID, Seat: s, Status: LegUp, At: at}})
}

// meet completes events of legs with what follows when both sides have come so
// far: a waiting call connects when both are in the room, and is connected, or
// held again, when the media of both is up.
func (c Call) meet(by Party, at time.Time, p Policy, events []Event) (Call, []Event, error) {
	next := c
	for _, e := range events {
		next = e.apply(next)
	}
	both := func(so func(LegStatus) bool) bool {
		return so(next.Leg(SeatAgent).Status) && so(next.Leg(SeatCustomer).Status)
	}
	move := func(to Status, by Party) {
		e := CallMoved{Call: c.ID, Status: to, By: by, At: at}
		next, events = e.apply(next), append(events, e)
	}
	if next.Status == StatusWaiting && both(LegStatus.present) {
		move(StatusConnecting, by)
	}
	if (next.Status == StatusConnecting || next.Status == StatusReconnecting) && both(LegStatus.up) {
		if next.HeldBy != "" {
			move(StatusHeld, Party(next.HeldBy))
		} else {
			move(StatusConnected, BySystem)
		}
	}
	return c.maybe(p, events)
}

// MediaLost says that a participant's media stopped while the browser is still
// in the room. In a call that was connected that is a loss; before, the
// participant is merely not up yet, or not any more.
func (c Call) MediaLost(s Seat, at time.Time, p Policy) (Call, []Event, error) {
	switch l := c.Leg(s).Status; {
	case c.Status.Final():
		return c, nil, nil
	case !c.AnsweredAt.IsZero():
		return c.Lose(s, at, p)
	case l.up():
		return c.then(p, LegMoved{Call: c.ID, Seat: s, Status: LegJoining, At: at})
	default:
		return c, nil, nil
	}
}

// Lose says that a participant is cut off: the socket closed, or no media came
// for some seconds. A connected call waits for the participant to come back.
func (c Call) Lose(s Seat, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status.Final() {
		return c, nil, nil
	}
	return c.maybe(p, c.losing(s, at))
}

// losing returns the events of a loss.
func (c Call) losing(s Seat, at time.Time) []Event {
	if !c.Leg(s).Status.May(LegLost) {
		return nil
	}
	events := []Event{LegMoved{Call: c.ID, Seat: s, Status: LegLost, At: at}}
	if c.Status == StatusConnected || c.Status == StatusHeld {
		events = append(events, CallMoved{Call: c.ID, Status: StatusReconnecting, By: Party(s), At: at})
	}
	return events
}

// Grade says whether a participant's media flows badly.
func (c Call) Grade(s Seat, bad bool, at time.Time, p Policy) (Call, []Event, error) {
	to := LegUp
	if bad {
		to = LegDegraded
	}
	if l := c.Leg(s).Status; c.Status.Final() || !l.up() || l == to {
		return c, nil, nil
	}
	return c.then(p, LegMoved{Call: c.ID, Seat: s, Status: to, At: at})
}

// Interrupt says that the server was away: whoever was in the room has to come
// back to it, and has the whole time again to do so.
func (c Call) Interrupt(at time.Time, p Policy) (Call, []Event, error) {
	if c.Status.Final() {
		return c, nil, nil
	}
	var events []Event
	for _, s := range []Seat{SeatAgent, SeatCustomer} {
		if c.Leg(s).Status.present() {
			events = append(events, LegMoved{Call: c.ID, Seat: s, Status: LegLost, At: at})
		}
	}
	switch c.Status {
	case StatusConnected, StatusHeld, StatusReconnecting:
		for _, s := range []Seat{SeatAgent, SeatCustomer} {
			if c.Leg(s).Status == LegLost {
				events = append(events, LegMoved{Call: c.ID, Seat: s, Status: LegLost, At: at})
			}
		}
		events = append(events, CallMoved{Call: c.ID, Status: StatusReconnecting, By: BySystem, At: at})
	case StatusConnecting:
		events = append(events, CallMoved{Call: c.ID, Status: StatusConnecting, By: BySystem, At: at})
	}
	return c.maybe(p, events)
}

// maybe is then, for events that may be none.
func (c Call) maybe(p Policy, events []Event) (Call, []Event, error) {
	if len(events) == 0 {
		return c, nil, nil
	}
	return c.then(p, events...)
}
