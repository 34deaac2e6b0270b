package desk

import (
	"time"

	"github.com/tandem-cc/tandem/account"
	"github.com/tandem-cc/tandem/desk/presence"
)

// A Setup is how an account's desk is arranged: one value with one version. It
// is read by every command, so treat the slices of one that was read as
// read-only.
type Setup struct {
	Policy     Policy          `json:"policy"` // of queues that have none of their own
	Queues     []Queue         `json:"queues"`
	Lines      []Line          `json:"lines"`
	Skills     []Skill         `json:"skills"`
	Codes      []presence.Code `json:"codes"`
	Tags       []Tag           `json:"tags"`
	Labels     []Label         `json:"labels"`
	Attributes []Attribute     `json:"attributes"`
	Weights    map[Kind]int    `json:"weights,omitempty"` // units of capacity that a ticket of the channel takes; 1
	WrapUp     presence.WrapUp `json:"wrap_up"`
	Version    int             `json:"version"`
}

// A QueueType says who may serve a queue.
type QueueType string

// The types of queues.
const (
	QueueGeneral  QueueType = "general"  // any agent of the queue
	QueueSkilled  QueueType = "skilled"  // by channel and skills
	QueueOutbound QueueType = "outbound" // conversations that agents begin
)

// A QueueMode says how tickets come to agents.
type QueueMode string

// The modes of queues.
const (
	ModeRoundRobin QueueMode = "round_robin" // assigned at once
	ModePush       QueueMode = "push"        // offered: the agent accepts
	ModePickMe     QueueMode = "pick_me"     // agents take them
)

// A Lost says what becomes of the open tickets of an agent who is gone.
type Lost string

// What becomes of tickets of lost agents.
const (
	LostRequeue Lost = "requeue" // back to the queue at their place
	LostKeep    Lost = "keep"    // they wait for the agent
)

// A Queue is a place where tickets wait for agents.
type Queue struct {
	ID           QueueID       `json:"id"`
	Name         string        `json:"name"`
	Type         QueueType     `json:"type"`
	Mode         QueueMode     `json:"mode"`
	Order        string        `json:"order"`                   // of equal agents: proficiency, longest_idle, least_loaded or round_robin; ""
	Channels     []Kind        `json:"channels"`                // a skilled queue serves these alone; all if there are none
	Needs        []Need        `json:"needs"`                   // of a skilled queue
	Relax        []Relax       `json:"relax"`                   // needs after a wait, each weaker than the one before
	LastAgent    time.Duration `json:"last_agent,omitempty"`    // prefers the one who had the customer last, for so long; 0
	OfferTimeout time.Duration `json:"offer_timeout,omitempty"` // of a push queue; 20 s
	MaxWait      time.Duration `json:"max_wait,omitempty"`      // then the ticket goes to Backup; 0: never
	Backup       QueueID       `json:"backup,omitempty"`
	MaxWaiting   int           `json:"max_waiting,omitempty"` // 0: no limit
	Lost         Lost          `json:"lost"`
	Dispositions []string      `json:"dispositions"` // to choose from at resolving; free choice of none
	Policy       *Policy       `json:"policy,omitempty"`
	CreatedAt    time.Time     `json:"created_at"`
}

// A Need is a skill that serving a ticket takes, at least at that level: 1
// (beginner) to 5 (expert).
type Need struct {
	Skill SkillID `json:"skill"`
	Min   int     `json:"min"`
}

// A Relax weakens the needs of a queue for tickets that have waited that long.
type Relax struct {
	After time.Duration `json:"after"`
	Needs []Need        `json:"needs"`
}

// A Line is a channel account: one address at which customers reach the desk.
type Line struct {
	ID       LineID   `json:"id"`
	Kind     Kind     `json:"kind"`
	Name     string   `json:"name"` // as customers know it
	Key      string   `json:"key"`  // public: names the line in a chat's script tag; unique in the installation
	Queue    QueueID  `json:"queue"`
	Origins  []string `json:"origins"`  // sites that may carry the chat, such as https://shop.example; none: any
	Greeting string   `json:"greeting"` // shown before the first message
	Colour   string   `json:"colour"`   // of the chat: #rrggbb, or "" for ours
	Off      bool     `json:"off,omitempty"`
}

// A Skill is something that an agent may know.
type Skill struct {
	ID          SkillID `json:"id"`
	Name        string  `json:"name"`
	Description string  `json:"description"`
}

// A Tag is a predefined tag. Agents may make up others.
type Tag struct {
	Name     string `json:"name"`
	Colour   string `json:"colour"`
	Category string `json:"category"` // issue, resolution, customer, or ""
}

// A Label marks rows of lists.
type Label struct {
	ID     LabelID `json:"id"`
	Name   string  `json:"name"`
	Colour string  `json:"colour"`
}

// An Attribute is something that the desk knows of contacts.
type Attribute struct {
	Key     string   `json:"key"`
	Name    string   `json:"name"`
	Type    string   `json:"type"` // text, number, date, choice or bool
	Options []string `json:"options,omitempty"`
}

// An Agent is a user as the desk knows one.
type Agent struct {
	User     account.UserID
	Name     string
	Email    string
	Role     account.Role
	Max      int // units of work at a time: 1 to 20; 5
	Skills   []Proficiency
	Queues   []Membership // of a supervisor: the queues whose conversations are visible; none: all
	Disabled bool

	Presence presence.Presence
	DueAt    time.Time     // of the presence's next timer; zero for none
	Used     int           // units of work now
	Active   int           // tickets they belong to
	Handled  int           // resolved in this session
	Replies  int           // turns answered in this session
	Replied  time.Duration // what those took together
	Version  int
}

// A Proficiency is how well an agent knows a skill: 1 (beginner) to 5 (expert).
type Proficiency struct {
	Skill SkillID `json:"skill"`
	Level int     `json:"level"`
}

// A Membership is an agent's place in a queue: priority 1 is asked before 2, up to 5.
type Membership struct {
	Queue    QueueID `json:"queue"`
	Priority int     `json:"priority"`
}

// Queue returns the queue with that ID.
func (s Setup) Queue(id QueueID) (Queue, bool) {
	for _, q := range s.Queues {
		if q.ID == id {
			return q, true
		}
	}
	return Queue{}, false
}

// Line returns the line with that ID.
func (s Setup) Line(id LineID) (Line, bool) {
	for _, l := range s.Lines {
		if l.ID == id {
			return l, true
		}
	}
	return Line{}, false
}

// PolicyOf returns the policy of a queue: its own, or the account's.
func (s Setup) PolicyOf(id QueueID) Policy {
	if q, ok := s.Queue(id); ok && q.Policy != nil {
		return q.Policy.WithDefaults()
	}
	return s.Policy.WithDefaults()
}

// In reports whether the agent belongs to the queue.
func (a Agent) In(q QueueID) bool {
	for _, m := range a.Queues {
		if m.Queue == q {
			return true
		}
	}
	return false
}
