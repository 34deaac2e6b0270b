package bunstore

import (
	"context"
	"errors"
	"slices"

	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

var errNoTicket = fault.Errorf(fault.NotFound, "there is no such ticket")

func (x deskTx) Ticket(ctx context.Context, id desk.TicketID) (desk.Ticket, error) {
	return x.ticket(ctx, "WHERE account = ? AND id = ?", id)
}

func (x deskTx) LiveTicket(ctx context.Context, thread desk.Thread) (desk.Ticket, error) {
	return x.ticket(ctx, "WHERE account = ? AND thread = ? AND status <> 'closed'", thread)
}

func (x deskTx) LastTicket(ctx context.Context, thread desk.Thread) (desk.Ticket, error) {
	return x.ticket(ctx, "WHERE account = ? AND thread = ? ORDER BY number DESC LIMIT 1", thread)
}

func (x deskTx) ticket(ctx context.Context, where string, arg any) (desk.Ticket, error) {
	row, err := get[ticketRow](ctx, x.tx, where, x.acct, arg)
	if err != nil {
		return desk.Ticket{}, found(err, errNoTicket)
	}
	t, err := row.ticket()
	if err == nil && x.desk != nil {
		x.desk.tickets[t.ID] = knownTicket{row, t}
	}
	return t, err
}

// known returns the ticket as it is stored, with seq 0 if it is not.
func (x deskTx) known(ctx context.Context, id desk.TicketID) (knownTicket, error) {
	if k, ok := x.desk.tickets[id]; ok {
		return k, nil
	}
	if _, err := x.Ticket(ctx, id); err != nil && !isNotFound(err) {
		return knownTicket{}, err
	}
	return x.desk.tickets[id], nil
}

func (x deskTx) PutTicket(ctx context.Context, t desk.Ticket, events ...desk.Event) error {
	known := x.desk.tickets[t.ID]
	if known.row.Seq == 0 && t.Version != 1 {
		var err error
		if known, err = x.known(ctx, t.ID); err != nil {
			return err
		}
	}
	if t.Version != known.ticket.Version+1 {
		return errStale
	}
	row, err := ticketRowOf(x.acct, t, known)
	if err != nil {
		return err
	}
	if known.row.Seq == 0 {
		row.Seq, err = x.addTicket(ctx, row)
	} else {
		err = x.changeTicket(ctx, row, known.row)
	}
	if err != nil {
		return err
	}
	x.desk.tickets[t.ID] = knownTicket{row, t}
	return x.halfway(x.putAround(ctx, knownTicket{row, t}, known, events))
}

// putAround writes what belongs to a ticket and is kept in other tables.
func (x deskTx) putAround(ctx context.Context, next, was knownTicket, events []desk.Event) error {
	if err := x.putTimers(ctx, next.ticket, was.ticket.Timers); err != nil {
		return err
	}
	if err := x.putMarks(ctx, next.row.Seq, markTag, next.ticket.Tags, was.ticket.Tags); err != nil {
		return err
	}
	if err := x.putMarks(ctx, next.row.Seq, markLabel, texts(next.ticket.Labels), texts(was.ticket.Labels)); err != nil {
		return err
	}
	if err := x.putFacts(ctx, next.ticket, was.ticket, events); err != nil {
		return err
	}
	for n, words := range x.desk.words[next.ticket.ID] {
		if err := x.putWords(ctx, next.row.Seq, n, words, false); err != nil {
			return err
		}
	}
	delete(x.desk.words, next.ticket.ID)
	return note(x.tx, string(next.ticket.ID), next.ticket.Assignee, events)
}

func (x deskTx) addTicket(ctx context.Context, row ticketRow) (int64, error) {
	seq, err := addNumbered(ctx, x.tx, &row)
	if err != nil || seq != 0 {
		return seq, err
	}
	// One of three is there already: this ticket, one of that number, or a live
	// one of the thread.
	if _, err := get[ticketRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, row.ID); !errors.Is(err, errNoRow) {
		return 0, cmpErr(err, errStale)
	}
	if _, err := get[ticketRow](ctx, x.tx, "WHERE account = ? AND number = ?", x.acct, row.Number); !errors.Is(err, errNoRow) {
		return 0, cmpErr(err, errNumber)
	}
	return 0, errLive
}

var (
	errNumber = conflict("another ticket has the number")
	errLive   = conflict("the customer's conversation has a ticket already that is not closed")
)

// cmpErr returns the failure, or if there was none what it means that a row was
// found.
func cmpErr(err, found error) error {
	if err != nil {
		return err
	}
	return found
}

func (x deskTx) changeTicket(ctx context.Context, row, from ticketRow) error {
	if row.Number != from.Number {
		if _, err := get[ticketRow](ctx, x.tx, "WHERE account = ? AND number = ?", x.acct, row.Number); !errors.Is(err, errNoRow) {
			return cmpErr(err, errNumber)
		}
	}
	live := row.Status != desk.StatusClosed
	if live && (from.Status == desk.StatusClosed || row.Thread != from.Thread) {
		_, err := get[ticketRow](ctx, x.tx, "WHERE account = ? AND thread = ? AND status <> 'closed' AND id <> ?", x.acct, row.Thread, row.ID)
		if !errors.Is(err, errNoRow) {
			return cmpErr(err, errLive)
		}
	}
	changed, err := change(ctx, x.tx, &from, &row, "WHERE account = ? AND id = ? AND version = ?", x.acct, row.ID, from.Version)
	if err == nil && !changed {
		return errStale
	}
	return err
}

// putTimers has the due rows be those of the ticket.
func (x deskTx) putTimers(ctx context.Context, t desk.Ticket, was []desk.Timer) error {
	equal := func(a, b desk.Timer) bool { return a.Kind == b.Kind && a.Epoch == b.Epoch && a.DueAt.Equal(b.DueAt) }
	if slices.EqualFunc(t.Timers, was, equal) {
		return nil
	}
	for _, old := range was {
		if slices.ContainsFunc(t.Timers, func(n desk.Timer) bool { return n.Kind == old.Kind }) {
			continue
		}
		if _, err := x.exec(ctx, "DELETE FROM desk_timers WHERE account = ? AND ticket = ? AND kind = ?", x.acct, t.ID, old.Kind); err != nil {
			return err
		}
	}
	for _, next := range t.Timers {
		if slices.ContainsFunc(was, func(old desk.Timer) bool { return equal(old, next) }) {
			continue
		}
		row := timerRow{Account: x.acct, Ticket: t.ID, Kind: next.Kind, DueAt: next.DueAt.UnixMicro(), Epoch: next.Epoch}
		if _, err := put(ctx, x.tx, &row, "account, ticket, kind"); err != nil {
			return err
		}
	}
	return nil
}

// putMarks has the ticket be found by its tags or labels.
func (x deskTx) putMarks(ctx context.Context, ticket int64, kind string, next, was []string) error {
	for _, mark := range without(was, next) {
		if _, err := x.exec(ctx, "DELETE FROM desk_marks WHERE account = ? AND kind = ? AND mark = ? AND ticket = ?", x.acct, kind, mark, ticket); err != nil {
			return err
		}
	}
	for _, mark := range without(next, was) {
		if _, err := add(ctx, x.tx, &markRow{Account: x.acct, Kind: kind, Mark: mark, Ticket: ticket}); err != nil {
			return err
		}
	}
	return nil
}

func texts[S ~string](values []S) []string {
	t := make([]string, len(values))
	for n, v := range values {
		t[n] = string(v)
	}
	return t
}

// putFacts adds what the events add to the figures. When a ticket turns out not
// to count, nothing of it does.
func (x deskTx) putFacts(ctx context.Context, t, was desk.Ticket, events []desk.Event) error {
	if is := void(t); is != void(was) && was.Version > 0 {
		if _, err := x.exec(ctx, "UPDATE desk_facts SET void = ? WHERE account = ? AND ticket = ?", is, x.acct, t.ID); err != nil {
			return err
		}
	}
	for _, e := range events {
		row, counts := factOf(x.acct, t, e)
		if !counts {
			continue
		}
		if _, err := add(ctx, x.tx, &row); err != nil {
			return err
		}
	}
	return nil
}

func (x deskTx) NextNumber(ctx context.Context) (n int, err error) {
	rows, err := x.query(ctx, "INSERT INTO desk_numbers (account, last) VALUES (?, 1) ON CONFLICT (account) DO UPDATE SET last = desk_numbers.last + 1 RETURNING last", x.acct)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, x.failed(ctx, err)
		}
	}
	return n, x.failed(ctx, rows.Err())
}
