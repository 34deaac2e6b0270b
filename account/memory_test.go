package account_test

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/account/accounttest"
	"github.com/tandem-cc/tandem/internal/fault"
)

// A memory is an account.Store that forgets everything when the test ends.
type memory struct {
	mu     sync.Mutex // held by an Update from beginning to end
	data   sync.Mutex // guards tables and events
	tables tables
	events []account.Event
	told   int // events that a test has asked for

	reads   atomic.Int64
	updates atomic.Int64 // begun
	fail    atomic.Bool  // lets every Update fail
}

type in[K comparable] struct {
	acct account.ID
	id   K
}

type tables struct {
	accounts map[account.ID]account.Account
	subs     map[in[account.SubID]]account.SubAccount
	users    map[in[account.UserID]]account.User
	keys     map[in[account.KeyID]]account.Key
	sessions map[account.Hash]account.Session
	resets   map[account.Hash]account.Reset
}

func newMemory() *memory {
	return &memory{tables: tables{
		map[account.ID]account.Account{}, map[in[account.SubID]]account.SubAccount{}, map[in[account.UserID]]account.User{},
		map[in[account.KeyID]]account.Key{}, map[account.Hash]account.Session{}, map[account.Hash]account.Reset{},
	}}
}

func TestMemory(t *testing.T) {
	accounttest.Store(t, func(*testing.T) (account.Store, func() []string) {
		m := newMemory()
		return m, m.kinds
	})
}

func (m *memory) kinds() (kinds []string) {
	m.data.Lock()
	defer m.data.Unlock()
	for _, e := range m.events {
		kinds = append(kinds, e.Kind())
	}
	return kinds
}

func (m *memory) read() tables {
	m.reads.Add(1)
	m.data.Lock()
	defer m.data.Unlock()
	return m.tables
}

