package accounttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/account"
)

// However many work at once, no update is lost and no reading is torn. An
// update that meets another may fail with ErrConflict, and with nothing else.
func concurrency(t *testing.T, open Open) {
	t.Run("no update is lost", func(t *testing.T) { noUpdateIsLost(t, open) })
	t.Run("one of many takes a new e-mail", func(t *testing.T) { oneTakesTheEmail(t, open) })
	t.Run("a reset is used once", func(t *testing.T) { oneUsesTheReset(t, open) })
	t.Run("an ended session stays ended", func(t *testing.T) { endedStaysEnded(t, open) })
	t.Run("no reading is torn", func(t *testing.T) { noReadingIsTorn(t, open) })
}

// workers is how many work at once.
const workers = 8

func noUpdateIsLost(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	var done atomic.Int64
	atOnce(t, workers, func(int) error {
		for range 5 {
			err := f.Update(ctx, "a", func(tx account.Tx) error {
				u, err := tx.User(ctx, "u1")
				if err != nil {
					return err
				}
				u.Version++
				return tx.PutUser(ctx, u, account.UserChanged{User: "u1", At: noon})
			})
			if err == nil {
				done.Add(1)
			} else if !errors.Is(err, account.ErrConflict) {
				return err
			}
		}
		return nil
	})
	require.Positive(t, done.Load())
	require.EqualValues(t, done.Load()+1, f.user("a", "u1").Version)
	require.Len(t, f.events(), int(done.Load()))
}

func oneTakesTheEmail(t *testing.T, open Open) {
	f := seeded(t, open)
	var won atomic.Int64
	atOnce(t, workers, func(i int) error {
		u := user("b", account.UserID(fmt.Sprint("n", i)))
		u.Email = "new@b.example"
		err := f.put("b", u)
		if err == nil {
			won.Add(1)
		} else if !errors.Is(err, account.ErrConflict) {
			return err
		}
		return nil
	})
	require.EqualValues(t, 1, won.Load())
}

func oneUsesTheReset(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	r := reset("a", "u1", "r")
	f.update("a", func(tx account.Tx) error { return tx.PutReset(ctx, r) })
	used := errors.New("used")
	var won atomic.Int64
	atOnce(t, workers, func(int) error {
		err := f.Update(ctx, "a", func(tx account.Tx) error {
			got, err := tx.Reset(ctx, r.Hash)
			if err != nil {
				return err
			}
			u, err := tx.User(ctx, got.User)
			if err != nil {
				return err
			}
			if !got.UsedAt.IsZero() {
				return used
			}
			got.UsedAt = noon
			u.Version++
			return errors.Join(tx.PutUser(ctx, u), tx.PutReset(ctx, got))
		})
		switch {
		case err == nil:
			won.Add(1)
		case !errors.Is(err, used) && !errors.Is(err, account.ErrConflict):
			return err
		}
		return nil
	})
	require.EqualValues(t, 1, won.Load())
}

func endedStaysEnded(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	for i := range 5 {
		s := session("a", "u1", fmt.Sprint("s", i))
		f.update("a", func(tx account.Tx) error { return tx.PutSession(ctx, s) })
		atOnce(t, workers, func(i int) error {
			var err error
			if i == 0 {
				for err = account.ErrConflict; errors.Is(err, account.ErrConflict); {
					err = f.Update(ctx, "a", func(tx account.Tx) error { return tx.EndSessions(ctx, "u1") })
				}
				return err
			}
			for range 3 {
				err = f.Update(ctx, "a", func(tx account.Tx) error {
					return tx.TouchSession(ctx, s.Hash, noon.Add(time.Hour), noon.Add(2*time.Hour))
				})
				if err != nil && !errors.Is(err, account.ErrConflict) {
					return err
				}
			}
			return nil
		})
		require.False(t, f.hasSession(s.Hash))
	}
}

func noReadingIsTorn(t *testing.T, open Open) {
	ctx, f := t.Context(), seeded(t, open)
	require.NoError(t, f.put("a", user("a", "u2")))
	var finished atomic.Bool
	atOnce(t, 3, func(i int) error {
		if i == 0 { // writes the same name to both users
			defer finished.Store(true)
			return rename(ctx, f, 30)
		}
		for !finished.Load() {
			if err := f.View(ctx, "a", func(r account.Reader) error {
				one, err1 := r.User(ctx, "u1")
				two, err2 := r.User(ctx, "u2")
				if one.Name != two.Name {
					return fmt.Errorf("read %q beside %q", one.Name, two.Name)
				}
				return errors.Join(err1, err2)
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

func rename(ctx context.Context, s account.Store, times int) error {
	for i := range times {
		if err := s.Update(ctx, "a", func(tx account.Tx) error {
			for _, id := range []account.UserID{"u1", "u2"} {
				u, err := tx.User(ctx, id)
				if err != nil {
					return err
				}
				u.Name, u.Version = fmt.Sprint("Ann ", i), u.Version+1
				if err := tx.PutUser(ctx, u); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// atOnce runs fn n times at the same time and fails the test with every error.
func atOnce(t *testing.T, n int, fn func(i int) error) {
	t.Helper()
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}
