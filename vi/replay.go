package vi

import (
	"slices"
	"time"
)

// Replay rebuilds a call from its events, oldest first, under the policy that
// it ran under.
func Replay(events []Event, p Policy) Call {
	var c Call
	for _, e := range events {
		c = e.apply(c)
	}
	c.DueAt = c.due(p)
	return c
}

// then returns the call after the events, with the next version and timer.
func (c Call) then(p Policy, events ...Event) (Call, []Event, error) {
	for _, e := range events {
		c = e.apply(c)
	}
	c.Version++
	c.DueAt = c.due(p)
	return c, events, nil
}

func (e CallStarted) apply(Call) Call {
	return Call{
		ID: e.Call, Reference: e.Reference, Agent: e.Agent, AgentName: e.AgentName, Phone: e.Phone, Previous: e.Previous,
		Status: StatusCreated, CreatedAt: e.At, StageAt: e.At,
	}
}

func (e CallArrived) apply(Call) Call {
	return Call{
		ID: e.Call, Reference: e.Reference, Customer: e.Name,
		Status: StatusWaiting, CreatedAt: e.At, StageAt: e.At, WaitingAt: e.At,
		Legs: []Leg{{Seat: SeatCustomer, Name: e.Name, Device: e.Device, Status: LegNew}},
	}
}

func (e InviteCreated) apply(c Call) Call {
	c.Invites = append(slices.Clip(c.Invites), e.Invite)
	if e.Invite.Phone != "" {
		c.Phone = e.Invite.Phone
	}
	return c
}

func (e InviteMoved) apply(c Call) Call {
	c.Invites = slices.Clone(c.Invites)
	for n := range c.Invites {
		if c.Invites[n].ID == e.Invite {
			c.Invites[n] = c.Invites[n].report(e)
		}
	}
	if c.Status == StatusCreated && slices.Contains([]InviteStatus{InviteSent, InviteDelivered, InviteOpened}, e.Status) {
		c = c.enter(StatusInvited, e.At)
	}
	return c
}

func (e GuestWaiting) apply(c Call) Call {
	c.Customer = e.Name
	c.Legs = c.seated(Leg{
		Seat: SeatCustomer, Name: e.Name, Device: e.Device, Browser: e.Browser, Permission: e.Permission, Status: LegNew,
	})
	if c.WaitingAt.IsZero() {
		c.WaitingAt = e.At
	}
	return c.enter(StatusWaiting, e.At)
}

func (e GuestKnocked) apply(c Call) Call {
	k := e.Knock
	c.Knock = &k
	return c
}

func (e GuestAdmitted) apply(c Call) Call {
	if k := c.Knock; e.Admitted && k != nil {
		l := c.Leg(SeatCustomer)
		l.Device, l.Browser, l.Permission = k.Device, k.Browser, Permission{}
		if k.Name != "" { // else it is who it was
			l.Name, c.Customer = k.Name, k.Name
		}
		c.Legs = c.seated(l)
	}
	c.Knock = nil
	return c
}

func (e LegMoved) apply(c Call) Call {
	l := c.Leg(e.Seat)
	if e.User != "" {
		l.User, l.Name = e.User, e.Name
	}
	if e.Permission != (Permission{}) {
		l.Permission = e.Permission
	}
	if e.Permission == (Permission{}) {
		l = l.enter(e.Status, e.At)
	}
	c.Legs = c.seated(l)
	return c
}

func (e CallMoved) apply(c Call) Call {
	switch {
	case e.Status == StatusRinging:
		c.Offers++
	case c.Status == StatusReconnecting && (e.Status == StatusConnected || e.Status == StatusHeld):
		c.Reconnects++
	case e.Status == StatusHeld:
		c.HeldBy = Seat(e.By)
	case e.Status == StatusConnected:
		c.HeldBy = ""
	}
	if e.Agent != "" {
		c.Agent = e.Agent
	}
	if e.Status == StatusConnected && c.AnsweredAt.IsZero() {
		c.AnsweredAt = e.At
	}
	return c.enter(e.Status, e.At)
}

func (e CallEnded) apply(c Call) Call {
	c = c.enter(e.Status, e.At)
	c.Talk, c.EndedAt, c.EndReason, c.EndedBy, c.LostSeats = e.Talk, e.At, e.Reason, e.By, e.Lost
	c.Knock, c.HeldBy = nil, ""
	c.Legs = slices.Clone(c.Legs)
	for n := range c.Legs {
		c.Legs[n] = c.Legs[n].enter(LegGone, e.At)
	}
	c.Invites = slices.Clone(c.Invites)
	for n := range c.Invites {
		c.Invites[n] = c.Invites[n].close(e.Status)
	}
	return c
}

func (e MessageSent) apply(c Call) Call {
	c.Messages = e.Message.N
	return c
}

func (e CallRated) apply(c Call) Call {
	c.Ratings = append(slices.Clip(c.Ratings), e.Rating)
	return c
}

// enter moves the call to a status and accounts for the talk before.
func (c Call) enter(s Status, at time.Time) Call {
	c.Talk = c.TalkAt(at)
	c.Status, c.StageAt = s, at
	return c
}

// seated returns the legs with l in its seat.
func (c Call) seated(l Leg) []Leg {
	legs := slices.DeleteFunc(slices.Clone(c.Legs), func(x Leg) bool { return x.Seat == l.Seat })
	return append(legs, l)
}
