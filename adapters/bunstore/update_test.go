package bunstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/fault"
	"github.com/tandem-cc/tandem/internal/pgtest"
	"github.com/tandem-cc/tandem/vi"
)

// write adds a message with that text to the call.
func write(ctx context.Context, db *bunstore.DB, ref vi.Ref, text string) error {
	p := vi.Policy{}.WithDefaults()
	return db.Calls().Update(ctx, ref.Account, func(tx vi.Tx) error {
		c, err := tx.Call(ctx, ref.Call)
		if err != nil {
			return err
		}
		m := vi.Message{Op: text, From: vi.SeatAgent, Name: "Ann", Text: text, At: time.Now().UTC().Truncate(time.Microsecond)}
		c, events, err := c.Write(m, p)
		if err != nil {
			return err
		}
		if err := tx.PutCall(ctx, c, events...); err != nil {
			return err
		}
		return tx.PutMessage(ctx, events[0].(vi.MessageSent).Message)
	})
}

// withCall puts a call that can be written to.
func withCall(t testing.TB, db *bunstore.DB, ref vi.Ref) {
	t.Helper()
	require.NoError(t, db.Calls().Update(t.Context(), ref.Account, func(tx vi.Tx) error {
		return waiting(t.Context(), tx, ref.Call, time.Now().UTC().Truncate(time.Microsecond), vi.Policy{}.WithDefaults())
	}))
}

// whole requires that the call, its messages and its events agree, and returns
// the texts of the messages.
func whole(t testing.TB, db *bunstore.DB, ref vi.Ref) (texts []string) {
	t.Helper()
	var c vi.Call
	var messages []vi.Message
	require.NoError(t, db.Calls().View(t.Context(), ref.Account, func(r vi.Reader) (err error) {
		if c, err = r.Call(t.Context(), ref.Call); err != nil {
			return err
		}
		messages, err = r.Messages(t.Context(), ref.Call, 0, 1e6)
		return err
	}))
	require.Len(t, messages, c.Messages)
	for n, m := range messages {
		require.Equal(t, n+1, m.N)
		texts = append(texts, m.Text)
	}
	sent := 0
	for after := int64(0); ; {
		recs, err := db.After(t.Context(), ref.Account, after, 1000)
		require.NoError(t, err)
		if len(recs) == 0 {
			break
		}
		for _, r := range recs {
			if r.About == string(ref.Call) && r.Kind == "vi.message_sent" {
				require.Contains(t, string(r.Data), fmt.Sprintf(`"text":"%s"`, texts[sent]))
				sent++
			}
		}
		after = recs[len(recs)-1].Seq
	}
	require.Equal(t, c.Messages, sent)
	return texts
}

