package routing

// An offer is units reserved with an agent until a moment.
type offer struct {
	id  OfferID
	why Why
}

func (e *Engine) makeOffer(t *ticket, a *agent, q *queue, w Why) {
	timeout := q.OfferTimeout
	if timeout == 0 {
		timeout = e.config.OfferTimeout
	}
	e.lastOffer++
	t.offer = &offer{e.lastOffer, w}
	e.offers[t.offer.id] = t
	t.state = StateOffered
	a.hold(t)
	e.sync(a)
	until := e.now + int64(timeout)
	e.rouse(t, until)
	e.emit(Offered{t.offer.id, t.ID, a.ID, moment(until), w})
}

// endOffer gives back what an offer reserved. The ticket is nowhere then.
func (e *Engine) endOffer(t *ticket, why Reason) {
	a := t.agent
	e.calm(t)
	e.emit(OfferEnded{t.offer.id, t.ID, a.ID, why})
	delete(e.offers, t.offer.id)
	t.offer = nil
	a.release(t)
	e.freed(a)
}

// offered returns the ticket of an offer that is open to an agent.
func (e *Engine) offered(id AgentID, o OfferID) (*ticket, *agent, error) {
	t := e.offers[o]
	if t == nil || t.agent.ID != id {
		return nil, nil, refuse(ErrOfferGone, "agent %q has no offer %d", id, o)
	}
	return t, t.agent, nil
}

func (e *Engine) accept(t *ticket) {
	a, o := t.agent, t.offer
	e.emit(OfferEnded{o.id, t.ID, a.ID, Accepted})
	delete(e.offers, o.id)
	t.offer = nil
	a.unanswered = 0
	e.begin(t, a)
	e.emit(Assigned{Ticket: t.ID, Agent: a.ID, Why: o.why})
}

func (e *Engine) reject(t *ticket) {
	a := t.agent
	a.unanswered = 0
	e.endOffer(t, Rejected)
	e.skip(t, a.ID)
	if e.config.CoolDown > 0 {
		a.cooling = true
		e.sync(a)
		e.disarm(&a.cool)
		e.arm(&a.cool, e.now+int64(e.config.CoolDown))
	}
	e.wait(t)
}

// timeOut ends an offer that nobody answered.
func (e *Engine) timeOut(t *ticket) {
	a := t.agent
	a.unanswered++
	e.endOffer(t, TimedOut)
	e.skip(t, a.ID)
	if a.unanswered >= e.config.MaxNoAnswer {
		e.emit(NotResponding{a.ID})
		e.setAvailable(a, false, e.now)
	}
	e.wait(t)
}

func (c Accept) apply(e *Engine) error {
	t, _, err := e.offered(c.Agent, c.Offer)
	if err == nil {
		e.accept(t)
	}
	return err
}

func (c Reject) apply(e *Engine) error {
	t, _, err := e.offered(c.Agent, c.Offer)
	if err == nil {
		e.reject(t)
	}
	return err
}
