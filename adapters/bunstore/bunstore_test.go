package bunstore_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/account/accounttest"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/vi"
	"github.com/tandem-cc/tandem/vi/vitest"
)

// on runs the test on each database, given the URL of an empty one.
func on(t *testing.T, test func(t *testing.T, fresh func(t testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteFile) })
	t.Run("postgres", func(t *testing.T) { test(t, pgtest.Open) })
}

func sqliteFile(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "test.db") }

func open(t testing.TB, url string) *bunstore.DB {
	t.Helper()
	db, err := bunstore.Open(t.Context(), url, bunstore.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// kinds returns a function that returns the kinds of all events of the feed.
func kinds(t *testing.T, db *bunstore.DB) func() []string {
	return func() (kinds []string) {
		for after := int64(0); ; {
			recs, err := db.After(t.Context(), "", after, 100)
			require.NoError(t, err)
			if len(recs) == 0 {
				return kinds
			}
			for _, r := range recs {
				kinds = append(kinds, r.Kind)
			}
			after = recs[len(recs)-1].Seq
		}
	}
}

// emptied returns a function that returns the database at url without anything
// in it: a new one takes PostgreSQL long to make.
func emptied(t *testing.T, url string) func(t *testing.T) *bunstore.DB {
	db := open(t, url)
	return func(t *testing.T) *bunstore.DB {
		conn, err := pgx.Connect(t.Context(), url)
		require.NoError(t, err)
		defer conn.Close(t.Context())
		rows, err := conn.Query(t.Context(), "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'tandem%'")
		require.NoError(t, err)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.Contains(t, tables, "vi_calls")
		slices.Sort(tables)
		slices.Reverse(tables) // so vi_calls, which others refer to, comes after them
		_, err = conn.Exec(t.Context(), "DELETE FROM "+strings.Join(tables, "; DELETE FROM "))
		require.NoError(t, err)
		return db
	}
}

// onEmpty runs a conformance suite on each database.
func onEmpty(t *testing.T, suite func(t *testing.T, empty func(t *testing.T) *bunstore.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		suite(t, func(t *testing.T) *bunstore.DB { return open(t, sqliteFile(t)) })
	})
	t.Run("postgres", func(t *testing.T) { suite(t, emptied(t, pgtest.Open(t))) })
	t.Run("postgres, nothing prepared", func(t *testing.T) { suite(t, emptied(t, pgtest.Open(t)+"&default_query_exec_mode=exec")) })
}

func TestAccountStore(t *testing.T) {
	onEmpty(t, func(t *testing.T, empty func(*testing.T) *bunstore.DB) {
		accounttest.Store(t, func(t *testing.T) (account.Store, func() []string) {
			db := empty(t)
			return db.Accounts(), kinds(t, db)
		})
	})
}

func TestCallStore(t *testing.T) {
	onEmpty(t, func(t *testing.T, empty func(*testing.T) *bunstore.DB) {
		vitest.Store(t, func(t *testing.T) (vi.Store, func() []string) {
			db := empty(t)
			return db.Calls(), kinds(t, db)
		})
	})
}
