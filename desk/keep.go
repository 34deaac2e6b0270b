package desk

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/tandem-cc/tandem/account"
)

// keep puts a ticket that a rule has changed: with its events as entries of the
// history where people want to read them, and with the load of the agents whose
// work it is, or was. So that assignment, capacity and change commit together.
func (j *job) keep(before, t Ticket, events []TicketEvent) (Ticket, error) {
	if len(events) == 0 {
		return t, nil
	}
	for _, e := range events {
		if !told(e) {
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			return t, err
		}
		t.Entries++
		entry := Entry{
			ID: EntryID(j.id()), Ticket: t.ID, N: t.Entries, Kind: EntryEvent, From: SideSystem, Line: t.Line,
			Event: e.Kind(), Data: data, At: e.when(),
		}
		if err := j.PutEntry(j.ctx, entry); err != nil {
			return t, err
		}
	}
	all := make([]Event, len(events))
	for i, e := range events {
		all[i] = e
	}
	if err := j.PutTicket(j.ctx, t, all...); err != nil {
		return t, stale(err)
	}
	if err := j.settle(before, t, events); err != nil {
		return t, err
	}
	return t, j.announce(before, t)
}

// told reports whether an event is shown in the ticket's history.
func told(e TicketEvent) bool {
	switch e.(type) {
	case TicketOpened, TicketAssigned, TicketQueued, TicketMoved, TicketReopened, TicketResolved, TicketClosed:
		return true
	}
	return false
}

// settle counts the ticket for whom it belongs to now, and no more for whom it
// belonged to.
func (j *job) settle(before, t Ticket, events []TicketEvent) error {
	was, is := account.UserID(""), account.UserID("")
	if before.ID != "" && before.Counts(j.policy(before)) {
		was = before.Assignee
	}
	if t.Counts(j.policy(t)) {
		is = t.Assignee
	}
	if was != is || was != "" && before.Units != t.Units {
		if err := j.load(was, -before.Units, -1, nil); err != nil {
			return err
		}
		if err := j.load(is, t.Units, 1, nil); err != nil {
			return err
		}
	}
	for _, e := range events {
		var err error
		switch e := e.(type) {
		case TicketResolved:
			err = j.load(t.Assignee, 0, 0, func(a *Agent) {
				a.Handled++
				if w := j.setup.WrapUp; w.Mode == "timed" && e.Reason == CloseAgent && e.By == a.User {
					next, ended := a.Presence.Wrap(j.now.Add(w.For), j.now)
					a.Presence = next
					err = j.PutIntervals(j.ctx, a.User, ended...)
				}
			})
		case ReplyAccepted:
			if e.Waited > 0 {
				err = j.load(e.By, 0, 0, func(a *Agent) { a.Replies++; a.Replied += e.Waited })
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// load changes what an agent has to do. A user who is no agent is made one.
func (j *job) load(user account.UserID, units, tickets int, also func(*Agent)) error {
	if user == "" {
		return nil
	}
	a, err := j.agent(user)
	if err != nil {
		return err
	}
	a.Used, a.Active = max(0, a.Used+units), max(0, a.Active+tickets)
	if also != nil {
		also(&a)
	}
	return j.keepAgent(a)
}

// agent returns the agent, or one with the usual limits if the user has never
// been described.
func (j *job) agent(user account.UserID) (Agent, error) {
	a, err := j.Agent(j.ctx, user)
	if errors.Is(err, ErrNotFound) {
		a, err = Agent{User: user, Max: DefaultMax}, nil
		if user == j.by.User {
			a.Name, a.Role = j.by.Name, j.by.Role
		}
	}
	return a, err
}

// DefaultMax is how many units of work an agent has at a time who has no limit
// of the own.
const DefaultMax = 5

// keepAgent puts an agent with the load brought to the presence.
func (j *job) keepAgent(a Agent) error {
	if a.Max == 0 {
		a.Max = DefaultMax
	}
	next, ended := a.Presence.Load(a.Used, a.Max, j.now)
	a.Presence = next
	if err := j.PutIntervals(j.ctx, a.User, ended...); err != nil {
		return err
	}
	a.DueAt = a.Presence.Due(j.d.cfg.Presence)
	a.Version++
	return stale(j.PutAgent(j.ctx, a, AgentChanged{Agent: a.User, At: j.now}))
}

// announce tells agents who take tickets from a queue that it is another one,
// and an agent of a ticket that came.
func (j *job) announce(before, t Ticket) error {
	var queues []QueueID
	for _, x := range []Ticket{before, t} {
		if x.ID != "" && x.Waiting() && j.setup.PolicyOf(x.Queue).claimable(j.setup, x.Queue) && !slices.Contains(queues, x.Queue) {
			queues = append(queues, x.Queue)
		}
	}
	if before.Waiting() == t.Waiting() && before.Queue == t.Queue && before.ID != "" {
		queues = nil
	}
	for _, q := range queues {
		if err := j.Note(j.ctx, string(q), "", QueueChanged{Queue: q, At: j.now}); err != nil {
			return err
		}
	}
	if t.Assignee != "" && t.Assignee != before.Assignee && t.Assignee != j.by.User {
		j.notices = append(j.notices, Notice{Account: j.by.Account, To: t.Assignee, Ticket: t, Text: "A conversation has been assigned to you."})
	}
	return nil
}

// claimable reports whether agents of the queue see what waits in it, and take it.
func (p Policy) claimable(s Setup, q QueueID) bool {
	queue, ok := s.Queue(q)
	return p.NewVisible || ok && queue.Mode == ModePickMe
}
