package bunstore_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/pgtest"
)

func TestOpenMakesTheFileForItsOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "deep")
	for _, name := range []string{"plain.db", "a ?#%41&x=1.db", "数据.db"} {
		path := filepath.Join(dir, name)
		for _, url := range []string{path, "sqlite:" + path} {
			db := open(t, url)
			require.NoError(t, db.SetCursor(t.Context(), "c", 1))
			for _, file := range []string{path, path + "-wal", path + "-shm"} {
				info, err := os.Stat(file)
				require.NoError(t, err)
				require.Equal(t, fs.FileMode(0o600), info.Mode().Perm(), file)
			}
			require.NoError(t, db.Close())
			_, err := os.Stat(path + "-wal")
			require.ErrorIs(t, err, fs.ErrNotExist, "the journal is taken in at the end")
		}
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3, "no file under another name")
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.db")
	require.NoError(t, os.WriteFile(junk, []byte(strings.Repeat("This is no database. ", 500)), 0o600))
	for _, tc := range []struct {
		url  string
		kind error
	}{
		{"", fault.Invalid}, {"sqlite:", fault.Invalid}, {":memory:", fault.Invalid}, {"sqlite::memory:", fault.Invalid}, {"file:x.db", fault.Invalid},
		{junk, nil}, {dir, nil}, {filepath.Join(junk, "x.db"), nil}, {"postgres://%zz", nil},
		{"postgres://nobody:secret@127.0.0.1:1/none", nil},
	} {
		db, err := bunstore.Open(t.Context(), tc.url, bunstore.Config{})
		require.Error(t, err, tc.url)
		require.Nil(t, db)
		require.NotContains(t, err.Error(), "secret")
		if tc.kind != nil {
			require.ErrorIs(t, err, tc.kind, tc.url)
		}
	}
}

// TestDurable asks each connection how it was set up.
func TestDurable(t *testing.T) {
	url := sqliteFile(t)
	db := open(t, url)
	require.NoError(t, bunstore.EachConn(db, func(pragma func(string) string, writes bool) {
		require.Equal(t, "wal", pragma("journal_mode"))
		require.Equal(t, "2", pragma("synchronous"), "FULL: on the disk at each commit")
		require.Equal(t, "1", pragma("foreign_keys"))
		require.Equal(t, "5000", pragma("busy_timeout"))
		require.Equal(t, map[bool]string{true: "0", false: "1"}[writes], pragma("query_only"))
	}))
}

// TestSchemas has two stores in one database of PostgreSQL.
func TestSchemas(t *testing.T) {
	url := pgtest.Open(t)
	_, err := raw(t, url).Exec("CREATE SCHEMA one; CREATE SCHEMA two")
	require.NoError(t, err)
	one, two := open(t, url+"&search_path=one"), open(t, url+"&search_path=two")
	require.NoError(t, begin(t.Context(), one, "a", "c1"))
	require.Len(t, kinds(t, one)(), 1)
	require.Empty(t, kinds(t, two)())
	require.NoError(t, begin(t.Context(), two, "a", "c1"))
	require.Len(t, kinds(t, two)(), 1)
}
