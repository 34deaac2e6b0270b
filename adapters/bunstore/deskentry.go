package bunstore

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

var (
	errNoEntry = fault.Errorf(fault.NotFound, "the ticket has no such entry")
	errNoFile  = fault.Errorf(fault.NotFound, "there is no such file")
)

type entryRow struct {
	bun.BaseModel `bun:"table:desk_entries"`

	Account  account.ID
	Ticket   desk.TicketID
	N        int
	ID       desk.EntryID
	Kind     desk.EntryKind
	Side     desk.Side
	UserID   account.UserID
	Name     string
	Op       string
	Provider string
	Line     desk.LineID
	Class    desk.Class
	Body     string
	Files    string
	Delivery desk.Delivery
	Problem  string
	At       int64
	SentAt   stamp
	SeenAt   stamp
	Event    string
	Data     string
}

func entryRowOf(acct account.ID, e desk.Entry) (r entryRow, err error) {
	r = entryRow{
		Account: acct, Ticket: e.Ticket, N: e.N, ID: e.ID, Kind: e.Kind, Side: e.From, UserID: e.User, Name: e.Name, Op: e.Op,
		Provider: e.Provider, Line: e.Line, Class: e.Class, Body: e.Text, Delivery: e.Delivery, Problem: e.Problem,
		At: e.At.UnixMicro(), SentAt: stampOf(e.SentAt), SeenAt: stampOf(e.SeenAt), Event: e.Event, Data: string(e.Data),
	}
	r.Files, err = list(e.Files)
	return r, err
}

func (r entryRow) entry() (e desk.Entry, err error) {
	e = desk.Entry{
		ID: r.ID, Ticket: r.Ticket, N: r.N, Kind: r.Kind, From: r.Side, User: r.UserID, Name: r.Name, Op: r.Op, Provider: r.Provider,
		Line: r.Line, Class: r.Class, Text: r.Body, Delivery: r.Delivery, Problem: r.Problem,
		At: timeOf(r.At), SentAt: r.SentAt.time(), SeenAt: r.SeenAt.time(), Event: r.Event,
	}
	if r.Data != "" {
		e.Data = json.RawMessage(r.Data)
	}
	e.Files, err = unlist[desk.File](r.Files)
	return e, err
}

func (x deskTx) Entries(ctx context.Context, ticket desk.TicketID, after, before, limit int) ([]desk.Entry, error) {
	where, args := "WHERE account = ? AND ticket = ? AND n > ?", []any{x.acct, ticket, after}
	if before != 0 {
		where, args = where+" AND n < ?", append(args, before)
	}
	last := limit > 0 && after == 0 // the last ones, not the first
	switch {
	case last:
		where, args = where+" ORDER BY n DESC LIMIT ?", append(args, limit)
	case limit > 0:
		where, args = where+" ORDER BY n LIMIT ?", append(args, limit)
	default:
		where += " ORDER BY n"
	}
	rows, err := all[entryRow](ctx, x.tx, where, args...)
	if err != nil {
		return nil, err
	}
	if last {
		slices.Reverse(rows)
	}
	return each(rows, entryRow.entry)
}

func (x deskTx) EntryByOp(ctx context.Context, ticket desk.TicketID, from desk.Side, op string) (desk.Entry, error) {
	return x.entry(ctx, "WHERE account = ? AND ticket = ? AND side = ? AND op = ? AND op <> ''", x.acct, ticket, from, op)
}

func (x deskTx) EntryByProvider(ctx context.Context, line desk.LineID, provider string) (desk.Entry, error) {
	return x.entry(ctx, "WHERE account = ? AND line = ? AND provider = ? AND provider <> ''", x.acct, line, provider)
}

func (x deskTx) entry(ctx context.Context, where string, args ...any) (desk.Entry, error) {
	row, err := get[entryRow](ctx, x.tx, where, args...)
	if err != nil {
		return desk.Entry{}, found(err, errNoEntry)
	}
	return row.entry()
}

func (x deskTx) LastMessages(ctx context.Context, tickets []desk.TicketID) (map[desk.TicketID]desk.Entry, error) {
	last := map[desk.TicketID]desk.Entry{}
	if len(tickets) == 0 {
		return last, nil
	}
	of, args := anyOf("t.id", tickets)
	rows, err := all[entryRow](ctx, x.tx, `WHERE account = ? AND (ticket, n) IN (
		SELECT t.id, (SELECT max(e.n) FROM desk_entries AS e WHERE e.account = t.account AND e.ticket = t.id AND e.kind = 'message')
		FROM desk_tickets AS t WHERE t.account = ? AND `+of+")", append([]any{x.acct, x.acct}, args...)...)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if last[r.Ticket], err = r.entry(); err != nil {
			return nil, err
		}
	}
	return last, nil
}

