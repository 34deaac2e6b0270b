// Package desktest is the conformance suite of the ports of package desk: what
// every implementation must do, as tests.
package desktest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk"
)

// Store runs the conformance suite for implementations of [desk.Store]. open
// returns an empty store, and a function that returns the kinds of all events
// committed to it so far, in order.
//
// Besides what the interface says, the suite asks that
//   - times read back in UTC and to the microsecond, whatever their zone when put;
//   - an empty slice of a ticket, an entry, a contact or an agent reads back as nil;
//   - text that cannot be kept as it is, such as NUL or broken UTF-8, is refused
//     with ErrInvalid or kept, never changed;
//   - entries without an Op or a Provider may be followed by other such;
//   - an entry may be put before its ticket, in the same transaction;
//   - a query's Text is found by words in any order within one message, or within
//     one contact's name and e-mail, whatever their case and accents; the last may
//     be the beginning of a word; digits may be any part of a phone number;
//   - a query does not find a Before that is beyond its Scope;
//   - contacts merged into another are listed as that one.
func Store(t *testing.T, open func(t *testing.T) (s desk.Store, events func() []string)) {
	start := func(t *testing.T) *shelf {
		s, events := open(t)
		return &shelf{Store: s, t: t, ctx: t.Context(), events: events}
	}
	for name, tests := range map[string]func(t *testing.T, start func(t *testing.T) *shelf){
		"setup": storeSetup, "tickets": storeTickets, "entries": storeEntries, "threads": storeThreads, "files": storeFiles,
		"contacts": storeContacts, "agents": storeAgents, "odd text": storeOddText, "versions": storeVersions,
		"isolation": storeIsolation, "uniqueness": storeUniqueness, "due": storeDue,
		"queries": storeQueries, "scopes": storeScopes, "pages": storePages, "search": storeSearch,
		"tallies": storeTallies, "figures": storeFigures, "contact lists": storeContactLists,
		"transactions": storeTransactions, "concurrency": storeConcurrency,
	} {
		t.Run(name, func(t *testing.T) { tests(t, start) })
	}
}

// A shelf is the store under test.
type shelf struct {
	desk.Store
	t      *testing.T
	ctx    context.Context
	events func() []string
}

func (s *shelf) update(acct account.ID, fn func(desk.Tx) error) {
	s.t.Helper()
	require.NoError(s.t, s.Update(s.ctx, acct, fn))
}

// put puts tickets, each in a transaction of its own.
func (s *shelf) put(acct account.ID, tickets ...desk.Ticket) {
	s.t.Helper()
	for _, t := range tickets {
		require.NoError(s.t, s.try(acct, t))
	}
}

func (s *shelf) try(acct account.ID, t desk.Ticket, events ...desk.Event) error {
	return s.Update(s.ctx, acct, func(tx desk.Tx) error { return tx.PutTicket(s.ctx, t, events...) })
}

func (s *shelf) putEntry(acct account.ID, entries ...desk.Entry) {
	s.t.Helper()
	for _, e := range entries {
		require.NoError(s.t, s.tryEntry(acct, e))
	}
}

func (s *shelf) tryEntry(acct account.ID, e desk.Entry) error {
	return s.Update(s.ctx, acct, func(tx desk.Tx) error { return tx.PutEntry(s.ctx, e) })
}

func (s *shelf) putContact(acct account.ID, contacts ...desk.Contact) {
	s.t.Helper()
	for _, c := range contacts {
		require.NoError(s.t, s.tryContact(acct, c))
	}
}

func (s *shelf) tryContact(acct account.ID, c desk.Contact, events ...desk.Event) error {
	return s.Update(s.ctx, acct, func(tx desk.Tx) error { return tx.PutContact(s.ctx, c, events...) })
}

// read returns what fn reads, which must be the same in a View and an Update.
func read[V any](s *shelf, acct account.ID, fn func(desk.Reader) (V, error)) (V, error) {
	s.t.Helper()
	var viewed, inTx V
	err1 := s.View(s.ctx, acct, func(r desk.Reader) (err error) {
		viewed, err = fn(r)
		return err
	})
	err2 := s.Update(s.ctx, acct, func(tx desk.Tx) (err error) {
		inTx, err = fn(tx)
		return err
	})
	require.Equal(s.t, viewed, inTx)
	require.Equal(s.t, fmt.Sprint(err1), fmt.Sprint(err2))
	return viewed, err1
}

// must is read where there is something to read.
func must[V any](s *shelf, acct account.ID, fn func(desk.Reader) (V, error)) V {
	s.t.Helper()
	v, err := read(s, acct, fn)
	require.NoError(s.t, err)
	return v
}

// missing requires that there is nothing to read.
func missing[V any](s *shelf, acct account.ID, fn func(desk.Reader) (V, error)) {
	s.t.Helper()
	_, err := read(s, acct, fn)
	require.ErrorIs(s.t, err, desk.ErrNotFound)
}

func (s *shelf) ticket(acct account.ID, id desk.TicketID) (desk.Ticket, error) {
	return read(s, acct, func(r desk.Reader) (desk.Ticket, error) { return r.Ticket(s.ctx, id) })
}

func (s *shelf) entries(acct account.ID, id desk.TicketID) []desk.Entry {
	s.t.Helper()
	return must(s, acct, func(r desk.Reader) ([]desk.Entry, error) { return r.Entries(s.ctx, id, 0, 0, 1000) })
}

// find returns the IDs of the tickets that a query finds, in order.
func (s *shelf) find(acct account.ID, q desk.Query) []desk.TicketID {
	s.t.Helper()
	if q.Limit == 0 {
		q.Limit = 200
	}
	tickets := must(s, acct, func(r desk.Reader) ([]desk.Ticket, error) { return r.Tickets(s.ctx, q) })
	ids := []desk.TicketID{}
	for _, t := range tickets {
		ids = append(ids, t.ID)
	}
	return ids
}

func at(minutes int) time.Time {
	return time.Date(2030, 1, 2, 12, minutes, 0, 123456000, time.UTC)
}

var all = desk.Scope{All: true}

// filled fails if a field of the value is zero, so that a field that is added to
// the domain is not forgotten by the stores. Of a slice the first element counts.
func filled(t *testing.T, name string, v reflect.Value) {
	t.Helper()
	require.False(t, v.IsZero(), "the suite has a value of %s", name)
	switch v.Kind() {
	case reflect.Pointer:
		filled(t, name, v.Elem())
	case reflect.Slice:
		filled(t, name, v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for n := range v.NumField() {
			filled(t, name+"."+v.Type().Field(n).Name, v.Field(n))
		}
	}
}
