package routing

// A place is a ticket with its key beside it, so that comparing touches no ticket.
type place struct {
	key key
	t   *ticket
}

// A places is a 4-ary heap of tickets, which know their positions in it.
type places struct {
	items []place
	skips int // tickets that skip somebody
}

func (h *places) push(t *ticket) {
	if t.choosy {
		h.skips++
	}
	h.items = append(h.items, place{})
	h.up(len(h.items)-1, place{t.key, t})
}

func (h *places) remove(t *ticket) {
	if t.choosy {
		h.skips--
	}
	i, last := int(t.pos), len(h.items)-1
	p := h.items[last]
	h.items[last] = place{}
	h.items = h.items[:last]
	if i == last {
		return
	}
	if i > 0 && p.key.less(h.items[(i-1)/4].key) {
		h.up(i, p)
	} else {
		h.down(i, p)
	}
}

func (h *places) up(i int, p place) {
	for i > 0 {
		parent := (i - 1) / 4
		if !p.key.less(h.items[parent].key) {
			break
		}
		h.items[i] = h.items[parent]
		h.items[i].t.pos = int32(i)
		i = parent
	}
	h.items[i] = p
	p.t.pos = int32(i)
}

func (h *places) down(i int, p place) {
	n := len(h.items)
	for {
		first := 4*i + 1
		if first >= n {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, n); c++ {
			if h.items[c].key.less(h.items[least].key) {
				least = c
			}
		}
		if !h.items[least].key.less(p.key) {
			break
		}
		h.items[i] = h.items[least]
		h.items[i].t.pos = int32(i)
		i = least
	}
	h.items[i] = p
	p.t.pos = int32(i)
}

// first returns the first ticket from position i down that the agent may have,
// looking below a ticket only if it may not.
func (h *places) first(i int, may func(*ticket) bool) *ticket {
	if i >= len(h.items) {
		return nil
	}
	if may(h.items[i].t) {
		return h.items[i].t
	}
	var best *ticket
	for c := 4*i + 1; c <= 4*i+4 && c < len(h.items); c++ {
		if t := h.first(c, may); t != nil && (best == nil || t.key.less(best.key)) {
			best = t
		}
	}
	return best
}
