package bunstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/vi"
)

// A link is one connection to the database.
type link struct {
	bun.Conn
	schemas *bun.DB // what bun knows of rows

	// prepared holds the statements of a connection to SQLite, which is kept. It
	// is nil on PostgreSQL, where pgx has those of each connection of its pool,
	// in that mode.
	prepared map[string]*sql.Stmt
	mode     pgx.QueryExecMode
}

// mostPrepared bounds the statements kept, which differ by the columns set.
const mostPrepared = 512

func (l *link) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := l.prepared[query]; s != nil {
		return s, nil
	}
	if len(l.prepared) >= mostPrepared {
		for q, s := range l.prepared {
			s.Close()
			delete(l.prepared, q)
		}
	}
	s, err := l.Conn.Conn.PrepareContext(ctx, query)
	if err == nil {
		l.prepared[query] = s
	}
	return s, err
}

func (l *link) run(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if l.prepared == nil {
		return l.Conn.Conn.ExecContext(ctx, numbered(query), append([]any{l.mode}, args...)...)
	}
	s, err := l.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (l *link) rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if l.prepared == nil {
		return l.Conn.Conn.QueryContext(ctx, numbered(query), append([]any{l.mode}, args...)...)
	}
	s, err := l.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// move sets the savepoint anew, in one round trip to PostgreSQL.
func (l *link) move(ctx context.Context) error {
	for _, statement := range map[bool][]string{
		true:  {"RELEASE SAVEPOINT one; SAVEPOINT one"},
		false: {"RELEASE SAVEPOINT one", "SAVEPOINT one"},
	}[l.prepared == nil] {
		if _, err := l.run(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// numbered writes the placeholders of a statement as PostgreSQL has them. No
// statement of ours has a question mark for another purpose.
func numbered(query string) string {
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, more := strings.Cut(query, "?")
		b.WriteString(before)
		if !more {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// A tx is a running transaction, or on a reader's connection a single statement.
type tx struct {
	*link
	db   *DB
	acct account.ID

	// shared says that others' work is in this transaction too. To interrupt a
	// statement would undo theirs, so statements do not end with their context;
	// it is looked at before each.
	shared bool

	events []event                 // to be inserted when the work is done
	calls  map[vi.CallID]knownCall // as stored, to write only what changes
	desk   *deskMemory

	// broken is why the transaction cannot be kept, if so. After a failure of the
	// database PostgreSQL refuses all else, and SQLite may have undone what was
	// there and go on without, so nothing more is done.
	broken error
}

// ready returns the context for a statement, or why there can be none.
func (x *tx) ready(ctx context.Context) (context.Context, error) {
	if x.broken != nil {
		return ctx, x.broken
	}
	if err := ctx.Err(); err != nil {
		return ctx, err
	}
	if x.shared {
		ctx = context.WithoutCancel(ctx)
	}
	return ctx, nil
}

// failed notes a failure of the database, and describes it.
func (x *tx) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		x.broken = ctx.Err()
	} else {
		x.broken = x.db.describe(err)
	}
	return x.broken
}

// halfway has the transaction fail, whatever its function makes of the error,
// since a part of what belongs together is done.
func (x *tx) halfway(err error) error {
	if err != nil && x.broken == nil {
		x.broken = err
	}
	return err
}

// exec runs a statement and returns how many rows it changed.
func (x *tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, args, err := x.prepare(ctx, args)
	if err != nil {
		return 0, err
	}
	res, err := x.run(ctx, query, args...)
	if err != nil {
		return 0, x.failed(ctx, err)
	}
	n, err := res.RowsAffected()
	return n, x.failed(ctx, err)
}

func (x *tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, args, err := x.prepare(ctx, args)
	if err != nil {
		return nil, err
	}
	rows, err := x.rows(ctx, query, args...)
	if err != nil {
		return nil, x.failed(ctx, err)
	}
	return rows, nil
}

func (x *tx) prepare(ctx context.Context, args []any) (context.Context, []any, error) {
	ctx, err := x.ready(ctx)
	if err != nil {
		return ctx, nil, err
	}
	for n := range args {
		if args[n], err = plain(args[n]); err != nil {
			return ctx, nil, err
		}
	}
	return ctx, args, nil
}
