// Package desk is the customer-service desk: tickets and conversations over
// whatever channels customers write by, contacts, and the agents who answer.
//
// The rules of tickets are methods on [Ticket] that need no store, clock or
// network. [Desk] carries out commands: it reads what it needs inside
// [Store.Update], asks the rule for the next value and the events, and puts both.
// A [Router] finds an agent for every ticket that waits; a [Floor] knows whose
// pages are open. Who may do what is decided here, by the [account.Actor] that
// every command takes.
package desk

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
	"github.com/tandem-cc/tandem/internal/uuid7"
)

// Config sets up a [Desk]. The zero Config works, without any channel.
type Config struct {
	Channels map[Kind]Channel // by which messages go out
	Blobs    Blobs            // where files are kept; without it there are none
	Contacts Contacts         // who a customer is in the product around the desk; nobody
	Notify   func(Notice)     // told of what an agent should know; nobody
	Presence presence.Policy
	Sweep    time.Duration    // how often Run looks for what ran out of time; 1 s
	Now      func() time.Time // time.Now
	NewID    func() string    // a UUID version 7
	Log      *slog.Logger     // discards
}

// A Notice is something that an agent should know, also away from the desk's
// own pages.
type Notice struct {
	Account account.ID
	To      account.UserID
	Ticket  Ticket
	Text    string // a sentence
}

// A Desk carries out commands. It is safe for concurrent use.
type Desk struct {
	store Store
	cfg   Config
}

// New returns a desk that keeps everything in store.
func New(store Store, cfg Config) *Desk {
	if cfg.Sweep == 0 {
		cfg.Sweep = time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.NewID == nil {
		cfg.NewID = uuid7.New
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Presence = cfg.Presence.WithDefaults()
	return &Desk{store: store, cfg: cfg}
}

// now returns the present to the microsecond, as stores keep it.
func (d *Desk) now() time.Time { return d.cfg.Now().UTC().Truncate(time.Microsecond) }

// A job is one command at work in its transaction.
type job struct {
	Tx
	d       *Desk
	ctx     context.Context
	by      account.Actor
	now     time.Time
	setup   Setup
	notices []Notice
}

// run carries out one command in a transaction: again if what it read has
// changed underneath.
func (d *Desk) run(ctx context.Context, by account.Actor, what string, fn func(*job) error) error {
	for try := 0; ; try++ {
		var notices []Notice
		err := d.store.Update(ctx, by.Account, func(tx Tx) error {
			j := &job{Tx: tx, d: d, ctx: ctx, by: by, now: d.now()}
			var err error
			if j.setup, err = tx.Setup(ctx); err != nil {
				return err
			}
			err = fn(j)
			notices = j.notices
			return err
		})
		switch {
		case err == nil:
			if d.cfg.Notify != nil {
				for _, n := range notices {
					d.cfg.Notify(n)
				}
			}
			return nil
		case errors.Is(err, errStale) && try < 20 && ctx.Err() == nil:
		default:
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}

// errStale marks a put that met another version than the one that was read.
var errStale = errors.New("stale")

type staleError struct{ error }

func (e staleError) Unwrap() []error { return []error{e.error, errStale} }

func stale(err error) error {
	if errors.Is(err, ErrConflict) {
		return staleError{err}
	}
	return err
}

// view runs fn on a consistent reading.
func (d *Desk) view(ctx context.Context, by account.Actor, what string, fn func(*job) error) error {
	err := d.store.View(ctx, by.Account, func(r Reader) error {
		j := &job{Tx: readOnly{Reader: r}, d: d, ctx: ctx, by: by, now: d.now()}
		var err error
		if j.setup, err = r.Setup(ctx); err != nil {
			return err
		}
		return fn(j)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// readOnly is a Tx that only reads. To put something panics: a fault of ours.
type readOnly struct {
	Reader
	writer
}

type writer interface {
	PutSetup(ctx context.Context, s Setup, events ...Event) error
	PutTicket(ctx context.Context, t Ticket, events ...Event) error
	NextNumber(ctx context.Context) (int, error)
	PutEntry(ctx context.Context, e Entry) error
	PutFile(ctx context.Context, f StoredFile) error
	PutContact(ctx context.Context, c Contact, events ...Event) error
	PutContactNote(ctx context.Context, n ContactNote) error
	PutAgent(ctx context.Context, a Agent, events ...Event) error
	PutIntervals(ctx context.Context, user account.UserID, intervals ...presence.Interval) error
	Note(ctx context.Context, about string, owner account.UserID, events ...Event) error
}

// id returns a new identifier.
func (j *job) id() string { return j.d.cfg.NewID() }

// policy returns the policy of the ticket's queue.
func (j *job) policy(t Ticket) Policy { return j.setup.PolicyOf(t.Queue) }
