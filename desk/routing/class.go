package routing

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A spec is what the tickets of a class have in common. Needs are sorted, each
// a skill number and a level.
type spec struct {
	set     int32
	channel int32
	weight  uint8 // exclusiveWeight if exclusive
	n       uint8
	needs   [MaxNeeds]uint32
}

const exclusiveWeight = math.MaxUint8

// A class is the tickets of one spec that wait to be pushed.
type class struct {
	places
	id     uint32
	live   bool
	listed bool // among Engine.empties
	spec   spec
	order  Order
	n      int    // of groups that may serve it
	asked  int    // how often groups was of use
	sorted bool   // groups is made
	groups []rank // those, best first
	bound  int64  // no ticket of it ever came before this
}

// A rank is how well the agents of a group are placed to serve a class. Lower buckets
// come first: priority in the queue and, if the order says so, the sum of levels.
type rank struct {
	bucket   uint32
	level    uint16
	priority uint16
	g        *group
	via      *queue
}

func compareRanks(a, b rank) int {
	return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.g.id, b.g.id))
}

// A head is what has to be known of a class to pass it over, in half a cache line.
type head struct {
	key    key // of its first ticket
	gen    uint32
	slow   uint16
	weight uint8
	skips  bool
}

func (e *Engine) specOf(t *ticket) spec {
	s := spec{set: t.set, channel: e.channelNumber(t.Channel), weight: t.Weight}
	if t.Exclusive {
		s.weight = exclusiveWeight
	}
	for i, n := range t.needs() {
		x := e.skillNumber(n.Skill)<<3 | uint32(n.Min)
		for ; i > 0 && s.needs[i-1] > x; i-- {
			s.needs[i] = s.needs[i-1]
		}
		s.needs[i] = x
		s.n++
	}
	return s
}

// classFor returns the class of a ticket, made if need be.
func (e *Engine) classFor(t *ticket) *class {
	s := e.specOf(t)
	c := e.classOf[s]
	if c == nil {
		c = e.newClass(s, t.key.at)
	}
	return c
}

func (e *Engine) newClass(s spec, at int64) *class {
	var c *class
	if n := len(e.freeClasses); n > 0 {
		c, e.freeClasses = e.freeClasses[n-1], e.freeClasses[:n-1]
	} else {
		c = &class{id: uint32(len(e.classes))}
		e.classes = append(e.classes, c)
		e.heads = append(e.heads, head{})
	}
	c.live, c.spec, c.order = true, s, ""
	for _, q := range e.sets[s.set] {
		if q.pushes() {
			c.order = q.Order
			break
		}
	}
	h := &e.heads[c.id]
	h.key, h.weight, h.skips = never(), s.weight, false
	h.slow = uint16(e.sets[s.set][0].SlowStart)
	if c.bound = at; e.sets[s.set][0].Strict {
		c.bound = math.MinInt64
	}
	e.classOf[s] = c
	e.findGroups(c)
	e.list(c)
	return c
}

// groupsOf yields the groups that may serve a class: the intersection of the planes
// of its queues and skills.
func (e *Engine) groupsOf(c *class, yield func(*group)) {
	s := &c.spec
	var planes [MaxNeeds]bitset
	for i, n := range s.needs[:s.n] {
		planes[i] = e.planes[n>>3][n&7-1]
	}
	for w := range (len(e.groups) + 63) / 64 {
		var x uint64
		for _, q := range e.sets[s.set] {
			if q.pushes() {
				x |= q.plane.word(w)
			}
		}
		for i := 0; i < int(s.n) && x != 0; i++ {
			x &= planes[i].word(w)
		}
		for ; x != 0; x &= x - 1 {
			g := e.groups[w*64+bits.TrailingZeros64(x)]
			if s.channel < 0 || g.channels == nil || slices.Contains(g.channels, s.channel) {
				yield(g)
			}
		}
	}
}

// findGroups tells the groups that may serve a class of it.
func (e *Engine) findGroups(c *class) {
	c.n = 0
	e.groupsOf(c, func(g *group) {
		c.n++
		e.refer(g, c)
	})
}

// ranked returns the groups that may serve a class, best first. Most classes of
// a busy domain never need it.
func (e *Engine) ranked(c *class) []rank {
	if !c.sorted {
		c.sorted = true
		e.groupsOf(c, func(g *group) {
			r, _ := e.rankOf(c, g)
			c.groups = append(c.groups, r)
		})
		slices.SortFunc(c.groups, compareRanks)
	}
	return c.groups
}

// rankOf returns the rank of a group for a class, and false if it may not serve it.
func (e *Engine) rankOf(c *class, g *group) (rank, bool) {
	s := &c.spec
	level := 0
	for _, n := range s.needs[:s.n] {
		l := g.level(n >> 3)
		if l < int(n&7) {
			return rank{}, false
		}
		level += l
	}
	if s.channel >= 0 && g.channels != nil && !slices.Contains(g.channels, s.channel) {
		return rank{}, false
	}
	priority, via := MaxPriority+1, (*queue)(nil)
	for _, q := range e.sets[s.set] {
		if !q.pushes() {
			continue
		}
		for _, m := range g.queues {
			if m.q == q && m.priority < priority {
				priority, via = m.priority, q
			}
		}
	}
	if via == nil {
		return rank{}, false
	}
	r := rank{uint32(priority) << 16, uint16(level), uint16(priority), g, via}
	if c.order == Proficiency {
		r.bucket |= uint32(math.MaxUint16 - level)
	}
	return r, true
}

// add lets a ticket wait in a class.
func (e *Engine) add(c *class, t *ticket) {
	if t.key.at < c.bound {
		c.bound = t.key.at
		e.heads[c.id].gen++
		e.findGroups(c)
	}
	c.push(t)
	e.setHead(c)
}

func (e *Engine) take(c *class, t *ticket) {
	c.remove(t)
	e.setHead(c)
	if len(c.items) == 0 {
		e.list(c)
	}
}

func (e *Engine) setHead(c *class) {
	h := &e.heads[c.id]
	h.skips = c.skips > 0
	if len(c.items) == 0 {
		h.key = never()
		return
	}
	h.key = c.items[0].key
}

// list remembers a class that has become empty, and forgets the one that did so
// longest ago if they are too many.
func (e *Engine) list(c *class) {
	if c.listed {
		return
	}
	c.listed = true
	e.empties = append(e.empties, c)
	for len(e.empties)-e.firstEmpty > e.config.MaxClasses {
		old := e.empties[e.firstEmpty]
		e.empties[e.firstEmpty] = nil
		e.firstEmpty++
		old.listed = false
		if old.live && len(old.items) == 0 {
			e.forget(old)
		}
	}
	if e.firstEmpty > len(e.empties)/2 && e.firstEmpty > 64 {
		e.empties = slices.Delete(e.empties, 0, e.firstEmpty)
		e.firstEmpty = 0
	}
}

// forget ends an empty class. References to it die with its generation.
func (e *Engine) forget(c *class) {
	c.live = false
	delete(e.classOf, c.spec)
	clear(c.groups)
	c.groups, c.sorted, c.asked = c.groups[:0], false, 0
	e.heads[c.id].gen++
	e.heads[c.id].key = never()
	e.freeClasses = append(e.freeClasses, c)
}

// forgetClasses ends every class of a queue, all of which are empty.
func (e *Engine) forgetClasses(q *queue) {
	for _, c := range e.classes {
		if c.live && slices.Contains(e.sets[c.spec.set], q) {
			e.forget(c)
		}
	}
}
