package vi

import (
	"context"
	"time"
)

// A Seat is a place in a call. A two-party call has two.
type Seat string

// The seats of a call.
const (
	SeatAgent    Seat = "agent"
	SeatCustomer Seat = "customer"
)

// Other returns the seat across the table.
func (s Seat) Other() Seat {
	if s == SeatAgent {
		return SeatCustomer
	}
	return SeatAgent
}

// A TrackKind is audio or video.
type TrackKind string

// The kinds of track. Each seat sends and receives one of each.
const (
	Audio TrackKind = "audio"
	Video TrackKind = "video"
)

// Media is a media plane: it carries audio and video between the two seats of
// each room. Package vitest says what every media plane must do.
//
// The browser is always the offerer and offers exactly one audio and one video
// transceiver, both sendrecv; no renegotiation follows when the other side
// joins, leaves or switches a device.
type Media interface {
	// Answer answers an SDP offer (RFC 3264) of the seat. A room exists from its
	// first Answer on. An offer with the Conn of the seat's live connection is an
	// ICE restart; any other Conn replaces the seat's connection with a new one.
	// Fails with ErrInvalid if the offer cannot be understood or has no codec
	// that the room uses, with ErrBusy if the plane is full or closing, and with
	// ErrGone if the connection that the offer names has ended or was replaced,
	// or if the room is closed meanwhile.
	Answer(ctx context.Context, room CallID, seat Seat, offer Offer) (answer string, err error)

	// Forward says whether the seat's track of that kind is passed on to the
	// other side. It holds for later connections of the seat too, until changed.
	// The default is true. Rooms that do not exist yet are remembered.
	Forward(room CallID, seat Seat, kind TrackKind, on bool)

	// Leave closes the seat's connection; the room and its other seat stay.
	Leave(room CallID, seat Seat)

	// CloseRoom closes both connections and forgets the room.
	CloseRoom(room CallID)

	// Stats returns a reading of each connection of the room.
	Stats(room CallID) map[Seat]MediaStats
}

// An Offer is what a browser offers to begin or to mend its connection.
type Offer struct {
	Conn string // names the browser's RTCPeerConnection: a new one, a new name
	SDP  string
}

// A MediaEvent is a change of one connection. A Media reports it to the
// function it was made with, in order per seat, from a goroutine of its own
// that may be blocked for a while but not for ever.
type MediaEvent struct {
	Room CallID
	Seat Seat
	Conn string // of the Offer
	At   time.Time
	What MediaChange
}

// A MediaChange is what happened to a connection.
type MediaChange string

// The changes of a connection. Up may follow Lost; nothing follows Down.
const (
	MediaUp   MediaChange = "up"   // connected, or connected again: media can flow
	MediaLost MediaChange = "lost" // nothing heard for a while (about 3 s); an ICE restart may mend it
	MediaDown MediaChange = "down" // closed or failed for good; a new Conn is needed
)

// MediaStats is a reading of one connection, as the server measures it. Counts
// are totals since the connection began.
type MediaStats struct {
	At        time.Time     `json:"at"`
	Conn      string        `json:"conn"`
	Candidate string        `json:"candidate"` // type of the browser's selected candidate: host, srflx, prflx, relay; "" before
	Protocol  string        `json:"protocol"`  // udp or tcp; "" before
	RTT       time.Duration `json:"rtt"`       // of the selected pair, or by receiver reports; 0 if unknown
	In        Flow          `json:"in"`        // from the browser
	Out       Flow          `json:"out"`       // to the browser
}

// A Flow is one direction of a connection.
type Flow struct {
	Packets uint64        `json:"packets"`
	Bytes   uint64        `json:"bytes"`  // RTP headers included
	Lost    int64         `json:"lost"`   // packets; may fall when late ones arrive
	Jitter  time.Duration `json:"jitter"` // RFC 3550 §6.4.1, of video if there is any, else audio
}
