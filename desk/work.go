package desk

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A Draft is a message of an agent before it is sent.
type Draft struct {
	Op    string // 1 to 100 characters: sent again, it is the same message
	Text  string
	Files []FileID
}

// change carries out one rule on a ticket that the actor may act upon.
func (d *Desk) change(ctx context.Context, by account.Actor, id TicketID, what string, waiting bool, rule func(*job, Ticket) (Ticket, []TicketEvent, error)) (Ticket, error) {
	var out Ticket
	err := d.run(ctx, by, what, func(j *job) error {
		t, err := j.act(id, waiting)
		if err != nil {
			return err
		}
		next, events, err := rule(j, t)
		if err != nil {
			return err
		}
		out, err = j.keep(t, next, events)
		return err
	})
	return out, err
}

// Claim gives a waiting ticket to the actor. Of several who claim it one gets
// it, the others a [TakenError]. It fails with ErrConflict if the actor takes no
// work now, or has as much as the limit allows.
func (d *Desk) Claim(ctx context.Context, by account.Actor, id TicketID) (Ticket, error) {
	return d.change(ctx, by, id, "claim conversation", true, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		return j.claim(t, ByClaim)
	})
}

func (j *job) claim(t Ticket, reason Reason) (Ticket, []TicketEvent, error) {
	if j.by.User == "" {
		return t, nil, fault.Errorf(ErrDenied, "only people take conversations")
	}
	if t.Assignee == j.by.User && t.Status == StatusOpen {
		return t, nil, nil
	}
	if t.Assignee != "" && t.Assignee != j.by.User {
		return t, nil, TakenError{t.Assignee}
	}
	if err := j.room(j.by.User, t.Units); err != nil {
		return t, nil, err
	}
	return t.Assign(TicketAssigned{
		On: On{At: j.now}, To: j.by.User, ToName: j.by.Name, By: j.by.User, ByName: j.by.Name, Reason: reason,
	}, j.policy(t))
}

// room fails unless the agent takes work and has the units free.
func (j *job) room(user account.UserID, units int) error {
	a, err := j.agent(user)
	if err != nil {
		return err
	}
	switch s, why := a.Presence.Effective(); {
	case a.Disabled:
		return fault.Errorf(ErrConflict, "this agent does not work at the desk any more")
	case why == presence.ReasonCapacity || a.Used+units > a.Max && s == presence.StatusAvailable:
		return fault.Errorf(ErrConflict, "the limit of %d conversations at a time is reached", a.Max)
	case s != presence.StatusAvailable:
		return fault.Errorf(ErrConflict, "only who is available takes conversations: the status is %s", s)
	}
	return nil
}

// Reply sends a message to the customer. Where the queue's policy lets it, it
// claims a waiting ticket first. The entry is committed when Reply returns;
// [Entry.Delivery] says how far it has come since.
func (d *Desk) Reply(ctx context.Context, by account.Actor, id TicketID, m Draft) (Entry, Ticket, error) {
	var entry Entry
	var out Ticket
	err := d.run(ctx, by, "reply", func(j *job) error {
		t, err := j.act(id, true)
		if err != nil {
			return err
		}
		if known, err := j.EntryByOp(j.ctx, t.ID, SideAgent, m.Op); err == nil && m.Op != "" {
			entry, out = known, t
			return nil
		} else if err != nil && !missing(err) {
			return err
		}
		entry, out, err = j.reply(t, m)
		return err
	})
	return entry, out, err
}

func (j *job) reply(t Ticket, m Draft) (Entry, Ticket, error) {
	var c fault.Check
	c.That(m.Op != "" && len(m.Op) <= 100, "op", "has to be 1 to 100 bytes long")
	checkText(&c, m.Text, len(m.Files))
	if err := c.Err(); err != nil {
		return Entry{}, t, err
	}
	if t.Assignee == "" && t.Waiting() {
		p := j.policy(t)
		if !p.ReplyClaims && !j.by.Can(account.DeskManage) {
			return Entry{}, t, fault.Errorf(ErrConflict, "accept the conversation before you reply")
		}
		next, events, err := j.claim(t, ByReply)
		if err == nil {
			t, err = j.keep(t, next, events)
		}
		if err != nil {
			return Entry{}, t, err
		}
	}
	e := Entry{
		Kind: EntryMessage, From: SideAgent, User: j.by.User, Name: j.by.Name, Op: m.Op, Text: m.Text,
		Delivery: DeliveryQueued, At: j.now,
	}
	next, events, err := t.Write(t.Entries+1, j.by.User, j.now, j.policy(t))
	if err != nil {
		return e, t, err
	}
	if ch := j.d.cfg.Channels[t.Channel]; ch == nil {
		return e, t, fault.Errorf(ErrConflict, "nothing can be sent over %s here", t.Channel)
	} else if ch.Instant() {
		e.Delivery, e.SentAt = DeliverySent, j.now
		var more []TicketEvent
		version := next.Version
		if next, more, err = next.Accept(next.Entries, j.by.User, j.now, j.policy(t)); err != nil {
			return e, t, err
		}
		next.Version, events = version, append(events, more...)
	}
	next, e, err = j.put(t, next, e, m.Files, events)
	return e, next, err
}

