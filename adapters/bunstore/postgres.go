package bunstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/tandem-cc/tandem/account"
)

// stuck is how long a transaction may take before its connection is cut, so
// that a server that has gone silent holds up nobody for long.
const stuck = time.Minute

type postgresEngine struct {
	config *pgx.ConnConfig
	mode   pgx.QueryExecMode // of the statements that are the same each time
	db     *bun.DB

	mu    sync.Mutex
	lanes map[laneKey]*sharedLane
}

type laneKey struct {
	domain string
	acct   account.ID
}

type sharedLane struct {
	lane
	users int
}

func openPostgres(ctx context.Context, d *DB, url string) (*postgresEngine, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// What bun writes has its arguments in the text, and is better not prepared.
	mode := config.DefaultQueryExecMode
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "tandem"
	}
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}}
	config.DialFunc = dialer.DialContext

	pool := stdlib.OpenDB(*config)
	conns := d.cfg.Conns
	if conns <= 0 {
		conns = 16
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	e := &postgresEngine{config: config, mode: mode, db: bun.NewDB(pool, pgdialect.New()), lanes: map[laneKey]*sharedLane{}}

	// Migrations may take long, and wait long for those of another process.
	const only = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(8101804732921)"
	migrating := &lane{
		begin:  func(ctx context.Context) (*link, error) { return e.start(ctx, only) },
		commit: e.commit,
		undo:   e.undo,
	}
	if err := d.migrate(ctx, migrating, "postgres"); err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// start takes a connection and begins a transaction on it.
func (e *postgresEngine) start(ctx context.Context, begin string) (*link, error) {
	conn, err := e.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: conn, schemas: e.db, mode: e.mode}
	if _, err := conn.Conn.ExecContext(ctx, begin); err != nil {
		e.undo(l)
		return nil, err
	}
	return l, nil
}

// writing begins the transaction of a lane. Its lock makes the lane one for all
// processes; it is released when the commit can be seen.
func writing(key laneKey) string {
	const begin = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '5s'"
	table := map[string]string{callDomain: "vi_calls", accountDomain: "accounts", deskDomain: "desk_tickets"}[key.domain]
	if table == "" {
		return begin
	}
	h := fnv.New32a()
	h.Write([]byte(key.acct))
	return fmt.Sprintf("%s; SELECT pg_advisory_xact_lock('%s'::regclass::oid::bigint::bit(32)::int, %d)", begin, table, int32(h.Sum32()))
}

func (e *postgresEngine) lane(domain string, acct account.ID) (*lane, func()) {
	key := laneKey{domain, acct}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[key]
	if l == nil {
		begin := writing(key)
		l = &sharedLane{}
		var cut *time.Timer
		l.begin = func(ctx context.Context) (*link, error) {
			conn, err := e.start(ctx, begin)
			if err == nil {
				cut = conn.cutAfter(stuck)
			}
			return conn, err
		}
		l.commit = func(conn *link) error {
			defer cut.Stop()
			return e.commit(conn)
		}
		l.undo = func(conn *link) {
			defer cut.Stop()
			e.undo(conn)
		}
		e.lanes[key] = l
	}
	l.users++
	return &l.lane, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(e.lanes, key)
		}
	}
}

// postgres runs fn on the driver's connection.
func (l *link) postgres(fn func(*pgx.Conn) error) error {
	return l.Conn.Conn.Raw(func(c any) error { return fn(c.(*stdlib.Conn).Conn()) })
}

// cutAfter closes the connection, if not stopped before.
func (l *link) cutAfter(d time.Duration) *time.Timer {
	var conn net.Conn
	l.postgres(func(c *pgx.Conn) error {
		conn = c.PgConn().Conn()
		return nil
	})
	return time.AfterFunc(d, func() { conn.Close() })
}

// commit commits and gives the connection back. When it fails the transaction
// was undone, or nobody can know.
func (e *postgresEngine) commit(l *link) error {
	err := l.postgres(func(c *pgx.Conn) error {
		tag, err := c.Exec(context.Background(), "COMMIT")
		if err == nil && tag.String() != "COMMIT" { // PostgreSQL so answers in a transaction that had failed
			return errors.New("the transaction was undone instead of committed")
		}
		if _, answered := errors.AsType[*pgconn.PgError](err); err != nil && (!answered || c.IsClosed()) {
			return unknownOutcome{err}
		}
		return err
	})
	if err != nil {
		e.undo(l)
		return err
	}
	return l.Close()
}

// undo rolls back and gives the connection back, or closes it if it is broken.
func (e *postgresEngine) undo(l *link) {
	l.postgres(func(c *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if !c.IsClosed() && c.PgConn().TxStatus() != 'I' {
			if _, err := c.Exec(ctx, "ROLLBACK"); err != nil {
				return c.Close(ctx)
			}
		}
		return nil
	})
	l.Close() // the pool drops it if it is closed
}

func (e *postgresEngine) view(ctx context.Context) (*link, error) {
	return e.start(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
}

func (e *postgresEngine) unview(l *link) { e.undo(l) }

func (e *postgresEngine) read(ctx context.Context) (*link, error) {
	conn, err := e.db.Conn(ctx)
	return &link{Conn: conn, schemas: e.db, mode: e.mode}, err
}

func (e *postgresEngine) unread(l *link) { l.Close() }

func (e *postgresEngine) horizon(ctx context.Context, l *link) (seq int64, err error) {
	err = l.Conn.Conn.QueryRowContext(ctx, "SELECT outbox_horizon()").Scan(&seq)
	return seq, err
}

// putEvents announces the transaction before it takes numbers: the rows come
// out of the sort, and so meet nextval, only when outbox_enter has returned.
func (e *postgresEngine) putEvents(n int) string {
	const row = "(?::int, ?::text, ?::text, ?::text, ?::text, ?::bigint, ?::json)"
	var rows strings.Builder
	for i := range n {
		if i > 0 {
			rows.WriteString(", ")
		}
		rows.WriteString(strings.Replace(row, "?::int", fmt.Sprint(i), 1))
	}
	return `INSERT INTO outbox_events (seq, account, kind, about, owner, at, data)
		SELECT nextval('outbox_seq'), account, kind, about, owner, at, data FROM (
			SELECT e.* FROM (SELECT outbox_enter() AS low OFFSET 0) AS entered,
				(VALUES ` + rows.String() + `) AS e (n, account, kind, about, owner, at, data)
			WHERE low IS NOT NULL ORDER BY n
		) AS sorted`
}

// unknownOutcome is why nobody can know whether a commit was done.
type unknownOutcome struct{ error }

func (u unknownOutcome) Unwrap() error { return u.error }

func (e *postgresEngine) failure(err error) failureKind {
	if _, ok := errors.AsType[unknownOutcome](err); ok {
		return failureUnknown
	}
	if f, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch f.Code {
		case "23505":
			return failureTaken
		case "23503":
			return failureOrphan
		case "53100":
			return failureFull
		case "0A000": // a prepared statement from before a migration; the next try prepares it anew
			if strings.Contains(f.Message, "cached plan") {
				return failureAgain
			}
		case "40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03": // serialisation, deadlock, lock timeout, too many connections, shutdowns
			return failureAgain
		}
		return failureOther
	}
	// Whatever else goes wrong with a connection does so before the commit.
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	if connecting || network {
		return failureAgain
	}
	for _, broken := range []error{driver.ErrBadConn, sql.ErrConnDone, pgconn.ErrConnClosed, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, broken) {
			return failureAgain
		}
	}
	return failureOther
}

func (e *postgresEngine) sound() error { return nil }

func (e *postgresEngine) close() error { return e.db.Close() }
