// Package fault holds the few kinds of failure a caller can act upon.
//
// Domain packages re-export the kinds they return, so a caller writes
// errors.Is(err, vi.ErrNotFound) and an HTTP adapter maps all kinds once.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// A Kind is a sentinel that says what the caller can do about a failure.
type Kind string

// The kinds. A failure of no kind is a fault of ours, or of a dependency.
const (
	Invalid  Kind = "invalid"   // The request is wrong as written. Correct it.
	Denied   Kind = "denied"    // This actor may not do this.
	NotFound Kind = "not found" // No such thing that this actor may see.
	Conflict Kind = "conflict"  // It changed since it was read, or its state forbids this.
	Busy     Kind = "busy"      // Try again later.
	Gone     Kind = "gone"      // It was there, and has ended or expired for good.
)

func (k Kind) Error() string { return string(k) }

// KindOf returns the kind of err, or "" if it has none.
func KindOf(err error) Kind {
	k, _ := errors.AsType[Kind](err)
	return k
}

// Errorf returns an error of kind k whose message is only the formatted text.
func Errorf(k Kind, format string, args ...any) error {
	return &fault{k, fmt.Errorf(format, args...)}
}

type fault struct {
	kind Kind
	err  error
}

func (f *fault) Error() string   { return f.err.Error() }
func (f *fault) Unwrap() []error { return []error{f.kind, f.err} }

// A Field is what is wrong with one field of a request.
type Field struct {
	Name    string // as the caller spells it, such as "phone"
	Problem string // a phrase for a person that follows the name, such as "is not a phone number"
}

// Fields is an error of kind [Invalid] that names every bad field at once.
type Fields []Field

func (f Fields) Error() string {
	var b strings.Builder
	for i, x := range f {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(x.Name + " " + x.Problem)
	}
	return b.String()
}

func (f Fields) Unwrap() error { return Invalid }

// A Check gathers bad fields. The zero Check has found none.
type Check struct{ found Fields }

// That notes the field as bad unless ok.
func (c *Check) That(ok bool, name, problem string, args ...any) {
	if !ok {
		c.found = append(c.found, Field{name, fmt.Sprintf(problem, args...)})
	}
}

// Err returns what was found as [Fields], or nil.
func (c *Check) Err() error {
	if len(c.found) == 0 {
		return nil
	}
	return c.found
}
