package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// A table is what bun knows of one kind of row, as the text of statements that
// can be prepared. bun itself writes arguments into the text of a statement,
// which no database can keep prepared; so it builds the queries that vary, and
// these the ones that every command makes.
type table struct {
	name    string
	fields  []*schema.Field
	given   []*schema.Field // without the one that the database numbers
	selects string          // SELECT … FROM …
	inserts string          // INSERT … VALUES (…)
}

// tableOf returns the table of rows of type R.
func tableOf[R any](d *DB, schemas *bun.DB) *table {
	typ := reflect.TypeFor[R]()
	if t, ok := d.tables.Load(typ); ok {
		return t.(*table)
	}
	of := schemas.Table(typ)
	t := &table{name: of.Name}
	var read, written []string
	for _, f := range of.Fields {
		t.fields = append(t.fields, f)
		read = append(read, f.Name)
		if !f.AutoIncrement {
			t.given = append(t.given, f)
			written = append(written, f.Name)
		}
	}
	t.selects = "SELECT " + strings.Join(read, ", ") + " FROM " + t.name + " "
	t.inserts = "INSERT INTO " + t.name + " (" + strings.Join(written, ", ") + ") VALUES (?" + strings.Repeat(", ?", len(written)-1) + ") "
	d.tables.Store(typ, t)
	return t
}

// errNoRow says that no row is as was asked for.
var errNoRow = errors.New("no such row")

// get returns the one row that the condition selects, or errNoRow.
func get[R any](ctx context.Context, x *tx, where string, args ...any) (row R, err error) {
	t := tableOf[R](x.db, x.schemas)
	rows, err := x.query(ctx, t.selects+where, args...)
	if err != nil {
		return row, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return row, x.failed(ctx, err)
		}
		return row, errNoRow
	}
	if err := rows.Scan(t.into(&row)...); err != nil {
		return row, x.failed(ctx, err)
	}
	return row, nil
}

// all returns the rows that the rest of the statement selects.
func all[R any](ctx context.Context, x *tx, rest string, args ...any) (found []R, err error) {
	t := tableOf[R](x.db, x.schemas)
	rows, err := x.query(ctx, t.selects+rest, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row R
		if err := rows.Scan(t.into(&row)...); err != nil {
			return nil, x.failed(ctx, err)
		}
		found = append(found, row)
	}
	return found, x.failed(ctx, rows.Err())
}

// add inserts the row and reports whether it was. It was not if a unique column
// has its value in another row; then the transaction can go on.
func add[R any](ctx context.Context, x *tx, row *R) (bool, error) {
	t := tableOf[R](x.db, x.schemas)
	n, err := x.exec(ctx, t.inserts+"ON CONFLICT DO NOTHING", t.values(row)...)
	return n == 1, err
}

// addNumbered is add for a table that numbers its rows by seq. It returns the
// number, or 0 if the row was not inserted.
func addNumbered[R any](ctx context.Context, x *tx, row *R) (seq int64, err error) {
	t := tableOf[R](x.db, x.schemas)
	rows, err := x.query(ctx, t.inserts+"ON CONFLICT DO NOTHING RETURNING seq", t.values(row)...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&seq); err != nil {
			return 0, x.failed(ctx, err)
		}
	}
	return seq, x.failed(ctx, rows.Err())
}

// put inserts the row, or replaces the row of the account with that key.
func put[R any](ctx context.Context, x *tx, row *R, key string) (bool, error) {
	t := tableOf[R](x.db, x.schemas)
	set := make([]string, len(t.given))
	for n, f := range t.given {
		set[n] = f.Name + " = excluded." + f.Name
	}
	n, err := x.exec(ctx, t.inserts+"ON CONFLICT ("+key+") DO UPDATE SET "+strings.Join(set, ", ")+
		" WHERE "+t.name+".account = excluded.account", t.values(row)...)
	return n == 1, err
}

// change writes the columns in which the rows differ, where the condition
// holds, and reports whether it held for a row.
func change[R any](ctx context.Context, x *tx, from, to *R, where string, args ...any) (bool, error) {
	t := tableOf[R](x.db, x.schemas)
	old, next := reflect.ValueOf(from).Elem(), reflect.ValueOf(to).Elem()
	var set []string
	var values []any
	for _, f := range t.fields {
		if v := f.Value(next); !v.Equal(f.Value(old)) {
			set = append(set, f.Name+" = ?")
			values = append(values, v.Interface())
		}
	}
	if len(set) == 0 {
		return true, nil
	}
	n, err := x.exec(ctx, "UPDATE "+t.name+" SET "+strings.Join(set, ", ")+" "+where, append(values, args...)...)
	return n == 1, err
}

func (t *table) values(row any) []any {
	v := reflect.ValueOf(row).Elem()
	values := make([]any, len(t.given))
	for n, f := range t.given {
		values[n] = f.Value(v).Interface()
	}
	return values
}

// into returns where to scan the columns of a row to.
func (t *table) into(row any) []any {
	v := reflect.ValueOf(row).Elem()
	into := make([]any, len(t.fields))
	for n, f := range t.fields {
		into[n] = f.Value(v).Addr().Interface()
	}
	return into
}

// found turns errNoRow into the given error.
func found(err, missing error) error {
	if errors.Is(err, errNoRow) {
		return missing
	}
	return err
}

// scan runs a query that bun built, into its model.
func scan(ctx context.Context, x *tx, q *bun.SelectQuery, into ...any) error {
	ctx, err := x.ready(ctx)
	if err != nil {
		return err
	}
	if err := q.Scan(ctx, into...); !errors.Is(err, sql.ErrNoRows) {
		return x.failed(ctx, err)
	}
	return nil
}
