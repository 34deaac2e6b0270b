package vi

import "github.com/tandem-cc/tandem/internal/fault"

// Kinds of failure returned by this package, for errors.Is.
const (
	ErrInvalid  = fault.Invalid
	ErrDenied   = fault.Denied
	ErrNotFound = fault.NotFound
	ErrConflict = fault.Conflict
	ErrBusy     = fault.Busy
	ErrGone     = fault.Gone
)

// A CallID names a call within its account.
type CallID string

// An InviteID names one invitation to a call.
type InviteID string
