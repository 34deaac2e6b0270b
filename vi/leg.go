package vi

import (
	"slices"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// LegStatus is how a participant stands to a call.
type LegStatus string

// The statuses of a leg. Gone is final.
const (
	LegNew        LegStatus = "new"        // the seat is taken, nobody sits in it yet
	LegPermission LegStatus = "permission" // the browser is asking for camera and microphone
	LegJoining    LegStatus = "joining"    // in the room, media is not up yet
	LegUp         LegStatus = "up"         // media flows
	LegDegraded   LegStatus = "degraded"   // media flows badly
	LegLost       LegStatus = "lost"       // cut off; may come back
	LegGone       LegStatus = "gone"
)

// A Leg is one participant's part in a call.
type Leg struct {
	Seat       Seat           `json:"seat"`
	User       account.UserID `json:"user,omitempty"` // the agent's
	Name       string         `json:"name"`
	Device     Hash           `json:"device,omitempty"` // of the secret that binds the customer's seat to a browser
	Browser    string         `json:"browser,omitempty"`
	Status     LegStatus      `json:"status"`
	Permission Permission     `json:"permission,omitzero"`
	JoinedAt   time.Time      `json:"joined_at,omitzero"` // into the room, first time
	UpAt       time.Time      `json:"up_at,omitzero"`     // media up, first time
	LostAt     time.Time      `json:"lost_at,omitzero"`   // last time
	LeftAt     time.Time      `json:"left_at,omitzero"`
	Losses     int            `json:"losses,omitempty"` // times it was lost
}

// A Permission is what the browser said about camera and microphone: prompt,
// granted, denied, missing (there is no such device) or busy; "" if unknown.
type Permission struct {
	Mic string `json:"mic,omitempty"`
	Cam string `json:"cam,omitempty"`
}

// legMoves is the whole of the leg's state machine.
var legMoves = map[LegStatus][]LegStatus{
	LegNew:        {LegPermission, LegJoining, LegLost, LegGone},
	LegPermission: {LegJoining, LegLost, LegGone},
	LegJoining:    {LegUp, LegLost, LegGone},
	LegUp:         {LegJoining, LegDegraded, LegLost, LegGone},
	LegDegraded:   {LegJoining, LegUp, LegLost, LegGone},
	LegLost:       {LegJoining, LegUp, LegGone},
	LegGone:       {},
}

// LegStatuses returns every status, in the order of a leg's life.
func LegStatuses() []LegStatus {
	return []LegStatus{LegNew, LegPermission, LegJoining, LegUp, LegDegraded, LegLost, LegGone}
}

// May reports whether a leg of this status may come to the other.
func (s LegStatus) May(to LegStatus) bool { return slices.Contains(legMoves[s], to) }

// up reports whether media flows.
func (s LegStatus) up() bool { return s == LegUp || s == LegDegraded }

// present reports whether the participant is in the room.
func (s LegStatus) present() bool { return s == LegJoining || s.up() }

func (l Leg) enter(s LegStatus, at time.Time) Leg {
	if l.Status == LegGone {
		return l
	}
	first := func(t *time.Time) {
		if t.IsZero() {
			*t = at
		}
	}
	switch s {
	case LegJoining:
		first(&l.JoinedAt)
	case LegUp:
		first(&l.UpAt)
	case LegLost:
		l.LostAt = at
		if l.Status != LegLost {
			l.Losses++
		}
	case LegGone:
		first(&l.LeftAt)
	}
	l.Status = s
	return l
}
