package desk

import (
	"context"
	"slices"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

// Me returns the actor as an agent.
func (d *Desk) Me(ctx context.Context, by account.Actor) (Agent, error) {
	var out Agent
	err := d.view(ctx, by, "read own status", func(j *job) error {
		if err := works(by); err != nil {
			return err
		}
		var err error
		out, err = j.agent(by.User)
		return err
	})
	return out, err
}

// works fails unless the actor is a person who works at the desk.
func works(by account.Actor) error {
	if by.User == "" || !by.Can(account.DeskWork) {
		return fault.Errorf(ErrDenied, "only people who work at the desk do this")
	}
	return nil
}

// Choose sets the actor's status. Busy and away take an aux code of that status.
func (d *Desk) Choose(ctx context.Context, by account.Actor, s presence.Status, code presence.CodeID) (Agent, error) {
	return d.present(ctx, by, "set own status", func(j *job, p presence.Presence) (presence.Presence, []presence.Interval, error) {
		var chosen *presence.Code
		if code != "" {
			i := slices.IndexFunc(j.setup.Codes, func(c presence.Code) bool { return c.ID == code })
			if i < 0 {
				return p, nil, fault.Fields{{Name: "code", Problem: "does not exist"}}
			}
			chosen = &j.setup.Codes[i]
		}
		return p.Choose(s, chosen, j.now)
	})
}

// Connected says that a page of the actor has connected, or the last one has
// gone. [Floor] calls it.
func (d *Desk) Connected(ctx context.Context, by account.Actor, connected bool) (Agent, error) {
	return d.present(ctx, by, "note connection", func(j *job, p presence.Presence) (presence.Presence, []presence.Interval, error) {
		if connected {
			next, ended := p.Connect(j.now)
			return next, ended, nil
		}
		next, ended := p.Disconnect(j.now)
		return next, ended, nil
	})
}

// present carries out a rule on the actor's presence.
func (d *Desk) present(ctx context.Context, by account.Actor, what string, rule func(*job, presence.Presence) (presence.Presence, []presence.Interval, error)) (Agent, error) {
	var out Agent
	err := d.run(ctx, by, what, func(j *job) error {
		if err := works(by); err != nil {
			return err
		}
		a, err := j.agent(by.User)
		if err != nil {
			return err
		}
		a.Name, a.Role = first(by.Name, a.Name), by.Role
		out, err = j.presented(a, rule)
		return err
	})
	return out, err
}

// presented puts what a rule makes of an agent's presence, if that is another.
func (j *job) presented(a Agent, rule func(*job, presence.Presence) (presence.Presence, []presence.Interval, error)) (Agent, error) {
	// What has run out before counts first: who comes back after the grace was away.
	p, ended, gone := a.Presence.Expire(j.now, j.d.cfg.Presence)
	next, more, err := rule(j, p)
	if err != nil {
		return a, err
	}
	ended = append(ended, more...)
	if next == a.Presence && a.Version > 0 {
		return a, nil
	}
	if next.Session != a.Presence.Session { // another session: counts begin anew
		a.Handled, a.Replies, a.Replied = 0, 0, 0
	}
	a.Presence = next
	if err := j.PutIntervals(j.ctx, a.User, ended...); err != nil {
		return a, err
	}
	if err := j.keepAgent(a); err != nil {
		return a, err
	}
	if gone {
		if err := j.forfeit(a.User, false); err != nil {
			return a, err
		}
	}
	return j.agent(a.User)
}

// Agents returns everybody who works at the desk, by name, as far as the actor
// may see them: an agent sees no figures of others.
func (d *Desk) Agents(ctx context.Context, by account.Actor) ([]Agent, error) {
	var out []Agent
	err := d.view(ctx, by, "list agents", func(j *job) error {
		if err := j.need(account.DeskSeeAll); err != nil {
			return err
		}
		var err error
		out, err = j.Tx.Agents(j.ctx)
		return err
	})
	return out, err
}

// Targets are whom a conversation can be handed to.
type Targets struct {
	Agents []Agent
	Queues []QueueCount
}

// Targets returns the agents who are there, with their load, and the queues.
func (d *Desk) Targets(ctx context.Context, by account.Actor) (Targets, error) {
	var out Targets
	err := d.view(ctx, by, "list whom to transfer to", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		agents, err := j.Tx.Agents(j.ctx)
		if err != nil {
			return err
		}
		for _, a := range agents {
			if s, _ := a.Presence.Effective(); !a.Disabled && a.User != by.User && (s != presence.StatusOffline || by.Can(account.DeskManage)) {
				out.Agents = append(out.Agents, a)
			}
		}
		waiting, err := j.Tally(j.ctx, Query{Scope: Scope{All: true}, Assignee: []account.UserID{""}, Status: []Status{StatusNew, StatusOpen}})
		for _, q := range j.setup.Queues {
			out.Queues = append(out.Queues, QueueCount{q.ID, q.Name, waiting.Queue[q.ID]})
		}
		return err
	})
	return out, err
}

