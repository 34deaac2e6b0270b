package routing

import "time"

// A Command is something to be done to an [Engine].
type Command interface{ apply(*Engine) error }

// Commands that describe the domain. A queue or an agent that is put again is changed.
type (
	// PutQueue makes or changes a queue. Closing parks its tickets, opening lets them wait
	// again, each at its place. Offers that are open stay open.
	PutQueue struct{ Queue Queue }

	// RemoveQueue forgets a queue, as long as no ticket waits in it (ErrQueueInUse).
	RemoveQueue struct{ ID QueueID }

	// PutAgent makes or changes an agent, who keeps all work, even beyond a capacity
	// that is lower now. Offers that the agent no longer qualifies for are rescinded.
	PutAgent struct{ Agent Agent }

	// RemoveAgent forgets an agent. Offers are rescinded. What is assigned stays where it
	// is until another command moves it, and counts again if the agent is put again.
	RemoveAgent struct{ ID AgentID }

	// SetAvailable says whether the agent may be pushed work, and since when. Being at
	// capacity is not a reason to be unavailable here: the engine knows, and would
	// rescind the very offers that fill the capacity. Agent-scope wrap-up is one.
	SetAvailable struct {
		Agent     AgentID
		Available bool
		Since     time.Time // zero means now
	}
)

// Commands that follow the store. Each says how things are, and may be repeated.
type (
	// Enqueue lets a ticket wait as described, from wherever it is; place by Since. A ticket
	// that waits or is offered under the same description stays as it is. Whoever declined
	// it while it waited stays skipped.
	Enqueue struct {
		Ticket   Ticket
		Admitted bool // it was let in before, so MaxWaiting does not apply (for rebuilding)
	}

	// Adopt says that the agent is working on the ticket and that it counts. The agent may
	// be beyond capacity then, or not be known yet.
	Adopt struct {
		Ticket    TicketID
		Agent     AgentID
		Weight    int // 0 means 1
		Exclusive bool
		Since     time.Time // when this began, for the order of idle agents; zero means now
	}

	// Remove says that the ticket neither waits nor counts. One that the engine does not
	// know changes nothing.
	Remove struct {
		Ticket    TicketID
		Abandoned bool
		WrapUntil time.Time // if later than now, the agent's units stay taken until then
	}
)

// Commands of agents and supervisors.
type (
	// Claim assigns a waiting ticket to an available agent who is a member of one of its
	// queues, serves the channel, has the skills and has room. Override waives
	// skills and closed hours. Loses with ErrAlreadyAssigned.
	Claim struct {
		Agent    AgentID
		Ticket   TicketID
		Override bool
	}

	// Assign gives a known ticket to an agent who is available and has room, from wherever
	// it is. Force waives both.
	Assign struct {
		Agent  AgentID
		Ticket TicketID
		Force  bool
	}

	// Accept takes an offer. ErrOfferGone if it has ended.
	Accept struct {
		Agent AgentID
		Offer OfferID
	}

	// Reject declines an offer. The agent is pushed nothing for Config.CoolDown, and not this
	// ticket until everybody else declined too. ErrOfferGone if it has ended.
	Reject struct {
		Agent AgentID
		Offer OfferID
	}

	// WrapUp keeps units of an agent taken until a moment; 0 units end every wrap-up of
	// the agent at once. See Remove.WrapUntil.
	WrapUp struct {
		Agent AgentID
		Units int
		Until time.Time
	}

	// Tick does what is due. See [Engine.Next].
	Tick struct{}
)

func (c PutQueue) apply(e *Engine) error    { return e.putQueue(c.Queue) }
func (c RemoveQueue) apply(e *Engine) error { return e.removeQueue(c.ID) }
func (c PutAgent) apply(e *Engine) error    { return e.putAgent(c.Agent) }
func (c RemoveAgent) apply(e *Engine) error { return e.removeAgent(c.ID) }
func (c Enqueue) apply(e *Engine) error     { return e.enqueue(c.Ticket, c.Admitted) }

func (c SetAvailable) apply(e *Engine) error {
	a, err := e.known(c.Agent)
	if err != nil {
		return err
	}
	since := e.now
	if !c.Since.IsZero() {
		since = min(since, c.Since.UnixNano())
	}
	e.setAvailable(a, c.Available, since)
	return nil
}

func (c Adopt) apply(e *Engine) error {
	weight := max(c.Weight, 1)
	switch {
	case c.Ticket == "" || c.Agent == "":
		return refuse(ErrInvalid, "adopting needs a ticket and an agent")
	case c.Weight < 0 || c.Weight > MaxUnits:
		return refuse(ErrInvalid, "the weight of ticket %q must be 1 to %d", c.Ticket, MaxUnits)
	}
	t := e.tickets.get(c.Ticket)
	var from AgentID
	if t != nil && t.state == StateAssigned {
		if from = t.agent.ID; from == c.Agent && int(t.Weight) == weight && t.Exclusive == c.Exclusive {
			return nil
		}
	}
	if t == nil {
		t = e.newTicket(c.Ticket)
	} else {
		e.leave(t)
	}
	a := e.agent(c.Agent)
	t.Weight, t.Exclusive = uint8(weight), c.Exclusive
	idle, last := a.idleSince, a.lastAssigned
	e.begin(t, a)
	if !c.Since.IsZero() {
		since := min(e.now, c.Since.UnixNano())
		a.lastAssigned, a.idleSince = max(last, since), max(idle, since)
	}
	e.emit(Adopted{c.Ticket, c.Agent, from, a.known && a.used() > a.Max})
	return nil
}

func (c Remove) apply(e *Engine) error {
	t := e.tickets.get(c.Ticket)
	if t == nil {
		return nil
	}
	var from AgentID
	if t.state == StateAssigned {
		a := t.agent
		from = a.ID
		if until := nanos(c.WrapUntil); until > e.now {
			units := int(t.Weight)
			if t.Exclusive {
				units = a.Max
			}
			e.wrapUp(a, units, until)
		}
	}
	e.leave(t)
	e.tickets.remove(t)
	e.emit(Removed{c.Ticket, from, c.Abandoned})
	e.spare = append(e.spare, t)
	return nil
}

func (c WrapUp) apply(e *Engine) error {
	a, err := e.known(c.Agent)
	if err != nil {
		return err
	}
	if c.Units < 0 || c.Units > MaxUnits || c.Units > 0 && nanos(c.Until) <= e.now {
		return refuse(ErrInvalid, "a wrap-up is 1 to %d units until a later moment", MaxUnits)
	}
	e.wrapUp(a, c.Units, nanos(c.Until))
	return nil
}

func (Tick) apply(e *Engine) error {
	e.tick()
	return nil
}
