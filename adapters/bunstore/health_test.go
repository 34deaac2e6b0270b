package bunstore_test

import (
	"context"
	"fmt"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/vi"
)

func TestPing(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		var now atomic.Int64
		db, err := bunstore.Open(t.Context(), url, bunstore.Config{Now: func() time.Time { return time.Unix(now.Load(), 0) }})
		require.NoError(t, err)
		defer db.Close()
		beaten := func() (at int64) {
			require.NoError(t, raw(t, url).QueryRow("SELECT at / 1000000 FROM tandem_health").Scan(&at))
			return at
		}
		var beats []int64
		for now.Store(100); now.Load() < 120; now.Add(1) {
			require.NoError(t, db.Ping(t.Context()))
			beats = append(beats, beaten())
		}
		require.Equal(t, []int64{100, 100, 100, 100, 100, 105, 105, 105, 105, 105, 110, 110, 110, 110, 110, 115, 115, 115, 115, 115}, beats, "it writes now and then")
		require.NoError(t, begin(t.Context(), db, "a", "c1"))
		for range 5 {
			require.NoError(t, db.Ping(t.Context()))
			now.Add(1)
		}
		require.EqualValues(t, 115, beaten(), "and not while commands do")
	})
}

// TestServerAway has a PostgreSQL server end all connections and take no new
// ones for a while.
func TestServerAway(t *testing.T) {
	url := pgtest.Open(t)
	db := open(t, url)
	ref := vi.Ref{Account: "a", Call: "c1"}
	withCall(t, db, ref)

	u, err := neturl.Parse(url)
	require.NoError(t, err)
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	admin := raw(t, u.String())
	allow := func(yes bool) {
		_, err := admin.Exec(fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS %v", name, yes))
		require.NoError(t, err)
	}
	allow(false)
	_, err = admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
	require.NoError(t, err)
	require.Error(t, db.Ping(t.Context()))
	require.Error(t, write(t.Context(), db, ref, "not kept"))

	allow(true)
	require.NoError(t, write(t.Context(), db, ref, "kept"))
	require.NoError(t, db.Ping(t.Context()))
	require.Equal(t, []string{"kept"}, whole(t, db, ref))

	// A restart is waited for.
	_, err = admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
	require.NoError(t, err)
	require.NoError(t, write(t.Context(), db, ref, "at once"))
	require.Equal(t, []string{"kept", "at once"}, whole(t, db, ref))
}

// smallDisk mounts a file system of 3 MiB, of which 1 is taken by a file that
// can be removed.
func smallDisk(t *testing.T) (dir, ballast string) {
	dir = t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a file system can be made by root only: %s", out)
	}
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", dir).Run()) })
	ballast = filepath.Join(dir, "ballast")
	require.NoError(t, os.WriteFile(ballast, make([]byte, 1<<20), 0o600))
	return dir, ballast
}

// TestFullDisk fills a file system. Nothing is acknowledged that is not kept,
// reading goes on, readiness says so, and all is well when there is room again.
func TestFullDisk(t *testing.T) {
	dir, ballast := smallDisk(t)
	db := open(t, filepath.Join(dir, "test.db"))
	ref := vi.Ref{Account: "a", Call: "c1"}
	withCall(t, db, ref)
	require.NoError(t, db.Ping(t.Context()))

	long := strings.Repeat("x", 3000)
	acked := 0
	var err error
	for ; err == nil; acked++ {
		err = write(t.Context(), db, ref, fmt.Sprint(acked, long))
		require.Less(t, acked, 5000)
	}
	acked--
	require.ErrorIs(t, err, fault.Busy)
	require.Contains(t, err.Error(), "full")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.ErrorIs(t, db.Ping(ctx), fault.Busy)
	require.Len(t, whole(t, db, ref), acked)

	require.NoError(t, os.Remove(ballast))
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, write(t.Context(), db, ref, "room again"))
	require.Len(t, whole(t, db, ref), acked+1)
}

func TestPingOfADeletedFile(t *testing.T) {
	url := sqliteFile(t)
	db := open(t, url)
	path := strings.TrimPrefix(url, "sqlite:")
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, os.Rename(path, path+".old"))
	require.ErrorContains(t, db.Ping(t.Context()), "file of the database")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.ErrorContains(t, db.Ping(t.Context()), "replaced")
	require.NoError(t, os.Rename(path+".old", path))
	require.NoError(t, db.Ping(t.Context()))
}
