package bunstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// A migration is one step of the schema: a file such as 0003_outbox.sql.
type migration struct {
	version int
	name    string
	text    string
}

func migrationsOf(files fs.FS, engine string) (all []migration, _ error) {
	dir := path.Join("migrations", engine)
	entries, err := fs.ReadDir(files, dir) // sorted by name
	if err != nil {
		return nil, err
	}
	for n, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != n+1 {
			return nil, fmt.Errorf("migration %s is not number %d", e.Name(), n+1)
		}
		text, err := fs.ReadFile(files, path.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, migration{version, e.Name(), string(text)})
	}
	return all, nil
}

type migrationRow struct {
	bun.BaseModel `bun:"table:tandem_migrations"`

	Version int
	Name    string
	At      int64
}

func (d *DB) migrate(ctx context.Context, l *lane, engine string) error {
	all, err := migrationsOf(migrations, engine)
	if err != nil {
		return err
	}
	return d.migrateTo(ctx, l, all)
}

// migrateTo brings the schema up to the last of the migrations. Each runs in a
// transaction of its own together with the record that it ran, so that one that
// fails, or a crash, leaves nothing of it. Several processes may do it at once:
// the lane's transactions exclude each other, and each looks again what there
// is to do.
func (d *DB) migrateTo(ctx context.Context, l *lane, all []migration) error {
	for done := false; !done; {
		s, err := l.begin(ctx)
		if err != nil {
			return err
		}
		if done, err = d.migrateOne(ctx, s, all); err != nil {
			l.undo(s)
			return err
		}
		if err := l.commit(s); err != nil {
			return fmt.Errorf("migrate the database: %w", err)
		}
	}
	return nil
}

// migrateOne runs the next migration, if there is one to run.
func (d *DB) migrateOne(ctx context.Context, l *link, all []migration) (done bool, err error) {
	const table = "CREATE TABLE IF NOT EXISTS tandem_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, at BIGINT NOT NULL)"
	if _, err := l.Conn.Conn.ExecContext(ctx, table); err != nil {
		return false, err
	}
	var at int
	if err := l.NewSelect().Model((*migrationRow)(nil)).ColumnExpr("coalesce(max(version), 0)").Scan(ctx, &at); err != nil {
		return false, err
	}
	switch {
	case at > len(all):
		return false, fault.Errorf(fault.Conflict, "the database was written by a newer version of this program "+
			"(its schema is %d, this version knows %d): run the newer version, or restore an older backup", at, len(all))
	case at == len(all):
		return true, nil
	}
	m := all[at]
	if _, err := l.Conn.Conn.ExecContext(ctx, m.text); err != nil {
		return false, fmt.Errorf("migration %s: %w", m.name, err)
	}
	row := migrationRow{Version: m.version, Name: m.name, At: d.cfg.Now().UnixMicro()}
	_, err = l.NewInsert().Model(&row).Exec(ctx)
	return false, err
}
