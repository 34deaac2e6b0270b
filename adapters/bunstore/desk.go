package bunstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
)

// deskDomain names the lanes of desks.
const deskDomain = "desk"

// A deskStore implements [desk.Store].
type deskStore struct{ db *DB }

func (s deskStore) View(ctx context.Context, acct account.ID, fn func(desk.Reader) error) error {
	return s.db.view(ctx, acct, func(x *tx) error { return fn(deskTx{x}) })
}

func (s deskStore) Update(ctx context.Context, acct account.ID, fn func(desk.Tx) error) error {
	return s.db.update(ctx, deskDomain, acct, func(x *tx) error {
		x.desk = &deskMemory{
			tickets: map[desk.TicketID]knownTicket{}, contacts: map[desk.ContactID]knownContact{}, agents: map[account.UserID]agentRow{},
			words: map[desk.TicketID]map[int]string{},
		}
		return fn(deskTx{x})
	})
}

// A deskMemory is what a transaction has read or written: as stored, to write
// only what changes.
type deskMemory struct {
	tickets  map[desk.TicketID]knownTicket
	contacts map[desk.ContactID]knownContact
	agents   map[account.UserID]agentRow
	words    map[desk.TicketID]map[int]string // of entries whose ticket has not been put yet
}

// A deskTx implements [desk.Tx], and in a reading transaction [desk.Reader].
type deskTx struct{ *tx }

// Note implements [desk.Tx].
func (x deskTx) Note(_ context.Context, about string, owner account.UserID, events ...desk.Event) error {
	return note(x.tx, about, owner, events)
}

// LineByKey implements [desk.Directory].
func (s deskStore) LineByKey(ctx context.Context, key string) (acct account.ID, l desk.Line, err error) {
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[lineRow](ctx, x, "WHERE key = ?", key)
		if err != nil {
			return found(err, fault.Errorf(fault.NotFound, "there is no such line"))
		}
		acct = row.Account
		return json.Unmarshal([]byte(row.Document), &l)
	})
	return acct, l, err
}

// Due implements [desk.Directory].
func (s deskStore) Due(ctx context.Context, now time.Time, limit int) (due []desk.DueTimer, _ error) {
	rows, err := outside[timerRow](ctx, s.db, limit, "WHERE due_at <= ? ORDER BY due_at, account, ticket, kind", now.UnixMicro())
	for _, r := range rows {
		due = append(due, desk.DueTimer{Account: r.Account, Ticket: r.Ticket, Timer: r.timer()})
	}
	return due, err
}

// AgentsDue implements [desk.Directory].
func (s deskStore) AgentsDue(ctx context.Context, now time.Time, limit int) (due []desk.AgentRef, _ error) {
	rows, err := outside[agentDueRow](ctx, s.db, limit, "WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, account, user_id", now.UnixMicro())
	for _, r := range rows {
		due = append(due, desk.AgentRef{Account: r.Account, User: r.UserID})
	}
	return due, err
}

// Queued implements [desk.Directory].
func (s deskStore) Queued(ctx context.Context, before time.Time, limit int) (refs []desk.EntryRef, _ error) {
	rows, err := outside[entryRefRow](ctx, s.db, limit, "WHERE delivery = 'queued' AND at < ? ORDER BY at, account, ticket, n", before.UnixMicro())
	for _, r := range rows {
		refs = append(refs, desk.EntryRef{Account: r.Account, Ticket: r.Ticket, N: r.N})
	}
	return refs, err
}

// Desks implements [desk.Directory].
func (s deskStore) Desks(ctx context.Context, after account.ID, limit int) (ids []account.ID, _ error) {
	rows, err := outside[deskRefRow](ctx, s.db, limit, "WHERE account > ? ORDER BY account", after)
	for _, r := range rows {
		ids = append(ids, r.Account)
	}
	return ids, err
}

// outside reads rows of whatever accounts, in a single statement.
func outside[R any](ctx context.Context, db *DB, limit int, where string, arg any) (rows []R, err error) {
	if limit <= 0 {
		return nil, nil
	}
	err = db.read(ctx, func(x *tx) error {
		rows, err = all[R](ctx, x, where+" LIMIT ?", arg, limit)
		return err
	})
	return rows, err
}

type (
	timerRow struct {
		bun.BaseModel `bun:"table:desk_timers"`

		Account account.ID
		Ticket  desk.TicketID
		Kind    desk.TimerKind
		DueAt   int64
		Epoch   int
	}
	agentDueRow struct {
		bun.BaseModel `bun:"table:desk_agents"`

		Account account.ID
		UserID  account.UserID
	}
	entryRefRow struct {
		bun.BaseModel `bun:"table:desk_entries"`

		Account account.ID
		Ticket  desk.TicketID
		N       int
	}
	deskRefRow struct {
		bun.BaseModel `bun:"table:desk_setups"`

		Account account.ID
	}
)

func (r timerRow) timer() desk.Timer {
	return desk.Timer{Kind: r.Kind, DueAt: timeOf(r.DueAt), Epoch: r.Epoch}
}

// each turns rows into values, until one cannot be read.
func each[R, V any](rows []R, value func(R) (V, error)) (values []V, _ error) {
	for _, r := range rows {
		v, err := value(r)
		if err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
		values = append(values, v)
	}
	return values, nil
}

// anyOf is the part of a condition that has a column be one of the values, and
// its arguments. There is at least one value.
func anyOf[V ~string](column string, values []V) (string, []any) {
	args := make([]any, len(values))
	for n, v := range values {
		args[n] = v
	}
	return column + " IN (" + marks(len(values)) + ")", args
}

// marks returns n placeholders.
func marks(n int) string {
	b := make([]byte, 0, 3*n)
	for i := range n {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, '?')
	}
	return string(b)
}
