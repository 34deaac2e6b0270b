package desk

import (
	"errors"
	"slices"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

var errNoTicket = fault.Errorf(ErrNotFound, "there is no such conversation")

// scope returns what the actor may see.
func (j *job) scope() (Scope, error) {
	if j.by.Can(account.DeskSeeAll) {
		if j.by.Role == account.RoleSupervisor {
			a, err := j.agent(j.by.User)
			if err != nil {
				return Scope{}, err
			}
			if len(a.Queues) > 0 {
				s := Scope{Mine: j.by.User}
				for _, m := range a.Queues {
					s.Queues = append(s.Queues, m.Queue)
				}
				return s, nil
			}
		}
		return Scope{All: true}, nil
	}
	if j.by.User == "" || !j.by.Can(account.DeskWork) {
		return Scope{}, fault.Errorf(ErrDenied, "this takes the permission to work at the desk")
	}
	s := Scope{Mine: j.by.User}
	a, err := j.agent(j.by.User)
	if err != nil {
		return s, err
	}
	for _, m := range a.Queues {
		if j.setup.PolicyOf(m.Queue).claimable(j.setup, m.Queue) {
			s.Waiting = append(s.Waiting, m.Queue)
		}
	}
	return s, nil
}

// Sees reports whether a ticket is within the scope.
func (s Scope) Sees(t Ticket) bool {
	switch {
	case s.All, slices.Contains(s.Queues, t.Queue):
		return true
	case s.Mine != "" && (t.Assignee == s.Mine || t.Status.Finished() && t.Assignee == "" && t.Last == s.Mine):
		return true
	default:
		return t.Waiting() && slices.Contains(s.Waiting, t.Queue)
	}
}

// see returns a ticket that the actor may see, and whether it is only as part of
// the history of a contact whom the actor serves now.
func (j *job) see(id TicketID) (t Ticket, history bool, err error) {
	s, err := j.scope()
	if err != nil {
		return t, false, err
	}
	if t, err = j.Ticket(j.ctx, id); err != nil {
		return t, false, err
	}
	if s.Sees(t) {
		return t, false, nil
	}
	if t.Status.Finished() {
		serves, err := j.serves(s, t.Contact)
		if err != nil || serves {
			return t, true, err
		}
	}
	return Ticket{}, false, errNoTicket
}

// serves reports whether the actor has an unfinished ticket of the contact, or of
// who is the same person.
func (j *job) serves(s Scope, contact ContactID) (bool, error) {
	if s.All {
		return true, nil
	}
	ids, err := j.person(contact)
	if err != nil {
		return false, err
	}
	live, err := j.Tickets(j.ctx, Query{
		Scope: s, Contact: ids, Limit: 1, Assignee: []account.UserID{s.Mine},
		Status: []Status{StatusOpen, StatusPending, StatusOnHold},
	})
	return len(live) > 0, err
}

// person returns the IDs of all contacts that are the same person.
func (j *job) person(id ContactID) ([]ContactID, error) {
	c, err := j.Contact(j.ctx, id)
	if err != nil {
		return nil, err
	}
	primary := c.ID
	if c.MergedInto != "" {
		primary = c.MergedInto
	}
	members, err := j.Members(j.ctx, primary)
	ids := []ContactID{primary}
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return ids, err
}

// act returns a ticket that the actor may act upon: the own, or any in scope for
// who manages. With waiting, also one that waits and that the actor may take.
func (j *job) act(id TicketID, waiting bool) (Ticket, error) {
	t, history, err := j.see(id)
	switch {
	case err != nil:
		return t, err
	case history:
		return t, fault.Errorf(ErrDenied, "this conversation is part of the history: it can only be read")
	case t.Assignee == j.by.User && j.by.User != "", j.by.Can(account.DeskManage), waiting && t.Waiting():
		return t, nil
	case t.Assignee != "":
		return t, TakenError{t.Assignee}
	default:
		return t, fault.Errorf(ErrDenied, "accept the conversation first")
	}
}

// May says what an actor can do with a ticket as it stands.
type May struct {
	Claim, Reply, Note, Resolve, Move, Transfer, Assign, Spam, Reopen bool
}

// may returns what the actor can do with a ticket in scope.
func (j *job) may(t Ticket, history bool) May {
	manages, mine := j.by.Can(account.DeskManage), t.Assignee == j.by.User && j.by.User != ""
	acts, live := !history && (manages || mine), !t.Status.Finished()
	m := May{
		Claim: !history && t.Waiting() && j.by.User != "",
		Note:  !history && (acts || t.Waiting()),
		Reply: acts && t.Status != StatusClosed && t.Status != StatusNew,
		Move:  acts && live && t.Status != StatusNew, Resolve: acts && live, Transfer: acts && live,
		Assign: manages && live, Spam: acts && live, Reopen: acts && t.Status == StatusResolved,
	}
	m.Reply = m.Reply || m.Claim && j.policy(t).ReplyClaims
	return m
}

// need fails unless the actor has the permission.
func (j *job) need(p account.Permission) error {
	if !j.by.Can(p) {
		return fault.Errorf(ErrDenied, "this takes the permission %s", p)
	}
	return nil
}

func missing(err error) bool { return errors.Is(err, ErrNotFound) }
