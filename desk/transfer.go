package desk

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A Target is where a conversation is to go: to an agent, or to a queue.
type Target struct {
	Agent    account.UserID
	Queue    QueueID
	Note     string // for who gets it
	Override bool   // beyond the agent's limit or status: of who manages, and recorded
}

// Transfer hands a conversation over: to an agent at once, or to a queue, where
// it waits at the place that its age gives it. To an agent who has no room or is
// not available it fails with ErrConflict, unless a supervisor overrides that.
func (d *Desk) Transfer(ctx context.Context, by account.Actor, id TicketID, to Target) (Ticket, error) {
	return d.change(ctx, by, id, "transfer conversation", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		return j.transfer(t, to)
	})
}

func (j *job) transfer(t Ticket, to Target) (Ticket, []TicketEvent, error) {
	var c fault.Check
	to.Note = strings.TrimSpace(to.Note)
	c.That((to.Agent == "") != (to.Queue == ""), "agent", "or a queue has to be given, not both")
	c.That(utf8.RuneCountInString(to.Note) <= 1000, "note", "is longer than 1000 characters")
	if _, ok := j.setup.Queue(to.Queue); to.Queue != "" {
		c.That(ok, "queue", "does not exist")
	}
	if err := c.Err(); err != nil {
		return t, nil, err
	}
	if to.Override {
		if err := j.need(account.DeskManage); err != nil {
			return t, nil, err
		}
	}
	if to.Queue != "" {
		return t.Enqueue(TicketQueued{
			On: On{At: j.now}, Queue: to.Queue, By: j.by.User, ByName: j.by.Name, Reason: ByTransfer, Note: to.Note,
		}, j.policy(t))
	}
	a, err := j.Agent(j.ctx, to.Agent)
	switch {
	case missing(err), err == nil && a.Disabled:
		return t, nil, fault.Fields{{Name: "agent", Problem: "does not work at the desk"}}
	case err != nil:
		return t, nil, err
	}
	over := j.room(to.Agent, t.Units)
	if over != nil && !to.Override {
		return t, nil, over
	}
	e := TicketAssigned{
		On: On{At: j.now}, To: a.User, ToName: a.Name, By: j.by.User, ByName: j.by.Name, Reason: ByTransfer, Note: to.Note, Override: over != nil,
	}
	if t.Assignee != j.by.User {
		e.Reason = BySupervisor
	}
	return t.Assign(e, j.policy(t))
}

// A BulkResult is what became of one conversation of several.
type BulkResult struct {
	Ticket TicketID
	Err    error
}

// maxBulk is how many conversations one command moves.
const maxBulk = 200

// Bulk moves several conversations, each in a transaction of its own, and says
// what became of each. It needs [account.DeskManage].
func (d *Desk) Bulk(ctx context.Context, by account.Actor, ids []TicketID, to Target) ([]BulkResult, error) {
	if !by.Can(account.DeskManage) {
		return nil, fault.Errorf(ErrDenied, "this takes the permission %s", account.DeskManage)
	}
	if len(ids) == 0 || len(ids) > maxBulk {
		return nil, fault.Fields{{Name: "tickets", Problem: "have to be 1 to 200"}}
	}
	out := make([]BulkResult, len(ids))
	for n, id := range ids {
		_, err := d.Transfer(ctx, by, id, to)
		if ctx.Err() != nil {
			return out[:n], ctx.Err()
		}
		out[n] = BulkResult{id, err}
	}
	return out, nil
}

// A NewConversation is what Start begins.
type NewConversation struct {
	Contact ContactID
	Line    LineID
	Queue   QueueID // the line's if ""
	Draft
}

// Start begins a conversation with a contact on a line where the contact is
// known. If one is live there, that one goes on, if the actor may.
func (d *Desk) Start(ctx context.Context, by account.Actor, n NewConversation) (Entry, Ticket, error) {
	var entry Entry
	var out Ticket
	err := d.run(ctx, by, "start conversation", func(j *job) error {
		if err := j.need(account.DeskWork); err != nil {
			return err
		}
		if j.by.User == "" {
			return fault.Errorf(ErrDenied, "only people begin conversations")
		}
		t, err := j.start(n)
		if err != nil {
			return err
		}
		entry, out, err = j.reply(t, n.Draft)
		return err
	})
	return entry, out, err
}

func (j *job) start(n NewConversation) (Ticket, error) {
	c, err := j.Contact(j.ctx, n.Contact)
	if err != nil {
		return Ticket{}, err
	}
	line, ok := j.setup.Line(n.Line)
	if n.Queue == "" {
		n.Queue = line.Queue
	}
	_, queue := j.setup.Queue(n.Queue)
	var k fault.Check
	k.That(ok && !line.Off, "line", "does not exist, or is switched off")
	k.That(queue, "queue", "does not exist")
	k.That(c.Status != ContactBlocked, "contact", "is blocked")
	who := Identity{}
	for _, i := range c.Identities {
		if i.Line == n.Line {
			who = i
		}
	}
	k.That(who.Value != "", "contact", "is not known on this line")
	if err := k.Err(); err != nil {
		return Ticket{}, err
	}
	switch t, err := j.LiveTicket(j.ctx, who.Thread()); {
	case err == nil:
		live, err := j.act(t.ID, true)
		if missing(err) {
			err = fault.Errorf(ErrConflict, "a colleague has a conversation with this contact")
		}
		return live, err
	case !missing(err):
		return t, err
	}
	number, err := j.NextNumber(j.ctx)
	if err != nil {
		return Ticket{}, err
	}
	o := TicketOpened{
		On: On{Ticket: TicketID(j.id()), Thread: who.Thread(), At: j.now}, Number: number, Contact: c.ID, Line: line.ID,
		Channel: line.Kind, Queue: n.Queue, Units: j.units(line.Kind), By: j.by.User,
	}
	if prev, err := j.LastTicket(j.ctx, who.Thread()); err == nil {
		o.Prev = prev.ID
	} else if !missing(err) {
		return Ticket{}, err
	}
	t, events, err := Start(o, j.by.Name, j.setup.PolicyOf(n.Queue))
	if err != nil {
		return t, err
	}
	return j.keep(Ticket{}, t, events)
}
