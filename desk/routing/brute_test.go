package routing

import "slices"

// brute is the router that the engine is compared with: it looks at every ticket, in
// order of place, and at every agent, and reads nothing but descriptions and loads.
func brute(e *Engine) {
	for _, t := range e.dirtyTickets {
		if t.state == StateQueued && t.pos < 0 {
			e.store(t)
		}
	}
	var waiting []*ticket
	for t := range e.tickets.all {
		if t.state == StateQueued {
			waiting = append(waiting, t)
		}
	}
	byPlace(waiting)
	for _, t := range waiting {
		var best *agent
		var rank [2]int
		n := 0
		for _, a := range e.agents {
			r, ok := bruteRank(e, a, t)
			if !ok {
				continue
			}
			switch c := slices.Compare(r[:], rank[:]); {
			case best == nil || c < 0:
				best, rank, n = a, r, 1
			case c == 0:
				if n++; bruteBefore(bruteOrder(e, t), a, best) {
					best = a
				}
			}
		}
		if best != nil {
			e.give(t, best, n)
		}
	}
}

// bruteRank returns priority and, for Proficiency, the negative sum of levels.
func bruteRank(e *Engine, a *agent, t *ticket) (rank [2]int, ok bool) {
	priority := 0
	for _, q := range e.sets[t.set] {
		if !q.known || q.Closed || q.Outbound || q.Mode == PickMe {
			continue
		}
		for _, m := range a.Queues {
			if m.Queue == q.ID && (priority == 0 || m.Priority < priority) {
				priority = m.Priority
			}
		}
	}
	if priority == 0 || !a.known || !a.available || a.cooling || slices.Contains(t.skips, a.ID) {
		return rank, false
	}
	if t.prefer != nil && t.prefer != a {
		return rank, false
	}
	if t.Channel != "" && a.Channels != nil && !slices.Contains(a.Channels, t.Channel) {
		return rank, false
	}
	sum := 0
	if len(t.Steps) > 0 {
		for _, n := range t.Steps[t.step].Needs {
			if a.Skills[n.Skill] < n.Min {
				return rank, false
			}
			sum += a.Skills[n.Skill]
		}
	}
	used, alone := 0, true
	for _, w := range a.wraps {
		used += w.units
	}
	for _, o := range a.work {
		used += int(o.Weight)
		alone = alone && !o.Exclusive
	}
	if !alone || t.Exclusive && used > 0 || !t.Exclusive && used+int(t.Weight) > a.Max {
		return rank, false
	}
	if limit := t.home.SlowStart; limit > 0 && a.slow && a.slowCount >= limit {
		return rank, false
	}
	if bruteOrder(e, t) != Proficiency || t.prefer != nil {
		sum = 0
	}
	return [2]int{priority, -sum}, true
}

func bruteOrder(e *Engine, t *ticket) Order {
	for _, q := range e.sets[t.set] {
		if !q.Closed && !q.Outbound && q.Mode != PickMe {
			return q.Order
		}
	}
	return Proficiency
}

func bruteBefore(o Order, a, b *agent) bool {
	switch share := a.units*b.Max - b.units*a.Max; {
	case o == RoundRobinOrder && a.lastAssigned != b.lastAssigned:
		return a.lastAssigned < b.lastAssigned
	case (o == Proficiency || o == LeastLoaded) && share != 0:
		return share < 0
	case o != RoundRobinOrder && a.idleSince != b.idleSince:
		return a.idleSince < b.idleSince
	}
	return a.ID < b.ID
}
