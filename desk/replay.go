package desk

import (
	"slices"
	"time"
)

// Replay rebuilds a ticket from its events, oldest first, under the policy that
// it ran under. Its version is not among what events say.
func Replay(events []TicketEvent, p Policy) Ticket {
	var t Ticket
	for _, e := range events {
		t = e.apply(t)
	}
	t.Timers = t.timers(p)
	return t
}

// then returns the ticket after the events, with the next version and timers.
func (t Ticket) then(p Policy, events ...TicketEvent) (Ticket, []TicketEvent, error) {
	if len(events) == 0 {
		return t, nil, nil
	}
	for _, e := range events {
		t = e.apply(t)
	}
	t.Version++
	t.Timers = t.timers(p)
	return t, events, nil
}

// timers returns what runs out while the ticket stands as it does.
func (t Ticket) timers(p Policy) []Timer {
	p = p.WithDefaults()
	var all []Timer
	arm := func(kind TimerKind, from time.Time, after time.Duration) {
		if after != Off {
			all = append(all, Timer{Kind: kind, DueAt: from.Add(after), Epoch: t.Epochs})
		}
	}
	answered := t.WaitingFrom.IsZero() && !t.ReplyAt.IsZero() && !t.ReplyAt.Before(t.CustomerAt)
	switch {
	case t.Status == StatusResolved:
		// It is due at once where there is no holding time: the ticket was resolved
		// under another policy.
		arm(TimerResolved, t.StatusAt, p.hold())
	case t.Status == StatusPending:
		arm(TimerPending, later(t.StatusAt, t.ReplyAt), p.PendingHold)
	case t.Status == StatusOpen && answered:
		// Time spent pending, on hold or resolved is no silence.
		arm(TimerInactivity, later(t.StatusAt, t.ReplyAt), p.InactivityAfter)
	case t.Status == StatusOpen && t.Assignee != "" && !t.WaitingFrom.IsZero():
		arm(TimerLease, later(t.AssignedAt, t.WaitingFrom), p.LeaseAfter)
	case t.Waiting() && !t.replied():
		from := t.QueuedAt
		if t.Status == StatusOpen { // time with an agent, or pending, was no wait for one
			from = t.VisitAt
		}
		arm(TimerAbandon, from, p.AbandonAfter)
	}
	return all
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// earlier returns the earlier of two times, of which the first may be unset.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func (o On) when() time.Time { return o.At }

// touch notes that something happened that timers have to do with.
func (t Ticket) touch(at time.Time) Ticket {
	t.Epochs++
	t.UpdatedAt = later(t.UpdatedAt, at)
	return t
}

func (t Ticket) enter(s Status, at time.Time) Ticket {
	t.Status, t.StatusAt = s, at
	return t
}

// cycle returns the ticket with its present cycle changed.
func (t Ticket) cycle(change func(*Cycle)) Ticket {
	t.Cycles = slices.Clone(t.Cycles)
	if n := len(t.Cycles); n > 0 {
		change(&t.Cycles[n-1])
	}
	return t
}

func (e TicketOpened) apply(Ticket) Ticket {
	return Ticket{
		ID: e.Ticket, Number: e.Number, Contact: e.Contact, Line: e.Line, Channel: e.Channel, Thread: e.Thread,
		Queue: e.Queue, Subject: e.Subject, Prev: e.Prev, Last: e.Last, Units: max(1, e.Units),
		Status: StatusNew, StatusAt: e.At, CreatedAt: e.At, UpdatedAt: e.At, QueuedAt: e.At, VisitAt: e.At,
		Cycles: []Cycle{{OpenedAt: e.At}}, Epochs: 1,
	}
}

func (e MessageReceived) apply(t Ticket) Ticket {
	t.Entries = max(t.Entries, e.N)
	t.UpdatedAt = later(t.UpdatedAt, e.At)
	moves := e.Class == ClassMessage || e.Class == ClassGratitude && !t.Status.Finished()
	if !moves {
		return t
	}
	t = t.touch(e.At)
	t.Unread++
	if !t.Status.Finished() { // otherwise the message is of the next cycle
		t = t.cycle(func(c *Cycle) {
			if t.CustomerAt.IsZero() && len(t.Cycles) == 1 {
				// An agent began it: what the customer waits for begins with this message.
				c.OpenedAt = e.At
			}
			if c.FirstReplyAt.IsZero() {
				c.AskedAt = earlier(c.AskedAt, e.At)
			}
		})
	}
	t.CustomerAt = later(t.CustomerAt, e.At)
	t.WaitingFrom = earlier(t.WaitingFrom, e.At)
	return t
}

func (e ReplyWritten) apply(t Ticket) Ticket {
	t.Entries = max(t.Entries, e.N)
	t.ReplyDue = true
	t.UpdatedAt = later(t.UpdatedAt, e.At)
	return t
}

func (e ReplyAccepted) apply(t Ticket) Ticket {
	t.Entries = max(t.Entries, e.N)
	t = t.touch(e.At)
	t.ReplyAt, t.ReplyDue = later(t.ReplyAt, e.At), false
	if e.First {
		t = t.cycle(func(c *Cycle) { c.FirstReplyAt, c.FirstReplyBy = e.At, e.By })
	}
	t.WaitingFrom = time.Time{}
	if e.By == t.Assignee {
		t.Unread, t.ReadAt = 0, later(t.ReadAt, e.At)
	}
	return t
}

func (e ReplyMoved) apply(t Ticket) Ticket {
	if e.Delivery == DeliveryFailed {
		t.ReplyDue = false
	}
	return t
}

func (e NoteAdded) apply(t Ticket) Ticket {
	t.Entries = max(t.Entries, e.N)
	t.UpdatedAt = later(t.UpdatedAt, e.At)
	return t
}

func (e TicketRead) apply(t Ticket) Ticket {
	t.ReadAt, t.Unread = e.At, 0
	return t
}

func (e TicketAssigned) apply(t Ticket) Ticket {
	t = t.touch(e.At)
	if t.Status != StatusOpen {
		t = t.enter(StatusOpen, e.At)
	}
	if e.Reason == ByTransfer {
		t.Transfers++
	}
	if t.Assignee != "" {
		t.Last = t.Assignee
	}
	t.Assignee, t.AssignedAt, t.VisitAt, t.ReadAt = e.To, e.At, time.Time{}, time.Time{}
	return t
}

func (e TicketQueued) apply(t Ticket) Ticket {
	t = t.touch(e.At)
	if t.Status != StatusNew && t.Status != StatusOpen {
		t = t.enter(StatusOpen, e.At)
	}
	if e.Reason == ByTransfer {
		t.Transfers++
	}
	if t.Assignee != "" {
		t.Last = t.Assignee
	}
	t.Assignee, t.AssignedAt, t.ReadAt = "", time.Time{}, time.Time{}
	t.Queue, t.VisitAt = e.Queue, e.At
	return t
}

func (e TicketMoved) apply(t Ticket) Ticket {
	t = t.touch(e.At).enter(e.Status, e.At)
	if t.Assignee == "" {
		t.VisitAt = time.Time{}
		if e.Status == StatusOpen {
			t.VisitAt = e.At
		}
	}
	return t
}

func (e TicketReopened) apply(t Ticket) Ticket {
	t = t.touch(e.At).enter(StatusOpen, e.At)
	t.Cycles = append(slices.Clip(t.Cycles), Cycle{OpenedAt: e.At, AskedAt: t.WaitingFrom})
	t.QueuedAt, t.Reason = e.At, ""
	if t.Assignee == "" {
		t.VisitAt = e.At
	}
	return t
}

func (e TicketResolved) apply(t Ticket) Ticket {
	t = t.touch(e.At).enter(StatusResolved, e.At)
	t = t.cycle(func(c *Cycle) { c.ResolvedAt, c.ResolvedBy, c.Reason = e.At, e.By, e.Reason })
	t.Reason, t.WaitingFrom, t.VisitAt = e.Reason, time.Time{}, time.Time{}
	if e.Disposition != "" {
		t.Disposition = e.Disposition
	}
	return t
}

func (e TicketClosed) apply(t Ticket) Ticket {
	t = t.touch(e.At)
	if e.From != StatusResolved && e.From != StatusClosed && t.Cycle().ResolvedAt.IsZero() && e.Reason == CloseNoReply {
		t = t.cycle(func(c *Cycle) { c.ResolvedAt, c.Reason = e.At, e.Reason })
	}
	if e.From != StatusResolved {
		t.Reason = e.Reason
	}
	t = t.enter(StatusClosed, e.At)
	t.WaitingFrom, t.VisitAt = time.Time{}, time.Time{}
	if e.Into != "" { // erasing a merged ticket leaves where its replies go
		t.MergedTo = e.Into
	}
	return t
}

func (e TicketMarked) apply(t Ticket) Ticket {
	t.Tags, t.Labels = slices.Clone(e.Tags), slices.Clone(e.Labels)
	t.UpdatedAt = later(t.UpdatedAt, e.At)
	return t
}
