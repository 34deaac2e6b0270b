// Package presence is whether an agent takes work: the status that the agent
// chose, what follows from it by connection, load and wrap-up, and the intervals
// of time spent in each, which tile a session without gap or overlap.
//
// A [Presence] is a value; its rules return the next one and the intervals that
// ended. They need no clock and no store. Who calls a rule has carried out what ran
// out before by [Presence.Expire]. Time does not run backwards: what happens before
// the last change, by the clock of another machine, counts as at that change.
package presence

import (
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// Status is what an agent is, or chose to be.
type Status string

// The statuses of agents. Only who is available is given work.
const (
	StatusAvailable Status = "available"
	StatusBusy      Status = "busy"
	StatusAway      Status = "away"
	StatusOffline   Status = "offline"
)

// A Reason says why the effective status is not the chosen one.
type Reason string

// The reasons.
const (
	ReasonNone     Reason = ""
	ReasonCapacity Reason = "capacity"       // has as much work as the limit allows
	ReasonWrapUp   Reason = "wrap_up"        // finishes the last conversation
	ReasonLost     Reason = "lost"           // no page of the agent is connected
	ReasonSilent   Reason = "not_responding" // did not accept what was offered
)

// A Presence is an agent's. The zero Presence is offline.
type Presence struct {
	Chosen    Status    `json:"chosen"` // "" is offline
	Code      Code      `json:"code"`   // copied when it was chosen
	ChosenAt  time.Time `json:"chosen_at,omitzero"`
	Since     time.Time `json:"since,omitzero"`   // of the effective status
	Session   time.Time `json:"session,omitzero"` // when the agent came from offline
	Connected bool      `json:"connected"`
	GoneAt    time.Time `json:"gone_at,omitzero"` // when the last page went; zero while connected
	Lost      bool      `json:"lost,omitempty"`   // gone for longer than the grace
	Silent    bool      `json:"silent,omitempty"` // was made away for not answering
	WrapUntil time.Time `json:"wrap_until,omitzero"`
	Used      int       `json:"used"`
	Max       int       `json:"max"` // 0 is no limit
}

// A Policy sets the times of presence. What is zero has its default.
type Policy struct {
	Grace time.Duration // after its last page went an agent is lost; 30 s
	Keep  time.Duration // after that, the agent's work goes where its queue says; 60 s
}

// WithDefaults returns the policy with every zero field set to its default.
func (p Policy) WithDefaults() Policy {
	if p.Grace == 0 {
		p.Grace = 30 * time.Second
	}
	if p.Keep == 0 {
		p.Keep = time.Minute
	}
	return p
}

// An Interval is a time spent in one effective status: from From until before
// To, which is zero while it lasts.
type Interval struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to,omitzero"`
	Status Status    `json:"status"`
	Reason Reason    `json:"reason,omitempty"`
	Code   CodeID    `json:"code,omitempty"`
	Name   string    `json:"name,omitempty"` // of the code
	Paid   bool      `json:"paid"`           // as it was when the interval began
}

// Effective returns what the agent is now, and why if that was not chosen.
func (p Presence) Effective() (Status, Reason) {
	switch {
	case p.Chosen == "" || p.Chosen == StatusOffline:
		return StatusOffline, ReasonNone
	case p.Lost:
		return StatusOffline, ReasonLost
	case p.Silent:
		return StatusAway, ReasonSilent
	case p.Chosen != StatusAvailable:
		return p.Chosen, ReasonNone
	case !p.WrapUntil.IsZero():
		return StatusBusy, ReasonWrapUp
	case p.Max > 0 && p.Used >= p.Max:
		return StatusBusy, ReasonCapacity
	default:
		return StatusAvailable, ReasonNone
	}
}

// Current returns the interval that lasts.
func (p Presence) Current() Interval {
	s, why := p.Effective()
	i := Interval{From: p.Since, Status: s, Reason: why, Paid: true}
	switch {
	case s == StatusOffline:
		i.Paid = false
	case why == ReasonNone && s == p.Chosen && p.Code.ID != "":
		i.Code, i.Name, i.Paid = p.Code.ID, p.Code.Name, p.Code.Paid
	}
	return i
}

// clock returns the time, or that of the last change if it is later.
func (p Presence) clock(at time.Time) time.Time {
	if at.Before(p.Since) {
		return p.Since
	}
	return at
}

// turn makes next of p at a time: the interval ends that another follows.
func (p Presence) turn(next Presence, at time.Time) (Presence, []Interval) {
	was, is := p.Current(), next.Current()
	if was.Status == is.Status && was.Reason == is.Reason && was.Code == is.Code && was.Name == is.Name && was.Paid == is.Paid {
		next.Since = p.Since
		return next, nil
	}
	next.Since = at
	if was.Status == StatusOffline && was.Reason == ReasonNone || !was.From.Before(at) {
		return next, nil // before the session, or no time at all
	}
	was.To = at
	return next, []Interval{was}
}

