package routing

import "time"

// An Engine routes the tickets of one routing domain. Make one with [New].
type Engine struct {
	config Config
	now    int64
	events []Event // of many commands, to allocate seldom; none is touched again
	taken  int     // of events, returned already

	queues  []*queue
	queueOf map[QueueID]*queue
	sets    [][]*queue
	setIDs  map[string]int32

	agents  []*agent
	agentOf map[AgentID]*agent
	open    []*agent

	groups         []*group
	groupOf        map[string]*group
	freeGroups     []int
	planes         [][MaxLevel]bitset // by skill number and level: groups of at least that level
	skillNumbers   map[Skill]uint32
	channelNumbers map[Channel]int32

	classes     []*class
	heads       []head // by class number
	classOf     map[spec]*class
	freeClasses []*class
	empties     []*class
	firstEmpty  int

	tickets   index
	spare     []*ticket
	arrivals  uint64
	offers    map[OfferID]*ticket
	lastOffer OfferID
	timers    []*timer
	timerSeq  uint64

	dirtyTickets []*ticket
	dirtyAgents  []*agent
	turns        []turn
	settleWith   func(*Engine) // nil means the engine's own way
}

// New returns an engine that knows no queue, agent or ticket.
func New(c Config) *Engine {
	return &Engine{
		config:         c.withDefaults(),
		queueOf:        map[QueueID]*queue{},
		setIDs:         map[string]int32{},
		agentOf:        map[AgentID]*agent{},
		groupOf:        map[string]*group{},
		skillNumbers:   map[Skill]uint32{},
		channelNumbers: map[Channel]int32{},
		classOf:        map[spec]*class{},
		tickets:        newIndex(),
		offers:         map[OfferID]*ticket{},
	}
}

// Apply carries out one command and everything that it makes possible, and returns
// what happened, in order. An error, of one of the kinds of [Error], means that
// nothing changed. A moment before that of an earlier command counts as the latter.
func (e *Engine) Apply(now time.Time, c Command) ([]Event, error) {
	if c == nil {
		return nil, refuse(ErrInvalid, "there is no command")
	}
	if cap(e.events)-len(e.events) < 8 {
		e.events, e.taken = make([]Event, 0, 256), 0
	}
	e.now = max(e.now, nanos(now))
	if err := c.apply(e); err != nil {
		return nil, err
	}
	e.settle()
	if len(e.events) == e.taken {
		return nil, nil
	}
	out := e.events[e.taken:len(e.events):len(e.events)]
	e.taken = len(e.events)
	return out, nil
}

// Next returns the moment at which a Tick has something to do, if there is one.
func (e *Engine) Next() (time.Time, bool) {
	if len(e.timers) == 0 {
		return time.Time{}, false
	}
	return moment(e.timers[0].at), true
}

func (e *Engine) emit(ev Event) { e.events = append(e.events, ev) }

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(n int64) time.Time { return time.Unix(0, n).UTC() }
