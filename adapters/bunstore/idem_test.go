package bunstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/bunstore"
	"github.com/tandem-cc/tandem/internal/idem"
	"github.com/tandem-cc/tandem/vi"
)

func TestIdempotency(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		now := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
		db, err := bunstore.Open(t.Context(), fresh(t), bunstore.Config{Now: func() time.Time { return now }})
		require.NoError(t, err)
		defer db.Close()
		key := func(id string) (context.Context, *idem.Key) {
			k := &idem.Key{Scope: "acme/ann", ID: id, Request: [32]byte{1, 2, 254, 255}}
			return idem.With(t.Context(), k), k
		}
		count := func() int {
			last, err := db.Last(t.Context())
			require.NoError(t, err)
			recs, err := db.After(t.Context(), "", 0, int(last)+1)
			require.NoError(t, err)
			return len(recs)
		}

		ctx, k := key("1")
		_, known, err := db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.False(t, known)
		boom := errors.New("boom")
		require.ErrorIs(t, db.Calls().Update(ctx, "a", func(vi.Tx) error { return boom }), boom)
		_, known, err = db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.False(t, known, "nothing was done")
		require.Same(t, k, idem.Unused(ctx))

		require.NoError(t, begin(ctx, db, "a", "c1"))
		require.Nil(t, idem.Unused(ctx))
		require.NoError(t, begin(ctx, db, "a", "c2"), "the second change of the same request")
		a, known, err := db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, idem.Answer{Request: k.Request}, a)

		again, _ := key("1")
		require.ErrorIs(t, db.Calls().Update(again, "a", func(vi.Tx) error {
			require.Fail(t, "not before it is known")
			return nil
		}), idem.ErrSeen)
		require.ErrorIs(t, begin(again, db, "b", "c3"), idem.ErrSeen, "in whatever account")
		require.Equal(t, 2, count())

		require.NoError(t, db.Remember(ctx, k.Scope, k.ID, 201, []byte("{\x00}")))
		a, known, err = db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.True(t, known)
		require.Equal(t, idem.Answer{Request: k.Request, Status: 201, Body: []byte("{\x00}"), Done: true}, a)
		for scope, id := range map[string]string{"acme/ann": "2", "acme/bob": "1"} {
			_, known, err = db.Remembered(ctx, scope, id)
			require.NoError(t, err)
			require.False(t, known)
		}
		require.NoError(t, db.Remember(ctx, "acme/ann", "2", 200, nil), "of a request that changed nothing")
		other, _ := key("2")
		require.NoError(t, begin(other, db, "a", "c4"))

		now = now.Add(24*time.Hour - time.Microsecond)
		require.NoError(t, db.Sweep(ctx, now))
		_, known, err = db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.True(t, known)
		now = now.Add(2 * time.Microsecond)
		_, known, err = db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.False(t, known, "too old, though not swept yet")
		renewed, _ := key("1")
		require.NoError(t, begin(renewed, db, "a", "c5"))
		a, known, err = db.Remembered(ctx, k.Scope, k.ID)
		require.NoError(t, err)
		require.True(t, known)
		require.False(t, a.Done, "the answer of then is forgotten")
		require.NoError(t, db.Sweep(ctx, now))
		third, _ := key("2")
		require.NoError(t, begin(third, db, "a", "c6"))
	})
}

// TestIdempotencyAtOnce sends each request many times at the same time, to two
// processes.
func TestIdempotencyAtOnce(t *testing.T) {
	on(t, func(t *testing.T, fresh func(testing.TB) string) {
		url := fresh(t)
		dbs := []*bunstore.DB{open(t, url), open(t, url)}
		const requests, times = 10, 8
		var done [requests]atomic.Int64
		var wg sync.WaitGroup
		for n := range requests * times {
			wg.Go(func() {
				r := n % requests
				ctx := idem.With(t.Context(), &idem.Key{Scope: "acme", ID: fmt.Sprint(r)})
				err := begin(ctx, dbs[n/requests%2], "a", vi.CallID(fmt.Sprint("c", n)))
				if err == nil {
					done[r].Add(1)
				} else if !errors.Is(err, idem.ErrSeen) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for r := range done {
			require.EqualValues(t, 1, done[r].Load())
		}
		recs, err := dbs[0].After(t.Context(), "", 0, 100)
		require.NoError(t, err)
		require.Len(t, recs, requests)
	})
}