// Choose sets the status. Busy and away need a code of that status; available
// and offline forbid one.
func (p Presence) Choose(s Status, code *Code, at time.Time) (Presence, []Interval, error) {
	next := p
	switch {
	case s != StatusAvailable && s != StatusBusy && s != StatusAway && s != StatusOffline:
		return p, nil, fault.Fields{{Name: "status", Problem: "is none of available, busy, away and offline"}}
	case (s == StatusBusy || s == StatusAway) && code == nil:
		return p, nil, fault.Fields{{Name: "code", Problem: "is missing: say why you are " + string(s)}}
	case (s == StatusAvailable || s == StatusOffline) && code != nil:
		return p, nil, fault.Fields{{Name: "code", Problem: "does not go with " + string(s)}}
	case code != nil && code.Status != s:
		return p, nil, fault.Fields{{Name: "code", Problem: "is for " + string(code.Status) + ", not " + string(s)}}
	}
	chosen := p.Chosen
	if chosen == "" {
		chosen = StatusOffline
	}
	same := chosen == s && (code == nil || code.ID == p.Code.ID) && !p.Silent && !p.Lost && p.WrapUntil.IsZero()
	if same {
		return p, nil, nil
	}
	at = p.clock(at)
	next.Chosen, next.ChosenAt, next.Silent, next.Lost, next.WrapUntil, next.Code = s, at, false, false, time.Time{}, Code{}
	if code != nil {
		next.Code = *code
	}
	switch {
	case s == StatusOffline:
		next.Session = time.Time{}
	case p.Session.IsZero():
		next.Session = at
	}
	if !next.Connected {
		next.GoneAt = at // a page that is not connected yet; the grace begins anew
	}
	next, ended := p.turn(next, at)
	return next, ended, nil
}

// Connect says that a page of the agent is connected. An agent who was lost is
// again what was chosen before.
func (p Presence) Connect(at time.Time) (Presence, []Interval) {
	next, at := p, p.clock(at)
	next.Connected, next.GoneAt, next.Lost = true, time.Time{}, false
	if !next.WrapUntil.After(at) { // it ran out while the agent was lost
		next.WrapUntil = time.Time{}
	}
	return p.turn(next, at)
}

// Disconnect says that the agent's last page went.
func (p Presence) Disconnect(at time.Time) (Presence, []Interval) {
	if !p.Connected {
		return p, nil
	}
	p.Connected, p.GoneAt = false, p.clock(at)
	return p, nil
}

// Load says how much work the agent has, and may have.
func (p Presence) Load(used, most int, at time.Time) (Presence, []Interval) {
	next := p
	next.Used, next.Max = used, most
	return p.turn(next, p.clock(at))
}

// Wrap has the agent finish the last conversation until a time at most. It is
// for who is available; of others it changes nothing.
func (p Presence) Wrap(until, at time.Time) (Presence, []Interval) {
	if at = p.clock(at); p.Chosen != StatusAvailable || !until.After(at) {
		return p, nil
	}
	next := p
	next.WrapUntil = until
	return p.turn(next, at)
}

// EndWrap has the agent take work again.
func (p Presence) EndWrap(at time.Time) (Presence, []Interval) {
	next := p
	next.WrapUntil = time.Time{}
	return p.turn(next, p.clock(at))
}

// Unanswered makes the agent away, until the agent chooses otherwise: what was
// offered was not answered.
func (p Presence) Unanswered(at time.Time) (Presence, []Interval) {
	if p.Chosen != StatusAvailable {
		return p, nil
	}
	next := p
	next.Silent = true
	return p.turn(next, p.clock(at))
}

// Due returns when [Presence.Expire] has something to do, or zero.
func (p Presence) Due(policy Policy) time.Time {
	policy = policy.WithDefaults()
	var due time.Time
	if p.Session.IsZero() {
		return due
	}
	if !p.Connected && !p.GoneAt.IsZero() {
		due = p.GoneAt.Add(policy.Grace)
		if p.Lost {
			due = due.Add(policy.Keep)
		}
	}
	if !p.WrapUntil.IsZero() && !p.Lost && (due.IsZero() || p.WrapUntil.Before(due)) {
		due = p.WrapUntil
	}
	return due
}

// Expire carries out what has run out by that time. With forfeit the agent has
// been lost for so long that the work belongs to others; the session is over.
func (p Presence) Expire(at time.Time, policy Policy) (next Presence, ended []Interval, forfeit bool) {
	policy = policy.WithDefaults()
	for {
		due := p.Due(policy)
		if due.IsZero() || at.Before(due) {
			return p, ended, forfeit
		}
		next, more := p, []Interval(nil)
		switch {
		case due.Equal(p.WrapUntil) && !p.Lost:
			next, more = p.EndWrap(due)
		case !p.Lost:
			next.Lost = true
			next, more = p.turn(next, p.clock(due))
		default:
			forfeit = true
			at := p.clock(due)
			next.Chosen, next.ChosenAt, next.Code, next.Session, next.Lost, next.Silent, next.WrapUntil = StatusOffline, at, Code{}, time.Time{}, false, false, time.Time{}
			next, more = p.turn(next, at)
		}
		p, ended = next, append(ended, more...)
	}
}
