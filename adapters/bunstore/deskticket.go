package bunstore

import (
	"slices"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

type ticketRow struct {
	bun.BaseModel `bun:"table:desk_tickets"`

	Seq         int64 `bun:",pk,autoincrement"`
	Account     account.ID
	ID          desk.TicketID
	Number      int
	Contact     desk.ContactID
	Line        desk.LineID
	Channel     desk.Kind
	Thread      desk.Thread
	Queue       desk.QueueID
	Subject     string
	Status      desk.Status
	Shelf       shelf
	Assignee    account.UserID
	Owner       account.UserID
	Reason      desk.CloseReason
	Prev        desk.TicketID
	MergedTo    desk.TicketID
	Last        account.UserID
	Cycles      string
	CreatedAt   int64
	UpdatedAt   int64
	StatusAt    stamp
	QueuedAt    stamp
	VisitAt     stamp
	AssignedAt  stamp
	WaitingFrom stamp
	CustomerAt  stamp
	ReplyAt     stamp
	ReadAt      stamp
	ReplyDue    bool
	Unread      int
	Entries     int
	Transfers   int
	Units       int
	Disposition string
	Tags        string
	Labels      string
	Timers      string
	Epochs      int
	Merges      string
	Version     int
}

// A knownTicket is a ticket as it is stored, in both forms.
type knownTicket struct {
	row    ticketRow
	ticket desk.Ticket
}

// A shelf is where lists look for a ticket: at those of its status, but spam is
// by itself.
type shelf string

const spamShelf shelf = "spam"

func shelfOf(t desk.Ticket) shelf {
	if t.Status == desk.StatusClosed && t.Reason == desk.CloseSpam {
		return spamShelf
	}
	return shelf(t.Status)
}

// ownerOf returns whose ticket it is in the sense of [desk.Scope].
func ownerOf(t desk.Ticket) account.UserID {
	if t.Assignee == "" && t.Status.Finished() {
		return t.Last
	}
	return t.Assignee
}

// ticketRowOf returns the row of a ticket. What is the same as in the known
// ticket is not encoded again.
func ticketRowOf(acct account.ID, t desk.Ticket, known knownTicket) (r ticketRow, err error) {
	r = ticketRow{
		Seq: known.row.Seq, Account: acct, ID: t.ID, Number: t.Number, Contact: t.Contact, Line: t.Line, Channel: t.Channel,
		Thread: t.Thread, Queue: t.Queue, Subject: t.Subject, Status: t.Status, Shelf: shelfOf(t), Assignee: t.Assignee, Owner: ownerOf(t),
		Reason: t.Reason, Prev: t.Prev, MergedTo: t.MergedTo, Last: t.Last,
		CreatedAt: t.CreatedAt.UnixMicro(), UpdatedAt: t.UpdatedAt.UnixMicro(), StatusAt: stampOf(t.StatusAt), QueuedAt: stampOf(t.QueuedAt),
		VisitAt: stampOf(t.VisitAt), AssignedAt: stampOf(t.AssignedAt), WaitingFrom: stampOf(t.WaitingFrom),
		CustomerAt: stampOf(t.CustomerAt), ReplyAt: stampOf(t.ReplyAt), ReadAt: stampOf(t.ReadAt), ReplyDue: t.ReplyDue,
		Unread: t.Unread, Entries: t.Entries, Transfers: t.Transfers, Units: t.Units, Disposition: t.Disposition,
		Epochs: t.Epochs, Version: t.Version,
	}
	was := known.ticket
	if r.Cycles, err = same(known.row.Cycles, was.Cycles, t.Cycles); err != nil {
		return r, err
	}
	if r.Tags, err = same(known.row.Tags, was.Tags, t.Tags); err != nil {
		return r, err
	}
	if r.Labels, err = same(known.row.Labels, was.Labels, t.Labels); err != nil {
		return r, err
	}
	if r.Timers, err = same(known.row.Timers, was.Timers, t.Timers); err != nil {
		return r, err
	}
	r.Merges, err = same(known.row.Merges, was.Merges, t.Merges)
	return r, err
}

func (r ticketRow) ticket() (t desk.Ticket, err error) {
	t = desk.Ticket{
		ID: r.ID, Number: r.Number, Contact: r.Contact, Line: r.Line, Channel: r.Channel, Thread: r.Thread, Queue: r.Queue, Subject: r.Subject,
		Status: r.Status, Assignee: r.Assignee, Reason: r.Reason, Prev: r.Prev, MergedTo: r.MergedTo, Last: r.Last,
		CreatedAt: timeOf(r.CreatedAt), UpdatedAt: timeOf(r.UpdatedAt), StatusAt: r.StatusAt.time(), QueuedAt: r.QueuedAt.time(),
		VisitAt: r.VisitAt.time(), AssignedAt: r.AssignedAt.time(), WaitingFrom: r.WaitingFrom.time(),
		CustomerAt: r.CustomerAt.time(), ReplyAt: r.ReplyAt.time(), ReadAt: r.ReadAt.time(), ReplyDue: r.ReplyDue,
		Unread: r.Unread, Entries: r.Entries, Transfers: r.Transfers, Units: r.Units, Disposition: r.Disposition,
		Epochs: r.Epochs, Version: r.Version,
	}
	if t.Cycles, err = unlist[desk.Cycle](r.Cycles); err != nil {
		return t, err
	}
	if t.Tags, err = unlist[string](r.Tags); err != nil {
		return t, err
	}
	if t.Labels, err = unlist[desk.LabelID](r.Labels); err != nil {
		return t, err
	}
	if t.Timers, err = unlist[desk.Timer](r.Timers); err != nil {
		return t, err
	}
	t.Merges, err = unlist[desk.TicketID](r.Merges)
	return t, err
}

// void reports whether what happens to the ticket is not counted.
func void(t desk.Ticket) bool {
	return t.Status == desk.StatusClosed && (t.Reason == desk.CloseSpam || t.Reason == desk.CloseMerged)
}

type factRow struct {
	bun.BaseModel `bun:"table:desk_facts"`

	Seq     int64 `bun:",pk,autoincrement"`
	Account account.ID
	At      int64
	What    string
	Ticket  desk.TicketID
	Queue   desk.QueueID
	Agent   account.UserID
	Void    bool
}

// What facts say has happened.
const (
	factCreated  = "created"
	factResolved = "resolved"
	factClosed   = "closed"
	factOnHold   = "on_hold"
	factReopened = "reopened"
)

// factOf returns what an event adds to the figures, if it does.
func factOf(acct account.ID, t desk.Ticket, e desk.Event) (factRow, bool) {
	r := factRow{Account: acct, Ticket: t.ID, Queue: t.Queue, Agent: t.Assignee, Void: void(t)}
	switch e := e.(type) {
	case desk.TicketOpened:
		r.What, r.At = factCreated, e.At.UnixMicro()
	case desk.TicketResolved:
		r.What, r.At = factResolved, e.At.UnixMicro()
		if e.By != "" {
			r.Agent = e.By
		}
	case desk.TicketClosed:
		r.What, r.At = factClosed, e.At.UnixMicro()
	case desk.TicketReopened:
		r.What, r.At = factReopened, e.At.UnixMicro()
	case desk.TicketMoved:
		r.What, r.At = factOnHold, e.At.UnixMicro()
		return r, e.Status == desk.StatusOnHold
	default:
		return r, false
	}
	return r, true
}

type markRow struct {
	bun.BaseModel `bun:"table:desk_marks"`

	Account account.ID
	Kind    string
	Mark    string
	Ticket  int64
}

// The kinds of marks.
const (
	markTag   = "tag"
	markLabel = "label"
)

// without returns what is in a and not in b.
func without[E comparable](a, b []E) (rest []E) {
	for _, e := range a {
		if !slices.Contains(b, e) {
			rest = append(rest, e)
		}
	}
	return rest
}
