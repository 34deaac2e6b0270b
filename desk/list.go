package desk

import (
	"context"
	"slices"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A View is one of the lists that people work from.
type View string

// The views.
const (
	ViewMine     View = "mine"     // assigned to me, and not finished
	ViewQueue    View = "queue"    // waiting, for me to take; to who manages, all that waits
	ViewResolved View = "resolved" // that I resolved, or had
	ViewClosed   View = "closed"
	ViewAll      View = "all"  // everything in scope; takes account.DeskSeeAll
	ViewSpam     View = "spam" // takes account.DeskSeeAll
)

// A Row is a ticket as lists show it.
type Row struct {
	Ticket   Ticket
	Contact  Contact // as shown: the primary of merged ones
	Last     *Entry  // message
	Assignee string  // name
	Queue    string  // name
	May      May
}

// List returns the tickets of a view that also match the query.
func (d *Desk) List(ctx context.Context, by account.Actor, v View, q Query) ([]Row, error) {
	var rows []Row
	err := d.view(ctx, by, "list conversations", func(j *job) error {
		if err := j.narrow(v, &q); err != nil {
			return err
		}
		if q.Limit <= 0 || q.Limit > 200 {
			q.Limit = 50
		}
		tickets, err := j.Tickets(j.ctx, q)
		if err != nil {
			return err
		}
		rows, err = j.rows(tickets, false)
		return err
	})
	return rows, err
}

// narrow makes the query one of the view.
func (j *job) narrow(v View, q *Query) error {
	s, err := j.scope()
	if err != nil {
		return err
	}
	q.Scope = s
	within := func(all ...Status) {
		if len(q.Status) == 0 {
			q.Status = all
			return
		}
		q.Status = slices.DeleteFunc(slices.Clone(q.Status), func(s Status) bool { return !slices.Contains(all, s) })
		if len(q.Status) == 0 {
			q.Scope = Scope{}
		}
	}
	mine := Scope{Mine: j.by.User}
	switch v {
	case ViewMine:
		q.Scope, q.Assignee = mine, []account.UserID{j.by.User}
		within(StatusOpen, StatusPending, StatusOnHold)
	case ViewQueue:
		q.Assignee = []account.UserID{""}
		within(StatusNew, StatusOpen)
	case ViewResolved:
		q.Scope = mine
		within(StatusResolved)
	case ViewClosed:
		q.Scope = mine
		within(StatusClosed)
	case ViewAll, ViewSpam:
		q.Spam = v == ViewSpam
		return j.need(account.DeskSeeAll)
	default:
		return fault.Fields{{Name: "view", Problem: "does not exist"}}
	}
	return nil
}

// rows completes tickets with what lists show of them.
func (j *job) rows(tickets []Ticket, history bool) ([]Row, error) {
	if len(tickets) == 0 {
		return nil, nil
	}
	ids, contacts := make([]TicketID, len(tickets)), make([]ContactID, len(tickets))
	for i, t := range tickets {
		ids[i], contacts[i] = t.ID, t.Contact
	}
	last, err := j.LastMessages(j.ctx, ids)
	if err != nil {
		return nil, err
	}
	people, err := j.shown(contacts)
	if err != nil {
		return nil, err
	}
	names, err := j.names()
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(tickets))
	for i, t := range tickets {
		q, _ := j.setup.Queue(t.Queue)
		rows[i] = Row{Ticket: t, Contact: people[t.Contact], Assignee: names[t.Assignee], Queue: q.Name, May: j.may(t, history)}
		if e, ok := last[t.ID]; ok {
			rows[i].Last = &e
		}
	}
	return rows, nil
}

// shown returns contacts by ID, merged ones as their primaries.
func (j *job) shown(ids []ContactID) (map[ContactID]Contact, error) {
	found, err := j.ContactsByID(j.ctx, ids)
	if err != nil {
		return nil, err
	}
	var primaries []ContactID
	for _, c := range found {
		if c.MergedInto != "" {
			primaries = append(primaries, c.MergedInto)
		}
	}
	if len(primaries) == 0 {
		return found, nil
	}
	main, err := j.ContactsByID(j.ctx, primaries)
	if err != nil {
		return nil, err
	}
	for id, c := range found {
		if p, ok := main[c.MergedInto]; ok {
			found[id] = p
		}
	}
	return found, nil
}

