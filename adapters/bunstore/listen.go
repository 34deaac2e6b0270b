package bunstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tandem-cc/tandem/internal/uuid7"
)

// channel is what processes tell each other of commits on. A NOTIFY within the
// transaction would make all commits of the server wait for one another, so it
// follows the commit, one for all that came meanwhile. If the process dies
// between, the others learn of the commit by looking.
const channel = "tandem_outbox"

// run tells other processes of the commits of this one, and hears of theirs.
func (e *postgresEngine) run(ctx context.Context, d *DB) error {
	self := uuid7.New()
	tell := make(chan struct{}, 1)
	d.wakes.tell(func() {
		select {
		case tell <- struct{}{}:
		default:
		}
	})
	defer d.wakes.tell(nil)
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		e.hear(ctx, d, self)
	}()
	defer func() { <-heard }()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tell:
			_, err := e.db.DB.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, self)
			if err != nil && ctx.Err() == nil {
				d.cfg.Log.Warn("tell other processes of a commit", "err", err)
			}
		}
	}
}

// hear wakes the followers of this process when another one has committed.
func (e *postgresEngine) hear(ctx context.Context, d *DB, self string) {
	for wait := firstWait; ctx.Err() == nil; wait = min(2*wait, 10*longestWait) {
		err := e.listen(ctx, func(from string) {
			wait = firstWait
			if from != self {
				d.wakes.rouse()
			}
		})
		if ctx.Err() != nil {
			return
		}
		d.cfg.Log.Warn("listen to other processes", "err", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// listen calls heard with the name of each process that tells of a commit, and
// with none when it begins to listen, since it may have missed some.
func (e *postgresEngine) listen(ctx context.Context, heard func(from string)) error {
	conn, err := pgx.ConnectConfig(ctx, e.config)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	heard("")
	for {
		quiet, cancel := context.WithTimeout(ctx, 30*time.Second)
		n, err := conn.WaitForNotification(quiet)
		cancel()
		switch {
		case err == nil:
			heard(n.Payload)
		case ctx.Err() == nil && pgconn.Timeout(err) && errors.Is(err, context.DeadlineExceeded):
			if err := conn.Ping(ctx); err != nil { // is anybody there?
				return err
			}
		default:
			return err
		}
	}
}
