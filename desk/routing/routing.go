// Package routing is the engine that decides which agent gets which ticket: by
// queue, channel, skills, capacity, priority, age and idle time.
//
// It is a deterministic reducer. [Engine.Apply] takes the present moment and one
// [Command], and returns what came of it as a list of [Event]. There is no
// goroutine, no clock and no randomness in it, and the same commands at the same
// moments give the same events. An Engine is not safe for concurrent use: one
// owner per routing domain applies commands in an order that it can repeat.
//
// # Model
//
// A ticket waits in a [Queue] at a place fixed by its first enqueue and its boost
// (Since − Boost; ties by order of arrival). The place is never lost: not by an
// offer that is rejected or times out, not by overflow, not by relaxation. An
// agent may have it who is available, a member of one of the ticket's queues,
// serves its channel, meets the present [Step] of its requirement, has units of
// capacity free, is not skipped by it and is not cooling down after a rejection.
// Of several tickets an agent gets the one whose place is first; of several agents
// a ticket goes to the one of the highest priority in the queue, then by the
// queue's [Order].
//
// Time passes only by [Tick]: an offer that has run out can be accepted until the
// Tick that ends it has been applied, so that of both exactly one happens.
// [Engine.Next] says when a Tick has something to do.
//
// # Guarantees
//
// After every command: no agent holds more than its capacity, but by what was
// forced or adopted; every ticket is in exactly one place; no agent could be given
// a waiting ticket and was not (except as slow start holds back); a stale offer
// changes nothing; a command that returns an error has changed nothing. A ticket is
// overtaken only by tickets whose boost is greater, and only by those that arrive
// within the difference of both boosts; the exception is [Queue.Strict], under which
// a ticket of lower boost may starve.
//
// # Complexity
//
// Tickets of the same queues, channel, weight and requirement form a class with one
// heap; agents of the same queues, skills and channels form a group that knows the
// classes it may serve. An agent who comes free costs one look at each live class that
// the group may serve, mostly at no more than a bound kept in the group's own list, and
// O(log n) in the tickets of the class taken. A class that is new costs a few words for
// every 64 groups, and a note with each group that may serve it: where hardly two agents or tickets
// are alike, that is most of the work. A new ticket costs a look at the open agents or at the groups of its class,
// whichever are fewer, and O(log n) to wait. So the cost is logarithmic in tickets and
// linear in the classes that one agent can serve: finding the first waiting
// requirement that is a subset of somebody's skills has no known structure that is
// both small and logarithmic. Changing an agent's skills costs O(live classes), changing a
// queue (opening and closing included) O(waiting tickets · log), [Engine.Position]
// O(tickets of the queue), and clearing exclusions O(agents).
package routing

import "time"

// Names of things, each within one routing domain.
type (
	AgentID  string
	TicketID string
	QueueID  string
	Skill    string
	Channel  string

	// An OfferID is greater than that of every earlier offer of the engine, and
	// is never used again.
	OfferID uint64
)

// A Mode says how tickets of a queue come to agents.
type Mode string

// The modes. The zero Mode is RoundRobin.
const (
	RoundRobin Mode = "round_robin" // assigned at once
	Push       Mode = "push"        // offered, and assigned when accepted
	PickMe     Mode = "pick_me"     // never pushed: agents claim
)

// An Order says which of several eligible agents of the same queue priority gets a
// ticket. Ties end at the agent's ID.
type Order string

// The orders. The zero Order is Proficiency.
const (
	Proficiency     Order = "proficiency"  // sum of levels over the needed skills, then load, then longest idle
	LongestIdle     Order = "longest_idle" // since the last assignment or becoming available, whichever is later
	LeastLoaded     Order = "least_loaded" // share of capacity in use, then longest idle
	RoundRobinOrder Order = "round_robin"  // least recently assigned
)

// A State is the place of a ticket that the engine knows.
type State string

// The states. A ticket that is in none of them is unknown to the engine.
const (
	StateQueued   State = "queued"
	StateParked   State = "parked"
	StateOffered  State = "offered"
	StateAssigned State = "assigned"
)

// Limits of what may be described.
const (
	MaxUnits    = 20 // capacity of an agent, weight of a ticket
	MaxNeeds    = 8  // skills in one step
	MaxLevel    = 5
	MaxPriority = 5 // the lowest priority of an agent in a queue
	MaxHops     = 5 // overflows of one ticket
)

// Config sets what is common to a routing domain. The zero Config works.
type Config struct {
	OfferTimeout    time.Duration // of queues that set none; 0 means 20 s
	CoolDown        time.Duration // an agent who rejected gets nothing pushed for this long; 0 means 10 s, negative none
	ClearExclusions time.Duration // a ticket that everybody on duty has declined is offered anew after this; 0 means 30 s
	PreferredFor    time.Duration // how long a ticket waits for its preferred agent if it says nothing; 0 means 15 s
	SlowStartFor    time.Duration // how long Queue.SlowStart holds back after an agent arrives or a queue opens; 0 means 15 min
	MaxNoAnswer     int           // offers unanswered in a row until an agent counts as not responding; 0 means 1
	MaxClasses      int           // empty ticket classes remembered; 0 means 4096
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, to time.Duration) {
		if *d == 0 {
			*d = to
		}
	}
	set(&c.OfferTimeout, 20*time.Second)
	set(&c.CoolDown, 10*time.Second)
	set(&c.ClearExclusions, 30*time.Second)
	set(&c.PreferredFor, 15*time.Second)
	set(&c.SlowStartFor, 15*time.Minute)
	if c.ClearExclusions < 0 {
		c.ClearExclusions = 30 * time.Second
	}
	if c.MaxNoAnswer <= 0 {
		c.MaxNoAnswer = 1
	}
	if c.MaxClasses <= 0 {
		c.MaxClasses = 4096
	}
	return c
}