// TestUndoneTogether has updates that make the database undo the whole
// transaction they are in, among others that share it: theirs is undone too,
// and done again.
func TestUndoneTogether(t *testing.T) {
	for engine, trigger := range map[string]string{
		"sqlite": `CREATE TRIGGER boom BEFORE INSERT ON vi_messages WHEN NEW.body LIKE 'boom%' BEGIN SELECT RAISE(ROLLBACK, 'boom'); END`,
		"postgres": `CREATE SEQUENCE booms;
			CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF nextval('booms') % 3 > 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
			CREATE TRIGGER boom BEFORE INSERT ON vi_messages FOR EACH ROW WHEN (NEW.body LIKE 'boom%') EXECUTE FUNCTION boom()`,
	} {
		t.Run(engine, func(t *testing.T) {
			url := map[string]func(testing.TB) string{"sqlite": sqliteFile, "postgres": pgtest.Open}[engine](t)
			db := open(t, url)
			ref := vi.Ref{Account: "a", Call: "c1"}
			withCall(t, db, ref)
			_, err := raw(t, url).Exec(trigger)
			require.NoError(t, err)

			var mu sync.Mutex
			acked := map[string]bool{}
			var wg sync.WaitGroup
			for w := range 16 {
				wg.Go(func() {
					for n := range 10 {
						text := fmt.Sprintf("%d-%d", w, n)
						if w%4 == 0 {
							text = "boom" + text
						}
						err := write(t.Context(), db, ref, text)
						if err == nil {
							mu.Lock()
							acked[text] = true
							mu.Unlock()
						} else if !strings.HasPrefix(text, "boom") {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			texts := whole(t, db, ref)
			require.Len(t, texts, len(acked))
			for _, text := range texts {
				require.True(t, acked[text], text)
			}
			if engine == "sqlite" {
				require.Len(t, texts, 120, "none of those that fail")
			} else {
				require.Len(t, texts, 160, "all, since a lost connection is tried again")
			}
		})
	}
}

// TestUpdateThatNeverReturns has updates that panic, end their goroutine, or
// lose patience in the queue, among others.
func TestUpdateThatNeverReturns(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		ref := vi.Ref{Account: "a", Call: "c1"}
		withCall(t, db, ref)
		var impatient atomic.Int64
		var wg sync.WaitGroup
		for w := range 20 {
			wg.Go(func() {
				for n := range 8 {
					text := fmt.Sprintf("%d-%d", w, n)
					switch w % 5 {
					case 0:
						require.Panics(t, func() {
							_ = db.Calls().Update(t.Context(), "a", func(tx vi.Tx) error {
								_, err := tx.Call(t.Context(), "c1")
								panic(err)
							})
						})
					case 1:
						var gone sync.WaitGroup
						gone.Go(func() {
							_ = db.Calls().Update(t.Context(), "a", func(tx vi.Tx) error {
								runtime.Goexit()
								return nil
							})
						})
						gone.Wait()
					case 2:
						ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Millisecond)
						if err := write(ctx, db, ref, text); err != nil {
							if !errors.Is(err, context.DeadlineExceeded) {
								t.Error(err)
							}
							impatient.Add(1)
						}
						cancel()
					default:
						if err := write(t.Context(), db, ref, text); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		require.Len(t, whole(t, db, ref), 12*8-int(impatient.Load()))
		require.Positive(t, impatient.Load())
	})
}

// TestOverlookedFailure has an update that goes on after the database failed.
func TestOverlookedFailure(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		db := open(t, fresh(t))
		ref := vi.Ref{Account: "a", Call: "c1"}
		withCall(t, db, ref)
		err := db.Calls().Update(t.Context(), "a", func(tx vi.Tx) error {
			c, events := started("c2", time.Now(), vi.Policy{})
			require.NoError(t, tx.PutCall(t.Context(), c, events...))
			orphan := vi.Message{Call: "nowhere", N: 1}
			require.ErrorIs(t, tx.PutMessage(t.Context(), orphan), fault.NotFound)
			_, err := tx.Call(t.Context(), "c1")
			require.Error(t, err, "nothing can be done any more")
			return nil
		})
		require.ErrorIs(t, err, fault.NotFound)
		_, err = db.Calls().Locate(t.Context(), "c2")
		require.ErrorIs(t, err, fault.NotFound)
		require.NoError(t, write(t.Context(), db, ref, "on it goes"))
	})
}

// TestUpdateIsAlone has two processes that each look for something and put it
// if it is not there.
func TestUpdateIsAlone(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		dbs := []*bunstore.DB{open(t, url), open(t, url)}
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for n := range 6 {
					id := vi.CallID(fmt.Sprintf("c%d-%d", w, n))
					err := dbs[w%2].Calls().Update(t.Context(), "a", func(tx vi.Tx) error {
						busy, err := tx.Calls(t.Context(), vi.Query{Agent: account.UserID(fmt.Sprint("round", n))})
						if err != nil || len(busy) > 0 {
							return err
						}
						c := vi.Call{ID: id, Reference: string(id), Agent: account.UserID(fmt.Sprint("round", n)), Status: vi.StatusCreated, CreatedAt: time.Now(), Version: 1}
						return tx.PutCall(t.Context(), c)
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		require.NoError(t, dbs[0].Calls().View(t.Context(), "a", func(r vi.Reader) error {
			calls, err := r.Calls(t.Context(), vi.Query{})
			require.Len(t, calls, 6, "one for each round")
			return err
		}))
	})
}

// TestLockedByAnother has another program hold the database for longer than an
// update waits.
func TestLockedByAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for real seconds: not in short mode")
	}
	url := sqliteFile(t)
	db := open(t, url)
	other, err := raw(t, url).Conn(t.Context())
	require.NoError(t, err)
	_, err = other.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, begin(ctx, db, "a", "c1"), context.DeadlineExceeded, "it can be called off")
	err = begin(t.Context(), db, "a", "c1")
	require.ErrorIs(t, err, fault.Busy)
	require.NotContains(t, err.Error(), "SQLITE", "in words for a person")
	_, err = other.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	require.NoError(t, begin(t.Context(), db, "a", "c1"))
}
