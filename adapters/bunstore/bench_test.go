package bunstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/internal/uuid7"
	"github.com/tandem-cc/tandem/vi"
)

// atOnce is how many commands are under way at the same time.
const commandsAtOnce = 16

// BenchmarkCommand compares a command with the least that a command can be: bare
// is a transaction of two inserted rows through database/sql, on the same kind
// of file with the same pragmas and as many callers; tandem reads a call, asks
// the rule, and writes the call, a message and an event. Both are on the disk
// when they return. postgres is tandem on PostgreSQL.
func BenchmarkCommand(b *testing.B) {
	b.Run("bare", func(b *testing.B) { benchmarkBare(b) })
	b.Run("tandem", func(b *testing.B) { benchmarkCommand(b, sqliteFile(b), 1) })
	b.Run("tandem-postgres", func(b *testing.B) { benchmarkCommand(b, pgtest.Open(b), 1) })
	b.Run("tandem-postgres-16-accounts", func(b *testing.B) { benchmarkCommand(b, pgtest.Open(b), 16) })
}

func benchmarkBare(b *testing.B) {
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	require.NoError(b, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.Exec("CREATE TABLE a (id TEXT PRIMARY KEY, v TEXT); CREATE TABLE b (seq INTEGER PRIMARY KEY, id TEXT, v TEXT)")
	require.NoError(b, err)
	value := string(make([]byte, 300))
	inParallel(b, func(int) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		id := uuid7.New()
		if _, err := tx.Exec("INSERT INTO a (id, v) VALUES (?, ?)", id, value); err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO b (id, v) VALUES (?, ?)", id, value); err != nil {
			return err
		}
		return tx.Commit()
	})
}

func benchmarkCommand(b *testing.B, url string, accounts int) {
	db := open(b, url)
	calls := db.Calls()
	p := vi.Policy{}.WithDefaults()
	now := time.Now().UTC().Truncate(time.Microsecond)
	var ids [commandsAtOnce]vi.Ref
	for n := range ids {
		ref := vi.Ref{Account: account.ID(fmt.Sprint("acme", n%accounts)), Call: vi.CallID(uuid7.New())}
		require.NoError(b, calls.Update(b.Context(), ref.Account, func(tx vi.Tx) error { return waiting(b.Context(), tx, ref.Call, now, p) }))
		ids[n] = ref
	}
	inParallel(b, func(n int) error {
		ref := ids[n]
		return calls.Update(b.Context(), ref.Account, func(tx vi.Tx) error {
			c, err := tx.Call(b.Context(), ref.Call)
			if err != nil {
				return err
			}
			c, events, err := c.Write(vi.Message{Op: uuid7.New(), From: vi.SeatAgent, Name: "Ann Lee", Text: "Hello, can you hear me?", At: now}, p)
			if err != nil {
				return err
			}
			if err := tx.PutCall(b.Context(), c, events...); err != nil {
				return err
			}
			return tx.PutMessage(b.Context(), events[0].(vi.MessageSent).Message)
		})
	})
}

// inParallel runs b.N commands with a fixed number of callers.
func inParallel(b *testing.B, command func(caller int) error) {
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	errs := make(chan error, commandsAtOnce)
	for n := range commandsAtOnce {
		go func() {
			for left.Add(-1) >= 0 {
				if err := command(n); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range commandsAtOnce {
		require.NoError(b, <-errs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}
