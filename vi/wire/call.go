package wire

import "time"

// A Call is a call as a browser or a program sees it. What only the agent's
// side may see is absent from what the customer gets.
type Call struct {
	ID         string     `json:"id"`
	Reference  string     `json:"reference"`
	Status     string     `json:"status"`
	EndReason  string     `json:"end_reason,omitempty"`
	EndedBy    string     `json:"ended_by,omitempty"`
	Lost       []string   `json:"lost,omitempty"` // seats that were lost, of a dropped call
	Agent      Person     `json:"agent"`
	Customer   string     `json:"customer"`          // display name
	Held       bool       `json:"held"`              // on hold, also while reconnecting
	HeldBy     string     `json:"held_by,omitempty"` // the seat that alone can go on
	CreatedAt  time.Time  `json:"created_at"`
	WaitingAt  *time.Time `json:"waiting_at,omitempty"`
	AnsweredAt *time.Time `json:"answered_at,omitempty"`
	EndedAt    *time.Time `json:"ended_at,omitempty"`
	Talk       float64    `json:"talk_seconds"` // so far
	Reconnects int        `json:"reconnects"`
	Messages   int        `json:"messages"`
	Legs       []Leg      `json:"legs"`
	Ratings    []Rating   `json:"ratings"`

	// The agent's side only.
	Phone    string     `json:"phone,omitempty"`   // E.164
	Country  string     `json:"country,omitempty"` // ISO 3166 alpha-2
	Previous string     `json:"previous,omitempty"`
	Invites  []Invite   `json:"invites,omitempty"` // oldest first
	Knock    *Knock     `json:"knock,omitempty"`
	ResendAt *time.Time `json:"resend_at,omitempty"` // when the next text may be sent; absent if no more may
	DueAt    *time.Time `json:"due_at,omitempty"`    // when the present timer runs out
}

// A Person is a user by name.
type Person struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name"`
}

// A Leg is one side of a call.
type Leg struct {
	Seat       string     `json:"seat"`
	Name       string     `json:"name"`
	Status     string     `json:"status"`
	Browser    string     `json:"browser,omitempty"`
	Permission Permission `json:"permission,omitzero"`
	JoinedAt   *time.Time `json:"joined_at,omitempty"`
	UpAt       *time.Time `json:"up_at,omitempty"`
	LostAt     *time.Time `json:"lost_at,omitempty"`
	LeftAt     *time.Time `json:"left_at,omitempty"`
	Losses     int        `json:"losses"`
}

// An Invite is one link to a call.
type Invite struct {
	ID          string     `json:"id"`
	Channel     string     `json:"channel"`
	Phone       string     `json:"phone,omitempty"`
	Status      string     `json:"status"`
	Problem     string     `json:"problem,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	SentAt      *time.Time `json:"sent_at,omitempty"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
	OpenedAt    *time.Time `json:"opened_at,omitempty"`
	RedeemedAt  *time.Time `json:"redeemed_at,omitempty"`
}

// A Knock is another device that asks for the customer's seat.
type Knock struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Browser string    `json:"browser"`
	At      time.Time `json:"at"`
}

// A Rating is one side's opinion.
type Rating struct {
	Seat    string    `json:"seat"`
	Stars   int       `json:"stars"`
	Comment string    `json:"comment,omitempty"`
	At      time.Time `json:"at"`
}

// A Message is one line of the chat.
type Message struct {
	N    int       `json:"n"`
	Op   string    `json:"op"`
	From string    `json:"from"` // seat
	Name string    `json:"name"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}