// Note adds a note for colleagues, which is never sent. Whoever may read the
// ticket may note something, whatever its status.
func (d *Desk) Note(ctx context.Context, by account.Actor, id TicketID, op, text string) (Entry, error) {
	var entry Entry
	err := d.run(ctx, by, "add note", func(j *job) error {
		t, history, err := j.see(id)
		if err != nil {
			return err
		}
		if history {
			return fault.Errorf(ErrDenied, "this conversation is part of the history: it can only be read")
		}
		if op != "" {
			if known, err := j.EntryByOp(j.ctx, t.ID, SideAgent, op); err == nil || !missing(err) {
				entry = known
				return err
			}
		}
		var c fault.Check
		checkText(&c, text, 0)
		if err := c.Err(); err != nil {
			return err
		}
		next, events, err := t.Remark(t.Entries+1, j.by.User, j.now, j.policy(t))
		if err != nil {
			return err
		}
		_, entry, err = j.put(t, next, Entry{Kind: EntryNote, From: SideAgent, User: j.by.User, Name: j.by.Name, Op: op, Text: text, At: j.now}, nil, events)
		return err
	})
	return entry, err
}

// MarkRead says that the actor looked. It counts if the ticket is the actor's.
func (d *Desk) MarkRead(ctx context.Context, by account.Actor, id TicketID) error {
	return d.run(ctx, by, "mark as read", func(j *job) error {
		t, _, err := j.see(id)
		if err != nil {
			return err
		}
		next, events, err := t.Read(j.by.User, j.now, j.policy(t))
		if err != nil || len(events) == 0 {
			return err
		}
		if _, err = j.keep(t, next, events); err != nil {
			return err
		}
		return j.seeMessages(t)
	})
}

// seeMessages notes that the customer's last messages have been read. How many
// there are at most is bounded: of more, the earlier ones have been read long ago.
func (j *job) seeMessages(t Ticket) error {
	entries, err := j.Entries(j.ctx, t.ID, 0, 0, 50)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.From == SideCustomer && e.Kind == EntryMessage && e.SeenAt.IsZero() {
			e.SeenAt = j.now
			if err := j.PutEntry(j.ctx, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// SetStatus sets open, pending or on hold.
func (d *Desk) SetStatus(ctx context.Context, by account.Actor, id TicketID, s Status) (Ticket, error) {
	return d.change(ctx, by, id, "set status", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		return t.Move(TicketMoved{On: On{At: j.now}, Status: s, By: j.by.User, ByName: j.by.Name}, j.policy(t))
	})
}

// A Resolution is what an agent says on resolving.
type Resolution struct {
	Disposition string // one of the queue's, if it has any
	Note        string // optional, for colleagues
}

// Resolve says that the matter is answered.
func (d *Desk) Resolve(ctx context.Context, by account.Actor, id TicketID, r Resolution) (Ticket, error) {
	return d.change(ctx, by, id, "resolve conversation", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		var c fault.Check
		q, _ := j.setup.Queue(t.Queue)
		c.That(r.Disposition == "" || slices.Contains(q.Dispositions, r.Disposition), "disposition", "is not one of the queue's")
		c.That(utf8.RuneCountInString(r.Note) <= MaxText, "note", "is longer than %d characters", MaxText)
		if err := c.Err(); err != nil {
			return t, nil, err
		}
		return t.Resolve(TicketResolved{
			On: On{At: j.now}, By: j.by.User, ByName: j.by.Name, Disposition: r.Disposition, Note: strings.TrimSpace(r.Note),
		}, j.policy(t))
	})
}

// Reopen takes a resolved ticket up again.
func (d *Desk) Reopen(ctx context.Context, by account.Actor, id TicketID) (Ticket, error) {
	return d.change(ctx, by, id, "reopen conversation", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		return t.Reopen(j.by.User, j.by.Name, j.now, j.policy(t))
	})
}

