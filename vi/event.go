package vi

import (
	"time"

	"github.com/tandem-cc/tandem/account"
)

// An Event is a fact: something that has happened to one call. Kind is its name
// in the feed and never changes, nor does the meaning of its fields. The events
// of a call, in order, rebuild it: see [Replay].
type Event interface {
	Kind() string
	apply(c Call) Call
}

// The events of a call.
type (
	// CallStarted begins a call that an agent places.
	CallStarted struct {
		Call      CallID         `json:"call"`
		Reference string         `json:"reference"`
		Agent     account.UserID `json:"agent"`
		AgentName string         `json:"agent_name"`
		Phone     Phone          `json:"phone,omitempty"`
		Previous  CallID         `json:"previous,omitempty"`
		At        time.Time      `json:"at"`
	}
	// CallArrived begins a call that a customer makes: it waits for an agent.
	CallArrived struct {
		Call      CallID    `json:"call"`
		Reference string    `json:"reference"`
		Name      string    `json:"name"`
		Device    Hash      `json:"device"`
		At        time.Time `json:"at"`
	}
	// InviteCreated says that an invitation is about to be sent, or copied.
	InviteCreated struct {
		Call   CallID    `json:"call"`
		Invite Invite    `json:"invite"`
		At     time.Time `json:"at"`
	}
	// InviteMoved says that an invitation came further, or failed to.
	InviteMoved struct {
		Call     CallID       `json:"call"`
		Invite   InviteID     `json:"invite"`
		Status   InviteStatus `json:"status"`
		Reported InviteStatus `json:"reported"` // what the report said; a late one does not move Status back
		Problem  string       `json:"problem,omitempty"`
		Provider string       `json:"provider,omitempty"`
		At       time.Time    `json:"at"`
	}
	// GuestWaiting says that the customer has taken the seat and waits.
	GuestWaiting struct {
		Call       CallID     `json:"call"`
		Invite     InviteID   `json:"invite,omitempty"`
		Name       string     `json:"name"`
		Device     Hash       `json:"device"`
		Browser    string     `json:"browser,omitempty"`
		Permission Permission `json:"permission,omitzero"`
		At         time.Time  `json:"at"`
	}
	// GuestKnocked says that another device asks for the customer's seat.
	GuestKnocked struct {
		Call  CallID    `json:"call"`
		Knock Knock     `json:"knock"`
		At    time.Time `json:"at"`
	}
	// GuestAdmitted says that the agent answered the knock.
	GuestAdmitted struct {
		Call     CallID    `json:"call"`
		Knock    string    `json:"knock"`
		Admitted bool      `json:"admitted"`
		At       time.Time `json:"at"`
	}
	// LegMoved says that a participant's leg changed.
	LegMoved struct {
		Call       CallID         `json:"call"`
		Seat       Seat           `json:"seat"`
		User       account.UserID `json:"user,omitempty"` // who takes the agent's seat
		Name       string         `json:"name,omitempty"`
		Status     LegStatus      `json:"status"`
		Permission Permission     `json:"permission,omitzero"` // if the browser said something new of it
		At         time.Time      `json:"at"`
	}
	// CallMoved says that the call came to another status that is not final.
	CallMoved struct {
		Call   CallID         `json:"call"`
		Status Status         `json:"status"`
		Agent  account.UserID `json:"agent,omitempty"` // whom it is offered to, of a ringing call
		By     Party          `json:"by"`
		At     time.Time      `json:"at"`
	}
	// CallEnded says that the call is over.
	CallEnded struct {
		Call   CallID        `json:"call"`
		Status Status        `json:"status"`
		Reason EndReason     `json:"reason"`
		By     Party         `json:"by"`
		Lost   []Seat        `json:"lost,omitempty"` // who was lost
		Talk   time.Duration `json:"talk"`           // nanoseconds
		At     time.Time     `json:"at"`
	}
	// MessageSent says that one side wrote into the chat.
	MessageSent struct {
		Call    CallID    `json:"call"`
		Message Message   `json:"message"`
		At      time.Time `json:"at"`
	}
	// CallRated says that one side gave its opinion.
	CallRated struct {
		Call   CallID    `json:"call"`
		Rating Rating    `json:"rating"`
		At     time.Time `json:"at"`
	}
)

func (CallStarted) Kind() string   { return "vi.call_started" }
func (CallArrived) Kind() string   { return "vi.call_arrived" }
func (InviteCreated) Kind() string { return "vi.invite_created" }
func (InviteMoved) Kind() string   { return "vi.invite_moved" }
func (GuestWaiting) Kind() string  { return "vi.guest_waiting" }
func (GuestKnocked) Kind() string  { return "vi.guest_knocked" }
func (GuestAdmitted) Kind() string { return "vi.guest_admitted" }
func (LegMoved) Kind() string      { return "vi.leg_moved" }
func (CallMoved) Kind() string     { return "vi.call_moved" }
func (CallEnded) Kind() string     { return "vi.call_ended" }
func (MessageSent) Kind() string   { return "vi.message_sent" }
func (CallRated) Kind() string     { return "vi.call_rated" }
