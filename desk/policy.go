package desk

import (
	"slices"
	"time"

	"github.com/tandem-cc/tandem/internal/fault"
)

// A ReopenMode says what becomes of a customer's message after a resolved ticket.
type ReopenMode string

// The modes of reopening.
const (
	ReopenSame   ReopenMode = "same"   // within the window the same ticket, after it a linked new one
	ReopenLinked ReopenMode = "linked" // always a linked new ticket
)

// A ReopenAssignee says who gets a ticket that a customer has reopened.
type ReopenAssignee string

// Whom reopened tickets go to.
const (
	ReopenKeep    ReopenAssignee = "keep"    // the one who had it if available, otherwise the queue
	ReopenRequeue ReopenAssignee = "requeue" // the queue, with the one who had it as a hint
)

// Off is a duration of a [Policy] that never runs out.
const Off time.Duration = -1

// A Policy sets the times and choices of tickets. What is zero has its default,
// which [Policy.WithDefaults] fills in: those of [PresetTicket]. Off switches a
// timer off.
type Policy struct {
	ResolvedHold    time.Duration `json:"resolved_hold,omitempty"`    // a resolved ticket can be reopened; 1 h. Off: it closes at once
	PendingHold     time.Duration `json:"pending_hold,omitempty"`     // a pending ticket waits for the customer; 1 h
	InactivityAfter time.Duration `json:"inactivity_after,omitempty"` // an answered ticket is resolved; Off
	LeaseAfter      time.Duration `json:"lease_after,omitempty"`      // the assignee has to reply; Off
	AbandonAfter    time.Duration `json:"abandon_after,omitempty"`    // unanswered tickets end; Off
	Grace           time.Duration `json:"grace,omitempty"`            // for a message that was written before a window closed; 30 s
	GratitudeFor    time.Duration `json:"gratitude_for,omitempty"`    // thanks after closing belong to the closed ticket; 24 h

	Reopen           ReopenMode     `json:"reopen,omitempty"`
	ReopenTo         ReopenAssignee `json:"reopen_to,omitempty"`
	NewVisible       bool           `json:"new_visible,omitempty"`       // agents of the queue see what waits in it
	ReplyClaims      bool           `json:"reply_claims,omitempty"`      // replying to an unassigned ticket claims it
	HoldThrough      bool           `json:"hold_through,omitempty"`      // a customer's message leaves a ticket on hold
	GratitudeCloses  bool           `json:"gratitude_closes,omitempty"`  // thanks resolve an answered ticket
	CapacityStatuses []Status       `json:"capacity_statuses,omitempty"` // count against capacity; open alone
}

// PresetTicket is the policy of tickets as support teams know them: a resolved
// ticket can be reopened for an hour, new ones are for supervisors alone.
func PresetTicket() Policy {
	return Policy{
		ResolvedHold: time.Hour, PendingHold: time.Hour, InactivityAfter: Off, LeaseAfter: Off, AbandonAfter: Off,
		Grace: 30 * time.Second, GratitudeFor: 24 * time.Hour,
		Reopen: ReopenSame, ReopenTo: ReopenKeep, CapacityStatuses: []Status{StatusOpen},
	}
}

// PresetConversation is the policy of chats: resolving ends them, silence
// resolves them after 24 h, and the next message begins a linked one.
func PresetConversation() Policy {
	p := PresetTicket()
	p.ResolvedHold, p.PendingHold, p.InactivityAfter = Off, Off, 24*time.Hour
	p.Reopen, p.ReopenTo, p.NewVisible, p.ReplyClaims = ReopenLinked, ReopenRequeue, true, true
	return p
}

// WithDefaults returns the policy with every zero field set to its default.
func (p Policy) WithDefaults() Policy {
	d := PresetTicket()
	for _, f := range []struct{ field, value *time.Duration }{
		{&p.ResolvedHold, &d.ResolvedHold}, {&p.PendingHold, &d.PendingHold}, {&p.InactivityAfter, &d.InactivityAfter},
		{&p.LeaseAfter, &d.LeaseAfter}, {&p.AbandonAfter, &d.AbandonAfter}, {&p.Grace, &d.Grace}, {&p.GratitudeFor, &d.GratitudeFor},
	} {
		if *f.field == 0 {
			*f.field = *f.value
		}
	}
	if p.Reopen == "" {
		p.Reopen = d.Reopen
	}
	if p.ReopenTo == "" {
		p.ReopenTo = d.ReopenTo
	}
	if len(p.CapacityStatuses) == 0 {
		p.CapacityStatuses = d.CapacityStatuses
	}
	return p
}

// Check reports every field that makes no sense, named as in JSON.
func (p Policy) Check() error {
	var c fault.Check
	for name, d := range map[string]time.Duration{
		"resolved_hold": p.ResolvedHold, "pending_hold": p.PendingHold, "inactivity_after": p.InactivityAfter,
		"lease_after": p.LeaseAfter, "abandon_after": p.AbandonAfter,
	} {
		c.That(d == Off || d == 0 || d >= time.Second && d <= 90*24*time.Hour, name, "has to be between 1 second and 90 days, or off")
	}
	c.That(p.Grace >= 0 && p.Grace <= 10*time.Minute, "grace", "has to be at most 10 minutes")
	c.That(p.GratitudeFor >= 0 && p.GratitudeFor <= 90*24*time.Hour, "gratitude_for", "has to be at most 90 days")
	c.That(slices.Contains([]ReopenMode{"", ReopenSame, ReopenLinked}, p.Reopen), "reopen", "is neither same nor linked")
	c.That(slices.Contains([]ReopenAssignee{"", ReopenKeep, ReopenRequeue}, p.ReopenTo), "reopen_to", "is neither keep nor requeue")
	for _, s := range p.CapacityStatuses {
		c.That(slices.Contains([]Status{StatusOpen, StatusPending, StatusOnHold}, s), "capacity_statuses", "cannot contain %s", s)
	}
	return c.Err()
}
