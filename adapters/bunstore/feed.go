package bunstore

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/adapters/outbox"
)

// An event waits in its transaction to be inserted into the feed, when all of
// the transaction's work is done: on PostgreSQL the feed stands still from the
// first insert to the commit.
type event struct {
	account account.ID
	kind    string
	about   string
	owner   account.UserID
	at      time.Time
	data    string
}

// note adds the events of a change to the transaction.
func note[E interface{ Kind() string }](x *tx, about string, owner account.UserID, events []E) error {
	for _, e := range events {
		data, err := document(e)
		if err != nil {
			return err
		}
		if err := sound(about, string(owner)); err != nil {
			return err
		}
		x.events = append(x.events, event{x.acct, e.Kind(), about, owner, happened(e, x.db.cfg.Now), data})
	}
	return nil
}

// happened returns the event's own time, which every event so far has.
func happened(event any, now func() time.Time) time.Time {
	if v := reflect.Indirect(reflect.ValueOf(event)); v.Kind() == reflect.Struct {
		if at, ok := reflect.TypeAssert[time.Time](v.FieldByName("At")); ok {
			return at
		}
	}
	return now()
}

// chunks are how many events one statement inserts, so that there are few
// different statements to prepare.
var chunks = []int{64, 16, 4, 1}

func (d *DB) insertEvents(s *share) error {
	ctx := context.Background()
	for events := s.events; len(events) > 0; {
		n := chunks[slices.IndexFunc(chunks, func(n int) bool { return n <= len(events) })]
		args := make([]any, 0, 6*n)
		for _, e := range events[:n] {
			args = append(args, string(e.account), e.kind, e.about, string(e.owner), e.at.UnixMicro(), e.data)
		}
		if _, err := s.link.run(ctx, d.engine.putEvents(n), args...); err != nil {
			return d.describe(err)
		}
		events = events[n:]
	}
	return nil
}

type eventRow struct {
	bun.BaseModel `bun:"table:outbox_events,alias:e"`

	Seq     int64
	Account account.ID
	Kind    string
	About   string
	Owner   account.UserID
	At      int64
	Data    string
}

// After implements [outbox.Feed].
func (d *DB) After(ctx context.Context, acct account.ID, seq int64, limit int) (recs []outbox.Record, _ error) {
	if limit <= 0 {
		return nil, nil
	}
	if err := sound(string(acct)); err != nil {
		return nil, err
	}
	var rows []eventRow
	err := d.read(ctx, func(x *tx) error {
		upTo, err := d.engine.horizon(ctx, x.link)
		if err != nil {
			return x.failed(ctx, err)
		}
		q := x.NewSelect().Model(&rows).Where("seq > ?", seq).Where("seq <= ?", upTo).Order("seq").Limit(int64(limit))
		if acct != "" {
			q.Where("account = ?", acct)
		}
		return scan(ctx, x, q)
	})
	for _, r := range rows {
		recs = append(recs, outbox.Record{
			Seq: r.Seq, Account: r.Account, Kind: r.Kind, About: r.About, Owner: r.Owner,
			At: timeOf(r.At), Data: json.RawMessage(r.Data),
		})
	}
	return recs, err
}

// Last implements [outbox.Feed].
func (d *DB) Last(ctx context.Context) (seq int64, err error) {
	err = d.read(ctx, func(x *tx) error {
		upTo, err := d.engine.horizon(ctx, x.link)
		if err != nil {
			return x.failed(ctx, err)
		}
		return scan(ctx, x, x.NewSelect().Model((*eventRow)(nil)).ColumnExpr("coalesce(max(seq), 0)").Where("seq <= ?", upTo), &seq)
	})
	return seq, err
}

// Wake implements [outbox.Feed].
func (d *DB) Wake() <-chan struct{} { return d.wakes.next() }

type cursorRow struct {
	bun.BaseModel `bun:"table:outbox_cursors"`

	Consumer string
	Seq      int64
}

// Cursor implements [outbox.Cursors].
func (d *DB) Cursor(ctx context.Context, consumer string) (seq int64, err error) {
	err = d.read(ctx, func(x *tx) error {
		row, err := get[cursorRow](ctx, x, "WHERE consumer = ?", consumer)
		seq = row.Seq
		return found(err, nil)
	})
	return seq, err
}

// SetCursor implements [outbox.Cursors].
func (d *DB) SetCursor(ctx context.Context, consumer string, seq int64) error {
	return d.system(ctx, func(x *tx) error {
		_, err := x.exec(ctx, "INSERT INTO outbox_cursors (consumer, seq) VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET seq = excluded.seq", consumer, seq)
		return err
	})
}

// wakes tells whoever waits for the next commit.
type wakes struct {
	mu sync.Mutex
	ch chan struct{}

	// told is called, if set, after each commit of this process.
	told func()
}

func (w *wakes) init() { w.ch = make(chan struct{}) }

func (w *wakes) next() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ch
}

// rouse wakes the followers of this process.
func (w *wakes) rouse() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.ch)
	w.ch = make(chan struct{})
}

// wake wakes the followers of every process, after a commit of this one.
func (w *wakes) wake() {
	w.rouse()
	w.mu.Lock()
	told := w.told
	w.mu.Unlock()
	if told != nil {
		told()
	}
}

func (w *wakes) tell(told func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = told
}
