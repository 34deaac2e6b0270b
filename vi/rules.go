package vi

import (
	"slices"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/rate"
)

// A Policy sets the times and limits of calls. What is zero has its default,
// which [Policy.WithDefaults] fills in.
type Policy struct {
	Invite      time.Duration // an invitation can be used; 15 min
	Resend      time.Duration // between the first two texts, doubled for each further one; 30 s
	Texts       int           // texts for one call, other numbers included; 4
	Wait        time.Duration // the customer waits at most; 10 min
	Grace       time.Duration // a customer who left the waiting room may come back; 15 s
	Ring        time.Duration // an agent has to take an offered call; 25 s
	Offers      int           // agents a call is offered to before it is missed; 5
	Connect     time.Duration // media has to come up; 20 s
	Reconnect   time.Duration // a lost side has to come back; 30 s
	MaxDuration time.Duration // a call may last; 4 h
	Rate        time.Duration // after the end, both sides may rate; 24 h
}

// WithDefaults returns the policy with every zero field set to its default.
func (p Policy) WithDefaults() Policy {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&p.Invite, 15*time.Minute)
	set(&p.Resend, 30*time.Second)
	set(&p.Wait, 10*time.Minute)
	set(&p.Grace, 15*time.Second)
	set(&p.Ring, 25*time.Second)
	set(&p.Connect, 20*time.Second)
	set(&p.Reconnect, 30*time.Second)
	set(&p.MaxDuration, 4*time.Hour)
	set(&p.Rate, 24*time.Hour)
	if p.Texts == 0 {
		p.Texts = 4
	}
	if p.Offers == 0 {
		p.Offers = 5
	}
	return p
}

// due returns when the call's present timer runs out, or zero.
func (c Call) due(p Policy) time.Time {
	p = p.WithDefaults()
	switch c.Status {
	case StatusCreated, StatusInvited:
		last := c.StageAt.Add(p.Invite)
		for _, i := range c.Invites {
			if i.Live() && i.ExpiresAt.After(last) {
				last = i.ExpiresAt
			}
		}
		return last
	case StatusWaiting:
		at := c.WaitingAt.Add(p.Wait)
		if l := c.Leg(SeatCustomer); l.Status == LegLost && l.LostAt.Add(p.Grace).Before(at) {
			return l.LostAt.Add(p.Grace)
		}
		return at
	case StatusRinging:
		return c.StageAt.Add(p.Ring)
	case StatusConnecting:
		return c.StageAt.Add(p.Connect)
	case StatusReconnecting:
		at := c.AnsweredAt.Add(p.MaxDuration)
		for _, l := range c.Legs {
			if back := l.LostAt.Add(p.Reconnect); !l.Status.up() && back.Before(at) {
				at = back
			}
		}
		return at
	case StatusConnected, StatusHeld:
		return c.AnsweredAt.Add(p.MaxDuration)
	default:
		return time.Time{}
	}
}

// refuse says that the call's status forbids what was asked.
func (c Call) refuse(what string) error {
	if c.Status.Final() {
		return fault.Errorf(ErrGone, "the call is over: %s", c.Status)
	}
	return fault.Errorf(ErrConflict, "a call that is %s cannot be %s", c.Status, what)
}

// Place begins a call that an agent makes; [Call.InviteWith] comes next.
func Place(e CallStarted, p Policy) (Call, []Event, error) { return Call{}.then(p, e) }

// Arrive begins a call that a customer makes from a page of the account: it
// waits for an agent.
func Arrive(id CallID, reference, name string, device Hash, at time.Time, p Policy) (Call, []Event, error) {
	return Call{}.then(p, CallArrived{Call: id, Reference: reference, Name: name, Device: device, At: at})
}

// Redeem gives the customer's seat to the device that pressed Join. The same
// device may do it again: nothing changes. Another device is refused with
// ErrConflict; it may [Call.KnockAs].
func (c Call) Redeem(token Hash, g GuestWaiting, p Policy) (Call, []Event, error) {
	invite, ok := c.InviteByToken(token)
	if !ok {
		return c, nil, fault.Errorf(ErrNotFound, "this link belongs to no call")
	}
	if c.Status.Final() {
		return c, nil, fault.Errorf(ErrGone, "the call is over: %s", c.Status)
	}
	if l := c.Leg(SeatCustomer); l.Device != "" {
		if l.Device == g.Device {
			return c, nil, nil
		}
		return c, nil, fault.Errorf(ErrConflict, "the link is in use on another device")
	}
	if !invite.Live() || !g.At.Before(invite.ExpiresAt) {
		return c, nil, fault.Errorf(ErrGone, "this link is no longer valid")
	}
	g.Call, g.Invite = c.ID, invite.ID
	return c.then(p, InviteMoved{Call: c.ID, Invite: invite.ID, Status: InviteRedeemed, Reported: InviteRedeemed, At: g.At}, g)
}

