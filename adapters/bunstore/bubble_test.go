package bunstore_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tandem-cc/tandem/adapters/outbox"
)

// TestBubble runs the store where time is simulated, as tests of hours do.
func TestBubble(t *testing.T) {
	url := sqliteFile(t)
	synctest.Test(t, func(t *testing.T) {
		db := open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		f := newFollower()
		done := make(chan struct{})
		go func() {
			defer close(done)
			outbox.Follow(ctx, db, "", 0, f.take)
		}()
		require.NoError(t, begin(t.Context(), db, "a", "c1"))
		time.Sleep(time.Hour)
		require.NoError(t, begin(t.Context(), db, "a", "c2"))
		recs := f.wait(t, 2)
		require.Equal(t, time.Hour, recs[1].At.Sub(recs[0].At).Truncate(time.Hour))
		cancel()
		<-done
	})
}
