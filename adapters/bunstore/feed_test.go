package bunstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/adapters/outbox"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/vi"
)

// A follower collects what it is given.
type follower struct {
	mu   sync.Mutex
	recs []outbox.Record
	got  chan struct{} // closed when there is more
}

func newFollower() *follower { return &follower{got: make(chan struct{})} }

func (f *follower) take(recs []outbox.Record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recs = append(f.recs, recs...)
	close(f.got)
	f.got = make(chan struct{})
	return nil
}

// wait returns the records once there are n.
func (f *follower) wait(t *testing.T, n int) []outbox.Record {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		f.mu.Lock()
		recs, got := slices.Clone(f.recs), f.got
		f.mu.Unlock()
		if len(recs) >= n {
			return recs
		}
		select {
		case <-got:
		case <-deadline:
			require.FailNow(t, "records are missing", "%d of %d came", len(recs), n)
		}
	}
}

// background runs fn until the test ends.
func background(t testing.TB, fn func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// begin starts a call of the account, in one event.
func begin(ctx context.Context, db *bunstore.DB, acct account.ID, id vi.CallID) error {
	p := vi.Policy{}.WithDefaults()
	return db.Calls().Update(ctx, acct, func(tx vi.Tx) error {
		c, events := started(id, time.Now().UTC().Truncate(time.Microsecond), p)
		return tx.PutCall(ctx, c, events...)
	})
}

func TestFeed(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		db := open(t, url)
		ctx := t.Context()
		last, err := db.Last(ctx)
		require.NoError(t, err)
		require.Zero(t, last)
		recs, err := db.After(ctx, "", 0, 10)
		require.NoError(t, err)
		require.Empty(t, recs)

		noon := time.Date(2030, 1, 2, 12, 0, 0, 123456000, time.UTC)
		require.NoError(t, db.Calls().Update(ctx, "a", func(tx vi.Tx) error {
			c := vi.Call{ID: "c1", Reference: "R-1", Agent: "ann", Status: vi.StatusCreated, CreatedAt: noon, Version: 1}
			return tx.PutCall(ctx, c, vi.CallEnded{Call: "c1", By: vi.ByAgent, Talk: 5, At: noon}, vi.LegMoved{Call: "c1", At: noon.Add(1)})
		}))
		require.NoError(t, db.Accounts().Update(ctx, "b", func(tx account.Tx) error {
			u := account.User{ID: "u1", Account: "b", Email: "u1@b.example", Version: 1}
			key := account.Key{ID: "k1", Account: "b", Hash: "h", Version: 1}
			return errors.Join(
				tx.PutAccount(ctx, account.Account{ID: "b", Version: 1}, account.AccountCreated{At: noon}),
				tx.PutUser(ctx, u, account.UserCreated{User: "u1", At: noon}),
				tx.PutKey(ctx, key, account.KeyCreated{Key: "k1", At: noon}),
				tx.PutSession(ctx, account.Session{Hash: "s", Account: "b", User: "u1"}, account.SignedIn{User: "u1", At: noon}),
				tx.PutReset(ctx, account.Reset{Hash: "r", Account: "b", User: "u1"}, account.PasswordResetAsked{User: "u1", At: noon}))
		}))
		recs, err = db.After(ctx, "", 0, 100)
		require.NoError(t, err)
		var got []string
		for n, r := range recs {
			require.Equal(t, noon, r.At)
			if n > 0 {
				require.Greater(t, r.Seq, recs[n-1].Seq)
			}
			got = append(got, fmt.Sprint(r.Account, " ", r.Kind, " about ", r.About, " of ", r.Owner))
		}
		require.Equal(t, []string{
			"a vi.call_ended about c1 of ann", "a vi.leg_moved about c1 of ann",
			"b account.created about b of ", "b account.user_created about u1 of u1", "b account.key_created about k1 of ",
			"b account.signed_in about u1 of u1", "b account.password_reset_asked about u1 of u1",
		}, got)
		require.JSONEq(t, `{"call":"c1","status":"","reason":"","by":"agent","talk":5,"at":"2030-01-02T12:00:00.123456Z"}`, string(recs[0].Data))

		last, err = db.Last(ctx)
		require.NoError(t, err)
		require.Equal(t, recs[6].Seq, last)
		for _, tc := range []struct {
			acct     account.ID
			after    int64
			limit    int
			from, to int
		}{{"", 0, 3, 0, 3}, {"", recs[2].Seq, 3, 3, 6}, {"", last, 3, 7, 7}, {"a", 0, 9, 0, 2}, {"b", 0, 9, 2, 7}, {"b", recs[3].Seq, 2, 4, 6}, {"", 0, 0, 0, 0}} {
			some, err := db.After(ctx, tc.acct, tc.after, tc.limit)
			require.NoError(t, err)
			require.Equal(t, append([]outbox.Record(nil), recs[tc.from:tc.to]...), some)
		}

		require.NoError(t, db.SetCursor(ctx, "figures", 5))
		require.NoError(t, db.SetCursor(ctx, "figures", 4))
		again := open(t, url)
		for consumer, want := range map[string]int64{"figures": 4, "other": 0} {
			seq, err := again.Cursor(ctx, consumer)
			require.NoError(t, err)
			require.Equal(t, want, seq)
		}
		same, err := again.After(ctx, "", 0, 100)
		require.NoError(t, err)
		require.Equal(t, recs, same)
	})
}

