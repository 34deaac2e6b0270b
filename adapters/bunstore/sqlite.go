package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/fault"
)

// watch is how often the file is looked at for commits of other processes.
const watch = 200 * time.Millisecond

// SQLite has one writer at a time, so there is one connection that writes, with
// one lane before it, and some that read while it does.
type sqliteEngine struct {
	path    string
	file    fs.FileInfo // as opened, to notice when it is deleted or replaced
	lane1   *lane
	readers chan *link
	links   []*link
	closing chan struct{} // closed by close
}

// sqlitePragmas hold for every connection. FULL has each commit reach the disk
// before it is acknowledged, in WAL mode too; fullfsync means it on macOS.
const sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_pragma=trusted_schema(0)&_dqs=0"

func openSQLite(ctx context.Context, d *DB, path string) (_ *sqliteEngine, err error) {
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "file:") {
		return nil, fault.Errorf(fault.Invalid, "the database must be the path of a file, not %q", path)
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	e := &sqliteEngine{path: path, closing: make(chan struct{})}
	if err := e.create(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	writer, err := e.connect(ctx, "rw", "_pragma=journal_mode(WAL)&_pragma=journal_size_limit(67108864)")
	if err != nil {
		return nil, err
	}
	e.links = append(e.links, writer)
	e.lane1 = &lane{
		begin: func(ctx context.Context) (*link, error) {
			_, err := writer.run(ctx, "BEGIN IMMEDIATE")
			if err != nil { // though it may have begun when ctx ended
				writer.run(context.Background(), "ROLLBACK")
			}
			return writer, err
		},
		commit: func(l *link) error {
			_, err := l.run(context.Background(), "COMMIT")
			if err != nil { // SQLite may or may not have undone it already
				l.run(context.Background(), "ROLLBACK")
			}
			return err
		},
		undo: func(l *link) { l.run(context.Background(), "ROLLBACK") },
	}
	if err := d.migrate(ctx, e.lane1, "sqlite"); err != nil {
		return nil, err
	}
	conns := d.cfg.Conns
	if conns <= 0 {
		conns = 4
	}
	e.readers = make(chan *link, conns)
	for range conns {
		l, err := e.connect(ctx, "ro", "_query_only=1")
		if err != nil {
			return nil, err
		}
		e.links = append(e.links, l)
		e.readers <- l
	}
	return e, nil
}

// create makes the file and its directory, for the owner alone. The files beside
// it, of the journal, take their mode from it.
func (e *sqliteEngine) create() error {
	if err := os.MkdirAll(filepath.Dir(e.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(e.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	e.file, err = f.Stat()
	return err
}

// connect opens a connection that is kept open.
func (e *sqliteEngine) connect(ctx context.Context, mode, params string) (*link, error) {
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(e.path))
	dsn := "file:" + escaped + "?mode=" + mode + "&" + sqlitePragmas + "&" + params
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db := bun.NewDB(pool, sqlitedialect.New())
	// The first connection of a new file changes its journal, for which SQLite
	// does not wait until another process has done the same.
	for began := time.Now(); ; {
		conn, err := db.Conn(ctx)
		if err == nil {
			return &link{Conn: conn, schemas: db, prepared: map[string]*sql.Stmt{}}, nil
		}
		if e.failure(err) != failureAgain || time.Since(began) > longestTry {
			return nil, errors.Join(fmt.Errorf("%s: %w", e.path, err), db.Close())
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(longestWait / 20):
		}
	}
}

func (e *sqliteEngine) lane(string, account.ID) (*lane, func()) { return e.lane1, func() {} }

func (e *sqliteEngine) read(ctx context.Context) (*link, error) {
	select {
	case l := <-e.readers:
		return l, nil
	case <-e.closing:
		return nil, sql.ErrConnDone
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (e *sqliteEngine) unread(l *link) { e.readers <- l }

func (e *sqliteEngine) view(ctx context.Context) (*link, error) {
	l, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := l.run(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		e.unread(l)
		return nil, err
	}
	return l, nil
}

func (e *sqliteEngine) unview(l *link) {
	l.run(context.Background(), "ROLLBACK")
	e.unread(l)
}

// horizon is no bound: there is one writer, so numbers rise as commits do.
func (e *sqliteEngine) horizon(context.Context, *link) (int64, error) { return 1<<63 - 1, nil }

func (e *sqliteEngine) putEvents(n int) string {
	return "INSERT INTO outbox_events (account, kind, about, owner, at, data) VALUES (?, ?, ?, ?, ?, ?)" +
		strings.Repeat(", (?, ?, ?, ?, ?, ?)", n-1)
}

// run looks whether another connection has committed, which SQLite counts.
func (e *sqliteEngine) run(ctx context.Context, d *DB) error {
	l, err := e.connect(ctx, "ro", "_query_only=1")
	if err != nil {
		return err
	}
	defer l.shut()
	tick := time.NewTicker(watch)
	defer tick.Stop()
	for last := int64(-1); ; {
		var version int64
		rows, err := l.rows(ctx, "PRAGMA data_version")
		if err == nil {
			for rows.Next() {
				err = errors.Join(err, rows.Scan(&version))
			}
			err = errors.Join(err, rows.Err(), rows.Close())
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			d.cfg.Log.Error("look for commits of other processes", "err", err)
		case version != last:
			last = version
			d.wakes.rouse()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

func (e *sqliteEngine) failure(err error) failureKind {
	f, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return failureOther
	}
	switch f.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return failureTaken
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return failureOrphan
	}
	switch f.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return failureAgain
	case sqlite3.SQLITE_FULL:
		return failureFull
	}
	return failureOther
}

// sound fails if the file is not the one that was opened: what is written to a
// deleted file is lost with the process.
func (e *sqliteEngine) sound() error {
	now, err := os.Stat(e.path)
	if err == nil && !os.SameFile(now, e.file) {
		err = errors.New("the file was replaced")
	}
	return err
}

// close ends with the connection that writes, which takes the journal into the
// file and removes it, if no other process has the file open.
func (e *sqliteEngine) close() (err error) {
	close(e.closing)
	patience, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for range len(e.links) - 1 { // reads that are under way come to their end first
		select {
		case <-e.readers:
		case <-patience.Done():
		}
	}
	for _, l := range slices.Backward(e.links) {
		err = errors.Join(err, l.shut())
	}
	return err
}

// shut closes a connection that was kept open.
func (l *link) shut() error {
	for _, s := range l.prepared {
		s.Close()
	}
	return errors.Join(l.Conn.Close(), l.schemas.Close())
}
