package bunstore

import (
	"bufio"
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"

	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/pgtest"
)

// The tests of this file start themselves again as other processes, which they
// tell what to do by these variables.
const (
	childTask = "BUNSTORE_CHILD" // open, or die in the middle of a migration
	childURL  = "BUNSTORE_URL"
)

func TestMain(m *testing.M) {
	switch os.Getenv(childTask) {
	case "":
		os.Exit(m.Run())
	case "open":
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadString('\n') // so that all begin at the same time
		db, err := Open(context.Background(), os.Getenv(childURL), Config{})
		if err == nil {
			err = db.Close()
		}
		fmt.Println("opened:", err)
	case "migrate":
		sqlite.MustRegisterScalarFunction("pause", 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
			fmt.Println("in the middle")
			select {}
		})
		db, err := Open(context.Background(), os.Getenv(childURL), Config{})
		if err == nil {
			err = db.step()
		}
		fmt.Println("migrated:", err)
	case "desk":
		deskCommands()
	case "commands":
		commands()
	}
}

// step is one migration more than there are, which never ends.
func (d *DB) step() error {
	all, err := migrationsOf(migrations, engineName(d))
	if err != nil {
		return err
	}
	pause := map[string]string{"sqlite": "pause()", "postgres": "pg_sleep(600)"}[engineName(d)]
	return d.migrateMore(append(all, migration{len(all) + 1, "9999_long.sql", "CREATE TABLE half (x BIGINT); INSERT INTO half VALUES (1); SELECT " + pause + "; CREATE TABLE done (x BIGINT)"}))
}

func engineName(d *DB) string {
	if _, ok := d.engine.(*sqliteEngine); ok {
		return "sqlite"
	}
	return "postgres"
}

func (d *DB) migrateMore(all []migration) error {
	l, release := d.engine.lane("", "")
	defer release()
	return d.migrateTo(context.Background(), l, all)
}

func child(t *testing.T, task, url string) (*exec.Cmd, *bufio.Reader, func(string)) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childTask+"="+task, childURL+"="+url)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewReader(out), func(line string) { fmt.Fprintln(in, line) }
}

func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "test.db")) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.Open(t)) })
}

// schemaOf returns the tables there are and the migrations recorded.
func schemaOf(t *testing.T, d *DB) (tables []string, recorded int) {
	t.Helper()
	query := "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
	if engineName(d) == "postgres" {
		query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"
	}
	require.NoError(t, d.read(t.Context(), func(x *tx) error {
		rows, err := x.query(t.Context(), query)
		require.NoError(t, err)
		for rows.Next() {
			var name string
			require.NoError(t, rows.Scan(&name))
			if !strings.HasPrefix(name, "sqlite_") {
				tables = append(tables, name)
			}
		}
		require.NoError(t, rows.Close())
		n, err := get[migrationRow](t.Context(), x, "ORDER BY version DESC LIMIT 1")
		recorded = n.Version
		return err
	}))
	return tables, recorded
}

// TestProcessesOpenAtOnce has several processes open a new database at the same
// time.
func TestProcessesOpenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var outs []*bufio.Reader
		var begin []func(string)
		for range 5 {
			_, out, say := child(t, "open", url)
			outs, begin = append(outs, out), append(begin, say)
		}
		for _, out := range outs {
			line, err := out.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "ready\n", line)
		}
		for _, say := range begin {
			say("go")
		}
		for _, out := range outs {
			line, err := out.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "opened: <nil>\n", line)
		}
		d, err := Open(t.Context(), url, Config{})
		require.NoError(t, err)
		defer d.Close()
		tables, recorded := schemaOf(t, d)
		all, err := migrationsOf(migrations, engineName(d))
		require.NoError(t, err)
		require.Equal(t, len(all), recorded)
		require.Contains(t, tables, "vi_calls")
	})
}