// names returns the agents' names.
func (j *job) names() (map[account.UserID]string, error) {
	agents, err := j.Agents(j.ctx)
	names := make(map[account.UserID]string, len(agents))
	for _, a := range agents {
		names[a.User] = a.Name
	}
	return names, err
}

// A Detail is a ticket with what is around it.
type Detail struct {
	Row
	Members  []Contact     // merged into the contact
	Notes    []ContactNote // on the customer, newest first
	Previous []Row         // finished tickets of the contact, newest first
	History  bool          // the actor sees it as part of the history alone
}

// maxPrevious is how many earlier conversations a detail has.
const maxPrevious = 20

// View returns a ticket that the actor may see.
func (d *Desk) View(ctx context.Context, by account.Actor, id TicketID) (Detail, error) {
	var out Detail
	err := d.view(ctx, by, "read conversation", func(j *job) error {
		t, history, err := j.see(id)
		if err != nil {
			return err
		}
		rows, err := j.rows([]Ticket{t}, history)
		if err != nil {
			return err
		}
		out = Detail{Row: rows[0], History: history}
		if t.Waiting() && t.Assignee == "" && !j.by.Can(account.DeskManage) {
			return nil // what waits is shown without the customer's history
		}
		return j.around(&out)
	})
	return out, err
}

func (j *job) around(out *Detail) error {
	ids, err := j.person(out.Ticket.Contact)
	if err != nil {
		return err
	}
	if out.Members, err = j.Members(j.ctx, ids[0]); err != nil {
		return err
	}
	if out.Notes, err = j.ContactNotes(j.ctx, ids); err != nil {
		return err
	}
	previous, err := j.Tickets(j.ctx, Query{Scope: Scope{All: true}, Contact: ids, Status: []Status{StatusResolved, StatusClosed}, Limit: maxPrevious})
	if err != nil {
		return err
	}
	previous = slices.DeleteFunc(previous, func(t Ticket) bool { return t.ID == out.Ticket.ID })
	out.Previous, err = j.rows(previous, true)
	return err
}

// Entries returns the history of a ticket that the actor may see: the last limit
// entries before that N, or from the end if it is 0; or those after another N.
func (d *Desk) Entries(ctx context.Context, by account.Actor, id TicketID, after, before, limit int) ([]Entry, error) {
	if limit <= 0 || limit > 500 {
		limit = 200
	}
	var out []Entry
	err := d.view(ctx, by, "read conversation", func(j *job) error {
		if _, _, err := j.see(id); err != nil {
			return err
		}
		var err error
		out, err = j.Tx.Entries(j.ctx, id, after, before, limit)
		return err
	})
	return out, err
}

// Counts are what the lists hold for an actor.
type Counts struct {
	Mine, Unread, Queue, Resolved, Closed int
	Queues                                []QueueCount
}

// A QueueCount is how many tickets wait in a queue.
type QueueCount struct {
	Queue   QueueID
	Name    string
	Waiting int
}

// Counts returns how many tickets the actor's lists hold.
func (d *Desk) Counts(ctx context.Context, by account.Actor) (Counts, error) {
	var out Counts
	err := d.view(ctx, by, "count conversations", func(j *job) error {
		tally := func(v View) (Tally, error) {
			var q Query
			if err := j.narrow(v, &q); err != nil {
				return Tally{}, err
			}
			return j.Tally(j.ctx, q)
		}
		mine, err := tally(ViewMine)
		if err != nil {
			return err
		}
		waiting, err := tally(ViewQueue)
		if err != nil {
			return err
		}
		var q Query
		if err := j.narrow(ViewResolved, &q); err != nil {
			return err
		}
		q.Status = []Status{StatusResolved, StatusClosed}
		done, err := j.Tally(j.ctx, q)
		if err != nil {
			return err
		}
		out = Counts{Mine: mine.Total, Unread: mine.Unread, Queue: waiting.Total, Resolved: done.Status[StatusResolved], Closed: done.Status[StatusClosed]}
		for _, queue := range j.setup.Queues {
			if n := waiting.Queue[queue.ID]; n > 0 {
				out.Queues = append(out.Queues, QueueCount{queue.ID, queue.Name, n})
			}
		}
		return nil
	})
	return out, err
}