// knockTime is how long a knock is the agent's to answer before another device's
// may take its place.
const knockTime = 20 * time.Second

// KnockAs records that another device asks for the customer's seat. While a
// knock is fresh another device's has to wait (ErrBusy).
func (c Call) KnockAs(k Knock, p Policy) (Call, []Event, error) {
	l := c.Leg(SeatCustomer)
	switch {
	case c.Status.Final():
		return c, nil, c.refuse("joined")
	case l.Device == "" || l.Device == k.Device:
		return c, nil, fault.Errorf(ErrConflict, "the seat is free, or already this device's")
	case c.Knock != nil && c.Knock.Device == k.Device:
		return c, nil, nil
	case c.Knock != nil && k.At.Sub(c.Knock.At) < knockTime:
		return c, nil, rate.Limited{RetryAfter: knockTime - k.At.Sub(c.Knock.At)}
	}
	return c.then(p, GuestKnocked{Call: c.ID, Knock: k, At: k.At})
}

// Admit answers the knock of that ID: the seat moves to the new device, whose
// leg is lost until it comes in, or stays.
func (c Call) Admit(knock string, admitted bool, at time.Time, p Policy) (Call, []Event, error) {
	switch {
	case c.Status.Final():
		return c, nil, c.refuse("joined")
	case c.Knock == nil:
		return c, nil, fault.Errorf(ErrConflict, "no other device is asking to join")
	case c.Knock.ID != knock:
		return c, nil, fault.Errorf(ErrConflict, "somebody else is asking to join now")
	}
	events := []Event{GuestAdmitted{Call: c.ID, Knock: knock, Admitted: admitted, At: at}}
	if admitted {
		events = append(events, c.losing(SeatCustomer, at)...)
	}
	return c.then(p, events...)
}

// Offer rings an agent for a waiting call.
func (c Call) Offer(to account.UserID, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusWaiting || c.Leg(SeatAgent).Status.present() {
		return c, nil, c.refuse("offered")
	}
	return c.then(p, CallMoved{Call: c.ID, Status: StatusRinging, Agent: to, By: BySystem, At: at})
}

// Accept takes a ringing call; only the agent it rings for may.
func (c Call) Accept(by account.UserID, name string, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusRinging {
		return c, nil, c.refuse("accepted")
	}
	if by != c.Agent {
		return c, nil, fault.Errorf(ErrDenied, "the call is ringing for somebody else")
	}
	return c.then(p,
		LegMoved{Call: c.ID, Seat: SeatAgent, User: by, Name: name, Status: LegJoining, At: at},
		CallMoved{Call: c.ID, Status: StatusConnecting, By: ByAgent, At: at})
}

// Reject sends a ringing call back to wait, or ends it as missed when it has
// been offered often enough.
func (c Call) Reject(by Party, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusRinging {
		return c, nil, c.refuse("rejected")
	}
	if c.Offers >= p.WithDefaults().Offers {
		return c.end(StatusMissed, EndNotAnswered, BySystem, nil, at, p)
	}
	return c.then(p, CallMoved{Call: c.ID, Status: StatusWaiting, By: by, At: at})
}

// Hold pauses a connected call; Unhold goes on with it.
func (c Call) Hold(by Seat, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusConnected {
		return c, nil, c.refuse("held")
	}
	return c.then(p, CallMoved{Call: c.ID, Status: StatusHeld, By: Party(by), At: at})
}

// Unhold goes on with a held call. Only the side that put it on hold may: its
// camera and microphone are what goes on.
func (c Call) Unhold(by Seat, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusHeld {
		return c, nil, c.refuse("resumed")
	}
	if by != c.HeldBy {
		return c, nil, fault.Errorf(ErrDenied, "only who put the call on hold can go on with it")
	}
	return c.then(p, CallMoved{Call: c.ID, Status: StatusConnected, By: Party(by), At: at})
}

// Hangup ends the call for both sides: completed if it had been connected, else
// cancelled by the agent, or declined or abandoned by the customer.
func (c Call) Hangup(by Seat, at time.Time, p Policy) (Call, []Event, error) {
	switch c.Status {
	case StatusConnected, StatusReconnecting, StatusHeld:
		return c.end(StatusCompleted, EndHangup, Party(by), nil, at, p)
	case StatusCreated, StatusInvited:
		if by == SeatAgent {
			return c.end(StatusCancelled, EndCancelled, ByAgent, nil, at, p)
		}
		return c.end(StatusDeclined, EndDeclined, ByCustomer, nil, at, p)
	case StatusWaiting, StatusRinging, StatusConnecting:
		if by == SeatAgent {
			return c.end(StatusCancelled, EndDiscarded, ByAgent, nil, at, p)
		}
		return c.end(StatusAbandoned, EndCustomerLeft, ByCustomer, nil, at, p)
	default:
		return c, nil, c.refuse("ended")
	}
}