func (m *memory) View(ctx context.Context, acct account.ID, fn func(account.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(&memoryTx{tables: m.read(), acct: acct})
}

func (m *memory) Update(ctx context.Context, acct account.ID, fn func(account.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.updates.Add(1)
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.fail.Load() {
		return errors.New("the disk is full")
	}
	was := m.read()
	tx := &memoryTx{acct: acct, tables: tables{
		maps.Clone(was.accounts), maps.Clone(was.subs), maps.Clone(was.users),
		maps.Clone(was.keys), maps.Clone(was.sessions), maps.Clone(was.resets),
	}}
	if err := fn(tx); err != nil {
		return err
	}
	m.data.Lock()
	defer m.data.Unlock()
	m.tables = tx.tables
	m.events = append(m.events, tx.events...)
	return nil
}

func find[V any](v V, ok bool) (V, error) {
	if !ok {
		return v, fault.Errorf(account.ErrNotFound, "no such %T", v)
	}
	return v, nil
}

func (m *memory) UserByEmail(ctx context.Context, email string) (account.User, error) {
	if err := ctx.Err(); err != nil {
		return account.User{}, err
	}
	for _, u := range m.read().users {
		if u.Email == email {
			return u, nil
		}
	}
	return find(account.User{}, false)
}

func (m *memory) SessionByHash(_ context.Context, hash account.Hash) (account.Session, account.User, error) {
	t := m.read()
	s, ok := t.sessions[hash]
	if !ok {
		return s, account.User{}, account.ErrNotFound
	}
	return s, t.users[in[account.UserID]{s.Account, s.User}], nil
}

func (m *memory) ResetByHash(_ context.Context, hash account.Hash) (account.Reset, error) {
	r, ok := m.read().resets[hash]
	return find(r, ok)
}

func (m *memory) KeyByHash(_ context.Context, hash account.Hash) (account.Key, error) {
	for _, k := range m.read().keys {
		if k.Hash == hash {
			return k, nil
		}
	}
	return find(account.Key{}, false)
}

func (m *memory) Accounts(_ context.Context, after account.ID, limit int) ([]account.ID, error) {
	ids := slices.Sorted(maps.Keys(m.read().accounts))
	ids = slices.DeleteFunc(ids, func(id account.ID) bool { return id <= after })
	return ids[:min(limit, len(ids))], nil
}

type memoryTx struct {
	tables
	acct   account.ID
	events []account.Event
}

func (x *memoryTx) Account(context.Context) (account.Account, error) {
	a, ok := x.accounts[x.acct]
	return find(a, ok)
}

func (x *memoryTx) SubAccounts(context.Context) (subs []account.SubAccount, _ error) {
	for k, s := range x.subs {
		if k.acct == x.acct {
			subs = append(subs, s)
		}
	}
	slices.SortFunc(subs, func(a, b account.SubAccount) int { return cmp.Compare(a.Name, b.Name) })
	return subs, nil
}

func (x *memoryTx) User(_ context.Context, id account.UserID) (account.User, error) {
	u, ok := x.users[in[account.UserID]{x.acct, id}]
	return find(u, ok)
}

func (x *memoryTx) Users(_ context.Context, after account.UserID, limit int) (users []account.User, _ error) {
	for k, u := range x.users {
		if k.acct == x.acct && k.id > after {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(a, b account.User) int { return cmp.Compare(a.ID, b.ID) })
	return users[:min(limit, len(users))], nil
}

func (x *memoryTx) Keys(context.Context) (keys []account.Key, _ error) {
	for k, v := range x.keys {
		if k.acct == x.acct {
			keys = append(keys, v)
		}
	}
	slices.SortFunc(keys, func(a, b account.Key) int { return cmp.Compare(a.ID, b.ID) })
	return keys, nil
}

func (x *memoryTx) PutAccount(_ context.Context, a account.Account, events ...account.Event) error {
	if a.Version != x.accounts[x.acct].Version+1 {
		return account.ErrConflict
	}
	x.accounts[x.acct] = a
	x.events = append(x.events, events...)
	return nil
}

func (x *memoryTx) PutUser(_ context.Context, u account.User, events ...account.Event) error {
	at := in[account.UserID]{x.acct, u.ID}
	for k, other := range x.users {
		if k != at && other.Email == u.Email {
			return account.ErrConflict
		}
	}
	if u.Version != x.users[at].Version+1 {
		return account.ErrConflict
	}
	x.users[at] = u
	x.events = append(x.events, events...)
	return nil
}

func (x *memoryTx) PutKey(_ context.Context, k account.Key, events ...account.Event) error {
	at := in[account.KeyID]{x.acct, k.ID}
	if k.Version != x.keys[at].Version+1 {
		return account.ErrConflict
	}
	x.keys[at] = k
	x.events = append(x.events, events...)
	return nil
}

func (x *memoryTx) PutSubAccount(_ context.Context, s account.SubAccount) error {
	x.subs[in[account.SubID]{x.acct, s.ID}] = s
	return nil
}

func (x *memoryTx) Session(_ context.Context, hash account.Hash) (account.Session, error) {
	s, ok := x.sessions[hash]
	return find(s, ok && s.Account == x.acct)
}

func (x *memoryTx) Reset(_ context.Context, hash account.Hash) (account.Reset, error) {
	r, ok := x.resets[hash]
	return find(r, ok && r.Account == x.acct)
}

func (x *memoryTx) PutSession(_ context.Context, s account.Session, events ...account.Event) error {
	x.sessions[s.Hash] = s
	x.events = append(x.events, events...)
	return nil
}

func (x *memoryTx) TouchSession(ctx context.Context, hash account.Hash, seen, expires time.Time) error {
	s, err := x.Session(ctx, hash)
	if err != nil {
		return nil
	}
	s.SeenAt, s.ExpiresAt = seen, expires
	x.sessions[hash] = s
	at := in[account.UserID]{x.acct, s.User}
	u := x.users[at]
	u.SeenAt = seen
	x.users[at] = u
	return nil
}

func (x *memoryTx) EndSession(_ context.Context, hash account.Hash, events ...account.Event) error {
	x.end(func(s account.Session) bool { return s.Hash == hash }, events)
	return nil
}

func (x *memoryTx) EndSessions(_ context.Context, user account.UserID, events ...account.Event) error {
	x.end(func(s account.Session) bool { return s.User == user }, events)
	return nil
}

func (x *memoryTx) end(ends func(account.Session) bool, events []account.Event) {
	before := len(x.sessions)
	maps.DeleteFunc(x.sessions, func(_ account.Hash, s account.Session) bool { return s.Account == x.acct && ends(s) })
	if len(x.sessions) < before {
		x.events = append(x.events, events...)
	}
}

func (x *memoryTx) PutReset(_ context.Context, r account.Reset, events ...account.Event) error {
	x.resets[r.Hash] = r
	x.events = append(x.events, events...)
	return nil
}

func (x *memoryTx) EndResets(_ context.Context, user account.UserID) error {
	maps.DeleteFunc(x.resets, func(_ account.Hash, r account.Reset) bool { return r.Account == x.acct && r.User == user })
	return nil
}

func (x *memoryTx) Sweep(_ context.Context, before time.Time) error {
	maps.DeleteFunc(x.sessions, func(_ account.Hash, s account.Session) bool {
		return s.Account == x.acct && s.ExpiresAt.Before(before)
	})
	maps.DeleteFunc(x.resets, func(_ account.Hash, r account.Reset) bool {
		return r.Account == x.acct && r.ExpiresAt.Before(before)
	})
	return nil
}
