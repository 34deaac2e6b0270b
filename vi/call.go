package vi

import (
	"slices"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// Status is where a call stands.
type Status string

// The statuses of a call. The second group is final: nothing leaves it.
const (
	StatusCreated      Status = "created"      // begun; no invitation is on its way yet
	StatusInvited      Status = "invited"      // an invitation is on its way, or with the customer
	StatusWaiting      Status = "waiting"      // the customer is in the waiting room
	StatusRinging      Status = "ringing"      // offered to an agent
	StatusConnecting   Status = "connecting"   // both sides are there, media is not yet
	StatusConnected    Status = "connected"    // both sides see and hear each other
	StatusReconnecting Status = "reconnecting" // was connected; a side is lost for the moment
	StatusHeld         Status = "held"         // paused by one side

	StatusCompleted Status = "completed" // was connected, and a side hung up
	StatusCancelled Status = "cancelled" // the agent took it back before it connected
	StatusExpired   Status = "expired"   // nobody used the invitation in time
	StatusDeclined  Status = "declined"  // the customer said no
	StatusMissed    Status = "missed"    // the customer waited and nobody came
	StatusAbandoned Status = "abandoned" // the customer left before it connected
	StatusFailed    Status = "failed"    // media never came up, or no invitation could be sent
	StatusDropped   Status = "dropped"   // was connected, and a side was lost for good
)

// Statuses returns every status, in the order of a call's life.
func Statuses() []Status {
	return []Status{
		StatusCreated, StatusInvited, StatusWaiting, StatusRinging, StatusConnecting, StatusConnected,
		StatusReconnecting, StatusHeld, StatusCompleted, StatusCancelled, StatusExpired, StatusDeclined,
		StatusMissed, StatusAbandoned, StatusFailed, StatusDropped,
	}
}

// Final reports whether a call of this status is over.
func (s Status) Final() bool { return slices.Index(Statuses(), s) >= 8 }

// An EndReason says why a call is over. It is more exact than the status.
type EndReason string

// The reasons for which calls end.
const (
	EndHangup        EndReason = "hangup"
	EndMaxDuration   EndReason = "max_duration"
	EndCancelled     EndReason = "cancelled"       // before the customer came
	EndDiscarded     EndReason = "discarded"       // while the customer was waiting
	EndInviteExpired EndReason = "invite_expired"  //
	EndInviteFailed  EndReason = "invite_failed"   // no invitation could be delivered
	EndDeclined      EndReason = "declined"        //
	EndConsentDenied EndReason = "consent_denied"  //
	EndWaitedTooLong EndReason = "waited_too_long" //
	EndNotAnswered   EndReason = "not_answered"    // offered to agents, none took it
	EndCustomerLeft  EndReason = "customer_left"   // the waiting room
	EndMediaFailed   EndReason = "media_failed"    //
	EndCustomerLost  EndReason = "customer_lost"   // and did not come back in time
	EndAgentLost     EndReason = "agent_lost"      //
	EndBothLost      EndReason = "both_lost"       //
	EndEngineError   EndReason = "engine_error"    //
)

// A Party is who did something to a call: a seat of it, or the system.
type Party string

// The parties of a call.
const (
	ByAgent    Party = Party(SeatAgent)
	ByCustomer Party = Party(SeatCustomer)
	BySystem   Party = "system"
)

// A Call is one video call, from the agent's decision to call to its end. Its
// rules are methods that return the next value and the events between; they
// need no store, clock or network.
type Call struct {
	ID         CallID
	Reference  string // unique in the account
	Agent      account.UserID
	AgentName  string
	Phone      Phone
	Customer   string // display name the customer gave
	Status     Status
	EndReason  EndReason
	EndedBy    Party
	LostSeats  []Seat // who was lost, of a dropped call
	CreatedAt  time.Time
	WaitingAt  time.Time // the customer came into the waiting room, first time
	StageAt    time.Time // the present status began
	AnsweredAt time.Time // media flowed both ways, first time; zero if never
	EndedAt    time.Time
	Talk       time.Duration // spent connected or held; [Call.TalkAt] adds the running span
	HeldBy     Seat          // who put it on hold, "" if nobody; kept while reconnecting
	Offers     int           // to agents, of a call that came in
	Reconnects int           // times a lost side came back
	DueAt      time.Time     // when a timer of this status runs out; zero for none
	Invites    []Invite      // oldest first
	Legs       []Leg         // at most one for each seat
	Knock      *Knock        // another device asks for the customer's seat
	Ratings    []Rating      // at most one from each seat
	Messages   int           // in the chat so far
	Previous   CallID        // the call that this one follows ("invite again")
	Version    int           // one more with every change
}

// TalkAt returns how long the two sides had been connected (or held) by then.
func (c Call) TalkAt(now time.Time) time.Duration {
	if c.Status == StatusConnected || c.Status == StatusHeld {
		return c.Talk + max(0, now.Sub(c.StageAt))
	}
	return c.Talk
}

// Leg returns the seat's leg, or the zero Leg if nobody has taken the seat.
func (c Call) Leg(s Seat) Leg {
	for _, l := range c.Legs {
		if l.Seat == s {
			return l
		}
	}
	return Leg{Seat: s}
}

// Invite returns the invitation, and whether there is one.
func (c Call) Invite(id InviteID) (Invite, bool) {
	for _, i := range c.Invites {
		if i.ID == id {
			return i, true
		}
	}
	return Invite{}, false
}

// Rating returns the seat's rating, and whether it gave one.
func (c Call) Rating(s Seat) (Rating, bool) {
	for _, r := range c.Ratings {
		if r.Seat == s {
			return r, true
		}
	}
	return Rating{}, false
}

// A Knock is a second device that opened the link and asks for the seat.
type Knock struct {
	ID      string    `json:"id"`
	Device  Hash      `json:"device"`
	Name    string    `json:"name"` // "" if the browser did not say
	Browser string    `json:"browser"`
	At      time.Time `json:"at"`
}

// A Rating is one side's opinion of the call.
type Rating struct {
	Seat    Seat      `json:"seat"`
	Stars   int       `json:"stars"` // 1 to 5
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// A Message is one line of a call's chat.
type Message struct {
	Call CallID    `json:"call"`
	N    int       `json:"n"`  // 1, 2, 3 … within the call
	Op   string    `json:"op"` // chosen by the sender, so that a message sent again is the same one
	From Seat      `json:"from"`
	Name string    `json:"name"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// A Hash is the lower-case hexadecimal SHA-256 of a secret token. The token
// itself is never stored.
type Hash string
