package routing

func (c Claim) apply(e *Engine) error {
	a, err := e.known(c.Agent)
	if err != nil {
		return err
	}
	t := e.tickets.get(c.Ticket)
	switch {
	case t == nil:
		return refuse(ErrUnknown, "ticket %q", c.Ticket)
	case t.state == StateOffered && t.agent == a:
		e.accept(t)
		return nil
	case t.agent == a:
		return nil
	case t.agent != nil:
		return refuse(ErrAlreadyAssigned, "ticket %q is with %q", t.ID, t.agent.ID)
	}
	q, err := e.claimable(a, t, c.Override)
	if err != nil {
		return err
	}
	w := e.why(t, a, q, 1)
	e.leave(t)
	e.begin(t, a)
	e.emit(Assigned{Ticket: t.ID, Agent: a.ID, Why: w})
	return nil
}

// claimable returns the queue by which an agent may claim a waiting ticket.
func (e *Engine) claimable(a *agent, t *ticket, override bool) (*queue, error) {
	var q *queue
	for _, in := range e.sets[t.set] {
		if p := a.priority(in.ID); p > 0 && (q == nil || p < a.priority(q.ID)) {
			q = in
		}
	}
	switch {
	case !a.available:
		return nil, refuse(ErrNotEligible, "%q is not available", a.ID)
	case q == nil:
		return nil, refuse(ErrNotEligible, "%q is not a member of queue %q", a.ID, t.home.ID)
	case !a.serves(t.Channel):
		return nil, refuse(ErrNotEligible, "%q does not serve %q", a.ID, t.Channel)
	case t.state == StateParked && !override:
		return nil, refuse(ErrNotEligible, "queue %q is closed", t.home.ID)
	case !a.meets(t.needs()) && !override:
		return nil, refuse(ErrNotEligible, "%q does not have the skills", a.ID)
	case !a.room(int(t.Weight), t.Exclusive):
		return nil, refuse(ErrNoRoom, "%q has %d of %d units taken", a.ID, a.used(), a.Max)
	}
	return q, nil
}

func (c Assign) apply(e *Engine) error {
	a, err := e.known(c.Agent)
	if err != nil {
		return err
	}
	t := e.tickets.get(c.Ticket)
	switch {
	case t == nil:
		return refuse(ErrUnknown, "ticket %q", c.Ticket)
	case t.agent == a && t.state == StateAssigned:
		return nil
	}
	mine := t.agent == a // offered to the agent, who has the units already
	able := a.available && (mine || a.room(int(t.Weight), t.Exclusive))
	switch {
	case able || c.Force:
	case !a.available:
		return refuse(ErrNotEligible, "%q is not available", a.ID)
	default:
		return refuse(ErrNoRoom, "%q has %d of %d units taken", a.ID, a.used(), a.Max)
	}
	var from AgentID
	if t.state == StateAssigned {
		from = t.agent.ID
	}
	var q *queue
	if t.home != nil {
		for _, in := range e.sets[t.set] {
			if a.priority(in.ID) > 0 {
				q = in
				break
			}
		}
	}
	w := e.why(t, a, q, 1)
	if mine && t.Exclusive {
		w.Used -= a.Max
	} else if mine {
		w.Used -= int(t.Weight)
	}
	e.leave(t)
	e.begin(t, a)
	e.emit(Assigned{t.ID, a.ID, from, !able, w})
	return nil
}
