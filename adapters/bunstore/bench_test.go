package bunstore_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/internal/uuid7"
	"github.com/tandem-cc/tandem/vi"
)

// BenchmarkCommand compares a command with the least that a command can be, for
// 16 callers at a time. bare is a transaction of two inserted rows through
// database/sql, on the same kind of file with the same pragmas; tandem reads a
// call, asks the rule, and writes the call, a message and an event. Both are on
// the disk when they return.
func BenchmarkCommand(b *testing.B) {
	b.Run("bare", func(b *testing.B) { benchmarkBare(b, bareSQLite(b), 16) })
	b.Run("tandem", func(b *testing.B) { benchmarkCommand(b, sqliteFile(b), 16, 1) })
}

// BenchmarkCommandAlone is [BenchmarkCommand] for one caller, with whom nobody
// shares a transaction.
func BenchmarkCommandAlone(b *testing.B) {
	b.Run("bare", func(b *testing.B) { benchmarkBare(b, bareSQLite(b), 1) })
	b.Run("tandem", func(b *testing.B) { benchmarkCommand(b, sqliteFile(b), 1, 1) })
}

// BenchmarkCommandPostgres is [BenchmarkCommand] on PostgreSQL, in one account,
// whose commands take turns, and in 16.
func BenchmarkCommandPostgres(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		db := raw(b, pgtest.Open(b))
		db.SetMaxIdleConns(16)
		benchmarkBare(b, db, 16)
	})
	b.Run("tandem", func(b *testing.B) { benchmarkCommand(b, pgtest.Open(b), 16, 1) })
	b.Run("accounts=16", func(b *testing.B) { benchmarkCommand(b, pgtest.Open(b), 16, 16) })
}

func bareSQLite(b *testing.B) *sql.DB {
	path := filepath.Join(b.TempDir(), "bare.db")
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	require.NoError(b, err)
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

func benchmarkBare(b *testing.B, db *sql.DB, callers int) {
	for _, table := range []string{"CREATE TABLE a (id TEXT PRIMARY KEY, v TEXT)", "CREATE TABLE b (id TEXT PRIMARY KEY, v TEXT)"} {
		_, err := db.Exec(table)
		require.NoError(b, err)
	}
	value := strings.Repeat("x", 300)
	inParallel(b, callers, func(int) error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback()
		id := uuid7.New()
		for _, insert := range []string{"INSERT INTO a (id, v) VALUES ($1, $2)", "INSERT INTO b (id, v) VALUES ($1, $2)"} {
			if _, err := tx.Exec(insert, id, value); err != nil {
				return err
			}
		}
		return tx.Commit()
	})
}

func benchmarkCommand(b *testing.B, url string, callers, accounts int) {
	db := open(b, url)
	calls := db.Calls()
	p := vi.Policy{}.WithDefaults()
	now := time.Now().UTC().Truncate(time.Microsecond)
	const perCall = 1000 // messages: a chat has a limit
	ids := make([]vi.Ref, callers*(b.N/perCall+1))
	for n := range ids {
		ref := vi.Ref{Account: account.ID(fmt.Sprint("acme", n%accounts)), Call: vi.CallID(uuid7.New())}
		require.NoError(b, calls.Update(b.Context(), ref.Account, func(tx vi.Tx) error { return waiting(b.Context(), tx, ref.Call, now, p) }))
		ids[n] = ref
	}
	sent := make([]int, callers)
	inParallel(b, callers, func(n int) error {
		ref := ids[sent[n]/perCall*callers+n]
		sent[n]++
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

// inParallel has that many callers run b.N commands.
func inParallel(b *testing.B, callers int, command func(caller int) error) {
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	errs := make(chan error, callers)
	for n := range callers {
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
	for range callers {
		require.NoError(b, <-errs)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}
