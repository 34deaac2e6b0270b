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
	if l.Status.May(LegJoining) {
		events = append(events, LegMoved{Call: c.ID, Seat: s, User: user, Name: name, Status: LegJoining, At: at})
	}
	if c.Status == StatusWaiting && c.Leg(s.Other()).Status.present() {
		events = append(events, CallMoved{Call: c.ID, Status: StatusConnecting, By: Party(s), At: at})
	}
	return c.maybe(p, events)
}

// MediaUp says that a participant's media flows, for the first time or again.
func (c Call) MediaUp(s Seat, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status.Final() || !c.Leg(s).Status.May(LegUp) {
		return c, nil, nil
	}
	events := []Event{LegMoved{Call: c.ID, Seat: s, Status: LegUp, At: at}}
	if other := c.Leg(s.Other()).Status; other.up() && (c.Status == StatusConnecting || c.Status == StatusReconnecting) {
		events = append(events, CallMoved{Call: c.ID, Status: StatusConnected, By: BySystem, At: at})
	}
	return c.then(p, events...)
}

// Lose says that a participant is cut off: the socket closed, or no media came
// for some seconds. A connected call waits for the participant to come back.
func (c Call) Lose(s Seat, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status.Final() || !c.Leg(s).Status.May(LegLost) {
		return c, nil, nil
	}
	events := []Event{LegMoved{Call: c.ID, Seat: s, Status: LegLost, At: at}}
	switch c.Status {
	case StatusConnected, StatusHeld:
		events = append(events, CallMoved{Call: c.ID, Status: StatusReconnecting, By: Party(s), At: at})
	}
	return c.then(p, events...)
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