func (x deskTx) PutEntry(ctx context.Context, e desk.Entry) error {
	row, err := entryRowOf(x.acct, e)
	if err != nil {
		return err
	}
	added, err := add(ctx, x.tx, &row)
	if err != nil {
		return err
	}
	was := entryRow{}
	if !added {
		if was, err = get[entryRow](ctx, x.tx, "WHERE account = ? AND ticket = ? AND n = ?", x.acct, e.Ticket, e.N); err != nil {
			return found(err, errRepeated)
		}
		if err := x.unrepeated(ctx, row, was); err != nil {
			return err
		}
		if _, err := change(ctx, x.tx, &was, &row, "WHERE account = ? AND ticket = ? AND n = ?", x.acct, e.Ticket, e.N); err != nil {
			return err
		}
	}
	if was.words() == row.words() {
		return nil
	}
	known, err := x.known(ctx, e.Ticket)
	if err != nil {
		return x.halfway(err)
	}
	if known.row.Seq == 0 {
		if x.desk.words[e.Ticket] == nil {
			x.desk.words[e.Ticket] = map[int]string{}
		}
		x.desk.words[e.Ticket][e.N] = row.words()
		return nil
	}
	return x.halfway(x.putWords(ctx, known.row.Seq, e.N, row.words(), was.words() != ""))
}

var errRepeated = conflict("the message has been kept before")

// unrepeated fails if another entry has the op or the provider's ID that an
// entry is about to have.
func (x deskTx) unrepeated(ctx context.Context, row, was entryRow) error {
	if row.Op != "" && (row.Op != was.Op || row.Side != was.Side) {
		if _, err := x.EntryByOp(ctx, row.Ticket, row.Side, row.Op); !errors.Is(err, errNoEntry) {
			return cmpErr(err, errRepeated)
		}
	}
	if row.Provider != "" && (row.Provider != was.Provider || row.Line != was.Line) {
		if _, err := x.EntryByProvider(ctx, row.Line, row.Provider); !errors.Is(err, errNoEntry) {
			return cmpErr(err, errRepeated)
		}
	}
	return nil
}

// words returns by what words the entry is found.
func (r entryRow) words() string {
	if r.Kind != desk.EntryMessage {
		return ""
	}
	return r.Body
}

type fileRow struct {
	bun.BaseModel `bun:"table:desk_files"`

	Account account.ID
	ID      desk.FileID
	Name    string
	Type    string
	Size    int64
	Width   int
	Height  int
	UserID  account.UserID
	Thread  desk.Thread
	Ticket  desk.TicketID
	Key     string
	At      int64
	Version int
}

func (x deskTx) File(ctx context.Context, id desk.FileID) (desk.StoredFile, error) {
	r, err := get[fileRow](ctx, x.tx, "WHERE account = ? AND id = ?", x.acct, id)
	if err != nil {
		return desk.StoredFile{}, found(err, errNoFile)
	}
	return desk.StoredFile{
		File: desk.File{ID: r.ID, Name: r.Name, Type: r.Type, Size: r.Size, Width: r.Width, Height: r.Height},
		By:   r.UserID, Thread: r.Thread, Ticket: r.Ticket, Key: r.Key, At: timeOf(r.At), Version: r.Version,
	}, nil
}

func (x deskTx) PutFile(ctx context.Context, f desk.StoredFile) error {
	row := fileRow{
		Account: x.acct, ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, Width: f.Width, Height: f.Height,
		UserID: f.By, Thread: f.Thread, Ticket: f.Ticket, Key: f.Key, At: f.At.UnixMicro(), Version: f.Version,
	}
	_, err := put(ctx, x.tx, &row, "account, id")
	return err
}

// ThreadMessages implements [desk.EntryReader]. The order is that of time, since
// a thread has one ticket after the other, and at times a late word to an old one.
func (x deskTx) ThreadMessages(ctx context.Context, thread desk.Thread, after desk.EntryID, limit int) ([]desk.Entry, error) {
	if limit <= 0 {
		return nil, sound(string(thread), string(after))
	}
	const of = "WHERE account = ? AND kind = 'message' AND ticket IN (SELECT t.id FROM desk_tickets AS t WHERE t.account = ? AND t.thread = ?"
	if after == "" {
		rows, err := all[entryRow](ctx, x.tx, of+") ORDER BY at DESC, id DESC LIMIT ?", x.acct, x.acct, thread, limit)
		if err != nil {
			return nil, err
		}
		slices.Reverse(rows)
		return each(rows, entryRow.entry)
	}
	last, err := x.entry(ctx, of+") AND id = ?", x.acct, x.acct, thread, after)
	if err != nil {
		return nil, err
	}
	rows, err := all[entryRow](ctx, x.tx, of+") AND (at, id) > (?, ?) ORDER BY at, id LIMIT ?", x.acct, x.acct, thread, last.At.UnixMicro(), after, limit)
	if err != nil {
		return nil, err
	}
	return each(rows, entryRow.entry)
}