// Decline says that the customer does not want the call that the link invites
// to. Once the seat is taken only [Call.Hangup] ends the call.
func (c Call) Decline(reason EndReason, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status != StatusCreated && c.Status != StatusInvited {
		return c, nil, c.refuse("declined")
	}
	return c.end(StatusDeclined, reason, ByCustomer, nil, at, p)
}

// Fail ends a call that the system cannot go on with.
func (c Call) Fail(reason EndReason, at time.Time, p Policy) (Call, []Event, error) {
	if c.Status.Final() {
		return c, nil, c.refuse("ended")
	}
	if !c.AnsweredAt.IsZero() {
		return c.end(StatusDropped, reason, BySystem, nil, at, p)
	}
	return c.end(StatusFailed, reason, BySystem, nil, at, p)
}

// Expire does what the call's timer is for, or fails with ErrConflict if the
// timer has not run out.
func (c Call) Expire(now time.Time, p Policy) (Call, []Event, error) {
	due := c.due(p)
	if due.IsZero() || now.Before(due) {
		return c, nil, fault.Errorf(ErrConflict, "no timer of the call has run out")
	}
	switch c.Status {
	case StatusCreated, StatusInvited:
		failed := func(i Invite) bool { return i.Status == InviteUndelivered }
		if len(c.Invites) > 0 && !slices.ContainsFunc(c.Invites, func(i Invite) bool { return !failed(i) }) {
			return c.end(StatusFailed, EndInviteFailed, BySystem, nil, now, p)
		}
		return c.end(StatusExpired, EndInviteExpired, BySystem, nil, now, p)
	case StatusWaiting:
		if c.Leg(SeatCustomer).Status == LegLost {
			return c.end(StatusAbandoned, EndCustomerLeft, ByCustomer, nil, now, p)
		}
		return c.end(StatusMissed, EndWaitedTooLong, BySystem, nil, now, p)
	case StatusRinging:
		return c.Reject(BySystem, now, p)
	case StatusConnecting:
		return c.end(StatusFailed, EndMediaFailed, BySystem, c.lost(), now, p)
	case StatusReconnecting:
		if !now.Before(c.AnsweredAt.Add(p.WithDefaults().MaxDuration)) {
			return c.end(StatusCompleted, EndMaxDuration, BySystem, nil, now, p)
		}
		lost := c.lost()
		reason := EndBothLost
		if len(lost) == 1 {
			reason = map[Seat]EndReason{SeatAgent: EndAgentLost, SeatCustomer: EndCustomerLost}[lost[0]]
		}
		return c.end(StatusDropped, reason, BySystem, lost, now, p)
	default:
		return c.end(StatusCompleted, EndMaxDuration, BySystem, nil, now, p)
	}
}

func (c Call) end(s Status, why EndReason, by Party, lost []Seat, at time.Time, p Policy) (Call, []Event, error) {
	return c.then(p, CallEnded{Call: c.ID, Status: s, Reason: why, By: by, Lost: lost, Talk: c.TalkAt(at), At: at})
}

// lost returns the seats that are not up.
func (c Call) lost() (seats []Seat) {
	for _, s := range []Seat{SeatAgent, SeatCustomer} {
		if !c.Leg(s).Status.up() {
			seats = append(seats, s)
		}
	}
	return seats
}

// Write adds a message to the chat, which is open from the waiting room to the
// end of the call.
func (c Call) Write(m Message, p Policy) (Call, []Event, error) {
	if c.Status.Final() || c.Status == StatusCreated || c.Status == StatusInvited {
		return c, nil, c.refuse("written to")
	}
	if c.Messages >= MaxMessages {
		return c, nil, fault.Errorf(ErrConflict, "the chat of this call is full")
	}
	m.Call, m.N = c.ID, c.Messages+1
	return c.then(p, MessageSent{Call: c.ID, Message: m, At: m.At})
}

// Rate gives one side's opinion, once, after a call that was connected.
func (c Call) Rate(r Rating, p Policy) (Call, []Event, error) {
	switch _, rated := c.Rating(r.Seat); {
	case !c.Status.Final():
		return c, nil, fault.Errorf(ErrConflict, "the call is not over yet")
	case c.AnsweredAt.IsZero():
		return c, nil, fault.Errorf(ErrConflict, "only a call that was connected can be rated")
	case rated:
		return c, nil, fault.Errorf(ErrConflict, "you have already rated this call")
	case r.At.Sub(c.EndedAt) > p.WithDefaults().Rate:
		return c, nil, fault.Errorf(ErrGone, "it is too late to rate this call")
	}
	return c.then(p, CallRated{Call: c.ID, Rating: r, At: r.At})
}
