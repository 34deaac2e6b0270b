package routing

import "time"

// An Event is something that came of a command. Its JSON form is stable.
type Event interface{ event() }

// A Reason says how an offer ended.
type Reason string

// The reasons.
const (
	Accepted  Reason = "accepted"
	Rejected  Reason = "rejected"
	TimedOut  Reason = "timeout"
	Rescinded Reason = "rescinded" // the agent or the ticket became unable to, or somebody decided otherwise
)

// Why records the grounds of a decision. Durations are nanoseconds in JSON.
type Why struct {
	Queue      QueueID       `json:"queue"`      // by membership of which the agent got it
	Step       int           `json:"step"`       // of the ticket's Steps, from 0
	Candidates int           `json:"candidates"` // eligible agents who shared the best rank and were compared by load and idle time
	Priority   int           `json:"priority"`   // of the agent in Queue; 0 if not a member
	Level      int           `json:"level"`      // sum of the agent's levels over the needed skills
	Used       int           `json:"used"`       // units before this ticket
	Max        int           `json:"max"`
	Idle       time.Duration `json:"idle"`   // of the agent
	Waited     time.Duration `json:"waited"` // of the ticket, since first enqueued
	Mode       Mode          `json:"mode"`
	Preferred  bool          `json:"preferred,omitempty"` // it was waiting for this agent
	Overflow   bool          `json:"overflow,omitempty"`  // Queue is not the one it was enqueued in
}

// The events.
type (
	// Queued: the ticket waits in Queue at the place given by Since. It does not
	// follow an OfferEnded, which implies it.
	Queued struct {
		Ticket TicketID  `json:"ticket"`
		Queue  QueueID   `json:"queue"`
		Since  time.Time `json:"since"`
	}
	// Parked: the ticket waits for Queue to open.
	Parked struct {
		Ticket TicketID `json:"ticket"`
		Queue  QueueID  `json:"queue"`
	}
	// Offered: Agent may accept the ticket until Until; its units are reserved.
	Offered struct {
		Offer  OfferID   `json:"offer"`
		Ticket TicketID  `json:"ticket"`
		Agent  AgentID   `json:"agent"`
		Until  time.Time `json:"until"`
		Why    Why       `json:"why"`
	}
	// OfferEnded: for Accepted an Assigned follows; otherwise the ticket waits again
	// at its place, unless a later event of the same command says where it went.
	OfferEnded struct {
		Offer  OfferID  `json:"offer"`
		Ticket TicketID `json:"ticket"`
		Agent  AgentID  `json:"agent"`
		Reason Reason   `json:"reason"`
	}
	// Assigned: the ticket is with Agent.
	Assigned struct {
		Ticket TicketID `json:"ticket"`
		Agent  AgentID  `json:"agent"`
		From   AgentID  `json:"from,omitempty"`   // who had it before
		Forced bool     `json:"forced,omitempty"` // by Assign.Force although the agent was away or full
		Why    Why      `json:"why"`
	}
	// Adopted: the ticket counts for Agent, because the store says so.
	Adopted struct {
		Ticket TicketID `json:"ticket"`
		Agent  AgentID  `json:"agent"`
		From   AgentID  `json:"from,omitempty"`
		Over   bool     `json:"over,omitempty"` // the agent has more units than its capacity now
	}
	// Overflowed: To's agents may have the ticket too, or instead if Moved.
	Overflowed struct {
		Ticket TicketID `json:"ticket"`
		From   QueueID  `json:"from"`
		To     QueueID  `json:"to"`
		Moved  bool     `json:"moved,omitempty"`
	}
	// Relaxed: the ticket's requirement is that of Step now.
	Relaxed struct {
		Ticket    TicketID `json:"ticket"`
		Step      int      `json:"step"`
		Preferred bool     `json:"preferred,omitempty"` // it waits for its preferred agent no longer
	}
	// Cleared: the ticket may be offered again to those who declined it.
	Cleared struct {
		Ticket TicketID `json:"ticket"`
	}
	// NotResponding: Agent left too many offers unanswered. The engine treats the agent
	// as unavailable until the next SetAvailable.
	NotResponding struct {
		Agent AgentID `json:"agent"`
	}
	// Removed: the ticket neither waits nor counts any longer.
	Removed struct {
		Ticket    TicketID `json:"ticket"`
		Agent     AgentID  `json:"agent,omitempty"` // who had it
		Abandoned bool     `json:"abandoned,omitempty"`
	}
)

func (Queued) event()        {}
func (Parked) event()        {}
func (Offered) event()       {}
func (OfferEnded) event()    {}
func (Assigned) event()      {}
func (Adopted) event()       {}
func (Overflowed) event()    {}
func (Relaxed) event()       {}
func (Cleared) event()       {}
func (NotResponding) event() {}
func (Removed) event()       {}