// TestFeedWaitsForALateCommit holds a transaction at its commit while another
// one, which took a later number, commits and is visible.
func TestFeedWaitsForALateCommit(t *testing.T) {
	url := pgtest.Open(t)
	db := open(t, url)
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(ctx, `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON outbox_events DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW WHEN (NEW.account = 'slow') EXECUTE FUNCTION hold();
		SELECT pg_advisory_lock(42)`)
	require.NoError(t, err)

	all := newFollower()
	background(t, func(ctx context.Context) error { return outbox.Follow(ctx, db, "", 0, all.take) })
	require.NoError(t, begin(ctx, db, "fast", "c0"))
	all.wait(t, 1)

	slow := make(chan error)
	go func() { slow <- begin(ctx, db, "slow", "c1") }()
	scan := func(query string) (v []string) {
		rows, err := conn.Query(ctx, query)
		require.NoError(t, err)
		v, err = pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		return v
	}
	require.Eventually(t, func() bool {
		return len(scan("SELECT pid::text FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted")) > 0
	}, time.Minute, time.Millisecond, "the slow one is committing")
	require.NoError(t, begin(ctx, db, "fast", "c2"))
	require.NoError(t, begin(ctx, db, "fast", "c3"))
	require.Equal(t, []string{"c0", "c2", "c3"}, scan("SELECT about FROM outbox_events ORDER BY seq"), "the table has a gap, where c1 will be")

	recs, err := db.After(ctx, "", 0, 10)
	require.NoError(t, err)
	require.Len(t, recs, 1, "nothing that would come before the slow one's")
	last, err := db.Last(ctx)
	require.NoError(t, err)
	require.Equal(t, recs[0].Seq, last)

	scan("SELECT pg_advisory_unlock(42)::text")
	require.NoError(t, <-slow)
	var got []string
	for _, r := range all.wait(t, 4) {
		got = append(got, r.About)
	}
	require.Equal(t, []string{"c0", "c1", "c2", "c3"}, got)
}

