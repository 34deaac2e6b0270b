package bunstore

import (
	"context"
	"errors"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A failureKind is what a failure of the database means to its callers.
type failureKind int

const (
	failureOther   failureKind = iota
	failureAgain               // the transaction was undone for the sake of another one, or never began
	failureFull                // no room to write
	failureTaken               // a unique column has the value in another row
	failureOrphan              // what the row belongs to does not exist
	failureUnknown             // the connection broke during the commit
)

// A failure is one of the database, in words for a person. The cause is for
// errors.As only: it is not shown, since it may quote what was written.
type failure struct {
	kind     fault.Kind
	sentence string
	cause    error
	what     failureKind
}

func (f *failure) Error() string { return f.sentence }

func (f *failure) Unwrap() []error { return []error{f.kind, f.cause} }

// errUndone is why an update has to run again through no fault of its own: a
// transaction that it shared was undone.
var errUndone = &failure{kind: fault.Busy, sentence: "the database is busy, try again in a moment", what: failureAgain, cause: errors.New("the shared transaction was undone")}

// describe returns a failure of the database in words for a person. One that
// nobody can do anything about is returned as it is.
func (d *DB) describe(err error) error {
	if _, known := errors.AsType[*failure](err); known || err == nil {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	f := &failure{cause: err, what: d.engine.failure(err)}
	switch f.what {
	case failureAgain:
		f.kind, f.sentence = fault.Busy, "the database is busy or away, try again in a moment"
	case failureFull:
		d.health.wrote(err, d.cfg.Now())
		f.kind, f.sentence = fault.Busy, "nothing can be saved, because the disk of the database is full"
	case failureTaken:
		f.kind, f.sentence = fault.Conflict, "another one has the same name or key"
	case failureOrphan:
		f.kind, f.sentence = fault.NotFound, "what this belongs to does not exist"
	case failureUnknown:
		f.kind, f.sentence = fault.Busy, "the database was lost while saving: look whether it was saved before you try again"
	default:
		return err
	}
	return f
}

// again reports whether an update that failed like this may run again.
func again(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.what == failureAgain
}

// cause returns what the database itself said, for the log.
func cause(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.cause
	}
	return err
}