// TestHandlesOpenAtOnce is the same within a process.
func TestHandlesOpenAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				d, err := Open(t.Context(), url, Config{Conns: 2})
				if err != nil {
					t.Error(err)
					return
				}
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestKilledWhileMigrating kills a process in the middle of a migration.
func TestKilledWhileMigrating(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		before, err := Open(t.Context(), url, Config{})
		require.NoError(t, err)
		defer before.Close()
		tables, recorded := schemaOf(t, before)

		cmd, out, _ := child(t, "migrate", url)
		if engineName(before) == "sqlite" {
			line, err := out.ReadString('\n')
			require.NoError(t, err)
			require.Equal(t, "in the middle\n", line)
		} else {
			conn, err := pgx.Connect(t.Context(), url)
			require.NoError(t, err)
			defer conn.Close(t.Context())
			require.Eventually(t, func() (there bool) {
				err := conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')").Scan(&there)
				return err == nil && there
			}, time.Minute, 5*time.Millisecond)
			// Its backend notices the death only after its sleep.
			defer func() {
				_, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
				require.NoError(t, err)
			}()
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())

		after, err := Open(t.Context(), url, Config{})
		require.NoError(t, err)
		defer after.Close()
		tablesAfter, recordedAfter := schemaOf(t, after)
		require.Equal(t, tables, tablesAfter, "nothing of it is there")
		require.Equal(t, recorded, recordedAfter)
	})
}

func TestFailedMigration(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		d, err := Open(t.Context(), url, Config{})
		require.NoError(t, err)
		defer d.Close()
		tables, recorded := schemaOf(t, d)
		all, err := migrationsOf(migrations, engineName(d))
		require.NoError(t, err)
		bad := append(all, migration{len(all) + 1, "9999_bad.sql", "CREATE TABLE half (x BIGINT); CREATE TABLE half (x BIGINT)"})
		require.ErrorContains(t, d.migrateMore(bad), "9999_bad.sql")
		tablesAfter, recordedAfter := schemaOf(t, d)
		require.Equal(t, tables, tablesAfter)
		require.Equal(t, recorded, recordedAfter)

		good := append(all, migration{len(all) + 1, "9999_good.sql", "CREATE TABLE whole (x BIGINT)"}, migration{len(all) + 2, "9999_more.sql", "DROP TABLE whole; CREATE TABLE more (x BIGINT)"})
		require.NoError(t, d.migrateMore(good), "it can be mended")
		require.NoError(t, d.migrateMore(good), "and is not done twice")
		tablesAfter, recordedAfter = schemaOf(t, d)
		require.Contains(t, tablesAfter, "more")
		require.Equal(t, recorded+2, recordedAfter)
	})
}

func TestNewerDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		d, err := Open(t.Context(), url, Config{})
		require.NoError(t, err)
		all, err := migrationsOf(migrations, engineName(d))
		require.NoError(t, err)
		require.NoError(t, d.migrateMore(append(all, migration{len(all) + 1, "9999_new.sql", "CREATE TABLE newer (x BIGINT)"})))
		tables, _ := schemaOf(t, d)
		require.NoError(t, d.Close())

		_, err = Open(t.Context(), url, Config{})
		require.ErrorIs(t, err, fault.Conflict)
		require.ErrorContains(t, err, fmt.Sprintf("written by a newer version of this program (its schema is %d, this version knows %d)", len(all)+1, len(all)))
		require.Contains(t, tables, "newer")
	})
}

func TestMigrationFiles(t *testing.T) {
	var names [2][]string
	for n, engine := range []string{"sqlite", "postgres"} {
		all, err := migrationsOf(migrations, engine)
		require.NoError(t, err)
		for _, m := range all {
			names[n] = append(names[n], m.name)
		}
	}
	require.NotEmpty(t, names[0])
	require.Equal(t, names[0], names[1], "one file for each database")

	for _, bad := range []string{"0002_gap.sql", "x.sql"} {
		_, err := migrationsOf(fstest.MapFS{"migrations/sqlite/" + bad: &fstest.MapFile{}}, "sqlite")
		require.ErrorContains(t, err, bad)
	}
}
