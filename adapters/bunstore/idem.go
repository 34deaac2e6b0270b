package bunstore

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/internal/idem"
)

// remembered is how long an idempotency key is kept.
const remembered = 24 * time.Hour

type keyRow struct {
	bun.BaseModel `bun:"table:idem_keys"`

	Scope   string
	ID      string
	Request string // hexadecimal
	At      int64
	Status  int
	Body    []byte
	Done    bool
}

// claim records the key, or fails with [idem.ErrSeen] if it was before.
func (x *tx) claim(ctx context.Context, k *idem.Key) error {
	now := x.db.cfg.Now()
	n, err := x.exec(ctx, `INSERT INTO idem_keys (scope, id, request, at, status, done) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (scope, id) DO UPDATE SET request = excluded.request, at = excluded.at, status = 0, body = NULL, done = excluded.done
		WHERE idem_keys.at < ?`,
		k.Scope, k.ID, hex.EncodeToString(k.Request[:]), now.UnixMicro(), 0, false, now.Add(-remembered).UnixMicro())
	if err == nil && n == 0 {
		return idem.ErrSeen
	}
	return err
}

// Remembered returns what is known of the request with that key, and whether
// anything is. Keys are forgotten after 24 hours.
func (d *DB) Remembered(ctx context.Context, scope, id string) (a idem.Answer, known bool, err error) {
	err = d.read(ctx, func(x *tx) error {
		row, err := get[keyRow](ctx, x, "WHERE scope = ? AND id = ? AND at >= ?", scope, id, d.cfg.Now().Add(-remembered).UnixMicro())
		if err != nil {
			return found(err, nil)
		}
		known = true
		a = idem.Answer{Status: row.Status, Body: row.Body, Done: row.Done}
		_, err = hex.Decode(a.Request[:], []byte(row.Request))
		return err
	})
	return a, known, err
}

// Remember keeps the answer to the request with that key. It does nothing if
// the request made no change, and so recorded no key.
func (d *DB) Remember(ctx context.Context, scope, id string, status int, body []byte) error {
	return d.system(ctx, func(x *tx) error {
		_, err := x.exec(ctx, "UPDATE idem_keys SET status = ?, body = ?, done = ? WHERE scope = ? AND id = ?", status, body, true, scope, id)
		return err
	})
}

// Sweep deletes what has expired by now: idempotency keys of 24 hours ago.
func (d *DB) Sweep(ctx context.Context, now time.Time) error {
	return d.system(ctx, func(x *tx) error {
		_, err := x.exec(ctx, "DELETE FROM idem_keys WHERE at < ?", now.Add(-remembered).UnixMicro())
		return err
	})
}