// An AgentDescription is what an administrator says of an agent.
type AgentDescription struct {
	Name   string       // as the user's; "" leaves it
	Email  string       // likewise
	Role   account.Role // likewise
	Max    int          // 1 to 20; 0 leaves it
	Skills []Proficiency
	Queues []Membership
}

// DescribeAgent sets an agent's limit, skills and queues. The user has to exist
// already, which is the caller's to know. It needs [account.DeskSettings].
func (d *Desk) DescribeAgent(ctx context.Context, by account.Actor, user account.UserID, n AgentDescription) (Agent, error) {
	var out Agent
	err := d.run(ctx, by, "describe agent", func(j *job) error {
		if err := j.need(account.DeskSettings); err != nil {
			return err
		}
		a, err := j.agent(user)
		if err != nil {
			return err
		}
		var c fault.Check
		c.That(user != "", "user", "is missing")
		if n.Max != 0 {
			a.Max = n.Max
		}
		c.That(a.Max >= 1 && a.Max <= 20, "max", "has to be between 1 and 20")
		for i, s := range n.Skills {
			known := slices.ContainsFunc(j.setup.Skills, func(x Skill) bool { return x.ID == s.Skill })
			twice := slices.ContainsFunc(n.Skills[:i], func(x Proficiency) bool { return x.Skill == s.Skill })
			c.That(known && !twice, "skills", "contain one that does not exist, or one twice")
			c.That(s.Level >= 1 && s.Level <= 5, "skills", "have levels from 1 to 5")
		}
		for i, m := range n.Queues {
			_, known := j.setup.Queue(m.Queue)
			twice := slices.ContainsFunc(n.Queues[:i], func(x Membership) bool { return x.Queue == m.Queue })
			c.That(known && !twice, "queues", "contain one that does not exist, or one twice")
			c.That(m.Priority >= 1 && m.Priority <= 5, "queues", "have priorities from 1 to 5")
		}
		if err := c.Err(); err != nil {
			return err
		}
		a.Name, a.Email, a.Skills, a.Queues = first(n.Name, a.Name), first(n.Email, a.Email), n.Skills, n.Queues
		if n.Role != "" {
			a.Role = n.Role
		}
		if err := j.keepAgent(a); err != nil {
			return err
		}
		out, err = j.agent(user)
		return err
	})
	return out, err
}

// UserChanged brings what the account says of a user to the desk: the name, and
// whether the user still works here. One who does not is offline, and the work
// goes back to its queues.
func (d *Desk) UserChanged(ctx context.Context, acct account.ID, u account.User) error {
	by := account.System(acct)
	gone := u.Disabled() || !u.Actor().Can(account.DeskWork)
	err := d.run(ctx, by, "bring user to the desk", func(j *job) error {
		a, err := j.agent(u.ID)
		if err != nil {
			return err
		}
		if a.Version == 0 && gone || a.Version > 0 && a.Name == u.Name && a.Email == u.Email && a.Role == u.Role && a.Disabled == gone {
			return nil
		}
		a.Name, a.Email, a.Role, a.Disabled = u.Name, u.Email, u.Role, gone
		if !gone {
			return j.keepAgent(a)
		}
		next, ended, err := a.Presence.Choose(presence.StatusOffline, nil, j.now)
		if err != nil {
			return err
		}
		a.Presence = next
		if err := j.PutIntervals(j.ctx, a.User, ended...); err != nil {
			return err
		}
		if err := j.keepAgent(a); err != nil {
			return err
		}
		return j.forfeit(u.ID, true)
	})
	return err
}

// forfeit sends the open tickets of an agent who is gone where their queues say.
func (j *job) forfeit(user account.UserID, always bool) error {
	open, err := j.Tickets(j.ctx, Query{Scope: Scope{Mine: user}, Assignee: []account.UserID{user}, Status: []Status{StatusOpen}, Limit: 200})
	if err != nil {
		return err
	}
	for _, t := range open {
		if q, ok := j.setup.Queue(t.Queue); ok && q.Lost == LostKeep && !always {
			continue
		}
		next, events, err := t.Enqueue(TicketQueued{On: On{At: j.now}, Reason: ByLost}, j.policy(t))
		if err != nil {
			return err
		}
		if _, err := j.keep(t, next, events); err != nil {
			return err
		}
	}
	return nil
}
