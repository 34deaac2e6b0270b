package bunstore_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/account/accounttest"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/pgtest"
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

func TestAccountStore(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		accounttest.Store(t, func(t *testing.T) (account.Store, func() []string) {
			db := open(t, fresh(t))
			return db.Accounts(), kinds(t, db)
		})
	})
}