// Spam closes a ticket as unwanted.
func (d *Desk) Spam(ctx context.Context, by account.Actor, id TicketID) (Ticket, error) {
	return d.change(ctx, by, id, "mark as spam", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		return t.Close(TicketClosed{On: On{At: j.now}, By: j.by.User, ByName: j.by.Name, Reason: CloseSpam}, j.policy(t))
	})
}

// MergeTickets closes a ticket of a contact: what the customer replies goes on in
// the other.
func (d *Desk) MergeTickets(ctx context.Context, by account.Actor, id, into TicketID) (Ticket, error) {
	return d.change(ctx, by, id, "merge conversation", false, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		other, err := j.act(into, false)
		if err != nil {
			return t, nil, err
		}
		if other.ID == t.ID || other.Contact != t.Contact || other.Status == StatusClosed {
			return t, nil, fault.Errorf(ErrConflict, "a conversation is merged into another live one of the same contact")
		}
		return t.Close(TicketClosed{On: On{At: j.now}, By: j.by.User, ByName: j.by.Name, Reason: CloseMerged, Into: into}, j.policy(t))
	})
}

// Mark sets the tags and labels of a ticket. Tags may be made up.
func (d *Desk) Mark(ctx context.Context, by account.Actor, id TicketID, tags []string, labels []LabelID) (Ticket, error) {
	return d.change(ctx, by, id, "mark conversation", true, func(j *job, t Ticket) (Ticket, []TicketEvent, error) {
		var c fault.Check
		var clean []string
		for _, tag := range tags {
			tag = strings.Join(strings.Fields(tag), " ")
			c.That(tag != "" && utf8.ValidString(tag) && utf8.RuneCountInString(tag) <= 40, "tags", "have to be 1 to 40 characters long")
			if !slices.ContainsFunc(clean, func(s string) bool { return strings.EqualFold(s, tag) }) {
				clean = append(clean, tag)
			}
		}
		c.That(len(clean) <= 20, "tags", "are more than 20")
		for _, l := range labels {
			c.That(slices.ContainsFunc(j.setup.Labels, func(x Label) bool { return x.ID == l }), "labels", "contain one that does not exist")
		}
		if err := c.Err(); err != nil {
			return t, nil, err
		}
		labels = slices.Compact(slices.Sorted(slices.Values(labels)))
		if slices.Equal(clean, t.Tags) && slices.Equal(labels, t.Labels) {
			return t, nil, nil
		}
		return t.Mark(TicketMarked{On: On{At: j.now}, Tags: clean, Labels: labels, By: j.by.User}, j.policy(t))
	})
}

// Report says how a message of ours got on. A late report never moves it back.
// It needs [account.DeskChannel].
func (d *Desk) Report(ctx context.Context, by account.Actor, ticket TicketID, n int, to Delivery, problem string) error {
	return d.run(ctx, by, "report delivery", func(j *job) error {
		if err := j.need(account.DeskChannel); err != nil {
			return err
		}
		return j.report(ticket, n, to, problem, j.now)
	})
}

// deliveries are the deliveries in their order.
var deliveries = []Delivery{DeliveryQueued, DeliverySent, DeliveryDelivered, DeliveryRead}

func (j *job) report(ticket TicketID, n int, to Delivery, problem string, at time.Time) error {
	t, err := j.Ticket(j.ctx, ticket)
	if err != nil {
		return err
	}
	entries, err := j.Entries(j.ctx, ticket, n-1, n+1, 1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].From != SideAgent || entries[0].Kind != EntryMessage {
		return fault.Errorf(ErrNotFound, "there is no such message of ours")
	}
	e := entries[0]
	was, is := slices.Index(deliveries, e.Delivery), slices.Index(deliveries, to)
	if e.Delivery == DeliveryFailed || to != DeliveryFailed && is <= was || to == DeliveryFailed && was > 1 {
		return nil
	}
	next, events := t, []TicketEvent(nil)
	version := t.Version
	if was == 0 && to != DeliveryFailed { // accepted
		e.SentAt = at
		if next, events, err = next.Accept(n, e.User, at, j.policy(t)); err != nil {
			return err
		}
	}
	if to != DeliverySent {
		var more []TicketEvent
		if next, more, err = next.Moved(n, to, problem, at, j.policy(t)); err != nil {
			return err
		}
		events = append(events, more...)
	}
	next.Version = version + 1
	if to == DeliveryRead {
		e.SeenAt = at
	}
	e.Delivery, e.Problem = to, problem
	if _, err = j.keep(t, next, events); err != nil {
		return err
	}
	return j.PutEntry(j.ctx, e)
}
