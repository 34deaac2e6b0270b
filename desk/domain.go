package desk

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/desk/routing"
)

// A domain is the routing of one account: its engine, and what the engine has
// decided that is not committed yet.
type domain struct {
	acct account.ID

	mu      sync.Mutex
	engine  *routing.Engine // nil until it is loaded
	decided []routing.Event
	offers  map[routing.OfferID]Offer
	again   map[TicketID]time.Time // tickets whose proposal was refused, and when to look again
}

func (dm *domain) reload() {
	dm.mu.Lock()
	defer dm.mu.Unlock()
	dm.engine, dm.decided = nil, nil
}

func (dm *domain) offered(by account.Actor, id string) (Offer, error) {
	for _, o := range dm.offers {
		if o.ID == id && o.Agent == by.User {
			return o, nil
		}
	}
	return Offer{}, errOfferGone
}

// next returns when the engine, or a refused proposal, has something to do.
func (dm *domain) next() (at time.Time, ok bool) {
	dm.mu.Lock()
	defer dm.mu.Unlock()
	if dm.engine == nil {
		return at, false
	}
	at, ok = dm.engine.Next()
	for _, t := range dm.again {
		if !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

func (dm *domain) due(now time.Time) bool {
	at, ok := dm.next()
	return ok && !now.Before(at)
}

// apply carries out one command in the engine.
func (dm *domain) apply(now time.Time, c routing.Command) error {
	events, err := dm.engine.Apply(now, c)
	dm.decided = append(dm.decided, events...)
	return err
}

// load tells a new engine everything.
func (r *Router) load(ctx context.Context, dm *domain, engine *routing.Engine) error {
	dm.engine, dm.decided = engine, nil
	dm.offers, dm.again = map[routing.OfferID]Offer{}, map[TicketID]time.Time{}
	err := r.d.view(ctx, account.System(dm.acct), "load routing", func(j *job) error {
		if err := dm.arrange(j); err != nil {
			return err
		}
		agents, err := j.Tx.Agents(j.ctx)
		if err != nil {
			return err
		}
		for _, a := range agents {
			if err := dm.putAgent(j, a); err != nil {
				return err
			}
		}
		q := Query{Scope: Scope{All: true}, Status: []Status{StatusNew, StatusOpen}, Limit: 200}
		for {
			tickets, err := j.Tickets(j.ctx, q)
			if err != nil {
				return err
			}
			for _, t := range tickets {
				q.Before = t.ID
				if err := dm.putTicket(j, t, true); err != nil {
					return err
				}
			}
			if len(tickets) < q.Limit {
				return nil
			}
		}
	})
	if err != nil {
		dm.engine = nil
	}
	return err
}

// follow tells the engine what has changed.
func (r *Router) follow(ctx context.Context, dm *domain, x *dirt) error {
	now := r.d.now()
	tickets := make([]TicketID, 0, len(x.tickets)+len(dm.again))
	for id := range x.tickets {
		tickets = append(tickets, id)
	}
	for id, at := range dm.again {
		if !at.After(now) {
			tickets = append(tickets, id)
			delete(dm.again, id)
		}
	}
	if !x.setup && len(tickets) == 0 && len(x.agents) == 0 {
		return nil
	}
	return r.d.view(ctx, account.System(dm.acct), "follow the desk", func(j *job) error {
		if x.setup {
			if err := dm.arrange(j); err != nil {
				return err
			}
		}
		for id := range x.agents {
			a, err := j.agent(id)
			if err != nil {
				return err
			}
			if err := dm.putAgent(j, a); err != nil {
				return err
			}
		}
		for _, id := range tickets {
			t, err := j.Ticket(j.ctx, id)
			if missing(err) {
				continue
			}
			if err != nil {
				return err
			}
			if err := dm.putTicket(j, t, false); err != nil {
				return err
			}
		}
		return nil
	})
}

// arrange tells the engine of the queues: first without overflow, since they
// refer to each other.
func (dm *domain) arrange(j *job) error {
	for _, whole := range []bool{false, true} {
		for _, q := range j.setup.Queues {
			e := routing.Queue{
				ID: routing.QueueID(q.ID), Mode: routing.Mode(q.Mode), Order: orders[q.Order], MaxWaiting: q.MaxWaiting,
				OfferTimeout: q.OfferTimeout, Outbound: q.Type == QueueOutbound,
			}
			if whole && q.Backup != "" {
				e.Overflow = routing.Overflow{After: q.MaxWait, To: routing.QueueID(q.Backup), Action: routing.Move}
			}
			if err := dm.apply(j.now, routing.PutQueue{Queue: e}); err != nil {
				return err
			}
		}
	}
	return nil
}

var orders = map[string]routing.Order{
	"": routing.Proficiency, "proficiency": routing.Proficiency, "longest_idle": routing.LongestIdle,
	"least_loaded": routing.LeastLoaded, "round_robin": routing.RoundRobinOrder,
}

func (dm *domain) putAgent(j *job, a Agent) error {
	id := routing.AgentID(a.User)
	e := routing.Agent{ID: id, Max: max(1, a.Max), Skills: map[routing.Skill]int{}}
	for _, s := range a.Skills {
		e.Skills[routing.Skill(s.Skill)] = s.Level
	}
	for _, m := range a.Queues {
		if _, ok := j.setup.Queue(m.Queue); ok {
			e.Queues = append(e.Queues, routing.Member{Queue: routing.QueueID(m.Queue), Priority: m.Priority})
		}
	}
	if err := dm.apply(j.now, routing.PutAgent{Agent: e}); err != nil {
		return err
	}
	s, why := a.Presence.Effective()
	there := !a.Disabled && (s == presence.StatusAvailable || why == presence.ReasonCapacity)
	since := a.Presence.ChosenAt
	if since.After(j.now) {
		since = j.now
	}
	return dm.apply(j.now, routing.SetAvailable{Agent: id, Available: there, Since: since})
}

func (dm *domain) putTicket(j *job, t Ticket, admitted bool) error {
	id := routing.TicketID(t.ID)
	switch {
	case t.Waiting():
		q, ok := j.setup.Queue(t.Queue)
		if !ok {
			return nil
		}
		return dm.apply(j.now, routing.Enqueue{Ticket: describe(q, t), Admitted: admitted || t.Status == StatusOpen})
	case t.Counts(j.policy(t)):
		return dm.apply(j.now, routing.Adopt{Ticket: id, Agent: routing.AgentID(t.Assignee), Weight: t.Units, Since: t.AssignedAt})
	default:
		return dm.apply(j.now, routing.Remove{Ticket: id, Abandoned: t.Reason == CloseAbandoned})
	}
}

// describe says what serving a ticket takes.
func describe(q Queue, t Ticket) routing.Ticket {
	d := routing.Ticket{
		ID: routing.TicketID(t.ID), Queue: routing.QueueID(q.ID), Channel: routing.Channel(t.Channel), Weight: t.Units, Since: t.QueuedAt,
	}
	if q.Type == QueueSkilled && len(q.Needs) > 0 {
		d.Steps = []routing.Step{{Needs: needs(q.Needs)}}
		for _, r := range q.Relax {
			d.Steps = append(d.Steps, routing.Step{After: r.After, Needs: needs(r.Needs)})
		}
	}
	switch {
	case t.Last == "":
	case t.VisitAt.After(t.QueuedAt): // it comes back from somebody
		d.Skip = []routing.AgentID{routing.AgentID(t.Last)}
	case q.LastAgent > 0:
		d.Preferred, d.PreferredFor = routing.AgentID(t.Last), q.LastAgent
	}
	return d
}

func needs(all []Need) (out []routing.Need) {
	for _, n := range all {
		out = append(out, routing.Need{Skill: routing.Skill(n.Skill), Min: n.Min})
	}
	return out
}

// carryOut commits what the engine has decided.
func (r *Router) carryOut(ctx context.Context, dm *domain) error {
	decided := dm.decided
	dm.decided = nil
	var work sync.WaitGroup
	var mu sync.Mutex
	var failed error
	commit := func(ticket routing.TicketID, agent account.UserID, fn func() error) {
		work.Go(func() {
			err := fn()
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if !refused(err) {
				failed = err
				return
			}
			dm.again[TicketID(ticket)] = r.d.now().Add(retry)
			r.Changed(dm.acct, AgentChanged{}.Kind(), string(agent))
		})
	}
	for _, e := range decided {
		switch e := e.(type) {
		case routing.Assigned:
			commit(e.Ticket, account.UserID(e.Agent), func() error {
				return r.d.assign(ctx, dm.acct, TicketID(e.Ticket), account.UserID(e.Agent), e.Why)
			})
		case routing.Overflowed:
			if e.Moved {
				commit(e.Ticket, "", func() error { return r.d.overflow(ctx, dm.acct, TicketID(e.Ticket), QueueID(e.To)) })
			}
		case routing.Offered:
			dm.offers[e.Offer] = Offer{strconv.FormatUint(uint64(e.Offer), 10), TicketID(e.Ticket), account.UserID(e.Agent), e.Until}
			r.cfg.Offered(dm.acct, account.UserID(e.Agent))
		case routing.OfferEnded:
			delete(dm.offers, e.Offer)
			r.cfg.Offered(dm.acct, account.UserID(e.Agent))
		case routing.NotResponding:
			commit("", account.UserID(e.Agent), func() error { return r.d.unanswered(ctx, dm.acct, account.UserID(e.Agent)) })
		}
	}
	work.Wait()
	delete(dm.again, "")
	return failed
}

// assign commits what the engine chose, if the ticket still waits and the agent
// still has room.
func (d *Desk) assign(ctx context.Context, acct account.ID, id TicketID, to account.UserID, why routing.Why) error {
	return d.run(ctx, account.System(acct), "assign conversation", func(j *job) error {
		t, err := j.Ticket(j.ctx, id)
		if err != nil {
			return err
		}
		if err := j.room(to, t.Units); err != nil {
			return err
		}
		a, err := j.agent(to)
		if err != nil {
			return err
		}
		next, events, err := t.Assign(TicketAssigned{On: On{At: j.now}, To: to, ToName: a.Name, Reason: ByRouting, Why: &why}, j.policy(t))
		if err != nil {
			return err
		}
		_, err = j.keep(t, next, events)
		return err
	})
}

// overflow moves a ticket that waited too long to the backup queue.
func (d *Desk) overflow(ctx context.Context, acct account.ID, id TicketID, to QueueID) error {
	return d.run(ctx, account.System(acct), "overflow to backup queue", func(j *job) error {
		t, err := j.Ticket(j.ctx, id)
		if err != nil {
			return err
		}
		next, events, err := t.Enqueue(TicketQueued{On: On{At: j.now}, Queue: to, Reason: ByOverflow}, j.policy(t))
		if err != nil {
			return err
		}
		_, err = j.keep(t, next, events)
		return err
	})
}

// unanswered makes an agent away who did not accept what was offered.
func (d *Desk) unanswered(ctx context.Context, acct account.ID, user account.UserID) error {
	return d.run(ctx, account.System(acct), "note an unanswered offer", func(j *job) error {
		a, err := j.agent(user)
		if err != nil {
			return err
		}
		_, err = j.presented(a, func(j *job, p presence.Presence) (presence.Presence, []presence.Interval, error) {
			next, ended := p.Unanswered(j.now)
			return next, ended, nil
		})
		return err
	})
}
