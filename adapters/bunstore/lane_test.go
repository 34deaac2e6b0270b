package bunstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestLaneHandedToTheImpatient has the lane handed over, with a transaction
// open, to an update that loses patience at that moment: it has to pass it on.
func TestLaneHandedToTheImpatient(t *testing.T) {
	d := &DB{cfg: Config{}.withDefaults()}
	d.wakes.init()
	committed := 0
	l := &lane{commit: func(*link) error {
		committed++
		return nil
	}}
	gaveUp := 0
	for range 200 {
		require.NoError(t, d.enter(t.Context(), l))
		ctx, cancel := context.WithCancel(t.Context())
		entered := make(chan error)
		go func() { entered <- d.enter(ctx, l) }()
		require.Eventually(t, func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return len(l.queue) == 1
		}, time.Minute, 10*time.Microsecond)

		s := &share{kept: 1, since: time.Now(), done: make(chan struct{})}
		l.open = s
		cancel()
		d.leave(l)
		switch err := <-entered; {
		case err == nil:
			d.leave(l)
		case errors.Is(err, context.Canceled):
			gaveUp++
		default:
			require.NoError(t, err)
		}
		<-s.done
		require.False(t, l.taken)
		require.Nil(t, l.open)
	}
	require.Equal(t, 200, committed)
	require.Positive(t, gaveUp)
}
