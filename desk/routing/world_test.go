package routing

import (
	"fmt"
	"time"
)

// A source draws numbers from 0 to n-1.
type source func(n int) int

// A world draws commands that suit what happened before, and some that do not.
type world struct {
	draw   source
	now    time.Time
	offers []Offered // open and ended, the latest last
	next   func() (time.Time, bool)
}

var epoch = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

const (
	worldAgents  = 8
	worldTickets = 12
	worldSkills  = 4
	worldQueues  = 4
)

func (w *world) agent() AgentID   { return AgentID(fmt.Sprintf("agent-%d", w.draw(worldAgents))) }
func (w *world) ticket() TicketID { return TicketID(fmt.Sprintf("ticket-%d", w.draw(worldTickets))) }
func (w *world) queue() QueueID   { return QueueID(fmt.Sprintf("queue-%d", w.draw(worldQueues))) }
func (w *world) skill() Skill     { return Skill(fmt.Sprintf("skill-%d", w.draw(worldSkills))) }
func (w *world) one(in int) bool  { return w.draw(in) == 0 }

// pass lets time go by: not at all, a little, or to exactly when something is due.
func (w *world) pass() {
	switch w.draw(4) {
	case 0:
		w.now = w.now.Add(time.Duration(w.draw(12)) * time.Second)
	case 1:
		if at, ok := w.next(); ok && at.After(w.now) {
			w.now = at
		}
	}
}

func (w *world) command() Command {
	switch n := w.draw(40); {
	case n < 10:
		return Enqueue{Ticket: w.describe(), Admitted: w.one(8)}
	case n < 15:
		return Remove{w.ticket(), w.one(2), w.now.Add(time.Duration(w.draw(3)*10) * time.Second)}
	case n < 20:
		return SetAvailable{Agent: w.agent(), Available: !w.one(4)}
	case n < 26 && len(w.offers) > 0:
		o := w.offers[len(w.offers)-1-w.draw(min(4, len(w.offers)))]
		if w.one(8) {
			o.Agent = w.agent()
		}
		if w.one(3) {
			return Reject{o.Agent, o.Offer}
		}
		return Accept{o.Agent, o.Offer}
	case n < 28:
		return Claim{w.agent(), w.ticket(), w.one(3)}
	case n < 30:
		return Assign{w.agent(), w.ticket(), w.one(3)}
	case n < 32:
		return Adopt{Ticket: w.ticket(), Agent: w.agent(), Weight: w.draw(3), Exclusive: w.one(8)}
	case n < 34:
		return PutQueue{w.describeQueue()}
	case n < 36:
		return PutAgent{w.describeAgent(w.agent())}
	case n == 36 && w.one(3):
		return RemoveAgent{w.agent()}
	case n == 37 && w.one(3):
		return RemoveQueue{w.queue()}
	case n == 38:
		return WrapUp{w.agent(), w.draw(3), w.now.Add(20 * time.Second)}
	}
	return Tick{}
}

func (w *world) needs() []Need {
	var out []Need
	for range w.draw(3) {
		n := Need{w.skill(), 1 + w.draw(3)}
		if !implied(Need{n.Skill, 1}, out) {
			out = append(out, n)
		}
	}
	return out
}

func (w *world) describe() Ticket {
	d := Ticket{
		ID: w.ticket(), Queue: w.queue(), Weight: w.draw(4), Exclusive: w.one(10),
		Boost: time.Duration(w.draw(3)*5) * time.Second,
	}
	if w.one(4) {
		d.Channel = Channel(fmt.Sprintf("channel-%d", w.draw(2)))
	}
	if w.one(3) {
		d.Since = w.now.Add(-time.Duration(w.draw(40)) * time.Second)
	}
	if w.one(4) {
		d.Preferred, d.PreferredFor = w.agent(), time.Duration(w.draw(2)*20)*time.Second
	}
	if w.one(8) {
		d.Skip = []AgentID{w.agent()}
	}
	if needs := w.needs(); len(needs) > 0 {
		d.Steps = []Step{{Needs: needs}}
		if w.one(2) {
			d.Steps = append(d.Steps, Step{15 * time.Second, needs[:w.draw(len(needs))]})
		}
		if w.one(3) {
			d.Steps = append(d.Steps, Step{30 * time.Second, nil})
		}
	}
	return d
}

func (w *world) describeQueue() Queue {
	q := Queue{
		ID:           w.queue(),
		Mode:         []Mode{RoundRobin, Push, Push, PickMe}[w.draw(4)],
		Order:        []Order{Proficiency, LongestIdle, LeastLoaded, RoundRobinOrder}[w.draw(4)],
		Closed:       w.one(5),
		Outbound:     w.one(10),
		Strict:       w.one(5),
		SlowStart:    max(0, w.draw(6)-3),
		OfferTimeout: time.Duration(w.draw(3)*10) * time.Second,
	}
	if w.one(5) {
		q.MaxWaiting = 1 + w.draw(3)
	}
	if w.one(2) {
		q.Overflow = Overflow{time.Duration(w.draw(3)*15) * time.Second, w.queue(), []Action{Expand, Move}[w.draw(2)]}
	}
	return q
}

func (w *world) describeAgent(id AgentID) Agent {
	d := Agent{ID: id, Max: 1 + w.draw(5), Skills: map[Skill]int{}}
	for range w.draw(4) {
		d.Skills[w.skill()] = 1 + w.draw(5)
	}
	for q := range worldQueues {
		if w.one(2) {
			d.Queues = append(d.Queues, Member{QueueID(fmt.Sprintf("queue-%d", q)), 1 + w.draw(3)})
		}
	}
	if w.one(4) {
		d.Channels = []Channel{Channel(fmt.Sprintf("channel-%d", w.draw(2)))}
	}
	return d
}

// opening returns commands after which there is something to route.
func (w *world) opening() []Command {
	var out []Command
	for i := range worldQueues {
		q := w.describeQueue()
		q.ID, q.Closed = QueueID(fmt.Sprintf("queue-%d", i)), false
		q.Overflow.To = ""
		out = append(out, PutQueue{q})
	}
	for i := range worldAgents {
		id := AgentID(fmt.Sprintf("agent-%d", i))
		out = append(out, PutAgent{w.describeAgent(id)}, SetAvailable{Agent: id, Available: !w.one(4)})
	}
	return out
}
