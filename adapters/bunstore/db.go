// Package bunstore is every store of the product on bun: SQLite for one
// machine, PostgreSQL for many, from one code base.
//
// A [DB] is opened with [Open]; its methods give the stores of the domains, and
// it is itself the feed of committed events ([outbox.Feed], [outbox.Cursors]).
//
// # Transactions
//
// An Update runs as if it were alone in its account. On SQLite all updates take
// turns; on PostgreSQL those of one account and domain do, by an advisory lock.
// Updates that wait for their turn while another commits share the next
// transaction: each is kept or undone by itself, with a savepoint, and none is
// acknowledged before the commit that holds it has reached the disk. So the
// throughput of one account is not bound by the latency of its disk.
//
// # Text
//
// Text with a NUL character or broken UTF-8, which PostgreSQL cannot keep, is
// refused with fault.Invalid on both databases.
package bunstore

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/desk"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/vi"
)

// Config sets up a [DB]. The zero Config works.
type Config struct {
	Conns int              // connections that read, on SQLite (4); all connections, on PostgreSQL (16)
	Now   func() time.Time // time.Now
	Log   *slog.Logger     // discards
}

func (c Config) withDefaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	cfg    Config
	engine engine
	wakes  wakes
	tables sync.Map // reflect.Type → *table
	setups setups   // of desks, decoded
	health health

	closing sync.Once
}

var (
	_ outbox.Feed    = (*DB)(nil)
	_ outbox.Cursors = (*DB)(nil)
	_ vi.Store       = callStore{}
	_ account.Store  = accountStore{}
	_ desk.Store     = deskStore{}
)

// An engine is what differs between the databases.
type engine interface {
	// lane returns the lane of the domain's account, and a function that gives it back.
	lane(domain string, acct account.ID) (*lane, func())

	// view begins a transaction that reads one consistent state; unview ends it.
	view(ctx context.Context) (*link, error)
	unview(*link)

	// read returns a connection for single statements; unread gives it back.
	read(ctx context.Context) (*link, error)
	unread(*link)

	// horizon returns the Seq up to which the feed is complete for later statements.
	horizon(ctx context.Context, l *link) (int64, error)
	// putEvents is the statement that inserts n events.
	putEvents(n int) string

	// run wakes followers at commits of other processes, and others at ours, until ctx ends.
	run(ctx context.Context, d *DB) error

	failure(error) failureKind
	sound() error // of the file itself
	close() error
}

// Open opens the database at url, creating it if need be, and brings its schema
// up to date.
//
// The url is sqlite:PATH, or a path: the file is created for its owner alone, as
// are missing directories. Or it is postgres://… as libpq understands it, of an
// existing database, in which the tables are made in the first schema of its
// search_path. Behind a pool that shares connections between transactions and
// does not know prepared statements, add default_query_exec_mode=exec.
//
// It fails with fault.Conflict if the database was written by a newer version of
// the program.
func Open(ctx context.Context, url string, cfg Config) (*DB, error) {
	cfg = cfg.withDefaults()
	d := &DB{cfg: cfg}
	d.wakes.init()
	var err error
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		d.engine, err = openPostgres(ctx, d, url)
	} else {
		d.engine, err = openSQLite(ctx, d, strings.TrimPrefix(url, "sqlite:"))
	}
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return d, nil
}

// Calls returns the store of calls.
func (d *DB) Calls() vi.Store { return callStore{d} }

// Desk returns the store of the desk.
func (d *DB) Desk() desk.Store { return deskStore{d} }

// Accounts returns the store of accounts.
func (d *DB) Accounts() account.Store { return accountStore{d} }

// Close ends all connections. Commands must have ended before. To close again
// does nothing.
func (d *DB) Close() error {
	var err error
	d.closing.Do(func() { err = d.engine.close() })
	return err
}

// Run wakes followers of the feed at commits of other processes, tells other
// processes of the commits of this one, and sweeps out what has expired, until
// ctx ends. Without it the feed is prompt within the process only.
func (d *DB) Run(ctx context.Context) error {
	swept := make(chan struct{})
	go func() {
		defer close(swept)
		d.sweeping(ctx)
	}()
	err := d.engine.run(ctx, d)
	<-swept
	return err
}

func (d *DB) sweeping(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if err := d.Sweep(ctx, d.cfg.Now()); err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("sweep the database", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// view runs fn on a consistent reading of one account.
func (d *DB) view(ctx context.Context, acct account.ID, fn func(*tx) error) error {
	if err := sound(string(acct)); err != nil {
		return err
	}
	l, err := d.engine.view(ctx)
	if err != nil {
		return d.describe(err)
	}
	defer d.engine.unview(l)
	return fn(&tx{link: l, db: d, acct: acct})
}

// read runs fn, which makes a single statement, outside any account.
func (d *DB) read(ctx context.Context, fn func(*tx) error) error {
	l, err := d.engine.read(ctx)
	if err != nil {
		return d.describe(err)
	}
	defer d.engine.unread(l)
	return fn(&tx{link: l, db: d})
}

// system runs fn in a transaction of no account: the program's own records.
func (d *DB) system(ctx context.Context, fn func(*tx) error) error {
	return d.update(ctx, "", "", fn)
}

func conflict(format string, args ...any) error {
	return fault.Errorf(fault.Conflict, format, args...)
}
