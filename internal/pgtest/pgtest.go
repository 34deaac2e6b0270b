// Package pgtest is a real PostgreSQL for tests: a server that is started in a
// temporary directory from the installed binaries, once for each test binary,
// and gives every test a database of its own.
//
// With TANDEM_TEST_POSTGRES set to the URL of a running server, that server is
// used instead.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-cc/tandem/internal/uuid7"
)

// Open creates an empty database and returns its URL. The database is dropped
// when the test ends. Without a server and without the binaries of one the test
// is skipped; under CI=true it fails instead.
func Open(t testing.TB) string {
	t.Helper()
	server, err := running()
	if errors.Is(err, errNone) && os.Getenv("CI") != "true" {
		t.Skipf("no PostgreSQL to test with: %v", err)
	}
	if err != nil {
		t.Fatalf("no PostgreSQL to test with: %v", err)
	}
	name := "tandem_" + strings.ReplaceAll(uuid7.New(), "-", "")
	run(t, server.url, "CREATE DATABASE "+name)
	t.Cleanup(func() { run(t, server.url, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })
	u, err := url.Parse(server.url)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func run(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err == nil {
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// errNone says that there is neither a server nor the means to start one.
var errNone = errors.New("TANDEM_TEST_POSTGRES is not set, and there is no initdb in PATH or /usr/lib/postgresql/*/bin")

// A server runs until its life is closed, or collected as garbage, or ends with
// the process.
type server struct {
	url  string
	life io.Closer
}

// running returns the server of this test binary.
var running = sync.OnceValues(func() (server, error) {
	if url := os.Getenv("TANDEM_TEST_POSTGRES"); url != "" {
		return server{url: url}, nil
	}
	bin, err := binaries()
	if err != nil {
		return server{}, err
	}
	return start(bin)
})

// binaries returns the directory of the newest installed server.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // the others are beside it there
		return filepath.Dir(path), err
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errNone
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// supervise makes a cluster in $1 with the binaries of $2, runs the server until
// standard input ends, as it does when the test binary ends or is killed, and
// removes the cluster. The server speaks on a socket in $1 only, and flushes to
// disk at each commit as a real one does. The collation is not the byte order
// of the C locale, so that no test passes by the luck of it.
const supervise = `
trap 'rm -rf "$1"' EXIT
fail() { cat "$1/log"; exit 1; }
locale="--locale=C"
if "$2/initdb" --help | grep -q icu-locale; then locale="--locale=C.UTF-8 --locale-provider=icu --icu-locale=und"; fi
"$2/initdb" -D "$1/data" -U postgres -A trust -E UTF8 $locale --no-sync >"$1/log" 2>&1 || fail "$1"
"$2/pg_ctl" start -w -t 60 -D "$1/data" -l "$1/log" >/dev/null \
	-o "-k $1 -c listen_addresses= -c fsync=on -c max_connections=200 -c log_min_messages=fatal" || fail "$1"
echo ready
cat >/dev/null
"$2/pg_ctl" stop -w -m immediate -D "$1/data" >/dev/null
`

func start(bin string) (s server, err error) {
	dir, err := os.MkdirTemp("", "tandem-pg")
	if err != nil {
		return s, err
	}
	cmd := exec.Command("sh", "-c", supervise, "sh", dir, bin)
	cmd.Dir = "/"
	if err := apart(cmd, dir); err != nil {
		return s, err
	}
	if s.life, err = cmd.StdinPipe(); err != nil {
		return s, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return s, err
	}
	if err := cmd.Start(); err != nil {
		return s, err
	}
	said := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, said); err != nil || !bytes.Equal(said, []byte("ready\n")) {
		rest, _ := io.ReadAll(out)
		return s, fmt.Errorf("PostgreSQL of %s does not start: %s%s", bin, said, rest)
	}
	s.url = "postgres://postgres@/postgres?host=" + url.QueryEscape(dir)
	return s, nil
}
