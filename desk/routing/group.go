package routing

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// A bitset is a set of group numbers.
type bitset []uint64

func (b *bitset) set(i int) {
	for len(*b) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bitset) clear(i int) {
	if i/64 < len(b) {
		b[i/64] &^= 1 << (i % 64)
	}
}

func (b bitset) word(w int) uint64 {
	if w < len(b) {
		return b[w]
	}
	return 0
}

// A membership is a Member at work.
type membership struct {
	q        *queue
	priority int
}

// A classRef points to a class, unless its generation has passed. No ticket of the class
// comes before bound, which spares looking at most classes of many.
type classRef struct {
	id, gen uint32
	bound   int64
}

// A group is the agents of one signature: the same queues at the same priorities,
// skills at the same levels, and channels.
type group struct {
	id       int
	name     string
	queues   []membership
	levels   []uint8 // by skill number
	channels []int32 // nil means all
	members  []*agent
	open     []*agent // those to whom something could be pushed
	classes  []classRef
}

func (g *group) level(skill uint32) int {
	if int(skill) < len(g.levels) {
		return int(g.levels[skill])
	}
	return 0
}

func (e *Engine) skillNumber(s Skill) uint32 {
	n, ok := e.skillNumbers[s]
	if !ok {
		n = uint32(len(e.planes))
		e.skillNumbers[s] = n
		e.planes = append(e.planes, [MaxLevel]bitset{})
	}
	return n
}

func (e *Engine) channelNumber(c Channel) int32 {
	if c == "" {
		return -1
	}
	n, ok := e.channelNumbers[c]
	if !ok {
		n = int32(len(e.channelNumbers))
		e.channelNumbers[c] = n
	}
	return n
}

// signature returns the group that an agent would be of, with its name.
func (e *Engine) signature(d *Agent) *group {
	g := &group{}
	for _, m := range d.Queues {
		g.queues = append(g.queues, membership{e.queue(m.Queue), m.Priority})
	}
	slices.SortFunc(g.queues, func(a, b membership) int { return cmp.Compare(a.q.index, b.q.index) })
	names := make([]Skill, 0, len(d.Skills))
	for s := range d.Skills {
		names = append(names, s)
	}
	slices.Sort(names)
	for _, s := range names {
		n := int(e.skillNumber(s))
		for len(g.levels) <= n {
			g.levels = append(g.levels, 0)
		}
		g.levels[n] = uint8(d.Skills[s])
	}
	if d.Channels != nil {
		g.channels = make([]int32, 0, len(d.Channels))
		for _, c := range d.Channels {
			g.channels = append(g.channels, e.channelNumber(c))
		}
		slices.Sort(g.channels)
		g.channels = slices.Compact(g.channels)
	}
	var name []byte
	for _, m := range g.queues {
		name = binary.AppendUvarint(name, uint64(m.q.index)+1)
		name = append(name, byte(m.priority))
	}
	name = append(name, 0)
	for n, level := range g.levels {
		if level > 0 {
			name = binary.AppendUvarint(name, uint64(n)+1)
			name = append(name, level)
		}
	}
	name = append(name, 0)
	if g.channels != nil {
		name = append(name, 1)
		for _, c := range g.channels {
			name = binary.AppendVarint(name, int64(c))
		}
	}
	g.name = string(name)
	return g
}

// joinGroup adds an agent to the group of its signature, which is made if need be.
func (e *Engine) joinGroup(a *agent) {
	g := e.signature(&a.Agent)
	if old := e.groupOf[g.name]; old != nil {
		g = old
	} else {
		e.addGroup(g)
	}
	a.group, a.gpos = g, len(g.members)
	g.members = append(g.members, a)
}

func (e *Engine) addGroup(g *group) {
	if n := len(e.freeGroups); n > 0 {
		g.id, e.freeGroups = e.freeGroups[n-1], e.freeGroups[:n-1]
		e.groups[g.id] = g
	} else {
		g.id = len(e.groups)
		e.groups = append(e.groups, g)
	}
	e.groupOf[g.name] = g
	for _, m := range g.queues {
		m.q.plane.set(g.id)
	}
	for n, level := range g.levels {
		for l := range level {
			e.planes[n][l].set(g.id)
		}
	}
	for _, c := range e.classes {
		if c.live {
			if r, ok := e.rankOf(c, g); ok {
				if c.sorted {
					at, _ := slices.BinarySearchFunc(c.groups, r, compareRanks)
					c.groups = slices.Insert(c.groups, at, r)
				}
				c.n++
				e.refer(g, c)
			}
		}
	}
}

// leaveGroup takes an agent out of its group, which ends with its last member.
func (e *Engine) leaveGroup(a *agent) {
	g := a.group
	if g == nil {
		return
	}
	e.shut(a)
	last := len(g.members) - 1
	g.members[a.gpos] = g.members[last]
	g.members[a.gpos].gpos = a.gpos
	g.members[last] = nil
	g.members = g.members[:last]
	a.group = nil
	if last > 0 {
		return
	}
	for _, r := range g.classes {
		if e.heads[r.id].gen == r.gen {
			c := e.classes[r.id]
			c.n--
			c.groups = slices.DeleteFunc(c.groups, func(r rank) bool { return r.g == g })
		}
	}
	for _, m := range g.queues {
		m.q.plane.clear(g.id)
	}
	for n, level := range g.levels {
		for l := range level {
			e.planes[n][l].clear(g.id)
		}
	}
	delete(e.groupOf, g.name)
	e.groups[g.id] = nil
	e.freeGroups = append(e.freeGroups, g.id)
}

// refer adds a class to those of a group. Before the list grows, the dead are dropped.
func (e *Engine) refer(g *group, c *class) {
	if len(g.classes) == cap(g.classes) {
		g.classes = slices.DeleteFunc(g.classes, func(r classRef) bool { return e.heads[r.id].gen != r.gen })
	}
	g.classes = append(g.classes, classRef{c.id, e.heads[c.id].gen, c.bound})
}

// sync lists the agent among those to whom something could be pushed, or not.
func (e *Engine) sync(a *agent) {
	switch ready := a.ready(); {
	case !ready:
		e.shut(a)
	case a.gopen < 0:
		a.gopen, a.opos = len(a.group.open), len(e.open)
		a.group.open = append(a.group.open, a)
		e.open = append(e.open, a)
	}
}

func (e *Engine) shut(a *agent) {
	if a.gopen < 0 {
		return
	}
	g := a.group
	last := len(g.open) - 1
	g.open[a.gopen] = g.open[last]
	g.open[a.gopen].gopen = a.gopen
	g.open = g.open[:last]
	last = len(e.open) - 1
	e.open[a.opos] = e.open[last]
	e.open[a.opos].opos = a.opos
	e.open = e.open[:last]
	a.gopen, a.opos = -1, -1
}