// TestFeedIsWholeUnderLoad follows the feed, through two handles and a tail,
// while many commit and many fail.
func TestFeedIsWholeUnderLoad(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		dbs := []*bunstore.DB{open(t, url), open(t, url)}
		accounts := []account.ID{"a", "b", "c", "d"}
		var followers []*follower
		var of []account.ID
		for _, db := range dbs {
			tail := outbox.NewTail(db)
			background(t, db.Run)
			background(t, tail.Run)
			for _, acct := range append(accounts, "") {
				for _, follow := range []func(ctx context.Context, f *follower) error{
					func(ctx context.Context, f *follower) error { return outbox.Follow(ctx, db, acct, 0, f.take) },
					func(ctx context.Context, f *follower) error { return tail.Follow(ctx, acct, 0, f.take) },
				} {
					f := newFollower()
					followers, of = append(followers, f), append(of, acct)
					background(t, func(ctx context.Context) error { return follow(ctx, f) })
				}
			}
		}
		const writers, each = 12, 15
		boom := errors.New("boom")
		errs := make(chan error, writers)
		for w := range writers {
			go func() {
				for n := range each {
					db, acct := dbs[(w+n)%2], accounts[w%4]
					id := vi.CallID(fmt.Sprintf("%s-%d-%d", acct, w, n))
					err := begin(t.Context(), db, acct, id)
					failed := db.Calls().Update(t.Context(), acct, func(tx vi.Tx) error {
						c, events := started(id+"-failed", time.Now(), vi.Policy{})
						return errors.Join(tx.PutCall(t.Context(), c, events...), boom)
					})
					if err != nil || !errors.Is(failed, boom) {
						errs <- errors.Join(errors.New("unexpected"), err, failed)
						return
					}
				}
				errs <- nil
			}()
		}
		for range writers {
			require.NoError(t, <-errs)
		}
		want := followers[8].wait(t, writers*each) // of all accounts
		for n, f := range followers {
			var ours []outbox.Record
			for _, r := range want {
				if of[n] == "" || r.Account == of[n] {
					ours = append(ours, r)
				}
			}
			require.Equal(t, ours, f.wait(t, len(ours)), "follower %d of %q", n, of[n])
		}
		next := map[string]int{}
		for n, r := range want {
			if n > 0 {
				require.Greater(t, r.Seq, want[n-1].Seq)
			}
			writer, at, _ := cutLast(r.About, "-")
			require.Equal(t, fmt.Sprint(next[writer]), at, "each writer's calls in the order of its commits")
			next[writer]++
		}
		require.Len(t, next, writers)
	})
}

func cutLast(s, sep string) (before, after string, ok bool) {
	n := strings.LastIndex(s, sep)
	return s[:n], s[n+1:], true
}

// TestWakeAcrossProcesses commits through one handle and waits for the wake-up
// of another.
func TestWakeAcrossProcesses(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		here, there := open(t, url), open(t, url)
		background(t, here.Run)
		background(t, there.Run)
		require.NoError(t, begin(t.Context(), there, "a", "c-first"))
		for n := range 5 {
			id := fmt.Sprint("c", n)
			began := time.Now()
			for seen := false; !seen; {
				wake := here.Wake()
				recs, err := here.After(t.Context(), "", 0, 100)
				require.NoError(t, err)
				if seen = len(recs) == n+2; seen {
					break
				}
				if len(recs) == n+1 && id != "" {
					began = time.Now()
					require.NoError(t, begin(t.Context(), there, "a", vi.CallID(id)))
					id = ""
				}
				select {
				case <-wake:
				case <-time.After(time.Minute):
					require.FailNow(t, "no wake-up")
				}
			}
			t.Logf("woken %v after a commit elsewhere began", time.Since(began).Round(100*time.Microsecond))
		}
	})
}

// TestLatency has a follower note how long after its command an event comes.
func TestLatency(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		var mu sync.Mutex
		began := map[string]time.Time{}
		var took []time.Duration
		f := newFollower()
		background(t, func(ctx context.Context) error {
			return outbox.Relay(ctx, db, db, "latency", func(_ context.Context, recs []outbox.Record) error {
				mu.Lock()
				for _, r := range recs {
					took = append(took, time.Since(began[r.About]))
				}
				mu.Unlock()
				return f.take(recs)
			})
		})
		const n = 100
		var want []string
		for i := range n {
			id := fmt.Sprint("c", i)
			mu.Lock()
			began[id] = time.Now()
			mu.Unlock()
			require.NoError(t, begin(t.Context(), db, "a", vi.CallID(id)))
			want = append(want, id)
			f.wait(t, i+1)
		}
		var got []string
		for _, r := range f.wait(t, n) {
			got = append(got, r.About)
		}
		require.Equal(t, want, got)
		require.Eventually(t, func() bool {
			seq, err := db.Cursor(t.Context(), "latency")
			last, err2 := db.Last(t.Context())
			return err == nil && err2 == nil && seq == last
		}, time.Minute, time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		slices.Sort(took)
		t.Logf("from the beginning of a command to its event at a relay: p50 %v, p99 %v, max %v", took[n/2], took[n*99/100], took[n-1])
	})
}

// raw opens the database beside the store.
func raw(t testing.TB, url string) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}
