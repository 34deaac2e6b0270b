package vi

import "time"

// InviteStatus is how far an invitation has come.
type InviteStatus string

// The statuses of an invitation. It only ever moves down this list, and never
// out of the last four; a delivery report that arrives late is recorded in the
// times but does not move it back.
const (
	InviteQueued      InviteStatus = "queued"
	InviteSent        InviteStatus = "sent"      // the carrier has it
	InviteDelivered   InviteStatus = "delivered" // the handset has it
	InviteOpened      InviteStatus = "opened"    // the page behind the link ran in a browser; link previews do not get so far
	InviteRedeemed    InviteStatus = "redeemed"  // the customer pressed Join
	InviteUndelivered InviteStatus = "undelivered"
	InviteRevoked     InviteStatus = "revoked"
	InviteExpired     InviteStatus = "expired"
)

// A Channel is the way an invitation travels.
type Channel string

// The channels of an invitation.
const (
	ByText Channel = "text" // by SMS
	ByLink Channel = "link" // copied by the agent and sent some other way
)

// An Invite is one link to a call. Only a hash of its secret is kept.
type Invite struct {
	ID          InviteID     `json:"id"`
	Channel     Channel      `json:"channel"`
	Phone       Phone        `json:"phone,omitempty"`
	Token       Hash         `json:"token"`
	Status      InviteStatus `json:"status"`
	Problem     string       `json:"problem,omitempty"`  // why it was not delivered
	Provider    string       `json:"provider,omitempty"` // the carrier's name for the text
	CreatedAt   time.Time    `json:"created_at"`
	ExpiresAt   time.Time    `json:"expires_at"`
	SentAt      time.Time    `json:"sent_at,omitzero"`
	DeliveredAt time.Time    `json:"delivered_at,omitzero"`
	OpenedAt    time.Time    `json:"opened_at,omitzero"`
	RedeemedAt  time.Time    `json:"redeemed_at,omitzero"`
}

// Live reports whether the link can still be used.
func (i Invite) Live() bool {
	switch i.Status {
	case InviteRedeemed, InviteRevoked, InviteExpired:
		return false
	default: // an undelivered text may still have its link copied, or arrive after all
		return true
	}
}

// inviteRank orders what moves an invitation forward.
var inviteRank = map[InviteStatus]int{
	InviteQueued: 0, InviteUndelivered: 1, InviteSent: 1, InviteDelivered: 2, InviteOpened: 3,
	InviteRedeemed: 4, InviteRevoked: 4, InviteExpired: 4,
}

// InviteStatuses returns every status.
func InviteStatuses() []InviteStatus {
	return []InviteStatus{
		InviteQueued, InviteSent, InviteUndelivered, InviteDelivered, InviteOpened, InviteRedeemed, InviteRevoked, InviteExpired,
	}
}

// After returns the status that follows when the report comes in. Reports may
// come late, twice or out of order: none moves an invitation back, a failure
// counts only until the text is known to have arrived, and a text that arrives
// after a failure has arrived.
func (s InviteStatus) After(report InviteStatus) InviteStatus {
	switch {
	case inviteRank[s] == 4:
		return s
	case report == InviteUndelivered:
		if s == InviteQueued || s == InviteSent {
			return report
		}
		return s
	case s == InviteUndelivered && report == InviteSent, inviteRank[report] <= inviteRank[s]:
		return s
	default:
		return report
	}
}

func (i Invite) report(e InviteMoved) Invite {
	first := func(t *time.Time) {
		if t.IsZero() {
			*t = e.At
		}
	}
	switch e.Reported {
	case InviteSent:
		first(&i.SentAt)
	case InviteDelivered:
		first(&i.DeliveredAt)
	case InviteOpened:
		first(&i.OpenedAt)
	case InviteRedeemed:
		first(&i.RedeemedAt)
	}
	if e.Provider != "" {
		i.Provider = e.Provider
	}
	i.Status, i.Problem = e.Status, e.Problem
	return i
}

// has reports whether the report would say nothing new.
func (i Invite) has(report InviteStatus) bool {
	switch report {
	case InviteSent:
		return !i.SentAt.IsZero()
	case InviteDelivered:
		return !i.DeliveredAt.IsZero()
	case InviteOpened:
		return !i.OpenedAt.IsZero()
	default:
		return i.Status.After(report) == i.Status
	}
}

// close ends a link with its call.
func (i Invite) close(s Status) Invite {
	switch {
	case i.Status == InviteUndelivered || !i.Live():
	case s == StatusExpired:
		i.Status = InviteExpired
	default:
		i.Status = InviteRevoked
	}
	return i
}
