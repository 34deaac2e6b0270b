package routing

import "fmt"

// An Error is a kind of refusal, for errors.Is. Its text is a sentence for a person.
type Error string

// Error returns the sentence.
func (e Error) Error() string { return string(e) }

// The kinds of refusal. A command that returns one has changed nothing.
const (
	ErrInvalid         Error = "the command is not valid"
	ErrUnknown         Error = "there is no such queue, agent or ticket in routing"
	ErrAlreadyAssigned Error = "the ticket is already with another agent"
	ErrOfferGone       Error = "the offer has ended"
	ErrQueueFull       Error = "the queue is full"
	ErrQueueInUse      Error = "tickets still wait in the queue"
	ErrNotEligible     Error = "the agent may not have this ticket"
	ErrNoRoom          Error = "the agent has no capacity left"
)

func refuse(kind Error, format string, args ...any) error {
	return fmt.Errorf("%w: %s", kind, fmt.Sprintf(format, args...))
}
