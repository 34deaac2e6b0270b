package desk

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

// Names of things, each within its account.
type (
	TicketID  string // a UUID version 7
	ContactID string // a UUID version 7
	EntryID   string // a UUID version 7
	FileID    string // a UUID version 7
	QueueID   string
	LineID    string
	SkillID   string
	LabelID   string
	NoteID    string
)
