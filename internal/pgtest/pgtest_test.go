package pgtest_test

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/internal/pgtest"
)

func TestEveryTestHasItsOwnDatabase(t *testing.T) {
	for range 2 {
		t.Run("one", func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), pgtest.Open(t))
			require.NoError(t, err)
			defer conn.Close(t.Context())
			_, err = conn.Exec(t.Context(), "CREATE TABLE t (x int)")
			require.NoError(t, err, "an empty database")
			var fsync string
			require.NoError(t, conn.QueryRow(t.Context(), "SHOW fsync").Scan(&fsync))
			require.Equal(t, "on", fsync)
		})
	}
}

// TestServerEndsWithItsTests kills a test binary that has a server and waits
// until the server's socket is gone.
func TestServerEndsWithItsTests(t *testing.T) {
	if os.Getenv("PGTEST_CHILD") != "" {
		os.Stdout.WriteString(pgtest.Open(t) + "\n")
		select {}
	}
	if os.Getenv("TANDEM_TEST_POSTGRES") != "" {
		t.Skip("TANDEM_TEST_POSTGRES names a server that is not ours to end")
	}
	pgtest.Open(t) // skips if there are no binaries
	cmd := exec.Command(os.Args[0], "-test.run=^TestServerEndsWithItsTests$")
	cmd.Env = append(os.Environ(), "PGTEST_CHILD=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	config, err := pgx.ParseConfig(line[:len(line)-1])
	require.NoError(t, err)
	require.DirExists(t, config.Host)

	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.Eventually(t, func() bool {
		_, err := os.Stat(config.Host)
		return os.IsNotExist(err)
	}, time.Minute, 20*time.Millisecond, "the server has stopped and its directory is removed")
}
