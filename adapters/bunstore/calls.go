package bunstore

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// callDomain names the lanes of calls.
const callDomain = "vi"

var errNoCall = fault.Errorf(fault.NotFound, "there is no such call")

// A callStore implements [vi.Store].
type callStore struct{ db *DB }

func (s callStore) View(ctx context.Context, acct account.ID, fn func(vi.Reader) error) error {
	return s.db.view(ctx, acct, func(x *tx) error { return fn(callTx{x}) })
}

func (s callStore) Update(ctx context.Context, acct account.ID, fn func(vi.Tx) error) error {
	return s.db.update(ctx, callDomain, acct, func(x *tx) error {
		x.calls = map[vi.CallID]knownCall{}
		return fn(callTx{x})
	})
}

func (s callStore) Invited(ctx context.Context, token vi.Hash) (ref vi.Ref, err error) {
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[tokenRow](ctx, x, "WHERE token = ?", token)
		ref = vi.Ref{Account: row.Account, Call: row.CallID}
		return found(err, fault.Errorf(fault.NotFound, "this link belongs to no call"))
	})
	return ref, err
}

func (s callStore) Locate(ctx context.Context, id vi.CallID) (ref vi.Ref, err error) {
	err = s.db.read(ctx, func(x *tx) error {
		row, err := get[callRow](ctx, x, "WHERE id = ?", id)
		ref = vi.Ref{Account: row.Account, Call: row.ID}
		return found(err, errNoCall)
	})
	return ref, err
}

func (s callStore) Due(ctx context.Context, now time.Time, limit int) ([]vi.Ref, error) {
	return s.refs(ctx, limit, "due_at IS NOT NULL AND due_at <= ?", now.UnixMicro(), "due_at", "account", "id")
}

func (s callStore) Unfinished(ctx context.Context, after vi.CallID, limit int) ([]vi.Ref, error) {
	if err := sound(string(after)); err != nil {
		return nil, err
	}
	// Said twice: the first is the condition of the index, the second has SQLite
	// prefer that index to the one of all IDs.
	return s.refs(ctx, limit, "unfinished AND unfinished = TRUE AND id > ?", after, "id", "account")
}

func (s callStore) refs(ctx context.Context, limit int, where string, arg any, order ...string) (refs []vi.Ref, _ error) {
	if limit <= 0 {
		return nil, nil
	}
	var rows []callRow
	err := s.db.read(ctx, func(x *tx) error {
		return scan(ctx, x, x.NewSelect().Model(&rows).Column("account", "id").Where(where, arg).Order(order...).Limit(int64(limit)))
	})
	for _, r := range rows {
		refs = append(refs, vi.Ref{Account: r.Account, Call: r.ID})
	}
	return refs, err
}

// A callTx implements [vi.Tx], and in a reading transaction [vi.Reader].
type callTx struct{ *tx }

func (x callTx) Call(ctx context.Context, id vi.CallID) (vi.Call, error) {
	return x.one(ctx, "WHERE account = ? AND id = ?", id)
}

func (x callTx) CallByReference(ctx context.Context, reference string) (vi.Call, error) {
	return x.one(ctx, "WHERE account = ? AND reference = ?", reference)
}

func (x callTx) one(ctx context.Context, where string, arg any) (vi.Call, error) {
	row, err := get[callRow](ctx, x.tx, where, x.acct, arg)
	if err != nil {
		return vi.Call{}, found(err, errNoCall)
	}
	c, err := row.call()
	if err == nil && x.calls != nil {
		x.calls[c.ID] = knownCall{row, c}
	}
	return c, err
}

func (x callTx) PutCall(ctx context.Context, c vi.Call, events ...vi.Event) error {
	known, ok := x.calls[c.ID]
	if !ok && c.Version != 1 {
		_, err := x.Call(ctx, c.ID)
		if err != nil && !isNotFound(err) {
			return err
		}
		known = x.calls[c.ID]
	}
	if c.Version != known.call.Version+1 {
		return errStale
	}
	row, err := rowOf(x.acct, c, known)
	if err != nil {
		return err
	}
	if c.Version == 1 {
		err = x.addCall(ctx, row)
	} else {
		err = x.changeCall(ctx, row, known.row)
	}
	if err != nil {
		return err
	}
	x.calls[c.ID] = knownCall{row, c}
	if err := x.putTokens(ctx, c, known.call); err != nil {
		return x.halfway(err)
	}
	return x.halfway(note(x.tx, string(c.ID), c.Agent, events))
}

var errStale = conflict("it has been changed since it was read")

func (x callTx) addCall(ctx context.Context, row callRow) error {
	added, err := add(ctx, x.tx, &row)
	if err != nil || added {
		return err
	}
	// One of three is there already: this call, another account's call of this
	// ID, or a call of the account that has the reference.
	_, err = get[callRow](ctx, x.tx, "WHERE id = ?", row.ID)
	if errors.Is(err, errNoRow) {
		return errTaken(row.Reference)
	}
	if err == nil {
		return errStale
	}
	return err
}

func (x callTx) changeCall(ctx context.Context, row, from callRow) error {
	if row.Reference != from.Reference {
		_, err := get[callRow](ctx, x.tx, "WHERE account = ? AND reference = ?", x.acct, row.Reference)
		if err == nil {
			return errTaken(row.Reference)
		}
		if err := found(err, nil); err != nil {
			return err
		}
	}
	changed, err := change(ctx, x.tx, &from, &row, "WHERE account = ? AND id = ? AND version = ?", x.acct, row.ID, from.Version)
	if err == nil && !changed {
		return errStale
	}
	return err
}

func errTaken(reference string) error {
	return conflict("the reference %q is taken by another call", reference)
}

// putTokens records the tokens of invitations that the call did not have before.
func (x callTx) putTokens(ctx context.Context, c, before vi.Call) error {
	for _, i := range c.Invites {
		if _, known := before.InviteByToken(i.Token); known || i.Token == "" {
			continue
		}
		row := tokenRow{Token: i.Token, Account: x.acct, CallID: c.ID}
		added, err := add(ctx, x.tx, &row)
		if err != nil {
			return err
		}
		if added {
			continue
		}
		if old, err := get[tokenRow](ctx, x.tx, "WHERE token = ?", i.Token); err != nil || old != row {
			return cmp.Or(err, conflict("the link of the invitation belongs to another call"))
		}
	}
	return nil
}

func (x callTx) PutMessage(ctx context.Context, m vi.Message) error {
	row := messageRow{
		Account: x.acct, CallID: m.Call, N: m.N, Op: m.Op, Seat: m.From, Name: m.Name, Body: m.Text, At: m.At.UnixMicro(),
	}
	added, err := add(ctx, x.tx, &row)
	if err == nil && !added {
		return conflict("the call has this message already")
	}
	return orNoCall(err)
}

func (x callTx) PutReading(ctx context.Context, r vi.Reading) error {
	row := readingRowOf(x.acct, r)
	_, err := add(ctx, x.tx, &row)
	return orNoCall(err)
}
