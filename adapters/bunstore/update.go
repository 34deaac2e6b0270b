package bunstore

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/tandem-cc/tandem/account"
)

const (
	firstWait, longestWait = 2 * time.Millisecond, 500 * time.Millisecond

	// longestTry is when an update that was undone for others is not run again.
	// It outlasts the restart of a PostgreSQL server on the same machine.
	longestTry = 8 * time.Second
)

// update runs fn in a transaction on one account, and again after a conflict
// with another process. fn touches nothing but its tx.
func (d *DB) update(ctx context.Context, domain string, acct account.ID, fn func(*tx) error) error {
	if err := sound(string(acct)); err != nil {
		return err
	}
	l, release := d.engine.lane(domain, acct)
	defer release()
	began := time.Now()
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		err := d.run(ctx, l, acct, fn)
		if err == nil || !again(err) {
			return err
		}
		if time.Since(began) > longestTry {
			d.cfg.Log.Error("an update was undone again and again", "domain", domain, "account", acct, "err", cause(err))
			return err
		}
		t := time.NewTimer(wait - rand.N(wait/2))
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
}
