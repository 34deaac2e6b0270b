package bunstore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"
)

const (
	// probe is how old the news of the last commit may be before [DB.Ping] makes
	// one to see that it can.
	probe = 5 * time.Second

	// ballast is how much it writes, in bytes, after a commit has failed. Of a
	// full disk a few bytes may be left, which are no good to commands.
	ballast = 256 << 10
)

// health is when the database was last written to, by whom it may be, and with
// what success.
type health struct {
	mu  sync.Mutex
	at  time.Time
	err error
}

func (h *health) wrote(err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at, h.err = now, err
}

// last returns whether the last commit failed, and whether it was not long ago.
func (h *health) last(now time.Time) (failed, fresh bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	age := now.Sub(h.at)
	return h.err != nil, age >= 0 && age < probe
}

// Ping fails unless the database can be read and written. It reads; and unless
// there was a successful commit within the last 5 seconds it makes one, of the
// same row each time, so that it may be called often; a larger one if the last
// commit failed. On SQLite it also fails if
// the file was deleted or replaced. ctx should have a deadline of some seconds.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.engine.sound(); err != nil {
		return fmt.Errorf("the file of the database: %w", err)
	}
	if _, err := d.Cursor(ctx, ""); err != nil {
		return fmt.Errorf("read the database: %w", err)
	}
	failed, fresh := d.health.last(d.cfg.Now())
	if fresh && !failed {
		return nil
	}
	text := ""
	if failed {
		random := make([]byte, ballast/2) // which no database can compress
		rand.Read(random)
		text = hex.EncodeToString(random)
	}
	written := make(chan error, 1) // the lane does not look at ctx while it commits
	go func() { written <- d.beat(ctx, text) }()
	select {
	case err := <-written:
		if err != nil {
			return fmt.Errorf("write to the database: %w", err)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("write to the database: %w", ctx.Err())
	}
}

func (d *DB) beat(ctx context.Context, ballast string) error {
	l, release := d.engine.lane("", "")
	defer release()
	return d.run(ctx, l, "", func(x *tx) error { // once: the next Ping is the next try
		_, err := x.exec(ctx, "UPDATE tandem_health SET at = ?, ballast = ? WHERE id = 1", d.cfg.Now().UnixMicro(), ballast)
		return err
	})
}
